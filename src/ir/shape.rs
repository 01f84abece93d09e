//! How a macro's tokens are read: the vocabulary that packs speak and lowering obeys.
//!
//! **Invariant:** closed: a new shape is a change of lowering, a new macro is data only.

/// How a macro's tokens are read (`[[macro]]` in a pack).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacroShape {
    /// Branches `pattern = future, if guard => expression`: `select!`.
    Select,
    /// Comma-separated futures, all awaited: `join!`.
    Join,
    /// As `Join`, and the result is a `Result` of a tuple: `try_join!`.
    TryJoin,
    /// A generator body with `yield`: `stream!`.
    Stream,
    /// A generator body with `yield` and `?`: `try_stream!`.
    TryStream,
    /// A list or repetition of values: `vec!`.
    List,
    /// A format string and arguments: `format!`, `println!`, log macros.
    Format,
    /// As `Format`, never returns: `panic!`, `unreachable!`.
    Panic,
    /// Leaves the function with an error: `bail!`.
    Bail,
    /// A condition, then as `Bail` if it is false: `ensure!`.
    Ensure,
    /// A condition, then as `Panic` if it is false: `assert!`.
    Assert,
    /// `expression, pattern if guard`: `matches!`.
    Matches,
    /// A value built from expressions that carries nothing: `json!`.
    Value,
    /// An SQL query: `query!("…", args)`, a builder value; the SQL text is argument 0.
    Query,
    /// Pins its arguments, variables, in place: `pin!`.
    Pin,
    /// A future that is run by a task: nothing is awaited here.
    Drive,
    /// Statements run in place: `defer!`-like guards run them at scope end.
    Defer,
    /// An item macro with `static ref NAME: T = expr;` entries: `lazy_static!`.
    LazyStatic,
    /// An expression evaluated as it stands: `dbg!`, `try!`-less wrappers.
    Transparent,
}
