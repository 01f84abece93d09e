//! Reading the tokens of macros.
//!
//! **Invariants:** spans survive; tokens that do not fit give `None` or a shorter list with `complete == false`, never an
//! error that is lost.

use crate::base::Symbol;
use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Pat, Stmt, Token, token};

/// Comma-separated expressions, whole.
pub(super) fn exprs(tokens: &TokenStream) -> Option<Vec<Expr>> {
    let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
    Some(parser.parse2(tokens.clone()).ok()?.into_iter().collect())
}

/// Arguments of a formatting or logging macro.
#[derive(Default)]
pub(super) struct Args {
    pub exprs: Vec<Expr>,
    /// Variables named inside string literals: `{name}`.
    pub names: Vec<String>,
    /// Whether all tokens were understood.
    pub complete: bool,
}

/// Arguments with what logging macros allow in front of them: `name = `, `a.b = `, `target: `, `%`, `?`.
pub(super) fn format_args(tokens: &TokenStream) -> Args {
    let mut args = Args::default();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            skip_field_name(input)?;
            if input.peek(Token![%]) {
                input.parse::<Token![%]>()?;
            } else if input.peek(Token![?]) {
                input.parse::<Token![?]>()?;
            }
            if input.peek(token::Brace) {
                // `info!({ a = 1 }, "…")`.
                let content;
                syn::braced!(content in input);
                let inner = format_args(&content.parse::<TokenStream>()?);
                args.exprs.extend(inner.exprs);
            } else {
                let e: Expr = input.parse()?;
                if let Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &e {
                    args.names.extend(captured_names(&text.value()));
                }
                args.exprs.push(e);
            }
            if !input.is_empty() {
                // `,` in all, `;` in a few.
                if input.peek(Token![;]) {
                    input.parse::<Token![;]>().map(drop)?
                } else {
                    input.parse::<Token![,]>().map(drop)?
                }
            }
        }
        Ok(())
    };
    args.complete = parser.parse2(tokens.clone()).is_ok();
    args
}

/// The literal that a formatting macro begins with.
pub(super) fn template(tokens: &TokenStream) -> Option<String> {
    let parser = |input: ParseStream<'_>| {
        let text: syn::LitStr = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(text.value())
    };
    parser.parse2(tokens.clone()).ok()
}

/// Skips `name =`, `a.b.c =`, `"name" =`, `target:`.
fn skip_field_name(input: ParseStream<'_>) -> syn::Result<()> {
    let ahead = input.fork();
    let name = |ahead: ParseStream<'_>| -> syn::Result<()> {
        if ahead.peek(syn::LitStr) {
            ahead.parse::<syn::LitStr>()?;
        } else {
            ahead.call(Ident::parse_any)?;
            while ahead.peek(Token![.]) {
                ahead.parse::<Token![.]>()?;
                ahead.call(Ident::parse_any)?;
            }
        }
        if ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]) {
            ahead.parse::<Token![=]>().map(drop)
        } else if ahead.peek(Token![:]) && !ahead.peek(Token![::]) {
            ahead.parse::<Token![:]>().map(drop)
        } else {
            Err(ahead.error("not a field name"))
        }
    };
    if name(&ahead).is_ok() {
        input.advance_to(&ahead);
    }
    Ok(())
}

/// Variables captured by a format string: `{name}`, `{name:?}`, `{:width$}`.
pub(super) fn captured_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            rest = after;
            continue;
        }
        let Some(end) = rest.find('}') else { break };
        let (inner, after) = rest.split_at(end);
        rest = &after[1..];
        let (name, spec) = inner.split_once(':').unwrap_or((inner, ""));
        names.push(name.trim().to_owned());
        for piece in spec.split('$') {
            names.push(piece.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("").to_owned());
        }
    }
    names.retain(|n| n.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    names
}

/// `expression, pattern if guard`.
pub(super) struct Matches {
    pub expr: Expr,
    pub pat: Pat,
    pub guard: Option<Expr>,
}

impl Parse for Matches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let expr = input.parse()?;
        input.parse::<Token![,]>()?;
        let pat = Pat::parse_multi_with_leading_vert(input)?;
        let guard = if input.peek(Token![if]) {
            input.parse::<Token![if]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        input.parse::<Option<Token![,]>>()?;
        Ok(Matches { expr, pat, guard })
    }
}

/// `select! { … }`.
pub(super) struct Select {
    pub branches: Vec<SelectBranch>,
    /// `else =>`, `default =>`, `complete =>`.
    pub otherwise: Vec<Expr>,
}

/// `pattern = future, if guard => handler`.
pub(super) struct SelectBranch {
    pub pat: Pat,
    pub future: Expr,
    pub guard: Option<Expr>,
    pub handler: Expr,
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut select = Select { branches: Vec::new(), otherwise: Vec::new() };
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            // `biased;`
            input.parse::<Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            syn::Attribute::parse_outer(input)?;
            let is_otherwise = input.peek(Token![else])
                || input.peek2(Token![=>])
                    && (input.fork().call(Ident::parse_any).is_ok_and(|i| i == "default" || i == "complete"));
            if is_otherwise {
                input.call(Ident::parse_any)?;
                input.parse::<Token![=>]>()?;
                select.otherwise.push(handler(input)?);
            } else {
                let pat = Pat::parse_multi_with_leading_vert(input)?;
                input.parse::<Token![=]>()?;
                let future = input.parse()?;
                let guard = if input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                    input.parse::<Token![if]>()?;
                    Some(input.parse()?)
                } else {
                    None
                };
                input.parse::<Token![=>]>()?;
                select.branches.push(SelectBranch { pat, future, guard, handler: handler(input)? });
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(select)
    }
}

fn handler(input: ParseStream<'_>) -> syn::Result<Expr> {
    Expr::parse_with_earlier_boundary_rule(input)
}

/// `biased;` and the futures of a `join!`.
pub(super) fn join(tokens: &TokenStream) -> Option<Vec<Expr>> {
    let parser = |input: ParseStream<'_>| {
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            input.parse::<Ident>()?;
            input.parse::<Token![;]>()?;
        }
        Punctuated::<Expr, Token![,]>::parse_terminated(input)
    };
    Some(parser.parse2(tokens.clone()).ok()?.into_iter().collect())
}

/// `a, b` or `x; n`.
pub(super) enum List {
    Elems(Vec<Expr>),
    Repeat(Box<Expr>, Box<Expr>),
}

impl Parse for List {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(List::Elems(Vec::new()));
        }
        let first: Expr = input.parse()?;
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            return Ok(List::Repeat(Box::new(first), Box::new(input.parse()?)));
        }
        let mut elems = vec![first];
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if !input.is_empty() {
                elems.push(input.parse()?);
            }
        }
        Ok(List::Elems(elems))
    }
}

/// An SQL macro's arguments.
pub(super) struct Query {
    pub type_arg: Option<syn::Type>,
    /// The text, if it is a literal or a sum of literals.
    pub sql: Option<String>,
    pub args: Vec<Expr>,
}

impl Parse for Query {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut query = Query { type_arg: None, sql: None, args: Vec::new() };
        let ahead = input.fork();
        if !input.peek(syn::LitStr)
            && let Ok(ty) = ahead.parse::<syn::Type>()
            && ahead.peek(Token![,])
            && !matches!(ty, syn::Type::Macro(_))
        {
            // A variable parses as a type too: only what is followed by a text is one.
            let after = ahead.fork();
            after.parse::<Token![,]>()?;
            if after.peek(syn::LitStr) || after.peek(syn::Ident) {
                input.advance_to(&after);
                query.type_arg = Some(ty);
            }
        }
        let mut is_first = true;
        while !input.is_empty() {
            skip_field_name(input)?;
            let e: Expr = input.parse()?;
            if is_first && let Some(sql) = text(&e) {
                query.sql = Some(sql);
            } else {
                query.args.push(e);
            }
            is_first = false;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(query)
    }
}

/// A string literal, a sum of them, or a `concat!` of them.
pub(super) fn text(e: &Expr) -> Option<String> {
    match e {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }) => Some(s.value()),
        Expr::Binary(x) if matches!(x.op, syn::BinOp::Add(_)) => Some(text(&x.left)? + &text(&x.right)?),
        Expr::Paren(x) => text(&x.expr),
        Expr::Group(x) => text(&x.expr),
        Expr::Macro(x) if x.mac.path.is_ident("concat") => concat(&x.mac.tokens),
        _ => None,
    }
}

/// The value of `concat!(…)`, if all its parts are literals that we know.
pub(super) fn concat(tokens: &TokenStream) -> Option<String> {
    exprs(tokens)?
        .iter()
        .map(|e| match e {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => Some(n.base10_digits().to_owned()),
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(b), .. }) => Some(b.value.to_string()),
            e => text(e),
        })
        .collect()
}

/// The expressions in a `json!`-like value: `{ "key": expr, … }`, `[expr, …]`, `null`.
pub(super) fn value_exprs(tokens: &TokenStream) -> Option<Vec<Expr>> {
    fn value(input: ParseStream<'_>, out: &mut Vec<Expr>) -> syn::Result<()> {
        if input.peek(token::Brace) {
            let ahead = input.fork();
            let content;
            syn::braced!(content in ahead);
            let mut inner = Vec::new();
            if object(&content, &mut inner).is_ok() {
                input.advance_to(&ahead);
                out.extend(inner);
                return Ok(());
            }
        } else if input.peek(token::Bracket) {
            let content;
            syn::bracketed!(content in input);
            while !content.is_empty() {
                value(&content, out)?;
                content.parse::<Option<Token![,]>>()?;
            }
            return Ok(());
        }
        out.push(input.parse()?);
        Ok(())
    }
    fn object(input: ParseStream<'_>, out: &mut Vec<Expr>) -> syn::Result<()> {
        while !input.is_empty() {
            if input.peek(token::Paren) {
                let key;
                syn::parenthesized!(key in input);
                out.push(key.parse()?);
            } else if input.peek(syn::Lit) {
                input.parse::<syn::Lit>()?;
            } else {
                let key = input.parse::<syn::ExprPath>()?;
                out.push(Expr::Path(key));
            }
            input.parse::<Token![:]>()?;
            value(input, out)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    }
    let mut out = Vec::new();
    let parser = |input: ParseStream<'_>| {
        value(input, &mut out)?;
        input.parse::<Option<Token![,]>>().map(drop)
    };
    if tokens.is_empty() || parser.parse2(tokens.clone()).is_ok() { Some(out) } else { None }
}

/// Statements.
pub(super) fn stmts(tokens: &TokenStream) -> Option<Vec<Stmt>> {
    syn::Block::parse_within.parse2(tokens.clone()).ok()
}

/// Items.
pub(super) fn items(tokens: &TokenStream) -> Option<Vec<syn::Item>> {
    let parser = |input: ParseStream<'_>| {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse::<syn::Item>()?);
        }
        Ok(items)
    };
    parser.parse2(tokens.clone()).ok()
}

/// `static ref NAME: T = expr;` and `static NAME: T = expr;` entries.
pub(super) struct LazyEntry {
    pub attrs: Vec<syn::Attribute>,
    pub ident: Ident,
    pub ty: syn::Type,
    pub init: Expr,
}

/// Entries of `lazy_static!` and `thread_local!`.
pub(super) fn lazy_entries(tokens: &TokenStream) -> Option<Vec<LazyEntry>> {
    let parser = |input: ParseStream<'_>| {
        let mut entries = Vec::new();
        while !input.is_empty() {
            let attrs = syn::Attribute::parse_outer(input)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<Token![static]>()?;
            input.parse::<Option<Token![ref]>>()?;
            let ident = input.parse()?;
            input.parse::<Token![:]>()?;
            let ty = input.parse()?;
            input.parse::<Token![=]>()?;
            let init = input.parse()?;
            input.parse::<Option<Token![;]>>()?;
            entries.push(LazyEntry { attrs, ident, ty, init });
        }
        Ok(entries)
    };
    parser.parse2(tokens.clone()).ok()
}

/// The name by which `for await` survives `syn`'s grammar: `for await x in s` is read as `for MARK @ x in s`.
const FOR_AWAIT: &str = "__letgo_for_await";

/// Statements of a generator, which may use `for await`.
pub(super) fn generator_stmts(tokens: &TokenStream) -> Option<Vec<Stmt>> {
    if has_for_await(tokens) { stmts(&mark_for_await(tokens)) } else { stmts(tokens) }
}

/// Whether the pattern of a `for` carries the mark, and the pattern without it.
pub(super) fn for_await(pat: &Pat) -> (bool, &Pat) {
    match pat {
        Pat::Ident(x) if x.ident == FOR_AWAIT => match &x.subpat {
            Some((_, sub)) => (true, sub),
            None => (false, pat),
        },
        pat => (false, pat),
    }
}

fn has_for_await(tokens: &TokenStream) -> bool {
    let mut after_for = false;
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Group(group) => {
            after_for = false;
            has_for_await(&group.stream())
        }
        TokenTree::Ident(ident) => {
            let hit = after_for && ident == "await";
            after_for = ident == "for";
            hit
        }
        _ => {
            after_for = false;
            false
        }
    })
}

fn mark_for_await(tokens: &TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut after_for = false;
    for tree in tokens.clone() {
        let was_for = std::mem::take(&mut after_for);
        match tree {
            TokenTree::Group(group) => {
                let mut marked = Group::new(group.delimiter(), mark_for_await(&group.stream()));
                marked.set_span(group.span());
                out.push(TokenTree::Group(marked));
            }
            TokenTree::Ident(ident) if was_for && ident == "await" => {
                out.push(TokenTree::Ident(Ident::new(FOR_AWAIT, ident.span())));
                let mut at = Punct::new('@', Spacing::Alone);
                at.set_span(ident.span());
                out.push(TokenTree::Punct(at));
            }
            TokenTree::Ident(ident) => {
                after_for = ident == "for";
                out.push(TokenTree::Ident(ident));
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// Identifiers that could be variables: not behind a dot, not part of a longer path, not the name of a macro.
pub(super) fn mentioned(tokens: &TokenStream, out: &mut Vec<Ident>) {
    // The punctuation right before: `.` but not `..`, or `::`.
    let mut before = (' ', ' ');
    let mut trees = tokens.clone().into_iter().peekable();
    while let Some(tree) = trees.next() {
        let (earlier, last) = std::mem::replace(&mut before, (' ', ' '));
        match tree {
            TokenTree::Group(group) => mentioned(&group.stream(), out),
            TokenTree::Ident(ident) => {
                let is_part = last == '.' && earlier != '.' || last == ':' && earlier == ':';
                let is_prefix = match trees.peek() {
                    Some(TokenTree::Punct(p)) => {
                        p.as_char() == '!' || p.as_char() == ':' && p.spacing() == Spacing::Joint
                    }
                    _ => false,
                };
                if !is_part && !is_prefix {
                    out.push(ident);
                }
            }
            TokenTree::Punct(p) => before = (last, p.as_char()),
            TokenTree::Literal(lit) => {
                // A format string may name variables.
                let text = lit.to_string();
                if text.ends_with('"') {
                    out.extend(captured_names(&text).iter().filter_map(|n| syn::parse_str(n).ok()));
                }
            }
        }
    }
}

/// Brace groups at the top of tokens, such as the branches of a conditional item macro.
pub(super) fn brace_groups(tokens: &TokenStream) -> Vec<TokenStream> {
    tokens
        .clone()
        .into_iter()
        .filter_map(|tree| match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        })
        .collect()
}

/// The blocks of `if #[cfg(…)] { … } else if #[cfg(…)] { … } else { … }`, and whether the last one is an `else`.
pub(super) fn conditional(tokens: &TokenStream) -> Option<(Vec<Vec<Stmt>>, bool)> {
    let ifs = tokens.clone().into_iter().filter(|t| matches!(t, TokenTree::Ident(i) if i == "if")).count();
    let mut trees = tokens.clone().into_iter();
    let starts = matches!(trees.next(), Some(TokenTree::Ident(i)) if i == "if")
        && matches!(trees.next(), Some(TokenTree::Punct(p)) if p.as_char() == '#');
    if !starts {
        return None;
    }
    let blocks: Vec<Vec<Stmt>> = brace_groups(tokens).iter().map(stmts).collect::<Option<_>>()?;
    let has_else = blocks.len() > ifs;
    (!blocks.is_empty()).then_some((blocks, has_else))
}

/// Adds the identifiers of tokens, at whatever depth.
pub(super) fn names(tokens: &TokenStream, found: &mut BTreeSet<Symbol>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(ident) => {
                found.insert(super::ty::symbol(&ident));
            }
            TokenTree::Group(group) => names(&group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
