//! # held_across_blocking
//!
//! ## What it does
//! Reports a connection that is held while the thread does slow work that does not use it: `thread::sleep`, password
//! hashing, compression, blocking HTTP, waiting for a process.
//!
//! ## Why is this bad?
//! The connection is idle for as long as the work takes, and others wait for it.
//!
//! ## Example
//! ```rust
//! fn poll(pool: &r2d2::Pool<r2d2_sqlite::SqliteConnectionManager>) -> Result<(), Box<dyn std::error::Error>> {
//!     let conn = pool.get()?;
//!     std::thread::sleep(std::time::Duration::from_secs(1)); //~ held_across_blocking
//!     conn.execute_batch("SELECT 1")?;
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! fn poll(pool: &r2d2::Pool<r2d2_sqlite::SqliteConnectionManager>) -> Result<(), Box<dyn std::error::Error>> {
//!     std::thread::sleep(std::time::Duration::from_secs(1));
//!     let conn = pool.get()?;
//!     conn.execute_batch("SELECT 1")?;
//!     Ok(())
//! }
//! ```
//!
//! ## When it stays silent
//! For work over the connection itself, for locks and plain file I/O. With low confidence, which is not shown by default, where
//! at most one task at a time runs the function (all calls come from `main`, or from a task that is spawned once).

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::base::Finding;

/// The lint.
pub static LINT: Lint = Lint {
    name: "held_across_blocking",
    group: Group::Suspicious,
    summary: "a connection is held across blocking or CPU-heavy work",
    since: "0.1.0",
    page: include_str!("held_across_blocking.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let mut told = Vec::new();
    for event in &cx.events().events {
        let Event::BlockedWhileHeld { res, span, blocks } = event else { continue };
        let resource = &cx.events().resources[*res];
        let slow = ["sleep", "cpu", "http", "process"].iter().any(|k| blocks.kind == *k);
        if !slow || !resource.is_connection() || words::long_lived(cx, resource) || told.contains(res) {
            continue;
        }
        told.push(*res);
        let name = words::name(cx, *res);
        let confidence = words::starving_confidence(cx, *res).min(blocks.confidence);
        let what = match blocks.kind.as_str() {
            "sleep" => "the thread sleeps",
            "cpu" => "the processor is busy",
            "http" => "the thread waits for an HTTP answer",
            _ => "the thread waits for a process",
        };
        let mut finding = words::finding(cx, LINT.name, confidence, *span, Some(*res));
        finding.message = format!("{name} is held while {what} in `{}`", words::text(cx, *span));
        finding.steps = words::acquisition_steps(cx, *res);
        finding.steps.push(words::step(*span, format!("{what} while {name} is held")));
        finding.steps.extend(words::chain_steps(&blocks.chain, "does the work"));
        finding.steps.extend(words::release_step(cx, *res, *span));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(blocks.kind.to_string());
        finding.why = format!("nobody else can use the {} for as long as this takes", words::noun(cx, resource));
        finding.help = String::from("do this before the connection is acquired, or release it first");
        out.push(finding);
    }
}
