//! Connections that stay in a pool of one's own after it was shut: it hands none out any more, and keeps what it has.
//!
//! A pool of one's own is a collection of connections in a field, and a flag beside it that is set and never cleared. Where
//! the flag is set, whoever wants a connection is refused; so whoever sets it has to take out what lies there, and what comes
//! back later must not be put in, which only a look at the flag under the collection's lock makes sure.
//!
//! **Invariants:** everybody who takes out of the collection is seen to look at the flag first, or takes out where the flag is
//! set; else nothing is said. **Absent on purpose:** pools whose flag and connections stand in different structs.

use super::events::{BodyEvents, Event, Slot};
use super::made::read;
use super::{kept, loops};
use crate::base::{Idx, IndexVec, Span, Symbol};
use crate::ir::{BlockId, CallId, Callee, EdgeKind, Literal, Operand, Place, Rvalue, StmtKind, Terminator};
use crate::pack::{Effect, Kind, Tally};
use crate::resolve::{BodyIdx, Program, ProvRoot, Target, Ty};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Types within types that are looked into for a connection.
const DEPTH: usize = 12;
/// Calls that are followed from where a flag is set to where things are taken out.
const STEPS: usize = 3;

/// What stays behind in a pool that was shut.
#[derive(Clone, Debug)]
pub struct LeftBehind {
    /// The flag's field.
    pub flag: Symbol,
    /// The collection's field.
    pub into: Symbol,
    /// Where the flag is set.
    pub set: Span,
    /// Where somebody is refused because of it.
    pub refused: Span,
    /// Where the collection is emptied then; nowhere if not.
    pub emptied: Option<Span>,
    /// Where a connection is put in without a look at the flag under the lock.
    pub put: Option<Span>,
    /// The look at the flag before the lock was taken.
    pub looked: Option<Span>,
}

/// Finds such pools and puts what stays behind into the events.
pub fn find(program: &Program, events: &mut IndexVec<BodyIdx, BodyEvents>) {
    let puts = puts(program);
    if puts.is_empty() {
        return;
    }
    let mut found = Read::default();
    let owners: BTreeSet<Symbol> = puts.iter().map(|p| p.into.0).collect();
    for (idx, _) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        found.body(program, idx, &owners);
    }
    let mut pools: BTreeMap<Field, Vec<&Put>> = BTreeMap::new();
    for put in &puts {
        pools.entry(put.into).or_default().push(put);
    }
    for (into, puts) in pools {
        let flags: BTreeSet<Field> = found.sets.iter().map(|s| s.flag).filter(|f| f.0 == into.0).collect();
        for flag in flags.into_iter().filter(|f| !found.cleared.contains(f)) {
            for (body, left) in found.judge(program, flag, into, &puts) {
                events[body].events.push(Event::LeftBehind(Box::new(left)));
            }
        }
    }
}

/// A field by its type and name.
type Field = (Symbol, Symbol);

/// Where a connection is put into a collection.
struct Put {
    into: Field,
    body: BodyIdx,
    span: Span,
    /// Where the lock of the collection was taken, if it has one.
    locked: Option<Span>,
}

/// Where a flag is set.
struct Set {
    flag: Field,
    body: BodyIdx,
    span: Span,
}

/// Where something is taken out of a field.
struct Taken {
    from: Field,
    body: BodyIdx,
    block: BlockId,
    span: Span,
}

/// A branch on a flag.
struct Look {
    flag: Field,
    block: BlockId,
    span: Span,
    /// Where it leads when the flag is set.
    to: BlockId,
}

fn field(program: &Program, idx: BodyIdx, operand: &Operand) -> Option<Field> {
    match kept::slot(program, idx, operand)? {
        Slot::Field(owner, name) => Some((owner, name)),
        Slot::Static(_) => None,
    }
}

fn row_of(program: &Program, idx: BodyIdx, id: CallId) -> Option<&crate::pack::FnRow> {
    match program.bodies[idx].targets.get(id)? {
        Target::Pack(path) => program.catalog.target_row(*path),
        _ => None,
    }
}

/// The connections that are put into collections in fields.
fn puts(program: &Program) -> Vec<Put> {
    let sockets = sockets(program);
    let mut connects: HashMap<Ty, bool> = HashMap::new();
    let mut puts = Vec::new();
    for (idx, _) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        let body = program.body(idx);
        for (id, call) in body.calls.iter_enumerated() {
            let Some(Effect::Store { into, value }) = row_of(program, idx, id).map(|r| &r.effect) else { continue };
            let (Some(into), Some(value)) = (call.args.get(*into), call.args.get(*value)) else { continue };
            let ty = program.operand_ty(idx, value);
            if !*connects.entry(ty).or_insert_with_key(|ty| connected(program, ty, &sockets)) {
                continue;
            }
            let Some(field) = field(program, idx, into) else { continue };
            puts.push(Put { into: field, body: idx, span: call.span, locked: lock_of(program, idx, into) });
        }
    }
    puts
}

/// Where the lock was taken that a place is behind.
fn lock_of(program: &Program, idx: BodyIdx, operand: &Operand) -> Option<Span> {
    let ProvRoot::Call(body, call) = program.prov(idx, operand).root else { return None };
    let acquires = matches!(row_of(program, body, call).map(|r| &r.effect), Some(Effect::Acquire { .. }));
    (body == idx && acquires).then(|| program.body(body).calls[call].span)
}

/// Types of libraries that are what a call gives that waits for a socket.
pub(super) fn sockets(program: &Program) -> BTreeSet<Symbol> {
    let rows = program.catalog.packs.iter().flat_map(|p| &p.fns);
    let mut found = BTreeSet::new();
    for out in rows.filter(|r| r.waits.as_ref().is_some_and(|w| w.kind == "socket")).filter_map(|r| r.out.as_ref()) {
        crate::pack::type_expr::visit_paths(out, &mut |path| {
            if program.catalog.type_row(path).is_some_and(|row| row.kind == Kind::Plain) {
                found.insert(path);
            }
        });
    }
    found
}

/// Whether a value has a connection somewhere inside.
pub(super) fn connected(program: &Program, ty: &Ty, sockets: &BTreeSet<Symbol>) -> bool {
    fn look(program: &Program, ty: &Ty, sockets: &BTreeSet<Symbol>, seen: &mut BTreeSet<Symbol>, depth: usize) -> bool {
        let connects = |kind: Kind| matches!(kind, Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Driver);
        if program.held(ty).iter().any(|h| connects(h.kind) && !h.by_ref) {
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else { return false };
        match ty {
            Ty::Adt(path, _) if sockets.contains(path) => true,
            Ty::Adt(path, args) => {
                args.iter().any(|a| look(program, a, sockets, seen, depth))
                    || seen.insert(*path)
                        && program.fields_of(*path, args).iter().any(|f| look(program, f, sockets, seen, depth))
            }
            Ty::Tuple(parts) => parts.iter().any(|p| look(program, p, sockets, seen, depth)),
            Ty::Unknown
            | Ty::Ref(..)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Fn(..)
            | Ty::Never => false,
        }
    }
    look(program, ty, sockets, &mut BTreeSet::new(), DEPTH)
}

/// What was read of all bodies.
#[derive(Default)]
struct Read {
    sets: Vec<Set>,
    taken: Vec<Taken>,
    looks: BTreeMap<BodyIdx, Vec<Look>>,
    /// Flags that are cleared somewhere, or set to what was not seen.
    cleared: BTreeSet<Field>,
}

impl Read {
    fn body(&mut self, program: &Program, idx: BodyIdx, owners: &BTreeSet<Symbol>) {
        let body = program.body(idx);
        let ours = |operand: &Operand| field(program, idx, operand).filter(|f| owners.contains(&f.0));
        for (block, data) in body.blocks.iter_enumerated() {
            for stmt in &data.stmts {
                let StmtKind::Assign { to, value } = &stmt.kind else { continue };
                match value {
                    Rvalue::Call(id) => self.call(program, idx, *id, block, &ours),
                    _ if to.proj.is_empty() || !says_only(program, idx, to) => {}
                    Rvalue::Use(Operand::Literal(Literal::Bool(true))) => {
                        let flag = ours(&Operand::Place(to.clone()));
                        self.sets.extend(flag.map(|flag| Set { flag, body: idx, span: stmt.span }));
                    }
                    _ => self.cleared.extend(ours(&Operand::Place(to.clone()))),
                }
            }
            if let Terminator::Switch { on: Some(on), edges, .. } = &data.term
                && let Some(to) = edges.iter().find(|e| e.kind == EdgeKind::Then).map(|e| e.to)
                && let Some((flag, span)) = looked_at(program, idx, block, on, &ours)
            {
                self.looks.entry(idx).or_default().push(Look { flag, block, span, to });
            }
        }
    }

    fn call(
        &mut self,
        program: &Program,
        idx: BodyIdx,
        id: CallId,
        block: BlockId,
        ours: &impl Fn(&Operand) -> Option<Field>,
    ) {
        let call = &program.body(idx).calls[id];
        let Some(row) = row_of(program, idx, id) else { return };
        if let Some(Tally::Flag(arg) | Tally::Swap(arg)) = row.tally {
            let Some(flag) = call.args.first().and_then(ours) else { return };
            match call.args.get(arg) {
                Some(Operand::Literal(Literal::Bool(true))) => {
                    self.sets.push(Set { flag, body: idx, span: call.span });
                }
                _ => {
                    self.cleared.insert(flag);
                }
            }
        }
        if let Effect::Take { of } | Effect::Release { of } = row.effect
            && let Some(from) = call.args.get(of).and_then(ours)
        {
            self.taken.push(Taken { from, body: idx, block, span: call.span });
        }
    }

    /// What stays behind in a collection because of a flag, each with the body that it is told of.
    fn judge(&self, program: &Program, flag: Field, into: Field, puts: &[&Put]) -> Vec<(BodyIdx, LeftBehind)> {
        let sets: Vec<&Set> = self.sets.iter().filter(|s| s.flag == flag).collect();
        let empties = |t: &&Taken| sets.iter().any(|s| runs(program, s.body, t.body, STEPS));
        let (emptied, taken): (Vec<&Taken>, Vec<&Taken>) =
            self.taken.iter().filter(|t| t.from == into).partition(|t| empties(t));
        let refused: Vec<Option<(bool, Span)>> = taken.iter().map(|t| self.refused(program, flag, t)).collect();
        let (Some((_, refused)), true) = (refused.iter().flatten().min().copied(), refused.iter().all(Option::is_some))
        else {
            return Vec::new();
        };
        let left = |set: Span| LeftBehind {
            flag: flag.1,
            into: into.1,
            set,
            refused,
            emptied: emptied.first().map(|t| t.span),
            put: None,
            looked: None,
        };
        if emptied.is_empty() {
            let stays = sets.iter().filter(|s| !goes_with_it(program, s.body));
            return stays.map(|s| (s.body, LeftBehind { put: puts.first().map(|p| p.span), ..left(s.span) })).collect();
        }
        let Some(set) = sets.first().map(|s| s.span) else { return Vec::new() };
        let mut behind = Vec::new();
        for put in puts.iter().filter(|p| !sets.iter().any(|s| s.body == p.body) && !at_first(program, p.body)) {
            let looks = self.looks.get(&put.body).into_iter().flatten().filter(|l| l.flag == flag);
            let looks: Vec<&Look> = looks.collect();
            let after = looks.iter().any(|l| l.span.start > put.span.end);
            let safe = looks.iter().any(|l| put.locked.is_none_or(|lock| l.span.start > lock.start));
            if !after && !safe {
                let looked = looks.iter().map(|l| l.span).max();
                behind.push((put.body, LeftBehind { put: Some(put.span), looked, ..left(set) }));
            }
        }
        behind
    }

    /// The look at a flag that keeps something from being taken out when the flag is set: in the body that takes it out, or
    /// in all that call it.
    fn refused(&self, program: &Program, flag: Field, taken: &Taken) -> Option<(bool, Span)> {
        let here = self.kept_from(program, flag, taken.body, taken.block);
        let all = || {
            let f = program.fn_of_body(taken.body)?;
            let callers = program.callers(f).iter().filter(|(body, _)| !program.bodies[*body].is_test);
            let looks = callers.map(|(body, call)| {
                let (block, _) = read::site(program.body(*body), *call)?;
                self.kept_from(program, flag, *body, block)
            });
            looks.collect::<Option<Vec<_>>>()?.into_iter().min()
        };
        here.or_else(all)
    }

    /// The look at a flag that keeps a body from a block when the flag is set, and whether that ends a loop rather than turns
    /// somebody away.
    fn kept_from(&self, program: &Program, flag: Field, idx: BodyIdx, block: BlockId) -> Option<(bool, Span)> {
        let body = program.body(idx);
        let refuses = |l: &&Look| {
            l.flag == flag
                && l.to != block
                && !loops::reached(body, l.to)[block.index()]
                && loops::reached(body, l.block)[block.index()]
        };
        let turns = |l: &Look| loops::reached(body, l.block)[l.block.index()];
        self.looks.get(&idx)?.iter().find(refuses).map(|l| (turns(l), l.span))
    }
}

/// Whether a place is a boolean.
fn says_only(program: &Program, idx: BodyIdx, place: &Place) -> bool {
    program.operand_ty(idx, &Operand::Place(place.clone())).head().is_some_and(|h| h.as_str() == "bool")
}

/// The flag that a branch looks at, directly or through a function that answers with it.
fn looked_at(
    program: &Program,
    idx: BodyIdx,
    block: BlockId,
    on: &Place,
    ours: &impl Fn(&Operand) -> Option<Field>,
) -> Option<(Field, Span)> {
    let body = program.body(idx);
    if !on.proj.is_empty() {
        let Terminator::Switch { span, .. } = &body.blocks[block].term else { return None };
        return ours(&Operand::Place(on.clone())).map(|flag| (flag, *span));
    }
    body.blocks[block].stmts.iter().rev().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { to, value } if to == on => match value {
            Rvalue::Call(id) => answer(program, idx, *id).map(|flag| (flag, stmt.span)),
            Rvalue::Use(op) => ours(op).map(|flag| (flag, stmt.span)),
            _ => None,
        },
        _ => None,
    })
}

/// The field that a call answers with: an atomic that is read, or that a function reads which does nothing else.
fn answer(program: &Program, idx: BodyIdx, id: CallId) -> Option<Field> {
    let call = &program.body(idx).calls[id];
    if let Target::Local { fns, union: false, .. } = &program.bodies[idx].targets[id] {
        let [f] = &**fns else { return None };
        let inner = program.fns[*f].body?;
        let body = program.body(inner);
        let given = body.blocks.iter().flat_map(|b| &b.stmts).filter_map(|s| match &s.kind {
            StmtKind::Assign { to, value } if to.as_local() == Some(crate::ir::return_local()) => Some(value),
            _ => None,
        });
        return match given.collect::<Vec<_>>().as_slice() {
            [Rvalue::Call(id)] if !matches!(program.bodies[inner].targets[*id], Target::Local { .. }) => {
                answer(program, inner, *id)
            }
            [Rvalue::Use(op)] => field(program, inner, op),
            _ => None,
        };
    }
    let moves = row_of(program, idx, id).is_some_and(|row| row.tally.is_some());
    let reads = matches!(call.callee, Callee::Method { .. }) && !moves;
    call.args.first().filter(|_| reads).and_then(|op| field(program, idx, op))
}

/// Whether a body runs another one, within some calls.
fn runs(program: &Program, from: BodyIdx, to: BodyIdx, steps: usize) -> bool {
    from == to || steps > 0 && program.callees(from).iter().any(|&b| runs(program, b, to, steps - 1))
}

/// Whether a body runs only while the pool is made: its callers give it to theirs, and have none before.
fn at_first(program: &Program, idx: BodyIdx) -> bool {
    let Some(f) = program.bodies[idx].owner else { return false };
    let Some(pool) = program.fns[f].self_ty.as_ref().and_then(Ty::head) else { return false };
    let makes = |body: BodyIdx| {
        let Some(caller) = program.bodies[body].owner else { return false };
        let given = program.fns[caller].params.iter().any(|ty| program.peel_wrappers(ty).head() == Some(pool));
        !given && gives(&program.fns[caller].ret, pool)
    };
    let mut callers = program.callers(f).iter().filter(|(body, _)| !program.bodies[*body].is_test).peekable();
    callers.peek().is_some() && callers.all(|(body, _)| makes(*body))
}

/// Whether a result has a type somewhere inside.
fn gives(ty: &Ty, what: Symbol) -> bool {
    ty.head() == Some(what)
        || match ty {
            Ty::Adt(_, args) => args.iter().any(|a| gives(a, what)),
            Ty::Tuple(parts) => parts.iter().any(|p| gives(p, what)),
            Ty::Future(inner) => gives(inner, what),
            _ => false,
        }
}

/// Whether the pool itself ends where a body sets its flag: it owns it, or is the `drop` of it.
fn goes_with_it(program: &Program, idx: BodyIdx) -> bool {
    let Some(f) = program.bodies[idx].owner else { return false };
    let drops = program.fns[f].trait_.is_some_and(|t| t.as_str() == "std::ops::Drop");
    drops || program.fns[f].params.first().is_some_and(|ty| !matches!(ty, Ty::Ref(..)))
}
