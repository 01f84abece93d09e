//! What a body does, as its callers need to know it.
//!
//! **Invariant:** a summary speaks of parameters, statics and the result only; provenance in it starts at a parameter of
//! the function (or of the function around, for closures and async blocks) or at a static. It is bounded: at most
//! [`MAX_EFFECTS`] acquisitions, waits and blocks are kept, the surest and shortest first.

use super::outcomes::{Outcomes, Wrote};
use super::owed::Net;
use super::resource::{Link, PoolId};
use super::sql::Session;
use crate::base::{Confidence, Span, Symbol};
use crate::pack::{Kind, Patience};
use crate::resolve::Ty;
use std::cmp::Reverse;

/// Bound on each list of a summary.
pub const MAX_EFFECTS: usize = 12;
/// Longest call chain that is followed.
pub const MAX_CHAIN: usize = 12;

/// Something is taken from a pool, lock or semaphore.
#[derive(Clone, Debug, PartialEq)]
pub struct Acquires {
    /// From where.
    pub pool: PoolId,
    /// How long it waits, if known.
    pub patience: Option<Patience>,
    /// How sure.
    pub confidence: Confidence,
    /// From the call at hand to the leaf: each call on the way. The last is the acquisition itself.
    pub chain: Vec<Link>,
}

/// Something is waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct Waits {
    /// The kind: `http`, `sleep`, …
    pub kind: Symbol,
    /// How sure.
    pub confidence: Confidence,
    /// As in [`Acquires::chain`]; the last is what waits.
    pub chain: Vec<Link>,
}

/// The thread is blocked.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    /// The kind: `database`, `cpu`, `sleep`, …
    pub kind: Symbol,
    /// It panics inside an async runtime.
    pub panics: bool,
    /// How sure.
    pub confidence: Confidence,
    /// As in [`Acquires::chain`]; the last is what blocks.
    pub chain: Vec<Link>,
}

/// What running some code does besides what it does to its arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Takes.
    pub acquires: Vec<Acquires>,
    /// Waits.
    pub waits: Vec<Waits>,
    /// Blocks.
    pub blocks: Vec<Blocks>,
}

impl Effects {
    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        self.acquires.is_empty() && self.waits.is_empty() && self.blocks.is_empty()
    }
    /// Adds one, keeping for each pool the surest and shortest.
    pub fn add_acquires(&mut self, new: Acquires) {
        let same = |a: &Acquires| a.pool == new.pool;
        let better = |a: &Acquires| (a.confidence, std::cmp::Reverse(a.chain.len()));
        let room = self.acquires.len() < MAX_EFFECTS;
        match self.acquires.iter_mut().find(|a| same(a)) {
            Some(old) if better(&new) > better(old) => *old = new,
            Some(_) => {}
            None if room => self.acquires.push(new),
            None => {}
        }
    }
    /// Adds one, keeping for each kind the surest and shortest.
    pub fn add_waits(&mut self, new: Waits) {
        let better = |a: &Waits| (a.confidence, std::cmp::Reverse(a.chain.len()));
        let room = self.waits.len() < MAX_EFFECTS;
        match self.waits.iter_mut().find(|a| a.kind == new.kind) {
            Some(old) if better(&new) > better(old) => *old = new,
            Some(_) => {}
            None if room => self.waits.push(new),
            None => {}
        }
    }
    /// Adds one, keeping for each kind the surest and shortest.
    pub fn add_blocks(&mut self, new: Blocks) {
        let better = |a: &Blocks| (a.confidence, std::cmp::Reverse(a.chain.len()));
        let room = self.blocks.len() < MAX_EFFECTS;
        match self.blocks.iter_mut().find(|a| a.kind == new.kind) {
            Some(old) if better(&new) > better(old) => *old = new,
            Some(_) => {}
            None if room => self.blocks.push(new),
            None => {}
        }
    }
    /// Whether one of that kind and sureness with a chain of that length would be kept.
    fn wants_waits(&self, kind: Symbol, confidence: Confidence, length: usize) -> bool {
        match self.waits.iter().find(|w| w.kind == kind) {
            Some(old) => (confidence, Reverse(length)) > (old.confidence, Reverse(old.chain.len())),
            None => self.waits.len() < MAX_EFFECTS,
        }
    }
    /// As [`wants_waits`](Effects::wants_waits).
    fn wants_blocks(&self, kind: Symbol, confidence: Confidence, length: usize) -> bool {
        match self.blocks.iter().find(|b| b.kind == kind) {
            Some(old) => (confidence, Reverse(length)) > (old.confidence, Reverse(old.chain.len())),
            None => self.blocks.len() < MAX_EFFECTS,
        }
    }
    /// As [`wants_waits`](Effects::wants_waits).
    fn wants_acquires(&self, pool: &PoolId, confidence: Confidence, length: usize) -> bool {
        match self.acquires.iter().find(|a| a.pool == *pool) {
            Some(old) => (confidence, Reverse(length)) > (old.confidence, Reverse(old.chain.len())),
            None => self.acquires.len() < MAX_EFFECTS,
        }
    }
    /// Adds all of `other`, each at most as sure as `cap`.
    pub fn merge(&mut self, other: &Effects, cap: Confidence) {
        for a in &other.acquires {
            let confidence = a.confidence.min(cap);
            if self.wants_acquires(&a.pool, confidence, a.chain.len()) {
                self.add_acquires(Acquires { confidence, ..a.clone() });
            }
        }
        for w in &other.waits {
            let confidence = w.confidence.min(cap);
            if self.wants_waits(w.kind, confidence, w.chain.len()) {
                self.add_waits(Waits { confidence, ..w.clone() });
            }
        }
        for b in &other.blocks {
            let confidence = b.confidence.min(cap);
            if self.wants_blocks(b.kind, confidence, b.chain.len()) {
                self.add_blocks(Blocks { confidence, ..b.clone() });
            }
        }
    }
    /// Adds `other` as it is seen from a call at `link`, each effect at most as sure as `cap`: each chain gets one more link in
    /// front, and `pool` says what the callee's pools are called here. Chains that grow beyond [`MAX_CHAIN`] are dropped.
    pub fn add_called(&mut self, other: &Effects, link: Link, cap: Confidence, pool: impl Fn(&PoolId) -> PoolId) {
        let longer = |chain: &[Link]| std::iter::once(link).chain(chain.iter().copied()).collect::<Vec<Link>>();
        for a in other.acquires.iter().filter(|a| a.chain.len() < MAX_CHAIN) {
            let (pool, confidence) = (pool(&a.pool), a.confidence.min(cap));
            if self.wants_acquires(&pool, confidence, a.chain.len() + 1) {
                self.add_acquires(Acquires { pool, patience: a.patience, confidence, chain: longer(&a.chain) });
            }
        }
        for w in other.waits.iter().filter(|w| w.chain.len() < MAX_CHAIN) {
            let confidence = w.confidence.min(cap);
            if self.wants_waits(w.kind, confidence, w.chain.len() + 1) {
                self.add_waits(Waits { kind: w.kind, confidence, chain: longer(&w.chain) });
            }
        }
        for b in other.blocks.iter().filter(|b| b.chain.len() < MAX_CHAIN) {
            let confidence = b.confidence.min(cap);
            if self.wants_blocks(b.kind, confidence, b.chain.len() + 1) {
                self.add_blocks(Blocks { kind: b.kind, panics: b.panics, confidence, chain: longer(&b.chain) });
            }
        }
    }
}

/// Adds uses as executors: one per parameter, which writes if any does.
pub fn merge_executes(into: &mut Vec<Executes>, more: &[Executes]) {
    for new in more {
        match into.iter_mut().find(|e| e.param == new.param) {
            Some(old) => {
                old.writes = old.writes.max(new.writes);
                if old.session.is_none() {
                    old.session.clone_from(&new.session);
                }
            }
            None => into.push(new.clone()),
        }
    }
}

/// A resource that the result holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Returned {
    /// Fields from the result to it.
    pub path: Vec<Symbol>,
    /// Where it comes from.
    pub from: ReturnedFrom,
    /// Whether the result owns it.
    pub owned: bool,
}

/// Where a returned resource comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ReturnedFrom {
    /// Acquired inside.
    New {
        /// What it is.
        kind: Kind,
        /// Its type.
        ty: Ty,
        /// From where.
        pool: PoolId,
        /// How sure.
        confidence: Confidence,
        /// The way to the leaf.
        chain: Vec<Link>,
        /// Whether what a lock guard protects is a connection.
        protects_connection: bool,
        /// The parameter on whose resource it was begun: it is that one's child.
        child_of: Option<usize>,
        /// Its session holds a lock.
        locked: bool,
        /// What was written over it at most.
        wrote: Wrote,
        /// It is a transaction that only reads.
        read_only: bool,
        /// It is a connection of its own, from no pool.
        opened: bool,
        /// Some success exit is left without it.
        maybe: bool,
        /// Whether it talks over its parent without borrowing it.
        outlives: bool,
    },
    /// The resource of a parameter, by its path there.
    Param {
        /// Which parameter.
        index: usize,
        /// Fields from the parameter to it.
        path: Vec<Symbol>,
    },
}

/// What becomes of a resource that a parameter brings in.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamResource {
    /// Which parameter (captured variables follow the parameters).
    pub index: usize,
    /// Fields from the parameter to it.
    pub path: Vec<Symbol>,
    /// Its outcomes over all exits.
    pub outcomes: Outcomes,
    /// Its outcomes over the exits that answer with something (`true`, `Some`), and over those that answer with nothing
    /// (`false`, `None`), where these differ.
    pub told: Option<(Outcomes, Outcomes)>,
}

/// What a body does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// When it is called (or, for async bodies, when its future is awaited).
    pub effects: Effects,
    /// When the future in its result is awaited, for a plain function that returns one.
    pub later: Effects,
    /// What the result holds.
    pub returns: Vec<Returned>,
    /// What becomes of what parameters bring in.
    pub params: Vec<ParamResource>,
    /// Parameters that are closures and are called inside, with the pool of a connection that is held meanwhile.
    pub invokes: Vec<(usize, Option<(PoolId, Span)>)>,
    /// Parameters (generic or maybe-connections) that are used as executors: an argument that is a pool is acquired from.
    pub executes: Vec<Executes>,
    /// Parameters (captured variables follow them) over whose connection a session lock is given back.
    pub unlocks: Vec<usize>,
    /// No way through it ends with success.
    pub fails: bool,
    /// The parameter whose text decides whether it writes, if nothing else in it may.
    pub text: Option<usize>,
    /// Parameters over whose connection a session lock is tried, with the answer in the result: what it is when it was taken.
    pub tries: Vec<(usize, bool)>,
    /// Parameters that are futures and are run to their end by a plain function.
    pub drives: Vec<usize>,
    /// Parameters that are futures and run in tasks of their own.
    pub starts: Vec<usize>,
    /// What it leaves moved, on every successful exit, of what is kept account of by hand.
    pub nets: Vec<Net>,
}

/// A maybe-connection that is used as an executor.
#[derive(Clone, Debug, PartialEq)]
pub struct Executes {
    /// Which parameter.
    pub param: usize,
    /// Whether something is written over it.
    pub writes: Wrote,
    /// Session state that is made or needed there, with the way to the statement.
    pub session: Option<(Session, Vec<Link>)>,
    /// The way to the use.
    pub chain: Vec<Link>,
}
