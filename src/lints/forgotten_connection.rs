//! # forgotten_connection
//!
//! ## What it does
//! Reports `mem::forget`, `Box::leak`, `ManuallyDrop::new`, `into_raw` and their kin on a pooled connection, a transaction,
//! or something that owns one.
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
//! For permits, where forgetting is how some counting protocols work.

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::base::Finding;

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
    for event in &cx.events().events {
        let Event::Forgotten { res, span, what } = event else { continue };
        let resource = &cx.events().resources[*res];
        if !resource.is_connection() || resource.borrowed {
            continue;
        }
        let name = words::name(cx, *res);
        let noun = words::noun(cx, resource);
        let mut finding = words::finding(cx, LINT.name, words::held_confidence(cx, *res), *span, Some(*res));
        finding.message = format!("`{what}` keeps {name} ({noun}) from ever being released");
        finding.steps = words::acquisition_steps(cx, *res);
        finding.steps.push(words::step(*span, "never dropped from here on"));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(what.clone());
        finding.why = format!(
            "the slot comes back only when the {noun} is dropped; {} loses one for each call",
            words::pool(cx, &resource.pool)
        );
        finding.help = match words::variable(cx, *res) {
            Some(name) => format!("`drop({name})`, or let its scope end"),
            None => String::from("let it be dropped"),
        };
        out.push(finding);
    }
}
