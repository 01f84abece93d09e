//! GitHub's workflow commands: annotations on the change, and the job summary.
//!
//! **Invariants:** errors come before warnings, because GitHub shows ten of each per step and drops the rest in silence; how
//! many it will not show is told. The human report stands before them in a group in which commands are switched off, so
//! nothing that comes from source is obeyed.

use super::region::Region;
use super::{Entry, Report, escape, markdown, text};
use crate::base::Level;

/// Annotations of one level that GitHub shows per step.
const SHOWN: usize = 10;

/// Bytes of a step's summary that GitHub takes, less a margin.
const SUMMARY_BYTES: usize = 1_000_000;

/// Renders the human report and the annotations.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    if !report.entries.is_empty() {
        let human = text::render(report, false);
        let token = token(&human);
        out += &format!("::group::{}\n", escape::command_data(&report.closing_line()));
        out += &format!("::stop-commands::{token}\n{human}::{token}::\n::endgroup::\n");
    }
    let mut entries: Vec<&Entry> = report.entries.iter().collect();
    entries.sort_by_key(|e| std::cmp::Reverse(e.level));
    for entry in &entries {
        out += &command(report, entry);
    }
    let over = |level: Level| entries.iter().filter(|e| e.level == level).count().saturating_sub(SHOWN);
    let over = [(over(Level::Deny), "error"), (over(Level::Warn), "warning")];
    let over: Vec<String> = over.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} more {word}s")).collect();
    if !over.is_empty() {
        let words = over.join(" and ");
        out += &format!(
            "::notice title=letgo::{words} without annotation: GitHub shows {SHOWN} of a level per step; the log and the job summary have all\n"
        );
    }
    out
}

/// The job summary, in Markdown.
pub fn summary(report: &Report) -> String {
    markdown::within(report, SUMMARY_BYTES)
}

fn command(report: &Report, entry: &Entry) -> String {
    let finding = &entry.finding;
    let word = match entry.level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "notice",
    };
    let mut properties = vec![format!("title={}", escape::command_property(&format!("letgo ({})", finding.lint)))];
    let mut words = escape::one_line(&finding.message);
    if let Some(region) = Region::of(&report.sources, finding.span) {
        let path = report.from_top.show(region.path);
        properties.push(format!("file={}", escape::command_property(&path)));
        properties.push(format!("line={0},endLine={0}", region.line));
        properties.push(format!("col={},endColumn={}", region.column, region.end_column));
        // The log shows no properties.
        words = format!("{}:{}:{}: {words}", escape::one_line(&path), region.line, region.column);
    }
    for (n, step) in finding.steps.iter().enumerate().filter(|_| finding.steps.len() > 1) {
        if let Some(region) = Region::of(&report.sources, step.span) {
            let path = escape::one_line(&report.from_top.show(region.path));
            words += &format!("\n({}) {path}:{}: {}", n + 1, region.line, escape::one_line(&step.message));
        }
    }
    if !finding.help.is_empty() {
        words += &format!("\nhelp: {}", escape::one_line(&finding.help));
    }
    format!("::{word} {}::{}\n", properties.join(","), escape::command_data(&words))
}

/// A word that does not occur in `text`, so that nothing in it can switch commands on again. The runner knows the word in any
/// case, and in the old form `##[word]` anywhere on a line.
fn token(text: &str) -> String {
    let text = text.to_lowercase();
    let mut n = 0u32;
    loop {
        let token = format!("letgo-{n}");
        if !text.contains(&token) {
            return token;
        }
        n += 1;
    }
}
