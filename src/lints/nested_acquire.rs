//! # nested_acquire
//!
//! ## What it does
//! Reports that a second connection is taken from a pool while the function still holds the first: directly, through a
//! function that it calls, by giving the pool itself to a query, or twice in one expression. A lock that is locked again
//! under its own guard and a second permit of one semaphore are the same thing.
//!
//! ## Why is this bad?
//! When as many tasks as the pool has connections stand between the two acquisitions, each holds one connection and waits
//! for another. None can go on: the pool deadlocks until its timeout, or for ever if it has none.
//!
//! ## Example
//! ```rust
//! async fn order(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("INSERT INTO orders DEFAULT VALUES").execute(&mut *tx).await?;
//!     sqlx::query("INSERT INTO audit DEFAULT VALUES").execute(pool).await?; //~ nested_acquire
//!     tx.commit().await
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn order(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("INSERT INTO orders DEFAULT VALUES").execute(&mut *tx).await?;
//!     sqlx::query("INSERT INTO audit DEFAULT VALUES").execute(&mut *tx).await?;
//!     tx.commit().await
//! }
//! ```
//!
//! ## When it stays silent
//! For two different pools, savepoints and nested transactions on one connection, and read guards of one lock. The confidence
//! is low, which is not shown by default, where few tasks run the function (all calls come from `main`, from a task that is
//! spawned once, or from a component that is put together at start-up and consumed by its `run(self)`) and the first is no
//! transaction; where the first is a listener; where a loop takes one only when it has lost the one it keeps; and where the
//! pool is made in the function itself.
//!
//! ## Known limits
//! Pools are followed through fields, struct literals and constructors. Where two owners' pools come from nowhere in sight, the
//! second acquisition is told as a wait by `held_across_await`; where an owner's pool may be the same, with medium confidence and
//! with what would make it true.

use super::{Cx, Group, Lint, words};
use crate::analyse::{Acquires, Event, Origin, PoolClass, ResId, Sameness, instances};
use crate::base::{self, Confidence, Finding, Span, Step};
use crate::pack::{Kind, Patience};
use crate::resolve::ProvRoot;

/// The lint.
pub static LINT: Lint = Lint {
    name: "nested_acquire",
    group: Group::Correctness,
    summary: "a second connection is taken from the same pool while the first is held",
    since: "0.1.0",
    page: include_str!("nested_acquire.rs"),
    check,
};

struct Second<'a> {
    span: Span,
    acquires: &'a Acquires,
    sameness: Sameness,
    confidence: Confidence,
}

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let events = cx.events();
    for res in events.resources.indices() {
        let seconds = seconds(cx, res);
        let Some(best) = seconds.iter().map(|s| s.confidence).max() else { continue };
        let primary = seconds.iter().find(|s| s.confidence == best).expect("the best is one of them");
        out.push(tell(cx, res, primary, &seconds));
    }
}

/// Whether this event is told by this lint at a confidence that is shown by default.
pub fn tells(cx: &Cx<'_>, event: &Event) -> bool {
    judge(cx, event).is_some_and(|s| s.confidence >= Confidence::Medium)
}

fn judge<'a>(cx: &Cx<'a>, event: &'a Event) -> Option<Second<'a>> {
    let Event::Nested { res, span, acquires, sameness, .. } = event else { return None };
    let resource = &cx.events().resources[*res];
    let from_no_pool = resource.pool.class == PoolClass::Slots && resource.pool.prov.root == ProvRoot::Unknown;
    if resource.kind == Kind::Conn && resource.acquired_by_us && from_no_pool {
        // A connection of its own: it holds no slot of a pool.
        return None;
    }
    if acquires.patience == Some(Patience::Never) {
        // It does not wait: nothing can deadlock.
        return None;
    }
    // What a caller was seen to hold decides better than the guess made here.
    let confirmed = cx.facts.confirmed.get(span).filter(|_| matches!(resource.origin, Origin::Local(_)));
    let sameness = confirmed.map_or(*sameness, |(s, _)| *s);
    let by_sameness = match sameness {
        Sameness::Same => Confidence::High,
        Sameness::Maybe(confidence, _) => confidence,
        Sameness::Different => return None,
    };
    // A listener and its like are few, one to a task that never ends: they take their share of the pool at start-up.
    let by_life = if words::long_lived(cx, resource) { Confidence::Low } else { Confidence::High };
    // Kept from an earlier turn of a loop: whether one that goes round without this call comes here while it keeps one is
    // decided by what it remembers. A pool that is made here is emptied by nobody else.
    let one_call = acquires.chain.first().map(|l| l.span) == resource.chain.first().map(|l| l.span);
    let again = match resource.origin {
        Origin::Call(call) => one_call && instances::may_be_skipped(cx.program, cx.body, call),
        Origin::Local(_) | Origin::Block(_) => false,
    };
    let by_turn = if again || words::of_private_pool(cx, *res) { Confidence::Low } else { Confidence::High };
    let limits = [acquires.confidence, by_sameness, by_life, by_turn];
    let confidence = limits.into_iter().fold(words::starving_confidence(cx, *res), Confidence::min);
    Some(Second { span: *span, acquires, sameness, confidence })
}

fn seconds<'a>(cx: &Cx<'a>, res: ResId) -> Vec<Second<'a>> {
    let mut found: Vec<Second<'a>> = Vec::new();
    for event in &cx.events().events {
        if !matches!(event, Event::Nested { res: r, .. } if *r == res) {
            continue;
        }
        let Some(second) = judge(cx, event) else { continue };
        match found.iter_mut().find(|s| s.span == second.span) {
            Some(old) if second.confidence > old.confidence => *old = second,
            Some(_) => {}
            None => found.push(second),
        }
    }
    found.sort_by_key(|s| s.span);
    found
}

fn tell(cx: &Cx<'_>, res: ResId, primary: &Second<'_>, seconds: &[Second<'_>]) -> Finding {
    let resource = &cx.events().resources[res];
    let mut finding = words::finding(cx, LINT.name, primary.confidence, primary.span, Some(res));
    finding.message = message(cx, res, primary);
    let kind = String::from(match resource.pool.class {
        PoolClass::Slots => "slot",
        PoolClass::Permits => "permit",
        PoolClass::Lock { .. } => "lock",
    });
    finding.steps = words::acquisition_steps(cx, res);
    for second in seconds.iter().filter(|s| s.span == primary.span || s.confidence >= Confidence::Medium) {
        let pool = words::pool(cx, &second.acquires.pool);
        let deep = second.acquires.chain.len() > 1;
        let message = match (second.span == primary.span, deep, resource.pool.class) {
            (true, true, PoolClass::Slots) => String::from("this call needs a second one"),
            (true, false, PoolClass::Slots) => format!("a second one is taken from {pool} here"),
            (true, _, PoolClass::Permits) => format!("waits for another permit of {pool}"),
            (true, _, PoolClass::Lock { .. }) => format!("{pool} is locked again here"),
            (false, ..) => String::from("and again here"),
        };
        finding.steps.push(Step {
            offence: Some(base::Offence {
                message: self::message(cx, res, second),
                confidence: second.confidence,
                kind: kind.clone(),
            }),
            ..words::step(second.span, message)
        });
        let last = match (resource.pool.class, second.sameness) {
            (PoolClass::Slots, Sameness::Same) => "takes it from the same pool",
            (PoolClass::Slots, Sameness::Maybe(..) | Sameness::Different) => "takes it from its pool",
            (PoolClass::Permits, _) => "waits for it",
            (PoolClass::Lock { .. }, _) => "locks it",
        };
        finding.steps.extend(words::chain_steps(&second.acquires.chain, last));
    }
    finding.steps.extend(words::release_step(cx, res, primary.span));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), primary.span);
    finding.kinds.push(kind);
    finding.why = why(cx, primary, resource.pool.class);
    finding.help = help(cx, res, primary);
    finding
}

fn message(cx: &Cx<'_>, res: ResId, second: &Second<'_>) -> String {
    let resource = &cx.events().resources[res];
    let name = words::name(cx, res);
    let held = match words::variable(cx, res) {
        Some(variable) => format!("{} `{variable}`", words::noun(cx, resource)),
        None => name.clone(),
    };
    let pool = words::pool(cx, &second.acquires.pool);
    match (resource.pool.class, second.sameness) {
        (PoolClass::Slots, Sameness::Same) => {
            format!("second connection taken from {pool} while {name} still holds the first")
        }
        (PoolClass::Slots, _) => {
            format!("second connection taken from {pool} while {held} is held, which may be of the same pool")
        }
        (PoolClass::Permits, _) => format!("second permit of {pool} awaited while {name} still holds one"),
        (PoolClass::Lock { .. }, _) => match words::variable(cx, res) {
            Some(variable) => format!("{pool} is locked again while `{variable}` still holds its guard"),
            None => format!("{pool} is locked again before the guard of the first lock is dropped"),
        },
    }
}

fn why(cx: &Cx<'_>, second: &Second<'_>, class: PoolClass) -> String {
    let condition = match second.sameness {
        Sameness::Maybe(_, condition) => format!("{condition}: "),
        Sameness::Same | Sameness::Different => String::new(),
    };
    match class {
        PoolClass::Slots => {
            let patience = words::patience(cx, &second.acquires.pool, second.acquires.patience);
            format!(
                "{condition}once as many tasks as the pool has connections stand here, each holds one and waits for another \
                 {patience}"
            )
        }
        PoolClass::Permits => {
            format!(
                "{condition}once as many tasks as there are permits stand here, each holds one and waits for another"
            )
        }
        PoolClass::Lock { .. } => format!("{condition}the task waits for itself, for ever"),
    }
}

fn help(cx: &Cx<'_>, res: ResId, second: &Second<'_>) -> String {
    let name = words::variable(cx, res);
    let resource = &cx.events().resources[res];
    match (resource.pool.class, name) {
        (PoolClass::Slots, Some(name)) => match second.acquires.chain.as_slice() {
            [call, _, ..] => format!(
                "let `{}` take the connection: pass `&mut {name}` on, or end `{name}` before this call",
                call.callee
            ),
            _ => format!("use `{name}` here, or end it before this call"),
        },
        (PoolClass::Slots, None) => String::from("acquire one connection into a variable and use it for both"),
        (PoolClass::Permits, _) => String::from("take the permit in one place: either here or in the callee"),
        (PoolClass::Lock { .. }, Some(name)) => format!("drop `{name}` first, or pass the guarded value on"),
        (PoolClass::Lock { .. }, None) => {
            String::from("bind what is needed in a `let` of its own, so that the guard is dropped at the semicolon")
        }
    }
}
