//! The catalog as this room asks it: canonical types of external paths, methods by owner and name, all memoised.
//!
//! **Invariants:** answers depend on the catalog alone; a memo is filled in any order and always with the same answer.

use super::fx::{FxMap, FxSet};
use crate::base::Symbol;
use crate::pack::{Catalog, Effect, FnRow, TypeExpr};
use std::sync::{Arc, RwLock};

/// How many aliases may follow one another before a cycle is assumed.
const ALIAS_STEPS: usize = 16;

/// What an external path stands for.
#[derive(Clone, Debug)]
pub enum Canon {
    /// A canonical path that takes over the written arguments.
    Path(Symbol),
    /// An alias with its own idea of arguments: evaluate with `$n` as the written ones.
    Expr(Arc<TypeExpr>),
}

/// A row that talks over an argument: its path, its owner, whether that is a trait, which argument.
pub type Talker = (Symbol, Symbol, bool, usize);

/// The catalog with memos.
#[derive(Debug)]
pub struct Know {
    /// The catalog itself.
    pub catalog: Arc<Catalog>,
    methods: FxMap<(Symbol, Symbol), (usize, usize)>,
    canon: RwLock<FxMap<Symbol, Canon>>,
    joined: RwLock<FxMap<(Symbol, Symbol), Symbol>>,
    applies: RwLock<FxMap<(Symbol, Symbol), bool>>,
    /// Rows of traits' methods by name: trait and row's path, in order.
    trait_methods: FxMap<Symbol, Vec<(Symbol, Symbol)>>,
    talkers: FxMap<Symbol, Vec<Talker>>,
    /// Macros that have a row as functions, without the `!`.
    macros: FxSet<Symbol>,
    roots: RwLock<FxMap<Symbol, Symbol>>,
    /// Traits of streams: what a generator block is.
    pub streams: Vec<Symbol>,
}

impl Know {
    /// Indexes the catalog's rows by owner and name.
    pub fn new(catalog: Arc<Catalog>) -> Know {
        let mut methods = FxMap::default();
        let mut trait_methods: FxMap<Symbol, Vec<(Symbol, Symbol)>> = FxMap::default();
        let mut talkers: FxMap<Symbol, Vec<Talker>> = FxMap::default();
        let mut streams = Vec::new();
        let mut macros = FxSet::default();
        for (p, pack) in catalog.packs.iter().enumerate() {
            for (i, row) in pack.fns.iter().enumerate() {
                if let Some(name) = row.path.as_str().strip_suffix('!') {
                    macros.insert(Symbol::new(name));
                } else if let Some((owner, name)) = row.path.as_str().rsplit_once("::") {
                    let (owner, name) = (Symbol::new(owner), Symbol::new(name));
                    methods.insert((owner, name), (p, i));
                    if let Effect::Use { conn, .. } = &row.effect
                        && *conn > 0
                    {
                        let is_trait = catalog.trait_row(owner).is_some();
                        talkers.entry(name).or_default().push((row.path, owner, is_trait, *conn));
                    }
                    if catalog.trait_row(owner).is_some() {
                        trait_methods.entry(name).or_default().push((owner, row.path));
                    }
                }
            }
            streams.extend(pack.traits.iter().map(|t| t.path).filter(|p| p.as_str().ends_with("::Stream")));
        }
        trait_methods.values_mut().for_each(|list| list.sort());
        streams.sort();
        talkers.values_mut().for_each(|list| list.sort());
        let (canon, joined, applies) = (RwLock::default(), RwLock::default(), RwLock::default());
        Know {
            catalog,
            methods,
            canon,
            joined,
            applies,
            trait_methods,
            talkers,
            macros,
            roots: RwLock::default(),
            streams,
        }
    }

    /// The rows of traits' methods of that name: trait and row's path, in order.
    pub fn trait_methods(&self, name: Symbol) -> &[(Symbol, Symbol)] {
        self.trait_methods.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The row of `owner::name`.
    pub fn method(&self, owner: Symbol, name: Symbol) -> Option<&FnRow> {
        self.methods.get(&(owner, name)).map(|&(p, i)| &self.catalog.packs[p].fns[i])
    }

    /// `a::b`, interned once.
    pub fn join(&self, a: Symbol, b: Symbol) -> Symbol {
        let known = |m: &RwLock<FxMap<_, Symbol>>| m.read().unwrap_or_else(|e| e.into_inner()).get(&(a, b)).copied();
        known(&self.joined).unwrap_or_else(|| {
            let made = Symbol::new(&format!("{a}::{b}"));
            self.joined.write().unwrap_or_else(|e| e.into_inner()).insert((a, b), made);
            made
        })
    }

    /// The last segment of a path, interned once.
    pub fn last(&self, path: Symbol) -> Symbol {
        let none = Symbol::new("");
        let known = self.joined.read().unwrap_or_else(|e| e.into_inner()).get(&(path, none)).copied();
        known.unwrap_or_else(|| {
            let made = Symbol::new(path.as_str().rsplit("::").next().unwrap_or(""));
            self.joined.write().unwrap_or_else(|e| e.into_inner()).insert((path, none), made);
            made
        })
    }

    /// The crate of a path: its first segment, interned once.
    pub fn root(&self, path: Symbol) -> Symbol {
        if let Some(known) = self.roots.read().unwrap_or_else(|e| e.into_inner()).get(&path) {
            return *known;
        }
        let text = path.as_str();
        let made = Symbol::new(text.split("::").next().unwrap_or(text).trim_end_matches('!'));
        self.roots.write().unwrap_or_else(|e| e.into_inner()).insert(path, made);
        made
    }

    /// Rows of that name that talk over an argument: row, owner, whether that is a trait, the argument.
    pub fn talkers(&self, name: Symbol) -> &[Talker] {
        self.talkers.get(&name).map_or(&[], Vec::as_slice)
    }

    /// What an external path as written from its crate's root stands for.
    pub fn canon(&self, path: Symbol) -> Canon {
        if let Some(known) = self.canon.read().unwrap_or_else(|e| e.into_inner()).get(&path) {
            return known.clone();
        }
        let made = self.canon_uncached(path);
        self.canon.write().unwrap_or_else(|e| e.into_inner()).insert(path, made.clone());
        made
    }

    fn canon_uncached(&self, path: Symbol) -> Canon {
        let mut path = self.folded(path);
        for _ in 0..ALIAS_STEPS {
            match self.catalog.alias(path) {
                Some(TypeExpr::Path(to, args)) if args.is_empty() => {
                    let to = self.folded(to);
                    if to == path {
                        break;
                    }
                    path = to;
                }
                Some(expr) => return Canon::Expr(Arc::new(expr)),
                None => break,
            }
        }
        Canon::Path(path)
    }

    /// The path with its crate's lib name folded onto the canonical root.
    fn folded(&self, path: Symbol) -> Symbol {
        let text = path.as_str();
        let (root, rest) = text.split_once("::").map_or((text, None), |(root, rest)| (root, Some(rest)));
        match (self.catalog.fold_root(Symbol::new(root)), rest) {
            (Some(first), Some(rest)) if first.as_str() != root => Symbol::new(&format!("{first}::{rest}")),
            (Some(first), None) => first,
            _ if root == "core" || root == "alloc" => Symbol::new(&format!("std{}", &text[root.len()..])),
            _ => path,
        }
    }

    /// The canonical path, whatever arguments an alias gives.
    pub fn canon_path(&self, path: Symbol) -> Symbol {
        match self.canon(path) {
            Canon::Path(path) => path,
            Canon::Expr(expr) => match &*expr {
                TypeExpr::Path(to, _) => self.catalog.canonical(*to),
                TypeExpr::Future(_) => super::std_names::names().future,
                _ => path,
            },
        }
    }

    /// Whether some pack has a row, an alias or a macro of exactly that path: whether a glob import of its parent brings it.
    pub fn knows(&self, path: Symbol) -> bool {
        match self.canon(path) {
            Canon::Expr(_) => true,
            Canon::Path(to) => {
                self.catalog.type_row(to).is_some()
                    || self.catalog.fn_row(to).is_some()
                    || self.catalog.trait_row(to).is_some()
                    || self.catalog.macro_shape(to).is_some()
                    || self.catalog.knows_derive(to)
                    || self.macros.contains(&to)
            }
        }
    }

    /// Whether a trait is an extension trait for any value.
    pub fn for_any(&self, trait_: Symbol) -> bool {
        self.catalog.trait_row(trait_).is_some_and(|t| t.applies_to.iter().any(|a| *a == "*"))
    }

    /// Whether values of type or bound `to` have the methods of the trait.
    pub fn applies(&self, trait_: Symbol, to: Symbol) -> bool {
        if let Some(known) = self.applies.read().unwrap_or_else(|e| e.into_inner()).get(&(trait_, to)) {
            return *known;
        }
        let made = self.catalog.applies(trait_, to);
        self.applies.write().unwrap_or_else(|e| e.into_inner()).insert((trait_, to), made);
        made
    }
}
