//! Events: what lints read. One pass over converged states makes them; they are complete without the states.

use super::outcomes::Outcomes;
use super::owed::{Account, Balance};
use super::resource::{Link, PoolId, ResId, Resource, Sameness};
use super::sql::Session;
use super::summary::{Acquires, Blocks, Waits};
use crate::base::{Confidence, IndexVec, Span, Symbol};
use crate::ir::{EdgeKind, LocalId, ReturnKind};
use crate::resolve::BodyIdx;

/// Everything that happens to the resources of one body.
#[derive(Debug, Default)]
pub struct BodyEvents {
    /// The body's resources.
    pub resources: IndexVec<ResId, Resource>,
    /// In order of blocks and statements.
    pub events: Vec<Event>,
    /// Per resource the names of the variables that hold it, in order of first sight.
    pub holders: IndexVec<ResId, Vec<LocalId>>,
    /// Per resource the variables that refer to it without owning it, in order of first sight.
    pub borrowers: IndexVec<ResId, Vec<LocalId>>,
    /// Per resource: where it is released, in order of sight.
    pub releases: IndexVec<ResId, Vec<(Span, Release)>>,
    /// Per resource: where it is used (lent to an awaited or blocking call).
    pub uses: IndexVec<ResId, Vec<Span>>,
    /// Per resource: whether a session of its own was opened over it (`LISTEN`, `COPY`, a session lock).
    pub sessions: IndexVec<ResId, bool>,
    /// Per resource: whether it is held at some await.
    pub spans_await: IndexVec<ResId, bool>,
    /// What the body keeps account of by hand.
    pub accounts: Vec<Account>,
    /// For a captured resource, and for the connection that a closure is lent: the body around and its resource.
    pub outer: IndexVec<ResId, Option<(BodyIdx, ResId)>>,
    /// Per resource what it was begun on.
    pub parents: IndexVec<ResId, Vec<ResId>>,
}

/// How a resource is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Its scope ends.
    Scope,
    /// As a temporary, at the end of its statement or construct.
    Temporary,
    /// By a call: `drop(x)`, `close`, a callee that takes it.
    Call,
    /// Committed.
    Commit,
    /// Rolled back.
    Rollback,
}

/// Something that happens while resources are held.
#[derive(Clone, Debug)]
pub enum Event {
    /// The body waits (`.await`) for something that does not use `res`.
    Wait {
        /// Held meanwhile.
        res: ResId,
        /// The awaited expression.
        span: Span,
        /// What it waits for.
        waits: Waits,
        /// What is called there, for words.
        what: String,
        /// The await is of something made from the resource's own guard (a scrutinee temporary).
        derived: bool,
        /// `res` is the guard of a lock, a temporary of the `match`, `if let`, `while let` or `for` around the await, and
        /// hands out something that could have been cloned or taken out first.
        scrutinee: bool,
        /// The session of `res` may hold a lock then: the connection is held for that.
        locked: bool,
    },
    /// A second resource of the same pool is taken while `res` is held.
    Nested {
        /// Held meanwhile.
        res: ResId,
        /// The expression that takes the second.
        span: Span,
        /// What it takes.
        acquires: Acquires,
        /// Whether the pool is the same.
        sameness: Sameness,
        /// What is called there, for words.
        what: String,
    },
    /// The thread is blocked while `res` is held.
    BlockedWhileHeld {
        /// Held meanwhile.
        res: ResId,
        /// The expression that blocks.
        span: Span,
        /// What blocks.
        blocks: Blocks,
    },
    /// The thread is blocked in async code.
    Blocked {
        /// The expression that blocks.
        span: Span,
        /// What blocks.
        blocks: Blocks,
        /// What is called there.
        what: String,
        /// The connection, or the guard of one, that is used there, if the body took it itself.
        over: Option<ResId>,
    },
    /// The body is left with success; `outcomes` tells what became of `res` on the paths to this exit.
    Exit {
        /// The resource.
        res: ResId,
        /// The returned expression, or the end of the body.
        span: Span,
        /// What became of it.
        outcomes: Outcomes,
        /// How sure it is that this exit is a success.
        success: Confidence,
        /// Whether a branch chose between its commit and its rollback when all was written.
        chosen: bool,
    },
    /// The body is left, with success or not, after `res` went back to its pool on a path to here although its session
    /// still holds a lock.
    LeftLocked {
        /// The resource.
        res: ResId,
        /// The returned expression, the `?`, or the end of the body.
        span: Span,
        /// What became of it.
        outcomes: Outcomes,
        /// How the body is left.
        kind: ReturnKind,
    },
    /// The body is left: what lies in a field of a parameter may have been taken out and dropped on a path to here.
    LeftTaken {
        /// The resource.
        res: ResId,
        /// The returned expression, the `?`, or the end of the body.
        span: Span,
        /// What became of it.
        outcomes: Outcomes,
        /// How the body is left.
        kind: ReturnKind,
    },
    /// The body awaits while the session of `res` holds a lock: if it is cancelled here, nothing gives the lock back.
    AwaitLocked {
        /// The resource.
        res: ResId,
        /// The await.
        span: Span,
    },
    /// A session lock is taken (`true`) or given back (`false`) over `res`.
    Locks {
        /// The resource.
        res: ResId,
        /// The call, or the await.
        span: Span,
        /// Which.
        takes: bool,
    },
    /// What lies in a place is taken out of it.
    TakenOut {
        /// The resource.
        res: ResId,
        /// The call.
        span: Span,
    },
    /// The body is left after it moved an account.
    LeftOpen(Box<Left>),
    /// The body awaits while an account is open: if it is cancelled here, nothing moves it back.
    AwaitOpen {
        /// Which account of the body.
        account: usize,
        /// The await.
        span: Span,
        /// What may have happened to it.
        balance: Balance,
    },
    /// Session state is made or needed through a pool, where the next statement may run on another connection.
    SessionOnPool {
        /// The call.
        span: Span,
        /// What it is.
        session: Session,
        /// The pool.
        pool: PoolId,
        /// From the call at hand to the statement.
        chain: Vec<Link>,
    },
    /// Dropped at the end of its own statement without having been bound: `pool.begin().await?;`.
    DroppedAtOnce {
        /// The resource.
        res: ResId,
        /// The statement.
        span: Span,
    },
    /// `mem::forget` and its kin.
    Forgotten {
        /// The resource.
        res: ResId,
        /// The call.
        span: Span,
        /// What is called.
        what: String,
    },
    /// The same for a value of a workspace type that stands for a connection: it dereferences to one that it does not own as
    /// a field.
    ForgottenOwner {
        /// The variable or temporary.
        local: LocalId,
        /// The call.
        span: Span,
        /// What is called.
        what: String,
    },
    /// Out of its pool for good.
    Detached {
        /// The resource.
        res: ResId,
        /// The call.
        span: Span,
        /// Whether the slot is lost.
        loses_slot: bool,
    },
    /// A future that commits is dropped without having been awaited.
    CommitNotAwaited {
        /// The transaction.
        res: ResId,
        /// The call.
        span: Span,
        /// What is called.
        what: String,
    },
    /// A future that acquires is bound to a variable and dropped without having been awaited.
    NotAwaited {
        /// The call that gave the future.
        span: Span,
        /// The variable.
        local: LocalId,
        /// What it would have acquired.
        acquires: Acquires,
        /// What is called.
        what: String,
    },
    /// Many futures that each acquire from a pool are started at once.
    FanOut {
        /// The call that starts them.
        span: Span,
        /// What each acquires.
        acquires: Acquires,
        /// How many at most, if there is a limit that could be read.
        width: Option<i128>,
        /// Whether there is a limit at all.
        limited: bool,
        /// What is called.
        what: String,
    },
    /// A pool or connection is made, and it was not seen that this happens once.
    Made(Box<super::made::Made>),
    /// A pool is built whose acquisitions wait for ever or absurdly long.
    Unlimited(Box<super::made::limits::Unlimited>),
    /// A future or stream that talks over `res` without borrowing it lives on after `res` has gone back.
    UsedAfterRelease {
        /// The connection.
        res: ResId,
        /// The call that made the future or stream.
        made: Span,
        /// Where it is returned or polled.
        span: Span,
        /// It is returned, rather than polled here.
        returned: bool,
        /// The connection is back on every path to here.
        certain: bool,
    },
    /// A connection's driver is dropped without having been polled or handed to anything.
    DriverDropped {
        /// The driver.
        res: ResId,
        /// Where it is dropped.
        span: Span,
    },
    /// A resource is put where it outlives the body, as far as this statement goes: whether it is still there at the end is
    /// told by the exits ([`super::Life::Stored`]).
    Stored {
        /// The resource.
        res: ResId,
        /// The statement or call.
        span: Span,
        /// What sort of place.
        into: Keeper,
        /// Which place, if it has a name that other functions use too.
        slot: Option<Slot>,
    },
    /// A task ends when a channel is closed, and has a sender of that channel itself.
    OwnSender {
        /// The call that starts it.
        span: Span,
        /// Where it receives.
        recv: Span,
        /// The sender.
        sender: Symbol,
    },
    /// The handles of tasks that a loop starts stay in a collection for as long as the loop turns.
    PilesUp {
        /// The call that starts a task, or puts its handle in.
        span: Span,
        /// What each turn waits for.
        turn: Span,
        /// The collection.
        name: Symbol,
    },
    /// Connections stay in a pool of one's own after it was shut.
    LeftBehind(Box<super::shut::LeftBehind>),
    /// A task owns what it looks after, which is never dropped therefore.
    KeptAlive(Box<super::kept_alive::KeptAlive>),
    /// A resource is moved into a task or thread of its own.
    Spawned {
        /// The resource.
        res: ResId,
        /// The call.
        span: Span,
        /// What runs there, if it is a closure or block of this body.
        body: Option<BodyIdx>,
        /// No path through it ends with success.
        endless: bool,
        /// What is called.
        what: String,
    },
    /// The result owns a resource.
    Returned {
        /// The resource.
        res: ResId,
        /// The returned expression.
        span: Span,
    },
    /// A resource is lent or given to a workspace function, which holds it as its parameter.
    PassedTo {
        /// The resource.
        res: ResId,
        /// The functions.
        fns: Vec<crate::resolve::FnIdx>,
        /// Which parameter.
        param: usize,
        /// The call.
        span: Span,
    },
}

/// How a body is left, seen from one of its accounts.
#[derive(Clone, Debug)]
pub struct Left {
    /// Which account of the body.
    pub account: usize,
    /// The returned expression, the `?`, or the end of the body.
    pub span: Span,
    /// What may have happened to it.
    pub balance: Balance,
    /// With an error.
    pub failed: bool,
    /// How.
    pub kind: ReturnKind,
    /// The branch that leads here, and which way it was taken.
    pub branch: Option<(Span, EdgeKind)>,
}

/// What sort of place keeps a resource beyond its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeper {
    /// A static.
    Static,
    /// A collection.
    Collection,
    /// A place behind a lock, which several tasks share.
    Locked,
    /// A field behind a reference.
    Field,
    /// Anything else: a channel, a cell.
    Other,
}

/// A place that outlives a call and can be named across functions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// A field of a workspace type.
    Field(Symbol, Symbol),
    /// A static, by its path.
    Static(Symbol),
}

/// A caller that gives a held connection to a function's parameter.
#[derive(Clone, Debug)]
pub struct CallerSite {
    /// The caller's path.
    pub caller: String,
    /// Where the caller acquired it.
    pub acquired: Span,
    /// The call.
    pub call: Span,
    /// The pool it is from, in the callee's terms where that can be said.
    pub pool: Option<super::resource::PoolId>,
    /// The resource's confidence in the caller.
    pub confidence: Confidence,
    /// From the acquisition's wrapper to its leaf.
    pub chain: Vec<Link>,
}
