//! Tasks that keep alive what they look after: a pool of one's own whose reaper owns it, so that it is never dropped.
//!
//! **Invariants:** what is kept was made in the body that starts the task, and is handed to the caller within a struct that has no
//! `Drop` of its own; nobody has the task's handle; the task goes on in a loop and waits for nothing through which it could be
//! told to stop. **Absent on purpose:** what has no connection inside, and pools of libraries, which know when they are closed.

use super::events::{BodyEvents, Event};
use super::made::read;
use super::{Summaries, Waits, loops, shut};
use crate::base::{IndexVec, Span, Symbol};
use crate::ir::{AggregateKind, Body, CallId, LocalId, Operand, Rvalue, Terminator};
use crate::pack::{Effect, Kind};
use crate::resolve::{BodyIdx, Program, Prov, ProvRoot, Target, Ty};
use std::collections::BTreeSet;

/// Wrappers of a future that are looked through.
const WRAPPERS: usize = 4;
/// Calls down to a wait that is the task's own.
const OWN: usize = 2;

/// A task that keeps what it looks after.
#[derive(Clone, Debug)]
pub struct KeptAlive {
    /// Where it is started.
    pub span: Span,
    /// Where what it keeps is made.
    pub made: Span,
    /// What it keeps: the type's name.
    pub what: Symbol,
    /// What the caller gets: the type's name.
    pub handle: Symbol,
}

/// Finds such tasks and puts them into the events.
pub fn find(program: &Program, summaries: &Summaries, events: &mut IndexVec<BodyIdx, BodyEvents>) {
    let mut sockets: Option<BTreeSet<Symbol>> = None;
    for (idx, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test && b.parent.is_none()) {
        for (id, target) in info.targets.iter_enumerated() {
            let Target::Pack(path) = target else { continue };
            let Some(Effect::Spawn { what }) = program.catalog.target_row(*path).map(|r| &r.effect) else { continue };
            let call = &program.body(idx).calls[id];
            let Some(given) = call.args.get(*what) else { continue };
            if !is_forgotten(program, idx, id) {
                continue;
            }
            let Some((task, given)) = runs(program, idx, given, WRAPPERS) else { continue };
            if !loops::has_one(program.body(task)) || may_end(program.body(task)) && may_be_told(summaries, task) {
                continue;
            }
            let sockets = sockets.get_or_insert_with(|| shut::sockets(program));
            if let Some(kept) = given.iter().find_map(|op| keeps(program, idx, op, sockets)) {
                events[idx].events.push(Event::KeptAlive(Box::new(KeptAlive { span: call.span, ..kept })));
            }
        }
    }
}

/// Whether nobody has the handle of the task that a call starts.
fn is_forgotten(program: &Program, idx: BodyIdx, id: CallId) -> bool {
    let body = program.body(idx);
    let Some(to) = read::site(body, id).and_then(|(_, to)| to.as_local()) else { return false };
    to != crate::ir::return_local() && !read::assignments(body).any(|(_, _, value)| read::reads(body, value, to))
}

/// Whether there is any way out of a body.
fn may_end(body: &Body) -> bool {
    body.blocks.iter().any(|b| matches!(b.term, Terminator::Return(..)))
}

/// Whether a task waits for something through which others may tell it to stop, or that ends: itself, or in what it calls, not
/// somewhere below a query.
fn may_be_told(summaries: &Summaries, task: BodyIdx) -> bool {
    let tells = |w: &Waits| ["channel", "signal", "stream"].contains(&w.kind.as_str()) && w.chain.len() <= OWN;
    summaries.get(task).is_none_or(|s| [&s.effects, &s.later].iter().any(|e| e.waits.iter().any(tells)))
}

/// The body that a future is of, through what only wraps it, and what it was given.
fn runs(program: &Program, idx: BodyIdx, future: &Operand, depth: usize) -> Option<(BodyIdx, Vec<Operand>)> {
    let Operand::Place(place) = future else { return None };
    let local = place.as_local().filter(|_| depth > 0)?;
    match only_value(program, idx, local)? {
        Rvalue::Use(op) => runs(program, idx, op, depth - 1),
        Rvalue::Aggregate { kind: AggregateKind::Async(id), fields, .. } => {
            let inner = program.inner_bodies(idx).iter().copied().find(|b| program.bodies[*b].id == *id)?;
            Some((inner, fields.iter().map(|(_, op)| op.clone()).collect()))
        }
        Rvalue::Call(id) => {
            let args = &program.body(idx).calls[*id].args;
            match &program.bodies[idx].targets[*id] {
                Target::Local { fns, .. } => match &**fns {
                    [f] => Some((program.fns[*f].body?, args.to_vec())),
                    _ => None,
                },
                Target::Pack(_) => runs(program, idx, args.first()?, depth - 1),
                _ => None,
            }
        }
        _ => None,
    }
}

fn only_value(program: &Program, idx: BodyIdx, local: LocalId) -> Option<&Rvalue> {
    let mut values = read::assignments(program.body(idx)).filter(|(_, to, _)| to.as_local() == Some(local));
    values.next().filter(|_| values.next().is_none()).map(|(_, _, value)| value)
}

/// What a task keeps that it is given: shared, made here, with connections inside, and part of what the caller gets.
fn keeps(program: &Program, idx: BodyIdx, given: &Operand, sockets: &BTreeSet<Symbol>) -> Option<KeptAlive> {
    let ty = program.operand_ty(idx, given);
    let what = shared(program, &ty)?;
    let Prov { root: ProvRoot::Local(body, made), path, .. } = program.prov(idx, given) else { return None };
    if body != idx || !path.is_empty() || !shut::connected(program, ty.args().first()?, sockets) {
        return None;
    }
    let owner = program.bodies[idx].owner?;
    let handle = handles(program, &program.fns[owner].ret)
        .into_iter()
        .find(|(path, args)| program.fields_of(*path, args).iter().any(|field| shared(program, field) == Some(what)))?;
    let drops = program.tables.impl_for(&Ty::adt(handle.0, handle.1), Symbol::new("std::ops::Drop")).is_some();
    (!drops).then(|| KeptAlive {
        span: program.body(idx).locals[made].span,
        made: program.body(idx).locals[made].span,
        what: last(what),
        handle: last(handle.0),
    })
}

/// The workspace's type inside an `Arc`, behind a lock or not.
fn shared(program: &Program, ty: &Ty) -> Option<Symbol> {
    let Ty::Adt(path, args) = ty else { return None };
    let mut inside = args.first().filter(|_| path.as_str() == "std::sync::Arc")?;
    while program.type_row(inside).is_some_and(|row| row.kind == Kind::Lock) {
        inside = inside.args().first()?;
    }
    inside.head().filter(|path| program.tables.adts.contains_key(path))
}

/// The workspace's types that a result consists of, through `Result` and its like.
fn handles(program: &Program, ty: &Ty) -> Vec<(Symbol, Vec<Ty>)> {
    match ty {
        Ty::Adt(path, args) if program.tables.adts.contains_key(path) => vec![(*path, args.to_vec())],
        Ty::Adt(_, args) => args.iter().flat_map(|a| handles(program, a)).collect(),
        Ty::Tuple(parts) => parts.iter().flat_map(|p| handles(program, p)).collect(),
        Ty::Future(inner) => handles(program, inner),
        _ => Vec::new(),
    }
}

fn last(path: Symbol) -> Symbol {
    Symbol::new(path.as_str().rsplit("::").next().unwrap_or_default())
}
