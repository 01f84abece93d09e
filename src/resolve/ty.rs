//! Type terms: resolved types, as far as they are known.
//!
//! **Invariants:** a term has no aliases, no lifetimes, no holes but [`Ty::Unknown`]; parameters are told apart by name, which
//! is unique within the item that declares them, so whoever takes a term out of its item substitutes them.

use super::fx::FxMap;
use crate::base::Symbol;
use crate::pack::Kind;
use std::fmt::Write as _;
use std::sync::Arc;

/// A bound: canonical path of the trait and its arguments; after them the values of its associated type bindings, as
/// written. For `Fn`-like traits the arguments are the tuple of parameters and the result.
pub type Bound = (Symbol, List<Ty>);

/// A resolved type. Cheap to clone. Lifetimes do not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Ty {
    /// Not known. Methods on it resolve to `Target::Unknown`.
    #[default]
    Unknown,
    /// A struct, enum or external type by canonical path: `sqlx::Pool`, `std::option::Option`, `my_crate::db::Db`, `u32`.
    /// Type aliases are gone; roots and aliases of packs are folded; std's `alloc::`/`core::` fold onto `std::`.
    Adt(Symbol, List<Ty>),
    /// `&T`, `&mut T` (also raw pointers).
    Ref(bool, Arc<Ty>),
    /// A tuple; unit is empty.
    Tuple(List<Ty>),
    /// `[T]`, `[T; N]`.
    Slice(Arc<Ty>),
    /// A type parameter, `impl Trait`, or an associated type of a parameter (`T::Conn`) with its bounds.
    Param(Symbol, List<Bound>),
    /// `dyn A + B` with its traits; `fn(A) -> B` too, as `dyn Fn`.
    Dyn(List<Bound>),
    /// A future (async block, async fn's result, `impl Future<Output = T>`, `BoxFuture<T>`) giving T when awaited.
    Future(Arc<Ty>),
    /// A closure or function value with the body it runs, if it is one of ours, and what it returns.
    Fn(Option<super::BodyIdx>, Arc<Ty>),
    /// `!`.
    Never,
}

/// What parameters stand for.
pub type Subst = FxMap<Symbol, Ty>;

/// A list that is shared. The empty one, which most types have, is shared with nobody: threads that count who has one and
/// the same list wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct List<T>(Option<Arc<[T]>>);

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List(None)
    }
}
impl<T> From<Vec<T>> for List<T> {
    fn from(list: Vec<T>) -> List<T> {
        List((!list.is_empty()).then(|| list.into()))
    }
}
impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(list: [T; N]) -> List<T> {
        List((N > 0).then(|| Arc::from(list)))
    }
}
impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> List<T> {
        Vec::from_iter(list).into()
    }
}
impl<T> std::ops::Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}
impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Ty {
    /// `()`.
    pub fn unit() -> Ty {
        Ty::Tuple(List::default())
    }
    /// A named type without arguments.
    pub fn name(path: Symbol) -> Ty {
        Ty::Adt(path, List::default())
    }
    /// A named type.
    pub fn adt(path: Symbol, args: Vec<Ty>) -> Ty {
        Ty::Adt(path, args.into())
    }
    /// `&T`.
    pub fn reference(mutable: bool, inner: Ty) -> Ty {
        Ty::Ref(mutable, Arc::new(inner))
    }
    /// A future of `out`.
    pub fn future(out: Ty) -> Ty {
        Ty::Future(Arc::new(out))
    }
    /// The type behind all references.
    pub fn peel_refs(&self) -> &Ty {
        let mut ty = self;
        while let Ty::Ref(_, inner) = ty {
            ty = inner;
        }
        ty
    }
    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        !matches!(self, Ty::Unknown)
    }
    /// Whether nothing in it is unknown.
    pub fn is_whole(&self) -> bool {
        match self {
            Ty::Unknown => false,
            Ty::Adt(_, args) | Ty::Tuple(args) => args.iter().all(Ty::is_whole),
            Ty::Ref(_, inner) | Ty::Slice(inner) | Ty::Future(inner) | Ty::Fn(_, inner) => inner.is_whole(),
            Ty::Param(..) | Ty::Dyn(_) | Ty::Never => true,
        }
    }
    /// Whether a parameter occurs in it.
    pub fn has_params(&self) -> bool {
        match self {
            Ty::Param(..) => true,
            Ty::Adt(_, args) | Ty::Tuple(args) => args.iter().any(Ty::has_params),
            Ty::Ref(_, inner) | Ty::Slice(inner) | Ty::Future(inner) | Ty::Fn(_, inner) => inner.has_params(),
            Ty::Dyn(bounds) => bounds.iter().any(|(_, args)| args.iter().any(Ty::has_params)),
            Ty::Unknown | Ty::Never => false,
        }
    }
    /// The path, for a named type.
    pub fn head(&self) -> Option<Symbol> {
        match self {
            Ty::Adt(path, _) => Some(*path),
            _ => None,
        }
    }
    /// The arguments, for a named type.
    pub fn args(&self) -> &[Ty] {
        match self {
            Ty::Adt(_, args) => args,
            _ => &[],
        }
    }

    /// Fills what is unknown in `self` from `other`. Where both know something and differ, `self` wins.
    pub fn merge(&self, other: &Ty) -> Ty {
        self.merge_at(other, 6)
    }
    fn merge_at(&self, other: &Ty, fuel: usize) -> Ty {
        if fuel == 0 || self == other {
            return self.clone();
        }
        match (self, other) {
            (Ty::Unknown | Ty::Never, _) => other.clone(),
            (Ty::Adt(a, x), Ty::Adt(b, y)) if a == b => {
                if self.is_whole() && x.len() >= y.len() {
                    return self.clone();
                }
                let n = x.len().max(y.len());
                let list = (0..n).map(|i| match (x.get(i), y.get(i)) {
                    (Some(p), Some(q)) => p.merge_at(q, fuel - 1),
                    (Some(p), None) | (None, Some(p)) => p.clone(),
                    (None, None) => Ty::Unknown,
                });
                Ty::adt(*a, list.collect())
            }
            (Ty::Tuple(x), Ty::Tuple(y)) if x.len() == y.len() => {
                Ty::Tuple(x.iter().zip(y.iter()).map(|(p, q)| p.merge_at(q, fuel - 1)).collect())
            }
            (Ty::Ref(m, x), Ty::Ref(_, y)) => Ty::Ref(*m, Arc::new(x.merge_at(y, fuel - 1))),
            (Ty::Slice(x), Ty::Slice(y)) => Ty::Slice(Arc::new(x.merge_at(y, fuel - 1))),
            (Ty::Future(x), Ty::Future(y)) => Ty::Future(Arc::new(x.merge_at(y, fuel - 1))),
            (Ty::Fn(a, x), Ty::Fn(b, y)) if a == b => Ty::Fn(*a, Arc::new(x.merge_at(y, fuel - 1))),
            _ => self.clone(),
        }
    }

    /// How it reads in `dump --types`.
    pub fn print(&self) -> String {
        let mut out = String::new();
        self.print_to(&mut out, 0);
        out
    }
    fn print_to(&self, out: &mut String, depth: usize) {
        if depth > 8 {
            out.push('…');
            return;
        }
        let list = |out: &mut String, items: &[Ty]| {
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                item.print_to(out, depth + 1);
            }
        };
        let bounds = |out: &mut String, items: &[Bound]| {
            for (i, (path, args)) in items.iter().enumerate() {
                let _ = write!(out, "{}{path}", if i > 0 { " + " } else { "" });
                if !args.is_empty() {
                    out.push('<');
                    list(out, args);
                    out.push('>');
                }
            }
        };
        match self {
            Ty::Unknown => out.push('?'),
            Ty::Never => out.push('!'),
            Ty::Adt(path, args) => {
                out.push_str(path.as_str());
                if !args.is_empty() {
                    out.push('<');
                    list(out, args);
                    out.push('>');
                }
            }
            Ty::Ref(mutable, inner) => {
                out.push_str(if *mutable { "&mut " } else { "&" });
                inner.print_to(out, depth + 1);
            }
            Ty::Tuple(items) => {
                out.push('(');
                list(out, items);
                out.push(')');
            }
            Ty::Slice(inner) => {
                out.push('[');
                inner.print_to(out, depth + 1);
                out.push(']');
            }
            Ty::Param(name, list) => {
                out.push_str(name.as_str());
                if !list.is_empty() && depth < 2 {
                    out.push_str(": ");
                    bounds(out, list);
                }
            }
            Ty::Dyn(list) => {
                out.push_str("dyn ");
                bounds(out, list);
            }
            Ty::Future(inner) => {
                out.push_str("Future<");
                inner.print_to(out, depth + 1);
                out.push('>');
            }
            Ty::Fn(body, ret) => {
                let _ = match body {
                    Some(body) => write!(out, "fn#{body:?} -> "),
                    None => write!(out, "fn -> "),
                };
                ret.print_to(out, depth + 1);
            }
        }
    }
}

/// Something of interest inside a value of a type: a connection in a field, a pool behind an `Arc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Fields from the value to it; `Option`, `Result`, `Box`, `Arc`, lock guards and references add nothing. Tuple fields are `0`, `1`.
    /// At most three; a longer one is cut.
    pub path: Vec<Symbol>,
    /// What it is.
    pub kind: Kind,
    /// Canonical path of its own type.
    pub ty: Ty,
    /// Whether it is reached through a reference (then the value does not own it), `Arc`/`Rc` included.
    pub by_ref: bool,
    /// Whether what holds it is nothing but a reference to it: somebody else owns it. What lies behind a reference to
    /// something that owns it (`&mut [Conn]`) is not lent.
    pub lent: bool,
    /// Whether a value of the type may as well be without it: it lies in an `Option` field, or in one variant of several.
    pub maybe: bool,
}
