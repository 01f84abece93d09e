//! # released_before_use
//!
//! ## What it does
//! Reports a future or row stream that is returned or polled after the pooled connection it talks over has gone back.
//!
//! ## Why is this bad?
//! Some libraries' futures and streams do not borrow the connection, so the compiler does not object. The pool hands the
//! connection to somebody else while the rows are still on their way: the two share one wire, one sees errors or the
//! transaction state of the other.
//!
//! ## Example
//! ```rust
//! async fn posts(pool: &deadpool_postgres::Pool) -> anyhow::Result<tokio_postgres::RowStream> {
//!     let client = pool.get().await?;
//!     let none: [&str; 0] = [];
//!     let rows = client.query_raw("SELECT text FROM posts", none).await?;
//!     Ok(rows) //~ released_before_use
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn posts(pool: &deadpool_postgres::Pool) -> anyhow::Result<Vec<tokio_postgres::Row>> {
//!     let client = pool.get().await?;
//!     let rows = client.query("SELECT text FROM posts", &[]).await?;
//!     Ok(rows)
//! }
//! ```
//!
//! ## When it stays silent
//! When the guard travels with the stream (in a tuple, a struct, an `async move` block), when it comes from the caller by
//! reference, and for libraries whose futures and streams borrow their connection: there the compiler refuses.
//!
//! ## Known limits
//! Which calls give such futures and streams is told by packs (`outlives = true`).

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, Origin};
use crate::base::{Confidence, Finding};

/// The lint.
pub static LINT: Lint = Lint {
    name: "released_before_use",
    group: Group::Preview,
    summary: "a future or stream talks over a connection that has gone back to its pool",
    since: "0.1.0",
    page: include_str!("released_before_use.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for event in &cx.events().events {
        let Event::UsedAfterRelease { res, made, span, returned, certain } = event else { continue };
        let resource = &cx.events().resources[*res];
        let sure = match resource.origin {
            // A guard that came by value is dropped here, whoever took it from the pool.
            Origin::Local(_) if !resource.borrowed => resource.confidence,
            Origin::Local(_) | Origin::Call(_) | Origin::Block(_) => words::held_confidence(cx, *res),
        };
        let cap = if *certain { Confidence::High } else { Confidence::Medium };
        let name = words::name(cx, *res);
        let noun = words::noun(cx, resource);
        let call = words::text(cx, *made);
        let mut finding = words::finding(cx, LINT.name, sure.min(cap), *span, Some(*res));
        finding.message = if *returned {
            format!("what `{call}` gives is returned, but {name} goes back to its pool here")
        } else {
            format!("what `{call}` gives is polled after {name} has gone back to its pool")
        };
        finding.steps = words::acquisition_steps(cx, *res);
        finding.steps.push(words::step(*made, format!("talks over {name} without borrowing it")));
        let after = cx.events().releases[*res].iter().filter(|(s, _)| s.start >= made.start || s.contains(*made)).min();
        if let Some((release, _)) = after.filter(|(s, _)| !*returned && !s.contains(*span)) {
            finding.steps.push(words::step(*release, format!("{name} goes back here")));
        }
        let last = if *returned { "returned here, without it" } else { "used here, without it" };
        finding.steps.push(words::step(*span, last));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(String::from(if *returned { "returned" } else { "polled" }));
        finding.why = format!(
            "the next task gets this {noun} while an earlier query is still being answered over it, and sees its errors or its transaction"
        );
        finding.help = if *returned {
            String::from("collect the rows before returning, or return the guard together with the stream")
        } else {
            format!("keep {name} until this is done")
        };
        out.push(finding);
    }
}
