//! # unbounded_fan_out
//!
//! ## What it does
//! Reports that many futures which each take a connection are started at once with nothing to limit how many: `join_all`,
//! a spawn in a loop, `buffer_unordered` with a large width.
//!
//! ## Why is this bad?
//! One request takes every connection of the pool; all others wait until it is done, or time out.
//!
//! ## Example
//! ```rust
//! async fn load(pool: &sqlx::PgPool, ids: Vec<i64>) {
//!     futures::future::join_all(ids.into_iter().map(|id| one(pool, id))).await; //~ unbounded_fan_out
//! }
//! async fn one(pool: &sqlx::PgPool, id: i64) -> Result<(), sqlx::Error> {
//!     sqlx::query("SELECT $1").bind(id).execute(pool).await.map(drop)
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn load(pool: &sqlx::PgPool, ids: Vec<i64>) {
//!     for id in ids {
//!         one(pool, id).await.ok();
//!     }
//! }
//! async fn one(pool: &sqlx::PgPool, id: i64) -> Result<(), sqlx::Error> {
//!     sqlx::query("SELECT $1").bind(id).execute(pool).await.map(drop)
//! }
//! ```
//!
//! ## When it stays silent
//! When a permit is held around the fan-out or taken by each future, when the width (a literal or a constant) is small or
//! below the size of the smallest pool that the workspace writes as a literal, when it is computed, and when all futures
//! share one connection.

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::base::{Confidence, Finding};

/// A width up to which a fan-out is no news: the default size of the smallest common pools.
const SMALL: i128 = 16;

/// The lint.
pub static LINT: Lint = Lint {
    name: "unbounded_fan_out",
    group: Group::Preview,
    summary: "many futures that each take a connection are started at once",
    since: "0.1.0",
    page: include_str!("unbounded_fan_out.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let mut told = Vec::new();
    for event in &cx.events().events {
        let Event::FanOut { span, acquires, width, limited, what } = event else { continue };
        // A width that is computed is a limit that somebody thought about; so is one that leaves connections to others.
        let fits = |w: i128| w <= SMALL || cx.facts.pool_sizes.first().is_some_and(|size| w < *size);
        if told.contains(span) || *limited && width.is_none_or(fits) {
            continue;
        }
        told.push(*span);
        let pool = words::pool(cx, &acquires.pool);
        let confidence = acquires.confidence.min(Confidence::High);
        let mut finding = words::finding(cx, LINT.name, confidence, *span, None);
        finding.resource = words::folded(cx, *span);
        let many = match (limited, width) {
            (true, Some(width)) => format!("up to {width} futures"),
            (true, None) | (false, _) => String::from("any number of futures"),
        };
        finding.message = format!("`{what}` starts {many} that each take a connection from {pool}");
        finding.steps = vec![words::step(*span, "all are started here")];
        for link in &acquires.chain {
            if link.span != *span {
                finding.steps.push(words::step(link.span, format!("each calls `{}`", link.callee)));
            }
        }
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(what.clone());
        finding.why = format!("one call takes every connection of {pool}; all other tasks wait until it is done");
        finding.help = String::from(
            "run them one after another on one connection, or limit them: `buffer_unordered(n)` or a semaphore",
        );
        out.push(finding);
    }
}
