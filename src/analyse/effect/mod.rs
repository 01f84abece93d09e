//! What each call of a body does, decided before dataflow runs: from a pack's row, from summaries of workspace functions,
//! from its being a constructor, or from nothing at all.
//!
//! **Invariant:** an unknown callee borrows what it gets by reference and ends tracking of what it gets by value.
//! Provenance in the result is in terms of the body at hand.

mod pack;
mod later;
mod inputs;
mod local;

pub use local::{driven, pool_at_call, started};

use super::outcomes::{Life, Outcomes, Wrote};
use super::owed::{self, Accounts};
use super::resource::{self, Link, Origin, PoolClass, PoolId, ResId, Resource};
use super::summary::{Acquires, Blocks, Effects, Executes, ParamResource, Returned, ReturnedFrom, Summary, Waits};
use super::{Summaries, sql};
use crate::base::{Confidence, Idx, IndexVec, Symbol};
use crate::ir::{self, Body, BodyId, CallId, Callee, Operand, Place, SelfKind};
use crate::pack::{Effect, FnRow, Kind, Patience};
use crate::resolve::{BodyIdx, FnIdx, Held, Program, Prov, ProvRoot, Target, Ty};
use std::cell::OnceCell;
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
        /// Whether it writes.
        writes: Wrote,
        /// Takes (`true`) or gives back (`false`) a session lock.
        locks: Option<bool>,
        /// The lock is only tried: the answer tells.
        tries: bool,
    },
    /// A workspace function: outcomes of the parameter's resources, by path.
    Summary(Vec<(Vec<Symbol>, Fate)>),
    /// They move into the result.
    Pass,
    /// They are kept in argument n.
    StoreIn(usize),
    /// The place is emptied and its content is the result.
    Take,
}

/// What becomes of a parameter's resource in the callee.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fate {
    /// On all its success exits.
    pub outcomes: Outcomes,
    /// On those that answer with something (`true`, `Some`), and on those that answer with nothing, where they differ.
    pub told: Option<(Outcomes, Outcomes)>,
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

/// A yes or no per argument. From the last that has its own on, arguments share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(u64);

impl Flags {
    /// Yes for each.
    pub const ALL: Flags = Flags(u64::MAX);
    /// No for each.
    pub const NONE: Flags = Flags(0);

    /// That of an argument.
    pub fn of(self, arg: usize) -> bool {
        self.0 & (1 << arg.min(63)) != 0
    }
    /// The same with another answer for one argument.
    #[must_use]
    pub fn with(self, arg: usize, yes: bool) -> Flags {
        let bit = 1 << arg.min(63);
        Flags(if yes { self.0 | bit } else { self.0 & !bit })
    }
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
    pub by_value: Flags,
    /// Per argument: whether the callee's parameter is a value of its own, not a reference. What such a value only refers to
    /// outlives it.
    pub own_params: Flags,
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
    /// Arguments that the callee lets run in tasks of their own.
    pub starts: Vec<usize>,
    /// What is waited for by who waits for the blocking work that it starts.
    pub joins: Option<Effects>,
    /// Drives many futures in this argument at once: with the width, if the row has an argument for it.
    pub fan_out: Option<(usize, Option<Width>)>,
    /// Blocks until the future in this argument is ready.
    pub block_on: Option<usize>,
    /// Session state that is made or needed over a pool here.
    pub session: Option<Box<SessionUse>>,
    /// Arguments over whose connection a session lock is given back.
    pub unlocks: Vec<usize>,
    /// Arguments over whose connection a session lock is tried, with the answer in the result.
    pub tries: Vec<(usize, bool)>,
    /// The connection in argument 0 is closed, now or when it is dropped.
    pub ends_session: bool,
    /// What its text sets up in the session of the connection in this argument, or takes back: a transaction, a setting.
    pub halves: Option<(usize, Vec<sql::Half>)>,
    /// It sends text that could not be read: a lock may be given back by it.
    pub unread: bool,
    /// The closure that runs once per item of argument 0: its effects begin inside it, and do not talk over what gives the
    /// items.
    pub each: Option<usize>,
    /// Workspace functions that it calls.
    pub fns: Vec<FnIdx>,
    /// The slot of a detached connection is lost.
    pub loses_slot: bool,
    /// The future that the call gives does not borrow what it talks over.
    pub outlives: bool,
    /// The argument whose session is used for itself: it listens, or holds a lock.
    pub dedicated: Option<usize>,
    /// Parameters of the body at hand that are maybe-connections and are used as executors here.
    pub executes: Vec<Executes>,
    /// A closure in this argument runs while a connection of this pool is held.
    pub runs_with: Vec<(BodyIdx, PoolId)>,
    /// A closure of the call runs over the connection in this argument.
    pub runs_over: Vec<(BodyIdx, usize)>,
    /// `Some(true)`: makes an `Ok`/`Some`; `Some(false)`: an `Err`.
    pub variant: Option<bool>,
    /// Tells whether argument 0 is good (`Some(true)` for `is_ok`).
    pub tests: Option<bool>,
    /// The transaction in this argument only reads from here on.
    pub read_only: Option<usize>,
    /// A workspace function that ends with an error on every way that was seen. Some builds may have another: it tells what
    /// its result is worth to who returns it, not that nothing follows.
    pub fails: bool,
    /// The parameter of the body at hand whose text decides whether the call writes.
    pub text: Option<usize>,
    /// Per argument: whether a callee that was not seen to hold what it is lent may write over it.
    pub may_write: Flags,
    /// Whether the result may refer to what the callee was not seen to hold.
    pub lends_result: bool,
    /// Word for messages.
    pub what: Symbol,
    /// The call.
    pub span: crate::base::Span,
}

/// Session state that is made or needed through a pool.
#[derive(Clone, Debug)]
pub struct SessionUse {
    /// What.
    pub session: sql::Session,
    /// The pool.
    pub pool: PoolId,
    /// From the call at hand to the statement.
    pub chain: Vec<Link>,
}

/// A body, its calls' effects and its resources.
pub struct Prepared {
    /// Per call.
    pub calls: IndexVec<CallId, CallEffect>,
    /// Per async block of the body: what awaiting it gives.
    pub blocks: BTreeMap<BodyId, Vec<Gift>>,
    /// All resources, by id.
    pub resources: IndexVec<ResId, Resource>,
    /// What the body keeps account of by hand.
    pub accounts: Accounts,
    /// The parameter whose text decides whether the body writes, if nothing else in it may.
    pub text: Option<usize>,
}

/// Decides the effects of all calls of `body` and numbers its resources.
pub fn prepare(program: &Program, idx: BodyIdx, summaries: &Summaries) -> Prepared {
    let body = program.body(idx);
    let definitions = OnceCell::new();
    let awaited = awaited_calls(body);
    let mut cx = Cx { program, idx, body, summaries, definitions, awaited, resources: IndexVec::new() };
    cx.parameters();
    let calls: IndexVec<CallId, CallEffect> = body.calls.indices().map(|call| cx.call(call)).collect();
    let blocks = cx.blocks();
    let text = cx.deciding_text(&calls);
    let accounts = owed::accounts(program, idx, &calls, summaries);
    Prepared { calls, blocks, resources: cx.resources, text, accounts }
}

struct Cx<'a> {
    program: &'a Program,
    idx: BodyIdx,
    body: &'a Body,
    summaries: &'a Summaries,
    /// Made when a text is looked for.
    definitions: OnceCell<sql::Definitions<'a>>,
    /// Whether each call's result is awaited as it is.
    awaited: IndexVec<CallId, bool>,
    resources: IndexVec<ResId, Resource>,
}

/// Whether each call's result is awaited as it is: `f().await`.
fn awaited_calls(body: &Body) -> IndexVec<CallId, bool> {
    let mut calls: IndexVec<ir::LocalId, Option<CallId>> = IndexVec::from_elem(None, body.locals.len());
    let mut awaited = IndexVec::from_elem(false, body.calls.len());
    for stmt in body.blocks.iter().flat_map(|b| &b.stmts) {
        let ir::StmtKind::Assign { to, value } = &stmt.kind else { continue };
        match value {
            ir::Rvalue::Call(id) => {
                if let Some(local) = to.as_local() {
                    calls[local] = Some(*id);
                }
            }
            ir::Rvalue::Await(Operand::Place(place)) => {
                if let Some(id) = place.as_local().and_then(|l| calls[l]) {
                    awaited[id] = true;
                }
            }
            ir::Rvalue::Await(_)
            | ir::Rvalue::Use(_)
            | ir::Rvalue::Ref { .. }
            | ir::Rvalue::AwaitMany { .. }
            | ir::Rvalue::Aggregate { .. }
            | ir::Rvalue::Cast(..)
            | ir::Rvalue::Plain(_)
            | ir::Rvalue::Step { .. }
            | ir::Rvalue::Unknown(_) => {}
        }
    }
    awaited
}

/// Kinds that must be given back.
pub fn is_resource(kind: Kind) -> bool {
    matches!(kind, Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Permit | Kind::LockGuard)
}

impl<'a> Cx<'a> {
    /// The text that an operand holds or was built from.
    fn text(&self, operand: &Operand) -> Option<sql::Text> {
        let definitions = self.definitions.get_or_init(|| sql::Definitions::of(self.body));
        sql::text(self.program, self.idx, definitions, operand)
    }

    /// See [`Prepared::text`].
    fn deciding_text(&self, calls: &IndexVec<CallId, CallEffect>) -> Option<usize> {
        let mut decides = None;
        for (id, effect) in calls.iter_enumerated() {
            let args = &self.body.calls[id].args;
            if !effect.acts.iter().zip(args).any(|(act, arg)| self.may_write(act, arg)) {
                continue;
            }
            match (effect.text, decides) {
                (Some(new), None) => decides = Some(new),
                (Some(new), Some(old)) if new == old => {}
                (Some(_), Some(_)) | (None, _) => return None,
            }
        }
        let inner = self.program.inner_bodies(self.idx).iter().filter_map(|&b| self.summaries.get(b));
        let writes = |s: &Arc<Summary>| s.params.iter().any(|p| p.outcomes.iter().any(|o| o.wrote != Wrote::No));
        decides.filter(|_| !inner.into_iter().any(writes))
    }

    fn may_write(&self, act: &Act, arg: &Operand) -> bool {
        match act {
            Act::Talks { writes, .. } => *writes != Wrote::No,
            Act::Summary(list) => list.iter().any(|(_, fate)| fate.outcomes.iter().any(|o| o.wrote != Wrote::No)),
            Act::Lend => self.program.held(&self.operand_ty(arg)).iter().any(|h| is_resource(h.kind)),
            Act::Borrow | Act::Ends(_) | Act::Pass | Act::StoreIn(_) | Act::Take => false,
        }
    }

    fn blank(&self, call: &ir::Call, when: When) -> CallEffect {
        CallEffect {
            when,
            effects: Effects::default(),
            eager: Effects::default(),
            acts: vec![Act::Borrow; call.args.len()],
            by_value: Flags::ALL.with(0, !matches!(call.callee, Callee::Method { .. })),
            own_params: Flags::NONE,
            gifts: Vec::new(),
            carries: true,
            fields: None,
            race: false,
            spawns: None,
            starts: Vec::new(),
            joins: None,
            fan_out: None,
            block_on: None,
            session: None,
            unlocks: Vec::new(),
            tries: Vec::new(),
            ends_session: false,
            halves: None,
            unread: false,
            each: None,
            fns: Vec::new(),
            loses_slot: false,
            outlives: false,
            dedicated: None,
            executes: Vec::new(),
            runs_with: Vec::new(),
            runs_over: Vec::new(),
            variant: None,
            tests: None,
            fails: false,
            read_only: None,
            text: None,
            may_write: Flags::ALL,
            lends_result: false,
            what: callee_word(call),
            span: call.span,
        }
    }

    fn call(&mut self, id: CallId) -> CallEffect {
        let call = &self.body.calls[id];
        let info = &self.program.bodies[self.idx];
        let target = info.targets.get(id).unwrap_or(&Target::Unknown("not inferred"));
        let result = info.results.get(id).unwrap_or(&Ty::Unknown);
        let mut effect = self.effect_of(id, call, target, result);
        for i in 0..call.args.len() {
            let inner = self.closure_arg(call, i).and_then(|body| self.summaries.get(body));
            if inner.is_some_and(|s| !s.unlocks.is_empty()) && !effect.unlocks.contains(&i) {
                effect.unlocks.push(i);
            }
        }
        effect
    }

    fn effect_of(&mut self, id: CallId, call: &ir::Call, target: &Target, result: &Ty) -> CallEffect {
        match target {
            Target::Pack(path) => match self.program.catalog.target_row(*path) {
                Some(row) if self.fits(call, row) => self.pack_call(id, call, row, result),
                Some(_) => {
                    // A method of that name on something else: it reads its arguments.
                    let mut effect = self.blank(call, When::Now);
                    self.closures_may_run(call, &mut effect, Confidence::Medium);
                    effect
                }
                None => self.unknown_call(call, result, None),
            },
            Target::Local { fns, union, .. } => self.local_call(id, call, fns, *union, result),
            Target::Closure(body) => self.closure_call(id, call, *body, result),
            Target::Constructor(path) => self.constructor(call, *path),
            Target::Extern { krate, .. } => self.unknown_call(call, result, Some(*krate)),
            Target::Unknown(_) => self.unknown_call(call, result, None),
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
        match krate.map(|k| self.program.catalog.crate_row(k)) {
            // What is no future waits for nothing.
            _ if when == When::Now => {}
            Some(Some(row)) => {
                if let Some(w) = &row.waits {
                    let chain = vec![self.link(call)];
                    effect.effects.add_waits(Waits { kind: w.kind, confidence: w.confidence, chain });
                }
            }
            Some(None) | None => effect.effects.add_waits(Waits {
                kind: Symbol::new("unknown"),
                confidence: Confidence::Low,
                chain: vec![self.link(call)],
            }),
        }
        self.closures_may_run(call, &mut effect, Confidence::Medium);
        if self.may_take_receiver(call) {
            effect.by_value = effect.by_value.with(0, true);
        }
        let first = usize::from(matches!(call.callee, Callee::Method { .. }));
        for act in effect.acts.iter_mut().skip(first).filter(|a| **a == Act::Borrow) {
            *act = Act::Lend;
        }
        if when == When::Now {
            effect.effects.waits.clear();
        }
        effect
    }

    /// Whether a method that nobody knows may take its receiver by value: a variable of unknown type that is not named again, or
    /// a temporary that no later code can name, when it is a transaction or something around one (`begin().await.mapped("…")?`). Were it taken for lent, its end would be a
    /// rollback that nobody saw.
    fn may_take_receiver(&self, call: &ir::Call) -> bool {
        let (Callee::Method { .. }, Some(Operand::Place(place))) = (&call.callee, call.args.first()) else {
            return false;
        };
        let Some(local) = place.as_local() else { return false };
        let ty = self.program.bodies[self.idx].locals.get(local).cloned().unwrap_or_default();
        if self.body.locals[local].kind != ir::LocalKind::Temp {
            // Of a value of unknown type even the last call on a variable may be its end: `t.commit()`.
            return matches!(ty, Ty::Unknown) && !later::mentions(self.body, call, local);
        }
        match &ty {
            Ty::Unknown => true,
            Ty::Adt(path, _) if matches!(path.as_str(), "std::result::Result" | "std::option::Option") => true,
            Ty::Adt(..) => self.program.held(&ty).iter().any(|h| h.kind == Kind::Tx && !h.by_ref),
            Ty::Ref(..)
            | Ty::Tuple(_)
            | Ty::Slice(_)
            | Ty::Param(..)
            | Ty::Dyn(_)
            | Ty::Future(_)
            | Ty::Fn(..)
            | Ty::Never => false,
        }
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
        let mut outcomes: Vec<(Vec<Symbol>, Fate)> = Vec::new();
        for p in summary.params.iter().filter(|p| p.index >= params) {
            outcomes.push((p.path.clone(), Fate { outcomes: p.outcomes, told: None }));
        }
        Act::Summary(outcomes)
    }

    fn closure_arg(&self, call: &ir::Call, index: usize) -> Option<BodyIdx> {
        let arg = call.args.get(index)?;
        let ty = match arg {
            Operand::Place(Place { local, proj }) if proj.is_empty() => &self.program.bodies[self.idx].locals[*local],
            Operand::Place(_) | Operand::Path(..) | Operand::Literal(_) => &self.operand_ty(arg),
        };
        match ty.peel_refs() {
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
            Some(Kind::Pool) => (resource::family_of(self.program, &ty), ty),
            Some(_) => return None,
            None => {
                let held = self.program.held(&ty);
                if held.iter().any(|h| is_resource(h.kind)) {
                    return None;
                }
                let mut pools = held.iter().filter(|h| h.kind == Kind::Pool);
                let (first, None) = (pools.next()?, pools.next()) else { return None };
                prov.path.extend(first.path.iter().copied());
                (resource::family_of(self.program, &first.ty), first.ty.clone())
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
                    // An error that nobody names holds no connection.
                    Kind::Plain if path.as_str() == "std::result::Result" => {
                        let error = args.get(1).filter(|e| e.is_known());
                        args.first().into_iter().chain(error).any(|a| may_refer(program, a))
                    }
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
            locked: false,
            acquired_by_us: true,
            wrote: Wrote::No,
            read_only: false,
            opened: false,
            maybe: false,
            outlives: spec.outlives,
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
}

struct NewResource {
    path: Vec<Symbol>,
    kind: Kind,
    ty: Ty,
    pool: PoolId,
    confidence: Confidence,
    chain: Vec<Link>,
    protects: bool,
    outlives: bool,
}

/// Read guards are told by their type: every library that has them calls them so.
fn is_shared(guard: &Ty) -> bool {
    let name = guard.peel_refs().head().and_then(|path| path.as_str().rsplit("::").next());
    name.is_some_and(|name| name.contains("Read"))
}

fn database_wait(link: Link) -> Waits {
    Waits { kind: Symbol::new("database"), confidence: Confidence::Medium, chain: vec![link] }
}

/// What a call is called in words.
pub fn callee_word(call: &ir::Call) -> Symbol {
    match &call.callee {
        Callee::Path(path) | Callee::Qualified { path, .. } => match path.segments.as_slice() {
            [.., of, last] => Symbol::new(&format!("{}::{}", of.name, last.name)),
            [last] => last.name,
            [] => Symbol::new(""),
        },
        Callee::Method { name, .. } => *name,
        Callee::Value(_) => Symbol::new("the closure"),
        Callee::Macro { path, .. } => Symbol::new(&format!("{}!", path.last())),
    }
}
