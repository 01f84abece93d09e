//! Suppression comments: `// letgo: allow(lint, reason = "…")`.

use super::Span;

/// What a suppression comment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionKind {
    /// `allow(…)`: silences.
    Allow,
    /// `expect(…)`: silences, and is told when there is nothing to silence.
    Expect,
    /// `allow-file(…)`: silences in the whole file.
    AllowFile,
}

/// A comment that speaks to letgo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// What it asks for.
    pub kind: SuppressionKind,
    /// The lints it names, as written, each with its place.
    pub lints: Vec<(String, Span)>,
    /// The reason, if one is given.
    pub reason: Option<String>,
    /// The whole comment.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
    /// What is wrong with its form, if something is; then it silences nothing.
    pub problem: Option<String>,
}
