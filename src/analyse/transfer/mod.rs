//! The transfer function: what each statement and edge does to the state.
//!
//! **Invariants:** one transfer for iteration and for reading: events are made by the same code when a [`Sink`] is given,
//! from converged states only. A move out of a place removes what the place owned; a drop releases what is still owned.
//! **Absent on purpose:** lints, words, confidence rules.

mod calls;
pub(super) mod captures;
mod ledger;
mod places;
mod session;
mod told;
mod waits;
mod beyond;

use super::Summaries;
use super::effect::{Act, CallEffect, Gift, Prepared, When, Width};
use super::events::{BodyEvents, Event, Release};
use super::outcomes::{Life, Outcome, Outcomes, Wrote};
use super::owed::Balance;
use super::resource::{Origin, PoolClass, PoolId, ResId, Resource, Sameness, same_pool};
use super::state::{Answer, Deferred, Entry, Owed, Pending, ResState, State, Told, Value, Variants};
use super::summary::{Acquires, Effects, Executes, ParamResource, merge_executes};
use super::{choice, instances};
use crate::base::{Confidence, Idx, IndexVec, Span, Symbol};
use crate::flow::{self, Location};
use crate::ir::{
    self, AggregateKind, BlockId, Body, BodyId, BodyKind, CallId, DropWhy, Edge, EdgeKind, LocalId, Operand, Place,
    Proj, ReturnKind, Rvalue, Stmt, StmtKind, Terminator,
};
use crate::pack::Kind;
use crate::resolve::{BodyIdx, Program, Prov, ProvRoot, Ty};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Takes what happens while converged states are read.
#[derive(Default)]
pub struct Sink {
    /// Events, for lints.
    pub out: BodyEvents,
    /// What the body does, for its summary.
    pub effects: Effects,
    /// Closures that are called: parameter, and the resources held meanwhile.
    pub invokes: Vec<(usize, Option<ResId>)>,
    /// Maybe-connection parameters that are used as executors.
    pub executes: Vec<super::summary::Executes>,
    /// Resources over which a session lock was given back.
    pub unlocked: Vec<ResId>,
    /// Closures that run while a connection of a pool is held.
    pub runs_with: Vec<(BodyIdx, super::resource::PoolId)>,
    /// Closures that run over a connection that is held here.
    pub runs_over: Vec<(BodyIdx, ResId)>,
    /// Acquisitions inside callees that were lent a held connection: the place in the callee, the resource here, the answer.
    pub lent: Vec<(Span, ResId, Sameness)>,
    /// What inner bodies capture: body, capture's outer local, resources held in it now.
    pub captured: BTreeMap<BodyIdx, Vec<(usize, ResId, bool)>>,
}

/// The analysis of one body.
pub struct Transfer<'a> {
    /// The program.
    pub program: &'a Program,
    /// The body.
    pub idx: BodyIdx,
    /// Its IR.
    pub body: &'a Body,
    /// Its calls and resources.
    pub prepared: &'a Prepared,
    /// Summaries of all bodies, for async blocks.
    pub summaries: &'a Summaries,
    /// Inner bodies by their id in the file.
    pub inner: BTreeMap<BodyId, BodyIdx>,
    /// Per inner body and capture: whether its code moves the captured variable, so that it captures by value.
    moves: BTreeMap<BodyIdx, Vec<bool>>,
    /// Resources that exist at entry; `None`: all of the parameters and captures.
    pub entry_resources: Option<Vec<ResId>>,
    /// Locks that the statement at hand takes, and whether they are only tried.
    pub took: Vec<Answer>,
    /// What the answer of the statement at hand tells of what was lent for it.
    pub told: Vec<Told>,
    /// Whether some call of the body is seen to give a session lock back.
    pub unlocks_seen: bool,
    /// Whether some call of the body takes a value out of its place.
    pub takes_seen: bool,
    /// Whether the futures that are awaited end with the first of them.
    pub racing: bool,
    /// What was moved into the async block that runs: its own reading knows when it lets go.
    pub moved_in: Vec<ResId>,
    /// Set while reading.
    pub sink: Option<Sink>,
}

fn empty_path() -> Rc<[Symbol]> {
    Rc::from([])
}

impl<'a> Transfer<'a> {
    /// An analysis of `idx`.
    pub fn new(program: &'a Program, idx: BodyIdx, prepared: &'a Prepared, summaries: &'a Summaries) -> Self {
        let body = program.body(idx);
        let bodies = program.inner_bodies(idx);
        let inner = bodies.iter().map(|&b| (program.bodies[b].id, b)).collect();
        let moves = bodies.iter().map(|&b| (b, captures::moved(program, b))).collect();
        let gives = |act: &Act| matches!(act, Act::Talks { locks: Some(false), .. });
        let unlocks_seen = prepared.calls.iter().any(|c| !c.unlocks.is_empty() || c.acts.iter().any(gives));
        Transfer {
            program,
            idx,
            body,
            prepared,
            summaries,
            inner,
            moves,
            entry_resources: None,
            took: Vec::new(),
            told: Vec::new(),
            unlocks_seen,
            takes_seen: prepared.calls.iter().any(|c| c.acts.contains(&Act::Take)),
            racing: false,
            moved_in: Vec::new(),
            sink: None,
        }
    }

    fn resource(&self, res: ResId) -> &Resource {
        &self.prepared.resources[res]
    }

    fn event(&mut self, event: Event) {
        if let Some(sink) = &mut self.sink {
            sink.out.events.push(event);
        }
    }

    fn evaluate(&mut self, state: &mut State, to: &Place, value: &Rvalue, span: Span) -> Value {
        let whole = to.as_local();
        if let Some(local) = whole {
            state.variants.remove(&local);
            state.tests.remove(&local);
        }
        match value {
            Rvalue::Use(op) | Rvalue::Cast(op, _) => {
                self.copy_variant(state, whole, op);
                self.read(state, op)
            }
            Rvalue::Ref { place, .. } => {
                let value = self.peek(state, place);
                value.borrowed()
            }
            Rvalue::Call(call) => self.call(state, whole, *call),
            Rvalue::Await(op) => {
                let value = self.read(state, op);
                let ty = self.operand_ty(op);
                if let [Pending { what: Deferred::Call(id), task: false, .. }] = value.pending[..] {
                    self.note_failure(state, whole, id);
                }
                self.awaited(state, &[value], true, span, &ty)
            }
            Rvalue::AwaitMany { futures, all } => {
                let values: Vec<Value> = futures.iter().map(|f| self.read(state, f)).collect();
                let mut out = self.awaited(state, &values, !all, span, &Ty::Unknown);
                // Which part of the result holds what is told by the part's own await, not here.
                for entry in &mut out.entries {
                    entry.path = empty_path();
                }
                out
            }
            Rvalue::Aggregate { kind, fields, base } => self.aggregate(state, whole, kind, fields, base.as_deref()),
            Rvalue::Plain(ops) => {
                if let [Operand::Place(place)] = ops.as_slice()
                    && let (Some(local), Some(&test)) = (whole, place.as_local().and_then(|l| state.tests.get(&l)))
                {
                    // `!x.is_ok()`; any other single-operand plain value of a test loses nothing by this.
                    state.tests.insert(local, (test.0, !test.1));
                }
                Value::default()
            }
            Rvalue::Step { .. } => Value::default(),
            Rvalue::Unknown(ops) => {
                for op in ops {
                    let value = self.read(state, op);
                    self.escape(state, &value);
                }
                Value::default()
            }
        }
    }

    fn copy_variant(&self, state: &mut State, to: Option<LocalId>, op: &Operand) {
        let Some(to) = to else { return };
        match op {
            Operand::Place(place) => {
                if let Some(&v) = place.as_local().and_then(|l| state.variants.get(&l)) {
                    state.variants.insert(to, v);
                }
                if let Some(&t) = place.as_local().and_then(|l| state.tests.get(&l)) {
                    state.tests.insert(to, t);
                }
            }
            Operand::Path(path, _) => {
                if path.last() == "None" {
                    state.variants.insert(to, Variants { good: false, bad: true });
                }
            }
            Operand::Literal(_) => {}
        }
    }

    fn aggregate(
        &mut self,
        state: &mut State,
        to: Option<LocalId>,
        kind: &AggregateKind,
        fields: &[(Symbol, Operand)],
        base: Option<&Operand>,
    ) -> Value {
        let mut out = Value::default();
        match kind {
            AggregateKind::Tuple | AggregateKind::Array | AggregateKind::Struct(_) => {
                let named = !matches!(kind, AggregateKind::Array);
                for (name, op) in fields {
                    for entry in self.read_into(state, op, &mut out) {
                        let prefix = named.then_some(*name);
                        let path: Vec<Symbol> = prefix.into_iter().chain(entry.path.iter().copied()).take(3).collect();
                        out.add(Entry { path: path.into(), ..entry });
                    }
                }
                if let Some(base) = base {
                    for entry in self.read_into(state, base, &mut out) {
                        out.add(entry);
                    }
                }
                let _ = to;
                out
            }
            AggregateKind::Closure(body) | AggregateKind::Async(body) | AggregateKind::Generator(body) => {
                let inner = self.inner.get(body).copied();
                let mut args: Vec<Vec<Entry>> = Vec::new();
                if let Some(inner) = inner {
                    args.resize(self.program.body(inner).param_count, Vec::new());
                }
                for (n, (_, op)) in fields.iter().enumerate() {
                    let value = match op {
                        Operand::Place(place) if !self.capture_by_value(inner, n) => self.peek(state, place).borrowed(),
                        Operand::Place(_) | Operand::Path(..) | Operand::Literal(_) => self.read(state, op),
                    };
                    if let (Some(sink), Some(inner)) = (&mut self.sink, inner) {
                        for entry in value.entries.iter().filter(|e| state.outcomes(e.res).may_be_held()) {
                            sink.captured.entry(inner).or_default().push((n, entry.res, entry.owned));
                        }
                    }
                    for pending in value.pending {
                        out.add_pending(pending);
                    }
                    args.push(value.entries);
                }
                match kind {
                    AggregateKind::Async(body) | AggregateKind::Generator(body) => {
                        out.add_pending(Pending { what: Deferred::Block(*body), args: args.into(), task: false });
                    }
                    AggregateKind::Closure(_)
                    | AggregateKind::Tuple
                    | AggregateKind::Array
                    | AggregateKind::Struct(_) => {
                        for entry in args.into_iter().flatten() {
                            out.add(entry);
                        }
                    }
                }
                out
            }
        }
    }

    fn read_into(&mut self, state: &mut State, op: &Operand, out: &mut Value) -> Vec<Entry> {
        let value = self.read(state, op);
        for pending in value.pending {
            out.add_pending(pending);
        }
        value.entries
    }

    /// Whether a capture moves: by `move`, because the inner body's code moves the variable, or because it ends what it
    /// captured.
    fn capture_by_value(&self, inner: Option<BodyIdx>, n: usize) -> bool {
        let Some(inner) = inner else { return false };
        let body = self.program.body(inner);
        let moved = || self.moves.get(&inner).and_then(|m| m.get(n)).copied().unwrap_or(false);
        if body.captures.get(n).is_some_and(|c| c.by_move) || moved() {
            return true;
        }
        let index = body.param_count + n;
        self.summaries.get(inner).is_some_and(|s| {
            s.params.iter().any(|p| p.index == index && !p.outcomes.is_empty() && !p.outcomes.may_be_held())
        })
    }

    // ---- ends ----

    /// What becomes of what a returned future owns: an async block of ours does with it what its own exits tell; anything
    /// else takes it out of sight.
    pub fn ended_later(&self, pending: &Pending, index: usize, entry: &Entry, before: Outcomes) -> Outcomes {
        let summary = match pending.what {
            Deferred::Block(body) => self.inner.get(&body).and_then(|&b| self.summaries.get(b)),
            Deferred::Call(_) => None,
        };
        let params = summary.iter().flat_map(|s| &s.params);
        let known = params
            .filter(|p| p.index == index && !p.outcomes.is_empty())
            .find(|p| below(&p.path, &entry.path, || true).is_some());
        match known {
            Some(p) => through(before, p.outcomes, true),
            None => before.end_held(Life::Escaped),
        }
    }

    /// At a terminator: events of the exit.
    pub fn at_exit(&mut self, state: &State, at: Location) {
        let block = &self.body.blocks[at.block];
        if at.stmt != block.stmts.len() {
            return;
        }
        let Terminator::Return(kind, span) = &block.term else { return };
        self.note_left(state, *kind, *span);
        self.note_balances(state, at, *kind, *span);
        let Some(success) = self.success(state, *kind) else { return };
        let ids: Vec<ResId> = state.res.keys().copied().collect();
        for res in ids {
            let outcomes = state.outcomes(res);
            let chosen = self.is_chosen(res, outcomes, at.block);
            self.event(Event::Exit { res, span: *span, outcomes, success, chosen });
        }
        self.at_return(state, *span);
    }

    /// Whether a branch on the way to this exit chose between the commit of a transaction and its rollback.
    fn is_chosen(&self, res: ResId, outcomes: Outcomes, exit: BlockId) -> bool {
        // Who commits only what wrote nothing chose by mistake.
        let sensible = outcomes.iter().any(|o| o.life == Life::Ended && o.wrote != Wrote::No);
        if self.resource(res).kind != Kind::Tx || !outcomes.may_be(Life::Dropped) || !sensible {
            return false;
        }
        let Some(sink) = &self.sink else { return false };
        let commits = sink.out.releases[res].iter().filter(|(_, r)| *r == Release::Commit);
        let commits: Vec<Span> = commits.map(|(span, _)| *span).collect();
        choice::made_before(self.body, exit, &sink.out.uses[res], &commits)
    }

    /// How sure it is that leaving the body here is a success; `None` for a failure.
    pub fn success(&self, state: &State, kind: ReturnKind) -> Option<Confidence> {
        if kind == ReturnKind::Failure {
            return None;
        }
        let ret = ir::return_local();
        match state.variants.get(&ret) {
            Some(Variants { good: false, bad: true }) => return None,
            Some(Variants { good: true, bad: false }) => return Some(Confidence::High),
            Some(_) | None => {}
        }
        let ty = match (&self.body.kind, self.program.bodies[self.idx].owner) {
            (BodyKind::Fn(_), Some(f)) => self.program.fns[f].ret.clone(),
            (
                BodyKind::Fn(_)
                | BodyKind::Closure { .. }
                | BodyKind::Async
                | BodyKind::Generator
                | BodyKind::Static(_),
                _,
            ) => self.program.bodies[self.idx].locals.get(ret).cloned().unwrap_or_default(),
        };
        let ty = match ty {
            Ty::Future(inner) => (*inner).clone(),
            other => other,
        };
        match &ty {
            // A function that cannot say so has seen an error on every way to here.
            Ty::Tuple(parts) if parts.is_empty() && state.failed => Some(Confidence::Low),
            Ty::Tuple(parts) if parts.is_empty() => Some(Confidence::High),
            // An answer whose meaning is in its value (`impl IntoResponse`): nobody can tell.
            Ty::Param(..) | Ty::Dyn(_) => Some(Confidence::Low),
            Ty::Unknown
            | Ty::Adt(..)
            | Ty::Ref(..)
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Future(_)
            | Ty::Fn(..)
            | Ty::Never => Some(Confidence::Medium),
        }
    }

    /// Starts collecting.
    pub fn start_reading(&mut self) {
        let n = self.prepared.resources.len();
        let mut sink = Sink::default();
        sink.out.holders = IndexVec::from_elem(Vec::new(), n);
        sink.out.borrowers = IndexVec::from_elem(Vec::new(), n);
        sink.out.releases = IndexVec::from_elem(Vec::new(), n);
        sink.out.uses = IndexVec::from_elem(Vec::new(), n);
        sink.out.sessions = IndexVec::from_elem(false, n);
        sink.out.spans_await = IndexVec::from_elem(false, n);
        sink.out.outer = IndexVec::from_elem(None, n);
        sink.out.parents = IndexVec::from_elem(Vec::new(), n);
        self.sink = Some(sink);
    }
}

/// A by-value argument's fate in the callee, seen from the caller.
fn through(before: Outcomes, inner: Outcomes, owned: bool) -> Outcomes {
    let mut after = Outcomes::NONE;
    for outcome in inner.iter() {
        let mut o = before.wrote_held(outcome.wrote);
        if outcome.locked {
            o = o.lock_held(true);
        }
        // An error that the callee got over is its own business; one for which it ended what it was given is not.
        if outcome.failed && outcome.life != Life::Held {
            o = o.fail_held();
        }
        let life = match (outcome.life, owned) {
            // What the callee still holds when it returns was given to it by value and is dropped there.
            (Life::Held, true) => Life::Dropped,
            (Life::Held, false) => Life::Held,
            // A borrowed one cannot be dropped by the callee, but it can be taken out of its place and ended.
            (other, _) => other,
        };
        after = after.or(if life == Life::Held { o } else { o.end_held(life) });
    }
    if inner.is_empty() { before } else { after }
}

/// What a callee's value that only refers to a resource did to it: its end is not the resource's.
fn undropped(inner: Outcomes) -> Outcomes {
    let mut out = Outcomes::NONE;
    for o in inner.iter() {
        let life = if o.life == Life::Dropped { Life::Held } else { o.life };
        out = out.or(Outcomes::one(Outcome { life, ..o }));
    }
    out
}

/// Paths on which it escaped hold it again: it came back in the result.
fn revive(outcomes: Outcomes) -> Outcomes {
    let mut out = Outcomes::NONE;
    for o in outcomes.iter() {
        let life = if o.life == Life::Escaped { Life::Held } else { o.life };
        out = out.or(Outcomes::one(Outcome { life, ..o }));
    }
    out
}

fn args_borrowed(values: &[Value]) -> Vec<Vec<Entry>> {
    values.iter().map(|v| v.entries.iter().map(|e| Entry { owned: false, ..e.clone() }).collect()).collect()
}

/// Where a resource at `path` lies below `fields`: `None` if elsewhere. Where the path is shorter than the fields, it is
/// not known how deep it lies: `fits` decides.
fn below(path: &[Symbol], fields: &[Symbol], fits: impl FnOnce() -> bool) -> Option<Vec<Symbol>> {
    let shared = path.iter().zip(fields).take_while(|(a, b)| a == b).count();
    if shared == fields.len() {
        Some(path[shared..].to_vec())
    } else if shared == path.len() && fits() {
        Some(Vec::new())
    } else {
        None
    }
}

fn set(state: &mut State, local: LocalId, value: Value) {
    if value.is_empty() {
        state.values.remove(&local);
    } else {
        state.values.insert(local, Rc::new(value));
    }
}

impl flow::Analysis for Transfer<'_> {
    type State = State;

    fn entry(&mut self) -> State {
        let mut state = State::default();
        for (id, resource) in self.prepared.resources.iter_enumerated() {
            let Origin::Local(local) = resource.origin else { continue };
            if self.entry_resources.as_ref().is_some_and(|list| !list.contains(&id)) {
                continue;
            }
            state.res.insert(id, ResState { outcomes: Outcomes::held(), ..ResState::default() });
            let mut value = state.value(local).map_or_else(Value::default, |v| (**v).clone());
            value.add(Entry { path: resource.path.as_slice().into(), res: id, owned: !resource.borrowed });
            set(&mut state, local, value);
        }
        for (n, account) in self.prepared.accounts.list.iter().enumerate() {
            if account.before != Balance::NEVER {
                state.accounts.insert(n, account.before);
            }
        }
        state
    }

    fn stmt(&mut self, state: &mut State, at: Location, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { to, value } => {
                match value {
                    Rvalue::Await(op) => self.note_open_await(state, at, Some(op), stmt.span),
                    Rvalue::AwaitMany { .. } => self.note_open_await(state, at, None, stmt.span),
                    _ => {}
                }
                let inherited = self.answer_of(state, value);
                let known = self.told_by(state, value);
                let carried = self.evaluate(state, to, value, stmt.span);
                self.note_answer(state, to, inherited);
                self.note_told(state, to, value, known);
                self.note_kept(to, &carried, stmt.span);
                self.store(state, to, carried);
                self.tally(state, at, to, value);
            }
            StmtKind::Drop { place, why } => self.drop_place(state, place, *why, stmt.span),
            StmtKind::Yield(op) => {
                self.note_open_await(state, at, None, stmt.span);
                let value = self.read(state, op);
                self.escape(state, &value);
                if self.sink.is_some() {
                    let mut effects = Effects::default();
                    effects.add_waits(super::summary::Waits {
                        kind: Symbol::new("consumer"),
                        confidence: Confidence::Medium,
                        chain: vec![super::resource::Link { span: stmt.span, callee: Symbol::new("yield") }],
                    });
                    let snapshot = state.clone();
                    self.happen_effects(&snapshot, &effects, &[], true, stmt.span, "yield", None);
                }
            }
            StmtKind::Declare(local) => {
                state.values.remove(local);
                state.variants.remove(local);
                state.tests.remove(local);
            }
        }
    }

    fn edge(&mut self, state: &mut State, from: BlockId, edge: &Edge) -> bool {
        if matches!(edge.kind, EdgeKind::Variant(_) | EdgeKind::Otherwise | EdgeKind::Again) {
            self.note_scrutinee(state);
        }
        if edge.kind == EdgeKind::Again {
            self.next_turn(state);
        }
        let Terminator::Switch { on: Some(place), edges, .. } = &self.body.blocks[from].term else { return true };
        let good = match &edge.kind {
            EdgeKind::Continue => Some(true),
            EdgeKind::Break => Some(false),
            EdgeKind::Variant(path) => variant_goodness(path),
            EdgeKind::Otherwise => {
                let before: Vec<bool> = edges
                    .iter()
                    .filter_map(|e| match &e.kind {
                        EdgeKind::Variant(path) => variant_goodness(path),
                        EdgeKind::Then
                        | EdgeKind::Else
                        | EdgeKind::Continue
                        | EdgeKind::Break
                        | EdgeKind::Otherwise
                        | EdgeKind::Again
                        | EdgeKind::Exit
                        | EdgeKind::Arm(_) => None,
                    })
                    .collect();
                match before.as_slice() {
                    [one] => Some(!one),
                    _ => None,
                }
            }
            EdgeKind::Then | EdgeKind::Else => {
                let taken = edge.kind == EdgeKind::Then;
                self.answered(state, place, &edge.kind, None);
                self.tell(state, place, taken);
                let Some(&(tested, good_if_true)) = place.as_local().and_then(|l| state.tests.get(&l)) else {
                    return true;
                };
                let good = taken == good_if_true;
                self.tell(state, &Place::local(tested), good);
                if !good && is_result(&self.place_ty(&Place::local(tested))) {
                    self.fail(state);
                }
                self.tested(state, tested, good);
                return self.refine(state, &Place::local(tested), good);
            }
            EdgeKind::Again | EdgeKind::Exit | EdgeKind::Arm(_) => None,
        };
        self.answered(state, place, &edge.kind, good);
        if good.is_none()
            && let Some(first) = self.variant_taken(place, &edge.kind, edges)
        {
            self.tell(state, place, first);
        }
        match good {
            Some(good) => {
                let error = matches!(&edge.kind, EdgeKind::Variant(path) if path.last() == "Err")
                    || edge.kind == EdgeKind::Otherwise
                        && edges.iter().any(|e| matches!(&e.kind, EdgeKind::Variant(path) if path.last() == "Ok"));
                if error && !good {
                    state.failed = true;
                    self.fail(state);
                }
                self.tell(state, place, good);
                self.refine(state, place, good)
            }
            None => {
                if self.holds_nothing(state, place, edge, edges) {
                    self.empty(state, place);
                }
                true
            }
        }
    }
}

impl Transfer<'_> {
    /// Which of an enum's two variants the edge is taken for, if it has two: the first?
    fn variant_taken(&self, place: &Place, kind: &EdgeKind, edges: &[ir::Edge]) -> Option<bool> {
        let ty = self.place_ty(place);
        let of = |kind: &EdgeKind| match kind {
            EdgeKind::Variant(path) => self.variant_of(&ty, path.last()),
            _ => None,
        };
        match kind {
            EdgeKind::Otherwise => match edges.iter().filter_map(|e| of(&e.kind)).collect::<Vec<_>>().as_slice() {
                [one] => Some(!one),
                _ => None,
            },
            other => of(other),
        }
    }
}

fn is_result(ty: &Ty) -> bool {
    matches!(ty.peel_refs(), Ty::Adt(path, _) if path.as_str() == "std::result::Result")
}

fn variant_goodness(path: &ir::Path) -> Option<bool> {
    match path.last().as_str() {
        "Some" | "Ok" => Some(true),
        "None" | "Err" => Some(false),
        _ => None,
    }
}

impl Transfer<'_> {
    /// The place is known to be good (`Ok`, `Some`) or bad. `false`: it cannot be.
    fn refine(&mut self, state: &mut State, place: &Place, good: bool) -> bool {
        if let Some(local) = place.as_local() {
            if let Some(v) = state.variants.get(&local)
                && !(if good { v.good } else { v.bad })
            {
                return false;
            }
            state.variants.insert(local, Variants { good, bad: !good });
        }
        if !good {
            self.empty(state, place);
        }
        true
    }

    /// Whether a variant of a workspace enum that this edge stands for holds no connection.
    fn holds_nothing(&self, state: &State, place: &Place, edge: &Edge, edges: &[Edge]) -> bool {
        if state.value(place.local).is_none_or(|v| v.entries.is_empty()) {
            return false;
        }
        let Some(variants) = self.program.enum_variants(&self.place_ty(place)) else { return false };
        match &edge.kind {
            EdgeKind::Variant(path) => variants.iter().any(|(name, holds)| *name == path.last() && !holds),
            EdgeKind::Otherwise => {
                let tested = |name: Symbol| {
                    edges.iter().any(|e| matches!(&e.kind, EdgeKind::Variant(path) if path.last() == name))
                };
                !variants.iter().any(|(name, holds)| *holds && !tested(*name)) || self.left_over(state, place, edges)
            }
            EdgeKind::Then
            | EdgeKind::Else
            | EdgeKind::Continue
            | EdgeKind::Break
            | EdgeKind::Again
            | EdgeKind::Exit
            | EdgeKind::Arm(_) => false,
        }
    }

    /// Whether what only may hold something was looked at for it: an arm before took that over, so that what goes on is the
    /// case without.
    fn left_over(&self, state: &State, place: &Place, edges: &[Edge]) -> bool {
        let takes = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Assign { value: Rvalue::Use(Operand::Place(from)), .. } if from.local == place.local => {
                self.peek(state, from).entries.iter().any(|e| e.owned)
            }
            _ => false,
        };
        let taken = |e: &Edge| matches!(e.kind, EdgeKind::Variant(_)) && self.body.blocks[e.to].stmts.iter().any(takes);
        self.peek(state, place).entries.iter().all(|e| !e.owned || self.resource(e.res).maybe)
            && edges.iter().any(taken)
    }

    /// A place is seen to hold nothing: the paths on which it holds something do not come here.
    fn empty(&mut self, state: &mut State, place: &Place) {
        {
            let value = self.peek(state, place);
            let owned: Vec<ResId> = value.entries.iter().filter(|e| e.owned).map(|e| e.res).collect();
            self.remove_owned(state, place);
            for res in owned {
                if !state.owned_elsewhere(res, place.local) {
                    state.update(res, Outcomes::without_held);
                    if state.outcomes(res).is_empty() {
                        state.res.remove(&res);
                    }
                }
            }
        }
    }
}
