//! Whether code chooses between commit and rollback: all is written, then a branch commits or does not, and both sides go on
//! to the same answer.
//!
//! ```text
//!   write ── if changed ── commit ──┐
//!                 └─────────────────┴── return Ok(n)      a choice
//!
//!   match kind ── A: write, commit ─┐
//!            └─── B: write ─────────┴── return Ok(())     an arm that forgets
//! ```
//!
//! **Invariant:** a way to the exit on which something is written after the branch is no choice. **Absent on purpose:** what
//! the condition says.

use super::loops;
use crate::base::{Idx, Span};
use crate::ir::{BlockId, Body, Rvalue, StmtKind, Terminator, return_local};

/// What a statement does to the transaction in question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Use,
    Commit,
}

/// Whether the exit at the end of `exit` is reached with and without one of the `commits` from each last of the `uses`, by a
/// branch that leads to the commit or past it, with the same answer. Spans are those of calls or awaits of the body.
pub fn made_before(body: &Body, exit: BlockId, uses: &[Span], commits: &[Span]) -> bool {
    let marks = marks(body, uses, commits);
    let mut chosen = false;
    for block in body.blocks.indices() {
        for (at, _) in marks[block.index()].iter().filter(|(_, m)| *m == Mark::Use) {
            let from = ahead(body, block, *at + 1, &marks);
            if !from.without[exit.index()] {
                continue;
            }
            let mut branches = body.blocks.indices().filter(|b| from.without[b.index()]);
            if !branches.any(|b| chooses(body, b, exit, &marks)) {
                return false;
            }
            chosen = true;
        }
    }
    chosen
}

/// Whether the switch at the end of a block leads to the commit on one side, without fail, and past it on the other.
fn chooses(body: &Body, branch: BlockId, exit: BlockId, marks: &[Vec<(usize, Mark)>]) -> bool {
    let Terminator::Switch { edges, .. } = &body.blocks[branch].term else { return false };
    let commits = |to: BlockId| {
        let side = ahead(body, to, 0, marks);
        side.commit.filter(|_| !side.used && !side.without[exit.index()])
    };
    let Some(commit) = edges.iter().find_map(|e| commits(e.to)) else { return false };
    let after = loops::reached_without(body, commit, Some(branch));
    let past = |to: BlockId| {
        let side = ahead(body, to, 0, marks);
        let alone = |b: BlockId| side.without[b.index()] && !after[b.index()] && answers(body, b);
        after[to.index()] && side.without[exit.index()] && !body.blocks.indices().any(alone)
    };
    edges.iter().any(|e| past(e.to) || leads_on(body, e.to, branch).is_some_and(|b| chooses(body, b, exit, marks)))
}

/// The next branch of the same condition (`a || b`): a block with nothing in it but a test.
fn leads_on(body: &Body, to: BlockId, from: BlockId) -> Option<BlockId> {
    let tests = matches!(body.blocks[to].term, Terminator::Switch { .. });
    (to != from && tests && body.blocks[to].stmts.is_empty()).then_some(to)
}

/// Per block: where in it something happens to the transaction.
fn marks(body: &Body, uses: &[Span], commits: &[Span]) -> Vec<Vec<(usize, Mark)>> {
    // The await of a commit has its call inside.
    let commit = |span: Span| commits.iter().any(|c| c.file == span.file && span.start <= c.start && c.end <= span.end);
    let mark = |span: Span| match (commit(span), uses.contains(&span)) {
        (true, _) => Some(Mark::Commit),
        (false, true) => Some(Mark::Use),
        (false, false) => None,
    };
    let of = |kind: &StmtKind| match kind {
        StmtKind::Assign { value: Rvalue::Call(id), .. } => mark(body.calls[*id].span),
        _ => None,
    };
    let stmts = body.blocks.iter().map(|block| {
        let stmts = block.stmts.iter().enumerate();
        stmts.filter_map(|(at, stmt)| Some((at, of(&stmt.kind).or_else(|| mark(stmt.span))?))).collect()
    });
    stmts.collect()
}

/// What lies ahead of a place before the transaction is used again.
struct Ahead {
    /// Blocks whose end is reached without use and commit.
    without: Vec<bool>,
    /// The block of a commit that is reached.
    commit: Option<BlockId>,
    /// Whether a use is reached.
    used: bool,
}

fn ahead(body: &Body, block: BlockId, at: usize, marks: &[Vec<(usize, Mark)>]) -> Ahead {
    let mut out = Ahead { without: vec![false; body.blocks.len()], commit: None, used: false };
    let mut todo = vec![(block, at)];
    while let Some((block, first)) = todo.pop() {
        match marks[block.index()].iter().find(|(at, _)| *at >= first) {
            Some((_, Mark::Commit)) => out.commit = out.commit.or(Some(block)),
            Some((_, Mark::Use)) => out.used = true,
            None if std::mem::replace(&mut out.without[block.index()], true) => {}
            None => todo.extend(body.blocks[block].term.successors().map(|to| (to, 0))),
        }
    }
    out
}

/// Whether a block sets what the body answers.
fn answers(body: &Body, block: BlockId) -> bool {
    let sets = |kind: &StmtKind| matches!(kind, StmtKind::Assign { to, .. } if to.local == return_local());
    body.blocks[block].stmts.iter().any(|s| sets(&s.kind))
}
