//! Suppression comments as plain data: `// letgo: allow(lint, reason = "…")`.
//!
//! **Invariant:** a comment that starts with `letgo:` always gives a [`Suppression`]; one that cannot be read says why in
//! `problem` and silences nothing. What it covers is decided in `report`, by spans.

use super::Span;

/// What a suppression comment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuppressionKind {
    /// `allow(…)`: silence.
    Allow,
    /// `expect(…)`: silence, and say so if there was nothing to silence.
    Expect,
    /// `allow-file(…)`: silence in the whole file.
    AllowFile,
}

/// One suppression comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// What it asks for. [`SuppressionKind::Allow`] if the comment could not be read.
    pub kind: SuppressionKind,
    /// The lints and groups that it names, each with its place. Empty if the comment could not be read.
    pub lints: Vec<(String, Span)>,
    /// `reason = "…"`.
    pub reason: Option<String>,
    /// The whole comment.
    pub span: Span,
    /// Whether the comment is alone on its line (else it trails code).
    pub own_line: bool,
    /// Why the comment could not be read: lower case, no full stop, with what to write instead.
    pub problem: Option<String>,
}
