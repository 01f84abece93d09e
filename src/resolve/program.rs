//! The linked program: what the analysis reads.

use super::Ty;
use super::fx::FxMap;
use super::graph::Graph;
use super::held::Memo;
use super::tables::Tables;
pub use crate::base::{CrateInput, Dep};
use crate::base::{FileId, Idx, IndexVec, Span, Symbol};
use crate::ir::{self, BodyId, CallId, FileIr, LocalId};
use crate::pack::Catalog;
use std::sync::Arc;

crate::index_type!(
    /// A function of the workspace.
    pub FnIdx, "fn"
);
crate::index_type!(
    /// A body of the workspace (function, closure, async block, generator, initialiser).
    pub BodyIdx, "b"
);

/// A function.
#[derive(Clone, Debug)]
pub struct FnInfo {
    /// Its file.
    pub file: FileId,
    /// Its place in `FileIr::fns`.
    pub index: usize,
    /// Path below its crate for messages: `orders::Service::ship`.
    pub path: Symbol,
    /// Canonical path with its crate: `shop::orders::Service::ship`.
    pub canonical: Symbol,
    /// Its crate (index into [`Program::crates`]).
    pub krate: usize,
    /// The impl's type, for methods.
    pub self_ty: Option<Ty>,
    /// Canonical path of the trait it implements or declares.
    pub trait_: Option<Symbol>,
    /// Types of its parameters, `self` included.
    pub params: Vec<Ty>,
    /// Its result; for `async fn` what `.await` gives. (`-> impl Future<Output = T>` is `Ty::Future(T)` with `is_async` false.)
    pub ret: Ty,
    /// `async fn`.
    pub is_async: bool,
    /// Whether it is test code: marked so, in a test-only file or module, or in a dev-only crate.
    pub is_test: bool,
    /// Its body.
    pub body: Option<BodyIdx>,
}

/// A body and what is known of it.
#[derive(Clone, Debug)]
pub struct BodyInfo {
    /// Its file.
    pub file: FileId,
    /// Its place in `FileIr::bodies`.
    pub id: BodyId,
    /// The function around it.
    pub owner: Option<FnIdx>,
    /// The body around it.
    pub parent: Option<BodyIdx>,
    /// Type of each local.
    pub locals: IndexVec<LocalId, Ty>,
    /// What each call reaches.
    pub targets: IndexVec<CallId, Target>,
    /// Type of each call's result (before `.await`).
    pub results: IndexVec<CallId, Ty>,
    /// Locals whose type was taken from how they are used: findings that rest on them are of medium confidence. In order.
    pub from_use: Vec<LocalId>,
    /// Functions that are named as values (`.map(Self::get)`): the path as written, and what it reaches.
    pub functions: Vec<(ir::Path, Target)>,
    /// Whether it is test code.
    pub is_test: bool,
    /// Edition of its crate.
    pub edition: u16,
}

/// What a call reaches.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A row of a pack. The path is the row's, for [`Catalog::fn_row`]; for a generic receiver several may apply, the first is it.
    Pack(Symbol),
    /// Functions of the workspace: one, or the union of impls behind a trait object or bound.
    Local {
        /// The functions, in order of index; not empty.
        fns: Arc<[FnIdx]>,
        /// Whether this is the union of impls of a trait (`dyn`, generic) and so only what *may* run.
        union: bool,
        /// Whether the union was cut at its cap.
        cut: bool,
    },
    /// A closure of this workspace, called as a value.
    Closure(BodyIdx),
    /// A tuple struct or tuple variant: builds a value that owns its arguments. The path is the variant's or struct's.
    Constructor(Symbol),
    /// A function of a crate that is not in the workspace and that no row describes: `crate::…::name`, the crate's lib name.
    Extern {
        /// Lib name of the crate.
        krate: Symbol,
        /// Canonical path, as far as known; for methods `crate::Type::method`.
        path: Symbol,
    },
    /// Not known, with the reason for `dump --types`.
    Unknown(&'static str),
}

impl Target {
    /// The workspace's functions that it may reach.
    pub fn functions(&self) -> impl Iterator<Item = FnIdx> + '_ {
        let fns: &[FnIdx] = match self {
            Target::Local { fns, .. } => fns,
            _ => &[],
        };
        fns.iter().copied()
    }
}

/// Where a pool, lock or other long-lived thing came from: a path that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prov {
    /// Its start.
    pub root: ProvRoot,
    /// Fields from there. References, `Arc`, `clone()`, getters that return a field, `State(x)` patterns add nothing.
    pub path: Vec<Symbol>,
    /// Whether a step indexed a collection or iterated: two of the same path may be different elements.
    pub element: bool,
}

/// Start of a provenance path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProvRoot {
    /// Parameter n of the function (`self` is 0). In closures and async blocks captures are traced to the function around
    /// them; a closure's own parameter n is [`ProvRoot::ClosureParam`].
    Param(usize),
    /// Parameter n of the closure body itself.
    ClosureParam(super::BodyIdx, usize),
    /// A static, const, thread local or `LazyLock`, by canonical path; or a function without arguments that returns one
    /// and the same (getter of a `OnceCell`), by its canonical path.
    Static(Symbol),
    /// Made in this body by that call (body and call): a pool built here, an unknown function's result.
    Call(super::BodyIdx, CallId),
    /// A local that is assigned in several ways.
    Local(super::BodyIdx, LocalId),
    /// Not known.
    Unknown,
}

/// The linked program.
#[derive(Debug)]
pub struct Program {
    /// The catalog in force.
    pub catalog: Arc<Catalog>,
    /// Crates of the workspace.
    pub crates: Vec<CrateInput>,
    /// Files by id (a hole for files that failed to parse).
    pub files: IndexVec<FileId, Option<Arc<FileIr>>>,
    /// Functions, in order of file and place.
    pub fns: IndexVec<FnIdx, FnInfo>,
    /// Bodies, in order of file and place.
    pub bodies: IndexVec<BodyIdx, BodyInfo>,
    /// What names and types mean; the questions of this room's other files are asked through it.
    pub tables: Tables,
    /// Who calls whom.
    pub(super) graph: Graph,
    /// Remembered answers.
    pub(super) memo: Memo,
    /// The function whose own body it is.
    pub(super) fn_of_body: FxMap<BodyIdx, FnIdx>,
}

impl Program {
    /// A body of a file.
    pub fn body_idx(&self, file: FileId, id: BodyId) -> BodyIdx {
        BodyIdx::new(self.tables.body_base[file] + id.index())
    }
    /// A function of a file, by its place in `FileIr::fns`.
    pub fn fn_idx(&self, file: FileId, index: usize) -> FnIdx {
        FnIdx::new(self.tables.fn_base[file] + index)
    }
    /// The function whose own body this is; `None` for closures, blocks and initialisers.
    pub fn fn_of_body(&self, body: BodyIdx) -> Option<FnIdx> {
        self.fn_of_body.get(&body).copied()
    }
    /// The IR of a body.
    pub fn body(&self, body: BodyIdx) -> &ir::Body {
        let info = &self.bodies[body];
        &self.files[info.file].as_ref().expect("a body's file was lowered").bodies[info.id]
    }
    /// What a path that is read as a value reaches, if it names a function.
    pub fn function_value(&self, body: BodyIdx, path: &ir::Path) -> Option<&Target> {
        self.bodies[body].functions.iter().find(|(p, _)| p == path).map(|(_, target)| target)
    }
    /// The IR of a function.
    pub fn fn_ir(&self, f: FnIdx) -> &ir::FnIr {
        let info = &self.fns[f];
        &self.files[info.file].as_ref().expect("a function's file was lowered").fns[info.index]
    }
    /// Path of the function around a body, for messages.
    pub fn function_path(&self, body: BodyIdx) -> String {
        self.bodies[body].owner.map_or_else(String::new, |f| self.fns[f].path.to_string())
    }
    /// Span of the function item around a body.
    pub fn function_span(&self, body: BodyIdx) -> Span {
        match self.bodies[body].owner {
            Some(f) => self.fn_ir(f).span,
            None => self.body(body).span,
        }
    }
}
