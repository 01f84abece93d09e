//! What each call of a body does, decided before dataflow runs: from a pack's row, from summaries of workspace functions,
//! from its being a constructor, or from nothing at all.
//!
//! **Invariant:** an unknown callee borrows what it gets by reference and ends tracking of what it gets by value.
//! Provenance in the result is in terms of the body at hand.

use super::resource::{self, Link, Origin, PoolClass, PoolId, ResId, Resource};
use super::state::{Life, Outcomes};
use super::summary::{Acquires, Blocks, Effects, Executes, Returned, ReturnedFrom, Summary, Waits};
use super::{Summaries, sql};
use crate::base::{Confidence, Idx, IndexVec, Symbol};
use crate::ir::{self, Body, BodyId, CallId, Callee, Operand, SelfKind};
use crate::pack::{Effect, FnRow, Kind, Patience};
use crate::resolve::{BodyIdx, FnIdx, Held, Program, Prov, ProvRoot, Target, Ty};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When a call does what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At the call.
    Now,
    /// When its result is awaited.
    Awaited,
    /// Not known: treated as awaited if it is awaited.
    Either,
}

/// What a call does with an argument's resources.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Looks at them; what it was given by value is gone.
    Borrow,
    /// A callee that nobody knows: as `Borrow`, and it may write.
    Lend,
    /// They get this life.
    Ends(Life),
    /// It talks over them: whether it writes, and whether it takes or gives back a session lock.
    Talks {
        /// Writes.
        writes: bool,
        /// Takes (`true`) or gives back (`false`) a session lock.
        locks: Option<bool>,
    },
    /// A workspace function: outcomes of the parameter's resources, by path.
    Summary(Vec<(Vec<Symbol>, Outcomes)>),
    /// They move into the result.
    Pass,
    /// They are kept in argument n.
    StoreIn(usize),
    /// The place is emptied and its content is the result.
    Take,
}

/// Where a resource in the result comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Gift {
    /// It comes into being here.
    New {
        /// Which.
        res: ResId,
        /// Fields from the result to it.
        path: Vec<Symbol>,
        /// It is a child of what this argument carries.
        child_of: Option<usize>,
    },
    /// It is one that an argument carries.
    Arg {
        /// Which argument.
        index: usize,
        /// Fields from the argument to it.
        from: Vec<Symbol>,
        /// Fields from the result to it.
        path: Vec<Symbol>,
        /// Whether the result owns it.
        owned: bool,
    },
}

/// How many futures run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A literal.
    Known(i128),
    /// Something computed.
    Computed,
}

/// What a call does.
#[derive(Clone, Debug)]
pub struct CallEffect {
    /// When.
    pub when: When,
    /// Besides its arguments.
    pub effects: Effects,
    /// The eager part of a plain function that returns a future.
    pub eager: Effects,
    /// Per argument.
    pub acts: Vec<Act>,
    /// Per argument: whether it is taken by value (only receivers may not be).
    pub by_value: Vec<bool>,
    /// What the result holds.
    pub gifts: Vec<Gift>,
    /// Whether the result may refer to what the arguments refer to.
    pub carries: bool,
    /// Prefix of what passes into the result: the field of a constructor per argument.
    pub fields: Option<Vec<Symbol>>,
    /// The wait ends with the first of the futures among its arguments.
    pub race: bool,
    /// The argument that runs in a task of its own.
    pub spawns: Option<usize>,
    /// Drives many futures in this argument at once: with the width, if the row has an argument for it.
    pub fan_out: Option<(usize, Option<Width>)>,
    /// Blocks until the future in this argument is ready.
    pub block_on: Option<usize>,
    /// Workspace functions that it calls.
    pub fns: Vec<FnIdx>,
    /// The slot of a detached connection is lost.
    pub loses_slot: bool,
    /// Parameters of the body at hand that are maybe-connections and are used as executors here.
    pub executes: Vec<Executes>,
    /// A closure in this argument runs while a connection of this pool is held.
    pub runs_with: Vec<(BodyIdx, PoolId)>,
    /// `Some(true)`: makes an `Ok`/`Some`; `Some(false)`: an `Err`.
    pub variant: Option<bool>,
    /// Tells whether argument 0 is good (`Some(true)` for `is_ok`).
    pub tests: Option<bool>,
    /// Word for messages.
    pub what: String,
    /// The call.
    pub span: crate::base::Span,
}

/// A body, its calls' effects and its resources.
pub struct Prepared {
    /// Per call.
    pub calls: IndexVec<CallId, CallEffect>,
    /// Per async block of the body: what awaiting it gives.
    pub blocks: BTreeMap<BodyId, Vec<Gift>>,
    /// All resources, by id.
    pub resources: IndexVec<ResId, Resource>,
}

/// Decides the effects of all calls of `body` and numbers its resources.
pub fn prepare(program: &Program, idx: BodyIdx, summaries: &Summaries) -> Prepared {
    let body = program.body(idx);
    let definitions = sql::Definitions::of(body);
    let mut cx = Cx { program, idx, body, summaries, definitions, resources: IndexVec::new() };
    cx.parameters();
    let calls = body.calls.indices().map(|call| cx.call(call)).collect();
    let blocks = cx.blocks();
    Prepared { calls, blocks, resources: cx.resources }
}

struct Cx<'a> {
    program: &'a Program,
    idx: BodyIdx,
    body: &'a Body,
    summaries: &'a Summaries,
    definitions: sql::Definitions<'a>,
    resources: IndexVec<ResId, Resource>,
}

/// Kinds that must be given back.
pub fn is_resource(kind: Kind) -> bool {
    matches!(kind, Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Permit | Kind::LockGuard)
}

impl<'a> Cx<'a> {
    fn parameters(&mut self) {
        let info = &self.program.bodies[self.idx];
        let count = self.body.param_count + self.body.captures.len();
        for n in 0..count {
            let local = ir::LocalId::new(n + 1);
            let Some(ty) = info.locals.get(local).cloned() else { continue };
            let by_reference = matches!(ty, Ty::Ref(..))
                || n >= self.body.param_count && !self.body.captures[n - self.body.param_count].by_move;
            let is_self = self.body.locals[local].name.is_some_and(|n| n == "self");
            // What may be a pool as well as a connection is never held: call sites decide.
            let may_be = self.program.may_be(&ty);
            if may_be.contains(&Kind::Pool) && may_be.iter().any(|k| is_resource(*k)) {
                continue;
            }
            // What is behind a lock is held by whoever locks it.
            let all = self.program.held(&ty);
            let behind_lock = all.iter().any(|h| h.kind == Kind::Lock);
            for held in all.iter() {
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
                    acquired_by_us: false,
                });
            }
        }
    }

    /// What the async blocks of this body give when they are awaited, connections acquired inside them included.
    fn blocks(&mut self) -> BTreeMap<BodyId, Vec<Gift>> {
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
                    ReturnedFrom::New { kind, ty, pool, confidence, chain, protects_connection, child_of } => {
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
                            acquired_by_us: true,
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

    fn unknown_pool(&self, held: &Held) -> PoolId {
        PoolId {
            prov: Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false },
            ty: Ty::Unknown,
            family: resource::family_of(&held.ty),
            class: resource::class_of(held.kind, is_shared(&held.ty)),
        }
    }

    /// Whether the thing behind a lock guard is or owns a connection, pool, stream or client.
    fn protects(&self, guard: &Ty) -> bool {
        match guard.peel_refs() {
            Ty::Adt(_, args) => args.iter().any(|inner| {
                self.program.held(inner).iter().any(|h| {
                    matches!(h.kind, Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Pool | Kind::Handle)
                })
            }),
            Ty::Unknown
            | Ty::Ref(..)
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Fn(..)
            | Ty::Never => false,
        }
    }

    fn blank(&self, call: &ir::Call, when: When) -> CallEffect {
        CallEffect {
            when,
            effects: Effects::default(),
            eager: Effects::default(),
            acts: vec![Act::Borrow; call.args.len()],
            by_value: (0..call.args.len()).map(|i| i > 0 || !matches!(call.callee, Callee::Method { .. })).collect(),
            gifts: Vec::new(),
            carries: true,
            fields: None,
            race: false,
            spawns: None,
            fan_out: None,
            block_on: None,
            fns: Vec::new(),
            loses_slot: false,
            executes: Vec::new(),
            runs_with: Vec::new(),
            variant: None,
            tests: None,
            what: callee_word(call),
            span: call.span,
        }
    }

    fn call(&mut self, id: CallId) -> CallEffect {
        let call = &self.body.calls[id];
        let info = &self.program.bodies[self.idx];
        let target = info.targets.get(id).cloned().unwrap_or(Target::Unknown("not inferred"));
        let result = info.results.get(id).cloned().unwrap_or_default();
        match target {
            Target::Pack(path) => match self.program.catalog.fn_row(path) {
                Some(row) if self.fits(call, row) => self.pack_call(id, call, row, &result),
                Some(_) => {
                    // A method of that name on something else: it reads its arguments.
                    let mut effect = self.blank(call, When::Now);
                    self.closures_may_run(call, &mut effect, Confidence::Medium);
                    effect
                }
                None => self.unknown_call(call, &result, None),
            },
            Target::Local { fns, union, .. } => self.local_call(id, call, &fns, union, &result),
            Target::Closure(body) => self.closure_call(call, body),
            Target::Constructor(path) => self.constructor(call, path),
            Target::Extern { krate, .. } => self.unknown_call(call, &result, Some(krate)),
            Target::Unknown(_) => self.unknown_call(call, &result, None),
        }
    }

    /// Whether a row that was found by a method's name on a type nobody knows can be meant: a query needs its executor.
    fn fits(&self, call: &ir::Call, row: &FnRow) -> bool {
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

    fn constructor(&mut self, call: &ir::Call, path: Symbol) -> CallEffect {
        let mut effect = self.blank(call, When::Now);
        effect.acts = vec![Act::Pass; call.args.len()];
        let last = path.as_str().rsplit("::").next().unwrap_or_default();
        effect.variant = match last {
            "Ok" | "Some" => Some(true),
            "Err" => Some(false),
            _ => None,
        };
        if effect.variant.is_none() {
            effect.fields = Some((0..call.args.len()).map(|i| Symbol::new(&i.to_string())).collect());
        }
        effect
    }

    fn unknown_call(&mut self, call: &ir::Call, result: &Ty, krate: Option<Symbol>) -> CallEffect {
        let when = match result {
            Ty::Future(_) => When::Awaited,
            Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) => When::Either,
            Ty::Adt(path, _) => match self.program.catalog.type_row(*path) {
                Some(row) if row.awaits.is_some() => When::Awaited,
                Some(_) => When::Now,
                None => When::Either,
            },
            Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Fn(..) | Ty::Never => When::Now,
        };
        let mut effect = self.blank(call, when);
        effect.carries = when != When::Now || self.may_refer(result);
        let link = self.link(call);
        match krate.map(|k| self.program.catalog.crate_row(k)) {
            Some(Some(row)) => {
                if let Some(w) = &row.waits {
                    effect.effects.add_waits(Waits { kind: w.kind, confidence: w.confidence, chain: vec![link] });
                }
            }
            Some(None) | None => effect.effects.add_waits(Waits {
                kind: Symbol::new("unknown"),
                confidence: Confidence::Low,
                chain: vec![link],
            }),
        }
        self.closures_may_run(call, &mut effect, Confidence::Medium);
        let first = usize::from(matches!(call.callee, Callee::Method { .. }));
        for act in effect.acts.iter_mut().skip(first).filter(|a| **a == Act::Borrow) {
            *act = Act::Lend;
        }
        if when == When::Now {
            effect.effects.waits.clear();
        }
        effect
    }

    /// Effects of closures among the arguments: they may run while the call runs.
    fn closures_may_run(&self, call: &ir::Call, effect: &mut CallEffect, cap: Confidence) {
        for i in 0..call.args.len() {
            let Some(body) = self.closure_arg(call, i) else { continue };
            let Some(summary) = self.summaries.get(body) else { continue };
            effect.effects.merge(&summary.effects, cap);
            effect.effects.merge(&summary.later, cap);
            if let Act::Borrow = effect.acts[i] {
                effect.acts[i] = self.capture_act(body, summary);
            }
        }
    }

    /// What running a closure does to what it captured: entries of a closure value keep the capture's field-less paths.
    fn capture_act(&self, body: BodyIdx, summary: &Summary) -> Act {
        let params = self.program.body(body).param_count;
        let mut outcomes: Vec<(Vec<Symbol>, Outcomes)> = Vec::new();
        for p in summary.params.iter().filter(|p| p.index >= params) {
            outcomes.push((p.path.clone(), p.outcomes));
        }
        Act::Summary(outcomes)
    }

    fn closure_arg(&self, call: &ir::Call, index: usize) -> Option<BodyIdx> {
        match self.operand_ty(call.args.get(index)?).peel_refs() {
            Ty::Fn(body, _) => *body,
            Ty::Unknown
            | Ty::Adt(..)
            | Ty::Ref(..)
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Never => None,
        }
    }

    fn closure_call(&mut self, call: &ir::Call, body: BodyIdx) -> CallEffect {
        let inner = self.program.body(body);
        let mut effect = self.blank(call, if inner.is_async { When::Awaited } else { When::Now });
        if let Some(summary) = self.summaries.get(body) {
            effect.effects = summary.effects.clone();
            if !inner.is_async && !summary.later.is_empty() {
                effect.when = When::Awaited;
                effect.eager = std::mem::replace(&mut effect.effects, summary.later.clone());
            }
        }
        effect
    }

    fn operand_ty(&self, operand: &Operand) -> Ty {
        self.program.operand_ty(self.idx, operand)
    }

    fn prov(&self, operand: Option<&Operand>) -> Prov {
        match operand {
            Some(op) => self.program.prov(self.idx, op),
            None => Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false },
        }
    }

    fn link(&self, call: &ir::Call) -> Link {
        Link { span: call.span, callee: callee_word(call) }
    }

    fn arg_kind(&self, call: &ir::Call, index: usize) -> Option<Kind> {
        self.program.kind(&self.operand_ty(call.args.get(index)?))
    }

    /// The pool that an argument is, or that the one thing it is (a repository, a service) owns.
    fn pool_of(&self, call: &ir::Call, index: usize) -> Option<PoolId> {
        let arg = call.args.get(index)?;
        let ty = self.operand_ty(arg);
        let mut prov = self.prov(Some(arg));
        let (family, ty) = match self.program.kind(&ty) {
            Some(Kind::Pool) => (resource::family_of(&ty), ty),
            Some(_) => return None,
            None => {
                let held = self.program.held(&ty);
                if held.iter().any(|h| is_resource(h.kind)) {
                    return None;
                }
                let mut pools = held.iter().filter(|h| h.kind == Kind::Pool);
                let (first, None) = (pools.next()?, pools.next()) else { return None };
                prov.path.extend(first.path.iter().copied());
                (resource::family_of(&first.ty), first.ty.clone())
            }
        };
        Some(PoolId { prov, family, ty, class: PoolClass::Slots })
    }

    /// See [`may_refer`].
    fn may_refer(&self, ty: &Ty) -> bool {
        may_refer(self.program, ty)
    }
}

/// Whether a value of a type may refer to a connection that it was made from.
pub fn may_refer(program: &Program, ty: &Ty) -> bool {
    match ty {
        Ty::Unknown | Ty::Ref(..) | Ty::Param(..) | Ty::Dyn(_) | Ty::Future(_) | Ty::Fn(..) => true,
        Ty::Never => false,
        Ty::Tuple(parts) => parts.iter().any(|p| may_refer(program, p)),
        Ty::Slice(item) => may_refer(program, item),
        Ty::Adt(path, args) => {
            if let Some(row) = program.catalog.type_row(*path) {
                return match row.kind {
                    Kind::Plain if path.as_str().starts_with("std::") => args.iter().any(|a| may_refer(program, a)),
                    Kind::Plain => true,
                    Kind::Wrapper => args.iter().any(|a| may_refer(program, a)),
                    Kind::Guard
                    | Kind::Conn
                    | Kind::Tx
                    | Kind::Stream
                    | Kind::Builder
                    | Kind::Permit
                    | Kind::LockGuard
                    | Kind::Driver
                    | Kind::Task
                    | Kind::Raw => true,
                    Kind::Pool | Kind::Semaphore | Kind::Lock | Kind::Handle => false,
                };
            }
            // A workspace or foreign type: it refers to a connection only if one lies in it, as far as can be seen.
            program.held(ty).iter().any(|h| is_resource(h.kind))
                || !program.is_plain_struct(*path)
                || args.iter().any(|a| may_refer(program, a) && a.is_known())
        }
    }
}

impl Cx<'_> {
    fn new_resource(&mut self, id: CallId, call: &ir::Call, spec: NewResource) -> Option<ResId> {
        if self.resources.len() >= resource::MAX_RESOURCES {
            return None;
        }
        let protects_connection = spec.protects || spec.kind == Kind::LockGuard && self.protects(&spec.ty);
        Some(self.resources.push(Resource {
            origin: Origin::Call(id),
            path: spec.path,
            kind: spec.kind,
            ty: spec.ty,
            pool: spec.pool,
            span: call.span,
            confidence: spec.confidence,
            borrowed: false,
            inside: false,
            chain: spec.chain,
            protects_connection,
            acquired_by_us: true,
        }))
    }

    /// What lies in the result (after `.await`) and must be given back; the first of a wanted kind.
    fn resource_in(&self, result: &Ty, wanted: &[Kind]) -> Option<Held> {
        let awaited = match result {
            Ty::Future(inner) => inner,
            other => other,
        };
        self.program.held(awaited).iter().find(|h| wanted.contains(&h.kind) && !h.by_ref).cloned()
    }

    fn pack_call(&mut self, id: CallId, call: &ir::Call, row: &FnRow, result: &Ty) -> CallEffect {
        let when = if row.is_async { When::Awaited } else { When::Now };
        let mut effect = self.blank(call, when);
        let awaited = match result {
            Ty::Future(inner) => (**inner).clone(),
            other => other.clone(),
        };
        effect.carries = row.out.is_none() && !row.is_async || self.may_refer(&awaited) && awaited.is_known();
        let method = matches!(call.callee, Callee::Method { .. });
        if method && !effect.by_value.is_empty() {
            effect.by_value[0] = row.consumes;
        }
        let link = self.link(call);
        if let Some(w) = &row.waits {
            effect.effects.add_waits(Waits { kind: w.kind, confidence: w.confidence, chain: vec![link.clone()] });
        }
        if let Some(kind) = row.blocks {
            effect.effects.add_blocks(Blocks {
                kind,
                panics: row.panics_in_async,
                confidence: Confidence::High,
                chain: vec![link.clone()],
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
                    let width = width.and_then(|w| call.args.get(w)).map(|arg| match arg {
                        Operand::Literal(ir::Literal::Int(n)) => Width::Known(*n),
                        Operand::Literal(_) | Operand::Place(_) | Operand::Path(..) => Width::Computed,
                    });
                    effect.fan_out = Some((*what, width));
                }
                for i in 0..call.args.len() {
                    if let Some(body) = self.closure_arg(call, i)
                        && let Some(summary) = self.summaries.get(body)
                    {
                        let summary = Arc::clone(summary);
                        effect.effects.merge(&summary.effects, Confidence::High);
                        effect.effects.merge(&summary.later, Confidence::High);
                        effect.acts[i] = self.capture_act(body, &summary);
                        self.mapped(id, call, &summary, &link, &mut effect);
                    }
                }
            }
            Effect::Acquire { from, patience } => self.acquire(id, call, row, &awaited, *from, *patience, &mut effect),
            Effect::Begin { on } => {
                // `begin` on what dereferences to a connection borrows it, whatever the trait's `self` says.
                if let Some(v) = effect.by_value.get_mut(*on) {
                    *v = false;
                }
                self.begin(id, call, row, &awaited, *on, &mut effect);
            }
            Effect::Connect => {
                if let Some(held) = self.resource_in(&awaited, &[Kind::Conn, Kind::Stream]) {
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
                    };
                    if let Some(res) = self.new_resource(id, call, spec) {
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
                if !method && let Some(v) = effect.by_value.get_mut(*of) {
                    *v = true;
                }
            }
            Effect::Store { into, value } => set(&mut effect, *value, Act::StoreIn(*into)),
            Effect::Take { of } => set(&mut effect, *of, Act::Take),
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

    /// An adapter whose closure takes what the receiver carries (`map(|tx| Wrapper { tx })`): the result carries what the
    /// closure returns. A closure that takes something else (`map_err`) leaves it alone.
    fn mapped(&mut self, id: CallId, call: &ir::Call, summary: &Summary, link: &Link, effect: &mut CallEffect) {
        let taken: Vec<(Vec<Symbol>, Outcomes)> =
            summary.params.iter().filter(|p| p.index == 0).map(|p| (p.path.clone(), p.outcomes)).collect();
        if !taken.is_empty() {
            if let Some(act) = effect.acts.first_mut() {
                *act = Act::Summary(taken);
            }
            effect.carries = false;
        }
        for returned in &summary.returns {
            match &returned.from {
                ReturnedFrom::Param { index: 0, path } => effect.gifts.push(Gift::Arg {
                    index: 0,
                    from: path.clone(),
                    path: returned.path.clone(),
                    owned: returned.owned,
                }),
                ReturnedFrom::New { .. } => self.gift(id, call, returned, link, effect),
                ReturnedFrom::Param { .. } => {}
            }
        }
    }

    fn runs_closure(&mut self, call: &ir::Call, row: &FnRow, what: usize, effect: &mut CallEffect) {
        let link = self.link(call);
        let (offload, once, from) = match &row.effect {
            Effect::Offload { .. } => (true, false, None),
            Effect::Once { .. } => (false, true, None),
            Effect::RunClosure { from, .. } => (false, false, *from),
            _ => (false, false, None),
        };
        if offload && row.waits.is_none() && row.is_async {
            effect.effects.add_waits(Waits {
                kind: Symbol::new("task"),
                confidence: Confidence::High,
                chain: vec![link.clone()],
            });
        }
        let pool_from = from.and_then(|f| (self.arg_kind(call, f) == Some(Kind::Pool)).then_some(f));
        if let Some(f) = pool_from {
            let ty = self.operand_ty(&call.args[f]);
            let pool = PoolId {
                prov: self.prov(call.args.get(f)),
                family: resource::family_of(&ty),
                ty,
                class: PoolClass::Slots,
            };
            effect.effects.add_acquires(Acquires {
                pool: pool.clone(),
                patience: None,
                confidence: Confidence::High,
                chain: vec![link.clone()],
            });
            if let Some(body) = self.closure_arg(call, what) {
                effect.runs_with.push((body, pool));
            }
            if row.waits.is_none() {
                effect.effects.add_waits(database_wait(link.clone()));
            }
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
    fn acquire(
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
        let family = match resource::family_of(&ty) {
            (None, _) => resource::family_of(&from_ty),
            known => known,
        };
        let class = resource::class_of(kind, is_shared(&ty));
        let pool = PoolId { prov: self.prov(call.args.get(from)), ty: from_ty, family, class };
        let link = self.link(call);
        effect.effects.add_acquires(Acquires {
            pool: pool.clone(),
            patience,
            confidence: Confidence::High,
            chain: vec![link.clone()],
        });
        if row.is_async && row.waits.is_none() && patience != Some(Patience::Never) {
            let (kind, confidence) = match class {
                PoolClass::Slots => ("pool", Confidence::Medium),
                PoolClass::Permits => ("permit", Confidence::Medium),
                PoolClass::Lock { .. } => ("lock", Confidence::Medium),
            };
            effect.effects.add_waits(Waits { kind: Symbol::new(kind), confidence, chain: vec![link.clone()] });
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
        };
        if let Some(res) = self.new_resource(id, call, spec) {
            effect.gifts.push(Gift::New { res, path, child_of: None });
        }
    }

    fn begin(&mut self, id: CallId, call: &ir::Call, row: &FnRow, awaited: &Ty, on: usize, effect: &mut CallEffect) {
        let on_ty = call.args.get(on).map(|a| self.operand_ty(a)).unwrap_or_default();
        let kind = self.program.kind(&on_ty);
        let maybe_pool = kind.is_none() && self.program.may_be(&on_ty).contains(&Kind::Pool);
        let held = self.resource_in(awaited, &[Kind::Tx, Kind::Guard, Kind::Conn]);
        let (res_kind, ty, path) = match held {
            Some(h) => (h.kind, h.ty, h.path),
            None => (Kind::Tx, Ty::Unknown, Vec::new()),
        };
        let family = match resource::family_of(&ty) {
            (None, _) => resource::family_of(&on_ty),
            known => known,
        };
        let owned_pool = self.pool_of(call, on);
        let from_pool = owned_pool.is_some();
        let link = self.link(call);
        if let Some(arg) = call.args.get(on) {
            self.maybe_executes(arg, &on_ty, std::slice::from_ref(&link), false, effect);
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
                chain: vec![link.clone()],
            });
            if row.is_async && row.waits.is_none() {
                effect.effects.add_waits(Waits {
                    kind: Symbol::new("pool"),
                    confidence: Confidence::Medium,
                    chain: vec![link.clone()],
                });
            }
        } else if row.is_async && row.waits.is_none() {
            effect.effects.add_waits(database_wait(link.clone()));
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
        };
        if let Some(res) = self.new_resource(id, call, spec) {
            let child_of = (!from_pool).then_some(on);
            effect.gifts.push(Gift::New { res, path, child_of });
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn uses(
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
            .or_else(|| call.args.first().filter(|_| conn != 0))
            .and_then(|op| sql::literal(self.program, self.idx, &self.definitions, op));
        let nature = text.as_deref().map(sql::nature);
        let writes = writes.or(nature.map(|n| n.writes)).unwrap_or(true);
        let locks = nature.and_then(|n| n.locks);
        if let Some(act) = effect.acts.get_mut(conn) {
            *act = Act::Talks { writes, locks };
        }
        if row.is_async && row.waits.is_none() {
            effect.effects.add_waits(database_wait(link.clone()));
        }
        let stream = self.resource_in(awaited, &[Kind::Stream]);
        if let Some(arg) = call.args.get(conn) {
            self.maybe_executes(arg, &conn_ty, std::slice::from_ref(&link), writes, effect);
        }
        if let Some(pool) = self.pool_of(call, conn) {
            effect.effects.add_acquires(Acquires {
                pool: pool.clone(),
                patience: None,
                confidence: Confidence::High,
                chain: vec![link.clone()],
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
                };
                if let Some(res) = self.new_resource(id, call, spec) {
                    effect.gifts.push(Gift::New { res, path: held.path, child_of: None });
                }
            }
            effect.carries = false;
        } else if stream.is_some() {
            effect.carries = true;
        } else if row.is_async || row.out.is_some() {
            effect.carries = false;
        }
    }

    fn local_call(&mut self, id: CallId, call: &ir::Call, fns: &[FnIdx], union: bool, result: &Ty) -> CallEffect {
        let first = &self.program.fns[fns[0]];
        let returns_future = matches!(result, Ty::Future(_));
        let when = if first.is_async || returns_future { When::Awaited } else { When::Now };
        let mut effect = self.blank(call, when);
        effect.fns = fns.to_vec();
        effect.carries = false;
        let link = Link { span: call.span, callee: first.path.clone() };
        let cap = if union && fns.len() > 1 { Confidence::Medium } else { Confidence::High };
        let is_method = matches!(call.callee, Callee::Method { .. });
        if is_method && !effect.by_value.is_empty() {
            effect.by_value[0] = self.program.fn_ir(fns[0]).self_kind == Some(SelfKind::Value);
        }
        let mut acts: Vec<Vec<(Vec<Symbol>, Outcomes)>> = vec![Vec::new(); call.args.len()];
        let mut talks: Vec<Option<bool>> = vec![None; call.args.len()];
        let mut seen_body = false;
        let mut unseen = false;
        for &f in fns {
            let info = &self.program.fns[f];
            let Some(body) = info.body else {
                unseen = true;
                continue;
            };
            seen_body = true;
            let Some(summary) = self.summaries.get(body) else { continue };
            let summary = summary.clone();
            let inner = self.substitute_effects(call, &summary.effects).called_at(&link);
            let later = self.substitute_effects(call, &summary.later).called_at(&link);
            if returns_future && !info.is_async {
                effect.eager.merge(&inner, cap);
                effect.effects.merge(&later, cap);
            } else {
                effect.effects.merge(&inner, cap);
            }
            for p in &summary.params {
                if let Some(list) = acts.get_mut(p.index) {
                    match list.iter_mut().find(|(path, _)| *path == p.path) {
                        Some((_, outcomes)) => *outcomes = outcomes.or(p.outcomes),
                        None => list.push((p.path.clone(), p.outcomes)),
                    }
                }
            }
            self.closure_parameters(call, &summary, &mut effect, cap);
            for inner in &summary.executes {
                self.executes(call, inner, &link, &mut effect);
                if let Some(slot) = talks.get_mut(inner.param) {
                    *slot = Some(slot.unwrap_or(false) | inner.writes);
                }
            }
            for returned in &summary.returns {
                self.gift(id, call, returned, &link, &mut effect);
            }
        }
        if seen_body {
            let act = |(list, talks): (Vec<_>, Option<bool>)| match talks {
                Some(writes) if list.is_empty() => Act::Talks { writes, locks: None },
                Some(_) | None => Act::Summary(list),
            };
            effect.acts = acts.into_iter().zip(talks).map(act).collect();
        } else if effect.when == When::Awaited && unseen {
            // A trait's method without an implementation in the workspace: what it waits for is anybody's guess.
            effect.effects.add_waits(Waits {
                kind: Symbol::new("unseen"),
                confidence: Confidence::Medium,
                chain: vec![link.clone()],
            });
        }
        if effect.gifts.is_empty() && (!seen_body || self.is_itself_resource(result) || self.hands_through(call, fns)) {
            self.gift_by_type(id, call, result, &link, &mut effect);
        }
        effect
    }

    /// Whether a function takes an argument whose type it does not know: a type parameter, or something made of one.
    fn hands_through(&self, call: &ir::Call, fns: &[FnIdx]) -> bool {
        let params = &self.program.fns[fns[0]].params;
        params.iter().zip(&call.args).any(|(param, arg)| {
            self.program.held(param).is_empty()
                && self.program.held(&self.operand_ty(arg)).iter().any(|h| is_resource(h.kind))
        })
    }

    /// Whether a result is, once `Result` is off, a connection itself rather than something that may hold one.
    fn is_itself_resource(&self, result: &Ty) -> bool {
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
    fn gift_by_type(&mut self, id: CallId, call: &ir::Call, result: &Ty, link: &Link, effect: &mut CallEffect) {
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
                        owned: effect.by_value[index],
                    });
                }
            }
            return;
        }
        let mut pool = self.unknown_pool(&held);
        pool.prov =
            self.owner_pool(call, &pool).unwrap_or(Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false });
        effect.effects.add_acquires(Acquires {
            pool: pool.clone(),
            patience: None,
            confidence: Confidence::Medium,
            chain: vec![link.clone()],
        });
        let spec = NewResource {
            path: held.path.clone(),
            kind: held.kind,
            ty: held.ty,
            pool,
            confidence: Confidence::Medium,
            chain: vec![link.clone()],
            protects: false,
        };
        if let Some(res) = self.new_resource(id, call, spec) {
            effect.gifts.push(Gift::New { res, path: held.path, child_of: None });
        }
    }

    /// The one pool that lies in the arguments of a call, if there is exactly one.
    fn owner_pool(&self, call: &ir::Call, wanted: &PoolId) -> Option<Prov> {
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
    fn closure_parameters(&self, call: &ir::Call, summary: &Summary, effect: &mut CallEffect, cap: Confidence) {
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
    fn executes(&self, call: &ir::Call, inner: &Executes, link: &Link, effect: &mut CallEffect) {
        let Some(arg) = call.args.get(inner.param) else { return };
        let ty = self.operand_ty(arg);
        let mut full = vec![link.clone()];
        full.extend(inner.chain.iter().cloned());
        full.truncate(super::summary::MAX_CHAIN);
        self.maybe_executes(arg, &ty, &full, inner.writes, effect);
        if self.program.kind(&ty) == Some(Kind::Pool) {
            let pool =
                PoolId { prov: self.prov(Some(arg)), family: resource::family_of(&ty), ty, class: PoolClass::Slots };
            effect.effects.add_acquires(Acquires { pool, patience: None, confidence: Confidence::High, chain: full });
        }
    }

    /// Notes that a parameter of this body which may be a pool is used as an executor.
    fn maybe_executes(&self, arg: &Operand, ty: &Ty, chain: &[Link], writes: bool, effect: &mut CallEffect) {
        if self.program.kind(ty).is_some() || !self.program.may_be(ty).contains(&Kind::Pool) {
            return;
        }
        let prov = self.prov(Some(arg));
        if let ProvRoot::Param(n) = prov.root
            && prov.path.is_empty()
        {
            effect.executes.push(Executes { param: n, writes, chain: chain.to_vec() });
        }
    }

    fn gift(&mut self, id: CallId, call: &ir::Call, returned: &Returned, link: &Link, effect: &mut CallEffect) {
        match &returned.from {
            ReturnedFrom::Param { index, path } => effect.gifts.push(Gift::Arg {
                index: *index,
                from: path.clone(),
                path: returned.path.clone(),
                owned: returned.owned,
            }),
            ReturnedFrom::New { kind, ty, pool, confidence, chain, protects_connection, child_of } => {
                if effect.gifts.iter().any(|g| matches!(g, Gift::New { path, .. } if *path == returned.path)) {
                    return;
                }
                let pool = self.substitute_pool(call, pool);
                let mut full = vec![link.clone()];
                full.extend(chain.iter().cloned());
                full.truncate(super::summary::MAX_CHAIN);
                let spec = NewResource {
                    path: returned.path.clone(),
                    kind: *kind,
                    ty: ty.clone(),
                    pool,
                    confidence: *confidence,
                    chain: full,
                    protects: *protects_connection,
                };
                if let Some(res) = self.new_resource(id, call, spec) {
                    effect.gifts.push(Gift::New { res, path: returned.path.clone(), child_of: *child_of });
                }
            }
        }
    }

    fn substitute_effects(&self, call: &ir::Call, effects: &Effects) -> Effects {
        Effects {
            acquires: effects
                .acquires
                .iter()
                .map(|a| Acquires { pool: self.substitute_pool(call, &a.pool), ..a.clone() })
                .collect(),
            waits: effects.waits.clone(),
            blocks: effects.blocks.clone(),
        }
    }

    /// A callee's pool in terms of this body: parameters become arguments.
    fn substitute_pool(&self, call: &ir::Call, pool: &PoolId) -> PoolId {
        let prov = match &pool.prov.root {
            ProvRoot::Param(n) => {
                let mut prov = self.prov(call.args.get(*n));
                prov.path.extend(pool.prov.path.iter().copied());
                prov.element |= pool.prov.element;
                prov
            }
            ProvRoot::Static(_) | ProvRoot::Call(..) | ProvRoot::Unknown => pool.prov.clone(),
            ProvRoot::ClosureParam(..) | ProvRoot::Local(..) => {
                Prov { root: ProvRoot::Unknown, path: Vec::new(), element: false }
            }
        };
        PoolId { prov, ..pool.clone() }
    }
}

struct NewResource {
    path: Vec<Symbol>,
    kind: Kind,
    ty: Ty,
    pool: PoolId,
    confidence: Confidence,
    chain: Vec<Link>,
    protects: bool,
}

/// Read guards are told by their type: every library that has them calls them so.
fn is_shared(guard: &Ty) -> bool {
    match guard.peel_refs() {
        Ty::Adt(path, _) => path.as_str().rsplit("::").next().is_some_and(|n| n.contains("Read")),
        Ty::Unknown
        | Ty::Ref(..)
        | Ty::Tuple(_)
        | Ty::Slice(_)
        | Ty::Param(..)
        | Ty::Dyn(_)
        | Ty::Future(_)
        | Ty::Fn(..)
        | Ty::Never => false,
    }
}

fn database_wait(link: Link) -> Waits {
    Waits { kind: Symbol::new("database"), confidence: Confidence::Medium, chain: vec![link] }
}

/// What a call is called in words.
pub fn callee_word(call: &ir::Call) -> String {
    match &call.callee {
        Callee::Path(path) | Callee::Qualified { path, .. } => {
            let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
            names[names.len().saturating_sub(2)..].join("::")
        }
        Callee::Method { name, .. } => name.to_string(),
        Callee::Value(_) => "the closure".to_owned(),
        Callee::Macro { path, .. } => format!("{}!", path.last()),
    }
}
