//! Which captured variables an inner body moves.
//!
//! A closure or async block without `move` captures by reference what it only looks at and by value what its code moves:
//! gives away whole, drops, or ends with a method that takes `self`.
//!
//! **Invariant:** only what the code shows by itself: a move deeper inside, in a closure of the closure, is not followed
//! unless that one is `move`. A variable whose type is a reference is never moved for what it refers to.

use crate::base::Idx;
use crate::ir::{AggregateKind, CallId, Callee, LocalId, Operand, Rvalue, SelfKind, StmtKind};
use crate::resolve::{BodyIdx, Program, Target, Ty};

/// Per capture of `inner`, whether its code moves the variable.
pub fn moved(program: &Program, inner: BodyIdx) -> Vec<bool> {
    let body = program.body(inner);
    let info = &program.bodies[inner];
    let mut out = vec![false; body.captures.len()];
    let first = body.param_count + 1;
    let mut note = |local: LocalId| {
        let at = local.index().checked_sub(first);
        if let Some(slot) = at.and_then(|n| out.get_mut(n))
            && !matches!(info.locals.get(local), Some(Ty::Ref(..)))
        {
            *slot = true;
        }
    };
    let whole = |op: &Operand| match op {
        Operand::Place(place) => place.as_local(),
        Operand::Path(..) | Operand::Literal(_) => None,
    };
    for stmt in body.blocks.iter().flat_map(|b| &b.stmts) {
        let StmtKind::Assign { value, .. } = &stmt.kind else { continue };
        match value {
            Rvalue::Use(op) | Rvalue::Await(op) => whole(op).into_iter().for_each(&mut note),
            Rvalue::Call(id) => {
                let call = &body.calls[*id];
                let lent = matches!(call.callee, Callee::Method { .. }) && !takes_self(program, inner, *id);
                call.args.iter().skip(usize::from(lent)).filter_map(whole).for_each(&mut note);
            }
            Rvalue::Aggregate { kind, fields, .. } => {
                let deeper = match kind {
                    AggregateKind::Tuple | AggregateKind::Array | AggregateKind::Struct(_) => None,
                    AggregateKind::Closure(id) | AggregateKind::Async(id) | AggregateKind::Generator(id) => {
                        program.inner_bodies(inner).iter().find(|&&b| program.bodies[b].id == *id)
                    }
                };
                for (n, (_, op)) in fields.iter().enumerate() {
                    let by_value = deeper.is_none_or(|&b| program.body(b).captures.get(n).is_some_and(|c| c.by_move));
                    if by_value {
                        whole(op).into_iter().for_each(&mut note);
                    }
                }
            }
            Rvalue::Ref { .. }
            | Rvalue::AwaitMany { .. }
            | Rvalue::Cast(..)
            | Rvalue::Plain(_)
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => {}
        }
    }
    out
}

/// Whether a method is known to take its receiver by value.
fn takes_self(program: &Program, body: BodyIdx, id: CallId) -> bool {
    match program.bodies[body].targets.get(id) {
        Some(Target::Local { fns, .. }) => {
            fns.first().is_some_and(|&f| program.fn_ir(f).self_kind == Some(SelfKind::Value))
        }
        Some(Target::Pack(path)) => program.catalog.target_row(*path).is_some_and(|row| row.consumes),
        Some(Target::Closure(_) | Target::Constructor(_) | Target::Extern { .. } | Target::Unknown(_)) | None => false,
    }
}
