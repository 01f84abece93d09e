//! Patterns: tests, and bindings as projections of the place they take apart.
//!
//! **Invariants:** all tests come before all bindings, so a pattern that fails has moved nothing (except in alternatives
//! nested inside a pattern, which bind where they match); `x` binds by moving, `ref x` and everything under a written `&`
//! by borrowing; a name that starts with an upper-case letter is a constant or variant, not a variable. Elements behind
//! `..` count from the end: `-1` is the last.

use super::Lower;
use super::scope::Exit;
use super::ty;
use crate::base::{Span, Symbol};
use crate::ir::{EdgeKind, LocalId, LocalKind, Operand, Path, Place, Proj, Rvalue, TypeRef};
use proc_macro2::Span as Tok;
use syn::Pat;

/// Variables of a pattern, in order of first mention.
pub(super) struct Binds(pub Vec<(Symbol, LocalId)>);

impl Binds {
    fn get(&self, name: Symbol) -> Option<LocalId> {
        self.0.iter().find(|(n, _)| *n == name).map(|&(_, local)| local)
    }
}

/// How a plain name binds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Move,
    Borrow { mutable: bool },
}

impl Mode {
    pub fn borrowed(mutable: bool) -> Mode {
        Mode::Borrow { mutable }
    }
}

impl Lower<'_> {
    /// Makes the variables of a pattern, not visible yet. A type written for the whole pattern is the variable's if the
    /// pattern is one name.
    pub(super) fn declare(&mut self, pat: &Pat, written: Option<TypeRef>) -> Binds {
        let mut names = Vec::new();
        collect(pat, &mut names);
        let single = simple_name(pat).is_some();
        let mut binds = Binds(Vec::new());
        for (name, at, own_ty) in names {
            if binds.get(name).is_none() {
                let at = self.spans.of(at);
                let ty = own_ty.map(ty::ty).or_else(|| written.clone().filter(|_| single));
                let local = self.new_local(Some(name), ty, at, LocalKind::Var);
                binds.0.push((name, local));
            }
        }
        binds
    }

    /// Goes on if `place` matches; else leaves through `fail`. Without `fail` the pattern cannot fail.
    pub(super) fn test(&mut self, pat: &Pat, place: &Place, mode: Mode, fail: Option<&Exit>) {
        match pat {
            Pat::Paren(x) => self.test(&x.pat, place, mode, fail),
            Pat::Type(x) => self.test(&x.pat, place, mode, fail),
            Pat::Guard(x) => self.test(&x.pat, place, mode, fail),
            Pat::Reference(x) => match mode {
                Mode::Borrow { .. } => self.test(&x.pat, place, Mode::Move, fail),
                Mode::Move => self.test(&x.pat, &through_ref(place), mode, fail),
            },
            Pat::Wild(_) | Pat::Rest(_) => {}
            Pat::Ident(x) => {
                if is_constant(x) {
                    self.test_variant(
                        Path::from_names([ty::symbol(&x.ident).as_str()]),
                        place,
                        fail,
                        self.spans.of(x.ident.span()),
                    );
                } else if let Some((_, sub)) = &x.subpat {
                    self.test(sub, place, mode, fail);
                }
            }
            Pat::Path(x) => self.test_variant(ty::path(&x.path), place, fail, self.spans.pat(pat)),
            Pat::TupleStruct(x) => {
                let path = ty::path(&x.path);
                self.test_variant(path.clone(), place, fail, self.spans.pat(pat));
                for (field, part) in numbered(x.elems.iter()) {
                    self.test(part, &place.then(Proj::Variant { path: path.clone(), field }), mode, fail);
                }
            }
            Pat::Struct(x) => {
                let path = ty::path(&x.path);
                self.test_variant(path.clone(), place, fail, self.spans.pat(pat));
                for part in &x.fields {
                    let step = Proj::Variant { path: path.clone(), field: ty::member(&part.member) };
                    self.test(&part.pat, &place.then(step), mode, fail);
                }
            }
            Pat::Tuple(x) => {
                for (field, part) in numbered(x.elems.iter()) {
                    self.test(part, &place.then(Proj::Field(field)), mode, fail);
                }
            }
            Pat::Slice(x) => {
                if !x.elems.iter().any(is_rest) || x.elems.len() > 1 {
                    self.test_other(fail, self.spans.pat(pat));
                }
                for part in &x.elems {
                    if !is_rest(part) {
                        self.test(part, &place.then(Proj::Index), mode, fail);
                    }
                }
            }
            Pat::Or(x) => self.test_any(x, place, mode, fail),
            Pat::Lit(syn::ExprLit { lit: syn::Lit::Bool(b), .. }) => {
                let at = self.spans.pat(pat);
                let next = self.new_block();
                let out = fail.map(|f| self.edge_to(f));
                let kinds = if b.value { [EdgeKind::Then, EdgeKind::Else] } else { [EdgeKind::Else, EdgeKind::Then] };
                let [hit, miss] = kinds;
                let mut edges = vec![(hit, next)];
                edges.extend(out.map(|out| (miss, out)));
                self.switch(Some(place.clone()), edges, at);
                self.start(next);
            }
            Pat::Lit(_) | Pat::Range(_) | Pat::Const(_) | Pat::Macro(_) => self.test_other(fail, self.spans.pat(pat)),
            _ => {
                let at = self.spans.pat(pat);
                self.unknown("pattern", at);
                self.test_other(fail, at);
            }
        }
    }

    fn test_variant(&mut self, path: Path, place: &Place, fail: Option<&Exit>, at: Span) {
        let next = self.new_block();
        let mut edges = vec![(EdgeKind::Variant(path), next)];
        if let Some(fail) = fail {
            edges.push((EdgeKind::Otherwise, self.edge_to(fail)));
        }
        self.switch(Some(place.clone()), edges, at);
        self.start(next);
    }

    /// A test of something that says nothing about what the place holds: a number, a range, a length.
    fn test_other(&mut self, fail: Option<&Exit>, at: Span) {
        let Some(fail) = fail else { return };
        let next = self.new_block();
        let out = self.edge_to(fail);
        self.switch(None, vec![(EdgeKind::Then, next), (EdgeKind::Else, out)], at);
        self.start(next);
    }

    fn test_any(&mut self, x: &syn::PatOr, place: &Place, mode: Mode, fail: Option<&Exit>) {
        let found = self.new_block();
        for (i, case) in x.cases.iter().enumerate() {
            if i + 1 == x.cases.len() {
                self.test(case, place, mode, fail);
                self.goto(found);
            } else {
                let next = self.new_block();
                let exit = self.exit_to(next);
                self.test(case, place, mode, Some(&exit));
                self.goto(found);
                self.start(next);
            }
        }
        self.start(found);
    }

    /// Assigns the variables of a pattern that matched.
    pub(super) fn bind(&mut self, pat: &Pat, place: &Place, mode: Mode, binds: &Binds) {
        match pat {
            Pat::Paren(x) => self.bind(&x.pat, place, mode, binds),
            Pat::Type(x) => self.bind(&x.pat, place, mode, binds),
            Pat::Guard(x) => self.bind(&x.pat, place, mode, binds),
            Pat::Reference(x) => match mode {
                Mode::Borrow { .. } => self.bind(&x.pat, place, Mode::Move, binds),
                Mode::Move => self.bind(&x.pat, &through_ref(place), mode, binds),
            },
            Pat::Ident(x) => {
                if let Some(local) = binds.get(ty::symbol(&x.ident)).filter(|_| !is_constant(x)) {
                    let value = match (&x.by_ref, mode) {
                        (Some(_), _) => Rvalue::Ref { mutable: x.mutability.is_some(), place: place.clone() },
                        (None, Mode::Borrow { mutable }) => Rvalue::Ref { mutable, place: place.clone() },
                        (None, Mode::Move) => Rvalue::Use(Operand::Place(place.clone())),
                    };
                    // A temporary that moves here as a whole keeps its drop: other arms may not move it.
                    let at = self.spans.of(x.ident.span());
                    self.assign(Place::local(local), value, at);
                }
                if let Some((_, sub)) = &x.subpat {
                    self.bind(sub, place, mode, binds);
                }
            }
            Pat::TupleStruct(x) => {
                let path = ty::path(&x.path);
                for (field, part) in numbered(x.elems.iter()) {
                    self.bind(part, &place.then(Proj::Variant { path: path.clone(), field }), mode, binds);
                }
            }
            Pat::Struct(x) => {
                let path = ty::path(&x.path);
                for part in &x.fields {
                    let step = Proj::Variant { path: path.clone(), field: ty::member(&part.member) };
                    self.bind(&part.pat, &place.then(step), mode, binds);
                }
            }
            Pat::Tuple(x) => {
                for (field, part) in numbered(x.elems.iter()) {
                    self.bind(part, &place.then(Proj::Field(field)), mode, binds);
                }
            }
            Pat::Slice(x) => {
                for part in &x.elems {
                    // `rest @ ..` is a part of the slice itself.
                    let step = if is_rest(part) { place.clone() } else { place.then(Proj::Index) };
                    self.bind(part, &step, mode, binds);
                }
            }
            Pat::Or(x) => self.bind_any(x, place, mode, binds),
            _ => {}
        }
    }

    /// Alternatives inside a pattern: which one matched is tested again, and that one binds.
    fn bind_any(&mut self, x: &syn::PatOr, place: &Place, mode: Mode, binds: &Binds) {
        let mut names = Vec::new();
        if let Some(first) = x.cases.first() {
            collect(first, &mut names);
        }
        if names.is_empty() {
            return;
        }
        let done = self.new_block();
        for (i, case) in x.cases.iter().enumerate() {
            let next = self.new_block();
            let exit = self.exit_to(next);
            self.test(case, place, mode, (i + 1 < x.cases.len()).then_some(&exit));
            self.bind(case, place, mode, binds);
            self.goto(done);
            self.start(next);
        }
        self.start(done);
    }
}

/// The name, if the pattern is a plain name (`x`, `mut x`).
pub(super) fn simple_name(pat: &Pat) -> Option<(Symbol, Tok)> {
    match pat {
        Pat::Ident(x) if x.by_ref.is_none() && x.subpat.is_none() && !is_constant(x) => {
            Some((ty::symbol(&x.ident), x.ident.span()))
        }
        Pat::Paren(x) => simple_name(&x.pat),
        _ => None,
    }
}

/// Whether the pattern borrows from what it takes apart (an *extending pattern*).
pub(super) fn by_reference(pat: &Pat) -> bool {
    match pat {
        Pat::Ident(x) => x.by_ref.is_some() || x.subpat.as_ref().is_some_and(|(_, sub)| by_reference(sub)),
        Pat::Paren(x) => by_reference(&x.pat),
        Pat::Tuple(x) => x.elems.iter().any(by_reference),
        Pat::TupleStruct(x) => x.elems.iter().any(by_reference),
        Pat::Slice(x) => x.elems.iter().any(by_reference),
        Pat::Struct(x) => x.fields.iter().any(|f| by_reference(&f.pat)),
        Pat::Or(x) => x.cases.iter().any(by_reference),
        _ => false,
    }
}

/// A name that is a constant, unit struct or unit variant: only those begin with an upper-case letter.
fn is_constant(x: &syn::PatIdent) -> bool {
    x.by_ref.is_none()
        && x.mutability.is_none()
        && x.subpat.is_none()
        && x.ident.to_string().starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_rest(pat: &Pat) -> bool {
    match pat {
        Pat::Rest(_) => true,
        Pat::Ident(x) => x.subpat.as_ref().is_some_and(|(_, sub)| is_rest(sub)),
        _ => false,
    }
}

/// Below a `&` in a pattern.
fn through_ref(place: &Place) -> Place {
    place.then(Proj::Deref)
}

/// Elements with their field names: `0`, `1`, … and behind `..` from the end `-2`, `-1`.
fn numbered<'p>(elems: impl ExactSizeIterator<Item = &'p Pat>) -> Vec<(Symbol, &'p Pat)> {
    let count = elems.len();
    let mut behind = false;
    let mut out = Vec::with_capacity(count);
    for (i, pat) in elems.enumerate() {
        if matches!(pat, Pat::Rest(_)) {
            behind = true;
        } else if behind {
            out.push((Symbol::new(&format!("-{}", count - i)), pat));
        } else {
            out.push((ty::number(i), pat));
        }
    }
    out
}

/// Names that a pattern binds, with their places and, for `x: T` in a closure or parameter, the type.
fn collect<'p>(pat: &'p Pat, out: &mut Vec<(Symbol, Tok, Option<&'p syn::Type>)>) {
    match pat {
        Pat::Ident(x) => {
            if !is_constant(x) {
                out.push((ty::symbol(&x.ident), x.ident.span(), None));
            }
            if let Some((_, sub)) = &x.subpat {
                collect(sub, out);
            }
        }
        Pat::Paren(x) => collect(&x.pat, out),
        Pat::Guard(x) => collect(&x.pat, out),
        Pat::Type(x) => {
            let from = out.len();
            collect(&x.pat, out);
            if simple_name(&x.pat).is_some() {
                for name in &mut out[from..] {
                    name.2 = Some(&x.ty);
                }
            }
        }
        Pat::Reference(x) => collect(&x.pat, out),
        Pat::TupleStruct(x) => x.elems.iter().for_each(|p| collect(p, out)),
        Pat::Struct(x) => x.fields.iter().for_each(|f| collect(&f.pat, out)),
        Pat::Tuple(x) => x.elems.iter().for_each(|p| collect(p, out)),
        Pat::Slice(x) => x.elems.iter().for_each(|p| collect(p, out)),
        Pat::Or(x) => x.cases.iter().for_each(|p| collect(p, out)),
        _ => {}
    }
}
