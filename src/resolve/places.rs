//! Types of places: fields, patterns, elements.
//!
//! **Invariant:** a step that a type does not have gives unknown.

use super::modules::Def;
use super::names::Space;
use super::std_names::names;
use super::tables::{Scope, Tables};
use super::ty::{List, Subst, Ty};
use super::type_ops::adt_subst;
use crate::base::Symbol;
use crate::ir::{Path, Proj, TypeRef};

/// Reads types of places in a scope.
pub struct Places<'a> {
    /// The tables.
    pub t: &'a Tables,
    /// The names that patterns see.
    pub scope: &'a Scope,
}

impl Places<'_> {
    /// The type of a place, and whether it lies behind a reference (and a mutable one).
    pub fn walk(&self, base: Ty, proj: &[Proj]) -> (Ty, Option<bool>) {
        let mut ty = base;
        let mut by_ref = None;
        let mut steps = proj.iter().peekable();
        while let Some(step) = steps.next() {
            if !ty.is_known() {
                return (Ty::Unknown, None);
            }
            match step {
                Proj::Deref => {
                    if let Ty::Ref(m, _) = &ty {
                        by_ref = Some(*m);
                    }
                    ty = self.t.deref(&ty).unwrap_or_default();
                    // `*x` names the value itself; whether it can be moved out is the type's business.
                    if steps.peek().is_none() {
                        by_ref = None;
                    }
                }
                Proj::Field(name) => match self.t.field(&ty, *name) {
                    Some((field, crossed)) => {
                        if crossed {
                            by_ref = Some(matches!(ty, Ty::Ref(true, _)));
                        }
                        ty = field;
                    }
                    None => return (Ty::Unknown, None),
                },
                Proj::Variant { path, field } => {
                    if let Ty::Ref(m, _) = &ty {
                        by_ref = Some(*m);
                    }
                    ty = self.variant(&ty, path, *field);
                }
                Proj::Try => {
                    if let Ty::Ref(m, _) = &ty {
                        by_ref = Some(*m);
                    }
                    ty = self.t.payload(ty.peel_refs());
                }
                Proj::Index => {
                    let pair = matches!(steps.peek(), Some(Proj::Field(f)) if *f == names().zero || *f == names().one);
                    ty = self.index(&ty, pair);
                }
            }
        }
        (ty, by_ref)
    }

    /// An element. Iterating over a map gives pairs; indexing it gives values: which of both shows in what follows.
    fn index(&self, ty: &Ty, pair: bool) -> Ty {
        let n = names();
        if pair && let Ty::Adt(path, args) = ty.peel_refs() {
            let map = *path == n.hash_map || *path == n.btree_map;
            if map && args.len() >= 2 {
                let wrap = |t: &Ty| match ty {
                    Ty::Ref(m, _) => Ty::reference(*m, t.clone()),
                    _ => t.clone(),
                };
                return Ty::Tuple(List::from([wrap(&args[0]), wrap(&args[1])]));
            }
        }
        self.t.item(ty)
    }

    fn variant(&self, ty: &Ty, path: &Path, field: Symbol) -> Ty {
        let n = names();
        let inner = ty.peel_refs();
        let args = inner.args();
        if let Some(name) = path.as_ident() {
            if inner.head() == Some(n.option) && name == n.some {
                return args.first().cloned().unwrap_or_default();
            }
            if inner.head() == Some(n.result) {
                if name == n.ok {
                    return args.first().cloned().unwrap_or_default();
                }
                if name == n.err {
                    return args.get(1).cloned().unwrap_or_default();
                }
            }
        }
        let module = self.scope.module;
        let named = |fields: &[(Symbol, Ty)], subst: &Subst| {
            fields.iter().find(|f| f.0 == field).map(|f| self.t.subst(&f.1, subst)).unwrap_or_default()
        };
        let self_path = path.segments[0].name == n.self_type;
        let def = if self_path {
            match (&self.scope.self_ty, path.segments.get(1)) {
                (Some(Ty::Adt(adt, _)), Some(v)) if self.t.adts.contains_key(adt) => Some(Def::Variant(*adt, v.name)),
                (Some(Ty::Adt(adt, _)), None) if self.t.adts.contains_key(adt) => Some(Def::Adt(*adt)),
                _ => None,
            }
        } else {
            let found = self.t.names().resolve(module, path, Space::Types).filter(|f| f.used == path.segments.len());
            let found = found.or_else(|| {
                self.t.names().resolve(module, path, Space::Values).filter(|f| f.used == path.segments.len())
            });
            match found.map(|f| f.def) {
                // An enum's alias in front of the variant, an alias of a struct.
                Some(Def::Alias(_)) | None => self.through_alias(path),
                found => found,
            }
        };
        match def {
            Some(Def::Variant(adt, name)) => {
                let Some(def) = self.t.adts.get(&adt) else { return Ty::Unknown };
                let subst = adt_subst(def, if inner.head() == Some(adt) { args } else { &[] });
                def.variants.iter().find(|v| v.0 == name).map(|v| named(&v.1, &subst)).unwrap_or_default()
            }
            Some(Def::Adt(adt)) => {
                let Some(def) = self.t.adts.get(&adt) else { return Ty::Unknown };
                named(&def.fields, &adt_subst(def, if inner.head() == Some(adt) { args } else { &[] }))
            }
            Some(Def::Extern(path)) => self.outside_variant(inner, path, field),
            _ => {
                // A type that we do not see, with one argument: what it wraps.
                if args.len() == 1 && field == n.zero && !self.t.adts.contains_key(&inner.head().unwrap_or(n.zero)) {
                    return args[0].clone();
                }
                Ty::Unknown
            }
        }
    }

    fn through_alias(&self, path: &Path) -> Option<Def> {
        let whole = self.t.lower(&TypeRef::Path(path.clone()), self.scope);
        if let Ty::Adt(adt, _) = whole
            && self.t.adts.contains_key(&adt)
        {
            return Some(Def::Adt(adt));
        }
        let (last, rest) = path.segments.split_last()?;
        if rest.is_empty() {
            return None;
        }
        let of = Path { global: path.global, segments: rest.into() };
        match self.t.lower(&TypeRef::Path(of), self.scope) {
            Ty::Adt(adt, _) if self.t.adts.contains_key(&adt) => Some(Def::Variant(adt, last.name)),
            _ => None,
        }
    }

    /// A pattern of another crate: `State(x)`, `Poll::Ready(x)`, `Option::Some(x)`.
    fn outside_variant(&self, inner: &Ty, path: Symbol, field: Symbol) -> Ty {
        let n = names();
        let args = inner.args();
        let first = || args.first().cloned().unwrap_or_default();
        let path = self.t.know.canon_path(path);
        match path.as_str().rsplit("::").next().unwrap_or("") {
            "Some" | "Ok" | "Ready" if inner.head().is_some_and(|h| h.as_str().starts_with("std::")) => return first(),
            "Err" if inner.head() == Some(n.result) => return args.get(1).cloned().unwrap_or_default(),
            _ => {}
        }
        if field != n.zero {
            return Ty::Unknown;
        }
        if inner.head() == Some(path)
            && let Some((ty, _)) = self.t.field(inner, field)
        {
            return ty;
        }
        if args.len() == 1 { first() } else { Ty::Unknown }
    }
}
