//! One HTML file for a reviewer: summary, filters, each finding with its path drawn beside the source, and what is held where.
//!
//! Owns the data of the page; the page itself is `report.html`, `report.css` and `report.js` beside this file.
//!
//! **Invariants:** the file fetches nothing and holds all that it shows; text from source stands in it as JSON only, in which no
//! `<` occurs, and the script makes text nodes of it, never markup. Source lines are held once, however many findings show
//! them. **Absent on purpose:** whole files; a line that no finding is near is not in the report.

use super::region::Region;
use super::{Report, inventory::Inventory};
use crate::base::{FileId, Finding, SourceFile, SourceMap, Span, Suggestion};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Lines shown around a step.
const AROUND: usize = 3;
/// A function of more lines is shown around its steps only.
const LONGEST_FUNCTION: usize = 150;
/// Characters of a line that are kept: longer ones are generated.
const LONGEST_LINE: usize = 600;

#[derive(Serialize)]
struct Data<'a> {
    workspace: &'a str,
    closing_line: String,
    summary: Counts,
    lints: Vec<Lint<'a>>,
    files: Vec<File<'a>>,
    findings: Vec<Item<'a>>,
    problems: Vec<Trouble<'a>>,
    inventory: Option<&'a Inventory>,
}

#[derive(Serialize)]
struct Counts {
    files: usize,
    functions: usize,
    acquisitions: usize,
    suppressed: usize,
    baselined: usize,
    old: usize,
}

#[derive(Serialize)]
struct Lint<'a> {
    name: &'a str,
    summary: &'a str,
    page: &'a str,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    #[serde(rename = "crate")]
    krate: &'a str,
    /// First line, and the lines.
    chunks: Vec<(usize, Vec<String>)>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    lint: &'a str,
    level: &'static str,
    confidence: &'static str,
    #[serde(flatten)]
    at: Spot,
    function: &'a str,
    message: &'a str,
    resource: &'a str,
    why: &'a str,
    help: &'a str,
    steps: Vec<Stop<'a>>,
    suggestions: Vec<Fix<'a>>,
}

/// Part of one line; columns in characters from 1, the end exclusive.
#[derive(Clone, Copy, Serialize)]
struct Spot {
    /// Index among the files of the report.
    file: usize,
    line: usize,
    column: usize,
    end: usize,
}

#[derive(Serialize)]
struct Stop<'a> {
    #[serde(flatten)]
    at: Spot,
    message: &'a str,
    primary: bool,
}

#[derive(Serialize)]
struct Fix<'a> {
    message: &'a str,
    changes: Vec<Change>,
}

/// Whole lines before and after.
#[derive(Serialize)]
struct Change {
    file: usize,
    line: usize,
    old: Vec<String>,
    new: Vec<String>,
}

#[derive(Serialize)]
struct Trouble<'a> {
    path: &'a str,
    line: usize,
    message: &'a str,
}

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let json = serde_json::to_string(&data(report)).expect("strings and numbers always serialise");
    // In JSON `<` stands inside strings only, where it may be written out; so nothing ends the element that holds it.
    let json = json.replace('<', "\\u003c");
    let mut out = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + json.len());
    let mut rest = PAGE;
    for (mark, text) in [("@STYLE@", STYLE), ("@DATA@", &json), ("@SCRIPT@", SCRIPT)] {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        out.push_str(before);
        out.push_str(text);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn data(report: &Report) -> Data<'_> {
    let mut shown = Shown { sources: &report.sources, index: BTreeMap::new(), lines: Vec::new() };
    let findings: Vec<Item<'_>> = report.entries.iter().filter_map(|entry| item(&mut shown, entry)).collect();
    let mentioned: BTreeSet<&str> = report.entries.iter().map(|e| e.finding.lint).collect();
    let lints = report.lints.iter().filter(|l| mentioned.contains(l.name));
    let summary = &report.summary;
    Data {
        workspace: report.root.rsplit('/').find(|part| !part.is_empty()).unwrap_or("workspace"),
        closing_line: report.closing_line(),
        summary: Counts {
            files: summary.files,
            functions: summary.functions,
            acquisitions: summary.acquisitions,
            suppressed: summary.suppressed,
            baselined: summary.baselined,
            old: summary.old,
        },
        lints: lints.map(|l| Lint { name: l.name, summary: l.summary, page: &l.page }).collect(),
        files: shown.files(report),
        findings,
        problems: report
            .problems
            .iter()
            .map(|p| Trouble { path: &p.path, line: p.line, message: &p.message })
            .collect(),
        inventory: report.inventory.as_ref(),
    }
}

fn item<'a>(shown: &mut Shown<'_>, entry: &'a super::Entry) -> Option<Item<'a>> {
    let finding = &entry.finding;
    let at = shown.spot(finding.span)?;
    shown.function(finding);
    let steps = finding
        .steps
        .iter()
        .filter_map(|step| Some(Stop { at: shown.spot(step.span)?, message: &step.message, primary: step.primary }));
    Some(Item {
        id: &entry.fingerprint,
        lint: finding.lint,
        level: entry.level.as_str(),
        confidence: finding.confidence.as_str(),
        at,
        function: &finding.function,
        message: &finding.message,
        resource: &finding.resource,
        why: &finding.why,
        help: &finding.help,
        steps: steps.collect(),
        suggestions: finding.suggestions.iter().map(|s| shown.fix(s)).collect(),
    })
}

/// The files of the report, and which of their lines it shows.
struct Shown<'a> {
    sources: &'a SourceMap,
    index: BTreeMap<FileId, usize>,
    lines: Vec<(FileId, BTreeSet<usize>)>,
}

impl Shown<'_> {
    fn file(&mut self, id: FileId) -> usize {
        *self.index.entry(id).or_insert_with(|| {
            self.lines.push((id, BTreeSet::new()));
            self.lines.len() - 1
        })
    }

    /// A place, the lines around which are shown.
    fn spot(&mut self, span: Span) -> Option<Spot> {
        let sources = self.sources;
        let region = Region::of(sources, span)?;
        let file = self.file(span.file);
        let last = sources.files[span.file].line_count();
        self.lines[file].1.extend(region.line.saturating_sub(AROUND).max(1)..=(region.line + AROUND).min(last));
        Some(Spot { file, line: region.line, column: region.column, end: region.end_column })
    }

    /// The whole function around a finding, for those who unfold it.
    fn function(&mut self, finding: &Finding) {
        let span = finding.function_span;
        let Some(source) = self.sources.files.get(span.file) else { return };
        let (first, last) = (source.line_column(span.start).0, source.line_column(span.end).0);
        if last - first < LONGEST_FUNCTION {
            let file = self.file(span.file);
            self.lines[file].1.extend(first..=last.min(source.line_count()));
        }
    }

    fn fix<'a>(&mut self, suggestion: &'a Suggestion) -> Fix<'a> {
        let mut changes: Vec<Change> = Vec::new();
        // Edits of neighbouring lines are one change.
        let sources = self.sources;
        for edits in suggestion.edits.chunk_by(|a, b| are_near(sources, a.span, b.span)) {
            let span = edits[0].span.to(edits[edits.len() - 1].span);
            let Some(source) = sources.files.get(span.file) else { continue };
            let (line, last) = (source.line_column(span.start).0, source.line_column(span.end).0);
            let start = source.line_range(line).map_or(0, |r| r.start);
            let end = source.line_range(last).map_or(source.text.len(), |r| r.end);
            let old = source.text.get(start..end).unwrap_or_default();
            let mut new = String::new();
            let mut at = start;
            for edit in edits {
                new += source.text.get(at..edit.span.start as usize).unwrap_or_default();
                new += &edit.text;
                at = edit.span.end as usize;
            }
            new += source.text.get(at..end).unwrap_or_default();
            let lines = |text: &str| text.lines().map(cut).collect();
            changes.push(Change { file: self.file(span.file), line, old: lines(old), new: lines(&new) });
        }
        Fix { message: &suggestion.message, changes }
    }

    fn files<'r>(&self, report: &'r Report) -> Vec<File<'r>> {
        let file = |(id, lines): &(FileId, BTreeSet<usize>)| {
            let source = &report.sources.files[*id];
            let package = super::rustc::package(report, &source.path);
            let krate = package.map_or("", |p| p.name.as_str());
            File { path: &source.path, krate, chunks: chunks(source, lines) }
        };
        self.lines.iter().map(file).collect()
    }
}

/// Whether no line lies between.
fn are_near(sources: &SourceMap, a: Span, b: Span) -> bool {
    let line = |at: u32| sources.files.get(a.file).map_or(0, |f| f.line_column(at).0);
    a.file == b.file && line(b.start) <= line(a.end) + 1
}

/// Runs of neighbouring lines.
fn chunks(source: &SourceFile, lines: &BTreeSet<usize>) -> Vec<(usize, Vec<String>)> {
    let mut out: Vec<(usize, Vec<String>)> = Vec::new();
    for &line in lines {
        let Some(range) = source.line_range(line) else { continue };
        let text = cut(&source.text[range]);
        match out.last_mut() {
            Some((first, texts)) if *first + texts.len() == line => texts.push(text),
            Some(_) | None => out.push((line, vec![text])),
        }
    }
    out
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}
