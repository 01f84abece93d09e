//! What limits a pool was given before it was built: how long an acquisition waits.
//!
//! Asked backwards from the call that builds the pool, through builders and configuration structs, whose settings packs
//! name. **Invariant:** a builder or configuration that comes from somewhere unseen has limits, as far as is known.

use super::read::{self, Amount, assignments};
use crate::analyse::events::{BodyEvents, Event};
use crate::base::IndexVec;
use crate::ir::{self, CallId, Callee, LocalId, Operand, Rvalue, return_local};
use crate::pack::{Effect, Patience};
use crate::resolve::{BodyIdx, Program, Target, Ty};

/// What is known of a limit.
#[derive(Clone, Debug, PartialEq)]
enum Bound {
    /// There is one: how many seconds, where that is written.
    Given(Vec<Amount>),
    /// There is none: the default holds.
    Absent,
    /// Not known.
    Unknown,
}

/// A pool whose acquisitions wait too long.
#[derive(Clone, Debug)]
pub struct Unlimited {
    /// The pool's type.
    pub ty: Ty,
    /// The call that builds it.
    pub span: crate::base::Span,
    /// What is called.
    pub what: String,
    /// The seconds that were given; empty: none, and the default is for ever.
    pub seconds: Vec<Amount>,
    /// Settings that would limit it.
    pub settings: Vec<String>,
}

/// Steps of one question.
const DEPTH: usize = 12;

/// Asks for each call that builds a pool.
pub(super) fn find(program: &Program, calls: &[(BodyIdx, CallId)], events: &mut IndexVec<BodyIdx, BodyEvents>) {
    for &(body, call) in calls {
        let Target::Pack(path) = &program.bodies[body].targets[call] else { continue };
        let builds = program.catalog.target_row(*path).is_some_and(|row| matches!(row.effect, Effect::NewPool));
        let ty = super::payload(program, &program.bodies[body].results[call]);
        let (true, Some(row)) = (builds && !program.bodies[body].is_test, program.type_row(&ty)) else { continue };
        let settings: Vec<String> = waits(&row.settings).map(str::to_owned).collect();
        if settings.is_empty() {
            continue;
        }
        let data = &program.body(body).calls[call];
        let mut ask = Ask { program, names: settings.clone(), seen: Vec::new() };
        let mut bound = Bound::Absent;
        for arg in &data.args {
            if ask.is_configuration(body, arg) {
                bound = ask.carried(body, arg, DEPTH);
                break;
            }
        }
        let seconds = match bound {
            Bound::Absent if row.patience == Some(Patience::Forever) => Vec::new(),
            Bound::Given(amounts) if !amounts.is_empty() => amounts,
            Bound::Absent | Bound::Given(_) | Bound::Unknown => continue,
        };
        let what = crate::analyse::effect::callee_word(data).to_string();
        let found = Unlimited { ty, span: data.span, what, seconds, settings };
        events[body].events.push(Event::Unlimited(Box::new(found)));
    }
}

fn waits(settings: &[(String, String)]) -> impl Iterator<Item = &str> {
    settings.iter().filter(|(role, _)| role == "wait").map(|(_, name)| name.as_str())
}

struct Ask<'a> {
    program: &'a Program,
    /// Names of settings: those of the pool, and of each configuration type on the way.
    names: Vec<String>,
    seen: Vec<(BodyIdx, LocalId)>,
}

impl Ask<'_> {
    /// Whether an argument is a builder or configuration: something whose type a pack says takes settings.
    fn is_configuration(&self, body: BodyIdx, arg: &Operand) -> bool {
        let ty = self.program.operand_ty(body, arg);
        let row = self.program.type_row(&ty);
        row.is_some_and(|row| row.kind == crate::pack::Kind::Builder || waits(&row.settings).next().is_some())
            || matches!(ty.peel_refs(), Ty::Unknown) && matches!(arg, Operand::Place(_))
    }

    fn learn(&mut self, ty: &Ty) {
        let payload = super::payload(self.program, ty);
        if let Some(row) = self.program.type_row(&payload) {
            let new: Vec<String> = waits(&row.settings).map(str::to_owned).collect();
            self.names.extend(new);
        }
    }

    fn is_setting(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// The limit that a builder or configuration carries.
    fn carried(&mut self, body: BodyIdx, operand: &Operand, depth: usize) -> Bound {
        let Operand::Place(place) = operand else { return Bound::Unknown };
        if place.proj.iter().any(|p| matches!(p, ir::Proj::Field(_) | ir::Proj::Index)) {
            return Bound::Unknown;
        }
        self.local(body, place.local, depth)
    }

    fn local(&mut self, body: BodyIdx, local: LocalId, depth: usize) -> Bound {
        if depth == 0 || self.seen.contains(&(body, local)) {
            return Bound::Unknown;
        }
        self.seen.push((body, local));
        let program = self.program;
        let ir = program.body(body);
        self.learn(&program.bodies[body].locals[local]);
        match ir.locals[local].kind {
            ir::LocalKind::Capture => {
                let outer = ir.captures.iter().find(|c| c.inner == local).map(|c| c.outer);
                return match (program.bodies[body].parent, outer) {
                    (Some(parent), Some(outer)) => self.local(parent, outer, depth - 1),
                    (Some(_) | None, _) => Bound::Unknown,
                };
            }
            // Of a parameter nothing is known but what is set here.
            ir::LocalKind::Param | ir::LocalKind::Return | ir::LocalKind::Var | ir::LocalKind::Temp => {}
        }
        // Lent to somebody who may set what he likes.
        let lent = assignments(ir).any(|(_, to, value)| {
            matches!(value, Rvalue::Ref { mutable: true, place } if place.local == local)
                && to.as_local().is_none_or(|to| self.given_away(body, to))
        });
        if lent {
            return Bound::Unknown;
        }
        let mut from = None;
        let mut set = None;
        for (_, to, value) in assignments(ir).filter(|(_, to, _)| to.local == local) {
            match to.proj.first() {
                None if from.is_some() => return Bound::Unknown,
                None => from = Some(value),
                Some(ir::Proj::Field(name)) if self.is_setting(name.as_str()) => {
                    set = Some(match value {
                        Rvalue::Use(op) => self.value(body, op, depth - 1),
                        _ => self.made(body, value, depth - 1),
                    });
                }
                Some(_) => {}
            }
        }
        match (set, from) {
            (Some(bound), _) => bound,
            (None, Some(value)) => self.made(body, value, depth - 1),
            (None, None) => Bound::Unknown,
        }
    }

    /// Whether a mutable reference is given to a call other than as the receiver of a library's method.
    fn given_away(&self, body: BodyIdx, local: LocalId) -> bool {
        let info = &self.program.bodies[body];
        self.program.body(body).calls.iter_enumerated().any(|(id, call)| {
            call.args.iter().enumerate().any(|(i, a)| {
                matches!(a, Operand::Place(p) if p.local == local)
                    && !(i == 0
                        && matches!(call.callee, Callee::Method { .. })
                        && matches!(info.targets[id], Target::Pack(_)))
            })
        })
    }

    /// The limit that the value of a builder or configuration has.
    fn made(&mut self, body: BodyIdx, value: &Rvalue, depth: usize) -> Bound {
        if depth == 0 {
            return Bound::Unknown;
        }
        match value {
            Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => self.carried(body, op, depth),
            Rvalue::Ref { place, .. } => self.carried(body, &Operand::Place(place.clone()), depth),
            Rvalue::Aggregate { kind: ir::AggregateKind::Struct(_), fields, base } => {
                let names: Vec<bool> = fields.iter().map(|(name, _)| self.is_setting(name.as_str())).collect();
                match fields.iter().zip(names).find(|(_, is)| *is) {
                    Some(((_, op), _)) => self.value(body, op, depth - 1),
                    None => base.as_ref().map_or(Bound::Unknown, |b| self.carried(body, b, depth - 1)),
                }
            }
            Rvalue::Call(call) => self.call(body, *call, depth),
            Rvalue::Aggregate { .. }
            | Rvalue::AwaitMany { .. }
            | Rvalue::Plain(_)
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => Bound::Unknown,
        }
    }

    fn call(&mut self, body: BodyIdx, call: CallId, depth: usize) -> Bound {
        let program = self.program;
        let data = &program.body(body).calls[call];
        let info = &program.bodies[body];
        match &info.targets[call] {
            Target::Pack(path) => {
                let name = path.as_str().rsplit("::").next().unwrap_or_default();
                let method = matches!(data.callee, Callee::Method { .. });
                if self.is_setting(name) {
                    return match data.args.get(usize::from(method)) {
                        Some(arg) => match self.value(body, arg, depth - 1) {
                            // `wait_timeout(None)` after a limit takes it away.
                            Bound::Unknown => Bound::Given(Vec::new()),
                            known => known,
                        },
                        None => Bound::Given(Vec::new()),
                    };
                }
                match data.args.first() {
                    Some(receiver) if method => self.carried(body, receiver, depth - 1),
                    // A constructor: its limits are the default, unless it is given a configuration.
                    Some(_) | None => {
                        let configuration = data.args.iter().find(|a| {
                            self.is_configuration(body, a)
                                && program
                                    .type_row(&program.operand_ty(body, a))
                                    .is_some_and(|r| waits(&r.settings).next().is_some())
                        });
                        configuration.cloned().map_or(Bound::Absent, |a| self.carried(body, &a, depth - 1))
                    }
                }
            }
            Target::Local { fns, union: false, .. } if fns.len() == 1 => match program.fns[fns[0]].body {
                Some(inner) => self.local(inner, return_local(), depth - 1),
                None => Bound::Unknown,
            },
            // `Config::default()` of a type whose settings are known.
            Target::Extern { .. } | Target::Unknown(_) => {
                let default = match &data.callee {
                    Callee::Path(path) | Callee::Qualified { path, .. } => path.last().as_str() == "default",
                    Callee::Method { .. } | Callee::Value(_) | Callee::Macro { .. } => false,
                };
                if default && data.args.is_empty() { Bound::Absent } else { Bound::Unknown }
            }
            Target::Constructor(_) => match data.args.first() {
                Some(arg) => self.carried(body, arg, depth - 1),
                None => Bound::Unknown,
            },
            Target::Local { .. } | Target::Closure(_) => Bound::Unknown,
        }
    }

    /// The limit that a setting is given: a duration, `Some` or `None` of one, or a configuration that has settings itself.
    fn value(&mut self, body: BodyIdx, operand: &Operand, depth: usize) -> Bound {
        if depth == 0 {
            return Bound::Unknown;
        }
        let program = self.program;
        let place = match operand {
            Operand::Path(path, _) if path.last().as_str() == "None" => return Bound::Absent,
            Operand::Path(..) | Operand::Literal(_) => return Bound::Given(Vec::new()),
            Operand::Place(place) => place,
        };
        let ty = super::payload(program, &program.operand_ty(body, operand));
        let structured = program.type_row(&ty).is_some_and(|row| waits(&row.settings).next().is_some());
        let Some(local) = place.as_local() else { return Bound::Given(Vec::new()) };
        if structured {
            self.learn(&ty);
        }
        let ir = program.body(body);
        let mut values = assignments(ir).filter(|(_, to, _)| to.as_local() == Some(local)).map(|(_, _, v)| v);
        let (Some(value), None) = (values.next(), values.next()) else { return Bound::Given(Vec::new()) };
        match value {
            Rvalue::Use(op) | Rvalue::Cast(op, _) => self.value(body, op, depth - 1),
            Rvalue::Call(call) => {
                let data = &ir.calls[*call];
                match &program.bodies[body].targets[*call] {
                    Target::Constructor(path) if path.as_str().ends_with("::Some") => match data.args.first() {
                        Some(arg) => self.value(body, arg, depth - 1),
                        None => Bound::Given(Vec::new()),
                    },
                    _ if structured => self.local(body, local, depth),
                    _ => Bound::Given(duration(program, body, *call)),
                }
            }
            _ if structured => self.local(body, local, depth),
            _ => Bound::Given(Vec::new()),
        }
    }
}

/// The seconds of `Duration::from_secs(…)` and its like, where they are written.
fn duration(program: &Program, body: BodyIdx, call: CallId) -> Vec<Amount> {
    let data = &program.body(body).calls[call];
    let Callee::Path(path) = &data.callee else { return Vec::new() };
    let [.., owner, name] = path.segments.as_slice() else { return Vec::new() };
    let factor = match (owner.name.as_str(), name.name.as_str()) {
        ("Duration", "from_secs") => 1,
        ("Duration", "from_mins") => 60,
        ("Duration", "from_hours") => 3600,
        _ => return Vec::new(),
    };
    let amounts = data.args.first().and_then(|arg| read::amounts(program, body, arg, 6)).unwrap_or_default();
    amounts
        .into_iter()
        .map(|amount| match amount {
            Amount::Known(n) => Amount::Known(n.saturating_mul(factor)),
            Amount::Written(span, _) => Amount::Written(span, factor),
        })
        .collect()
}
