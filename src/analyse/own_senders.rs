//! Tasks that end when a channel is closed and keep it open themselves: what receives has a sender of its own.
//!
//! **Invariants:** the channel is made in the body that starts the task, which gives it both ends; its loop ends in no other way
//! than by the channel. **Absent on purpose:** senders within structs, which the task may be meant to outlive.

use super::events::{BodyEvents, Event};
use super::{loops, owed};
use crate::analyse::made::read;
use crate::base::{IndexVec, Symbol};
use crate::ir::{AggregateKind, BlockId, Body, CallId, LocalId, Operand, Place, Rvalue, StmtKind, Terminator};
use crate::pack::Effect;
use crate::resolve::{BodyIdx, Program, ProvRoot, Target};

/// Finds such tasks and puts them into the events.
pub fn find(program: &Program, events: &mut IndexVec<BodyIdx, BodyEvents>) {
    for (idx, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        for (id, target) in info.targets.iter_enumerated() {
            let Target::Pack(path) = target else { continue };
            let Some(Effect::Spawn { what }) = program.catalog.target_row(*path).map(|r| &r.effect) else { continue };
            let call = &program.body(idx).calls[id];
            let Some(Operand::Place(task)) = call.args.get(*what) else { continue };
            if let Some((recv, sender)) = keeps_itself(program, idx, task) {
                events[idx].events.push(Event::OwnSender { span: call.span, recv, sender });
            }
        }
    }
}

/// Where the block in a place receives from a channel that it has a sender of; and the sender.
fn keeps_itself(program: &Program, idx: BodyIdx, task: &Place) -> Option<(crate::base::Span, Symbol)> {
    let local = task.as_local()?;
    let mut built = read::assignments(program.body(idx)).filter(|(_, to, _)| to.as_local() == Some(local));
    let (_, _, Rvalue::Aggregate { kind: AggregateKind::Async(block), fields, .. }) = built.next()? else {
        return None;
    };
    let inner = program.inner_bodies(idx).iter().copied().find(|b| program.bodies[*b].id == *block)?;
    let body = program.body(inner);
    let half = |op: &Operand, which: &str| {
        let prov = program.prov(idx, op);
        match prov.root {
            ProvRoot::Call(of, call) if of == idx && matches!(prov.path.as_slice(), [one] if one.as_str() == which) => {
                Some(call)
            }
            _ => None,
        }
    };
    if !fields.iter().any(|(_, op)| owed::may_connect(program, &program.operand_ty(idx, op))) {
        return None;
    }
    for (n, (_, receiver)) in fields.iter().enumerate() {
        let Some(channel) = half(receiver, "1") else { continue };
        let Some((sender, _)) = fields.iter().find(|(_, op)| half(op, "0") == Some(channel)) else { continue };
        let stand_in = body.captures.get(n)?.inner;
        if let Some(recv) = only_ends_with(program, inner, body, stand_in) {
            return Some((recv, *sender));
        }
    }
    None
}

/// The call that receives in a loop which is left only by what that call gives.
fn only_ends_with(program: &Program, idx: BodyIdx, body: &Body, receiver: LocalId) -> Option<crate::base::Span> {
    for (block, _, value) in read::assignments(body) {
        let Rvalue::Call(id) = value else { continue };
        if !receives(program, idx, *id, receiver) {
            continue;
        }
        let blocks = loops::around(body, block);
        if loops::goes_on(body, &blocks) && left_only_by(body, &blocks, *id) {
            return Some(body.calls[*id].span);
        }
    }
    None
}

fn receives(program: &Program, idx: BodyIdx, id: CallId, receiver: LocalId) -> bool {
    let Target::Pack(path) = &program.bodies[idx].targets[id] else { return false };
    let waits = program.catalog.target_row(*path).and_then(|row| row.waits.as_ref());
    let first = program.body(idx).calls[id].args.first();
    waits.is_some_and(|w| w.kind == "channel")
        && matches!(first, Some(Operand::Place(p)) if p.as_local() == Some(receiver))
}

/// Whether every way out of a loop is a branch on what a call gave.
fn left_only_by(body: &Body, blocks: &[BlockId], id: CallId) -> bool {
    let mut given: Vec<LocalId> = Vec::new();
    for (_, to, value) in read::assignments(body) {
        let follows = match value {
            Rvalue::Call(call) => *call == id,
            Rvalue::Await(Operand::Place(p)) | Rvalue::Use(Operand::Place(p)) => given.contains(&p.local),
            _ => false,
        };
        given.extend(to.as_local().filter(|_| follows));
    }
    blocks.iter().all(|block| match &body.blocks[*block].term {
        Terminator::Switch { on, edges, .. } => {
            let leaves = edges.iter().any(|e| !blocks.contains(&e.to));
            !leaves || on.as_ref().is_some_and(|p| given.contains(&p.local))
        }
        Terminator::Goto(to) => blocks.contains(to),
        Terminator::Return(..) | Terminator::Diverge => false,
    }) && !body.blocks.iter().any(|b| b.stmts.iter().any(|s| matches!(s.kind, StmtKind::Yield(_))))
}
