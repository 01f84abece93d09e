//! Small questions that the analysis asks about types and provenance.
//!
//! **Invariant:** no state, no memo: what is asked often is answered by the tables.

use super::{FnIdx, Program, Prov, ProvRoot, Ty};
use crate::base::Symbol;
use crate::pack::Kind;

impl Program {
    /// The row of a type, references off.
    pub fn type_row(&self, ty: &Ty) -> Option<&crate::pack::TypeRow> {
        ty.peel_refs().head().and_then(|path| self.catalog.type_row(path))
    }

    /// Whether a type only passes through to what it holds: `Option`, `Result`, `Arc`, `State`.
    pub fn is_wrapper(&self, ty: &Ty) -> bool {
        let passes = |path: Symbol| matches!(path.as_str(), "std::option::Option" | "std::result::Result");
        ty.peel_refs().head().is_some_and(passes) || self.type_row(ty).is_some_and(|row| row.kind == Kind::Wrapper)
    }

    /// Whether a type is a handle that is cloned rather than lent: `Arc`, a pool, a sender.
    pub fn is_handle(&self, ty: &Ty) -> bool {
        let n = super::std_names::names();
        ty.peel_refs().head().is_some_and(|head| {
            head == n.arc || matches!(self.catalog.type_row(head).map(|r| r.kind), Some(Kind::Handle | Kind::Pool))
        })
    }

    /// Whether a value is such a handle by itself, maybe, rather than a reference to one.
    pub fn is_own_handle(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Ref(..) => false,
            Ty::Adt(path, args) if *path == super::std_names::names().option => {
                args.first().is_some_and(|inner| self.is_own_handle(inner))
            }
            ty => self.is_handle(ty),
        }
    }

    /// Whether what the guard of a lock protects is a handle, or a container of handles.
    pub fn protects_handles(&self, guard: &Ty) -> bool {
        let contains = |ty: &Ty| ty.head().is_some_and(|head| head.as_str().starts_with("std::"));
        let args = guard.peel_refs().args();
        args.iter().any(|inner| self.is_handle(inner) || contains(inner) && self.protects_handles(inner))
    }

    /// What a type is behind references, `Arc`s and other wrappers that only pass through.
    pub fn peel_wrappers(&self, ty: &Ty) -> Ty {
        let mut at = ty.peel_refs().clone();
        for _ in 0..super::type_ops::DEREF_STEPS {
            if !self.is_wrapper(&at) {
                break;
            }
            match self.tables.deref(&at) {
                Some(next) => at = next.peel_refs().clone(),
                None => break,
            }
        }
        at
    }

    /// The variants of a workspace enum, each with whether it may hold a connection; `None` for other types.
    pub fn enum_variants(&self, ty: &Ty) -> Option<Vec<(Symbol, bool)>> {
        let Ty::Adt(path, args) = ty.peel_refs() else { return None };
        let def = self.tables.adts.get(path).filter(|d| d.is_enum)?;
        let subst = super::type_ops::adt_subst(def, args);
        let holds = |field: &Ty| {
            let field = self.tables.subst(field, &subst);
            !field.is_known()
                || matches!(field.peel_refs(), Ty::Param(..) | Ty::Dyn(_))
                || !self.held(&field).is_empty()
        };
        Some(def.variants.iter().map(|(name, fields)| (*name, fields.iter().any(|(_, field)| holds(field)))).collect())
    }

    /// The types of the fields of a workspace type, of all variants.
    pub fn fields_of(&self, path: Symbol, args: &[Ty]) -> Vec<Ty> {
        let Some(def) = self.tables.adts.get(&path) else { return Vec::new() };
        let subst = super::type_ops::adt_subst(def, args);
        let fields = def.fields.iter().chain(def.variants.iter().flat_map(|(_, fields)| fields));
        fields.map(|(_, ty)| self.tables.subst(ty, &subst)).collect()
    }

    /// Whether a path names a struct or enum of the workspace, or a type of std or the language: one of which all fields are
    /// seen, or that is known to borrow nothing by itself.
    pub fn is_plain_struct(&self, path: Symbol) -> bool {
        self.tables.adts.contains_key(&path) || path.as_str().starts_with("std::") || !path.as_str().contains("::")
    }

    /// Whether two fields of one struct, given as provenance that differs in its last field only, are filled from one pool
    /// by all constructors that are seen. `owner` is the function whose parameters the provenance starts at.
    pub fn filled_from_one(&self, owner: Option<FnIdx>, a: &Prov, b: &Prov) -> bool {
        let (Some((&x, prefix)), Some(&y)) = (a.path.split_last(), b.path.last()) else { return false };
        let (ProvRoot::Param(n), Some(owner)) = (&a.root, owner) else { return false };
        let Some(mut ty) = self.fns[owner].params.get(*n).cloned() else { return false };
        for &field in prefix {
            match self.tables.field(&ty, field) {
                Some((next, _)) => ty = next,
                None => return false,
            }
        }
        let mut at = ty.peel_refs().clone();
        // Through `Arc` and other wrappers to the struct that has the fields.
        for _ in 0..8 {
            if let Ty::Adt(path, _) = &at
                && self.tables.adts.contains_key(path)
            {
                return self.sibling_fields(*path, x, y) == Some(true);
            }
            match self.tables.deref(&at) {
                Some(next) => at = next.peel_refs().clone(),
                None => return false,
            }
        }
        false
    }

    /// Whether some struct of the workspace keeps pools of both names side by side, so that they tell roles apart (`reader`,
    /// `writer`), and none fills both from one pool.
    pub fn roles_differ(&self, a: Symbol, b: Symbol) -> bool {
        let is_pool = |ty: &Ty| self.type_row(ty).is_some_and(|row| row.kind == Kind::Pool);
        let keeps = |fields: &[(Symbol, Ty)], name: Symbol| fields.iter().any(|(n, ty)| *n == name && is_pool(ty));
        let adts = self.tables.adts.iter();
        let mut both = adts.filter(|(_, def)| keeps(&def.fields, a) && keeps(&def.fields, b)).peekable();
        a != b && both.peek().is_some() && both.all(|(path, _)| self.sibling_fields(*path, a, b) != Some(true))
    }
}
