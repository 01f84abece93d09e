//! # undriven_connection
//!
//! ## What it does
//! Reports an acquisition whose future is bound to a variable and never awaited: `let _permit = semaphore.acquire();`.
//!
//! ## Why is this bad?
//! A future does nothing until it is awaited. Nothing is acquired, so the limit that the code relies on does not hold; and
//! a name that starts with an underscore hides the compiler's warning.
//!
//! ## Example
//! ```rust
//! async fn limited(limit: &tokio::sync::Semaphore) {
//!     let _permit = limit.acquire(); //~ undriven_connection
//!     work().await;
//! }
//! async fn work() {}
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn limited(limit: &tokio::sync::Semaphore) {
//!     let _permit = limit.acquire().await;
//!     work().await;
//! }
//! async fn work() {}
//! ```
//!
//! ## When it stays silent
//! When the future is returned, stored, raced in a `select!`, or handed to something else.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, PoolClass};
use crate::base::Finding;

/// The lint.
pub static LINT: Lint = Lint {
    name: "undriven_connection",
    group: Group::Correctness,
    summary: "the future of an acquisition is never awaited",
    since: "0.1.0",
    page: include_str!("undriven_connection.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let mut told = Vec::new();
    for event in &cx.events().events {
        let Event::NotAwaited { span, local, acquires, what } = event else { continue };
        if told.contains(span) {
            continue;
        }
        told.push(*span);
        let thing = match acquires.pool.class {
            PoolClass::Slots => "connection",
            PoolClass::Permits => "permit",
            PoolClass::Lock { .. } => "lock",
        };
        let name =
            cx.program.body(cx.body).locals[*local].name.map_or_else(|| String::from("it"), |n| format!("`{n}`"));
        let mut finding = words::finding(cx, LINT.name, acquires.confidence, *span, None);
        finding.resource = words::folded(cx, *span);
        finding.message = format!("`{}` is never awaited, so no {thing} is acquired", words::text(cx, *span));
        finding.steps = vec![words::step(*span, format!("{name} holds a future, not a {thing}"))];
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(String::from("not awaited"));
        finding.why = format!(
            "a future does nothing until it is awaited; dropping it leaves {} as it was",
            words::pool(cx, &acquires.pool)
        );
        finding.help = format!("add `.await` after `{what}(…)`");
        out.push(finding);
    }
}
