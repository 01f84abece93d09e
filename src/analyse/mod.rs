//! Who holds which connection where: one ownership analysis over the linked program.
//!
//! Owns: the lattice ([`state`]), what calls do ([`effect`]), the transfer function ([`transfer`]), summaries bottom-up over
//! strongly connected components ([`summary`], here), events for lints ([`events`]), the [`inventory`]. Components that
//! do not lead to each other are read at once, by the workers that the caller brings.
//!
//! **Invariants:** summaries are at their fixpoint before any event is made; events come from converged states only; a
//! body inside another (closure, async block) is read after it, since what it captures is known there. **Absent on
//! purpose:** lints, messages, library names.

pub mod callers;
pub mod choice;
pub mod dump;
pub mod effect;
pub mod events;
pub mod instances;
pub mod inventory;
pub mod made;
pub mod outcomes;
pub mod owed;
pub mod kept;
pub mod kept_alive;
pub mod locks;
pub mod loops;
pub mod own_senders;
pub mod piles;
pub mod resource;
pub mod shut;
pub mod sql;
pub mod state;
pub mod summary;
pub mod transfer;

pub use events::{BodyEvents, CallerSite, Event, Keeper, Release, Slot};
pub use instances::Many;
pub use outcomes::{Life, Outcomes, Wrote};
pub use resource::{Link, Origin, PoolClass, ResId, Resource, Sameness};
pub use summary::{Acquires, Blocks, Summary, Waits};

use crate::base::{Confidence, Idx, IndexVec, Span, Workers};
use crate::flow;
use crate::ir::{self, BodyKind, Terminator};
use crate::resolve::{BodyIdx, FnIdx, Program, Target};
use effect::Prepared;
use state::{Deferred, State};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use summary::{Effects, ParamResource, Returned, ReturnedFrom};
use transfer::{Sink, Transfer};

/// Rounds over a component before its summaries are taken as they are.
const ROUNDS: usize = 4;

/// Summaries by body.
#[derive(Clone, Debug, Default)]
pub struct Summaries {
    /// What is settled; shared, so that a component under way sees it without a copy.
    settled: Arc<IndexVec<BodyIdx, Option<Arc<Summary>>>>,
    /// The component under way, in order of body; these come first.
    under_way: Vec<(BodyIdx, Arc<Summary>)>,
}

impl Summaries {
    /// The summary of a body, if it has been made.
    pub fn get(&self, body: BodyIdx) -> Option<&Arc<Summary>> {
        if !self.under_way.is_empty()
            && let Ok(at) = self.under_way.binary_search_by_key(&body, |(b, _)| *b)
        {
            return Some(&self.under_way[at].1);
        }
        self.settled.get(body).and_then(Option::as_ref)
    }

    /// Says what the component under way is taken for; whether that is new.
    fn improve(&mut self, body: BodyIdx, new: Summary) -> bool {
        match self.under_way.binary_search_by_key(&body, |(b, _)| *b) {
            Ok(at) if *self.under_way[at].1 == new => false,
            Ok(at) => {
                self.under_way[at].1 = Arc::new(new);
                true
            }
            Err(at) => {
                self.under_way.insert(at, (body, Arc::new(new)));
                true
            }
        }
    }
}

/// The analysis of a program.
#[derive(Debug, Default)]
pub struct Facts {
    /// What each body does.
    pub summaries: Summaries,
    /// What happens in each body.
    pub events: IndexVec<BodyIdx, BodyEvents>,
    /// Callers that give a held connection to a parameter (function, parameter).
    pub callers: BTreeMap<(FnIdx, usize), CallerSite>,
    /// Sizes of pools that are written as literals, ascending.
    pub pool_sizes: Vec<i128>,
    /// Acquisitions in functions that hold a caller's connection: the surest answer any caller gives, and that caller.
    pub confirmed: HashMap<Span, (Sameness, CallerSite)>,
    /// Some pool of the program has a hook that gives session locks back when a connection returns.
    pub unlocks_on_return: bool,
    /// Places that keep resources and from which some function takes things out again.
    pub emptied: BTreeSet<Slot>,
    /// Whether what a parameter (function, parameter) gets comes from a pool.
    pub sources: BTreeMap<(FnIdx, usize), callers::Sources>,
    /// Some semaphore of the program begins without permits: they are a signal, which is given by adding them.
    pub closed_gates: bool,
    /// Which locks are never held at an await.
    pub locks: locks::Locks,
    /// How many tasks may run each body at once.
    pub instances: instances::Instances,
}

impl Facts {
    /// Whether at most one task at a time, or one for each of a few places in the code, runs a body.
    pub fn single(&self, body: BodyIdx) -> bool {
        self.instances.many[body].is_none()
    }
}

/// Analyses the whole program, or all but the test code that nothing else runs: level by level of the call graph, so that the
/// bodies of a level can be read at once.
pub fn run(program: &Program, tests: bool, workers: &impl Workers) -> Facts {
    let wanted = wanted(program, tests);
    let mut summaries =
        Summaries { settled: Arc::new(IndexVec::from_elem(None, program.bodies.len())), under_way: Vec::new() };
    let mut left: IndexVec<BodyIdx, Left> = program.bodies.iter().map(|_| Left::Nothing).collect();
    for mut level in program.levels() {
        level.retain(|component| component.iter().any(|&body| wanted[body]));
        let done = workers.map(level, |component| settle(program, component, &summaries));
        let settled = Arc::make_mut(&mut summaries.settled);
        for (body, summary, rest) in done.into_iter().flatten() {
            settled[body] = Some(summary);
            left[body] = rest;
        }
    }
    let mut facts = Facts { summaries, ..Facts::default() };
    read_events(program, &mut facts, left, workers);
    // Looks over the whole program that do not need each other.
    let known = &facts;
    let find = || {
        let mut found: IndexVec<BodyIdx, BodyEvents> = program.bodies.iter().map(|_| BodyEvents::default()).collect();
        made::find(program, &mut found);
        piles::find(program, &mut found);
        own_senders::find(program, &mut found);
        shut::find(program, &mut found);
        kept_alive::find(program, &known.summaries, &mut found);
        (found, made::sizes(program), made::closed_gates(program))
    };
    let ask = || {
        let (emptied, sources) = (kept::emptied(program, known), callers::sources(program, known));
        (emptied, sources, instances::of(program), unlocks_on_return(program, &known.summaries))
    };
    let ((found, pool_sizes, closed_gates), (emptied, sources, instances, unlocks_on_return)) = workers.both(find, ask);
    for (events, found) in facts.events.iter_mut().zip(found.into_iter_enumerated()) {
        events.events.extend(found.1.events);
    }
    let locks = locks::read(program, &facts.events);
    Facts { pool_sizes, closed_gates, emptied, sources, locks, instances, unlocks_on_return, ..facts }
}

/// The bodies that somebody asks for: those that are no test code, and what they run.
fn wanted(program: &Program, tests: bool) -> IndexVec<BodyIdx, bool> {
    let mut wanted = IndexVec::from_elem(tests, program.bodies.len());
    let mut todo: Vec<BodyIdx> = program.bodies.indices().filter(|&b| !tests && !program.bodies[b].is_test).collect();
    while let Some(body) = todo.pop() {
        if !std::mem::replace(&mut wanted[body], true) {
            todo.extend(program.callees(body));
        }
    }
    wanted
}

/// Whether a closure that runs when a connection returns to its pool gives session locks back.
fn unlocks_on_return(program: &Program, summaries: &Summaries) -> bool {
    let unlocks = |mut todo: Vec<BodyIdx>| {
        while let Some(body) = todo.pop() {
            if summaries.get(body).is_some_and(|s| !s.unlocks.is_empty()) {
                return true;
            }
            todo.extend(program.inner_bodies(body));
        }
        false
    };
    program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test).any(|(idx, info)| {
        info.targets.iter_enumerated().any(|(call, target)| {
            let Target::Pack(path) = target else { return false };
            let row = program.catalog.target_row(*path).filter(|row| row.on_return);
            let hook = row.and_then(|row| row.closure.as_ref()).map(|c| c.arg);
            let given = hook.and_then(|arg| program.body(idx).calls[call].args.get(arg));
            match given.map(|op| program.operand_ty(idx, op)) {
                Some(crate::resolve::Ty::Fn(Some(body), _)) => unlocks(vec![body]),
                _ => false,
            }
        })
    })
}

/// What is left to do for a body when its summary is made.
enum Left {
    /// It is idle.
    Nothing,
    /// Its events were read with its summary: nothing around it has a say.
    Placing(Box<Happened>),
    /// Its events. What its calls do is known, unless the summaries that say so have changed since.
    Reading(Option<Box<Prepared>>),
}

/// What reading a body gave, its summary apart.
struct Happened {
    events: BodyEvents,
    captured: BTreeMap<BodyIdx, Vec<(usize, ResId, bool)>>,
    runs_with: Vec<(BodyIdx, resource::PoolId)>,
    runs_over: Vec<(BodyIdx, ResId)>,
    lent: Vec<(Span, ResId, Sameness)>,
}

impl Happened {
    /// Of a body with these resources at its entry.
    fn new(sink: &mut Sink, prepared: Prepared, entry: Vec<(ResId, Option<(BodyIdx, ResId)>)>) -> Happened {
        let mut events = std::mem::take(&mut sink.out);
        for (res, outer) in entry {
            events.outer[res] = outer;
        }
        events.resources = prepared.resources;
        events.accounts = prepared.accounts.list;
        Happened {
            events,
            captured: std::mem::take(&mut sink.captured),
            runs_with: std::mem::take(&mut sink.runs_with),
            runs_over: std::mem::take(&mut sink.runs_over),
            lent: std::mem::take(&mut sink.lent),
        }
    }
}

/// The summaries of a component: all that it leads to is settled.
fn settle(program: &Program, component: &[BodyIdx], settled: &Summaries) -> Vec<(BodyIdx, Arc<Summary>, Left)> {
    if let [body] = component
        && !program.calls_itself(*body)
    {
        let (summary, left) = summarise(program, *body, settled);
        return vec![(*body, Arc::new(summary), left)];
    }
    let mut summaries = settled.clone();
    for _ in 0..ROUNDS {
        let mut changed = false;
        for &body in component {
            let (new, _) = summarise(program, body, &summaries);
            changed |= summaries.improve(body, new);
        }
        if !changed {
            break;
        }
    }
    summaries.under_way.into_iter().map(|(body, summary)| (body, summary, Left::Reading(None))).collect()
}

/// Whether a body can be left out: it calls nothing that does anything and holds nothing.
fn idle(program: &Program, idx: BodyIdx, prepared: &Prepared) -> bool {
    prepared.resources.is_empty()
        && prepared.accounts.list.is_empty()
        && prepared.calls.iter().all(|c| {
            c.effects.is_empty()
                && c.eager.is_empty()
                && c.executes.is_empty()
                && c.runs_with.is_empty()
                && c.block_on.is_none()
                && c.spawns.is_none()
                && c.starts.is_empty()
        })
        && program.inner_bodies(idx).is_empty()
        && !program.body(idx).calls.iter().any(|c| matches!(c.callee, ir::Callee::Value(_)))
}

/// Whether a body that does nothing makes an error on every way through it.
fn only_errors(body: &ir::Body, prepared: &Prepared) -> bool {
    let succeeds = |b: &&ir::Block| !matches!(b.term, Terminator::Return(ir::ReturnKind::Failure, _));
    let given = body.blocks.iter().filter(succeeds).flat_map(|b| &b.stmts).filter_map(|stmt| match &stmt.kind {
        ir::StmtKind::Assign { to, value } if to.local == ir::return_local() => Some(value),
        _ => None,
    });
    let mut errors = given.map(|value| match value {
        ir::Rvalue::Call(id) => prepared.calls[*id].variant == Some(false),
        _ => false,
    });
    errors.next().is_some_and(|first| first && errors.all(|e| e))
}

/// The summary of a body, and what is left to do for it. One reading gives summary and events, where no body is around.
fn summarise(program: &Program, idx: BodyIdx, summaries: &Summaries) -> (Summary, Left) {
    let prepared = effect::prepare(program, idx, summaries);
    if idle(program, idx, &prepared) {
        return (Summary { fails: only_errors(program.body(idx), &prepared), ..Summary::default() }, Left::Nothing);
    }
    let body = program.body(idx);
    let outermost = program.bodies[idx].parent.is_none();
    let mut transfer = Transfer::new(program, idx, &prepared, summaries);
    let mut exits = Exits::default();
    read(body, &mut transfer, |transfer, state, at| {
        exits.read(transfer, state, at);
        if outermost {
            transfer.at_exit(state, at);
        }
    });
    let mut sink = transfer.sink.take().unwrap_or_default();
    let mut summary = exits.into_summary(&prepared, &mut sink);
    summary.drives = effect::driven(program, idx, &prepared);
    summary.starts = effect::started(program, idx, &prepared);
    let left = if outermost {
        let entry = prepared.resources.iter_enumerated().filter(|(_, r)| matches!(r.origin, Origin::Local(_)));
        let entry = entry.map(|(res, _)| (res, None)).collect();
        Left::Placing(Box::new(Happened::new(&mut sink, prepared, entry)))
    } else {
        Left::Reading(Some(Box::new(prepared)))
    };
    (summary, left)
}

/// Reads converged states; without a loop the first pass over the blocks has them.
fn read<'a>(body: &ir::Body, transfer: &mut Transfer<'a>, see: impl FnMut(&mut Transfer<'a>, &State, flow::Location)) {
    if flow::is_forward(body) {
        transfer.start_reading();
        let mut aside = None;
        flow::pass(body, transfer, see, |transfer| std::mem::swap(&mut transfer.sink, &mut aside));
    } else {
        let results = flow::run(body, transfer);
        transfer.start_reading();
        flow::visit(body, &results, transfer, see);
    }
}

/// Collects what the exits of a body tell.
#[derive(Default)]
struct Exits {
    success: BTreeMap<ResId, Outcomes>,
    failure: BTreeMap<ResId, Outcomes>,
    /// At success exits that answer with something, and at those that answer with nothing.
    told: BTreeMap<ResId, (Outcomes, Outcomes)>,
    /// How many exits are successes.
    successes: usize,
    failures: usize,
    /// What the result holds, what that was begun on, and at how many of these exits it holds it.
    returns: Vec<(state::Entry, Vec<ResId>, usize)>,
    locked: Vec<ResId>,
    wrote: BTreeMap<ResId, Wrote>,
    read_only: BTreeSet<ResId>,
    tries: Vec<(ResId, bool)>,
    balances: Vec<owed::Balance>,
    later: Effects,
    later_returns: Vec<Returned>,
    later_executes: Vec<summary::Executes>,
}

impl Exits {
    fn read(&mut self, transfer: &Transfer<'_>, state: &State, at: flow::Location) {
        let block = &transfer.body.blocks[at.block];
        if at.stmt != block.stmts.len() {
            return;
        }
        let Terminator::Return(kind, _) = &block.term else { return };
        let success = transfer.success(state, *kind).is_some();
        self.successes += usize::from(success);
        self.failures += usize::from(!success);
        let outcomes = if success { &mut self.success } else { &mut self.failure };
        for (&res, r) in &state.res {
            let slot = outcomes.entry(res).or_default();
            *slot = slot.or(r.outcomes);
        }
        if !success {
            return;
        }
        let answer = transfer.answer(state);
        for (&res, r) in &state.res {
            let (good, bad) = self.told.entry(res).or_default();
            if answer.good {
                *good = good.or(r.outcomes);
            }
            if answer.bad {
                *bad = bad.or(r.outcomes);
            }
        }
        let accounts = transfer.prepared.accounts.list.len();
        let first = self.balances.is_empty();
        self.balances.resize(accounts, owed::Balance::NEVER);
        for (account, slot) in self.balances.iter_mut().enumerate() {
            let balance = state.balance(account);
            *slot = if first { balance } else { slot.or(balance) };
        }
        if let Some(state::Answer { of: state::Owed::Lock(res), tries: true, when }) =
            state.answers.get(&ir::return_local()).copied()
            && !self.tries.contains(&(res, when))
        {
            self.tries.push((res, when));
        }
        let Some(value) = state.value(ir::return_local()) else { return };
        for entry in &value.entries {
            let parents = state.res.get(&entry.res).map_or_else(Vec::new, |r| r.parents.clone());
            let outcomes_now = state.outcomes(entry.res);
            if state.res.get(&entry.res).is_some_and(|r| r.read_only) {
                self.read_only.insert(entry.res);
            }
            if outcomes_now.is_locked() && !self.locked.contains(&entry.res) {
                self.locked.push(entry.res);
            }
            let wrote = outcomes_now.iter().filter(|o| o.life == Life::Held).map(|o| o.wrote).max();
            let slot = self.wrote.entry(entry.res).or_default();
            *slot = wrote.unwrap_or_default().max(*slot);
            // What is returned is not let go here: on the way out it escapes.
            if entry.owned {
                let slot = outcomes.entry(entry.res).or_default();
                *slot = slot.end_held(Life::Escaped);
            }
            match self.returns.iter_mut().find(|(e, ..)| e == entry) {
                Some((_, _, exits)) => *exits += 1,
                None => self.returns.push((entry.clone(), parents, 1)),
            }
        }
        for pending in value.pending.iter().filter(|p| !p.task) {
            let args = pending.args.iter().enumerate();
            for (index, entry) in args.flat_map(|(i, list)| list.iter().map(move |e| (i, e))).filter(|(_, e)| e.owned) {
                let slot = outcomes.entry(entry.res).or_default();
                *slot = transfer.ended_later(pending, index, entry, *slot);
            }
        }
        for pending in value.pending.iter().filter(|p| !p.task) {
            self.defer(transfer, pending);
        }
    }

    /// A future is returned: what it will do and give is what the result's await does and gives.
    fn defer(&mut self, transfer: &Transfer<'_>, pending: &state::Pending) {
        match pending.what {
            Deferred::Call(id) => {
                let effect = &transfer.prepared.calls[id];
                self.later.merge(&effect.effects, Confidence::High);
                summary::merge_executes(&mut self.later_executes, &effect.executes);
                self.promise(&effect.gifts, transfer.prepared, pending);
            }
            Deferred::Block(body) => {
                if let Some(summary) = transfer.inner.get(&body).and_then(|&b| transfer.summaries.get(b)) {
                    self.later.merge(&summary.effects, Confidence::High);
                    self.later.merge(&summary.later, Confidence::High);
                    summary::merge_executes(&mut self.later_executes, &summary.executes);
                }
                if let Some(gifts) = transfer.prepared.blocks.get(&body) {
                    self.promise(gifts, transfer.prepared, pending);
                }
            }
        }
    }

    /// What awaiting a returned future will give.
    fn promise(&mut self, gifts: &[effect::Gift], prepared: &Prepared, pending: &state::Pending) {
        for gift in gifts {
            if let effect::Gift::New { res, path, child_of } = gift {
                let parents = child_of.and_then(|a| pending.args.get(a)).into_iter().flatten();
                let child_of = parents.map(|e| &prepared.resources[e.res]).find_map(|r| match r.origin {
                    Origin::Local(local) => Some(local.index() - 1),
                    Origin::Call(_) | Origin::Block(_) => None,
                });
                let resource = &prepared.resources[*res];
                let returned = new_return(resource, path.clone(), child_of, resource.locked, false);
                if !self.later_returns.contains(&returned) {
                    self.later_returns.push(returned);
                }
            }
        }
    }

    fn into_summary(self, prepared: &Prepared, sink: &mut Sink) -> Summary {
        let outcomes = if self.successes > 0 { &self.success } else { &self.failure };
        let mut params = Vec::new();
        for (&res, &out) in outcomes {
            let resource = &prepared.resources[res];
            if let Origin::Local(local) = resource.origin {
                // What moved into the result has its fate from there.
                let told = self.told.get(&res).copied().filter(|&(good, bad)| good.or(bad) == out && good != bad);
                params.push(ParamResource {
                    index: local.index() - 1,
                    path: resource.path.clone(),
                    outcomes: out,
                    told,
                });
            }
        }
        let mut returns = self.later_returns;
        for (entry, parents, exits) in &self.returns {
            let resource = &prepared.resources[entry.res];
            let returned = match resource.origin {
                Origin::Local(local) => Returned {
                    path: entry.path.to_vec(),
                    from: ReturnedFrom::Param { index: local.index() - 1, path: resource.path.clone() },
                    owned: entry.owned,
                },
                Origin::Call(_) | Origin::Block(_) if entry.owned => {
                    let child_of = parents.iter().find_map(|&p| match prepared.resources[p].origin {
                        Origin::Local(local) => Some(local.index() - 1),
                        Origin::Call(_) | Origin::Block(_) => None,
                    });
                    let locked = self.locked.contains(&entry.res);
                    let mut new = new_return(resource, entry.path.to_vec(), child_of, locked, *exits < self.successes);
                    if let ReturnedFrom::New { wrote, read_only, .. } = &mut new.from {
                        *read_only |= self.read_only.contains(&entry.res);
                        *wrote = self.wrote.get(&entry.res).copied().unwrap_or_default();
                    }
                    new
                }
                Origin::Call(_) | Origin::Block(_) => continue,
            };
            if !returns.contains(&returned) {
                returns.push(returned);
            }
        }
        let invokes = sink
            .invokes
            .iter()
            .map(|&(param, held)| {
                (param, held.map(|r| (prepared.resources[r].pool.clone(), prepared.resources[r].span)))
            })
            .collect();
        let tries = self.tries.iter().filter_map(|&(res, when)| match prepared.resources[res].origin {
            Origin::Local(local) => Some((local.index() - 1, when)),
            Origin::Call(_) | Origin::Block(_) => None,
        });
        let tries = tries.collect();
        let mut unlocks: Vec<usize> = Vec::new();
        for &res in &sink.unlocked {
            if let Origin::Local(local) = prepared.resources[res].origin
                && !unlocks.contains(&(local.index() - 1))
            {
                unlocks.push(local.index() - 1);
            }
        }
        let mut executes = std::mem::take(&mut sink.executes);
        summary::merge_executes(&mut executes, &self.later_executes);
        Summary {
            effects: std::mem::take(&mut sink.effects),
            later: self.later,
            returns,
            params,
            invokes,
            executes,
            unlocks,
            fails: self.successes == 0 && self.failures > 0,
            text: prepared.text,
            tries,
            drives: Vec::new(),
            starts: Vec::new(),
            nets: prepared.accounts.net(&self.balances),
        }
    }
}

fn new_return(
    resource: &Resource,
    path: Vec<crate::base::Symbol>,
    child_of: Option<usize>,
    locked: bool,
    sometimes: bool,
) -> Returned {
    Returned {
        path,
        from: ReturnedFrom::New {
            kind: resource.kind,
            ty: resource.ty.clone(),
            pool: resource.pool.clone(),
            confidence: resource.confidence,
            chain: resource.chain.clone(),
            protects_connection: resource.protects_connection,
            child_of,
            locked,
            wrote: resource.wrote,
            read_only: resource.read_only,
            opened: resource.opened,
            maybe: sometimes || resource.maybe,
            outlives: resource.outlives,
        },
        owned: true,
    }
}

/// What a body around says of an inner one.
#[derive(Default)]
struct Surroundings {
    captured: Vec<(usize, BodyIdx, ResId)>,
    runs_with: Option<resource::PoolId>,
    runs_over: Option<(BodyIdx, ResId)>,
}

/// Reads the events of all bodies. An inner body may come before the one around it, which says what it captures: they are
/// taken by depth.
fn read_events(program: &Program, facts: &mut Facts, left: IndexVec<BodyIdx, Left>, workers: &impl Workers) {
    facts.events = program.bodies.iter().map(|_| BodyEvents::default()).collect();
    let mut around: HashMap<BodyIdx, Surroundings> = HashMap::new();
    let mut by_depth: BTreeMap<usize, Vec<(BodyIdx, Left)>> = BTreeMap::new();
    for (idx, left) in left.into_iter_enumerated() {
        if !matches!(left, Left::Nothing) {
            by_depth.entry(depth(program, idx)).or_default().push((idx, left));
        }
    }
    for bodies in by_depth.into_values() {
        let bodies: Vec<_> =
            bodies.into_iter().map(|(idx, left)| (idx, left, around.remove(&idx).unwrap_or_default())).collect();
        let so_far = &*facts;
        let happened = workers.map(bodies, |(idx, left, surroundings)| match left {
            Left::Nothing => None,
            Left::Placing(happened) => Some((idx, happened)),
            Left::Reading(prepared) => Some((idx, Box::new(read_body(program, idx, prepared, &surroundings, so_far)?))),
        });
        for (idx, happened) in happened.into_iter().flatten() {
            for (inner, list) in happened.captured {
                let slot = around.entry(inner).or_default();
                slot.captured.extend(list.into_iter().map(|(n, res, _)| (n, idx, res)));
            }
            for (inner, pool) in happened.runs_with {
                around.entry(inner).or_default().runs_with.get_or_insert(pool);
            }
            for (inner, res) in happened.runs_over {
                around.entry(inner).or_default().runs_over.get_or_insert((idx, res));
            }
            facts.events[idx] = happened.events;
            callers::note(program, idx, facts, &happened.lent);
        }
    }
}

/// Reads the events of a body; `None` if it is idle.
fn read_body(
    program: &Program,
    idx: BodyIdx,
    prepared: Option<Box<Prepared>>,
    surroundings: &Surroundings,
    facts: &Facts,
) -> Option<Happened> {
    let mut prepared = match prepared {
        Some(prepared) => *prepared,
        None => effect::prepare(program, idx, &facts.summaries),
    };
    if idle(program, idx, &prepared) {
        return None;
    }
    let entry = settle_entry(program, idx, &mut prepared, surroundings, facts);
    let body = program.body(idx);
    let mut transfer = Transfer::new(program, idx, &prepared, &facts.summaries);
    transfer.entry_resources = Some(entry.iter().map(|(res, _)| *res).collect());
    read(body, &mut transfer, |transfer, state, at| transfer.at_exit(state, at));
    let mut sink = transfer.sink.take().unwrap_or_default();
    Some(Happened::new(&mut sink, prepared, entry))
}

fn depth(program: &Program, mut body: BodyIdx) -> usize {
    let mut depth = 0;
    while let Some(parent) = program.bodies[body].parent {
        depth += 1;
        body = parent;
    }
    depth
}

/// Which resources exist at a body's entry, with what is known of captured ones from the body around.
fn settle_entry(
    program: &Program,
    idx: BodyIdx,
    prepared: &mut Prepared,
    surroundings: &Surroundings,
    facts: &Facts,
) -> Vec<(ResId, Option<(BodyIdx, ResId)>)> {
    let body = program.body(idx);
    let first_capture = body.param_count + 1;
    let mut entry = Vec::new();
    for res in prepared.resources.indices() {
        let Origin::Local(local) = prepared.resources[res].origin else { continue };
        if local.index() < first_capture {
            if !matches!(body.kind, BodyKind::Fn(_))
                && let Some(pool) = &surroundings.runs_with
                && prepared.resources[res].is_connection()
            {
                prepared.resources[res].pool = pool.clone();
            }
            // A closure that runs over a connection of the body around is lent that one.
            let over = surroundings.runs_over.filter(|_| prepared.resources[res].is_connection());
            if let Some((around, outer)) = over {
                take_on(&mut prepared.resources[res], &facts.events[around].resources[outer]);
            }
            entry.push((res, over));
            continue;
        }
        let n = local.index() - first_capture;
        let outer = surroundings.captured.iter().find(|(capture, around, outer)| {
            *capture == n
                && facts.events[*around].resources.get(*outer).is_some_and(|r| r.kind == prepared.resources[res].kind)
        });
        if let Some(&(_, around, outer)) = outer {
            let known = &facts.events[around].resources[outer];
            take_on(&mut prepared.resources[res], known);
            entry.push((res, Some((around, outer))));
        }
    }
    entry
}

/// What is known of a resource in the body around holds for the one that an inner body knows it as.
fn take_on(ours: &mut Resource, known: &Resource) {
    ours.pool = known.pool.clone();
    ours.span = known.span;
    ours.confidence = known.confidence;
    ours.chain.clone_from(&known.chain);
    ours.inside = known.inside;
    ours.protects_connection = known.protects_connection;
    ours.acquired_by_us = known.acquired_by_us;
    ours.opened = known.opened;
    ours.maybe = known.maybe;
}
