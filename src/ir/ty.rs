//! Types and paths as they are written in source. Lifetimes are left out; nothing is resolved.

use crate::base::Symbol;
use thin_vec::ThinVec;

/// A written path: `sqlx::Pool<Postgres>`, `Self::new`, `crate::db::get::<User>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Whether it starts with `::`.
    pub global: bool,
    /// At least one.
    pub segments: ThinVec<Segment>,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The identifier (raw identifiers without `r#`); `self`, `super`, `crate`, `Self` as such.
    pub name: Symbol,
    /// Generic type arguments. `Fn(A, B) -> C` is `args: [Tuple([A, B])]`, `assoc: [(Output, C)]`. Const arguments are
    /// [`TypeRef::Opaque`].
    pub args: ThinVec<TypeRef>,
    /// Associated type bindings: `Item = T`.
    pub assoc: ThinVec<(Symbol, TypeRef)>,
}

impl Path {
    /// A path of plain identifiers.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Path {
        let segments = names
            .into_iter()
            .map(|n| Segment { name: n.into(), args: ThinVec::new(), assoc: ThinVec::new() })
            .collect();
        Path { global: false, segments }
    }
    /// The last identifier.
    pub fn last(&self) -> Symbol {
        self.segments.last().expect("a path has at least one segment").name
    }
    /// The identifier, if the path is one identifier without arguments.
    pub fn as_ident(&self) -> Option<Symbol> {
        match self.segments.as_slice() {
            [one] if one.args.is_empty() && !self.global => Some(one.name),
            _ => None,
        }
    }
}

/// A written type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeRef {
    /// `a::B<C>`.
    Path(Path),
    /// `<T as Trait>::Name`: the path is `Trait::Name`; without a trait (`<T>::Name`) it is `Name`.
    Projection {
        /// `T`.
        of: Box<TypeRef>,
        /// `Trait::Name` or `Name`.
        path: Path,
    },
    /// `&T`, `&mut T`.
    Ref {
        /// Whether `mut`.
        mutable: bool,
        /// `T`.
        inner: Box<TypeRef>,
    },
    /// `*const T`, `*mut T`.
    Ptr {
        /// Whether `mut`.
        mutable: bool,
        /// `T`.
        inner: Box<TypeRef>,
    },
    /// `(A, B)`; `()` is empty.
    Tuple(ThinVec<TypeRef>),
    /// `[T]`, `[T; N]`.
    Slice(Box<TypeRef>),
    /// `fn(A) -> B`.
    Fn {
        /// Parameters.
        params: ThinVec<TypeRef>,
        /// Result; `()` if none is written.
        ret: Box<TypeRef>,
    },
    /// `impl A + B`. `?Sized` and lifetimes are left out.
    Impl(ThinVec<Path>),
    /// `dyn A + B`.
    Dyn(ThinVec<Path>),
    /// `_`.
    Infer,
    /// `!`.
    Never,
    /// A macro, a const argument, anything that says nothing about a connection.
    Opaque,
}

impl TypeRef {
    /// `()`.
    pub fn unit() -> TypeRef {
        TypeRef::Tuple(ThinVec::new())
    }
}

/// Generic parameters of an item with their bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generics {
    /// Type parameters in order (lifetimes and consts left out), each with its inline bounds and default.
    pub params: Vec<GenericParam>,
    /// `where` clauses on types.
    pub wheres: Vec<(TypeRef, ThinVec<Path>)>,
}

/// One type parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericParam {
    /// Its name.
    pub name: Symbol,
    /// Inline trait bounds.
    pub bounds: ThinVec<Path>,
    /// `= T`.
    pub default: Option<TypeRef>,
}
