//! Conditions, `if`, `match`, loops, jumps and `?`.
//!
//! **Invariants:** the temporaries of a boolean condition are dropped before it is switched on; those of a `let` condition
//! live through the branch (2024) or as long as the temporaries around (2021); every jump drops what it leaves, in the
//! block of its own edge.

use super::Lower;
use super::body::{Dest, Jump, needs_drop, operand_place, return_place};
use super::expr::lazy_parts;
use super::pattern::Mode;
use super::scope::{Exit, Takes};
use super::span;
use crate::base::Span;
use crate::ir::{
    BlockId, Callee, DropWhy, EdgeKind, Literal, Operand, Path, Place, Proj, ReturnKind, Rvalue, StmtKind, Terminator,
};
use syn::{BinOp, Expr, Pat};
use thin_vec::{ThinVec, thin_vec};

impl Lower<'_> {
    // Conditions.

    /// Goes on if `e` is true (false, if `negate`), else leaves through `fail`. Bindings of `let` conditions go into the
    /// innermost variable scope.
    pub(super) fn branch(&mut self, e: &Expr, fail: &Exit, negate: bool) {
        match e {
            Expr::Paren(x) => self.branch(&x.expr, fail, negate),
            Expr::Group(x) => self.branch(&x.expr, fail, negate),
            Expr::Unary(x) if matches!(x.op, syn::UnOp::Not(_)) => self.branch(&x.expr, fail, !negate),
            Expr::Binary(x) if matches!(x.op, BinOp::And(_) | BinOp::Or(_)) => {
                let (parts, is_and) = lazy_parts(e);
                if is_and != negate {
                    for part in parts {
                        self.branch(part, fail, negate);
                    }
                } else {
                    self.any(&parts, fail, negate);
                }
            }
            Expr::Let(x) => {
                let (place, mode) = self.scrutinee(&x.expr);
                let binds = self.declare(&x.pat, None);
                self.test(&x.pat, &place, mode, Some(fail));
                self.bind(&x.pat, &place, mode, &binds);
                self.enter(binds);
            }
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(b), .. }) => {
                if b.value == negate {
                    self.leave(fail);
                }
            }
            Expr::Macro(x) if self.is_matches(&x.mac) => self.branch_matches(&x.mac, fail, negate),
            _ => {
                let mark = self.open_scope(Takes::Temps);
                let on = self.boolean(e);
                self.close_scope(mark);
                self.branch_on(on, self.spans.expr(e), fail, negate);
            }
        }
    }

    /// Switches on a boolean.
    pub(super) fn branch_on(&mut self, on: Place, at: Span, fail: &Exit, negate: bool) {
        let next = self.new_block();
        let out = self.edge_to(fail);
        let (on_true, on_false) = if negate { (out, next) } else { (next, out) };
        self.switch(Some(on), vec![(EdgeKind::Then, on_true), (EdgeKind::Else, on_false)], at);
        self.start(next);
    }

    /// Goes on if one of the parts holds.
    fn any(&mut self, parts: &[&Expr], fail: &Exit, negate: bool) {
        let found = self.new_block();
        for (i, part) in parts.iter().enumerate() {
            if i + 1 == parts.len() {
                self.branch(part, fail, negate);
                self.goto(found);
            } else {
                let next = self.new_block();
                let exit = self.exit_to(next);
                self.branch(part, &exit, negate);
                self.goto(found);
                self.start(next);
            }
        }
        self.start(found);
    }

    /// A boolean in a variable's place or a temporary that outlives the condition's scope: booleans need no drop.
    fn boolean(&mut self, e: &Expr) -> Place {
        let at = self.spans.expr(e);
        let value = match self.value(e) {
            Rvalue::Use(op) => {
                self.moved(&op);
                match operand_place(&op) {
                    Some(place) if place.proj.is_empty() || place.proj == [Proj::Try] || !self.is_temp(place.local) => {
                        return place.clone();
                    }
                    _ => Rvalue::Use(op),
                }
            }
            value => value,
        };
        let temp = self.new_temp(at);
        self.assign(Place::local(temp), value, at);
        Place::local(temp)
    }

    /// What a `let` condition or `match` looks at. A written `&` makes the bindings borrow.
    fn scrutinee(&mut self, e: &Expr) -> (Place, Mode) {
        let scope = self.b().temp_scope;
        match e {
            Expr::Paren(x) => self.scrutinee(&x.expr),
            Expr::Group(x) => self.scrutinee(&x.expr),
            Expr::Reference(x) => (self.place(&x.expr, scope), Mode::borrowed(x.mutability.is_some())),
            _ => (self.place(e, scope), Mode::Move),
        }
    }

    // Branches.

    pub(super) fn if_(&mut self, dest: &Dest, x: &syn::ExprIf, extend: Option<usize>) {
        if let Some(holds) = self.outside_tests(&x.cond) {
            return self.chosen(dest, x, holds, extend);
        }
        let otherwise = self.new_block();
        let join = self.new_block();
        // Up to 2021 what the condition makes lives in the scope around, through the `else` branch too.
        let exit = self.exit_to(otherwise);
        let mark = self.open_scope(if self.is_2024() { Takes::Both } else { Takes::Vars });
        self.branch(&x.cond, &exit, false);
        let inner = self.open_scope(Takes::Both);
        self.b().extend = extend;
        self.block(dest, &x.then_branch);
        self.close_scope(inner);
        self.close_scope(mark);
        self.goto(join);
        self.start(otherwise);
        self.otherwise(dest, x, extend);
        self.goto(join);
        self.start(join);
    }

    fn otherwise(&mut self, dest: &Dest, x: &syn::ExprIf, extend: Option<usize>) {
        match &x.else_branch {
            Some((_, e)) => {
                let mark = self.open_scope(Takes::Both);
                self.b().extend = extend;
                self.into(dest, e);
                self.close_scope(mark);
            }
            None => self.unit(dest, self.spans.of(x.if_token.span)),
        }
    }

    /// The branch of an `if` that is there outside of tests; the other is test code and not read.
    fn chosen(&mut self, dest: &Dest, x: &syn::ExprIf, holds: bool, extend: Option<usize>) {
        if holds {
            let inner = self.open_scope(Takes::Both);
            self.b().extend = extend;
            self.block(dest, &x.then_branch);
            self.close_scope(inner);
        } else {
            self.otherwise(dest, x, extend);
        }
    }

    /// What a condition is outside of tests, where it asks for nothing but them: `cfg!(test)`.
    fn outside_tests(&self, e: &Expr) -> Option<bool> {
        match e {
            Expr::Paren(x) => self.outside_tests(&x.expr),
            Expr::Group(x) => self.outside_tests(&x.expr),
            Expr::Unary(x) if matches!(x.op, syn::UnOp::Not(_)) => self.outside_tests(&x.expr).map(|holds| !holds),
            Expr::Macro(x) if !self.cfg_test && x.mac.path.is_ident("cfg") => {
                super::item::implies_test(&x.mac.tokens).then_some(false)
            }
            _ => None,
        }
    }

    pub(super) fn match_(&mut self, dest: &Dest, x: &syn::ExprMatch, extend: Option<usize>) {
        let (place, mode) = self.scrutinee(&x.expr);
        let join = self.new_block();
        let arms: Vec<&syn::Arm> = x.arms.iter().filter(|arm| self.in_this_build(&arm.attrs)).collect();
        for (i, arm) in arms.iter().enumerate() {
            let at = self.spans.between(span::pat_first(&arm.pat), span::expr_last(&arm.body));
            let at = self.with_attrs(&arm.attrs, at);
            self.covers(at);
            let (pat, guard) = match &arm.pat {
                Pat::Guard(g) => (&*g.pat, Some(&*g.guard)),
                pat => (pat, None),
            };
            let next = self.new_block();
            let exit = self.exit_to(next);
            // A match is exhaustive: the last arm without a guard cannot fail.
            let can_fail = i + 1 < arms.len() || guard.is_some();
            let mark = self.open_scope(Takes::Both);
            self.arm(pat, guard, &place, mode, can_fail.then_some(&exit));
            let inner = self.open_scope(Takes::Both);
            self.b().extend = extend;
            self.into(dest, &arm.body);
            self.close_scope(inner);
            self.close_scope(mark);
            self.goto(join);
            self.start(next);
        }
        self.terminate(Terminator::Diverge);
        self.start(join);
    }

    /// Tests a pattern with its guard, then binds it. The scope of the arm is open.
    fn arm(&mut self, pat: &Pat, guard: Option<&Expr>, place: &Place, mode: Mode, fail: Option<&Exit>) {
        let cases = alternatives(pat);
        // A guard sees the variables of a moving pattern by reference; they move only after it held.
        let by_ref = guard.is_some() && mode == Mode::Move && cases.len() == 1;
        let binds = self.declare(pat, None);
        if cases.len() == 1 {
            self.test(pat, place, mode, fail);
            if !by_ref {
                self.bind(pat, place, mode, &binds);
            }
        } else {
            let body = self.new_block();
            for (i, case) in cases.iter().enumerate() {
                if i + 1 == cases.len() {
                    self.test(case, place, mode, fail);
                    self.bind(case, place, mode, &binds);
                    self.goto(body);
                } else {
                    let next = self.new_block();
                    let exit = self.exit_to(next);
                    self.test(case, place, mode, Some(&exit));
                    self.bind(case, place, mode, &binds);
                    self.goto(body);
                    self.start(next);
                }
            }
            self.start(body);
        }
        let Some(guard) = guard else {
            self.enter(binds);
            return;
        };
        let fail = fail.expect("an arm with a guard can fail");
        if by_ref && !binds.0.is_empty() {
            let names = self.b().names.len();
            let seen = self.declare(pat, None);
            self.bind(pat, place, Mode::borrowed(false), &seen);
            for (name, var) in seen.0 {
                self.bring(name, var);
            }
            self.branch(guard, fail, false);
            // Variables of `let` in the guard stay visible in the arm's body, above those of the pattern.
            let lets: Vec<_> = self.b().names.drain(names..).skip(binds.0.len()).collect();
            self.bind(pat, place, mode, &binds);
            self.enter(binds);
            self.b().names.extend(lets);
        } else {
            self.enter(binds);
            self.branch(guard, fail, false);
        }
    }

    // Loops.

    fn open_loop(&mut self, label: Option<&syn::Label>, dest: &Dest, on_break: Exit, on_continue: Exit, counted: bool) {
        let label = label.map(|l| super::ty::symbol(&l.name.ident));
        let jump = Jump { label, is_loop: true, counted, on_break, on_continue: Some(on_continue), dest: dest.clone() };
        let body = self.b();
        body.jumps.push(jump);
    }

    fn close_loop(&mut self) {
        let body = self.b();
        body.jumps.pop();
    }

    pub(super) fn loop_(&mut self, dest: &Dest, x: &syn::ExprLoop) {
        let (head, after) = (self.new_block(), self.new_block());
        let (on_continue, on_break) = (self.exit_to(head), self.exit_to(after));
        self.goto(head);
        self.start(head);
        self.open_loop(x.label.as_ref(), dest, on_break, on_continue, false);
        let mark = self.open_scope(Takes::Both);
        self.block(&Dest::Discard, &x.body);
        self.close_scope(mark);
        self.goto(head);
        self.close_loop();
        self.start(after);
    }

    pub(super) fn while_(&mut self, dest: &Dest, x: &syn::ExprWhile) {
        let (head, done, after) = (self.new_block(), self.new_block(), self.new_block());
        let (on_continue, on_done, on_break) = (self.exit_to(head), self.exit_to(done), self.exit_to(after));
        self.goto(head);
        self.start(head);
        self.open_loop(x.label.as_ref(), dest, on_break, on_continue, false);
        let mark = self.open_scope(Takes::Both);
        self.branch(&x.cond, &on_done, false);
        let inner = self.open_scope(Takes::Both);
        self.block(&Dest::Discard, &x.body);
        self.close_scope(inner);
        self.close_scope(mark);
        self.goto(head);
        self.close_loop();
        self.start(done);
        self.unit(dest, self.spans.of(x.while_token.span));
        self.goto(after);
        self.start(after);
    }

    pub(super) fn for_(&mut self, dest: &Dest, x: &syn::ExprForLoop) {
        let (streams, pat) = super::tokens::for_await(&x.pat);
        let at = self.spans.expr(&x.expr);
        let outer = self.open_scope(Takes::Vars);
        let value = self.value(&x.expr);
        if let Rvalue::Use(op) = &value {
            self.moved(op);
        }
        let iter = self.new_temp(at);
        let keep = needs_drop(&value);
        self.assign(Place::local(iter), value, at);
        if keep {
            let scope = self.b().var_scope;
            self.schedule(iter, scope, DropWhy::Temporary);
        }
        let (head, done, after) = (self.new_block(), self.new_block(), self.new_block());
        let (on_continue, on_done, on_break) = (self.exit_to(head), self.exit_to(done), self.exit_to(after));
        self.goto(head);
        self.start(head);
        self.open_loop(x.label.as_ref(), dest, on_break, on_continue, is_counted(&x.expr));
        let mark = self.open_scope(Takes::Both);
        let span = self.spans.between(x.for_token.span, span::expr_last(&x.expr));
        let item =
            if streams { self.next_of_stream(iter, at, &on_done) } else { self.next_of_iterator(iter, span, &on_done) };
        let binds = self.declare(pat, None);
        self.bind(pat, &item, Mode::Move, &binds);
        self.enter(binds);
        let inner = self.open_scope(Takes::Both);
        self.block(&Dest::Discard, &x.body);
        self.close_scope(inner);
        self.close_scope(mark);
        self.goto(head);
        self.close_loop();
        self.start(done);
        self.unit(dest, self.spans.of(x.for_token.span));
        self.goto(after);
        self.start(after);
        self.close_scope(outer);
    }

    fn next_of_iterator(&mut self, iter: crate::ir::LocalId, span: Span, on_done: &Exit) -> Place {
        let body = self.new_block();
        let done = self.edge_to(on_done);
        self.switch(None, vec![(EdgeKind::Again, body), (EdgeKind::Exit, done)], span);
        self.start(body);
        Place::local(iter).then(Proj::Index)
    }

    /// `for await x in stream` is `while let Some(x) = stream.next().await`.
    fn next_of_stream(&mut self, stream: crate::ir::LocalId, at: Span, on_done: &Exit) -> Place {
        let callee = Callee::Method { name: "next".into(), turbofish: ThinVec::new() };
        let call = self.call(callee, thin_vec![Operand::Place(Place::local(stream))], at, at);
        let future = self.new_temp(at);
        self.assign(Place::local(future), call, at);
        let next = Place::local(self.temp_of(Rvalue::Await(Operand::Place(Place::local(future))), at));
        let body = self.new_block();
        let done = self.edge_to(on_done);
        let some = Path::from_names(["Some"]);
        self.switch(Some(next.clone()), vec![(EdgeKind::Variant(some.clone()), body), (EdgeKind::Otherwise, done)], at);
        self.start(body);
        next.then(Proj::Variant { path: some, field: super::ty::number(0) })
    }

    // Jumps.

    pub(super) fn labelled_block(&mut self, dest: &Dest, label: &syn::Lifetime, block: &syn::Block) {
        let after = self.new_block();
        let on_break = self.exit_to(after);
        let label = Some(super::ty::symbol(&label.ident));
        self.b().jumps.push(Jump {
            label,
            is_loop: false,
            counted: false,
            on_break,
            on_continue: None,
            dest: dest.clone(),
        });
        self.block(dest, block);
        self.b().jumps.pop();
        self.goto(after);
        self.start(after);
    }

    pub(super) fn break_(&mut self, x: &syn::ExprBreak) {
        let label = x.label.as_ref().map(|l| super::ty::symbol(&l.ident));
        let found = self.b().jumps.iter().rev().find(|j| if label.is_some() { j.label == label } else { j.is_loop });
        let target = found.map(|j| (j.on_break, j.dest.clone()));
        let at = self.spans.of(x.break_token.span);
        let Some((exit, dest)) = target else {
            self.no_target(at);
            return;
        };
        match &x.expr {
            Some(e) => self.into(&dest, e),
            None => self.unit(&dest, at),
        }
        self.leave(&exit);
    }

    pub(super) fn continue_(&mut self, x: &syn::ExprContinue) {
        let label = x.label.as_ref().map(|l| super::ty::symbol(&l.ident));
        let found = self.b().jumps.iter().rev().filter(|j| j.is_loop).find(|j| label.is_none() || j.label == label);
        match found.and_then(|j| j.on_continue) {
            Some(exit) => self.leave(&exit),
            None => self.no_target(self.spans.of(x.continue_token.span)),
        }
    }

    /// A jump out of something that we do not see, such as a macro's own loop.
    fn no_target(&mut self, at: Span) {
        self.unknown("jump without a target", at);
        self.run_exit(None);
        self.terminate(Terminator::Diverge);
    }

    pub(super) fn return_(&mut self, x: &syn::ExprReturn) {
        let at = self.spans.of(x.return_token.span);
        match &x.expr {
            Some(e) => {
                let whole = self.spans.between(x.return_token.span, span::expr_last(e));
                self.into(&Dest::To(return_place()), e);
                self.run_exit(None);
                self.terminate(Terminator::Return(ReturnKind::Explicit, whole));
            }
            None => {
                self.unit(&Dest::To(return_place()), at);
                self.run_exit(None);
                self.terminate(Terminator::Return(ReturnKind::Explicit, at));
            }
        }
    }

    pub(super) fn yield_(&mut self, e: Option<&Expr>, at: Span) {
        let op = match e {
            Some(e) => self.operand(e),
            None => Operand::Literal(Literal::Unit),
        };
        self.moved(&op);
        self.push_stmt(StmtKind::Yield(op), at);
    }

    /// `e?`: goes on with the payload; the other edge leaves the body, or the `try` block around.
    pub(super) fn question(&mut self, e: &Expr, at: Span) -> Place {
        let place = match self.operand(e) {
            Operand::Place(place) => place,
            op => {
                let temp = self.new_temp(at);
                self.assign(Place::local(temp), Rvalue::Use(op), at);
                Place::local(temp)
            }
        };
        let (go_on, fail) = (self.new_block(), self.new_block());
        self.switch(Some(place.clone()), vec![(EdgeKind::Continue, go_on), (EdgeKind::Break, fail)], at);
        self.start(fail);
        // On this edge the temporary holds the error only, and that moves into the result.
        let put_back = place.as_local().filter(|&l| self.is_temp(l) && self.unschedule(l));
        self.fail(thin_vec![Operand::Place(place.clone())], at);
        if let Some(local) = put_back {
            self.schedule_temp(local);
        }
        self.start(go_on);
        place.then(Proj::Try)
    }

    /// Leaves with an error made of these operands.
    pub(super) fn fail(&mut self, error: ThinVec<Operand>, at: Span) {
        let target = self.b().tries.last().map(|(exit, dest)| (*exit, dest.clone()));
        match target {
            Some((exit, dest)) => {
                self.assign_dest(&dest, Rvalue::Plain(error), at);
                self.leave(&exit);
            }
            None => self.return_failure(error, at),
        }
    }

    /// Returns an error from the body, even from within a `try` block.
    pub(super) fn return_failure(&mut self, error: ThinVec<Operand>, at: Span) {
        self.assign(return_place(), Rvalue::Plain(error), at);
        self.run_exit(None);
        self.terminate(Terminator::Return(ReturnKind::Failure, at));
    }

    pub(super) fn try_block(&mut self, dest: &Dest, block: &syn::Block) {
        let at = self.spans.block(block);
        let join: BlockId = self.new_block();
        let exit = self.exit_to(join);
        self.b().tries.push((exit, dest.clone()));
        let value = Place::local(self.new_temp(at));
        self.block(&Dest::To(value.clone()), block);
        self.b().tries.pop();
        let ok = self.call(Callee::Path(Path::from_names(["Ok"])), thin_vec![Operand::Place(value)], at, at);
        self.deliver(dest, ok, at);
        self.goto(join);
        self.start(join);
    }
}

/// The alternatives of a pattern at its top.
fn alternatives(pat: &Pat) -> Vec<&Pat> {
    match pat {
        Pat::Paren(x) => alternatives(&x.pat),
        Pat::Or(x) => x.cases.iter().collect(),
        pat => vec![pat],
    }
}

/// Whether a loop runs over `0..n` or `1..=n` where `n` is a name: a number that somebody chose, not one per item.
fn is_counted(e: &syn::Expr) -> bool {
    let syn::Expr::Range(range) = e else { return false };
    let starts = matches!(range.start.as_deref(), Some(syn::Expr::Lit(_)));
    starts && matches!(range.end.as_deref(), Some(syn::Expr::Path(_) | syn::Expr::Field(_)))
}
