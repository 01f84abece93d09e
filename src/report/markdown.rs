//! A review comment or job summary in Markdown.
//!
//! **Invariants:** text from source is shown, never rendered: no links, HTML, mentions or mark-up of its own. What does not fit
//! is counted.

use super::escape::{markdown as say, markdown_code as code};
use super::region::Region;
use super::{Entry, Report, count};
use crate::base::Level;
use std::collections::BTreeMap;

/// What a comment may hold, less a margin.
const COMMENT_BYTES: usize = 60_000;

/// Renders the whole report as one comment.
pub fn render(report: &Report) -> String {
    within(report, COMMENT_BYTES)
}

/// Renders as much of the report as fits.
pub fn within(report: &Report, bytes: usize) -> String {
    let mut out = format!("### letgo\n\n{}\n", say(report.closing_line().trim_start_matches("letgo: ")));
    if report.entries.is_empty() {
        return out;
    }
    let mut lints: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for entry in &report.entries {
        let row = lints.entry(entry.finding.lint).or_default();
        match entry.level {
            Level::Deny => row.0 += 1,
            Level::Warn | Level::Allow => row.1 += 1,
        }
    }
    out += "\n| lint | errors | warnings |\n|---|---|---|\n";
    for (lint, (errors, warnings)) in &lints {
        out += &format!("| {} | {errors} | {warnings} |\n", code(lint));
    }
    let mut entries: Vec<&Entry> = report.entries.iter().collect();
    entries.sort_by_key(|e| std::cmp::Reverse(e.level));
    for (n, entry) in entries.iter().enumerate() {
        let shown = one(report, entry);
        if out.len() + shown.len() > bytes {
            let left = count(entries.len() - n, "finding");
            out += &format!("\n{left} more did not fit here.\n");
            break;
        }
        out += &shown;
    }
    out
}

fn one(report: &Report, entry: &Entry) -> String {
    let finding = &entry.finding;
    let word = match entry.level {
        Level::Deny => "error",
        Level::Warn | Level::Allow => "warning",
    };
    let place = |span| {
        let region = Region::of(&report.sources, span);
        region.map_or_else(String::new, |r| code(&format!("{}:{}:{}", report.from_top.show(r.path), r.line, r.column)))
    };
    let mut out =
        format!("\n#### {}\n\n**{word}** {} at {}", say(&finding.message), code(finding.lint), place(finding.span));
    if !finding.function.is_empty() {
        out += &format!(" in {}", code(&finding.function));
    }
    out += "\n\n";
    if finding.steps.len() > 1 {
        for (n, step) in finding.steps.iter().enumerate() {
            let words = say(&step.message);
            let words = if step.primary { format!("**{words}**") } else { words };
            out += &format!("{}. {} {words}\n", n + 1, place(step.span));
        }
        out += "\n";
    }
    for (word, words) in [("why", &finding.why), ("help", &finding.help)] {
        if !words.is_empty() {
            out += &format!("- {word}: {}\n", say(words));
        }
    }
    out += &format!(
        "- silence: {} above that line\n",
        code(&format!("// letgo: allow({}, reason = \"...\")", finding.lint))
    );
    out
}
