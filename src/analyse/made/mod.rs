//! Pools and connections that the program makes: where, how often, and what becomes of them.
//!
//! Owns: the calls that make one, wrappers of the workspace included ([`find`]); what becomes of it ([`fate`]); how often the
//! call runs ([`often`]); what limits a pool was given ([`limits`]). The answers are events of the body in which the thing
//! ends.
//!
//! **Invariants:** one made thing, one event: where a function returns it, its callers are asked. Summaries and states are
//! not needed and not changed. **Absent on purpose:** judging; which of the answers is worth a finding the lints decide.

pub mod fate;
pub mod limits;
pub mod often;
pub mod read;

use super::events::{BodyEvents, Event};
use super::resource::Link;
use super::{effect, summary};
use crate::base::{Confidence, IndexVec, Span};
use crate::ir::{self, CallId, Operand};
use crate::pack::{Effect, Kind};
use crate::resolve::{BodyIdx, FnIdx, Program, ProvRoot, Target, Ty};
use fate::{Fate, Fates};
use often::{Calls, Often};
use std::collections::HashMap;

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A pool.
    Pool,
    /// A connection that comes from no pool.
    Connection,
}

/// A pool or connection that is made, as its lints need to know it.
#[derive(Clone, Debug)]
pub struct Made {
    /// What.
    pub what: What,
    /// Its type.
    pub ty: Ty,
    /// The call, in the body at hand.
    pub span: Span,
    /// From that call to the one that makes it.
    pub chain: Vec<Link>,
    /// Something that lives longer than the call has it.
    pub kept: bool,
    /// The closure that makes it hands it on: whoever runs that often wants as many.
    pub handed_on: bool,
    /// How often the call runs.
    pub often: Often,
    /// How sure the chain is.
    pub confidence: Confidence,
    /// What is needed to connect is kept in something that lives longer: the method's own object.
    pub means_kept: bool,
    /// A pool of the same library is at hand: a parameter has one.
    pub at_hand: bool,
    /// Other calls that get one in the same way and whose span is not that of the event.
    pub others: Vec<Span>,
}

/// One that a function returns.
#[derive(Clone, Debug)]
struct Returned {
    what: What,
    ty: Ty,
    chain: Vec<Link>,
    confidence: Confidence,
    /// The body and call of the leaf.
    leaf: (BodyIdx, CallId),
    /// Parameters that what it connects to is made of.
    params: Vec<read::Input>,
    /// It connects to something else each time, whatever the parameters.
    varies: bool,
}

struct Site {
    body: BodyIdx,
    call: CallId,
    made: Returned,
    fate: Fate,
}

/// Whether a semaphore of the program is made with no permits.
pub fn closed_gates(program: &Program) -> bool {
    program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test).any(|(idx, info)| {
        info.targets.iter_enumerated().any(|(id, target)| {
            let makes = matches!(target, Target::Pack(_))
                && program.kind(&info.results[id]) == Some(Kind::Semaphore)
                && matches!(program.body(idx).calls[id].callee, ir::Callee::Path(_));
            let first = program.body(idx).calls[id].args.first().filter(|_| makes);
            first.and_then(|op| read::number(program, idx, op)) == Some(0)
        })
    })
}

/// Most wrappers one call can stand for.
const MOST: usize = 4;

/// Finds what is made and puts it into the events.
pub fn find(program: &Program, events: &mut IndexVec<BodyIdx, BodyEvents>) {
    let sites = sites(program);
    if sites.is_empty() {
        return;
    }
    limits::find(
        program,
        &sites.iter().filter(|s| s.made.chain.len() == 1).map(|s| (s.body, s.call)).collect::<Vec<_>>(),
        events,
    );
    let mut calls = Calls::new(program);
    let mut connections: HashMap<(BodyIdx, CallId), Vec<Made>> = HashMap::new();
    let mut order = Vec::new();
    for site in &sites {
        if program.bodies[site.body].is_test || returns_it(program, site) {
            continue;
        }
        let which = (site.made.chain.len() > 1).then_some(site.made.params.as_slice());
        let often = match calls.often(site.body, site.call, which) {
            Often::Many(_) if site.made.varies => Often::Unknown,
            often => often,
        };
        if often == Often::Once {
            continue;
        }
        let made = Made {
            what: site.made.what,
            ty: site.made.ty.clone(),
            span: program.body(site.body).calls[site.call].span,
            chain: site.made.chain.clone(),
            kept: site.fate.kept,
            handed_on: site.fate.handed_on,
            often,
            confidence: site.made.confidence,
            means_kept: means_kept(program, site),
            at_hand: at_hand(program, site),
            others: Vec::new(),
        };
        match made.what {
            What::Pool => events[site.body].events.push(Event::Made(Box::new(made))),
            What::Connection => {
                let list = connections.entry(site.made.leaf).or_default();
                if list.is_empty() {
                    order.push((site.made.leaf, site.body));
                }
                list.push(made);
            }
        }
    }
    // Many callers of one function that connects are one cause: it is told where the connection is made.
    for (leaf, body) in order {
        let Some(mut list) = connections.remove(&leaf) else { continue };
        list.sort_by_key(|m| (!matches!(m.often, Often::Many(_)), m.chain.len()));
        let mut first = list.remove(0);
        first.others = list.iter().filter(|m| !m.kept).map(|m| m.span).collect();
        let at = if first.chain.len() > 1 { leaf.0 } else { body };
        events[at].events.push(Event::Made(Box::new(first)));
    }
}

/// Whether the callers of the function around are asked about it. The result of a closure is its function's business.
fn returns_it(program: &Program, site: &Site) -> bool {
    site.fate.returned && program.bodies[site.body].owner.is_some()
}

fn sites(program: &Program) -> Vec<Site> {
    let mut fates = Fates::new(program);
    let mut returned: HashMap<FnIdx, Vec<Returned>> = HashMap::new();
    let mut sites = Vec::new();
    for component in program.components() {
        for &body in component {
            for (call, target) in program.bodies[body].targets.iter_enumerated() {
                for made in made_by(program, body, call, target, &returned) {
                    let Some((_, to)) = read::site(program.body(body), call) else { continue };
                    let wanted: Vec<Kind> = kinds(program, &made.ty);
                    let fate = fates.of(body, to.local, &wanted);
                    if often::once_for_all(program, body) {
                        continue;
                    }
                    let site = Site { body, call, made, fate };
                    if let (true, Some(f)) = (site.fate.returned, program.bodies[body].owner) {
                        let which = (site.made.chain.len() > 1).then_some(site.made.params.as_slice());
                        let read::Inputs { params, item } = read::inputs(program, body, call, which);
                        let list = returned.entry(f).or_default();
                        if list.len() < MOST && list.iter().all(|r| r.leaf != site.made.leaf) {
                            list.push(Returned { params, varies: item || site.made.varies, ..site.made.clone() });
                        }
                    }
                    sites.push(site);
                }
            }
        }
    }
    sites.sort_by_key(|s| (s.body, s.call));
    sites
}

fn kinds(program: &Program, ty: &Ty) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = program.kind(ty).into_iter().collect();
    kinds.extend(program.held(ty).iter().map(|h| h.kind));
    kinds
}

/// What a call makes, or gets from a function that makes it.
fn made_by(
    program: &Program,
    body: BodyIdx,
    call: CallId,
    target: &Target,
    returned: &HashMap<FnIdx, Vec<Returned>>,
) -> Vec<Returned> {
    let data = &program.body(body).calls[call];
    match target {
        Target::Pack(path) => {
            let Some(row) = program.catalog.target_row(*path) else { return Vec::new() };
            let what = match row.effect {
                Effect::NewPool => What::Pool,
                Effect::Connect => What::Connection,
                _ => return Vec::new(),
            };
            let link = Link { span: data.span, callee: effect::callee_word(data) };
            let ty = payload(program, &program.bodies[body].results[call]);
            vec![Returned {
                what,
                ty,
                chain: vec![link],
                confidence: Confidence::High,
                leaf: (body, call),
                params: Vec::new(),
                varies: false,
            }]
        }
        Target::Local { fns, .. } => {
            let cap = if fns.len() > 1 { Confidence::Medium } else { Confidence::High };
            let mut out = Vec::new();
            for f in fns.iter() {
                for inner in returned.get(f).into_iter().flatten() {
                    if inner.chain.len() >= summary::MAX_CHAIN || out.len() >= MOST {
                        continue;
                    }
                    let mut chain = vec![Link { span: data.span, callee: program.fns[*f].path }];
                    chain.extend(inner.chain.iter().cloned());
                    out.push(Returned { chain, confidence: inner.confidence.min(cap), ..inner.clone() });
                }
            }
            out
        }
        Target::Closure(_) | Target::Constructor(_) | Target::Extern { .. } | Target::Unknown(_) => Vec::new(),
    }
}

/// What comes out of a future and a `Result`.
pub fn payload(program: &Program, ty: &Ty) -> Ty {
    let inner = match ty {
        Ty::Future(inner) => inner,
        other => other,
    };
    let payload = program.tables.payload(inner);
    if payload.is_known() { payload } else { inner.clone() }
}

/// Whether what the call connects to comes from a field of the method's own object, which lives longer than the call.
fn means_kept(program: &Program, site: &Site) -> bool {
    let (body, call) = site.made.leaf;
    let args = &program.body(body).calls[call].args;
    let owner = program.bodies[body].owner.map(|f| program.fn_ir(f));
    let by_reference = owner.is_some_and(|f| f.self_kind.is_some_and(|k| k != ir::SelfKind::Value));
    by_reference
        && args.iter().any(|arg| {
            let prov = program.prov(body, arg);
            prov.root == ProvRoot::Param(0) && !prov.path.is_empty()
        })
}

/// Whether a parameter of the function has a pool of the same library.
fn at_hand(program: &Program, site: &Site) -> bool {
    let root = |ty: &Ty| ty.peel_refs().head().map(|h| h.as_str().split("::").next().unwrap_or_default().to_owned());
    let Some(wanted) = root(&site.made.ty) else { return false };
    let Some(owner) = program.bodies[site.body].owner else { return false };
    program.fns[owner]
        .params
        .iter()
        .any(|ty| program.held(ty).iter().any(|h| h.kind == Kind::Pool && root(&h.ty).is_some_and(|r| r == wanted)))
}

/// The literal sizes that pools of the program are given, with the pack root of the pool.
pub fn sizes(program: &Program) -> Vec<i128> {
    let mut sizes = Vec::new();
    let settings: Vec<&str> = program
        .catalog
        .packs
        .iter()
        .flat_map(|p| &p.types)
        .flat_map(|t| &t.settings)
        .filter(|(role, _)| role == "size")
        .map(|(_, name)| name.as_str())
        .collect();
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        for (call, target) in info.targets.iter_enumerated() {
            let data = &program.body(body).calls[call];
            if let (Target::Pack(_), ir::Callee::Method { name, .. }, Some(arg)) =
                (target, &data.callee, data.args.get(1))
                && settings.contains(&name.as_str())
                && !matches!(arg, Operand::Path(..))
            {
                sizes.extend(read::number(program, body, arg));
            }
        }
    }
    sizes.sort_unstable();
    sizes
}
