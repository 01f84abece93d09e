//! How many tasks may run a body at once: one, or any number. The single-instance question of may-happen-in-parallel analyses.
//!
//! A connection that only one task holds is one connection: however long it is held, no other task of its kind waits for the
//! pool, and taking a second one starves nobody.
//!
//! Asked downwards from what may run any number of times at once: functions that nobody in sight calls (handlers, the
//! library's own interface), functions that are handed on as values, futures that are not awaited where they are made,
//! recursion.
//!
//! **Invariants:** *one* is said only if every way to the body is seen and leads to `main`; what is not seen is *many*.
//! Callers in test code are no callers. **Absent on purpose:** how often a body runs, one after the other, which
//! [`made::often`](super::made::often) tells; judging.

use super::made::read;
use crate::base::{Idx, IndexVec, Symbol};
use crate::ir::{self, BlockId, CallId, Callee, LocalId, Operand, Rvalue};
use crate::pack::{Effect, Repeats};
use crate::resolve::{BodyIdx, Program, Target};
use std::collections::HashSet;

/// Whether at most one task at a time runs each body.
pub fn single(program: &Program) -> IndexVec<BodyIdx, bool> {
    let mut spread = Spread { program, many: IndexVec::from_elem(false, program.bodies.len()) };
    let asked_of_somebody = unresolved_methods(program);
    for (f, info) in program.fns.iter_enumerated() {
        let Some(body) = info.body else { continue };
        let name = program.fn_ir(f).name;
        let is_main = name.as_str() == "main" && info.self_ty.is_none();
        let is_called = program.callers(f).iter().any(|(b, _)| !program.bodies[*b].is_test);
        let may_be_called = info.self_ty.is_some() && asked_of_somebody.contains(&name);
        // Each level of a recursion is an instance of its own, though one task runs them all.
        let recurs = program.callees(body).iter().any(|to| program.in_one_component(body, *to));
        if !is_main && !is_called || may_be_called || recurs {
            spread.from(body);
        }
    }
    for info in program.bodies.iter().filter(|info| !info.is_test) {
        for (_, target) in &info.functions {
            spread.from_target(target);
        }
    }
    for body in program.bodies.indices() {
        if !spread.many[body] && !program.bodies[body].is_test {
            spread.from_calls_of(body);
        }
    }
    spread.many.iter().map(|many| !many).collect()
}

/// Names of methods that are called on something whose type is not known, or on more types than were followed.
fn unresolved_methods(program: &Program) -> HashSet<Symbol> {
    let mut names = HashSet::new();
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test) {
        for (call, target) in info.targets.iter_enumerated() {
            if let Target::Unknown(_) | Target::Local { cut: true, .. } = target
                && let Callee::Method { name, .. } = &program.body(body).calls[call].callee
            {
                names.insert(*name);
            }
        }
    }
    names
}

struct Spread<'a> {
    program: &'a Program,
    many: IndexVec<BodyIdx, bool>,
}

/// What becomes of a future or closure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It runs in the task that made it, or in one task of its own.
    Stays,
    /// The body gives it to whoever ran the body.
    Returned,
    /// Anybody may run it, beside others.
    Leaves,
}

impl Spread<'_> {
    /// The body may be run by many, and so may all that it runs.
    fn from(&mut self, body: BodyIdx) {
        let mut todo = vec![body];
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut self.many[at], true) {
                todo.extend(self.program.callees(at));
            }
        }
    }

    fn from_target(&mut self, target: &Target) {
        if let Target::Local { fns, .. } = target {
            for body in fns.iter().filter_map(|f| self.program.fns[*f].body) {
                self.from(body);
            }
        }
    }

    /// What a body that one task runs lets others run beside it.
    fn from_calls_of(&mut self, body: BodyIdx) {
        let program = self.program;
        for (call, target) in program.bodies[body].targets.iter_enumerated() {
            let Target::Local { fns, .. } = target else { continue };
            let gives_future = fns.iter().any(|f| program.fns[*f].is_async);
            if gives_future
                && read::site(program.body(body), call).is_none_or(|(_, to)| self.fate(body, to.local) != Fate::Stays)
            {
                self.from_target(target);
            }
        }
        for &inner in program.inner_bodies(body) {
            let leaves = read::built_into(program, inner).iter().any(|local| self.leaves(body, *local));
            if leaves {
                self.from(inner);
            }
        }
    }

    fn leaves(&self, body: BodyIdx, local: LocalId) -> bool {
        match self.fate(body, local) {
            Fate::Stays => false,
            Fate::Leaves => true,
            // Of a closure that is called item by item many futures may be about at once.
            Fate::Returned => match (&self.program.body(body).kind, self.program.bodies[body].parent) {
                (ir::BodyKind::Closure { .. }, Some(parent)) => {
                    let closures = read::built_into(self.program, body);
                    closures.iter().any(|c| self.fate(parent, *c) != Fate::Stays || self.per_item(parent, *c))
                }
                _ => true,
            },
        }
    }

    /// Whether a closure is called once per item of something.
    fn per_item(&self, body: BodyIdx, closure: LocalId) -> bool {
        let calls = self.program.body(body).calls.iter_enumerated();
        calls.filter(|(_, data)| argument(&data.args, closure).is_some()).any(|(call, _)| {
            let Target::Pack(path) = &self.program.bodies[body].targets[call] else { return false };
            self.program
                .catalog
                .target_row(*path)
                .is_none_or(|row| !matches!(row.effect, Effect::RunClosure { .. }) || row.repeats.is_some())
        })
    }

    /// What becomes of the future or closure in a local of a body.
    fn fate(&self, body: BodyIdx, local: LocalId) -> Fate {
        let ir = self.program.body(body);
        let mut holders = vec![local];
        let mut at = 0;
        let mut fate = Fate::Stays;
        while let Some(&holder) = holders.get(at) {
            at += 1;
            if holder == ir::return_local() {
                fate = Fate::Returned;
            }
            for (_, to, value) in read::assignments(ir) {
                if !read::places(ir, value).iter().any(|p| p.local == holder) {
                    continue;
                }
                let follows = match value {
                    Rvalue::Await(_) | Rvalue::AwaitMany { .. } => false,
                    Rvalue::Use(_) | Rvalue::Ref { .. } | Rvalue::Cast(..) => true,
                    Rvalue::Call(call) => match self.given(body, *call, holder) {
                        Given::Passes => true,
                        Given::Stays => false,
                        Given::Leaves => return Fate::Leaves,
                    },
                    Rvalue::Aggregate { .. } | Rvalue::Plain(_) | Rvalue::Step { .. } | Rvalue::Unknown(_) => {
                        return Fate::Leaves;
                    }
                };
                if follows && !holders.contains(&to.local) {
                    holders.push(to.local);
                }
            }
        }
        fate
    }

    fn given(&self, body: BodyIdx, call: CallId, holder: LocalId) -> Given {
        let data = &self.program.body(body).calls[call];
        let Some(at) = argument(&data.args, holder) else {
            // It is what is called.
            return if matches!(data.callee, Callee::Value(_)) { Given::Stays } else { Given::Leaves };
        };
        let Target::Pack(path) = &self.program.bodies[body].targets[call] else { return Given::Leaves };
        let Some(row) = self.program.catalog.target_row(*path) else { return Given::Leaves };
        match (&row.effect, row.repeats) {
            (_, Some((what, Repeats::Request | Repeats::Worker))) if what == at => Given::Leaves,
            (Effect::Pass | Effect::Race, _) => Given::Passes,
            (Effect::BlockOn { .. } | Effect::Once { .. } | Effect::RunClosure { .. } | Effect::Drive { .. }, _) => {
                Given::Stays
            }
            (Effect::Spawn { .. } | Effect::Offload { .. }, _) if !self.circles(body, call) => Given::Stays,
            _ => Given::Leaves,
        }
    }

    /// Whether control may come back to a call.
    fn circles(&self, body: BodyIdx, call: CallId) -> bool {
        let ir = self.program.body(body);
        let Some((start, _)) = read::site(ir, call) else { return true };
        let mut seen = vec![false; ir.blocks.len()];
        let mut todo: Vec<BlockId> = ir.blocks[start].term.successors().collect();
        while let Some(at) = todo.pop() {
            if at == start {
                return true;
            }
            if !std::mem::replace(&mut seen[at.index()], true) {
                todo.extend(ir.blocks[at].term.successors());
            }
        }
        false
    }
}

/// What a call does with a future or closure.
enum Given {
    /// Its result is, or holds, what it was given.
    Passes,
    /// It runs it here, or once beside.
    Stays,
    /// Nobody knows.
    Leaves,
}

fn argument(args: &[Operand], local: LocalId) -> Option<usize> {
    args.iter().position(|a| matches!(a, Operand::Place(p) if p.local == local))
}
