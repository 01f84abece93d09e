//! The lints: one file each, its header the user's page.
//!
//! To add one: copy the nearest file, add its `mod` line and its entry in [`ALL`], add `fixtures/lints/<name>/`. A lint is a
//! question over [`Facts`](crate::analyse::Facts) and the words of its findings; nothing else.
//!
//! **Invariants:** a lint reads events, never states; it names no library (nouns come from packs); names are frozen once
//! released. **Absent on purpose:** levels given by users, suppression, output.

pub mod blocking_in_async;
pub mod connection_per_call;
pub mod detached_connection;
pub mod forgotten_connection;
pub mod held_across_await;
pub mod held_across_blocking;
pub mod nested_acquire;
pub mod session_on_pool;
pub mod pool_per_call;
pub mod released_before_use;
pub mod stored_connection;
pub mod task_held_connection;
pub mod unbounded_fan_out;
pub mod unbounded_wait;
pub mod uncommitted_read;
pub mod uncommitted_transaction;
pub mod undriven_connection;
pub mod unreleased_on_path;

mod balances;
mod left_behind;
mod own_inputs;
pub mod words;

use crate::analyse::{BodyEvents, Facts};
use crate::base::{Finding, Level, SourceMap};
use crate::resolve::{BodyIdx, Program};

/// The group of a lint; it decides the default level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Wrong on every reading: deny.
    Correctness,
    /// Most likely wrong: warn.
    Suspicious,
    /// A matter of house style: allow.
    Pedantic,
    /// Not yet judged good enough on real code: allow.
    Preview,
}

impl Group {
    /// Its name in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::Correctness => "correctness",
            Group::Suspicious => "suspicious",
            Group::Pedantic => "pedantic",
            Group::Preview => "preview",
        }
    }
    /// The level of its lints when nobody says otherwise.
    pub fn default_level(self) -> Level {
        match self {
            Group::Correctness => Level::Deny,
            Group::Suspicious => Level::Warn,
            Group::Pedantic | Group::Preview => Level::Allow,
        }
    }
}

/// A lint.
pub struct Lint {
    /// Snake case; names the problem, so that "allow held_across_await" reads right.
    pub name: &'static str,
    /// Its group.
    pub group: Group,
    /// One line for tables.
    pub summary: &'static str,
    /// The version that brought it.
    pub since: &'static str,
    /// The text of its file; the `//!` header is its page.
    pub page: &'static str,
    /// Finds. For lints about letgo's own inputs, which other rooms make, it finds nothing.
    pub check: fn(&Cx<'_>, &mut Vec<Finding>),
}

impl Lint {
    /// The level when nobody says otherwise.
    pub fn default_level(&self) -> Level {
        self.group.default_level()
    }
    /// Its page as a reader sees it: [`page_markdown`](Lint::page_markdown) without marks for the fixture harness.
    pub fn reader_page(&self) -> String {
        without_marks(&self.page_markdown())
    }
    /// Its page as Markdown: the file's `//!` header.
    pub fn page_markdown(&self) -> String {
        let lines = self.page.lines().take_while(|l| l.starts_with("//!"));
        lines.map(|l| l.trim_start_matches("//!").strip_prefix(' ').unwrap_or("")).collect::<Vec<_>>().join("\n")
    }
}

/// The marks of the fixture harness, as words that a reader understands.
fn without_marks(page: &str) -> String {
    let line = |line: &str| match line.split_once(" //~") {
        Some((code, mark)) if !mark.trim().starts_with("step") => format!("{code} // <- {}", mark.trim()),
        Some((code, _)) => code.to_owned(),
        None => line.to_owned(),
    };
    page.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// All lints, in order of group and importance.
pub static ALL: &[&Lint] = &[
    &nested_acquire::LINT,
    &uncommitted_transaction::LINT,
    &session_on_pool::LINT,
    &unreleased_on_path::LINT,
    &forgotten_connection::LINT,
    &undriven_connection::LINT,
    &released_before_use::LINT,
    &held_across_await::LINT,
    &held_across_blocking::LINT,
    &blocking_in_async::LINT,
    &detached_connection::LINT,
    &stored_connection::LINT,
    &task_held_connection::LINT,
    &unbounded_fan_out::LINT,
    &pool_per_call::LINT,
    &own_inputs::UNPARSED_FILE,
    &own_inputs::UNUSED_SUPPRESSION,
    &own_inputs::UNKNOWN_SUPPRESSION,
    &uncommitted_read::LINT,
    &connection_per_call::LINT,
    &unbounded_wait::LINT,
];

/// What a lint sees: one body with its events, and the program around it.
pub struct Cx<'a> {
    /// The program.
    pub program: &'a Program,
    /// All facts.
    pub facts: &'a Facts,
    /// Texts, for words.
    pub sources: &'a SourceMap,
    /// The body.
    pub body: BodyIdx,
}

impl<'a> Cx<'a> {
    /// The body's events.
    pub fn events(&self) -> &'a BodyEvents {
        &self.facts.events[self.body]
    }
}

/// Runs all lints over one body.
pub fn check_body(program: &Program, facts: &Facts, sources: &SourceMap, body: BodyIdx) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(events) = facts.events.get(body) else { return findings };
    if events.events.is_empty() {
        return findings;
    }
    let cx = Cx { program, facts, sources, body };
    for lint in ALL {
        (lint.check)(&cx, &mut findings);
    }
    // Two resources of one place (a connection and its successor in a loop) are one cause: the surest speaks.
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        match kept.iter_mut().find(|k| k.lint == finding.lint && k.span == finding.span) {
            Some(old) if finding.confidence > old.confidence => *old = finding,
            Some(_) => {}
            None => kept.push(finding),
        }
    }
    kept
}
