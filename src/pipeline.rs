//! The sentence: discover, parse and lower, link, analyse, lint, suppress, order.
//!
//! Owns the composition of the rooms, the threads ([`work`]), what happens when a room panics ([`panics`]), and what
//! `letgo dump` shows ([`dump`]), the [`inventory`], and the [`fixes`].
//!
//! **Invariants:** the result does not depend on the number of threads; a panic costs the file or the stage in which it
//! happens and is told; `syn` never leaves the thread that parsed. **Absent on purpose:** argument parsing, files, printing.

pub mod dump;
pub mod fixes;
pub mod inventory;
pub mod panics;
mod read;
mod test_files;
pub mod work;

use crate::analyse::{self, Facts};
use crate::base::{Confidence, FileId, Finding, Level, Problem, SourceMap, Span};
use crate::discover::Tree;
use crate::lints;
use crate::pack::{
    Catalog,
    catalog::{builtin_packs, described_by, packs_for},
    load::load_project,
};
use crate::report::{self, Known, Levels, LintDoc, LintRow, Paths, Report, suppress};
use crate::resolve::{BodyIdx, Linker, Program};
use read::Read;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// What a run is to do.
#[derive(Clone)]
pub struct Options<'a> {
    /// What there is to read.
    pub tree: &'a Tree,
    /// Library knowledge.
    pub catalog: &'a Arc<Catalog>,
    /// What findings do.
    pub levels: Levels,
    /// Findings below it are not reported.
    pub min_confidence: Confidence,
    /// Whether test code is read.
    pub include_tests: bool,
    /// Whether bodies are read too that have no say in what is found: those of test code, where that is not asked for.
    pub whole: bool,
    /// Whether comments are passed over.
    pub ignore_suppressions: bool,
    /// Paths below the root; if there are any, only findings of which a step lies in them are reported.
    pub only: Vec<String>,
    /// Findings of the baseline, which are not reported.
    pub baseline: Option<&'a Known>,
    /// Findings of the tree compared with, which are not reported.
    pub before: Option<&'a Known>,
    /// Number of threads; 0 for as many as the machine has.
    pub threads: usize,
    /// How paths are shown.
    pub paths: Paths,
    /// Whether the report is to say what is held where.
    pub inventory: bool,
    /// Whether findings are to come with their fixes, which costs a second reading where there are any.
    pub fixes: bool,
    /// Whether the process ends soon after the run: then the system takes all memory back at once, which is much quicker than
    /// to give it back piece by piece.
    pub last: bool,
    /// Is told how far the run is.
    pub progress: Option<&'a Progress<'a>>,
}

/// Is told what is being done, how many are done, and how many there are. Called from any thread.
pub type Progress<'a> = dyn Fn(&'static str, usize, usize) + Sync + 'a;

impl<'a> Options<'a> {
    /// The defaults: every lint at its own level, medium confidence, no test code.
    pub fn new(tree: &'a Tree, catalog: &'a Arc<Catalog>) -> Options<'a> {
        Options {
            tree,
            catalog,
            levels: Levels { rows: lint_rows(), ..Levels::default() },
            min_confidence: Confidence::Medium,
            include_tests: false,
            whole: false,
            ignore_suppressions: false,
            only: Vec::new(),
            baseline: None,
            before: None,
            threads: 0,
            paths: Paths::default(),
            inventory: false,
            fixes: false,
            last: false,
            progress: None,
        }
    }

    /// Tells how far the run is.
    fn say(&self, what: &'static str, done: usize, all: usize) {
        if let Some(progress) = self.progress {
            progress(what, done, all);
        }
    }
}

/// Name, group and default level of every lint.
pub fn lint_rows() -> Vec<LintRow> {
    let row = |l: &&lints::Lint| LintRow { name: l.name, group: l.group.as_str(), default_level: l.default_level() };
    lints::ALL.iter().map(row).collect()
}

/// What reports may want to know of every lint.
pub fn lint_docs() -> Vec<LintDoc> {
    let doc = |l: &&lints::Lint| LintDoc {
        name: l.name,
        group: l.group.as_str(),
        default_level: l.default_level(),
        summary: l.summary,
        page: l.reader_page(),
    };
    lints::ALL.iter().map(doc).collect()
}

/// Library knowledge for a tree: the shipped packs of its dependencies (all packs, where no manifest says what these are), and
/// the rows of the project's settings, given as the file's name and text.
pub fn catalog(tree: &Tree, project: Option<(&str, &str)>) -> Result<Arc<Catalog>, Vec<Problem>> {
    let packages: BTreeSet<&str> = tree.crates.iter().flat_map(|k| &k.deps).map(described_by).collect();
    let mut packs = if packages.is_empty() { builtin_packs().0 } else { packs_for(packages) };
    let mut errors = Vec::new();
    if let Some((origin, text)) = project {
        let (pack, found) = load_project(origin, text);
        packs.push(pack);
        errors.extend(found);
    }
    let (catalog, found) = Catalog::new(packs);
    // What is wrong with shipped packs is for their tests to tell, not for the user.
    errors.extend(found.into_iter().filter(|e| project.is_some_and(|(origin, _)| e.path == origin)));
    if errors.is_empty() { Ok(Arc::new(catalog)) } else { Err(errors.into_iter().map(Problem::from).collect()) }
}

/// What a run has read, for the next one.
pub struct Memory {
    read: Read,
    catalog: Arc<Catalog>,
    whole: bool,
    include_tests: bool,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory of {} files", self.read.files.len())
    }
}

/// Reads and judges a tree.
pub fn check(options: &Options<'_>) -> Report {
    let (report, memory) = check_again(options, None);
    work::discard(memory, options.last);
    report
}

/// The same, over what an earlier run has read: files that are as they were are not parsed again. What it answers is what
/// [`check`] answers.
pub fn check_again(options: &Options<'_>, memory: Option<&Memory>) -> (Report, Memory) {
    let begin = Instant::now();
    // Macros are lowered as the catalog says, so it must be the very same.
    let fits = |m: &&Memory| {
        Arc::ptr_eq(&m.catalog, options.catalog) && (m.whole, m.include_tests) == (options.whole, options.include_tests)
    };
    let read = read::read(options, memory.filter(fits).map(|m| &m.read));
    let (mut report, mut findings) = gather(&read, options);
    report::order::sort(&mut findings);
    let known = options.fixes.then(|| Known::of(&findings, &report.sources));
    decide(&mut report, findings, options);
    if let Some(known) = known {
        fixes::offer(&mut report, &known, &read, options);
    }
    report.summary.seconds = begin.elapsed().as_secs_f64();
    let catalog = Arc::clone(options.catalog);
    (report, Memory { read, catalog, whole: options.whole, include_tests: options.include_tests })
}

/// What a tree's findings are, whatever their level and confidence, and the report that they would stand in.
pub fn known(options: &Options<'_>) -> (Known, Report) {
    let read = read::read(options, None);
    let (report, mut findings) = gather(&read, options);
    report::order::sort(&mut findings);
    (Known::of(&findings, &report.sources), report)
}

/// Finds in what was read; comments have spoken, levels have not.
fn gather(read: &Read, options: &Options<'_>) -> (Report, Vec<Finding>) {
    let mut report = Report {
        problems: options.tree.problems.clone(),
        paths: options.paths.clone(),
        root: options.tree.root.to_string_lossy().replace('\\', "/"),
        crates: options.tree.crates.clone(),
        lints: lint_docs(),
        summary: read.summary,
        ..Report::default()
    };
    report.internal_error = !read.ours.is_empty();
    report.problems.extend(read.ours.iter().chain(&read.told).cloned());
    let mut findings = read.faults.clone();
    let mut left_out = Vec::new();
    match panics::caught(|| judge(read, options)) {
        Ok(judged) => {
            findings.extend(judged.findings);
            left_out = judged.test_code;
            report.summary.acquisitions = judged.acquisitions;
            report.inventory = judged.inventory;
            report.internal_error |= !judged.ours.is_empty();
            report.problems.extend(judged.ours);
        }
        Err(words) => {
            report.internal_error = true;
            report.problems.push(internal(&words, ""));
        }
    }
    if !options.ignore_suppressions {
        let names: Vec<&str> = options.levels.rows.iter().map(|row| row.name).collect();
        let is_left_out = |span: Span| !options.include_tests && left_out.iter().any(|t: &Span| t.contains(span));
        let outcome = suppress::apply(findings, &read.comments, &read.sources, &names, is_left_out);
        report.summary.suppressed = outcome.silenced;
        findings = outcome.findings;
    }
    report.sources = read.sources.clone();
    (report, findings)
}

/// What linking, analysing and linting gave.
struct Judged {
    findings: Vec<Finding>,
    /// What is letgo's own fault.
    ours: Vec<Problem>,
    /// Places of test code.
    test_code: Vec<Span>,
    acquisitions: usize,
    inventory: Option<report::inventory::Inventory>,
}

fn judge(read: &Read, options: &Options<'_>) -> Judged {
    let (program, mut ours) = link(read, options);
    options.say("analysing", 0, program.bodies.len());
    let facts = work::deep(|| analyse::run(&program, options.include_tests, &work::Threads(options.threads)));
    let (findings, panicked) = lint(&program, &facts, &read.sources, options);
    ours.extend(panicked);
    let judged = Judged {
        findings,
        ours,
        test_code: test_code(&program),
        acquisitions: acquisitions(&program, &facts),
        inventory: options.inventory.then(|| inventory::beside(&program, &facts, read, options)),
    };
    work::discard((program, facts), options.last);
    judged
}

/// Links what was read. Each function's types are inferred on its own; a panic costs that function.
fn link(read: &Read, options: &Options<'_>) -> (Program, Vec<Problem>) {
    options.say("linking", 0, read.files.len());
    let paths: Vec<String> = read.sources.files.iter().map(|file| file.path.to_string()).collect();
    let linker = work::deep(|| {
        let catalog = Arc::clone(options.catalog);
        let workers = work::Threads(options.threads);
        Linker::new(read.files.clone(), options.tree.crates.clone(), catalog, &paths, &workers)
    });
    let roots = linker.roots();
    options.say("inferring", 0, roots.len());
    let inferred = work::map(&roots, options.threads, |_, &(file, root)| {
        panics::caught(|| linker.infer(file, root)).map_err(|words| internal(&words, &read.sources.files[file].path))
    });
    let mut ours = Vec::new();
    let inferred =
        inferred.into_iter().filter_map(|result| result.map_err(|problem| ours.push(problem)).ok()).collect();
    (work::deep(|| linker.finish(inferred, &work::Threads(options.threads))), ours)
}

/// Runs the lints over every body that is not left out; a panic costs that body.
fn lint(program: &Program, facts: &Facts, sources: &SourceMap, options: &Options<'_>) -> (Vec<Finding>, Vec<Problem>) {
    let judged = program.bodies.iter_enumerated().filter(|(_, info)| options.include_tests || !info.is_test);
    let bodies: Vec<BodyIdx> = judged.map(|(idx, _)| idx).collect();
    options.say("linting", 0, bodies.len());
    let found = work::map(&bodies, options.threads, |_, &body| {
        panics::caught(|| lints::check_body(program, facts, sources, body))
            .map_err(|words| internal(&words, &sources.files[program.bodies[body].file].path))
    });
    let (mut findings, mut ours) = (Vec::new(), Vec::new());
    for result in found {
        match result {
            Ok(found) => findings.extend(found),
            Err(problem) => ours.push(problem),
        }
    }
    (findings, ours)
}

/// Places of test code: its functions, and whole files that have nothing else.
fn test_code(program: &Program) -> Vec<Span> {
    let mut only_tests: BTreeMap<FileId, bool> = BTreeMap::new();
    for info in program.bodies.iter() {
        *only_tests.entry(info.file).or_insert(true) &= info.is_test;
    }
    let mut spans: Vec<Span> = Vec::new();
    for (file, ir) in program.files.iter_enumerated() {
        let Some(ir) = ir else { continue };
        if only_tests.get(&file) == Some(&true) {
            spans.push(ir.modules[0].span);
        }
        spans.extend(ir.modules.iter().filter(|m| m.cfg_test).map(|m| m.span));
        spans.extend(ir.fns.iter().filter(|f| f.is_test).map(|f| f.span));
        spans.extend(ir.impls.iter().filter(|i| i.cfg_test).map(|i| i.span));
    }
    spans
}

/// Connections, transactions, permits and guards that the program takes itself, outside test code.
fn acquisitions(program: &Program, facts: &Facts) -> usize {
    let bodies = facts.events.iter_enumerated().filter(|(idx, _)| !program.bodies[*idx].is_test);
    bodies.map(|(_, events)| events.resources.iter().filter(|r| r.acquired_by_us).count()).sum()
}

/// Levels, confidence and paths: from what was found to what is reported.
fn decide(report: &mut Report, mut findings: Vec<Finding>, options: &Options<'_>) {
    report::order::sort(&mut findings);
    let prints = report::order::fingerprints(&findings, &report.sources);
    let mark = |known: Option<&Known>| known.map(|k| k.mark(&findings, &report.sources)).unwrap_or_default();
    let (baselined, old) = (mark(options.baseline), mark(options.before));
    report.summary.stale =
        options.baseline.map_or(0, Known::len).saturating_sub(baselined.iter().filter(|known| **known).count());
    for (n, (finding, fingerprint)) in findings.into_iter().zip(prints).enumerate() {
        let path = report.sources.files.get(finding.span.file).map_or("", |f| &f.path);
        let (level, default_level) = options.levels.of(finding.lint, path, finding.confidence);
        if level == Level::Allow || !in_paths(&finding, &report.sources, &options.only) {
            continue;
        }
        if finding.confidence < options.min_confidence {
            report.summary.below_confidence += 1;
            continue;
        }
        if baselined.get(n) == Some(&true) {
            report.summary.baselined += 1;
            continue;
        }
        if old.get(n) == Some(&true) {
            report.summary.old += 1;
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

/// A mistake of ours, as the user is told of it.
fn internal(words: &str, path: &str) -> Problem {
    Problem { path: path.to_owned(), line: 0, message: format!("internal error, please report it: {words}") }
}
