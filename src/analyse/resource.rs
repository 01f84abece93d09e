//! Resources of a body, the pools they come from, and when two pools are the same.
//!
//! **Invariant:** a body's resources are numbered before its dataflow runs, by origin, so states compare by id. At most
//! [`MAX_RESOURCES`] are tracked in one body; the rest are not acquired as far as the analysis knows.

use super::outcomes::Wrote;
use crate::base::{Confidence, Span, Symbol};
use crate::ir::{CallId, LocalId};
use crate::pack::Kind;
use crate::resolve::{FnIdx, Program, Prov, ProvRoot, Ty};

crate::index_type!(
    /// A resource of a body.
    pub ResId, "r"
);

/// More acquisitions than this in one body mean generated code.
pub const MAX_RESOURCES: usize = 256;

/// Where a resource comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The result of a call.
    Call(CallId),
    /// What awaiting an async block of this body gives.
    Block(crate::ir::BodyId),
    /// A parameter, or a captured variable of a closure or async block.
    Local(LocalId),
}

/// One link of a call chain: where, and what is called there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The call.
    pub span: Span,
    /// The function it calls, as the reader knows it.
    pub callee: Symbol,
}

/// Something that must be given back.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Where it comes from.
    pub origin: Origin,
    /// Fields from the value to it.
    pub path: Vec<Symbol>,
    /// What it is.
    pub kind: Kind,
    /// Its own type.
    pub ty: Ty,
    /// The pool, lock or semaphore it was taken from.
    pub pool: PoolId,
    /// The acquiring expression, or the parameter.
    pub span: Span,
    /// How sure it is that this is one.
    pub confidence: Confidence,
    /// Whether it comes in from a caller by reference.
    pub borrowed: bool,
    /// Whether it lies inside `self` or inside a larger struct rather than being the value itself.
    pub inside: bool,
    /// The way to the leaf that acquires, if it is acquired by a workspace function.
    pub chain: Vec<Link>,
    /// For lock guards: whether what is protected is, or owns, a connection, pool, stream or client.
    pub protects_connection: bool,
    /// It comes with a session lock, taken by the function that acquired it.
    pub locked: bool,
    /// The await at which it comes into being is inside a callee.
    pub acquired_by_us: bool,
    /// What was written over it by the function that acquired it.
    pub wrote: Wrote,
    /// A transaction that was begun read only: there is nothing to commit.
    pub read_only: bool,
    /// A connection of its own, which no pool handed out: holding it keeps nobody waiting.
    pub opened: bool,
    /// What it lies in may as well be without it, and nothing here shows that it is there.
    pub maybe: bool,
    /// A row stream that talks over its parent without borrowing it: it may live on when the parent has gone back. It is
    /// never held itself.
    pub outlives: bool,
}

impl Resource {
    /// Whether it occupies something that others wait for.
    pub fn holds_slot(&self) -> bool {
        match self.kind {
            Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream | Kind::Permit | Kind::LockGuard => true,
            Kind::Pool
            | Kind::Semaphore
            | Kind::Lock
            | Kind::Handle
            | Kind::Driver
            | Kind::Task
            | Kind::Raw
            | Kind::Wrapper
            | Kind::Builder
            | Kind::Plain => false,
        }
    }
    /// Whether it is a connection in the wide sense: guard, connection, transaction, stream.
    pub fn is_connection(&self) -> bool {
        matches!(self.kind, Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream)
    }
}

/// A pool, lock or semaphore: where it came from and what it hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolId {
    /// Its provenance in terms of the body at hand.
    pub prov: Prov,
    /// Type of the pool itself, if known.
    pub ty: Ty,
    /// The pack root and database it belongs to, from the type of what it hands out: `sqlx`, `Postgres`.
    pub family: (Option<Symbol>, Option<Ty>),
    /// What it hands out.
    pub class: PoolClass,
}

/// What a pool hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolClass {
    /// Connections.
    Slots,
    /// Permits.
    Permits,
    /// The one right to a locked value; `shared`: a read guard.
    Lock {
        /// Read access only.
        shared: bool,
    },
}

/// The answer to "is it the same pool?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sameness {
    /// Equal provenance.
    Same,
    /// It may be: with how sure, and what would make it true.
    Maybe(Confidence, &'static str),
    /// Another one.
    Different,
}

/// The class of pool that a resource of a kind comes from.
pub fn class_of(kind: Kind, shared: bool) -> PoolClass {
    match kind {
        Kind::Permit | Kind::Semaphore => PoolClass::Permits,
        Kind::LockGuard | Kind::Lock => PoolClass::Lock { shared },
        Kind::Pool
        | Kind::Guard
        | Kind::Conn
        | Kind::Tx
        | Kind::Stream
        | Kind::Handle
        | Kind::Driver
        | Kind::Task
        | Kind::Raw
        | Kind::Wrapper
        | Kind::Builder
        | Kind::Plain => PoolClass::Slots,
    }
}

/// Which library's connections a type hands out or is, and of which database: `sqlx::Transaction<sqlx::Postgres>` is
/// `(sqlx, sqlx::Postgres)`. A pool's guard is of the library whose connection it dereferences to, so that it may be the
/// bare connection that a caller lent.
pub fn family_of(program: &Program, ty: &Ty) -> (Option<Symbol>, Option<Ty>) {
    let ty = ty.peel_refs();
    if !ty.head().is_some_and(|path| is_connection_kind(program, path)) {
        return names_of(ty, false);
    }
    let chain = program.tables.deref_chain(ty);
    let bare = chain.iter().rfind(|t| t.head().is_some_and(|path| is_connection_kind(program, path)));
    let bare = bare.unwrap_or(ty);
    let kind = bare.head().and_then(|path| program.catalog.type_row(path)).map(|row| row.kind);
    names_of(bare, kind == Some(Kind::Conn))
}

fn is_connection_kind(program: &Program, path: Symbol) -> bool {
    let row = program.catalog.type_row(path);
    row.is_some_and(|row| matches!(row.kind, Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream))
}

/// The root and first argument of a type; a connection type without arguments (`diesel::PgConnection`) is its own database.
fn names_of(ty: &Ty, connection: bool) -> (Option<Symbol>, Option<Ty>) {
    let Ty::Adt(path, args) = ty else { return (None, None) };
    let root = path.as_str().split("::").next().map(Symbol::new);
    let database = match args.first() {
        Some(first) => Some(first).filter(|t| t.is_known() && !matches!(t, Ty::Param(..))),
        None => Some(ty).filter(|_| connection),
    };
    (root, database.cloned())
}

fn families_differ(a: &PoolId, b: &PoolId) -> bool {
    if let (Some(x), Some(y)) = (a.family.0, b.family.0)
        && x != y
    {
        return true;
    }
    match (&a.family.1, &b.family.1) {
        (Some(x), Some(y)) => x != y,
        (None, _) | (_, None) => false,
    }
}

/// Whether a resource of pool `held` and an acquisition from pool `wanted` compete, seen from a body of `owner`.
pub fn same_pool(program: &Program, owner: Option<FnIdx>, held: &PoolId, wanted: &PoolId) -> Sameness {
    match (held.class, wanted.class) {
        (PoolClass::Slots, PoolClass::Slots) | (PoolClass::Permits, PoolClass::Permits) => {}
        (PoolClass::Lock { shared: a }, PoolClass::Lock { shared: b }) => {
            if a && b {
                return Sameness::Different;
            }
        }
        (PoolClass::Slots | PoolClass::Permits | PoolClass::Lock { .. }, _) => return Sameness::Different,
    }
    let slots = held.class == PoolClass::Slots;
    if slots && families_differ(held, wanted) {
        return Sameness::Different;
    }
    let known = |p: &Prov| p.root != ProvRoot::Unknown;
    if known(&held.prov)
        && known(&wanted.prov)
        && held.prov.root == wanted.prov.root
        && held.prov.path == wanted.prov.path
    {
        let element = held.prov.element || wanted.prov.element;
        // What a callee's own call gave it may be another one at the next call.
        if matches!(held.prov.root, ProvRoot::Call(body, _) if program.bodies[body].owner != owner) {
            return match slots {
                true => Sameness::Maybe(Confidence::Medium, "if it is given the same pool each time"),
                false => Sameness::Different,
            };
        }
        return match (element, slots) {
            (false, _) => Sameness::Same,
            (true, true) => Sameness::Maybe(Confidence::Medium, "if both are the same element of the collection"),
            (true, false) => Sameness::Different,
        };
    }
    if !slots {
        return Sameness::Different;
    }
    // Different statics, and pools made here by different calls, are different pools.
    let fixed = |p: &Prov| matches!(p.root, ProvRoot::Static(_) | ProvRoot::Call(..));
    if fixed(&held.prov) && fixed(&wanted.prov) && held.prov.root != wanted.prov.root {
        return Sameness::Different;
    }
    // Without the family of both, two unknown things are compared: never loud.
    if held.family.0.is_none() || wanted.family.0.is_none() {
        return Sameness::Maybe(Confidence::Low, "if both come from one pool");
    }
    if !known(&held.prov) {
        return Sameness::Maybe(Confidence::Medium, "if the caller took the connection from the same pool");
    }
    if !known(&wanted.prov) {
        return Sameness::Maybe(Confidence::Low, "if that pool is the same");
    }
    if held.prov.root == wanted.prov.root {
        let (a, b) = (&held.prov.path, &wanted.prov.path);
        let shared = a.iter().zip(b.iter()).take_while(|(x, y)| x == y).count();
        // Siblings in one struct, such as a reader and a writer, are different unless one is made from the other.
        if a.len() == shared + 1 && b.len() == shared + 1 {
            return if program.filled_from_one(owner, &held.prov, &wanted.prov) {
                Sameness::Maybe(Confidence::Medium, "the constructor fills both fields from one pool")
            } else {
                Sameness::Different
            };
        }
        if let (Some(x), Some(y)) = (a.last(), b.last())
            && program.roles_differ(*x, *y)
        {
            return Sameness::Different;
        }
        return Sameness::Maybe(Confidence::Medium, "if its owner was given a clone of the same pool");
    }
    // Two owners that are given pools apart are mostly given two: a reader's and a writer's, one of each component.
    Sameness::Maybe(Confidence::Low, "if both owners were given clones of one pool")
}
