//! How often a call runs: once in the life of the program, once per request, item or worker, or nobody can tell.
//!
//! Asked upwards from the call: its loops, the closure around it and what that is given to, the function and its callers.
//!
//! **Invariant:** what is called from nowhere that is seen runs nobody knows how often; *many* always has its reason.

use super::read::{self, Cycle, assignments};
use crate::analyse::Link;
use crate::base::Span;
use crate::ir::{self, CallId, LocalId, Operand, Rvalue};
use crate::pack::{Effect, Repeats, Request};
use crate::resolve::{BodyIdx, FnIdx, Program, Target, Ty};
use std::collections::HashMap;

/// How often something runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Often {
    /// Once, or a few times by hand: from the program's start.
    Once,
    /// Not known.
    Unknown,
    /// Again and again.
    Many(Many),
}

/// Why something runs again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Many {
    /// For each what.
    pub each: Each,
    /// The call in the loop, the function or the closure that runs so often.
    pub span: Span,
    /// The functions on the way, from there down to the call: where each calls the next.
    pub via: Vec<Link>,
    /// Whether each call on the way has one target.
    pub sure: bool,
}

/// For each what something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// Turn of a loop.
    Turn(Cycle),
    /// Item of a collection or stream.
    Item,
    /// Request, message or job.
    Request,
    /// Worker thread of a server.
    Worker,
}

impl Often {
    fn rank(&self) -> u8 {
        match self {
            Often::Once => 0,
            Often::Unknown => 1,
            Often::Many(_) => 2,
        }
    }
    fn or(self, other: Often) -> Often {
        match (&self, &other) {
            (Often::Many(a), Often::Many(b))
                if (b.sure, std::cmp::Reverse(b.via.len())) > (a.sure, std::cmp::Reverse(a.via.len())) =>
            {
                other
            }
            _ if other.rank() > self.rank() => other,
            _ => self,
        }
    }
}

/// Whether a body lies in a closure or block that is given to what runs it once in the life of the program
/// (`OnceCell::get_or_init`): whoever asks again gets what was made then.
pub fn once_for_all(program: &Program, mut body: BodyIdx) -> bool {
    while let Some(parent) = program.bodies[body].parent {
        for local in read::built_into(program, body) {
            let given = program.body(parent).calls.iter_enumerated().any(|(call, data)| {
                let Target::Pack(path) = &program.bodies[parent].targets[call] else { return false };
                let row = program.catalog.target_row(*path);
                let Some(Effect::Once { what }) = row.map(|row| &row.effect) else { return false };
                matches!(data.args.get(*what), Some(Operand::Place(p)) if p.as_local() == Some(local))
            });
            if given {
                return true;
            }
        }
        body = parent;
    }
    false
}

/// Answers, remembered by function and the parameters that matter.
pub struct Calls<'a> {
    program: &'a Program,
    known: HashMap<(FnIdx, Vec<read::Input>), Often>,
    values: HashMap<FnIdx, Vec<(BodyIdx, ir::Path)>>,
}

impl<'a> Calls<'a> {
    /// No answers yet.
    pub fn new(program: &'a Program) -> Calls<'a> {
        let mut values: HashMap<FnIdx, Vec<(BodyIdx, ir::Path)>> = HashMap::new();
        for (body, info) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
            for (path, target) in &info.functions {
                if let Target::Local { fns, .. } = target {
                    for f in fns.iter() {
                        values.entry(*f).or_default().push((body, path.clone()));
                    }
                }
            }
        }
        Calls { program, known: HashMap::new(), values }
    }

    /// How often a call runs with the same of what `which` of its arguments are made of.
    pub fn often(&mut self, body: BodyIdx, call: CallId, which: Option<&[read::Input]>) -> Often {
        let inputs = read::inputs(self.program, body, call, which);
        let span = self.program.body(body).calls[call].span;
        if !inputs.item
            && let Some(cycle) = read::repeats(self.program, body, call)
        {
            return Often::Many(Many { each: Each::Turn(cycle), span, via: Vec::new(), sure: true });
        }
        match self.body(body, &inputs) {
            // Each run is for something else: one for all would not do.
            Often::Many(_) if inputs.item => Often::Unknown,
            found => found,
        }
    }

    fn body(&mut self, body: BodyIdx, inputs: &read::Inputs) -> Often {
        let program = self.program;
        let info = &program.bodies[body];
        let ir = program.body(body);
        match ir.kind {
            ir::BodyKind::Static(_) => Often::Once,
            ir::BodyKind::Fn(_) => match program.fn_of_body(body) {
                Some(f) => self.function(f, &inputs.params),
                None => Often::Unknown,
            },
            ir::BodyKind::Closure { .. } | ir::BodyKind::Async | ir::BodyKind::Generator => {
                let Some(parent) = info.parent else { return Often::Unknown };
                let is_closure = matches!(ir.kind, ir::BodyKind::Closure { .. });
                let around = self.body(parent, inputs);
                let mut found = around;
                for local in read::built_into(program, body) {
                    found = self.given(parent, local, is_closure, inputs, ir.span, found);
                }
                found
            }
        }
    }

    /// What the closure or block in a local is given to, and how often that runs it.
    fn given(
        &mut self,
        body: BodyIdx,
        local: LocalId,
        closure: bool,
        inputs: &read::Inputs,
        span: Span,
        around: Often,
    ) -> Often {
        let program = self.program;
        let ir = program.body(body);
        let mut found = around;
        let mut holders = vec![local];
        for (_, to, value) in assignments(ir) {
            if let Rvalue::Use(Operand::Place(p)) = value
                && holders.contains(&p.local)
                && let Some(to) = to.as_local()
            {
                holders.push(to);
            }
        }
        for (_, _, value) in assignments(ir) {
            let Rvalue::Call(call) = value else { continue };
            let data = &ir.calls[*call];
            let at = data
                .args
                .iter()
                .position(|a| matches!(a, Operand::Place(p) if p.proj.is_empty() && holders.contains(&p.local)));
            let Some(at) = at else { continue };
            found = match self.runs(body, *call, at, span) {
                Some(Often::Once) => return Often::Once,
                Some(Often::Many(m)) if m.each == Each::Item && inputs.item => found,
                Some(more) => found.or(more),
                // A closure that somebody unknown is given may run at any time.
                None if closure && !matches!(program.bodies[body].targets[*call], Target::Pack(_)) => {
                    found.or(Often::Unknown)
                }
                None => found,
            };
            if !inputs.item
                && let Some(cycle) = read::repeats(program, body, *call)
            {
                let many = Many { each: Each::Turn(cycle), span: data.span, via: Vec::new(), sure: true };
                found = found.or(Often::Many(many));
            }
        }
        found
    }

    /// How often a call runs the function or closure that is its argument `at`, if its row says so.
    fn runs(&self, body: BodyIdx, call: CallId, at: usize, span: Span) -> Option<Often> {
        let Target::Pack(path) = &self.program.bodies[body].targets[call] else { return None };
        let row = self.program.catalog.target_row(*path)?;
        if matches!(row.effect, Effect::Once { what } if what == at) {
            return Some(Often::Once);
        }
        let each = match row.repeats {
            Some((what, repeats)) if what == at => match repeats {
                Repeats::Item => Each::Item,
                Repeats::Request => Each::Request,
                Repeats::Worker => Each::Worker,
            },
            Some(_) | None => match row.effect {
                Effect::FanOut { what, .. } if what == at => Each::Item,
                _ => return None,
            },
        };
        Some(Often::Many(Many { each, span, via: Vec::new(), sure: true }))
    }

    /// How often a function runs with the same of what the given parameters are made of.
    fn function(&mut self, f: FnIdx, params: &[read::Input]) -> Often {
        let key = (f, params.to_vec());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        // Recursion adds no reason of its own.
        self.known.insert(key.clone(), Often::Once);
        let found = self.function_inner(f, params);
        self.known.insert(key, found.clone());
        found
    }

    fn function_inner(&mut self, f: FnIdx, params: &[read::Input]) -> Often {
        let program = self.program;
        let info = &program.fns[f];
        let ir = program.fn_ir(f);
        if ir.name.as_str() == "main" && info.self_ty.is_none() {
            return Often::Once;
        }
        let callers: Vec<(BodyIdx, CallId)> =
            program.callers(f).iter().copied().filter(|(b, _)| !program.bodies[*b].is_test).collect();
        let mut found: Option<Often> = None;
        for (body, call) in callers {
            let mut one = self.often(body, call, Some(params));
            if let Often::Many(many) = &mut one {
                let data = &program.body(body).calls[call];
                many.via.push(Link { span: data.span, callee: info.path });
                many.sure &= matches!(&program.bodies[body].targets[call], Target::Local { fns, .. } if fns.len() == 1);
            }
            found = Some(match found {
                None => one,
                Some(before) => before.or(one),
            });
        }
        for (body, path) in self.values.get(&f).cloned().unwrap_or_default() {
            let one = self.as_value(body, &path, params, ir.name_span);
            found = Some(match found {
                None => one,
                Some(before) => before.or(one),
            });
        }
        let tells: Vec<Option<Request>> = info.params.iter().map(|ty| request(self.program, ty, 3)).collect();
        if params.iter().any(|n| tells.get(n.param) == Some(&Some(Request::Data))) {
            return match found {
                Some(Often::Once) => Often::Once,
                Some(Often::Unknown | Often::Many(_)) | None => Often::Unknown,
            };
        }
        let request = tells.iter().any(Option::is_some);
        match found {
            Some(Often::Once) => Often::Once,
            Some(many @ Often::Many(_)) => many,
            Some(Often::Unknown) | None if request => {
                Often::Many(Many { each: Each::Request, span: ir.name_span, via: Vec::new(), sure: true })
            }
            Some(Often::Unknown) | None => Often::Unknown,
        }
    }

    fn as_value(&mut self, body: BodyIdx, path: &ir::Path, params: &[read::Input], span: Span) -> Often {
        let ir = self.program.body(body);
        let inputs = read::Inputs::default();
        for (id, call) in ir.calls.iter_enumerated() {
            let at = call.args.iter().position(|a| matches!(a, Operand::Path(p, _) if p == path));
            let Some(at) = at else { continue };
            return match self.runs(body, id, at, span) {
                Some(Often::Once) => Often::Once,
                // With the item among what matters each run is another one.
                Some(Often::Many(m)) if m.each == Each::Item && !params.is_empty() => self.body(body, &inputs),
                Some(many) => many,
                None => Often::Unknown,
            };
        }
        Often::Unknown
    }
}

/// What a parameter of this type, or what it is a wrapper of, says about a request.
pub(in crate::analyse) fn request(program: &Program, ty: &Ty, depth: usize) -> Option<Request> {
    let inside = || ty.peel_refs().args().iter().find_map(|arg| request(program, arg, depth - 1));
    let own = program.type_row(ty).and_then(|row| row.request);
    own.or_else(|| if depth > 0 { inside() } else { None })
}
