//! What becomes of a value that a function makes: it is returned, kept for longer than the call, or gone at its end.
//!
//! Flow-insensitive, over locals: whatever holds the value at one place holds it everywhere. **Invariant:** in doubt a value
//! is kept, so nobody is told that it is gone.

use super::read::{self, assignments, built, places, reads};
use crate::base::Idx;
use crate::ir::{self, LocalId, Operand, Place, Proj, Rvalue, StmtKind};
use crate::pack::{Effect, Kind};
use crate::resolve::{BodyIdx, FnIdx, Program, Target, Ty};
use std::collections::HashMap;

/// What becomes of a value: all that may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It is in the function's result.
    pub returned: bool,
    /// Something that lives longer has it.
    pub kept: bool,
    /// It is in the result of the closure or block that makes it.
    pub handed_on: bool,
}

/// Answers, with those for parameters remembered.
pub struct Fates<'a> {
    program: &'a Program,
    params: HashMap<(FnIdx, usize), Fate>,
}

impl<'a> Fates<'a> {
    /// No answers yet.
    pub fn new(program: &'a Program) -> Fates<'a> {
        Fates { program, params: HashMap::new() }
    }

    /// What becomes of a parameter's value. A function that is being asked already does nothing with it.
    fn param(&mut self, f: FnIdx, n: usize, wanted: &[Kind]) -> Fate {
        if let Some(&known) = self.params.get(&(f, n)) {
            return known;
        }
        let Some(body) = self.program.fns[f].body else { return Fate { returned: true, kept: true, handed_on: true } };
        if n >= self.program.body(body).param_count {
            return Fate::default();
        }
        self.params.insert((f, n), Fate::default());
        let fate = self.of(body, LocalId::new(n + 1), wanted);
        self.params.insert((f, n), fate);
        fate
    }

    /// What becomes of what is in `local`.
    pub fn of(&mut self, body: BodyIdx, local: LocalId, wanted: &[Kind]) -> Fate {
        let mut fate = Fate::default();
        let mut seen: Vec<(BodyIdx, LocalId)> = Vec::new();
        let mut todo = vec![(body, local)];
        while let Some(at) = todo.pop() {
            if seen.contains(&at) {
                continue;
            }
            if seen.len() > 400 {
                return Fate { kept: true, ..fate };
            }
            seen.push(at);
            self.step(at.0, at.1, wanted, &mut fate, &mut todo);
        }
        fate
    }

    fn step(
        &mut self,
        body: BodyIdx,
        local: LocalId,
        wanted: &[Kind],
        fate: &mut Fate,
        todo: &mut Vec<(BodyIdx, LocalId)>,
    ) {
        let ir = self.program.body(body);
        if local == ir::return_local() {
            match (&ir.kind, self.program.bodies[body].parent) {
                (ir::BodyKind::Fn(_), _) | (_, None) => fate.returned = true,
                (ir::BodyKind::Closure { .. }, Some(parent)) => {
                    fate.handed_on = true;
                    todo.extend(read::built_into(self.program, body).into_iter().map(|l| (parent, l)));
                }
                (_, Some(parent)) => todo.extend(read::built_into(self.program, body).into_iter().map(|l| (parent, l))),
            }
        }
        let yielded = ir.blocks.iter().flat_map(|b| &b.stmts).any(|s| match &s.kind {
            StmtKind::Yield(Operand::Place(p)) => p.local == local,
            StmtKind::Yield(_) | StmtKind::Assign { .. } | StmtKind::Drop { .. } | StmtKind::Declare(_) => false,
        });
        fate.kept |= yielded;
        for (_, to, value) in assignments(ir) {
            if !reads(ir, value, local) {
                continue;
            }
            let flows = match value {
                Rvalue::Use(_)
                | Rvalue::Await(_)
                | Rvalue::Cast(..)
                | Rvalue::Ref { .. }
                | Rvalue::AwaitMany { .. } => true,
                Rvalue::Aggregate { kind, .. } => {
                    if let Some(inner) = built(kind) {
                        let inner = self.program.body_idx(self.program.bodies[body].file, inner);
                        let captures = &self.program.body(inner).captures;
                        todo.extend(captures.iter().filter(|c| c.outer == local).map(|c| (inner, c.inner)));
                    }
                    true
                }
                Rvalue::Plain(_) | Rvalue::Step { .. } => false,
                Rvalue::Unknown(_) => {
                    fate.kept = true;
                    false
                }
                Rvalue::Call(call) => self.through(body, *call, local, wanted, fate, todo),
            };
            let carries = matches!(value, Rvalue::Aggregate { .. });
            if !flows || !carries && !self.may_hold(body, to, wanted) {
                continue;
            }
            if self.outlives(body, to) {
                fate.kept = true;
            }
            todo.push((body, to.local));
        }
    }

    /// Whether an assignment to a place puts the value where it lives on: behind a reference.
    fn outlives(&self, body: BodyIdx, to: &Place) -> bool {
        !to.proj.is_empty()
            && (to.proj.iter().any(|p| matches!(p, Proj::Deref))
                || matches!(self.program.bodies[body].locals.get(to.local), Some(Ty::Ref(..)))
                || self.program.body(body).locals[to.local].kind == ir::LocalKind::Capture)
    }

    fn may_hold(&self, body: BodyIdx, to: &Place, wanted: &[Kind]) -> bool {
        !to.proj.is_empty() || self.ty_may_hold(&self.program.bodies[body].locals[to.local], wanted)
    }

    fn ty_may_hold(&self, ty: &Ty, wanted: &[Kind]) -> bool {
        match ty.peel_refs() {
            Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) | Ty::Fn(..) => true,
            Ty::Never | Ty::Ref(..) => false,
            Ty::Future(inner) | Ty::Slice(inner) => self.ty_may_hold(inner, wanted),
            Ty::Tuple(parts) => parts.iter().any(|p| self.ty_may_hold(p, wanted)),
            Ty::Adt(path, args) => {
                self.program.held(ty).iter().any(|h| wanted.contains(&h.kind))
                    || !self.program.is_plain_struct(*path) && self.program.catalog.type_row(*path).is_none()
                    || args.iter().any(|a| self.ty_may_hold(a, wanted))
            }
        }
    }

    /// What a call does with the value among its arguments; whether its result may hold it.
    fn through(
        &mut self,
        body: BodyIdx,
        call: ir::CallId,
        local: LocalId,
        wanted: &[Kind],
        fate: &mut Fate,
        todo: &mut Vec<(BodyIdx, LocalId)>,
    ) -> bool {
        let info = &self.program.bodies[body];
        let data = &self.program.body(body).calls[call];
        let at = |op: &Operand| matches!(op, Operand::Place(p) if p.local == local);
        let given: Vec<usize> = data.args.iter().enumerate().filter(|(_, a)| at(a)).map(|(i, _)| i).collect();
        let result = super::payload(self.program, &info.results[call]);
        // A library's call that is no adapter gives the value on only where its result is seen to hold one.
        let holds = self.program.held(&result).iter().any(|h| wanted.contains(&h.kind));
        match &info.targets[call] {
            Target::Constructor(_) => true,
            Target::Closure(inner) => {
                todo.extend(given.iter().map(|n| (*inner, LocalId::new(n + 1))));
                true
            }
            Target::Local { fns, .. } => {
                let mut returned = false;
                for &f in fns.iter() {
                    for &n in &given {
                        let inner = self.param(f, n, wanted);
                        returned |= inner.returned;
                        fate.kept |= inner.kept;
                    }
                }
                returned
            }
            Target::Pack(path) => {
                let Some(row) = self.program.catalog.target_row(*path) else {
                    fate.kept = true;
                    return true;
                };
                let closures = data.args.iter().filter_map(|a| match self.program.operand_ty(body, a) {
                    Ty::Fn(Some(inner), _) => Some(inner),
                    _ => None,
                });
                // What an adapter's closure is called with may be the value.
                todo.extend(closures.filter(|c| self.program.body(*c).param_count > 0).map(|c| (c, LocalId::new(1))));
                match &row.effect {
                    Effect::Pass
                    | Effect::Race
                    | Effect::FanOut { .. }
                    | Effect::Take { .. }
                    | Effect::BlockOn { .. } => true,
                    Effect::Store { into, value } => {
                        if given.contains(value) {
                            match data.args.get(*into) {
                                Some(Operand::Place(p)) => {
                                    let ty = self.program.operand_ty(body, &data.args[*into]);
                                    fate.kept |= matches!(ty, Ty::Ref(..))
                                        && self.borrows_what_lives_on(body, p.local, 6)
                                        || self.program.body(body).locals[p.local].kind != ir::LocalKind::Var
                                            && self.borrows_what_lives_on(body, p.local, 6);
                                    todo.push((body, p.local));
                                    todo.extend(self.borrowed_from(body, p.local).into_iter().map(|l| (body, l)));
                                }
                                Some(Operand::Path(..) | Operand::Literal(_)) | None => fate.kept = true,
                            }
                        }
                        false
                    }
                    Effect::Spawn { .. } | Effect::Forget { .. } | Effect::Once { .. } => {
                        fate.kept |= !matches!(row.effect, Effect::Spawn { .. })
                            || given.iter().any(|i| self.by_value(body, data, *i));
                        holds
                    }
                    Effect::NewPool | Effect::Connect | Effect::None => holds,
                    Effect::Acquire { .. }
                    | Effect::Begin { .. }
                    | Effect::Use { .. }
                    | Effect::Commit { .. }
                    | Effect::Rollback { .. }
                    | Effect::Release { .. }
                    | Effect::Detach { .. } => holds,
                    Effect::Offload { .. } | Effect::RunClosure { .. } | Effect::Drive { .. } => holds,
                }
            }
            Target::Extern { .. } | Target::Unknown(_) => {
                // What an unknown callee gets by value it may keep; of what it is lent it may return a clone.
                let receiver = matches!(data.callee, ir::Callee::Method { .. });
                fate.kept |= given.iter().any(|&i| !(receiver && i == 0) && self.by_value(body, data, i))
                    || matches!(&data.callee, ir::Callee::Value(op) if at(op));
                true
            }
        }
    }

    fn by_value(&self, body: BodyIdx, data: &ir::Call, arg: usize) -> bool {
        !matches!(self.program.operand_ty(body, &data.args[arg]), Ty::Ref(..))
    }

    /// The locals that a reference was taken of.
    fn borrowed_from(&self, body: BodyIdx, local: LocalId) -> Vec<LocalId> {
        let ir = self.program.body(body);
        let refs = assignments(ir).filter(|(_, to, _)| to.as_local() == Some(local));
        refs.filter_map(|(_, _, value)| match value {
            Rvalue::Ref { place, .. } => Some(place.local),
            _ => None,
        })
        .collect()
    }

    /// Whether a container is a parameter, a capture, or something reached through one or through a static.
    fn borrows_what_lives_on(&self, body: BodyIdx, local: LocalId, depth: usize) -> bool {
        let ir = self.program.body(body);
        if matches!(ir.locals[local].kind, ir::LocalKind::Param | ir::LocalKind::Capture) || depth == 0 {
            return true;
        }
        assignments(ir).filter(|(_, to, _)| to.as_local() == Some(local)).any(|(_, _, value)| match value {
            Rvalue::Use(Operand::Path(..)) => true,
            Rvalue::Call(c) => {
                ir.calls[*c].args.iter().any(|a| matches!(a, Operand::Path(..)))
                    || places(ir, value).iter().any(|p| self.borrows_what_lives_on(body, p.local, depth - 1))
            }
            _ => places(ir, value).iter().any(|p| self.borrows_what_lives_on(body, p.local, depth - 1)),
        })
    }
}
