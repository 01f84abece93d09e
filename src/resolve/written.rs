//! Written types to type terms.
//!
//! Aliases of the workspace and of packs are expanded, associated types projected, `impl Future` and boxed futures become
//! [`Ty::Future`].
//!
//! **Invariant:** every expansion costs fuel, so cyclic aliases and projections end as unknown.

use super::know::Canon;
use super::modules::Def;
use super::names::Space;
use super::pack_ty::Eval;
use super::std_names::names;
use super::tables::{Scope, Tables};
use super::ty::{Bound, List, Subst, Ty};
use crate::base::Symbol;
use crate::ir::{Generics, Path, Segment, TypeRef};
use crate::pack::TypeExpr;
use std::cell::RefCell;
use std::sync::Arc;

/// How many aliases and projections one written type may go through.
const FUEL: usize = 24;

/// Lowers written types of one scope.
pub struct Lowerer<'a> {
    tables: &'a Tables,
    scope: &'a Scope,
    /// Names given to `impl Trait` types, in order.
    pub anonymous: RefCell<Vec<Symbol>>,
}

impl<'a> Lowerer<'a> {
    /// For a scope.
    pub fn new(tables: &'a Tables, scope: &'a Scope) -> Lowerer<'a> {
        Lowerer { tables, scope, anonymous: RefCell::default() }
    }

    /// The term of a written type.
    pub fn ty(&self, ty: &TypeRef) -> Ty {
        self.lower(ty, FUEL)
    }

    fn lower(&self, ty: &TypeRef, fuel: usize) -> Ty {
        if fuel == 0 {
            return Ty::Unknown;
        }
        let fuel = fuel - 1;
        match ty {
            TypeRef::Path(path) => self.path(path, fuel),
            TypeRef::Projection { of, path } => {
                let base = self.lower(of, fuel);
                let via = match path.segments.len() {
                    0 | 1 => None,
                    n => {
                        let segments = path.segments[..n - 1].into();
                        self.bound(&Path { global: path.global, segments }, fuel)
                    }
                };
                self.tables.project(&base, via.as_ref().map(|b| b.0), path.last(), Some(self.scope))
            }
            TypeRef::Ref { mutable, inner } | TypeRef::Ptr { mutable, inner } => {
                Ty::Ref(*mutable, Arc::new(self.lower(inner, fuel)))
            }
            TypeRef::Tuple(items) => Ty::Tuple(items.iter().map(|t| self.lower(t, fuel)).collect()),
            TypeRef::Slice(inner) => Ty::Slice(Arc::new(self.lower(inner, fuel))),
            TypeRef::Fn { params, ret } => {
                let params = Ty::Tuple(params.iter().map(|t| self.lower(t, fuel)).collect());
                Ty::Dyn(List::from([(names().fn_, List::from([params, self.lower(ret, fuel)]))]))
            }
            TypeRef::Impl(list) => self.abstract_ty(list, false, fuel),
            TypeRef::Dyn(list) => self.abstract_ty(list, true, fuel),
            TypeRef::Never => Ty::Never,
            TypeRef::Infer | TypeRef::Opaque => Ty::Unknown,
        }
    }

    fn abstract_ty(&self, list: &[Path], is_dyn: bool, fuel: usize) -> Ty {
        let bounds = self.bounds(list, fuel);
        let n = names();
        if let Some((_, args)) = bounds.iter().find(|b| b.0 == n.future) {
            return Ty::future(args.last().cloned().unwrap_or_default());
        }
        if is_dyn {
            return Ty::Dyn(bounds.into());
        }
        let mut made = self.anonymous.borrow_mut();
        let name = Symbol::new(&format!("impl#{}", made.len()));
        made.push(name);
        Ty::Param(name, bounds.into())
    }

    /// The bounds of a list of written paths; markers are left out.
    pub fn bounds(&self, list: &[Path], fuel: usize) -> Vec<Bound> {
        list.iter().filter_map(|p| self.bound(p, fuel)).collect()
    }

    fn bound(&self, path: &Path, fuel: usize) -> Option<Bound> {
        let found = self.tables.names().resolve(self.scope.module, path, Space::Types)?;
        if found.used < path.segments.len() {
            return None;
        }
        let trait_ = match found.def {
            Def::Trait(path) | Def::Missing(path) => path,
            Def::Extern(path) => self.tables.know.canon_path(path),
            // A trait alias, or a name that is no trait.
            Def::Mod(_) | Def::Adt(_) | Def::Variant(..) | Def::Alias(_) | Def::Fn(_) | Def::Static(_) => return None,
        };
        let text = trait_.as_str();
        if text.starts_with("std::marker::") {
            return None;
        }
        let segment = path.segments.last()?;
        let n = names();
        let mut args = self.args(segment, fuel);
        args.extend(segment.assoc.iter().map(|(_, t)| self.lower(t, fuel)));
        let is_fn = [n.fn_, n.fn_mut, n.fn_once, n.async_fn, n.async_fn_mut, n.async_fn_once].contains(&trait_);
        if is_fn && args.len() == 1 {
            args.push(Ty::unit());
        }
        Some((trait_, args.into()))
    }

    fn args(&self, segment: &Segment, fuel: usize) -> Vec<Ty> {
        segment.args.iter().map(|t| self.lower(t, fuel)).collect()
    }

    fn path(&self, path: &Path, fuel: usize) -> Ty {
        let n = names();
        let first = &path.segments[0];
        let rest = |from: usize, base: Ty| {
            path.segments[from..].iter().fold(base, |t, s| self.tables.project(&t, None, s.name, Some(self.scope)))
        };
        if !path.global {
            if let Some(param) = self.scope.params.get(&first.name) {
                return rest(1, param.clone());
            }
            if first.name == n.self_type {
                let Some(self_ty) = &self.scope.self_ty else { return Ty::Unknown };
                if let (Some(impl_), [_, second, ..]) = (self.scope.impl_, path.segments.as_slice())
                    && let Some(ty) = self.tables.impl_assoc(impl_, second.name)
                {
                    return rest(2, ty);
                }
                return rest(1, self_ty.clone());
            }
        }
        let Some(found) = self.tables.names().resolve(self.scope.module, path, Space::Types) else {
            if path.segments.len() > 1 {
                return Ty::Unknown;
            }
            // Nothing of that name is seen: made by a macro here, or brought by a glob of a crate that we do not know.
            let module = self.tables.tree.modules[self.scope.module].path;
            return missing_ty(self.tables.know.join(module, first.name), self.args(first, fuel));
        };
        let segment = &path.segments[found.used - 1];
        let base = match found.def {
            Def::Adt(adt) => self.tables.adt_ty(adt, self.args(segment, fuel)),
            Def::Variant(adt, _) => self.tables.adt_ty(adt, self.args(segment, fuel)),
            Def::Missing(path) => missing_ty(path, self.args(segment, fuel)),
            Def::Extern(path) => self.tables.extern_ty(path, self.args(segment, fuel)),
            Def::Alias(alias) => {
                let def = &self.tables.aliases[alias];
                let ty = match def.resolved.get() {
                    Some(ty) => ty.clone(),
                    None => {
                        let plain = Scope::of(def.module);
                        let scope = generic_scope(self.tables, &plain, &def.generics);
                        let ty = Lowerer::new(self.tables, &scope).lower(&def.ty, fuel);
                        if fuel > FUEL / 2 {
                            // Not cut short by a cycle, so good for everyone.
                            let _ = def.resolved.set(ty.clone());
                        }
                        ty
                    }
                };
                let args = self.args(segment, fuel);
                let subst: Subst = def
                    .generics
                    .params
                    .iter()
                    .enumerate()
                    .map(|(i, p)| {
                        let default = || p.default.as_ref().map_or(Ty::Unknown, |d| self.lower_in(d, def.module, fuel));
                        (p.name, args.get(i).cloned().unwrap_or_else(default))
                    })
                    .collect();
                self.tables.subst(&ty, &subst)
            }
            Def::Trait(path) => Ty::Dyn(List::from([(path, self.args(segment, fuel).into())])),
            Def::Mod(_) | Def::Fn(_) | Def::Static(_) => return Ty::Unknown,
        };
        rest(found.used, base)
    }

    fn lower_in(&self, ty: &TypeRef, module: super::modules::ModIdx, fuel: usize) -> Ty {
        let scope = Scope::of(module);
        Lowerer::new(self.tables, &scope).lower(ty, fuel)
    }
}

/// A type that macros made or that we do not see. What is called `…Result<T>` is the usual alias.
fn missing_ty(path: Symbol, args: Vec<Ty>) -> Ty {
    let path = if path.as_str().ends_with("Result") && !args.is_empty() { names().result } else { path };
    Ty::adt(path, args)
}

/// A scope with generic parameters added: their bounds resolved, two levels deep (a bound that mentions a parameter knows
/// that parameter's own bounds, and no more).
pub fn generic_scope(tables: &Tables, outer: &Scope, generics: &Generics) -> Scope {
    if generics.params.is_empty() && generics.wheres.is_empty() {
        return outer.clone();
    }
    let mut scope = outer.clone();
    let mut params = (*outer.params).clone();
    for param in &generics.params {
        params.insert(param.name, Ty::Param(param.name, List::default()));
    }
    scope.params = Arc::new(params);
    for _ in 0..2 {
        let lowerer = Lowerer::new(tables, &scope);
        let mut list: Vec<(Symbol, Vec<Bound>)> =
            generics.params.iter().map(|p| (p.name, lowerer.bounds(&p.bounds, FUEL / 2))).collect();
        for (of, bounds) in &generics.wheres {
            let TypeRef::Path(path) = of else { continue };
            let Some(name) = path.as_ident() else { continue };
            let bounds = lowerer.bounds(bounds, FUEL / 2);
            match list.iter_mut().find(|(n, _)| *n == name) {
                Some((_, known)) => known.extend(bounds),
                // A clause on a parameter of the impl around a method.
                None => {
                    if let Some(Ty::Param(_, known)) = outer.params.get(&name) {
                        list.push((name, known.iter().cloned().chain(bounds).collect()));
                    }
                }
            }
        }
        let mut params = (*scope.params).clone();
        for (name, bounds) in list {
            params.insert(name, Ty::Param(name, bounds.into()));
        }
        scope.params = Arc::new(params);
    }
    scope
}

impl Tables {
    /// The term of a written type in a scope.
    pub fn lower(&self, ty: &TypeRef, scope: &Scope) -> Ty {
        Lowerer::new(self, scope).ty(ty)
    }

    /// A workspace type with defaults filled in.
    pub fn adt_ty(&self, path: Symbol, mut args: Vec<Ty>) -> Ty {
        if let Some(def) = self.adts.get(&path) {
            for (_, default) in def.params.iter().skip(args.len()) {
                args.push(default.clone().unwrap_or_default());
            }
        }
        Ty::adt(path, args)
    }

    /// An external type by its path as written from the crate's root.
    pub fn extern_ty(&self, path: Symbol, args: Vec<Ty>) -> Ty {
        match self.know.canon(path) {
            Canon::Path(path) => self.canonical_ty(path, args),
            Canon::Expr(expr) => {
                let takes_args = !matches!(&*expr, TypeExpr::Path(_, list) if list.is_empty());
                let eval = Eval { args: &args, ..Eval::new(self) };
                let ty = eval.ty(&expr);
                match ty {
                    Ty::Adt(path, own) if !takes_args && own.is_empty() => self.canonical_ty(path, args),
                    ty => ty,
                }
            }
        }
    }

    /// An external type by canonical path: defaults from its row, boxed futures are futures, and whatever a crate calls
    /// `Result` and nobody describes is the usual alias.
    pub fn canonical_ty(&self, path: Symbol, mut args: Vec<Ty>) -> Ty {
        let n = names();
        if (path == n.boxed || path == n.pin)
            && let Some(inner @ (Ty::Future(_) | Ty::Ref(..))) = args.first()
            && let Ty::Future(_) = inner.peel_refs()
        {
            return inner.peel_refs().clone();
        }
        if path == n.slice {
            return Ty::Slice(Arc::new(args.pop().unwrap_or_default()));
        }
        if path == n.pin
            && let Some(inner) = args.first()
            && args.len() == 1
        {
            return inner.clone();
        }
        match self.know.catalog.type_row(path) {
            Some(row) => {
                for index in args.len()..row.params.len() {
                    let default = row.params[index].1.as_ref();
                    let filled = match default {
                        Some(expr) => {
                            let eval = Eval { row: Some((row, &args)), ..Eval::new(self) };
                            eval.ty(expr)
                        }
                        None => Ty::Unknown,
                    };
                    args.push(filled);
                }
            }
            None => {
                let text = path.as_str();
                if text.ends_with("Result") && path != n.result && !args.is_empty() && !self.adts.contains_key(&path) {
                    return Ty::adt(n.result, args);
                }
            }
        }
        Ty::adt(path, args)
    }
}
