//! Drop scopes: what is dropped where, and the exits that leave scopes early.
//!
//! A body's scopes form a stack. Variables go into the innermost scope of a block, temporaries into the innermost scope that
//! ends temporaries (statement, condition, arm, operand of `&&`, and from 2024 on tail expression). Leaving a scope, at its
//! end or through an [`Exit`], drops what it holds, last in first out.
//!
//! **Invariants:** an exit writes its drops into the block of its own edge and leaves the stack as it is; a local is in at
//! most one scope; a temporary that was certainly moved is taken out of its scope, so what remains may still hold a value.

use super::Lower;
use super::body::operand_place;
use crate::base::Span;
use crate::ir::{BlockId, DropWhy, LocalId, Operand, Place, Proj, StmtKind};
use std::rc::Rc;

/// What happens at the end of a scope.
#[derive(Clone)]
pub(super) enum Entry {
    Drop(LocalId, DropWhy),
    /// A `defer!`-like block runs.
    Defer(Rc<syn::Block>),
}

/// One scope: what ends with it, in order of creation.
#[derive(Default)]
pub(super) struct Scope {
    pub entries: Vec<Entry>,
}

/// What a scope takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Temps,
    Vars,
    Both,
}

/// What to restore when a scope ends.
#[must_use]
pub(super) struct Mark {
    temp_scope: usize,
    var_scope: usize,
    /// Variables that were in scope; `usize::MAX` if the scope takes none.
    names: usize,
}

/// A way out of scopes: a block, and how much of the stack is still there when it is reached.
#[derive(Clone, Copy)]
pub(super) struct Exit {
    pub block: BlockId,
    depth: usize,
    keep: usize,
}

impl Lower<'_> {
    pub(super) fn open_scope(&mut self, takes: Takes) -> Mark {
        let body = self.b();
        let names = if takes == Takes::Temps { usize::MAX } else { body.names.len() };
        let mark = Mark { temp_scope: body.temp_scope, var_scope: body.var_scope, names };
        let index = body.scopes.len();
        body.scopes.push(Scope::default());
        if takes != Takes::Vars {
            body.temp_scope = index;
        }
        if takes != Takes::Temps {
            body.var_scope = index;
        }
        mark
    }

    /// Ends the innermost scope: drops what it holds.
    pub(super) fn close_scope(&mut self, mark: Mark) {
        let body = self.b();
        let scope = body.scopes.pop().expect("scopes are closed as often as opened");
        body.temp_scope = mark.temp_scope;
        body.var_scope = mark.var_scope;
        body.names.truncate(mark.names);
        self.run_entries(scope.entries);
    }

    fn run_entries(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            if self.b().dead {
                return;
            }
            match entry {
                Entry::Drop(local, why) => {
                    let span = self.b().locals[local].span;
                    self.push_stmt(StmtKind::Drop { place: Place::local(local), why }, span);
                }
                Entry::Defer(block) => self.deferred(&block),
            }
        }
    }

    /// `block`, with the scopes that are open now. What they take later is still there when the block is reached.
    pub(super) fn exit_to(&mut self, block: BlockId) -> Exit {
        Exit { block, depth: self.b().scopes.len(), keep: usize::MAX }
    }

    /// `block`, with the innermost scope as it is now: what it takes later is dropped on the way.
    pub(super) fn exit_to_before(&mut self, block: BlockId) -> Exit {
        let body = self.b();
        Exit { block, depth: body.scopes.len(), keep: body.scopes.last().map_or(0, |s| s.entries.len()) }
    }
    /// Writes the drops of everything above `exit`'s part of the stack. `None`: of the whole stack.
    pub(super) fn run_exit(&mut self, exit: Option<&Exit>) {
        let (depth, keep) = exit.map_or((0, 0), |e| (e.depth, e.keep));
        let body = self.b();
        if body.is_too_large() {
            return;
        }
        let mut entries = Vec::new();
        if let Some(scope) = depth.checked_sub(1).and_then(|d| body.scopes.get(d)) {
            entries.extend_from_slice(scope.entries.get(keep..).unwrap_or(&[]));
        }
        for scope in body.scopes.iter().skip(depth) {
            entries.extend_from_slice(&scope.entries);
        }
        self.run_entries(entries);
    }

    /// Leaves through `exit` from here.
    pub(super) fn leave(&mut self, exit: &Exit) {
        self.run_exit(Some(exit));
        self.goto(exit.block);
    }

    /// A block for an edge that leaves through `exit`.
    pub(super) fn edge_to(&mut self, exit: &Exit) -> BlockId {
        let edge = self.new_block();
        let body = self.b();
        let (cur, dead) = (body.cur, body.dead);
        // The switch that leads here is not written yet, so `start` would take the block for dead.
        body.cur = edge;
        body.dead = dead;
        self.leave(exit);
        let body = self.b();
        (body.cur, body.dead) = (cur, dead);
        edge
    }

    pub(super) fn schedule(&mut self, local: LocalId, scope: usize, why: DropWhy) {
        self.b().scopes[scope].entries.push(Entry::Drop(local, why));
    }

    pub(super) fn schedule_temp(&mut self, local: LocalId) {
        let scope = self.b().temp_scope;
        self.schedule(local, scope, DropWhy::Temporary);
    }

    pub(super) fn schedule_var(&mut self, local: LocalId) {
        let scope = self.b().var_scope;
        self.schedule(local, scope, DropWhy::Scope);
    }

    /// Takes a local out of the scope that would drop it. Returns whether it was in one.
    pub(super) fn unschedule(&mut self, local: LocalId) -> bool {
        for scope in self.b().scopes.iter_mut().rev() {
            let found = scope.entries.iter().rposition(|e| matches!(e, Entry::Drop(l, _) if *l == local));
            if let Some(at) = found {
                scope.entries.remove(at);
                return true;
            }
        }
        false
    }

    /// The operand is moved: a temporary that it names whole (or whose `?` payload it is) has nothing left to drop.
    pub(super) fn moved(&mut self, op: &Operand) {
        if let Some(place) = operand_place(op)
            && matches!(place.proj.as_slice(), [] | [Proj::Try])
            && self.is_temp(place.local)
        {
            self.unschedule(place.local);
        }
    }

    /// Moves the drop of a temporary to another scope: its life is extended.
    pub(super) fn extend_life(&mut self, local: LocalId, scope: usize) {
        if self.is_temp(local) && self.unschedule(local) {
            self.schedule(local, scope, DropWhy::Scope);
        }
    }

    /// Drops a temporary now.
    pub(super) fn drop_now(&mut self, local: LocalId, why: DropWhy, span: Span) {
        self.unschedule(local);
        self.push_stmt(StmtKind::Drop { place: Place::local(local), why }, span);
    }
}
