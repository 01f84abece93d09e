//! # connection_per_call
//!
//! ## What it does
//! Reports that a connection of its own is opened for each request, in a loop, or by each call of a method whose object
//! could keep one, and is closed again afterwards.
//!
//! ## Why is this bad?
//! Opening a connection costs several round trips, and nothing limits how many are open at once: under load the server
//! refuses further ones, for everybody.
//!
//! ## Example
//! ```rust
//! use sqlx::Connection;
//! struct Store {
//!     url: String,
//! }
//! impl Store {
//!     async fn purge(&self) -> Result<(), sqlx::Error> {
//!         let mut conn = sqlx::PgConnection::connect(&self.url).await?; //~ connection_per_call
//!         sqlx::query("DELETE FROM sessions").execute(&mut conn).await.map(drop)
//!     }
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! struct Store {
//!     pool: sqlx::PgPool,
//! }
//! impl Store {
//!     async fn purge(&self) -> Result<(), sqlx::Error> {
//!         sqlx::query("DELETE FROM sessions").execute(&self.pool).await.map(drop)
//!     }
//! }
//! ```
//!
//! ## When it stays silent
//! When all callers that are seen start at `main` or an initialiser and none is in a loop; when the connection is returned
//! to a caller that is not seen, or stored; when a loop reconnects or waits for a timer in each turn; when each request or
//! turn connects to something else.
//!
//! ## Known limits
//! A function of which no caller is seen is reported only if it has a pool at hand, or is a method that connects with what
//! its object keeps.

use super::{Cx, Group, Lint, words};
use crate::analyse::Event;
use crate::analyse::made::What;
use crate::analyse::made::often::{Each, Often};
use crate::base::{Confidence, Finding};

/// The lint.
pub static LINT: Lint = Lint {
    name: "connection_per_call",
    group: Group::Pedantic,
    summary: "a connection is opened per call or in a loop rather than taken from a pool",
    since: "0.1.0",
    page: include_str!("connection_per_call.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for event in &cx.events().events {
        let Event::Made(made) = event else { continue };
        if made.what != What::Connection || made.kept {
            continue;
        }
        let (each, sure) = match &made.often {
            Often::Once => continue,
            Often::Unknown if made.means_kept || made.at_hand => (None, Confidence::Medium),
            Often::Unknown => (None, Confidence::Low),
            Often::Many(many) => {
                if let Each::Turn(cycle) = many.each
                    && (cycle.session || cycle.paced)
                {
                    continue;
                }
                // As many as there are items, all at once, are meant.
                if many.each == Each::Item && made.handed_on {
                    continue;
                }
                // A loop further out may turn once a day.
                let near = many.via.is_empty() || !matches!(many.each, Each::Turn(_));
                (Some(many.each), if many.sure && near { Confidence::High } else { Confidence::Medium })
            }
        };
        let leaf = made.chain.last().map_or(made.span, |l| l.span);
        let noun = words::made(cx, &made.ty, "connection");
        // It is told where it is made, whoever asked for it.
        let mut finding = words::finding(cx, LINT.name, made.confidence.min(sure), leaf, None);
        finding.resource = words::folded(cx, leaf);
        finding.message = format!("{} is opened for each {}", words::one(&noun), words::each(each));
        finding.steps = words::made_steps(made, &format!("the {noun} is opened here"));
        for step in &mut finding.steps {
            step.primary = step.span == leaf;
        }
        if !made.others.is_empty() {
            let shown = made.others.iter().take(3).map(|s| words::step(*s, "also called here"));
            finding.steps.extend(shown);
        }
        finding.kinds.push(words::each(each).to_owned());
        finding.why = String::from("each run pays for a new connection, and nothing limits how many are open at once");
        finding.help = if made.at_hand {
            String::from("take it from the pool that is at hand")
        } else {
            String::from("keep a pool, or one long-lived connection, where what is needed to connect is kept now")
        };
        out.push(finding);
    }
}
