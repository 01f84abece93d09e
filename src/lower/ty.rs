//! Written types, paths and generics.
//!
//! **Invariants:** lifetimes are left out; const arguments and macros are [`TypeRef::Opaque`]; nothing is resolved.

use crate::base::Symbol;
use crate::ir::{GenericParam, Generics, Path, Segment, TypeRef};
use std::cell::RefCell;
use std::fmt::Write;
use syn::punctuated::Punctuated;
use thin_vec::ThinVec;

/// An identifier without `r#`.
pub(super) fn symbol(ident: &syn::Ident) -> Symbol {
    thread_local! {
        // One for all identifiers: most are known already, so that a text of their own is thrown away.
        static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
    }
    TEXT.with_borrow_mut(|text| {
        text.clear();
        write!(text, "{ident}").expect("a string takes any text");
        Symbol::new(text.strip_prefix("r#").unwrap_or(text))
    })
}

/// The name of a field: identifier or number.
pub(super) fn member(m: &syn::Member) -> Symbol {
    match m {
        syn::Member::Named(ident) => symbol(ident),
        syn::Member::Unnamed(index) => number(index.index as usize),
    }
}

/// A number as a field name.
pub(super) fn number(n: usize) -> Symbol {
    const SMALL: [&str; 12] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
    match SMALL.get(n) {
        Some(text) => Symbol::new(text),
        None => Symbol::new(&n.to_string()),
    }
}

/// A path; `None` if it has no segment (a placeholder of the parser).
pub(super) fn try_path(p: &syn::Path) -> Option<Path> {
    (!p.segments.is_empty())
        .then(|| Path { global: p.leading_colon.is_some(), segments: p.segments.iter().map(segment).collect() })
}

/// A path; `_` if it has no segment.
pub(super) fn path(p: &syn::Path) -> Path {
    try_path(p).unwrap_or_else(|| Path::from_names(["_"]))
}

fn segment(s: &syn::PathSegment) -> Segment {
    let mut out = Segment { name: symbol(&s.ident), args: ThinVec::new(), assoc: ThinVec::new() };
    match &s.arguments {
        syn::PathArguments::None => {}
        syn::PathArguments::AngleBracketed(args) => (out.args, out.assoc) = angle_args(args),
        syn::PathArguments::Parenthesized(args) => {
            out.args.push(TypeRef::Tuple(args.inputs.iter().map(|a| ty(&a.ty)).collect()));
            out.assoc.push((Symbol::new("Output"), ret(&args.output)));
        }
    }
    out
}

/// Type arguments and associated type bindings of `<…>`.
pub(super) fn angle_args(args: &syn::AngleBracketedGenericArguments) -> (ThinVec<TypeRef>, ThinVec<(Symbol, TypeRef)>) {
    let (mut types, mut assoc) = (ThinVec::new(), ThinVec::new());
    for arg in &args.args {
        match arg {
            syn::GenericArgument::Lifetime(_) | syn::GenericArgument::AssocConst(_) => {}
            syn::GenericArgument::Type(t) => types.push(ty(t)),
            syn::GenericArgument::AssocType(a) => assoc.push((symbol(&a.ident), ty(&a.ty))),
            syn::GenericArgument::Constraint(c) => assoc.push((symbol(&c.ident), TypeRef::Impl(bounds(&c.bounds)))),
            _ => types.push(TypeRef::Opaque),
        }
    }
    (types, assoc)
}

/// A written result; `()` if there is none.
pub(super) fn ret(r: &syn::ReturnType) -> TypeRef {
    match r {
        syn::ReturnType::Default => TypeRef::unit(),
        syn::ReturnType::Type(_, t) => ty(t),
    }
}

/// A type.
pub(super) fn ty(t: &syn::Type) -> TypeRef {
    match t {
        syn::Type::Array(x) => TypeRef::Slice(Box::new(ty(&x.elem))),
        syn::Type::Slice(x) => TypeRef::Slice(Box::new(ty(&x.elem))),
        syn::Type::FnPtr(x) => {
            TypeRef::Fn { params: x.inputs.iter().map(|a| ty(&a.ty)).collect(), ret: Box::new(ret(&x.output)) }
        }
        syn::Type::Group(x) => ty(&x.elem),
        syn::Type::Paren(x) => ty(&x.elem),
        syn::Type::ImplTrait(x) => TypeRef::Impl(bounds(&x.bounds)),
        syn::Type::TraitObject(x) => TypeRef::Dyn(bounds(&x.bounds)),
        syn::Type::Infer(_) => TypeRef::Infer,
        syn::Type::Never(_) => TypeRef::Never,
        syn::Type::Path(x) => match (&x.qself, try_path(&x.path)) {
            (_, None) => TypeRef::Opaque,
            (None, Some(path)) => TypeRef::Path(path),
            (Some(q), Some(path)) => TypeRef::Projection { of: Box::new(ty(&q.ty)), path },
        },
        syn::Type::Ptr(x) => TypeRef::Ptr {
            mutable: matches!(x.mutability, syn::PointerMutability::Mut(_)),
            inner: Box::new(ty(&x.elem)),
        },
        syn::Type::Reference(x) => TypeRef::Ref { mutable: x.mutability.is_some(), inner: Box::new(ty(&x.elem)) },
        syn::Type::Tuple(x) => TypeRef::Tuple(x.elems.iter().map(ty).collect()),
        _ => TypeRef::Opaque,
    }
}

/// Trait bounds; lifetimes, `?Sized` and `use<…>` are left out.
pub(super) fn bounds(list: &Punctuated<syn::TypeParamBound, syn::Token![+]>) -> ThinVec<Path> {
    list.iter()
        .filter_map(|bound| match bound {
            syn::TypeParamBound::Trait(b) if b.maybe.is_none() => try_path(&b.path),
            _ => None,
        })
        .collect()
}

/// Type parameters with bounds, and `where` clauses on types.
pub(super) fn generics(g: &syn::Generics) -> Generics {
    let params = g
        .params
        .iter()
        .filter_map(|param| match param {
            syn::GenericParam::Type(t) => Some(GenericParam {
                name: symbol(&t.ident),
                bounds: bounds(&t.bounds),
                default: t.default.as_ref().map(|(_, d)| ty(d)),
            }),
            syn::GenericParam::Lifetime(_) | syn::GenericParam::Const(_) => None,
        })
        .collect();
    let wheres = g.where_clause.iter().flat_map(|w| &w.predicates).filter_map(|p| match p {
        syn::WherePredicate::Type(p) => Some((ty(&p.bounded_ty), bounds(&p.bounds))),
        _ => None,
    });
    Generics { params, wheres: wheres.collect() }
}
