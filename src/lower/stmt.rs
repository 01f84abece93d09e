//! Blocks and statements; `let` with its temporaries whose life is extended.
//!
//! **Invariants:** a statement ends its temporaries; variables and extended temporaries end with their block, last in first
//! out; the temporaries of a tail expression end before the block's variables from edition 2024 on, after them before.

use super::Lower;
use super::body::{Dest, needs_drop, type_needs_drop};
use super::expr::{is_literal, is_place};
use super::pattern::{Binds, Mode, by_reference, simple_name};
use super::scope::{Entry, Takes};
use super::span;
use super::ty;
use crate::base::Span;
use crate::ir::{
    DropWhy, LocalId, LocalKind, ModuleIr, ModuleKind, Operand, Place, Rvalue, StmtKind, Terminator, TypeRef,
};
use syn::{Expr, Pat, Stmt};

impl Lower<'_> {
    /// `{ … }`.
    pub(super) fn block(&mut self, dest: &Dest, block: &syn::Block) {
        let span = self.spans.block(block);
        self.stmts(dest, &block.stmts, span);
    }

    /// The inside of a block.
    pub(super) fn stmts(&mut self, dest: &Dest, stmts: &[Stmt], span: Span) {
        let extend = self.b().extend.take();
        let outer = self.module;
        self.block_module(stmts, span);
        let mark = self.open_scope(Takes::Vars);
        let (tail, stmts) = match stmts.split_last() {
            Some((Stmt::Expr(e, None), rest)) => (Some(Tail::Expr(e)), rest),
            Some((Stmt::Macro(m), rest)) if m.semi_token.is_none() => (Some(Tail::Macro(m)), rest),
            _ => (None, stmts),
        };
        for (i, stmt) in stmts.iter().enumerate() {
            if self.in_this_build(stmt_attrs(stmt)) && !(i > 0 && is_alternative(&stmts[i - 1], stmt)) {
                self.stmt(stmt);
            }
        }
        let tail_mark = (tail.is_some() && self.is_2024()).then(|| self.open_scope(Takes::Temps));
        match tail {
            Some(Tail::Expr(e)) => {
                let at = self.with_attrs(attrs_of(e), self.spans.expr(e));
                self.covers(at);
                self.b().extend = extend;
                self.into(dest, e);
            }
            Some(Tail::Macro(m)) => {
                let at = self.spans.mac(&m.mac);
                let whole = self.with_attrs(&m.attrs, at);
                self.covers(whole);
                self.b().extend = extend;
                if let Some(value) = self.mac(Some(dest), &m.mac) {
                    self.deliver(dest, value, at);
                }
            }
            None => self.unit(dest, span),
        }
        if let Some(mark) = tail_mark {
            self.close_scope(mark);
        }
        self.close_scope(mark);
        self.module = outer;
    }

    /// A block with items is a module of its own; its items are lowered first, since they are seen in the whole block.
    fn block_module(&mut self, stmts: &[Stmt], span: Span) {
        let is_item = |s: &Stmt| matches!(s, Stmt::Item(_));
        if !stmts.iter().any(is_item) {
            return;
        }
        let module = self.ir.modules.len();
        self.ir.modules.push(ModuleIr {
            name: "".into(),
            parent: Some(self.module),
            kind: ModuleKind::Block,
            cfg_test: self.cfg_test,
            is_pub: false,
            declared: Vec::new(),
            span,
        });
        self.module = module;
        // Items do not see the variables around them.
        let stack = std::mem::take(&mut self.stack);
        for stmt in stmts {
            if let Stmt::Item(item) = stmt {
                self.item(item);
            }
        }
        self.stack = stack;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Item(_) => {}
            Stmt::Local(local) => self.local(local),
            Stmt::Expr(Expr::Verbatim(tokens), _) if tokens.is_empty() => {}
            Stmt::Expr(e, semi) => {
                let last = semi.map_or_else(|| span::expr_last(e), |s| s.spans[0]);
                let at = self.spans.between(span::expr_first(e), last);
                let at = self.with_attrs(attrs_of(e), at);
                self.covers(at);
                let mark = self.open_scope(Takes::Temps);
                if semi.is_some() && !is_unit(e) {
                    // The value, if it has one, lives as long as the statement.
                    let value = self.value(e);
                    self.deliver(&Dest::Discard, value, self.spans.expr(e));
                } else {
                    self.into(&Dest::Discard, e);
                }
                self.close_scope(mark);
            }
            Stmt::Macro(m) => {
                let last = m.semi_token.map_or_else(|| m.mac.delimiter.span().close(), |s| s.spans[0]);
                let at = self.spans.between(span::path_first(&m.mac.path), last);
                let at = self.with_attrs(&m.attrs, at);
                self.covers(at);
                self.stmt_macro(&m.mac);
            }
        }
    }

    /// Whether code with these attributes exists outside of tests, or is test code anyway.
    pub(super) fn in_this_build(&self, attrs: &[syn::Attribute]) -> bool {
        attrs.is_empty() || self.cfg_test || !super::item::cfg_test(attrs)
    }

    /// The span with the attributes in front.
    pub(super) fn with_attrs(&self, attrs: &[syn::Attribute], at: Span) -> Span {
        let at = match attrs.iter().find(|a| matches!(a.style, syn::AttrStyle::Outer)) {
            Some(first) => {
                let start = self.spans.of(first.pound_token.spans[0]).start;
                Span { start: start.min(at.start), ..at }
            }
            None => at,
        };
        self.spans.with_docs(at)
    }

    fn local(&mut self, local: &syn::Local) {
        let at = self.spans.between(local.let_token.span, local.semi_token.spans[0]);
        let at = self.with_attrs(&local.attrs, at);
        self.covers(at);
        let (pat, written) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(ty::ty(&typed.ty))),
            pat => (pat, None),
        };
        match &local.init {
            None => {
                let binds = self.declare(pat, written);
                for &(_, var) in &binds.0 {
                    let span = self.b().locals[var].span;
                    self.push_stmt(StmtKind::Declare(var), span);
                }
                self.enter(binds);
            }
            Some(syn::LocalInit { expr, diverge: Some((_, otherwise)), .. }) => {
                self.let_else(pat, written, expr, otherwise)
            }
            Some(syn::LocalInit { expr, diverge: None, .. }) => self.let_(pat, written, expr),
        }
    }

    /// `let pat = init;`.
    pub(super) fn let_(&mut self, pat: &Pat, written: Option<TypeRef>, init: &Expr) {
        // What is extended goes into the block's scope, which lies below the statement's.
        let extended = self.b().var_scope;
        let mark = self.open_scope(Takes::Temps);
        if let Pat::Wild(_) = pat {
            self.b().extend = Some(extended);
            self.discard_now(init);
            self.close_scope(mark);
            return;
        }
        if let Some((name, at)) = simple_name(pat) {
            let at = self.spans.of(at);
            let var = self.init_variable(name, written, at, init, extended);
            self.close_scope(mark);
            self.bring(name, var);
            return;
        }
        let (place, mode) = self.let_place(pat, written.clone(), init, extended);
        let binds = self.declare(pat, None);
        self.bind(pat, &place, mode, &binds);
        self.close_scope(mark);
        self.enter(binds);
    }

    /// `let name = init;`: the value is made in the variable itself.
    fn init_variable(
        &mut self,
        name: crate::base::Symbol,
        written: Option<TypeRef>,
        at: Span,
        init: &Expr,
        extended: usize,
    ) -> LocalId {
        let mut keep = written.as_ref().is_none_or(type_needs_drop);
        let var = self.new_local(Some(name), written, at, LocalKind::Var);
        self.b().extend = Some(extended);
        if makes_flow(init) {
            self.into(&Dest::To(Place::local(var)), init);
        } else {
            let value = match init {
                Expr::Macro(x) => self.mac(Some(&Dest::To(Place::local(var))), &x.mac),
                _ => Some(self.value(init)),
            };
            // `None`: written by the macro's branches.
            let Some(value) = value else {
                if keep {
                    self.schedule(var, extended, DropWhy::Scope);
                }
                return var;
            };
            // A path may be `None`, which a later assignment replaces by something that is dropped.
            keep &= needs_drop(&value) || matches!(value, Rvalue::Use(Operand::Path(..)));
            self.deliver(&Dest::To(Place::local(var)), value, self.spans.expr(init));
        }
        if keep {
            self.schedule(var, extended, DropWhy::Scope);
        }
        var
    }

    /// The place that a pattern takes apart: the initialiser itself if it is a place, else a temporary, which lives as
    /// long as the block if the pattern borrows from it (`ref`), else as long as the statement.
    fn let_place(&mut self, pat: &Pat, written: Option<TypeRef>, init: &Expr, extended: usize) -> (Place, Mode) {
        if is_place(init) {
            let scope = if by_reference(pat) { extended } else { self.b().temp_scope };
            return (self.place(init, scope), Mode::Move);
        }
        if let Expr::Reference(x) = init
            && !is_literal(&x.expr)
        {
            self.b().extend = Some(extended);
            let place = self.place(&x.expr, extended);
            return (place, Mode::borrowed(x.mutability.is_some()));
        }
        self.b().extend = Some(extended);
        let scope = if by_reference(pat) { extended } else { self.b().temp_scope };
        let place = self.place(init, scope);
        if written.is_some()
            && let Some(local) = place.as_local()
            && self.is_temp(local)
        {
            self.b().locals[local].ty = written;
        }
        (place, Mode::Move)
    }

    /// `let pat = init else { … };`: before the other block runs, all temporaries of the initialiser are dropped, extended
    /// ones too.
    fn let_else(&mut self, pat: &Pat, written: Option<TypeRef>, init: &Expr, otherwise: &Expr) {
        let extended = self.b().var_scope;
        let other = self.new_block();
        let exit = self.exit_to_before(other);
        let before = self.b().scopes[extended].entries.len();
        let mark = self.open_scope(Takes::Temps);
        let (place, mode) = self.let_place(pat, written, init, extended);
        let binds = self.declare(pat, None);
        self.test(pat, &place, mode, Some(&exit));
        self.bind(pat, &place, mode, &binds);
        self.close_scope(mark);

        let (cur, dead) = (self.b().cur, self.b().dead);
        let kept: Vec<Entry> = self.b().scopes[extended].entries.split_off(before);
        self.start(other);
        let inner = self.open_scope(Takes::Both);
        self.into(&Dest::Discard, otherwise);
        self.close_scope(inner);
        // The block of an `else` never ends; if it seems to, something in it was not understood.
        self.terminate(Terminator::Diverge);
        let body = self.b();
        (body.cur, body.dead) = (cur, dead);
        body.scopes[extended].entries.extend(kept);
        self.enter(binds);
    }

    /// Makes the variables of a pattern visible and lets the innermost block drop them.
    pub(super) fn enter(&mut self, binds: Binds) {
        for (name, var) in binds.0 {
            self.bring(name, var);
            if self.b().locals[var].ty.as_ref().is_none_or(type_needs_drop) {
                self.schedule_var(var);
            }
        }
    }

    /// A `defer!`-like block, run where it stands.
    pub(super) fn deferred(&mut self, block: &syn::Block) {
        let mark = self.open_scope(Takes::Both);
        self.block(&Dest::Discard, block);
        self.close_scope(mark);
    }
}

enum Tail<'s> {
    Expr(&'s Expr),
    Macro(&'s syn::StmtMacro),
}

/// Whether `e` as a statement has no value that could live on: its branches drop what they make.
fn is_unit(e: &Expr) -> bool {
    matches!(
        e,
        Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Assign(_)
            | Expr::Break(_)
            | Expr::Continue(_)
            | Expr::Return(_)
            | Expr::Yield(_)
            | Expr::Binary(_)
    ) || matches!(e, Expr::If(x) if x.else_branch.is_none())
}

/// Whether `e` is control flow, whose branches write the target themselves.
fn makes_flow(e: &Expr) -> bool {
    match e {
        Expr::Paren(x) => makes_flow(&x.expr),
        Expr::Group(x) => makes_flow(&x.expr),
        Expr::Block(_)
        | Expr::Unsafe(_)
        | Expr::Const(_)
        | Expr::TryBlock(_)
        | Expr::If(_)
        | Expr::Match(_)
        | Expr::Loop(_)
        | Expr::While(_)
        | Expr::ForLoop(_)
        | Expr::Break(_)
        | Expr::Continue(_)
        | Expr::Return(_)
        | Expr::Yield(_)
        | Expr::Assign(_) => true,
        Expr::Binary(x) => matches!(x.op, syn::BinOp::And(_) | syn::BinOp::Or(_)),
        _ => false,
    }
}

/// Whether a `let` is what another build has in the place of the `let` before it: the same name under the opposite `cfg`.
/// No build has both.
fn is_alternative(before: &Stmt, stmt: &Stmt) -> bool {
    let (Stmt::Local(a), Stmt::Local(b)) = (before, stmt) else { return false };
    let (Some((a_name, _)), Some((b_name, _))) = (simple_name(bare(&a.pat)), simple_name(bare(&b.pat))) else {
        return false;
    };
    let (Some(a), Some(b)) = (cfg_of(&a.attrs), cfg_of(&b.attrs)) else { return false };
    let negates = |not: &str, what: &str| not.strip_prefix("not").is_some_and(|r| r.trim() == format!("({what})"));
    a_name == b_name && (negates(&a, &b) || negates(&b, &a))
}

/// The pattern without its written type.
fn bare(pat: &Pat) -> &Pat {
    match pat {
        Pat::Type(x) => &x.pat,
        pat => pat,
    }
}

/// The text of the one `cfg` among attributes.
fn cfg_of(attrs: &[syn::Attribute]) -> Option<String> {
    let mut all = attrs.iter().filter_map(|a| match &a.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.to_string()),
        _ => None,
    });
    all.next().filter(|_| all.next().is_none())
}

fn stmt_attrs(stmt: &Stmt) -> &[syn::Attribute] {
    match stmt {
        Stmt::Local(x) => &x.attrs,
        Stmt::Expr(e, _) => attrs_of(e),
        Stmt::Macro(x) => &x.attrs,
        Stmt::Item(_) => &[],
    }
}

/// Attributes of an expression statement, as far as statements usually have them.
fn attrs_of(e: &Expr) -> &[syn::Attribute] {
    match e {
        Expr::Await(x) => &x.attrs,
        Expr::Block(x) => &x.attrs,
        Expr::Call(x) => &x.attrs,
        Expr::ForLoop(x) => &x.attrs,
        Expr::If(x) => &x.attrs,
        Expr::Loop(x) => &x.attrs,
        Expr::Macro(x) => &x.attrs,
        Expr::Match(x) => &x.attrs,
        Expr::MethodCall(x) => &x.attrs,
        Expr::Return(x) => &x.attrs,
        Expr::Try(x) => &x.attrs,
        Expr::Unsafe(x) => &x.attrs,
        Expr::While(x) => &x.attrs,
        _ => &[],
    }
}
