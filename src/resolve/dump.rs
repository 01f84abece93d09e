//! What was understood, for `letgo dump`: types of locals, targets of calls with the reason where there is none, and the
//! share of pack-named calls whose receiver was resolved.

use super::fx::FxMap;
use super::{BodyIdx, Program, Target};
use crate::base::Symbol;
use crate::ir::{Callee, LocalId, LocalKind, Operand, Path, Place, Proj, Rvalue, StmtKind};
use crate::pack::Effect;
use std::fmt::Write as _;

/// How many calls of names that packs know were resolved.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Method calls whose name some pack has.
    pub named: usize,
    /// Of these, calls with a target.
    pub resolved: usize,
    /// Method calls whose name belongs to a row that acquires, uses, ends, waits or blocks.
    pub effects: usize,
    /// Of these, calls with a target.
    pub effects_resolved: usize,
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

/// Whether a row of that name, std's apart, does more than pass values on.
fn has_effect(program: &Program, name: Symbol) -> bool {
    program.catalog.methods_named(name).iter().any(|path| {
        let row = program.catalog.fn_row(*path).filter(|_| !path.as_str().starts_with("std::"));
        row.is_some_and(|r| {
            let plain = matches!(r.effect, Effect::None | Effect::Pass | Effect::Race | Effect::Take { .. });
            !plain || r.waits.is_some() || r.blocks.is_some()
        })
    })
}

/// The share of calls of pack-named methods that were resolved, test code left out.
pub fn coverage(program: &Program) -> Coverage {
    let mut coverage = Coverage::default();
    let mut unknown: FxMap<(&'static str, Symbol), usize> = FxMap::default();
    let mut effects: FxMap<Symbol, bool> = FxMap::default();
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        for (call, data) in program.body(body).calls.iter_enumerated() {
            let Callee::Method { name, .. } = &data.callee else { continue };
            if program.catalog.methods_named(*name).is_empty() {
                continue;
            }
            coverage.named += 1;
            let known = !matches!(info.targets[call], Target::Unknown(_));
            if *effects.entry(*name).or_insert_with(|| has_effect(program, *name)) {
                coverage.effects += 1;
                coverage.effects_resolved += usize::from(known);
            }
            match &info.targets[call] {
                Target::Unknown(why) => *unknown.entry((why, *name)).or_default() += 1,
                Target::Pack(_)
                | Target::Local { .. }
                | Target::Closure(_)
                | Target::Constructor(_)
                | Target::Extern { .. } => {
                    coverage.resolved += 1;
                }
            }
        }
    }
    coverage.unknown = unknown.into_iter().map(|((why, name), n)| (why, name, n)).collect();
    coverage.unknown.sort_by_key(|(why, name, n)| (std::cmp::Reverse(*n), *name, *why));
    coverage
}

/// Where unknown receivers of pack-named methods come from, most frequent first: the first call, field or parameter on the
/// way back whose type is not known, in words. For `letgo dump --coverage`.
pub fn unknown_origins(program: &Program) -> Vec<(String, usize)> {
    let mut count: FxMap<String, usize> = FxMap::default();
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        let ir = program.body(body);
        let mut first: FxMap<LocalId, &Rvalue> = FxMap::default();
        for stmt in ir.blocks.iter().flat_map(|b| &b.stmts) {
            if let StmtKind::Assign { to, value } = &stmt.kind
                && let Some(local) = to.as_local()
            {
                first.entry(local).or_insert(value);
            }
        }
        for (call, data) in ir.calls.iter_enumerated() {
            let Callee::Method { name, .. } = &data.callee else { continue };
            if program.catalog.methods_named(*name).is_empty() || !matches!(info.targets[call], Target::Unknown(_)) {
                continue;
            }
            *count.entry(origin(program, body, &first, &data.args[0])).or_default() += 1;
        }
    }
    let mut list: Vec<(String, usize)> = count.into_iter().collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    list
}

fn origin(program: &Program, body: BodyIdx, first: &FxMap<LocalId, &Rvalue>, operand: &Operand) -> String {
    let info = &program.bodies[body];
    let ir = program.body(body);
    let mut operand = operand.clone();
    for _ in 0..32 {
        let place = match &operand {
            Operand::Place(place) => place,
            Operand::Path(path, _) => return format!("path {path}"),
            Operand::Literal(_) => return "a literal".into(),
        };
        let base = &info.locals[place.local];
        if base.is_known() {
            let mut at = Place::local(place.local);
            for step in &place.proj {
                let before = program.place_ty(body, &at);
                at = at.then(step.clone());
                if !program.place_ty(body, &at).is_known() {
                    return format!("{} of {}", step_text(step), before.print());
                }
            }
            return format!("no method on {}", program.place_ty(body, place).print());
        }
        operand = match first.get(&place.local) {
            Some(Rvalue::Use(next) | Rvalue::Cast(next, _)) => next.clone(),
            Some(Rvalue::Ref { place, .. }) => Operand::Place(place.clone()),
            Some(Rvalue::Await(next)) => {
                let ty = program.operand_ty(body, next);
                if ty.is_known() {
                    return format!("await of {}", ty.print());
                }
                next.clone()
            }
            Some(Rvalue::Call(call)) => {
                let data = &ir.calls[*call];
                match &info.targets[*call] {
                    Target::Unknown("the receiver's type is not known") => data.args[0].clone(),
                    target => {
                        let name = match &data.callee {
                            Callee::Path(path) | Callee::Qualified { path, .. } => path_text(path),
                            Callee::Method { name, .. } => format!(".{name}"),
                            Callee::Value(_) => "(value)".into(),
                            Callee::Macro { path, .. } => format!("{}!", path_text(path)),
                        };
                        return format!("call {name} = {}", target_text(program, target));
                    }
                }
            }
            Some(Rvalue::AwaitMany { .. }) => return "join or select".into(),
            Some(Rvalue::Aggregate { .. }) => return "a literal of unknown type".into(),
            Some(Rvalue::Plain(_) | Rvalue::Step { .. }) => return "an operator".into(),
            Some(Rvalue::Unknown(_)) => return "something that was not understood".into(),
            None => {
                let what = match ir.locals[place.local].kind {
                    LocalKind::Param => "a parameter",
                    LocalKind::Capture => "a captured variable",
                    LocalKind::Var => "a variable",
                    LocalKind::Return | LocalKind::Temp => "an expression",
                };
                return format!("{what} whose type is not known");
            }
        };
    }
    "a long chain".into()
}

fn step_text(step: &Proj) -> String {
    match step {
        Proj::Deref => "deref".into(),
        Proj::Field(name) => format!("field {name}"),
        Proj::Variant { path, field } => format!("pattern {}.{field}", path_text(path)),
        Proj::Try => "`?`".into(),
        Proj::Index => "an element".into(),
    }
}
