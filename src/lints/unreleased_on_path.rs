//! # unreleased_on_path
//!
//! ## What it does
//! Reports what must be given back by a statement and is not on some path, by `?`, by `return`, at the end, or when the
//! function is cancelled at an await in between:
//!
//! - a session lock (`pg_advisory_lock`, `GET_LOCK`) whose connection returns to its pool while the lock is held, or that is
//!   given back by a statement whose answer nobody looks at;
//! - a transaction that is begun and ended as text (`BEGIN`, `COMMIT`) over a connection that lives on;
//! - a connection that is taken out of a field and dropped on one path although another puts it back or uses it;
//! - the connections in a pool of one's own when it is shut: where a flag is set after which nobody gets one, and they are left
//!   there, or put in afterwards because the flag was looked at before the pool's lock was taken;
//! - permits that are forgotten and added again by `add_permits`, also where the task that adds them may end before; permits
//!   that are added although none are forgotten;
//! - a raw handle that a C library gave, as a result or through an out-parameter, also where the call that gave it failed;
//! - a counter that goes up and down, something put into a set or map and taken out under the same name, a flag that is set
//!   and cleared, where one path leaves before the second half, also through methods that do one half each.
//!
//! ## Why is this bad?
//! A session lock belongs to the connection, not to the function. A pool hands the connection to somebody else with the lock
//! on it, and everybody else who wants that lock waits until that connection happens to close.
//!
//! ## Example
//! ```rust
//! async fn migrate(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut conn = pool.acquire().await?;
//!     sqlx::query("SELECT pg_advisory_lock(7)").execute(&mut *conn).await?;
//!     sqlx::query("CREATE TABLE users (id bigint)").execute(&mut *conn).await?; //~ unreleased_on_path
//!     sqlx::query("SELECT pg_advisory_unlock(7)").execute(&mut *conn).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn migrate(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("SELECT pg_advisory_xact_lock(7)").execute(&mut *tx).await?;
//!     sqlx::query("CREATE TABLE users (id bigint)").execute(&mut *tx).await?;
//!     tx.commit().await
//! }
//! ```
//! or let a connection that still holds the lock be closed:
//! ```rust
//! async fn migrate(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut conn = pool.acquire().await?;
//!     conn.close_on_drop();
//!     sqlx::query("SELECT pg_advisory_lock(7)").execute(&mut *conn).await?;
//!     sqlx::query("CREATE TABLE users (id bigint)").execute(&mut *conn).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## When it stays silent
//! When the connection is closed, detached, or owned by a struct with a `Drop` of its own; for pools that reset a session
//! that comes back, or have a hook that unlocks it; where a lock was only tried and the answer was no; for a connection that
//! is dropped on an error path after it was taken out of a field, since a broken one is not to be put back.
//!
//! For counters and the like: where the place is nobody else's (`&mut self` in code that is not async); where something with
//! a `Drop` of its own is made after the first half, or has one that does the second; where the work is handed to a task that
//! does the second half; where the function does only the first half and the caller does the other; for what is kept in a map
//! for others to find.
//!
//! ## Known limits
//! An unlock that fails and is looked at is taken for one that works. Counters are not told apart by amount, nor members by what they are where
//! their names are made in different ways. A panic is no exit, except of a task that is to add permits again.

use super::{Cx, Group, Lint, balances, left_behind, words};
use crate::analyse::owed::{Account, Balance, Sort};
use crate::analyse::{Event, Life, Outcomes, Release, ResId};
use crate::base::{Confidence, Finding, Span};
use crate::ir::{Body, Callee, DropWhy, LocalId, LocalKind, Operand, ReturnKind, Rvalue, StmtKind};
use crate::pack::Kind;

/// The lint.
pub static LINT: Lint = Lint {
    name: "unreleased_on_path",
    group: Group::Correctness,
    summary: "what must be given back by a statement is not on some path: a session lock, a permit, a count",
    since: "0.1.0",
    page: include_str!("unreleased_on_path.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for res in cx.events().resources.indices() {
        out.extend(locked(cx, res).or_else(|| unasked(cx, res)).or_else(|| taken(cx, res)));
    }
    out.extend(left_behind::findings(cx, LINT.name));
    let tasks = |account: &usize| cx.events().accounts[*account].sort == Sort::Task;
    for account in (0..cx.events().accounts.len()).filter(|a| !tasks(a)) {
        out.extend(balances::unbalanced(cx, LINT.name, account).or_else(|| added(cx, account)));
    }
}

/// Permits that are added although nobody forgets any: a limit that only grows.
fn added(cx: &Cx<'_>, n: usize) -> Option<Finding> {
    let account = &cx.events().accounts[n];
    let permits = |a: &&Account| a.sort == Sort::Permits && (a.slot == account.slot || a.slot.is_none());
    if account.sort != Sort::Permits || account.slot.is_none() || account.before != Balance::NEVER {
        return None;
    }
    let mut all = cx.facts.events.iter().flat_map(|events| &events.accounts).filter(permits);
    if all.any(|a| a.moves.iter().any(|m| !m.0)) || cx.facts.closed_gates {
        return None;
    }
    let (_, span) = *account.moves.first()?;
    let name = &account.name;
    let mut finding = words::finding(cx, LINT.name, Confidence::Medium, span, None);
    finding.resource.clone_from(name);
    finding.message = format!("permits are added to `{name}`, and nothing has taken any out of it for good");
    finding.steps = words::order_steps(vec![words::step(span, "the limit grows each time this runs")], span);
    finding.kinds.push(String::from("added"));
    finding.why = String::from(
        "a permit that is dropped comes back by itself; what is added besides lets more in at once than the limit says",
    );
    finding.help = String::from("add permits only for those that were forgotten");
    Some(finding)
}

/// Whether it goes back to a pool that leaves the session as it is.
fn keeps_session(cx: &Cx<'_>, res: ResId) -> bool {
    let resource = &cx.events().resources[res];
    !cx.facts.unlocks_on_return
        && matches!(resource.kind, Kind::Guard | Kind::Tx)
        && !resource.borrowed
        && !cx.program.type_row(&resource.ty).is_some_and(|r| r.resets)
}

fn locks(cx: &Cx<'_>, res: ResId, wanted: bool) -> impl Iterator<Item = Span> {
    cx.events().events.iter().filter_map(move |e| match e {
        Event::Locks { res: r, span, takes } if *r == res && *takes == wanted => Some(*span),
        _ => None,
    })
}

fn goes_back(life: Life) -> bool {
    matches!(life, Life::Dropped | Life::Ended | Life::RolledBack)
}

fn locked(cx: &Cx<'_>, res: ResId) -> Option<Finding> {
    if !keeps_session(cx, res) {
        return None;
    }
    let resource = &cx.events().resources[res];
    let unlocked = locks(cx, res, false).next().is_some();
    let mut exits: Vec<(Confidence, ReturnKind, Span)> = Vec::new();
    for event in &cx.events().events {
        let Event::LeftLocked { res: r, span, outcomes, kind } = event else { continue };
        if *r == res {
            exits.push((surety(*outcomes, unlocked), *kind, *span));
        }
    }
    let best = exits.iter().map(|e| e.0).max();
    let left = exits.iter().filter(|e| Some(e.0) == best).min_by_key(|e| e.2);
    let name = words::name(cx, res);
    let (confidence, span, message, last) = match left {
        Some(&(confidence, kind, span)) => {
            let how = match kind {
                ReturnKind::Failure => "on this error path",
                ReturnKind::Explicit | ReturnKind::End => "on this path",
            };
            let message = if unlocked {
                format!("the session lock that {name} holds is not given back {how}")
            } else {
                format!("the session lock that {name} holds is never given back")
            };
            (confidence, span, message, format!("leaves here; {name} goes back to its pool with the lock"))
        }
        None => {
            // Every path gives it back, if the function gets that far: nobody gives up what only `main` and its tasks wait for.
            if cx.facts.single(cx.body) {
                return None;
            }
            let body = cx.program.body(cx.body);
            let deferred = |at: Span| locks(cx, res, false).any(|done| body.put_off(done, at));
            let span = cx.events().events.iter().find_map(|e| match e {
                Event::AwaitLocked { res: r, span } if *r == res && unlocked && !deferred(*span) => Some(*span),
                _ => None,
            })?;
            let message = format!("the session lock that {name} holds is not given back if this await is cancelled");
            (Confidence::Medium, span, message, format!("if it is cancelled here, {name} goes back with the lock"))
        }
    };
    let mut finding = words::finding(cx, LINT.name, confidence.min(words::held_confidence(cx, res)), span, Some(res));
    finding.message = message;
    finding.steps = words::acquisition_steps(cx, res);
    for taken in locks(cx, res, true) {
        finding.steps.push(words::step(taken, "its session takes the lock here"));
    }
    finding.steps.push(words::step(span, last));
    for given in locks(cx, res, false).take(3) {
        finding.steps.push(words::step(given, "the lock is given back only here"));
    }
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from(match (left.is_some(), unlocked) {
        (true, true) => "some path",
        (true, false) => "no path",
        (false, _) => "cancelled",
    }));
    finding.why = format!(
        "the lock stays with the connection: whoever gets it next from {} has the lock, all others wait for it",
        words::pool(cx, &resource.pool)
    );
    finding.help = String::from(
        "take `pg_advisory_xact_lock` inside a transaction, or let the connection be closed instead of returned while it \
         holds the lock",
    );
    Some(finding)
}

/// A lock is given back by a statement whose answer nobody looks at; where it fails, the connection returns with the lock.
fn unasked(cx: &Cx<'_>, res: ResId) -> Option<Finding> {
    // Who ends the connection afterwards ends its session.
    let ends = |(_, release): &(Span, Release)| matches!(release, Release::Call);
    if !keeps_session(cx, res) || cx.events().releases[res].iter().any(ends) {
        return None;
    }
    let span = locks(cx, res, false).find(|span| ignored(cx.program.body(cx.body), *span))?;
    let name = words::name(cx, res);
    let mut finding = words::finding(cx, LINT.name, Confidence::Medium, span, Some(res));
    finding.message = format!("whether {name} gives its session lock back is not looked at");
    finding.steps = words::acquisition_steps(cx, res);
    finding.steps.push(words::step(span, format!("if this fails, {name} goes back to its pool with the lock")));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("unlock ignored"));
    finding.why = String::from(
        "a statement fails also over a session that is alive, after a timeout or in a transaction that was aborted: the \
         lock stays, and everybody who wants it waits",
    );
    finding.help = String::from("where it fails, let the connection be closed: its session ends, and the lock with it");
    Some(finding)
}

/// Whether the answer of what is awaited or called at a place is thrown away, as it is or as `.ok()`.
fn ignored(body: &Body, at: Span) -> bool {
    let (mut answers, mut options): (Vec<LocalId>, Vec<LocalId>) = (Vec::new(), Vec::new());
    for stmt in body.blocks.iter().flat_map(|b| &b.stmts) {
        match &stmt.kind {
            StmtKind::Assign { to, value } => {
                let here = stmt.span.start <= at.start && at.end <= stmt.span.end;
                match value {
                    Rvalue::Await(_) if here => answers.extend(to.as_local()),
                    Rvalue::Call(_) if stmt.span == at => answers.extend(to.as_local()),
                    Rvalue::Call(id) => {
                        let call = &body.calls[*id];
                        let of = matches!(call.args.first(), Some(Operand::Place(p)) if answers.contains(&p.local));
                        let ok = matches!(&call.callee, Callee::Method { name, .. } if name.as_str() == "ok");
                        options.extend(to.as_local().filter(|_| of && ok));
                    }
                    _ => {}
                }
            }
            StmtKind::Drop { place, why: DropWhy::Wildcard } if answers.contains(&place.local) => return true,
            StmtKind::Drop { place, why: DropWhy::Wildcard | DropWhy::Temporary } if options.contains(&place.local) => {
                return true;
            }
            StmtKind::Drop { .. } | StmtKind::Yield(_) | StmtKind::Declare(_) => {}
        }
    }
    false
}

/// How sure it is that a path to an exit has the lock.
fn surety(outcomes: Outcomes, unlocked: bool) -> Confidence {
    let free = outcomes.iter().any(|o| !o.locked && goes_back(o.life));
    match (free, unlocked) {
        (false, _) => Confidence::High,
        (true, false) => Confidence::Medium,
        // Two conditions may be one and the same.
        (true, true) => Confidence::Low,
    }
}

/// Taken out of a field, dropped by the end of its scope on one path, kept on another.
fn taken(cx: &Cx<'_>, res: ResId) -> Option<Finding> {
    let resource = &cx.events().resources[res];
    if !resource.borrowed || !resource.is_connection() {
        return None;
    }
    // A variable was given it: `retain` and its kin take out what is not wanted.
    let is_var = |l: &LocalId| cx.program.body(cx.body).locals[*l].kind == LocalKind::Var;
    if !cx.events().holders[res].iter().any(is_var) {
        return None;
    }
    let by_scope = |r: &Release| matches!(r, Release::Scope | Release::Temporary);
    if !cx.events().releases[res].iter().all(|(_, r)| by_scope(r)) {
        return None;
    }
    let lives = |o: Outcomes| [Life::Held, Life::Escaped, Life::Stored].iter().any(|&l| o.may_be(l));
    let exits = || {
        cx.events().events.iter().filter_map(|e| match e {
            Event::LeftTaken { res: r, span, outcomes, kind } if *r == res => Some((*span, *outcomes, *kind)),
            _ => None,
        })
    };
    let (span, ..) = exits()
        .filter(|(_, o, kind)| *kind != ReturnKind::Failure && o.may_be(Life::Dropped) && !lives(*o))
        .min_by_key(|e| e.0)?;
    // Elsewhere it lives on: this exit is the odd one.
    let (other, ..) = exits().filter(|(s, o, _)| lives(*o) && *s > span).min_by_key(|e| e.0)?;
    let field = resource.path.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(".");
    let noun = words::noun(cx, resource);
    let mut finding = words::finding(cx, LINT.name, Confidence::Medium, span, Some(res));
    finding.message = format!("the {noun} taken out of `{field}` is dropped on this path instead of being put back");
    let taken = cx.events().events.iter().filter_map(|e| match e {
        Event::TakenOut { res: r, span } if *r == res => Some(*span),
        _ => None,
    });
    finding.steps = taken.take(2).map(|s| words::step(s, format!("the {noun} is taken out here"))).collect();
    finding.steps.extend([
        words::step(span, format!("leaves here without putting the {noun} back")),
        words::step(other, "on this path it lives on"),
    ]);
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("taken"));
    finding.why = format!("the field is left empty, and the {noun} is gone for all that come later");
    finding.help = String::from("take it only once it is certain to be used, or put it back before this return");
    Some(finding)
}
