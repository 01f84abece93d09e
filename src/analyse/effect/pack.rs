//! What a call does according to its row in a pack.
//!
//! **Invariant:** one arm per verb of the schema; a verb that is not matched does not compile.

use super::*;
use crate::pack::{Repeats, TypeRow};

impl Cx<'_> {
    /// Whether a row that was found by a method's name on a type nobody knows can be meant: a query needs its executor.
    pub(super) fn fits(&self, call: &ir::Call, row: &FnRow) -> bool {
        let Effect::Use { conn, .. } = row.effect else { return true };
        if conn == 0 {
            return true;
        }
        let Some(arg) = call.args.get(conn) else { return false };
        let ty = self.operand_ty(arg);
        match self.program.kind(&ty) {
            Some(Kind::Pool | Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Handle | Kind::LockGuard) => {
                true
            }
            Some(
                Kind::Semaphore
                | Kind::Permit
                | Kind::Lock
                | Kind::Driver
                | Kind::Task
                | Kind::Raw
                | Kind::Wrapper
                | Kind::Builder
                | Kind::Plain,
            )
            | None => {
                matches!(ty.peel_refs(), Ty::Unknown)
                    || !self.program.may_be(&ty).is_empty()
                    || self.program.held(&ty).iter().any(|h| is_resource(h.kind) || h.kind == Kind::Pool)
            }
        }
    }

    pub(super) fn pack_call(&mut self, id: CallId, call: &ir::Call, row: &FnRow, result: &Ty) -> CallEffect {
        let when = if row.is_async { When::Awaited } else { When::Now };
        let mut effect = self.blank(call, when);
        let awaited = match result {
            Ty::Future(inner) => (**inner).clone(),
            other => other.clone(),
        };
        effect.carries = row.out.is_none() && !row.is_async
            || self.may_refer(&awaited) && awaited.is_known() && !self.gives_item(call, row, &awaited);
        effect.outlives = row.outlives && row.is_async;
        let method = matches!(call.callee, Callee::Method { .. });
        if method {
            effect.by_value = effect.by_value.with(0, row.consumes);
        }
        effect.ends_session = row.ends_session;
        effect.each = self.item_closure(call, row);
        let link = self.link(call);
        if let Some(w) = &row.waits {
            effect.effects.add_waits(Waits { kind: w.kind, confidence: w.confidence, chain: vec![link] });
        }
        // What is awaited is a future: the row found by its name is a blocking namesake.
        let namesake = !row.is_async && !matches!(result, Ty::Future(_)) && self.awaited[id];
        if let Some(kind) = row.blocks.filter(|_| !namesake) {
            // A pool is built at start-up, where its first connections keep nobody from work.
            let once = matches!(row.effect, Effect::NewPool) && !row.panics_in_async;
            effect.effects.add_blocks(Blocks {
                kind,
                panics: row.panics_in_async,
                confidence: if once { Confidence::Low } else { Confidence::High },
                chain: vec![link],
            });
        }
        effect.tests = match row.path.as_str() {
            "std::result::Result::is_ok" | "std::option::Option::is_some" => Some(true),
            "std::result::Result::is_err" | "std::option::Option::is_none" => Some(false),
            _ => None,
        };
        let set = |effect: &mut CallEffect, arg: usize, act: Act| {
            if let Some(slot) = effect.acts.get_mut(arg) {
                *slot = act;
            }
        };
        match &row.effect {
            Effect::None => self.closures_may_run(call, &mut effect, Confidence::Medium),
            Effect::Pass | Effect::Race | Effect::FanOut { .. } => {
                effect.acts = vec![Act::Pass; call.args.len()];
                effect.carries = true;
                effect.race = matches!(row.effect, Effect::Race);
                if let Effect::FanOut { what, width } = &row.effect {
                    let width = width.and_then(|w| call.args.get(w)).map(|arg| {
                        super::super::made::read::number(self.program, self.idx, arg)
                            .map_or(Width::Computed, Width::Known)
                    });
                    // A list that is written out has as many as somebody chose.
                    let chosen = call.args.get(*what).is_some_and(|list| self.is_written_out(id, list));
                    effect.fan_out = (!chosen).then_some((*what, width));
                }
                for i in 0..call.args.len() {
                    if let Some(body) = self.closure_arg(call, i)
                        && let Some(summary) = self.summaries.get(body)
                    {
                        let summary = Arc::clone(summary);
                        effect.effects.merge(&summary.effects, Confidence::High);
                        effect.effects.merge(&summary.later, Confidence::High);
                        effect.executes.extend(summary.executes.iter().cloned());
                        effect.acts[i] = self.capture_act(body, &summary);
                        self.mapped(id, call, body, &summary, &link, &mut effect);
                    }
                }
            }
            Effect::Acquire { from, patience } => self.acquire(id, call, row, &awaited, *from, *patience, &mut effect),
            Effect::Begin { on } => {
                // `begin` on what dereferences to a connection borrows it, whatever the trait's `self` says.
                effect.by_value = effect.by_value.with(*on, false);
                self.begin(id, call, row, &awaited, *on, &mut effect);
            }
            Effect::Connect => {
                // Beside the client there may be the driver that somebody has to poll.
                let client = self.resource_in(&awaited, &[Kind::Conn, Kind::Stream]);
                let driver = self.resource_in(&awaited, &[Kind::Driver]);
                for held in client.into_iter().chain(driver) {
                    let pool = self.unknown_pool(&held);
                    let spec = NewResource {
                        path: held.path.clone(),
                        kind: held.kind,
                        ty: held.ty,
                        pool,
                        // A connection of its own holds no slot of a pool.
                        confidence: Confidence::Low,
                        chain: vec![link],
                        protects: false,
                        outlives: false,
                    };
                    if let Some(res) = self.new_resource(id, call, spec) {
                        self.resources[res].opened = true;
                        effect.gifts.push(Gift::New { res, path: held.path, child_of: None });
                    }
                }
            }
            Effect::Use { conn, sql, writes } => {
                self.uses(id, call, &awaited, *conn, *sql, *writes, row, &mut effect);
            }
            Effect::Commit { of } => set(&mut effect, *of, Act::Ends(Life::Ended)),
            Effect::Rollback { of } => set(&mut effect, *of, Act::Ends(Life::RolledBack)),
            Effect::Release { of } => set(&mut effect, *of, Act::Ends(Life::Dropped)),
            Effect::Forget { of } => set(&mut effect, *of, Act::Ends(Life::Forgotten)),
            Effect::Detach { of, loses_slot } => {
                effect.loses_slot = *loses_slot;
                set(&mut effect, *of, Act::Ends(Life::Detached));
                // The bare connection is the result: closing it ends what was detached.
                effect.gifts.push(Gift::Arg { index: *of, from: Vec::new(), path: Vec::new(), owned: true });
                if !method {
                    effect.by_value = effect.by_value.with(*of, true);
                }
            }
            Effect::Store { into, value } => set(&mut effect, *value, Act::StoreIn(*into)),
            Effect::Take { of } => {
                self.closures_may_run(call, &mut effect, Confidence::Medium);
                // A method through a guard takes what the guard protects, not the guard.
                if !(method && *of == 0 && self.is_guard(call, 0)) {
                    set(&mut effect, *of, Act::Take);
                }
            }
            Effect::Spawn { what } => {
                effect.spawns = Some(*what);
                effect.carries = false;
            }
            Effect::Offload { what, .. } | Effect::RunClosure { what, .. } | Effect::Once { what } => {
                self.runs_closure(call, row, *what, &mut effect);
            }
            Effect::NewPool => effect.carries = false,
            Effect::Drive { what } => set(&mut effect, *what, Act::Ends(Life::Escaped)),
            Effect::BlockOn { what } => effect.block_on = Some(*what),
        }
        effect
    }

    /// Whether a call reads the next item of a row stream: `Stream` is no lending trait, so the item does not borrow it.
    fn gives_item(&self, call: &ir::Call, row: &FnRow, awaited: &Ty) -> bool {
        let Some(Ty::Adt(stream, _)) = call.args.first().map(|a| self.operand_ty(a).peel_refs().clone()) else {
            return false;
        };
        let lazy =
            |r: &TypeRow| r.kind == Kind::Stream && r.implements.iter().any(|t| t.as_str().ends_with("::Stream"));
        row.is_async
            && row.effect == Effect::None
            && self.program.catalog.type_row(stream).is_some_and(lazy)
            && self.program.held(awaited).is_empty()
    }

    /// The closure that a row runs once per item, if the items themselves carry nothing.
    fn item_closure(&self, call: &ir::Call, row: &FnRow) -> Option<usize> {
        let (what, Repeats::Item) = row.repeats? else { return None };
        if what == 0 || self.closure_arg(call, what).is_none() {
            return None;
        }
        let item = self.program.tables.item(&self.operand_ty(call.args.first()?));
        let bare = item.is_known() && !matches!(item, Ty::Future(_)) && self.program.held(&item).is_empty();
        bare.then_some(what)
    }

    /// Whether an argument is a resource itself, not an `Option` or a collection of them.
    fn is_guard(&self, call: &ir::Call, index: usize) -> bool {
        let Some(arg) = call.args.get(index) else { return false };
        self.program.type_row(&self.operand_ty(arg)).is_some_and(|row| is_resource(row.kind))
    }

    /// An adapter whose closure takes what the receiver carries (`map(|tx| Wrapper { tx })`): the result carries what the
    /// closure returns. A closure that takes something else (`map_err`) leaves it alone.
    pub(super) fn mapped(
        &mut self,
        id: CallId,
        call: &ir::Call,
        closure: BodyIdx,
        summary: &Summary,
        link: &Link,
        effect: &mut CallEffect,
    ) {
        let params = self.program.body(closure).param_count;
        let fate = |p: &ParamResource| (p.path.clone(), Fate { outcomes: p.outcomes, told: None });
        let given = summary.params.iter().filter(|p| p.index == 0 && params > 0);
        let taken: Vec<(Vec<Symbol>, Fate)> = given.map(fate).collect();
        if !taken.is_empty() {
            if let Some(act) = effect.acts.first_mut() {
                *act = Act::Summary(taken);
            }
            effect.carries = false;
        }
        for returned in &summary.returns {
            match &returned.from {
                ReturnedFrom::Param { index: 0, path } if params > 0 => effect.gifts.push(Gift::Arg {
                    index: 0,
                    from: path.clone(),
                    path: returned.path.clone(),
                    owned: returned.owned,
                }),
                ReturnedFrom::New { .. } => self.gift(id, call, returned, Some(closure), link, effect),
                ReturnedFrom::Param { index, .. } if *index < params => {}
                // A closure that gives back what it captured (`map(|()| self)`).
                ReturnedFrom::Param { path, .. } => {
                    let at = (0..call.args.len()).find(|&i| self.closure_arg(call, i) == Some(closure));
                    effect.gifts.extend(at.map(|index| Gift::Arg {
                        index,
                        from: path.clone(),
                        path: returned.path.clone(),
                        owned: returned.owned,
                    }));
                }
            }
        }
    }

    pub(super) fn runs_closure(&mut self, call: &ir::Call, row: &FnRow, what: usize, effect: &mut CallEffect) {
        let link = self.link(call);
        let (offload, once, from) = match &row.effect {
            Effect::Offload { .. } => (true, false, None),
            Effect::Once { .. } => (false, true, None),
            Effect::RunClosure { from, .. } => (false, false, *from),
            _ => (false, false, None),
        };
        if offload && row.waits.is_none() {
            let closure = self.closure_arg(call, what).and_then(|body| self.summaries.get(body));
            let waits = offloaded(closure.map(|s| &**s), &link);
            match row.is_async {
                true => effect.effects.merge(&waits, Confidence::High),
                false => effect.joins = Some(waits),
            }
        }
        let pool_from = from.and_then(|f| (self.arg_kind(call, f) == Some(Kind::Pool)).then_some(f));
        if let Some(f) = pool_from {
            let ty = self.operand_ty(&call.args[f]);
            let pool = PoolId {
                prov: self.prov(call.args.get(f)),
                family: resource::family_of(self.program, &ty),
                ty,
                class: PoolClass::Slots,
            };
            effect.effects.add_acquires(Acquires {
                pool: pool.clone(),
                patience: None,
                confidence: Confidence::High,
                chain: vec![link],
            });
            if let Some(body) = self.closure_arg(call, what) {
                effect.runs_with.push((body, pool));
            }
            if row.waits.is_none() {
                effect.effects.add_waits(database_wait(link));
            }
        }
        if let (Some(f), None, Some(body)) = (from, pool_from, self.closure_arg(call, what)) {
            effect.runs_over.push((body, f));
        }
        if let Some(body) = self.closure_arg(call, what)
            && let Some(summary) = self.summaries.get(body)
        {
            let cap = if once { Confidence::Low } else { Confidence::High };
            let mut inner = Effects::default();
            inner.merge(&summary.effects, cap);
            inner.merge(&summary.later, cap);
            if offload {
                inner.blocks.clear();
            }
            effect.effects.merge(&inner, Confidence::High);
            effect.acts[what] = self.capture_act(body, summary);
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn acquire(
        &mut self,
        id: CallId,
        call: &ir::Call,
        row: &FnRow,
        awaited: &Ty,
        from: usize,
        patience: Option<Patience>,
        effect: &mut CallEffect,
    ) {
        let wanted = [Kind::Guard, Kind::Permit, Kind::LockGuard, Kind::Conn, Kind::Tx, Kind::Stream];
        let held = self.resource_in(awaited, &wanted);
        let from_ty = call.args.get(from).map(|a| self.operand_ty(a)).unwrap_or_default();
        let (kind, ty, path) = match held {
            Some(h) => (h.kind, h.ty, h.path),
            None => {
                let kind = match self.program.kind(&from_ty) {
                    Some(Kind::Lock) => Kind::LockGuard,
                    Some(Kind::Semaphore) => Kind::Permit,
                    _ => Kind::Guard,
                };
                (kind, Ty::Unknown, Vec::new())
            }
        };
        let family = match resource::family_of(self.program, &ty) {
            (None, _) => resource::family_of(self.program, &from_ty),
            known => known,
        };
        let class = resource::class_of(kind, is_shared(&ty));
        let pool = PoolId { prov: self.prov(call.args.get(from)), ty: from_ty, family, class };
        let link = self.link(call);
        effect.effects.add_acquires(Acquires {
            pool: pool.clone(),
            patience,
            confidence: Confidence::High,
            chain: vec![link],
        });
        if row.is_async && row.waits.is_none() && patience != Some(Patience::Never) {
            let (kind, confidence) = match class {
                PoolClass::Slots => ("pool", Confidence::Medium),
                PoolClass::Permits => ("permit", Confidence::Medium),
                PoolClass::Lock { .. } => ("lock", Confidence::Medium),
            };
            effect.effects.add_waits(Waits { kind: Symbol::new(kind), confidence, chain: vec![link] });
        }
        effect.carries = false;
        let spec = NewResource {
            path: path.clone(),
            kind,
            ty,
            pool,
            confidence: Confidence::High,
            chain: vec![link],
            protects: false,
            outlives: false,
        };
        if let Some(res) = self.new_resource(id, call, spec) {
            effect.gifts.push(Gift::New { res, path, child_of: None });
        }
    }

    pub(super) fn begin(
        &mut self,
        id: CallId,
        call: &ir::Call,
        row: &FnRow,
        awaited: &Ty,
        on: usize,
        effect: &mut CallEffect,
    ) {
        let on_ty = call.args.get(on).map(|a| self.operand_ty(a)).unwrap_or_default();
        let kind = self.program.kind(&on_ty);
        let maybe_pool = kind.is_none() && self.program.may_be(&on_ty).contains(&Kind::Pool);
        let held = self.resource_in(awaited, &[Kind::Tx, Kind::Guard, Kind::Conn]);
        let (res_kind, ty, path) = match held {
            Some(h) => (h.kind, h.ty, h.path),
            None => (Kind::Tx, Ty::Unknown, Vec::new()),
        };
        let family = match resource::family_of(self.program, &ty) {
            (None, _) => resource::family_of(self.program, &on_ty),
            known => known,
        };
        let owned_pool = self.pool_of(call, on);
        let from_pool = owned_pool.is_some();
        let link = self.link(call);
        if let Some(arg) = call.args.get(on) {
            self.maybe_executes(arg, &on_ty, std::slice::from_ref(&link), Wrote::No, None, effect);
        }
        let prov = if from_pool || maybe_pool {
            self.prov(call.args.get(on))
        } else {
            Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false }
        };
        let pool = match owned_pool {
            Some(pool) => PoolId { family: if family.0.is_some() { family } else { pool.family.clone() }, ..pool },
            None => PoolId { prov, ty: on_ty.clone(), family, class: PoolClass::Slots },
        };
        if from_pool {
            effect.effects.add_acquires(Acquires {
                pool: pool.clone(),
                patience: None,
                confidence: Confidence::High,
                chain: vec![link],
            });
            if row.is_async && row.waits.is_none() {
                effect.effects.add_waits(Waits {
                    kind: Symbol::new("pool"),
                    confidence: Confidence::Medium,
                    chain: vec![link],
                });
            }
        } else if row.is_async && row.waits.is_none() {
            effect.effects.add_waits(database_wait(link));
        }
        effect.carries = !from_pool;
        let spec = NewResource {
            path: path.clone(),
            kind: res_kind,
            ty,
            pool,
            confidence: if from_pool || kind.is_some() { Confidence::High } else { Confidence::Medium },
            chain: vec![link],
            protects: false,
            outlives: false,
        };
        if let Some(res) = self.new_resource(id, call, spec) {
            self.resources[res].read_only = self.begun_read_only(call, row);
            let child_of = (!from_pool).then_some(on);
            effect.gifts.push(Gift::New { res, path, child_of });
        }
    }

    /// Whether a list is written out, element by element, and never grows.
    fn is_written_out(&self, id: CallId, list: &Operand) -> bool {
        let definitions = self.definitions.get_or_init(|| sql::Definitions::of(self.body));
        let Some(local) = sql::list_of(definitions, list) else { return false };
        let grows = |(other, call): (CallId, &ir::Call)| {
            let receiver = call.args.first().filter(|_| matches!(call.callee, Callee::Method { .. }));
            other != id && matches!(receiver, Some(Operand::Place(place)) if place.local == local)
        };
        !self.body.calls.iter_enumerated().any(grows)
    }

    /// Whether a transaction is begun read only: by an argument or text of this call, or of those that built what it is given.
    fn begun_read_only(&self, call: &ir::Call, row: &FnRow) -> bool {
        let text = row.sql.and_then(|a| call.args.get(a)).and_then(|op| self.text(op));
        if matches!(text, Some(sql::Text::Known(text)) if sql::nature(&text).read_only) {
            return true;
        }
        let definitions = self.definitions.get_or_init(|| sql::Definitions::of(self.body));
        let says = |call: &ir::Call, row: &FnRow| {
            row.read_only.and_then(|a| call.args.get(a)).is_some_and(|op| is_read_only(self.body, definitions, op))
        };
        if says(call, row) {
            return true;
        }
        let mut todo: Vec<&ir::Call> = vec![call];
        for _ in 0..16 {
            let Some(at) = todo.pop() else { break };
            for op in &at.args {
                let Some(id) = sql::made_by(definitions, op) else { continue };
                let builder = &self.body.calls[id];
                let target = self.program.bodies[self.idx].targets.get(id);
                if let Some(Target::Pack(path)) = target
                    && let Some(row) = self.program.catalog.target_row(*path)
                {
                    if says(builder, row) {
                        return true;
                    }
                    todo.push(builder);
                }
            }
        }
        false
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn uses(
        &mut self,
        id: CallId,
        call: &ir::Call,
        awaited: &Ty,
        conn: usize,
        sql_arg: Option<usize>,
        writes: Option<bool>,
        row: &FnRow,
        effect: &mut CallEffect,
    ) {
        let link = self.link(call);
        let conn_ty = call.args.get(conn).map(|a| self.operand_ty(a)).unwrap_or_default();
        let text = sql_arg
            .and_then(|a| call.args.get(a))
            // The query it is asked of, or the statement that was prepared.
            .or_else(|| call.args.first())
            .and_then(|op| self.text(op));
        let known = match &text {
            Some(sql::Text::Known(text)) => Some(text.as_str()),
            Some(sql::Text::Param(_)) | None => None,
        };
        let nature = known.map(sql::nature);
        // The text decides; without it, what the row says of the method; else it writes.
        let level = |writes: bool| if writes { Wrote::Yes } else { Wrote::No };
        let writes = nature.filter(|n| n.sure).map(|n| n.writes).or(writes).map_or(Wrote::May, level);
        if let (Some(sql::Text::Param(param)), Wrote::May) = (&text, writes) {
            effect.text = Some(*param);
        }
        effect.read_only = nature.is_some_and(|n| n.read_only).then_some(conn);
        let locks = nature.and_then(|n| n.locks);
        let session = nature.and_then(|n| n.session);
        effect.unread = nature.is_none_or(|n| n.partial);
        let own = matches!(
            session,
            Some(sql::Session::Lock | sql::Session::Unlock | sql::Session::Listen | sql::Session::Temporary)
        );
        effect.dedicated = own.then_some(conn);
        effect.halves = known.map(sql::halves).filter(|halves| !halves.is_empty()).map(|halves| (conn, halves));
        if let Some(act) = effect.acts.get_mut(conn) {
            *act = Act::Talks { writes, locks, tries: nature.is_some_and(|n| n.tries) };
        }
        if row.is_async && row.waits.is_none() {
            effect.effects.add_waits(database_wait(link));
        }
        let stream = self.resource_in(awaited, &[Kind::Stream]);
        if let Some(arg) = call.args.get(conn) {
            let session = session.map(|s| (s, vec![link]));
            self.maybe_executes(arg, &conn_ty, std::slice::from_ref(&link), writes, session, effect);
        }
        if let Some(pool) = self.pool_of(call, conn) {
            effect.halves = None;
            if let Some(session) = session {
                effect.session = Some(Box::new(SessionUse { session, pool: pool.clone(), chain: vec![link] }));
            }
            effect.effects.add_acquires(Acquires {
                pool: pool.clone(),
                patience: None,
                confidence: Confidence::High,
                chain: vec![link],
            });
            if let Some(held) = stream {
                let spec = NewResource {
                    path: held.path.clone(),
                    kind: Kind::Stream,
                    ty: held.ty,
                    pool,
                    confidence: Confidence::Medium,
                    chain: vec![link],
                    protects: false,
                    outlives: false,
                };
                if let Some(res) = self.new_resource(id, call, spec) {
                    effect.gifts.push(Gift::New { res, path: held.path, child_of: None });
                }
            }
            effect.carries = false;
        } else if row.outlives && row.is_async && self.may_refer(awaited) && self.is_lazy(awaited) {
            effect.carries = true;
            let ty = stream.map_or_else(|| awaited.clone(), |held| held.ty);
            let pool = PoolId {
                prov: Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false },
                family: resource::family_of(self.program, &ty),
                ty: Ty::Unknown,
                class: PoolClass::Slots,
            };
            let spec = NewResource {
                path: Vec::new(),
                kind: Kind::Stream,
                ty,
                pool,
                confidence: Confidence::High,
                chain: vec![link],
                protects: false,
                outlives: true,
            };
            if let Some(res) = self.new_resource(id, call, spec) {
                effect.gifts.push(Gift::New { res, path: Vec::new(), child_of: Some(conn) });
            }
        } else if stream.is_some() {
            effect.carries = true;
        } else if row.is_async || row.out.is_some() {
            effect.carries = false;
        }
    }

    /// Whether what a call gives is read bit by bit: a stream or sink rather than rows.
    fn is_lazy(&self, awaited: &Ty) -> bool {
        let mut ty = awaited;
        while let Ty::Adt(path, args) = ty {
            if let Some(row) = self.program.catalog.type_row(*path)
                && !row.implements.is_empty()
            {
                return true;
            }
            match args.first() {
                Some(first) if path.as_str() == "std::result::Result" => ty = first,
                Some(_) | None => return false,
            }
        }
        false
    }
}

/// Whether an operand says "read only": `true`, or a value of that name, perhaps in `Some`.
fn is_read_only(body: &Body, definitions: &sql::Definitions<'_>, operand: &Operand) -> bool {
    match operand {
        Operand::Literal(ir::Literal::Bool(value)) => *value,
        Operand::Path(path, _) => path.last() == "ReadOnly",
        Operand::Place(_) => sql::made_by(definitions, operand)
            .is_some_and(|id| body.calls[id].args.first().is_some_and(|inner| is_read_only(body, definitions, inner))),
        Operand::Literal(_) => false,
    }
}

/// What is waited for by who waits for work on a blocking thread: the slow things that the work does, as far as they are
/// seen. Work that is slow in no way that is known is likely short.
fn offloaded(closure: Option<&Summary>, link: &Link) -> Effects {
    let mut waits = Effects::default();
    let mut slow = Effects::default();
    if let Some(summary) = closure {
        slow.add_called(&summary.effects, *link, Confidence::High, PoolId::clone);
        slow.add_called(&summary.later, *link, Confidence::High, PoolId::clone);
    }
    for blocks in slow.blocks {
        let (kind, cap) = match blocks.kind.as_str() {
            "io" => ("file", Confidence::Low),
            "lock" => ("lock", Confidence::Low),
            kind @ ("database" | "channel" | "task") => (kind, Confidence::Medium),
            kind => (kind, Confidence::High),
        };
        waits.add_waits(Waits { kind: Symbol::new(kind), confidence: blocks.confidence.min(cap), chain: blocks.chain });
    }
    if waits.is_empty() {
        waits.add_waits(Waits { kind: Symbol::new("task"), confidence: Confidence::Low, chain: vec![*link] });
    }
    waits
}
