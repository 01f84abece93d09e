//! Findings, problems, levels: what lints produce and reports print.
//!
//! **Invariant:** a [`Finding`] is complete without the program that produced it; equal inputs give equal findings.

use super::Span;
use serde::{Deserialize, Serialize};

/// What a lint's findings do to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not reported.
    Allow,
    /// Reported; the run succeeds.
    Warn,
    /// Reported; the run fails.
    Deny,
}

impl Level {
    /// The word used in configuration and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}

/// How sure the analysis is of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A callee, crate or pool was not known.
    Low,
    /// One step rests on an assumption that is usually right.
    Medium,
    /// Every step was resolved by type or path.
    High,
}

impl Confidence {
    /// The word used in configuration and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// One numbered step of a finding's path, in order of execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub span: Span,
    /// What happens there: lower case, no full stop, names in backticks.
    pub message: String,
    /// Whether this step is the finding's primary place.
    pub primary: bool,
    /// What the finding says if this step is its primary place: set on each offending await, so that silencing one moves the
    /// finding to the next. A finding without any is silenced as a whole.
    pub offence: Option<Offence>,
}

/// A place that could stand for the whole finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// [`Finding::message`] with this place as the primary one.
    pub message: String,
    /// How sure this one is.
    pub confidence: Confidence,
    /// Its word among [`Finding::kinds`].
    pub kind: String,
}

/// A replacement in a file, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// A change that would mend the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it does.
    pub message: String,
    /// The edits, disjoint and in order.
    pub edits: Vec<Edit>,
}

impl Suggestion {
    /// The same change as one replacement, for readers that know no other; `None` if it is of several files.
    pub fn as_one(&self, sources: &super::SourceMap) -> Option<Edit> {
        let (first, last) = (self.edits.first()?, self.edits.last()?);
        if self.edits.iter().any(|edit| edit.span.file != first.span.file) {
            return None;
        }
        let file = sources.files.get(first.span.file)?;
        let span = first.span.to(last.span);
        let mut text = String::new();
        let mut at = span.start;
        for edit in &self.edits {
            text += file.text.get(at as usize..edit.span.start as usize)?;
            text += &edit.text;
            at = edit.span.end;
        }
        Some(Edit { span, text })
    }
}

/// What a finding's resource is, for those who write edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The variable that holds it; `None` for a temporary.
    pub variable: Option<String>,
    /// Whether it is the guard of a lock.
    pub is_lock: bool,
}

/// What a lint reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Lint name, snake case.
    pub lint: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// Where it goes wrong.
    pub span: Span,
    /// Path of the enclosing function below its crate: `orders::Service::ship`.
    pub function: String,
    /// Place of the enclosing function's whole item, for suppressions on the item.
    pub function_span: Span,
    /// The first line: stands alone, lower case, no full stop, code in backticks.
    pub message: String,
    /// The resource, as source text of its acquisition with white space folded; part of the stable key.
    pub resource: String,
    /// Where the resource was acquired: a suppression there silences the finding.
    pub acquired_at: Option<Span>,
    /// What is held, for those who write edits.
    pub held: Option<Held>,
    /// In order of execution; the primary place is one of them.
    pub steps: Vec<Step>,
    /// Kinds of wait or other words that tell findings of one function apart; part of the stable key.
    pub kinds: Vec<String>,
    /// Why this is bad, in one or two sentences with the reader's own names.
    pub why: String,
    /// What to do.
    pub help: String,
    /// Certain changes.
    pub suggestions: Vec<Suggestion>,
}

/// Something letgo could not read or understand in its own inputs. Never a panic, never silent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File, as the user wrote or would write it.
    pub path: String,
    /// Line from 1, or 0 if the problem has no line.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}
