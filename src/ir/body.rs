//! Bodies: one control-flow graph per function, closure, async block and initialiser.
//!
//! Three-address form: every intermediate value has a local, every local that is not moved out of has a [`StmtKind::Drop`]
//! where Rust drops it. A drop of a moved-out or never-initialised local is harmless: the analysis knows what the local
//! holds, lowering does not.
//!
//! **Invariants:** a body is immutable after lowering; block 0 is the entry; local 0 is the return value; parameters are
//! locals `1..=param_count` in order, then captures; every edge says why it is taken. Exceptional edges (panic,
//! cancellation) are not edges: an await or a call is a possible exit by its nature.
//!
//! Statements are most of a program in memory, and each room goes over them, so they are kept small: lists are `ThinVec`s, a
//! pointer each, and what is rare and large is boxed.

use super::{Path, TypeRef};
use crate::base::{IndexVec, Span, Symbol};
use thin_vec::ThinVec;

crate::index_type!(
    /// A body of a file.
    pub BodyId, "body"
);
crate::index_type!(
    /// A basic block of a body.
    pub BlockId, "bb"
);
crate::index_type!(
    /// A local of a body.
    pub LocalId, "_"
);
crate::index_type!(
    /// A call of a body.
    pub CallId, "call"
);

/// The return value.
pub fn return_local() -> LocalId {
    crate::base::Idx::new(0)
}

/// What a body belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// `fns[i]` of the file.
    Fn(usize),
    /// A closure. Its value is the result of the call; for `async |x|` the body is what runs when the future is awaited.
    Closure {
        /// Whether `async |…|`.
        is_async: bool,
    },
    /// `async { … }`: runs when the future is awaited.
    Async,
    /// A generator block of a macro such as `stream! { … }`: runs while the stream is polled.
    Generator,
    /// `statics[i]` of the file.
    Static(usize),
}

/// A control-flow graph.
#[derive(Clone, Debug)]
pub struct Body {
    /// What it belongs to.
    pub kind: BodyKind,
    /// The body around it, for closures, async blocks and generators.
    pub parent: Option<BodyId>,
    /// The module whose names the body sees at its top. Nested blocks with items: see [`Call::module`].
    pub module: usize,
    /// All locals; 0 is the return value.
    pub locals: IndexVec<LocalId, Local>,
    /// Number of parameters (locals `1..=param_count`).
    pub param_count: usize,
    /// What is captured from the parent, for closures, async blocks and generators; the locals follow the parameters.
    pub captures: Vec<Capture>,
    /// The blocks; 0 is the entry.
    pub blocks: IndexVec<BlockId, Block>,
    /// The calls, in order of source.
    pub calls: IndexVec<CallId, Call>,
    /// Code that was put off to the end of its scope, by `defer!`. It stands in the graph at each exit; where the body is
    /// left without an edge, by a cancelled await, it runs too.
    pub deferred: Vec<Span>,
    /// Whether the body may await (async function, async block, async closure, generator).
    pub is_async: bool,
    /// The whole body, braces included.
    pub span: Span,
}

impl Body {
    /// Whether what is done at `done` was put off before `at`, so that a body which is left there does it all the same.
    pub fn put_off(&self, done: Span, at: Span) -> bool {
        self.deferred.iter().any(|d| d.start <= done.start && done.end <= d.end && d.end <= at.start)
    }
}

/// A captured variable. What an async block or generator takes by `move` is dropped at its every return; what a closure
/// takes goes with the closure, which may be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The variable in the parent.
    pub outer: LocalId,
    /// Its stand-in here. The stand-in has the variable's type and name; uses are written as if it were the variable.
    pub inner: LocalId,
    /// Whether the closure or block is `move`. Without `move` the mode is inferred from use: by value if the body moves it.
    pub by_move: bool,
}

/// A local.
#[derive(Clone, Debug)]
pub struct Local {
    /// The variable's name; `None` for a temporary.
    pub name: Option<Symbol>,
    /// The written type, if there is one.
    pub ty: Option<TypeRef>,
    /// Where it is declared, or the expression whose value it holds.
    pub span: Span,
    /// What it is.
    pub kind: LocalKind,
}

/// What a local is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// Local 0.
    Return,
    /// A parameter, `self` included.
    Param,
    /// A captured variable.
    Capture,
    /// Declared by `let` or a pattern.
    Var,
    /// The value of an expression.
    Temp,
}

/// A place: a local and a path into it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The local.
    pub local: LocalId,
    /// The path, outermost first. Auto-deref is not written: `self.pool` through `&self` is `[Field(pool)]`.
    pub proj: ThinVec<Proj>,
}

/// One step into a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Proj {
    /// `*x`.
    Deref,
    /// `x.name`, `x.0`. In a tuple pattern, elements behind `..` count from the end: `-1` is the last. Field i of
    /// [`Rvalue::AwaitMany`]'s result is what future i gave (for `try_join!` behind [`Proj::Try`] or `Ok`).
    Field(Symbol),
    /// The field `field` of `x` seen as the variant or struct `path` (a pattern): `Some(y)` is `Variant(Some, 0)`.
    Variant {
        /// The pattern's path: `Some`, `Db::Pool`, `State`.
        path: Path,
        /// `0`, `1`, … (behind `..` from the end: `-1`) or the field's name.
        field: Symbol,
    },
    /// The payload of `?`: what `Ok` or `Some` holds.
    Try,
    /// `x[i]`, an element of a slice pattern, the item of an iterator.
    Index,
}

impl Place {
    /// A whole local.
    pub fn local(local: LocalId) -> Place {
        Place { local, proj: ThinVec::new() }
    }
    /// This place, one step further.
    pub fn then(&self, step: Proj) -> Place {
        let mut proj = self.proj.clone();
        proj.push(step);
        Place { local: self.local, proj }
    }
    /// The local, if the place is a whole one.
    pub fn as_local(&self) -> Option<LocalId> {
        self.proj.is_empty().then_some(self.local)
    }
}

/// Something read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The value of a place: moved or copied, which the type (or what it holds) decides.
    Place(Place),
    /// A path to a constant, static, unit struct, unit variant or function: `POOL`, `None`, `Object::take`.
    Path(Path, Span),
    /// A literal.
    Literal(Literal),
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A string's value (raw strings and `concat!` of literals too).
    Str(String),
    /// An integer, if it fits.
    Int(Integer),
    /// `true`, `false`.
    Bool(bool),
    /// `()`.
    Unit,
    /// A float, char or byte string: nothing that matters here.
    Other,
}

/// An integer as bytes: a number of 16 bytes would align every operand to as many, and make it half as large again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer([u8; 16]);

impl From<i128> for Integer {
    fn from(n: i128) -> Integer {
        Integer(n.to_le_bytes())
    }
}

impl Integer {
    /// The number.
    pub fn get(self) -> i128 {
        i128::from_le_bytes(self.0)
    }
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// The expression it stands for.
    pub span: Span,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `to = value`. Assigning to a local that holds something drops the old value first: lowering emits that
    /// [`StmtKind::Drop`] (why: [`DropWhy::Overwritten`]) itself.
    Assign {
        /// The target.
        to: Place,
        /// The value.
        value: Rvalue,
    },
    /// The value of `place` is dropped, if it still holds one.
    Drop {
        /// A local, or a field for an assignment to it.
        place: Place,
        /// Why.
        why: DropWhy,
    },
    /// The generator yields a value to its consumer and waits until it is polled again.
    Yield(Operand),
    /// Marks that a variable is declared (again) here without a value: `let x;`, or a new turn of a loop.
    Declare(LocalId),
}

/// Why a drop happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropWhy {
    /// The variable's block ends (normally or by `break`, `continue`, `return`, `?`).
    Scope,
    /// A temporary, at the end of its statement or of its condition.
    Temporary,
    /// `let _ = value;` with a value (not a place): dropped in the same statement.
    Wildcard,
    /// A new value is assigned.
    Overwritten,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Rvalue {
    /// The operand itself: a move or a copy.
    Use(Operand),
    /// `&place`, `&mut place` (also a pattern's `ref`, and bindings through a reference).
    Ref {
        /// Whether `&mut`.
        mutable: bool,
        /// What is borrowed.
        place: Place,
    },
    /// A call.
    Call(CallId),
    /// `operand.await`.
    Await(Operand),
    /// Several futures are run together and waited for in one place: `join!`, `select!`.
    AwaitMany {
        /// The futures, in order.
        futures: ThinVec<Operand>,
        /// Whether the wait ends with the last (`join!`, `try_join!`: `true`) or the first (`select!`, `race!`: `false`).
        all: bool,
    },
    /// A tuple, array, struct literal, closure or async block.
    Aggregate {
        /// What is built.
        kind: AggregateKind,
        /// Its parts with their field names (`0`, `1`, … for tuples and arrays); captured variables for closures.
        fields: ThinVec<(Symbol, Operand)>,
        /// `..base` of a struct literal.
        base: Option<Box<Operand>>,
    },
    /// `operand as T`.
    Cast(Operand, Box<TypeRef>),
    /// Anything else that reads its operands and gives a plain value: arithmetic, comparison, negation, formatting.
    Plain(ThinVec<Operand>),
    /// What `place += n` and `place -= n` make of the place and of `n`.
    Step {
        /// Whether it is added.
        up: bool,
        /// The place and what is added or taken away.
        ops: ThinVec<Operand>,
    },
    /// Something not understood. What it mentions may have gone anywhere: the analysis ends tracking of it silently.
    Unknown(ThinVec<Operand>),
}

/// What an aggregate builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AggregateKind {
    /// `(a, b)`.
    Tuple,
    /// `[a, b]`, `vec![a, b]`.
    Array,
    /// `Path { field: a }`.
    Struct(Path),
    /// A closure.
    Closure(BodyId),
    /// `async { … }` and `async move { … }`.
    Async(BodyId),
    /// A generator: `stream! { … }`.
    Generator(BodyId),
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// Arguments; for a method the receiver first (written without the `&` that auto-ref would add).
    pub args: ThinVec<Operand>,
    /// Module whose names the call sees (differs from the body's in blocks with items).
    pub module: usize,
    /// The whole expression.
    pub span: Span,
    /// The method name or function path.
    pub name_span: Span,
    /// Whether the closest enclosing loop, if any, turns once per item or for ever, not a number of times that was given a
    /// name (`for _ in 0..workers`).
    pub in_loop: bool,
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// `path(…)`: a function, associated function, tuple struct or tuple variant.
    Path(Path),
    /// `<T as Trait>::f(…)` (`path` is `Trait::f`), `<T>::f(…)` (`path` is `f`).
    Qualified {
        /// `T`.
        of: TypeRef,
        /// `Trait::f` or `f`.
        path: Path,
    },
    /// `receiver.name::<T>(…)`.
    Method {
        /// The name.
        name: Symbol,
        /// Turbofish arguments.
        turbofish: ThinVec<TypeRef>,
    },
    /// `value(…)`: a local closure, function pointer or field.
    Value(Operand),
    /// A macro whose arguments were parsed as expressions; named and captured arguments included.
    Macro {
        /// `sqlx::query_as`.
        path: Path,
        /// A type argument in front (`query_as!(User, …)`), if it parses as a path.
        type_arg: Option<TypeRef>,
    },
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
    /// How it ends.
    pub term: Terminator,
}

/// How a block ends.
#[derive(Clone, Debug)]
pub enum Terminator {
    /// On to a block.
    Goto(BlockId),
    /// One of several edges is taken.
    Switch {
        /// What is tested: the scrutinee, or the boolean of an `if`. `None` when nothing in particular (loops, `select!`).
        on: Option<Place>,
        /// The edges, in order of test.
        edges: ThinVec<Edge>,
        /// The condition, pattern or `?`.
        span: Span,
    },
    /// Leaves the body with local 0.
    Return(ReturnKind, Span),
    /// Never returns: `panic!`, `loop {}` without break, `unreachable!`, a call of type `!`.
    Diverge,
}

/// How a body is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnKind {
    /// Its end is reached.
    End,
    /// `return`.
    Explicit,
    /// The failing side of `?`, or `bail!`/`ensure!`-like macros: local 0 is an error or `None`. It was written as
    /// [`Rvalue::Plain`] of what failed, since its type is another (`?` converts).
    Failure,
}

/// One way out of a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// When it is taken.
    pub kind: EdgeKind,
    /// Where it goes.
    pub to: BlockId,
}

/// When an edge is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// The boolean is true.
    Then,
    /// The boolean is false.
    Else,
    /// `?`: the value is `Ok` or `Some`.
    Continue,
    /// `?`: the value is `Err` or `None`.
    Break,
    /// The place is this variant (a pattern's path: `Some`, `Ok`, `Db::Pool`).
    Variant(Path),
    /// None of the edges before it: the place is not one of their variants.
    Otherwise,
    /// One more turn of a loop (`for`: the iterator gave an item).
    Again,
    /// The loop ends (`for`: the iterator is empty).
    Exit,
    /// A branch of `select!`: the n-th future was first.
    Arm(usize),
}

impl Terminator {
    /// The blocks it leads to.
    pub fn successors(&self) -> impl Iterator<Item = BlockId> + '_ {
        let (one, many) = match self {
            Terminator::Goto(to) => (Some(*to), &[][..]),
            Terminator::Switch { edges, .. } => (None, edges.as_slice()),
            Terminator::Return(..) | Terminator::Diverge => (None, &[][..]),
        };
        one.into_iter().chain(many.iter().map(|e| e.to))
    }
}
