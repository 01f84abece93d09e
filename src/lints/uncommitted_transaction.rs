//! # uncommitted_transaction
//!
//! ## What it does
//! Reports a transaction that wrote something and is dropped, without commit or explicit rollback, on a path on which the
//! function succeeds; a `commit()` that is never awaited; and a transaction that is a temporary, so that nobody can commit it.
//!
//! ## Why is this bad?
//! Dropping a transaction rolls it back. The caller is told that all went well, and the writes are gone.
//!
//! ## Example
//! ```rust
//! async fn rename(pool: &sqlx::PgPool, name: &str) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("UPDATE users SET name = $1").bind(name).execute(&mut *tx).await?;
//!     Ok(()) //~ uncommitted_transaction
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn rename(pool: &sqlx::PgPool, name: &str) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("UPDATE users SET name = $1").bind(name).execute(&mut *tx).await?;
//!     tx.commit().await
//! }
//! ```
//!
//! ## When it stays silent
//! On paths that return an error, and on those that met one and wrote nothing after it (`Err(e) => warn!("{e}")`), where the
//! rollback by drop is wanted; when the transaction is returned, stored or passed on by value; for transactions that only read
//! (see `uncommitted_read`), also where a callee writes but its answer (`None`, `false`) tells that it did not; on an early way
//! out after a statement of unknown text, where another path commits; where all is written and a branch then commits or does
//! not, with the same answer (`if changed { tx.commit().await? }`).
//!
//! ## Known limits
//! A result whose variant is not visible (`return helper().await`) counts as success, with medium confidence, unless the helper
//! never succeeds.

use super::{Cx, Group, Lint, words};
use crate::analyse::outcomes::Outcome;
use crate::analyse::{Event, Life, Origin, Release, ResId, Wrote};
use crate::base::{Confidence, Finding, Span};
use crate::pack::{Kind, OnDrop};

/// The lint.
pub static LINT: Lint = Lint {
    name: "uncommitted_transaction",
    group: Group::Correctness,
    summary: "a transaction that wrote is dropped without commit although the function succeeds",
    since: "0.1.0",
    page: include_str!("uncommitted_transaction.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for res in cx.events().resources.indices() {
        if let Some(finding) = not_awaited(cx, res).or_else(|| temporary(cx, res)).or_else(|| on_exit(cx, res, true)) {
            out.push(finding);
        }
    }
}

/// A transaction of this body's own that is rolled back when it is dropped.
fn ends_by_rollback(cx: &Cx<'_>, res: ResId) -> bool {
    let resource = &cx.events().resources[res];
    if resource.kind != Kind::Tx || resource.borrowed || resource.inside && matches!(resource.origin, Origin::Local(_))
    {
        return false;
    }
    let row = cx.program.type_row(&resource.ty);
    row.is_none_or(|r| r.on_drop != OnDrop::Commits)
}

fn not_awaited(cx: &Cx<'_>, res: ResId) -> Option<Finding> {
    if !ends_by_rollback(cx, res) {
        return None;
    }
    let (span, what) = cx.events().events.iter().find_map(|e| match e {
        Event::CommitNotAwaited { res: r, span, what } if *r == res => Some((*span, what.clone())),
        _ => None,
    })?;
    let name = words::name(cx, res);
    let mut finding = words::finding(cx, LINT.name, words::certainty(cx, res), span, Some(res));
    finding.message = format!("`{what}` of {name} is never awaited, so the transaction is rolled back");
    finding.steps = words::acquisition_steps(cx, res);
    finding.steps.push(words::step(span, "this future is dropped without having run"));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("not awaited"));
    finding.why = String::from(
        "a future does nothing until it is awaited; dropping it drops the transaction inside, which rolls back",
    );
    finding.help = format!("add `.await` to `{}`", words::text(cx, span));
    Some(finding)
}

fn temporary(cx: &Cx<'_>, res: ResId) -> Option<Finding> {
    if !ends_by_rollback(cx, res) {
        return None;
    }
    let at_once = cx.events().events.iter().any(|e| matches!(e, Event::DroppedAtOnce { res: r, .. } if *r == res));
    // `let tx = &mut pool.begin().await?`: it lives as long as `tx`, which cannot commit what it only borrows.
    if !(words::is_borrowed_temporary(cx, res) || at_once && words::variable(cx, res).is_none()) {
        return None;
    }
    let resource = &cx.events().resources[res];
    // A snapshot for a read: it was used in the statement and no path wrote in it.
    let used = cx.events().uses[res].iter().any(|&u| u != resource.span);
    let wrote = cx.events().events.iter().any(|e| match e {
        Event::Exit { res: r, outcomes, .. } => *r == res && outcomes.iter().any(|o| o.wrote != Wrote::No),
        _ => false,
    });
    if used && !wrote {
        return None;
    }
    let mut finding = words::finding(cx, LINT.name, resource.confidence, resource.span, Some(res));
    finding.message = format!("the {} begun here is a temporary, so nothing can commit it", words::noun(cx, resource));
    finding.steps = words::acquisition_steps(cx, res);
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), resource.span);
    finding.kinds.push(String::from("temporary"));
    finding.why =
        String::from("a temporary is dropped at the end of its statement, and dropping a transaction rolls it back");
    finding.help = String::from("bind it with `let mut tx = …` and call `tx.commit().await?` at the end");
    Some(finding)
}

/// The finding of the first success exit on which the transaction was dropped uncommitted. `wrote`: only if it wrote.
pub(super) fn on_exit(cx: &Cx<'_>, res: ResId, wrote: bool) -> Option<Finding> {
    if !ends_by_rollback(cx, res) {
        return None;
    }
    // What met an error and wrote nothing since is rolled back on purpose, whatever the function answers.
    let offends = |o: &Outcome| {
        o.life == Life::Dropped && if wrote { o.wrote != Wrote::No && !o.failed } else { o.wrote == Wrote::No }
    };
    let mut exits: Vec<(Span, Confidence, bool, Wrote)> = Vec::new();
    for event in &cx.events().events {
        let Event::Exit { res: r, span, outcomes, success, chosen } = event else { continue };
        if *r != res {
            continue;
        }
        // Where a branch chose between commit and rollback, the writes are not wanted on the other side.
        if *chosen && outcomes.iter().any(|o| o.life == Life::Dropped && o.wrote != Wrote::No) {
            continue;
        }
        if let Some(most) = outcomes.iter().filter(offends).map(|o| o.wrote).max() {
            let ended = outcomes.iter().any(|o| o.life != Life::Dropped);
            exits.push((*span, *success, ended, most));
        }
    }
    // If it wrote on any exit, or nothing could commit it, the stronger lint tells.
    if !wrote && (on_exit(cx, res, true).is_some() || temporary(cx, res).is_some() || not_awaited(cx, res).is_some()) {
        return None;
    }
    exits.sort();
    let best = exits.iter().map(|e| (e.3, e.1)).max()?;
    let &(span, success, sometimes, most) = exits.iter().find(|e| (e.3, e.1) == best)?;
    let resource = &cx.events().resources[res];
    let name = words::name(cx, res);
    let noun = words::noun(cx, resource);
    let confidence =
        words::certainty(cx, res).min(success).min(if sometimes { Confidence::Medium } else { Confidence::High });
    // Nobody commits what is not there, and no path shows that it is.
    let confidence = if resource.maybe { Confidence::Low } else { confidence };
    let confidence = match resource.origin {
        Origin::Local(_) => confidence.min(Confidence::Medium),
        Origin::Call(_) | Origin::Block(_) => confidence,
    };
    // Where another path commits, an early success may mean that there was nothing to write, whatever a callee could do.
    let committed = cx.events().releases[res].iter().any(|(_, r)| *r == Release::Commit);
    let confidence = if committed { confidence.min(Confidence::Medium) } else { confidence };
    // Whether it wrote at all is a guess, and where it is committed elsewhere a bad one.
    let confidence = match most {
        Wrote::May if committed || sometimes => Confidence::Low,
        Wrote::May => confidence.min(Confidence::Medium),
        Wrote::No | Wrote::Yes => confidence,
    };
    let lint = if wrote { LINT.name } else { super::uncommitted_read::LINT.name };
    let mut finding = words::finding(cx, lint, confidence, span, Some(res));
    let ended_somewhere = sometimes || committed;
    let where_ = if ended_somewhere { "on this path" } else { "on any path" };
    finding.message = if wrote {
        format!("{noun} {name} is not committed {where_}, so its writes are rolled back although the function succeeds")
    } else {
        format!("{noun} {name} only reads and is not ended {where_}")
    };
    if words::variable(cx, res).is_none() {
        finding.message = finding.message.replace(&format!("{noun} {name}"), &name);
    }
    finding.steps = words::acquisition_steps(cx, res);
    for &used in cx.events().uses[res].iter().take(6) {
        if used.file == span.file && used < span && Some(used) != finding.acquired_at {
            finding.steps.push(words::step(used, format!("{name} is used here")));
        }
    }
    finding.steps.push(words::step(span, format!("returns with success; {name} is dropped, which rolls back")));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from(if ended_somewhere { "some path" } else { "no path" }));
    finding.why = if wrote {
        String::from("dropping an open transaction rolls it back; the caller is told that all went well")
    } else {
        String::from("the rollback is queued and runs later; an explicit end makes plain that nothing was to be kept")
    };
    finding.help = match words::variable(cx, res) {
        Some(name) => {
            format!("call `{name}.commit()` before this return, or `{name}.rollback()` if the writes are not wanted")
        }
        None => String::from("bind the transaction to a variable and commit it before this return"),
    };
    Some(finding)
}
