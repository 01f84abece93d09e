//! # undriven_connection
//!
//! ## What it does
//! Reports an acquisition whose future is bound to a variable and never awaited: `let _permit = semaphore.acquire();`, and a
//! client that is used although the driver that came with it was dropped: `let (client, _) = connect(…).await?;`.
//!
//! ## Why is this bad?
//! A future does nothing until it is awaited. Nothing is acquired, so the limit that the code relies on does not hold; and
//! a name that starts with an underscore hides the compiler's warning. A client whose driver nobody polls sends nothing: its
//! first query fails or waits for ever.
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
//! When the future is returned, stored, raced in a `select!`, or handed to something else; when the client goes together with
//! its driver and is never used, as in a check that a server can be reached.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, Life, PoolClass, ResId};
use crate::base::Finding;
use crate::pack::Kind;

/// The lint.
pub static LINT: Lint = Lint {
    name: "undriven_connection",
    group: Group::Correctness,
    summary: "the future of an acquisition is never awaited, or a connection's driver is dropped",
    since: "0.1.0",
    page: include_str!("undriven_connection.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    never_awaited(cx, out);
    never_driven(cx, out);
}

fn never_driven(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let events = cx.events();
    let mut told: Vec<ResId> = Vec::new();
    for event in &events.events {
        let Event::DriverDropped { res, span } = event else { continue };
        let driver = &events.resources[*res];
        let client = events.resources.indices().find(|c| {
            events.resources[*c].origin == driver.origin && events.resources[*c].kind == Kind::Conn && needed(cx, *c)
        });
        let (Some(client), false) = (client, told.contains(res)) else { continue };
        told.push(*res);
        let name = words::name(cx, client);
        let noun = words::noun(cx, driver);
        let at = driver.span;
        // A client that comes from no pool is low as a holder of slots, but it is surely a client.
        let mut finding = words::finding(cx, LINT.name, crate::base::Confidence::High, at, Some(*res));
        finding.message = format!("the {noun} that came with {name} is dropped without having been polled");
        finding.steps = vec![words::step(at, format!("gives {name} and its {noun}"))];
        if !span.contains(at) {
            finding.steps.push(words::step(*span, format!("the {noun} is dropped here")));
        }
        if let Some(used) = events.uses[client].first() {
            finding
                .steps
                .push(words::step(*used, format!("{name} is used here, over a connection that nobody drives")));
        }
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), at);
        finding.kinds.push(String::from("driver dropped"));
        finding.why =
            String::from("the driver does the reading and writing; without it every query fails or waits for ever");
        finding.help = format!("spawn the {noun} in a task of its own, which ends when {name} is dropped");
        out.push(finding);
    }
}

/// Whether the client is used, or lives on after the function.
fn needed(cx: &Cx<'_>, client: ResId) -> bool {
    !cx.events().uses[client].is_empty()
        || cx.events().events.iter().any(|e| match e {
            Event::Exit { res, outcomes, .. } => {
                *res == client && [Life::Held, Life::Escaped, Life::Stored].iter().any(|l| outcomes.may_be(*l))
            }
            _ => false,
        })
}

fn never_awaited(cx: &Cx<'_>, out: &mut Vec<Finding>) {
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
