//! # unbounded_wait
//!
//! ## What it does
//! Reports a pool that is built without a limit on how long an acquisition waits, where the library's default is to wait for
//! ever, and a limit of more than five minutes.
//!
//! ## Why is this bad?
//! Once the pool is exhausted every caller waits in silence: requests hang rather than fail, health checks stay green, and
//! a leak or deadlock leaves no error that would tell where it is.
//!
//! ## Example
//! ```rust
//! fn pool(manager: deadpool_postgres::Manager) -> deadpool_postgres::Pool {
//!     deadpool_postgres::Pool::builder(manager).max_size(16).build().unwrap() //~ unbounded_wait
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! fn pool(manager: deadpool_postgres::Manager) -> deadpool_postgres::Pool {
//!     deadpool_postgres::Pool::builder(manager)
//!         .max_size(16)
//!         .wait_timeout(Some(std::time::Duration::from_secs(10)))
//!         .runtime(deadpool_postgres::Runtime::Tokio1)
//!         .build()
//!         .unwrap()
//! }
//! ```
//!
//! ## When it stays silent
//! When the default is to give up after a while; when the builder or the configuration comes from somewhere that is not seen,
//! such as a file; when the limit is computed. Of several limits the longest counts, but for one of `if cfg!(test)`.
//!
//! ## Known limits
//! A limit around each acquisition instead (`timeout(d, pool.get())`) is not seen.

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::analyse::made::read::Amount;
use crate::base::{Confidence, Finding};

/// The lint.
pub static LINT: Lint = Lint {
    name: "unbounded_wait",
    group: Group::Pedantic,
    summary: "a pool is built without a limit on how long an acquisition waits",
    since: "0.1.0",
    page: include_str!("unbounded_wait.rs"),
    check,
};

/// The longest wait, in seconds, that somebody who waits for an answer may still sit through.
const LONGEST: i128 = 300;

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for event in &cx.events().events {
        let Event::Unlimited(pool) = event else { continue };
        let seconds = pool.seconds.iter().filter_map(|a| seconds(cx, *a)).max();
        let noun = words::made(cx, &pool.ty, "pool");
        let message = match (pool.seconds.is_empty(), seconds) {
            (true, _) => format!("this {noun} lets acquisitions wait for ever when no connection is free"),
            (false, Some(s)) if s > LONGEST => {
                format!("this {noun} lets acquisitions wait for {} minutes when no connection is free", s / 60)
            }
            (false, _) => continue,
        };
        let mut finding = words::finding(cx, LINT.name, Confidence::High, pool.span, None);
        finding.resource = words::folded(cx, pool.span);
        finding.message = message;
        finding.steps =
            words::order_steps(vec![words::step(pool.span, format!("the {noun} is built here"))], pool.span);
        finding.kinds.push(pool.what.clone());
        finding.why = String::from("an exhausted pool makes requests hang rather than fail, and no error says why");
        let settings: Vec<String> = pool.settings.iter().map(|s| format!("`{s}`")).collect();
        finding.help = format!("set a limit of some seconds: {}", settings.join(" or "));
        out.push(finding);
    }
}

/// A number of seconds, products of literals included.
fn seconds(cx: &Cx<'_>, amount: Amount) -> Option<i128> {
    match amount {
        Amount::Known(n) => Some(n),
        Amount::Written(span, factor) => cx
            .sources
            .snippet(span)
            .split('*')
            .map(|part| part.trim().replace('_', "").parse::<i128>().ok())
            .try_fold(factor, |product, n| product.checked_mul(n?)),
    }
}
