//! The generic forward dataflow engine: a lattice, a worklist, converged results.
//!
//! ```text
//!        join (least upper bound)            an unreachable block has no state: bottom
//!        /        \
//!   state on   state on                      results keep the state at block entry only; what lies between is
//!   edge a     edge b                        recomputed when a visitor reads it
//! ```
//!
//! Convergence contract: [`Lattice::join`] is monotone and of finite height for one body, and a transfer never depends on
//! anything but the state and the statement. Then the worklist, taken in reverse postorder, ends. A body that needs more
//! than `VISITS_PER_BLOCK` visits of one block is cut: its states are kept as they are and the caller is told.
//!
//! **Invariant:** findings are never made during iteration: a visitor reads converged results. **Absent on purpose:**
//! connections, packs, backward analyses.

use crate::base::{Idx, IndexVec};
use crate::ir::{Block, BlockId, Body, Edge, Stmt};
use std::collections::BTreeSet;

const VISITS_PER_BLOCK: u32 = 64;

/// A join semi-lattice.
pub trait Lattice: Clone {
    /// Makes `self` the least upper bound of both; says whether it changed.
    fn join(&mut self, other: &Self) -> bool;
}

/// A forward analysis of one body.
pub trait Analysis {
    /// The state between statements.
    type State: Lattice;
    /// The state at the body's entry.
    fn entry(&mut self) -> Self::State;
    /// The effect of a statement.
    fn stmt(&mut self, state: &mut Self::State, at: Location, stmt: &Stmt);
    /// The effect of taking an edge of `from`'s switch. `false`: the edge cannot be taken in this state.
    fn edge(&mut self, state: &mut Self::State, from: BlockId, edge: &Edge) -> bool;
}

/// A statement by position; `stmt == block.stmts.len()` is the terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The block.
    pub block: BlockId,
    /// Position in it.
    pub stmt: usize,
}

/// Converged states at block entries.
#[derive(Debug)]
pub struct Results<S> {
    /// `None`: not reachable.
    pub entry: IndexVec<BlockId, Option<S>>,
    /// Whether iteration was cut before it converged.
    pub cut: bool,
}

/// Blocks in reverse postorder from the entry; unreachable ones are left out.
pub fn reverse_postorder(body: &Body) -> Vec<BlockId> {
    let mut order = Vec::with_capacity(body.blocks.len());
    let mut seen = vec![false; body.blocks.len()];
    let mut stack: Vec<(BlockId, Vec<BlockId>)> = Vec::new();
    let enter = |b: BlockId, seen: &mut Vec<bool>| {
        seen[b.index()] = true;
        // Reversed, so that the first successor is finished last and so comes first in the order.
        let mut next: Vec<BlockId> = body.blocks[b].term.successors().collect();
        next.reverse();
        (b, next)
    };
    if !body.blocks.is_empty() {
        stack.push(enter(BlockId::new(0), &mut seen));
    }
    while let Some((block, next)) = stack.last_mut() {
        match next.pop() {
            Some(to) if seen[to.index()] => {}
            Some(to) => stack.push(enter(to, &mut seen)),
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

/// Runs `analysis` on `body` until nothing changes.
pub fn run<A: Analysis>(body: &Body, analysis: &mut A) -> Results<A::State> {
    let order = reverse_postorder(body);
    let mut rank = vec![usize::MAX; body.blocks.len()];
    for (i, b) in order.iter().enumerate() {
        rank[b.index()] = i;
    }
    let mut entry: IndexVec<BlockId, Option<A::State>> = IndexVec::from_elem(None, body.blocks.len());
    let mut visits = vec![0u32; body.blocks.len()];
    let mut cut = false;
    let mut work = BTreeSet::new();
    if !order.is_empty() {
        entry[BlockId::new(0)] = Some(analysis.entry());
        work.insert(0usize);
    }
    while let Some(next) = work.pop_first() {
        let block_id = order[next];
        visits[block_id.index()] += 1;
        if visits[block_id.index()] > VISITS_PER_BLOCK {
            cut = true;
            continue;
        }
        let Some(mut state) = entry[block_id].clone() else { continue };
        let block = &body.blocks[block_id];
        through_block(analysis, &mut state, block_id, block);
        for_each_edge(analysis, state, block_id, block, |to, state| {
            let changed = match &mut entry[to] {
                Some(old) => old.join(&state),
                none => {
                    *none = Some(state);
                    true
                }
            };
            if changed {
                work.insert(rank[to.index()]);
            }
        });
    }
    Results { entry, cut }
}

fn through_block<A: Analysis>(analysis: &mut A, state: &mut A::State, id: BlockId, block: &Block) {
    for (i, stmt) in block.stmts.iter().enumerate() {
        analysis.stmt(state, Location { block: id, stmt: i }, stmt);
    }
}

fn for_each_edge<A: Analysis>(
    analysis: &mut A,
    state: A::State,
    id: BlockId,
    block: &Block,
    mut take: impl FnMut(BlockId, A::State),
) {
    use crate::ir::Terminator;
    match &block.term {
        Terminator::Goto(to) => take(*to, state),
        Terminator::Switch { edges, .. } => {
            let mut state = Some(state);
            for (n, edge) in edges.iter().enumerate() {
                let on_edge = if n + 1 == edges.len() { state.take() } else { state.clone() };
                let Some(mut on_edge) = on_edge else { break };
                if analysis.edge(&mut on_edge, id, edge) {
                    take(edge.to, on_edge);
                }
            }
        }
        Terminator::Return(..) | Terminator::Diverge => {}
    }
}

/// Whether no edge leads back: then every state is final when its block is reached in order, and [`pass`] does for
/// [`run`] and [`visit`].
pub fn is_forward(body: &Body) -> bool {
    body.blocks.iter_enumerated().all(|(id, block)| block.term.successors().all(|to| to > id))
}

/// [`run`] and [`visit`] in one, of a body in which no edge leads back. `aside` is called before and after the edges of a
/// block, of which nobody reads anything.
pub fn pass<A: Analysis>(
    body: &Body,
    analysis: &mut A,
    mut see: impl FnMut(&mut A, &A::State, Location),
    mut aside: impl FnMut(&mut A),
) {
    let mut entry: IndexVec<BlockId, Option<A::State>> = IndexVec::from_elem(None, body.blocks.len());
    if let Some(first) = entry.iter_mut().next() {
        *first = Some(analysis.entry());
    }
    for (id, block) in body.blocks.iter_enumerated() {
        let Some(mut state) = entry[id].take() else { continue };
        for (i, stmt) in block.stmts.iter().enumerate() {
            let at = Location { block: id, stmt: i };
            see(analysis, &state, at);
            analysis.stmt(&mut state, at, stmt);
        }
        see(analysis, &state, Location { block: id, stmt: block.stmts.len() });
        aside(analysis);
        for_each_edge(analysis, state, id, block, |to, state| match &mut entry[to] {
            Some(old) => {
                old.join(&state);
            }
            none => *none = Some(state),
        });
        aside(analysis);
    }
}

/// Reads converged results: `see` gets the state *before* each statement and before each terminator (statement index
/// one past the last), in block order; `analysis` recomputes what lies between.
pub fn visit<A: Analysis>(
    body: &Body,
    results: &Results<A::State>,
    analysis: &mut A,
    mut see: impl FnMut(&mut A, &A::State, Location),
) {
    for (id, block) in body.blocks.iter_enumerated() {
        let Some(mut state) = results.entry[id].clone() else { continue };
        for (i, stmt) in block.stmts.iter().enumerate() {
            let at = Location { block: id, stmt: i };
            see(analysis, &state, at);
            analysis.stmt(&mut state, at, stmt);
        }
        see(analysis, &state, Location { block: id, stmt: block.stmts.len() });
    }
}

#[cfg(test)]
mod tests;
