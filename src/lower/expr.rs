//! Expressions to places, operands and values.
//!
//! Three doors: [`Lower::place`] for what stands where a place is wanted (receivers, `&x`, scrutinees), [`Lower::operand`]
//! for what is read or moved, [`Lower::into`] for a value that has a place to go to.
//!
//! **Invariants:** operands are evaluated left to right; a value that needs a place gets a temporary, and the temporary a
//! drop in the scope that Rust gives it; paths and literals get none.

use super::body::{Dest, needs_drop, return_place};
use super::scope::Takes;
use super::{Lower, MAX_DEPTH, ty};
use crate::base::Span;
use crate::ir::{
    AggregateKind, Callee, DropWhy, EdgeKind, Literal, LocalId, Operand, Path, Place, Proj, ReturnKind, Rvalue,
    StmtKind, Terminator, TypeRef,
};
use syn::{BinOp, Expr};
use thin_vec::{ThinVec, thin_vec};

impl Lower<'_> {
    /// Evaluates `e`, its value going to `dest`.
    pub(super) fn into(&mut self, dest: &Dest, e: &Expr) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let span = self.spans.expr(e);
            self.unknown("expression nested too deep", span);
            self.assign_dest(dest, Rvalue::Unknown(ThinVec::new()), span);
        } else {
            self.eval_into(dest, e);
        }
        self.depth -= 1;
        self.leave_with(dest, e);
    }

    /// A leaf of the body's tail expression leaves the body by itself, so that each way out keeps what it returns and its place.
    fn leave_with(&mut self, dest: &Dest, e: &Expr) {
        let is_leaf = !matches!(
            e,
            Expr::Paren(_)
                | Expr::Group(_)
                | Expr::Block(_)
                | Expr::Unsafe(_)
                | Expr::Const(_)
                | Expr::If(_)
                | Expr::Match(_)
        );
        if is_leaf && is_return(dest) && !self.b().dead {
            self.run_exit(None);
            let span = self.spans.expr(e);
            self.terminate(Terminator::Return(ReturnKind::End, span));
        }
    }

    fn eval_into(&mut self, dest: &Dest, e: &Expr) {
        let extend = self.b().extend.take();
        match e {
            Expr::Paren(x) => {
                self.b().extend = extend;
                self.into(dest, &x.expr);
            }
            Expr::Group(x) => {
                self.b().extend = extend;
                self.into(dest, &x.expr);
            }
            Expr::Block(x) => {
                self.b().extend = extend;
                match &x.label {
                    Some(label) => self.labelled_block(dest, &label.name, &x.block),
                    None => self.block(dest, &x.block),
                }
            }
            Expr::Unsafe(x) => {
                self.b().extend = extend;
                self.block(dest, &x.block);
            }
            Expr::Const(x) => self.block(dest, &x.block),
            Expr::TryBlock(x) => self.try_block(dest, &x.block),
            Expr::If(x) => self.if_(dest, x, extend),
            Expr::Match(x) => self.match_(dest, x, extend),
            Expr::Loop(x) => self.loop_(dest, x),
            Expr::While(x) => self.while_(dest, x),
            Expr::ForLoop(x) => self.for_(dest, x),
            Expr::Break(x) => self.break_(x),
            Expr::Continue(x) => self.continue_(x),
            Expr::Return(x) => self.return_(x),
            Expr::Yield(x) => {
                self.yield_(x.expr.as_deref(), self.spans.expr(e));
                self.unit(dest, self.spans.expr(e));
            }
            Expr::Assign(x) => {
                self.assignment(&x.left, &x.right, self.spans.expr(e));
                self.unit(dest, self.spans.expr(e));
            }
            // Its parts are no ways out of the body.
            Expr::Binary(x) if matches!(x.op, BinOp::And(_) | BinOp::Or(_)) && is_return(dest) => {
                let value = Place::local(self.new_temp(self.spans.expr(e)));
                self.lazy(&Dest::To(value.clone()), e);
                self.assign_dest(dest, Rvalue::Use(Operand::Place(value)), self.spans.expr(e));
            }
            Expr::Binary(x) if matches!(x.op, BinOp::And(_) | BinOp::Or(_)) => self.lazy(dest, e),
            Expr::Binary(x) if is_compound(&x.op) => {
                let right = self.operand(&x.right);
                let scope = self.b().temp_scope;
                let left = self.place(&x.left, scope);
                let span = self.spans.expr(e);
                let ops = thin_vec![Operand::Place(left.clone()), right];
                let value = match x.op {
                    BinOp::AddAssign(_) => Rvalue::Step { up: true, ops },
                    BinOp::SubAssign(_) => Rvalue::Step { up: false, ops },
                    _ => Rvalue::Plain(ops),
                };
                self.assign(left, value, span);
                self.unit(dest, span);
            }
            Expr::Macro(x) => {
                self.b().extend = extend;
                if let Some(value) = self.mac(Some(dest), &x.mac) {
                    self.deliver(dest, value, self.spans.expr(e));
                }
            }
            _ => {
                self.b().extend = extend;
                let value = self.value(e);
                self.deliver(dest, value, self.spans.expr(e));
            }
        }
    }

    /// `()` to `dest`, if anybody asks for it.
    pub(super) fn unit(&mut self, dest: &Dest, span: Span) {
        self.assign_dest(dest, Rvalue::Use(Operand::Literal(Literal::Unit)), span);
    }

    /// A value to `dest`; with nobody to read it, into a temporary that is dropped.
    pub(super) fn deliver(&mut self, dest: &Dest, value: Rvalue, span: Span) {
        if let Dest::To(place) = dest {
            if let Rvalue::Use(op) = &value {
                self.moved(op);
            }
            self.assign(place.clone(), value, span);
            return;
        }
        match &value {
            Rvalue::Use(Operand::Literal(_) | Operand::Path(..)) => {}
            // Held by its temporary already.
            Rvalue::Use(Operand::Place(place)) if self.is_temp(place.local) => {}
            _ => {
                self.temp_of(value, span);
            }
        }
    }

    /// Into a new temporary that the innermost temporary scope drops.
    pub(super) fn temp_of(&mut self, value: Rvalue, span: Span) -> LocalId {
        let scope = self.b().temp_scope;
        self.temp_of_in(value, span, scope)
    }

    fn temp_of_in(&mut self, value: Rvalue, span: Span, scope: usize) -> LocalId {
        let temp = self.new_temp(span);
        let why = if scope == self.b().temp_scope { DropWhy::Temporary } else { DropWhy::Scope };
        let keep = needs_drop(&value);
        self.assign(Place::local(temp), value, span);
        if keep {
            self.schedule(temp, scope, why);
        }
        temp
    }

    /// What is read from `e`: a place as it stands, a path, a literal, or a temporary.
    pub(super) fn operand(&mut self, e: &Expr) -> Operand {
        match self.value(e) {
            Rvalue::Use(op) => op,
            value => Operand::Place(Place::local(self.temp_of(value, self.spans.expr(e)))),
        }
    }

    /// The operands of a call, literal or macro, left to right, then all moved.
    pub(super) fn operands<'e>(&mut self, list: impl IntoIterator<Item = &'e Expr>) -> ThinVec<Operand> {
        let ops: ThinVec<Operand> = list.into_iter().map(|e| self.operand(e)).collect();
        for op in &ops {
            self.moved(op);
        }
        ops
    }

    /// What `e` names or makes, as a place. A temporary goes into `scope`.
    pub(super) fn place(&mut self, e: &Expr, scope: usize) -> Place {
        self.depth += 1;
        let place = if self.depth > MAX_DEPTH {
            let span = self.spans.expr(e);
            self.unknown("expression nested too deep", span);
            Place::local(self.temp_of(Rvalue::Unknown(ThinVec::new()), span))
        } else {
            self.place_inner(e, scope)
        };
        self.depth -= 1;
        place
    }

    fn place_inner(&mut self, e: &Expr, scope: usize) -> Place {
        let extend = self.b().extend.take();
        match e {
            Expr::Paren(x) => {
                self.b().extend = extend;
                self.place(&x.expr, scope)
            }
            Expr::Group(x) => {
                self.b().extend = extend;
                self.place(&x.expr, scope)
            }
            Expr::Path(x) if x.qself.is_none() => match self.local_of(&x.path) {
                Some(local) => Place::local(local),
                None => {
                    let span = self.spans.path(&x.path);
                    let value = Rvalue::Use(Operand::Path(ty::path(&x.path), span));
                    Place::local(self.temp_of_in(value, span, scope))
                }
            },
            Expr::Field(x) => self.place(&x.base, scope).then(Proj::Field(ty::member(&x.member))),
            Expr::Index(x) => {
                let base = self.place(&x.expr, scope);
                self.operand(&x.index);
                base.then(Proj::Index)
            }
            Expr::Unary(x) if matches!(x.op, syn::UnOp::Deref(_)) => self.place(&x.expr, scope).then(Proj::Deref),
            _ => {
                self.b().extend = extend;
                match self.value(e) {
                    Rvalue::Use(Operand::Place(place)) => {
                        if scope != self.b().temp_scope {
                            self.extend_life(place.local, scope);
                        }
                        place
                    }
                    value => Place::local(self.temp_of_in(value, self.spans.expr(e), scope)),
                }
            }
        }
    }

    /// The variable that a path names.
    pub(super) fn local_of(&mut self, path: &syn::Path) -> Option<LocalId> {
        if path.leading_colon.is_some() || path.segments.len() != 1 || !path.segments[0].arguments.is_none() {
            return None;
        }
        self.variable(ty::symbol(&path.segments[0].ident))
    }

    /// The value of `e`, not yet stored anywhere.
    pub(super) fn value(&mut self, e: &Expr) -> Rvalue {
        self.depth += 1;
        let value = if self.depth > MAX_DEPTH {
            let span = self.spans.expr(e);
            self.unknown("expression nested too deep", span);
            Rvalue::Unknown(ThinVec::new())
        } else {
            self.value_inner(e)
        };
        self.depth -= 1;
        value
    }

    fn value_inner(&mut self, e: &Expr) -> Rvalue {
        let extend = self.b().extend.take();
        match e {
            Expr::Paren(x) => {
                self.b().extend = extend;
                self.value(&x.expr)
            }
            Expr::Group(x) => {
                self.b().extend = extend;
                self.value(&x.expr)
            }
            Expr::Lit(x) => Rvalue::Use(Operand::Literal(literal(&x.lit))),
            Expr::Path(x) => Rvalue::Use(self.path_operand(x)),
            Expr::Field(_) | Expr::Index(_) => Rvalue::Use(Operand::Place(self.place_here(e))),
            Expr::Unary(x) if matches!(x.op, syn::UnOp::Deref(_)) => Rvalue::Use(Operand::Place(self.place_here(e))),
            Expr::Unary(x) => Rvalue::Plain(thin_vec![self.operand(&x.expr)]),
            Expr::Array(x) => {
                if x.elems.len() > 8 && x.elems.iter().all(is_literal) {
                    return Rvalue::Plain(ThinVec::new());
                }
                self.aggregate(AggregateKind::Array, x.elems.iter(), extend)
            }
            Expr::Tuple(x) if x.elems.is_empty() => Rvalue::Use(Operand::Literal(Literal::Unit)),
            Expr::Tuple(x) => self.aggregate(AggregateKind::Tuple, x.elems.iter(), extend),
            Expr::Repeat(x) => self.aggregate(AggregateKind::Array, [&*x.expr], extend),
            Expr::Struct(x) => self.struct_literal(x, extend),
            Expr::Async(x) => self.async_block(x),
            Expr::Closure(x) => self.closure(x),
            Expr::Await(x) => {
                let future = self.operand(&x.base);
                self.moved(&future);
                Rvalue::Await(future)
            }
            Expr::Binary(x) if !is_compound(&x.op) && !matches!(x.op, BinOp::And(_) | BinOp::Or(_)) => {
                self.arithmetic(e)
            }
            Expr::Call(x) => self.call_expr(x, extend),
            Expr::MethodCall(x) => self.method_call(x),
            Expr::Cast(x) => {
                self.b().extend = extend;
                let op = self.operand(&x.expr);
                self.moved(&op);
                Rvalue::Cast(op, Box::new(ty::ty(&x.ty)))
            }
            Expr::Reference(x) => self.borrow(x.mutability.is_some(), &x.expr, extend),
            Expr::RawAddr(x) => self.borrow(matches!(x.mutability, syn::PointerMutability::Mut(_)), &x.expr, extend),
            Expr::Range(x) => {
                let ends = [("start", &x.start), ("end", &x.end)].into_iter();
                let ends = ends.filter_map(|(name, end)| Some((name.into(), end.as_deref()?)));
                let fields = ends.map(|(name, end)| (name, self.operand(end))).collect();
                let path = Path { global: true, ..Path::from_names(["std", "ops", "Range"]) };
                Rvalue::Aggregate { kind: AggregateKind::Struct(path), fields, base: None }
            }
            Expr::Try(x) => Rvalue::Use(Operand::Place(self.question(&x.expr, self.spans.expr(e)))),
            Expr::Macro(x) => {
                self.b().extend = extend;
                self.mac(None, &x.mac).unwrap_or(Rvalue::Use(Operand::Literal(Literal::Unit)))
            }
            Expr::Verbatim(tokens) => {
                let span = self.spans.expr(e);
                self.unknown("syntax", span);
                Rvalue::Unknown(self.mentions(tokens))
            }
            Expr::Infer(_) | Expr::Let(_) => {
                let span = self.spans.expr(e);
                self.unknown("expression out of place", span);
                Rvalue::Unknown(ThinVec::new())
            }
            // Control flow: every path writes the same temporary.
            _ => {
                let span = self.spans.expr(e);
                let temp = self.new_temp(span);
                self.b().extend = extend;
                self.eval_into(&Dest::To(Place::local(temp)), e);
                self.schedule_temp(temp);
                Rvalue::Use(Operand::Place(Place::local(temp)))
            }
        }
    }

    fn place_here(&mut self, e: &Expr) -> Place {
        let scope = self.b().temp_scope;
        self.place(e, scope)
    }

    fn path_operand(&mut self, x: &syn::ExprPath) -> Operand {
        let span = self.spans.path(&x.path);
        match &x.qself {
            None => match self.local_of(&x.path) {
                Some(local) => Operand::Place(Place::local(local)),
                None => Operand::Path(ty::path(&x.path), span),
            },
            Some(q) => {
                let mut path = ty::path(&x.path);
                // `<T>::f` with a plain type is `T::f`; `<T as Trait>::f` is named by its trait.
                if q.position == 0
                    && let TypeRef::Path(of) = ty::ty(&q.ty)
                {
                    path = Path { global: of.global, segments: of.segments.into_iter().chain(path.segments).collect() };
                }
                Operand::Path(path, span)
            }
        }
    }

    fn aggregate<'e>(
        &mut self,
        kind: AggregateKind,
        parts: impl IntoIterator<Item = &'e Expr>,
        extend: Option<usize>,
    ) -> Rvalue {
        let mut fields = ThinVec::new();
        for (i, part) in parts.into_iter().enumerate() {
            self.b().extend = extend;
            fields.push((ty::number(i), self.operand(part)));
        }
        for (_, op) in &fields {
            self.moved(op);
        }
        Rvalue::Aggregate { kind, fields, base: None }
    }

    fn struct_literal(&mut self, x: &syn::ExprStruct, extend: Option<usize>) -> Rvalue {
        let mut fields = ThinVec::new();
        for field in &x.fields {
            self.b().extend = extend;
            fields.push((ty::member(&field.member), self.operand(&field.expr)));
        }
        let base = x.rest.as_ref().map(|rest| Box::new(self.operand(rest)));
        for (_, op) in &fields {
            self.moved(op);
        }
        Rvalue::Aggregate { kind: AggregateKind::Struct(ty::path(&x.path)), fields, base }
    }

    /// `a + b + c`: a chain is read along its left spine, so that generated sums of thousands do not recurse.
    fn arithmetic(&mut self, e: &Expr) -> Rvalue {
        let mut right = Vec::new();
        let mut left = e;
        while let Expr::Binary(x) = left
            && !is_compound(&x.op)
            && !matches!(x.op, BinOp::And(_) | BinOp::Or(_))
        {
            right.push(&*x.right);
            left = &x.left;
        }
        let mut ops = thin_vec![self.operand(left)];
        ops.extend(right.into_iter().rev().map(|e| self.operand(e)));
        Rvalue::Plain(ops)
    }

    fn borrow(&mut self, mutable: bool, inner: &Expr, extend: Option<usize>) -> Rvalue {
        // Constants are promoted: nothing lives in this frame.
        if is_literal(inner) {
            return self.value(inner);
        }
        if let Expr::Path(path) = inner
            && let op @ Operand::Path(..) = self.path_operand(path)
        {
            return Rvalue::Use(op);
        }
        let scope = extend.unwrap_or(self.b().temp_scope);
        self.b().extend = extend;
        let place = self.place(inner, scope);
        Rvalue::Ref { mutable, place }
    }

    fn call_expr(&mut self, x: &syn::ExprCall, extend: Option<usize>) -> Rvalue {
        let mut func = &*x.func;
        while let Expr::Paren(syn::ExprParen { expr, .. }) | Expr::Group(syn::ExprGroup { expr, .. }) = func {
            func = expr;
        }
        let span = self.spans.between(super::span::expr_first(&x.func), x.paren_token.span.close());
        let name_span = self.spans.expr(func);
        let callee = match func {
            Expr::Path(path) => match &path.qself {
                Some(q) => Callee::Qualified { of: ty::ty(&q.ty), path: ty::path(&path.path) },
                None => match self.local_of(&path.path) {
                    Some(local) => Callee::Value(Operand::Place(Place::local(local))),
                    None => Callee::Path(ty::path(&path.path)),
                },
            },
            _ => Callee::Value(self.operand(func)),
        };
        // A tuple struct or variant keeps what it is given, so `let x = Some(&temp())` extends as a struct literal does.
        let builds =
            matches!(&callee, Callee::Path(path) if path.last().as_str().starts_with(|c: char| c.is_ascii_uppercase()));
        let mut args = ThinVec::with_capacity(x.args.len());
        for arg in &x.args {
            self.b().extend = if builds { extend } else { None };
            args.push(self.operand(arg));
        }
        for op in &args {
            self.moved(op);
        }
        self.call(callee, args, span, name_span)
    }

    fn method_call(&mut self, x: &syn::ExprMethodCall) -> Rvalue {
        let receiver = self.receiver(&x.receiver);
        let mut args = ThinVec::with_capacity(x.args.len() + 1);
        args.push(receiver);
        args.extend(x.args.iter().map(|e| self.operand(e)));
        for op in &args[1..] {
            self.moved(op);
        }
        let turbofish = x.turbofish.as_ref().map_or_else(ThinVec::new, |t| ty::angle_args(t).0);
        let callee = Callee::Method { name: ty::symbol(&x.method), turbofish };
        let name = x.method.span();
        let span = self.spans.between(super::span::expr_first(&x.receiver), x.paren_token.span.close());
        self.call(callee, args, span, self.spans.of(name))
    }

    /// The receiver of a method: a place where it stands, since the method may only borrow it.
    pub(super) fn receiver(&mut self, e: &Expr) -> Operand {
        match e {
            Expr::Paren(x) => self.receiver(&x.expr),
            Expr::Group(x) => self.receiver(&x.expr),
            Expr::Lit(x) => Operand::Literal(literal(&x.lit)),
            Expr::Path(x) => self.path_operand(x),
            _ => Operand::Place(self.place_here(e)),
        }
    }

    /// `a && b`, `a || b` as a value: each operand ends its own temporaries.
    fn lazy(&mut self, dest: &Dest, e: &Expr) {
        let span = self.spans.expr(e);
        let place = match dest {
            Dest::To(place) => place.clone(),
            Dest::Discard => Place::local(self.new_temp(span)),
        };
        let (parts, is_and) = lazy_parts(e);
        let join = self.new_block();
        let count = parts.len();
        for (i, part) in parts.into_iter().enumerate() {
            let mark = self.open_scope(Takes::Temps);
            self.into(&Dest::To(place.clone()), part);
            self.close_scope(mark);
            if i + 1 < count {
                let next = self.new_block();
                let (on_true, on_false) = if is_and { (next, join) } else { (join, next) };
                let span = self.spans.expr(part);
                self.switch(Some(place.clone()), vec![(EdgeKind::Then, on_true), (EdgeKind::Else, on_false)], span);
                self.start(next);
            }
        }
        self.goto(join);
        self.start(join);
    }

    /// `left = right`: the value is made first, then the old one is dropped, then the new one stored.
    fn assignment(&mut self, left: &Expr, right: &Expr, span: Span) {
        match left {
            Expr::Paren(x) => self.assignment(&x.expr, right, span),
            Expr::Infer(_) => self.discard_now(right),
            Expr::Tuple(_) | Expr::Array(_) | Expr::Struct(_) | Expr::Call(_) => {
                // `{ let (lhs, _) = right; left = lhs; }`: what nobody takes is gone before anything is stored.
                let mark = self.open_scope(Takes::Temps);
                let from = self.place_here(right);
                let mut leaves = Vec::new();
                self.destructure(left, &from, &mut leaves);
                self.close_scope(mark);
                for (left, value) in leaves {
                    let to = self.place_here(left);
                    self.store(to, Rvalue::Use(Operand::Place(Place::local(value))), span);
                }
            }
            _ => {
                let value = match self.value(right) {
                    value @ (Rvalue::Use(_) | Rvalue::Plain(_) | Rvalue::Step { .. } | Rvalue::Ref { .. }) => value,
                    value => {
                        let temp = self.temp_of(value, self.spans.expr(right));
                        Rvalue::Use(Operand::Place(Place::local(temp)))
                    }
                };
                let to = self.place_here(left);
                self.store(to, value, span);
            }
        }
    }

    /// Replaces what `to` holds.
    fn store(&mut self, to: Place, value: Rvalue, span: Span) {
        // A place that takes a number or reference holds nothing that needs a drop; one that takes `None` may.
        if needs_drop(&value) || matches!(value, Rvalue::Use(Operand::Path(..))) {
            self.push_stmt(StmtKind::Drop { place: to.clone(), why: DropWhy::Overwritten }, span);
        }
        if let Rvalue::Use(op) = &value {
            self.moved(op);
        }
        self.assign(to, value, span);
    }

    /// Takes `from` apart as the left side of an assignment is built: its places, and what goes to each.
    fn destructure<'e>(&mut self, left: &'e Expr, from: &Place, out: &mut Vec<(&'e Expr, LocalId)>) {
        match left {
            Expr::Paren(x) => self.destructure(&x.expr, from, out),
            Expr::Group(x) => self.destructure(&x.expr, from, out),
            Expr::Infer(_) | Expr::Range(_) => {}
            Expr::Tuple(x) => {
                for (i, part) in x.elems.iter().enumerate() {
                    self.destructure(part, &from.then(Proj::Field(ty::number(i))), out);
                }
            }
            Expr::Array(x) => {
                for part in &x.elems {
                    self.destructure(part, &from.then(Proj::Index), out);
                }
            }
            Expr::Call(syn::ExprCall { func, args, .. }) if matches!(**func, Expr::Path(_)) => {
                let Expr::Path(path) = &**func else { return };
                let path = ty::path(&path.path);
                for (i, part) in args.iter().enumerate() {
                    let step = Proj::Variant { path: path.clone(), field: ty::number(i) };
                    self.destructure(part, &from.then(step), out);
                }
            }
            Expr::Struct(x) => {
                let path = ty::path(&x.path);
                for field in &x.fields {
                    let step = Proj::Variant { path: path.clone(), field: ty::member(&field.member) };
                    self.destructure(&field.expr, &from.then(step), out);
                }
            }
            _ => {
                let span = self.spans.expr(left);
                let value = self.new_temp(span);
                self.assign(Place::local(value), Rvalue::Use(Operand::Place(from.clone())), span);
                out.push((left, value));
            }
        }
    }

    /// `let _ = e` and `_ = e`: a place is left alone, a value is dropped at once.
    pub(super) fn discard_now(&mut self, e: &Expr) {
        if is_place(e) {
            self.place_here(e);
            return;
        }
        let span = self.spans.expr(e);
        match self.value(e) {
            Rvalue::Use(Operand::Literal(_) | Operand::Path(..)) => {}
            Rvalue::Use(Operand::Place(place)) if self.is_temp(place.local) => {
                self.drop_now(place.local, DropWhy::Wildcard, span);
            }
            value => {
                let temp = self.temp_of(value, span);
                if self.unschedule(temp) {
                    self.push_stmt(StmtKind::Drop { place: Place::local(temp), why: DropWhy::Wildcard }, span);
                }
            }
        }
    }
}

/// The operands of a chain of one lazy operator, in order, and whether it is `&&`.
pub(super) fn lazy_parts(e: &Expr) -> (Vec<&Expr>, bool) {
    let is_and = matches!(e, Expr::Binary(x) if matches!(x.op, BinOp::And(_)));
    let mut parts = Vec::new();
    let mut left = e;
    while let Expr::Binary(x) = left
        && matches!((&x.op, is_and), (BinOp::And(_), true) | (BinOp::Or(_), false))
    {
        parts.push(&*x.right);
        left = &x.left;
    }
    parts.push(left);
    parts.reverse();
    (parts, is_and)
}

fn is_compound(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}

/// Whether `e` is a place expression: naming it does not move, and `let _ = e` does nothing.
pub(super) fn is_place(e: &Expr) -> bool {
    match e {
        Expr::Paren(x) => is_place(&x.expr),
        Expr::Group(x) => is_place(&x.expr),
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) => true,
        Expr::Unary(x) => matches!(x.op, syn::UnOp::Deref(_)),
        _ => false,
    }
}

/// Whether `e` is a literal, perhaps negated or behind `&`.
pub(super) fn is_literal(e: &Expr) -> bool {
    match e {
        Expr::Lit(_) => true,
        Expr::Unary(x) => !matches!(x.op, syn::UnOp::Deref(_)) && is_literal(&x.expr),
        Expr::Reference(x) => is_literal(&x.expr),
        Expr::Paren(x) => is_literal(&x.expr),
        _ => false,
    }
}

/// A literal's value.
pub(super) fn literal(lit: &syn::Lit) -> Literal {
    match lit {
        syn::Lit::Str(s) => Literal::Str(s.value()),
        syn::Lit::Int(n) => n.base10_parse::<i128>().map_or(Literal::Other, |n| Literal::Int(n.into())),
        syn::Lit::Bool(b) => Literal::Bool(b.value),
        _ => Literal::Other,
    }
}

/// Whether a value goes to the body's caller.
fn is_return(dest: &Dest) -> bool {
    matches!(dest, Dest::To(place) if *place == return_place())
}
