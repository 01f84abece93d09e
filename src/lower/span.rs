//! First and last tokens of syntax, and their byte spans.
//!
//! `syn`'s own `Spanned` prints the whole tree to find its ends; here only the ends are looked at.
//!
//! **Invariants:** attributes do not count; a chain is walked, not recursed into, where it can be long (receivers, left
//! operands).

use crate::base::{FileId, Span, Thinned};
use proc_macro2::{LineColumn, Span as Tok, TokenStream};
use std::borrow::Cow;
use syn::{Expr, Pat, Type};

/// Converts token spans of one file.
///
/// Lines and columns are what the token library finds quickly; its byte offsets cost it a search tree entry each.
pub(super) struct Spans<'t> {
    file: FileId,
    text: &'t str,
    /// Where lines start, in bytes.
    lines: Cow<'t, [u32]>,
    is_ascii: bool,
    thinned: Option<&'t Thinned>,
}

const MARK: char = '\u{feff}';

impl<'t> Spans<'t> {
    pub fn new(file: FileId, text: &'t str, thinned: Option<&'t Thinned>) -> Spans<'t> {
        let starts = text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| fit(i + 1));
        let lines = match thinned {
            Some(thinned) => Cow::Borrowed(thinned.starts.as_slice()),
            None => Cow::Owned(std::iter::once(0).chain(starts).collect()),
        };
        Spans { file, text, lines, is_ascii: text.is_ascii(), thinned }
    }
    /// With the doc comments in front that the parser did not see.
    pub fn with_docs(&self, at: Span) -> Span {
        Span { start: self.thinned.map_or(at.start, |thinned| thinned.docs_before(at.start)), ..at }
    }
    /// Of one token.
    pub fn of(&self, token: Tok) -> Span {
        self.between(token, token)
    }
    /// From the first byte of one token to the last of another.
    pub fn between(&self, first: Tok, last: Tok) -> Span {
        let start = self.byte(first.start());
        let end = self.byte(last.end());
        Span { file: self.file, start, end: end.max(start) }
    }
    /// The byte offset of a line (from 1) and column (from 0, in characters).
    fn byte(&self, at: LineColumn) -> u32 {
        let len = fit(self.text.len());
        let Some(&start) = self.lines.get(at.line.wrapping_sub(1)) else { return len };
        if self.is_ascii {
            return start.saturating_add(fit(at.column)).min(len);
        }
        // The parser saw a byte order mark as so many spaces.
        let marked = start == 0 && self.text.starts_with(MARK);
        let (skip, column) =
            if marked { (MARK.len_utf8(), at.column.saturating_sub(MARK.len_utf8())) } else { (0, at.column) };
        let line = self.text.get(start as usize + skip..).unwrap_or("");
        let within = line.char_indices().nth(column).map_or(line.len(), |(i, _)| i);
        start.saturating_add(fit(skip + within)).min(len)
    }
    pub fn expr(&self, e: &Expr) -> Span {
        self.between(expr_first(e), expr_last(e))
    }
    pub fn pat(&self, p: &Pat) -> Span {
        self.between(pat_first(p), pat_last(p))
    }
    pub fn path(&self, p: &syn::Path) -> Span {
        self.between(path_first(p), path_last(p))
    }
    pub fn block(&self, b: &syn::Block) -> Span {
        self.of(b.brace_token.span.join())
    }
    pub fn mac(&self, m: &syn::Macro) -> Span {
        self.between(path_first(&m.path), m.delimiter.span().close())
    }
    pub fn tokens(&self, t: &TokenStream) -> Option<Span> {
        let mut trees = t.clone().into_iter();
        let first = trees.next()?;
        let last = trees.last().unwrap_or_else(|| first.clone());
        Some(self.between(first.span(), last.span()))
    }
}

fn fit(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn path_first(p: &syn::Path) -> Tok {
    match (&p.leading_colon, p.segments.first()) {
        (Some(colon), _) => colon.spans[0],
        (None, Some(segment)) => segment.ident.span(),
        (None, None) => Tok::call_site(),
    }
}

pub(super) fn path_last(p: &syn::Path) -> Tok {
    let Some(segment) = p.segments.last() else { return Tok::call_site() };
    match &segment.arguments {
        syn::PathArguments::None => segment.ident.span(),
        syn::PathArguments::AngleBracketed(args) => args.gt_token.span,
        syn::PathArguments::Parenthesized(args) => match &args.output {
            syn::ReturnType::Default => args.paren_token.span.close(),
            syn::ReturnType::Type(_, ty) => type_last(ty),
        },
    }
}

pub(super) fn expr_first(e: &Expr) -> Tok {
    let mut e = e;
    loop {
        e = match e {
            Expr::Assign(x) => &x.left,
            Expr::Await(x) => &x.base,
            Expr::Binary(x) => &x.left,
            Expr::Call(x) => &x.func,
            Expr::Cast(x) => &x.expr,
            Expr::Field(x) => &x.base,
            Expr::Group(x) => &x.expr,
            Expr::Index(x) => &x.expr,
            Expr::MethodCall(x) => &x.receiver,
            Expr::Try(x) => &x.expr,
            Expr::Range(x) => match (&x.start, &x.limits) {
                (Some(start), _) => start,
                (None, syn::RangeLimits::HalfOpen(t)) => return t.spans[0],
                (None, syn::RangeLimits::Closed(t)) => return t.spans[0],
            },
            Expr::Array(x) => return x.bracket_token.span.open(),
            Expr::Async(x) => return x.async_token.span,
            Expr::Block(x) => return label_first(&x.label).unwrap_or(x.block.brace_token.span.open()),
            Expr::Break(x) => return x.break_token.span,
            Expr::Closure(x) => {
                return x
                    .constness
                    .map(|t| t.span)
                    .or(x.asyncness.map(|t| t.span))
                    .or(x.capture.map(|t| t.span))
                    .unwrap_or(x.inputs_begin.spans[0]);
            }
            Expr::Const(x) => return x.const_token.span,
            Expr::Continue(x) => return x.continue_token.span,
            Expr::ForLoop(x) => return label_first(&x.label).unwrap_or(x.for_token.span),
            Expr::If(x) => return x.if_token.span,
            Expr::Infer(x) => return x.underscore_token.spans[0],
            Expr::Let(x) => return x.let_token.span,
            Expr::Lit(x) => return x.lit.span(),
            Expr::Loop(x) => return label_first(&x.label).unwrap_or(x.loop_token.span),
            Expr::Macro(x) => return path_first(&x.mac.path),
            Expr::Match(x) => return x.match_token.span,
            Expr::Paren(x) => return x.paren_token.span.open(),
            Expr::Path(x) => return x.qself.as_ref().map_or_else(|| path_first(&x.path), |q| q.lt_token.spans[0]),
            Expr::RawAddr(x) => return x.and_token.spans[0],
            Expr::Reference(x) => return x.and_token.spans[0],
            Expr::Repeat(x) => return x.bracket_token.span.open(),
            Expr::Return(x) => return x.return_token.span,
            Expr::Struct(x) => return x.qself.as_ref().map_or_else(|| path_first(&x.path), |q| q.lt_token.spans[0]),
            Expr::TryBlock(x) => return x.try_token.span,
            Expr::Tuple(x) => return x.paren_token.span.open(),
            Expr::Unary(x) => {
                return match &x.op {
                    syn::UnOp::Deref(t) => t.spans[0],
                    syn::UnOp::Not(t) => t.spans[0],
                    syn::UnOp::Neg(t) => t.spans[0],
                    _ => expr_first(&x.expr),
                };
            }
            Expr::Unsafe(x) => return x.unsafe_token.span,
            Expr::Verbatim(t) => return tokens_first(t),
            Expr::While(x) => return label_first(&x.label).unwrap_or(x.while_token.span),
            Expr::Yield(x) => return x.yield_token.span,
            _ => return Tok::call_site(),
        };
    }
}

pub(super) fn expr_last(e: &Expr) -> Tok {
    let mut e = e;
    loop {
        e = match e {
            Expr::Assign(x) => &x.right,
            Expr::Binary(x) => &x.right,
            Expr::Closure(x) => &x.body,
            Expr::Group(x) => &x.expr,
            Expr::Let(x) => &x.expr,
            Expr::RawAddr(x) => &x.expr,
            Expr::Reference(x) => &x.expr,
            Expr::Unary(x) => &x.expr,
            Expr::Break(x) => match (&x.expr, &x.label) {
                (Some(e), _) => e,
                (None, Some(label)) => return label.ident.span(),
                (None, None) => return x.break_token.span,
            },
            Expr::Return(x) => match &x.expr {
                Some(e) => e,
                None => return x.return_token.span,
            },
            Expr::Yield(x) => match &x.expr {
                Some(e) => e,
                None => return x.yield_token.span,
            },
            Expr::Range(x) => match (&x.end, &x.limits) {
                (Some(end), _) => end,
                (None, syn::RangeLimits::HalfOpen(t)) => return t.spans[1],
                (None, syn::RangeLimits::Closed(t)) => return t.spans[2],
            },
            Expr::If(x) => match &x.else_branch {
                Some((_, e)) => e,
                None => return x.then_branch.brace_token.span.close(),
            },
            Expr::Array(x) => return x.bracket_token.span.close(),
            Expr::Async(x) => return x.block.brace_token.span.close(),
            Expr::Await(x) => return x.await_token.span,
            Expr::Block(x) => return x.block.brace_token.span.close(),
            Expr::Call(x) => return x.paren_token.span.close(),
            Expr::Cast(x) => return type_last(&x.ty),
            Expr::Const(x) => return x.block.brace_token.span.close(),
            Expr::Continue(x) => return x.label.as_ref().map_or(x.continue_token.span, |l| l.ident.span()),
            Expr::Field(x) => {
                return match &x.member {
                    syn::Member::Named(ident) => ident.span(),
                    syn::Member::Unnamed(index) => index.span,
                };
            }
            Expr::ForLoop(x) => return x.body.brace_token.span.close(),
            Expr::Index(x) => return x.bracket_token.span.close(),
            Expr::Infer(x) => return x.underscore_token.spans[0],
            Expr::Lit(x) => return x.lit.span(),
            Expr::Loop(x) => return x.body.brace_token.span.close(),
            Expr::Macro(x) => return x.mac.delimiter.span().close(),
            Expr::Match(x) => return x.brace_token.span.close(),
            Expr::MethodCall(x) => return x.paren_token.span.close(),
            Expr::Paren(x) => return x.paren_token.span.close(),
            Expr::Path(x) => return path_last(&x.path),
            Expr::Repeat(x) => return x.bracket_token.span.close(),
            Expr::Struct(x) => return x.brace_token.span.close(),
            Expr::Try(x) => return x.question_token.spans[0],
            Expr::TryBlock(x) => return x.block.brace_token.span.close(),
            Expr::Tuple(x) => return x.paren_token.span.close(),
            Expr::Unsafe(x) => return x.block.brace_token.span.close(),
            Expr::Verbatim(t) => return tokens_last(t),
            Expr::While(x) => return x.body.brace_token.span.close(),
            _ => return Tok::call_site(),
        };
    }
}

fn label_first(label: &Option<syn::Label>) -> Option<Tok> {
    label.as_ref().map(|l| l.name.apostrophe)
}

pub(super) fn tokens_first(t: &TokenStream) -> Tok {
    t.clone().into_iter().next().map_or_else(Tok::call_site, |t| t.span())
}

pub(super) fn tokens_last(t: &TokenStream) -> Tok {
    t.clone().into_iter().last().map_or_else(Tok::call_site, |t| t.span())
}

pub(super) fn pat_first(p: &Pat) -> Tok {
    match p {
        Pat::Const(x) => x.const_token.span,
        Pat::Guard(x) => pat_first(&x.pat),
        Pat::Ident(x) => x.by_ref.map(|t| t.span).or(x.mutability.map(|t| t.span)).unwrap_or(x.ident.span()),
        Pat::Lit(x) => x.lit.span(),
        Pat::Macro(x) => path_first(&x.mac.path),
        Pat::Or(x) => match (&x.leading_vert, x.cases.first()) {
            (Some(vert), _) => vert.spans[0],
            (None, Some(first)) => pat_first(first),
            (None, None) => Tok::call_site(),
        },
        Pat::Paren(x) => x.paren_token.span.open(),
        Pat::Path(x) => x.qself.as_ref().map_or_else(|| path_first(&x.path), |q| q.lt_token.spans[0]),
        Pat::Range(x) => match (&x.start, &x.limits) {
            (Some(start), _) => expr_first(start),
            (None, syn::RangeLimits::HalfOpen(t)) => t.spans[0],
            (None, syn::RangeLimits::Closed(t)) => t.spans[0],
        },
        Pat::Reference(x) => x.and_token.spans[0],
        Pat::Rest(x) => x.dot2_token.spans[0],
        Pat::Slice(x) => x.bracket_token.span.open(),
        Pat::Struct(x) => path_first(&x.path),
        Pat::Tuple(x) => x.paren_token.span.open(),
        Pat::TupleStruct(x) => path_first(&x.path),
        Pat::Type(x) => pat_first(&x.pat),
        Pat::Verbatim(t) => tokens_first(t),
        Pat::Wild(x) => x.underscore_token.spans[0],
        _ => Tok::call_site(),
    }
}

pub(super) fn pat_last(p: &Pat) -> Tok {
    match p {
        Pat::Const(x) => x.block.brace_token.span.close(),
        Pat::Guard(x) => expr_last(&x.guard),
        Pat::Ident(x) => x.subpat.as_ref().map_or(x.ident.span(), |(_, sub)| pat_last(sub)),
        Pat::Lit(x) => x.lit.span(),
        Pat::Macro(x) => x.mac.delimiter.span().close(),
        Pat::Or(x) => x.cases.last().map_or_else(Tok::call_site, pat_last),
        Pat::Paren(x) => x.paren_token.span.close(),
        Pat::Path(x) => path_last(&x.path),
        Pat::Range(x) => match (&x.end, &x.limits) {
            (Some(end), _) => expr_last(end),
            (None, syn::RangeLimits::HalfOpen(t)) => t.spans[1],
            (None, syn::RangeLimits::Closed(t)) => t.spans[2],
        },
        Pat::Reference(x) => pat_last(&x.pat),
        Pat::Rest(x) => x.dot2_token.spans[1],
        Pat::Slice(x) => x.bracket_token.span.close(),
        Pat::Struct(x) => x.brace_token.span.close(),
        Pat::Tuple(x) => x.paren_token.span.close(),
        Pat::TupleStruct(x) => x.paren_token.span.close(),
        Pat::Type(x) => type_last(&x.ty),
        Pat::Verbatim(t) => tokens_last(t),
        Pat::Wild(x) => x.underscore_token.spans[0],
        _ => Tok::call_site(),
    }
}

pub(super) fn type_last(t: &Type) -> Tok {
    match t {
        Type::Array(x) => x.bracket_token.span.close(),
        Type::FnPtr(x) => match &x.output {
            syn::ReturnType::Default => x.paren_token.span.close(),
            syn::ReturnType::Type(_, ty) => type_last(ty),
        },
        Type::Group(x) => type_last(&x.elem),
        Type::ImplTrait(x) => bounds_last(&x.bounds).unwrap_or(x.impl_token.span),
        Type::Infer(x) => x.underscore_token.spans[0],
        Type::Macro(x) => x.mac.delimiter.span().close(),
        Type::Never(x) => x.bang_token.spans[0],
        Type::Paren(x) => x.paren_token.span.close(),
        Type::Path(x) => path_last(&x.path),
        Type::Ptr(x) => type_last(&x.elem),
        Type::Reference(x) => type_last(&x.elem),
        Type::Slice(x) => x.bracket_token.span.close(),
        Type::TraitObject(x) => bounds_last(&x.bounds).or(x.dyn_token.map(|t| t.span)).unwrap_or_else(Tok::call_site),
        Type::Tuple(x) => x.paren_token.span.close(),
        Type::Verbatim(t) => tokens_last(t),
        _ => Tok::call_site(),
    }
}

fn bounds_last(bounds: &syn::punctuated::Punctuated<syn::TypeParamBound, syn::Token![+]>) -> Option<Tok> {
    Some(match bounds.last()? {
        syn::TypeParamBound::Trait(x) => x.paren_token.map_or_else(|| path_last(&x.path), |p| p.span.close()),
        syn::TypeParamBound::Lifetime(x) => x.ident.span(),
        syn::TypeParamBound::PreciseCapture(x) => x.gt_token.spans[0],
        syn::TypeParamBound::Verbatim(t) => tokens_last(t),
        _ => return None,
    })
}
