//! # detached_connection
//!
//! ## What it does
//! Reports a connection that is taken out of its pool for good: `detach`, `leak`, `Object::take`.
//!
//! ## Why is this bad?
//! A detached connection is closed when it is dropped, and the pool opens another one in its place: every call pays for a
//! new connection, and the limit on open connections no longer holds. Some calls even lose the slot for ever.
//!
//! ## Example
//! ```rust
//! async fn ping(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut conn = pool.acquire().await?.detach(); //~ detached_connection
//!     sqlx::query("SELECT 1").execute(&mut conn).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn ping(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut conn = pool.acquire().await?;
//!     sqlx::query("SELECT 1").execute(&mut *conn).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## When it stays silent
//! When the detached connection is closed explicitly in the same function, which shows that it was meant; when a session of
//! its own is opened over it: `LISTEN`, `COPY`, a session lock.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, Release};
use crate::base::Finding;

/// The lint.
pub static LINT: Lint = Lint {
    name: "detached_connection",
    group: Group::Suspicious,
    summary: "a connection is taken out of its pool for good",
    since: "0.1.0",
    page: include_str!("detached_connection.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for event in &cx.events().events {
        let Event::Detached { res, span, loses_slot } = event else { continue };
        if cx.events().releases[*res].iter().any(|(s, r)| *r == Release::Call && s > span) {
            continue;
        }
        if cx.events().sessions[*res] {
            continue;
        }
        let resource = &cx.events().resources[*res];
        let name = words::name(cx, *res);
        let noun = words::noun(cx, resource);
        let pool = words::pool(cx, &resource.pool);
        let mut finding = words::finding(cx, LINT.name, words::held_confidence(cx, *res), *span, Some(*res));
        finding.message = format!("{name} is taken out of {pool} and not given back");
        finding.steps = words::acquisition_steps(cx, *res);
        let slot = if *loses_slot { "its slot is lost" } else { "its slot is free for another" };
        finding.steps.push(words::step(*span, format!("the {noun} leaves its pool here; {slot}")));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(String::from(if *loses_slot { "slot lost" } else { "slot freed" }));
        finding.why = if *loses_slot {
            format!("the slot is lost for ever: after as many calls as {pool} has connections, nothing works any more")
        } else {
            format!(
                "{pool} opens a new connection in its place, so each call pays for one and the limit no longer holds"
            )
        };
        finding.help = String::from("borrow from the guard (`&mut *conn`) instead, or close the connection explicitly");
        out.push(finding);
    }
}
