//! Macros with control flow: `select!`, `join!`, `matches!`.
//!
//! **Invariants:** the futures of a `select!` are made first, in order, then waited for in one place; whatever was not
//! chosen is gone before a handler runs; a branch whose pattern does not match is out, and the others go on.

use super::Lower;
use super::body::Dest;
use super::scope::{Exit, Takes};
use super::{span, tokens, ty};
use crate::base::Span;
use crate::ir::{EdgeKind, Operand, Place, Proj, Rvalue};
use syn::{Expr, Macro, Pat};

impl Lower<'_> {
    /// `select! { pattern = future, if guard => handler, … }`.
    pub(super) fn select(&mut self, dest: Option<&Dest>, mac: &Macro, at: Span) -> Option<Rvalue> {
        let Ok(select) = syn::parse2::<tokens::Select>(mac.tokens.clone()) else {
            self.unknown("branches of a select", at);
            return Some(Rvalue::Unknown(self.mentions(&mac.tokens)));
        };
        let own = Place::local(self.new_temp(at));
        let to = dest.cloned().unwrap_or_else(|| Dest::To(own.clone()));

        // Everything that the futures borrow for one statement ends when the wait ends.
        let mark = self.open_scope(Takes::Both);
        for guard in select.branches.iter().filter_map(|b| b.guard.as_ref()) {
            self.operand(guard);
        }
        let futures = self.operands(select.branches.iter().map(|b| &b.future));
        let result = self.new_temp(at);
        self.assign(Place::local(result), Rvalue::AwaitMany { futures, all: false }, at);
        self.close_scope(mark);

        let outer = self.open_scope(Takes::Both);
        self.schedule_temp(result);
        let choose = self.new_block();
        self.goto(choose);
        let again = self.exit_to(choose);
        let arms: Vec<_> = select.branches.iter().map(|_| self.new_block()).collect();
        let otherwise: Vec<_> = select.otherwise.iter().map(|_| self.new_block()).collect();
        let join = self.new_block();
        self.start(choose);
        let edges = arms.iter().enumerate().map(|(i, &to)| (EdgeKind::Arm(i), to));
        let edges = edges.chain(otherwise.iter().map(|&to| (EdgeKind::Otherwise, to))).collect();
        self.switch(None, edges, at);
        for (i, branch) in select.branches.iter().enumerate() {
            let whole = self.spans.between(span::pat_first(&branch.pat), span::expr_last(&branch.handler));
            self.covers(whole);
            self.start(arms[i]);
            let value = Place::local(result).then(Proj::Field(ty::number(i)));
            let mark = self.open_scope(Takes::Both);
            let binds = self.declare(&branch.pat, None);
            self.test(&branch.pat, &value, super::pattern::Mode::Move, fails(&branch.pat).then_some(&again));
            self.bind(&branch.pat, &value, super::pattern::Mode::Move, &binds);
            self.enter(binds);
            self.handler(&to, &branch.handler);
            self.close_scope(mark);
            self.goto(join);
        }
        for (handler, block) in select.otherwise.iter().zip(otherwise) {
            let whole = self.spans.expr(handler);
            self.covers(whole);
            self.start(block);
            self.handler(&to, handler);
            self.goto(join);
        }
        self.start(join);
        self.close_scope(outer);
        match dest {
            Some(_) => None,
            None => {
                if let Some(local) = own.as_local() {
                    self.schedule_temp(local);
                }
                Some(Rvalue::Use(Operand::Place(own)))
            }
        }
    }

    fn handler(&mut self, dest: &Dest, e: &Expr) {
        let mark = self.open_scope(Takes::Both);
        self.into(dest, e);
        self.close_scope(mark);
    }

    /// `join!(a, b)`: field i of the result is what future i gave.
    pub(super) fn join(&mut self, mac: &Macro, at: Span) -> Rvalue {
        match tokens::join(&mac.tokens) {
            Some(exprs) => {
                let futures = self.operands(&exprs);
                Rvalue::AwaitMany { futures, all: true }
            }
            None => {
                self.unknown("futures of a join", at);
                Rvalue::Unknown(self.mentions(&mac.tokens))
            }
        }
    }

    /// A macro that chooses between blocks by configuration: any of them may be the one that is built.
    pub(super) fn conditional(
        &mut self,
        dest: Option<&Dest>,
        blocks: &[Vec<syn::Stmt>],
        has_else: bool,
        at: Span,
    ) -> Option<Rvalue> {
        let own = Place::local(self.new_temp(at));
        let to = dest.cloned().unwrap_or_else(|| Dest::To(own.clone()));
        let join = self.new_block();
        for (i, stmts) in blocks.iter().enumerate() {
            let next = self.new_block();
            if !(has_else && i + 1 == blocks.len()) {
                let body = self.new_block();
                self.switch(None, vec![(EdgeKind::Then, body), (EdgeKind::Else, next)], at);
                self.start(body);
            }
            let mark = self.open_scope(Takes::Both);
            self.stmts(&to, stmts, at);
            self.close_scope(mark);
            self.goto(join);
            self.start(next);
        }
        self.unit(&to, at);
        self.goto(join);
        self.start(join);
        if dest.is_some() {
            return None;
        }
        if let Some(local) = own.as_local() {
            self.schedule_temp(local);
        }
        Some(Rvalue::Use(Operand::Place(own)))
    }

    /// The test that `matches!(e, pattern if guard)` makes.
    pub(super) fn arm_of_matches(&mut self, parsed: &tokens::Matches, fail: &Exit) {
        let scope = self.b().temp_scope;
        let place = self.place(&parsed.expr, scope);
        // `matches!` borrows what it looks at: nothing moves into its variables.
        let binds = self.declare(&parsed.pat, None);
        self.test(&parsed.pat, &place, super::pattern::Mode::Move, Some(fail));
        self.bind(&parsed.pat, &place, super::pattern::Mode::borrowed(false), &binds);
        for (name, local) in binds.0 {
            self.bring(name, local);
        }
        if let Some(guard) = &parsed.guard {
            self.branch(guard, fail, false);
        }
    }
}

/// Whether a pattern can fail to match.
fn fails(pat: &Pat) -> bool {
    match pat {
        Pat::Wild(_) | Pat::Rest(_) => false,
        Pat::Ident(x) => match &x.subpat {
            Some((_, sub)) => fails(sub),
            None => super::pattern::simple_name(pat).is_none() && x.by_ref.is_none(),
        },
        Pat::Paren(x) => fails(&x.pat),
        Pat::Type(x) => fails(&x.pat),
        Pat::Reference(x) => fails(&x.pat),
        Pat::Tuple(x) => x.elems.iter().any(fails),
        _ => true,
    }
}
