//! Type terms: resolved types, as far as they are known.

use crate::base::Symbol;
use crate::pack::Kind;
use std::sync::Arc;

/// A resolved type. Cheap to clone. Lifetimes do not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Ty {
    /// Not known. Methods on it resolve to `Target::Unknown`.
    #[default]
    Unknown,
    /// A struct, enum or external type by canonical path: `sqlx::Pool`, `core::option::Option`, `my_crate::db::Db`.
    /// Type aliases are gone; roots and aliases of packs are folded; std's `alloc::`/`core::` fold onto `std::`.
    Adt(Symbol, Arc<[Ty]>),
    /// `&T`, `&mut T` (also raw pointers).
    Ref(bool, Arc<Ty>),
    /// A tuple; unit is empty.
    Tuple(Arc<[Ty]>),
    /// `[T]`, `[T; N]`.
    Slice(Arc<Ty>),
    /// A type parameter or `impl Trait` in argument position, with the canonical paths of its bounds (and the type
    /// arguments of each).
    Param(Symbol, Arc<[(Symbol, Arc<[Ty]>)]>),
    /// `dyn A + B` with the canonical paths of its traits.
    Dyn(Arc<[(Symbol, Arc<[Ty]>)]>),
    /// A future (async block, async fn's result, `impl Future<Output = T>`, `BoxFuture<T>`) giving T when awaited.
    Future(Arc<Ty>),
    /// A closure or function value with the body it runs, if it is one of ours, and what it returns.
    Fn(Option<super::BodyIdx>, Arc<Ty>),
    /// `!`.
    Never,
}

impl Ty {
    /// `()`.
    pub fn unit() -> Ty {
        Ty::Tuple(Arc::from([]))
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
}
