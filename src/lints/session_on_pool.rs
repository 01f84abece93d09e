//! # session_on_pool
//!
//! ## What it does
//! Reports SQL that makes or needs the state of a session and is sent through a pool: `BEGIN` and `COMMIT` as text,
//! `pg_advisory_lock` and `pg_advisory_unlock`, `SET` other than `SET LOCAL`, `LISTEN`, `CREATE TEMPORARY TABLE`,
//! `DECLARE … CURSOR WITH HOLD`, `PREPARE`.
//!
//! ## Why is this bad?
//! A pool lends a connection for one statement and takes it back. The next statement may run on another connection: the
//! transaction is not where its statements are, the lock is never given back, the setting surprises whoever gets the
//! connection next.
//!
//! ## Example
//! ```rust
//! async fn migrate(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     sqlx::query("SELECT pg_advisory_lock(7)").execute(pool).await?; //~ session_on_pool
//!     sqlx::query("CREATE TABLE IF NOT EXISTS users (id bigint)").execute(pool).await?;
//!     sqlx::query("SELECT pg_advisory_unlock(7)").execute(pool).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn migrate(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("SELECT pg_advisory_xact_lock(7)").execute(&mut *tx).await?;
//!     sqlx::query("CREATE TABLE IF NOT EXISTS users (id bigint)").execute(&mut *tx).await?;
//!     tx.commit().await
//! }
//! ```
//!
//! ## When it stays silent
//! For text that begins and ends what it needs by itself (`BEGIN; …; COMMIT`), which is sent over one connection; for
//! `pg_advisory_xact_lock`; on a connection or transaction.
//!
//! ## Known limits
//! Text is read where it is a literal, not where it is built at run time. A pool that is limited to one connection is not
//! told from others.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, Link, resource::PoolId, sql::Session};
use crate::base::{Confidence, Finding, Span};

/// The lint.
pub static LINT: Lint = Lint {
    name: "session_on_pool",
    group: Group::Correctness,
    summary: "session state is sent through a pool, whose next statement may run on another connection",
    since: "0.1.0",
    page: include_str!("session_on_pool.rs"),
    check,
};

/// Statements that belong together: one cause.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Topic {
    Transaction,
    Lock,
    One(Session),
}

fn topic(session: Session) -> Topic {
    match session {
        Session::Begin | Session::End => Topic::Transaction,
        Session::Lock | Session::Unlock => Topic::Lock,
        Session::Set | Session::Listen | Session::Temporary | Session::Cursor | Session::Prepare => Topic::One(session),
    }
}

fn what(session: Session) -> &'static str {
    match session {
        Session::Begin => "the beginning of a transaction",
        Session::End => "the end of a transaction",
        Session::Lock => "a session lock",
        Session::Unlock => "the release of a session lock",
        Session::Set => "a setting of the session",
        Session::Listen => "`LISTEN`",
        Session::Temporary => "a temporary table",
        Session::Cursor => "a cursor `WITH HOLD`",
        Session::Prepare => "a prepared statement",
    }
}

fn why(session: Session) -> &'static str {
    match session {
        Session::Begin => {
            "each statement may run on another connection: those that follow are not part of the transaction, which stays \
             open on a connection that others get"
        }
        Session::End => {
            "each statement may run on another connection: this one ends nothing, or what somebody else began there"
        }
        Session::Lock => {
            "the lock stays with a connection that goes back at once; the unlock may run on another one, and then the lock \
             is held until that connection closes"
        }
        Session::Unlock => {
            "only the session that took the lock can give it back; on another connection this does nothing and answers \
             `false`"
        }
        Session::Set => {
            "it holds for one connection of the pool, for whoever gets that one next, and not for the others"
        }
        Session::Listen => "notifications arrive on the connection that listens, which goes back to the pool at once",
        Session::Temporary => "the table is there on one connection only, and stays there for whoever gets it next",
        Session::Cursor | Session::Prepare => {
            "it is known to one connection only, and stays there for whoever gets it next"
        }
    }
}

fn help(session: Session) -> &'static str {
    match session {
        Session::Begin | Session::End => {
            "use the pool's own `begin()` and run the statements on the transaction it gives"
        }
        Session::Lock | Session::Unlock => {
            "lock and unlock on one connection, or take `pg_advisory_xact_lock` inside a transaction"
        }
        Session::Set => {
            "use `SET LOCAL` inside a transaction, or give the setting to the pool's options, so that every connection has it"
        }
        Session::Listen => "use the library's listener, which keeps a connection of its own",
        Session::Temporary | Session::Cursor | Session::Prepare => {
            "acquire one connection, or begin a transaction, and run all statements that need it there"
        }
    }
}

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let mut told: Vec<(String, Topic, usize)> = Vec::new();
    let mut uses: Vec<(Span, Session, &PoolId, &[Link])> = Vec::new();
    for event in &cx.events().events {
        let Event::SessionOnPool { span, session, pool, chain } = event else { continue };
        if !uses.iter().any(|u| u.0 == *span) {
            uses.push((*span, *session, pool, chain));
        }
    }
    uses.sort_by_key(|u| u.0);
    for (span, session, pool, chain) in uses {
        let name = words::pool(cx, pool);
        let topic = topic(session);
        // What follows from the first is the same cause: a step of its finding.
        if let Some((.., at)) = told.iter().find(|(n, t, _)| *n == name && *t == topic) {
            if let Some(finding) = out.get_mut(*at) {
                finding.steps.push(words::step(span, format!("{} goes through {name} here", what(session))));
            }
            continue;
        }
        let confidence = match session {
            Session::Begin | Session::Lock | Session::Unlock | Session::Listen => Confidence::High,
            Session::End | Session::Set | Session::Temporary | Session::Cursor | Session::Prepare => Confidence::Medium,
        };
        let mut finding = words::finding(cx, LINT.name, confidence, span, None);
        finding.resource = words::folded(cx, span);
        finding.message = format!("{} is sent through {name}, whose next statement may run elsewhere", what(session));
        finding.steps.push(words::step(span, format!("any connection of {name} may run this")));
        finding.steps.extend(words::chain_steps(chain, "sends it"));
        finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
        finding.kinds.push(what(session).to_owned());
        finding.why = why(session).to_owned();
        finding.help = help(session).to_owned();
        told.push((name, topic, out.len()));
        out.push(finding);
    }
}
