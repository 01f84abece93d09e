//! The call graph over bodies, and its strongly connected components from callees to callers.
//!
//! A body has an edge to every body that it may run: functions of the workspace that it calls, closures that it calls or
//! builds, async blocks and generators inside it, functions that it passes on as values.
//!
//! **Invariant:** edges are in order and each once; a component comes after all components that it leads to; no recursion,
//! so deep call chains cost no stack.

use super::{BodyIdx, BodyInfo, FnIdx, FnInfo, Program, Target, Ty};
use crate::base::{FileId, Idx, IndexVec, Workers};
use crate::ir::{AggregateKind, CallId, FileIr, Rvalue, StmtKind};
use std::sync::Arc;

/// Bodies whose edges are looked for in one go.
const PART: usize = 256;

/// The graph.
#[derive(Debug, Default)]
pub struct Graph {
    edges: IndexVec<BodyIdx, Vec<BodyIdx>>,
    callers: IndexVec<FnIdx, Vec<(BodyIdx, CallId)>>,
    components: Vec<Vec<BodyIdx>>,
    component_of: IndexVec<BodyIdx, u32>,
    inner: IndexVec<BodyIdx, Vec<BodyIdx>>,
}

/// Builds the graph.
pub(super) fn build(
    files: &IndexVec<FileId, Option<Arc<FileIr>>>,
    fns: &IndexVec<FnIdx, FnInfo>,
    bodies: &IndexVec<BodyIdx, BodyInfo>,
    body_base: &IndexVec<FileId, usize>,
    workers: &impl Workers,
) -> Graph {
    let leads_to = |info: &BodyInfo| {
        let mut list = Vec::new();
        for target in &info.targets {
            match target {
                Target::Local { fns: reached, .. } => list.extend(reached.iter().filter_map(|f| fns[*f].body)),
                Target::Closure(body) => list.push(*body),
                Target::Pack(_) | Target::Constructor(_) | Target::Extern { .. } | Target::Unknown(_) => {}
            }
        }
        for (_, target) in &info.functions {
            if let Target::Local { fns: reached, .. } = target {
                list.extend(reached.iter().filter_map(|f| fns[*f].body));
            }
        }
        // Function values, whoever calls them.
        info.locals.iter().for_each(|ty| function_values(ty, &mut list));
        if let Some(file) = &files[info.file] {
            for stmt in file.bodies[info.id].blocks.iter().flat_map(|b| &b.stmts) {
                if let StmtKind::Assign { value: Rvalue::Aggregate { kind, .. }, .. } = &stmt.kind
                    && let AggregateKind::Closure(inner) | AggregateKind::Async(inner) | AggregateKind::Generator(inner) =
                        kind
                {
                    list.push(BodyIdx::new(body_base[info.file] + inner.index()));
                }
            }
        }
        list.sort();
        list.dedup();
        list
    };
    let parts: Vec<&[BodyInfo]> = bodies.as_slice().chunks(PART).collect();
    let parts = workers.map(parts, |part| part.iter().map(leads_to).collect::<Vec<_>>());
    let edges: IndexVec<BodyIdx, Vec<BodyIdx>> = parts.into_iter().flatten().collect();
    let mut callers: IndexVec<FnIdx, Vec<(BodyIdx, CallId)>> = IndexVec::from_elem(Vec::new(), fns.len());
    for (at, info) in bodies.iter_enumerated() {
        for (call, target) in info.targets.iter_enumerated() {
            if let Target::Local { fns: reached, .. } = target {
                reached.iter().for_each(|f| callers[*f].push((at, call)));
            }
        }
    }
    let mut inner: IndexVec<BodyIdx, Vec<BodyIdx>> = IndexVec::from_elem(Vec::new(), bodies.len());
    for (at, info) in bodies.iter_enumerated() {
        if let Some(parent) = info.parent {
            inner[parent].push(at);
        }
    }
    let components = crate::base::components(&edges);
    let mut component_of = IndexVec::from_elem(0, bodies.len());
    for (n, component) in components.iter().enumerate() {
        component.iter().for_each(|&body| component_of[body] = n as u32);
    }
    Graph { edges, callers, components, component_of, inner }
}

/// The bodies of function values of a type or inside it (`Retry<F>` holds its `F`).
fn function_values(ty: &Ty, list: &mut Vec<BodyIdx>) {
    match ty {
        Ty::Fn(body, out) => {
            list.extend(*body);
            function_values(out, list);
        }
        Ty::Adt(_, parts) | Ty::Tuple(parts) => parts.iter().for_each(|part| function_values(part, list)),
        Ty::Ref(_, inner) | Ty::Slice(inner) | Ty::Future(inner) => function_values(inner, list),
        Ty::Unknown | Ty::Param(..) | Ty::Dyn(_) | Ty::Never => {}
    }
}

impl Program {
    /// The closures, async blocks and generators directly inside a body, in order.
    pub fn inner_bodies(&self, body: BodyIdx) -> &[BodyIdx] {
        &self.graph.inner[body]
    }
    /// Whether a body may run itself directly.
    pub fn calls_itself(&self, body: BodyIdx) -> bool {
        self.graph.edges[body].binary_search(&body).is_ok()
    }
    /// The bodies that a body may run, in order.
    pub fn callees(&self, body: BodyIdx) -> &[BodyIdx] {
        &self.graph.edges[body]
    }
    /// The calls that may reach a function, in order.
    pub fn callers(&self, f: FnIdx) -> &[(BodyIdx, CallId)] {
        &self.graph.callers[f]
    }
    /// Strongly connected components of the call graph, callees before callers.
    pub fn components(&self) -> &[Vec<BodyIdx>] {
        &self.graph.components
    }
    /// Whether two bodies may run each other.
    pub fn in_one_component(&self, a: BodyIdx, b: BodyIdx) -> bool {
        self.graph.component_of[a] == self.graph.component_of[b]
    }
    /// The components by level: a component leads to components of lower levels only.
    pub fn levels(&self) -> Vec<Vec<&[BodyIdx]>> {
        let graph = &self.graph;
        let mut level_of = vec![0usize; graph.components.len()];
        let mut levels: Vec<Vec<&[BodyIdx]>> = Vec::new();
        for (n, component) in graph.components.iter().enumerate() {
            let callees = component.iter().flat_map(|&body| &graph.edges[body]);
            let below = callees.map(|&to| graph.component_of[to] as usize).filter(|&to| to != n);
            let level = below.map(|to| level_of[to] + 1).max().unwrap_or(0);
            level_of[n] = level;
            if levels.len() <= level {
                levels.resize_with(level + 1, Vec::new);
            }
            levels[level].push(component);
        }
        levels
    }
}
