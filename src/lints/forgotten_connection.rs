//! # forgotten_connection
//!
//! ## What it does
//! Reports `mem::forget`, `Box::leak`, `ManuallyDrop::new`, `into_raw` and their kin on a pooled connection, a transaction,
//! or something that owns one; and `mem::forget` on a connection of no pool, which then stays open.
//!
//! ## Why is this bad?
//! A connection goes back to its pool when its guard is dropped. A forgotten guard is never dropped: the slot is lost until
//! the program ends, and after as many calls as the pool has connections nothing works any more.
//!
//! ## Example
//! ```rust
//! async fn ping(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut conn = pool.acquire().await?;
//!     sqlx::query("SELECT 1").execute(&mut *conn).await?;
//!     std::mem::forget(conn); //~ forgotten_connection
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn ping(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut conn = pool.acquire().await?;
//!     sqlx::query("SELECT 1").execute(&mut *conn).await?;
//!     drop(conn);
//!     Ok(())
//! }
//! ```
//!
//! ## When it stays silent
//! For permits where something in the workspace adds permits to a semaphore again: forgetting is how some counting protocols
//! work. For a connection of no pool that is leaked into a `'static` reference or made a raw pointer: somebody can still reach
//! it.

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::analyse::owed::{Account, Sort};
use crate::base::{Confidence, Finding, Span};
use crate::resolve::Ty;

/// The lint.
pub static LINT: Lint = Lint {
    name: "forgotten_connection",
    group: Group::Correctness,
    summary: "a connection is forgotten, so its slot never comes back",
    since: "0.1.0",
    page: include_str!("forgotten_connection.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    out.extend(permits(cx));
    out.extend(owners(cx));
    for event in &cx.events().events {
        let Event::Forgotten { res, span, what } = event else { continue };
        let resource = &cx.events().resources[*res];
        if !resource.is_connection() || resource.borrowed {
            continue;
        }
        let name = words::name(cx, *res);
        let noun = words::noun(cx, resource);
        // Of no pool, but nobody can reach it any more: it stays open.
        let lost = resource.opened && is_lost(cx, *span) && !words::happens_once(cx, *span);
        let confidence = if lost { Confidence::Medium } else { words::held_confidence(cx, *res) };
        let mut finding = words::finding(cx, LINT.name, confidence, *span, Some(*res));
        finding.message = format!("`{what}` keeps {name} ({noun}) from ever being released");
        finding.steps = words::acquisition_steps(cx, *res);
        finding.steps.push(words::step(*span, "never dropped from here on"));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(what.clone());
        finding.why = if lost {
            format!("the {noun} stays open until the program ends: each call leaves one more behind")
        } else {
            format!(
                "the slot comes back only when the {noun} is dropped; {} loses one for each call",
                words::pool(cx, &resource.pool)
            )
        };
        finding.help = match words::variable(cx, *res) {
            Some(name) => format!("`drop({name})`, or let its scope end"),
            None => String::from("let it be dropped"),
        };
        out.push(finding);
    }
}

/// Whether the call at a place gives nothing: what it was given is out of everybody's reach.
fn is_lost(cx: &Cx<'_>, at: Span) -> bool {
    let results = &cx.program.bodies[cx.body].results;
    let mut calls = cx.program.body(cx.body).calls.iter_enumerated().filter(|(_, call)| call.span == at);
    calls.any(|(id, _)| matches!(&results[id], Ty::Tuple(parts) if parts.is_empty()))
}

/// Permits that are forgotten in a workspace in which nothing adds permits to a semaphore.
fn permits<'a>(cx: &'a Cx<'_>) -> impl Iterator<Item = Finding> + 'a {
    let forgotten = |a: &&Account| a.sort == Sort::Permits && a.moves.iter().all(|m| !m.0);
    cx.events().accounts.iter().filter(forgotten).filter(|_| !adds_permits(cx)).filter_map(|account| {
        let (_, span) = *account.moves.first()?;
        let name = &account.name;
        let mut finding = words::finding(cx, LINT.name, Confidence::Medium, span, None);
        finding.resource.clone_from(name);
        finding.message = format!("a permit of `{name}` is forgotten, and nothing adds permits again");
        finding.steps = words::order_steps(vec![words::step(span, "never given back from here on")], span);
        finding.kinds.push(String::from("permit"));
        finding.why = format!("each time this runs `{name}` has one permit less, until nobody gets one");
        finding.help = String::from("keep the permit for as long as it is needed, and let it be dropped");
        Some(finding)
    })
}

fn adds_permits(cx: &Cx<'_>) -> bool {
    let adds = |a: &Account| a.sort == Sort::Permits && a.moves.iter().any(|m| m.0);
    cx.facts.events.iter().any(|events| events.accounts.iter().any(adds))
}

/// Values that stand for a connection by what they dereference to.
fn owners<'a>(cx: &'a Cx<'_>) -> impl Iterator<Item = Finding> + 'a {
    cx.events().events.iter().filter_map(|event| {
        let Event::ForgottenOwner { local, span, what } = event else { return None };
        let body = cx.program.body(cx.body);
        let name = body.locals[*local].name.map_or_else(|| String::from("a connection"), |n| format!("`{n}`"));
        let mut finding = words::finding(cx, LINT.name, Confidence::Medium, *span, None);
        finding.message = format!("`{what}` keeps {name}, which stands for a connection, from ever being closed");
        finding.steps.push(words::step(body.locals[*local].span, format!("{name} is a connection in another type")));
        finding.steps.push(words::step(*span, "never dropped from here on"));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(what.clone());
        finding.why =
            String::from("a connection is closed, or given back, only when it is dropped: each call loses one");
        finding.help = String::from("let it be dropped, or close it in a way that does what is wanted");
        Some(finding)
    })
}
