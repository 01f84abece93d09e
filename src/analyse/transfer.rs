//! The transfer function: what each statement and edge does to the state.
//!
//! **Invariants:** one transfer for iteration and for reading: events are made by the same code when a [`Sink`] is given,
//! from converged states only. A move out of a place removes what the place owned; a drop releases what is still owned.
//! **Absent on purpose:** lints, words, confidence rules.

use super::Summaries;
use super::effect::{Act, CallEffect, Gift, Prepared, When, Width};
use super::events::{BodyEvents, Event, Release};
use super::resource::{Origin, PoolClass, ResId, Resource, Sameness, same_pool};
use super::state::{Deferred, Entry, Life, Outcomes, Pending, ResState, State, Value, Variants};
use super::summary::{Effects, ParamResource};
use crate::base::{Confidence, Idx, IndexVec, Span, Symbol};
use crate::flow::{self, Location};
use crate::ir::{
    self, AggregateKind, BlockId, Body, BodyId, BodyKind, CallId, DropWhy, Edge, EdgeKind, LocalId, Operand, Place,
    Proj, ReturnKind, Rvalue, Stmt, StmtKind, Terminator,
};
use crate::pack::Kind;
use crate::resolve::{BodyIdx, Program, Ty};
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
    /// Closures that run while a connection of a pool is held.
    pub runs_with: Vec<(BodyIdx, super::resource::PoolId)>,
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
    /// Resources that exist at entry; `None`: all of the parameters and captures.
    pub entry_resources: Option<Vec<ResId>>,
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
        let inner = program.inner_bodies(idx).iter().map(|&b| (program.bodies[b].id, b)).collect();
        Transfer { program, idx, body, prepared, summaries, inner, entry_resources: None, sink: None }
    }

    fn resource(&self, res: ResId) -> &Resource {
        &self.prepared.resources[res]
    }

    fn event(&mut self, event: Event) {
        if let Some(sink) = &mut self.sink {
            sink.out.events.push(event);
        }
    }

    // ---- places ----

    fn place_ty(&self, place: &Place) -> Ty {
        self.program.place_ty(self.idx, place)
    }

    /// The fields of a place that count: `Option`, `Result`, references and wrappers add nothing.
    fn fields(&self, place: &Place) -> Vec<Symbol> {
        let mut fields = Vec::new();
        for (i, step) in place.proj.iter().enumerate() {
            match step {
                Proj::Field(name) => fields.push(*name),
                Proj::Variant { path, field } => {
                    let last = path.last();
                    let transparent = ["Some", "Ok", "Err", "None"].iter().any(|n| last == *n) || {
                        let prefix = Place { local: place.local, proj: place.proj[..i].to_vec() };
                        self.program.is_wrapper(&self.place_ty(&prefix))
                    };
                    if !transparent {
                        fields.push(*field);
                    }
                }
                Proj::Deref | Proj::Try | Proj::Index => {}
            }
        }
        fields
    }

    /// What a place carries.
    fn peek(&self, state: &State, place: &Place) -> Value {
        let Some(value) = state.value(place.local) else { return Value::default() };
        if place.proj.is_empty() {
            return (**value).clone();
        }
        let fields = self.fields(place);
        let mut out = Value { entries: Vec::new(), pending: value.pending.clone() };
        for entry in &value.entries {
            if let Some(rest) = below(&entry.path, &fields, || self.may_hold(place, entry.res)) {
                out.add(Entry { path: rest.into(), ..entry.clone() });
            }
        }
        // A field of a tuple of futures' results carries no future of its own accord; a field of a struct may.
        if !fields.is_empty() && !self.may_be_future(place) {
            out.pending.clear();
        }
        out
    }

    /// Whether the resource can lie in a place, going by types: used where paths do not tell.
    fn may_hold(&self, place: &Place, res: ResId) -> bool {
        let ty = self.place_ty(place);
        if !ty.is_known()
            || matches!(ty.peel_refs(), Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) | Ty::Future(_) | Ty::Fn(..))
        {
            return true;
        }
        let kind = self.resource(res).kind;
        let held = self.program.held(&ty);
        held.iter().any(|h| h.kind == kind)
            || matches!(
                self.program.kind(&ty),
                Some(Kind::Builder | Kind::Stream | Kind::Conn | Kind::Guard | Kind::Tx)
            )
    }

    fn may_be_future(&self, place: &Place) -> bool {
        match self.place_ty(place).peel_refs() {
            Ty::Unknown | Ty::Future(_) | Ty::Param(..) | Ty::Dyn(_) | Ty::Fn(..) => true,
            Ty::Adt(path, _) => {
                self.program.catalog.type_row(*path).is_some_and(|r| r.awaits.is_some() || r.kind == Kind::Task)
            }
            Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Never => false,
        }
    }

    /// Whether an argument may be a future, going by its type; a type that is not known says nothing.
    fn operand_may_be_future(&self, operand: &Operand) -> bool {
        match self.operand_ty(operand) {
            Ty::Future(_) | Ty::Fn(..) => true,
            Ty::Adt(path, args) => {
                self.program.catalog.type_row(path).is_some_and(|r| r.awaits.is_some() || r.kind == Kind::Task)
                    || args.iter().any(|a| matches!(a, Ty::Future(_)))
            }
            Ty::Slice(item) => matches!(*item, Ty::Future(_)),
            Ty::Ref(..) | Ty::Unknown | Ty::Tuple(_) | Ty::Param(..) | Ty::Dyn(_) | Ty::Never => false,
        }
    }

    /// Whether it is known that there is a future at all: a call that may as well have given a plain value is not one.
    fn is_certain(&self, pending: &Pending) -> bool {
        match pending.what {
            Deferred::Call(id) => match self.prepared.calls[id].when {
                When::Awaited => true,
                When::Now | When::Either => false,
            },
            Deferred::Block(_) => true,
        }
    }

    /// Moves what a place owns out of it; references are copied.
    fn take(&mut self, state: &mut State, place: &Place) -> Value {
        let value = self.peek(state, place);
        if matches!(self.place_ty(place), Ty::Ref(..)) {
            return value.borrowed();
        }
        self.remove_owned(state, place);
        value
    }

    /// Forgets what a place owns (it has been moved elsewhere).
    fn remove_owned(&mut self, state: &mut State, place: &Place) {
        let Some(value) = state.values.get(&place.local) else { return };
        let whole = place.proj.is_empty();
        let fields = self.fields(place);
        let mut rest = Value::default();
        for entry in &value.entries {
            let taken =
                entry.owned && (whole || below(&entry.path, &fields, || self.may_hold(place, entry.res)).is_some());
            if !taken {
                rest.entries.push(entry.clone());
            }
        }
        let keeps_pending = !whole && !self.may_be_future(place);
        if keeps_pending {
            rest.pending.clone_from(&value.pending);
        }
        set(state, place.local, rest);
    }

    fn read(&mut self, state: &mut State, operand: &Operand) -> Value {
        match operand {
            Operand::Place(place) => self.take(state, place),
            Operand::Path(..) | Operand::Literal(_) => Value::default(),
        }
    }

    fn store(&mut self, state: &mut State, to: &Place, mut value: Value) {
        if value.entries.iter().any(|e| !e.owned) && !self.local_may_refer(to) {
            value.entries.retain(|e| e.owned);
        }
        if to.proj.is_empty() {
            if let Some(sink) = &mut self.sink {
                for entry in &value.entries {
                    let holders =
                        if entry.owned { &mut sink.out.holders[entry.res] } else { &mut sink.out.borrowers[entry.res] };
                    if !holders.contains(&to.local) {
                        holders.push(to.local);
                    }
                }
            }
            set(state, to.local, value);
            return;
        }
        let fields = self.fields(to);
        let mut new = state.value(to.local).map_or_else(Value::default, |v| (**v).clone());
        new.entries.retain(|e| fields.is_empty() || !e.path.starts_with(&fields));
        for entry in value.entries {
            let path: Vec<Symbol> = fields.iter().copied().chain(entry.path.iter().copied()).take(3).collect();
            new.add(Entry { path: path.into(), ..entry });
        }
        for pending in value.pending {
            new.add_pending(pending);
        }
        set(state, to.local, new);
    }

    /// Whether a place's type may refer to a connection at all: a row's id does not.
    fn local_may_refer(&self, to: &Place) -> bool {
        super::effect::may_refer(self.program, &self.place_ty(to))
    }

    // ---- statements ----

    fn drop_place(&mut self, state: &mut State, place: &Place, why: DropWhy, span: Span) {
        let value = self.peek(state, place);
        if value.is_empty() {
            return;
        }
        let by_reference = matches!(self.place_ty(place), Ty::Ref(..));
        for pending in &value.pending {
            self.drop_future(place.local, pending, value.pending.len() == 1);
        }
        let owned: Vec<ResId> = value
            .entries
            .iter()
            .chain(value.pending.iter().flat_map(|p| p.args.iter().flatten()))
            .filter(|e| e.owned)
            .map(|e| e.res)
            .collect();
        self.remove_owned(state, place);
        for res in owned {
            self.release(state, res, place.local, by_reference, why, span);
        }
        if place.proj.is_empty() && why != DropWhy::Overwritten {
            state.values.remove(&place.local);
            state.variants.remove(&place.local);
            state.tests.remove(&place.local);
        }
    }

    fn release(&mut self, state: &mut State, res: ResId, from: LocalId, by_reference: bool, why: DropWhy, span: Span) {
        let before = state.outcomes(res);
        if !before.may_be_held() {
            return;
        }
        let life = if by_reference { Life::Stored } else { Life::Dropped };
        let elsewhere = state.owned_elsewhere(res, from);
        state.update(res, |o| if elsewhere { o.or(o.end_held(life)) } else { o.end_held(life) });
        if by_reference {
            return;
        }
        let release = match why {
            DropWhy::Scope | DropWhy::Overwritten => Release::Scope,
            DropWhy::Temporary | DropWhy::Wildcard => Release::Temporary,
        };
        if let Some(sink) = &mut self.sink {
            let list = &mut sink.out.releases[res];
            if !list.contains(&(span, release)) {
                list.push((span, release));
            }
        }
        let resource = self.resource(res);
        let bare = matches!(why, DropWhy::Temporary | DropWhy::Wildcard)
            && resource.kind == Kind::Tx
            && matches!(resource.origin, Origin::Call(_))
            && self.body.locals[from].kind == ir::LocalKind::Temp;
        if bare {
            self.event(Event::DroppedAtOnce { res, span });
        }
    }

    /// A future that is dropped: what would have ended is not ended.
    fn drop_future(&mut self, local: LocalId, pending: &Pending, alone: bool) {
        if self.sink.is_none() || pending.task {
            return;
        }
        let Deferred::Call(call) = pending.what else { return };
        let effect = &self.prepared.calls[call];
        let mut events = Vec::new();
        for (i, act) in effect.acts.iter().enumerate() {
            if *act == Act::Ends(Life::Ended) {
                for entry in pending.args.get(i).into_iter().flatten() {
                    events.push(Event::CommitNotAwaited {
                        res: entry.res,
                        span: self.body.calls[call].span,
                        what: effect.what.clone(),
                    });
                }
            }
        }
        let bound = self.body.locals[local].kind == ir::LocalKind::Var && alone && !self.is_read(local);
        let direct = effect.effects.acquires.first().filter(|a| a.chain.len() == 1 && effect.when == When::Awaited);
        if let (true, Some(acquires)) = (bound, direct) {
            events.push(Event::NotAwaited {
                span: self.body.calls[call].span,
                local,
                acquires: acquires.clone(),
                what: effect.what.clone(),
            });
        }
        for event in events {
            self.event(event);
        }
    }

    /// Whether anything in the body reads a variable: then a drop of it is one path of several.
    fn is_read(&self, local: LocalId) -> bool {
        let reads = |op: &Operand| matches!(op, Operand::Place(p) if p.local == local);
        let stmts = self.body.blocks.iter().flat_map(|b| &b.stmts);
        let in_stmt = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Assign { value, .. } => match value {
                Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => reads(op),
                Rvalue::Ref { place, .. } => place.local == local,
                Rvalue::Call(_) => false,
                Rvalue::AwaitMany { futures, .. } => futures.iter().any(reads),
                Rvalue::Aggregate { fields, base, .. } => {
                    fields.iter().any(|(_, op)| reads(op)) || base.iter().any(reads)
                }
                Rvalue::Plain(ops) | Rvalue::Unknown(ops) => ops.iter().any(reads),
            },
            StmtKind::Yield(op) => reads(op),
            StmtKind::Drop { .. } | StmtKind::Declare(_) => false,
        };
        stmts.into_iter().any(in_stmt) || self.body.calls.iter().any(|c| c.args.iter().any(reads))
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
            Rvalue::Aggregate { kind, fields, base } => self.aggregate(state, whole, kind, fields, base.as_ref()),
            Rvalue::Plain(ops) => {
                if let [Operand::Place(place)] = ops.as_slice()
                    && let (Some(local), Some(&test)) = (whole, place.as_local().and_then(|l| state.tests.get(&l)))
                {
                    // `!x.is_ok()`; any other single-operand plain value of a test loses nothing by this.
                    state.tests.insert(local, (test.0, !test.1));
                }
                Value::default()
            }
            Rvalue::Unknown(ops) => {
                for op in ops {
                    let value = self.read(state, op);
                    self.escape(state, &value);
                }
                Value::default()
            }
        }
    }

    fn operand_ty(&self, operand: &Operand) -> Ty {
        self.program.operand_ty(self.idx, operand)
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

    /// Whether a capture moves: by `move`, or because the inner body ends what it captured.
    fn capture_by_value(&self, inner: Option<BodyIdx>, n: usize) -> bool {
        let Some(inner) = inner else { return false };
        let body = self.program.body(inner);
        if body.captures.get(n).is_some_and(|c| c.by_move) {
            return true;
        }
        let index = body.param_count + n;
        self.summaries.get(inner).is_some_and(|s| {
            s.params.iter().any(|p| p.index == index && !p.outcomes.is_empty() && !p.outcomes.may_be_held())
        })
    }

    fn escape(&mut self, state: &mut State, value: &Value) {
        for entry in value.entries.iter().chain(value.pending.iter().flat_map(|p| p.args.iter().flatten())) {
            if entry.owned {
                state.update(entry.res, |o| o.end_held(Life::Escaped));
            }
        }
    }

    // ---- calls ----

    fn call(&mut self, state: &mut State, to: Option<LocalId>, id: CallId) -> Value {
        let prepared = self.prepared;
        let effect = &prepared.calls[id];
        let call = &self.body.calls[id];
        self.note_invoke(state, call);
        let mut values: Vec<Value> = Vec::with_capacity(call.args.len());
        for (i, arg) in call.args.iter().enumerate() {
            let value = match (arg, &effect.acts[i]) {
                (Operand::Place(place), Act::Take) => {
                    let taken = self.peek_behind(state, place);
                    self.remove_behind(state, place);
                    taken
                }
                (Operand::Place(place), _) if !effect.by_value[i] => self.peek(state, place).borrowed(),
                (Operand::Place(_) | Operand::Path(..) | Operand::Literal(_), _) => self.read(state, arg),
            };
            values.push(value);
        }
        if let Some(local) = to {
            self.note_variant(state, local, effect, call);
        }
        if let Some((what, width)) = effect.fan_out {
            let known = match width {
                Some(Width::Known(n)) => Some(n),
                Some(Width::Computed) | None => None,
            };
            self.fan_out(state, values.get(what), width.is_some(), known, call.span, &effect.what);
        }
        if let Some(what) = effect.spawns {
            if call.in_loop {
                self.fan_out(state, values.get(what), false, None, call.span, &effect.what);
            }
            return self.spawn(state, &values, what);
        }
        let mut out = Value::default();
        // Futures among the arguments run when the result is awaited, unless the call blocks on them.
        if effect.block_on.is_none() {
            for (i, value) in values.iter().enumerate() {
                let passes = effect.acts.get(i) == Some(&Act::Pass) || self.operand_may_be_future(&call.args[i]);
                for pending in value.pending.iter().filter(|p| passes || self.is_certain(p)) {
                    out.add_pending(pending.clone());
                }
            }
        }
        let mut args: Vec<Vec<Entry>> = values.iter().map(|v| v.entries.clone()).collect();
        match effect.when {
            When::Now => {
                self.happen(state, effect, &args, &args, false, call.span);
                out.merge(&self.apply(state, effect, &args, id));
                if effect.block_on.is_some() {
                    let blocked = self.awaited(state, &values, true, call.span, &Ty::Unknown);
                    out.merge(&blocked);
                }
            }
            When::Awaited => {
                if !effect.eager.is_empty() {
                    self.happen_effects(
                        state,
                        &effect.eager,
                        &args,
                        false,
                        call.span,
                        &effect.what,
                        Some((call.span, true)),
                    );
                }
                // The future owns what it was given until it ends; a pass-through (a combinator) hands it on at once.
                out.add_pending(Pending { what: Deferred::Call(id), args: args.into(), task: false });
            }
            When::Either => {
                for value in &values {
                    self.escape(state, &Value { entries: value.entries.clone(), pending: Vec::new() });
                }
                for arg in &mut args {
                    for entry in arg.iter_mut() {
                        entry.owned = false;
                    }
                }
                for entry in args.iter().flatten() {
                    out.add(Entry { path: empty_path(), ..entry.clone() });
                }
                out.add_pending(Pending { what: Deferred::Call(id), args: args.into(), task: false });
            }
        }
        if matches!(effect.when, When::Now) && effect.acts.contains(&Act::Pass) && !effect.effects.is_empty() {
            // An adapter with a closure (`map(|x| async …)`): what the closure does happens when the result is awaited.
            let borrowed: Vec<Vec<Entry>> = args_borrowed(&values);
            out.add_pending(Pending { what: Deferred::Call(id), args: borrowed.into(), task: false });
        }
        out
    }

    /// What `*place` owns, for `take()`-likes whose argument is a reference.
    fn peek_behind(&self, state: &State, place: &Place) -> Value {
        let value = self.peek(state, place);
        let mut out = Value::default();
        for entry in &value.entries {
            let owned = entry.owned || self.owners_of(state, entry.res).next().is_some();
            out.add(Entry { owned, ..entry.clone() });
        }
        out
    }

    fn owners_of<'s>(&self, state: &'s State, res: ResId) -> impl Iterator<Item = LocalId> + 's {
        state.owners(res)
    }

    /// The owners behind a reference lose what they own.
    fn remove_behind(&mut self, state: &mut State, place: &Place) {
        let value = self.peek(state, place);
        let ids: Vec<ResId> = value.entries.iter().map(|e| e.res).collect();
        for res in ids {
            let owners: Vec<LocalId> = state.owners(res).collect();
            for owner in owners {
                if let Some(value) = state.value(owner) {
                    let mut rest = (**value).clone();
                    rest.entries.retain(|e| e.res != res || !e.owned);
                    set(state, owner, rest);
                }
            }
        }
    }

    fn note_variant(&self, state: &mut State, local: LocalId, effect: &CallEffect, call: &ir::Call) {
        match effect.variant {
            Some(true) => {
                state.variants.insert(local, Variants { good: true, bad: false });
            }
            Some(false) => {
                state.variants.insert(local, Variants { good: false, bad: true });
            }
            None => {}
        }
        if let (Some(good), Some(Operand::Place(place))) = (effect.tests, call.args.first())
            && let Some(tested) = place.as_local()
        {
            state.tests.insert(local, (tested, good));
        }
    }

    fn note_invoke(&mut self, state: &State, call: &ir::Call) {
        let ir::Callee::Value(Operand::Place(place)) = &call.callee else { return };
        let index = place.local.index();
        if index == 0 || index > self.body.param_count {
            return;
        }
        let held = state.held().find(|&r| self.resource(r).is_connection());
        if let Some(sink) = &mut self.sink {
            sink.invokes.push((index - 1, held));
        }
    }

    /// Many futures are started at once: tells if each takes a connection and nothing limits how many do.
    fn fan_out(
        &mut self,
        state: &State,
        value: Option<&Value>,
        limited: bool,
        width: Option<i128>,
        span: Span,
        what: &str,
    ) {
        let (Some(value), true) = (value, self.sink.is_some()) else { return };
        // A permit that is held here, or taken by each future first, is the limit.
        if state.held().any(|r| self.resource(r).kind == Kind::Permit) {
            return;
        }
        let mut effects = Effects::default();
        for pending in &value.pending {
            match pending.what {
                Deferred::Call(id) => effects.merge(&self.prepared.calls[id].effects, Confidence::High),
                Deferred::Block(body) => {
                    if let Some(summary) = self.inner.get(&body).and_then(|&b| self.summaries.get(b)) {
                        effects.merge(&summary.effects, Confidence::High);
                        effects.merge(&summary.later, Confidence::High);
                    }
                }
            }
        }
        if effects.acquires.iter().any(|a| a.pool.class == PoolClass::Permits) {
            return;
        }
        if let Some(acquires) = effects.acquires.iter().find(|a| a.pool.class == PoolClass::Slots) {
            self.event(Event::FanOut { span, acquires: acquires.clone(), width, limited, what: what.to_owned() });
        }
    }

    fn spawn(&mut self, state: &mut State, values: &[Value], what: usize) -> Value {
        let mut out = Value::default();
        for (i, value) in values.iter().enumerate() {
            if i == what {
                self.escape(state, value);
                for pending in &value.pending {
                    let args: Vec<Vec<Entry>> = pending
                        .args
                        .iter()
                        .map(|a| a.iter().map(|e| Entry { owned: false, ..e.clone() }).collect())
                        .collect();
                    out.add_pending(Pending { what: pending.what, args: args.into(), task: true });
                }
            }
        }
        out
    }

    /// Applies a call's acts and makes its result.
    fn apply(&mut self, state: &mut State, effect: &CallEffect, args: &[Vec<Entry>], id: CallId) -> Value {
        let mut out = Value::default();
        for (i, entries) in args.iter().enumerate() {
            let act = effect.acts.get(i).unwrap_or(&Act::Borrow);
            // What ends is what was given; what that refers to (the connection of a transaction) lives on.
            let gives = matches!(act, Act::Ends(_)) && entries.iter().any(|e| e.owned);
            for entry in entries.iter().filter(|e| e.owned || !gives) {
                self.act(state, effect, i, act, entry, id, &mut out);
            }
        }
        if effect.carries {
            for (i, entries) in args.iter().enumerate() {
                if matches!(effect.acts.get(i), Some(Act::Pass | Act::Take)) {
                    continue;
                }
                for entry in entries {
                    out.add(Entry { path: empty_path(), owned: false, res: entry.res });
                }
            }
        }
        for gift in &effect.gifts {
            self.give(state, gift, args, &mut out);
        }
        out
    }

    /// Puts a resource into a result.
    fn give(&self, state: &mut State, gift: &Gift, args: &[Vec<Entry>], out: &mut Value) {
        match gift {
            Gift::New { res, path, child_of } => {
                let mut parents: Vec<ResId> =
                    child_of.and_then(|a| args.get(a)).into_iter().flatten().map(|e| e.res).collect();
                parents.sort();
                parents.dedup();
                state.res.insert(*res, ResState { outcomes: Outcomes::held(), parents });
                out.add(Entry { path: path.as_slice().into(), res: *res, owned: true });
            }
            Gift::Arg { index, from, path, owned } => {
                for entry in args.get(*index).into_iter().flatten() {
                    if let Some(rest) = below(&entry.path, from, || true) {
                        let path: Vec<Symbol> = path.iter().copied().chain(rest).take(3).collect();
                        if *owned && entry.owned {
                            // It moved through the callee: the outcome there was an escape, here it lives on.
                            state.update(entry.res, revive);
                        }
                        out.add(Entry { path: path.into(), res: entry.res, owned: *owned && entry.owned });
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn act(
        &mut self,
        state: &mut State,
        effect: &CallEffect,
        index: usize,
        act: &Act,
        entry: &Entry,
        id: CallId,
        out: &mut Value,
    ) {
        let span = self.body.calls[id].span;
        let res = entry.res;
        match act {
            Act::Borrow => {
                if entry.owned {
                    state.update(res, |o| o.end_held(Life::Escaped));
                }
            }
            Act::Lend => {
                if entry.owned {
                    state.update(res, |o| o.end_held(Life::Escaped));
                } else {
                    state.update(res, Outcomes::write_held);
                }
            }
            Act::Ends(life) => {
                let outcomes = state.outcomes(res);
                if outcomes.may_be_held() || outcomes.may_be(Life::Detached) && *life == Life::Dropped {
                    self.note_end(res, *life, span, effect);
                }
                state.update(res, |o| o.end_held(*life));
            }
            Act::Talks { writes, locks } => {
                state.update(res, |o| {
                    let o = if *writes { o.write_held() } else { o };
                    locks.map_or(o, |l| o.lock_held(l))
                });
                if entry.owned {
                    state.update(res, |o| o.end_held(Life::Dropped));
                }
            }
            Act::Summary(list) => {
                let known = list.iter().find(|(path, _)| below(path, &entry.path, || true).is_some());
                let before = state.outcomes(res);
                match known {
                    Some((_, inner)) => {
                        state.update(res, |o| through(o, *inner, entry.owned));
                        if entry.owned && !state.outcomes(res).may_be_held() && before.may_be_held() {
                            self.note_release(res, span, Release::Call);
                        }
                    }
                    None if entry.owned => state.update(res, |o| o.end_held(Life::Escaped)),
                    // A callee that was not seen to hold it: a generic parameter, a bound. It may write.
                    None => state.update(res, Outcomes::write_held),
                }
            }
            Act::Pass => {
                let field = effect.fields.as_ref().and_then(|f| f.get(index)).copied();
                let path: Vec<Symbol> = field.into_iter().chain(entry.path.iter().copied()).take(3).collect();
                out.add(Entry { path: path.into(), ..entry.clone() });
            }
            Act::StoreIn(into) => self.store_in(state, id, *into, entry),
            Act::Take => {
                out.add(entry.clone());
            }
        }
    }

    /// `into.push(value)`: a local collection owns it from now on; anything else outlives the body.
    fn store_in(&mut self, state: &mut State, id: CallId, into: usize, entry: &Entry) {
        if !entry.owned {
            return;
        }
        let target = match self.body.calls[id].args.get(into) {
            Some(Operand::Place(place)) => Some(place.clone()),
            Some(Operand::Path(..) | Operand::Literal(_)) | None => None,
        };
        let local = target.filter(|place| {
            let local = &self.body.locals[place.local];
            local.kind == ir::LocalKind::Var
                && !matches!(self.program.bodies[self.idx].locals.get(place.local), Some(Ty::Ref(..)))
        });
        match local {
            Some(place) => {
                let mut value = state.value(place.local).map_or_else(Value::default, |v| (**v).clone());
                value.add(Entry { path: empty_path(), ..entry.clone() });
                set(state, place.local, value);
            }
            None => state.update(entry.res, |o| o.end_held(Life::Stored)),
        }
    }

    fn note_release(&mut self, res: ResId, span: Span, release: Release) {
        if let Some(sink) = &mut self.sink {
            let list = &mut sink.out.releases[res];
            if !list.contains(&(span, release)) {
                list.push((span, release));
            }
        }
    }

    fn note_end(&mut self, res: ResId, life: Life, span: Span, effect: &CallEffect) {
        match life {
            Life::Ended => self.note_release(res, span, Release::Commit),
            Life::RolledBack => self.note_release(res, span, Release::Rollback),
            Life::Dropped => self.note_release(res, span, Release::Call),
            Life::Forgotten => self.event(Event::Forgotten { res, span, what: effect.what.clone() }),
            Life::Detached => self.event(Event::Detached { res, span, loses_slot: effect.loses_slot }),
            Life::Held | Life::Escaped | Life::Stored => {}
        }
    }

    // ---- awaiting ----

    /// Waits for the futures in `values`. With `any`, one related future relates them all.
    fn awaited(&mut self, state: &mut State, values: &[Value], any: bool, span: Span, ty: &Ty) -> Value {
        let mut out = Value::default();
        let together: Vec<ResId> = if any { values.iter().flat_map(Value::reach).collect() } else { Vec::new() };
        let mut ran = false;
        for value in values {
            let related: Vec<ResId> = if any { together.clone() } else { value.reach().collect() };
            for pending in &value.pending {
                ran = true;
                out.merge(&self.run(state, pending, &related, span));
            }
            if value.pending.is_empty() {
                for entry in &value.entries {
                    out.add(Entry { owned: false, ..entry.clone() });
                }
            }
        }
        if !ran && self.sink.is_some() {
            let row = match ty.peel_refs() {
                Ty::Adt(path, _) => self.program.catalog.type_row(*path).and_then(|r| r.waits.clone()),
                Ty::Unknown
                | Ty::Ref(..)
                | Ty::Tuple(_)
                | Ty::Slice(_)
                | Ty::Param(..)
                | Ty::Dyn(_)
                | Ty::Future(_)
                | Ty::Fn(..)
                | Ty::Never => None,
            };
            let kind = match (row, self.program.kind(ty)) {
                (Some(row), _) => Some((row.kind, row.confidence)),
                (None, Some(Kind::Task)) => Some((Symbol::new("task"), Confidence::High)),
                (None, _) if values.iter().all(Value::is_empty) => Some((Symbol::new("unknown"), Confidence::Low)),
                (None, _) => None,
            };
            if let Some((kind, confidence)) = kind {
                let mut effects = Effects::default();
                effects.add_waits(super::summary::Waits {
                    kind,
                    confidence,
                    chain: vec![super::resource::Link { span, callee: String::from("await") }],
                });
                self.happen_effects(state, &effects, &[], true, span, "", None);
            }
        }
        out
    }

    fn run(&mut self, state: &mut State, pending: &Pending, related: &[ResId], span: Span) -> Value {
        let prepared = self.prepared;
        if pending.task {
            return self.join_task(state, pending, span);
        }
        let related_entries: Vec<Vec<Entry>> =
            vec![related.iter().map(|&res| Entry { path: empty_path(), res, owned: false }).collect()];
        match pending.what {
            Deferred::Call(id) => {
                let effect = &prepared.calls[id];
                self.happen(state, effect, &related_entries, &pending.args, true, span);
                if effect.when == When::Now {
                    return Value::default();
                }
                self.apply(state, effect, &pending.args, id)
            }
            Deferred::Block(body) => {
                let Some(&inner) = self.inner.get(&body) else { return Value::default() };
                let Some(summary) = self.summaries.get(inner).cloned() else { return Value::default() };
                self.happen_effects(state, &summary.effects, &related_entries, true, span, "the async block", None);
                self.happen_effects(state, &summary.later, &related_entries, true, span, "the async block", None);
                self.apply_block(state, inner, &summary.params, &pending.args, span)
            }
        }
    }

    fn apply_block(
        &mut self,
        state: &mut State,
        inner: BodyIdx,
        params: &[ParamResource],
        args: &[Vec<Entry>],
        span: Span,
    ) -> Value {
        let mut out = Value::default();
        for (i, entries) in args.iter().enumerate() {
            for entry in entries {
                let known = params.iter().find(|p| p.index == i && below(&p.path, &entry.path, || true).is_some());
                let before = state.outcomes(entry.res);
                match known {
                    Some(p) => state.update(entry.res, |o| through(o, p.outcomes, entry.owned)),
                    None if entry.owned => state.update(entry.res, |o| o.end_held(Life::Dropped)),
                    None => {}
                }
                if entry.owned && before.may_be_held() && !state.outcomes(entry.res).may_be_held() {
                    self.note_release(entry.res, span, Release::Call);
                }
            }
        }
        let prepared = self.prepared;
        for gift in prepared.blocks.get(&self.program.bodies[inner].id).into_iter().flatten() {
            self.give(state, gift, args, &mut out);
        }
        out
    }

    fn join_task(&mut self, state: &mut State, pending: &Pending, span: Span) -> Value {
        let mut effects = Effects::default();
        effects.add_waits(super::summary::Waits {
            kind: Symbol::new("task"),
            confidence: Confidence::High,
            chain: vec![super::resource::Link { span, callee: String::from("task") }],
        });
        match pending.what {
            Deferred::Call(id) => effects.merge(&self.prepared.calls[id].effects, Confidence::High),
            Deferred::Block(body) => {
                if let Some(summary) = self.inner.get(&body).and_then(|&b| self.summaries.get(b)) {
                    effects.merge(&summary.effects, Confidence::High);
                }
            }
        }
        // A task that was given the connection is waited for on its behalf.
        let related = pending.args.to_vec();
        self.happen_effects(state, &effects, &related, true, span, "the task", None);
        Value::default()
    }

    fn happen(
        &mut self,
        state: &State,
        effect: &CallEffect,
        related: &[Vec<Entry>],
        args: &[Vec<Entry>],
        waiting: bool,
        span: Span,
    ) {
        if self.sink.is_none() {
            return;
        }
        let local = !effect.fns.is_empty();
        self.happen_effects(state, &effect.effects, related, waiting, span, &effect.what, Some((effect.span, local)));
        for executes in &effect.executes {
            let Some(sink) = &mut self.sink else { continue };
            match sink.executes.iter_mut().find(|e| e.param == executes.param) {
                Some(old) => old.writes |= executes.writes,
                None => sink.executes.push(executes.clone()),
            }
        }
        for (body, pool) in &effect.runs_with {
            if let Some(sink) = &mut self.sink {
                sink.runs_with.push((*body, pool.clone()));
            }
        }
        if local {
            for (param, entries) in args.iter().enumerate() {
                for entry in entries {
                    if state.outcomes(entry.res).may_be_held() {
                        self.event(Event::PassedTo { res: entry.res, fns: effect.fns.clone(), param, span });
                    }
                }
            }
        }
    }

    /// Makes events of what happens here while resources are held, and adds it to the body's own effects.
    #[allow(clippy::too_many_arguments)]
    fn happen_effects(
        &mut self,
        state: &State,
        effects: &Effects,
        related: &[Vec<Entry>],
        waiting: bool,
        span: Span,
        what: &str,
        callee: Option<(Span, bool)>,
    ) {
        let local = callee.is_some_and(|c| c.1);
        let Some(mut sink) = self.sink.take() else { return };
        let mut used: Vec<ResId> = Vec::new();
        for entry in related.iter().flatten() {
            used.push(entry.res);
            for holder in state.slot_holders(entry.res) {
                used.push(holder);
            }
        }
        used.sort();
        used.dedup();
        for &res in &used {
            if !sink.out.uses[res].contains(&span) {
                sink.out.uses[res].push(span);
            }
        }
        let held: Vec<ResId> = state
            .held()
            .filter(|&r| {
                let resource = self.resource(r);
                // A child's slot is its parent's: the parent is told once, for both.
                resource.holds_slot() && state.slot_holders(r) == [r]
            })
            .collect();
        for &res in &held {
            let is_used = used.contains(&res);
            let mut nested = false;
            for acquires in &effects.acquires {
                let sameness = same_pool(
                    self.program,
                    self.program.bodies[self.idx].owner,
                    &self.resource(res).pool,
                    &acquires.pool,
                );
                let by_this_call = acquires.chain.first().is_some_and(|l| callee.is_none_or(|c| c.0 == l.span));
                if is_used && (local || !by_this_call) {
                    // The callee holds it as its parameter and is told there; how sure that is, is known here.
                    if let Some(place) = acquires.chain.get(1) {
                        sink.lent.push((place.span, res, sameness));
                    }
                    continue;
                }
                if sameness != Sameness::Different {
                    nested |= !matches!(sameness, Sameness::Maybe(Confidence::Low, _));
                    sink.out.events.push(Event::Nested {
                        res,
                        span,
                        acquires: acquires.clone(),
                        sameness,
                        what: what.to_owned(),
                    });
                }
            }
            if waiting && !is_used {
                for waits in &effects.waits {
                    let of_the_pool = ["pool", "database", "lock", "permit"].iter().any(|k| waits.kind == *k);
                    if nested && of_the_pool {
                        continue;
                    }
                    // A function that was lent two connections uses one and then the other: the caller decided that.
                    let lent = |r: ResId| {
                        matches!(self.resource(r).origin, Origin::Local(_)) && self.resource(r).is_connection()
                    };
                    if waits.kind == "database" && lent(res) && used.iter().any(|&u| lent(u)) {
                        continue;
                    }
                    sink.out.events.push(Event::Wait {
                        res,
                        span,
                        waits: waits.clone(),
                        what: what.to_owned(),
                        derived: false,
                    });
                }
            }
            for blocks in &effects.blocks {
                if !is_used {
                    sink.out.events.push(Event::BlockedWhileHeld { res, span, blocks: blocks.clone() });
                }
            }
        }
        if self.body.is_async && !waiting {
            for blocks in &effects.blocks {
                sink.out.events.push(Event::Blocked { span, blocks: blocks.clone(), what: what.to_owned() });
            }
        }
        let mut own = effects.clone();
        if !waiting {
            own.waits.clear();
        }
        sink.effects.merge(&own, Confidence::High);
        self.sink = Some(sink);
    }

    // ---- ends ----

    /// At a terminator: events of the exit.
    pub fn at_exit(&mut self, state: &State, at: Location) {
        let block = &self.body.blocks[at.block];
        if at.stmt != block.stmts.len() {
            return;
        }
        let Terminator::Return(kind, span) = &block.term else { return };
        let Some(success) = self.success(state, *kind) else { return };
        let ids: Vec<ResId> = state.res.keys().copied().collect();
        for res in ids {
            let outcomes = state.outcomes(res);
            self.event(Event::Exit { res, span: *span, outcomes, success });
        }
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
        sink.out.outer = IndexVec::from_elem(None, n);
        self.sink = Some(sink);
    }
}

/// A by-value argument's fate in the callee, seen from the caller.
fn through(before: Outcomes, inner: Outcomes, owned: bool) -> Outcomes {
    let mut after = Outcomes::NONE;
    for (life, wrote, locked) in inner.iter() {
        let mut o = before;
        if wrote {
            o = o.write_held();
        }
        if locked {
            o = o.lock_held(true);
        }
        let life = match (life, owned) {
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

/// Paths on which it escaped hold it again: it came back in the result.
fn revive(outcomes: Outcomes) -> Outcomes {
    let mut out = Outcomes::NONE;
    for (life, wrote, locked) in outcomes.iter() {
        let life = if life == Life::Escaped { Life::Held } else { life };
        out = out.or(Outcomes::one(life, wrote, locked));
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
            state.res.insert(id, ResState { outcomes: Outcomes::held(), parents: Vec::new() });
            let mut value = state.value(local).map_or_else(Value::default, |v| (**v).clone());
            value.add(Entry { path: resource.path.as_slice().into(), res: id, owned: !resource.borrowed });
            set(&mut state, local, value);
        }
        state
    }

    fn stmt(&mut self, state: &mut State, _at: Location, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { to, value } => {
                let value = self.evaluate(state, to, value, stmt.span);
                self.store(state, to, value);
            }
            StmtKind::Drop { place, why } => self.drop_place(state, place, *why, stmt.span),
            StmtKind::Yield(op) => {
                let value = self.read(state, op);
                self.escape(state, &value);
                if self.sink.is_some() {
                    let mut effects = Effects::default();
                    effects.add_waits(super::summary::Waits {
                        kind: Symbol::new("consumer"),
                        confidence: Confidence::Medium,
                        chain: vec![super::resource::Link { span: stmt.span, callee: String::from("yield") }],
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
                let Some(&(tested, good_if_true)) = place.as_local().and_then(|l| state.tests.get(&l)) else {
                    return true;
                };
                return self.refine(state, &Place::local(tested), taken == good_if_true);
            }
            EdgeKind::Again | EdgeKind::Exit | EdgeKind::Arm(_) => None,
        };
        match good {
            Some(good) => {
                let error = matches!(&edge.kind, EdgeKind::Variant(path) if path.last() == "Err")
                    || edge.kind == EdgeKind::Otherwise
                        && edges.iter().any(|e| matches!(&e.kind, EdgeKind::Variant(path) if path.last() == "Ok"));
                state.failed |= error && !good;
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
                !variants.iter().any(|(name, holds)| *holds && !tested(*name))
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
