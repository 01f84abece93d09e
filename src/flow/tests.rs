//! The engine on mock bodies: the state is the set of blocks passed, so every location has a state of its own.

use super::*;
use crate::base::{FileId, Span};
use crate::ir::{BodyKind, EdgeKind, ReturnKind, Terminator};

fn span() -> Span {
    Span { file: FileId::new(0), start: 0, end: 0 }
}

/// A body from its edges: `edges[b]` are the successors of block b; none means return.
fn body(edges: &[&[usize]]) -> Body {
    let blocks = edges
        .iter()
        .map(|to| Block {
            stmts: Vec::new(),
            term: match to {
                [] => Terminator::Return(ReturnKind::End, span()),
                [one] => Terminator::Goto(BlockId::new(*one)),
                many => Terminator::Switch {
                    on: None,
                    edges: many.iter().map(|b| Edge { kind: EdgeKind::Then, to: BlockId::new(*b) }).collect(),
                    span: span(),
                },
            },
        })
        .collect();
    Body {
        kind: BodyKind::Fn(0),
        parent: None,
        module: 0,
        locals: IndexVec::new(),
        param_count: 0,
        captures: Vec::new(),
        blocks,
        calls: IndexVec::new(),
        deferred: Vec::new(),
        is_async: false,
        span: span(),
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Passed(BTreeSet<usize>);

impl Lattice for Passed {
    fn join(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.extend(&other.0);
        self.0.len() != before
    }
}

/// Collects the sources of the edges taken; refuses edges into `closed`.
struct Mock {
    closed: Option<usize>,
}

impl Analysis for Mock {
    type State = Passed;
    fn entry(&mut self) -> Passed {
        Passed(BTreeSet::new())
    }
    fn stmt(&mut self, _: &mut Passed, _: Location, _: &Stmt) {}
    fn edge(&mut self, state: &mut Passed, from: BlockId, edge: &Edge) -> bool {
        state.0.insert(from.index());
        self.closed != Some(edge.to.index())
    }
}

fn at(results: &Results<Passed>, block: usize) -> Option<Vec<usize>> {
    results.entry[BlockId::new(block)].as_ref().map(|s| s.0.iter().copied().collect())
}

#[test]
fn diamond_joins_both_sides() {
    // 0 -> 1, 2; 1 -> 3, 4; 2 -> 3, 4
    let body = body(&[&[1, 2], &[3, 4], &[3, 4], &[], &[]]);
    let results = run(&body, &mut Mock { closed: None });
    assert_eq!(at(&results, 1), Some(vec![0]));
    assert_eq!(at(&results, 3), Some(vec![0, 1, 2]));
    assert!(!results.cut);
}

#[test]
fn loop_reaches_a_fixpoint() {
    // 0 -> 1; 1 -> 2, 3; 2 -> 1, 4
    let body = body(&[&[1], &[2, 3], &[1, 4], &[], &[]]);
    let results = run(&body, &mut Mock { closed: None });
    assert_eq!(at(&results, 1), Some(vec![1, 2]));
    assert_eq!(at(&results, 3), Some(vec![1, 2]));
}

#[test]
fn refused_edge_leaves_the_block_unreachable() {
    let body = body(&[&[1, 2], &[], &[]]);
    let results = run(&body, &mut Mock { closed: Some(2) });
    assert_eq!(at(&results, 1), Some(vec![0]));
    assert_eq!(at(&results, 2), None);
}

#[test]
fn reverse_postorder_starts_at_entry_and_skips_the_unreachable() {
    let body = body(&[&[2], &[2], &[]]);
    assert_eq!(reverse_postorder(&body), vec![BlockId::new(0), BlockId::new(2)]);
}

#[test]
fn visit_sees_the_state_before_each_terminator() {
    let body = body(&[&[1, 2], &[], &[]]);
    let mut mock = Mock { closed: None };
    let results = run(&body, &mut mock);
    let mut seen = Vec::new();
    visit(&body, &results, &mut mock, |_, state, at| seen.push((at.block.index(), state.0.len())));
    assert_eq!(seen, vec![(0, 0), (1, 1), (2, 1)]);
}
