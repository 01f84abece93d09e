//! Tasks that a server's loop starts and whose handles pile up: put into a set or list on each turn, never taken out while the
//! loop turns.
//!
//! **Invariants:** whatever else a turn does with the collection may empty it. The loop waits for clients, or for messages
//! of others: it goes on as long as the process. **Absent on purpose:** collections that are a field, which others may empty.

use super::events::{BodyEvents, Event};
use super::loops;
use crate::base::{IndexVec, Span, Symbol};
use crate::ir::{self, BlockId, CallId, LocalId, LocalKind, Operand, Place, Rvalue, StmtKind};
use crate::pack::{Effect, Kind};
use crate::resolve::{BodyIdx, Program, ProvRoot, Target};

/// Finds the collections that only grow and puts them into the events.
pub fn find(program: &Program, events: &mut IndexVec<BodyIdx, BodyEvents>) {
    for (idx, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        let candidates = info.targets.indices().filter_map(|id| Some((id, collection(program, idx, id)?)));
        for (id, of) in candidates.collect::<Vec<_>>() {
            if let Some((turn, name)) = grows(program, idx, id, of) {
                let span = program.body(idx).calls[id].span;
                events[idx].events.push(Event::PilesUp { span, turn, name });
            }
        }
    }
}

/// The variable that a call puts a task's handle into.
fn collection(program: &Program, idx: BodyIdx, id: CallId) -> Option<LocalId> {
    let call = &program.body(idx).calls[id];
    if !call.in_loop {
        return None;
    }
    let Target::Pack(path) = program.bodies[idx].targets.get(id)? else { return None };
    let keeps =
        |op: &Operand| program.type_row(program.operand_ty(idx, op).peel_refs()).is_some_and(|r| r.item.is_some());
    let into = match program.catalog.target_row(*path)?.effect {
        Effect::Spawn { what } if what > 0 => call.args.first()?,
        Effect::Store { into, value } => {
            let ty = program.operand_ty(idx, call.args.get(value)?);
            (program.kind(&ty) == Some(Kind::Task)).then_some(())?;
            call.args.get(into)?
        }
        _ => return None,
    };
    match into {
        Operand::Place(place) if keeps(into) => place.as_local(),
        _ => None,
    }
}

/// The wait of each turn, if the collection only grows while the loop turns; and its name.
fn grows(program: &Program, idx: BodyIdx, id: CallId, of: LocalId) -> Option<(Span, Symbol)> {
    let body = program.body(idx);
    let local = &body.locals[of];
    let name = local.name.filter(|_| local.kind == LocalKind::Var)?;
    let block = block_of(body, id)?;
    let blocks = loops::around(body, block);
    if !loops::goes_on(body, &blocks) {
        return None;
    }
    let calls = loops::calls(body, &blocks);
    let turn = calls.iter().copied().find(|c| comes_from_others(program, idx, *c))?;
    let is = |op: &Operand| matches!(op, Operand::Place(p) if p.local == of);
    let touched = |value: &Rvalue| match value {
        Rvalue::Call(c) => *c != id && body.calls[*c].args.iter().any(is),
        Rvalue::Ref { place: Place { local, .. }, .. } => *local == of,
        Rvalue::Use(op) | Rvalue::Cast(op, _) | Rvalue::Await(op) => is(op),
        Rvalue::Aggregate { fields, base, .. } => fields.iter().map(|f| &f.1).chain(base.as_deref()).any(is),
        Rvalue::AwaitMany { futures, .. } => futures.iter().any(is),
        Rvalue::Plain(ops) | Rvalue::Step { ops, .. } | Rvalue::Unknown(ops) => ops.iter().any(is),
    };
    let stmts = blocks.iter().flat_map(|b| &body.blocks[*b].stmts);
    let otherwise = stmts.into_iter().any(|s| match &s.kind {
        StmtKind::Assign { to, value } => to.local == of || touched(value),
        StmtKind::Yield(op) => is(op),
        StmtKind::Declare(local) => *local == of,
        StmtKind::Drop { place, .. } => place.local == of,
    });
    (!otherwise).then(|| (body.calls[turn].span, name))
}

fn block_of(body: &ir::Body, id: CallId) -> Option<BlockId> {
    body.blocks.iter_enumerated().find_map(|(block, data)| {
        let here = |s: &ir::Stmt| matches!(&s.kind, StmtKind::Assign { value: Rvalue::Call(c), .. } if *c == id);
        data.stmts.iter().any(here).then_some(block)
    })
}

/// Whether a call waits for a client to connect, or for what others send through a channel that was not made here.
fn comes_from_others(program: &Program, idx: BodyIdx, id: CallId) -> bool {
    let Some(Target::Pack(path)) = program.bodies[idx].targets.get(id) else { return false };
    let Some(waits) = program.catalog.target_row(*path).and_then(|row| row.waits.as_ref()) else { return false };
    match waits.kind.as_str() {
        "client" => true,
        "channel" => {
            let from = program.body(idx).calls[id].args.first();
            from.is_some_and(|from| matches!(program.prov(idx, from).root, ProvRoot::Param(_) | ProvRoot::Static(_)))
        }
        _ => false,
    }
}
