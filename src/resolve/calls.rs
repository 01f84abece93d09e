//! Calls: what they reach and what they give.
//!
//! **Invariant:** a call's target says what is known, [`Target::Unknown`] says why not; a call whose arguments did not
//! change since it was typed is not typed again.

use super::infer::Infer;
use super::method::Found;
use super::modules::Def;
use super::names::Space;
use super::pack_ty::Eval;
use super::std_names::names;
use super::tables::{Scope, Tables};
use super::ty::{Subst, Ty};
use super::{FnIdx, Target};
use crate::base::Symbol;
use crate::ir::{BodyId, BodyKind, Call, CallId, Callee, Operand, Path, TypeRef};
use crate::pack::{Effect, FnRow, MacroShape};
use std::sync::Arc;

/// A callee with what is needed to type the call.
pub(super) enum Resolved<'a> {
    /// See [`Found`].
    Found(Found<'a>),
    /// A tuple struct or variant: path, type, types of its fields.
    Constructor(Symbol, Ty, Vec<Ty>),
    /// A value that is called: a closure, a function pointer.
    Value(Ty),
}

impl<'a> Infer<'a> {
    /// Types a call and remembers its target; gives the type of its result.
    pub(super) fn call(&mut self, id: BodyId, call: CallId, expected: &Ty) -> Ty {
        let data: &'a Call = &self.body(id).calls[call];
        let mut args: Vec<Ty> = data.args.iter().map(|a| self.operand(id, a)).collect();
        if let Callee::Value(operand) = &data.callee {
            args.push(self.operand(id, operand));
        }
        if self.work(id).seen[call].as_ref() == Some(&args) {
            let known = self.work(id).types.results[call].clone();
            // `into()` and the like depend on what is wanted.
            if known.is_known() || !expected.is_known() {
                return known;
            }
        }
        self.work(id).seen[call] = Some(args.clone());
        if let Callee::Value(_) = &data.callee {
            args.pop();
        }
        let module = self.t.tree.module_of(self.file, data.module);
        let scope = self.scope.at(module);
        let (resolved, turbofish) = self.callee(id, data, &scope, &args);
        let (target, mut result) = self.apply(id, data, resolved, turbofish, &mut args, &scope);
        let mut target = target;
        if !result.is_known()
            && expected.is_known()
            && let Some((better, ty)) = self.conversion(&target, &args, expected)
        {
            (target, result) = (better, ty);
        }
        // The arguments' types may have grown while closures were typed.
        let work = self.work(id);
        work.types.targets[call] = target;
        let merged = work.types.results[call].merge(&result);
        // A better inferred closure changes the result of the call that it was given to.
        let result =
            if result.is_known() && !merged.eq(&result) && !matches!(result, Ty::Fn(..)) { merged } else { result };
        work.types.results[call] = result.clone();
        result
    }

    fn callee(&mut self, id: BodyId, data: &'a Call, scope: &Scope, args: &[Ty]) -> (Resolved<'a>, Vec<Ty>) {
        let t = self.t;
        match &data.callee {
            Callee::Method { name, turbofish } => {
                let turbofish = turbofish.iter().map(|w| t.lower(w, scope)).collect();
                let receiver = args.first().cloned().unwrap_or_default();
                (Resolved::Found(t.find_method(scope.module, &receiver, *name, args)), turbofish)
            }
            Callee::Path(path) => {
                let turbofish = path.segments.last().map(|s| s.args.iter().map(|w| t.lower(w, scope)).collect());
                (self.path_callee(id, path, scope, args), turbofish.unwrap_or_default())
            }
            Callee::Qualified { of, path } => {
                let turbofish = path.segments.last().map(|s| s.args.iter().map(|w| t.lower(w, scope)).collect());
                (Resolved::Found(self.qualified(of, path, scope, args)), turbofish.unwrap_or_default())
            }
            Callee::Value(operand) => (Resolved::Value(self.operand(id, operand)), Vec::new()),
            Callee::Macro { path, type_arg } => {
                let list: Vec<Symbol> = path.segments.iter().map(|s| s.name).collect();
                let canonical = t.names().macro_path(scope.module, &list);
                let turbofish = type_arg.iter().map(|w| t.lower(w, scope)).collect();
                (Resolved::Found(self.macro_callee(canonical, &list)), turbofish)
            }
        }
    }

    fn macro_callee(&self, canonical: Symbol, written: &[Symbol]) -> Found<'a> {
        let t = self.t;
        let with_mark = Symbol::new(&format!("{canonical}!"));
        if let Some(row) = t.know.catalog.fn_row(with_mark) {
            return Found::Row(row, Ty::Unknown);
        }
        let shape = t.know.catalog.macro_shape(canonical).or_else(|| t.know.catalog.macro_shape_written(written));
        let ty = match shape {
            Some(MacroShape::Format) if written.last().is_some_and(|n| n.as_str().ends_with("format")) => {
                Ty::name(names().string)
            }
            _ => Ty::Unknown,
        };
        Found::Extern(with_mark, ty)
    }

    fn qualified(&self, of: &TypeRef, path: &Path, scope: &Scope, args: &[Ty]) -> Found<'a> {
        let t = self.t;
        let ty = t.lower(of, scope);
        let Some((last, rest)) = path.segments.split_last() else { return Found::None("an empty path") };
        if rest.is_empty() {
            return t.find_assoc(scope.module, &ty, last.name, args);
        }
        let trait_ = Path { global: path.global, segments: rest.into() };
        match t.names().resolve(scope.module, &trait_, Space::Types).map(|f| f.def) {
            Some(Def::Trait(p) | Def::Missing(p)) => t.find_trait_fn(scope.module, p, last.name, Some(&ty)),
            Some(Def::Extern(p)) => {
                let p = t.know.canon_path(p);
                match t.find_assoc(scope.module, &ty, last.name, args) {
                    Found::None(_) | Found::Extern(..) => t.find_trait_fn(scope.module, p, last.name, Some(&ty)),
                    found => found,
                }
            }
            _ => t.find_assoc(scope.module, &ty, last.name, args),
        }
    }

    /// What a path in call position reaches.
    pub(super) fn path_callee(&mut self, _id: BodyId, path: &Path, scope: &Scope, args: &[Ty]) -> Resolved<'a> {
        let t = self.t;
        let n = names();
        let first = &path.segments[0];
        let (last, rest) = path.segments.split_last().expect("a path has a segment");
        let of_type = |ty: Ty| Resolved::Found(t.find_assoc(scope.module, &ty, last.name, args));
        if !path.global && (scope.params.contains_key(&first.name) || first.name == n.self_type) {
            if rest.is_empty() {
                // `Self(…)`.
                return self.construct(scope.self_ty.clone().unwrap_or_default());
            }
            if first.name == n.self_type
                && let [_] = rest
                && let Some(Ty::Adt(adt, _)) = &scope.self_ty
                && t.variants.get(adt).is_some_and(|v| v.contains(&last.name))
            {
                return self.variant_constructor(*adt, last.name, scope.self_ty.clone());
            }
            let of = Path { global: false, segments: rest.into() };
            return of_type(t.lower(&TypeRef::Path(of), scope));
        }
        let Some(found) = t.names().resolve(scope.module, path, Space::Values) else {
            if rest.is_empty() {
                return Resolved::Found(Found::None("no function of that name is seen: a macro may make it"));
            }
            let of = Path { global: path.global, segments: rest.into() };
            return of_type(t.lower(&TypeRef::Path(of), scope));
        };
        let whole = found.used == path.segments.len();
        match found.def {
            Def::Fn(f) if whole => Resolved::Found(Found::Local { f, subst: Subst::default(), self_ty: Ty::Unknown }),
            Def::Variant(adt, name) if whole => {
                let written = (rest.len() == 1 || !rest.is_empty()).then(|| {
                    let of = Path { global: path.global, segments: rest.into() };
                    t.lower(&TypeRef::Path(of), scope)
                });
                self.variant_constructor(adt, name, written.filter(|w| w.head() == Some(adt)))
            }
            Def::Adt(_) if whole => self.construct(t.lower(&TypeRef::Path(path.clone()), scope)),
            Def::Static(s) if whole => Resolved::Value(t.statics[s].ty.clone()),
            Def::Extern(p) if whole => self.extern_callee(p, path, scope, args),
            Def::Missing(p) if whole => {
                // A type made by a macro may have impls that we see.
                let of = Path { global: path.global, segments: rest.into() };
                if !rest.is_empty()
                    && let ty @ Ty::Adt(..) = t.lower(&TypeRef::Path(of), scope)
                    && let found @ (Found::Local { .. } | Found::Row(..)) =
                        t.find_assoc(scope.module, &ty, last.name, args)
                {
                    return Resolved::Found(found);
                }
                let _ = p;
                Resolved::Found(Found::None("its module does not show such a function: a macro may make it"))
            }
            Def::Trait(trait_) if found.used + 1 == path.segments.len() => {
                Resolved::Found(t.find_trait_fn(scope.module, trait_, last.name, args.first()))
            }
            Def::Mod(_)
            | Def::Trait(_)
            | Def::Alias(_)
            | Def::Adt(_)
            | Def::Fn(_)
            | Def::Static(_)
            | Def::Variant(..)
            | Def::Extern(_)
            | Def::Missing(_) => {
                if rest.is_empty() {
                    // An alias of a tuple struct.
                    return self.construct(t.lower(&TypeRef::Path(path.clone()), scope));
                }
                let of = Path { global: path.global, segments: rest.into() };
                let ty = t.lower(&TypeRef::Path(of), scope);
                if let Ty::Adt(adt, _) = &ty
                    && t.variants.get(adt).is_some_and(|v| v.contains(&last.name))
                {
                    return self.variant_constructor(*adt, last.name, Some(ty));
                }
                of_type(self.to_infer(ty, rest))
            }
        }
    }

    /// In an expression the arguments of a type that are not written are inferred: its defaults say nothing.
    fn to_infer(&self, ty: Ty, written: &[crate::ir::Segment]) -> Ty {
        let Ty::Adt(path, args) = &ty else { return ty };
        let silent = written.last().is_some_and(|segment| segment.args.is_empty());
        match self.t.adts.get(path) {
            Some(def) if silent && def.params.iter().any(|(_, default)| default.is_some()) => {
                Ty::adt(*path, vec![Ty::Unknown; args.len()])
            }
            _ => ty,
        }
    }

    fn extern_callee(&mut self, written: Symbol, path: &Path, scope: &Scope, args: &[Ty]) -> Resolved<'a> {
        let t = self.t;
        let n = names();
        let (last, rest) = path.segments.split_last().expect("a path has a segment");
        let canonical = t.know.canon_path(written);
        let text = canonical.as_str();
        let option = |name: &str| matches!(name, "std::option::Option::Some");
        if option(text) {
            return Resolved::Constructor(
                canonical,
                Ty::adt(n.option, vec![args.first().cloned().unwrap_or_default()]),
                Vec::new(),
            );
        }
        if text == "std::result::Result::Ok" {
            let ty = Ty::adt(n.result, vec![args.first().cloned().unwrap_or_default(), Ty::Unknown]);
            return Resolved::Constructor(canonical, ty, Vec::new());
        }
        if text == "std::result::Result::Err" {
            let ty = Ty::adt(n.result, vec![Ty::Unknown, args.first().cloned().unwrap_or_default()]);
            return Resolved::Constructor(canonical, ty, Vec::new());
        }
        // `Type::function`, the type perhaps with arguments, perhaps an alias.
        if let Some((parent, _)) = written.as_str().rsplit_once("::")
            && parent.contains("::")
            && !rest.is_empty()
        {
            let parent = Symbol::new(parent);
            let of = Path { global: path.global, segments: rest.into() };
            let ty = t.lower(&TypeRef::Path(of), scope);
            let parent = t.know.canon_path(parent);
            if t.know.catalog.trait_row(parent).is_some() || t.impls_of.contains_key(&parent) {
                let receiver = args.first().filter(|a| a.is_known());
                if let found @ (Found::Row(..) | Found::Local { .. } | Found::Union { .. }) =
                    t.find_trait_fn(scope.module, parent, last.name, receiver)
                {
                    return Resolved::Found(found);
                }
            }
            if ty.is_known()
                && let found @ (Found::Row(..) | Found::Local { .. } | Found::Union { .. }) =
                    t.find_assoc(scope.module, &ty, last.name, args)
            {
                return Resolved::Found(found);
            }
        }
        if let Some(row) = t.know.catalog.fn_row(canonical) {
            return Resolved::Found(Found::Row(row, Ty::Unknown));
        }
        if let Some(row) = t.know.catalog.type_row(canonical) {
            // `State(x)` as an expression.
            let args = args.first().map(|a| vec![a.clone()]).unwrap_or_default();
            let args = if row.params.len() == 1 { args } else { Vec::new() };
            return Resolved::Constructor(canonical, t.canonical_ty(canonical, args), Vec::new());
        }
        // `crate::Type(…)` or `crate::Enum::Variant(…)`: names of functions are in lower case.
        let name = last.name.as_str();
        if name.starts_with(|c: char| c.is_uppercase()) {
            let parent = canonical.as_str().rsplit_once("::").map_or("", |p| p.0);
            let owner = parent.rsplit("::").next().unwrap_or("");
            let ty = if owner.starts_with(|c: char| c.is_uppercase()) {
                Ty::name(Symbol::new(parent))
            } else {
                Ty::adt(canonical, args.first().map(|a| vec![a.clone()]).unwrap_or_default())
            };
            return Resolved::Constructor(canonical, ty, Vec::new());
        }
        Resolved::Found(Found::Extern(canonical, Ty::Unknown))
    }

    fn construct(&self, ty: Ty) -> Resolved<'a> {
        let Ty::Adt(path, _) = &ty else {
            return Resolved::Found(Found::None("the constructed type is not known"));
        };
        let fields = self.t.adts.get(path).map(|d| d.fields.iter().map(|f| f.1.clone()).collect()).unwrap_or_default();
        Resolved::Constructor(*path, ty.clone(), fields)
    }

    fn variant_constructor(&self, adt: Symbol, name: Symbol, written: Option<Ty>) -> Resolved<'a> {
        let ty = written.unwrap_or_else(|| self.t.adt_ty(adt, Vec::new()));
        let fields = self.t.adts.get(&adt).and_then(|d| d.variants.iter().find(|v| v.0 == name));
        let fields = fields.map(|v| v.1.iter().map(|f| f.1.clone()).collect()).unwrap_or_default();
        Resolved::Constructor(self.t.know.join(adt, name), ty, fields)
    }

    /// What a resolved callee reaches.
    pub(super) fn target_of(&self, resolved: &Resolved<'a>) -> Target {
        match resolved {
            Resolved::Found(Found::Local { f, .. }) => Target::Local { fns: Arc::from([*f]), union: false, cut: false },
            Resolved::Found(Found::Union { fns, cut, .. }) => {
                Target::Local { fns: fns.clone(), union: true, cut: *cut }
            }
            Resolved::Found(Found::Row(row, _)) => Target::Pack(row.path),
            Resolved::Found(Found::Extern(path, _)) => Target::Extern { krate: self.t.know.root(*path), path: *path },
            Resolved::Found(Found::None(why)) => Target::Unknown(why),
            Resolved::Constructor(path, ..) => Target::Constructor(*path),
            Resolved::Value(_) => Target::Unknown("a value that is called"),
        }
    }

    /// A resolved callee as a value.
    pub(super) fn as_function(&self, resolved: &Resolved<'a>) -> Ty {
        let t = self.t;
        match resolved {
            Resolved::Found(Found::Local { f, subst, .. }) => {
                let info = &t.fns[*f];
                let ret = t.subst(&info.ret, subst);
                let ret = if info.is_async { Ty::future(ret) } else { ret };
                Ty::Fn(info.body, Arc::new(self.without(&ret, &t.sigs[*f].all)))
            }
            Resolved::Found(Found::Union { decl, subst, .. }) => {
                let info = &t.fns[*decl];
                let ret = t.subst(&info.ret, subst);
                Ty::Fn(None, Arc::new(if info.is_async { Ty::future(ret) } else { ret }))
            }
            Resolved::Found(Found::Row(row, ty)) => {
                let out = row.out.as_ref().map(|expr| Eval::of(t, ty).ty(expr)).unwrap_or_default();
                Ty::Fn(None, Arc::new(if row.is_async { Ty::future(out) } else { out }))
            }
            Resolved::Constructor(_, ty, _) => Ty::Fn(None, Arc::new(ty.clone())),
            Resolved::Found(Found::Extern(..)) => Ty::Fn(None, Arc::new(Ty::Unknown)),
            Resolved::Value(ty) => ty.clone(),
            Resolved::Found(Found::None(_)) => Ty::Unknown,
        }
    }

    /// The callee's own parameters that nothing told about are unknown to the caller.
    fn without(&self, ty: &Ty, names: &[Symbol]) -> Ty {
        if !ty.has_params() || names.is_empty() {
            return ty.clone();
        }
        let subst: Subst = names.iter().map(|n| (*n, Ty::Unknown)).collect();
        self.t.subst(ty, &subst)
    }

    fn apply(
        &mut self,
        id: BodyId,
        data: &'a Call,
        resolved: Resolved<'a>,
        turbofish: Vec<Ty>,
        args: &mut [Ty],
        scope: &Scope,
    ) -> (Target, Ty) {
        let t = self.t;
        match resolved {
            Resolved::Constructor(path, ty, fields) => {
                let ty = self.constructed(ty, &fields, args);
                (Target::Constructor(path), ty)
            }
            Resolved::Value(ty) => {
                let result = t.output(&ty);
                match ty.peel_refs() {
                    Ty::Fn(Some(body), _) => {
                        match self.id(*body).filter(|b| matches!(self.body(*b).kind, BodyKind::Closure { .. })) {
                            Some(own) => {
                                self.give_params(id, own, args.to_vec(), None);
                                let ret = self.closure(id, own, self.inputs_of(own));
                                (Target::Closure(*body), t.output(&ret))
                            }
                            None => (self.function_of(*body), result),
                        }
                    }
                    Ty::Unknown => (Target::Unknown("the called value's type is not known"), result),
                    _ => (Target::Unknown("a function value that is given from outside"), result),
                }
            }
            Resolved::Found(Found::Local { f, subst, self_ty }) => {
                let ret = self.signature(id, data, f, subst, &self_ty, turbofish, args);
                (Target::Local { fns: Arc::from([f]), union: false, cut: false }, ret)
            }
            Resolved::Found(Found::Union { decl, fns, cut, subst, self_ty }) => {
                let ret = self.signature(id, data, decl, subst, &self_ty, turbofish, args);
                (Target::Local { fns, union: true, cut }, ret)
            }
            Resolved::Found(Found::Row(row, self_ty)) => {
                let ret = self.row(id, data, row, &self_ty, &turbofish, args, scope);
                (Target::Pack(row.path), ret)
            }
            Resolved::Found(Found::Extern(path, self_ty)) => {
                let text = path.as_str();
                let krate = t.know.root(path);
                self.closures_of_unknown(id, data);
                let ret = match text.rsplit("::").next().unwrap_or("") {
                    "clone" | "to_owned" => self_ty,
                    "to_string" => self_ty,
                    _ if text.ends_with('!') => self_ty,
                    // A library's wrapper of one thing.
                    "into_inner" if self_ty.args().len() == 1 => self_ty.args()[0].clone(),
                    "get_ref" | "inner" if self_ty.args().len() == 1 => Ty::reference(false, self_ty.args()[0].clone()),
                    "new" | "default" | "from" | "with_capacity" => self_ty,
                    "try_from" | "from_str" if self_ty.is_known() => {
                        Ty::adt(names().result, vec![self_ty, Ty::Unknown])
                    }
                    _ => Ty::Unknown,
                };
                (Target::Extern { krate, path }, ret)
            }
            Resolved::Found(Found::None(why)) => {
                self.closures_of_unknown(id, data);
                // What every type has: `X::default()`, `X::from(…)` made by a derive or a macro.
                (Target::Unknown(why), self.derived(data, scope))
            }
        }
    }

    fn derived(&self, data: &Call, scope: &Scope) -> Ty {
        let Callee::Path(path) = &data.callee else { return Ty::Unknown };
        let Some((last, rest)) = path.segments.split_last() else { return Ty::Unknown };
        if rest.is_empty() || !matches!(last.name.as_str(), "default" | "from" | "new") {
            return Ty::Unknown;
        }
        let of = Path { global: path.global, segments: rest.into() };
        self.t.lower(&TypeRef::Path(of), scope)
    }

    fn function_of(&self, body: super::BodyIdx) -> Target {
        let t = self.t;
        // Function values carry their function's body; its function is the one that owns it.
        let f = self.id(body).and_then(|b| match self.body(b).kind {
            BodyKind::Fn(index) => Some(crate::base::Idx::new(t.fn_base[self.file] + index)),
            _ => None,
        });
        match f.or_else(|| t.fn_of_body(body)) {
            Some(f) => Target::Local { fns: Arc::from([f]), union: false, cut: false },
            None => Target::Closure(body),
        }
    }

    fn inputs_of(&self, body: BodyId) -> Vec<Ty> {
        self.done
            .get(&body)
            .map(|w| w.params().to_vec())
            .unwrap_or_else(|| vec![Ty::Unknown; self.body(body).param_count])
    }

    /// A constructor's result with the type's parameters learnt from the arguments.
    fn constructed(&self, ty: Ty, fields: &[Ty], args: &[Ty]) -> Ty {
        let t = self.t;
        let Ty::Adt(path, own) = &ty else { return ty };
        let Some(def) = t.adts.get(path) else { return ty };
        if def.params.is_empty() || fields.is_empty() {
            return ty;
        }
        let mut subst = Subst::default();
        for (field, arg) in fields.iter().zip(args) {
            t.unify(field, arg, &mut subst);
        }
        let list = def.params.iter().enumerate().map(|(i, (name, _))| match own.get(i) {
            Some(known) if known.is_known() => known.clone(),
            _ => subst.get(name).cloned().unwrap_or_default(),
        });
        Ty::adt(*path, list.collect())
    }

    /// The result of calling a workspace function; closures among the arguments get their parameters from its bounds.
    #[allow(clippy::too_many_arguments)]
    fn signature(
        &mut self,
        id: BodyId,
        data: &'a Call,
        f: FnIdx,
        outer: Subst,
        self_ty: &Ty,
        turbofish: Vec<Ty>,
        args: &mut [Ty],
    ) -> Ty {
        let t = self.t;
        let info = &t.fns[f];
        let sig = &t.sigs[f];
        let mut subst = outer;
        for (name, ty) in sig.own.iter().zip(turbofish) {
            if ty.is_known() {
                subst.insert(*name, ty);
            }
        }
        if !sig.all.is_empty() || !data.args.is_empty() {
            for (i, (param, arg)) in info.params.iter().zip(args.iter()).enumerate() {
                // A method's receiver was matched already; its parameters are known better from there.
                let receiver = i == 0 && self_ty.is_known() && t.fn_takes_self(f);
                if !receiver && !is_closure(arg) && param.has_params() {
                    t.unify(param, arg, &mut subst);
                }
            }
            for (i, param) in info.params.iter().enumerate() {
                let Some(arg) = args.get(i).cloned() else { break };
                if !is_closure(&arg) {
                    continue;
                }
                if let Some(wanted) = t.closure_params(param) {
                    let wanted: Vec<Ty> = wanted.iter().map(|w| t.subst(w, &closed(&subst, &sig.all))).collect();
                    args[i] = self.closure_arg(id, data, i, &arg, wanted);
                }
                t.unify(param, &args[i], &mut subst);
            }
        }
        let ret = t.subst(&info.ret, &closed(&subst, &sig.all));
        if info.is_async { Ty::future(ret) } else { ret }
    }

    /// Infers a closure argument with these parameters; the local that holds the closure learns the better type.
    fn closure_arg(&mut self, id: BodyId, data: &'a Call, index: usize, arg: &Ty, wanted: Vec<Ty>) -> Ty {
        let Ty::Fn(Some(body), _) = arg.peel_refs() else { return arg.clone() };
        let Some(body) = self.id(*body).filter(|b| matches!(self.body(*b).kind, BodyKind::Closure { .. })) else {
            return arg.clone();
        };
        let local = match data.args.get(index) {
            Some(Operand::Place(place)) => place.as_local(),
            _ => None,
        };
        self.give_params(id, body, wanted, local)
    }

    fn give_params(&mut self, id: BodyId, body: BodyId, wanted: Vec<Ty>, holder: Option<crate::ir::LocalId>) -> Ty {
        let known = self.inputs_of(body);
        let params = known.iter().enumerate().map(|(i, k)| wanted.get(i).map_or(k.clone(), |w| k.merge(w))).collect();
        let ty = self.closure(id, body, params);
        if let Some(local) = holder {
            self.learn(id, local, &ty);
        }
        ty
    }

    /// Closures given to a function that nobody knows are inferred with what they say themselves: nothing to do, they were
    /// when they were built.
    fn closures_of_unknown(&mut self, _id: BodyId, _data: &Call) {}

    /// The result of a row.
    #[allow(clippy::too_many_arguments)]
    fn row(
        &mut self,
        id: BodyId,
        data: &'a Call,
        row: &'a FnRow,
        self_ty: &Ty,
        turbofish: &[Ty],
        args: &mut [Ty],
        scope: &Scope,
    ) -> Ty {
        let t = self.t;
        let is_method = matches!(data.callee, Callee::Method { .. });
        if is_method && self_ty.is_known() && !args.is_empty() {
            args[0] = self_ty.clone();
        }
        // `Arc::clone(&x)`: the path says only that it is an `Arc`, the argument says of what.
        let given = args.first().map(Ty::peel_refs).filter(|arg| !is_method && fills(arg, self_ty)).cloned();
        let self_ty = given.as_ref().unwrap_or(self_ty);
        if let Some(closure) = &row.closure
            && let Some(arg) = args.get(closure.arg).cloned()
            && is_closure(&arg)
        {
            let eval = Eval { args, turbofish: turbofish.first(), ..Eval::of(t, self_ty) };
            let wanted = closure.params.iter().map(|p| eval.ty(p)).collect();
            args[closure.arg] = self.closure_arg(id, data, closure.arg, &arg, wanted);
        }
        let _ = scope;
        let eval = Eval { args, turbofish: turbofish.first(), ..Eval::of(t, self_ty) };
        let out = match &row.out {
            Some(expr) => eval.ty(expr),
            None if matches!(row.effect, Effect::Pass) => args.first().cloned().unwrap_or_default(),
            None => Ty::Unknown,
        };
        if row.is_async { Ty::future(out) } else { out }
    }

    /// `x.into()`, `T::from(x)`, `x.try_into()?` and `Default::default()` where the wanted type is known: the impl of the
    /// workspace, if there is one.
    fn conversion(&self, target: &Target, args: &[Ty], expected: &Ty) -> Option<(Target, Ty)> {
        let n = names();
        let path = match target {
            Target::Extern { path, .. } | Target::Pack(path) => *path,
            Target::Unknown(_) | Target::Local { .. } | Target::Closure(_) | Target::Constructor(_) => return None,
        };
        let name = path.as_str().rsplit("::").next().unwrap_or("");
        let (trait_, function) = match name {
            "into" => (n.from, "from"),
            "default" => (n.default, "default"),
            _ => return None,
        };
        let key = super::tables::head_key(expected.peel_refs())?;
        let list = self.t.methods.get(&(key, Symbol::new(function)))?;
        let fits = list.iter().find(|(impl_, f)| {
            let def = &self.t.impls[*impl_];
            let right =
                def.trait_.as_ref().is_some_and(|b| b.0 == trait_) && self.t.matches(&def.self_ty, expected).is_some();
            let takes = match (self.t.fns[*f].params.first(), args.first()) {
                (Some(param), Some(arg)) => arg.is_known() && self.t.matches(param, arg).is_some(),
                (None, _) => true,
                (Some(_), None) => false,
            };
            right && takes
        })?;
        Some((Target::Local { fns: Arc::from([fits.1]), union: false, cut: false }, expected.clone()))
    }
}

/// A substitution in which the callee's own parameters that nothing is known of are unknown. All at once: what stands for one
/// parameter may hold a parameter of the caller that has the name of another.
fn closed(subst: &Subst, own: &[Symbol]) -> Subst {
    let mut all = subst.clone();
    for name in own {
        all.entry(*name).or_insert(Ty::Unknown);
    }
    all
}

/// Whether a type knows arguments that another of the same head leaves open, at whatever depth (`Object<Manager<_>>`), and
/// contradicts none of those it knows.
fn fills(ty: &Ty, open: &Ty) -> bool {
    let agrees = |(a, b): (&Ty, &Ty)| !b.is_known() && a.is_known() || fills(a, b);
    ty.head().is_some()
        && ty.head() == open.head()
        && ty.args().len() >= open.args().len()
        && ty.args().iter().zip(open.args()).all(|(a, b)| a == b || !a.is_known() || agrees((a, b)))
        && (open.args().is_empty() && ty.args().iter().any(Ty::is_known)
            || ty.args().iter().zip(open.args()).any(agrees))
}

fn is_closure(ty: &Ty) -> bool {
    matches!(ty.peel_refs(), Ty::Fn(..))
}

impl Tables {
    /// Whether a function takes `self`.
    pub fn fn_takes_self(&self, f: FnIdx) -> bool {
        let info = &self.fns[f];
        self.files[info.file].as_ref().is_some_and(|file| file.fns[info.index].self_kind.is_some())
    }
    /// The function whose own body this is.
    pub fn fn_of_body(&self, body: super::BodyIdx) -> Option<FnIdx> {
        self.body_fn.get(&body).copied()
    }
}
