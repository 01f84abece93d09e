//! What becomes of a future or closure that a body makes: it stays with the task, is returned, or leaves to be run by anybody.
//!
//! **Invariants:** reads the program only; *stays* is said only where every use is seen.

use crate::analyse::made::read;
use crate::base::Idx;
use crate::ir::{self, BlockId, CallId, Callee, LocalId, Operand, Rvalue, StmtKind};
use crate::pack::{Effect, Repeats};
use crate::resolve::{BodyIdx, FnIdx, Program, Target, Ty};

/// How many functions a closure is followed into.
const DEPTH: usize = 5;

/// Asks for the fate of futures and closures.
#[derive(Clone, Copy)]
pub struct Fates<'a> {
    /// The program.
    pub program: &'a Program,
}

/// What becomes of a future or closure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It runs in the task that made it, or in one task of its own.
    Stays,
    /// The body gives it to whoever ran the body.
    Returned,
    /// Anybody may run it, beside others.
    Leaves,
}

impl Fates<'_> {
    /// Whether a future or closure may be run by others than the task that made it, or by several at once.
    pub fn leaves(&self, body: BodyIdx, local: LocalId) -> bool {
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

    /// Whether a closure may be called more than once, as far as is seen.
    pub fn may_repeat(&self, body: BodyIdx, closure: LocalId) -> bool {
        let ir = self.program.body(body);
        let given = |call: CallId| argument(&ir.calls[call].args, closure).is_some();
        let to_us = |call: CallId| !matches!(self.program.bodies[body].targets[call], Target::Pack(_));
        self.fate(body, closure) != Fate::Stays
            || self.per_item(body, closure)
            || ir.calls.indices().any(|call| given(call) && to_us(call))
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
    pub fn fate(&self, body: BodyIdx, local: LocalId) -> Fate {
        self.fate_at(body, local, DEPTH)
    }

    fn fate_at(&self, body: BodyIdx, local: LocalId, depth: usize) -> Fate {
        if depth == 0 {
            return Fate::Leaves;
        }
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
                if !read::reads(ir, value, holder) {
                    continue;
                }
                let follows = match value {
                    Rvalue::Await(_) | Rvalue::AwaitMany { .. } => false,
                    Rvalue::Use(_) | Rvalue::Ref { .. } | Rvalue::Cast(..) => true,
                    Rvalue::Call(call) => match self.given(body, *call, holder, depth) {
                        Given::Passes => true,
                        Given::Stays => false,
                        Given::Leaves => return Fate::Leaves,
                    },
                    Rvalue::Aggregate { kind, .. } if read::built(kind).is_some() => {
                        if !self.stays_inside(body, kind, holder, depth) {
                            return Fate::Leaves;
                        }
                        true
                    }
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

    /// Whether a closure or block that captures something only runs it itself.
    fn stays_inside(&self, body: BodyIdx, kind: &ir::AggregateKind, holder: LocalId, depth: usize) -> bool {
        let Some(id) = read::built(kind) else { return false };
        let inner = self.program.body_idx(self.program.bodies[body].file, id);
        let mut captured = self.program.body(inner).captures.iter().filter(|c| c.outer == holder);
        captured.all(|c| self.fate_at(inner, c.inner, depth - 1) == Fate::Stays)
    }

    fn given(&self, body: BodyIdx, call: CallId, holder: LocalId, depth: usize) -> Given {
        let data = &self.program.body(body).calls[call];
        let Some(at) = argument(&data.args, holder) else {
            // It is what is called.
            return match (&data.callee, &self.program.bodies[body].results[call]) {
                (Callee::Value(_), Ty::Future(_)) => Given::Passes,
                (Callee::Value(_), _) => Given::Stays,
                _ => Given::Leaves,
            };
        };
        let path = match &self.program.bodies[body].targets[call] {
            Target::Pack(path) => path,
            Target::Local { fns, .. } => return self.given_to(fns, at, depth),
            _ => return Given::Leaves,
        };
        let Some(row) = self.program.catalog.target_row(*path) else { return Given::Leaves };
        match (&row.effect, row.repeats) {
            (_, Some((what, Repeats::Request | Repeats::Worker))) if what == at => Given::Leaves,
            (Effect::Pass | Effect::Race, _) => Given::Passes,
            (Effect::BlockOn { .. } | Effect::Once { .. } | Effect::RunClosure { .. } | Effect::Drive { .. }, _) => {
                Given::Stays
            }
            (Effect::Spawn { .. } | Effect::Offload { .. }, _) if !self.piles_up(body, call) => Given::Stays,
            _ => Given::Leaves,
        }
    }

    /// What functions of the workspace do with what they get as an argument.
    fn given_to(&self, fns: &[FnIdx], at: usize, depth: usize) -> Given {
        let mut all = fns.iter().map(|f| {
            let body = self.program.fns[*f].body?;
            let param = self.program.fn_ir(*f).params.get(at)?;
            Some(self.fate_at(body, param.local, depth - 1))
        });
        if all.all(|fate| fate == Some(Fate::Stays)) { Given::Stays } else { Given::Leaves }
    }

    /// Whether control may come back to a call that starts a task before that task was awaited.
    pub fn piles_up(&self, body: BodyIdx, call: CallId) -> bool {
        let ir = self.program.body(body);
        let Some((start, handle)) = read::site(ir, call) else { return true };
        let mut handles = vec![handle.local];
        let mut at = 0;
        while let Some(&handle) = handles.get(at) {
            at += 1;
            for (_, to, value) in read::assignments(ir) {
                let moves = matches!(value, Rvalue::Use(_) | Rvalue::Ref { .. });
                if moves && !handles.contains(&to.local) && read::reads(ir, value, handle) {
                    handles.push(to.local);
                }
            }
        }
        let joins = |block: BlockId| {
            ir.blocks[block].stmts.iter().any(|stmt| match &stmt.kind {
                StmtKind::Assign { value: value @ Rvalue::Await(_), .. } => {
                    handles.iter().any(|handle| read::reads(ir, value, *handle))
                }
                _ => false,
            })
        };
        if joins(start) {
            return false;
        }
        let mut seen = vec![false; ir.blocks.len()];
        let mut todo: Vec<BlockId> = ir.blocks[start].term.successors().collect();
        while let Some(at) = todo.pop() {
            if at == start {
                return true;
            }
            if !std::mem::replace(&mut seen[at.index()], true) && !joins(at) {
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
