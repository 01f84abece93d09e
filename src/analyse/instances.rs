//! How many tasks may run a body at once: one, or any number. The single-instance question of may-happen-in-parallel analyses.
//!
//! A connection that only one task holds is one connection: however long it is held, no other task of its kind waits for the
//! pool, and taking a second one starves nobody.
//!
//! Asked downwards from what may run any number of times at once: functions that nobody in sight calls (handlers, the
//! library's own interface), functions that are handed on as values, futures that are not awaited where they are made,
//! recursion. What runs a bounded number of times in all ([`bounded`]) is run by a bounded number of tasks, whoever calls it.
//! A method called on something of unknown type stands for all of its name. A public function that nothing in a program (a
//! crate with a `main`) calls is many by itself, but brings nobody to what `main` runs.
//!
//! **Invariants:** *one* is said only if every way to the body is seen and leads to `main`; what is not seen is *many*.
//! Callers in test code are no callers. **Absent on purpose:** how often a body runs, one after the other, which
//! [`made::often`](super::made::often) tells; judging.

mod bounded;
mod fate;

use super::made::{often, read};
use crate::base::{IndexVec, Symbol};
use crate::ir::{CallId, Callee, Owner, Path};
use crate::resolve::{BodyIdx, FnIdx, Program, Target};
use fate::{Fate, Fates};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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
    let asked = Asked::of(program);
    let mut roots = roots(program, &asked);
    let nothing = IndexVec::from_elem(false, program.bodies.len());
    let others = spread(program, &roots, &nothing, &asked);
    // To empty a pool takes many who really come, not one who might: who asks by name decides, and what a program has to spare
    // makes nobody come to what the program itself runs.
    let (mains, by_macros) = (mains(program), named_by_macros(program));
    let crates: HashSet<usize> = mains.iter().map(|f| program.fns[*f].krate).collect();
    let is_spare = |body| program.fn_of_body(body).is_some_and(|f| is_spare(program, f, &crates, &by_macros));
    roots.retain(|(_, why)| *why != Many::Asked);
    let (spare, roots): (Vec<_>, Vec<_>) =
        roots.into_iter().partition(|(body, why)| *why == Many::Uncalled && is_spare(*body));
    let bounded = bounded::bodies(program, &roots, &asked);
    let many = spread(program, &roots, &bounded, &asked);
    let mut used = nothing;
    let mut todo: Vec<BodyIdx> = mains.iter().filter_map(|f| program.fns[*f].body).collect();
    while let Some(body) = todo.pop() {
        if !std::mem::replace(&mut used[body], true) {
            todo.extend(program.callees(body).iter().copied().chain(asked.bodies(program, body)));
        }
    }
    let mut spread = Spread { program, bounded: &used, asked: &asked, many };
    for (body, why) in spare {
        spread.from(body, why);
    }
    Instances { many: spread.many, others }
}

/// The methods that calls on something of unknown type, or on more types than were followed, may reach: all of that name which
/// take as many arguments.
struct Asked {
    calls: HashMap<BodyIdx, Vec<(CallId, Arc<[FnIdx]>)>>,
    fns: HashSet<FnIdx>,
}

impl Asked {
    fn of(program: &Program) -> Asked {
        let mut methods: HashMap<(Symbol, usize), Vec<FnIdx>> = HashMap::new();
        for (f, info) in program.fns.iter_enumerated() {
            let ir = program.fn_ir(f);
            if ir.self_kind.is_some() && info.body.is_some_and(|body| !program.bodies[body].is_test) {
                methods.entry((ir.name, info.params.len())).or_default().push(f);
            }
        }
        let methods: HashMap<(Symbol, usize), Arc<[FnIdx]>> =
            methods.into_iter().map(|(key, fns)| (key, fns.into())).collect();
        let mut asked = Asked { calls: HashMap::new(), fns: HashSet::new() };
        for (body, info) in program.bodies.iter_enumerated().filter(|(_, info)| !info.is_test) {
            for (id, target) in info.targets.iter_enumerated() {
                let call = &program.body(body).calls[id];
                if let Target::Unknown(_) | Target::Local { cut: true, .. } = target
                    && let Callee::Method { name, .. } = &call.callee
                    && let Some(fns) = methods.get(&(*name, call.args.len()))
                {
                    asked.fns.extend(fns.iter());
                    asked.calls.entry(body).or_default().push((id, fns.clone()));
                }
            }
        }
        asked
    }

    /// The calls of a body, each with what it may reach.
    fn calls(&self, body: BodyIdx) -> &[(CallId, Arc<[FnIdx]>)] {
        self.calls.get(&body).map_or(&[], Vec::as_slice)
    }

    /// The bodies that those of a body may reach.
    fn bodies<'a>(&'a self, program: &'a Program, body: BodyIdx) -> impl Iterator<Item = BodyIdx> + 'a {
        self.calls(body).iter().flat_map(|(_, fns)| fns.iter()).filter_map(|f| program.fns[*f].body)
    }
}

fn spread(
    program: &Program,
    roots: &[(BodyIdx, Many)],
    bounded: &IndexVec<BodyIdx, bool>,
    asked: &Asked,
) -> IndexVec<BodyIdx, Option<Many>> {
    let mut spread = Spread { program, bounded, asked, many: IndexVec::from_elem(None, program.bodies.len()) };
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
fn roots(program: &Program, asked: &Asked) -> Vec<(BodyIdx, Many)> {
    let mut roots = Vec::new();
    for (f, info) in program.fns.iter_enumerated() {
        let Some(body) = info.body.filter(|body| !program.bodies[*body].is_test) else { continue };
        let name = program.fn_ir(f).name;
        let is_main = name.as_str() == "main" && info.self_ty.is_none();
        let is_called = asked.fns.contains(&f) || program.callers(f).iter().any(|(b, _)| !program.bodies[*b].is_test);
        // Each level of a recursion is an instance of its own, though one task runs them all.
        let recurs = program.callees(body).iter().any(|to| program.in_one_component(body, *to));
        let why = match (is_main, is_called) {
            (false, false) if serves_tests(name) => Some(Many::ForTests),
            (false, false) => Some(Many::Uncalled),
            _ if recurs => Some(Many::Recurs),
            _ => asked.fns.contains(&f).then_some(Many::Asked),
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

/// The functions that programs begin with.
fn mains(program: &Program) -> Vec<FnIdx> {
    let fns = program.fns.iter_enumerated();
    let mains =
        fns.filter(|(f, info)| program.fn_ir(*f).name.as_str() == "main" && info.self_ty.is_none() && !info.is_test);
    mains.map(|(f, _)| f).collect()
}

/// What macros may call.
fn named_by_macros(program: &Program) -> HashSet<Symbol> {
    program.files.iter().flatten().flat_map(|file| &file.macro_names).copied().collect()
}

/// Whether a public function that nobody calls is plain code: nothing about it (an attribute, a trait, what a request tells as
/// a parameter, its name in a macro) that something else could call it by. In a crate that has a `main` it is what the program does not use, not
/// its interface.
fn is_spare(program: &Program, f: FnIdx, programs: &HashSet<usize>, by_macros: &HashSet<Symbol>) -> bool {
    const PLAIN: [&str; 12] = [
        "allow",
        "cfg",
        "cold",
        "deprecated",
        "doc",
        "expect",
        "inline",
        "instrument",
        "must_use",
        "track_caller",
        "warn",
        "deny",
    ];
    let (info, ir) = (&program.fns[f], program.fn_ir(f));
    let plain = |attrs: &[(Path, String)]| attrs.iter().all(|(path, _)| PLAIN.contains(&path.last().as_str()));
    let around = match ir.owner {
        Owner::Free => true,
        Owner::Impl(i) => program.files[info.file].as_ref().is_some_and(|file| plain(&file.impls[i].attrs)),
        Owner::Trait(_) => false,
    };
    let asked = info.params.iter().any(|ty| often::request(program, ty, 3).is_some());
    let named = by_macros.contains(&ir.name);
    programs.contains(&info.krate)
        && !named
        && ir.is_pub
        && info.trait_.is_none()
        && plain(&ir.attrs)
        && around
        && !asked
}

/// Whether a name says that its function sets something up for tests (`init_test_pool`, `pool_for_tests`). Bodies of tests are
/// not read, so that their calls are not seen. What tests something itself (`test_connection`) may belong to the program.
fn serves_tests(name: Symbol) -> bool {
    let mut words = name.as_str().split('_');
    words.next() != Some("test") && words.any(|word| matches!(word, "test" | "tests" | "mock" | "mocks"))
}

struct Spread<'a> {
    program: &'a Program,
    bounded: &'a IndexVec<BodyIdx, bool>,
    asked: &'a Asked,
    many: IndexVec<BodyIdx, Option<Many>>,
}

impl Spread<'_> {
    /// The body may be run by many, and so may all that it runs.
    fn from(&mut self, body: BodyIdx, why: Many) {
        let mut todo = vec![(body, why)];
        while let Some((at, why)) = todo.pop() {
            if self.many[at].is_none() && !self.bounded[at] {
                self.many[at] = Some(why);
                let called = self.program.callees(at).iter().copied();
                todo.extend(called.chain(self.asked.bodies(self.program, at)).map(|to| (to, Many::Runs(at))));
            }
        }
    }

    /// What a body that one task runs lets others run beside it.
    fn from_calls_of(&mut self, body: BodyIdx) {
        let program = self.program;
        let fates = Fates { program };
        let known = program.bodies[body].targets.iter_enumerated().filter_map(|(call, target)| match target {
            Target::Local { fns, .. } => Some((call, &**fns)),
            _ => None,
        });
        let asked = self.asked.calls(body).iter().map(|(call, fns)| (*call, &**fns));
        for (call, fns) in known.chain(asked) {
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
