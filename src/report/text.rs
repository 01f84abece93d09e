//! The annotated report that people read.
//!
//! Each finding: the first line, the snippet with its numbered steps, then why, help, how to silence, where to read more.

use super::snippet::{Mark, Picture, Shown, Weight, render as draw};
use super::{Entry, Report};
use crate::base::{FileId, Level, Problem, Span};
use std::collections::BTreeMap;

/// Renders all findings.
pub fn render(report: &Report, color: bool) -> String {
    let mut shown: BTreeMap<FileId, Shown> = BTreeMap::new();
    let mut out = String::new();
    for entry in &report.entries {
        out += &one(report, entry, color, &mut shown);
    }
    out
}

/// Renders a problem on one line.
pub fn problem(report: &Report, problem: &Problem) -> String {
    problem_line(&report.paths, problem)
}

/// As [`problem`], without a report.
pub fn problem_line(paths: &super::Paths, problem: &Problem) -> String {
    let path = super::escape::one_line(&paths.show(&problem.path));
    let place = if problem.line > 0 { format!("{path}:{}", problem.line) } else { path };
    format!("letgo: {place}: {}", super::escape::one_line(&problem.message))
}

/// Renders one finding.
pub fn entry(report: &Report, entry: &Entry) -> String {
    one(report, entry, false, &mut BTreeMap::new())
}

fn one(report: &Report, entry: &Entry, color: bool, shown: &mut BTreeMap<FileId, Shown>) -> String {
    let finding = &entry.finding;
    let mut ids: Vec<FileId> = Vec::new();
    let mut marks = Vec::new();
    let mut mark = |span: Span, message: String, primary: bool| {
        if report.sources.files.get(span.file).is_none() {
            return;
        }
        let file = ids.iter().position(|id| *id == span.file).unwrap_or_else(|| {
            ids.push(span.file);
            ids.len() - 1
        });
        marks.push(Mark { file, range: span.start as usize..span.end as usize, message, primary });
    };
    if !finding.steps.iter().any(|step| step.primary) {
        mark(finding.span, String::new(), true);
    }
    let alone = finding.steps.len() == 1;
    for (n, step) in finding.steps.iter().enumerate() {
        let message = if alone { step.message.clone() } else { format!("({}) {}", n + 1, step.message) };
        mark(step.span, message, step.primary);
    }
    let files: Vec<Shown> = ids
        .iter()
        .map(|&id| {
            let file = &report.sources.files[id];
            shown.entry(id).or_insert_with(|| Shown::new(&report.paths.show(&file.path), &file.text)).clone()
        })
        .collect();
    let (line, _) = report.sources.line_column(finding.span);
    let mut notes = Vec::new();
    for (word, text) in [("why", &finding.why), ("help", &finding.help)] {
        if !text.is_empty() {
            notes.push((word, text.clone()));
        }
    }
    notes.push(("silence", format!("`// letgo: allow({}, reason = \"...\")` above line {line}", finding.lint)));
    notes.push(("more", format!("`letgo explain {}`", finding.lint)));
    let weight = match entry.level {
        Level::Deny => Weight::Error,
        Level::Allow | Level::Warn => Weight::Warning,
    };
    let code = Some(format!("letgo::{}", finding.lint));
    draw(&Picture { weight, code, message: finding.message.clone(), files: &files, marks, notes }, color)
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
