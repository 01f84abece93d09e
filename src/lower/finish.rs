//! A finished graph: pruned, merged, renumbered.
//!
//! **Invariants:** what is left is reachable from block 0, in reverse postorder; captures follow the parameters; calls are
//! in order of source; temporaries that nothing mentions are gone; the graph means what it meant.

use super::Lower;
use super::body::{BodyCx, Draft, type_needs_drop};
use crate::base::{Idx, IndexVec};
use crate::ir::{
    Block, BlockId, Body, BodyId, BodyKind, Call, CallId, Callee, DropWhy, Edge, EdgeKind, Local, LocalId, LocalKind,
    Operand, Place, Rvalue, Stmt, StmtKind, Terminator,
};

impl Lower<'_> {
    /// Ends the body under construction.
    pub(super) fn close_body(&mut self) {
        let mut body = self.stack.pop().expect("bodies are closed as often as opened");
        if body.is_too_large() {
            // Half a function would say things that are not so.
            self.unknown(crate::ir::TOO_LARGE, body.span);
            let term = Some(Terminator::Diverge);
            body.blocks = std::iter::once(Draft { stmts: Vec::new(), term, preds: 1 }).collect();
            body.calls = IndexVec::new();
        }
        drop_captures(&mut body);
        merge(&mut body.blocks);
        let (blocks, calls) = renumber_blocks(body.blocks, body.calls);
        let mut done = Body {
            kind: body.kind,
            parent: body.parent,
            module: body.module,
            locals: body.locals,
            param_count: body.param_count,
            captures: body.captures,
            blocks,
            calls,
            deferred: body.deferred,
            is_async: body.is_async,
            span: body.span,
        };
        let map = renumber_locals(&mut done);
        for child in body.children {
            let child = self.bodies[child.index()].as_mut().expect("inner bodies are finished first");
            for capture in &mut child.captures {
                capture.outer = map[capture.outer.index()].expect("a captured variable has a name, so it was kept");
            }
        }
        self.bodies[body.id.index()] = Some(done);
    }

    /// A body that was closed.
    pub(super) fn finished(&self, id: BodyId) -> &Body {
        self.bodies[id.index()].as_ref().expect("the body was closed")
    }
}

/// What an async block or generator took by `move` is dropped when it ends.
fn drop_captures(body: &mut BodyCx) {
    let owns = matches!(body.kind, BodyKind::Async | BodyKind::Generator) && body.by_move;
    if !owns {
        return;
    }
    for block in body.blocks.iter_mut() {
        if let Some(Terminator::Return(_, span)) = block.term {
            for capture in body.captures.iter().rev() {
                if body.locals[capture.inner].ty.as_ref().is_none_or(type_needs_drop) {
                    let kind = StmtKind::Drop { place: Place::local(capture.inner), why: DropWhy::Scope };
                    block.stmts.push(Stmt { kind, span });
                }
            }
        }
    }
}

type Drafts = IndexVec<BlockId, Draft>;

/// Skips empty blocks, joins straight lines, and folds chains of tests of one place into one switch.
fn merge(blocks: &mut Drafts) {
    let ids: Vec<BlockId> = blocks.indices().collect();
    for &id in &ids {
        if let Some(mut term) = blocks[id].term.take() {
            for_successors(&mut term, |to| *to = skip_empty(blocks, *to, id));
            blocks[id].term = Some(term);
        }
    }
    count_preds(blocks);
    for &id in &ids {
        while let Some(next) = absorbed(blocks, id) {
            let taken = std::mem::take(&mut blocks[next].stmts);
            let term = blocks[next].term.take();
            blocks[next].preds = 0;
            blocks[id].stmts.extend(taken);
            blocks[id].term = term;
        }
    }
    // Later blocks first, so that a chain folds from its end.
    for &id in ids.iter().rev() {
        fold_switch(blocks, id);
    }
}

/// Where an empty block that only goes on leads.
fn skip_empty(blocks: &Drafts, to: BlockId, from: BlockId) -> BlockId {
    let mut at = to;
    // A loop of empty blocks has no end; any block of it will do.
    for _ in 0..blocks.len() {
        match &blocks[at].term {
            Some(Terminator::Goto(next)) if blocks[at].stmts.is_empty() && at != from => at = *next,
            _ => return at,
        }
    }
    to
}

fn count_preds(blocks: &mut Drafts) {
    for block in blocks.iter_mut() {
        block.preds = 0;
    }
    let mut seen = vec![false; blocks.len()];
    let mut work = vec![BlockId::new(0)];
    seen[0] = true;
    blocks[BlockId::new(0)].preds = 1;
    while let Some(id) = work.pop() {
        let next: Vec<BlockId> = blocks[id].term.iter().flat_map(Terminator::successors).collect();
        for to in next {
            blocks[to].preds += 1;
            if !std::mem::replace(&mut seen[to.index()], true) {
                work.push(to);
            }
        }
    }
}

/// The block that `id` goes to, if nobody else does.
fn absorbed(blocks: &Drafts, id: BlockId) -> Option<BlockId> {
    match blocks[id].term {
        Some(Terminator::Goto(next))
            if next != id && blocks[next].preds == 1 && next.index() != 0 && blocks[id].preds > 0 =>
        {
            Some(next)
        }
        _ => None,
    }
}

/// `match x { A => …, B => … }` tests one by one; two switches of the same place become one.
fn fold_switch(blocks: &mut Drafts, id: BlockId) {
    let Some(Terminator::Switch { on: Some(on), edges, .. }) = &blocks[id].term else { return };
    let Some(Edge { kind: EdgeKind::Otherwise, to }) = edges.last() else { return };
    let to = *to;
    if to == id || blocks[to].preds != 1 || !blocks[to].stmts.is_empty() {
        return;
    }
    let more = match &blocks[to].term {
        Some(Terminator::Switch { on: Some(same), edges, .. })
            if same == on && edges.iter().all(|e| matches!(e.kind, EdgeKind::Variant(_) | EdgeKind::Otherwise)) =>
        {
            edges.clone()
        }
        _ => return,
    };
    blocks[to].term = None;
    blocks[to].preds = 0;
    if let Some(Terminator::Switch { edges, .. }) = &mut blocks[id].term {
        edges.pop();
        edges.extend(more);
    }
}

fn for_successors(term: &mut Terminator, mut f: impl FnMut(&mut BlockId)) {
    match term {
        Terminator::Goto(to) => f(to),
        Terminator::Switch { edges, .. } => edges.iter_mut().for_each(|e| f(&mut e.to)),
        Terminator::Return(..) | Terminator::Diverge => {}
    }
}

/// Reachable blocks in reverse postorder, and the calls that they make, in order of source.
fn renumber_blocks(
    mut drafts: Drafts,
    calls: IndexVec<CallId, Call>,
) -> (IndexVec<BlockId, Block>, IndexVec<CallId, Call>) {
    let order = reverse_postorder(&drafts);
    let mut numbers = vec![BlockId::new(0); drafts.len()];
    for (i, id) in order.iter().enumerate() {
        numbers[id.index()] = BlockId::new(i);
    }
    let mut blocks = IndexVec::new();
    let mut used = Vec::new();
    for id in order {
        let draft = &mut drafts[id];
        let mut term = draft.term.take().unwrap_or(Terminator::Diverge);
        for_successors(&mut term, |to| *to = numbers[to.index()]);
        let stmts = std::mem::take(&mut draft.stmts);
        for stmt in &stmts {
            if let StmtKind::Assign { value: Rvalue::Call(call), .. } = stmt.kind {
                used.push(call);
            }
        }
        blocks.push(Block { stmts, term });
    }
    used.sort_by_key(|&c| (calls[c].name_span, calls[c].span, c));
    used.dedup();
    let mut map = vec![CallId::new(0); calls.len()];
    let mut calls: Vec<Option<Call>> = calls.into_iter_enumerated().map(|(_, call)| Some(call)).collect();
    let mut kept = IndexVec::new();
    for id in used {
        map[id.index()] = kept.push(calls[id.index()].take().expect("each call is kept once"));
    }
    for block in blocks.iter_mut() {
        for stmt in &mut block.stmts {
            if let StmtKind::Assign { value: Rvalue::Call(call), .. } = &mut stmt.kind {
                *call = map[call.index()];
            }
        }
    }
    (blocks, kept)
}

fn reverse_postorder(drafts: &Drafts) -> Vec<BlockId> {
    let mut seen = vec![false; drafts.len()];
    let mut order = Vec::new();
    // Block and its successors still to visit; the last successor is visited first, so that the first comes first in the
    // result.
    let successors =
        |id: BlockId| -> Vec<BlockId> { drafts[id].term.iter().flat_map(Terminator::successors).collect() };
    let entry = BlockId::new(0);
    seen[0] = true;
    let mut work = vec![(entry, successors(entry))];
    while let Some((id, left)) = work.last_mut() {
        match left.pop() {
            Some(to) => {
                if !std::mem::replace(&mut seen[to.index()], true) {
                    work.push((to, successors(to)));
                }
            }
            None => {
                order.push(*id);
                work.pop();
            }
        }
    }
    order.reverse();
    order
}

/// Puts captures behind parameters, drops temporaries that nothing mentions. Returns the new numbers.
fn renumber_locals(body: &mut Body) -> Vec<Option<LocalId>> {
    let count = body.locals.len();
    let mut keep: Vec<bool> = body.locals.iter().map(|l| l.kind != LocalKind::Temp).collect();
    for_places(body, &mut |place| keep[place.local.index()] = true, &mut |_| {});
    let captures: Vec<usize> = body.captures.iter().map(|c| c.inner.index()).collect();
    let head = 1 + body.param_count;
    let is_capture: Vec<bool> = {
        let mut flags = vec![false; count];
        captures.iter().for_each(|&c| flags[c] = true);
        flags
    };
    let order = (0..head).chain(captures.iter().copied()).chain((head..count).filter(|&l| !is_capture[l] && keep[l]));
    let mut map = vec![None; count];
    let mut old_locals: Vec<Option<Local>> =
        std::mem::take(&mut body.locals).into_iter_enumerated().map(|(_, local)| Some(local)).collect();
    let mut locals: IndexVec<LocalId, Local> = IndexVec::new();
    for old in order {
        map[old] = Some(locals.push(old_locals[old].take().expect("each local is kept once")));
    }
    body.locals = locals;
    for capture in &mut body.captures {
        capture.inner = map[capture.inner.index()].expect("captures are kept");
    }
    let renumber = |local: &mut LocalId| *local = map[local.index()].expect("a local that is mentioned is kept");
    for_places(body, &mut |place| renumber(&mut place.local), &mut |local| renumber(local));
    map
}

/// All places and bare locals of a body.
fn for_places(body: &mut Body, place: &mut dyn FnMut(&mut Place), local: &mut dyn FnMut(&mut LocalId)) {
    for block in body.blocks.iter_mut() {
        for stmt in &mut block.stmts {
            match &mut stmt.kind {
                StmtKind::Assign { to, value } => {
                    place(to);
                    for_value(value, place);
                }
                StmtKind::Drop { place: p, why: _ } => place(p),
                StmtKind::Yield(op) => for_operand(op, place),
                StmtKind::Declare(l) => local(l),
            }
        }
        if let Terminator::Switch { on: Some(on), .. } = &mut block.term {
            place(on);
        }
    }
    for call in body.calls.iter_mut() {
        call.args.iter_mut().for_each(|op| for_operand(op, place));
        if let Callee::Value(op) = &mut call.callee {
            for_operand(op, place);
        }
    }
}

fn for_value(value: &mut Rvalue, place: &mut dyn FnMut(&mut Place)) {
    match value {
        Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => for_operand(op, place),
        Rvalue::Ref { mutable: _, place: p } => place(p),
        Rvalue::Call(_) => {}
        Rvalue::AwaitMany { futures: ops, all: _ }
        | Rvalue::Plain(ops)
        | Rvalue::Step { up: _, ops }
        | Rvalue::Unknown(ops) => {
            ops.iter_mut().for_each(|op| for_operand(op, place));
        }
        Rvalue::Aggregate { kind: _, fields, base } => {
            fields.iter_mut().for_each(|(_, op)| for_operand(op, place));
            if let Some(op) = base {
                for_operand(op, place);
            }
        }
    }
}

fn for_operand(op: &mut Operand, place: &mut dyn FnMut(&mut Place)) {
    match op {
        Operand::Place(p) => place(p),
        Operand::Path(..) | Operand::Literal(_) => {}
    }
}
