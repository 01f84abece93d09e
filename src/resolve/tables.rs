//! The workspace's definitions as tables: types with their fields, traits, impls, signatures, statics.
//!
//! **Invariants:** built by `link` in one thread, then only read, by many threads; a term in a table may hold the
//! parameters of its own item and no others.

use super::fx::{FxMap, FxSet};
use super::modules::{AliasIdx, ModIdx, StaticIdx, Tree};
use super::names::Names;
use super::std_names::names;
use super::ty::{Bound, List, Ty};
use super::{FnIdx, FnInfo, Know};
use crate::base::{FileId, IndexVec, Symbol};
use crate::ir::{BodyId, FileIr, Generics, TypeRef};
use std::sync::{Arc, OnceLock};

crate::index_type!(
    /// An impl of the workspace.
    pub ImplIdx, "impl"
);

/// A struct, enum or union.
#[derive(Debug)]
pub struct AdtDef {
    /// Its file.
    pub file: FileId,
    /// The module whose names it sees.
    pub module: ModIdx,
    /// Type parameters and their defaults.
    pub params: Vec<(Symbol, Option<Ty>)>,
    /// Fields of a struct.
    pub fields: Vec<(Symbol, Ty)>,
    /// Variants of an enum with their fields.
    pub variants: Vec<(Symbol, Vec<(Symbol, Ty)>)>,
    /// Whether an enum.
    pub is_enum: bool,
    /// Whether `struct X(…)`.
    pub is_tuple: bool,
    /// The field that a derived `Deref` leads to.
    pub deref_field: Option<Symbol>,
    /// Canonical paths of derives and attribute macros on it.
    pub derives: Vec<Symbol>,
}

/// A trait.
#[derive(Debug)]
pub struct TraitDef {
    /// Its parameters.
    pub params: Vec<Symbol>,
    /// Their defaults.
    pub defaults: Vec<Option<Ty>>,
    /// What it requires of `Self`.
    pub supers: Vec<Bound>,
    /// Associated types: bounds and default.
    pub assoc: FxMap<Symbol, (List<Bound>, Option<Ty>)>,
    /// Its methods and associated functions.
    pub methods: FxMap<Symbol, FnIdx>,
}

/// An impl.
#[derive(Debug)]
pub struct ImplDef {
    /// Its file and its place there.
    pub file: FileId,
    /// Place in the file.
    pub index: usize,
    /// The module whose names it sees.
    pub module: ModIdx,
    /// What it is for.
    pub self_ty: Ty,
    /// The trait, for a trait impl.
    pub trait_: Option<Bound>,
    /// Names of its parameters.
    pub params: Vec<Symbol>,
    /// The parameters as types with their bounds.
    pub param_types: Arc<FxMap<Symbol, Ty>>,
    /// Associated types, resolved on first use.
    pub assoc: FxMap<Symbol, (TypeRef, OnceLock<Ty>)>,
    /// Its functions.
    pub methods: FxMap<Symbol, FnIdx>,
    /// Only in test builds, or a mock.
    pub is_test: bool,
}

/// A type alias.
#[derive(Debug)]
pub struct AliasDef {
    /// The module whose names it sees.
    pub module: ModIdx,
    /// Its parameters.
    pub generics: Generics,
    /// What it stands for, as written.
    pub ty: TypeRef,
    /// The same, resolved on first use.
    pub resolved: OnceLock<Ty>,
}

/// A static or const.
#[derive(Debug)]
pub struct StaticDef {
    /// Canonical path.
    pub path: Symbol,
    /// Its type.
    pub ty: Ty,
    /// Its file.
    pub file: FileId,
    /// Its initialiser.
    pub init: Option<BodyId>,
    /// Its value, if that is written as an integer.
    pub number: Option<i128>,
    /// Whether `const`.
    pub is_const: bool,
    /// The type that it belongs to, for associated consts.
    pub owner: Option<Ty>,
}

/// What a signature's terms may hold.
#[derive(Clone, Debug, Default)]
pub struct FnSig {
    /// Parameters of the function itself, in order of the turbofish.
    pub own: Vec<Symbol>,
    /// All names that a caller substitutes: own, the impl's or trait's, `impl Trait` arguments, `Self` in traits.
    pub all: Vec<Symbol>,
    /// The impl around it.
    pub impl_: Option<ImplIdx>,
    /// The trait whose declaration it is part of.
    pub trait_: Option<Symbol>,
    /// Types of the parameters in scope, for its bodies.
    pub scope: Arc<FxMap<Symbol, Ty>>,
}

/// The names that a written type sees.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The module.
    pub module: ModIdx,
    /// Generic parameters.
    pub params: Arc<FxMap<Symbol, Ty>>,
    /// `Self`.
    pub self_ty: Option<Ty>,
    /// The impl around, whose associated types `Self::X` may mean.
    pub impl_: Option<ImplIdx>,
}

impl Scope {
    /// The scope of a module without parameters.
    pub fn of(module: ModIdx) -> Scope {
        Scope { module, params: Arc::default(), self_ty: None, impl_: None }
    }
    /// The same names seen from another module.
    pub fn at(&self, module: ModIdx) -> Scope {
        Scope { module, ..self.clone() }
    }
}

/// All tables.
#[derive(Debug)]
pub struct Tables {
    /// The catalog with memos.
    pub know: Know,
    /// Modules and imports.
    pub tree: Tree,
    /// Files by id.
    pub files: IndexVec<FileId, Option<Arc<FileIr>>>,
    /// Variants of enums by name.
    pub variants: FxMap<Symbol, FxSet<Symbol>>,
    /// Types.
    pub adts: FxMap<Symbol, AdtDef>,
    /// Traits.
    pub traits: FxMap<Symbol, TraitDef>,
    /// Aliases.
    pub aliases: IndexVec<AliasIdx, AliasDef>,
    /// Statics and consts.
    pub statics: IndexVec<StaticIdx, StaticDef>,
    /// Impls, in order of file and place.
    pub impls: IndexVec<ImplIdx, ImplDef>,
    /// Functions.
    pub fns: IndexVec<FnIdx, FnInfo>,
    /// What their signatures hold.
    pub sigs: IndexVec<FnIdx, FnSig>,
    /// Impls by the head of what they are for.
    pub by_head: FxMap<Symbol, Vec<ImplIdx>>,
    /// Functions of impls by head and name, in order.
    pub methods: FxMap<(Symbol, Symbol), Vec<(ImplIdx, FnIdx)>>,
    /// Associated consts by head and name.
    pub assoc_consts: FxMap<(Symbol, Symbol), StaticIdx>,
    /// Names of all functions that belong to a type or trait of the workspace.
    pub own_names: FxSet<Symbol>,
    /// Impls of each trait, workspace or not.
    pub impls_of: FxMap<Symbol, Vec<ImplIdx>>,
    /// Blanket impls (for any type) of each trait.
    pub blanket: FxMap<Symbol, Vec<ImplIdx>>,
    /// Workspace traits by the name of a method.
    pub traits_with: FxMap<Symbol, Vec<Symbol>>,
    /// For each method of a workspace trait, what a `dyn` or bounded receiver may run, and whether it was cut.
    pub unions: FxMap<(Symbol, Symbol), (Arc<[FnIdx]>, bool)>,
    /// What paths of this workspace start with.
    pub prefixes: FxSet<Symbol>,
    /// First function of each file.
    pub fn_base: IndexVec<FileId, usize>,
    /// First body of each file.
    pub body_base: IndexVec<FileId, usize>,
    /// First static of each file.
    pub static_base: IndexVec<FileId, usize>,
    /// The function whose own body it is.
    pub body_fn: FxMap<super::BodyIdx, FnIdx>,
}

impl Tables {
    /// Name resolution over the tables.
    pub fn names(&self) -> Names<'_> {
        Names { tree: &self.tree, know: &self.know, variants: &self.variants }
    }
    /// Whether a method of that name may be the workspace's own.
    pub fn is_own_name(&self, name: Symbol) -> bool {
        self.own_names.contains(&name)
    }
    /// The trait declarations that a bound implies: itself and its supertraits of this workspace, each once.
    pub fn with_supers(&self, bounds: &[Bound]) -> Vec<Bound> {
        let mut all: Vec<Bound> = Vec::new();
        let mut todo: Vec<Bound> = bounds.iter().rev().cloned().collect();
        while let Some(bound) = todo.pop() {
            if all.iter().any(|b| b.0 == bound.0) || all.len() > 32 {
                continue;
            }
            if let Some(def) = self.traits.get(&bound.0) {
                let args = def.params.iter().enumerate().map(|(i, name)| {
                    let default = || def.defaults.get(i).cloned().flatten().unwrap_or_default();
                    (*name, bound.1.get(i).cloned().unwrap_or_else(default))
                });
                let subst = args.collect();
                todo.extend(
                    def.supers.iter().rev().map(|(p, a)| (*p, a.iter().map(|t| self.subst(t, &subst)).collect())),
                );
            }
            all.push(bound);
        }
        all
    }
    /// The scope of a function's body.
    pub fn scope_of_fn(&self, f: FnIdx) -> Scope {
        let info = &self.fns[f];
        let file = self.files[info.file].as_ref().expect("a function's file was lowered");
        let module = self.tree.module_of(info.file, file.fns[info.index].module);
        let sig = &self.sigs[f];
        let self_ty = match sig.trait_ {
            Some(_) => sig.scope.get(&names().self_type).cloned(),
            None => info.self_ty.clone(),
        };
        Scope { module, params: sig.scope.clone(), self_ty, impl_: sig.impl_ }
    }
}

/// The key under which impls for a type are found. References are looked through.
pub fn head_key(ty: &Ty) -> Option<Symbol> {
    match ty {
        Ty::Adt(path, _) => Some(*path),
        Ty::Ref(_, inner) => head_key(inner),
        Ty::Dyn(bounds) => bounds.first().map(|b| b.0),
        Ty::Tuple(_) => Some(names().tuple_key),
        Ty::Slice(_) => Some(names().slice_key),
        Ty::Future(_) => Some(names().future_key),
        Ty::Fn(..) => Some(names().fn_key),
        Ty::Param(..) => Some(names().any_key),
        Ty::Unknown | Ty::Never => None,
    }
}
