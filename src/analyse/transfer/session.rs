//! Session locks: which connection's session holds one, and where a body may be left with it.
//!
//! A lock belongs to the connection that holds the slot: one taken over a transaction outlives it. It goes with the
//! connection into structs; a struct with a `Drop` of its own is trusted to give it back.
//!
//! **Invariants:** a lock that is only tried is held on the side of a branch where the answer says so, nowhere else; text that
//! cannot be read gives a lock back unless another place is seen to. **Absent on purpose:** which key is locked.

use super::*;

impl Transfer<'_> {
    /// A statement takes or gives back a lock over `res`.
    pub(super) fn session_lock(&mut self, state: &mut State, res: ResId, takes: bool, tries: bool, span: Span) {
        for holder in state.slot_holders(res) {
            // What guards the way to a connection has no session.
            if !self.resource(holder).is_connection() || state.res.get(&holder).is_some_and(|r| r.closes) {
                continue;
            }
            if takes {
                self.took.push(Answer { of: Owed::Lock(holder), tries, when: true });
                if !tries {
                    state.update(holder, |o| o.lock_held(true));
                }
            } else {
                self.unlock(state, holder);
            }
            if state.outcomes(holder).may_be_held() {
                self.event(Event::Locks { res: holder, span, takes });
            }
        }
    }

    /// A callee has taken a lock over what it was lent.
    pub(super) fn locked_by_call(&mut self, state: &mut State, res: ResId, before: Outcomes, span: Span) {
        if before.is_locked() || !state.outcomes(res).is_locked() {
            return;
        }
        if !self.resource(res).is_connection() {
            state.update(res, |o| o.lock_held(false));
            return;
        }
        if state.res.get(&res).is_some_and(|r| r.closes) {
            state.update(res, |o| o.lock_held(false));
            return;
        }
        self.took.push(Answer { of: Owed::Lock(res), tries: false, when: true });
        self.event(Event::Locks { res, span, takes: true });
    }

    /// The session of `res` holds no lock from here on, or none that is this body's business.
    pub(super) fn unlock(&mut self, state: &mut State, res: ResId) {
        state.update(res, |o| o.lock_held(false));
        if let Some(sink) = &mut self.sink
            && !sink.unlocked.contains(&res)
        {
            sink.unlocked.push(res);
        }
    }

    /// What a call gives back by itself: a callee unlocks, a session ends, unreadable text may do either.
    pub(super) fn unlock_by_call(&mut self, state: &mut State, effect: &CallEffect, args: &[Vec<Entry>], span: Span) {
        if effect.ends_session {
            for entry in args.first().into_iter().flatten() {
                for holder in state.slot_holders(entry.res) {
                    self.unlock(state, holder);
                    if let Some(r) = state.res.get_mut(&holder) {
                        r.closes = true;
                    }
                }
            }
        }
        for &(i, when) in &effect.tries {
            for entry in args.get(i).into_iter().flatten() {
                for res in state.slot_holders(entry.res) {
                    if !state.res.get(&res).is_some_and(|r| r.closes) {
                        self.took.push(Answer { of: Owed::Lock(res), tries: true, when });
                        self.event(Event::Locks { res, span, takes: true });
                    }
                }
            }
        }
        for &i in &effect.unlocks {
            for entry in args.get(i).into_iter().flatten() {
                for holder in state.slot_holders(entry.res) {
                    if state.outcomes(holder).is_locked() {
                        self.event(Event::Locks { res: holder, span, takes: false });
                    }
                    self.unlock(state, holder);
                }
            }
        }
        if effect.unread && !self.unlocks_seen {
            for entry in args.iter().flatten() {
                for holder in state.slot_holders(entry.res) {
                    state.update(holder, |o| o.lock_held(false));
                }
            }
        }
    }

    /// The answer that a value is made from.
    pub(super) fn answer_of(&self, state: &State, value: &Rvalue) -> Option<Answer> {
        if state.answers.is_empty() {
            return None;
        }
        let of = |op: &Operand| match op {
            Operand::Place(place) => state.answers.get(&place.local).copied(),
            Operand::Path(..) | Operand::Literal(_) => None,
        };
        match value {
            Rvalue::Use(op) | Rvalue::Cast(op, _) | Rvalue::Await(op) => of(op),
            Rvalue::Ref { place, .. } => state.answers.get(&place.local).copied(),
            Rvalue::Call(id) => self.body.calls[*id].args.first().and_then(of),
            Rvalue::Plain(ops) => match ops.as_slice() {
                [op] => of(op).map(|a| Answer { when: !a.when, ..a }),
                _ => None,
            },
            Rvalue::AwaitMany { .. } | Rvalue::Aggregate { .. } | Rvalue::Step { .. } | Rvalue::Unknown(_) => None,
        }
    }

    /// Remembers what a local tells of a lock.
    pub(super) fn note_answer(&mut self, state: &mut State, to: &Place, inherited: Option<Answer>) {
        let took = std::mem::take(&mut self.took);
        let Some(local) = to.as_local() else { return };
        match took.first().copied().or(inherited) {
            Some(answer) => {
                state.answers.insert(local, answer);
            }
            None => {
                state.answers.remove(&local);
            }
        }
    }

    /// A branch on such an answer: where it failed, or says no, there is no lock.
    pub(super) fn answered(&self, state: &mut State, place: &Place, kind: &EdgeKind, good: Option<bool>) {
        let Some(&answer) = state.answers.get(&place.local) else { return };
        match kind {
            EdgeKind::Then | EdgeKind::Else if answer.tries => {
                let taken = (*kind == EdgeKind::Then) == answer.when;
                self.settle_answer(state, answer.of, taken);
            }
            EdgeKind::Then
            | EdgeKind::Else
            | EdgeKind::Continue
            | EdgeKind::Break
            | EdgeKind::Variant(_)
            | EdgeKind::Otherwise
            | EdgeKind::Again
            | EdgeKind::Exit
            | EdgeKind::Arm(_) => {
                if good == Some(!answer.tries && !answer.when) {
                    self.settle_answer(state, answer.of, false);
                }
            }
        }
    }

    /// The local is known to be good or bad: where it tells that a statement failed, or found something there, that took
    /// nothing.
    pub(super) fn tested(&self, state: &mut State, local: LocalId, good: bool) {
        if let Some(&answer) = state.answers.get(&local)
            && !answer.tries
            && good != answer.when
        {
            self.settle_answer(state, answer.of, false);
        }
    }

    /// It is known whether the lock was taken, or the account moved.
    fn settle_answer(&self, state: &mut State, of: Owed, taken: bool) {
        match of {
            Owed::Lock(res) => state.update(res, |o| o.lock_held(taken)),
            Owed::Account(account) if !taken => {
                state.accounts.insert(account, state.balance(account).unmoved());
            }
            Owed::Back(account) if !taken => {
                state.accounts.insert(account, state.balance(account).reopened());
            }
            Owed::Account(_) | Owed::Back(_) => {}
        }
    }

    /// Whether what lies at `path` in a value of this type is dropped by a struct that has a `Drop` of its own.
    pub(super) fn own_drop(&self, ty: &Ty, path: &[Symbol]) -> bool {
        let Ty::Adt(name, args) = ty.peel_refs() else { return false };
        let tables = &self.program.tables;
        if !tables.adts.contains_key(name) {
            return args.iter().any(|inner| self.own_drop(inner, path));
        }
        if tables.impl_for(ty, Symbol::new("std::ops::Drop")).is_some() {
            return true;
        }
        match path.split_first() {
            Some((&field, rest)) => tables.field(ty, field).is_some_and(|(inner, _)| self.own_drop(&inner, rest)),
            None => false,
        }
    }

    /// What a drop of a place gives back by way of such structs.
    pub(super) fn unlock_by_drop(&mut self, state: &mut State, place: &Place, value: &Value) {
        for entry in value.entries.iter().filter(|e| e.owned) {
            if self.own_drop(&self.place_ty(place), &entry.path) {
                self.unlock(state, entry.res);
            }
        }
    }

    /// Events for the locks that are held while the body awaits: those that were held before and still are.
    pub(super) fn note_locked_await(&mut self, state: &State, before: &[ResId], span: Span) {
        for &res in before {
            let guarded = state.owners(res).any(|local| {
                let ty = self.place_ty(&Place::local(local));
                state
                    .value(local)
                    .is_some_and(|v| v.entries.iter().any(|e| e.owned && e.res == res && self.own_drop(&ty, &e.path)))
            });
            if !guarded && state.outcomes(res).is_locked() {
                self.event(Event::AwaitLocked { res, span });
            }
        }
    }

    /// Whether the body is left with an error.
    pub(super) fn fails(&self, state: &State) -> bool {
        let ret = ir::return_local();
        let bad = matches!(state.variants.get(&ret), Some(Variants { good: false, bad: true }));
        let option = |ty: &Ty| matches!(ty, Ty::Adt(path, _) if path.as_str() == "std::option::Option");
        bad && !option(&self.place_ty(&Place::local(ret)))
    }

    /// Events of an exit for what is left behind.
    pub(super) fn note_left(&mut self, state: &State, kind: ReturnKind, span: Span) {
        let resources: Vec<(ResId, Outcomes)> = state.res.iter().map(|(&r, s)| (r, s.outcomes)).collect();
        for (res, outcomes) in resources {
            let back = |life: Life| matches!(life, Life::Dropped | Life::Ended | Life::RolledBack);
            if outcomes.iter().any(|o| o.locked && back(o.life)) {
                self.event(Event::LeftLocked { res, span, outcomes, kind });
            }
            let resource = self.resource(res);
            if self.takes_seen && resource.borrowed && !resource.path.is_empty() {
                let kind = if self.fails(state) { ReturnKind::Failure } else { kind };
                self.event(Event::LeftTaken { res, span, outcomes, kind });
            }
        }
    }
}
