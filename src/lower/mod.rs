//! `syn` to IR: items, control flow, scopes, drops, macros.
//!
//! Owns the meaning of Rust's syntax: evaluation order, drop scopes and temporaries as the Rust reference (chapter
//! *Destructors*) and `rustc`'s `region.rs` define them, per edition. One file per topic:
//!
//! | file | topic |
//! |---|---|
//! | `item` | items, attributes, signatures |
//! | `body` | the body under construction: blocks, locals, names, captures |
//! | `scope` | drop scopes and exits |
//! | `stmt` | blocks, `let`, temporary lifetime extension |
//! | `expr` | expressions to places, operands, values |
//! | `control` | conditions, `match`, loops, jumps, `?` |
//! | `pattern` | tests and bindings |
//! | `closure` | closures, async blocks, generators |
//! | `macros`, `branches`, `tokens` | macros by shape, macros with control flow, reading their tokens |
//! | `finish` | pruning, merging and renumbering a finished graph |
//! | `ty`, `span` | written types, places in the text |
//!
//! **Invariants:** total: whatever parses gives a [`FileIr`], what is not understood becomes [`crate::ir::Rvalue::Unknown`]
//! and is listed in [`FileIr::unknown`]; the result names nothing of `syn`; equal text gives an equal result. **Absent on
//! purpose:** names of libraries (which macro has which shape comes in as a table), types, connections.

mod body;
mod branches;
mod closure;
mod control;
mod expr;
mod finish;
mod item;
mod macros;
mod pattern;
mod scope;
mod span;
mod stmt;
mod tokens;
mod ty;

use crate::base::{FileId, Idx, Span, Thinned};
use crate::ir::{Body, BodyId, FileIr, MacroShape, ModuleIr, ModuleKind};
use body::BodyCx;
use span::Spans;

/// What lowering needs to know besides the tree.
pub struct LowerCx<'a> {
    /// The file.
    pub file: FileId,
    /// The edition of its crate: 2015, 2018, 2021, 2024. From 2024 on temporaries of tail expressions and of `if let`
    /// live shorter.
    pub edition: u16,
    /// The whole text.
    pub text: &'a str,
    /// What was left out of that text before it was parsed.
    pub thinned: Option<&'a Thinned>,
    /// The shape of a macro, by the segments of its path as written. Macros of the standard library need no entry.
    pub macro_shape: &'a dyn Fn(&[&str]) -> Option<MacroShape>,
}

/// Lowers a file. The tree can be dropped afterwards. Recurses as deep as expressions nest: run it on a large stack.
pub fn file(ast: &syn::File, cx: &LowerCx<'_>) -> FileIr {
    let whole = Span { file: cx.file, start: 0, end: u32::try_from(cx.text.len()).unwrap_or(u32::MAX) };
    let cfg_test = item::cfg_test(&ast.attrs);
    let root = ModuleIr {
        name: "".into(),
        parent: None,
        kind: ModuleKind::File,
        cfg_test,
        is_pub: true,
        declared: Vec::new(),
        span: whole,
    };
    let mut lower = Lower {
        cx,
        spans: Spans::new(cx.file, cx.text, cx.thinned),
        ir: FileIr {
            file: cx.file,
            modules: vec![root],
            uses: Vec::new(),
            structs: Vec::new(),
            enums: Vec::new(),
            aliases: Vec::new(),
            traits: Vec::new(),
            impls: Vec::new(),
            fns: Vec::new(),
            statics: Vec::new(),
            macro_names: std::collections::BTreeSet::new(),
            bodies: crate::base::IndexVec::new(),
            unknown: Vec::new(),
            includes: Vec::new(),
            stmt_spans: Vec::new(),
        },
        bodies: Vec::new(),
        stack: Vec::new(),
        module: 0,
        cfg_test,
        depth: 0,
    };
    lower.items(&ast.items);
    lower.finish_file()
}

/// Deeper nested expressions are not lowered but counted as unknown: code that nests so deep is generated.
const MAX_DEPTH: usize = 1000;

/// The state of lowering one file.
struct Lower<'a> {
    cx: &'a LowerCx<'a>,
    spans: Spans<'a>,
    ir: FileIr,
    /// By [`BodyId`]; a hole while a body is under construction, so that a body's number is less than its children's.
    bodies: Vec<Option<Body>>,
    /// Bodies under construction, outermost first: captures go outwards along it.
    stack: Vec<BodyCx>,
    /// The module whose names are seen now.
    module: usize,
    /// Whether the items lowered now are test code.
    cfg_test: bool,
    /// Nesting of expressions.
    depth: usize,
}

impl Lower<'_> {
    fn is_2024(&self) -> bool {
        self.cx.edition >= 2024
    }

    fn finish_file(mut self) -> FileIr {
        let bodies = std::mem::take(&mut self.bodies);
        self.ir.bodies = bodies.into_iter().map(|b| b.expect("every body under construction was finished")).collect();
        self.ir.stmt_spans.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end)));
        self.ir.stmt_spans.dedup();
        self.ir.unknown.sort_by_key(|&(what, at)| (at, what));
        self.ir
    }

    fn reserve_body(&mut self) -> BodyId {
        self.bodies.push(None);
        BodyId::new(self.bodies.len() - 1)
    }

    fn covers(&mut self, span: Span) {
        self.ir.stmt_spans.push(span);
    }

    fn unknown(&mut self, what: &'static str, at: Span) {
        self.ir.unknown.push((what, at));
    }
}
