//! What the analysis sees, as text: states per block for `letgo dump --states`, summaries for `letgo dump --summary`.
//!
//! **Invariant:** the text depends on the program only; golden files compare it.

use super::outcomes::{Life, Outcomes, Wrote};
use super::resource::PoolId;
use super::state::State;
use super::transfer::Transfer;
use super::{Facts, Many, effect};
use crate::flow;
use crate::ir;
use crate::resolve::{BodyIdx, Program, ProvRoot};
use std::fmt::Write as _;

fn outcomes(o: Outcomes) -> String {
    let list: Vec<String> = o
        .iter()
        .map(|o| {
            let word = match o.life {
                Life::Held => "held",
                Life::Dropped => "dropped",
                Life::Ended => "ended",
                Life::RolledBack => "rolled back",
                Life::Escaped => "escaped",
                Life::Stored => "stored",
                Life::Forgotten => "forgotten",
                Life::Detached => "detached",
            };
            let wrote = match o.wrote {
                Wrote::No => "",
                Wrote::May => "+may have written",
                Wrote::Yes => "+wrote",
            };
            let (locked, failed) = (if o.locked { "+locked" } else { "" }, if o.failed { "+failed" } else { "" });
            format!("{word}{wrote}{locked}{failed}")
        })
        .collect();
    format!("{{{}}}", list.join(", "))
}

fn pool(p: &PoolId) -> String {
    let root = match &p.prov.root {
        ProvRoot::Param(n) => format!("param {n}"),
        ProvRoot::ClosureParam(_, n) => format!("closure param {n}"),
        ProvRoot::Static(path) => path.to_string(),
        ProvRoot::Call(..) => String::from("made here"),
        ProvRoot::Local(..) => String::from("several places"),
        ProvRoot::Unknown => String::from("?"),
    };
    let path: String = p.prov.path.iter().map(|f| format!(".{f}")).collect();
    format!("{root}{path}{}", if p.prov.element { "[]" } else { "" })
}

fn state_line(body: &ir::Body, state: &State) -> String {
    let mut parts = Vec::new();
    for (res, r) in &state.res {
        let parents = if r.parents.is_empty() { String::new() } else { format!(" on {:?}", r.parents) };
        parts.push(format!("{res:?} {}{parents}", outcomes(r.outcomes)));
    }
    for (local, value) in &state.values {
        let name = body.locals[*local].name.map_or_else(String::new, |n| n.to_string());
        let mut entries: Vec<String> = value
            .entries
            .iter()
            .map(|e| {
                let path: String = e.path.iter().map(|f| format!(".{f}")).collect();
                format!("{}{:?}{path}", if e.owned { "" } else { "&" }, e.res)
            })
            .collect();
        entries.extend(value.pending.iter().map(|p| format!("{}{:?}", if p.task { "task " } else { "" }, p.what)));
        parts.push(format!("{name}{local:?}=[{}]", entries.join(" ")));
    }
    parts.join("  ")
}

/// The resources of a body and the state at the entry of each block and after each statement that changes it.
pub fn states(program: &Program, facts: &Facts, idx: BodyIdx) -> String {
    let prepared = effect::prepare(program, idx, &facts.summaries);
    let body = program.body(idx);
    let mut out = String::new();
    for (id, r) in prepared.resources.iter_enumerated() {
        let path: String = r.path.iter().map(|f| format!(".{f}")).collect();
        let _ = writeln!(
            out,
            "{id:?}: {:?} {:?}{path} {} from {}{}",
            r.kind,
            r.origin,
            r.ty.print(),
            pool(&r.pool),
            if r.borrowed { ", borrowed" } else { "" }
        );
    }
    let mut transfer = Transfer::new(program, idx, &prepared, &facts.summaries);
    let results = flow::run(body, &mut transfer);
    let mut last = String::new();
    flow::visit(body, &results, &mut transfer, |_, state, at| {
        let line = state_line(body, state);
        if at.stmt == 0 {
            let _ = writeln!(out, "{:?}: {line}", at.block);
        } else if line != last {
            let _ = writeln!(out, "  after {}: {line}", at.stmt - 1);
        }
        last = line;
    });
    if results.cut {
        out.push_str("cut: too many rounds\n");
    }
    out
}

/// How many tasks may run a body at once, and why.
fn instances(program: &Program, facts: &Facts, idx: BodyIdx) -> String {
    let mut out = String::from(if facts.single(idx) { "one task at a time" } else { "any number of tasks" });
    let mut at = idx;
    while let Some(why) = facts.instances.many[at] {
        let path = |body: BodyIdx| program.function_path(body);
        let (text, next) = match why {
            Many::Uncalled => (format!("nobody in sight calls `{}`", path(at)), None),
            Many::ForTests => (format!("nobody in sight calls `{}`, which seems to serve tests", path(at)), None),
            Many::Asked => {
                (format!("methods named like `{}` are called on something whose type is not known", path(at)), None)
            }
            Many::Recurs => (format!("`{}` calls itself", path(at)), None),
            Many::Value(by) => (format!("`{}` hands it on as a value", path(by)), None),
            Many::Leaves(by) => (format!("`{}` lets others run it", path(by)), None),
            Many::Runs(by) => (format!("`{}` runs it", path(by)), Some(by)),
        };
        let _ = write!(out, "; {text}");
        let Some(next) = next else { break };
        at = next;
    }
    out
}

/// What a body does, and each call's part in it.
pub fn summary(program: &Program, facts: &Facts, idx: BodyIdx) -> String {
    let mut out = format!("run by {}\n", instances(program, facts, idx));
    let Some(summary) = facts.summaries.get(idx) else { return String::from("no summary\n") };
    for (title, effects) in [("when it runs", &summary.effects), ("when its result is awaited", &summary.later)] {
        for a in &effects.acquires {
            let chain: Vec<&str> = a.chain.iter().map(|l| l.callee.as_str()).collect();
            let _ = writeln!(
                out,
                "{title}: acquires from {} ({}) via {}",
                pool(&a.pool),
                a.confidence.as_str(),
                chain.join(" > ")
            );
        }
        for w in &effects.waits {
            let chain: Vec<&str> = w.chain.iter().map(|l| l.callee.as_str()).collect();
            let _ =
                writeln!(out, "{title}: waits for {} ({}) via {}", w.kind, w.confidence.as_str(), chain.join(" > "));
        }
        for b in &effects.blocks {
            let chain: Vec<&str> = b.chain.iter().map(|l| l.callee.as_str()).collect();
            let _ =
                writeln!(out, "{title}: blocks on {} ({}) via {}", b.kind, b.confidence.as_str(), chain.join(" > "));
        }
    }
    for p in &summary.params {
        let path: String = p.path.iter().map(|f| format!(".{f}")).collect();
        let _ = writeln!(out, "param {}{path}: {}", p.index, outcomes(p.outcomes));
    }
    for r in &summary.returns {
        let _ = writeln!(out, "returns {r:?}");
    }
    for (param, held) in &summary.invokes {
        let with = held.as_ref().map_or_else(String::new, |(p, _)| format!(" while it holds one of {}", pool(p)));
        let _ = writeln!(out, "calls its parameter {param}{with}");
    }
    for e in &summary.executes {
        let how = match e.writes {
            Wrote::No => "and only reads",
            Wrote::May => "and may write",
            Wrote::Yes => "and writes",
        };
        let _ = writeln!(out, "uses its parameter {} as an executor {how}", e.param);
    }
    out
}
