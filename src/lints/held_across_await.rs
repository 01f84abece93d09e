//! # held_across_await
//!
//! ## What it does
//! Reports a connection, a transaction, or an exclusive guard of one, that is held while the function awaits something
//! that does not use it: an HTTP answer, a timer, a channel, a lock, another service, or a function that awaits one of
//! these.
//!
//! ## Why is this bad?
//! A pool has few connections. While one waits for something else, every other task that needs a connection waits too;
//! when the something else is slow, the pool runs dry and the service stops, though the database is idle. An open
//! transaction also keeps its row locks for all that time.
//!
//! ## Example
//! ```rust
//! async fn quote(pool: &sqlx::PgPool, http: &reqwest::Client) -> anyhow::Result<()> {
//!     let mut conn = pool.acquire().await?;
//!     let rate = http.get("https://rates.example").send().await?; //~ held_across_await
//!     sqlx::query("INSERT INTO rates VALUES ($1)").bind(rate.status().as_u16() as i32).execute(&mut *conn).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn quote(pool: &sqlx::PgPool, http: &reqwest::Client) -> anyhow::Result<()> {
//!     let rate = http.get("https://rates.example").send().await?;
//!     let mut conn = pool.acquire().await?;
//!     sqlx::query("INSERT INTO rates VALUES ($1)").bind(rate.status().as_u16() as i32).execute(&mut *conn).await?;
//!     Ok(())
//! }
//! ```
//!
//! ## When it stays silent
//! When the connection, or anything made from it (a nested transaction, a row stream, a struct that owns it), flows into
//! what is awaited; then the callee is responsible. For permits, whose purpose is to be held; for guards of locks that
//! protect no connection, unless the guard is a temporary of a `match`, `if let`, `while let` or `for` and what it hands out
//! (an `Arc`, a sender, a pool) could have been cloned or taken out first; for listeners and other connections that are held for long by design;
//! for a connection that was opened for its holder (`PgConnection::connect`) rather than taken from a pool, also where it comes in
//! as a parameter and every caller that is seen gives such a one.
//!
//! A connection without a transaction has low confidence, which is not shown by default, where few tasks run the function
//! (all calls come from `main`, from a task that is spawned once, or from a component that is put together at start-up and
//! consumed by its `run(self)`): it empties no pool. So have waits for a lock that nobody holds at an await, for work on a
//! blocking thread that does nothing known to be slow, streams over a connection of the reader's own, and connections of a pool
//! that the function made for itself.
//!
//! ## Known limits
//! A wait behind a trait whose implementations are outside the workspace has medium confidence; a wait inside a crate that
//! no pack knows has low confidence and is not shown by default.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Event, Origin, PoolClass, ResId, Waits};
use crate::base::{self, Confidence, Finding, Span, Step};
use crate::pack::Kind;

/// The lint.
pub static LINT: Lint = Lint {
    name: "held_across_await",
    group: Group::Suspicious,
    summary: "a connection is held while the function waits for something that does not use it",
    since: "0.1.0",
    page: include_str!("held_across_await.rs"),
    check,
};

struct Offence<'a> {
    span: Span,
    waits: &'a Waits,
    confidence: Confidence,
}

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let events = cx.events();
    for res in events.resources.indices() {
        if !worth_telling(cx, res) {
            continue;
        }
        let offences = offences(cx, res);
        let Some(best) = offences.iter().map(|o| o.confidence).max() else { continue };
        let primary = offences.iter().find(|o| o.confidence == best).expect("the best is one of them");
        out.push(tell(cx, res, primary, &offences));
    }
}

/// Whether holding the resource keeps others waiting.
fn worth_telling(cx: &Cx<'_>, res: ResId) -> bool {
    let resource = &cx.events().resources[res];
    let kind = match resource.kind {
        Kind::Guard | Kind::Conn | Kind::Tx | Kind::Stream => true,
        Kind::LockGuard => true,
        Kind::Permit
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
    kind && !words::long_lived(cx, resource)
}

/// The awaits that do not use it, in order of source; of several waits at one await the surest.
fn offences<'a>(cx: &Cx<'a>, res: ResId) -> Vec<Offence<'a>> {
    let held = words::starving_confidence(cx, res);
    let handed_on = handed_on(cx, res);
    let nested: Vec<Span> = cx
        .events()
        .events
        .iter()
        .filter_map(|e| match e {
            Event::Nested { res: r, span, .. } if *r == res && super::nested_acquire::tells(cx, e) => Some(*span),
            _ => None,
        })
        .collect();
    let acquired = cx.events().resources[res].span;
    let is_second = cx.events().events.iter().any(|e| {
        matches!(e, Event::Nested { span, .. } if span.contains(acquired)) && super::nested_acquire::tells(cx, e)
    });
    let mut found: Vec<Offence<'a>> = Vec::new();
    for event in &cx.events().events {
        let Event::Wait { res: r, span, waits, derived, scrutinee, locked, .. } = event else { continue };
        // The second connection is what is wrong; that queries over it are waited for follows from it.
        let follows = ["database", "pool", "stream", "lock", "permit"].iter().any(|k| waits.kind == *k);
        if *r != res || nested.contains(span) || follows && (is_second || !nested.is_empty()) {
            continue;
        }
        let mut confidence = held.min(waits.confidence);
        // A reader that streams over a connection of its own, or under its lock, has it for that.
        let kind = cx.events().resources[res].kind;
        let own_stream = waits.kind == "consumer" && matches!(kind, Kind::LockGuard | Kind::Conn);
        // Two locks at once are no matter of time alone.
        let quick = kind != Kind::LockGuard && cx.facts.locks.quick(waits);
        if quick || own_stream || words::of_private_pool(cx, res) {
            confidence = Confidence::Low;
        }
        // What a lock is there for is not always seen: that a wait belongs to it is a possibility.
        if cx.events().resources[res].kind == Kind::LockGuard {
            confidence = confidence.min(Confidence::Medium);
        }
        // A function that hands the connection to its caller waits on the way to getting it ready; a session lock is held
        // for what is done under it.
        if (handed_on || *locked) && !["sleep", "timer", "consumer"].iter().any(|k| waits.kind == *k) {
            confidence = Confidence::Low;
        }
        let resource = &cx.events().resources[res];
        if resource.kind == Kind::LockGuard {
            // A lock around a connection is held for it. Of others only those that were never meant to be: temporaries
            // around an arm that waits, while a handle could have been taken out first.
            if !(resource.protects_connection || *scrutinee) {
                continue;
            }
            // Under a lock around a connection, a query is what the lock is for.
            let queries = waits.kind == "database" || waits.kind == "cache" || waits.kind == "pool" && !derived;
            if queries {
                continue;
            }
        }
        match found.iter_mut().find(|o| o.span == *span) {
            Some(old) if confidence > old.confidence => *old = Offence { span: *span, waits, confidence },
            Some(_) => {}
            None => found.push(Offence { span: *span, waits, confidence }),
        }
    }
    found.sort_by_key(|o| o.span);
    found
}

fn handed_on(cx: &Cx<'_>, res: ResId) -> bool {
    use crate::analyse::Life;
    if matches!(cx.events().resources[res].origin, Origin::Local(_)) {
        return false;
    }
    let mut exits = 0;
    for event in &cx.events().events {
        if let Event::Exit { res: r, outcomes, .. } = event
            && *r == res
        {
            exits += 1;
            if outcomes.iter().any(|o| !matches!(o.life, Life::Held | Life::Escaped)) {
                return false;
            }
        }
    }
    exits > 0
}

fn tell(cx: &Cx<'_>, res: ResId, primary: &Offence<'_>, offences: &[Offence<'_>]) -> Finding {
    let resource = &cx.events().resources[res];
    let name = words::name(cx, res);
    let noun = words::noun(cx, resource);
    let mut finding = words::finding(cx, LINT.name, primary.confidence, primary.span, Some(res));
    finding.message = message(cx, res, primary);
    finding.steps = words::acquisition_steps(cx, res);
    let shown: Vec<&Offence<'_>> = offences
        .iter()
        .filter(|o| o.span == primary.span || o.confidence >= Confidence::Medium.min(primary.confidence))
        .collect();
    for offence in &shown {
        let what = words::waited_for(offence.waits);
        let message = if offence.span == primary.span {
            format!("waits for {what} while {name} is held")
        } else {
            format!("and waits for {what} here")
        };
        finding.steps.push(Step {
            offence: Some(base::Offence {
                message: self::message(cx, res, offence),
                confidence: offence.confidence,
                kind: offence.waits.kind.to_string(),
            }),
            ..words::step(offence.span, message)
        });
        let last = format!("waits for {what}");
        finding.steps.extend(words::chain_steps(&offence.waits.chain, &last));
        let kind = offence.waits.kind.to_string();
        if !finding.kinds.contains(&kind) {
            finding.kinds.push(kind);
        }
    }
    let next_use =
        cx.events().uses[res].iter().filter(|s| s.file == primary.span.file && s.start > primary.span.end).min();
    if let Some(&span) = next_use {
        finding.steps.push(words::step(span, format!("{name} is used again here")));
    }
    finding.steps.extend(words::release_step(cx, res, primary.span));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), primary.span);
    finding.why = why(cx, res, &noun);
    finding.help = help(cx, res, next_use.is_some());
    finding
}

fn message(cx: &Cx<'_>, res: ResId, offence: &Offence<'_>) -> String {
    let name = words::name(cx, res);
    let what = words::text(cx, offence.span);
    let waits_for = words::waited_for(offence.waits);
    match words::variable(cx, res) {
        Some(_) => {
            let noun = words::noun(cx, &cx.events().resources[res]);
            format!("{noun} {name} is held while `{what}` waits for {waits_for}")
        }
        None => format!("{name} is held while `{what}` waits for {waits_for}"),
    }
}

fn why(cx: &Cx<'_>, res: ResId, noun: &str) -> String {
    let resource = &cx.events().resources[res];
    match resource.pool.class {
        PoolClass::Slots => {
            let pool = words::pool(cx, &resource.pool);
            let locks = if resource.kind == Kind::Tx { ", and the rows it has locked stay locked" } else { "" };
            format!("while this waits, nobody else can use the {noun}; enough such waits leave {pool} empty{locks}")
        }
        PoolClass::Lock { .. } | PoolClass::Permits => {
            format!("everybody who needs {} waits as long as this does", words::pool(cx, &resource.pool))
        }
    }
}

fn help(cx: &Cx<'_>, res: ResId, used_again: bool) -> String {
    let resource = &cx.events().resources[res];
    let name = words::variable(cx, res);
    match (resource.origin, resource.kind, name, used_again) {
        (Origin::Local(_), ..) => String::from(
            "wait before the caller acquires it, or take the pool as the parameter and acquire after the wait",
        ),
        (_, Kind::Tx, Some(name), false) => format!("commit `{name}` before this await"),
        (_, Kind::Tx, Some(name), true) => {
            format!("wait before `{name}` is begun, or commit it first and begin another one afterwards")
        }
        (_, _, Some(name), false) => {
            format!("end `{name}` before this await: `drop({name})`, or a block around its uses")
        }
        (_, _, Some(name), true) => {
            format!("wait before `{name}` is acquired, or drop it here and acquire again afterwards")
        }
        (_, Kind::LockGuard, None, _) => String::from(
            "clone what is needed, or take it out, in a `let` of its own before this construct: then the guard is dropped at the semicolon",
        ),
        (_, _, None, _) => String::from(
            "bind the result in a `let` of its own before this construct, so that the temporary is dropped at the semicolon",
        ),
    }
}
