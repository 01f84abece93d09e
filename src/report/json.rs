//! The stable machine interface, version 1.
//!
//! **Invariants:** lines and columns from 1, columns in characters, ends exclusive; paths as seen from the working folder,
//! `/`-separated; a key is added freely, and the version rises only when one changes meaning or goes.

use super::{Entry, Report, Summary};
use crate::base::{SourceMap, Span};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    findings: Vec<JsonFinding<'a>>,
    problems: Vec<JsonProblem<'a>>,
    summary: JsonSummary,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    lint: &'a str,
    level: &'static str,
    default_level: &'static str,
    confidence: &'static str,
    #[serde(flatten)]
    place: Place,
    function: &'a str,
    message: &'a str,
    resource: &'a str,
    steps: Vec<JsonStep<'a>>,
    why: &'a str,
    help: &'a str,
    suggestions: Vec<JsonSuggestion<'a>>,
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct Place {
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    n: usize,
    #[serde(flatten)]
    place: Place,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonSuggestion<'a> {
    message: &'a str,
    edits: Vec<JsonEdit<'a>>,
}

/// `start` and `end` are bytes of the file.
#[derive(Serialize)]
struct JsonEdit<'a> {
    path: String,
    start: u32,
    end: u32,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    path: String,
    line: usize,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonSummary {
    files: usize,
    functions: usize,
    acquisitions: usize,
    suppressed: usize,
    baselined: usize,
    seconds: f64,
}

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let findings = report.entries.iter().map(|entry| finding(report, entry));
    let problems = report.problems.iter().map(|p| JsonProblem {
        path: report.paths.show(&p.path),
        line: p.line,
        message: &p.message,
    });
    let Summary { files, functions, acquisitions, suppressed, baselined, seconds, .. } = report.summary;
    let document = Document {
        version: 1,
        findings: findings.collect(),
        problems: problems.collect(),
        summary: JsonSummary {
            files,
            functions,
            acquisitions,
            suppressed,
            baselined,
            seconds: (seconds * 1e3).round() / 1e3,
        },
    };
    pretty(&document)
}

/// Renders one finding per line, each as in [`render`].
pub fn lines(report: &Report) -> String {
    let line =
        |entry| serde_json::to_string(&finding(report, entry)).expect("strings and numbers always serialise") + "\n";
    report.entries.iter().map(line).collect()
}

/// Any data of ours, over many lines and with a line break at the end.
pub fn pretty(data: &impl Serialize) -> String {
    serde_json::to_string_pretty(data).expect("strings and numbers always serialise") + "\n"
}

fn finding<'a>(report: &'a Report, entry: &'a Entry) -> JsonFinding<'a> {
    let path = |span: Span| report.sources.files.get(span.file).map_or(String::new(), |f| report.paths.show(&f.path));
    let place = |span: Span| place(&report.sources, span, path(span));
    let finding = &entry.finding;
    JsonFinding {
        lint: finding.lint,
        level: entry.level.as_str(),
        default_level: entry.default_level.as_str(),
        confidence: finding.confidence.as_str(),
        place: place(finding.span),
        function: &finding.function,
        message: &finding.message,
        resource: &finding.resource,
        steps: finding
            .steps
            .iter()
            .enumerate()
            .map(|(n, step)| JsonStep { n: n + 1, place: place(step.span), message: &step.message })
            .collect(),
        why: &finding.why,
        help: &finding.help,
        suggestions: finding
            .suggestions
            .iter()
            .map(|suggestion| JsonSuggestion {
                message: &suggestion.message,
                edits: suggestion
                    .edits
                    .iter()
                    .map(|e| JsonEdit { path: path(e.span), start: e.span.start, end: e.span.end, text: &e.text })
                    .collect(),
            })
            .collect(),
        fingerprint: &entry.fingerprint,
    }
}

fn place(sources: &SourceMap, span: Span, path: String) -> Place {
    let Some(file) = sources.files.get(span.file) else {
        return Place { path, line: 0, column: 0, end_line: 0, end_column: 0 };
    };
    let (line, column) = file.line_column(span.start);
    let (end_line, end_column) = file.line_column(span.end);
    Place { path, line, column, end_line, end_column }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
