//! Reading bodies for the questions of this folder: what a statement reads, where a call stands, how a value is written.
//!
//! **Invariant:** nothing here is remembered and nothing here judges.

use crate::base::{Span, Symbol};
use crate::ir::{self, AggregateKind, BlockId, Body, CallId, Callee, LocalId, Operand, Place, Proj, Rvalue, StmtKind};
use crate::resolve::{BodyIdx, Program, Target};

/// The assignments of a body: block, target, value.
pub fn assignments(body: &Body) -> impl Iterator<Item = (BlockId, &Place, &Rvalue)> {
    written(body).map(|(block, to, value, _)| (block, to, value))
}

/// The same, each with where its expression is written.
fn written(body: &Body) -> impl Iterator<Item = (BlockId, &Place, &Rvalue, Span)> {
    body.blocks.iter_enumerated().flat_map(|(id, block)| {
        block.stmts.iter().filter_map(move |stmt| match &stmt.kind {
            StmtKind::Assign { to, value } => Some((id, to, value, stmt.span)),
            StmtKind::Drop { .. } | StmtKind::Yield(_) | StmtKind::Declare(_) => None,
        })
    })
}

/// Where a call stands and what takes its result.
pub fn site(body: &Body, call: CallId) -> Option<(BlockId, &Place)> {
    assignments(body).find_map(|(block, to, value)| match value {
        Rvalue::Call(c) if *c == call => Some((block, to)),
        _ => None,
    })
}

/// The operands that a value reads; a reference reads a place, which is none.
fn operands<'a>(body: &'a Body, value: &'a Rvalue) -> Vec<&'a Operand> {
    match value {
        Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => vec![op],
        Rvalue::Ref { .. } => Vec::new(),
        Rvalue::Call(call) => {
            let call = &body.calls[*call];
            let called = match &call.callee {
                Callee::Value(op) => Some(op),
                Callee::Path(_) | Callee::Qualified { .. } | Callee::Method { .. } | Callee::Macro { .. } => None,
            };
            call.args.iter().chain(called).collect()
        }
        Rvalue::AwaitMany { futures, .. } => futures.iter().collect(),
        Rvalue::Aggregate { fields, base, .. } => fields.iter().map(|f| &f.1).chain(base.as_deref()).collect(),
        Rvalue::Plain(ops) | Rvalue::Step { ops, .. } | Rvalue::Unknown(ops) => ops.iter().collect(),
    }
}

/// The places that a value reads.
pub fn places<'a>(body: &'a Body, value: &'a Rvalue) -> Vec<&'a Place> {
    let behind = match value {
        Rvalue::Ref { place, .. } => Some(place),
        _ => None,
    };
    let read = operands(body, value).into_iter().filter_map(|op| match op {
        Operand::Place(place) => Some(place),
        Operand::Path(..) | Operand::Literal(_) => None,
    });
    read.chain(behind).collect()
}

/// The paths that a value names.
pub fn paths<'a>(body: &'a Body, value: &'a Rvalue) -> Vec<&'a ir::Path> {
    let named = operands(body, value).into_iter().filter_map(|op| match op {
        Operand::Path(path, _) => Some(path),
        Operand::Place(_) | Operand::Literal(_) => None,
    });
    named.collect()
}

/// Whether a value reads a local: whether it is among its [`places`].
pub fn reads(body: &Body, value: &Rvalue, local: LocalId) -> bool {
    let at = |operand: &Operand| matches!(operand, Operand::Place(place) if place.local == local);
    match value {
        Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => at(op),
        Rvalue::Ref { place, .. } => place.local == local,
        Rvalue::Call(call) => {
            let call = &body.calls[*call];
            call.args.iter().any(at) || matches!(&call.callee, Callee::Value(op) if at(op))
        }
        Rvalue::AwaitMany { futures, .. } => futures.iter().any(at),
        Rvalue::Aggregate { fields, base, .. } => fields.iter().map(|f| &f.1).chain(base.as_deref()).any(at),
        Rvalue::Plain(ops) | Rvalue::Step { ops, .. } | Rvalue::Unknown(ops) => ops.iter().any(at),
    }
}

/// The body that an aggregate builds: a closure, an async block, a generator.
pub fn built(kind: &AggregateKind) -> Option<ir::BodyId> {
    match kind {
        AggregateKind::Closure(b) | AggregateKind::Async(b) | AggregateKind::Generator(b) => Some(*b),
        AggregateKind::Tuple | AggregateKind::Array | AggregateKind::Struct(_) => None,
    }
}

/// The locals of the body around that an inner body is built into.
pub fn built_into(program: &Program, inner: BodyIdx) -> Vec<LocalId> {
    let info = &program.bodies[inner];
    let Some(parent) = info.parent else { return Vec::new() };
    assignments(program.body(parent))
        .filter(|(_, _, value)| matches!(value, Rvalue::Aggregate { kind, .. } if built(kind) == Some(info.id)))
        .map(|(_, to, _)| to.local)
        .collect()
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// As a literal or a constant that is one, times a factor.
    Known(i128),
    /// As arithmetic of literals at this place, times a factor.
    Written(Span, i128),
}

/// The numbers that an operand may be, where each is written in the program.
pub fn amounts(program: &Program, body: BodyIdx, operand: &Operand, depth: usize) -> Option<Vec<Amount>> {
    if depth == 0 {
        return None;
    }
    match operand {
        Operand::Literal(ir::Literal::Int(n)) => Some(vec![Amount::Known(n.get())]),
        Operand::Literal(_) => None,
        Operand::Path(path, _) => {
            let named = program.static_named(body, path)?;
            let found = program.tables.statics.iter().find(|s| s.is_const && s.path == named)?;
            if let Some(n) = found.number {
                return Some(vec![Amount::Known(n)]);
            }
            let init = program.body_idx(found.file, found.init?);
            amounts(program, init, &Operand::Place(Place::local(ir::return_local())), depth - 1)
        }
        Operand::Place(place) => {
            let local = place.as_local()?;
            let ir = program.body(body);
            let mut all = Vec::new();
            for (_, _, value, at) in written(ir).filter(|(_, to, ..)| to.as_local() == Some(local)) {
                match value {
                    Rvalue::Use(op) | Rvalue::Cast(op, _) => all.extend(amounts(program, body, op, depth - 1)?),
                    Rvalue::Plain(ops) | Rvalue::Step { ops, .. }
                        if ops.iter().all(|op| amounts(program, body, op, depth - 1).is_some()) =>
                    {
                        all.push(Amount::Written(at, 1));
                    }
                    _ => return None,
                }
            }
            (!all.is_empty()).then_some(all)
        }
    }
}

/// The one number that an operand is, if it is written as a literal or a constant.
pub fn number(program: &Program, body: BodyIdx, operand: &Operand) -> Option<i128> {
    match amounts(program, body, operand, 6)?.as_slice() {
        [Amount::Known(n)] => Some(*n),
        _ => None,
    }
}

/// Whether control comes back to a call after it has succeeded: not so for a loop that only tries again.
pub fn repeats(program: &Program, body: BodyIdx, call: CallId) -> Option<Cycle> {
    let ir = program.body(body);
    if !ir.calls[call].in_loop {
        return None;
    }
    let (start, to) = site(ir, call)?;
    let mut result = vec![to.local];
    let mut grew = true;
    while grew {
        grew = false;
        for (_, to, value) in assignments(ir) {
            let flows = match value {
                Rvalue::Use(_) | Rvalue::Await(_) | Rvalue::Cast(..) | Rvalue::Ref { .. } => true,
                Rvalue::Call(c) => {
                    matches!(&program.bodies[body].targets[*c], Target::Pack(p) if p.as_str().starts_with("std::result::") || p.as_str().starts_with("std::option::"))
                }
                Rvalue::AwaitMany { .. }
                | Rvalue::Aggregate { .. }
                | Rvalue::Plain(_)
                | Rvalue::Step { .. }
                | Rvalue::Unknown(_) => false,
            };
            if flows
                && !result.contains(&to.local)
                && places(ir, value).iter().any(|p| result.contains(&p.local) && p.proj.is_empty())
            {
                result.push(to.local);
                grew = true;
            }
        }
    }
    let next = |at: BlockId| -> Vec<BlockId> {
        match &ir.blocks[at].term {
            ir::Terminator::Switch { on: Some(place), edges, .. } if result.contains(&place.local) => {
                edges.iter().filter(|e| !fails(&e.kind)).map(|e| e.to).collect()
            }
            term => term.successors().collect(),
        }
    };
    let from = |first: BlockId, barrier: Option<BlockId>| {
        let mut seen = vec![false; ir.blocks.len()];
        let mut todo: Vec<BlockId> = next(first);
        while let Some(at) = todo.pop() {
            if Some(at) == barrier || std::mem::replace(&mut seen[crate::base::Idx::index(at)], true) {
                continue;
            }
            todo.extend(next(at));
        }
        seen
    };
    let reached = from(start, None);
    if !reached[crate::base::Idx::index(start)] {
        return None;
    }
    // Blocks that lie on the way back; an inner circle that awaits is a session that lives on the connection.
    let inside: Vec<BlockId> = ir
        .blocks
        .indices()
        .filter(|b| *b != start && reached[crate::base::Idx::index(*b)])
        .filter(|b| from(*b, None)[crate::base::Idx::index(start)])
        .collect();
    let waits = |b: BlockId| {
        ir.blocks[b].stmts.iter().any(|s| {
            matches!(
                &s.kind,
                StmtKind::Assign { value: Rvalue::Await(_) | Rvalue::AwaitMany { .. }, .. } | StmtKind::Yield(_)
            )
        })
    };
    let session = inside.iter().any(|b| waits(*b) && from(*b, Some(start))[crate::base::Idx::index(*b)]);
    let sleeps = std::iter::once(start).chain(inside.iter().copied()).any(|b| {
        ir.blocks[b].stmts.iter().any(|s| match &s.kind {
            StmtKind::Assign { value: Rvalue::Call(c), .. } => is_timer(program, body, *c),
            _ => false,
        })
    });
    Some(Cycle { session, paced: sleeps })
}

/// A loop around a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// An inner loop waits meanwhile.
    pub session: bool,
    /// Each turn waits for a timer.
    pub paced: bool,
}

fn fails(kind: &ir::EdgeKind) -> bool {
    match kind {
        ir::EdgeKind::Break => true,
        ir::EdgeKind::Variant(path) => matches!(path.last().as_str(), "Err" | "None"),
        ir::EdgeKind::Then
        | ir::EdgeKind::Else
        | ir::EdgeKind::Continue
        | ir::EdgeKind::Otherwise
        | ir::EdgeKind::Again
        | ir::EdgeKind::Exit
        | ir::EdgeKind::Arm(_) => false,
    }
}

fn is_timer(program: &Program, body: BodyIdx, call: CallId) -> bool {
    let Target::Pack(path) = &program.bodies[body].targets[call] else { return false };
    let timer = |kind: Symbol| matches!(kind.as_str(), "sleep" | "timer");
    program
        .catalog
        .target_row(*path)
        .is_some_and(|row| row.waits.as_ref().is_some_and(|w| timer(w.kind)) || row.blocks.is_some_and(timer))
}

/// A parameter, or one field of it where nothing else of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    /// Which parameter.
    pub param: usize,
    /// The field.
    pub field: Option<Symbol>,
}

/// Where what a call is given comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Parameters of the function, or single fields of them.
    pub params: Vec<Input>,
    /// Something that is another one each time: the item of a loop or stream, what a closure is called with, what was
    /// awaited.
    pub item: bool,
}

/// Where the arguments of a call come from: all of them, or those given.
pub fn inputs(program: &Program, body: BodyIdx, call: CallId, which: Option<&[Input]>) -> Inputs {
    let mut out = Inputs::default();
    let mut seen: Vec<(BodyIdx, LocalId, Option<Symbol>)> = Vec::new();
    let mut todo: Vec<(BodyIdx, LocalId, Option<Symbol>)> = Vec::new();
    for (i, op) in program.body(body).calls[call].args.iter().enumerate() {
        let Operand::Place(place) = op else { continue };
        let fields: Vec<Option<Symbol>> = match which {
            Some(which) => which.iter().filter(|w| w.param == i).map(|w| w.field).collect(),
            None => vec![None],
        };
        out.item |= !fields.is_empty() && picks(program, body, place);
        todo.extend(fields.into_iter().map(|field| (body, place.local, first_field(place, field))));
    }
    while let Some((at, local, field)) = todo.pop() {
        if seen.contains(&(at, local, field)) || seen.len() > 200 {
            continue;
        }
        seen.push((at, local, field));
        let ir = program.body(at);
        match ir.locals[local].kind {
            ir::LocalKind::Param if matches!(ir.kind, ir::BodyKind::Fn(_)) => {
                let input = Input { param: crate::base::Idx::index(local) - 1, field };
                if !out.params.contains(&input) {
                    out.params.push(input);
                }
            }
            ir::LocalKind::Param => out.item = true,
            ir::LocalKind::Capture => {
                let outer = ir.captures.iter().find(|c| c.inner == local).map(|c| c.outer);
                if let (Some(parent), Some(outer)) = (program.bodies[at].parent, outer) {
                    todo.push((parent, outer, field));
                }
            }
            ir::LocalKind::Return | ir::LocalKind::Var | ir::LocalKind::Temp => {
                for (_, to, value) in assignments(ir).filter(|(_, to, _)| to.local == local) {
                    let within = first_field(to, None);
                    if within.is_some() && field.is_some() && within != field {
                        continue;
                    }
                    // What had to be asked for is another thing each time: a tenant's row, a message.
                    out.item |= matches!(value, Rvalue::Await(_) | Rvalue::AwaitMany { .. });
                    let field = if to.proj.is_empty() { field } else { None };
                    for (place, field) in parts(ir, value, field) {
                        out.item |= picks(program, at, place);
                        todo.push((at, place.local, first_field(place, field)));
                    }
                }
            }
        }
    }
    out.params.sort_unstable_by_key(|input| (input.param, input.field.map(|f| f.as_str())));
    out
}

/// The field of a local that `field` of a place, or the whole of it, lies in.
fn first_field(place: &Place, field: Option<Symbol>) -> Option<Symbol> {
    match place.proj.iter().find(|p| !matches!(p, Proj::Deref)) {
        Some(Proj::Field(name)) => Some(*name),
        Some(Proj::Index | Proj::Variant { .. } | Proj::Try | Proj::Deref) => None,
        None => field,
    }
}

/// The places that one field of a value, or the whole of it, is made of; and which field of each.
fn parts<'a>(body: &'a Body, value: &'a Rvalue, field: Option<Symbol>) -> Vec<(&'a Place, Option<Symbol>)> {
    match value {
        Rvalue::Aggregate { kind: AggregateKind::Struct(_) | AggregateKind::Tuple, fields, base }
            if field.is_some() =>
        {
            let written = fields.iter().find(|(name, _)| Some(*name) == field).map(|(_, op)| (op, None));
            match written.or_else(|| base.as_deref().map(|base| (base, field))) {
                Some((Operand::Place(place), field)) => vec![(place, field)],
                Some((Operand::Path(..) | Operand::Literal(_), _)) => Vec::new(),
                None => places(body, value).into_iter().map(|place| (place, None)).collect(),
            }
        }
        Rvalue::Use(Operand::Place(place)) | Rvalue::Ref { place, .. } => vec![(place, field)],
        _ => places(body, value).into_iter().map(|place| (place, None)).collect(),
    }
}

/// Whether a place is an item: of an iteration, or what a call in a loop gave as `Some`.
fn picks(program: &Program, body: BodyIdx, place: &Place) -> bool {
    place.proj.iter().any(|p| match p {
        Proj::Index => true,
        Proj::Variant { path, .. } if path.last().as_str() == "Some" => given_in_loop(program, body, place.local, 4),
        Proj::Variant { .. } | Proj::Field(_) | Proj::Deref | Proj::Try => false,
    })
}

fn given_in_loop(program: &Program, body: BodyIdx, local: LocalId, depth: usize) -> bool {
    let ir = program.body(body);
    depth > 0
        && assignments(ir).filter(|(_, to, _)| to.local == local).any(|(_, _, value)| match value {
            Rvalue::Call(c) => ir.calls[*c].in_loop,
            Rvalue::Await(Operand::Place(p)) | Rvalue::Use(Operand::Place(p)) => {
                given_in_loop(program, body, p.local, depth - 1)
            }
            _ => false,
        })
}
