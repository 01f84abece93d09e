//! The inventory: each acquisition with who holds it, where it is let go and what it waits on meanwhile; and per entry point
//! the most connections of each pool that are held at once, with the calls that lead there.
//!
//! Per body the most is the maximum over its program points of what is held there, plus what a call made there takes at
//! most; bodies are taken bottom-up over the call graph.
//!
//! **Invariants:** pools are told apart by where they come from, in terms of the body at hand; what a caller lends is the
//! caller's and counted there, what it gives away is counted with what the callee takes. Recursion that takes more in each
//! round is cut and told ([`Peak::at_least`]); a fan-out without a limit that could be read is [`Amount::Unbounded`].
//! **Absent on purpose:** locks and permits, words of any output format.

use super::effect::{self, CallEffect, Prepared, Width};
use super::events::{Event, Release};
use super::resource::{Link, Origin, PoolClass, PoolId, ResId, Resource};
use super::state::{Deferred, Pending, State};
use super::transfer::Transfer;
use super::{Facts, idle};
use crate::base::{Confidence, IndexVec, Span, Symbol};
use crate::flow::{self, Location};
use crate::ir::{self, CallId, LocalKind, Operand, Rvalue, StmtKind, Terminator};
use crate::pack::Kind;
use crate::resolve::{BodyIdx, FnIdx, Program, Prov, ProvRoot, Target, Ty};
use std::collections::BTreeSet;

/// Rounds over bodies that call each other.
const ROUNDS: usize = 3;
/// Steps of a path that are kept.
const MAX_STEPS: usize = 24;

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amount {
    /// So many.
    Known(u32),
    /// Nothing in the code limits it.
    Unbounded,
}

impl Amount {
    fn plus(self, other: Amount) -> Amount {
        match (self, other) {
            (Amount::Known(a), Amount::Known(b)) => Amount::Known(a.saturating_add(b)),
            (Amount::Unbounded, _) | (_, Amount::Unbounded) => Amount::Unbounded,
        }
    }
    fn times(self, width: Option<u32>) -> Amount {
        match (self, width) {
            (Amount::Known(0), _) => self,
            (Amount::Known(a), Some(n)) => Amount::Known(a.saturating_mul(n)),
            (Amount::Known(_), None) | (Amount::Unbounded, _) => Amount::Unbounded,
        }
    }
}

/// What happens at a step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A connection is taken and held.
    Takes,
    /// A connection comes in from the caller.
    Given,
    /// Something is called.
    Calls,
    /// Many futures are started at once.
    FansOut,
}

/// One step of the way to the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub span: Span,
    /// What happens.
    pub kind: StepKind,
    /// The variable, or what is called.
    pub name: String,
}

/// The most that is held of one pool at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Peak {
    /// The pool.
    pub pool: PoolId,
    /// What the body and its callees take.
    pub most: Amount,
    /// The same with the connections that the body is given by value, if they come from that pool.
    pub with_given: Amount,
    /// The body may hold more: it calls itself while it holds some, or a permit limits a fan-out.
    pub at_least: bool,
    /// The way to the most.
    pub path: Vec<Step>,
}

/// What starts an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// `main`.
    Main,
    /// Named as a value and called by who was given it: a request handler, a callback.
    Handler,
    /// Runs in a task of its own.
    Task,
    /// No caller in the workspace was seen.
    Function,
}

/// Where the program is entered.
#[derive(Clone, Debug)]
pub struct EntryPoint {
    /// What it is.
    pub kind: EntryKind,
    /// Its body.
    pub body: BodyIdx,
    /// The function's name, or the call that starts the task.
    pub span: Span,
    /// Whether the task is started in a loop: each round has its own.
    pub in_loop: bool,
    /// Per pool.
    pub peaks: Vec<Peak>,
}

/// One acquisition.
#[derive(Clone, Debug)]
pub struct Acquisition {
    /// The body that acquires.
    pub body: BodyIdx,
    /// The acquiring expression.
    pub span: Span,
    /// From where.
    pub pool: PoolId,
    /// What it is; `None` if it is held for the length of one call only.
    pub kind: Option<Kind>,
    /// The variable that holds it.
    pub holder: Option<Symbol>,
    /// The workspace functions that it comes through.
    pub through: Vec<Link>,
    /// How sure it is that this is one.
    pub confidence: Confidence,
    /// Where it is let go.
    pub releases: Vec<(Span, Release)>,
    /// What is waited for meanwhile that does not use it: kind, what is called, where.
    pub waits: Vec<(Symbol, String, Span)>,
}

/// The inventory of a program, test code left out.
#[derive(Debug, Default)]
pub struct Inventory {
    /// In order of place.
    pub acquisitions: Vec<Acquisition>,
    /// Those at which something is held; in order of kind and place.
    pub entries: Vec<EntryPoint>,
}

/// Takes the inventory.
pub fn take(program: &Program, facts: &Facts) -> Inventory {
    let mut all = All { program, facts, peaks: IndexVec::from_elem(Vec::new(), program.bodies.len()) };
    let mut inventory = Inventory::default();
    let mut tasks = Vec::new();
    for component in program.components() {
        let recursive = component.len() > 1 || program.calls_itself(component[0]);
        let mut first: Vec<Vec<Peak>> = Vec::new();
        for round in 0..ROUNDS {
            let mut changed = false;
            for (at, &idx) in component.iter().enumerate() {
                let prepared = effect::prepare(program, idx, &facts.summaries);
                if program.bodies[idx].is_test || idle(program, idx, &prepared) {
                    if round == 0 {
                        first.push(Vec::new());
                    }
                    continue;
                }
                let mut peaks = all.body(idx, &prepared);
                let same =
                    |a: &[Peak], b: &[Peak]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.most == b.most);
                if round == 0 {
                    first.push(peaks.clone());
                }
                if !same(&peaks, &all.peaks[idx]) {
                    changed = true;
                    if recursive && round + 1 == ROUNDS {
                        // It grows with each round: one is told, and that it is not all.
                        peaks.clone_from(&first[at]);
                        peaks.iter_mut().for_each(|p| p.at_least = true);
                    }
                    all.peaks[idx] = peaks;
                }
                if round == 0 {
                    all.acquisitions(idx, &prepared, &mut inventory.acquisitions);
                    all.tasks(idx, &prepared, &mut tasks);
                }
            }
            if !changed || !recursive {
                break;
            }
        }
    }
    inventory.acquisitions.sort_by_key(|a| a.span);
    inventory.entries = all.entries(tasks);
    inventory
}

struct All<'a> {
    program: &'a Program,
    facts: &'a Facts,
    peaks: IndexVec<BodyIdx, Vec<Peak>>,
}

/// A body that is spawned: itself, the spawning call, whether in a loop.
type Spawned = (BodyIdx, Span, bool);

impl All<'_> {
    fn resources<'p>(&'p self, idx: BodyIdx, prepared: &'p Prepared) -> &'p IndexVec<ResId, Resource> {
        // The events know more of captured ones.
        let settled = &self.facts.events[idx].resources;
        if settled.len() == prepared.resources.len() { settled } else { &prepared.resources }
    }

    /// The peaks of one body, given those of what it calls.
    fn body(&self, idx: BodyIdx, prepared: &Prepared) -> Vec<Peak> {
        let body = self.program.body(idx);
        let mut transfer = Transfer::new(self.program, idx, prepared, &self.facts.summaries);
        let results = flow::run(body, &mut transfer);
        let mut out = Vec::new();
        flow::visit(body, &results, &mut transfer, |_, state, at| self.point(idx, prepared, state, at, &mut out));
        out
    }

    /// What is held at one point, and what is called there.
    fn point(&self, idx: BodyIdx, prepared: &Prepared, state: &State, at: Location, out: &mut Vec<Peak>) {
        let body = self.program.body(idx);
        let held = self.held(idx, prepared, state);
        self.count(idx, prepared, &held, &[], Vec::new(), out);
        let block = &body.blocks[at.block];
        let Some(stmt) = block.stmts.get(at.stmt) else {
            // A future that is returned runs in the caller's hands.
            if let Terminator::Return(..) = &block.term
                && let Some(value) = state.value(ir::return_local())
            {
                for pending in value.pending.iter().filter(|p| !p.task) {
                    self.run(idx, prepared, &held, pending, out);
                }
            }
            return;
        };
        let StmtKind::Assign { value, .. } = &stmt.kind else { return };
        match value {
            Rvalue::Call(call) => self.at_call(idx, prepared, state, &held, *call, out),
            Rvalue::Await(op) => {
                for pending in pending_of(state, op).iter().filter(|p| !p.task) {
                    self.run(idx, prepared, &held, pending, out);
                }
            }
            Rvalue::AwaitMany { futures, .. } => {
                let mut moved = Vec::new();
                let mut together: Vec<Peak> = Vec::new();
                for op in futures {
                    let mut one = Vec::new();
                    for pending in pending_of(state, op).iter().filter(|p| !p.task) {
                        moved.extend(given_away(pending));
                        for peak in self.demand_of(idx, prepared, pending) {
                            raise(&mut one, peak);
                        }
                    }
                    for peak in one {
                        add(&mut together, peak);
                    }
                }
                self.count(idx, prepared, &held, &moved, together, out);
            }
            Rvalue::Use(_)
            | Rvalue::Cast(..)
            | Rvalue::Ref { .. }
            | Rvalue::Aggregate { .. }
            | Rvalue::Plain(_)
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => {}
        }
    }

    fn at_call(
        &self,
        idx: BodyIdx,
        prepared: &Prepared,
        state: &State,
        held: &[ResId],
        id: CallId,
        out: &mut Vec<Peak>,
    ) {
        let call = &self.program.body(idx).calls[id];
        let effect = &prepared.calls[id];
        let args_pending = |i: usize| call.args.get(i).map_or(&[][..], |op| pending_of(state, op));
        if let Some((what, width)) = effect.fan_out {
            let width = match width {
                Some(Width::Known(n)) => Some(u32::try_from(n).unwrap_or(u32::MAX)),
                Some(Width::Computed) | None => None,
            };
            let resources = self.resources(idx, prepared);
            let mut many = Vec::new();
            for pending in args_pending(what) {
                for peak in self.demand_of(idx, prepared, pending) {
                    raise(&mut many, peak);
                }
            }
            let limited = state.held().any(|r| resources[r].kind == Kind::Permit)
                || args_pending(what).iter().any(|p| self.takes_permit(prepared, p, idx));
            for peak in &mut many {
                if limited {
                    peak.at_least = true;
                } else {
                    peak.most = peak.most.times(width);
                    peak.with_given = peak.most;
                }
                peak.path.insert(0, Step { span: call.span, kind: StepKind::FansOut, name: effect.what.to_string() });
            }
            self.count(idx, prepared, held, &[], many, out);
        }
        if effect.spawns.is_some() {
            return;
        }
        if effect.when == effect::When::Now {
            let moved: Vec<ResId> = call
                .args
                .iter()
                .enumerate()
                .filter(|(i, _)| effect.by_value.of(*i))
                .filter_map(|(_, op)| place_local(op))
                .flat_map(|local| state.value(local).map_or_else(Vec::new, |v| v.entries.clone()))
                .filter(|e| e.owned)
                .map(|e| e.res)
                .collect();
            self.count(idx, prepared, held, &moved, self.demand(idx, prepared, id), out);
        }
        if let Some(what) = effect.block_on {
            for pending in args_pending(what).iter().filter(|p| !p.task) {
                self.run(idx, prepared, held, pending, out);
            }
        }
    }

    fn takes_permit(&self, prepared: &Prepared, pending: &Pending, idx: BodyIdx) -> bool {
        let permits = |e: &super::summary::Effects| e.acquires.iter().any(|a| a.pool.class == PoolClass::Permits);
        match pending.what {
            Deferred::Call(id) => permits(&prepared.calls[id].effects),
            Deferred::Block(block) => self
                .facts
                .summaries
                .get(self.program.body_idx(self.program.bodies[idx].file, block))
                .is_some_and(|s| permits(&s.effects) || permits(&s.later)),
        }
    }

    fn run(&self, idx: BodyIdx, prepared: &Prepared, held: &[ResId], pending: &Pending, out: &mut Vec<Peak>) {
        let moved: Vec<ResId> = given_away(pending).collect();
        self.count(idx, prepared, held, &moved, self.demand_of(idx, prepared, pending), out);
    }

    fn demand_of(&self, idx: BodyIdx, prepared: &Prepared, pending: &Pending) -> Vec<Peak> {
        match pending.what {
            Deferred::Call(id) => self.demand(idx, prepared, id),
            Deferred::Block(block) => self.peaks[self.program.body_idx(self.program.bodies[idx].file, block)].clone(),
        }
    }

    /// What a call takes at most, in terms of the body at hand.
    fn demand(&self, idx: BodyIdx, prepared: &Prepared, id: CallId) -> Vec<Peak> {
        let call = &self.program.body(idx).calls[id];
        let effect = &prepared.calls[id];
        let here = Step { span: call.span, kind: StepKind::Calls, name: effect.what.to_string() };
        let mut out: Vec<Peak> = Vec::new();
        let mut calls_back = false;
        for &f in &effect.fns {
            let Some(body) = self.program.fns[f].body else { continue };
            let summary = self.facts.summaries.get(body);
            calls_back |= summary.is_some_and(|s| s.invokes.iter().any(|(_, held)| held.is_some()));
            for peak in &self.peaks[body] {
                let mut peak = peak.clone();
                peak.pool = effect::pool_at_call(self.program, idx, call, &peak.pool);
                peak.path.insert(0, here.clone());
                peak.path.truncate(MAX_STEPS);
                raise(&mut out, peak);
            }
        }
        // What the library takes by itself, and pools that a generic callee is handed as executors.
        for acquires in effect.effects.acquires.iter().chain(&effect.eager.acquires) {
            let sure = acquires.confidence > Confidence::Low && acquires.pool.class == PoolClass::Slots;
            if sure && !out.iter().any(|p| same(&p.pool, &acquires.pool)) {
                let links = acquires.chain.iter();
                let path =
                    links.map(|l| Step { span: l.span, kind: StepKind::Calls, name: l.callee.to_string() }).collect();
                let one = Amount::Known(1);
                let pool = acquires.pool.clone();
                out.push(Peak { pool, most: one, with_given: one, at_least: false, path });
            }
        }
        // Closures run inside, beside what the callee holds meanwhile.
        for closure in self.closures(idx, id) {
            for peak in self.peaks[closure].clone() {
                if calls_back { add(&mut out, peak) } else { raise(&mut out, peak) }
            }
        }
        out
    }

    fn closures(&self, idx: BodyIdx, id: CallId) -> Vec<BodyIdx> {
        let call = &self.program.body(idx).calls[id];
        let body_of = |op: &Operand| match self.program.operand_ty(idx, op).peel_refs() {
            Ty::Fn(body, _) => *body,
            Ty::Unknown
            | Ty::Adt(..)
            | Ty::Ref(..)
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Never => None,
        };
        let mut list: Vec<BodyIdx> = call.args.iter().filter_map(body_of).collect();
        if let Some(Target::Closure(body)) = self.program.bodies[idx].targets.get(id) {
            list.push(*body);
        }
        list
    }

    /// Connections that occupy a slot now; a transaction on a connection is that connection.
    fn held(&self, idx: BodyIdx, prepared: &Prepared, state: &State) -> Vec<ResId> {
        let resources = self.resources(idx, prepared);
        let occupies = |r: &ResId| {
            let resource = &resources[*r];
            resource.is_connection()
                && resource.pool.class == PoolClass::Slots
                && !resource.borrowed
                && resource.confidence > Confidence::Low
        };
        state.held().filter(occupies).filter(|&r| state.slot_holders(r) == [r]).collect()
    }

    /// Raises the body's peaks to what is held at a point and taken by a call there.
    fn count(
        &self,
        idx: BodyIdx,
        prepared: &Prepared,
        held: &[ResId],
        moved: &[ResId],
        demand: Vec<Peak>,
        out: &mut Vec<Peak>,
    ) {
        if held.is_empty() && demand.is_empty() {
            return;
        }
        let resources = self.resources(idx, prepared);
        let (taken, given): (Vec<ResId>, Vec<ResId>) =
            held.iter().partition(|r| !matches!(resources[**r].origin, Origin::Local(_)));
        let mut pools: Vec<&PoolId> = demand.iter().map(|p| &p.pool).collect();
        for &r in &taken {
            if !pools.iter().any(|p| same(p, &resources[r].pool)) {
                pools.push(&resources[r].pool);
            }
        }
        for pool in pools {
            let callee = demand.iter().find(|p| same(&p.pool, pool));
            let of_pool = |r: &&ResId| same(&resources[**r].pool, pool);
            let stays = |r: &&ResId| callee.is_none() || !moved.contains(r);
            let mine: Vec<ResId> = taken.iter().filter(of_pool).filter(stays).copied().collect();
            let gone = taken.iter().filter(of_pool).filter(|r| !stays(r)).count();
            let may_fit = |r: &&ResId| related(&resources[**r].pool, pool);
            // Given ones whose pool is not known have a row of their own.
            let may_fit = |r: &&ResId| is_known(&pool.prov) && may_fit(r);
            let lent = given.iter().filter(may_fit).filter(stays).count();
            let gives = given.iter().filter(may_fit).filter(|r| !stays(r)).count();
            let amount = |n: usize| Amount::Known(u32::try_from(n).unwrap_or(u32::MAX));
            let (inner, inner_given) = callee.map_or((amount(0), amount(0)), |p| (p.most, p.with_given));
            let most = amount(mine.len()).plus(if gone > 0 { inner_given.max(amount(gone)) } else { inner });
            let with_given =
                amount(mine.len() + lent).plus(if gone + gives > 0 { inner_given } else { inner }).max(most);
            let steps = mine.iter().map(|&r| self.step(idx, &resources[r], r, StepKind::Takes));
            let mut path: Vec<Step> = steps.collect();
            path.extend(callee.into_iter().flat_map(|p| p.path.iter().cloned()));
            path.truncate(MAX_STEPS);
            let at_least = callee.is_some_and(|p| p.at_least);
            raise(out, Peak { pool: pool.clone(), most, with_given, at_least, path });
        }
    }

    fn step(&self, idx: BodyIdx, resource: &Resource, res: ResId, kind: StepKind) -> Step {
        let name = self.holder(idx, res).map_or_else(String::new, |n| n.to_string());
        Step { span: resource.span, kind, name }
    }

    /// The variable that holds a resource.
    fn holder(&self, idx: BodyIdx, res: ResId) -> Option<Symbol> {
        let body = self.program.body(idx);
        let named = |l: &ir::LocalId| {
            let local = &body.locals[*l];
            local.name.filter(|_| matches!(local.kind, LocalKind::Var | LocalKind::Param | LocalKind::Capture))
        };
        self.facts.events[idx].holders.get(res)?.iter().find_map(named)
    }

    fn acquisitions(&self, idx: BodyIdx, prepared: &Prepared, out: &mut Vec<Acquisition>) {
        let events = &self.facts.events[idx];
        for (res, resource) in self.resources(idx, prepared).iter_enumerated() {
            if matches!(resource.origin, Origin::Local(_)) || !resource.is_connection() {
                continue;
            }
            let mut waits = Vec::new();
            for event in &events.events {
                if let Event::Wait { res: r, span, waits: w, what, .. } = event
                    && *r == res
                    && w.confidence > Confidence::Low
                    && !waits.iter().any(|(kind, _, at)| *kind == w.kind && at == span)
                {
                    waits.push((w.kind, what.clone(), *span));
                }
            }
            out.push(Acquisition {
                body: idx,
                span: resource.span,
                pool: resource.pool.clone(),
                kind: Some(resource.kind),
                holder: self.holder(idx, res),
                through: resource.chain.clone(),
                confidence: resource.confidence,
                releases: events.releases.get(res).cloned().unwrap_or_default(),
                waits,
            });
        }
        for effect in prepared.calls.iter().filter(|c| c.fns.is_empty() && c.gifts.is_empty()) {
            for acquires in effect.effects.acquires.iter().filter(|a| is_own(effect, a)) {
                out.push(Acquisition {
                    body: idx,
                    span: effect.span,
                    pool: acquires.pool.clone(),
                    kind: None,
                    holder: None,
                    through: Vec::new(),
                    confidence: acquires.confidence,
                    releases: Vec::new(),
                    waits: Vec::new(),
                });
            }
        }
    }

    /// Bodies that this one starts in tasks of their own.
    fn tasks(&self, idx: BodyIdx, prepared: &Prepared, out: &mut Vec<Spawned>) {
        if !prepared.calls.iter().any(|c| c.spawns.is_some()) {
            return;
        }
        let body = self.program.body(idx);
        let mut transfer = Transfer::new(self.program, idx, prepared, &self.facts.summaries);
        let results = flow::run(body, &mut transfer);
        flow::visit(body, &results, &mut transfer, |_, state, at| {
            let Some(stmt) = body.blocks[at.block].stmts.get(at.stmt) else { return };
            let StmtKind::Assign { value: Rvalue::Call(id), .. } = &stmt.kind else { return };
            let (call, effect) = (&body.calls[*id], &prepared.calls[*id]);
            let Some(op) = effect.spawns.and_then(|what| call.args.get(what)) else { return };
            let mut started: Vec<BodyIdx> = Vec::new();
            for pending in pending_of(state, op) {
                match pending.what {
                    Deferred::Call(inner) => {
                        let fns = prepared.calls[inner].fns.iter();
                        started.extend(fns.filter_map(|f| self.program.fns[*f].body));
                    }
                    Deferred::Block(block) => {
                        started.push(self.program.body_idx(self.program.bodies[idx].file, block));
                    }
                }
            }
            started.extend(self.closures(idx, *id));
            out.extend(started.into_iter().map(|b| (b, call.span, call.in_loop)));
        });
    }

    fn entries(&self, mut tasks: Vec<Spawned>) -> Vec<EntryPoint> {
        let program = self.program;
        let mut values: BTreeSet<FnIdx> = BTreeSet::new();
        for info in program.bodies.iter().filter(|b| !b.is_test) {
            for (_, target) in &info.functions {
                if let Target::Local { fns, .. } = target {
                    values.extend(fns.iter().copied());
                }
            }
        }
        let mut out = Vec::new();
        for (f, info) in program.fns.iter_enumerated().filter(|(_, info)| !info.is_test) {
            let Some(body) = info.body else { continue };
            let is_value = values.contains(&f);
            // What only calls itself is called by nobody.
            let calls = |b: BodyIdx| !program.bodies[b].is_test && program.bodies[b].owner != Some(f);
            let called = program.callers(f).iter().any(|(b, _)| calls(*b));
            if called && !is_value {
                continue;
            }
            let kind = match (info.path.as_str(), is_value) {
                ("main", _) => EntryKind::Main,
                (_, true) => EntryKind::Handler,
                (_, false) => EntryKind::Function,
            };
            out.push((kind, body, program.fn_ir(f).name_span, false));
        }
        tasks.sort();
        tasks.dedup();
        out.extend(tasks.into_iter().map(|(body, span, in_loop)| (EntryKind::Task, body, span, in_loop)));
        out.sort_by_key(|(kind, _, span, _)| (*kind, *span));
        let entry = |(kind, body, span, in_loop)| EntryPoint { kind, body, span, in_loop, peaks: self.at_entry(body) };
        out.into_iter().map(entry).filter(|e| !e.peaks.is_empty()).collect()
    }

    /// A body's peaks, and the connections that it is given when it starts.
    fn at_entry(&self, idx: BodyIdx) -> Vec<Peak> {
        let mut peaks = self.peaks[idx].clone();
        for (res, resource) in self.facts.events[idx].resources.iter_enumerated() {
            let is_given = matches!(resource.origin, Origin::Local(_)) && !resource.borrowed;
            if is_given && resource.is_connection() && resource.pool.class == PoolClass::Slots {
                let one = Amount::Known(1);
                let path = vec![self.step(idx, resource, res, StepKind::Given)];
                add(
                    &mut peaks,
                    Peak { pool: resource.pool.clone(), most: one, with_given: one, at_least: false, path },
                );
            }
        }
        peaks.sort_by_key(|p| std::cmp::Reverse((p.most, p.with_given)));
        peaks
    }
}

/// Whether an acquisition is the call's own and not that of a closure it runs.
fn is_own(effect: &CallEffect, acquires: &super::summary::Acquires) -> bool {
    acquires.pool.class == PoolClass::Slots && acquires.chain.len() == 1 && acquires.chain[0].span == effect.span
}

fn place_local(op: &Operand) -> Option<ir::LocalId> {
    match op {
        Operand::Place(place) => Some(place.local),
        Operand::Path(..) | Operand::Literal(_) => None,
    }
}

fn pending_of<'s>(state: &'s State, op: &Operand) -> &'s [Pending] {
    place_local(op).and_then(|local| state.value(local)).map_or(&[], |value| &value.pending)
}

/// What a future was given by value.
fn given_away(pending: &Pending) -> impl Iterator<Item = ResId> + '_ {
    pending.args.iter().flatten().filter(|e| e.owned).map(|e| e.res)
}

/// Whether two pools are listed as one: of equal origin, or of unknown origin and the same library.
fn same(a: &PoolId, b: &PoolId) -> bool {
    if a.class != b.class {
        return false;
    }
    match (is_known(&a.prov), is_known(&b.prov)) {
        (true, true) => a.prov.root == b.prov.root && a.prov.path == b.prov.path,
        (false, false) => a.family.0 == b.family.0,
        (true, false) | (false, true) => false,
    }
}

fn is_known(prov: &Prov) -> bool {
    prov.root != ProvRoot::Unknown
}

/// Whether a connection of unknown origin may be from a pool.
fn related(given: &PoolId, pool: &PoolId) -> bool {
    same(given, pool) || !is_known(&given.prov) && (given.family.0.is_none() || given.family.0 == pool.family.0)
}

/// Keeps the larger of each pool.
fn raise(peaks: &mut Vec<Peak>, new: Peak) {
    match peaks.iter_mut().find(|p| same(&p.pool, &new.pool)) {
        Some(old) => {
            let with_given = old.with_given.max(new.with_given);
            let at_least = old.at_least || new.at_least;
            if new.most > old.most {
                *old = new;
            }
            (old.with_given, old.at_least) = (with_given, at_least);
        }
        None => peaks.push(new),
    }
}

/// Adds to each pool: both are held at once.
fn add(peaks: &mut Vec<Peak>, new: Peak) {
    match peaks.iter_mut().find(|p| same(&p.pool, &new.pool)) {
        Some(old) => {
            old.most = old.most.plus(new.most);
            old.with_given = old.with_given.plus(new.with_given);
            old.at_least |= new.at_least;
            old.path.extend(new.path);
            old.path.truncate(MAX_STEPS);
        }
        None => peaks.push(new),
    }
}

/// A pool as the reader of a body knows it: `app.db`; `None` if its origin is not known.
pub fn pool_name(program: &Program, idx: BodyIdx, pool: &PoolId) -> Option<String> {
    let start = match &pool.prov.root {
        ProvRoot::Param(n) => {
            let f = program.bodies[idx].owner?;
            let named = program.fn_ir(f).params.get(*n).and_then(|p| p.name).map(|n| n.to_string());
            named.or_else(|| program.fns[f].params.get(*n).map(|ty| short(program, ty)))?
        }
        ProvRoot::Static(path) => path.as_str().rsplit("::").next()?.to_owned(),
        ProvRoot::Call(b, call) => format!("{}()", effect::callee_word(&program.body(*b).calls[*call])),
        ProvRoot::Local(b, local) => program.body(*b).locals[*local].name?.to_string(),
        ProvRoot::ClosureParam(..) | ProvRoot::Unknown => return None,
    };
    let path: String = pool.prov.path.iter().map(|f| format!(".{f}")).collect();
    Some(format!("{start}{path}"))
}

/// A parameter that has a pattern and no name, by what lies in it: `State<App>` is `App`.
fn short(program: &Program, ty: &Ty) -> String {
    let mut ty = ty.peel_refs();
    while let Ty::Adt(_, args) = ty
        && program.kind(ty) == Some(Kind::Wrapper)
        && let Some(inner @ Ty::Adt(..)) = args.first().map(Ty::peel_refs)
    {
        ty = inner;
    }
    ty.head().map_or_else(|| ty.print(), |path| path.as_str().rsplit("::").next().unwrap_or_default().to_owned())
}
