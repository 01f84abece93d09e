//! What outlives the body or its connection: places that keep resources, tasks that take them, futures and streams that live
//! on when their connection has gone back.
//!
//! **Invariant:** these are events only; none changes a state. **Absent on purpose:** judgement. That a guard is kept on
//! purpose, or that its driver is needed, is a lint's question.

use super::*;
use crate::analyse::events::{Keeper, Slot};
use crate::analyse::{kept, loops};

impl Transfer<'_> {
    // ---- kept ----

    /// The local collection that argument `into` of a call is; `None`: it outlives the body.
    pub(super) fn own_container(&self, id: CallId, into: usize) -> Option<Place> {
        let Some(Operand::Place(place)) = self.body.calls[id].args.get(into) else { return None };
        let ty = self.program.bodies[self.idx].locals.get(place.local);
        let kept_elsewhere =
            ty.is_some_and(|ty| matches!(ty, Ty::Ref(..)) || matches!(self.program.kind(ty), Some(Kind::LockGuard)));
        (self.body.locals[place.local].kind == ir::LocalKind::Var && !kept_elsewhere).then(|| place.clone())
    }

    /// An assignment puts a resource into something that outlives the body: `self.conn = …`, `*slot = …`.
    pub(super) fn note_kept(&mut self, to: &Place, value: &Value, span: Span) {
        if self.sink.is_none() || to.proj.is_empty() || value.is_empty() {
            return;
        }
        let base = self.program.bodies[self.idx].locals.get(to.local).cloned().unwrap_or_default();
        let locked = self.program.kind(&base) == Some(Kind::LockGuard);
        if !locked && !matches!(base, Ty::Ref(..)) {
            return;
        }
        let slot = kept::slot(self.program, self.idx, &Operand::Place(to.clone()));
        let into = match (&slot, locked) {
            (Some(Slot::Static(_)), _) => Keeper::Static,
            (_, true) => Keeper::Locked,
            (_, false) => Keeper::Field,
        };
        for entry in value.entries.iter().filter(|e| e.owned) {
            self.event(Event::Stored { res: entry.res, span, into, slot: slot.clone() });
        }
    }

    /// A call puts a resource into something that outlives the body: `self.conns.insert(id, conn)`.
    pub(super) fn note_stored(&mut self, state: &State, res: ResId, id: CallId, into: usize) {
        if self.sink.is_none() || !state.outcomes(res).may_be_held() {
            return;
        }
        let call = &self.body.calls[id];
        let Some(operand) = call.args.get(into) else { return };
        let slot = kept::slot(self.program, self.idx, operand);
        let mut ty = self.operand_ty(operand).peel_refs().clone();
        if let (Some(Kind::LockGuard), Operand::Place(place)) = (self.program.kind(&ty), operand) {
            ty = self.place_ty(&place.then(Proj::Deref)).peel_refs().clone();
        }
        let is_collection = self.program.type_row(&ty).is_some_and(|row| row.item.is_some());
        let into = match (&slot, is_collection) {
            (Some(Slot::Static(_)), _) => Keeper::Static,
            (_, true) => Keeper::Collection,
            (_, false) => Keeper::Other,
        };
        let span = call.span;
        self.event(Event::Stored { res, span, into, slot });
    }

    // ---- tasks ----

    /// What is moved into a task or thread.
    pub(super) fn note_spawned(&mut self, state: &State, value: &Value, id: CallId) {
        if self.sink.is_none() {
            return;
        }
        let call = &self.body.calls[id];
        let (span, what) = (call.span, self.prepared.calls[id].what.to_string());
        let mut moved: Vec<(ResId, Option<BodyIdx>)> = Vec::new();
        let closure = call.args.iter().find_map(|arg| match self.operand_ty(arg) {
            Ty::Fn(body, _) => body,
            Ty::Unknown
            | Ty::Adt(..)
            | Ty::Ref(..)
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Never => None,
        });
        moved.extend(value.entries.iter().filter(|e| e.owned).map(|e| (e.res, closure)));
        for pending in &value.pending {
            let body = match pending.what {
                Deferred::Block(body) => self.inner.get(&body).copied(),
                Deferred::Call(_) => None,
            };
            moved.extend(pending.args.iter().flatten().filter(|e| e.owned).map(|e| (e.res, body)));
        }
        for (res, body) in moved {
            if state.outcomes(res).may_be_held() {
                let endless = body.is_some_and(|b| loops::never_succeeds(self.program.body(b)));
                self.event(Event::Spawned { res, span, body, endless, what: what.clone() });
            }
        }
    }

    /// What a call that is not awaited hands to a slow reader.
    pub(super) fn note_consumed(&mut self, state: &State, effect: &CallEffect, args: &[Vec<Entry>], span: Span) {
        if self.sink.is_none() {
            return;
        }
        let Some(waits) = effect.effects.waits.iter().find(|w| w.kind == "consumer") else { return };
        for entry in args.iter().flatten().filter(|e| e.owned) {
            if self.resource(entry.res).is_connection() && state.outcomes(entry.res).may_be_held() {
                self.event(Event::Wait {
                    res: entry.res,
                    span,
                    waits: waits.clone(),
                    what: effect.what.to_string(),
                    derived: false,
                    scrutinee: false,
                    locked: state.outcomes(entry.res).is_locked(),
                });
            }
        }
    }

    // ---- what outlives its connection ----

    /// The pooled connections that `res` talks over and that have gone back on some path; and whether on every path.
    fn gone_back(&self, state: &State, res: ResId) -> Vec<(ResId, bool)> {
        let mut gone = Vec::new();
        for holder in state.slot_holders(res) {
            let outcomes = state.outcomes(holder);
            if self.resource(holder).kind == Kind::Guard && outcomes.may_be(Life::Dropped) {
                let certain = outcomes.iter().all(|o| o.life == Life::Dropped);
                gone.push((holder, certain));
            }
        }
        gone
    }

    fn used_late(&mut self, gone: Vec<(ResId, bool)>, made: Span, span: Span, returned: bool) {
        for (res, certain) in gone {
            let known = |sink: &Sink| {
                sink.out
                    .events
                    .iter()
                    .any(|e| matches!(e, Event::UsedAfterRelease { res: r, made: m, .. } if *r == res && *m == made))
            };
            if !self.sink.as_ref().is_some_and(known) {
                self.event(Event::UsedAfterRelease { res, made, span, returned, certain });
            }
        }
    }

    /// A future that does not borrow its connection is polled.
    pub(super) fn note_polled(&mut self, state: &State, args: &[Vec<Entry>], made: Span, span: Span) {
        if self.sink.is_none() {
            return;
        }
        for entry in args.iter().flatten().filter(|e| !e.owned) {
            let gone = self.gone_back(state, entry.res);
            self.used_late(gone, made, span, false);
        }
    }

    /// A stream that does not borrow its connection is read.
    pub(super) fn note_read_late(&mut self, state: &State, related: &[Vec<Entry>], span: Span) {
        if self.sink.is_none() {
            return;
        }
        for entry in related.iter().flatten() {
            if self.resource(entry.res).outlives {
                let gone = self.gone_back(state, entry.res);
                self.used_late(gone, self.resource(entry.res).span, span, false);
            }
        }
    }

    /// The body is left: what its result owns, and what in it talks over a connection that does not come along.
    pub(super) fn at_return(&mut self, state: &State, span: Span) {
        let Some(value) = state.value(ir::return_local()).cloned() else { return };
        let owned = value.entries.iter().chain(value.pending.iter().flat_map(|p| p.args.iter().flatten()));
        for entry in owned.filter(|e| e.owned) {
            if self.resource(entry.res).outlives {
                let gone = self.gone_back(state, entry.res);
                self.used_late(gone, self.resource(entry.res).span, span, true);
            } else if state.outcomes(entry.res).may_be_held() {
                self.event(Event::Returned { res: entry.res, span });
            }
        }
        for pending in value.pending.iter().filter(|p| !p.task) {
            let Deferred::Call(id) = pending.what else { continue };
            if !self.prepared.calls[id].outlives {
                continue;
            }
            for entry in pending.args.iter().flatten().filter(|e| !e.owned) {
                let gone = self.gone_back(state, entry.res);
                self.used_late(gone, self.body.calls[id].span, span, true);
            }
        }
    }

    // ---- drivers ----

    /// A driver goes out of scope that nothing ever touched.
    pub(super) fn note_driver_dropped(&mut self, res: ResId, from: LocalId, span: Span) {
        if self.sink.is_none() || self.resource(res).kind != Kind::Driver {
            return;
        }
        let touched = match self.body.locals[from].kind {
            // A pair is taken apart field by field; what is then left in it was not wanted.
            ir::LocalKind::Temp => self.is_taken_whole(from),
            ir::LocalKind::Var | ir::LocalKind::Param | ir::LocalKind::Capture | ir::LocalKind::Return => {
                self.is_read(from)
            }
        };
        if !touched {
            self.event(Event::DriverDropped { res, span });
        }
    }
}
