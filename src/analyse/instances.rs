//! How many tasks may run a body at once: one, or any number. The single-instance question of may-happen-in-parallel analyses.
//!
//! A connection that only one task holds is one connection: however long it is held, no other task of its kind waits for the
//! pool, and taking a second one starves nobody.
//!
//! Asked downwards from what may run any number of times at once: functions that nobody in sight calls (handlers, the
//! library's own interface), functions that are handed on as values, futures that are not awaited where they are made,
//! recursion. What runs a bounded number of times in all ([`bounded`]) is run by a bounded number of tasks, whoever calls it.
//!
//! **Invariants:** *one* is said only if every way to the body is seen and leads to `main`; what is not seen is *many*.
//! Callers in test code are no callers. **Absent on purpose:** how often a body runs, one after the other, which
//! [`made::often`](super::made::often) tells; judging.

mod bounded;
mod fate;

use super::made::read;
use crate::base::{IndexVec, Symbol};
use crate::ir::{CallId, Callee};
use crate::resolve::{BodyIdx, Program, Target};
use fate::{Fate, Fates};
use std::collections::HashSet;

/// Why many tasks may run a body at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// Nobody in sight calls it.
    Uncalled,
    /// Nobody in sight calls it, and its name says that it serves tests.
    ForTests,
    /// Methods of its name are called on something whose type is not known.
    Asked,
    /// It calls itself.
    Recurs,
    /// This body hands it on as a value.
    Value(BodyIdx),
    /// This body makes it, or its future, and lets others run it.
    Leaves(BodyIdx),
    /// This body runs it and is itself run by many.
    Runs(BodyIdx),
}

/// Whether tasks pile up that a call starts: control may come back to it before the task was awaited.
pub fn piles_up(program: &Program, body: BodyIdx, call: CallId) -> bool {
    Fates { program }.piles_up(body, call)
}

/// Whether the loop around a call also goes round without it.
pub fn may_be_skipped(program: &Program, body: BodyIdx, call: CallId) -> bool {
    let ir = program.body(body);
    read::site(ir, call).is_some_and(|(block, _)| bounded::goes_round_without(ir, block))
}

/// Which bodies how many tasks may run.
#[derive(Debug, Default)]
pub struct Instances {
    /// Why any number of tasks may run a body at once; `None` where at most a handful do.
    pub many: IndexVec<BodyIdx, Option<Many>>,
    /// Why more than the one task of `main`, or one that it starts, may run a body.
    pub others: IndexVec<BodyIdx, Option<Many>>,
}

impl Instances {
    /// Whether nobody in sight but set-up for tests runs a body.
    pub fn for_tests(&self, body: BodyIdx) -> bool {
        let mut at = body;
        while let Some(Many::Runs(by)) = self.others[at] {
            at = by;
        }
        self.others[at] == Some(Many::ForTests)
    }
}

/// How many tasks may run each body.
pub fn of(program: &Program) -> Instances {
    let roots = roots(program);
    let bounded = bounded::bodies(program, &roots);
    let nothing = IndexVec::from_elem(false, program.bodies.len());
    Instances { many: spread(program, &roots, &bounded), others: spread(program, &roots, &nothing) }
}

fn spread(
    program: &Program,
    roots: &[(BodyIdx, Many)],
    bounded: &IndexVec<BodyIdx, bool>,
) -> IndexVec<BodyIdx, Option<Many>> {
    let mut spread = Spread { program, bounded, many: IndexVec::from_elem(None, program.bodies.len()) };
    let (last, first): (Vec<_>, Vec<_>) = roots.iter().partition(|(_, why)| *why == Many::ForTests);
    for (body, why) in first {
        spread.from(body, why);
    }
    for body in program.bodies.indices() {
        if spread.many[body].is_none() && !program.bodies[body].is_test {
            spread.from_calls_of(body);
        }
    }
    // What anything else runs too is not for tests.
    for (body, why) in last {
        spread.from(body, why);
    }
    spread.many
}

/// The bodies that may be run by many for a reason of their own.
fn roots(program: &Program) -> Vec<(BodyIdx, Many)> {
    let mut roots = Vec::new();
    let asked_of_somebody = unresolved_methods(program);
    for (f, info) in program.fns.iter_enumerated() {
        let Some(body) = info.body.filter(|body| !program.bodies[*body].is_test) else { continue };
        let name = program.fn_ir(f).name;
        let is_main = name.as_str() == "main" && info.self_ty.is_none();
        let is_called = program.callers(f).iter().any(|(b, _)| !program.bodies[*b].is_test);
        let may_be_called = info.self_ty.is_some() && asked_of_somebody.contains(&name);
        // Each level of a recursion is an instance of its own, though one task runs them all.
        let recurs = program.callees(body).iter().any(|to| program.in_one_component(body, *to));
        let why = match (is_main, is_called) {
            (false, false) if serves_tests(name) => Some(Many::ForTests),
            (false, false) => Some(Many::Uncalled),
            _ if may_be_called => Some(Many::Asked),
            _ => recurs.then_some(Many::Recurs),
        };
        if let Some(why) = why {
            roots.push((body, why));
        }
    }
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test) {
        let named = info.functions.iter().flat_map(|(_, target)| target.functions());
        roots.extend(named.filter_map(|f| program.fns[f].body).map(|to| (to, Many::Value(body))));
    }
    roots
}

/// Whether a name says that its function sets something up for tests (`init_test_pool`, `pool_for_tests`). Bodies of tests are
/// not read, so that their calls are not seen. What tests something itself (`test_connection`) may belong to the program.
fn serves_tests(name: Symbol) -> bool {
    let mut words = name.as_str().split('_');
    words.next() != Some("test") && words.any(|word| matches!(word, "test" | "tests" | "mock" | "mocks"))
}

/// Names of methods that are called on something whose type is not known, or on more types than were followed.
fn unresolved_methods(program: &Program) -> HashSet<Symbol> {
    let mut names = HashSet::new();
    for (body, info) in program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test) {
        for (call, target) in info.targets.iter_enumerated() {
            if let Target::Unknown(_) | Target::Local { cut: true, .. } = target
                && let Callee::Method { name, .. } = &program.body(body).calls[call].callee
            {
                names.insert(*name);
            }
        }
    }
    names
}

struct Spread<'a> {
    program: &'a Program,
    bounded: &'a IndexVec<BodyIdx, bool>,
    many: IndexVec<BodyIdx, Option<Many>>,
}

impl Spread<'_> {
    /// The body may be run by many, and so may all that it runs.
    fn from(&mut self, body: BodyIdx, why: Many) {
        let mut todo = vec![(body, why)];
        while let Some((at, why)) = todo.pop() {
            if self.many[at].is_none() && !self.bounded[at] {
                self.many[at] = Some(why);
                todo.extend(self.program.callees(at).iter().map(|to| (*to, Many::Runs(at))));
            }
        }
    }

    /// What a body that one task runs lets others run beside it.
    fn from_calls_of(&mut self, body: BodyIdx) {
        let program = self.program;
        let fates = Fates { program };
        for (call, target) in program.bodies[body].targets.iter_enumerated() {
            let Target::Local { fns, .. } = target else { continue };
            let gives_future = fns.iter().any(|f| program.fns[*f].is_async);
            if gives_future
                && read::site(program.body(body), call).is_none_or(|(_, to)| fates.fate(body, to.local) != Fate::Stays)
            {
                for body_of in fns.iter().filter_map(|f| program.fns[*f].body) {
                    self.from(body_of, Many::Leaves(body));
                }
            }
        }
        for &inner in program.inner_bodies(body) {
            let leaves = read::built_into(program, inner).iter().any(|local| fates.leaves(body, *local));
            if leaves {
                self.from(inner, Many::Leaves(body));
            }
        }
    }
}
