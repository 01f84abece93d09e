//! The compiler's JSON diagnostics, one per line: bare (`rustc`) or in Cargo's envelope (`cargo`). Editors that run a check
//! command read either.
//!
//! **Invariants:** lines and columns from 1, columns in characters, bytes from 0, ends exclusive; paths are seen from the
//! workspace root, as Cargo's are; every span carries its line's text, in which columns are right; the code has two parts,
//! so that an editor takes the first for the source.

use super::region::Region;
use super::{Entry, Report, escape, text};
use crate::base::{CrateInput, Level, Span};
use serde_json::{Value, json};

/// Renders bare diagnostics.
pub fn bare(report: &Report) -> String {
    report.entries.iter().map(|entry| line(&diagnostic(report, entry))).collect()
}

/// Renders diagnostics as Cargo prints them.
pub fn cargo(report: &Report) -> String {
    let mut out = String::new();
    for entry in &report.entries {
        let path = report.sources.files.get(entry.finding.span.file).map_or("", |f| &f.path);
        out += &line(&envelope(report, package(report, path), diagnostic(report, entry)));
    }
    out + &line(&json!({ "reason": "build-finished", "success": !report.fails() }))
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

/// The package whose folder is nearest around a file.
pub(super) fn package<'a>(report: &'a Report, path: &str) -> Option<&'a CrateInput> {
    let is_below = |dir: &str| dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
    report.crates.iter().filter(|p| is_below(&p.dir)).max_by_key(|p| p.dir.len())
}

fn envelope(report: &Report, package: Option<&CrateInput>, message: Value) -> Value {
    let (name, dir, edition) = package.map_or(("letgo", "", 2021), |p| (p.name.as_str(), p.dir.as_str(), p.edition));
    let folder = if dir.is_empty() { report.root.clone() } else { format!("{}/{dir}", report.root) };
    let slash = if folder.starts_with('/') { "" } else { "/" };
    json!({
        "reason": "compiler-message",
        "package_id": format!("path+file://{slash}{folder}#{name}"),
        "manifest_path": format!("{folder}/Cargo.toml"),
        "target": {
            "kind": ["lib"],
            "crate_types": ["lib"],
            "name": name.replace('-', "_"),
            "src_path": format!("{folder}/src/lib.rs"),
            "edition": edition.to_string(),
            "doc": true,
            "doctest": false,
            "test": true,
        },
        "message": message,
    })
}

fn diagnostic(report: &Report, entry: &Entry) -> Value {
    let finding = &entry.finding;
    let level = match entry.level {
        Level::Deny => "error",
        Level::Warn | Level::Allow => "warning",
    };
    let alone = finding.steps.len() == 1;
    let primary = finding.steps.iter().position(|step| step.primary);
    let label = |n: usize| {
        let words = escape::one_line(&finding.steps[n].message);
        if alone { words } else { format!("({}) {words}", n + 1) }
    };
    let mut spans: Vec<Value> = Vec::new();
    spans.extend(span(report, finding.span, true, primary.map(label), None));
    for (n, step) in finding.steps.iter().enumerate().filter(|(n, _)| Some(*n) != primary) {
        spans.extend(span(report, step.span, false, Some(label(n)), None));
    }
    let child = |level: &str, message: String, spans: Vec<Value>| json!({ "message": message, "code": null, "level": level, "spans": spans, "children": [], "rendered": null });
    let mut children = Vec::new();
    if !finding.why.is_empty() {
        children.push(child("note", escape::one_line(&finding.why), Vec::new()));
    }
    if !finding.help.is_empty() {
        children.push(child("help", escape::one_line(&finding.help), Vec::new()));
    }
    for suggestion in &finding.suggestions {
        let edits = suggestion.edits.iter().filter_map(|e| span(report, e.span, true, None, Some(&e.text)));
        children.push(child("help", escape::one_line(&suggestion.message), edits.collect()));
    }
    children.push(child("note", format!("`letgo explain {}` says more", finding.lint), Vec::new()));
    json!({
        "$message_type": "diagnostic",
        "message": escape::one_line(&finding.message),
        "code": { "code": format!("letgo::{}", finding.lint), "explanation": null },
        "level": level,
        "spans": spans,
        "children": children,
        "rendered": text::entry(report, entry),
    })
}

fn span(report: &Report, span: Span, primary: bool, label: Option<String>, edit: Option<&str>) -> Option<Value> {
    let region = Region::of(&report.sources, span)?;
    let file = &report.sources.files[span.file];
    // What an edit replaces is exact; a place to look at is one line.
    let (start, end) = if edit.is_some() { (span.start, span.end) } else { (region.start as u32, region.end as u32) };
    let ((line, column), (end_line, end_column)) = (file.line_column(start), file.line_column(end));
    let text = (line..=end_line).filter_map(|n| {
        let text = &file.text[file.line_range(n)?];
        let highlight_start = if n == line { column } else { 1 };
        let highlight_end = if n == end_line { end_column } else { text.chars().count() + 1 };
        let text = escape::same_length(text);
        Some(json!({ "text": text, "highlight_start": highlight_start, "highlight_end": highlight_end }))
    });
    Some(json!({
        "file_name": region.path,
        "byte_start": start,
        "byte_end": end,
        "line_start": line,
        "line_end": end_line,
        "column_start": column,
        "column_end": end_column,
        "is_primary": primary,
        "text": text.collect::<Vec<_>>(),
        "label": label,
        "suggested_replacement": edit,
        "suggestion_applicability": edit.map(|_| "MachineApplicable"),
        "expansion": null,
    }))
}
