//! The call graph over bodies, and its strongly connected components from callees to callers.
//!
//! A body has an edge to every body that it may run: functions of the workspace that it calls, closures that it calls or
//! builds, async blocks and generators inside it, functions that it passes on as values.
//!
//! **Invariant:** edges are in order and each once; a component comes after all components that it leads to; no recursion,
//! so deep call chains cost no stack.

use super::{BodyIdx, BodyInfo, FnIdx, FnInfo, Program, Target, Ty};
use crate::base::{FileId, Idx, IndexVec};
use crate::ir::{AggregateKind, CallId, FileIr, Rvalue, StmtKind};
use std::sync::Arc;

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
) -> Graph {
    let mut edges: IndexVec<BodyIdx, Vec<BodyIdx>> = IndexVec::from_elem(Vec::new(), bodies.len());
    let mut callers: IndexVec<FnIdx, Vec<(BodyIdx, CallId)>> = IndexVec::from_elem(Vec::new(), fns.len());
    for (at, info) in bodies.iter_enumerated() {
        let mut list = Vec::new();
        for (call, target) in info.targets.iter_enumerated() {
            match target {
                Target::Local { fns: reached, .. } => {
                    for f in reached.iter() {
                        callers[*f].push((at, call));
                        list.extend(fns[*f].body);
                    }
                }
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
        edges[at] = list;
    }
    let mut inner: IndexVec<BodyIdx, Vec<BodyIdx>> = IndexVec::from_elem(Vec::new(), bodies.len());
    for (at, info) in bodies.iter_enumerated() {
        if let Some(parent) = info.parent {
            inner[parent].push(at);
        }
    }
    let components = components(&edges);
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

/// Tarjan's algorithm with its stack on the heap.
fn components(edges: &IndexVec<BodyIdx, Vec<BodyIdx>>) -> Vec<Vec<BodyIdx>> {
    const NEW: usize = usize::MAX;
    let n = edges.len();
    let (mut index, mut low, mut on_stack) = (vec![NEW; n], vec![0; n], vec![false; n]);
    let (mut stack, mut out, mut next) = (Vec::new(), Vec::new(), 0);
    for root in edges.indices() {
        if index[root.index()] != NEW {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((at, edge)) = work.pop() {
            let i = at.index();
            if edge == 0 {
                index[i] = next;
                low[i] = next;
                next += 1;
                stack.push(at);
                on_stack[i] = true;
            } else {
                // Back from the edge before.
                let before = edges[at][edge - 1].index();
                low[i] = low[i].min(low[before]);
            }
            let mut descend = None;
            let mut k = edge;
            while let Some(&to) = edges[at].get(k) {
                k += 1;
                let j = to.index();
                if index[j] == NEW {
                    descend = Some(to);
                    break;
                }
                if on_stack[j] {
                    low[i] = low[i].min(index[j]);
                }
            }
            if let Some(to) = descend {
                work.push((at, k));
                work.push((to, 0));
                continue;
            }
            if low[i] == index[i] {
                let mut component = Vec::new();
                while let Some(top) = stack.pop() {
                    on_stack[top.index()] = false;
                    component.push(top);
                    if top == at {
                        break;
                    }
                }
                component.sort();
                out.push(component);
            }
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callees_come_first_and_cycles_stay_together() {
        let b = BodyIdx::new;
        let edges: IndexVec<BodyIdx, Vec<BodyIdx>> =
            [vec![b(1), b(4)], vec![b(2)], vec![b(1), b(3)], vec![], vec![b(4)]].into_iter().collect();
        assert_eq!(components(&edges), vec![vec![b(3)], vec![b(1), b(2)], vec![b(4)], vec![b(0)]]);
    }
}
