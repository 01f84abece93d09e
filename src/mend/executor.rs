//! `.execute(pool)` → `.execute(&mut *tx)`: a query that is given the pool while a transaction of that pool is open.
//!
//! The same for a query that is given what it acquires on the spot. How the transaction is lent is copied from another query of
//! the same body. Refused where it is lent for writing and may still be so when the query runs: by a stream, a struct, or another
//! future of the same statement.

use super::Mend;
use super::scan::{Site, expressions, mentions, range, within};
use std::ops::Range;
use syn::Expr;
use syn::spanned::Spanned;

/// The candidate.
pub fn mend(site: &Site<'_>, variable: &str) -> Mend {
    let all = expressions(site.body());
    let is_it = |e: &Expr, call: &syn::ExprMethodCall| range(e) == site.at || range(call) == site.at;
    let on_the_spot = |call: &syn::ExprMethodCall| call.args.first().is_some_and(|arg| is_acquired(arg, &site.at));
    let target = all.iter().find_map(|e| query(e).filter(|call| is_it(e, call) || on_the_spot(call)))?;
    let given = target.args.first().filter(|arg| is_plain(arg) || on_the_spot(target))?;
    let shared = format!("&{variable}");
    let forms = [
        shared.clone(),
        format!("&mut *{variable}"),
        format!("&mut {variable}"),
        format!("&mut **{variable}"),
        format!("{variable}.as_mut()"),
    ];
    let lends = |call: &syn::ExprMethodCall| {
        let form = call.args.first().filter(|_| call.args.len() == 1).map(|arg| folded(site.words(arg)));
        form.filter(|form| forms.contains(form))
    };
    let queries: Vec<(&syn::ExprMethodCall, String)> =
        all.iter().filter_map(|e| query(e)).filter_map(|call| Some((call, lends(call)?))).collect();
    let like_it =
        |call: &syn::ExprMethodCall| call.method == target.method || root(call).is_some() && root(call) == root(target);
    let form = queries.iter().find(|(call, _)| like_it(call)).map(|(_, form)| form.clone())?;
    let done =
        Some((format!("use `{variable}`, which is open, rather than the pool"), vec![(range(given), form.clone())]));
    if form == shared {
        return done;
    }
    // Where it is lent before the query, the loan is over with its own await.
    let over: Vec<Range<usize>> = queries.iter().map(|(call, _)| range(*call)).chain(plain_statements(site)).collect();
    let body = site.body().span().byte_range();
    let lent = mentions(quote::ToTokens::to_token_stream(site.body()), variable);
    let before =
        lent.iter().filter(|m| m.at.start > site.acquired.end && m.at.start < site.at.end && within(&m.at, &body));
    if !before.into_iter().all(|m| over.iter().any(|range| within(&m.at, range))) {
        return None;
    }
    // One statement lends it once.
    let statement = site.blocks.last()?.stmts.iter().find(|s| within(&site.at, &range(*s)))?;
    if !mentions(quote::ToTokens::to_token_stream(statement), variable).is_empty() {
        return None;
    }
    done
}

/// `….method(one).await`.
fn query(expr: &Expr) -> Option<&syn::ExprMethodCall> {
    let Expr::Await(awaited) = expr else { return None };
    let Expr::MethodCall(call) = &*awaited.base else { return None };
    (call.args.len() == 1).then_some(call)
}

/// Statements that are an awaited call and keep nothing of it.
fn plain_statements<'a>(site: &Site<'a>) -> Vec<Range<usize>> {
    let is_awaited = |expr: &Expr| match expr {
        Expr::Await(awaited) => matches!(&*awaited.base, Expr::MethodCall(_) | Expr::Call(_)),
        Expr::Try(tried) => {
            matches!(&*tried.expr, Expr::Await(a) if matches!(&*a.base, Expr::MethodCall(_) | Expr::Call(_)))
        }
        _ => false,
    };
    let statements = site.blocks.iter().flat_map(|block| &block.stmts);
    statements
        .filter_map(|s| match s {
            syn::Stmt::Expr(expr, Some(_)) if is_awaited(expr) => Some(range(s)),
            _ => None,
        })
        .collect()
}

/// A pool that is named, not made on the spot.
fn is_plain(arg: &Expr) -> bool {
    match arg {
        Expr::Path(_) => true,
        Expr::Field(field) => is_plain(&field.base),
        Expr::Reference(reference) => reference.mutability.is_none() && is_plain(&reference.expr),
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)) && is_plain(&unary.expr),
        Expr::Paren(paren) => is_plain(&paren.expr),
        _ => false,
    }
}

/// What is acquired at a place, and lent: `&mut pool.get().await?`, `&mut *pool.acquire().await?`.
fn is_acquired(arg: &Expr, at: &Range<usize>) -> bool {
    match arg {
        Expr::Reference(reference) => is_acquired(&reference.expr, at),
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)) && is_acquired(&unary.expr, at),
        Expr::Paren(paren) => is_acquired(&paren.expr, at),
        Expr::Try(tried) => is_acquired(&tried.expr, at),
        Expr::Await(awaited) => range(awaited) == *at || range(&*awaited.base) == *at,
        _ => false,
    }
}

/// What a chain of methods begins with: the crate of its path, or its only word.
fn root(call: &syn::ExprMethodCall) -> Option<String> {
    let mut at = &*call.receiver;
    loop {
        at = match at {
            Expr::MethodCall(call) => &call.receiver,
            Expr::Call(call) => &call.func,
            Expr::Macro(found) => return found.mac.path.segments.first().map(|s| s.ident.to_string()),
            Expr::Path(path) if path.path.segments.len() > 1 => {
                return path.path.segments.first().map(|s| s.ident.to_string());
            }
            Expr::Path(path) => return path.path.get_ident().map(ToString::to_string),
            _ => return None,
        };
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
