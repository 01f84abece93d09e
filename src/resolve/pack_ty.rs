//! Type expressions of packs to type terms.
//!
//! **Invariant:** what an expression asks for and nobody knows is unknown; evaluation never fails and always ends.

use super::tables::Tables;
use super::ty::Ty;
use crate::base::Symbol;
use crate::pack::{TypeExpr, TypeRow};
use std::cell::Cell;

/// What the names of an expression stand for.
pub struct Eval<'a> {
    /// The tables.
    pub tables: &'a Tables,
    /// The row whose parameters are in scope, with the arguments of the type at hand.
    pub row: Option<(&'a TypeRow, &'a [Ty])>,
    /// `$n`.
    pub args: &'a [Ty],
    /// `$turbofish`.
    pub turbofish: Option<&'a Ty>,
    /// `Self`.
    pub self_ty: Option<&'a Ty>,
    pub(super) fuel: Cell<u8>,
}

impl<'a> Eval<'a> {
    /// Nothing in scope.
    pub fn new(tables: &'a Tables) -> Eval<'a> {
        Eval { tables, row: None, args: &[], turbofish: None, self_ty: None, fuel: Cell::new(40) }
    }

    /// For a method or a property of a type with a row.
    pub fn of(tables: &'a Tables, ty: &'a Ty) -> Eval<'a> {
        let row = ty.head().and_then(|head| tables.know.catalog.type_row(head)).map(|row| (row, ty.args()));
        Eval { row, self_ty: Some(ty), ..Eval::new(tables) }
    }

    fn param(&self, name: Symbol) -> Ty {
        let Some((row, args)) = self.row else { return Ty::Unknown };
        let Some(index) = row.params.iter().position(|p| p.0 == name) else { return Ty::Unknown };
        match (args.get(index), &row.params[index].1) {
            (Some(ty), _) if ty.is_known() => ty.clone(),
            (_, Some(default)) if default != &TypeExpr::Param(name) => self.ty(default),
            _ => Ty::Unknown,
        }
    }

    fn arg(&self, n: usize) -> Ty {
        self.args.get(n).cloned().unwrap_or_default()
    }

    /// The term.
    pub fn ty(&self, expr: &TypeExpr) -> Ty {
        let fuel = self.fuel.get();
        if fuel == 0 {
            return Ty::Unknown;
        }
        self.fuel.set(fuel - 1);
        match expr {
            TypeExpr::Path(path, args) => {
                let args: Vec<Ty> = args.iter().map(|a| self.ty(a)).collect();
                // One-segment names are primitives; everything else may be an alias of its pack.
                if path.as_str().contains("::") { self.tables.extern_ty(*path, args) } else { Ty::adt(*path, args) }
            }
            TypeExpr::Param(name) => self.param(*name),
            TypeExpr::Assoc(of, name) => self.tables.project(&self.ty(of), None, *name, None),
            TypeExpr::Ref(mutable, inner) => Ty::reference(*mutable, self.ty(inner)),
            TypeExpr::Tuple(items) => Ty::Tuple(items.iter().map(|t| self.ty(t)).collect()),
            TypeExpr::Arg(n) => self.arg(*n),
            TypeExpr::ArgOut(n) => self.tables.output(&self.arg(*n)),
            TypeExpr::ArgAwait(n) => self.tables.awaited(&self.arg(*n)),
            TypeExpr::Turbofish => self.turbofish.cloned().unwrap_or_default(),
            TypeExpr::SelfType => self.self_ty.cloned().unwrap_or_default(),
            TypeExpr::Future(inner) => Ty::future(self.ty(inner)),
            TypeExpr::Await(inner) => self.tables.awaited(&self.ty(inner)),
            TypeExpr::Item(inner) => self.tables.item(&self.ty(inner)),
            TypeExpr::Ok(inner) => self.tables.payload(&self.ty(inner)),
            TypeExpr::Unknown => Ty::Unknown,
        }
    }
}
