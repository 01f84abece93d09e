//! Whether a variable is named again after a call.
//!
//! **Invariant:** only what the control flow reaches counts; drops and declarations name nothing.

use crate::analyse::made::read::places;
use crate::ir::{self, BlockId, Body, Call, LocalId, Rvalue, StmtKind};

/// Whether some code after the call reads the local, or something in it, before it is assigned anew.
pub fn mentions(body: &Body, call: &Call, local: LocalId) -> bool {
    let Some((block, at)) = place_of(body, call) else { return true };
    let mut todo: Vec<(BlockId, usize)> = vec![(block, at + 1)];
    let mut seen: Vec<BlockId> = Vec::new();
    while let Some((block, from)) = todo.pop() {
        let data = &body.blocks[block];
        if data.stmts.iter().skip(from).any(|stmt| reads(body, stmt, local)) {
            return true;
        }
        for next in data.term.successors() {
            if !seen.contains(&next) {
                seen.push(next);
                todo.push((next, 0));
            }
        }
    }
    false
}

fn place_of(body: &Body, call: &Call) -> Option<(BlockId, usize)> {
    body.blocks.iter_enumerated().find_map(|(block, data)| {
        let at = data.stmts.iter().position(|stmt| match &stmt.kind {
            StmtKind::Assign { value: Rvalue::Call(id), .. } => std::ptr::eq(&raw const body.calls[*id], call),
            StmtKind::Assign { .. } | StmtKind::Drop { .. } | StmtKind::Yield(_) | StmtKind::Declare(_) => false,
        })?;
        Some((block, at))
    })
}

fn reads(body: &Body, stmt: &ir::Stmt, local: LocalId) -> bool {
    match &stmt.kind {
        StmtKind::Assign { value, .. } => places(body, value).iter().any(|place| place.local == local),
        StmtKind::Yield(ir::Operand::Place(place)) => place.local == local,
        StmtKind::Yield(_) | StmtKind::Drop { .. } | StmtKind::Declare(_) => false,
    }
}
