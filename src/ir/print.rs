//! How the IR prints, for `letgo dump --cfg` and golden files.
//!
//! **Invariants:** stable: equal IR, equal text; no spans, so a golden changes only when the meaning does; a variable prints
//! as its name and number (`conn_4`), a temporary as its number (`_7`).

use super::{
    AggregateKind, Block, Body, BodyId, BodyKind, Callee, DropWhy, EdgeKind, FileIr, Literal, LocalId, LocalKind,
    Operand, Owner, Path, Place, Proj, ReturnKind, Rvalue, StmtKind, Terminator, TypeRef,
};
use crate::base::Idx;
use std::fmt::{self, Display, Write as _};

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.segments.iter().enumerate() {
            if i > 0 || self.global {
                f.write_str("::")?;
            }
            write!(f, "{}", segment.name)?;
            let args = segment.args.iter().map(ToString::to_string);
            let assoc = segment.assoc.iter().map(|(name, ty)| format!("{name} = {ty}"));
            let all: Vec<String> = args.chain(assoc).collect();
            if !all.is_empty() {
                write!(f, "<{}>", all.join(", "))?;
            }
        }
        Ok(())
    }
}

impl Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TypeRef::Path(path) => write!(f, "{path}"),
            TypeRef::Projection { of, path } => write!(f, "<{of}>::{path}"),
            TypeRef::Ref { mutable, inner } => write!(f, "&{}{inner}", if *mutable { "mut " } else { "" }),
            TypeRef::Ptr { mutable, inner } => write!(f, "*{} {inner}", if *mutable { "mut" } else { "const" }),
            TypeRef::Tuple(parts) => write!(f, "({})", list(parts)),
            TypeRef::Slice(inner) => write!(f, "[{inner}]"),
            TypeRef::Fn { params, ret } => write!(f, "fn({}) -> {ret}", list(params)),
            TypeRef::Impl(bounds) => write!(f, "impl {}", joined(bounds, " + ")),
            TypeRef::Dyn(bounds) => write!(f, "dyn {}", joined(bounds, " + ")),
            TypeRef::Infer => f.write_str("_"),
            TypeRef::Never => f.write_str("!"),
            TypeRef::Opaque => f.write_str("?"),
        }
    }
}

fn list(parts: &[impl Display]) -> String {
    joined(parts, ", ")
}

fn joined(parts: &[impl Display], between: &str) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// All bodies of a file, in order, functions by name.
pub fn print_file(file: &FileIr) -> String {
    let mut out = String::new();
    for (id, body) in file.bodies.iter_enumerated() {
        if id.index() > 0 {
            out.push('\n');
        }
        out.push_str(&print_body(body, id, &body_name(file, id)));
    }
    for (what, _) in &file.unknown {
        let _ = writeln!(out, "\nunknown: {what}");
    }
    out
}

/// What a body is called in dumps: `Service::ship`, `static POOL`, `closure body3`.
pub fn body_name(file: &FileIr, id: BodyId) -> String {
    let owned = |owner: Owner, name: &dyn Display| match owner {
        Owner::Free => name.to_string(),
        Owner::Impl(i) => match &file.impls[i].trait_ {
            Some(trait_) => format!("<{} as {trait_}>::{name}", file.impls[i].self_ty),
            None => format!("{}::{name}", file.impls[i].self_ty),
        },
        Owner::Trait(i) => format!("{}::{name}", file.traits[i].name),
    };
    match file.bodies[id].kind {
        BodyKind::Fn(i) => format!("fn {}", owned(file.fns[i].owner, &file.fns[i].name)),
        BodyKind::Static(i) => format!("static {}", owned(file.statics[i].owner, &file.statics[i].name)),
        BodyKind::Closure { is_async: true } => "async closure".to_owned(),
        BodyKind::Closure { is_async: false } => "closure".to_owned(),
        BodyKind::Async => "async block".to_owned(),
        BodyKind::Generator => "generator".to_owned(),
    }
}

/// One body: its locals that have a name or a type, then its blocks.
pub fn print_body(body: &Body, id: BodyId, name: &str) -> String {
    let mut out = String::new();
    let p = Printer { body };
    let _ = write!(out, "{name} = {id:?}");
    if body.is_async {
        out.push_str(" async");
    }
    if let Some(parent) = body.parent {
        let _ = write!(out, " in {parent:?}");
    }
    out.push('\n');
    for (local, info) in body.locals.iter_enumerated() {
        let kind = match info.kind {
            LocalKind::Return => "return",
            LocalKind::Param => "param",
            LocalKind::Capture => "capture",
            LocalKind::Var => "var",
            LocalKind::Temp if info.ty.is_some() => "temp",
            LocalKind::Temp => continue,
        };
        let _ = write!(out, "  {kind} {}", p.local(local));
        if let Some(ty) = &info.ty {
            let _ = write!(out, ": {ty}");
        }
        if let Some(capture) = body.captures.iter().find(|c| c.inner == local) {
            let _ = write!(out, " = {:?} of {:?}", capture.outer, body.parent.unwrap_or(id));
            if capture.by_move {
                out.push_str(", move");
            }
        }
        out.push('\n');
    }
    for (at, block) in body.blocks.iter_enumerated() {
        let _ = writeln!(out, "  {at:?}:");
        p.block(block, &mut out);
    }
    out
}

struct Printer<'b> {
    body: &'b Body,
}

impl Printer<'_> {
    fn local(&self, local: LocalId) -> String {
        match self.body.locals.get(local).and_then(|l| l.name) {
            Some(name) => format!("{name}_{}", local.index()),
            None => format!("{local:?}"),
        }
    }

    fn place(&self, place: &Place) -> String {
        let mut text = self.local(place.local);
        for step in &place.proj {
            match step {
                Proj::Deref => text.push_str(".*"),
                Proj::Field(name) => {
                    let _ = write!(text, ".{name}");
                }
                Proj::Variant { path, field } => {
                    let _ = write!(text, ".{path}({field})");
                }
                Proj::Try => text.push('?'),
                Proj::Index => text.push_str("[]"),
            }
        }
        text
    }

    fn operand(&self, op: &Operand) -> String {
        match op {
            Operand::Place(place) => self.place(place),
            Operand::Path(path, _) => path.to_string(),
            Operand::Literal(literal) => match literal {
                Literal::Str(text) => format!("{text:?}"),
                Literal::Int(n) => n.get().to_string(),
                Literal::Bool(b) => b.to_string(),
                Literal::Unit => "()".to_owned(),
                Literal::Other => "literal".to_owned(),
            },
        }
    }

    fn operands(&self, ops: &[Operand]) -> String {
        ops.iter().map(|op| self.operand(op)).collect::<Vec<_>>().join(", ")
    }

    fn value(&self, value: &Rvalue) -> String {
        match value {
            Rvalue::Use(op) => self.operand(op),
            Rvalue::Ref { mutable, place } => format!("&{}{}", if *mutable { "mut " } else { "" }, self.place(place)),
            Rvalue::Call(id) => self.call(*id),
            Rvalue::Await(op) => format!("await {}", self.operand(op)),
            Rvalue::AwaitMany { futures, all } => {
                format!("await {} of [{}]", if *all { "all" } else { "first" }, self.operands(futures))
            }
            Rvalue::Aggregate { kind, fields, base } => {
                let fields = fields.iter().map(|(name, op)| format!("{name}: {}", self.operand(op)));
                let base = base.iter().map(|op| format!("..{}", self.operand(op)));
                let inner = fields.chain(base).collect::<Vec<_>>().join(", ");
                let head = match kind {
                    AggregateKind::Tuple => "tuple".to_owned(),
                    AggregateKind::Array => "array".to_owned(),
                    AggregateKind::Struct(path) => path.to_string(),
                    AggregateKind::Closure(id) => format!("closure {id:?}"),
                    AggregateKind::Async(id) => format!("async {id:?}"),
                    AggregateKind::Generator(id) => format!("generator {id:?}"),
                };
                format!("{head} {{ {inner} }}").replace("{  }", "{}")
            }
            Rvalue::Cast(op, ty) => format!("{} as {ty}", self.operand(op)),
            Rvalue::Plain(ops) => format!("plain({})", self.operands(ops)),
            Rvalue::Step { up, ops } => format!("{}({})", if *up { "add" } else { "subtract" }, self.operands(ops)),
            Rvalue::Unknown(ops) => format!("unknown({})", self.operands(ops)),
        }
    }

    fn call(&self, id: super::CallId) -> String {
        let call = &self.body.calls[id];
        let in_loop = if call.in_loop { " (in loop)" } else { "" };
        let text = match &call.callee {
            Callee::Path(path) => format!("{path}({})", self.operands(&call.args)),
            Callee::Qualified { of, path } => format!("<{of}>::{path}({})", self.operands(&call.args)),
            Callee::Method { name, turbofish } => {
                let (receiver, args) =
                    call.args.split_first().map_or((String::new(), &[][..]), |(r, a)| (self.operand(r), a));
                let turbofish = if turbofish.is_empty() { String::new() } else { format!("::<{}>", list(turbofish)) };
                format!("{receiver}.{name}{turbofish}({})", self.operands(args))
            }
            Callee::Value(op) => format!("({})({})", self.operand(op), self.operands(&call.args)),
            Callee::Macro { path, type_arg } => {
                let ty = type_arg.as_ref().map(|t| format!("{t}; ")).unwrap_or_default();
                format!("{path}!({ty}{})", self.operands(&call.args))
            }
        };
        format!("call {text}{in_loop}")
    }

    fn block(&self, block: &Block, out: &mut String) {
        for stmt in &block.stmts {
            let text = match &stmt.kind {
                StmtKind::Assign { to, value } => format!("{} = {}", self.place(to), self.value(value)),
                StmtKind::Drop { place, why } => {
                    let why = match why {
                        DropWhy::Scope => "scope",
                        DropWhy::Temporary => "temporary",
                        DropWhy::Wildcard => "wildcard",
                        DropWhy::Overwritten => "overwritten",
                    };
                    format!("drop {} ({why})", self.place(place))
                }
                StmtKind::Yield(op) => format!("yield {}", self.operand(op)),
                StmtKind::Declare(local) => format!("declare {}", self.local(*local)),
            };
            let _ = writeln!(out, "    {text}");
        }
        let text = match &block.term {
            Terminator::Goto(to) => format!("goto {to:?}"),
            Terminator::Switch { on, edges, span: _ } => {
                let on = on.as_ref().map_or_else(|| "-".to_owned(), |place| self.place(place));
                let edges: Vec<String> = edges.iter().map(|e| format!("{} -> {:?}", edge(&e.kind), e.to)).collect();
                format!("switch {on} [{}]", edges.join(", "))
            }
            Terminator::Return(kind, _) => match kind {
                ReturnKind::End => "return at end".to_owned(),
                ReturnKind::Explicit => "return".to_owned(),
                ReturnKind::Failure => "return failure".to_owned(),
            },
            Terminator::Diverge => "diverge".to_owned(),
        };
        let _ = writeln!(out, "    {text}");
    }
}

fn edge(kind: &EdgeKind) -> String {
    match kind {
        EdgeKind::Then => "then".to_owned(),
        EdgeKind::Else => "else".to_owned(),
        EdgeKind::Continue => "continue".to_owned(),
        EdgeKind::Break => "break".to_owned(),
        EdgeKind::Variant(path) => path.to_string(),
        EdgeKind::Otherwise => "otherwise".to_owned(),
        EdgeKind::Again => "again".to_owned(),
        EdgeKind::Exit => "exit".to_owned(),
        EdgeKind::Arm(i) => format!("arm {i}"),
    }
}
