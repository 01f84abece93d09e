//! `match pool.get().await?.load().await { … }` → `let found = pool.get().await?.load().await;` in front of it: the connection is
//! dropped at the semicolon instead of at the end of the construct.
//!
//! Only where the value cannot borrow from the temporary: what was awaited or copied out of it is the value's own.

use super::Mend;
use super::scan::{Site, expressions, mentions, range, within};
use quote::ToTokens;
use syn::{Expr, Stmt};

/// Methods of the standard library that give a value of its own.
const OWN: &[&str] = &["clone", "cloned", "copied", "to_owned", "to_string", "to_vec"];

/// Names for the value, best first.
const NAMES: &[&str] = &["found", "value", "outcome"];

/// The candidate.
pub fn mend(site: &Site<'_>) -> Mend {
    let all = expressions(site.body());
    let mut around = all.into_iter().filter(|e| within(&site.at, &range(*e))).filter_map(|e| Some((e, scrutinee(e)?)));
    let fits = |scrutinee: &Expr| within(&site.acquired, &range(scrutinee)) && !within(&site.at, &range(scrutinee));
    let (whole, scrutinee) = around.rfind(|(_, s)| fits(s))?;
    if !is_its_own(scrutinee) {
        return None;
    }
    // It is evaluated first in its statement.
    let statement = site.blocks.iter().flat_map(|b| &b.stmts).find(|s| begins_with(s, &range(whole)))?;
    let (line, indent) = site.indent(range(statement).start)?;
    let tokens = site.body().to_token_stream();
    let name = NAMES.iter().find(|name| mentions(tokens.clone(), name).is_empty())?;
    let value = site.words(scrutinee);
    let bound = format!("{indent}let {name} = {value};{}", site.line_break());
    let message = "bind the value first, so that the connection is dropped before the wait".to_owned();
    Some((message, vec![(line..line, bound), (range(scrutinee), (*name).to_owned())]))
}

/// What is matched or walked.
fn scrutinee(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Match(e) => Some(&e.expr),
        Expr::ForLoop(e) => Some(&e.expr),
        Expr::If(e) => match &*e.cond {
            Expr::Let(condition) => Some(&condition.expr),
            _ => None,
        },
        _ => None,
    }
}

fn is_its_own(expr: &Expr) -> bool {
    match expr {
        Expr::Await(awaited) => matches!(&*awaited.base, Expr::MethodCall(_) | Expr::Call(_)),
        Expr::Try(tried) => is_its_own(&tried.expr),
        Expr::MethodCall(call) => OWN.iter().any(|name| call.method == name),
        _ => false,
    }
}

/// Whether a statement is this expression, or binds or returns what it gives.
fn begins_with(statement: &Stmt, whole: &std::ops::Range<usize>) -> bool {
    let is_it = |expr: &Expr| match expr {
        Expr::Return(e) => e.expr.as_ref().is_some_and(|e| range(&**e) == *whole),
        Expr::Assign(e) => range(&*e.right) == *whole,
        other => range(other) == *whole,
    };
    match statement {
        Stmt::Expr(expr, _) => is_it(expr),
        Stmt::Local(local) => local.init.as_ref().is_some_and(|init| range(&*init.expr) == *whole),
        Stmt::Item(_) | Stmt::Macro(_) => false,
    }
}
