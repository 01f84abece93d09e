//! What callers bring: which call gives a held connection to a parameter, and whether the connections that a parameter
//! gets come from a pool at all.
//!
//! **Invariants:** tests are no callers; a source that cannot be followed is *unseen*, never "opened". **Absent on purpose:**
//! judgement of a function by one of its callers only: a parameter that gets both kinds is a pooled one.

use super::events::{CallerSite, Event};
use super::resource::{Origin, ResId};
use super::{Facts, Sameness};
use crate::base::{Confidence, Span};
use crate::ir::BodyKind;
use crate::pack::Kind;
use crate::resolve::{BodyIdx, FnIdx, Program, ProvRoot};
use std::collections::{BTreeMap, BTreeSet};

/// Bodies around bodies, and what was begun on what, that are looked through.
const STEPS: usize = 8;

/// Where the connections that a parameter gets come from, over all callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// From a pool.
    pub pooled: bool,
    /// Opened, by somebody who knows no pool.
    pub opened: bool,
    /// Some caller cannot tell.
    pub unseen: bool,
}

impl Sources {
    /// Whether every caller was seen to give connections that hold no slot of a pool.
    pub fn only_opened(self) -> bool {
        self.opened && !self.pooled && !self.unseen
    }

    fn merge(&mut self, other: Sources) -> bool {
        let before = *self;
        self.pooled |= other.pooled;
        self.opened |= other.opened;
        self.unseen |= other.unseen;
        *self != before
    }
}

/// Where one resource comes from.
enum Source {
    Pooled,
    Opened,
    Unseen,
    Param(FnIdx, usize),
}

/// Tells the functions that a body calls which of their parameters bring a held connection.
pub fn note(program: &Program, idx: BodyIdx, facts: &mut Facts, lent: &[(Span, ResId, Sameness)]) {
    if program.bodies[idx].is_test {
        return;
    }
    let events = &facts.events[idx];
    let mut sites = Vec::new();
    let mut confirmed = Vec::new();
    let site = |res: ResId, call: Span| {
        let resource = &events.resources[res];
        CallerSite {
            caller: program.function_path(idx),
            acquired: resource.span,
            call,
            pool: Some(resource.pool.clone()),
            confidence: resource.confidence,
            chain: resource.chain.clone(),
        }
    };
    for event in &events.events {
        if let Event::PassedTo { res, fns, param, span } = event {
            let resource = &events.resources[*res];
            if resource.is_connection() && resource.acquired_by_us && resource.confidence > Confidence::Low {
                for &f in fns {
                    sites.push(((f, *param), site(*res, *span)));
                }
            }
        }
    }
    for &(span, res, sameness) in lent {
        if events.resources[res].acquired_by_us {
            confirmed.push((span, (sameness, site(res, span))));
        }
    }
    for (key, site) in sites {
        facts.callers.entry(key).or_insert(site);
    }
    for (span, new) in confirmed {
        match facts.confirmed.get_mut(&span) {
            Some(old) if new.0 < old.0 => *old = new,
            Some(_) => {}
            None => {
                facts.confirmed.insert(span, new);
            }
        }
    }
}

/// The sources of every parameter that some caller gives a connection to.
pub fn sources(program: &Program, facts: &Facts) -> BTreeMap<(FnIdx, usize), Sources> {
    let mut sources: BTreeMap<(FnIdx, usize), Sources> = BTreeMap::new();
    let mut from: BTreeSet<((FnIdx, usize), (FnIdx, usize))> = BTreeSet::new();
    for (idx, events) in facts.events.iter_enumerated() {
        if program.bodies[idx].is_test {
            continue;
        }
        for event in &events.events {
            let Event::PassedTo { res, fns, param, .. } = event else { continue };
            if !events.resources[*res].is_connection() {
                continue;
            }
            let source = source(program, facts, idx, *res, STEPS);
            for &f in fns {
                let slot = sources.entry((f, *param)).or_default();
                match source {
                    Source::Pooled => slot.pooled = true,
                    Source::Opened => slot.opened = true,
                    Source::Unseen => slot.unseen = true,
                    Source::Param(g, n) => {
                        from.insert(((g, n), (f, *param)));
                    }
                }
            }
        }
    }
    // A parameter that nobody was seen to give anything to gets it from somebody outside.
    for (giver, _) in &from {
        sources.entry(*giver).or_insert(Sources { unseen: true, ..Sources::default() });
    }
    loop {
        let mut changed = false;
        for (giver, taker) in &from {
            let given = sources[giver];
            changed |= sources.entry(*taker).or_default().merge(given);
        }
        if !changed {
            return sources;
        }
    }
}

fn source(program: &Program, facts: &Facts, body: BodyIdx, res: ResId, steps: usize) -> Source {
    let events = &facts.events[body];
    let (Some(resource), true) = (events.resources.get(res), steps > 0) else { return Source::Unseen };
    if let Some(&parent) = events.parents[res].first() {
        return source(program, facts, body, parent, steps - 1);
    }
    if resource.opened {
        return Source::Opened;
    }
    if let Some((around, outer)) = events.outer[res] {
        return source(program, facts, around, outer, steps - 1);
    }
    match resource.origin {
        Origin::Call(_) | Origin::Block(_) => {
            let known = resource.kind == Kind::Guard || resource.pool.prov.root != ProvRoot::Unknown;
            if known && resource.confidence > Confidence::Low { Source::Pooled } else { Source::Unseen }
        }
        // A guard is a pool's, whoever holds it.
        Origin::Local(_) if resource.kind == Kind::Guard => Source::Pooled,
        Origin::Local(_) if resource.pool.prov.root != ProvRoot::Unknown => Source::Pooled,
        Origin::Local(local) => match (&program.body(body).kind, program.bodies[body].owner) {
            (BodyKind::Fn(_), Some(f)) if program.bodies[body].parent.is_none() => {
                Source::Param(f, crate::base::Idx::index(local) - 1)
            }
            _ => Source::Unseen,
        },
    }
}
