//! What is kept account of by hand and not moved back: the half of `unreleased_on_path` that reads balances rather than
//! resources.
//!
//! **Invariants:** one finding per account: the surest exit, else the first await; an exit is judged beside the body's other
//! exits, never alone. **Absent on purpose:** panics: code that counts by hand rarely goes on after one.

use super::{Cx, words};
use crate::analyse::events::Left;
use crate::analyse::owed::{Account, Balance, Sort};
use crate::analyse::{Event, Slot};
use crate::base::{Confidence, Finding, Span};
use crate::ir::{BodyKind, EdgeKind, ReturnKind};
use crate::resolve::Ty;

/// The finding for one account of a body, if there is one.
pub fn unbalanced(cx: &Cx<'_>, lint: &'static str, n: usize) -> Option<Finding> {
    let account = &cx.events().accounts[n];
    let body = cx.program.body(cx.body);
    // Only the body's own caller could look at it while it is open: what a parser or a builder counts.
    if !account.shared && !body.is_async {
        return None;
    }
    let exits: Vec<&Left> = cx.events().events.iter().filter_map(|e| left(e, n)).collect();
    let settled = exits.iter().any(|l| !l.failed && l.balance.may_be(Balance::SETTLED));
    // Where one answer of several leaves it open, that may be what it is for, and settling it the way back.
    let for_good = |l: &&Left| !l.failed && (l.balance.is(Balance::UP) || l.balance.is(Balance::DOWN));
    let settled = settled && !(tells(cx) && exits.iter().any(for_good));
    let (confidence, span, how) = if account.sort == Sort::Handle {
        exit(cx, account, &exits)?
    } else if account.sort == Sort::Task {
        if account.moves.iter().any(|(up, at)| *up && words::happens_once(cx, *at)) {
            return None;
        }
        exit(cx, account, &exits).or_else(|| cancelled(cx, account, n))?
    } else if settled {
        exit(cx, account, &exits).or_else(|| cancelled(cx, account, n))?
    } else {
        never_here(cx, account, &exits)?
    };
    Some(tell(cx, lint, account, &exits, confidence, span, how))
}

fn left(event: &Event, n: usize) -> Option<&Left> {
    match event {
        Event::LeftOpen(left) if left.account == n => Some(left),
        _ => None,
    }
}

/// How it goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Exit {
        failed: bool,
    },
    Failure,
    Cancelled,
    /// A task: nobody cancels it, but it may panic or be aborted.
    Ends,
}

/// How sure a finding about this sort can be.
fn cap(account: &Account) -> Confidence {
    match account.sort {
        Sort::Counter | Sort::Member if !account.shared => Confidence::Medium,
        // Whoever fails a migration may be leaving for good.
        Sort::Setting => Confidence::Medium,
        // It may end by itself when what it does fails.
        Sort::Task => Confidence::Medium,
        Sort::Counter | Sort::Member | Sort::Permits | Sort::Transaction | Sort::Handle => Confidence::High,
        // A flag of one's own that stays set after an error may say just that.
        Sort::Flag if !account.shared => Confidence::Low,
        Sort::Flag => Confidence::Medium,
    }
}

/// The surest exit at which it is open although others settle it.
fn exit(cx: &Cx<'_>, account: &Account, exits: &[&Left]) -> Option<(Confidence, Span, How)> {
    let handle = account.sort == Sort::Handle;
    let open = exits.iter().filter(|l| l.balance.is_open(account.sort) && (handle || l.failed || !tells(cx)));
    // What only moves up before it moves down was not to be moved up again: it undoes what was counted before.
    let open = open.filter(|l| account.sort != Sort::Counter || l.balance.may_be(Balance::UP) || up_again(account));
    // Who leaves a task behind without an error may have told it to stop in another way.
    let open = open.filter(|l| account.sort != Sort::Task || l.failed);
    let judged = open.map(|l| {
        let sure = l.balance.is(Balance::UP) || l.balance.is(Balance::DOWN);
        let confidence = if sure { cap(account) } else { Confidence::Low };
        // A commit that fails is rare, and what it leaves may be seen to by whoever is told.
        let confidence = if ends_at(account, l.span) { confidence.min(Confidence::Medium) } else { confidence };
        (confidence, l.span, How::Exit { failed: l.failed })
    });
    let judged: Vec<_> = judged.collect();
    let best = judged.iter().map(|j| j.0).max()?;
    judged.into_iter().filter(|j| j.0 == best).min_by_key(|j| j.1)
}

/// Whether it is moved up somewhere after it was moved down.
fn up_again(account: &Account) -> bool {
    let first = account.moves.iter().filter(|m| !m.0).map(|m| m.1.start).min();
    account.moves.iter().any(|(up, at)| *up && first.is_some_and(|first| first < at.start))
}

/// Whether an exit is the failing side of what was to move it back.
fn ends_at(account: &Account, exit: Span) -> bool {
    account.moves.iter().any(|(up, span)| !up && exit.start <= span.start && span.end <= exit.end)
}

/// Whether a successful answer may say that it did not work out: a boolean, an option, a value.
fn tells(cx: &Cx<'_>) -> bool {
    let info = &cx.program.bodies[cx.body];
    let ty = match (&cx.program.body(cx.body).kind, info.owner) {
        (BodyKind::Fn(_), Some(f)) => cx.program.fns[f].ret.clone(),
        _ => info.locals.get(crate::ir::return_local()).cloned().unwrap_or_default(),
    };
    let unit = |ty: &Ty| matches!(ty, Ty::Tuple(parts) if parts.is_empty());
    let inner = match &ty {
        Ty::Future(inner) => inner,
        other => other,
    };
    match inner {
        Ty::Adt(path, args) if path.as_str() == "std::result::Result" => !args.first().is_some_and(unit),
        other => !unit(other),
    }
}

/// Every path moves it back, if the body gets that far.
fn cancelled(cx: &Cx<'_>, account: &Account, n: usize) -> Option<(Confidence, Span, How)> {
    let info = &cx.program.bodies[cx.body];
    let body = cx.program.body(cx.body);
    // A task runs to its end; `main` is cancelled with everything else.
    let to_its_end = !matches!(body.kind, BodyKind::Fn(_) | BodyKind::Generator)
        || info.owner.is_some_and(|f| cx.program.fn_ir(f).name == "main");
    // Nor is a call that only `main` and the tasks it starts wait for: who would give it up?
    if to_its_end && account.sort == Sort::Permits && body.kind == BodyKind::Async {
        let waits = cx.events().events.iter().find_map(|e| match e {
            Event::AwaitOpen { account, span, balance } if *account == n && balance.is(Balance::DOWN) => Some(*span),
            _ => None,
        });
        return waits.map(|span| (Confidence::Medium, span, How::Ends));
    }
    if to_its_end || !account.shared || account.sort == Sort::Flag || cx.facts.single(cx.body) {
        return None;
    }
    cx.events().events.iter().find_map(|e| match e {
        Event::AwaitOpen { account, span, balance } if *account == n && balance.is(Balance::UP) => {
            Some((Confidence::Medium, *span, How::Cancelled))
        }
        // A counter that is down for a wait may count what is free, or be let go for the wait on purpose.
        Event::AwaitOpen { account: open, span, balance } if *open == n && balance.is(Balance::DOWN) => {
            let unclear = account.sort == Sort::Counter;
            Some((if unclear { Confidence::Low } else { Confidence::Medium }, *span, How::Cancelled))
        }
        _ => None,
    })
}

/// The body is to leave it open for others to settle; but whoever gets an error has nothing to settle.
fn never_here(cx: &Cx<'_>, account: &Account, exits: &[&Left]) -> Option<(Confidence, Span, How)> {
    let up = match account.sort {
        Sort::Counter => true,
        // What is kept for others to find is not owed; whoever waits for the other half of a channel is gone.
        Sort::Member if account.half => true,
        Sort::Permits => false,
        Sort::Member | Sort::Flag | Sort::Transaction | Sort::Setting | Sort::Handle | Sort::Task => return None,
    };
    let elsewhere = |a: &Account| a.slot.is_some() && a.slot == account.slot && a.moves.iter().any(|m| m.0 != up);
    if cx.events().accounts.iter().any(elsewhere) {
        return None;
    }
    let way = if up { Balance::UP } else { Balance::DOWN };
    let (good, bad): (Vec<&Left>, Vec<&Left>) = exits.iter().partition(|l| !l.failed);
    if good.is_empty() || !good.iter().all(|l| l.balance.is(way)) || !account.shared {
        return None;
    }
    let back = account.slot.as_ref().is_some_and(|slot| moves_back(cx, slot, account.sort, up));
    let span = bad.iter().filter(|l| l.balance.is(way)).map(|l| l.span).min()?;
    back.then_some((Confidence::Medium, span, How::Failure))
}

/// Whether other code moves what has this name the other way.
fn moves_back(cx: &Cx<'_>, slot: &Slot, sort: Sort, up: bool) -> bool {
    cx.facts.events.iter_enumerated().filter(|(body, _)| !cx.program.bodies[*body].is_test).any(|(_, events)| {
        let same = |a: &&Account| a.sort == sort && a.slot.as_ref() == Some(slot);
        events.accounts.iter().filter(same).any(|a| a.moves.iter().any(|m| m.0 != up))
    })
}

fn tell(
    cx: &Cx<'_>,
    lint: &'static str,
    account: &Account,
    exits: &[&Left],
    confidence: Confidence,
    span: Span,
    how: How,
) -> Finding {
    let name = &account.name;
    let exit = exits.iter().find(|l| l.span == span);
    let up = exit.and_then(|l| l.balance.open_way(account.sort)).unwrap_or(account.sort != Sort::Permits);
    let place = match how {
        How::Exit { failed: true } | How::Failure => "on this error path",
        How::Exit { failed: false } => "on this path",
        How::Cancelled => "if this await is cancelled",
        How::Ends => "if the task ends here, by a panic or an abort",
    };
    let mut finding = words::finding(cx, lint, confidence, span, None);
    finding.resource.clone_from(name);
    finding.message = match account.sort {
        Sort::Counter if up => format!("`{name}` is counted up and not down again {place}"),
        Sort::Counter => format!("`{name}` is counted down and not up again {place}"),
        Sort::Member => format!("what was put into `{name}` is not taken out {place}"),
        Sort::Flag => format!("`{name}` is set and not cleared {place}"),
        Sort::Permits => format!("permits of `{name}` are forgotten and not added again {place}"),
        Sort::Handle => format!("`{name}` is not given back {place}"),
        Sort::Task if is_token(account) => format!("`{name}` is not cancelled {place}, and its tasks go on"),
        Sort::Task => format!("the task `{name}` is not aborted {place}"),
        Sort::Setting => {
            let what = account.prov.path.last().map_or("", |s| s.as_str());
            format!("{what} in the session of `{name}` is not taken back {place}")
        }
        Sort::Transaction => {
            format!("the transaction begun over `{name}` is neither committed nor rolled back {place}")
        }
    };
    if account.sort == Sort::Transaction && how != How::Cancelled && ends_at(account, span) {
        finding.message = format!("the transaction begun over `{name}` is still open where this `COMMIT` fails");
    }
    if account.sort == Sort::Handle && !account.both_ways() {
        finding.message = format!("`{name}` is never given back");
    }
    let (there, back) = verbs(account.sort, up);
    let opens: Vec<Span> = account.moves.iter().filter(|m| m.0 == up).map(|m| m.1).collect();
    let closes = account.moves.iter().filter(|m| m.0 != up).map(|m| m.1);
    finding.steps.extend(opens.iter().take(2).map(|s| words::step(*s, there)));
    if opens.is_empty() {
        finding.steps.push(words::step(cx.program.body(cx.body).span, format!("{there} before this runs")));
    }
    if let Some((at, taken)) = exit.and_then(|l| l.branch.as_ref()).and_then(|(at, kind)| Some((*at, which(kind)?)))
        && exit.is_some_and(|l| l.kind != ReturnKind::Failure)
        && opens.iter().all(|o| o.start < at.start)
    {
        finding.steps.push(words::step(at, taken));
    }
    finding.steps.push(words::step(
        span,
        match how {
            How::Cancelled if account.sort == Sort::Task => String::from("if it is cancelled here, nothing aborts it"),
            How::Cancelled => String::from("if it is cancelled here, nothing moves it back"),
            How::Ends => String::from("if it ends here, nothing adds them again"),
            How::Exit { .. } | How::Failure => format!("leaves here without having {back}"),
        },
    ));
    finding.steps.extend(closes.take(3).map(|s| words::step(s, format!("{} only here", done(account.sort, up)))));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), span);
    finding.kinds.push(String::from(match how {
        How::Exit { .. } => "unbalanced",
        How::Failure => "unbalanced on failure",
        How::Cancelled => "cancelled",
        How::Ends => "ends",
    }));
    finding.why = why(account.sort).to_owned();
    finding.help = help(account.sort).to_owned();
    finding
}

/// Whether what ends the tasks is a token that they watch, rather than the handle of one.
fn is_token(account: &Account) -> bool {
    account.prov.path.last().is_some_and(|p| p.as_str() == "token")
}

/// What a branch says that leads to an exit.
fn which(kind: &EdgeKind) -> Option<String> {
    match kind {
        EdgeKind::Then => Some(String::from("when this is true")),
        EdgeKind::Else => Some(String::from("when this is false")),
        EdgeKind::Variant(path) => Some(format!("when this is `{}`", path.last())),
        EdgeKind::Otherwise => Some(String::from("when this does not match")),
        EdgeKind::Exit => Some(String::from("when this loop ends")),
        EdgeKind::Arm(_) => Some(String::from("when this branch is first")),
        EdgeKind::Continue | EdgeKind::Break | EdgeKind::Again => None,
    }
}

fn verbs(sort: Sort, up: bool) -> (&'static str, &'static str) {
    match (sort, up) {
        (Sort::Counter, true) => ("counted up here", "counted it down"),
        (Sort::Counter, false) => ("counted down here", "counted it up"),
        (Sort::Member, _) => ("put in here", "taken it out"),
        (Sort::Flag, _) => ("set here", "cleared it"),
        (Sort::Permits, _) => ("forgotten here", "added them again"),
        (Sort::Transaction, _) => ("begun here", "ended it"),
        (Sort::Task, _) => ("started here", "aborted it"),
        (Sort::Setting, _) => ("set up here", "taken it back"),
        (Sort::Handle, _) => ("given here, also where the call fails", "given it back"),
    }
}

fn done(sort: Sort, up: bool) -> &'static str {
    match (sort, up) {
        (Sort::Counter, true) => "counted down",
        (Sort::Counter, false) => "counted up",
        (Sort::Member, _) => "taken out",
        (Sort::Flag, _) => "cleared",
        (Sort::Permits, _) => "added again",
        (Sort::Transaction, _) => "ended",
        (Sort::Task, _) => "aborted",
        (Sort::Setting, _) => "taken back",
        (Sort::Handle, _) => "given back",
    }
}

fn why(sort: Sort) -> &'static str {
    match sort {
        Sort::Counter => {
            "nothing counts it back: each time this happens the count drifts, until the limit that reads it lets nobody in, \
             or too many"
        }
        Sort::Member => "it stays there for ever: whoever asks later is told that the work is still under way",
        Sort::Flag => "whoever looks at it from now on thinks that the work is still under way",
        Sort::Permits => {
            "forgotten permits do not come back by themselves: each time this happens the semaphore has fewer"
        }
        Sort::Handle => "nobody drops a raw handle: the connection behind it stays open, and its memory is lost",
        Sort::Task => {
            "its handle is dropped, which does not end it: it goes on in its loop and keeps what it was given, a pool, a \
             connection, a lease"
        }
        Sort::Setting => {
            "it belongs to the connection, not to the function: whoever uses the connection next works with it, and may \
             read and write what is not theirs"
        }
        Sort::Transaction => {
            "the connection goes on with the transaction open: its locks stay, and the next statements over it become part \
             of it"
        }
    }
}

fn help(sort: Sort) -> &'static str {
    match sort {
        Sort::Counter | Sort::Member | Sort::Flag => {
            "give it back in the `Drop` of a guard, which every way out runs: `?`, `return`, a panic, a cancelled await"
        }
        Sort::Permits => "keep the permit in what uses it and let it be dropped, rather than forgetting and adding",
        Sort::Handle => "put it into a struct with a `Drop` as soon as it is there, before anything can fail",
        Sort::Task => "keep the handle in a guard whose `Drop` aborts it, which every way out runs",
        Sort::Setting => {
            "run what comes between in a function of its own and take it back before its error is passed on, or let the \
             connection be closed"
        }
        Sort::Transaction => "use the library's transaction, which rolls back when it is dropped",
    }
}
