//! Tasks that run until they are aborted: a heartbeat, a keep-alive beside the work of a function.
//!
//! A handle that is dropped lets its task run on, with all that the task was given: a pool, a connection, a lease. Where a
//! function aborts it on one way out, the task does not end by itself, and every other way out owes the same. A token whose
//! clones tasks wait for is a handle of theirs.
//!
//! **Invariants:** only tasks whose body goes on in a loop and that were given what may lead to a connection; a handle that goes anywhere else, or is awaited, is nobody's debt.
//! **Absent on purpose:** tasks that nothing aborts.

use super::handles::Handles;
use super::{Account, Accounts, CallEffect, Move, Sort, Summaries};
use crate::analyse::loops;
use crate::analyse::made::read;
use crate::base::{IndexVec, Span, Symbol};
use crate::ir::{AggregateKind, CallId, LocalId, LocalKind, Operand, Rvalue, StmtKind};
use crate::pack::{Kind, Tally};
use crate::resolve::{BodyIdx, Program, Target, Ty};
use std::collections::BTreeMap;

/// Wrappers of a future that are looked through.
const WRAPPERS: usize = 4;

/// Adds the tasks of a body to its accounts.
pub(super) fn add(
    program: &Program,
    idx: BodyIdx,
    calls: &IndexVec<CallId, CallEffect>,
    summaries: &Summaries,
    accounts: &mut Accounts,
) {
    let body = program.body(idx);
    let closes: Vec<CallId> = body.calls.indices().filter(|&id| aborts(program, idx, id)).collect();
    if closes.is_empty() {
        return;
    }
    let handles = Handles::of_body(program, idx);
    let mut known: BTreeMap<LocalId, usize> = BTreeMap::new();
    let mut opens: Vec<CallId> = Vec::new();
    for (id, call) in body.calls.iter_enumerated() {
        let is_task = program.kind(&program.bodies[idx].results[id]) == Some(Kind::Task);
        let Some(what) = calls[id].spawns.filter(|_| is_task).and_then(|what| call.args.get(what)) else { continue };
        let Some(local) = handles.result(id).filter(|l| body.locals[*l].kind == LocalKind::Var) else { continue };
        let Some((task, given)) = runs(program, idx, what, WRAPPERS) else { continue };
        // One that waits for a channel may be told to stop through it, also by its closing.
        let listens = summaries
            .get(task)
            .is_none_or(|s| [&s.effects, &s.later].iter().any(|e| e.waits.iter().any(|w| w.kind == "channel")));
        if listens || !loops::has_one(program.body(task)) || !given.iter().any(|ty| may_connect(program, ty)) {
            continue;
        }
        let account = *known.entry(local).or_insert_with(|| {
            let account = handles.account(local, Symbol::new("task"));
            accounts.list.push(Account { sort: Sort::Task, ..account });
            accounts.list.len() - 1
        });
        accounts.moves(id, account, true, call.span);
        opens.push(id);
    }
    if calls.iter().any(|c| c.spawns.is_some()) {
        for &id in &closes {
            tokens(&handles, id, &mut known, &mut opens, accounts);
        }
    }
    if known.is_empty() {
        return;
    }
    for (id, call) in body.calls.iter_enumerated().filter(|(id, _)| !opens.contains(id)) {
        for (n, arg) in call.args.iter().enumerate() {
            let Some(&account) = handles.of(arg).and_then(|l| known.get(&l)) else { continue };
            match &program.bodies[idx].targets[id] {
                _ if n == 0 && closes.contains(&id) => accounts.moves(id, account, false, call.span),
                // Asking whether it has ended changes nothing.
                Target::Pack(_) if says_only(&program.bodies[idx].results[id]) => {}
                _ => accounts.keepers.entry(id).or_default().push(account),
            }
        }
    }
    handles.note_kept(&known, accounts);
    for (block, data) in body.blocks.iter_enumerated() {
        for (at, stmt) in data.stmts.iter().enumerate() {
            let awaited = match &stmt.kind {
                StmtKind::Assign { value: Rvalue::Await(op), .. } => std::slice::from_ref(op),
                StmtKind::Assign { value: Rvalue::AwaitMany { futures, .. }, .. } => futures.as_slice(),
                _ => continue,
            };
            for account in awaited.iter().filter_map(|op| known.get(&handles.of(op)?)) {
                accounts.kept.entry((block, at)).or_default().push(*account);
            }
        }
    }
}

/// A token that a call cancels: made here, and given to tasks by clones of it.
fn tokens(
    handles: &Handles<'_>,
    cancels: CallId,
    known: &mut BTreeMap<LocalId, usize>,
    opens: &mut Vec<CallId>,
    accounts: &mut Accounts,
) {
    let (program, idx) = (handles.program, handles.idx);
    let body = program.body(idx);
    let Some(token) = body.calls[cancels].args.first().and_then(|op| handles.of(op)) else { return };
    let ty = &program.bodies[idx].locals[token];
    let is_var = body.locals[token].kind == LocalKind::Var && program.kind(ty) != Some(Kind::Task);
    let made = body.calls.indices().any(|id| body.calls[id].args.is_empty() && handles.result(id) == Some(token));
    if !is_var || !made || known.contains_key(&token) {
        return;
    }
    for (id, call) in body.calls.iter_enumerated() {
        let of = call.args.first().and_then(|op| handles.of(op)) == Some(token);
        if !of || program.bodies[idx].results[id].head() != ty.head() {
            continue;
        }
        let account = *known.entry(token).or_insert_with(|| {
            accounts.list.push(Account { sort: Sort::Task, ..handles.account(token, Symbol::new("token")) });
            accounts.list.len() - 1
        });
        accounts.moves(id, account, true, call.span);
        opens.push(id);
    }
}

impl Accounts {
    fn moves(&mut self, id: CallId, account: usize, up: bool, span: Span) {
        self.list[account].moves.push((up, span));
        let moved = Move { account, up, answers: None, replaces: false, certain: true, stays: false };
        self.calls.entry(id).or_default().push(moved);
    }
}

/// A yes or no.
fn says_only(ty: &Ty) -> bool {
    ty.head().is_some_and(|path| path.as_str() == "bool")
}

fn aborts(program: &Program, idx: BodyIdx, id: CallId) -> bool {
    match &program.bodies[idx].targets[id] {
        Target::Pack(path) => program.catalog.target_row(*path).is_some_and(|r| r.tally == Some(Tally::Closes)),
        _ => false,
    }
}

/// Whether a value may be, or lead to, a connection: what is known to hold none does not, and what is not known may.
pub fn may_connect(program: &Program, ty: &Ty) -> bool {
    let connects = |kind: Kind| {
        matches!(kind, Kind::Pool | Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Handle | Kind::Driver)
    };
    if program.held(ty).iter().any(|h| connects(h.kind)) {
        return true;
    }
    match program.peel_wrappers(ty) {
        Ty::Adt(path, _) => {
            let known = program.tables.adts.contains_key(&path) || path.as_str().starts_with("std::");
            !known && program.catalog.type_row(path).is_none()
        }
        Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) => true,
        Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Future(_) | Ty::Fn(..) | Ty::Never => false,
    }
}

/// The body that a future is of, through what only wraps it, and the types of what it was given.
fn runs(program: &Program, idx: BodyIdx, future: &Operand, depth: usize) -> Option<(BodyIdx, Vec<Ty>)> {
    let Operand::Place(place) = future else { return None };
    let local = place.as_local().filter(|_| depth > 0)?;
    let body = program.body(idx);
    let mut values = read::assignments(body).filter(|(_, to, _)| to.as_local() == Some(local));
    let (_, _, value) = values.next().filter(|_| values.next().is_none())?;
    match value {
        Rvalue::Use(op) => runs(program, idx, op, depth - 1),
        Rvalue::Aggregate { kind: AggregateKind::Async(id), fields, .. } => {
            let inner = program.inner_bodies(idx).iter().copied().find(|b| program.bodies[*b].id == *id)?;
            Some((inner, fields.iter().map(|(_, op)| program.operand_ty(idx, op)).collect()))
        }
        Rvalue::Call(id) => match &program.bodies[idx].targets[*id] {
            Target::Local { fns, .. } => match &**fns {
                [f] => {
                    let given = body.calls[*id].args.iter().map(|op| program.operand_ty(idx, op)).collect();
                    Some((program.fns[*f].body?, given))
                }
                _ => None,
            },
            Target::Pack(_) => runs(program, idx, body.calls[*id].args.first()?, depth - 1),
            _ => None,
        },
        _ => None,
    }
}
