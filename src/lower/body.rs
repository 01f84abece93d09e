//! The body under construction: its blocks, locals, names and captures.
//!
//! **Invariants:** while the body is `dead` (behind a `return`, or in a block that nothing reaches) statements are thrown
//! away but names and scopes are kept as if it were alive; local 0 is the return value, parameters follow; captures are
//! found on the way and moved behind the parameters by [`super::finish`].

use super::Lower;
use super::scope::Scope;
use crate::base::{Idx, IndexVec, Span, Symbol};
use crate::ir::{
    BlockId, BodyId, BodyKind, Call, CallId, Callee, Capture, Edge, EdgeKind, Local, LocalId, LocalKind, Operand, Path,
    Place, Rvalue, Stmt, StmtKind, Terminator, TypeRef,
};
use thin_vec::ThinVec;

/// A block without its end, perhaps.
pub(super) struct Draft {
    pub stmts: Vec<Stmt>,
    pub term: Option<Terminator>,
    /// How many edges lead here so far.
    pub preds: usize,
}

/// Where `break` and `continue` go.
pub(super) struct Jump {
    pub label: Option<Symbol>,
    /// Whether a loop: the target of `break` without a label.
    pub is_loop: bool,
    /// Whether it turns a number of times that was given a name: `for _ in 0..workers`.
    pub counted: bool,
    pub on_break: super::scope::Exit,
    /// `None` for labelled blocks.
    pub on_continue: Option<super::scope::Exit>,
    /// Where the value of `break value` goes.
    pub dest: Dest,
}

/// Where the value of an expression goes.
#[derive(Clone)]
pub(super) enum Dest {
    /// Nobody reads it: it is dropped as a temporary.
    Discard,
    /// Into a place that holds nothing yet.
    To(Place),
}

/// A body under construction.
pub(super) struct BodyCx {
    pub id: BodyId,
    pub kind: BodyKind,
    pub parent: Option<BodyId>,
    pub module: usize,
    pub is_async: bool,
    pub span: Span,
    /// Whether its captures are by `move`.
    pub by_move: bool,
    pub locals: IndexVec<LocalId, Local>,
    pub param_count: usize,
    pub captures: Vec<Capture>,
    pub children: Vec<BodyId>,
    /// See [`crate::ir::Body::deferred`].
    pub deferred: Vec<Span>,
    pub blocks: IndexVec<BlockId, Draft>,
    pub calls: IndexVec<CallId, Call>,
    pub cur: BlockId,
    pub dead: bool,
    pub scopes: Vec<Scope>,
    /// Index of the scope that takes temporaries.
    pub temp_scope: usize,
    /// Index of the scope that takes variables.
    pub var_scope: usize,
    /// Variables in scope, innermost last.
    pub names: Vec<(Symbol, LocalId)>,
    pub jumps: Vec<Jump>,
    /// `try` blocks around: where `?` goes instead of out of the body.
    pub tries: Vec<(super::scope::Exit, Dest)>,
    /// Set while the initialiser of a `let` (or what stands for it) is lowered: the scope to which the reference extends
    /// the lives of borrowed temporaries. Every expression takes it; only those that extend pass it on.
    pub extend: Option<usize>,
    /// Statements so far.
    size: usize,
}

/// More statements than these are not lowered: every `?` drops all that is alive there, so a function of many thousand lines
/// would need more memory than there is.
const MOST_STATEMENTS: usize = 200_000;

impl BodyCx {
    fn new(id: BodyId, kind: BodyKind, parent: Option<BodyId>, module: usize, span: Span) -> BodyCx {
        let mut blocks = IndexVec::new();
        let entry = blocks.push(Draft { stmts: Vec::new(), term: None, preds: 1 });
        BodyCx {
            id,
            kind,
            parent,
            module,
            is_async: false,
            span,
            by_move: false,
            locals: IndexVec::new(),
            param_count: 0,
            captures: Vec::new(),
            children: Vec::new(),
            deferred: Vec::new(),
            blocks,
            calls: IndexVec::new(),
            cur: entry,
            dead: false,
            scopes: Vec::new(),
            temp_scope: 0,
            var_scope: 0,
            names: Vec::new(),
            jumps: Vec::new(),
            tries: Vec::new(),
            extend: None,
            size: 0,
        }
    }

    /// Whether it has more than can be lowered. What there is of it is thrown away when it is closed.
    pub(super) fn is_too_large(&self) -> bool {
        self.size > MOST_STATEMENTS
    }

    fn find(&self, name: Symbol) -> Option<LocalId> {
        if self.is_too_large() {
            return None;
        }
        self.names.iter().rev().find(|(n, _)| *n == name).map(|&(_, local)| local)
    }
}

impl Lower<'_> {
    /// Begins a body; the caller adds parameters and code, then calls [`Lower::close_body`]. Scope 0 takes what lives as
    /// long as the parameters.
    pub(super) fn open_body(&mut self, kind: BodyKind, ret: Option<TypeRef>, span: Span) -> BodyId {
        let id = self.reserve_body();
        let parent = match kind {
            BodyKind::Fn(_) | BodyKind::Static(_) => None,
            BodyKind::Closure { .. } | BodyKind::Async | BodyKind::Generator => self.stack.last().map(|b| b.id),
        };
        if let Some(outer) = self.stack.last_mut() {
            outer.children.push(id);
        }
        let mut body = BodyCx::new(id, kind, parent, self.module, span);
        body.locals.push(Local { name: None, ty: ret, span, kind: LocalKind::Return });
        body.scopes.push(Scope::default());
        self.stack.push(body);
        id
    }

    /// The body under construction.
    pub(super) fn b(&mut self) -> &mut BodyCx {
        self.stack.last_mut().expect("expressions are lowered only inside a body")
    }

    // Locals and names.

    pub(super) fn new_local(
        &mut self,
        name: Option<Symbol>,
        ty: Option<TypeRef>,
        span: Span,
        kind: LocalKind,
    ) -> LocalId {
        self.b().locals.push(Local { name, ty, span, kind })
    }

    pub(super) fn new_temp(&mut self, span: Span) -> LocalId {
        self.new_local(None, None, span, LocalKind::Temp)
    }

    pub(super) fn is_temp(&mut self, local: LocalId) -> bool {
        self.b().locals[local].kind == LocalKind::Temp
    }

    /// Makes a variable visible.
    pub(super) fn bring(&mut self, name: Symbol, local: LocalId) {
        self.b().names.push((name, local));
    }

    /// The variable of that name; one of an enclosing body is captured, through all bodies between.
    pub(super) fn variable(&mut self, name: Symbol) -> Option<LocalId> {
        let (at, mut local) =
            self.stack.iter().enumerate().rev().find_map(|(i, body)| body.find(name).map(|local| (i, local)))?;
        for i in at + 1..self.stack.len() {
            local = self.capture(i, local);
        }
        Some(local)
    }

    fn capture(&mut self, body: usize, outer: LocalId) -> LocalId {
        let (below, above) = self.stack.split_at_mut(body);
        let (parent, body) = (&below[body - 1], &mut above[0]);
        if let Some(known) = body.captures.iter().find(|c| c.outer == outer) {
            return known.inner;
        }
        let local = Local { kind: LocalKind::Capture, ..parent.locals[outer].clone() };
        let inner = body.locals.push(local);
        body.captures.push(Capture { outer, inner, by_move: body.by_move });
        inner
    }

    // Blocks.

    pub(super) fn new_block(&mut self) -> BlockId {
        self.b().blocks.push(Draft { stmts: Vec::new(), term: None, preds: 0 })
    }

    /// Goes on in `block`. Dead if no edge leads there, so loops must be entered before they are started.
    pub(super) fn start(&mut self, block: BlockId) {
        let body = self.b();
        body.dead = body.blocks[block].preds == 0;
        body.cur = block;
    }

    pub(super) fn terminate(&mut self, term: Terminator) {
        let body = self.b();
        if body.dead {
            return;
        }
        for to in term.successors() {
            body.blocks[to].preds += 1;
        }
        let cur = body.cur;
        body.blocks[cur].term = Some(term);
        body.dead = true;
    }

    pub(super) fn goto(&mut self, to: BlockId) {
        self.terminate(Terminator::Goto(to));
    }

    pub(super) fn switch(&mut self, on: Option<Place>, edges: Vec<(EdgeKind, BlockId)>, span: Span) {
        let edges = edges.into_iter().map(|(kind, to)| Edge { kind, to }).collect();
        self.terminate(Terminator::Switch { on, edges, span });
    }

    pub(super) fn push_stmt(&mut self, kind: StmtKind, span: Span) {
        let body = self.b();
        if !body.dead && !body.is_too_large() {
            body.size += 1;
            let cur = body.cur;
            body.blocks[cur].stmts.push(Stmt { kind, span });
        }
    }

    /// `to = value`. Ends the block if the value is a call that never returns.
    pub(super) fn assign(&mut self, to: Place, value: Rvalue, span: Span) {
        let ends = match &value {
            Rvalue::Call(call) => match &self.b().calls[*call].callee {
                Callee::Path(path) => never_returns(path),
                Callee::Qualified { .. } | Callee::Method { .. } | Callee::Value(_) | Callee::Macro { .. } => false,
            },
            _ => false,
        };
        self.push_stmt(StmtKind::Assign { to, value }, span);
        if ends {
            self.terminate(Terminator::Diverge);
        }
    }

    pub(super) fn assign_dest(&mut self, dest: &Dest, value: Rvalue, span: Span) {
        match dest {
            Dest::To(place) => self.assign(place.clone(), value, span),
            Dest::Discard => {}
        }
    }

    /// A call of this body; its operands are moved into it.
    pub(super) fn call(&mut self, callee: Callee, args: ThinVec<Operand>, span: Span, name_span: Span) -> Rvalue {
        let module = self.module;
        let body = self.b();
        let in_loop = body.jumps.iter().rev().find(|j| j.is_loop).is_some_and(|j| !j.counted);
        Rvalue::Call(body.calls.push(Call { callee, args, module, span, name_span, in_loop }))
    }
}

/// Functions of the standard library that never return, by the end of their path.
fn never_returns(path: &Path) -> bool {
    let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
    matches!(
        names.as_slice(),
        [.., "process", "exit" | "abort"]
            | [.., "panic", "resume_unwind" | "panic_any"]
            | [.., "hint", "unreachable_unchecked"]
    )
}

/// Whether a value of this kind may need to be dropped: a reference, literal or number does not.
pub(super) fn needs_drop(value: &Rvalue) -> bool {
    match value {
        Rvalue::Use(Operand::Place(_)) => true,
        Rvalue::Use(Operand::Path(..) | Operand::Literal(_)) => false,
        Rvalue::Ref { .. } | Rvalue::Plain(_) | Rvalue::Step { .. } => false,
        Rvalue::Cast(_, ty) => type_needs_drop(ty),
        Rvalue::Call(_) | Rvalue::Await(_) | Rvalue::AwaitMany { .. } | Rvalue::Unknown(_) => true,
        Rvalue::Aggregate { fields, base, kind: _ } => !fields.is_empty() || base.is_some(),
    }
}

/// Whether a value of a written type may need to be dropped.
pub(super) fn type_needs_drop(ty: &TypeRef) -> bool {
    match ty {
        TypeRef::Ref { .. } | TypeRef::Ptr { .. } | TypeRef::Never | TypeRef::Fn { .. } => false,
        TypeRef::Tuple(parts) => parts.iter().any(type_needs_drop),
        TypeRef::Slice(inner) => type_needs_drop(inner),
        TypeRef::Path(path) => !path.as_ident().is_some_and(|name| is_primitive(name.as_str())),
        TypeRef::Projection { .. } | TypeRef::Impl(_) | TypeRef::Dyn(_) | TypeRef::Infer | TypeRef::Opaque => true,
    }
}

fn is_primitive(name: &str) -> bool {
    matches!(
        name,
        "bool"
            | "char"
            | "str"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
    )
}

/// The place behind an operand, if it is one.
pub(super) fn operand_place(op: &Operand) -> Option<&Place> {
    match op {
        Operand::Place(place) => Some(place),
        Operand::Path(..) | Operand::Literal(_) => None,
    }
}

/// A body's return place.
pub(super) fn return_place() -> Place {
    Place::local(LocalId::new(0))
}
