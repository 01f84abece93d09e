//! Loops of a body: which blocks turn, what they wait for on each turn, whether code ends at all.
//!
//! **Absent on purpose:** how many turns a loop makes.

use crate::base::Idx;
use crate::ir::{BlockId, Body, CallId, EdgeKind, ReturnKind, Rvalue, StmtKind, Terminator};

/// Whether no path through a body ends with success: it loops for ever.
pub fn never_succeeds(body: &Body) -> bool {
    let mut seen = vec![false; body.blocks.len()];
    let mut todo: Vec<BlockId> = vec![Idx::new(0)];
    let mut loops = false;
    while let Some(block) = todo.pop() {
        if std::mem::replace(&mut seen[block.index()], true) {
            loops = true;
            continue;
        }
        match &body.blocks[block].term {
            Terminator::Goto(to) => todo.push(*to),
            Terminator::Switch { edges, .. } => todo.extend(edges.iter().map(|e| e.to)),
            Terminator::Return(ReturnKind::Failure, _) | Terminator::Diverge => {}
            Terminator::Return(ReturnKind::End | ReturnKind::Explicit, _) => return false,
        }
    }
    loops
}

/// The blocks of the widest loop around a block; none if it runs once.
pub fn around(body: &Body, block: BlockId) -> Vec<BlockId> {
    let ahead = reached(body, block);
    if !ahead[block.index()] {
        return Vec::new();
    }
    body.blocks.indices().filter(|b| ahead[b.index()] && reached(body, *b)[block.index()]).collect()
}

/// Whether a loop waits on each turn and is no `for`: it turns as long as something comes, not once per item of a list.
pub fn goes_on(body: &Body, blocks: &[BlockId]) -> bool {
    let items = |b: &BlockId| match &body.blocks[*b].term {
        Terminator::Switch { edges, .. } => edges.iter().any(|e| e.kind == EdgeKind::Again),
        Terminator::Goto(_) | Terminator::Return(..) | Terminator::Diverge => false,
    };
    let waits = |b: &BlockId| {
        body.blocks[*b]
            .stmts
            .iter()
            .any(|s| matches!(&s.kind, StmtKind::Assign { value: Rvalue::Await(_) | Rvalue::AwaitMany { .. }, .. }))
    };
    blocks.iter().any(waits) && !blocks.iter().any(items)
}

/// Whether some loop of the body goes on like that.
pub fn has_one(body: &Body) -> bool {
    let mut seen: Vec<BlockId> = Vec::new();
    for block in body.blocks.indices() {
        if seen.contains(&block) {
            continue;
        }
        let blocks = around(body, block);
        if !blocks.is_empty() && goes_on(body, &blocks) {
            return true;
        }
        seen.extend(blocks);
    }
    false
}

/// The calls in some blocks.
pub fn calls(body: &Body, blocks: &[BlockId]) -> Vec<CallId> {
    let stmts = blocks.iter().flat_map(|b| &body.blocks[*b].stmts);
    stmts
        .filter_map(|s| match &s.kind {
            StmtKind::Assign { value: Rvalue::Call(id), .. } => Some(*id),
            _ => None,
        })
        .collect()
}

/// The blocks that come after a block, itself if it comes again.
pub fn reached(body: &Body, from: BlockId) -> Vec<bool> {
    reached_without(body, from, None)
}

/// The same, on ways that do not pass another block.
pub fn reached_without(body: &Body, from: BlockId, without: Option<BlockId>) -> Vec<bool> {
    let mut seen = vec![false; body.blocks.len()];
    let mut todo: Vec<BlockId> = body.blocks[from].term.successors().collect();
    while let Some(at) = todo.pop() {
        if Some(at) != without && !std::mem::replace(&mut seen[at.index()], true) {
            todo.extend(body.blocks[at].term.successors());
        }
    }
    seen
}
