//! # pool_per_call
//!
//! ## What it does
//! Reports that a connection pool is built again and again: for each request, in a loop, for each worker of a server.
//!
//! ## Why is this bad?
//! A pool that lives as long as one call pools nothing: each call opens connections of its own and closes them again, and
//! the limit that a pool puts on their number holds for no two calls together. Under load the server runs out of connections.
//!
//! ## Example
//! ```rust
//! async fn count(settings: axum::extract::Path<String>) -> Result<i64, sqlx::Error> {
//!     let pool = sqlx::PgPool::connect("postgres://db/shop").await?; //~ pool_per_call
//!     sqlx::query_scalar("SELECT count(*) FROM orders WHERE shop = $1").bind(settings.0).fetch_one(&pool).await
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn count(
//!     pool: axum::extract::State<sqlx::PgPool>,
//!     settings: axum::extract::Path<String>,
//! ) -> Result<i64, sqlx::Error> {
//!     sqlx::query_scalar("SELECT count(*) FROM orders WHERE shop = $1").bind(settings.0).fetch_one(&*pool).await
//! }
//! ```
//!
//! ## When it stays silent
//! When all callers that are seen start at `main` or an initialiser and none is in a loop; when the pool is stored in
//! something that lives longer, such as a cache; when a loop only tries again until the pool is there; when each request or
//! turn of the loop, or each item of a collection, connects to something else, such as the databases of several tenants.
//!
//! ## Known limits
//! Functions of which no caller is seen, and that take no request, are reported with low confidence only; so are pools that a
//! loop in a caller makes again, which may turn once a day, or a loop that waits for a timer in each turn.

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::analyse::made::What;
use crate::analyse::made::often::{Each, Often};
use crate::base::{Confidence, Finding};

/// The lint.
pub static LINT: Lint = Lint {
    name: "pool_per_call",
    group: Group::Suspicious,
    summary: "a pool is built per call, per request or in a loop",
    since: "0.1.0",
    page: include_str!("pool_per_call.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for event in &cx.events().events {
        let Event::Made(made) = event else { continue };
        if made.what != What::Pool {
            continue;
        }
        let each = match &made.often {
            Often::Once => continue,
            Often::Unknown => None,
            Often::Many(many) => Some(many.each),
        };
        // A server factory keeps what it makes and still makes one for each worker; so does who makes the same pool for
        // each item.
        if made.kept && !matches!(each, Some(Each::Worker | Each::Turn(_) | Each::Item)) {
            continue;
        }
        let sure = match (&made.often, made.kept) {
            (Often::Once | Often::Unknown, _) => Confidence::Low,
            (Often::Many(many), kept) => {
                let worker = many.each == Each::Worker;
                // A loop further out may turn once a day; one that waits for a timer, or in which a session lives, turns
                // seldom too, and lets go of the pool of the turn before.
                let near = match many.each {
                    Each::Turn(cycle) => many.via.is_empty() && !cycle.paced && !cycle.session,
                    Each::Item | Each::Request | Each::Worker => true,
                };
                match near {
                    true if many.sure && (worker || !kept) => Confidence::High,
                    true => Confidence::Medium,
                    false => Confidence::Low,
                }
            }
        };
        let pool = words::made(cx, &made.ty, "pool");
        let mut finding = words::finding(cx, LINT.name, made.confidence.min(sure), made.span, None);
        finding.resource = words::folded(cx, made.span);
        finding.message = format!("{} is built for each {}", words::one(&pool), words::each(each));
        finding.steps = words::made_steps(made, &format!("the {pool} is built here"));
        finding.kinds.push(words::each(each).to_owned());
        finding.why = if made.kept {
            String::from("each holds connections of its own: together they have as many times the limit of one pool")
        } else {
            String::from("it is dropped after use: each run opens new connections, and no limit holds for all of them")
        };
        finding.help =
            String::from("build one pool at start-up and hand clones of it on; a clone shares its connections");
        out.push(finding);
    }
}
