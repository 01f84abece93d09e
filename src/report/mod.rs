//! Findings to what people and machines read.
//!
//! Owns: [`suppress`] (comments that silence), [`baseline`] (what was there before), [`levels`] (what a finding does to the run), [`order`] (sorting, stable keys),
//! [`region`] (places as others count them), [`escape`] (one escape per sink), and one file per output format: [`text`], [`concise`],
//! [`json`], [`sarif`], [`github`], [`gitlab`], [`junit`], [`rdjson`], [`markdown`], [`rustc`], [`html`];
//! and the [`inventory`] and the [`packs`] with formats of their own.
//!
//! **Invariants:** equal reports give equal bytes; text that comes from source is escaped for the sink it goes to; a report is
//! rendered from this room's data alone. **Absent on purpose:** lints, packs, the file system; rendering returns a string
//! and somebody else writes it.

pub mod baseline;
pub mod concise;
pub mod escape;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod inventory;
pub mod json;
pub mod junit;
pub mod levels;
pub mod markdown;
pub mod order;
pub mod packs;
pub mod paths;
pub mod rdjson;
pub mod region;
pub mod rustc;
pub mod sarif;
pub mod snippet;
pub mod suppress;
pub mod text;

use crate::base::{CrateInput, Finding, Level, Problem, SourceMap};

pub use baseline::Known;
pub use levels::{Levels, LintRow, PathRule, Selector, Setting};
pub use paths::Paths;

/// A finding with everything that the run decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was found.
    pub finding: Finding,
    /// What it does to this run: never `Allow`.
    pub level: Level,
    /// What its lint's level is without any setting.
    pub default_level: Level,
    /// A key that survives edits elsewhere in the file.
    pub fingerprint: String,
}

/// Numbers for the closing line and for machines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Lines in files that were parsed and lowered; the others could not matter.
    pub lowered_lines: usize,
    /// Files that could not be read or parsed.
    pub unparsed: usize,
    /// Functions seen.
    pub functions: usize,
    /// Acquisitions seen.
    pub acquisitions: usize,
    /// Findings that comments silenced.
    pub suppressed: usize,
    /// Findings that the baseline holds.
    pub baselined: usize,
    /// Findings that the tree compared with holds.
    pub old: usize,
    /// Findings of the baseline that are gone.
    pub stale: usize,
    /// Findings below the confidence asked for.
    pub below_confidence: usize,
    /// Wall time.
    pub seconds: f64,
}

/// What a reader of a report may want to know of a lint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintDoc {
    /// Its name.
    pub name: &'static str,
    /// Its group.
    pub group: &'static str,
    /// Its level without any setting.
    pub default_level: Level,
    /// One line.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub page: String,
}

/// What a run has to say.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files, for snippets.
    pub sources: SourceMap,
    /// The findings, in order of place.
    pub entries: Vec<Entry>,
    /// What letgo could not do.
    pub problems: Vec<Problem>,
    /// Whether a problem is letgo's own fault.
    pub internal_error: bool,
    /// Numbers.
    pub summary: Summary,
    /// How paths are shown.
    pub paths: Paths,
    /// How paths are seen from the top of the repository, for services that know no other place.
    pub from_top: Paths,
    /// The workspace root, absolute, `/`-separated.
    pub root: String,
    /// The crates, for formats that name the package.
    pub crates: Vec<CrateInput>,
    /// The lints, for formats that describe them.
    pub lints: Vec<LintDoc>,
    /// What is held where, if a format asked for it. Its paths are below the workspace root.
    pub inventory: Option<inventory::Inventory>,
}

impl Report {
    /// Whether a finding fails the run.
    pub fn fails(&self) -> bool {
        self.entries.iter().any(|e| e.level == Level::Deny)
    }

    /// The closing line, without a line break.
    pub fn closing_line(&self) -> String {
        let errors = self.entries.iter().filter(|e| e.level == Level::Deny).count();
        let warnings = self.entries.len() - errors;
        let summary = &self.summary;
        let mut line = String::from("letgo: ");
        if self.entries.is_empty() {
            line += &format!("no findings in {}", count(summary.files, "file"));
        } else {
            let kinds = [(errors, "error"), (warnings, "warning")];
            let parts: Vec<String> = kinds.iter().filter(|(n, _)| *n > 0).map(|&(n, word)| count(n, word)).collect();
            let mut files: Vec<_> = self.entries.iter().map(|e| e.finding.span.file).collect();
            files.dedup();
            line += &format!("{} in {} of {}", parts.join(", "), files.len(), count(summary.files, "file"));
        }
        let aside = [
            (summary.suppressed, "suppressed"),
            (summary.baselined, "in baseline"),
            (summary.old, "old"),
            (summary.below_confidence, "below the confidence asked for"),
        ];
        let aside: Vec<String> =
            aside.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        if !aside.is_empty() {
            line += &format!(" ({})", aside.join(", "));
        }
        if summary.unparsed > 0 {
            line += &format!("; {} not parsed", count(summary.unparsed, "file"));
        }
        line
    }

    /// Counts per lint, most first, as a table.
    pub fn statistics(&self) -> String {
        let mut counts = std::collections::BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.finding.lint).or_insert(0usize) += 1;
        }
        let mut rows: Vec<(usize, &str)> = counts.into_iter().map(|(lint, n)| (n, lint)).collect();
        rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        rows.iter().map(|(n, lint)| format!("{n:>6}  {lint}\n")).collect()
    }
}

/// `1 file`, `2 files`.
pub fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod testing;
