//! Reading and writing places: what a place carries, moves out of it, drops.
//!
//! **Invariant:** a move out of a place removes what the place owned; paths that do not tell are decided by types.

use super::*;

impl Transfer<'_> {
    // ---- places ----

    pub(super) fn place_ty(&self, place: &Place) -> Ty {
        self.program.place_ty(self.idx, place)
    }

    /// The fields of a place that count: `Option`, `Result`, references and wrappers add nothing.
    pub(super) fn fields(&self, place: &Place) -> Vec<Symbol> {
        let mut fields = Vec::new();
        for (i, step) in place.proj.iter().enumerate() {
            match step {
                Proj::Field(name) => fields.push(*name),
                Proj::Variant { path, field } => {
                    let last = path.last();
                    let transparent = ["Some", "Ok", "Err", "None"].iter().any(|n| last == *n) || {
                        let prefix = Place { local: place.local, proj: place.proj[..i].into() };
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
    pub(super) fn peek(&self, state: &State, place: &Place) -> Value {
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
    pub(super) fn may_hold(&self, place: &Place, res: ResId) -> bool {
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

    pub(super) fn may_be_future(&self, place: &Place) -> bool {
        match self.place_ty(place).peel_refs() {
            Ty::Unknown | Ty::Future(_) | Ty::Param(..) | Ty::Dyn(_) | Ty::Fn(..) => true,
            Ty::Adt(path, _) => {
                self.program.catalog.type_row(*path).is_some_and(|r| r.awaits.is_some() || r.kind == Kind::Task)
            }
            Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Never => false,
        }
    }

    /// Whether an argument may be a future, going by its type; a type that is not known says nothing.
    pub(super) fn operand_may_be_future(&self, operand: &Operand) -> bool {
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
    pub(super) fn is_certain(&self, pending: &Pending) -> bool {
        match pending.what {
            Deferred::Call(id) => match self.prepared.calls[id].when {
                When::Awaited => true,
                When::Now | When::Either => false,
            },
            Deferred::Block(_) => true,
        }
    }

    /// Moves what a place owns out of it; references are copied.
    pub(super) fn take(&mut self, state: &mut State, place: &Place) -> Value {
        let value = self.peek(state, place);
        let ty = self.place_ty(place);
        // Reading a copy moves nothing: `*guard` of a guard over a number leaves the guard where it is.
        if matches!(ty, Ty::Ref(..)) || !value.is_empty() && (self.program.is_copy_like(&ty) || self.is_behind(place)) {
            return value.borrowed();
        }
        self.remove_owned(state, place);
        value
    }

    /// Whether a place lies behind something known that lends only: Rust moves out of a `Box` and of nothing else, so what
    /// is read from there is a copy.
    fn is_behind(&self, place: &Place) -> bool {
        let Some(at) = place.proj.iter().rposition(|p| *p == Proj::Deref) else { return false };
        let base = Place { local: place.local, proj: place.proj[..at].into() };
        let of = self.place_ty(&base);
        of.is_known() && !self.program.tables.is_boxed(&of)
    }

    /// Forgets what a place owns (it has been moved elsewhere).
    pub(super) fn remove_owned(&mut self, state: &mut State, place: &Place) {
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

    pub(super) fn read(&mut self, state: &mut State, operand: &Operand) -> Value {
        match operand {
            Operand::Place(place) => self.take(state, place),
            Operand::Path(..) | Operand::Literal(_) => Value::default(),
        }
    }

    pub(super) fn store(&mut self, state: &mut State, to: &Place, mut value: Value) {
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
    pub(super) fn local_may_refer(&self, to: &Place) -> bool {
        crate::analyse::effect::may_refer(self.program, &self.place_ty(to))
    }

    // ---- statements ----

    pub(super) fn drop_place(&mut self, state: &mut State, place: &Place, why: DropWhy, span: Span) {
        let value = self.peek(state, place);
        if value.is_empty() {
            if place.proj.is_empty() && why != DropWhy::Overwritten {
                forget(state, place.local);
            }
            return;
        }
        let ty = self.place_ty(place);
        let by_reference = matches!(ty, Ty::Ref(..));
        // What was put behind a lock stays there when the lock's guard goes.
        let behind_lock = self.program.kind(&ty) == Some(Kind::LockGuard);
        self.unlock_by_drop(state, place, &value);
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
            let stays = by_reference || behind_lock && self.resource(res).kind != Kind::LockGuard;
            self.release(state, res, place.local, stays, why, span);
        }
        if place.proj.is_empty() && why != DropWhy::Overwritten {
            state.values.remove(&place.local);
            state.variants.remove(&place.local);
            state.tests.remove(&place.local);
        }
    }

    pub(super) fn release(
        &mut self,
        state: &mut State,
        res: ResId,
        from: LocalId,
        by_reference: bool,
        why: DropWhy,
        span: Span,
    ) {
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
        self.note_driver_dropped(res, from, span);
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
    pub(super) fn drop_future(&mut self, local: LocalId, pending: &Pending, alone: bool) {
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
                        what: effect.what.to_string(),
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
                what: effect.what.to_string(),
            });
        }
        for event in events {
            self.event(event);
        }
    }

    /// Whether anything in the body reads a variable: then a drop of it is one path of several.
    pub(super) fn is_read(&self, local: LocalId) -> bool {
        self.reads(&|place| place.local == local, true)
    }

    /// Whether anything takes a local as a whole rather than a field of it. The failing side of `?` does not.
    pub(super) fn is_taken_whole(&self, local: LocalId) -> bool {
        self.reads(&|place| place.local == local && place.proj.is_empty(), false)
    }

    fn reads(&self, wanted: &dyn Fn(&Place) -> bool, plain: bool) -> bool {
        let reads = |op: &Operand| matches!(op, Operand::Place(p) if wanted(p));
        let stmts = self.body.blocks.iter().flat_map(|b| &b.stmts);
        let in_stmt = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Assign { value, .. } => match value {
                Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => reads(op),
                Rvalue::Ref { place, .. } => wanted(place),
                Rvalue::Call(_) => false,
                Rvalue::AwaitMany { futures, .. } => futures.iter().any(reads),
                Rvalue::Aggregate { fields, base, .. } => {
                    fields.iter().any(|(_, op)| reads(op)) || base.as_deref().is_some_and(reads)
                }
                Rvalue::Plain(ops) | Rvalue::Step { ops, .. } => plain && ops.iter().any(reads),
                Rvalue::Unknown(ops) => ops.iter().any(reads),
            },
            StmtKind::Yield(op) => reads(op),
            StmtKind::Drop { .. } | StmtKind::Declare(_) => false,
        };
        stmts.into_iter().any(in_stmt) || self.body.calls.iter().any(|c| c.args.iter().any(reads))
    }

    pub(super) fn operand_ty(&self, operand: &Operand) -> Ty {
        self.program.operand_ty(self.idx, operand)
    }

    pub(super) fn escape(&mut self, state: &mut State, value: &Value) {
        for entry in value.entries.iter().chain(value.pending.iter().flat_map(|p| p.args.iter().flatten())) {
            if entry.owned {
                state.update(entry.res, |o| o.end_held(Life::Escaped));
            }
        }
    }

    /// What `*place` owns, for `take()`-likes whose argument is a reference.
    pub(super) fn peek_behind(&self, state: &State, place: &Place) -> Value {
        let value = self.peek(state, place);
        let mut out = Value::default();
        for entry in &value.entries {
            // What a `&mut` parameter leads to has its owner in the caller: taking it out makes it ours.
            let callers = matches!(self.resource(entry.res).origin, Origin::Local(_));
            let owned = entry.owned || callers || self.owners_of(state, entry.res).next().is_some();
            out.add(Entry { owned, ..entry.clone() });
        }
        out
    }

    pub(super) fn owners_of<'s>(&self, state: &'s State, res: ResId) -> impl Iterator<Item = LocalId> + 's {
        state.owners(res)
    }

    /// The owners behind a reference lose what they own.
    pub(super) fn remove_behind(&mut self, state: &mut State, place: &Place) {
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
}

/// What is known of a local that is gone and carried nothing: a function of thousands of `?` has as many of them, and each
/// would be copied along every edge. What a boolean tells of it can still be asked.
fn forget(state: &mut State, local: LocalId) {
    state.values.remove(&local);
    state.tests.remove(&local);
    if !state.tests.values().any(|(tested, _)| *tested == local) {
        state.variants.remove(&local);
    }
}
