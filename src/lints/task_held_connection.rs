//! # task_held_connection
//!
//! ## What it does
//! Reports a pooled connection that is moved into a task or thread that never ends, a listener taken from a pool that
//! lives as long as a stream which somebody else reads, and a task beside a function's work, such as a heartbeat, that one way
//! out of the function aborts and another lets run on. Also a task that ends when its channel is closed, and has a sender of it;
//! and one that owns the pool of one's own that it looks after, which is dropped when nobody owns it any more.
//!
//! ## Why is this bad?
//! The task or the reader decides when the connection comes back. A loop without an end never lets go; a listener for each
//! client takes one connection for each client, and the pool is empty when as many are connected as it has connections.
//!
//! ## Example
//! ```rust
//! use sqlx::postgres::PgListener;
//! fn changes(pool: sqlx::PgPool, board: i64) -> impl futures::Stream<Item = sqlx::Result<String>> {
//!     async_stream::try_stream! {
//!         let mut listener = PgListener::connect_with(&pool).await?;
//!         listener.listen(&format!("board_{board}")).await?;
//!         loop {
//!             let note = listener.recv().await?;
//!             yield note.payload().to_owned(); //~ task_held_connection
//!         }
//!     }
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! use sqlx::postgres::PgListener;
//! use tokio::sync::broadcast;
//! /// Started once: one connection for all clients.
//! async fn relay(pool: sqlx::PgPool, out: broadcast::Sender<String>) -> sqlx::Result<()> {
//!     let mut listener = PgListener::connect_with(&pool).await?;
//!     listener.listen("boards").await?;
//!     loop {
//!         let note = listener.recv().await?;
//!         out.send(note.payload().to_owned()).ok();
//!     }
//! }
//! ```
//!
//! ## When it stays silent
//! For a listener in a task of its own, which is how one for the whole process looks; for a function that takes nothing but
//! its pool, since all its results are the same; for connections of no pool. A wait inside a task while a connection is held
//! there is told by `held_across_await` and `held_across_blocking`, at the wait. For a task that nothing aborts, whose handle
//! is awaited or handed on, or which does not go on in a loop.

use super::{Cx, Group, Lint, balances, words};
use crate::analyse::kept_alive::KeptAlive;
use crate::analyse::owed::Sort;
use crate::analyse::{Event, PoolClass, ResId};
use crate::base::{Confidence, Finding, Span, Symbol};
use crate::pack::Kind;
use crate::resolve::{BodyIdx, Ty};

/// The lint.
pub static LINT: Lint = Lint {
    name: "task_held_connection",
    group: Group::Preview,
    summary: "a connection is held by a task that goes on or by a stream's reader",
    since: "0.1.0",
    page: include_str!("task_held_connection.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let accounts = cx.events().accounts.iter().enumerate();
    for (n, _) in accounts.filter(|(_, a)| a.sort == Sort::Task) {
        out.extend(balances::unbalanced(cx, LINT.name, n));
    }
    for event in &cx.events().events {
        match event {
            Event::Spawned { res, span, body: Some(body), endless: true, what }
                if from_pool(cx, *res) && !is_listener(cx, *res) && !told_inside(cx, *res, *body) =>
            {
                out.push(endless(cx, *res, *span, what));
            }
            Event::Wait { res, span, waits, .. }
                if waits.kind == "consumer" && from_pool(cx, *res) && is_listener(cx, *res) && for_each_client(cx) =>
            {
                out.push(read_by_others(cx, *res, *span));
            }
            Event::Returned { res, span }
                if from_pool(cx, *res) && is_listener(cx, *res) && for_each_client(cx) && gives_a_stream(cx) =>
            {
                out.push(read_by_others(cx, *res, *span));
            }
            Event::KeptAlive(kept) if !words::happens_once(cx, kept.span) => out.push(kept_alive(cx, kept)),
            Event::OwnSender { span, recv, sender } => out.push(keeps_itself(cx, *span, *recv, *sender)),
            _ => {}
        }
    }
}

/// A task that owns what it looks after.
fn kept_alive(cx: &Cx<'_>, kept: &KeptAlive) -> Finding {
    let KeptAlive { span, made, what, handle } = *kept;
    let mut finding = words::finding(cx, LINT.name, Confidence::Medium, span, None);
    finding.resource = what.to_string();
    finding.message =
        format!("this task owns the `{what}` that it looks after: it stays when the last `{handle}` is gone");
    finding.steps.push(words::step(made, format!("the `{what}` and its connections are shared from here on")));
    finding.steps.push(words::step(span, "one share is the task's, which goes on in its loop and is not told to stop"));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("kept alive"));
    finding.why =
        format!("nothing drops the `{what}`: its connections stay open, and the task turns, until the program ends");
    finding.help = String::from("give the task a `Weak`, and let it end when that can be upgraded no more");
    finding
}

/// A task that waits for a channel to be closed which it keeps open itself.
fn keeps_itself(cx: &Cx<'_>, span: Span, recv: Span, sender: Symbol) -> Finding {
    let mut finding = words::finding(cx, LINT.name, Confidence::Medium, recv, None);
    finding.resource = sender.to_string();
    finding.message = format!("this task never ends: its own `{sender}` keeps the channel open that it receives from");
    finding.steps = vec![
        words::step(span, format!("the task is given `{sender}` and the receiver")),
        words::step(recv, "ends only when all senders are gone"),
    ];
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), recv);
    finding.kinds.push(String::from("own sender"));
    finding.why = String::from("when everybody else has gone, the task waits for ever with all that it was given");
    finding.help = String::from("give the task a `WeakSender`, or tell it to stop by a message");
    finding
}

/// Whether it was taken from a pool: a slot is at stake.
fn from_pool(cx: &Cx<'_>, res: ResId) -> bool {
    let resource = &cx.events().resources[res];
    let slots = resource.pool.class == PoolClass::Slots && resource.is_connection() && !resource.outlives;
    slots && (resource.kind == Kind::Guard || cx.program.kind(&resource.pool.ty) == Some(Kind::Pool))
}

fn is_listener(cx: &Cx<'_>, res: ResId) -> bool {
    words::long_lived(cx, &cx.events().resources[res])
}

/// Whether a wait inside the task tells the same.
fn told_inside(cx: &Cx<'_>, res: ResId, body: BodyIdx) -> bool {
    let Some(inner) = cx.facts.events.get(body) else { return false };
    inner.events.iter().any(|e| match e {
        Event::Wait { res: r, waits, .. } => {
            waits.confidence >= Confidence::Medium && inner.outer[*r] == Some((cx.body, res))
        }
        Event::BlockedWhileHeld { res: r, .. } => inner.outer[*r] == Some((cx.body, res)),
        _ => false,
    })
}

/// Whether the function around is told anything besides its pool: then its results are not one for the whole process.
fn for_each_client(cx: &Cx<'_>) -> bool {
    let Some(f) = cx.program.bodies[cx.body].owner else { return false };
    let has_self = cx.program.fn_ir(f).self_kind.is_some();
    cx.program.fns[f]
        .params
        .iter()
        .skip(usize::from(has_self))
        .any(|ty| ty.is_known() && !cx.program.held(ty).iter().any(|h| h.kind == Kind::Pool))
}

/// Whether what the function returns is an opaque stream, rather than the listener or a struct that owns it.
fn gives_a_stream(cx: &Cx<'_>) -> bool {
    let Some(f) = cx.program.bodies[cx.body].owner else { return false };
    if cx.program.bodies[cx.body].parent.is_some() {
        return false;
    }
    let mut ty = &cx.program.fns[f].ret;
    loop {
        match ty {
            Ty::Future(inner) => ty = inner,
            Ty::Param(..) | Ty::Dyn(_) => return true,
            Ty::Adt(path, args) if path.as_str().starts_with("std::") => match args.first() {
                Some(first) => ty = first,
                None => return false,
            },
            Ty::Unknown | Ty::Adt(..) | Ty::Ref(..) | Ty::Tuple(_) | Ty::Slice(_) | Ty::Fn(..) | Ty::Never => {
                return false;
            }
        }
    }
}

fn endless(cx: &Cx<'_>, res: ResId, span: Span, what: &str) -> Finding {
    let resource = &cx.events().resources[res];
    let name = words::name(cx, res);
    let pool = words::pool(cx, &resource.pool);
    let mut finding = words::finding(cx, LINT.name, words::held_confidence(cx, res), span, Some(res));
    finding.message = format!("{name} is moved into a task that never ends (`{what}`)");
    finding.steps = words::acquisition_steps(cx, res);
    finding.steps.push(words::step(span, "the task loops for ever and keeps it"));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("endless task"));
    finding.why = format!("the slot never comes back: {pool} is one connection smaller for each such task");
    finding.help = String::from("give the task the pool, and acquire inside its loop for each piece of work");
    finding
}

fn read_by_others(cx: &Cx<'_>, res: ResId, span: Span) -> Finding {
    let resource = &cx.events().resources[res];
    let name = words::name(cx, res);
    let noun = words::noun(cx, resource);
    let pool = words::pool(cx, &resource.pool);
    let confidence = words::held_confidence(cx, res).min(Confidence::Medium);
    let mut finding = words::finding(cx, LINT.name, confidence, span, Some(res));
    finding.message = format!("{noun} {name} holds a connection of {pool} for as long as this stream is read");
    finding.steps = words::acquisition_steps(cx, res);
    finding.steps.push(words::step(span, "the reader of the stream decides when it ends"));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from("stream"));
    finding.why =
        format!("each reader takes one connection of {pool}; it is empty when as many read as it has connections");
    finding.help = String::from(
        "start one listener for the process and pass its messages on through a broadcast channel, or connect it outside the pool",
    );
    finding
}
