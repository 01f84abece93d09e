//! What a body has before its first call: the resources of its parameters and captures, and what its async blocks give when
//! they are awaited.
//!
//! **Invariant:** what a type only says is numbered here once and shared by every call's effect. **Absent on purpose:** what
//! calls do with it.

use super::*;

impl Cx<'_> {
    pub(super) fn parameters(&mut self) {
        let info = &self.program.bodies[self.idx];
        let count = self.body.param_count + self.body.captures.len();
        let moved = match self.body.captures.is_empty() {
            true => Vec::new(),
            false => crate::analyse::transfer::captures::moved(self.program, self.idx),
        };
        for n in 0..count {
            let local = ir::LocalId::new(n + 1);
            let Some(ty) = info.locals.get(local).cloned() else { continue };
            let by_reference = matches!(ty, Ty::Ref(..))
                || n >= self.body.param_count && {
                    let n = n - self.body.param_count;
                    !self.body.captures[n].by_move && !moved.get(n).copied().unwrap_or(false)
                };
            let is_self = self.body.locals[local].name.is_some_and(|n| n == "self");
            // What may be a pool as well as a connection is never held: call sites decide.
            let may_be = self.program.may_be(&ty);
            if may_be.contains(&Kind::Pool) && may_be.iter().any(|k| is_resource(*k)) {
                continue;
            }
            self.bound_parameter(local, &ty, by_reference);
            // What is behind a lock is held by whoever locks it.
            let all = self.program.held(&ty);
            // Beside a permit it is one of as many as there are permits, whoever opened it.
            let counted = all.iter().any(|h| h.kind == Kind::Permit);
            for held in all.iter() {
                let behind_lock = all.iter().any(|l| l.kind == Kind::Lock && held.path.starts_with(&l.path));
                if behind_lock && held.kind != Kind::LockGuard {
                    continue;
                }
                if !is_resource(held.kind) || self.resources.len() >= resource::MAX_RESOURCES {
                    continue;
                }
                let pool = self.unknown_pool(held);
                self.resources.push(Resource {
                    origin: Origin::Local(local),
                    path: held.path.clone(),
                    kind: held.kind,
                    ty: held.ty.clone(),
                    pool,
                    span: self.body.locals[local].span,
                    confidence: Confidence::High,
                    borrowed: by_reference || held.by_ref,
                    inside: is_self || !held.path.is_empty(),
                    chain: Vec::new(),
                    protects_connection: held.kind == Kind::LockGuard && self.protects(&held.ty),
                    locked: false,
                    wrote: Wrote::No,
                    read_only: false,
                    acquired_by_us: false,
                    opened: held.kind == Kind::Conn && !held.lent && !counted && !self.is_handed_out(&held.ty),
                    // The field is empty only once it was given back.
                    maybe: held.maybe && !counted,
                    outlives: false,
                });
            }
        }
    }

    /// A parameter of which only the bound is known, and that can be nothing but a connection (`op: &mut impl AtomicOperation`).
    /// By value it may still be a reference: the caller keeps it.
    fn bound_parameter(&mut self, local: ir::LocalId, ty: &Ty, by_reference: bool) {
        let Some((kind, root)) = self.program.connection_bound(ty) else { return };
        let is_self = self.body.locals[local].name.is_some_and(|n| n == "self");
        if is_self || !by_reference || self.resources.len() >= resource::MAX_RESOURCES {
            return;
        }
        let pool = PoolId {
            prov: Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false },
            ty: Ty::Unknown,
            family: (Some(root), None),
            class: PoolClass::Slots,
        };
        self.resources.push(Resource {
            origin: Origin::Local(local),
            path: Vec::new(),
            kind,
            ty: ty.peel_refs().clone(),
            pool,
            span: self.body.locals[local].span,
            confidence: Confidence::Medium,
            borrowed: true,
            inside: false,
            chain: Vec::new(),
            protects_connection: false,
            locked: false,
            wrote: Wrote::No,
            read_only: false,
            acquired_by_us: false,
            opened: false,
            maybe: false,
            outlives: false,
        });
    }

    /// What the async blocks of this body give when they are awaited, connections acquired inside them included.
    pub(super) fn blocks(&mut self) -> BTreeMap<BodyId, Vec<Gift>> {
        let mut blocks = BTreeMap::new();
        for &inner in self.program.inner_bodies(self.idx) {
            let Some(summary) = self.summaries.get(inner) else { continue };
            let summary = summary.clone();
            let id = self.program.bodies[inner].id;
            let mut gifts = Vec::new();
            for returned in &summary.returns {
                match &returned.from {
                    ReturnedFrom::Param { index, path } => gifts.push(Gift::Arg {
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
                        if self.resources.len() >= resource::MAX_RESOURCES {
                            continue;
                        }
                        let span = chain.first().map_or(self.program.body(inner).span, |l| l.span);
                        let res = self.resources.push(Resource {
                            origin: Origin::Block(id),
                            path: returned.path.clone(),
                            kind: *kind,
                            ty: ty.clone(),
                            pool: pool.clone(),
                            span,
                            confidence: *confidence,
                            borrowed: false,
                            inside: false,
                            chain: chain.clone(),
                            protects_connection: *protects_connection,
                            locked: *locked,
                            acquired_by_us: true,
                            wrote: *wrote,
                            read_only: *read_only,
                            opened: *opened,
                            maybe: *maybe,
                            outlives: *outlives,
                        });
                        gifts.push(Gift::New { res, path: returned.path.clone(), child_of: *child_of });
                    }
                }
            }
            if !gifts.is_empty() {
                blocks.insert(id, gifts);
            }
        }
        blocks
    }

    pub(super) fn is_handed_out(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Adt(path, _) if self.program.catalog.is_handed_out(*path))
    }

    pub(super) fn unknown_pool(&self, held: &Held) -> PoolId {
        PoolId {
            prov: Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false },
            ty: Ty::Unknown,
            family: resource::family_of(self.program, &held.ty),
            class: resource::class_of(held.kind, is_shared(&held.ty)),
        }
    }

    /// Whether the thing behind a lock guard is or owns a connection, pool, stream or client.
    pub(super) fn protects(&self, guard: &Ty) -> bool {
        guard.peel_refs().args().iter().any(|inner| {
            self.program.held(inner).iter().any(|h| match h.kind {
                Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream => true,
                // Beside other things a pool needs no lock; the lock is for these.
                Kind::Pool => h.path.is_empty(),
                _ => false,
            })
        })
    }
}
