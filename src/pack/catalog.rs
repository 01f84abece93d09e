//! All active packs, indexed by canonical path.

use super::schema::*;
use crate::base::Symbol;
use std::collections::HashMap;

/// The packs of a run. Built once, shared by all threads.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The packs, in order of id.
    pub packs: Vec<Pack>,
    types: HashMap<Symbol, (usize, usize)>,
    fns: HashMap<Symbol, (usize, usize)>,
    traits: HashMap<Symbol, (usize, usize)>,
    crates: HashMap<Symbol, (usize, usize)>,
    macros: HashMap<Symbol, MacroShape>,
    aliases: HashMap<Symbol, TypeExpr>,
    globs: Vec<(String, String)>,
    assocs: HashMap<(Symbol, Symbol), TypeExpr>,
    roots: HashMap<Symbol, Symbol>,
}

impl Catalog {
    /// The row of a type, by canonical path.
    pub fn type_row(&self, path: Symbol) -> Option<&TypeRow> {
        self.types.get(&path).map(|&(p, i)| &self.packs[p].types[i])
    }
    /// The row of a function or method, by canonical path (`root::Type::method`).
    pub fn fn_row(&self, path: Symbol) -> Option<&FnRow> {
        self.fns.get(&path).map(|&(p, i)| &self.packs[p].fns[i])
    }
    /// The row of a trait.
    pub fn trait_row(&self, path: Symbol) -> Option<&TraitRow> {
        self.traits.get(&path).map(|&(p, i)| &self.packs[p].traits[i])
    }
    /// The row of a crate, by lib name (any root).
    pub fn crate_row(&self, name: Symbol) -> Option<&CrateRow> {
        self.crates.get(&name).map(|&(p, i)| &self.packs[p].crates[i])
    }
    /// The shape of a macro: by canonical path, else by its last segment where that is unambiguous.
    pub fn macro_shape(&self, path: Symbol) -> Option<MacroShape> {
        self.macros.get(&path).copied()
    }
}
