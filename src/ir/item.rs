//! Items of a file: modules, uses, types, traits, impls, functions, statics, suppression comments.
//!
//! All items of a file lie in flat vectors; each names the module (index into [`FileIr::modules`]) whose names it sees. A
//! block or function body that declares items is a module of kind [`ModuleKind::Block`].

use super::{BodyId, Generics, LocalId, Path, TypeRef};
use crate::base::{FileId, IndexVec, Span, Symbol};
use std::collections::BTreeSet;
use thin_vec::ThinVec;

/// What [`FileIr::unknown`] says of a body that is not lowered because of its size.
pub const TOO_LARGE: &str = "function too large";

/// Everything that one file says.
#[derive(Clone, Debug)]
pub struct FileIr {
    /// The file.
    pub file: FileId,
    /// `modules[0]` is the file itself.
    pub modules: Vec<ModuleIr>,
    /// `use` and `extern crate` declarations, one per imported name.
    pub uses: Vec<UseIr>,
    /// Structs and unions.
    pub structs: Vec<StructIr>,
    /// Enums.
    pub enums: Vec<EnumIr>,
    /// `type X = …`.
    pub aliases: Vec<AliasIr>,
    /// Traits.
    pub traits: Vec<TraitIr>,
    /// Impls.
    pub impls: Vec<ImplIr>,
    /// Functions and methods, those of traits and impls too.
    pub fns: Vec<FnIr>,
    /// `static` and `const` items, associated consts and `lazy_static!`/`thread_local!` entries.
    pub statics: Vec<StaticIr>,
    /// Identifiers in definitions of macros, and in calls of macros that were not read: what they may call.
    pub macro_names: BTreeSet<Symbol>,
    /// All bodies of the file: functions, closures, async blocks, initialisers.
    pub bodies: IndexVec<BodyId, super::Body>,
    /// Constructs that were not understood and lowered to something harmless: what, where.
    pub unknown: Vec<(&'static str, Span)>,
    /// `include!(…)` and `#[path]`-less macros that bring in code we do not read.
    pub includes: Vec<Span>,
    /// Places of all statements, items, match arms and branches of macros, ordered by start, longer first: what a
    /// suppression comment can cover.
    pub stmt_spans: Vec<Span>,
}

/// What a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// The file's own top level.
    File,
    /// `mod x { … }`.
    Inline,
    /// A block with items inside a body: its names are seen only there.
    Block,
}

/// A module, or a block that declares items.
#[derive(Clone, Debug)]
pub struct ModuleIr {
    /// Its name; empty for the file and for blocks.
    pub name: Symbol,
    /// The enclosing module; `None` for the file.
    pub parent: Option<usize>,
    /// What it is.
    pub kind: ModuleKind,
    /// Whether it is under `#[cfg(test)]` (or an enclosing one is).
    pub cfg_test: bool,
    /// Whether it is `pub` in any form.
    pub is_pub: bool,
    /// `mod x;` declarations: name, `#[path = "…"]`, under `#[cfg(test)]`.
    pub declared: Vec<(Symbol, Option<String>, bool)>,
    /// Whether `#[macro_use]` or glob-like attributes make names appear that we cannot see.
    pub span: Span,
}

/// One imported name.
#[derive(Clone, Debug)]
pub struct UseIr {
    /// The module it is written in.
    pub module: usize,
    /// Whether it starts with `::`.
    pub global: bool,
    /// The full path, without the `*` of a glob; `use a::{self}` gives `a`.
    pub path: Vec<Symbol>,
    /// The name it binds; `None` for a glob; `_` for `as _`.
    pub name: Option<Symbol>,
    /// Whether it is `pub` in any form.
    pub is_pub: bool,
    /// The place of this name.
    pub span: Span,
}

/// A field.
#[derive(Clone, Debug)]
pub struct FieldIr {
    /// Its name; `0`, `1`, … in tuple structs.
    pub name: Symbol,
    /// Its type.
    pub ty: TypeRef,
    /// Attribute paths, such as `deref` or `serde::skip`.
    pub attrs: Vec<Path>,
    /// The whole field.
    pub span: Span,
}

/// A struct or union.
#[derive(Clone, Debug)]
pub struct StructIr {
    /// Its name.
    pub name: Symbol,
    /// The module it is in.
    pub module: usize,
    /// Its generics.
    pub generics: Generics,
    /// Its fields.
    pub fields: Vec<FieldIr>,
    /// Whether it is `struct X(…)`.
    pub is_tuple: bool,
    /// Paths inside `#[derive(…)]`.
    pub derives: Vec<Path>,
    /// Other attributes: path and the tokens of its arguments as text.
    pub attrs: Vec<(Path, String)>,
    /// The whole item.
    pub span: Span,
}

/// An enum.
#[derive(Clone, Debug)]
pub struct EnumIr {
    /// Its name.
    pub name: Symbol,
    /// The module it is in.
    pub module: usize,
    /// Its generics.
    pub generics: Generics,
    /// Name and fields of each variant.
    pub variants: Vec<(Symbol, Vec<FieldIr>)>,
    /// Paths inside `#[derive(…)]`.
    pub derives: Vec<Path>,
    /// The whole item.
    pub span: Span,
}

/// `type X<T> = …;` at item level.
#[derive(Clone, Debug)]
pub struct AliasIr {
    /// Its name.
    pub name: Symbol,
    /// The module it is in.
    pub module: usize,
    /// Its generics.
    pub generics: Generics,
    /// What it stands for.
    pub ty: TypeRef,
}

/// A trait.
#[derive(Clone, Debug)]
pub struct TraitIr {
    /// Its name.
    pub name: Symbol,
    /// The module it is in.
    pub module: usize,
    /// Its generics.
    pub generics: Generics,
    /// Supertraits.
    pub supertraits: ThinVec<Path>,
    /// Associated types: name, bounds, default.
    pub assoc_types: Vec<(Symbol, ThinVec<Path>, Option<TypeRef>)>,
    /// Attributes: path and argument text.
    pub attrs: Vec<(Path, String)>,
    /// The whole item.
    pub span: Span,
}

/// An impl block. Its functions name it in [`FnIr::owner`].
#[derive(Clone, Debug)]
pub struct ImplIr {
    /// The module it is in.
    pub module: usize,
    /// Its generics.
    pub generics: Generics,
    /// The trait, for a trait impl (negative impls are left out).
    pub trait_: Option<Path>,
    /// The type it is for.
    pub self_ty: TypeRef,
    /// Associated types.
    pub assoc_types: Vec<(Symbol, TypeRef)>,
    /// Whether under `#[cfg(test)]` or a test-only attribute.
    pub cfg_test: bool,
    /// Attributes: path and argument text.
    pub attrs: Vec<(Path, String)>,
    /// The whole item.
    pub span: Span,
}

/// Where a function stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// In a module or block.
    Free,
    /// In `impls[i]`.
    Impl(usize),
    /// In `traits[i]`.
    Trait(usize),
}

/// How a method takes `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfKind {
    /// `self`, `mut self`, `self: Box<Self>`, `self: Arc<Self>`, `self: Pin<&mut Self>`.
    Value,
    /// `&self`.
    Ref,
    /// `&mut self`.
    RefMut,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct ParamIr {
    /// The local that receives the argument. A pattern (`State(pool): State<PgPool>`) is lowered in the body's first
    /// block as projections of this local.
    pub local: LocalId,
    /// A plain name, if the pattern is one.
    pub name: Option<Symbol>,
    /// Its type; for `self` the type written or implied (`Self`, `&Self`, `&mut Self`).
    pub ty: TypeRef,
    /// Pattern and type.
    pub span: Span,
}

/// A function or method.
#[derive(Clone, Debug)]
pub struct FnIr {
    /// Its name.
    pub name: Symbol,
    /// The module whose names it sees.
    pub module: usize,
    /// Where it stands.
    pub owner: Owner,
    /// Its own generics (those of the impl or trait are found through `owner`).
    pub generics: Generics,
    /// Parameters, `self` first. For a function without a body the locals are meaningless.
    pub params: Vec<ParamIr>,
    /// How `self` is taken, if it is.
    pub self_kind: Option<SelfKind>,
    /// The written result; `()` if none. For `async fn` the type after `.await`.
    pub ret: TypeRef,
    /// `async fn`.
    pub is_async: bool,
    /// `pub` in any form.
    pub is_pub: bool,
    /// Whether it is test code: `#[cfg(test)]` here or around it, or any attribute whose last segment is `test`, `rstest`,
    /// `bench`, `test_case`…
    pub is_test: bool,
    /// Attributes: path and argument text.
    pub attrs: Vec<(Path, String)>,
    /// Its body, if it has one.
    pub body: Option<BodyId>,
    /// The name.
    pub name_span: Span,
    /// The whole item, attributes included.
    pub span: Span,
}

/// A static, const or lazy value.
#[derive(Clone, Debug)]
pub struct StaticIr {
    /// Its name.
    pub name: Symbol,
    /// The module it is in.
    pub module: usize,
    /// The impl or trait it belongs to, for associated consts.
    pub owner: Owner,
    /// Its type (for `lazy_static!` the type that it derefs to).
    pub ty: TypeRef,
    /// Its initialiser: a body without parameters.
    pub init: Option<BodyId>,
    /// Its value, if that is written as an integer: such an initialiser is not lowered.
    pub number: Option<i128>,
    /// Whether `const`.
    pub is_const: bool,
    /// The whole item.
    pub span: Span,
}
