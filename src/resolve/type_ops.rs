//! What can be done with a type term: substitute, match, dereference, await, iterate, look into fields, project.
//!
//! **Invariants:** all operations are total and end (depths and steps are bounded); an operation that a type does not have
//! gives `None` or [`Ty::Unknown`].

use super::pack_ty::Eval;
use super::std_names::names;
use super::tables::{ImplIdx, Scope, Tables, head_key};
use super::ty::{Bound, List, Subst, Ty};
use crate::base::Symbol;
use crate::pack::Kind;
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// Associated types that are being resolved.
    static PROJECTING: RefCell<Vec<(ImplIdx, Symbol)>> = const { RefCell::new(Vec::new()) };
}

/// How many dereferences a look-up follows.
pub const DEREF_STEPS: usize = 8;

impl Tables {
    /// Replaces parameters. Associated types of parameters (`T::Conn`) are projected once their parameter is known.
    pub fn subst(&self, ty: &Ty, subst: &Subst) -> Ty {
        if subst.is_empty() || !ty.has_params() { ty.clone() } else { self.subst_at(ty, subst, 12) }
    }

    fn subst_list(&self, list: &List<Ty>, subst: &Subst, fuel: usize) -> List<Ty> {
        if list.iter().any(Ty::has_params) {
            list.iter().map(|t| self.subst_at(t, subst, fuel)).collect()
        } else {
            list.clone()
        }
    }

    fn subst_bounds(&self, bounds: &List<Bound>, subst: &Subst, fuel: usize) -> List<Bound> {
        if bounds.iter().any(|(_, args)| args.iter().any(Ty::has_params)) {
            bounds.iter().map(|(p, args)| (*p, self.subst_list(args, subst, fuel))).collect()
        } else {
            bounds.clone()
        }
    }

    fn subst_at(&self, ty: &Ty, subst: &Subst, fuel: usize) -> Ty {
        if fuel == 0 {
            return Ty::Unknown;
        }
        let fuel = fuel - 1;
        match ty {
            Ty::Param(name, bounds) => {
                if let Some(to) = subst.get(name) {
                    return to.clone();
                }
                if let Some((of, assoc)) = name.as_str().rsplit_once("::")
                    && let Some(base) = subst.get(&Symbol::new(of))
                {
                    let found = self.project(base, None, Symbol::new(assoc), None);
                    return found;
                }
                Ty::Param(*name, self.subst_bounds(bounds, subst, fuel.min(3)))
            }
            Ty::Adt(path, args) => Ty::Adt(*path, self.subst_list(args, subst, fuel)),
            Ty::Tuple(items) => Ty::Tuple(self.subst_list(items, subst, fuel)),
            Ty::Ref(m, inner) => Ty::Ref(*m, Arc::new(self.subst_at(inner, subst, fuel))),
            Ty::Slice(inner) => Ty::Slice(Arc::new(self.subst_at(inner, subst, fuel))),
            Ty::Future(inner) => Ty::Future(Arc::new(self.subst_at(inner, subst, fuel))),
            Ty::Fn(body, ret) => Ty::Fn(*body, Arc::new(self.subst_at(ret, subst, fuel))),
            Ty::Dyn(bounds) => Ty::Dyn(self.subst_bounds(bounds, subst, fuel.min(3))),
            Ty::Unknown | Ty::Never => ty.clone(),
        }
    }

    /// Learns what the parameters of `pattern` stand for when it is matched with `actual`. Coercions (auto-ref, deref) are
    /// allowed; what does not match teaches nothing.
    pub fn unify(&self, pattern: &Ty, actual: &Ty, subst: &mut Subst) {
        self.unify_at(pattern, actual, subst, 8);
    }

    fn unify_at(&self, pattern: &Ty, actual: &Ty, subst: &mut Subst, fuel: usize) {
        if fuel == 0 || !actual.is_known() {
            return;
        }
        let fuel = fuel - 1;
        match (pattern, actual) {
            (Ty::Param(name, bounds), _) => {
                match subst.get(name) {
                    Some(known) if known.is_whole() => {}
                    Some(known) => {
                        let merged = known.merge(actual);
                        subst.insert(*name, merged);
                    }
                    None => {
                        subst.insert(*name, actual.clone());
                    }
                }
                for bound in bounds.iter() {
                    self.unify_bound(bound, actual, subst, fuel);
                }
            }
            (Ty::Dyn(bounds), _) => {
                for bound in bounds.iter() {
                    self.unify_bound(bound, actual, subst, fuel);
                }
            }
            (Ty::Ref(_, p), Ty::Ref(_, a)) => self.unify_at(p, a, subst, fuel),
            (Ty::Ref(_, p), a) => self.unify_at(p, a, subst, fuel),
            (Ty::Future(p), a) => self.unify_at(p, &self.awaited(a), subst, fuel),
            (Ty::Fn(_, p), a) => self.unify_at(p, &self.output(a), subst, fuel),
            (Ty::Tuple(p), Ty::Tuple(a)) if p.len() == a.len() => {
                for (p, a) in p.iter().zip(a.iter()) {
                    self.unify_at(p, a, subst, fuel);
                }
            }
            (Ty::Slice(p), a) => self.unify_at(p, &self.item(a), subst, fuel),
            (Ty::Adt(p, x), Ty::Adt(a, y)) if p == a => {
                for (p, a) in x.iter().zip(y.iter()) {
                    self.unify_at(p, a, subst, fuel);
                }
            }
            (Ty::Adt(..), Ty::Ref(_, a)) => self.unify_at(pattern, a, subst, fuel),
            (Ty::Adt(p, _), _) => {
                // Deref coercion: `&Arc<T>` where `&T` is wanted.
                let mut at = actual.clone();
                for _ in 0..4 {
                    match self.deref(&at) {
                        Some(next) => at = next,
                        None => return,
                    }
                    if at.head() == Some(*p) {
                        return self.unify_at(pattern, &at, subst, fuel);
                    }
                }
            }
            (Ty::Tuple(_), Ty::Ref(_, a)) => self.unify_at(pattern, a, subst, fuel),
            (Ty::Tuple(_) | Ty::Unknown | Ty::Never, _) => {}
        }
    }

    fn unify_bound(&self, bound: &Bound, actual: &Ty, subst: &mut Subst, fuel: usize) {
        let n = names();
        let (trait_, args) = bound;
        let Some(last) = args.last() else { return };
        if *trait_ == n.fn_ || *trait_ == n.fn_mut || *trait_ == n.fn_once {
            self.unify_at(last, &self.output(actual), subst, fuel);
        } else if *trait_ == n.async_fn || *trait_ == n.async_fn_mut || *trait_ == n.async_fn_once {
            let out = self.awaited(&self.output(actual));
            self.unify_at(last, &out, subst, fuel);
        } else if *trait_ == n.future || *trait_ == n.into_future {
            self.unify_at(last, &self.awaited(actual), subst, fuel);
        } else if *trait_ == n.iterator || *trait_ == n.into_iterator {
            self.unify_at(last, &self.item(actual), subst, fuel);
        } else if self.traits.contains_key(trait_) {
            // The impl says what the trait's own arguments are.
            if let Some((impl_, own)) = self.impl_for(actual, *trait_)
                && let Some((_, actual_args)) = &self.impls[impl_].trait_
            {
                for (p, a) in args.iter().zip(actual_args.iter()) {
                    let a = self.subst(a, &own);
                    if !a.has_params() {
                        self.unify_at(p, &a, subst, fuel);
                    }
                }
            }
        }
    }

    /// Whether `pattern`, the self type of an impl, can be `actual`; what its parameters are then. References on either
    /// side are looked through, as methods do.
    pub fn matches(&self, pattern: &Ty, actual: &Ty) -> Option<Subst> {
        let mut subst = Subst::default();
        self.matches_at(pattern.peel_refs(), actual.peel_refs(), &mut subst, 8).then_some(subst)
    }

    fn matches_at(&self, pattern: &Ty, actual: &Ty, subst: &mut Subst, fuel: usize) -> bool {
        if fuel == 0 {
            return true;
        }
        let all = |p: &[Ty], a: &[Ty], subst: &mut Subst| {
            p.iter().zip(a).all(|(p, a)| self.matches_at(p, a, subst, fuel - 1))
        };
        match (pattern, actual) {
            (_, Ty::Unknown) | (Ty::Unknown, _) => true,
            (Ty::Param(name, _), _) => match subst.get(name) {
                Some(known) => !known.is_known() || known == actual || !actual.is_whole(),
                None => {
                    subst.insert(*name, actual.clone());
                    true
                }
            },
            (Ty::Ref(_, p), Ty::Ref(_, a)) => self.matches_at(p, a, subst, fuel - 1),
            (Ty::Adt(p, x), Ty::Adt(a, y)) => p == a && all(x, y, subst),
            (Ty::Tuple(x), Ty::Tuple(y)) => x.len() == y.len() && all(x, y, subst),
            (Ty::Slice(p), Ty::Slice(a)) => self.matches_at(p, a, subst, fuel - 1),
            (Ty::Future(p), Ty::Future(a)) | (Ty::Fn(_, p), Ty::Fn(_, a)) => self.matches_at(p, a, subst, fuel - 1),
            (Ty::Dyn(x), Ty::Dyn(y)) => x.first().map(|b| b.0) == y.first().map(|b| b.0),
            // A parameter of the caller may be anything that its bounds allow: not this one type.
            (_, Ty::Param(..)) => false,
            (
                Ty::Adt(..)
                | Ty::Ref(..)
                | Ty::Tuple(_)
                | Ty::Slice(_)
                | Ty::Future(_)
                | Ty::Fn(..)
                | Ty::Dyn(_)
                | Ty::Never,
                _,
            ) => false,
        }
    }

    /// One step of dereference, as the language and the packs know it.
    pub fn deref(&self, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Ref(_, inner) => Some((**inner).clone()),
            Ty::Adt(path, args) => {
                if let Some(def) = self.adts.get(path) {
                    return self.deref_adt(ty, *path, args, def);
                }
                let n = names();
                let row = self.know.catalog.type_row(*path);
                match row.and_then(|r| r.deref.as_ref()) {
                    Some(expr) => Some(Eval::of(self, ty).ty(expr)).filter(|t| t != ty),
                    None if *path == n.boxed || *path == n.arc || *path == n.rc => args.first().cloned(),
                    None if *path == n.vec => Some(Ty::Slice(Arc::new(args.first().cloned().unwrap_or_default()))),
                    None if *path == n.string => Some(Ty::name(n.str_)),
                    None => self.deref_impl(ty, *path),
                }
            }
            Ty::Param(_, bounds) => {
                let n = names();
                bounds.iter().find(|b| b.0 == n.deref).and_then(|b| b.1.last().cloned())
            }
            Ty::Unknown | Ty::Tuple(_) | Ty::Slice(_) | Ty::Dyn(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => None,
        }
    }

    fn deref_adt(&self, ty: &Ty, path: Symbol, args: &[Ty], def: &super::tables::AdtDef) -> Option<Ty> {
        if let Some(target) = self.deref_impl(ty, path) {
            return Some(target);
        }
        let field = def.deref_field?;
        let (_, field_ty) = def.fields.iter().find(|f| f.0 == field)?;
        Some(self.subst(field_ty, &adt_subst(def, args)))
    }

    fn deref_impl(&self, ty: &Ty, path: Symbol) -> Option<Ty> {
        let n = names();
        self.by_head.get(&path)?.iter().find_map(|&i| {
            let def = &self.impls[i];
            if def.trait_.as_ref().is_none_or(|t| t.0 != n.deref) {
                return None;
            }
            let subst = self.matches(&def.self_ty, ty)?;
            let target = self.impl_assoc(i, n.target)?;
            Some(self.subst(&target, &subst)).filter(|t| t != ty)
        })
    }

    /// The type, then what it dereferences to, step by step.
    pub fn deref_chain(&self, ty: &Ty) -> Vec<Ty> {
        let mut chain = vec![ty.clone()];
        while chain.len() <= DEREF_STEPS {
            let last = &chain[chain.len() - 1];
            match self.deref(last) {
                Some(next) if !chain.contains(&next) => {
                    let known = next.is_known();
                    chain.push(next);
                    if !known {
                        break;
                    }
                }
                _ => break,
            }
        }
        chain
    }

    /// What awaiting a value gives.
    pub fn awaited(&self, ty: &Ty) -> Ty {
        let n = names();
        match ty {
            Ty::Future(out) => (**out).clone(),
            Ty::Ref(_, inner) => self.awaited(inner),
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                let found = bounds.iter().find(|b| b.0 == n.future || b.0 == n.into_future);
                found.and_then(|b| b.1.last().cloned()).unwrap_or_default()
            }
            Ty::Adt(path, args) => {
                if let Some(expr) = self.know.catalog.type_row(*path).and_then(|r| r.awaits.as_ref()) {
                    return Eval::of(self, ty).ty(expr);
                }
                if *path == n.boxed {
                    return args.first().map(|t| self.awaited(t)).unwrap_or_default();
                }
                for trait_ in [n.future, n.into_future] {
                    if let Some((impl_, subst)) = self.impl_for(ty, trait_)
                        && let Some(out) = self.impl_assoc(impl_, n.output)
                    {
                        return self.subst(&out, &subst);
                    }
                }
                Ty::Unknown
            }
            Ty::Unknown | Ty::Tuple(_) | Ty::Slice(_) | Ty::Fn(..) | Ty::Never => Ty::Unknown,
        }
    }

    /// What calling a value gives.
    pub fn output(&self, ty: &Ty) -> Ty {
        let n = names();
        match ty {
            Ty::Fn(_, ret) => (**ret).clone(),
            Ty::Ref(_, inner) => self.output(inner),
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                for (path, args) in self.with_supers(bounds).iter() {
                    let last = || args.last().cloned().unwrap_or_default();
                    if *path == n.fn_ || *path == n.fn_mut || *path == n.fn_once {
                        return last();
                    }
                    if *path == n.async_fn || *path == n.async_fn_mut || *path == n.async_fn_once {
                        return Ty::future(last());
                    }
                }
                Ty::Unknown
            }
            Ty::Adt(path, args) if *path == n.boxed || *path == n.arc || *path == n.rc => {
                args.first().map(|t| self.output(t)).unwrap_or_default()
            }
            Ty::Adt(..) | Ty::Unknown | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Never => Ty::Unknown,
        }
    }

    /// Whether it is a `Box`, the one type that a value is moved out of through `*`.
    pub fn is_boxed(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Adt(path, _) if *path == names().boxed)
    }

    /// Types of the parameters that a closure given for this type gets.
    pub fn closure_params(&self, ty: &Ty) -> Option<Vec<Ty>> {
        let n = names();
        match ty {
            Ty::Ref(_, inner) => self.closure_params(inner),
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => self.with_supers(bounds).into_iter().find_map(|(path, args)| {
                let is_fn = [n.fn_, n.fn_mut, n.fn_once, n.async_fn, n.async_fn_mut, n.async_fn_once].contains(&path);
                match args.first() {
                    Some(Ty::Tuple(params)) if is_fn => Some(params.to_vec()),
                    // A library's name for such a bound: `AsyncFunc<&mut Conn, Result<R, E>>`.
                    Some(_) if !is_fn && self.stands_for_fn(path) => Some(args.to_vec()),
                    _ => None,
                }
            }),
            Ty::Adt(path, args) if *path == n.boxed || *path == n.arc || *path == n.rc || *path == n.option => {
                args.first().and_then(|t| self.closure_params(t))
            }
            Ty::Adt(..) | Ty::Unknown | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => None,
        }
    }

    /// A trait of another crate that is named for being called.
    fn stands_for_fn(&self, path: Symbol) -> bool {
        let last = self.know.last(path);
        !self.traits.contains_key(&path) && (last.as_str().contains("Func") || last.as_str().contains("Fn"))
    }

    /// What `?` takes out.
    pub fn payload(&self, ty: &Ty) -> Ty {
        let n = names();
        match ty {
            Ty::Adt(path, args) if *path == n.option || *path == n.result => args.first().cloned().unwrap_or_default(),
            Ty::Adt(path, args) if path.as_str() == "std::task::Poll" => args
                .first()
                .map(|t| if t.head() == Some(n.result) { self.payload(t) } else { t.clone() })
                .unwrap_or_default(),
            Ty::Ref(m, inner) => match self.payload(inner) {
                Ty::Unknown => Ty::Unknown,
                found @ Ty::Ref(..) => found,
                found => Ty::reference(*m, found),
            },
            // `try_join!(…)?`: the payloads of all.
            Ty::Tuple(items)
                if !items.is_empty() && items.iter().all(|t| !t.is_known() || t.head() == Some(n.result)) =>
            {
                Ty::Tuple(items.iter().map(|t| self.payload(t)).collect())
            }
            Ty::Adt(..)
            | Ty::Unknown
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Fn(..)
            | Ty::Never => Ty::Unknown,
        }
    }

    /// What indexing, iterating or streaming gives. Through a reference the item is a reference.
    pub fn item(&self, ty: &Ty) -> Ty {
        self.item_at(ty, DEREF_STEPS)
    }

    fn item_at(&self, ty: &Ty, fuel: usize) -> Ty {
        let n = names();
        if fuel == 0 {
            return Ty::Unknown;
        }
        match ty {
            Ty::Slice(inner) => (**inner).clone(),
            Ty::Ref(m, inner) => match self.item_at(inner, fuel - 1) {
                Ty::Unknown => Ty::Unknown,
                found @ Ty::Ref(..) => found,
                found => match &**inner {
                    // `&mut iterator` still gives what the iterator gives.
                    Ty::Adt(path, _) if !self.is_collection(*path) => found,
                    Ty::Param(..) | Ty::Dyn(_) => found,
                    _ => Ty::reference(*m, found),
                },
            },
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                let found = bounds.iter().find(|b| b.0 == n.iterator || b.0 == n.into_iterator);
                let found =
                    found.or_else(|| bounds.iter().find(|b| b.1.len() == 1 && self.closure_like(b.0).is_none()));
                found.and_then(|b| b.1.last().cloned()).unwrap_or_default()
            }
            Ty::Adt(path, args) => {
                if let Some(expr) = self.know.catalog.type_row(*path).and_then(|r| r.item.as_ref()) {
                    return Eval::of(self, ty).ty(expr);
                }
                if *path == n.vec || *path == n.option || *path == n.generator {
                    return args.first().cloned().unwrap_or_default();
                }
                if *path == n.hash_map || *path == n.btree_map {
                    return args.get(1).cloned().unwrap_or_default();
                }
                for trait_ in [n.iterator, n.into_iterator] {
                    if let Some((impl_, subst)) = self.impl_for(ty, trait_)
                        && let Some(out) = self.impl_assoc(impl_, n.item)
                    {
                        return self.subst(&out, &subst);
                    }
                }
                self.deref(ty).map(|t| self.item_at(&t, fuel - 1)).unwrap_or_default()
            }
            Ty::Unknown | Ty::Tuple(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => Ty::Unknown,
        }
    }

    fn is_collection(&self, path: Symbol) -> bool {
        let n = names();
        !(self.know.applies(n.iterator, path)
            && self.know.catalog.type_row(path).is_some_and(|r| r.implements.contains(&n.iterator)))
    }

    fn closure_like(&self, trait_: Symbol) -> Option<()> {
        let n = names();
        [n.fn_, n.fn_mut, n.fn_once, n.async_fn, n.async_fn_mut, n.async_fn_once, n.future, n.deref]
            .contains(&trait_)
            .then_some(())
    }

    /// A field, through dereferences. Tells whether a reference was crossed.
    pub fn field(&self, ty: &Ty, name: Symbol) -> Option<(Ty, bool)> {
        let mut at = ty.clone();
        let mut by_ref = false;
        for _ in 0..=DEREF_STEPS {
            match &at {
                Ty::Tuple(items) => {
                    return name
                        .as_str()
                        .parse::<usize>()
                        .ok()
                        .and_then(|i| items.get(i).cloned())
                        .map(|t| (t, by_ref));
                }
                Ty::Adt(path, args) => {
                    if let Some(def) = self.adts.get(path)
                        && let Some((_, field)) = def.fields.iter().find(|f| f.0 == name)
                    {
                        return Some((self.subst(field, &adt_subst(def, args)), by_ref));
                    }
                    // A tuple-struct wrapper of a library: `.0` is what it passes through to.
                    if name == names().zero
                        && let Some(row) = self.know.catalog.type_row(*path)
                        && row.kind == Kind::Wrapper
                        && let Some(deref) = &row.deref
                    {
                        return Some((Eval::of(self, &at).ty(deref), by_ref));
                    }
                }
                Ty::Ref(..) => by_ref = true,
                Ty::Unknown | Ty::Slice(_) | Ty::Param(..) | Ty::Dyn(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => {}
            }
            at = match self.deref(&at) {
                Some(next) => next,
                None => {
                    let inner = self.wrapped(&at)?.clone();
                    by_ref = true;
                    inner
                }
            };
        }
        None
    }

    /// An associated type of an impl, in the impl's own parameters.
    pub fn impl_assoc(&self, impl_: ImplIdx, name: Symbol) -> Option<Ty> {
        let def = &self.impls[impl_];
        let (written, cell) = def.assoc.get(&name)?;
        if let Some(done) = cell.get() {
            return Some(done.clone());
        }
        // `type O = <Self as T>::O` and longer circles end here.
        let key = (impl_, name);
        if PROJECTING.with(|p| p.borrow().contains(&key) || p.borrow().len() > 16) {
            return None;
        }
        PROJECTING.with(|p| p.borrow_mut().push(key));
        // `impl_` is left out of the scope: `type A = Self::B` goes through the look-up of any associated type.
        let scope = Scope {
            module: def.module,
            params: def.param_types.clone(),
            self_ty: Some(def.self_ty.clone()),
            impl_: None,
        };
        let ty = self.lower(written, &scope);
        let outermost = PROJECTING.with(|p| {
            p.borrow_mut().pop();
            p.borrow().is_empty()
        });
        if outermost || ty.is_whole() {
            let _ = cell.set(ty.clone());
        }
        Some(ty)
    }

    /// `<base as via>::name`.
    pub fn project(&self, base: &Ty, via: Option<Symbol>, name: Symbol, scope: Option<&Scope>) -> Ty {
        let base = base.peel_refs();
        match base {
            Ty::Param(param, bounds) => {
                if let (Some(scope), true) = (scope, *param == names().self_type)
                    && let Some(impl_) = scope.impl_
                    && let Some(ty) = self.impl_assoc(impl_, name)
                {
                    return ty;
                }
                match self.said_of(bounds, via, name) {
                    Some(Ok(ty)) => return ty,
                    Some(Err(bounds)) => return Ty::Param(self.know.join(*param, name), bounds),
                    None => {}
                }
                Ty::Param(self.know.join(*param, name), List::default())
            }
            Ty::Unknown | Ty::Never => Ty::Unknown,
            Ty::Dyn(bounds) => match self.said_of(bounds, via, name) {
                Some(Ok(ty)) => ty,
                Some(Err(_)) | None => self.project_known(base, via, name),
            },
            Ty::Adt(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Ref(..) => {
                self.project_known(base, via, name)
            }
        }
    }

    /// What bounds say of an associated type: the type that it is bound to, or what it is bounded by.
    fn said_of(&self, bounds: &[Bound], via: Option<Symbol>, name: Symbol) -> Option<Result<Ty, List<Bound>>> {
        let all = self.with_supers(bounds);
        all.iter().filter(|(trait_, _)| via.is_none_or(|v| v == *trait_)).find_map(|(trait_, args)| {
            match self.traits.get(trait_) {
                Some(def) => def.assoc.get(&name).map(|(bounds, _)| {
                    // A binding in the bound (`Iterator<Item = T>`) stands after the trait's own arguments.
                    let bound = def.assoc.len() == 1 && args.len() == def.params.len() + 1;
                    args.last().filter(|_| bound).cloned().ok_or_else(|| bounds.clone())
                }),
                None => {
                    let only = args.len() == 1 && self.closure_like(*trait_).is_none();
                    only.then(|| Ok(args[0].clone()))
                }
            }
        })
    }

    fn project_known(&self, base: &Ty, via: Option<Symbol>, name: Symbol) -> Ty {
        if let Some(key) = head_key(base) {
            for &impl_ in self.by_head.get(&key).into_iter().flatten() {
                let def = &self.impls[impl_];
                let right_trait = via.is_none_or(|v| def.trait_.as_ref().is_some_and(|t| t.0 == v));
                if right_trait
                    && def.assoc.contains_key(&name)
                    && let Some(subst) = self.matches(&def.self_ty, base)
                    && let Some(ty) = self.impl_assoc(impl_, name)
                {
                    return self.subst(&ty, &subst);
                }
            }
            if let Ty::Adt(path, args) = base
                && let Some(expr) = self.know.catalog.assoc(*path, name)
            {
                let eval = Eval { args, ..Eval::of(self, base) };
                return eval.ty(expr);
            }
        }
        if let Some(via) = via {
            // A blanket impl of the trait.
            if let Some((impl_, subst)) = self.impl_for(base, via)
                && let Some(ty) = self.impl_assoc(impl_, name)
            {
                return self.subst(&ty, &subst);
            }
            if let Some((_, Some(default))) = self.traits.get(&via).and_then(|t| t.assoc.get(&name)) {
                return default.clone();
            }
        }
        match name.as_str() {
            "Output" => self.awaited(base),
            "Item" => self.item(base),
            "Target" => self.deref(base).unwrap_or_default(),
            _ => Ty::Unknown,
        }
    }

    /// The impl of a trait for a type, with what the impl's parameters are. Real impls come before blanket ones, plain code
    /// before test code.
    pub fn impl_for(&self, ty: &Ty, trait_: Symbol) -> Option<(ImplIdx, Subst)> {
        let ty = ty.peel_refs();
        let candidates = head_key(ty).filter(|k| *k != names().any_key).and_then(|k| self.by_head.get(&k));
        let fits = |impl_: &ImplIdx| {
            let def = &self.impls[*impl_];
            let right = def.trait_.as_ref().is_some_and(|t| t.0 == trait_);
            right.then(|| self.matches(&def.self_ty, ty)).flatten().map(|s| (*impl_, s))
        };
        let list = candidates.map_or(&[][..], Vec::as_slice);
        let plain = list.iter().filter(|i| !self.impls[**i].is_test).find_map(fits);
        let direct = plain.or_else(|| list.iter().filter(|i| self.impls[**i].is_test).find_map(fits));
        direct.or_else(|| {
            self.blanket.get(&trait_)?.iter().find_map(|impl_| {
                let def = &self.impls[*impl_];
                let Ty::Param(name, bounds) = def.self_ty.peel_refs() else { return None };
                let ok = bounds.iter().all(|b| self.satisfies(ty, b.0, 3));
                ok.then(|| (*impl_, Subst::from_iter([(*name, ty.clone())])))
            })
        })
    }

    /// Whether a type may satisfy a bound. What cannot be known is taken as yes for traits outside the workspace.
    pub fn satisfies(&self, ty: &Ty, trait_: Symbol, fuel: usize) -> bool {
        if fuel == 0 {
            return true;
        }
        match ty.peel_refs() {
            Ty::Unknown => false,
            Ty::Param(_, bounds) | Ty::Dyn(bounds) if self.with_supers(bounds).iter().any(|b| b.0 == trait_) => true,
            // What can be called is a function, a closure, or a box of one.
            ty if super::std_names::is_function(trait_) => match ty {
                Ty::Adt(path, args) if *path == names().boxed => {
                    args.first().is_none_or(|inner| self.satisfies(inner, trait_, fuel - 1))
                }
                Ty::Fn(..) => true,
                _ => false,
            },
            ty => {
                let list = head_key(ty).and_then(|k| self.by_head.get(&k)).map_or(&[][..], Vec::as_slice);
                let direct = list.iter().any(|i| {
                    let def = &self.impls[*i];
                    def.trait_.as_ref().is_some_and(|t| t.0 == trait_) && self.matches(&def.self_ty, ty).is_some()
                });
                if direct {
                    return true;
                }
                let blanket = self.blanket.get(&trait_).map_or(&[][..], Vec::as_slice);
                let blanket = blanket.iter().any(|i| match self.impls[*i].self_ty.peel_refs() {
                    Ty::Param(_, bounds) => bounds.iter().all(|b| self.satisfies(ty, b.0, fuel - 1)),
                    _ => false,
                });
                if blanket {
                    return true;
                }
                if self.traits.contains_key(&trait_) {
                    return false;
                }
                match (ty, self.know.catalog.trait_row(trait_)) {
                    (Ty::Adt(path, _), Some(_)) => self.know.applies(trait_, *path),
                    (_, Some(_)) => false,
                    // `Clone`, `Debug`, a trait of a crate that no pack describes.
                    (_, None) => true,
                }
            }
        }
    }
}

/// What the parameters of a type definition are, for given arguments.
pub fn adt_subst(def: &super::tables::AdtDef, args: &[Ty]) -> Subst {
    let pairs = def.params.iter().enumerate();
    pairs
        .map(|(i, (name, default))| (*name, args.get(i).cloned().or_else(|| default.clone()).unwrap_or_default()))
        .collect()
}
