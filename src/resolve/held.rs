//! What lies inside a value of a type: pools, connections, permits, locks, through fields and wrappers.
//!
//! **Invariants:** the walk is bounded (recursive types, depth) and memoised; paths are at most three fields long; what is
//! reached through a reference, `Arc` or `Rc` is not owned.

use super::fx::FxMap;
use super::pack_ty::Eval;
use super::std_names::names;
use super::type_ops::{DEREF_STEPS, adt_subst};
use super::{FnIdx, Held, Program, Ty};
use crate::base::Symbol;
use crate::pack::Kind;
use std::borrow::Cow;
use std::sync::{Arc, RwLock};

/// How deep types are looked into.
const DEPTH: usize = 7;
/// How many things of interest a type may list.
const LIMIT: usize = 24;
/// How many fields a path has at most.
const PATH: usize = 3;

/// Remembered answers of the program.
#[derive(Debug, Default)]
pub struct Memo {
    held: RwLock<FxMap<Ty, Arc<[Held]>>>,
    writable: RwLock<FxMap<FnIdx, Arc<[bool]>>>,
    pub(super) prov: super::prov::ProvMemo,
}

struct Walk<'a> {
    program: &'a Program,
    out: Vec<Held>,
    visiting: Vec<Symbol>,
    /// The type at hand was reached by nothing but a reference.
    lent: bool,
    /// How often something was found, doubles included.
    finds: usize,
}

impl Walk<'_> {
    fn ty(&mut self, ty: &Ty, path: &mut Vec<Symbol>, by_ref: bool, depth: usize) {
        let lent = std::mem::take(&mut self.lent);
        if depth == 0 || self.out.len() >= LIMIT {
            return;
        }
        match ty {
            Ty::Ref(_, inner) => {
                self.lent = true;
                self.ty(inner, path, true, depth);
            }
            Ty::Tuple(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.step(Symbol::new(&i.to_string()), item, path, by_ref, depth);
                }
            }
            Ty::Slice(inner) => self.ty(inner, path, by_ref, depth - 1),
            Ty::Adt(head, args) => {
                let first = self.out.len();
                self.adt(ty, *head, args, path, by_ref, lent, depth);
                // An `Option` by itself is told from what it holds by the code at hand; one in a field may be empty there.
                if *head == names().option && !self.visiting.is_empty() {
                    self.out[first..].iter_mut().for_each(|h| h.maybe = true);
                }
            }
            Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => {}
        }
    }

    fn step(&mut self, field: Symbol, ty: &Ty, path: &mut Vec<Symbol>, by_ref: bool, depth: usize) {
        let longer = path.len() < PATH;
        if longer {
            path.push(field);
        }
        self.ty(ty, path, by_ref, depth - 1);
        if longer {
            path.pop();
        }
    }

    fn found(&mut self, path: &[Symbol], kind: Kind, ty: &Ty, by_ref: bool, lent: bool) {
        self.finds += 1;
        let same = |h: &&mut Held| h.path == path && h.kind == kind && h.ty == *ty && h.by_ref == by_ref;
        match self.out.iter_mut().find(same) {
            Some(known) => known.lent &= lent,
            None => {
                let held = Held { path: path.to_vec(), kind, ty: ty.clone(), by_ref, lent, maybe: false };
                self.out.push(held);
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn adt(
        &mut self,
        ty: &Ty,
        head: Symbol,
        args: &[Ty],
        path: &mut Vec<Symbol>,
        by_ref: bool,
        lent: bool,
        depth: usize,
    ) {
        let n = names();
        let tables = &self.program.tables;
        if let Some(def) = tables.adts.get(&head) {
            if self.visiting.contains(&head) {
                return;
            }
            self.visiting.push(head);
            let subst = adt_subst(def, args);
            for (name, field) in &def.fields {
                self.step(*name, &tables.subst(field, &subst), path, by_ref, depth);
            }
            // One variant without anything of interest is a state; variants with something else each are a choice.
            let (first, mut without) = (self.out.len(), false);
            for (_, fields) in &def.variants {
                let before = self.finds;
                for (name, field) in fields {
                    self.step(*name, &tables.subst(field, &subst), path, by_ref, depth);
                }
                without |= self.finds == before;
            }
            let connection = |h: &Held| matches!(h.kind, Kind::Guard | Kind::Conn);
            let chosen = !def.variants.is_empty() && self.out[first..].iter().any(connection);
            for held in &mut self.out[first..] {
                // A connection, or a transaction over one: which of them is only seen where it is made.
                held.maybe |= without || chosen && held.kind == Kind::Tx;
            }
            self.visiting.pop();
            return;
        }
        let shared = by_ref || head == n.arc || head == n.rc || head.as_str().ends_with("::Weak");
        let row = tables.know.catalog.type_row(head);
        match row.map(|r| r.kind) {
            Some(
                kind @ (Kind::Pool
                | Kind::Guard
                | Kind::Conn
                | Kind::Tx
                | Kind::Stream
                | Kind::Semaphore
                | Kind::Permit),
            ) => {
                self.found(path, kind, ty, by_ref, lent);
            }
            Some(kind @ (Kind::Handle | Kind::Driver | Kind::Task | Kind::Raw)) => {
                self.found(path, kind, ty, by_ref, lent);
            }
            Some(Kind::Lock) => {
                self.found(path, Kind::Lock, ty, by_ref, lent);
                args.iter().for_each(|a| self.ty(a, path, by_ref, depth - 1));
            }
            Some(Kind::LockGuard) => {
                self.found(path, Kind::LockGuard, ty, by_ref, lent);
                // The guard lends what it protects.
                args.iter().for_each(|a| self.ty(a, path, true, depth - 1));
            }
            Some(Kind::Wrapper | Kind::Plain | Kind::Builder) => {
                let kind = row.map(|r| r.kind);
                if head.as_str() == "std::marker::PhantomData" || kind == Some(Kind::Builder) {
                    return;
                }
                let deref = row.and_then(|r| r.deref.as_ref()).map(|e| Eval::of(tables, ty).ty(e));
                match deref {
                    Some(inner) if inner.is_known() && !matches!(inner, Ty::Slice(_)) => {
                        self.ty(&inner, path, shared, depth - 1)
                    }
                    _ if kind == Some(Kind::Wrapper) || head.as_str().starts_with("std::") => {
                        args.iter().for_each(|a| self.ty(a, path, shared, depth - 1));
                    }
                    _ => {}
                }
            }
            None if head.as_str().starts_with("std::") && head.as_str() != "std::marker::PhantomData" => {
                args.iter().for_each(|a| self.ty(a, path, shared, depth - 1));
            }
            None => {}
        }
    }
}

impl Program {
    /// What of interest lies inside a value of the type, outermost first.
    pub fn held(&self, ty: &Ty) -> Arc<[Held]> {
        if let Some(known) = self.memo.held.read().unwrap_or_else(|e| e.into_inner()).get(ty) {
            return known.clone();
        }
        let mut walk = Walk { program: self, out: Vec::new(), visiting: Vec::new(), lent: false, finds: 0 };
        walk.ty(ty, &mut Vec::new(), false, DEPTH);
        let made: Arc<[Held]> = walk.out.into();
        self.memo.held.write().unwrap_or_else(|e| e.into_inner()).insert(ty.clone(), made.clone());
        made
    }

    /// What the type itself is, behind references and wrappers (`Box`, `Arc`, `State`). Not through fields, `Option` or
    /// `Result`.
    pub fn kind(&self, ty: &Ty) -> Option<Kind> {
        let mut at = Cow::Borrowed(ty);
        for _ in 0..=DEREF_STEPS {
            if let Ty::Adt(path, _) = &*at
                && let Some(row) = self.catalog.type_row(*path)
                && !matches!(row.kind, Kind::Wrapper | Kind::Plain)
            {
                return Some(row.kind);
            }
            at = Cow::Owned(self.tables.deref(&at)?);
        }
        None
    }

    /// What a value of the type may turn out to be: the kinds of a bound's implementors, of an enum's variants, or its own.
    /// In order, each once.
    pub fn may_be(&self, ty: &Ty) -> Vec<Kind> {
        let mut kinds = Vec::new();
        self.collect_kinds(ty, &mut kinds, 4);
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Per parameter of a function: whether a connection may be written over that is lent for it, though the function was not
    /// seen to hold one. A type parameter says so by a bound that a pack knows, and of an unknown type anything may be so.
    pub fn writable(&self, f: FnIdx) -> Arc<[bool]> {
        if let Some(known) = self.memo.writable.read().unwrap_or_else(|e| e.into_inner()).get(&f) {
            return known.clone();
        }
        let params = self.fns[f].params.iter();
        let made: Arc<[bool]> = params.map(|ty| !ty.is_known() || !self.may_be(ty).is_empty()).collect();
        self.memo.writable.write().unwrap_or_else(|e| e.into_inner()).insert(f, made.clone());
        made
    }

    /// What a value behind a bound is if it can be nothing but a connection: the kind, and the root of the library whose
    /// connections they are. All implementors in the workspace must be connections where the trait is the workspace's own.
    pub fn connection_bound(&self, ty: &Ty) -> Option<(Kind, Symbol)> {
        let (Ty::Param(_, bounds) | Ty::Dyn(bounds)) = ty.peel_refs() else { return None };
        self.tables.with_supers(bounds).iter().find_map(|(trait_, _)| match self.catalog.trait_row(*trait_) {
            Some(row) => {
                let kind = one_kind(row.may_be.iter().copied())?;
                let of = row.applies_to.iter().find(|t| self.catalog.type_row(**t).is_some());
                Some((kind, self.tables.know.root(*of.unwrap_or(trait_))))
            }
            None => self.connection_trait(*trait_),
        })
    }

    fn connection_trait(&self, trait_: Symbol) -> Option<(Kind, Symbol)> {
        let impls = self.tables.impls_of.get(&trait_)?.iter().map(|i| &self.tables.impls[*i]).filter(|i| !i.is_test);
        let types: Vec<&Ty> = impls.map(|i| i.self_ty.peel_refs()).collect();
        let kinds: Option<Vec<Kind>> = types.iter().map(|ty| self.kind(ty)).collect();
        let root = self.tables.know.root(types.first()?.head()?);
        Some((one_kind(kinds?.into_iter())?, root))
    }

    fn collect_kinds(&self, ty: &Ty, kinds: &mut Vec<Kind>, fuel: usize) {
        if fuel == 0 {
            return;
        }
        match ty.peel_refs() {
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                for (trait_, _) in self.tables.with_supers(bounds) {
                    if let Some(row) = self.catalog.trait_row(trait_) {
                        kinds.extend(row.may_be.iter().copied());
                    } else if self.tables.traits.contains_key(&trait_) {
                        for impl_ in self.tables.impls_of.get(&trait_).into_iter().flatten() {
                            let def = &self.tables.impls[*impl_];
                            if !def.is_test {
                                self.collect_kinds(&def.self_ty, kinds, fuel - 1);
                            }
                        }
                    }
                }
            }
            Ty::Adt(path, args) => {
                if let Some(kind) = self.kind(ty) {
                    kinds.push(kind);
                } else if let Some(def) = self.tables.adts.get(path).filter(|d| d.is_enum) {
                    let subst = adt_subst(def, args);
                    for (_, field) in def.variants.iter().flat_map(|v| v.1.iter()) {
                        self.collect_kinds(&self.tables.subst(field, &subst), kinds, fuel - 1);
                    }
                }
            }
            Ty::Unknown | Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => {}
        }
    }

    /// Whether reading a value of the type copies it: plain numbers, shared references, `derive(Copy)`.
    pub fn is_copy_like(&self, ty: &Ty) -> bool {
        self.tables.is_copy_like(ty)
    }
}

impl super::tables::Tables {
    /// See [`Program::is_copy_like`].
    pub fn is_copy_like(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ref(mutable, _) => !mutable,
            Ty::Tuple(items) => items.iter().all(|t| self.is_copy_like(t)),
            Ty::Slice(inner) => self.is_copy_like(inner),
            Ty::Adt(path, args) => match self.adts.get(path) {
                Some(def) => def.derives.iter().any(|d| d.as_str() == "Copy" || d.as_str().ends_with("::Copy")),
                None if *path == names().option => args.iter().all(|t| self.is_copy_like(t)),
                None => *path != names().str_ && super::std_names::PRIMITIVES.contains(&path.as_str()),
            },
            Ty::Never => true,
            Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) | Ty::Future(_) | Ty::Fn(..) => false,
        }
    }
}

/// The one kind of connection that all of these are, a bare one if they differ.
fn one_kind(mut kinds: impl Iterator<Item = Kind>) -> Option<Kind> {
    let first = kinds.next().filter(|k| matches!(k, Kind::Guard | Kind::Conn | Kind::Tx))?;
    kinds.try_fold(first, |known, kind| match kind {
        Kind::Guard | Kind::Conn | Kind::Tx => Some(if known == kind { kind } else { Kind::Conn }),
        _ => None,
    })
}
