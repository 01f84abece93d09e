//! Types of locals and targets of calls, for a function or initialiser with all closures and blocks inside it.
//!
//! Forward over the blocks in order until nothing changes (at most [`PASSES`] times), then one step back (a local of unknown
//! type takes the type of the parameter or field it is given to), then forward once more. A local keeps the first type that
//! becomes known; what is unknown inside that type is filled later. A closure is inferred where it is built and again where
//! the call that it is given to says what its parameters are.
//!
//! **Invariants:** reads tables only, so bodies can be inferred in any order and in parallel; the answer for a body depends on
//! nothing but the tables.

use super::fx::FxMap;
use super::modules::Def;
use super::names::Space;
use super::places::Places;
use super::std_names::names;
use super::tables::{Scope, Tables};
use super::ty::{Subst, Ty};
use super::{BodyIdx, FnIdx, Target};
use crate::base::{FileId, Idx, IndexVec, Symbol};
use crate::ir::{
    AggregateKind, Body, BodyId, BodyKind, CallId, FileIr, Literal, LocalId, Operand, Path, Place, Rvalue, StmtKind,
    return_local,
};
use std::cell::Cell;
use std::sync::Arc;

/// How often a body is read at most.
const PASSES: usize = 5;

/// What is known of a body.
#[derive(Clone, Debug, Default)]
pub struct BodyTypes {
    /// Type of each local.
    pub locals: IndexVec<LocalId, Ty>,
    /// What each call reaches.
    pub targets: IndexVec<CallId, Target>,
    /// Type of each call's result, before `.await`.
    pub results: IndexVec<CallId, Ty>,
    /// Locals whose type was taken from use.
    pub from_use: Vec<LocalId>,
    /// What a generator yields.
    pub yields: Ty,
    /// Functions named as values, each path once.
    pub functions: Vec<(Path, Target)>,
}

/// The state of one body.
pub(super) struct Work {
    pub types: BodyTypes,
    /// Types of the arguments when a call was typed last.
    pub seen: IndexVec<CallId, Option<Vec<Ty>>>,
    /// Parameters and captures that the body was inferred with.
    inputs: (Vec<Ty>, Vec<Ty>),
    /// The locals whose type was asked for in this pass.
    asked: IndexVec<LocalId, Cell<bool>>,
    /// A type that was asked for in this pass became better known after that.
    stale: bool,
}

impl Work {
    /// The parameters that the body was inferred with.
    pub fn params(&self) -> &[Ty] {
        &self.inputs.0
    }
}

/// Infers one function or initialiser.
pub(super) struct Infer<'a> {
    pub t: &'a Tables,
    pub file: FileId,
    pub ir: &'a FileIr,
    pub scope: Scope,
    pub done: FxMap<BodyId, Work>,
    /// How deep closures are nested at the moment.
    depth: usize,
}

/// Infers the body `root` (a function's or initialiser's) and everything inside it.
pub fn infer_root(t: &Tables, file: FileId, root: BodyId) -> Vec<(BodyId, BodyTypes)> {
    let ir = t.files[file].as_deref().expect("a body's file was lowered");
    let body = &ir.bodies[root];
    let base = t.tree.module_of(file, body.module);
    let (scope, params, ret) = match body.kind {
        BodyKind::Fn(index) => {
            let f = FnIdx::new(t.fn_base[file] + index);
            let info = &t.fns[f];
            let mut params = vec![Ty::Unknown; body.param_count];
            for (param, ty) in ir.fns[index].params.iter().zip(&info.params) {
                if let Some(slot) = param.local.index().checked_sub(1).and_then(|i| params.get_mut(i)) {
                    *slot = ty.clone();
                }
            }
            (t.scope_of_fn(f), params, info.ret.clone())
        }
        BodyKind::Static(index) => {
            let found = t.statics.get(super::modules::StaticIdx::new(t.static_base[file] + index));
            let (ty, owner) = found.map(|s| (s.ty.clone(), s.owner.clone())).unwrap_or_default();
            (Scope { self_ty: owner, ..Scope::of(base) }, Vec::new(), ty)
        }
        BodyKind::Closure { .. } | BodyKind::Async | BodyKind::Generator => {
            (Scope::of(base), vec![Ty::Unknown; body.param_count], Ty::Unknown)
        }
    };
    let mut infer = Infer { t, file, ir, scope, done: FxMap::default(), depth: 0 };
    infer.run(root, params, Vec::new(), ret);
    let mut list: Vec<(BodyId, BodyTypes)> =
        std::mem::take(&mut infer.done).into_iter().map(|(id, work)| (id, work.types)).collect();
    list.sort_by_key(|(id, _)| *id);
    super::origin::name_targets(t, file, &infer.scope, &mut list);
    list
}

impl<'a> Infer<'a> {
    pub(super) fn body(&self, id: BodyId) -> &'a Body {
        &self.ir.bodies[id]
    }
    pub(super) fn idx(&self, id: BodyId) -> BodyIdx {
        BodyIdx::new(self.t.body_base[self.file] + id.index())
    }
    pub(super) fn id(&self, idx: BodyIdx) -> Option<BodyId> {
        let base = self.t.body_base[self.file];
        idx.index().checked_sub(base).filter(|i| *i < self.ir.bodies.len()).map(BodyId::new)
    }

    /// Infers a body for the given types of its parameters and captures. Does nothing if it was inferred for these already.
    pub(super) fn run(&mut self, id: BodyId, params: Vec<Ty>, captures: Vec<Ty>, ret: Ty) {
        let body = self.body(id);
        let inputs = (params, captures);
        if self.done.get(&id).is_some_and(|w| w.inputs == inputs) || self.depth > 24 {
            return;
        }
        let module = self.t.tree.module_of(self.file, body.module);
        let scope = self.scope.at(module);
        let mut locals: IndexVec<LocalId, Ty> = body
            .locals
            .iter()
            .map(|l| l.ty.as_ref().map_or(Ty::Unknown, |written| self.t.lower(written, &scope)))
            .collect();
        for (i, ty) in inputs.0.iter().enumerate() {
            let slot = &mut locals[LocalId::new(i + 1)];
            *slot = if slot.is_known() && !matches!(body.kind, BodyKind::Fn(_)) { slot.merge(ty) } else { ty.clone() };
        }
        for (capture, ty) in body.captures.iter().zip(&inputs.1) {
            locals[capture.inner] = ty.clone();
        }
        locals[return_local()] = locals[return_local()].merge(&ret);
        let types = BodyTypes {
            locals,
            targets: IndexVec::from_elem(Target::Unknown("never reached"), body.calls.len()),
            results: IndexVec::from_elem(Ty::Unknown, body.calls.len()),
            from_use: Vec::new(),
            yields: Ty::Unknown,
            functions: Vec::new(),
        };
        let seen = IndexVec::from_elem(None, body.calls.len());
        let asked = IndexVec::from_elem(Cell::new(false), body.locals.len());
        self.done.insert(id, Work { types, seen, inputs, asked, stale: false });
        self.depth += 1;
        for _ in 0..PASSES {
            if !self.forward(id) {
                break;
            }
        }
        if self.backward(id) {
            for _ in 0..2 {
                if !self.forward(id) {
                    break;
                }
            }
        }
        self.depth -= 1;
    }

    /// The state of a body that is being inferred.
    pub(super) fn work(&mut self, id: BodyId) -> &mut Work {
        self.done.get_mut(&id).expect("the body was begun")
    }
    pub(super) fn local(&self, id: BodyId, local: LocalId) -> Ty {
        let Some(work) = self.done.get(&id) else { return Ty::Unknown };
        if let Some(asked) = work.asked.get(local) {
            asked.set(true);
        }
        work.types.locals.get(local).cloned().unwrap_or_default()
    }

    /// Reads the body once. Whether reading it again may tell more.
    fn forward(&mut self, id: BodyId) -> bool {
        let body = self.body(id);
        let mut changed = false;
        // What closures and blocks inside are inferred with changes without a local of this body changing.
        let mut has_inner = false;
        let work = self.work(id);
        work.stale = false;
        work.asked.iter().for_each(|asked| asked.set(false));
        for block in &body.blocks {
            for stmt in &block.stmts {
                match &stmt.kind {
                    StmtKind::Assign { to, value } => {
                        has_inner |= matches!(
                            value,
                            Rvalue::Aggregate {
                                kind: AggregateKind::Closure(_) | AggregateKind::Async(_) | AggregateKind::Generator(_),
                                ..
                            }
                        );
                        let expected = to.as_local().map(|l| self.work(id).types.locals[l].clone()).unwrap_or_default();
                        let ty = self.rvalue(id, value, &expected);
                        if let Some(local) = to.as_local() {
                            changed |= self.learn(id, local, &ty);
                            // What the statement itself gives is what it would be asked for the next time.
                            self.work(id).asked[local].set(true);
                        }
                    }
                    StmtKind::Yield(operand) => {
                        let ty = self.operand(id, operand);
                        let work = self.work(id);
                        let merged = work.types.yields.merge(&ty);
                        changed |= merged != work.types.yields;
                        work.types.yields = merged;
                    }
                    StmtKind::Drop { .. } | StmtKind::Declare(_) => {}
                }
            }
        }
        changed && (has_inner || self.work(id).stale)
    }

    /// Merges a type into a local. Whether that told anything new.
    pub(super) fn learn(&mut self, id: BodyId, local: LocalId, ty: &Ty) -> bool {
        let work = self.work(id);
        let slot = &mut work.types.locals[local];
        if matches!(ty, Ty::Unknown | Ty::Never) || slot == ty {
            return false;
        }
        // A closure that was inferred again with better parameters.
        if let (Ty::Fn(Some(a), old), Ty::Fn(Some(b), new)) = (&*slot, ty)
            && a == b
            && old != new
        {
            *slot = ty.clone();
            work.stale |= work.asked[local].get();
            return true;
        }
        let merged = slot.merge(ty);
        let changed = merged != *slot;
        *slot = merged;
        work.stale |= changed && work.asked[local].get();
        changed
    }

    fn rvalue(&mut self, id: BodyId, value: &Rvalue, expected: &Ty) -> Ty {
        match value {
            Rvalue::Use(operand) => self.used(id, operand),
            Rvalue::Ref { mutable, place } => {
                let ty = self.place(id, place);
                if ty.is_known() { Ty::reference(*mutable, ty) } else { Ty::Unknown }
            }
            Rvalue::Call(call) => self.call(id, *call, expected),
            Rvalue::Await(operand) => {
                let ty = self.operand(id, operand);
                self.t.awaited(&ty)
            }
            // Of a `select!`, too, field i is what future i gives: its branches read no other.
            Rvalue::AwaitMany { futures, all: _ } => {
                let t = self.t;
                Ty::Tuple(futures.iter().map(|f| t.awaited(&self.operand(id, f))).collect())
            }
            Rvalue::Aggregate { kind, fields, base } => self.aggregate(id, kind, fields, base.as_deref()),
            Rvalue::Cast(operand, written) => {
                let scope = self.scope.at(self.t.tree.module_of(self.file, self.body(id).module));
                let ty = self.t.lower(written, &scope);
                if ty.is_known() { ty } else { self.operand(id, operand) }
            }
            Rvalue::Plain(_) | Rvalue::Step { .. } | Rvalue::Unknown(_) => Ty::Unknown,
        }
    }

    /// A value read out of a place: through a reference only a reference can be read, unless it is a copy.
    fn used(&mut self, id: BodyId, operand: &Operand) -> Ty {
        let Operand::Place(place) = operand else { return self.operand(id, operand) };
        let (ty, by_ref) = self.place_by(id, place);
        match by_ref {
            Some(mutable) if ty.is_known() && !matches!(ty, Ty::Ref(..)) && !self.t.is_copy_like(&ty) => {
                Ty::reference(mutable, ty)
            }
            _ => ty,
        }
    }

    /// The type of something read.
    pub(super) fn operand(&mut self, id: BodyId, operand: &Operand) -> Ty {
        match operand {
            Operand::Place(place) => self.place(id, place),
            Operand::Path(path, _) => self.value_path(id, path),
            Operand::Literal(Literal::Str(_)) => Ty::reference(false, Ty::name(names().str_)),
            // The suffix is gone, and what is wanted decides anyway.
            Operand::Literal(Literal::Int(_)) => Ty::Unknown,
            Operand::Literal(Literal::Bool(_)) => Ty::name(names().bool_),
            Operand::Literal(Literal::Unit) => Ty::unit(),
            Operand::Literal(Literal::Other) => Ty::Unknown,
        }
    }

    /// A path as a value: a static, a unit struct or variant, a function.
    fn value_path(&mut self, id: BodyId, path: &Path) -> Ty {
        let n = names();
        let module = self.t.tree.module_of(self.file, self.body(id).module);
        let scope = self.scope.at(module);
        if let Some(name) = path.as_ident() {
            if name == n.none {
                return Ty::adt(n.option, vec![Ty::Unknown]);
            }
            if name == n.self_type {
                return scope.self_ty.clone().unwrap_or_default();
            }
        }
        match self.t.names().resolve(module, path, Space::Values) {
            Some(found) if found.used == path.segments.len() => match found.def {
                Def::Static(s) => self.t.statics[s].ty.clone(),
                Def::Variant(adt, _) => {
                    let def = &self.t.adts[&adt];
                    let unit = def.variants.iter().any(|v| found_variant(found.def) == Some(v.0) && v.1.is_empty());
                    let ty = self.t.adt_ty(adt, Vec::new());
                    if unit { ty } else { self.function_value(id, path, &scope) }
                }
                Def::Adt(adt) => {
                    let ty = self.t.adt_ty(adt, Vec::new());
                    if self.t.adts[&adt].fields.is_empty() { ty } else { self.function_value(id, path, &scope) }
                }
                Def::Fn(_) | Def::Extern(_) | Def::Missing(_) => self.function_value(id, path, &scope),
                Def::Mod(_) | Def::Trait(_) | Def::Alias(_) => Ty::Unknown,
            },
            _ => self.function_value(id, path, &scope),
        }
    }

    /// A function named as a value, as if called with nothing known.
    fn function_value(&mut self, id: BodyId, path: &Path, scope: &Scope) -> Ty {
        if let Some(ty) = self.assoc_const(path, scope) {
            return ty;
        }
        let resolved = self.path_callee(id, path, scope, &[]);
        let target = self.target_of(&resolved);
        let functions = &mut self.work(id).types.functions;
        if !functions.iter().any(|(p, _)| p == path) {
            functions.push((path.clone(), target));
        }
        self.as_function(&resolved)
    }

    fn assoc_const(&self, path: &Path, scope: &Scope) -> Option<Ty> {
        let (last, rest) = path.segments.split_last()?;
        if rest.is_empty() {
            return None;
        }
        let of = Path { global: path.global, segments: rest.into() };
        let ty = self.t.lower(&crate::ir::TypeRef::Path(of), scope);
        let key = super::tables::head_key(&ty)?;
        self.t.assoc_consts.get(&(key, last.name)).map(|s| self.t.statics[*s].ty.clone())
    }

    /// The type of a place.
    pub(super) fn place(&mut self, id: BodyId, place: &Place) -> Ty {
        self.place_by(id, place).0
    }

    /// The type of a place, and whether it lies behind a reference (and a mutable one).
    pub(super) fn place_by(&self, id: BodyId, place: &Place) -> (Ty, Option<bool>) {
        let base = self.local(id, place.local);
        if place.proj.is_empty() {
            return (base, None);
        }
        let module = self.t.tree.module_of(self.file, self.body(id).module);
        if module == self.scope.module {
            return Places { t: self.t, scope: &self.scope }.walk(base, &place.proj);
        }
        let scope = self.scope.at(module);
        Places { t: self.t, scope: &scope }.walk(base, &place.proj)
    }

    fn aggregate(
        &mut self,
        id: BodyId,
        kind: &AggregateKind,
        fields: &[(Symbol, Operand)],
        base: Option<&Operand>,
    ) -> Ty {
        match kind {
            AggregateKind::Tuple => Ty::Tuple(fields.iter().map(|(_, o)| self.operand(id, o)).collect()),
            AggregateKind::Array => {
                let list: Vec<Ty> = fields.iter().map(|(_, o)| self.operand(id, o)).collect();
                Ty::Slice(Arc::new(list.into_iter().fold(Ty::Unknown, |a, b| a.merge(&b))))
            }
            AggregateKind::Struct(path) => self.struct_literal(id, path, fields, base),
            AggregateKind::Closure(body) => {
                let params = match self.done.get(body) {
                    Some(work) => work.inputs.0.clone(),
                    None => vec![Ty::Unknown; self.body(*body).param_count],
                };
                self.closure(id, *body, params)
            }
            AggregateKind::Async(body) => {
                self.child(id, *body, Vec::new());
                Ty::future(self.local(*body, return_local()))
            }
            AggregateKind::Generator(body) => {
                self.child(id, *body, Vec::new());
                let item = self.done.get(body).map(|w| w.types.yields.clone()).unwrap_or_default();
                Ty::adt(names().generator, vec![item])
            }
        }
    }

    /// A closure's type, its body inferred with these parameters.
    pub(super) fn closure(&mut self, parent: BodyId, body: BodyId, params: Vec<Ty>) -> Ty {
        self.child(parent, body, params);
        let ret = self.local(body, return_local());
        let is_async = matches!(self.body(body).kind, BodyKind::Closure { is_async: true });
        let ret = if is_async { Ty::future(ret) } else { ret };
        Ty::Fn(Some(self.idx(body)), Arc::new(ret))
    }

    /// Infers a closure or block inside `parent`, again with better captures if it was inferred before.
    fn child(&mut self, parent: BodyId, body: BodyId, params: Vec<Ty>) {
        let captures = self.body(body).captures.iter().map(|c| self.local(parent, c.outer)).collect();
        self.run(body, params, captures, Ty::Unknown);
    }

    fn struct_literal(&mut self, id: BodyId, path: &Path, fields: &[(Symbol, Operand)], base: Option<&Operand>) -> Ty {
        let module = self.t.tree.module_of(self.file, self.body(id).module);
        let scope = self.scope.at(module);
        if path.as_ident() == Some(names().self_type) {
            return scope.self_ty.unwrap_or_default();
        }
        let found = self.t.names().resolve(module, path, Space::Types);
        let (mut ty, variant) = match found {
            Some(f) if f.used == path.segments.len() => match f.def {
                Def::Variant(adt, name) => (self.t.adt_ty(adt, Vec::new()), Some(name)),
                _ => (self.t.lower(&crate::ir::TypeRef::Path(path.clone()), &scope), None),
            },
            _ => (self.t.lower(&crate::ir::TypeRef::Path(path.clone()), &scope), None),
        };
        if let Ty::Adt(adt, args) = &ty
            && let Some(def) = self.t.adts.get(adt)
            && !def.params.is_empty()
        {
            let list = match variant {
                Some(name) => def.variants.iter().find(|v| v.0 == name).map_or(&[][..], |v| v.1.as_slice()),
                None => def.fields.as_slice(),
            };
            let mut subst = Subst::default();
            for (name, operand) in fields {
                if let Some((_, field)) = list.iter().find(|f| f.0 == *name) {
                    let actual = self.operand(id, operand);
                    self.t.unify(field, &actual, &mut subst);
                }
            }
            let args = def.params.iter().enumerate().map(|(i, (name, _))| match args.get(i) {
                Some(known) if known.is_known() => known.clone(),
                _ => subst.get(name).cloned().unwrap_or_default(),
            });
            ty = Ty::adt(*adt, args.collect());
        }
        match base {
            Some(base) => {
                let base = self.operand(id, base);
                ty.merge(&base)
            }
            None => ty,
        }
    }

    /// One step back: a local of unknown type that is given to a parameter or field of known type takes it.
    fn backward(&mut self, id: BodyId) -> bool {
        let body = self.body(id);
        let mut changed = false;
        for (call, data) in body.calls.iter_enumerated() {
            let params = match &self.done[&id].types.targets[call] {
                Target::Local { fns, union: false, .. } => self.t.fns[fns[0]].params.clone(),
                Target::Constructor(path) => {
                    let fields = self.t.adts.get(path).map(|d| d.fields.iter().map(|f| f.1.clone()).collect());
                    fields.unwrap_or_default()
                }
                _ => continue,
            };
            for (arg, param) in data.args.iter().zip(&params) {
                changed |= self.take_from_use(id, arg, param);
            }
        }
        for block in &body.blocks {
            for stmt in &block.stmts {
                let StmtKind::Assign {
                    value: Rvalue::Aggregate { kind: AggregateKind::Struct(path), fields, .. }, ..
                } = &stmt.kind
                else {
                    continue;
                };
                let module = self.t.tree.module_of(self.file, body.module);
                let ty = self.t.lower(&crate::ir::TypeRef::Path(path.clone()), &self.scope.at(module));
                let Some(def) = ty.head().and_then(|h| self.t.adts.get(&h)) else { continue };
                for (name, operand) in fields {
                    if let Some((_, field)) = def.fields.iter().find(|f| f.0 == *name) {
                        changed |= self.take_from_use(id, operand, field);
                    }
                }
            }
        }
        changed
    }

    fn take_from_use(&mut self, id: BodyId, operand: &Operand, wanted: &Ty) -> bool {
        let Operand::Place(place) = operand else { return false };
        if wanted.has_params() || !wanted.is_known() {
            return false;
        }
        let Some(local) = place.as_local() else { return false };
        if self.local(id, local).is_known() {
            return false;
        }
        let mut target = local;
        let mut ty = wanted.clone();
        // `f(&mut x)`: the argument is a temporary that borrows `x`.
        if let Some(borrowed) = self.borrowed_local(id, local) {
            if self.local(id, borrowed).is_known() {
                return false;
            }
            if let Ty::Ref(_, inner) = &ty {
                (target, ty) = (borrowed, (**inner).clone());
            }
        }
        if self.local(id, target).is_known() {
            return false;
        }
        self.work(id).types.from_use.push(target);
        self.learn(id, target, &ty)
    }

    /// The local that a temporary is a plain reference to.
    fn borrowed_local(&self, id: BodyId, temp: LocalId) -> Option<LocalId> {
        let body = self.body(id);
        if body.locals[temp].name.is_some() {
            return None;
        }
        body.blocks.iter().flat_map(|b| &b.stmts).find_map(|s| match &s.kind {
            StmtKind::Assign { to, value: Rvalue::Ref { place, .. } } if to.as_local() == Some(temp) => {
                place.as_local()
            }
            _ => None,
        })
    }
}

fn found_variant(def: Def) -> Option<Symbol> {
    match def {
        Def::Variant(_, name) => Some(name),
        Def::Mod(_)
        | Def::Adt(_)
        | Def::Trait(_)
        | Def::Alias(_)
        | Def::Fn(_)
        | Def::Static(_)
        | Def::Extern(_)
        | Def::Missing(_) => None,
    }
}
