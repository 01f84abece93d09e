//! What letgo sees, as text: the door of `letgo dump` and of golden files.

use super::{Options, link, panics, read, work};
use crate::analyse;
use crate::base::FileId;
use crate::ir::print;
use crate::resolve::{self, BodyIdx, Program};
use std::fmt::Write as _;

/// Rows of a list that are shown.
const LONGEST_LIST: usize = 40;

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dump {
    /// Control-flow graphs.
    Cfg,
    /// Who holds what where.
    States,
    /// Types of locals and targets of calls.
    Types,
    /// What callers learn.
    Summary,
    /// Constructs that were not understood.
    Unknown,
    /// The share of files, lines and calls that is understood.
    Coverage,
}

/// Shows what is asked for of a function (`path` of a file below the root, and the end of the function's path; all functions of
/// the file if that is empty), or of the whole tree.
pub fn dump(options: &Options<'_>, what: Dump, place: Option<(&str, &str)>) -> Result<String, String> {
    let read = read::read(options, None);
    let (program, _) = panics::caught(|| link(&read, options))?;
    match (what, place) {
        (Dump::Unknown, _) => Ok(unknown(&program, &read, options)),
        (Dump::Coverage, _) => Ok(coverage(&program, &read)),
        (Dump::Cfg | Dump::States | Dump::Types | Dump::Summary, None) => {
            Err("a function is needed: FILE::FN".to_owned())
        }
        (Dump::Cfg, Some((path, function))) => {
            let bodies = bodies(&program, &read, path, function)?;
            Ok(sections(&program, &bodies, |idx| {
                let info = &program.bodies[idx];
                let file = program.files[info.file].as_ref().expect("a body's file was lowered");
                print::print_body(program.body(idx), info.id, &print::body_name(file, info.id))
            }))
        }
        (Dump::Types, Some((path, function))) => {
            let mut bodies = bodies(&program, &read, path, function)?;
            // An inner body is printed with the one around it.
            bodies.retain(|&idx| program.bodies[idx].parent.is_none());
            Ok(sections(&program, &bodies, |idx| resolve::dump::dump_types(&program, idx)))
        }
        (Dump::States | Dump::Summary, Some((path, function))) => {
            let bodies = bodies(&program, &read, path, function)?;
            let facts =
                panics::caught(|| work::deep(|| analyse::run(&program, true, &work::Threads(options.threads))))?;
            let show = |idx| match what {
                Dump::States => analyse::dump::states(&program, &facts, idx),
                _ => analyse::dump::summary(&program, &facts, idx),
            };
            Ok(sections(&program, &bodies, |idx| {
                let info = &program.bodies[idx];
                let file = program.files[info.file].as_ref().expect("a body's file was lowered");
                format!("{} {:?}\n{}", print::body_name(file, info.id), info.id, show(idx))
            }))
        }
    }
}

fn sections(program: &Program, bodies: &[BodyIdx], show: impl Fn(BodyIdx) -> String) -> String {
    let texts: Vec<String> =
        bodies.iter().filter(|idx| program.bodies.get(**idx).is_some()).map(|&idx| show(idx)).collect();
    texts.join("\n")
}

/// The bodies of the functions meant, with those inside them.
fn bodies(program: &Program, read: &read::Read, path: &str, function: &str) -> Result<Vec<BodyIdx>, String> {
    let file = read.sources.files.iter_enumerated().find(|(_, f)| &*f.path == path).map(|(id, _)| id);
    let file: FileId = file.ok_or_else(|| format!("{path} is not among the files of the workspace"))?;
    if program.files[file].is_none() {
        return Err(format!("{path} cannot be parsed"));
    }
    let meant = |name: &str| function.is_empty() || name == function || name.ends_with(&format!("::{function}"));
    let bodies = program.bodies.iter_enumerated().filter(|(_, info)| info.file == file);
    let found: Vec<BodyIdx> = bodies
        .filter(|(idx, info)| {
            info.owner.is_some_and(|f| meant(program.fns[f].path.as_str()))
                || function.is_empty() && program.function_path(*idx).is_empty()
        })
        .map(|(idx, _)| idx)
        .collect();
    if found.is_empty() {
        let names: Vec<&str> = program.fns.iter().filter(|f| f.file == file).map(|f| f.path.as_str()).collect();
        return Err(format!("{path} has no function `{function}`; it has {}", names.join(", ")));
    }
    Ok(found)
}

fn unknown(program: &Program, read: &read::Read, options: &Options<'_>) -> String {
    let mut counts = std::collections::BTreeMap::new();
    let mut places = String::new();
    for ir in program.files.iter().flatten() {
        for (what, span) in &ir.unknown {
            *counts.entry(*what).or_insert(0usize) += 1;
            let (line, column) = read.sources.line_column(*span);
            let path = options.paths.show(&read.sources.files[span.file].path);
            let _ = writeln!(places, "{path}:{line}:{column}: {what}");
        }
    }
    let mut out = places;
    for (what, n) in counts {
        let _ = writeln!(out, "{n:>6}  {what}");
    }
    out
}

fn coverage(program: &Program, read: &read::Read) -> String {
    let mut out = String::new();
    let summary = &read.summary;
    let _ = writeln!(out, "files      {:>9}, {} not parsed", summary.files, summary.unparsed);
    let _ = writeln!(out, "lines      {:>9}, {} lowered", summary.lines, summary.lowered_lines);
    let _ = writeln!(out, "functions  {:>9}", summary.functions);
    let _ = writeln!(out, "bodies     {:>9}", program.bodies.len());
    let coverage = resolve::dump::coverage(program);
    let _ = writeln!(
        out,
        "calls of methods that packs name: {}, {} resolved ({:.1} %)",
        coverage.named,
        coverage.resolved,
        coverage.percent()
    );
    let _ = writeln!(out, "of these with an effect: {}, {} resolved", coverage.effects, coverage.effects_resolved);
    let lists = [
        (
            "not resolved, and why",
            coverage.unknown.iter().map(|(why, name, n)| (format!("{name}: {why}"), *n)).collect(),
        ),
        ("where the unknown types come from", resolve::dump::unknown_origins(program)),
    ];
    for (title, list) in lists {
        let list: Vec<(String, usize)> = list;
        if list.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{title}");
        for (what, n) in list.iter().take(LONGEST_LIST) {
            let _ = writeln!(out, "{n:>6}  {what}");
        }
        if list.len() > LONGEST_LIST {
            let rest: usize = list.iter().skip(LONGEST_LIST).map(|(_, n)| n).sum();
            let _ = writeln!(out, "{rest:>6}  others");
        }
    }
    out
}
