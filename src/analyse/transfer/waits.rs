//! Awaiting: futures run, and what happens meanwhile becomes events.
//!
//! **Invariant:** an await is related to a resource if the resource, or what it was begun on, flows into what is awaited.

use super::*;

impl Transfer<'_> {
    // ---- awaiting ----

    /// Waits for the futures in `values`. With `any`, one related future relates them all.
    pub(super) fn awaited(&mut self, state: &mut State, values: &[Value], any: bool, span: Span, ty: &Ty) -> Value {
        let mut out = Value::default();
        if let Some(sink) = &mut self.sink {
            state.held().for_each(|res| sink.out.spans_await[res] = true);
        }
        let locked: Vec<ResId> = state.held().filter(|&r| state.outcomes(r).is_locked()).collect();
        let together: Vec<ResId> = if any { values.iter().flat_map(Value::reach).collect() } else { Vec::new() };
        let mut futures: Vec<(&Value, &Pending)> =
            values.iter().flat_map(|value| value.pending.iter().map(move |pending| (value, pending))).collect();
        let ran = !futures.is_empty();
        if any {
            // What the first to end gives is not held while the others are waited for.
            futures.sort_by_key(|(_, pending)| self.gives(pending));
        }
        for (value, pending) in futures {
            let related: Vec<ResId> = if any { together.clone() } else { value.reach().collect() };
            self.racing = any && values.len() > 1 && self.may_give_permit(pending);
            out.merge(&self.run(state, pending, &related, span));
        }
        for value in values {
            if value.pending.is_empty() {
                for entry in &value.entries {
                    out.add(Entry { owned: false, ..entry.clone() });
                }
            }
        }
        self.racing = false;
        let row = self.program.type_row(ty).and_then(|r| r.waits.clone());
        let of_kind = self.program.kind(ty);
        // A named future may wait by itself besides what it runs: a retry sleeps between its attempts.
        let waits_too = row.is_some() && of_kind != Some(Kind::Task);
        if (!ran || waits_too) && self.sink.is_some() {
            let kind = match (row, of_kind) {
                (Some(row), _) => Some((row.kind, row.confidence)),
                (None, Some(Kind::Task)) => Some((Symbol::new("task"), Confidence::High)),
                (None, _) if values.iter().all(Value::is_empty) => Some((Symbol::new("unknown"), Confidence::Low)),
                (None, _) => None,
            };
            if let Some((kind, confidence)) = kind {
                let mut effects = Effects::default();
                effects.add_waits(crate::analyse::summary::Waits {
                    kind,
                    confidence,
                    chain: vec![crate::analyse::resource::Link { span, callee: Symbol::new("await") }],
                });
                // A confirmation comes over the connection that it is the answer of.
                let related: Vec<Vec<Entry>> = values.iter().map(|v| v.entries.clone()).collect();
                self.happen_effects(state, &effects, &related, true, span, "", None);
            }
        }
        self.note_locked_await(state, &locked, span);
        out
    }

    /// Whether a future gives a connection, lock or permit when it ends.
    fn gives(&self, pending: &Pending) -> bool {
        match pending.what {
            Deferred::Call(id) => !self.prepared.calls[id].gifts.is_empty(),
            Deferred::Block(body) => self.prepared.blocks.get(&body).is_some_and(|gifts| !gifts.is_empty()),
        }
    }

    /// Whether the result of a future may hold a permit. One that takes a permit for work of its own gives none.
    fn may_give_permit(&self, pending: &Pending) -> bool {
        let result = match pending.what {
            Deferred::Call(id) => &self.program.bodies[self.idx].results[id],
            Deferred::Block(body) => match self.inner.get(&body) {
                Some(&inner) => &self.program.bodies[inner].locals[ir::return_local()],
                None => return true,
            },
        };
        let given = self.program.tables.awaited(result);
        !given.is_known() || self.program.held(&given).iter().any(|held| held.kind == Kind::Permit)
    }

    pub(super) fn run(&mut self, state: &mut State, pending: &Pending, related: &[ResId], span: Span) -> Value {
        let prepared = self.prepared;
        if pending.task {
            return self.join_task(state, pending, span);
        }
        let related_entries: Vec<Vec<Entry>> =
            vec![related.iter().map(|&res| Entry { path: empty_path(), res, owned: false }).collect()];
        match pending.what {
            Deferred::Call(id) => {
                let effect = &prepared.calls[id];
                if effect.outlives {
                    self.note_polled(state, &pending.args, self.body.calls[id].span, span);
                }
                match effect.each {
                    Some(what) => self.happen_per_item(state, id, what, &related_entries, pending, span),
                    None => self.happen(state, effect, &related_entries, &pending.args, true, span),
                }
                self.derived_waits(state, id, &pending.args, span);
                if effect.when == When::Now {
                    return Value::default();
                }
                self.apply(state, effect, &pending.args, id)
            }
            Deferred::Block(body) => {
                let Some(&inner) = self.inner.get(&body) else { return Value::default() };
                let Some(summary) = self.summaries.get(inner).cloned() else { return Value::default() };
                self.moved_in = pending.args.iter().flatten().filter(|e| e.owned).map(|e| e.res).collect();
                self.happen_effects(state, &summary.effects, &related_entries, true, span, "the async block", None);
                self.happen_effects(state, &summary.later, &related_entries, true, span, "the async block", None);
                self.moved_in.clear();
                for &i in &summary.unlocks {
                    for entry in pending.args.get(i).into_iter().flatten() {
                        for holder in state.slot_holders(entry.res) {
                            self.unlock(state, holder);
                        }
                    }
                }
                if let Some(sink) = &mut self.sink {
                    merge_executes(&mut sink.executes, &summary.executes);
                }
                self.apply_block(state, inner, &summary.params, &pending.args, span)
            }
        }
    }

    /// A closure runs for each item of a stream that may hold a connection: what the closure waits for is not waited for on
    /// behalf of the stream.
    fn happen_per_item(
        &mut self,
        state: &State,
        id: CallId,
        what: usize,
        related: &[Vec<Entry>],
        pending: &Pending,
        span: Span,
    ) {
        let effect = &self.prepared.calls[id];
        let (mut own, mut inner) = (effect.clone(), effect.effects.clone());
        let begins_here =
            |chain: &[crate::analyse::resource::Link]| chain.first().is_none_or(|l| l.span == effect.span);
        own.effects.acquires.retain(|a| begins_here(&a.chain));
        own.effects.waits.retain(|w| begins_here(&w.chain));
        own.effects.blocks.retain(|b| begins_here(&b.chain));
        inner.acquires.retain(|a| !begins_here(&a.chain));
        inner.waits.retain(|w| !begins_here(&w.chain));
        inner.blocks.retain(|b| !begins_here(&b.chain));
        self.happen(state, &own, related, &pending.args, true, span);
        let source: Vec<ResId> = pending.args.first().into_iter().flatten().map(|e| e.res).collect();
        let closure: Vec<ResId> = pending.args.get(what).into_iter().flatten().map(|e| e.res).collect();
        let of_closure = |e: &&Entry| !source.contains(&e.res) || closure.contains(&e.res);
        let others: Vec<Vec<Entry>> = related.iter().map(|r| r.iter().filter(of_closure).cloned().collect()).collect();
        self.happen_effects(state, &inner, &others, true, span, effect.what.as_str(), Some((effect.span, false)));
    }

    /// A pattern is matched: guards of locks that no variable holds live on through the arms.
    pub(super) fn note_scrutinee(&self, state: &mut State) {
        let temporary = |res: ResId| {
            let mut owners = state.owners(res).peekable();
            owners.peek().is_some() && owners.all(|l| self.body.locals[l].kind == ir::LocalKind::Temp)
        };
        let guards: Vec<ResId> =
            state.held().filter(|&r| self.resource(r).kind == Kind::LockGuard && temporary(r)).collect();
        state.scrutinee.extend(guards);
    }

    /// Whether a guard is a scrutinee's temporary, excludes everybody else, and what it protects is handed out by handles.
    fn lends_handles(&self, state: &State, res: ResId) -> bool {
        let resource = self.resource(res);
        state.scrutinee.contains(&res)
            && resource.pool.class == (PoolClass::Lock { shared: false })
            && self.program.protects_handles(&resource.ty)
            // What an arm changes behind the guard, nobody could have taken out of it first.
            && !state.values.iter().any(|(&local, value)| {
                self.body.locals[local].kind == ir::LocalKind::Var
                    && value.entries.iter().any(|e| e.res == res)
                    && matches!(self.program.bodies[self.idx].locals.get(local), Some(Ty::Ref(true, _)))
            })
    }

    /// The waits of a call on a handle that was reached through a scrutinee's guard: the handle could have been cloned.
    fn derived_waits(&mut self, state: &State, id: CallId, args: &[Vec<Entry>], span: Span) {
        if self.sink.is_none() || state.scrutinee.is_empty() {
            return;
        }
        let prepared = self.prepared;
        let effect = &prepared.calls[id];
        for (arg, entries) in self.body.calls[id].args.iter().zip(args) {
            let Operand::Place(place) = arg else { continue };
            let through_handle = (0..=place.proj.len()).any(|n| {
                let prefix = Place { local: place.local, proj: place.proj[..n].into() };
                self.program.is_handle(&self.place_ty(&prefix))
            });
            if !through_handle {
                continue;
            }
            for entry in entries.iter().filter(|e| state.outcomes(e.res).may_be_held()) {
                if !self.lends_handles(state, entry.res) {
                    continue;
                }
                for waits in &effect.effects.waits {
                    self.event(Event::Wait {
                        res: entry.res,
                        span,
                        waits: waits.clone(),
                        what: effect.what.to_string(),
                        derived: true,
                        scrutinee: true,
                        locked: state.outcomes(entry.res).is_locked(),
                    });
                }
            }
        }
    }

    pub(super) fn apply_block(
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

    pub(super) fn join_task(&mut self, state: &mut State, pending: &Pending, span: Span) -> Value {
        let mut effects = Effects::default();
        let joins = match pending.what {
            Deferred::Call(id) => self.prepared.calls[id].joins.as_ref(),
            Deferred::Block(_) => None,
        };
        if joins.is_none() {
            effects.add_waits(crate::analyse::summary::Waits {
                kind: Symbol::new("task"),
                confidence: Confidence::High,
                chain: vec![crate::analyse::resource::Link { span, callee: Symbol::new("task") }],
            });
        }
        match pending.what {
            Deferred::Call(id) => effects.merge(joins.unwrap_or(&self.prepared.calls[id].effects), Confidence::High),
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

    pub(super) fn happen(
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
        self.happen_effects(
            state,
            &effect.effects,
            related,
            waiting,
            span,
            effect.what.as_str(),
            Some((effect.span, local)),
        );
        if let Some(sink) = &mut self.sink {
            merge_executes(&mut sink.executes, &effect.executes);
        }
        if let Some(used) = &effect.session {
            self.event(Event::SessionOnPool {
                span: effect.span,
                session: used.session,
                pool: used.pool.clone(),
                chain: used.chain.clone(),
            });
        }
        for (body, pool) in &effect.runs_with {
            if let Some(sink) = &mut self.sink {
                sink.runs_with.push((*body, pool.clone()));
            }
        }
        for &(body, arg) in &effect.runs_over {
            let over = args.get(arg).into_iter().flatten().map(|e| e.res);
            let over = over.into_iter().find(|&r| self.resource(r).is_connection());
            if let (Some(sink), Some(res)) = (&mut self.sink, over) {
                sink.runs_over.push((body, res));
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
    pub(super) fn happen_effects(
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
        if waiting {
            self.note_read_late(state, related, span);
        }
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
                resource.holds_slot() && !resource.outlives && state.slot_holders(r) == [r]
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
                let moved_in = self.moved_in.contains(&res);
                if is_used && (local || !by_this_call || moved_in) {
                    // The callee holds it as its parameter and is told there; how sure that is, is known here.
                    if let Some(place) = acquires.chain.get(usize::from(!moved_in)) {
                        sink.lent.push((place.span, res, sameness));
                    }
                    continue;
                }
                // An arm of `select!` that is there to get a permit keeps nobody: another arm may give one back.
                let hopeful = self.racing && acquires.pool.class == PoolClass::Permits;
                if sameness != Sameness::Different && !hopeful {
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
                        scrutinee: self.lends_handles(state, res),
                        locked: state.outcomes(res).is_locked(),
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
            let taken_here =
                |r: ResId| matches!(self.resource(r).origin, Origin::Call(_)) && self.resource(r).holds_slot();
            let over = used.iter().copied().find(|&r| taken_here(r));
            for blocks in &effects.blocks {
                sink.out.events.push(Event::Blocked { span, blocks: blocks.clone(), what: what.to_owned(), over });
            }
        }
        let mut own = effects.clone();
        if !waiting {
            own.waits.clear();
        }
        sink.effects.merge(&own, Confidence::High);
        self.sink = Some(sink);
    }
}
