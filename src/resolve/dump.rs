//! What was understood, for `letgo dump`: types of locals, targets of calls with the reason where there is none, and the
//! share of pack-named calls whose receiver was resolved.

use super::fx::FxMap;
use super::{BodyIdx, Program, Target};
use crate::base::Symbol;
use crate::ir::{Callee, Path};
use std::fmt::Write as _;

/// How many calls of names that packs know were resolved.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Method calls whose name some pack has.
    pub named: usize,
    /// Of these, calls with a target.
    pub resolved: usize,
    /// Reasons of the rest, most frequent first: reason, name, count.
    pub unknown: Vec<(&'static str, Symbol, usize)>,
}

impl Coverage {
    /// In percent; 100 if there are none.
    pub fn percent(&self) -> f64 {
        if self.named == 0 { 100.0 } else { self.resolved as f64 * 100.0 / self.named as f64 }
    }
}

fn path_text(path: &Path) -> String {
    path.segments.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join("::")
}

/// One target in words.
pub fn target_text(program: &Program, target: &Target) -> String {
    match target {
        Target::Pack(path) => format!("pack {path}"),
        Target::Local { fns, union, cut } => {
            let list: Vec<&str> = fns.iter().map(|f| program.fns[*f].canonical.as_str()).collect();
            let how = if *union { " (any of)" } else { "" };
            format!("fn{how} {}{}", list.join(", "), if *cut { ", …" } else { "" })
        }
        Target::Closure(body) => format!("closure {body:?}"),
        Target::Constructor(path) => format!("builds {path}"),
        Target::Extern { path, .. } => format!("outside {path}"),
        Target::Unknown(why) => format!("unknown: {why}"),
    }
}

/// The types of a body's locals and the targets of its calls, with closures and blocks inside it.
pub fn dump_types(program: &Program, body: BodyIdx) -> String {
    let mut out = String::new();
    let mut todo = vec![body];
    while let Some(at) = todo.pop() {
        one_body(program, at, &mut out);
        let inner = program.bodies.iter_enumerated().filter(|(_, b)| b.parent == Some(at)).map(|(i, _)| i);
        let mut inner: Vec<BodyIdx> = inner.collect();
        inner.reverse();
        todo.extend(inner);
    }
    out
}

fn one_body(program: &Program, body: BodyIdx, out: &mut String) {
    let info = &program.bodies[body];
    let ir = program.body(body);
    let _ = writeln!(out, "{body:?} {} {:?}", program.function_path(body), ir.kind);
    for (local, data) in ir.locals.iter_enumerated() {
        let name = data.name.map_or("", |n| n.as_str());
        let from_use = if info.from_use.contains(&local) { " (from use)" } else { "" };
        let _ = writeln!(out, "  {local:?} {name}: {}{from_use}", info.locals[local].print());
    }
    for (call, data) in ir.calls.iter_enumerated() {
        let callee = match &data.callee {
            Callee::Path(path) => path_text(path),
            Callee::Qualified { path, .. } => format!("<_>::{}", path_text(path)),
            Callee::Method { name, .. } => format!(".{name}"),
            Callee::Value(_) => "(value)".into(),
            Callee::Macro { path, .. } => format!("{}!", path_text(path)),
        };
        let target = target_text(program, &info.targets[call]);
        let _ = writeln!(out, "  {call:?} {callee} -> {target}: {}", info.results[call].print());
    }
}

/// The share of calls of pack-named methods that were resolved, test code left out.
pub fn coverage(program: &Program) -> Coverage {
    let mut coverage = Coverage::default();
    let mut unknown: FxMap<(&'static str, Symbol), usize> = FxMap::default();
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        for (call, data) in program.body(body).calls.iter_enumerated() {
            let Callee::Method { name, .. } = &data.callee else { continue };
            if program.catalog.methods_named(*name).is_empty() {
                continue;
            }
            coverage.named += 1;
            match &info.targets[call] {
                Target::Unknown(why) => *unknown.entry((why, *name)).or_default() += 1,
                Target::Pack(_) | Target::Local { .. } | Target::Closure(_) | Target::Constructor(_) | Target::Extern { .. } => {
                    coverage.resolved += 1;
                }
            }
        }
    }
    coverage.unknown = unknown.into_iter().map(|((why, name), n)| (why, name, n)).collect();
    coverage.unknown.sort_by_key(|(why, name, n)| (std::cmp::Reverse(*n), *name, *why));
    coverage
}
