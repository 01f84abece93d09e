//! What a call does according to the summaries of the workspace functions it reaches.
//!
//! **Invariant:** provenance of callees is put into the terms of the body at hand before it is used.

use super::*;

impl Cx<'_> {
    pub(super) fn local_call(
        &mut self,
        id: CallId,
        call: &ir::Call,
        fns: &[FnIdx],
        union: bool,
        result: &Ty,
    ) -> CallEffect {
        let first = &self.program.fns[fns[0]];
        let returns_future = matches!(result, Ty::Future(_));
        let when = if first.is_async || returns_future { When::Awaited } else { When::Now };
        let mut effect = self.blank(call, when);
        effect.fns = fns.to_vec();
        effect.carries = false;
        let link = Link { span: call.span, callee: first.path };
        let cap = if union && fns.len() > 1 { Confidence::Medium } else { Confidence::High };
        let is_method = matches!(call.callee, Callee::Method { .. });
        if is_method {
            let takes = self.program.fn_ir(fns[0]).self_kind == Some(SelfKind::Value);
            effect.by_value = effect.by_value.with(0, takes);
        }
        for (n, ty) in first.params.iter().enumerate().take(call.args.len()) {
            effect.own_params = effect.own_params.with(n, ty.is_known() && !matches!(ty, Ty::Ref(..)));
        }
        if is_method && !effect.by_value.of(0) {
            effect.own_params = effect.own_params.with(0, false);
        }
        let awaited = match result {
            Ty::Future(inner) => inner,
            other => other,
        };
        effect.lends_result = may_refer(self.program, awaited);
        // An executor whose bound a pack knows may be written over; a type parameter of any other kind says nothing.
        for (n, &writable) in self.program.writable(fns[0]).iter().enumerate() {
            effect.may_write = effect.may_write.with(n, writable);
        }
        let mut acts: Vec<Vec<(Vec<Symbol>, Fate)>> = vec![Vec::new(); call.args.len()];
        let mut talks: Vec<Option<Wrote>> = vec![None; call.args.len()];
        let mut seen_body = false;
        let mut unseen = false;
        let blocked = |f: &FnIdx| {
            let body = self.program.fns[*f].body;
            let summary = body.and_then(|body| self.summaries.get(body));
            summary.is_some_and(|s| !s.effects.blocks.is_empty() || !s.later.blocks.is_empty())
        };
        // Where one implementation of several blocks, the one that runs here likely does not.
        let some_block = fns.len() > 1 && fns.iter().any(blocked) && !fns.iter().all(blocked);
        for &f in fns {
            let info = &self.program.fns[f];
            let Some(body) = info.body else {
                unseen = true;
                continue;
            };
            let link = Link { span: call.span, callee: info.path };
            seen_body = true;
            let Some(summary) = self.summaries.get(body) else { continue };
            let mut summary = summary.clone();
            if let ([_], Some(param)) = (fns, summary.text) {
                effect.text = self.decide(call, param, Arc::make_mut(&mut summary));
            }
            let here = |pool: &PoolId| self.substitute_pool(call, pool);
            if returns_future && !info.is_async {
                effect.eager.add_called(&summary.effects, link, cap, here);
                effect.effects.add_called(&summary.later, link, cap, here);
            } else {
                effect.effects.add_called(&summary.effects, link, cap, here);
            }
            for p in &summary.params {
                if let Some(list) = acts.get_mut(p.index) {
                    match list.iter_mut().find(|(path, _)| *path == p.path) {
                        // Of several functions none is known to be the one that answers.
                        Some((_, fate)) => *fate = Fate { outcomes: fate.outcomes.or(p.outcomes), told: None },
                        None => list.push((p.path.clone(), Fate { outcomes: p.outcomes, told: p.told })),
                    }
                }
            }
            if some_block {
                let both = effect.effects.blocks.iter_mut().chain(&mut effect.eager.blocks);
                both.for_each(|b| b.confidence = Confidence::Low);
            }
            self.closure_parameters(call, &summary, &mut effect, cap);
            for inner in &summary.executes {
                self.executes(call, inner, &link, &mut effect);
                if let Some(slot) = talks.get_mut(inner.param) {
                    *slot = Some(slot.unwrap_or_default().max(inner.writes));
                }
            }
            if fns.len() == 1 {
                effect.fails = summary.fails;
                effect.tries.clone_from(&summary.tries);
                effect.starts.clone_from(&summary.starts);
                effect.block_on = summary.drives.first().copied().filter(|_| effect.when == When::Now);
            }
            effect.unlocks.extend(summary.unlocks.iter().filter(|&&i| i < call.args.len()));
            for returned in &summary.returns {
                self.gift(id, call, returned, None, &link, &mut effect);
            }
        }
        self.counted(&effect);
        if seen_body {
            let act = |(list, talks): (Vec<_>, Option<Wrote>)| match talks {
                Some(writes) if list.is_empty() => Act::Talks { writes, locks: None, tries: false },
                Some(_) | None => Act::Summary(list),
            };
            effect.acts = acts.into_iter().zip(talks).map(act).collect();
        } else if effect.when == When::Awaited && unseen {
            // A trait's method without an implementation in the workspace: what it waits for is anybody's guess.
            effect.effects.add_waits(Waits {
                kind: Symbol::new("unseen"),
                confidence: Confidence::Medium,
                chain: vec![link],
            });
        }
        // What a function gives that runs a future is what the future gives.
        if effect.block_on.is_none()
            && effect.gifts.is_empty()
            && (!seen_body || self.is_itself_resource(result) || self.hands_through(call, fns))
        {
            self.gift_by_type(id, call, result, &link, &mut effect);
        }
        effect
    }

    /// A closure of this body that is called by its name. What it captured is known in this body's terms already; its
    /// parameters are the arguments.
    pub(super) fn closure_call(&mut self, id: CallId, call: &ir::Call, body: BodyIdx, result: &Ty) -> CallEffect {
        let inner = self.program.body(body);
        let later = inner.is_async || matches!(result, Ty::Future(_));
        let mut effect = self.blank(call, if later { When::Awaited } else { When::Now });
        let Some(summary) = self.summaries.get(body).cloned() else { return effect };
        effect.effects = self.closure_effects(call, body, &summary.effects);
        if !inner.is_async && (later || !summary.later.is_empty()) {
            effect.when = When::Awaited;
            let awaited = self.closure_effects(call, body, &summary.later);
            effect.eager = std::mem::replace(&mut effect.effects, awaited);
        }
        effect.executes.extend(summary.executes.iter().cloned());
        effect.carries = false;
        effect.lends_result = self.result_may_refer(id);
        let types = &self.program.bodies[body].locals;
        for n in 0..call.args.len() {
            let ty = types.get(ir::LocalId::new(n + 1));
            let own = ty.is_some_and(|ty| ty.is_known() && !matches!(ty, Ty::Ref(..)));
            effect.own_params = effect.own_params.with(n, own);
        }
        effect.acts = (0..call.args.len())
            .map(|i| {
                let own = summary.params.iter().filter(|p| p.index == i && i < inner.param_count);
                Act::Summary(own.map(|p| (p.path.clone(), Fate { outcomes: p.outcomes, told: None })).collect())
            })
            .collect();
        let link = self.link(call);
        for returned in &summary.returns {
            let from_argument = match &returned.from {
                ReturnedFrom::Param { index, .. } => *index < call.args.len().min(inner.param_count),
                ReturnedFrom::New { .. } => true,
            };
            if from_argument {
                self.gift(id, call, returned, Some(body), &link, &mut effect);
            }
        }
        effect
    }

    /// A closure's effects with the arguments put in for its parameters.
    fn closure_effects(&self, call: &ir::Call, body: BodyIdx, effects: &Effects) -> Effects {
        let mut effects = effects.clone();
        for acquires in &mut effects.acquires {
            acquires.pool = self.closure_pool(call, body, &acquires.pool);
        }
        effects
    }

    fn closure_pool(&self, call: &ir::Call, body: BodyIdx, pool: &PoolId) -> PoolId {
        let ProvRoot::ClosureParam(of, n) = pool.prov.root else { return pool.clone() };
        let Some(arg) = call.args.get(n).filter(|_| of == body) else { return pool.clone() };
        let mut prov = self.program.prov(self.idx, arg);
        prov.path.extend(pool.prov.path.iter().copied());
        prov.element |= pool.prov.element;
        PoolId { prov, ..pool.clone() }
    }

    /// Whether a function takes an argument whose type it does not know: a type parameter, or something made of one.
    pub(super) fn hands_through(&self, call: &ir::Call, fns: &[FnIdx]) -> bool {
        let params = &self.program.fns[fns[0]].params;
        params.iter().zip(&call.args).any(|(param, arg)| {
            self.program.held(param).is_empty()
                && self.program.held(&self.operand_ty(arg)).iter().any(|h| is_resource(h.kind))
        })
    }

    /// Whether a result is, once `Result` is off, a connection itself rather than something that may hold one.
    pub(super) fn is_itself_resource(&self, result: &Ty) -> bool {
        let mut ty = result;
        loop {
            match ty {
                Ty::Future(inner) => ty = inner,
                Ty::Adt(path, args) if path.as_str() == "std::result::Result" => match args.first() {
                    Some(first) => ty = first,
                    None => return false,
                },
                Ty::Adt(path, _) => {
                    return path.as_str() != "std::option::Option" && self.program.kind(ty).is_some_and(is_resource);
                }
                Ty::Unknown
                | Ty::Ref(..)
                | Ty::Tuple(_)
                | Ty::Slice(_)
                | Ty::Param(..)
                | Ty::Dyn(_)
                | Ty::Fn(..)
                | Ty::Never => return false,
            }
        }
    }

    /// A workspace function whose result owns a connection, though its body does not show where from.
    pub(super) fn gift_by_type(
        &mut self,
        id: CallId,
        call: &ir::Call,
        result: &Ty,
        link: &Link,
        effect: &mut CallEffect,
    ) {
        let Some(held) = self.resource_in(result, &[Kind::Guard, Kind::Tx, Kind::Permit]) else { return };
        // It may be one that came in: then it is that one, and known by the summary if the body was seen.
        let came_in =
            call.args.iter().any(|a| self.program.held(&self.operand_ty(a)).iter().any(|h| h.kind == held.kind));
        if came_in {
            // A generic function hands it through: what went in by value and is of the same kind comes out.
            for (index, arg) in call.args.iter().enumerate() {
                for inside in self.program.held(&self.operand_ty(arg)).iter().filter(|h| h.kind == held.kind) {
                    effect.gifts.push(Gift::Arg {
                        index,
                        from: inside.path.clone(),
                        path: held.path.clone(),
                        owned: effect.by_value.of(index),
                    });
                }
            }
            return;
        }
        // A future that gives one went in: the callee runs it, and what comes out is told where the future was made.
        let future = call.args.iter().position(|arg| match self.operand_ty(arg) {
            Ty::Future(gives) => self.program.held(&gives).iter().any(|h| h.kind == held.kind),
            _ => false,
        });
        if future.is_some() {
            effect.block_on = future.filter(|_| effect.when == When::Now);
            return;
        }
        let mut pool = self.unknown_pool(&held);
        pool.prov =
            self.owner_pool(call, &pool).unwrap_or(Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false });
        effect.effects.add_acquires(Acquires {
            pool: pool.clone(),
            patience: None,
            confidence: Confidence::Medium,
            chain: vec![*link],
        });
        let spec = NewResource {
            path: held.path.clone(),
            kind: held.kind,
            ty: held.ty,
            pool,
            confidence: Confidence::Medium,
            chain: vec![*link],
            protects: false,
            outlives: false,
        };
        if let Some(res) = self.new_resource(id, call, spec) {
            effect.gifts.push(Gift::New { res, path: held.path, child_of: None });
        }
    }

    /// The one pool that lies in the arguments of a call, if there is exactly one.
    pub(super) fn owner_pool(&self, call: &ir::Call, wanted: &PoolId) -> Option<Prov> {
        let mut found = None;
        for arg in &call.args {
            for held in self.program.held(&self.operand_ty(arg)).iter() {
                let fits = match wanted.class {
                    PoolClass::Slots => held.kind == Kind::Pool,
                    PoolClass::Permits => held.kind == Kind::Semaphore,
                    PoolClass::Lock { .. } => held.kind == Kind::Lock,
                };
                if fits {
                    if found.is_some() {
                        return None;
                    }
                    let mut prov = self.prov(Some(arg));
                    prov.path.extend(held.path.iter().copied());
                    found = Some(prov);
                }
            }
        }
        found
    }

    /// Closures given to a function that calls its parameter.
    pub(super) fn closure_parameters(
        &self,
        call: &ir::Call,
        summary: &Summary,
        effect: &mut CallEffect,
        cap: Confidence,
    ) {
        for (param, held) in &summary.invokes {
            let Some(body) = self.closure_arg(call, *param) else { continue };
            let Some(inner) = self.summaries.get(body) else { continue };
            effect.effects.merge(&inner.effects, cap);
            effect.effects.merge(&inner.later, cap);
            if let Some((pool, _)) = held {
                effect.runs_with.push((body, self.substitute_pool(call, pool)));
            }
        }
    }

    /// A maybe-connection parameter that the callee uses as an executor: acquires if the argument is a pool.
    pub(super) fn executes(&self, call: &ir::Call, inner: &Executes, link: &Link, effect: &mut CallEffect) {
        let Some(arg) = call.args.get(inner.param) else { return };
        let ty = self.operand_ty(arg);
        let mut full = vec![*link];
        full.extend(inner.chain.iter().cloned());
        full.truncate(crate::analyse::summary::MAX_CHAIN);
        let session = inner.session.as_ref().map(|(session, chain)| {
            let mut way = vec![*link];
            way.extend(chain.iter().cloned());
            way.truncate(crate::analyse::summary::MAX_CHAIN);
            (*session, way)
        });
        self.maybe_executes(arg, &ty, &full, inner.writes, session.clone(), effect);
        if self.program.kind(&ty) == Some(Kind::Pool) {
            let pool = PoolId {
                prov: self.prov(Some(arg)),
                family: resource::family_of(self.program, &ty),
                ty,
                class: PoolClass::Slots,
            };
            if let Some((session, chain)) = session {
                effect.session = Some(Box::new(SessionUse { session, pool: pool.clone(), chain }));
            }
            effect.effects.add_acquires(Acquires { pool, patience: None, confidence: Confidence::High, chain: full });
        }
    }

    /// Notes that a parameter of this body which may be a pool is used as an executor.
    pub(super) fn maybe_executes(
        &self,
        arg: &Operand,
        ty: &Ty,
        chain: &[Link],
        writes: Wrote,
        session: Option<(sql::Session, Vec<Link>)>,
        effect: &mut CallEffect,
    ) {
        if self.program.kind(ty).is_some() || !self.program.may_be(ty).contains(&Kind::Pool) {
            return;
        }
        let prov = self.prov(Some(arg));
        if let ProvRoot::Param(n) = prov.root
            && prov.path.is_empty()
        {
            effect.executes.push(Executes { param: n, writes, session, chain: chain.to_vec() });
        }
    }

    /// The callee does what the text in an argument says. Returns the parameter of this body that the text comes from, if it
    /// is not known here either.
    fn decide(&self, call: &ir::Call, param: usize, summary: &mut Summary) -> Option<usize> {
        let text = self.text(call.args.get(param)?)?;
        let nature = match text {
            sql::Text::Known(text) => sql::nature(&text),
            sql::Text::Param(outer) => return Some(outer),
        };
        if !nature.sure {
            return None;
        }
        let wrote = if nature.writes { Wrote::Yes } else { Wrote::No };
        for p in &mut summary.params {
            p.outcomes = p.outcomes.decided(wrote);
            p.told = p.told.map(|(good, bad)| (good.decided(wrote), bad.decided(wrote)));
        }
        for executes in summary.executes.iter_mut().filter(|e| e.writes == Wrote::May) {
            executes.writes = wrote;
        }
        None
    }

    /// Whether a call's result, by its type, may as well be without what it holds there.
    fn may_lack(&self, id: CallId, path: &[Symbol], kind: Kind) -> bool {
        let result = self.program.bodies[self.idx].results.get(id);
        let ty = match result {
            Some(Ty::Future(inner)) => inner,
            Some(ty) => ty,
            None => return false,
        };
        self.program.held(ty).iter().any(|h| h.maybe && h.kind == kind && h.path == path)
    }

    /// Whether a call's result, once awaited, may refer to what it was made from.
    fn result_may_refer(&self, id: CallId) -> bool {
        match self.program.bodies[self.idx].results.get(id) {
            Some(Ty::Future(inner)) => self.may_refer(inner),
            Some(ty) => self.may_refer(ty),
            None => true,
        }
    }

    /// A connection that comes with a permit is one of as many as there are permits, whoever opened it.
    fn counted(&mut self, effect: &CallEffect) {
        let new = || effect.gifts.iter().filter_map(|g| if let Gift::New { res, .. } = g { Some(*res) } else { None });
        let Some(permit) = new().map(|res| &self.resources[res]).find(|r| r.kind == Kind::Permit).cloned() else {
            return;
        };
        for res in new() {
            let resource = &mut self.resources[res];
            if resource.opened {
                resource.opened = false;
                resource.maybe = false;
                resource.confidence = permit.confidence;
                resource.pool.prov = permit.pool.prov.clone();
            }
        }
    }

    /// What a callee's result holds; `closure` if the callee is one, which knows this body's parameters as its own.
    pub(super) fn gift(
        &mut self,
        id: CallId,
        call: &ir::Call,
        returned: &Returned,
        closure: Option<BodyIdx>,
        link: &Link,
        effect: &mut CallEffect,
    ) {
        match &returned.from {
            ReturnedFrom::Param { index, path } => effect.gifts.push(Gift::Arg {
                index: *index,
                from: path.clone(),
                path: returned.path.clone(),
                owned: returned.owned,
            }),
            ReturnedFrom::New {
                kind,
                ty,
                pool,
                confidence,
                chain,
                protects_connection,
                child_of,
                locked,
                wrote,
                read_only,
                opened,
                maybe,
                outlives,
            } => {
                if effect.gifts.iter().any(|g| matches!(g, Gift::New { path, .. } if *path == returned.path)) {
                    return;
                }
                // What was copied from under a guard (`*lock.read()`) is not the guard.
                if *kind == Kind::LockGuard && !self.result_may_refer(id) {
                    return;
                }
                let pool = match closure {
                    Some(body) => self.closure_pool(call, body, pool),
                    None => self.substitute_pool(call, pool),
                };
                let mut full = vec![*link];
                full.extend(chain.iter().cloned());
                full.truncate(crate::analyse::summary::MAX_CHAIN);
                let spec = NewResource {
                    path: returned.path.clone(),
                    kind: *kind,
                    ty: ty.clone(),
                    pool,
                    confidence: *confidence,
                    chain: full,
                    protects: *protects_connection,
                    outlives: *outlives,
                };
                if let Some(res) = self.new_resource(id, call, spec) {
                    self.resources[res].locked = *locked;
                    self.resources[res].wrote = *wrote;
                    self.resources[res].read_only = *read_only;
                    self.resources[res].opened = *opened;
                    self.resources[res].maybe = *maybe && self.may_lack(id, &returned.path, *kind);
                    effect.gifts.push(Gift::New { res, path: returned.path.clone(), child_of: *child_of });
                }
            }
        }
    }

    /// See [`pool_at_call`].
    pub(super) fn substitute_pool(&self, call: &ir::Call, pool: &PoolId) -> PoolId {
        pool_at_call(self.program, self.idx, call, pool)
    }
}

/// A callee's pool in terms of the body that calls: parameters become arguments.
pub fn pool_at_call(program: &Program, idx: BodyIdx, call: &ir::Call, pool: &PoolId) -> PoolId {
    let prov = match &pool.prov.root {
        ProvRoot::Param(n) => {
            let unknown = Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false };
            call.args.get(*n).map_or(unknown, |op| program.prov_below(idx, &call.args, op, &pool.prov))
        }
        ProvRoot::Static(_) | ProvRoot::Call(..) | ProvRoot::Unknown => pool.prov.clone(),
        ProvRoot::ClosureParam(..) | ProvRoot::Local(..) => {
            Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false }
        }
    };
    PoolId { prov, ..pool.clone() }
}

/// The parameters of a plain function that are futures and that it blocks on, as it got them or wrapped.
pub fn driven(program: &Program, idx: BodyIdx, prepared: &Prepared) -> Vec<usize> {
    if program.body(idx).is_async {
        return Vec::new();
    }
    handed(program, idx, prepared, |effect| effect.block_on.as_slice())
}

/// The parameters that a function lets run in tasks of their own.
pub fn started(program: &Program, idx: BodyIdx, prepared: &Prepared) -> Vec<usize> {
    handed(program, idx, prepared, |effect| match &effect.spawns {
        Some(_) => effect.spawns.as_slice(),
        None => &effect.starts,
    })
}

/// The parameters that calls of a body get as certain arguments.
fn handed(
    program: &Program,
    idx: BodyIdx,
    prepared: &Prepared,
    arguments: impl Fn(&CallEffect) -> &[usize],
) -> Vec<usize> {
    let mut params: Vec<usize> = Vec::new();
    for (call, effect) in program.body(idx).calls.iter().zip(&prepared.calls) {
        for arg in arguments(effect).iter().filter_map(|what| call.args.get(*what)) {
            let prov = program.prov(idx, arg);
            if let ProvRoot::Param(n) = prov.root
                && prov.path.is_empty()
                && !params.contains(&n)
            {
                params.push(n);
            }
        }
    }
    params
}
