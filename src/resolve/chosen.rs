//! Getters that choose one of several fields by their arguments: `fn limit(&self, of: Work) -> &Semaphore { match of { … } }`.
//!
//! Which field it is need not be known to compare two answers: asked of the same thing with the same arguments the getter
//! gives the same place. The call is a step of the path, written with its arguments: a constant, or `#n` for parameter n of
//! the function around, which its callers put their own argument in for.
//!
//! **Invariants:** a step is made only of a workspace function whose every answer is a field of its receiver or a static; an
//! argument that is neither a constant nor a parameter makes the step an element, which equals no other for certain.
//! **Absent on purpose:** evaluating the choice.

use super::prov::Ask;
use super::{BodyIdx, FnIdx, Program, Prov, ProvRoot, Target};
use crate::base::Symbol;
use crate::ir::{BodyKind, CallId, Literal, LocalId, LocalKind, Operand, Place, Proj, Rvalue, return_local};
use crate::pack::Effect;

/// How many assignments an argument is followed through.
const HOPS: usize = 8;
/// What stands for an argument that is not known.
const UNKNOWN: &str = "_";

impl Program {
    /// A callee's provenance at a call of it: `outer` is that of the argument it starts at, `args` are all arguments.
    pub fn put_arguments(&self, body: BodyIdx, args: &[Operand], outer: Prov, inner: &Prov) -> Prov {
        let mut out = outer;
        out.element |= inner.element;
        for step in &inner.path {
            let (step, known) = self.put_into_step(body, args, *step);
            out.element |= !known;
            out.path.push(step);
        }
        out
    }

    /// One step with the arguments put in, and whether all of them are known.
    fn put_into_step(&self, body: BodyIdx, args: &[Operand], step: Symbol) -> (Symbol, bool) {
        let written = step.as_str();
        if !written.contains('#') {
            return (step, true);
        }
        let mut parts = written.split('#');
        let mut out = String::from(parts.next().unwrap_or_default());
        let mut known = true;
        for part in parts {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let (number, rest) = part.split_at(digits);
            let arg = number.parse::<usize>().ok().and_then(|n| args.get(n));
            let word = arg.and_then(|arg| self.argument(body, arg, HOPS));
            known &= word.is_some();
            out.push_str(word.as_deref().unwrap_or(UNKNOWN));
            out.push_str(rest);
        }
        (Symbol::new(&out), known)
    }

    /// An argument as it is written in a step: a constant, or a parameter of the function around that is never assigned.
    fn argument(&self, body: BodyIdx, operand: &Operand, hops: usize) -> Option<String> {
        match operand {
            Operand::Literal(literal) => match literal {
                Literal::Str(text) if !text.contains('#') => Some(format!("{text:?}")),
                Literal::Int(number) => Some(number.get().to_string()),
                Literal::Bool(truth) => Some(truth.to_string()),
                Literal::Str(_) | Literal::Unit | Literal::Other => None,
            },
            Operand::Path(path, _) => Some(path.last().to_string()),
            Operand::Place(place) if place.proj.iter().all(|step| *step == Proj::Deref) => {
                self.argument_local(body, place.local, hops.checked_sub(1)?)
            }
            Operand::Place(_) => None,
        }
    }

    fn argument_local(&self, body: BodyIdx, local: LocalId, hops: usize) -> Option<String> {
        let ir = self.body(body);
        let defs = self.values_of(body, local);
        match ir.locals[local].kind {
            LocalKind::Param => {
                let BodyKind::Fn(index) = ir.kind else { return None };
                let file = self.files[self.bodies[body].file].as_ref()?;
                let at = file.fns[index].params.iter().position(|p| p.local == local)?;
                defs.is_empty().then(|| format!("#{at}"))
            }
            LocalKind::Capture => {
                let outer = ir.captures.iter().find(|c| c.inner == local)?.outer;
                self.argument_local(self.bodies[body].parent?, outer, hops.checked_sub(1)?)
            }
            LocalKind::Return | LocalKind::Var | LocalKind::Temp => {
                let [value] = defs.as_slice() else { return None };
                match value {
                    Rvalue::Use(operand) => self.argument(body, operand, hops),
                    Rvalue::Ref { place, .. } => self.argument(body, &Operand::Place(place.clone()), hops),
                    Rvalue::Call(call) => self.argument(body, self.passed_on(body, *call)?, hops),
                    _ => None,
                }
            }
        }
    }

    /// The argument that a call gives back, as `clone()` does.
    fn passed_on(&self, body: BodyIdx, call: CallId) -> Option<&Operand> {
        let Target::Pack(row) = &self.bodies[body].targets[call] else { return None };
        let passes = matches!(self.catalog.fn_row(*row)?.effect, Effect::Pass);
        self.body(body).calls[call].args.first().filter(|_| passes)
    }
}

impl Ask<'_> {
    /// The step for a call of a getter that chooses, on what its receiver is.
    pub(super) fn chosen(&mut self, body: BodyIdx, call: CallId, f: FnIdx) -> Option<Prov> {
        let program = self.program;
        let args = &program.body(body).calls[call].args;
        let [receiver, others @ ..] = args.as_slice() else { return None };
        if others.is_empty() || program.fns[f].self_ty.is_none() || !self.chooses(f) {
            return None;
        }
        let outer = self.operand(body, receiver);
        if !outer.is_known() {
            return None;
        }
        let places: Vec<String> = (1..args.len()).map(|n| format!("#{n}")).collect();
        let step = Symbol::new(&format!("{}({})", program.fn_ir(f).name, places.join(", ")));
        let inner = Prov { root: ProvRoot::Param(0), path: vec![step], element: false };
        Some(program.put_arguments(body, args, outer, &inner))
    }

    /// Whether every answer of a function is a field of its receiver or a static.
    fn chooses(&mut self, f: FnIdx) -> bool {
        let program = self.program;
        let Some(body) = program.fns[f].body else { return false };
        let mut at = return_local();
        for _ in 0..HOPS {
            let answers = program.values_of(body, at);
            match answers.as_slice() {
                [Rvalue::Use(Operand::Place(Place { local, proj }))] if proj.is_empty() => at = *local,
                [] | [_] => return false,
                _ => {
                    return answers.iter().all(|value| {
                        let found = self.value(body, at, value, &[]);
                        match found.root {
                            ProvRoot::Param(0) => !found.path.is_empty() && !found.element,
                            ProvRoot::Static(_) => true,
                            _ => false,
                        }
                    });
                }
            }
        }
        false
    }
}
