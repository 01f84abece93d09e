//! Which function a method call or an associated path reaches.
//!
//! Order at each step of the dereference chain: the workspace's own impls on the type, the pack's rows on it, workspace traits
//! that it implements (blanket impls and default methods too), rows that a derive made, pack traits that apply to it. Then the
//! next step. Extension traits for any value come last, and after them impls that only pass on.
//!
//! **Invariants:** a name alone decides nothing: without a type there is no answer but why; of several impls the one whose
//! self type matches is taken, plain code before test code.

use super::FnIdx;
use super::modules::ModIdx;
use super::std_names::{is_function, names};
use super::tables::{ImplIdx, Tables, head_key};
use super::ty::{Bound, Subst, Ty};
use crate::base::Symbol;
use crate::pack::{FnRow, Kind};
use std::sync::Arc;

/// What a call reaches, with what is needed to type it.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// A row, and the type on which it was found.
    Row(&'a FnRow, Ty),
    /// One function of the workspace.
    Local {
        /// Its index; the signature is its own.
        f: FnIdx,
        /// What the parameters around it (impl, `Self`) stand for.
        subst: Subst,
        /// The type on which it was found.
        self_ty: Ty,
    },
    /// What may run behind a trait.
    Union {
        /// The declaration, whose signature counts.
        decl: FnIdx,
        /// The functions.
        fns: Arc<[FnIdx]>,
        /// Cut at the cap.
        cut: bool,
        /// What `Self` and the trait's parameters stand for.
        subst: Subst,
        /// The receiver.
        self_ty: Ty,
    },
    /// Outside, without a row.
    Extern(Symbol, Ty),
    /// Not known, and why.
    None(&'static str),
}

impl Tables {
    /// The method `name` of a receiver, as code in a module sees it. `args` are all arguments, the receiver included.
    pub fn find_method(&self, module: ModIdx, receiver: &Ty, name: Symbol, args: &[Ty]) -> Found<'_> {
        if !receiver.is_known() {
            if let Some(found) = self.by_arguments(module, name, args) {
                return found;
            }
            return match name.as_str() {
                "to_string" => Found::Extern(self.know.join(names().to_string, name), Ty::name(names().string)),
                _ => Found::None("the receiver's type is not known"),
            };
        }
        let chain = self.deref_chain(receiver.peel_refs());
        let mut passing = None;
        for ty in chain.iter().filter(|t| !matches!(t, Ty::Ref(..))) {
            if let Some(found) = self.find_on(module, ty, name, None, &mut passing) {
                return found;
            }
        }
        if let Some(found) = self.any_value_row(module, receiver, name) {
            return found;
        }
        if let Some(found) = passing {
            return found;
        }
        if let Some(found) = self.by_arguments(module, name, args) {
            return found;
        }
        if name == "clone" || name == "to_owned" {
            return Found::Extern(self.know.join(names().clone, name), receiver.peel_refs().clone());
        }
        if name == "to_string" {
            return Found::Extern(self.know.join(names().to_string, name), Ty::name(names().string));
        }
        // `Json<T>::into_inner` and the like: what a library's wrapper holds.
        if let Some(Ty::Adt(path, args)) = chain.first()
            && name == "into_inner"
            && args.len() == 1
            && !self.is_local_path(*path)
        {
            return Found::Extern(self.know.join(*path, name), chain[0].clone());
        }
        // A wrapper of a crate that no pack describes, around one type of ours that has the method: it dereferences to that.
        if let Some(inner) = chain.last().and_then(|ty| self.wrapped(ty))
            && let found @ (Found::Local { .. } | Found::Union { .. }) = self.find_method(module, inner, name, args)
        {
            return found;
        }
        // What the innermost type does is its crate's business; wrappers around a type of ours, or an unknown one, say nothing.
        match chain.last().and_then(|ty| self.outside_of(ty).map(|path| (path, ty.clone()))) {
            Some((path, ty)) => Found::Extern(self.know.join(path, name), ty),
            None => Found::None(self.why_not(chain.last().unwrap_or(receiver))),
        }
    }

    /// What a generic type of an unknown crate holds, if that is one type of this workspace.
    pub fn wrapped<'t>(&self, ty: &'t Ty) -> Option<&'t Ty> {
        let Ty::Adt(path, args) = ty else { return None };
        let [inner] = &**args else { return None };
        let unknown = !self.is_local_path(*path)
            && self.know.catalog.type_row(*path).is_none()
            && !path.as_str().starts_with("std::");
        let ours = self.deref_chain(inner).iter().any(|t| match t {
            Ty::Adt(path, _) => self.adts.contains_key(path),
            Ty::Dyn(bounds) | Ty::Param(_, bounds) => bounds.iter().any(|b| self.traits.contains_key(&b.0)),
            _ => false,
        });
        (unknown && ours).then_some(inner)
    }

    fn why_not(&self, ty: &Ty) -> &'static str {
        match ty {
            Ty::Unknown => "the receiver dereferences to an unknown type",
            Ty::Adt(path, _) if self.adts.get(path).is_some_and(|d| !d.derives.is_empty()) => {
                "no such method is seen: a macro may make it"
            }
            Ty::Adt(..) => "no such method is seen on the type",
            Ty::Param(_, bounds) if bounds.is_empty() => "the receiver is a type parameter without bounds",
            Ty::Param(..) | Ty::Dyn(_) => "no bound of the receiver has such a method",
            Ty::Future(_) => "no such method is known for futures",
            Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Fn(..) | Ty::Never => {
                "no such method is known for this sort of type"
            }
        }
    }

    /// The path of a type or trait of another crate.
    fn outside_of(&self, ty: &Ty) -> Option<Symbol> {
        match ty {
            Ty::Adt(path, _) if !self.is_local_path(*path) => Some(*path),
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                bounds.iter().map(|b| b.0).find(|p| !self.is_local_path(*p) && !p.as_str().starts_with("std::"))
            }
            Ty::Slice(_) => Some(names().slice),
            Ty::Future(_) => Some(names().future),
            Ty::Adt(..) | Ty::Unknown | Ty::Ref(..) | Ty::Tuple(_) | Ty::Fn(..) | Ty::Never => None,
        }
    }

    /// Whether a path is of this workspace.
    pub fn is_local_path(&self, path: Symbol) -> bool {
        if self.adts.contains_key(&path) || self.traits.contains_key(&path) {
            return true;
        }
        self.prefixes.contains(&self.know.root(path))
    }

    /// A function `name` on exactly this type. `args` choose among impls of one trait with different parameters
    /// (`From<A>`, `From<B>`).
    pub fn find_on<'a>(
        &'a self,
        module: ModIdx,
        ty: &Ty,
        name: Symbol,
        args: Option<&[Ty]>,
        passing: &mut Option<Found<'a>>,
    ) -> Option<Found<'a>> {
        match ty {
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => self.find_bound(ty, bounds, name),
            Ty::Unknown | Ty::Never => None,
            Ty::Ref(_, inner) => self.find_on(module, inner, name, args, passing),
            Ty::Adt(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) => {
                self.find_known(module, ty, name, args, passing)
            }
        }
    }

    fn find_known<'a>(
        &'a self,
        module: ModIdx,
        ty: &Ty,
        name: Symbol,
        args: Option<&[Ty]>,
        passing: &mut Option<Found<'a>>,
    ) -> Option<Found<'a>> {
        let n = names();
        let key = head_key(ty)?;
        if let Some(list) = self.methods.get(&(key, name))
            && let Some((impl_, f, subst)) = self.choose(list, ty, args)
        {
            let local = Found::Local { f, subst, self_ty: ty.clone() };
            if !self.delegates(impl_) {
                return Some(local);
            }
            passing.get_or_insert(local);
        }
        let head = match ty {
            Ty::Adt(path, _) => *path,
            Ty::Future(_) => n.future,
            Ty::Slice(_) => n.slice,
            _ => key,
        };
        if let Some(row) = self.know.method(head, name) {
            return Some(Found::Row(row, ty.clone()));
        }
        // An array literal may be the inside of a `vec!`.
        if let (Ty::Slice(item), Some(row)) = (ty, self.know.method(n.vec, name)) {
            return Some(Found::Row(row, Ty::adt(n.vec, vec![(**item).clone()])));
        }
        for &trait_ in self.traits_with.get(&name).into_iter().flatten() {
            if let Some((impl_, mut subst)) = self.impl_for(ty, trait_).filter(|(i, _)| !self.delegates(*i)) {
                let def = &self.impls[impl_];
                let f = def.methods.get(&name).copied();
                let f = f.unwrap_or_else(|| {
                    let decl = &self.traits[&trait_];
                    if let Some((_, own)) = &def.trait_ {
                        let own: Vec<Ty> = own.iter().map(|t| self.subst(t, &subst)).collect();
                        subst.extend(decl.params.iter().copied().zip(own));
                    }
                    subst.insert(n.self_type, ty.clone());
                    decl.methods[&name]
                });
                return Some(Found::Local { f, subst, self_ty: ty.clone() });
            }
        }
        if let Some(def) = self.adts.get(&head) {
            for derive in &def.derives {
                if let Some(row) = self.know.catalog.derive_fn(*derive, name.as_str()) {
                    return Some(Found::Row(row, ty.clone()));
                }
            }
        }
        self.trait_row(module, ty, head, name)
    }

    /// A pack trait that applies to the type, extension traits for any value left out. The trait must be in scope, or be of
    /// the type's own crate: what a trait may be says its kind only, and every library has its guards.
    fn trait_row(&self, module: ModIdx, ty: &Ty, head: Symbol, name: Symbol) -> Option<Found<'_>> {
        let rows = self.know.trait_methods(name);
        if rows.is_empty() {
            return None;
        }
        let local = self.adts.contains_key(&head);
        let root = |p: Symbol| p.as_str().split("::").next().unwrap_or("");
        let mut own_crate = None;
        for (trait_, path) in rows {
            let applies = if local {
                self.impl_for(ty, *trait_).is_some() || self.implements_base(ty, *trait_)
            } else if head == names().generator {
                self.know.streams.iter().any(|s| self.know.applies(*trait_, *s))
            } else {
                self.know.applies(*trait_, head)
            };
            if !applies || self.know.for_any(*trait_) {
                continue;
            }
            let Some(row) = self.know.catalog.fn_row(*path) else { continue };
            if self.names().trait_in_scope(module, *trait_) {
                return Some(Found::Row(row, ty.clone()));
            }
            let of_ours = local || root(*trait_) == root(head) || self.arguments_of(ty, root(*trait_));
            if own_crate.is_none() && of_ours {
                own_crate = Some(row);
            }
        }
        own_crate.map(|row| Found::Row(row, ty.clone()))
    }

    /// Whether a type argument (a pool's manager) is of that crate.
    fn arguments_of(&self, ty: &Ty, root: &str) -> bool {
        ty.args().iter().filter_map(Ty::head).any(|p| p.as_str().split("::").next() == Some(root))
    }

    /// Whether a workspace type implements a trait for whose implementors an extension trait exists.
    fn implements_base(&self, ty: &Ty, trait_: Symbol) -> bool {
        let row = self.know.catalog.trait_row(trait_);
        row.is_some_and(|r| r.applies_to.iter().any(|base| *base != "*" && self.impl_for(ty, *base).is_some()))
    }

    /// An extension trait for any value that is in scope.
    fn any_value_row(&self, module: ModIdx, receiver: &Ty, name: Symbol) -> Option<Found<'_>> {
        self.know.trait_methods(name).iter().find_map(|(trait_, path)| {
            let any = self.know.for_any(*trait_);
            let row = self.know.catalog.fn_row(*path).filter(|_| any)?;
            self.names().trait_in_scope(module, *trait_).then(|| Found::Row(row, receiver.peel_refs().clone()))
        })
    }

    /// A receiver of unknown type, most often a query that macros built: what an argument is, and which traits are in scope,
    /// may still tell. A connection given to `name` where a library of that connection has a function `name` that takes one
    /// is that function; a trait of std for any value applies to this one.
    fn by_arguments(&self, module: ModIdx, name: Symbol, args: &[Ty]) -> Option<Found<'_>> {
        let receiver = || args.first().map(|t| t.peel_refs().clone()).unwrap_or_default();
        for (path, owner, is_trait, conn) in self.know.talkers(name) {
            let Some(conn) = args.get(*conn).filter(|t| self.is_connection(t)) else { continue };
            let fits = match is_trait {
                true => self.names().trait_in_scope(module, *owner),
                false => self.crates_of(conn).contains(&self.know.root(*owner)),
            };
            if fits && let Some(row) = self.know.catalog.fn_row(*path) {
                return Some(Found::Row(row, receiver()));
            }
        }
        self.know.trait_methods(name).iter().find_map(|(trait_, path)| {
            let fits = trait_.as_str().starts_with("std::") && self.know.for_any(*trait_);
            let row = self.know.catalog.fn_row(*path).filter(|_| fits)?;
            self.names().trait_in_scope(module, *trait_).then(|| Found::Row(row, receiver()))
        })
    }

    /// Whether a value can be talked over: a pool, a connection or a bound that says so, behind whatever derefs to it, or a
    /// house type that holds one (a macro of the house unpacks it).
    fn is_connection(&self, ty: &Ty) -> bool {
        self.deref_chain(ty).iter().any(|t| self.holds_connection(t, 4))
    }

    fn holds_connection(&self, ty: &Ty, fuel: usize) -> bool {
        let wanted = |k: Kind| matches!(k, Kind::Pool | Kind::Guard | Kind::Conn | Kind::Tx);
        if fuel == 0 {
            return false;
        }
        match ty {
            Ty::Adt(path, args) => match (self.adts.get(path), self.know.catalog.type_row(*path)) {
                (Some(def), _) => {
                    let fields = def.fields.iter().chain(def.variants.iter().flat_map(|v| v.1.iter()));
                    fields.take(12).any(|f| self.holds_connection(&f.1, fuel - 1))
                }
                (None, Some(row)) if wanted(row.kind) => true,
                (None, _) => args.iter().any(|a| self.holds_connection(a, fuel - 1)),
            },
            Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                let bounds = self.with_supers(bounds);
                bounds
                    .iter()
                    .any(|b| self.know.catalog.trait_row(b.0).is_some_and(|r| r.may_be.iter().any(|k| wanted(*k))))
            }
            Ty::Ref(_, inner) => self.holds_connection(inner, fuel),
            Ty::Unknown | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => false,
        }
    }

    /// Lib names of the crates of a type and of what it dereferences to.
    fn crates_of(&self, ty: &Ty) -> Vec<Symbol> {
        let mut list = Vec::new();
        for step in &self.deref_chain(ty) {
            match step {
                Ty::Adt(path, _) => list.push(self.know.root(*path)),
                Ty::Param(_, bounds) | Ty::Dyn(bounds) => {
                    list.extend(self.with_supers(bounds).iter().map(|b| self.know.root(b.0)))
                }
                Ty::Unknown | Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => {}
            }
        }
        list
    }

    fn find_bound(&self, ty: &Ty, bounds: &[Bound], name: Symbol) -> Option<Found<'_>> {
        let all = self.with_supers(bounds);
        for (trait_, args) in &all {
            if let Some(def) = self.traits.get(trait_) {
                if let Some(&decl) = def.methods.get(&name) {
                    let (fns, cut) = self.unions.get(&(*trait_, name)).cloned().unwrap_or((Arc::from([decl]), false));
                    let mut subst: Subst = def.params.iter().copied().zip(args.iter().cloned()).collect();
                    subst.insert(names().self_type, ty.clone());
                    return Some(Found::Union { decl, fns, cut, subst, self_ty: ty.clone() });
                }
            } else if let Some(row) = self.know.method(*trait_, name) {
                return Some(Found::Row(row, ty.clone()));
            }
        }
        // `impl dyn Trait { … }`.
        if let Ty::Dyn(_) = ty
            && let Some(key) = head_key(ty)
            && let Some(list) = self.methods.get(&(key, name))
            && let Some((_, f, subst)) = self.choose(list, ty, None)
        {
            return Some(Found::Local { f, subst, self_ty: ty.clone() });
        }
        // Extension traits: of the workspace by blanket impl, of packs by what applies to the bound.
        for &trait_ in self.traits_with.get(&name).into_iter().flatten() {
            if let Some((impl_, subst)) = self.impl_for(ty, trait_) {
                let f = self.impls[impl_]
                    .methods
                    .get(&name)
                    .copied()
                    .unwrap_or_else(|| self.traits[&trait_].methods[&name]);
                return Some(Found::Local { f, subst, self_ty: ty.clone() });
            }
        }
        for (trait_, path) in self.know.trait_methods(name).iter() {
            let any = self.know.for_any(*trait_);
            if !any && all.iter().any(|(bound, _)| self.know.applies(*trait_, *bound)) {
                return Some(Found::Row(self.know.catalog.fn_row(*path)?, ty.clone()));
            }
        }
        None
    }

    /// The impl whose self type (and, for associated functions, whose first parameter) fits best.
    fn choose(&self, list: &[(ImplIdx, FnIdx)], ty: &Ty, args: Option<&[Ty]>) -> Option<(ImplIdx, FnIdx, Subst)> {
        let mut best: Option<([bool; 5], ImplIdx, FnIdx, Subst)> = None;
        for &(impl_, f) in list {
            let def = &self.impls[impl_];
            let Some(subst) = self.matches(&def.self_ty, ty) else { continue };
            let fits = match (args, self.fns[f].params.first()) {
                (Some([first, ..]), Some(param)) if first.is_known() => {
                    self.matches(param, first).is_some_and(|_| !matches!(param.peel_refs(), Ty::Param(..)))
                }
                _ => false,
            };
            let exact = !def.self_ty.has_params();
            let holds = exact || self.bounds_hold(impl_, &subst);
            if !holds && (self.delegates(impl_) || self.for_functions(impl_)) {
                continue;
            }
            let rank = [holds, !def.is_test && !self.fns[f].is_test, def.trait_.is_none(), fits, exact];
            if best.as_ref().is_none_or(|b| rank > b.0) {
                best = Some((rank, impl_, f, subst));
            }
        }
        best.map(|(_, impl_, f, subst)| (impl_, f, subst))
    }

    /// Whether what an impl's parameters stand for may satisfy their bounds.
    fn bounds_hold(&self, impl_: ImplIdx, subst: &Subst) -> bool {
        let params = &self.impls[impl_].param_types;
        subst.iter().all(|(name, ty)| match params.get(name) {
            Some(Ty::Param(_, bounds)) if ty.is_known() => bounds.iter().all(|b| self.satisfies(ty, b.0, 3)),
            _ => true,
        })
    }

    /// Whether an impl is for whatever can be called (`impl<F: Fn() -> C> Make for F`): what is no function never has it.
    fn for_functions(&self, impl_: ImplIdx) -> bool {
        matches!(&self.impls[impl_].self_ty, Ty::Param(_, bounds) if bounds.iter().any(|b| is_function(b.0)))
    }

    /// Whether an impl is for a wrapper of any type (`impl<T: Repo> Repo for Arc<T>`): what it wraps says more.
    fn delegates(&self, impl_: ImplIdx) -> bool {
        match &self.impls[impl_].self_ty {
            Ty::Adt(path, args) => {
                !self.adts.contains_key(path)
                    && args.iter().any(|a| matches!(a, Ty::Param(..) | Ty::Dyn(_)))
                    && self.impls[impl_].trait_.is_some()
            }
            Ty::Ref(_, inner) => matches!(**inner, Ty::Param(..)),
            _ => false,
        }
    }

    /// The associated function or method `name` of a type, called by path.
    pub fn find_assoc(&self, module: ModIdx, ty: &Ty, name: Symbol, args: &[Ty]) -> Found<'_> {
        let mut passing = None;
        if !ty.is_known() {
            return Found::None("the type in the path is not known");
        }
        if let Some(found) = self.find_on(module, ty, name, Some(args), &mut passing) {
            return found;
        }
        if let Some(found) = passing {
            return found;
        }
        // `Wrapper::method(&x)` reaches what the wrapper dereferences to.
        let takes_self = args.first().is_some_and(|a| a.peel_refs() == ty);
        if takes_self {
            return self.find_method(module, ty, name, args);
        }
        if let Some(found) = self.any_value_row(module, ty, name) {
            return found;
        }
        match self.outside_of(ty) {
            Some(path) => Found::Extern(self.know.join(path, name), ty.clone()),
            None => Found::None("no such function is seen on the type: a macro may make it"),
        }
    }

    /// `Trait::name(receiver, …)`.
    pub fn find_trait_fn(&self, module: ModIdx, trait_: Symbol, name: Symbol, receiver: Option<&Ty>) -> Found<'_> {
        let n = names();
        let Some(def) = self.traits.get(&trait_) else {
            return match self.know.method(trait_, name) {
                Some(row) => Found::Row(row, receiver.map(|r| r.peel_refs().clone()).unwrap_or_default()),
                None => match receiver {
                    Some(ty) if ty.is_known() => match self.find_method(module, ty, name, &[]) {
                        Found::None(_) => Found::Extern(self.know.join(trait_, name), Ty::Unknown),
                        found => found,
                    },
                    _ => Found::Extern(self.know.join(trait_, name), Ty::Unknown),
                },
            };
        };
        let Some(&decl) = def.methods.get(&name) else {
            return Found::None("the trait has no such function");
        };
        let mut subst = Subst::default();
        if let Some(ty) = receiver.filter(|t| t.is_known()) {
            for step in self.deref_chain(ty.peel_refs()) {
                if matches!(step, Ty::Param(..) | Ty::Dyn(_)) {
                    continue;
                }
                if let Some((impl_, mut subst)) = self.impl_for(&step, trait_) {
                    let f = self.impls[impl_].methods.get(&name).copied().unwrap_or(decl);
                    subst.insert(n.self_type, step.clone());
                    return Found::Local { f, subst, self_ty: step };
                }
            }
            subst.insert(n.self_type, ty.peel_refs().clone());
        }
        let (fns, cut) = self.unions.get(&(trait_, name)).cloned().unwrap_or((Arc::from([decl]), false));
        let self_ty = receiver.map(|r| r.peel_refs().clone()).unwrap_or_default();
        Found::Union { decl, fns, cut, subst, self_ty }
    }
}
