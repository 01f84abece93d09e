//! Items: modules, uses, types, traits, impls, functions, statics, item macros.
//!
//! **Invariants:** an item names the module it stands in; `cfg(test)` goes from modules and impls to what is inside; items
//! that generated code wraps in a macro are read if the macro's tokens are items.

use super::closure::{Code, Param};
use super::expr::is_literal;
use super::{Lower, tokens, ty};
use crate::base::{Idx, Span, Symbol, makes_test};
use crate::ir::{
    AliasIr, BodyKind, EnumIr, FieldIr, FnIr, ImplIr, LocalId, MacroShape, ModuleIr, ModuleKind, Owner, ParamIr, Path,
    SelfKind, StaticIr, StructIr, TraitIr, TypeRef, UseIr,
};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, Visibility};

impl Lower<'_> {
    pub(super) fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    pub(super) fn item(&mut self, item: &Item) {
        match item {
            Item::Const(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.const_token.span, x.semi_token.spans[0]);
                self.constant(&x.ident, Owner::Free, &x.ty, Some(&x.expr), true, &x.attrs, span);
            }
            Item::Static(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.static_token.span, x.semi_token.spans[0]);
                self.constant(&x.ident, Owner::Free, &x.ty, Some(&x.expr), false, &x.attrs, span);
            }
            Item::Enum(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.enum_token.span, x.brace_token.span.close());
                self.covers(span);
                let variants = x.variants.iter().map(|v| (ty::symbol(&v.ident), self.fields(&v.fields))).collect();
                self.ir.enums.push(EnumIr {
                    name: ty::symbol(&x.ident),
                    module: self.module,
                    generics: ty::generics(&x.generics),
                    variants,
                    derives: derives(&x.attrs),
                    span,
                });
            }
            Item::Struct(x) => self.struct_(x),
            Item::Union(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.union_token.span, x.fields.brace_token.span.close());
                self.covers(span);
                let fields = x.fields.named.iter().enumerate().map(|(i, f)| self.field(i, f)).collect();
                self.ir.structs.push(StructIr {
                    name: ty::symbol(&x.ident),
                    module: self.module,
                    generics: ty::generics(&x.generics),
                    fields,
                    is_tuple: false,
                    derives: derives(&x.attrs),
                    attrs: attributes(&x.attrs),
                    span,
                });
            }
            Item::ExternCrate(x) => {
                let name = ty::symbol(&x.ident);
                let bound = x.rename.as_ref().map_or(name, |(_, r)| ty::symbol(r));
                let span = self.item_span(&x.attrs, &x.vis, x.extern_token.span, x.semi_token.spans[0]);
                self.covers(span);
                // `extern crate self as x` names the own crate.
                let (global, path) = if name == "self" { (false, "crate".into()) } else { (true, name) };
                let is_pub = is_pub(&x.vis);
                self.ir.uses.push(UseIr {
                    module: self.module,
                    global,
                    path: vec![path],
                    name: Some(bound),
                    is_pub,
                    span,
                });
            }
            Item::Fn(x) => {
                let first = sig_first(&x.sig);
                let span = self.item_span(&x.attrs, &x.vis, first, x.block.brace_token.span.close());
                self.function(&x.attrs, is_pub(&x.vis), &x.sig, Some(&x.block), Owner::Free, span);
            }
            Item::ForeignMod(x) => {
                for item in &x.items {
                    if let syn::ForeignItem::Fn(f) = item {
                        let span = self.item_span(&f.attrs, &f.vis, sig_first(&f.sig), f.semi_token.spans[0]);
                        self.function(&f.attrs, is_pub(&f.vis), &f.sig, None, Owner::Free, span);
                    }
                }
            }
            Item::Impl(x) => self.impl_(x),
            Item::Macro(x) => self.item_macro(x),
            Item::Mod(x) => self.module(x),
            Item::Trait(x) => self.trait_(x),
            Item::TraitAlias(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.trait_token.span, x.semi_token.spans[0]);
                self.ir.traits.push(TraitIr {
                    name: ty::symbol(&x.ident),
                    module: self.module,
                    generics: ty::generics(&x.generics),
                    supertraits: ty::bounds(&x.bounds),
                    assoc_types: Vec::new(),
                    attrs: attributes(&x.attrs),
                    span,
                });
            }
            Item::Type(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.type_token.span, x.semi_token.spans[0]);
                self.covers(span);
                self.ir.aliases.push(AliasIr {
                    name: ty::symbol(&x.ident),
                    module: self.module,
                    generics: ty::generics(&x.generics),
                    ty: ty::ty(&x.ty),
                });
            }
            Item::Use(x) => {
                let span = self.item_span(&x.attrs, &x.vis, x.use_token.span, x.semi_token.spans[0]);
                self.covers(span);
                let mut path = Vec::new();
                self.use_tree(&x.tree, x.leading_colon.is_some(), is_pub(&x.vis), &mut path);
            }
            Item::Verbatim(tokens) => {
                if let Some(span) = self.spans.tokens(tokens) {
                    self.unknown("item", span);
                }
            }
            _ => {}
        }
    }

    fn item_span(
        &self,
        attrs: &[Attribute],
        vis: &Visibility,
        first: proc_macro2::Span,
        last: proc_macro2::Span,
    ) -> Span {
        let first = match vis {
            Visibility::Public(token) => token.span,
            Visibility::Restricted(x) => x.pub_token.span,
            Visibility::Inherited => first,
        };
        self.with_attrs(attrs, self.spans.between(first, last))
    }

    // Modules and uses.

    fn module(&mut self, x: &syn::ItemMod) {
        let name = ty::symbol(&x.ident);
        let test = self.cfg_test || cfg_test(&x.attrs);
        let Some((brace, items)) = &x.content else {
            let path = x.attrs.iter().find_map(path_attribute);
            let module = self.module;
            self.ir.modules[module].declared.push((name, path, test));
            return;
        };
        let span = self.item_span(&x.attrs, &x.vis, x.mod_token.span, brace.span.close());
        self.covers(span);
        self.ir.modules.push(ModuleIr {
            name,
            parent: Some(self.module),
            kind: ModuleKind::Inline,
            cfg_test: test,
            is_pub: is_pub(&x.vis),
            declared: Vec::new(),
            span,
        });
        let outer = (self.module, self.cfg_test);
        (self.module, self.cfg_test) = (self.ir.modules.len() - 1, test);
        self.items(items);
        (self.module, self.cfg_test) = outer;
    }

    fn use_tree(&mut self, tree: &syn::UseTree, global: bool, is_pub: bool, path: &mut Vec<Symbol>) {
        let module = self.module;
        match tree {
            syn::UseTree::Path(x) => {
                path.push(ty::symbol(&x.ident));
                self.use_tree(&x.tree, global, is_pub, path);
                path.pop();
            }
            syn::UseTree::Name(x) => {
                let name = ty::symbol(&x.ident);
                let mut full = path.clone();
                // `use a::{self}` binds `a`.
                if name != "self" || full.is_empty() {
                    full.push(name);
                }
                let bound = full.last().copied();
                let span = self.spans.of(x.ident.span());
                self.ir.uses.push(UseIr { module, global, path: full, name: bound, is_pub, span });
            }
            syn::UseTree::Rename(x) => {
                let name = ty::symbol(&x.ident);
                let mut full = path.clone();
                if name != "self" || full.is_empty() {
                    full.push(name);
                }
                let span = self.spans.between(x.ident.span(), x.rename.span());
                self.ir.uses.push(UseIr {
                    module,
                    global,
                    path: full,
                    name: Some(ty::symbol(&x.rename)),
                    is_pub,
                    span,
                });
            }
            syn::UseTree::Glob(x) => {
                let span = self.spans.of(x.star_token.spans[0]);
                self.ir.uses.push(UseIr { module, global, path: path.clone(), name: None, is_pub, span });
            }
            syn::UseTree::Group(x) => {
                for tree in &x.items {
                    self.use_tree(tree, global, is_pub, path);
                }
            }
        }
    }

    // Types.

    fn struct_(&mut self, x: &syn::ItemStruct) {
        let last = match (&x.fields, &x.semi_token) {
            (_, Some(semi)) => semi.spans[0],
            (syn::Fields::Named(f), None) => f.brace_token.span.close(),
            (syn::Fields::Unnamed(f), None) => f.paren_token.span.close(),
            (syn::Fields::Unit, None) => x.ident.span(),
        };
        let span = self.item_span(&x.attrs, &x.vis, x.struct_token.span, last);
        self.covers(span);
        let fields = self.fields(&x.fields);
        self.ir.structs.push(StructIr {
            name: ty::symbol(&x.ident),
            module: self.module,
            generics: ty::generics(&x.generics),
            fields,
            is_tuple: matches!(x.fields, syn::Fields::Unnamed(_)),
            derives: derives(&x.attrs),
            attrs: attributes(&x.attrs),
            span,
        });
    }

    fn fields(&self, fields: &syn::Fields) -> Vec<FieldIr> {
        fields.iter().enumerate().map(|(i, f)| self.field(i, f)).collect()
    }

    fn field(&self, index: usize, f: &syn::Field) -> FieldIr {
        let ty_last = super::span::type_last(&f.ty);
        let first = f.ident.as_ref().map_or(ty_last, |i| i.span());
        FieldIr {
            name: f.ident.as_ref().map_or_else(|| ty::number(index), ty::symbol),
            ty: ty::ty(&f.ty),
            attrs: f
                .attrs
                .iter()
                .filter(|a| !a.path().is_ident("doc"))
                .filter_map(|a| ty::try_path(a.path()))
                .collect(),
            span: self.item_span(&f.attrs, &f.vis, first, ty_last),
        }
    }

    // Traits and impls.

    fn trait_(&mut self, x: &syn::ItemTrait) {
        let first = x.unsafety.map_or(x.trait_token.span, |t| t.span);
        let span = self.item_span(&x.attrs, &x.vis, first, x.brace_token.span.close());
        self.covers(span);
        let index = self.ir.traits.len();
        let assoc_types = x.items.iter().filter_map(|item| match item {
            syn::TraitItem::Type(t) => {
                Some((ty::symbol(&t.ident), ty::bounds(&t.bounds), t.default.as_ref().map(|(_, d)| ty::ty(d))))
            }
            _ => None,
        });
        self.ir.traits.push(TraitIr {
            name: ty::symbol(&x.ident),
            module: self.module,
            generics: ty::generics(&x.generics),
            supertraits: ty::bounds(&x.supertraits),
            assoc_types: assoc_types.collect(),
            attrs: attributes(&x.attrs),
            span,
        });
        let outer = self.cfg_test;
        self.cfg_test |= cfg_test(&x.attrs);
        for item in &x.items {
            match item {
                syn::TraitItem::Fn(f) => {
                    let last = match (&f.default, &f.semi_token) {
                        (Some(block), _) => block.brace_token.span.close(),
                        (None, Some(semi)) => semi.spans[0],
                        (None, None) => f.sig.paren_token.span.close(),
                    };
                    let span = self.item_span(&f.attrs, &Visibility::Inherited, sig_first(&f.sig), last);
                    self.function(&f.attrs, true, &f.sig, f.default.as_ref(), Owner::Trait(index), span);
                }
                syn::TraitItem::Const(c) => {
                    let span =
                        self.item_span(&c.attrs, &Visibility::Inherited, c.const_token.span, c.semi_token.spans[0]);
                    let init = c.default.as_ref().map(|(_, e)| e);
                    self.constant(&c.ident, Owner::Trait(index), &c.ty, init, true, &c.attrs, span);
                }
                _ => {}
            }
        }
        self.cfg_test = outer;
    }

    fn impl_(&mut self, x: &syn::ItemImpl) {
        let first = x.unsafety.map_or(x.impl_token.span, |t| t.span);
        let span = self.item_span(&x.attrs, &Visibility::Inherited, first, x.brace_token.span.close());
        self.covers(span);
        if x.modifiers.polarity.is_some() {
            return;
        }
        let index = self.ir.impls.len();
        let outer = self.cfg_test;
        self.cfg_test |= cfg_test(&x.attrs);
        let assoc_types = x.items.iter().filter_map(|item| match item {
            syn::ImplItem::Type(t) => Some((ty::symbol(&t.ident), ty::ty(&t.ty))),
            _ => None,
        });
        self.ir.impls.push(ImplIr {
            module: self.module,
            generics: ty::generics(&x.generics),
            trait_: x.trait_.as_ref().map(|(path, _)| ty::path(path)),
            self_ty: ty::ty(&x.self_ty),
            assoc_types: assoc_types.collect(),
            cfg_test: self.cfg_test,
            attrs: attributes(&x.attrs),
            span,
        });
        for item in &x.items {
            match item {
                syn::ImplItem::Fn(f) => {
                    let last = f.block.brace_token.span.close();
                    let span = self.item_span(&f.attrs, &f.vis, sig_first(&f.sig), last);
                    self.function(&f.attrs, is_pub(&f.vis), &f.sig, Some(&f.block), Owner::Impl(index), span);
                }
                syn::ImplItem::Const(c) => {
                    let span = self.item_span(&c.attrs, &c.vis, c.const_token.span, c.semi_token.spans[0]);
                    self.constant(&c.ident, Owner::Impl(index), &c.ty, Some(&c.expr), true, &c.attrs, span);
                }
                syn::ImplItem::Macro(m) => {
                    tokens::names(&m.mac.tokens, &mut self.ir.macro_names);
                }
                _ => {}
            }
        }
        self.cfg_test = outer;
    }

    // Functions and statics.

    fn function(
        &mut self,
        attrs: &[Attribute],
        is_pub: bool,
        sig: &syn::Signature,
        block: Option<&syn::Block>,
        owner: Owner,
        span: Span,
    ) {
        self.covers(span);
        let is_test = self.cfg_test || cfg_test(attrs) || attrs.iter().any(is_test_attribute);
        let index = self.ir.fns.len();
        let name_span = self.spans.of(sig.ident.span());
        let is_async = sig.asyncness.is_some();
        let params: Vec<Param<'_>> = sig.inputs.iter().map(|arg| self.param(arg)).collect();
        let ret = ty::ret(&sig.output);
        let self_kind = sig.inputs.iter().find_map(|arg| match arg {
            syn::FnArg::Receiver(r) => Some(self_kind(r)),
            syn::FnArg::Typed(_) => None,
        });
        let names: Vec<Option<Symbol>> = params
            .iter()
            .map(|p| match p.pat {
                Some(pat) => super::pattern::simple_name(pat).map(|(name, _)| name),
                None => Some("self".into()),
            })
            .collect();
        let param_irs = params.iter().zip(names).enumerate().map(|(i, (p, name))| ParamIr {
            local: LocalId::new(i + 1),
            name,
            ty: p.ty.clone().unwrap_or(TypeRef::Infer),
            span: p.span,
        });
        self.ir.fns.push(FnIr {
            name: ty::symbol(&sig.ident),
            module: self.module,
            owner,
            generics: ty::generics(&sig.generics),
            params: param_irs.collect(),
            self_kind,
            ret: ret.clone(),
            is_async,
            is_pub,
            is_test,
            attrs: attributes(attrs),
            body: None,
            name_span,
            span,
        });
        let Some(block) = block else { return };
        // Items inside are test code if the function is.
        let outer = std::mem::replace(&mut self.cfg_test, is_test);
        let stack = std::mem::take(&mut self.stack);
        let body_span = self.spans.block(block);
        let id = self.open_body(BodyKind::Fn(index), Some(ret), body_span);
        self.b().is_async = is_async;
        self.params(&params);
        self.code(Code::Block(block), body_span);
        self.stack = stack;
        self.cfg_test = outer;
        self.ir.fns[index].body = Some(id);
    }

    fn param<'p>(&self, arg: &'p syn::FnArg) -> Param<'p> {
        match arg {
            syn::FnArg::Typed(x) => {
                let first = super::span::pat_first(&x.pat);
                let span = self.spans.between(first, super::span::type_last(&x.ty));
                Param { pat: Some(&x.pat), ty: Some(ty::ty(&x.ty)), span }
            }
            syn::FnArg::Receiver(r) => {
                let this = || TypeRef::Path(Path::from_names(["Self"]));
                let (first, written) = match &r.kind {
                    syn::ReceiverKind::Reference(and, _, mutable) => {
                        (and.spans[0], TypeRef::Ref { mutable: mutable.is_some(), inner: Box::new(this()) })
                    }
                    syn::ReceiverKind::Typed(_, t) => (r.self_token.span, ty::ty(t)),
                    _ => (r.self_token.span, this()),
                };
                Param { pat: None, ty: Some(written), span: self.spans.between(first, r.self_token.span) }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a constant, which four kinds of item share")]
    fn constant(
        &mut self,
        name: &syn::Ident,
        owner: Owner,
        written: &syn::Type,
        init: Option<&syn::Expr>,
        is_const: bool,
        attrs: &[Attribute],
        span: Span,
    ) {
        self.covers(span);
        let index = self.ir.statics.len();
        let ty = ty::ty(written);
        self.ir.statics.push(StaticIr {
            name: ty::symbol(name),
            module: self.module,
            owner,
            ty: ty.clone(),
            init: None,
            number: match init {
                Some(syn::Expr::Lit(l)) => match &l.lit {
                    syn::Lit::Int(n) => n.base10_parse().ok(),
                    _ => None,
                },
                _ => None,
            },
            is_const,
            span,
        });
        // Numbers say nothing; texts may be SQL.
        let says_something =
            |e: &&syn::Expr| !is_literal(e) || matches!(e, syn::Expr::Lit(l) if matches!(l.lit, syn::Lit::Str(_)));
        if let Some(init) = init.filter(says_something) {
            let outer = self.cfg_test;
            self.cfg_test |= cfg_test(attrs);
            let body = self.initialiser(index, &ty, init);
            self.cfg_test = outer;
            self.ir.statics[index].init = Some(body);
        }
    }

    // Item macros.

    fn item_macro(&mut self, x: &syn::ItemMacro) {
        let at = self.spans.mac(&x.mac);
        self.covers(at);
        if x.ident.is_some() {
            // A definition: `macro_rules! name { … }`.
            tokens::names(&x.mac.tokens, &mut self.ir.macro_names);
            return;
        }
        let path = ty::path(&x.mac.path);
        let last = path.last();
        if last == "include" {
            self.ir.includes.push(at);
            return;
        }
        let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
        let is_lazy = (self.cx.macro_shape)(&names) == Some(MacroShape::LazyStatic) || last == "thread_local";
        if is_lazy && self.lazy_statics(&x.mac) {
            return;
        }
        tokens::names(&x.mac.tokens, &mut self.ir.macro_names);
        self.wrapped_items(&x.mac.tokens);
    }

    /// Items that a macro only wraps (`cfg_feature! { … }`, `derived!( … )`), and those in the branches of a conditional one
    /// (`if #[cfg(…)] { … } else { … }`).
    fn wrapped_items(&mut self, tokens: &TokenStream) {
        if let Some(items) = tokens::items(tokens) {
            self.items(&items);
            return;
        }
        let is_conditional = matches!(tokens.clone().into_iter().next(), Some(TokenTree::Ident(i)) if i == "if");
        if is_conditional {
            for group in tokens::brace_groups(tokens) {
                if let Some(items) = tokens::items(&group) {
                    self.items(&items);
                }
            }
        }
    }

    /// Entries of `lazy_static!` or `thread_local!`. Returns whether the tokens were such entries.
    pub(super) fn lazy_statics(&mut self, mac: &syn::Macro) -> bool {
        let Some(entries) = tokens::lazy_entries(&mac.tokens) else { return false };
        for entry in entries {
            let span = self.spans.between(entry.ident.span(), super::span::expr_last(&entry.init));
            let span = self.with_attrs(&entry.attrs, span);
            self.constant(&entry.ident, Owner::Free, &entry.ty, Some(&entry.init), false, &entry.attrs, span);
        }
        true
    }
}

fn is_pub(vis: &Visibility) -> bool {
    !matches!(vis, Visibility::Inherited)
}

fn sig_first(sig: &syn::Signature) -> proc_macro2::Span {
    let safety = match &sig.safety {
        syn::Safety::Safe(t) => Some(t.span),
        syn::Safety::Unsafe(t) => Some(t.span),
        syn::Safety::Default => None,
    };
    sig.constness
        .map(|t| t.span)
        .or(sig.asyncness.map(|t| t.span))
        .or(safety)
        .or(sig.abi.as_ref().map(|a| a.extern_token.span))
        .unwrap_or(sig.fn_token.span)
}

fn self_kind(r: &syn::Receiver) -> SelfKind {
    match &r.kind {
        syn::ReceiverKind::Reference(_, _, mutable) => {
            if mutable.is_some() {
                SelfKind::RefMut
            } else {
                SelfKind::Ref
            }
        }
        // `self: &Self` and `self: &mut Self` are the same as the short forms.
        syn::ReceiverKind::Typed(_, t) => match &**t {
            syn::Type::Reference(x) if x.mutability.is_some() => SelfKind::RefMut,
            syn::Type::Reference(_) => SelfKind::Ref,
            _ => SelfKind::Value,
        },
        _ => SelfKind::Value,
    }
}

// Attributes.

/// Attributes with the text of their arguments; without documentation and derives.
fn attributes(attrs: &[Attribute]) -> Vec<(Path, String)> {
    attrs
        .iter()
        .filter(|a| !a.path().is_ident("doc") && !a.path().is_ident("derive"))
        .filter_map(|a| {
            let text = match &a.meta {
                syn::Meta::Path(_) => String::new(),
                syn::Meta::List(list) => list.tokens.to_string(),
                syn::Meta::NameValue(pair) => pair.value.to_token_stream().to_string(),
            };
            Some((ty::try_path(a.path())?, text))
        })
        .collect()
}

/// Paths inside `#[derive(…)]`, also under `cfg_attr`.
fn derives(attrs: &[Attribute]) -> Vec<Path> {
    let mut out = Vec::new();
    for attr in attrs {
        let Ok(list) = attr.meta.require_list() else { continue };
        if attr.path().is_ident("derive") {
            derive_paths(&list.tokens, &mut out);
        } else if attr.path().is_ident("cfg_attr") {
            let mut is_derive = false;
            for tree in list.tokens.clone() {
                match tree {
                    TokenTree::Ident(i) => is_derive = i == "derive",
                    TokenTree::Group(g) if is_derive => derive_paths(&g.stream(), &mut out),
                    _ => is_derive = false,
                }
            }
        }
    }
    out
}

fn derive_paths(tokens: &TokenStream, out: &mut Vec<Path>) {
    use syn::parse::Parser;
    let parser = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
    if let Ok(paths) = parser.parse2(tokens.clone()) {
        out.extend(paths.iter().filter_map(ty::try_path));
    }
}

/// `#[path = "…"]`.
fn path_attribute(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => tokens::text(&pair.value),
        _ => None,
    }
}

/// Whether one of the attributes says that the item exists in tests only.
pub(super) fn cfg_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|a| match &a.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => implies_test(&list.tokens),
        _ => false,
    })
}

/// Whether a `cfg` predicate can hold in tests only, or in them and with a feature that makes test helpers public
/// (`any(test, feature = "…")`): nothing that production runs is written so.
pub(super) fn implies_test(tokens: &TokenStream) -> bool {
    let mut trees = tokens.clone().into_iter();
    let Some(TokenTree::Ident(word)) = trees.next() else { return false };
    let Some(TokenTree::Group(group)) = trees.next() else { return word == "test" };
    let parts = split_commas(group.stream());
    match word.to_string().as_str() {
        "all" => parts.iter().any(implies_test),
        "any" => parts.iter().any(implies_test) && parts.iter().all(|p| implies_test(p) || is_feature(p)),
        _ => false,
    }
}

/// `feature = "…"`.
fn is_feature(tokens: &TokenStream) -> bool {
    matches!(tokens.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "feature")
}

fn split_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![Vec::new()];
    for tree in tokens {
        if matches!(&tree, TokenTree::Punct(p) if p.as_char() == ',') {
            parts.push(Vec::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(tree);
        }
    }
    parts.into_iter().filter(|p| !p.is_empty()).map(|p| p.into_iter().collect()).collect()
}

/// Attributes that make a function a test or benchmark, whatever crate they come from.
fn is_test_attribute(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| makes_test(&last.ident.to_string()))
}
