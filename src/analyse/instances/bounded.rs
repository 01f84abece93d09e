//! What runs a bounded number of times: as often as there are places in the code that ask for it, however many requests come.
//!
//! `main` runs once; what it calls outside loops does too. A method that consumes its value (`self`, `self: Box<Self>`) runs
//! at most once per value, whoever calls it and through whatever trait object, so where the values are made decides: a
//! component that is put together at start-up and handed to a framework that spawns its `run(self)` is one task.
//!
//! **Invariants:** *bounded* is said only if every place that makes the value, or calls the function, is seen.
//! **Deliberately absent:** counting; a handful of places is as good as one.

use super::fate::Fates;
use super::{Asked, Many, read};
use crate::base::{Idx, IndexVec, Symbol, components};
use crate::flow;
use crate::ir::{AggregateKind, BlockId, Body, BodyKind, EdgeKind, LocalId, Rvalue, SelfKind, StmtKind, Terminator};
use crate::resolve::{BodyIdx, Program, Target, Ty};
use std::collections::{HashMap, HashSet};

/// Derives and traits by which values of a type come about where no literal is written.
const MAKERS: [&str; 3] = ["Clone", "Default", "Deserialize"];

/// Larger loops are taken to go round everywhere.
const MOST_BLOCKS: usize = 4096;

/// Which bodies run a bounded number of times.
pub(super) fn bodies(program: &Program, roots: &[(BodyIdx, Many)], asked: &Asked) -> IndexVec<BodyIdx, bool> {
    let mut often = Often {
        program,
        asked,
        consumes: IndexVec::from_elem(None, program.bodies.len()),
        consumers: HashMap::new(),
        made_in: HashMap::new(),
        often: IndexVec::from_elem(false, program.bodies.len()),
        types: HashSet::new(),
    };
    often.find_consumers();
    often.find_makers();
    often.spread_from_loops();
    for (body, _) in roots {
        often.body(*body);
    }
    often.often.iter().map(|often| !often).collect()
}

struct Often<'a> {
    program: &'a Program,
    asked: &'a Asked,
    /// The type whose values a method consumes.
    consumes: IndexVec<BodyIdx, Option<Symbol>>,
    consumers: HashMap<Symbol, Vec<BodyIdx>>,
    /// The types that a body makes values of.
    made_in: HashMap<BodyIdx, Vec<Symbol>>,
    often: IndexVec<BodyIdx, bool>,
    types: HashSet<Symbol>,
}

impl Often<'_> {
    fn find_consumers(&mut self) {
        for (f, info) in self.program.fns.iter_enumerated() {
            let (Some(body), Some(Ty::Adt(ty, _))) = (info.body, &info.self_ty) else { continue };
            let by_value = self.program.fn_ir(f).self_kind == Some(SelfKind::Value);
            let whole = match info.params.first() {
                Some(Ty::Adt(head, args)) => {
                    head == ty
                        || matches!(args.first(), Some(Ty::Adt(inner, _)) if inner == ty)
                            && head.as_str().ends_with("::Box")
                }
                _ => false,
            };
            if by_value && whole && !info.is_test && self.program.tables.adts.contains_key(ty) {
                self.consumes[body] = Some(*ty);
                self.consumers.entry(*ty).or_default().push(body);
            }
        }
    }

    /// Where values are made that a method consumes.
    fn find_makers(&mut self) {
        for (body, info) in self.program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test) {
            let ir = self.program.body(body);
            for (_, to, value) in read::assignments(ir) {
                let named = read::paths(ir, value).into_iter().filter_map(|path| self.program.unit_struct(body, path));
                for ty in named.filter(|ty| self.consumers.contains_key(ty)) {
                    self.made_in.entry(body).or_default().push(ty);
                }
                let makes = match value {
                    Rvalue::Aggregate { kind: AggregateKind::Struct(_), .. } => true,
                    Rvalue::Call(call) => matches!(info.targets[*call], Target::Constructor(_)),
                    _ => false,
                };
                let made = info.locals.get(to.local).and_then(Ty::head).filter(|_| makes);
                if let Some(ty) = made.filter(|ty| self.consumers.contains_key(ty)) {
                    self.made_in.entry(body).or_default().push(ty);
                }
            }
        }
    }

    /// Everything that a loop, or nobody knows what, runs or makes.
    fn spread_from_loops(&mut self) {
        let program = self.program;
        for (body, info) in program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test) {
            let ir = program.body(body);
            let circles = (!flow::is_forward(ir)).then(|| circles(ir));
            let again = |block: BlockId| circles.as_ref().is_some_and(|circles| circles[block.index()]);
            let repeated = circles.iter().flat_map(|_| read::assignments(ir)).filter(|(block, ..)| again(*block));
            for (_, to, value) in repeated {
                if let Rvalue::Call(call) = value {
                    let asked =
                        self.asked.calls(body).iter().filter(|(id, _)| id == call).flat_map(|(_, fns)| fns.iter());
                    let reached = info.targets[*call].functions().chain(asked.copied());
                    let reached: Vec<BodyIdx> = reached.filter_map(|f| program.fns[f].body).collect();
                    reached.into_iter().for_each(|body| self.body(body));
                }
                let named = read::paths(ir, value).into_iter().filter_map(|path| program.unit_struct(body, path));
                let made: Vec<Symbol> = info.locals.get(to.local).and_then(Ty::head).into_iter().chain(named).collect();
                for ty in made {
                    if self.made_in.get(&body).is_some_and(|all| all.contains(&ty)) {
                        self.ty(ty);
                    }
                }
            }
            for &inner in program.inner_bodies(body) {
                let id = program.bodies[inner].id;
                let built =
                    |value: &Rvalue| matches!(value, Rvalue::Aggregate { kind, .. } if read::built(kind) == Some(id));
                let at = read::assignments(ir).find(|(_, _, value)| built(value));
                let is_closure = matches!(program.body(inner).kind, BodyKind::Closure { .. });
                let repeats = |to: LocalId| is_closure && Fates { program }.may_repeat(body, to);
                if at.is_none_or(|(block, to, _)| again(block) || repeats(to.local)) {
                    self.body(inner);
                }
            }
        }
        let made: HashSet<Symbol> = self.made_in.values().flatten().copied().collect();
        let known: Vec<Symbol> = self.consumers.keys().copied().collect();
        for ty in known {
            let made_unseen = program.tables.adts.get(&ty).is_none_or(|def| {
                def.is_enum
                    || def.derives.iter().any(|d| MAKERS.contains(&d.as_str().rsplit("::").next().unwrap_or("")))
            });
            if made_unseen || !made.contains(&ty) {
                self.ty(ty);
            }
        }
    }

    fn body(&mut self, body: BodyIdx) {
        let mut todo = vec![body];
        while let Some(at) = todo.pop() {
            if self.consumes[at].is_some_and(|ty| !self.types.contains(&ty))
                || std::mem::replace(&mut self.often[at], true)
            {
                continue;
            }
            todo.extend(self.program.callees(at));
            todo.extend(self.asked.bodies(self.program, at));
            for ty in self.made_in.get(&at).cloned().unwrap_or_default() {
                todo.extend(self.now_often(ty));
            }
        }
    }

    fn ty(&mut self, ty: Symbol) {
        self.now_often(ty).into_iter().for_each(|body| self.body(body));
    }

    /// The consumers of a type whose values are made any number of times, the first time that this is said.
    fn now_often(&mut self, ty: Symbol) -> Vec<BodyIdx> {
        if self.types.insert(ty) { self.consumers.get(&ty).cloned().unwrap_or_default() } else { Vec::new() }
    }
}

/// Whether the loop around a block also goes round without it.
pub fn goes_round_without(body: &Body, block: BlockId) -> bool {
    let all = vec![true; body.blocks.len()];
    let around = cycles(body, &all, None).into_iter().find(|c| c.contains(&block));
    around.is_some_and(|around| {
        let mut rest = vec![false; body.blocks.len()];
        around.iter().filter(|b| **b != block).for_each(|b| rest[b.index()] = true);
        !cycles(body, &rest, None).is_empty()
    })
}

/// The blocks of a body that control may come back to.
fn circles(body: &Body) -> Vec<bool> {
    let all: Vec<bool> = vec![true; body.blocks.len()];
    let mut circling = vec![false; body.blocks.len()];
    for component in cycles(body, &all, None) {
        for &block in &component {
            circling[block.index()] = true;
        }
        for block in arms_of_kinds(body, &component) {
            circling[block.index()] = false;
        }
    }
    circling
}

/// Blocks of a loop over a list of kinds that only one of its kinds leads to: each kind is there once.
fn arms_of_kinds(body: &Body, component: &[BlockId]) -> Vec<BlockId> {
    let waits = component.iter().flat_map(|b| &body.blocks[*b].stmts).any(|stmt| match &stmt.kind {
        StmtKind::Assign { value, .. } => matches!(value, Rvalue::Await(_) | Rvalue::AwaitMany { .. }),
        StmtKind::Yield(_) => true,
        StmtKind::Drop { .. } | StmtKind::Declare(_) => false,
    });
    if waits || component.len() > MOST_BLOCKS {
        return Vec::new();
    }
    let mut inside = vec![false; body.blocks.len()];
    component.iter().for_each(|b| inside[b.index()] = true);
    let mut found = Vec::new();
    for &from in component {
        let Terminator::Switch { edges, .. } = &body.blocks[from].term else { continue };
        let kinds = edges.iter().filter(|e| matches!(&e.kind, EdgeKind::Variant(p) if p.segments.len() > 1));
        for edge in kinds.filter(|e| inside[e.to.index()]) {
            let still: HashSet<BlockId> = cycles(body, &inside, Some((from, edge.to))).into_iter().flatten().collect();
            found.extend(component.iter().copied().filter(|b| !still.contains(b)));
        }
    }
    found
}

/// The strongly connected components of some blocks that hold a cycle, without one edge.
fn cycles(body: &Body, among: &[bool], without: Option<(BlockId, BlockId)>) -> Vec<Vec<BlockId>> {
    let edges: IndexVec<BlockId, Vec<BlockId>> = body
        .blocks
        .iter_enumerated()
        .map(|(at, block)| match among[at.index()] {
            true => {
                let all = block.term.successors();
                all.filter(|to| among[to.index()] && without != Some((at, *to))).collect()
            }
            false => Vec::new(),
        })
        .collect();
    let mut found = components(&edges);
    found.retain(|c| c.len() > 1 || edges[c[0]].contains(&c[0]));
    found
}
