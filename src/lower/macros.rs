//! Macros by shape.
//!
//! Which macro has which shape is told by the table in [`super::LowerCx`]; here is only what a shape means, and the macros
//! of the standard library.
//!
//! **Invariants:** arguments that parse as expressions are evaluated like any other code; what a formatting or SQL macro
//! reads it only borrows; tokens that nobody understands mention variables, and what they mention is given up.

use super::Lower;
use super::body::{Dest, needs_drop};
use super::expr::is_place;
use super::scope::{Entry, Exit, Takes};
use super::{tokens, ty};
use crate::base::Span;
use crate::ir::{AggregateKind, Callee, DropWhy, Literal, MacroShape, Operand, Place, Rvalue, Terminator};
use proc_macro2::TokenStream;
use std::rc::Rc;
use syn::{Expr, Macro};
use thin_vec::ThinVec;

/// What a macro is.
enum Known {
    Shape(MacroShape),
    /// Its value is a constant: `concat!`, `include_str!`, `line!`.
    Constant,
    Unknown,
}

impl Lower<'_> {
    /// Lowers a macro in expression position. `None`: its value went to `dest` (or it never ends).
    pub(super) fn mac(&mut self, dest: Option<&Dest>, mac: &Macro) -> Option<Rvalue> {
        self.depth += 1;
        let value = if self.depth > super::MAX_DEPTH {
            let at = self.spans.mac(mac);
            self.unknown("expression nested too deep", at);
            Some(Rvalue::Unknown(ThinVec::new()))
        } else {
            self.mac_inner(dest, mac)
        };
        self.depth -= 1;
        value
    }

    fn mac_inner(&mut self, dest: Option<&Dest>, mac: &Macro) -> Option<Rvalue> {
        let extend = self.b().extend.take();
        let at = self.spans.mac(mac);
        let shape = match self.known(&mac.path) {
            Known::Shape(shape) => shape,
            Known::Constant => return Some(Rvalue::Use(Operand::Literal(constant(mac)))),
            Known::Unknown => {
                if let Some((blocks, has_else)) = tokens::conditional(&mac.tokens) {
                    return self.conditional(dest, &blocks, has_else, at);
                }
                return Some(self.unknown_macro(mac, at));
            }
        };
        match shape {
            MacroShape::Select => self.select(dest, mac, at),
            MacroShape::Join | MacroShape::TryJoin => Some(self.join(mac, at)),
            MacroShape::Stream | MacroShape::TryStream => Some(match tokens::generator_stmts(&mac.tokens) {
                Some(stmts) => self.generator(&stmts, at),
                None => self.not_understood(mac, at),
            }),
            MacroShape::List => Some(self.list(mac, at, extend)),
            MacroShape::Format => {
                let mut ops = self.format_operands(&mac.tokens, at);
                // What a text is made of is worth knowing; what is only printed is not.
                let makes_text = mac.path.segments.last().is_some_and(|s| s.ident == "format");
                if let Some(template) = makes_text.then(|| tokens::template(&mac.tokens)).flatten() {
                    ops.insert(0, Operand::Literal(Literal::Str(template)));
                }
                Some(Rvalue::Plain(ops))
            }
            MacroShape::Panic => {
                self.format_operands(&mac.tokens, at);
                self.terminate(Terminator::Diverge);
                None
            }
            MacroShape::Bail => {
                let error = self.format_operands(&mac.tokens, at);
                self.return_failure(error, at);
                None
            }
            MacroShape::Ensure => {
                self.checked(mac, at, true);
                Some(unit())
            }
            MacroShape::Assert => {
                self.checked(mac, at, false);
                Some(unit())
            }
            MacroShape::Matches => self.matches_value(dest, mac, at),
            MacroShape::Value => Some(match tokens::value_exprs(&mac.tokens) {
                Some(exprs) => Rvalue::Plain(exprs.iter().map(|e| self.operand(e)).collect()),
                None => Rvalue::Plain(self.mentions(&mac.tokens)),
            }),
            MacroShape::Query => Some(self.query(mac, at)),
            MacroShape::Pin => Some(self.pin(mac, at, extend)),
            MacroShape::Drive => Some(self.macro_call(mac, at)),
            MacroShape::Defer => {
                match tokens::stmts(&mac.tokens) {
                    Some(stmts) => {
                        let brace_token = syn::token::Brace { span: mac.delimiter.span().to_owned() };
                        let block = Rc::new(syn::Block { brace_token, stmts });
                        let scope = self.b().var_scope;
                        self.b().scopes[scope].entries.push(Entry::Defer(block));
                        self.b().deferred.push(at);
                    }
                    None => return Some(self.not_understood(mac, at)),
                }
                Some(unit())
            }
            MacroShape::LazyStatic => {
                let stack = std::mem::take(&mut self.stack);
                self.lazy_statics(mac);
                self.stack = stack;
                Some(unit())
            }
            MacroShape::Transparent => Some(match tokens::exprs(&mac.tokens).as_deref() {
                Some([one]) => {
                    self.b().extend = extend;
                    self.value(one)
                }
                Some(many) => self.tuple(many),
                None => self.not_understood(mac, at),
            }),
        }
    }

    /// Lowers a macro that is a statement.
    pub(super) fn stmt_macro(&mut self, mac: &Macro) {
        match self.known(&mac.path) {
            Known::Shape(MacroShape::Pin) => {
                self.pin_statement(mac);
                return;
            }
            // Its scope is the block, not the statement.
            Known::Shape(MacroShape::Defer) => {
                self.mac(Some(&Dest::Discard), mac);
                return;
            }
            Known::Shape(_) | Known::Constant | Known::Unknown => {}
        }
        let mark = self.open_scope(Takes::Temps);
        let at = self.spans.mac(mac);
        if let Some(value) = self.mac(Some(&Dest::Discard), mac) {
            self.deliver(&Dest::Discard, value, at);
        }
        self.close_scope(mark);
    }

    fn known(&self, path: &syn::Path) -> Known {
        let names: Vec<String> = path.segments.iter().map(|s| ty::symbol(&s.ident).as_str().to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match (self.cx.macro_shape)(&names) {
            Some(shape) => Known::Shape(shape),
            None => std_macro(&names),
        }
    }

    pub(super) fn is_matches(&self, mac: &Macro) -> bool {
        matches!(self.known(&mac.path), Known::Shape(MacroShape::Matches))
    }

    // Arguments.

    /// Operands of a formatting macro: read, not moved.
    fn format_operands(&mut self, tokens: &TokenStream, at: Span) -> ThinVec<Operand> {
        let args = tokens::format_args(tokens);
        let mut ops: ThinVec<Operand> = ThinVec::new();
        for e in &args.exprs {
            match self.operand(e) {
                Operand::Literal(_) => {}
                op => ops.push(op),
            }
        }
        for name in &args.names {
            if let Some(local) = self.variable(name.as_str().into()) {
                ops.push(Operand::Place(Place::local(local)));
            }
        }
        if !args.complete {
            // Formatting only reads, so even what was not understood does not escape.
            self.unknown("arguments of a formatting macro", at);
            ops.extend(self.mentions(tokens));
        }
        ops
    }

    /// Variables that tokens mention, each once.
    pub(super) fn mentions(&mut self, tokens: &TokenStream) -> ThinVec<Operand> {
        let mut idents = Vec::new();
        tokens::mentioned(tokens, &mut idents);
        let mut ops: ThinVec<Operand> = ThinVec::new();
        for ident in &idents {
            if let Some(local) = self.variable(ty::symbol(ident)) {
                let op = Operand::Place(Place::local(local));
                if !ops.contains(&op) {
                    ops.push(op);
                }
            }
        }
        ops
    }

    fn not_understood(&mut self, mac: &Macro, at: Span) -> Rvalue {
        self.unknown("macro", at);
        tokens::names(&mac.tokens, &mut self.ir.macro_names);
        Rvalue::Unknown(self.mentions(&mac.tokens))
    }

    /// A macro that no table knows: a call, if its arguments are expressions.
    fn unknown_macro(&mut self, mac: &Macro, at: Span) -> Rvalue {
        if tokens::exprs(&mac.tokens).is_none() {
            return self.not_understood(mac, at);
        }
        self.macro_call(mac, at)
    }

    fn macro_call(&mut self, mac: &Macro, at: Span) -> Rvalue {
        let Some(exprs) = tokens::exprs(&mac.tokens) else { return self.not_understood(mac, at) };
        let args = exprs.iter().map(|e| self.operand(e)).collect();
        let callee = Callee::Macro { path: ty::path(&mac.path), type_arg: None };
        self.call(callee, args, at, self.spans.path(&mac.path))
    }

    fn tuple(&mut self, exprs: &[Expr]) -> Rvalue {
        let ops = self.operands(exprs);
        let fields = ops.into_iter().enumerate().map(|(i, op)| (ty::number(i), op)).collect();
        Rvalue::Aggregate { kind: AggregateKind::Tuple, fields, base: None }
    }

    // Shapes.

    fn list(&mut self, mac: &Macro, at: Span, extend: Option<usize>) -> Rvalue {
        let elems = match syn::parse2::<tokens::List>(mac.tokens.clone()) {
            Ok(tokens::List::Elems(elems)) => elems,
            Ok(tokens::List::Repeat(elem, count)) => {
                let ops = self.operands([&*elem]);
                self.operand(&count);
                let fields = ops.into_iter().map(|op| (ty::number(0), op)).collect();
                return Rvalue::Aggregate { kind: AggregateKind::Array, fields, base: None };
            }
            Err(_) => return self.not_understood(mac, at),
        };
        let _ = extend;
        let ops = self.operands(&elems);
        let fields = ops.into_iter().enumerate().map(|(i, op)| (ty::number(i), op)).collect();
        Rvalue::Aggregate { kind: AggregateKind::Array, fields, base: None }
    }

    fn query(&mut self, mac: &Macro, at: Span) -> Rvalue {
        let Ok(query) = syn::parse2::<tokens::Query>(mac.tokens.clone()) else { return self.not_understood(mac, at) };
        let mut args = ThinVec::with_capacity(query.args.len() + 1);
        args.extend(query.sql.map(|sql| Operand::Literal(Literal::Str(sql))));
        args.extend(query.args.iter().map(|e| self.operand(e)));
        let callee = Callee::Macro { path: ty::path(&mac.path), type_arg: query.type_arg.as_ref().map(ty::ty) };
        self.call(callee, args, at, self.spans.path(&mac.path))
    }

    /// `pin!(e)`: the value moves into a temporary, whose life is that of an extended one, and is lent out.
    fn pin(&mut self, mac: &Macro, at: Span, extend: Option<usize>) -> Rvalue {
        let exprs = tokens::exprs(&mac.tokens);
        let Some([e]) = exprs.as_deref() else { return self.not_understood(mac, at) };
        let value = self.value(e);
        if let Rvalue::Use(op) = &value {
            self.moved(op);
        }
        let pinned = self.new_temp(at);
        let keep = needs_drop(&value);
        self.assign(Place::local(pinned), value, at);
        if keep {
            let scope = extend.unwrap_or(self.b().temp_scope);
            let why = if extend.is_some() { DropWhy::Scope } else { DropWhy::Temporary };
            self.schedule(pinned, scope, why);
        }
        Rvalue::Ref { mutable: true, place: Place::local(pinned) }
    }

    /// `pin!(a, b);` pins variables where they stand: they keep name and value. `pin! { let a = e; }` declares them.
    fn pin_statement(&mut self, mac: &Macro) {
        let at = self.spans.mac(mac);
        if let Some(exprs) = tokens::exprs(&mac.tokens) {
            for e in exprs.iter().filter(|e| !is_place(e)) {
                let mark = self.open_scope(Takes::Temps);
                let value = self.value(e);
                self.deliver(&Dest::Discard, value, at);
                self.close_scope(mark);
            }
            return;
        }
        match tokens::stmts(&mac.tokens) {
            Some(stmts) => {
                for stmt in &stmts {
                    if let syn::Stmt::Local(syn::Local { pat, init: Some(init), .. }) = stmt {
                        self.let_(pat, None, &init.expr);
                    }
                }
            }
            None => {
                let value = self.not_understood(mac, at);
                self.deliver(&Dest::Discard, value, at);
            }
        }
    }

    /// `assert!`, `ensure!` and their kin: a condition, and what happens if it is false.
    fn checked(&mut self, mac: &Macro, at: Span, returns: bool) {
        let args = tokens::format_args(&mac.tokens);
        let last = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let compares = last.ends_with("_eq") || last.ends_with("_ne") || last.ends_with("_matches");
        let count = if compares { 2 } else { 1 };
        if args.exprs.len() < count {
            let value = self.not_understood(mac, at);
            self.deliver(&Dest::Discard, value, at);
            return;
        }
        let (condition, rest) = args.exprs.split_at(count);
        let failed = self.new_block();
        let exit: Exit = self.exit_to(failed);
        let mark = self.open_scope(Takes::Both);
        match condition {
            [one] => self.branch(one, &exit, false),
            many => {
                let ops = many.iter().map(|e| self.operand(e)).collect();
                let test = self.new_temp(at);
                self.assign(Place::local(test), Rvalue::Plain(ops), at);
                self.branch_on(Place::local(test), at, &exit, false);
            }
        }
        self.close_scope(mark);
        let (cur, dead) = (self.b().cur, self.b().dead);
        self.start(failed);
        let mark = self.open_scope(Takes::Both);
        let error: ThinVec<Operand> = rest.iter().map(|e| self.operand(e)).collect();
        if returns {
            self.return_failure(error, at);
        } else {
            self.terminate(Terminator::Diverge);
        }
        self.close_scope(mark);
        let body = self.b();
        (body.cur, body.dead) = (cur, dead);
    }

    /// `matches!` as a condition.
    pub(super) fn branch_matches(&mut self, mac: &Macro, fail: &Exit, negate: bool) {
        let at = self.spans.mac(mac);
        let Ok(parsed) = syn::parse2::<tokens::Matches>(mac.tokens.clone()) else {
            let value = self.not_understood(mac, at);
            let test = self.new_temp(at);
            self.assign(Place::local(test), value, at);
            self.branch_on(Place::local(test), at, fail, negate);
            return;
        };
        if negate {
            let go_on = self.new_block();
            let missed = self.exit_to(go_on);
            self.test_matches(&parsed, &missed);
            self.leave(fail);
            self.start(go_on);
        } else {
            self.test_matches(&parsed, fail);
        }
    }

    /// `matches!` as a value.
    fn matches_value(&mut self, dest: Option<&Dest>, mac: &Macro, at: Span) -> Option<Rvalue> {
        let to = match dest {
            Some(Dest::To(place)) => place.clone(),
            Some(Dest::Discard) | None => Place::local(self.new_temp(at)),
        };
        let (missed, join) = (self.new_block(), self.new_block());
        let exit = self.exit_to(missed);
        self.branch_matches(mac, &exit, false);
        self.assign(to.clone(), Rvalue::Use(Operand::Literal(Literal::Bool(true))), at);
        self.goto(join);
        self.start(missed);
        self.assign(to.clone(), Rvalue::Use(Operand::Literal(Literal::Bool(false))), at);
        self.goto(join);
        self.start(join);
        match dest {
            Some(_) => None,
            None => Some(Rvalue::Use(Operand::Place(to))),
        }
    }

    fn test_matches(&mut self, parsed: &tokens::Matches, fail: &Exit) {
        let mark = self.open_scope(Takes::Both);
        self.arm_of_matches(parsed, fail);
        self.close_scope(mark);
    }
}

fn unit() -> Rvalue {
    Rvalue::Use(Operand::Literal(Literal::Unit))
}

/// What a macro of the standard library is.
fn std_macro(names: &[&str]) -> Known {
    let name = match names {
        [name] | ["std" | "core" | "alloc", name] => *name,
        ["std" | "core", "pin" | "task" | "future" | "ptr", name] => *name,
        ["pin", "pin"] => "pin",
        _ => return Known::Unknown,
    };
    Known::Shape(match name {
        "vec" => MacroShape::List,
        "format" | "print" | "println" | "eprint" | "eprintln" | "write" | "writeln" | "format_args" => {
            MacroShape::Format
        }
        "panic" | "unreachable" | "todo" | "unimplemented" | "compile_error" => MacroShape::Panic,
        "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq" | "debug_assert_ne" => {
            MacroShape::Assert
        }
        "matches" => MacroShape::Matches,
        "dbg" | "r#try" | "ready" | "addr_of" | "addr_of_mut" => MacroShape::Transparent,
        "pin" if names.len() > 1 => MacroShape::Pin,
        "thread_local" => MacroShape::LazyStatic,
        "concat" | "include_str" | "include_bytes" | "env" | "option_env" | "line" | "column" | "file"
        | "module_path" | "stringify" | "cfg" | "concat_idents" | "offset_of" => return Known::Constant,
        _ => return Known::Unknown,
    })
}

/// The value of a constant macro.
fn constant(mac: &Macro) -> Literal {
    let is_concat = mac.path.segments.last().is_some_and(|s| s.ident == "concat");
    match tokens::concat(&mac.tokens) {
        Some(text) if is_concat => Literal::Str(text),
        _ => Literal::Other,
    }
}
