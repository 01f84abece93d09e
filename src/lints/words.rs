//! The words that lints share: how a resource, a pool, a place and a wait are called.
//!
//! **Invariant:** nouns of libraries come from packs; everything from source is quoted in backticks, folded to one line and
//! cut at a length that a terminal can show.

use super::Cx;
use crate::analyse::made::{
    Made,
    often::{Calls, Each, Often},
};
use crate::analyse::{Link, Origin, PoolClass, Release, ResId, Resource, Waits, resource::PoolId};
use crate::base::{Confidence, Finding, Held, Idx, Span, Step, Symbol};
use crate::ir::{LocalId, LocalKind};
use crate::pack::{Effect, Kind, Patience};
use crate::resolve::{FnIdx, ProvRoot, Target, Ty};

const LONGEST: usize = 60;

/// Source text on one line, cut to a readable length.
pub fn text(cx: &Cx<'_>, span: Span) -> String {
    shorten(&folded(cx, span))
}

/// Source text with white space folded, whole.
pub fn folded(cx: &Cx<'_>, span: Span) -> String {
    cx.sources.snippet(span).split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".")
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST - 2).collect();
    format!("{head} …")
}

/// The variable that holds a resource, for messages; `None` for a temporary.
pub fn variable(cx: &Cx<'_>, res: ResId) -> Option<Symbol> {
    let body = cx.program.body(cx.body);
    let events = cx.events();
    let named = |l: &LocalId| body.locals.get(*l).and_then(|l| l.name);
    if let Origin::Local(local) = events.resources[res].origin {
        return named(&local);
    }
    // A variable that owns it; else, for a temporary whose life a `let x = &mut …` extends, the one that borrows it first.
    events.holders[res]
        .iter()
        .chain(extended(cx, res))
        .filter(|l| matches!(body.locals[**l].kind, LocalKind::Var | LocalKind::Param | LocalKind::Capture))
        .find_map(named)
}

/// Whether no variable owns it and one borrows it for longer than its statement.
pub fn is_borrowed_temporary(cx: &Cx<'_>, res: ResId) -> bool {
    let body = cx.program.body(cx.body);
    let is_var = |l: &LocalId| matches!(body.locals[*l].kind, LocalKind::Var | LocalKind::Param | LocalKind::Capture);
    matches!(cx.events().resources[res].origin, Origin::Call(_))
        && !cx.events().holders[res].iter().any(is_var)
        && extended(cx, res).iter().any(is_var)
}

/// The variables that borrow a temporary which lives as long as they do: it is dropped at the end of a scope.
fn extended<'a>(cx: &Cx<'a>, res: ResId) -> &'a [LocalId] {
    let events = cx.events();
    let scoped = events.releases[res].iter().any(|(_, r)| *r == Release::Scope);
    if scoped { &events.borrowers[res] } else { &[] }
}

/// A resource's name in a message: `` `tx` ``, or its noun if it is a temporary.
pub fn name(cx: &Cx<'_>, res: ResId) -> String {
    match variable(cx, res) {
        Some(name) => format!("`{name}`"),
        None => format!("the {}", noun(cx, &cx.events().resources[res])),
    }
}

/// A noun with its article, which goes by the sound: `a connection`, `an AMQP connection`, `an SSH session`.
pub fn one(noun: &str) -> String {
    let first = noun.split(' ').next().unwrap_or_default();
    let spelled = first.len() > 1 && first.chars().all(|c| c.is_ascii_uppercase());
    let vowel = match spelled {
        true => noun.starts_with(['A', 'E', 'F', 'H', 'I', 'L', 'M', 'N', 'O', 'R', 'S', 'X']),
        false => noun.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']),
    };
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// What a resource is: `pooled connection`.
pub fn noun(cx: &Cx<'_>, resource: &Resource) -> String {
    if let Some(noun) = cx.program.type_row(&resource.ty).and_then(|r| r.noun.clone()) {
        return noun;
    }
    match resource.kind {
        Kind::Guard => "pooled connection",
        Kind::Conn => "connection",
        Kind::Tx => "transaction",
        Kind::Stream => "row stream",
        Kind::Permit => "permit",
        Kind::LockGuard => "lock guard",
        Kind::Pool
        | Kind::Semaphore
        | Kind::Lock
        | Kind::Handle
        | Kind::Driver
        | Kind::Task
        | Kind::Raw
        | Kind::Wrapper
        | Kind::Builder
        | Kind::Plain => "resource",
    }
    .to_owned()
}

/// Name and noun: `` `tx`, a transaction, ``; for a temporary only the noun.
pub fn described(cx: &Cx<'_>, res: ResId) -> String {
    let noun = noun(cx, &cx.events().resources[res]);
    match variable(cx, res) {
        Some(name) => format!("`{name}` ({noun})"),
        None => format!("the {noun} taken here"),
    }
}

/// The pool as the reader knows it: `` `self.db.pool` ``.
pub fn pool(cx: &Cx<'_>, pool: &PoolId) -> String {
    let body = cx.program.bodies[cx.body].owner;
    let start = match &pool.prov.root {
        ProvRoot::Param(n) => body.and_then(|f| {
            let ir = cx.program.fn_ir(f);
            ir.params.get(*n).and_then(|p| p.name).map(|n| n.to_string())
        }),
        ProvRoot::Static(path) => path.as_str().rsplit("::").next().map(str::to_owned),
        ProvRoot::Call(b, call) if *b == cx.body => Some(shorten(&folded(cx, cx.program.body(*b).calls[*call].span))),
        ProvRoot::Local(b, local) if *b == cx.body => cx.program.body(*b).locals[*local].name.map(|n| n.to_string()),
        ProvRoot::Call(..) | ProvRoot::Local(..) | ProvRoot::ClosureParam(..) | ProvRoot::Unknown => None,
    };
    match start {
        Some(start) => {
            let path: String = pool.prov.path.iter().map(|f| format!(".{}", step_of(cx, *f))).collect();
            format!("`{start}{path}`")
        }
        None => match pool.class {
            PoolClass::Slots => String::from("the pool"),
            PoolClass::Permits => String::from("the semaphore"),
            PoolClass::Lock { .. } => String::from("the lock"),
        },
    }
}

/// A step of a pool's path, with the parameters that it is chosen by under their names.
fn step_of(cx: &Cx<'_>, step: Symbol) -> String {
    let mut shown = step.to_string();
    let Some(f) = cx.program.bodies[cx.body].owner.filter(|_| shown.contains('#')) else { return shown };
    // From the last on, so that `#1` is not taken for the start of `#12`.
    for (n, param) in cx.program.fn_ir(f).params.iter().enumerate().rev() {
        let name = param.name.map_or_else(|| String::from("_"), |name| name.to_string());
        shown = shown.replace(&format!("#{n}"), &name);
    }
    shown
}

/// What a wait is for, to follow "waits for".
pub fn waited_for(waits: &Waits) -> String {
    match waits.kind.as_str() {
        "http" => "an HTTP answer",
        "rpc" => "an RPC answer",
        "sleep" | "timer" => "a timer",
        "process" => "a process to end",
        "task" => "another task",
        "cpu" => "work that keeps a processor busy",
        "channel" => "a channel",
        "lock" => "a lock",
        "permit" => "a permit",
        "pool" => "a second connection",
        "database" => "a query on another connection",
        "file" => "file I/O",
        "storage" => "object storage",
        "mail" => "a mail server",
        "cache" => "a cache server",
        "queue" => "a message broker",
        "secret" => "a secret store",
        "kube" => "the Kubernetes API",
        "stream" => "the next item of a stream",
        "signal" => "a signal",
        "socket" => "a socket",
        "client" => "a client to connect",
        "consumer" => "its consumer to take the next item",
        "unseen" => "a method whose implementation is not in this workspace",
        _ => "something unknown",
    }
    .to_owned()
}

/// How long waiting for the pool goes on, for a `why`.
pub fn patience(cx: &Cx<'_>, pool: &PoolId, own: Option<Patience>) -> String {
    let row = cx.program.type_row(&pool.ty);
    match own.or_else(|| row.and_then(|r| r.patience)) {
        Some(Patience::Forever) => String::from("for ever, as this pool has no wait timeout by default"),
        Some(Patience::Seconds(s)) => format!("until the pool's timeout ({s} s by default) and then fail"),
        Some(Patience::Never) => String::from("not at all: they fail at once"),
        None => String::from("until the pool's timeout, or for ever if it has none"),
    }
}

/// A step.
pub fn step(span: Span, message: impl Into<String>) -> Step {
    Step { span, message: message.into(), primary: false, offence: None }
}

/// Steps for the inner links of a chain: where each function on the way calls the next. The first link is the call in the
/// body at hand and has its own step.
pub fn chain_steps(chain: &[Link], last: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for (i, link) in chain.iter().enumerate().skip(1) {
        let caller = &chain[i - 1].callee;
        let message = if i + 1 == chain.len() {
            format!("`{caller}` {last}")
        } else {
            format!("`{caller}` calls `{}`", link.callee)
        };
        steps.push(step(link.span, message));
    }
    steps
}

/// The acquisition as a step, and the caller's if the resource is a parameter.
pub fn acquisition_steps(cx: &Cx<'_>, res: ResId) -> Vec<Step> {
    let events = cx.events();
    let resource = &events.resources[res];
    let what = noun(cx, resource);
    match resource.origin {
        Origin::Call(_) | Origin::Block(_) => {
            let mut steps = vec![step(
                resource.span,
                match variable(cx, res) {
                    Some(name) => format!("{what} acquired here, held by `{name}`"),
                    None => format!("{what} acquired here, held as a temporary"),
                },
            )];
            steps.extend(chain_steps(&resource.chain, "acquires it"));
            steps
        }
        Origin::Local(local) => {
            let name = name(cx, res);
            if let Some((outer_body, outer_res)) = events.outer[res] {
                let outer = Cx { body: outer_body, ..*cx };
                let mut steps = acquisition_steps(&outer, outer_res);
                if outer.program.bodies[outer_body].parent.is_some() && outer.events().outer[outer_res].is_some() {
                    return steps;
                }
                steps.push(step(cx.program.body(cx.body).span, format!("{name} is captured here")));
                return steps;
            }
            match caller(cx, local) {
                Some(site) => vec![
                    step(site.acquired, format!("{what} acquired in `{}`", site.caller)),
                    step(site.call, format!("`{}` passes it on", site.caller)),
                    step(resource.span, format!("{name} holds the caller's {what}")),
                ],
                None => vec![step(resource.span, format!("{name} is a {what} that the caller holds"))],
            }
        }
    }
}

/// The nearest caller that gives a held connection to a parameter.
pub fn caller<'a>(cx: &Cx<'a>, local: LocalId) -> Option<&'a crate::analyse::CallerSite> {
    let body = cx.program.body(cx.body);
    let f: FnIdx = cx.program.bodies[cx.body].owner?;
    if local.index() > body.param_count || cx.program.bodies[cx.body].parent.is_some() {
        return None;
    }
    cx.facts.callers.get(&(f, local.index() - 1))
}

/// Whether a parameter brings nothing but connections that were opened for whoever holds them: they keep nobody waiting.
fn from_no_pool(cx: &Cx<'_>, local: LocalId, resource: &Resource) -> bool {
    if resource.opened {
        return true;
    }
    let body = &cx.program.bodies[cx.body];
    let (Some(f), None, true) = (body.owner, body.parent, resource.is_connection()) else { return false };
    resource.kind != Kind::Guard
        && local.index() <= cx.program.body(cx.body).param_count
        && cx.facts.sources.get(&(f, local.index() - 1)).is_some_and(|s| s.only_opened())
}

/// Whether a transaction was begun on a connection that was opened for its holder, or on another such transaction.
fn begun_on_opened(cx: &Cx<'_>, res: ResId, steps: usize) -> bool {
    let parents = &cx.events().parents[res];
    let opened = |&p: &ResId| cx.events().resources[p].opened || steps > 0 && begun_on_opened(cx, p, steps - 1);
    !parents.is_empty() && parents.iter().all(opened)
}

/// How sure it is that somebody waits while a resource is held: as [`certainty`], but low for what came from no pool.
pub fn held_confidence(cx: &Cx<'_>, res: ResId) -> Confidence {
    let resource = &cx.events().resources[res];
    let apart = match (resource.origin, cx.events().outer[res]) {
        (Origin::Call(_) | Origin::Block(_), _) => resource.opened || begun_on_opened(cx, res, 4),
        (Origin::Local(_), Some((around, outer))) => {
            return held_confidence(&Cx { body: around, ..*cx }, outer).min(certainty(cx, res));
        }
        (Origin::Local(local), None) => from_no_pool(cx, local, resource),
    };
    if apart { Confidence::Low } else { certainty(cx, res) }
}

/// Whether the call at a place runs once in the life of the program: what it leaves behind ends with the process.
pub fn happens_once(cx: &Cx<'_>, at: Span) -> bool {
    let mut calls = cx.program.body(cx.body).calls.iter_enumerated().filter(|(_, call)| call.span == at);
    calls.any(|(id, _)| Calls::new(cx.program).often(cx.body, id, None) == Often::Once)
}

/// How sure it is that a resource is there: a parameter of which no acquiring caller was seen is medium, and so is what a
/// callee gives on some paths only; what may lie in a parameter, going by its type, is low.
pub fn certainty(cx: &Cx<'_>, res: ResId) -> Confidence {
    let resource = &cx.events().resources[res];
    match resource.origin {
        Origin::Call(_) | Origin::Block(_) if resource.maybe => resource.confidence.min(Confidence::Medium),
        Origin::Call(_) | Origin::Block(_) => resource.confidence,
        Origin::Local(_) if resource.maybe => Confidence::Low,
        Origin::Local(local) => {
            if let Some((around, outer)) = cx.events().outer[res] {
                return certainty(&Cx { body: around, ..*cx }, outer).min(resource.confidence);
            }
            let ty = cx.program.bodies[cx.body].locals.get(local);
            // A connection behind a shared reference is pipelined or a pool in disguise: others can use it meanwhile.
            if resource.kind == Kind::Conn && matches!(ty, Some(Ty::Ref(false, _))) {
                return Confidence::Low;
            }
            if resource.inside && variable(cx, res).is_some_and(|n| n == "self") {
                return Confidence::Low;
            }
            let seen = caller(cx, local).is_some();
            let cap = if seen && !resource.inside { Confidence::High } else { Confidence::Medium };
            resource.confidence.min(cap)
        }
    }
}

/// How sure it is that holding a resource keeps others waiting: one connection in the only task that runs this body empties
/// no pool; a lock keeps out whoever needs it, and so do the locks of an open transaction.
pub fn starving_confidence(cx: &Cx<'_>, res: ResId) -> Confidence {
    let resource = &cx.events().resources[res];
    let slot = resource.pool.class == PoolClass::Slots && resource.kind != Kind::Tx;
    if slot && cx.facts.single(cx.body) { Confidence::Low } else { held_confidence(cx, res) }
}

/// Whether a resource comes from a pool that this body made for itself: nobody else waits for it.
pub fn of_private_pool(cx: &Cx<'_>, res: ResId) -> bool {
    let ProvRoot::Call(body, call) = &cx.events().resources[res].pool.prov.root else { return false };
    let Target::Pack(path) = &cx.program.bodies[*body].targets[*call] else { return false };
    let row = cx.program.catalog.target_row(*path);
    *body == cx.body && row.is_some_and(|row| row.effect == Effect::NewPool)
}

/// Whether a resource is one that may be held for long by design.
pub fn long_lived(cx: &Cx<'_>, resource: &Resource) -> bool {
    cx.program.type_row(&resource.ty).is_some_and(|r| r.long_lived)
}

/// The first release after a place, as a step.
pub fn release_step(cx: &Cx<'_>, res: ResId, after: Span) -> Option<Step> {
    let name = name(cx, res);
    let list = &cx.events().releases[res];
    let (span, release) =
        list.iter().filter(|(s, _)| s.file == after.file && s.end > after.end).min_by_key(|(s, _)| s.end).copied()?;
    let end = Span { start: span.end.saturating_sub(1), ..span };
    Some(match release {
        Release::Scope => step(end, format!("{name} is released only here, at the end of its scope")),
        Release::Temporary => step(end, format!("{name} is a temporary and is released only here")),
        Release::Call => step(span, format!("{name} is released here")),
        Release::Commit => step(span, format!("{name} is committed here")),
        Release::Rollback => step(span, format!("{name} is rolled back here")),
    })
}

/// Puts steps into order and marks the primary one.
pub fn order_steps(mut steps: Vec<Step>, primary: Span) -> Vec<Step> {
    let mut seen: Vec<Step> = Vec::new();
    for step in steps.drain(..) {
        if !seen.iter().any(|s| s.span == step.span && s.message == step.message) {
            seen.push(step);
        }
    }
    if let Some(step) = seen.iter_mut().find(|s| s.span == primary) {
        step.primary = true;
    }
    seen
}

/// What a made thing is called: its pack's noun, else `otherwise`.
pub fn made(cx: &Cx<'_>, ty: &Ty, otherwise: &str) -> String {
    cx.program.type_row(ty).and_then(|r| r.noun.clone()).unwrap_or_else(|| otherwise.to_owned())
}

/// For each what something runs, to follow "for each".
pub fn each(each: Option<Each>) -> &'static str {
    match each {
        Some(Each::Turn(_)) => "turn of a loop",
        Some(Each::Item) => "item",
        Some(Each::Request) => "request",
        Some(Each::Worker) => "worker",
        None => "call",
    }
}

/// Why a made thing is made again and again, from the reason down to the call that makes it.
pub fn made_steps(made: &Made, last: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Often::Many(many) = &made.often {
        let reason = match many.each {
            Each::Turn(_) => "this runs in each turn of a loop",
            Each::Item => "this runs for each item",
            Each::Request => "this runs for each request",
            Each::Worker => "this runs for each worker",
        };
        if many.span != made.span {
            steps.push(step(many.span, reason));
        }
        for link in &many.via {
            steps.push(step(link.span, format!("calls `{}`", link.callee)));
        }
    }
    if made.chain.len() > 1 {
        steps.push(step(made.span, format!("gets it from `{}`", made.chain[0].callee)));
        let inner = chain_steps(&made.chain, "makes it");
        steps.extend(inner);
    } else {
        steps.push(step(made.span, last));
    }
    order_steps(steps, made.span)
}

/// A finding with the parts that every lint fills in the same way.
pub fn finding(cx: &Cx<'_>, lint: &'static str, confidence: Confidence, span: Span, res: Option<ResId>) -> Finding {
    let resource = res.map(|r| &cx.events().resources[r]);
    Finding {
        lint,
        confidence,
        span,
        function: cx.program.function_path(cx.body),
        function_span: cx.program.function_span(cx.body),
        message: String::new(),
        resource: resource.map_or_else(String::new, |r| folded(cx, r.span)),
        acquired_at: resource.map(|r| r.span),
        held: res.map(|r| Held {
            variable: variable(cx, r).map(|name| name.to_string()),
            is_lock: matches!(cx.events().resources[r].pool.class, PoolClass::Lock { .. }),
        }),
        steps: Vec::new(),
        kinds: Vec::new(),
        why: String::new(),
        help: String::new(),
        suggestions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_article_goes_by_the_sound() {
        let nouns = [
            "connection",
            "AMQP connection",
            "SSH session",
            "SQLite connection",
            "exclusive client",
            "SurrealDB client",
        ];
        let told: Vec<String> = nouns.into_iter().map(super::one).collect();
        let whole = told.join(", ");
        assert_eq!(
            whole,
            "a connection, an AMQP connection, an SSH session, a SQLite connection, an exclusive client, a SurrealDB client"
        );
    }
}
