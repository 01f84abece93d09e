//! rdjson: what review bots read. Columns are bytes of UTF-8, from 1; ends are exclusive.

use super::region::Region;
use super::{Report, escape};
use crate::base::{Level, Span};
use serde_json::{Value, json};

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let diagnostics: Vec<Value> = report.entries.iter().map(|entry| diagnostic(report, entry)).collect();
    super::json::pretty(&json!({
        "source": { "name": "letgo" },
        "severity": "WARNING",
        "diagnostics": diagnostics,
    }))
}

fn diagnostic(report: &Report, entry: &super::Entry) -> Value {
    let finding = &entry.finding;
    let severity = match entry.level {
        Level::Deny => "ERROR",
        Level::Warn => "WARNING",
        Level::Allow => "INFO",
    };
    let mut message = escape::one_line(&finding.message);
    for (word, words) in [("why", &finding.why), ("help", &finding.help)] {
        if !words.is_empty() {
            message += &format!("\n{word}: {}", escape::one_line(words));
        }
    }
    let steps = finding.steps.iter().enumerate().filter(|(_, step)| !step.primary);
    let related: Vec<Value> = steps
        .map(|(n, step)| {
            let message = format!("({}) {}", n + 1, escape::one_line(&step.message));
            json!({ "message": message, "location": location(report, step.span) })
        })
        .collect();
    // A suggestion replaces one place of the finding's own file.
    let edits = finding.suggestions.iter().filter_map(|s| s.as_one(&report.sources));
    let edits = edits.filter(|e| e.span.file == finding.span.file);
    let suggestions: Vec<Value> = edits.map(|e| json!({ "range": range(report, e.span), "text": e.text })).collect();
    json!({
        "message": message,
        "location": location(report, finding.span),
        "severity": severity,
        "code": { "value": finding.lint },
        "suggestions": suggestions,
        "related_locations": related,
    })
}

fn location(report: &Report, span: Span) -> Value {
    let region = Region::of(&report.sources, span);
    let path = region.map_or(String::new(), |r| report.paths.show(r.path));
    match region {
        None => json!({ "path": path }),
        Some(r) => json!({ "path": path, "range": {
            "start": { "line": r.line, "column": r.byte_column },
            "end": { "line": r.line, "column": r.end_byte_column },
        }}),
    }
}

/// The exact place of an edit.
fn range(report: &Report, span: Span) -> Value {
    let position = |offset: u32| {
        let Some(file) = report.sources.files.get(span.file) else { return json!({ "line": 1, "column": 1 }) };
        let (line, _) = file.line_column(offset);
        let start = file.line_range(line).map_or(0, |r| r.start);
        json!({ "line": line, "column": offset as usize - start.min(offset as usize) + 1 })
    };
    json!({ "start": position(span.start), "end": position(span.end) })
}
