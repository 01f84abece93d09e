//! Calls: arguments in, acts on their resources, result out.
//!
//! **Invariant:** what a call does was decided before (`effect`); here it is only applied.

use super::*;

/// How a callee ended what it was given.
fn ended_by(outcomes: Outcomes) -> Release {
    let all = |life| outcomes.iter().all(|o| o.life == life);
    match (all(Life::Ended), all(Life::RolledBack)) {
        (true, _) => Release::Commit,
        (_, true) => Release::Rollback,
        (false, false) => Release::Call,
    }
}

impl Transfer<'_> {
    // ---- calls ----

    pub(super) fn call(&mut self, state: &mut State, to: Option<LocalId>, id: CallId) -> Value {
        let prepared = self.prepared;
        let effect = &prepared.calls[id];
        let call = &self.body.calls[id];
        self.note_invoke(state, call);
        let mut values: Vec<Value> = Vec::with_capacity(call.args.len());
        for (i, arg) in call.args.iter().enumerate() {
            let value = match (arg, &effect.acts[i]) {
                (Operand::Place(place), Act::Take) => {
                    let mut taken = self.peek_behind(state, place);
                    // What is taken out of what a guard protects is not the guard.
                    let stays = |e: &Entry| self.resource(e.res).kind == Kind::LockGuard && !self.gives_guard(id);
                    if taken.entries.iter().any(stays) {
                        taken.entries.retain(|e| !stays(e));
                    } else {
                        for entry in &taken.entries {
                            self.event(Event::TakenOut { res: entry.res, span: call.span });
                        }
                        self.remove_behind(state, place);
                    }
                    taken
                }
                (Operand::Place(place), _) if !effect.by_value.of(i) => self.peek(state, place).borrowed(),
                (Operand::Place(_) | Operand::Path(..) | Operand::Literal(_), _) => self.read(state, arg),
            };
            values.push(value);
        }
        if let Some(local) = to {
            self.note_variant(state, local, effect, call);
        }
        if effect.when == When::Now {
            self.note_failure(state, to, id);
        }
        if let Some((what, width)) = effect.fan_out {
            let known = match width {
                Some(Width::Known(n)) => Some(n),
                Some(Width::Computed) | None => None,
            };
            self.fan_out(state, values.get(what), width.is_some(), known, call.span, effect.what.as_str());
        }
        if let Some(what) = effect.spawns {
            if call.in_loop && instances::piles_up(self.program, self.idx, id) {
                self.fan_out(state, values.get(what), false, None, call.span, effect.what.as_str());
            }
            return self.spawn(state, &values, what, id);
        }
        let mut out = Value::default();
        // Futures among the arguments run when the result is awaited, unless the call blocks on them.
        if effect.block_on.is_none() {
            for (i, value) in values.iter().enumerate() {
                if effect.starts.contains(&i) {
                    self.note_spawned(state, value, id);
                    self.escape(state, value);
                    continue;
                }
                let passes = effect.acts.get(i) == Some(&Act::Pass) || self.operand_may_be_future(&call.args[i]);
                for pending in value.pending.iter().filter(|p| passes || self.is_certain(p)) {
                    out.add_pending(pending.clone());
                }
            }
        }
        let mut args: Vec<Vec<Entry>> = values.iter().map(|v| v.entries.clone()).collect();
        self.note_forgotten_owner(id, &args);
        match effect.when {
            When::Now => {
                self.note_consumed(state, effect, &args, call.span);
                self.happen(state, effect, &args, &args, false, call.span);
                out.merge(&self.apply(state, effect, &args, id));
                if effect.joins.is_some() {
                    out.add_pending(Pending {
                        what: Deferred::Call(id),
                        args: args_borrowed(&values).into(),
                        task: true,
                    });
                }
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
                        effect.what.as_str(),
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
        // A handle that was cloned out of what a lock protects has nothing to do with the lock any more.
        if !out.entries.is_empty() && self.program.is_own_handle(&self.program.bodies[self.idx].results[id]) {
            out.entries.retain(|e| e.owned || self.resource(e.res).kind != Kind::LockGuard);
        }
        out
    }

    /// `mem::forget` of what owns no resource that can be followed, and yet dereferences to a connection.
    fn note_forgotten_owner(&mut self, id: CallId, args: &[Vec<Entry>]) {
        if self.sink.is_none() {
            return;
        }
        let effect = &self.prepared.calls[id];
        for (i, operand) in self.body.calls[id].args.iter().enumerate() {
            let forgets = effect.acts.get(i) == Some(&Act::Ends(Life::Forgotten)) && args[i].is_empty();
            if let (true, Operand::Place(place)) = (forgets, operand)
                && self.stands_for_connection(&self.place_ty(place))
            {
                let (local, span, what) = (place.local, effect.span, effect.what.to_string());
                self.event(Event::ForgottenOwner { local, span, what });
            }
        }
    }

    fn stands_for_connection(&self, ty: &Ty) -> bool {
        let tables = &self.program.tables;
        if !ty.head().is_some_and(|path| tables.adts.contains_key(&path)) || matches!(ty, Ty::Ref(..)) {
            return false;
        }
        let mut at = tables.deref(ty);
        for _ in 0..3 {
            let Some(next) = at else { return false };
            if matches!(self.program.kind(&next), Some(Kind::Guard | Kind::Conn | Kind::Tx)) {
                return true;
            }
            at = tables.deref(&next);
        }
        false
    }

    /// Whether a call's result may be the guard of a lock, going by its type.
    fn gives_guard(&self, id: CallId) -> bool {
        self.program.bodies[self.idx].results.get(id).is_none_or(|ty| {
            !ty.is_known() || self.program.held(ty).iter().any(|h| h.kind == Kind::LockGuard && !h.by_ref)
        })
    }

    pub(super) fn note_variant(&self, state: &mut State, local: LocalId, effect: &CallEffect, call: &ir::Call) {
        match effect.variant {
            Some(true) => {
                // `Some(Err(e))` is the error that it holds.
                let inner = match call.args.first() {
                    Some(Operand::Place(place)) => place.as_local().and_then(|l| state.variants.get(&l)).copied(),
                    Some(Operand::Path(..) | Operand::Literal(_)) | None => None,
                };
                let bad = inner.is_some_and(|v| v.bad && !v.good);
                state.variants.insert(local, Variants { good: !bad, bad });
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

    pub(super) fn note_invoke(&mut self, state: &State, call: &ir::Call) {
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
    pub(super) fn fan_out(
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
        let mut executes: Vec<&Executes> = Vec::new();
        for pending in &value.pending {
            match pending.what {
                Deferred::Call(id) => {
                    effects.merge(&self.prepared.calls[id].effects, Confidence::High);
                    executes.extend(&self.prepared.calls[id].executes);
                }
                Deferred::Block(body) => {
                    if let Some(summary) = self.inner.get(&body).and_then(|&b| self.summaries.get(b)) {
                        effects.merge(&summary.effects, Confidence::High);
                        effects.merge(&summary.later, Confidence::High);
                        executes.extend(&summary.executes);
                    }
                }
            }
        }
        for executes in executes {
            effects.acquires.extend(self.copied_executor(executes));
        }
        if effects.acquires.iter().any(|a| a.pool.class == PoolClass::Permits) {
            return;
        }
        if let Some(acquires) = effects.acquires.iter().find(|a| a.pool.class == PoolClass::Slots) {
            self.event(Event::FanOut { span, acquires: acquires.clone(), width, limited, what: what.to_owned() });
        }
    }

    /// What may be a pool or a connection, and is given away by value many times over, is a reference to a pool: the right to
    /// one connection cannot be copied.
    fn copied_executor(&self, executes: &Executes) -> Option<Acquires> {
        let owner = self.program.bodies[self.idx].owner?;
        let ty = self.program.fns[owner].params.get(executes.param)?;
        matches!(ty, Ty::Param(..)).then(|| Acquires {
            pool: PoolId {
                prov: Prov { root: ProvRoot::Param(executes.param), path: Vec::new(), element: false },
                ty: ty.clone(),
                family: (None, None),
                class: PoolClass::Slots,
            },
            patience: None,
            confidence: Confidence::Medium,
            chain: executes.chain.clone(),
        })
    }

    pub(super) fn spawn(&mut self, state: &mut State, values: &[Value], what: usize, id: CallId) -> Value {
        let mut out = Value::default();
        for (i, value) in values.iter().enumerate() {
            if i == what {
                self.note_spawned(state, value, id);
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
    pub(super) fn apply(&mut self, state: &mut State, effect: &CallEffect, args: &[Vec<Entry>], id: CallId) -> Value {
        let mut out = Value::default();
        self.unlock_by_call(state, effect, args, effect.span);
        for (i, entries) in args.iter().enumerate() {
            let act = effect.acts.get(i).unwrap_or(&Act::Borrow);
            // What ends is what was given; what that refers to (the connection of a transaction) lives on.
            let gives = matches!(act, Act::Ends(_)) && entries.iter().any(|e| e.owned);
            for entry in entries.iter().filter(|e| e.owned || !gives) {
                if let Some(r) = state.res.get_mut(&entry.res).filter(|_| effect.read_only == Some(i)) {
                    r.read_only = true;
                }
                self.act(state, effect, i, act, entry, id, &mut out);
                // What only reads has written nothing, whatever a callee could do.
                if state.res.get(&entry.res).is_some_and(|r| r.read_only) {
                    state.update(entry.res, Outcomes::unwritten);
                }
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
    pub(super) fn give(&mut self, state: &mut State, gift: &Gift, args: &[Vec<Entry>], out: &mut Value) {
        match gift {
            Gift::New { res, path, child_of } => {
                let mut parents: Vec<ResId> =
                    child_of.and_then(|a| args.get(a)).into_iter().flatten().map(|e| e.res).collect();
                parents.sort();
                parents.dedup();
                // What talks over a connection that nobody knows is nobody's concern either.
                if parents.is_empty() && self.resource(*res).outlives {
                    return;
                }
                if let Some(sink) = &mut self.sink {
                    sink.out.parents[*res].clone_from(&parents);
                }
                let resource = self.resource(*res);
                let read_only = resource.read_only;
                let outcomes = Outcomes::held().wrote_held(resource.wrote).lock_held(resource.locked);
                state.res.insert(*res, ResState { outcomes, parents, closes: false, read_only });
                out.add(Entry { path: path.as_slice().into(), res: *res, owned: true });
            }
            Gift::Arg { index, from, path, owned } => {
                for entry in args.get(*index).into_iter().flatten() {
                    if let Some(rest) = below(&entry.path, from, || true) {
                        let path: Vec<Symbol> = path.iter().copied().chain(rest).take(3).collect();
                        if *owned {
                            // It moved through the callee, or was taken out of what was lent to it: the outcome there was
                            // an escape, here it lives on with a new owner.
                            state.update(entry.res, revive);
                            state.disown(entry.res);
                        }
                        out.add(Entry { path: path.into(), res: entry.res, owned: *owned });
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn act(
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
        // What awaiting a stream's adapter gives has read the stream: rows, not the stream.
        let reads_stream = effect.when == When::Awaited && entry.owned && self.resource(res).kind == Kind::Stream;
        match act {
            Act::Borrow if reads_stream && effect.each.is_some() => self.read_to_its_end(state, res, span),
            Act::Borrow => {
                if entry.owned {
                    state.update(res, |o| o.end_held(Life::Escaped));
                }
            }
            Act::Lend => {
                if entry.owned {
                    state.update(res, |o| o.end_held(Life::Escaped));
                } else {
                    state.update(res, Outcomes::may_write_held);
                }
            }
            // Dropping what only refers to it (the copy stream over a transaction, a reference) leaves it alone.
            Act::Ends(Life::Dropped) if !entry.owned => {}
            Act::Ends(life) => {
                if *life == Life::Dropped
                    && let Some(Operand::Place(place)) = self.body.calls[id].args.get(index)
                    && self.own_drop(&self.place_ty(place), &entry.path)
                {
                    self.unlock(state, res);
                }
                let outcomes = state.outcomes(res);
                if *life == Life::Dropped
                    && entry.owned
                    && outcomes.may_be_held()
                    && self.resource(res).kind == Kind::Driver
                {
                    self.event(Event::DriverDropped { res, span });
                }
                if outcomes.may_be_held() || outcomes.may_be(Life::Detached) && *life == Life::Dropped {
                    self.note_end(res, *life, span, effect);
                }
                state.update(res, |o| o.end_held(*life));
            }
            Act::Talks { writes, locks, tries } => {
                if effect.dedicated == Some(index)
                    && let Some(sink) = &mut self.sink
                {
                    sink.out.sessions[res] = true;
                }
                state.update(res, |o| o.wrote_held(*writes));
                if let Some(takes) = locks {
                    self.session_lock(state, res, *takes, *tries, span);
                }
                if entry.owned {
                    state.update(res, |o| o.end_held(Life::Dropped));
                }
            }
            Act::Summary(list) => {
                let known = list.iter().find(|(path, _)| below(path, &entry.path, || true).is_some());
                let before = state.outcomes(res);
                match known {
                    Some((_, fate)) => {
                        let own = effect.own_params.of(index);
                        let seen = |inner| if own && !entry.owned { undropped(inner) } else { inner };
                        state.update(res, |o| through(o, seen(fate.outcomes), entry.owned));
                        if let Some((good, bad)) = fate.told {
                            let [good, bad] = [good, bad].map(|inner| through(before, seen(inner), entry.owned));
                            self.told.push(Told { res, now: state.outcomes(res), good, bad });
                        }
                        self.locked_by_call(state, res, before, span);
                        // What comes back in the result was handed on, not let go.
                        let back = |g: &Gift| matches!(g, Gift::Arg { index: i, owned: true, .. } if *i == index);
                        let ended = !state.outcomes(res).may_be_held() && before.may_be_held();
                        if entry.owned && ended && !effect.gifts.iter().any(back) {
                            self.note_release(res, span, ended_by(fate.outcomes));
                        }
                    }
                    None if entry.owned => state.update(res, |o| o.end_held(Life::Escaped)),
                    // A callee that was not seen to hold it: a generic parameter, a bound. It may write.
                    None => {
                        if effect.may_write.of(index) {
                            state.update(res, Outcomes::may_write_held);
                        }
                        if effect.lends_result {
                            out.add(Entry { path: empty_path(), owned: false, res });
                        }
                    }
                }
            }
            Act::Pass if reads_stream => self.read_to_its_end(state, res, span),
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

    fn read_to_its_end(&mut self, state: &mut State, res: ResId, span: Span) {
        if state.outcomes(res).may_be_held() {
            self.note_release(res, span, Release::Call);
        }
        state.update(res, |o| o.end_held(Life::Dropped));
    }

    /// `into.push(value)`: a local collection owns it from now on; anything else outlives the body.
    pub(super) fn store_in(&mut self, state: &mut State, id: CallId, into: usize, entry: &Entry) {
        if !entry.owned {
            return;
        }
        let local = self.own_container(id, into);
        match local {
            Some(place) => {
                let mut value = state.value(place.local).map_or_else(Value::default, |v| (**v).clone());
                value.add(Entry { path: empty_path(), ..entry.clone() });
                set(state, place.local, value);
            }
            None => {
                self.note_stored(state, entry.res, id, into);
                state.update(entry.res, |o| o.end_held(Life::Stored));
            }
        }
    }

    pub(super) fn note_release(&mut self, res: ResId, span: Span, release: Release) {
        if let Some(sink) = &mut self.sink {
            let list = &mut sink.out.releases[res];
            if !list.contains(&(span, release)) {
                list.push((span, release));
            }
        }
    }

    pub(super) fn note_end(&mut self, res: ResId, life: Life, span: Span, effect: &CallEffect) {
        match life {
            Life::Ended => self.note_release(res, span, Release::Commit),
            Life::RolledBack => self.note_release(res, span, Release::Rollback),
            Life::Dropped => self.note_release(res, span, Release::Call),
            Life::Forgotten => self.event(Event::Forgotten { res, span, what: effect.what.to_string() }),
            Life::Detached => self.event(Event::Detached { res, span, loses_slot: effect.loses_slot }),
            Life::Held | Life::Escaped | Life::Stored => {}
        }
    }
}
