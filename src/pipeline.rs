//! The sentence: discover, parse and lower, link, analyse, lint, suppress, order.
//!
//! Owns the composition of the rooms, the threads ([`work`]) and what happens when a room panics ([`panics`]).
//!
//! **Invariants:** the result does not depend on the number of threads; a panic costs the file in which it happens and is told;
//! `syn` never leaves the thread that parsed. **Absent on purpose:** argument parsing, files, printing.

pub mod panics;
mod seam;
pub mod work;

use crate::base::{Confidence, FileId, Finding, Idx, IndexVec, Level, Problem, SourceFile, SourceMap, Span, Step};
use crate::discover::{Entry, Tree};
use crate::report::{self, Levels, LintRow, Paths, Report, Summary, suppress};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

pub use seam::{Catalog, Dump, Lint, Seen, catalog, dump, lints};

/// What a run is to do.
pub struct Options<'a> {
    /// What there is to read.
    pub tree: &'a Tree,
    /// Library knowledge.
    pub catalog: &'a Catalog,
    /// What findings do.
    pub levels: Levels,
    /// Findings below it are not reported.
    pub min_confidence: Confidence,
    /// Whether test code is read.
    pub include_tests: bool,
    /// Whether comments are passed over.
    pub ignore_suppressions: bool,
    /// Paths below the root; if there are any, only findings of which a step lies in them are reported.
    pub only: Vec<String>,
    /// Number of threads; 0 for as many as the machine has.
    pub threads: usize,
    /// How paths are shown.
    pub paths: Paths,
    /// Is told of every file that is done.
    pub progress: Option<&'a Progress<'a>>,
}

/// Is told what is being done, how many are done, and how many there are. Called from any thread.
pub type Progress<'a> = dyn Fn(&'static str, usize, usize) + Sync + 'a;

impl<'a> Options<'a> {
    /// The defaults: every lint at its own level, medium confidence, no test code.
    pub fn new(tree: &'a Tree, catalog: &'a Catalog) -> Options<'a> {
        Options {
            tree,
            catalog,
            levels: Levels { rows: lint_rows(), ..Levels::default() },
            min_confidence: Confidence::Medium,
            include_tests: false,
            ignore_suppressions: false,
            only: Vec::new(),
            threads: 0,
            paths: Paths::default(),
            progress: None,
        }
    }
}

/// Name, group and default level of every lint.
pub fn lint_rows() -> Vec<LintRow> {
    lints()
        .iter()
        .map(|l| LintRow { name: l.name, group: l.group.as_str(), default_level: l.default_level() })
        .collect()
}

/// Reads and judges a tree.
pub fn check(options: &Options<'_>) -> Report {
    let begin = Instant::now();
    let seen = read(options);
    let mut report = Report {
        problems: options.tree.problems.clone(),
        paths: options.paths.clone(),
        summary: seen.summary,
        ..Report::default()
    };
    let mut findings = seen.faults;
    match panics::caught(|| seam::findings(&seen.seen, options)) {
        Ok((found, acquisitions)) => {
            report.summary.acquisitions = acquisitions;
            findings.extend(found);
        }
        Err(words) => {
            report.internal_error = true;
            report.problems.push(internal(&words, ""));
        }
    }
    for problem in seen.ours {
        report.internal_error = true;
        report.problems.push(problem);
    }
    report.sources = seen.seen.sources;
    let is_left_out = |span: Span| !options.include_tests && seen.test_code.iter().any(|t| t.contains(span));
    findings.retain(|finding| !is_left_out(finding.span));
    if !options.ignore_suppressions {
        let names: Vec<&str> = options.levels.rows.iter().map(|row| row.name).collect();
        let outcome = suppress::apply(findings, &seen.comments, &report.sources, &names, is_left_out);
        report.summary.suppressed = outcome.silenced;
        findings = outcome.findings;
    }
    decide(&mut report, findings, options);
    report.summary.seconds = begin.elapsed().as_secs_f64();
    report
}

/// Reads a tree as far as the linked program: what `dump` shows.
pub fn look(options: &Options<'_>) -> Seen {
    read(options).seen
}

/// Levels, confidence and paths: from what was found to what is reported.
fn decide(report: &mut Report, mut findings: Vec<Finding>, options: &Options<'_>) {
    report::order::sort(&mut findings);
    let prints = report::order::fingerprints(&findings, &report.sources);
    for (finding, fingerprint) in findings.into_iter().zip(prints) {
        let path = report.sources.files.get(finding.span.file).map_or("", |f| &f.path);
        let (level, default_level) = options.levels.of(finding.lint, path, finding.confidence);
        if level == Level::Allow || !in_paths(&finding, &report.sources, &options.only) {
            continue;
        }
        if finding.confidence < options.min_confidence {
            report.summary.below_confidence += 1;
            continue;
        }
        report.entries.push(report::Entry { finding, level, default_level, fingerprint });
    }
}

/// Whether any place of the finding lies in the paths asked for.
fn in_paths(finding: &Finding, sources: &SourceMap, only: &[String]) -> bool {
    if only.is_empty() {
        return true;
    }
    let below = |path: &str, dir: &str| {
        dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
    };
    let places = std::iter::once(finding.span).chain(finding.steps.iter().map(|step| step.span));
    places.filter_map(|span| sources.files.get(span.file)).any(|file| only.iter().any(|dir| below(&file.path, dir)))
}

/// A tree that was read.
struct Read {
    seen: Seen,
    comments: Vec<suppress::FileComments>,
    /// `unparsed_file` findings.
    faults: Vec<Finding>,
    /// What is letgo's own fault.
    ours: Vec<Problem>,
    /// Places of test code.
    test_code: Vec<Span>,
    summary: Summary,
}

/// One file that was read.
struct ReadFile {
    source: SourceFile,
    lowered: Option<seam::Lowered>,
    fault: Option<Fault>,
}

/// Why a file has no IR.
enum Fault {
    Unreadable(String),
    Unparsed { line: usize, column: usize, message: String },
    Panic(String),
}

fn read(options: &Options<'_>) -> Read {
    let entries: Vec<&Entry> = options.tree.files.iter().filter(|e| options.include_tests || !e.is_test).collect();
    let done = AtomicUsize::new(0);
    let files = work::map(&entries, options.threads, |n, entry| {
        let file = read_file(FileId::new(n), entry, options.catalog);
        if let Some(progress) = options.progress {
            progress("reading", done.fetch_add(1, Ordering::Relaxed) + 1, entries.len());
        }
        file
    });
    let mut summary = Summary { files: files.len(), ..Summary::default() };
    let mut sources = SourceMap::default();
    let mut lowered = IndexVec::new();
    let (mut comments, mut faults, mut ours, mut test_code) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let id: FileId = sources.files.next_index();
        let lines = file.source.line_count();
        summary.lines += lines;
        match file.fault {
            Some(Fault::Panic(words)) => ours.push(internal(&words, &file.source.path)),
            Some(fault) => {
                summary.unparsed += 1;
                faults.push(unparsed(id, &file.source, fault));
            }
            None => {}
        }
        if let Some(lowered) = &file.lowered {
            summary.lowered_lines += lines;
            summary.functions += lowered.functions();
            comments.push(lowered.comments());
            test_code.extend(lowered.test_code());
        }
        lowered.push(file.lowered);
        sources.files.push(file.source);
    }
    let linked = panics::caught(|| seam::link(lowered, sources.clone(), options));
    let seen = linked.unwrap_or_else(|words| {
        ours.push(internal(&words, ""));
        seam::Seen::empty(sources)
    });
    Read { seen, comments, faults, ours, test_code, summary }
}

fn read_file(id: FileId, entry: &Entry, catalog: &Catalog) -> ReadFile {
    let text = match entry.read() {
        Ok(text) => text,
        Err(message) => {
            let source = SourceFile::new(&entry.path, "");
            return ReadFile { source, lowered: None, fault: Some(Fault::Unreadable(message)) };
        }
    };
    let source = SourceFile::new(&entry.path, &text);
    let result = panics::caught(|| seam::lower(id, &text, entry.edition, catalog));
    seam::forget_spans();
    let (lowered, fault) = match result {
        Ok(Ok(lowered)) => (Some(lowered), None),
        Ok(Err((line, column, message))) => (None, Some(Fault::Unparsed { line, column, message })),
        Err(words) => (None, Some(Fault::Panic(words))),
    };
    ReadFile { source, lowered, fault }
}

fn unparsed(file: FileId, source: &SourceFile, fault: Fault) -> Finding {
    let (message, line, column) = match fault {
        Fault::Unreadable(message) => (format!("this file {message}"), 1, 1),
        Fault::Unparsed { line, column, message } => (format!("this file cannot be parsed: {message}"), line, column),
        Fault::Panic(message) => (message, 1, 1),
    };
    let range = source.line_range(line).unwrap_or(0..0);
    let text = &source.text[range.clone()];
    let at = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(i, _)| i);
    let span = Span { file, start: (range.start + at) as u32, end: range.end as u32 };
    Finding {
        lint: "unparsed_file",
        confidence: Confidence::High,
        span,
        function: String::new(),
        function_span: span,
        message,
        resource: String::new(),
        acquired_at: None,
        steps: vec![Step { span, message: "here".to_owned(), primary: true, offence: None }],
        kinds: Vec::new(),
        why: "letgo sees nothing of this file, and calls into it are unknown to it".to_owned(),
        help: "mend the file, or name it under `exclude` in `letgo.toml`".to_owned(),
        suggestions: Vec::new(),
    }
}

fn internal(words: &str, path: &str) -> Problem {
    let message = format!("internal error, please report it: {words}");
    Problem { path: path.to_owned(), line: 0, message }
}
