//! SARIF 2.1.0, for code scanning.
//!
//! **Invariants:** valid by the published schema; paths are seen from the repository's top, percent-encoded; columns count code
//! points; a finding's steps are a code flow in order of execution; the fingerprint is ours, under a name of ours, since the
//! uploader makes its own from lines. **Absent on purpose:** `security-severity` (a pool that runs dry is no vulnerability) and
//! findings that comments or the baseline silence.

use super::region::Region;
use super::{Entry, LintDoc, Report, count, escape};
use crate::base::{Confidence, Level, Span, Step, Suggestion};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Files with more results are refused.
const MOST_RESULTS: usize = 25_000;

/// The most locations of one result.
const MOST_LOCATIONS: usize = 1_000;

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let index: HashMap<&str, usize> = report.lints.iter().enumerate().map(|(i, lint)| (lint.name, i)).collect();
    let mut entries: Vec<&Entry> = report.entries.iter().collect();
    let mut notes: Vec<Value> =
        report.problems.iter().map(|p| note("error", &super::text::problem(report, p))).collect();
    if entries.len() > MOST_RESULTS {
        entries.sort_by_key(|e| std::cmp::Reverse(e.level));
        let left = count(entries.len() - MOST_RESULTS, "finding");
        notes.push(note("warning", &format!("{left} left out: a SARIF file holds {MOST_RESULTS} at most")));
        entries.truncate(MOST_RESULTS);
    }
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "letgo",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": report.lints.iter().map(rule).collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": "letgo/" },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": !report.internal_error,
                "toolExecutionNotifications": notes,
            }],
            "results": entries.iter().map(|e| result(report, e, &index)).collect::<Vec<_>>(),
        }],
    });
    super::json::pretty(&document)
}

fn note(level: &str, text: &str) -> Value {
    json!({ "level": level, "message": { "text": text } })
}

fn rule(lint: &LintDoc) -> Value {
    let severity = match lint.default_level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "recommendation",
    };
    let precision = match lint.group {
        "correctness" | "suspicious" => "high",
        "pedantic" => "medium",
        _ => "low",
    };
    json!({
        "id": lint.name,
        "name": pascal_case(lint.name),
        "shortDescription": { "text": lint.summary },
        "fullDescription": { "text": lint.summary },
        "help": { "text": lint.page, "markdown": lint.page },
        "defaultConfiguration": { "level": level(lint.default_level), "enabled": lint.default_level != Level::Allow },
        "properties": {
            "precision": precision,
            "problem.severity": severity,
            "tags": ["reliability", "rust", lint.group],
        },
    })
}

/// The friendly name: readers want one that differs from the id.
fn pascal_case(name: &str) -> String {
    let word = |word: &str| word.get(..1).map_or(String::new(), |first| first.to_uppercase() + &word[1..]);
    name.split('_').map(word).collect()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "note",
    }
}

fn result(report: &Report, entry: &Entry, index: &HashMap<&str, usize>) -> Value {
    let finding = &entry.finding;
    let mut result = Map::new();
    let mut set = |key: &str, value: Value| drop(result.insert(key.to_owned(), value));
    set("ruleId", json!(finding.lint));
    if let Some(index) = index.get(finding.lint) {
        set("ruleIndex", json!(index));
    }
    set("level", json!(level(entry.level)));
    // The first sentence stands alone in narrow views.
    let mut text = message(&finding.message);
    for (n, step) in finding.steps.iter().enumerate().filter(|(_, step)| !step.primary).take(MOST_LOCATIONS) {
        text += &format!("\n[({})]({}) {}", n + 1, n + 1, message(&step.message));
    }
    for (word, words) in [("why", &finding.why), ("help", &finding.help)] {
        if !words.is_empty() {
            text += &format!("\n{word}: {}", message(words));
        }
    }
    set("message", json!({ "text": text }));
    set("locations", json!([location(report, finding.span, None, Some(&finding.function))]));
    let steps = || finding.steps.iter().enumerate().take(MOST_LOCATIONS);
    let related = steps().filter(|(_, step)| !step.primary);
    let related: Vec<Value> =
        related.map(|(n, step)| location(report, step.span, Some((n + 1, &step.message)), None)).collect();
    set("relatedLocations", json!(related));
    if finding.steps.len() > 1 {
        let flow: Vec<Value> = steps()
            .map(|(n, step)| {
                json!({
                    "location": location(report, step.span, Some((n + 1, &step.message)), None),
                    "executionOrder": n + 1,
                    "nestingLevel": u8::from(!finding.function_span.contains(step.span)),
                    "importance": importance(step),
                })
            })
            .collect();
        set("codeFlows", json!([{ "threadFlows": [{ "locations": flow }] }]));
    }
    let fixes: Vec<Value> = finding.suggestions.iter().filter_map(|s| fix(report, s)).collect();
    if !fixes.is_empty() {
        set("fixes", json!(fixes));
    }
    set("partialFingerprints", json!({ "letgo/v1": entry.fingerprint }));
    let rank = match finding.confidence {
        Confidence::High => 90.0,
        Confidence::Medium => 50.0,
        Confidence::Low => 10.0,
    };
    set("rank", json!(rank));
    set(
        "properties",
        json!({ "confidence": finding.confidence.as_str(), "resource": escape::one_line(&finding.resource) }),
    );
    Value::Object(result)
}

/// A suggestion: replacements per file.
fn fix(report: &Report, suggestion: &Suggestion) -> Option<Value> {
    let mut changes: Vec<Value> = Vec::new();
    for edits in suggestion.edits.chunk_by(|a, b| a.span.file == b.span.file) {
        let file = report.sources.files.get(edits[0].span.file)?;
        let replacements = edits.iter().map(|edit| {
            let ((line, column), (end_line, end_column)) =
                (file.line_column(edit.span.start), file.line_column(edit.span.end));
            json!({
                "deletedRegion": {
                    "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
                },
                "insertedContent": { "text": edit.text },
            })
        });
        changes.push(json!({
            "artifactLocation": { "uri": uri(&report.from_top.show(&file.path)) },
            "replacements": replacements.collect::<Vec<_>>(),
        }));
    }
    Some(json!({ "description": { "text": message(&suggestion.message) }, "artifactChanges": changes }))
}

fn importance(step: &Step) -> &'static str {
    if step.primary { "essential" } else { "important" }
}

fn location(report: &Report, span: Span, step: Option<(usize, &str)>, function: Option<&str>) -> Value {
    let mut location = Map::new();
    if let Some(region) = Region::of(&report.sources, span) {
        location.insert(
            "physicalLocation".to_owned(),
            json!({
                "artifactLocation": { "uri": uri(&report.from_top.show(region.path)) },
                "region": {
                    "startLine": region.line,
                    "startColumn": region.column,
                    "endLine": region.line,
                    "endColumn": region.end_column,
                },
            }),
        );
    }
    if let Some((id, text)) = step {
        location.insert("id".to_owned(), json!(id));
        location.insert("message".to_owned(), json!({ "text": message(text) }));
    }
    if let Some(function) = function.filter(|f| !f.is_empty()) {
        let name = escape::one_line(function);
        location.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": name, "kind": "function" }]));
    }
    Value::Object(location)
}

/// A message of ours: brackets would be links.
fn message(text: &str) -> String {
    escape::one_line(text).replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out += "file://";
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            other => out += &format!("%{other:02X}"),
        }
    }
    out
}
