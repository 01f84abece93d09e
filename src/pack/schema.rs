//! What a pack says, after validation. The written form is described in `rules/README.md`.
//!
//! **Invariant:** the vocabulary is closed: a new verb is a change of the engine, a new call is data only. All paths are
//! canonical: the first segment is the pack's first root, aliases are already applied to nothing (the catalog does that).

use crate::base::Symbol;
pub use crate::ir::MacroShape;

/// A type expression in a pack: `Result<sqlx::PoolConnection<DB>>`, `&mut T`, `(A, B)`, `$0`, `$1.out`, `M::Type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeExpr {
    /// A canonical path with arguments. One-segment names that are the row's parameters are [`TypeExpr::Param`].
    Path(Symbol, Vec<TypeExpr>),
    /// A parameter of the receiver's (or the alias's) type, by name.
    Param(Symbol),
    /// `M::Type`: an associated type of a parameter, looked up in `[assoc]` rows and workspace impls.
    Assoc(Box<TypeExpr>, Symbol),
    /// `&T` or `&mut T`.
    Ref(bool, Box<TypeExpr>),
    /// `(A, B)`.
    Tuple(Vec<TypeExpr>),
    /// `$n`: the type of argument n (the receiver is 0 in methods).
    Arg(usize),
    /// `$n.out`: what the closure or function given as argument n returns.
    ArgOut(usize),
    /// `$n.await`: what awaiting argument n gives.
    ArgAwait(usize),
    /// `$turbofish`: the first turbofish argument of the call.
    Turbofish,
    /// `Self`: the receiver's type.
    SelfType,
    /// `impl Future<Output = T>`: a future of T.
    Future(Box<TypeExpr>),
    /// `T.await` of anything but a bare argument: what awaiting a T gives (`$1.out.await`).
    Await(Box<TypeExpr>),
    /// `T.item`: what iterating over, indexing or streaming a T gives.
    Item(Box<TypeExpr>),
    /// `T.ok`: what `?` makes of a T, the payload of a `Result` or `Option`.
    Ok(Box<TypeExpr>),
    /// `_`: unknown.
    Unknown,
}

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hands out guards; cheap to clone and store.
    Pool,
    /// A pooled connection: holds a slot of its pool until dropped.
    Guard,
    /// A connection: a slot's inner connection, or one of its own; pooled or not is provenance.
    Conn,
    /// An open transaction or savepoint.
    Tx,
    /// Keeps a connection while it lives: row stream, cursor, listener, copy.
    Stream,
    /// Hands out permits.
    Semaphore,
    /// A permit of a semaphore.
    Permit,
    /// Hands out lock guards; a pool of size one.
    Lock,
    /// A guard of a lock.
    LockGuard,
    /// A cheap multiplexed client: never scarce.
    Handle,
    /// A future that must be polled for its client to work.
    Driver,
    /// The handle of a spawned task.
    Task,
    /// A raw handle without `Drop`.
    Raw,
    /// Only passes through to what it derefs to: `Arc`, `Box`, `State`.
    Wrapper,
    /// A builder or prepared query: may carry a connection it was given, is none itself.
    Builder,
    /// Nothing that matters, but its path or deref is worth knowing.
    Plain,
}

/// What dropping a value of the type does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDrop {
    /// Goes back or closes: all is well.
    #[default]
    Returns,
    /// An open transaction is rolled back.
    RollsBack,
    /// An open transaction is committed (or the framework ends it).
    Commits,
    /// Nothing: whoever forgets to end it leaks it.
    Nothing,
}

/// How long an acquisition waits when nothing is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Patience {
    /// Until something is free, for ever.
    Forever,
    /// So many seconds, then an error.
    Seconds(u64),
    /// Not at all.
    Never,
}

/// `[[type]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRow {
    /// Canonical path: `sqlx::Pool`.
    pub path: Symbol,
    /// Names of its type parameters, with defaults.
    pub params: Vec<(Symbol, Option<TypeExpr>)>,
    /// What it is.
    pub kind: Kind,
    /// What messages call it: `a pooled sqlx connection`; for pools what the pool hands out is called by the guard's noun.
    pub noun: Option<String>,
    /// What it derefs to.
    pub deref: Option<TypeExpr>,
    /// What indexing or iterating gives.
    pub item: Option<TypeExpr>,
    /// What awaiting a value of it gives, for named futures.
    pub awaits: Option<TypeExpr>,
    /// What awaiting a value of it waits for, for named futures: a task's handle, the receiving end of a oneshot channel.
    pub waits: Option<WaitRow>,
    /// Canonical paths of traits that it implements and that the catalog needs for method look-up: iterators, streams.
    pub implements: Vec<Symbol>,
    /// What drop does.
    pub on_drop: OnDrop,
    /// Methods that end it, for messages: `commit`, `rollback`.
    pub must_end: Vec<String>,
    /// Pools: how long an acquisition waits by default.
    pub patience: Option<Patience>,
    /// Pools: the default size.
    pub size: Option<u64>,
    /// Pools: the setting that limits size, the setting that limits the wait: for messages.
    pub settings: Vec<(String, String)>,
    /// Held for long by design (listeners): never `held_across_await`.
    pub long_lived: bool,
    /// A function that takes one runs once per request, message or job.
    pub request: Option<Request>,
    /// Guards whose return resets the session (open transactions, locks): `session_on_pool` is quiet.
    pub resets: bool,
    /// Connections and databases whose transaction stays open when its `COMMIT` fails.
    pub stays_open: bool,
    /// The crate version and file that prove the row.
    pub proof: String,
}

/// An argument by position. For methods the receiver is 0.
pub type Arg = usize;

/// What a call waits for, as a kind: `http`, `sleep`, `channel`, `lock`, `file`, `task`, `process`, `database`, `cache`, …
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WaitRow {
    /// The kind's name.
    pub kind: Symbol,
    /// `high`, `medium` or `low`.
    pub confidence: crate::base::Confidence,
}

/// What a call does. Arguments count from the receiver in methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads its arguments; keeps nothing.
    None,
    /// The result carries what the arguments carry: builders, adapters, `map_err`, `boxed`, `Arc::new`. Pending futures
    /// pass through.
    Pass,
    /// As `Pass` for futures that end with their first: `timeout`, `select`.
    Race,
    /// The result holds a new resource taken from the pool, lock or semaphore in `from`.
    Acquire {
        /// Where from.
        from: Arg,
        /// How long it waits, if not the pool's default.
        patience: Option<Patience>,
    },
    /// The result is a transaction on `on`: takes a slot if that is a pool, else it is its child.
    Begin {
        /// The pool, connection or transaction.
        on: Arg,
    },
    /// The result is a connection of its own, from no pool.
    Connect,
    /// Talks over `conn`; if that is a pool, takes a slot for the call.
    Use {
        /// The executor.
        conn: Arg,
        /// The argument with the SQL text, if it is one.
        sql: Option<Arg>,
        /// Whether it writes: known yes, known no, or by the SQL text.
        writes: Option<bool>,
    },
    /// Ends the transaction `of` successfully.
    Commit {
        /// The transaction.
        of: Arg,
    },
    /// Ends the transaction `of` without its writes.
    Rollback {
        /// The transaction.
        of: Arg,
    },
    /// `of` is released now: `drop`, `close`.
    Release {
        /// The resource.
        of: Arg,
    },
    /// `of` leaves its pool; the result is the bare connection.
    Detach {
        /// The guard.
        of: Arg,
        /// Whether the slot is lost for ever (`true`) or free for another (`false`).
        loses_slot: bool,
    },
    /// `of` is never dropped.
    Forget {
        /// The value.
        of: Arg,
    },
    /// `value` is kept in `into`: insert, push, send, set.
    Store {
        /// The container.
        into: Arg,
        /// What is kept.
        value: Arg,
    },
    /// Moves what is in `of` out, leaving nothing: `Option::take`, `mem::take`, `mem::replace`.
    Take {
        /// The place.
        of: Arg,
    },
    /// Runs the future or closure `what` in a task or thread of its own.
    Spawn {
        /// The future or closure.
        what: Arg,
    },
    /// Runs the closure `what` where blocking is right; the result is awaited.
    Offload {
        /// The closure.
        what: Arg,
        /// Types of its parameters.
        params: Vec<TypeExpr>,
    },
    /// Runs the closure `what` during the call (or its await) with the given parameters; a connection among them is held
    /// for the closure's run. `from` is the pool or connection it comes from. A transaction among them is ended by the call.
    RunClosure {
        /// The closure.
        what: Arg,
        /// Types of its parameters.
        params: Vec<TypeExpr>,
        /// The pool or connection behind the closure's parameter.
        from: Option<Arg>,
    },
    /// Drives many futures at once: `join_all`, `buffer_unordered(n)`.
    FanOut {
        /// The futures, or the closure that makes them.
        what: Arg,
        /// The argument with the width, if there is a limit.
        width: Option<Arg>,
    },
    /// Runs the closure or future `what` once in the life of the program.
    Once {
        /// The closure or future.
        what: Arg,
    },
    /// Makes a pool.
    NewPool,
    /// Polls the driver `what` to its end or hands it to a task.
    Drive {
        /// The driver.
        what: Arg,
    },
    /// Blocks a thread until the future `what` is ready.
    BlockOn {
        /// The future.
        what: Arg,
    },
}

/// `[[fn]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct FnRow {
    /// Canonical path: `sqlx::Pool::acquire`, `tokio::spawn`, `sqlx::Acquire::begin` (a trait's method).
    pub path: Symbol,
    /// Whether it is a method or associated function that takes its receiver by value. `false`: by reference, or none.
    pub consumes: bool,
    /// Whether the call gives a future: nothing happens before it is awaited.
    pub is_async: bool,
    /// The result; for async calls after `.await`.
    pub out: Option<TypeExpr>,
    /// What it does.
    pub effect: Effect,
    /// A closure argument and the types of its parameters, so that its body can be typed. Set for every row that names
    /// them, [`Effect::RunClosure`] and [`Effect::Offload`] included.
    pub closure: Option<ClosureRow>,
    /// An argument that is a function or closure, and how often it runs.
    pub repeats: Option<(Arg, Repeats)>,
    /// The argument with SQL text: of a query that is sent ([`Effect::Use`] repeats it) or of the builder that is made.
    pub sql: Option<Arg>,
    /// What awaiting it (or calling it, if not async) waits for.
    pub waits: Option<WaitRow>,
    /// It blocks the thread: the kind of work (`sleep`, `cpu`, `database`, `io`).
    pub blocks: Option<Symbol>,
    /// It panics, rather than blocks, inside an async runtime.
    pub panics_in_async: bool,
    /// The connection in argument 0 is closed rather than returned, now or when it is dropped: its session ends, locks with it.
    pub ends_session: bool,
    /// The future or stream that it gives does not borrow the connection it talks over, so the compiler lets it live on after
    /// the connection has gone back.
    pub outlives: bool,
    /// The argument that makes a transaction read only: `true`, or a value called `ReadOnly`.
    pub read_only: Option<Arg>,
    /// The closure it is given runs whenever a connection comes back to the pool that is being made.
    pub on_return: bool,
    /// How it moves what is kept account of in argument 0.
    pub tally: Option<Tally>,
    /// A word for messages.
    pub note: Option<String>,
    /// The crate version and file that prove the row.
    pub proof: String,
}

/// How a call moves what is kept account of in argument 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// A number grows: a counter, the permits of a semaphore.
    Up,
    /// It shrinks.
    Down,
    /// A boolean becomes the literal in this argument.
    Flag(Arg),
    /// The same, and the result is what it was.
    Swap(Arg),
    /// A raw handle is given, through this out-parameter or as the result, even where the call fails.
    Opens(Option<Arg>),
    /// What argument 0 stands for is ended: a task that runs.
    Closes,
    /// Something is put in under the name in this argument.
    In(Arg),
    /// What has the name in this argument is taken out.
    Out(Arg),
}

/// What a value that a function is given for each request tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// What the request says: another thing each time.
    Data,
    /// What the application keeps: the same each time.
    State,
}

/// How often a function or closure that is given to a call runs, where it is more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repeats {
    /// Once for each item of a collection or stream.
    Item,
    /// Once for each request, message or job.
    Request,
    /// Once for each worker thread of a server.
    Worker,
}

/// A closure argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureRow {
    /// Which argument.
    pub arg: Arg,
    /// Types of its parameters.
    pub params: Vec<TypeExpr>,
}

/// `[[trait]]`: what a bound, or an `impl Trait`/`dyn Trait` parameter, may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraitRow {
    /// Canonical path.
    pub path: Symbol,
    /// The kinds of its implementors.
    pub may_be: Vec<Kind>,
    /// `for`: canonical paths of the types and traits whose values have its methods besides; `*` stands for any value.
    pub applies_to: Vec<Symbol>,
}

/// `[[crate]]`: the default kind of wait of every awaited call into a crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateRow {
    /// The crate's lib name; one that ends in `*` stands for all crates whose names begin so and that have no row of their own.
    pub name: Symbol,
    /// What awaited calls into it wait for; `None`: they never wait.
    pub waits: Option<WaitRow>,
}

/// A pack after validation.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// Its id: the file's stem.
    pub id: String,
    /// Cargo package names that activate it; empty: always active.
    pub packages: Vec<String>,
    /// Lib names; the first is canonical, the others fold onto it.
    pub roots: Vec<Symbol>,
    /// Each root is canonical by itself: a pack of small crates of one kind.
    pub separate: bool,
    /// The versions that its rows were proven against.
    pub tested: String,
    /// Rows are not proven by a fixture yet.
    pub experimental: bool,
    /// Where the text came from: `rules/sqlx.toml`, or the project's own file.
    pub origin: String,
    /// `[alias]`: canonical path or glob (`a::b::*`) to the type or path it stands for.
    pub aliases: Vec<(Symbol, TypeExpr)>,
    /// `[assoc]`: type path, associated name, type.
    pub assocs: Vec<(Symbol, Symbol, TypeExpr)>,
    /// `[[type]]`.
    pub types: Vec<TypeRow>,
    /// `[[fn]]`, one per path.
    pub fns: Vec<FnRow>,
    /// `[[trait]]`.
    pub traits: Vec<TraitRow>,
    /// `[[crate]]`.
    pub crates: Vec<CrateRow>,
    /// `[[macro]]`: path and shape.
    pub macros: Vec<(Symbol, MacroShape)>,
    /// `[[derive]]`: path of the derive or attribute macro, and the functions it generates on the type it stands on. The
    /// row's path is the macro's with the function's name; a name may have one `*` (`find_by_*_in_op`).
    pub derives: Vec<(Symbol, FnRow)>,
    /// Line (from 1) of each row by its table and path, for messages about rows of different packs.
    pub lines: std::collections::HashMap<(&'static str, Symbol), usize>,
}
