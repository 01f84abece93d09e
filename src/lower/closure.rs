//! Bodies of their own: functions, closures, async blocks, generators, initialisers.
//!
//! **Invariants:** parameters are locals `1..=n`; a parameter that is a pattern is taken apart in the first block; the
//! variables of a parameter's pattern are dropped before the parameter, later parameters before earlier ones, and all
//! parameters after everything else.

use super::Lower;
use super::body::{Dest, return_place, type_needs_drop};
use super::pattern::{Mode, simple_name};
use super::scope::Takes;
use super::ty;
use crate::base::{Span, Symbol};
use crate::ir::{
    AggregateKind, BodyId, BodyKind, LocalId, LocalKind, Operand, Place, ReturnKind, Rvalue, Terminator, TypeRef,
};
use syn::{Expr, Pat};

/// A parameter as written.
pub(super) struct Param<'p> {
    /// The pattern; `None` for `self`.
    pub pat: Option<&'p Pat>,
    pub ty: Option<TypeRef>,
    pub span: Span,
}

/// What a body runs.
pub(super) enum Code<'c> {
    Block(&'c syn::Block),
    Expr(&'c Expr),
    Stmts(&'c [syn::Stmt]),
}

impl Lower<'_> {
    /// Declares the parameters of the body just opened. Returns them with their plain names.
    pub(super) fn params(&mut self, params: &[Param<'_>]) -> Vec<(LocalId, Option<Symbol>)> {
        let mut declared = Vec::with_capacity(params.len());
        for param in params {
            let name = match param.pat {
                Some(pat) => simple_name(pat).map(|(name, _)| name),
                None => Some(Symbol::new("self")),
            };
            let local = self.new_local(name, param.ty.clone(), param.span, LocalKind::Param);
            declared.push((local, name));
        }
        self.b().param_count = params.len();
        for (param, &(local, name)) in params.iter().zip(&declared) {
            if param.ty.as_ref().is_none_or(type_needs_drop) {
                self.schedule_var(local);
            }
            match (name, param.pat) {
                (Some(name), _) => self.bring(name, local),
                (None, Some(pat)) => {
                    let binds = self.declare(pat, None);
                    self.bind(pat, &Place::local(local), Mode::Move, &binds);
                    self.enter(binds);
                }
                (None, None) => {}
            }
        }
        declared
    }

    /// Lowers the code of the body just opened, and closes it.
    pub(super) fn code(&mut self, code: Code<'_>, span: Span) {
        let mark = self.open_scope(Takes::Both);
        let dest = Dest::To(return_place());
        match code {
            Code::Block(block) => self.block(&dest, block),
            Code::Expr(e) => self.into(&dest, e),
            Code::Stmts(stmts) => self.stmts(&dest, stmts, span),
        }
        self.close_scope(mark);
        self.run_exit(None);
        let end = Span { start: span.end.saturating_sub(1).max(span.start), ..span };
        self.terminate(Terminator::Return(ReturnKind::End, end));
        self.close_body();
    }

    /// `|a, b| …`, `async |a| …`.
    pub(super) fn closure(&mut self, x: &syn::ExprClosure) -> Rvalue {
        let is_async = x.asyncness.is_some();
        let first = x.asyncness.map(|t| t.span).or(x.capture.map(|t| t.span)).unwrap_or(x.inputs_begin.spans[0]);
        let span = self.spans.between(first, super::span::expr_last(&x.body));
        let ret = match &x.output {
            syn::ReturnType::Default => None,
            syn::ReturnType::Type(_, t) => Some(ty::ty(t)),
        };
        let id = self.open_body(BodyKind::Closure { is_async }, ret, span);
        self.b().is_async = is_async;
        self.b().by_move = x.capture.is_some();
        let params: Vec<Param<'_>> = x
            .inputs
            .iter()
            .map(|pat| match pat {
                Pat::Type(typed) => {
                    Param { pat: Some(&typed.pat), ty: Some(ty::ty(&typed.ty)), span: self.spans.pat(pat) }
                }
                pat => Param { pat: Some(pat), ty: None, span: self.spans.pat(pat) },
            })
            .collect();
        self.params(&params);
        self.code(Code::Expr(&x.body), span);
        self.capturing(AggregateKind::Closure(id), id)
    }

    /// `async { … }`, `async move { … }`.
    pub(super) fn async_block(&mut self, x: &syn::ExprAsync) -> Rvalue {
        let span = self.spans.between(x.async_token.span, x.block.brace_token.span.close());
        let id = self.open_body(BodyKind::Async, None, span);
        self.b().is_async = true;
        self.b().by_move = x.capture.is_some();
        self.code(Code::Block(&x.block), span);
        self.capturing(AggregateKind::Async(id), id)
    }

    /// The body of a stream macro. Such macros move what they mention.
    pub(super) fn generator(&mut self, stmts: &[syn::Stmt], span: Span) -> Rvalue {
        let id = self.open_body(BodyKind::Generator, None, span);
        self.b().is_async = true;
        self.b().by_move = true;
        self.code(Code::Stmts(stmts), span);
        self.capturing(AggregateKind::Generator(id), id)
    }

    /// The initialiser of a static or constant.
    pub(super) fn initialiser(&mut self, index: usize, ty: &TypeRef, e: &Expr) -> BodyId {
        let stack = std::mem::take(&mut self.stack);
        let span = self.spans.expr(e);
        let id = self.open_body(BodyKind::Static(index), Some(ty.clone()), span);
        self.code(Code::Expr(e), span);
        self.stack = stack;
        id
    }

    fn capturing(&mut self, kind: AggregateKind, id: BodyId) -> Rvalue {
        let captures = self.finished(id).captures.clone();
        let fields = captures
            .iter()
            .map(|c| {
                let name = self.b().locals[c.outer].name.unwrap_or_else(|| Symbol::new("_"));
                (name, Operand::Place(Place::local(c.outer)))
            })
            .collect();
        Rvalue::Aggregate { kind, fields, base: None }
    }
}
