//! # blocking_in_async
//!
//! ## What it does
//! Reports a blocking acquisition or a blocking database call on an async worker thread: in an `async fn` or block, also
//! through synchronous helpers.
//!
//! ## Why is this bad?
//! The worker thread stands still until the database answers; all other tasks on it stand still with it. When every worker
//! waits for the pool, nobody is left to give a connection back.
//!
//! ## Example
//! ```rust
//! async fn ping(pool: r2d2::Pool<r2d2_sqlite::SqliteConnectionManager>) -> Result<(), Box<dyn std::error::Error>> {
//!     let conn = pool.get()?; //~ blocking_in_async
//!     drop(conn);
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn ping(pool: r2d2::Pool<r2d2_sqlite::SqliteConnectionManager>) -> Result<(), Box<dyn std::error::Error>> {
//!     tokio::task::spawn_blocking(move || pool.get().map(drop)).await??;
//!     Ok(())
//! }
//! ```
//!
//! ## When it stays silent
//! Inside `spawn_blocking`, `web::block`, `interact` and other offloads; for in-memory locks. With low confidence, which is
//! not shown by default, where at most one task at a time runs the function or it sets something up for tests, and the call
//! does not panic there; where a pool is built, which happens at start-up; and where only some of the functions that may be
//! called block.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Blocks, Event};
use crate::base::{Confidence, Finding, Span};

/// The lint.
pub static LINT: Lint = Lint {
    name: "blocking_in_async",
    group: Group::Suspicious,
    summary: "a blocking acquisition or database call on an async worker thread",
    since: "0.1.0",
    page: include_str!("blocking_in_async.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let mut sites: Vec<(Span, &Blocks)> = Vec::new();
    let mut first_over = None;
    for event in &cx.events().events {
        if let Event::Blocked { span, blocks, over, .. } = event
            && blocks.kind == "database"
        {
            if sites.iter().all(|(s, _)| s > span) {
                first_over = *over;
            }
            sites.push((*span, blocks));
        }
    }
    sites.sort_by_key(|(span, _)| *span);
    let Some(&(span, blocks)) = sites.first() else { return };
    // The one task of a tool blocks nobody but itself; a call that panics does so for it too.
    let instances = &cx.facts.instances;
    let alone = instances.others[cx.body].is_none() || instances.for_tests(cx.body);
    let cap = if alone && !blocks.panics { Confidence::Low } else { Confidence::High };
    let mut finding = words::finding(cx, LINT.name, blocks.confidence.min(cap), span, None);
    finding.resource = words::folded(cx, span);
    finding.message = format!("`{}` blocks an async worker thread", words::text(cx, span));
    if let Some(res) = first_over
        && cx.events().resources[res].span.start < span.start
    {
        finding.steps.extend(words::acquisition_steps(cx, res));
    }
    finding.steps.push(words::step(span, "blocks the thread until the database answers"));
    finding.steps.extend(words::chain_steps(&blocks.chain, "blocks"));
    for (more, blocks) in sites.iter().skip(1) {
        finding.steps.push(words::step(*more, "and here"));
        finding.steps.extend(words::chain_steps(&blocks.chain, "blocks"));
    }
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(blocks.kind.to_string());
    finding.why = if blocks.panics {
        String::from("inside an async runtime this call panics: it starts a runtime of its own")
    } else {
        String::from(
            "all tasks on this worker stand still meanwhile; with all workers waiting for the pool, nobody gives back",
        )
    };
    finding.help = String::from("move the acquisition and the query into `spawn_blocking`, or use an async pool");
    out.push(finding);
}
