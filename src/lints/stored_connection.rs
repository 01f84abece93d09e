//! # stored_connection
//!
//! ## What it does
//! Reports a pooled connection, transaction or row stream that is put into something that outlives the function and from
//! which nothing is ever taken out again: a static, a map or list behind `self`, a place behind a lock. Also a set or list of
//! tasks, one for each client, that the loop which accepts clients fills and never empties; and permits that are put into a
//! collection for good.
//!
//! ## Why is this bad?
//! A connection goes back to its pool when its guard is dropped. One that is stored stays out for as long as its keeper
//! lives; a collection that only grows takes every connection of the pool in the end.
//!
//! ## Example
//! ```rust
//! use std::collections::HashMap;
//! struct Sessions {
//!     pool: sqlx::PgPool,
//!     open: HashMap<u64, sqlx::pool::PoolConnection<sqlx::Postgres>>,
//! }
//! impl Sessions {
//!     async fn open(&mut self, client: u64) -> sqlx::Result<()> {
//!         let conn = self.pool.acquire().await?;
//!         self.open.insert(client, conn); //~ stored_connection
//!         Ok(())
//!     }
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! struct Sessions {
//!     pool: sqlx::PgPool,
//! }
//! impl Sessions {
//!     async fn touch(&self, client: i64) -> sqlx::Result<()> {
//!         let mut conn = self.pool.acquire().await?;
//!         sqlx::query("UPDATE sessions SET seen = now() WHERE id = $1").bind(client).execute(&mut *conn).await?;
//!         Ok(())
//!     }
//! }
//! ```
//!
//! ## When it stays silent
//! When any function takes things out of the same place again (`remove`, `pop`, `take`, `clear`, `retain`, `= None`); for a
//! struct that is returned and so is a guard itself; for connections of no pool, cheap handles and listeners; for channels,
//! whose other end takes what is sent.
//!
//! ## Known limits
//! A field of `&mut self` has low confidence: a unit of work that lives for one request does the same. That things are taken
//! out is not proof that all are.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, Keeper, Life, PoolClass, ResId, Slot};
use crate::base::{Confidence, Finding, Span, Symbol};
use crate::pack::Kind;

/// The lint.
pub static LINT: Lint = Lint {
    name: "stored_connection",
    group: Group::Preview,
    summary: "a pooled connection is kept in something that outlives the function",
    since: "0.1.0",
    page: include_str!("stored_connection.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for event in &cx.events().events {
        if let Event::PilesUp { span, turn, name } = event {
            out.push(piles_up(cx, *span, *turn, *name));
        }
        let Event::Stored { res, span, into, slot } = event else { continue };
        let resource = &cx.events().resources[*res];
        let permit = resource.kind == Kind::Permit && *into == Keeper::Collection && slot.is_some();
        if !is_pooled(cx, *res) && !permit || !stays(cx, *res) {
            continue;
        }
        if slot.as_ref().is_some_and(|s| cx.facts.emptied.contains(s)) {
            continue;
        }
        let cap = match (into, slot) {
            (Keeper::Static, _) => Confidence::High,
            (Keeper::Collection, Some(_)) if permit => Confidence::Medium,
            (Keeper::Collection, Some(_)) => Confidence::High,
            // Nobody knows who else reaches it: what is taken out elsewhere would not be seen.
            (Keeper::Collection, None) | (Keeper::Locked, None) => Confidence::Low,
            (Keeper::Locked, Some(_)) => Confidence::Medium,
            (Keeper::Field | Keeper::Other, _) => Confidence::Low,
        };
        let name = words::name(cx, *res);
        let noun = words::noun(cx, resource);
        let place = match slot {
            Some(Slot::Field(owner, field)) => {
                format!("`{}::{field}`", owner.as_str().rsplit("::").next().unwrap_or_default())
            }
            Some(Slot::Static(path)) => {
                format!("the static `{}`", path.as_str().rsplit("::").next().unwrap_or_default())
            }
            None => String::from("a place that outlives this function"),
        };
        let mut finding = words::finding(cx, LINT.name, words::held_confidence(cx, *res).min(cap), *span, Some(*res));
        finding.message = format!("{noun} {name} is kept in {place}, from which nothing is ever taken out");
        finding.steps = words::acquisition_steps(cx, *res);
        finding.steps.push(words::step(*span, format!("kept in {place} from here on")));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), *span);
        finding.kinds.push(String::from(match into {
            Keeper::Static => "static",
            Keeper::Collection => "collection",
            Keeper::Locked => "behind a lock",
            Keeper::Field => "field",
            Keeper::Other => "other",
        }));
        let pool = words::pool(cx, &resource.pool);
        finding.why = match into {
            Keeper::Collection if permit => {
                format!("every call takes one more permit out of {pool} for good; in the end nobody gets one")
            }
            Keeper::Collection => {
                format!("every call takes one more connection out of {pool} for good; in the end it is empty")
            }
            Keeper::Static | Keeper::Locked | Keeper::Field | Keeper::Other => {
                format!("the {noun} is out of {pool} for as long as {place} lives")
            }
        };
        finding.help = String::from(
            "keep the pool and acquire where the connection is used, or take it out again when its user is gone",
        );
        out.push(finding);
    }
}

/// The handles of tasks that are never taken out of their collection.
fn piles_up(cx: &Cx<'_>, span: Span, turn: Span, name: Symbol) -> Finding {
    let mut finding = words::finding(cx, LINT.name, Confidence::Medium, span, None);
    finding.resource = name.to_string();
    finding.message = format!("tasks that have ended stay in `{name}` for as long as this loop turns");
    finding.steps = vec![
        words::step(turn, "each turn waits for this"),
        words::step(span, format!("and puts one more task into `{name}`, from which nothing is taken out")),
    ];
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("tasks"));
    finding.why = String::from(
        "each keeps its result until it is joined: one more for every client, until the process is out of memory",
    );
    finding.help =
        format!("join what has ended on each turn, such as a branch of the `select!` that takes from `{name}`");
    finding
}

/// Whether it occupies a slot of a pool and is not one that is kept by design.
fn is_pooled(cx: &Cx<'_>, res: ResId) -> bool {
    let resource = &cx.events().resources[res];
    let kind = match resource.kind {
        Kind::Guard | Kind::Tx => true,
        // Pooled or not is provenance.
        Kind::Conn | Kind::Stream => cx.program.kind(&resource.pool.ty) == Some(Kind::Pool),
        Kind::Permit
        | Kind::LockGuard
        | Kind::Pool
        | Kind::Semaphore
        | Kind::Lock
        | Kind::Handle
        | Kind::Driver
        | Kind::Task
        | Kind::Raw
        | Kind::Wrapper
        | Kind::Builder
        | Kind::Plain => false,
    };
    kind && resource.pool.class == PoolClass::Slots && !resource.outlives && !words::long_lived(cx, resource)
}

/// Whether it is still there on some path that ends with success.
fn stays(cx: &Cx<'_>, res: ResId) -> bool {
    cx.events().events.iter().any(|e| match e {
        Event::Exit { res: r, outcomes, .. } => *r == res && outcomes.may_be(Life::Stored),
        _ => false,
    })
}
