//! Files to tables: declares every item in its module, then lowers what the items say, in an order in which each step
//! needs only the steps before it.
//!
//! 1. modules, 2. names of items, 3. imports, 4. parameters and bounds, 5. impl heads, 6. fields and variants, 7. signatures,
//! 8. statics, 9. unions of impls. Associated types and aliases are resolved when they are first asked for.
//!
//! **Invariant:** what goes into the tables goes there in order of files and places, whoever read it: the same input gives the
//! same tables.

use super::fx::{FxMap, FxSet};
use super::modules::{self, Def, ModIdx};
use super::std_names::names;
use super::tables::{AdtDef, AliasDef, FnSig, ImplDef, ImplIdx, Scope, StaticDef, Tables, TraitDef, head_key};
use super::ty::{Bound, List, Ty};
use super::written::{Lowerer, generic_scope};
use super::{BodyIdx, CrateInput, FnIdx, FnInfo, Know};
use crate::base::{FileId, Idx, IndexVec, Symbol, Workers};
use crate::ir::{FieldIr, FileIr, FnIr, Generics, ModuleKind, Owner, Path};
use crate::pack::Catalog;
use std::sync::{Arc, OnceLock};

/// How many impls a call through a trait object or bound is followed into.
const UNION_CAP: usize = 12;

/// Builds the tables. `paths` are the files' paths below the workspace root, by id.
pub fn build(
    files: IndexVec<FileId, Option<Arc<FileIr>>>,
    crates: &[CrateInput],
    catalog: Arc<Catalog>,
    paths: &[String],
    workers: &impl Workers,
) -> Tables {
    let tree = modules::build(crates, &files, paths, &catalog);
    let mut fn_base = IndexVec::new();
    let mut body_base = IndexVec::new();
    let mut static_base = IndexVec::new();
    let (mut fns, mut bodies, mut statics) = (0, 0, 0);
    for file in &files {
        static_base.push(statics);
        fn_base.push(fns);
        body_base.push(bodies);
        if let Some(file) = file {
            fns += file.fns.len();
            bodies += file.bodies.len();
            statics += file.statics.len();
        }
    }
    let prefixes = tree.units.iter().map(|u| u.prefix).collect();
    let tables = Tables {
        prefixes,
        know: Know::new(catalog),
        tree,
        files,
        variants: FxMap::default(),
        adts: FxMap::default(),
        traits: FxMap::default(),
        aliases: IndexVec::new(),
        statics: IndexVec::new(),
        impls: IndexVec::new(),
        fns: IndexVec::new(),
        sigs: IndexVec::new(),
        by_head: FxMap::default(),
        methods: FxMap::default(),
        assoc_consts: FxMap::default(),
        own_names: FxSet::default(),
        impls_of: FxMap::default(),
        blanket: FxMap::default(),
        traits_with: FxMap::default(),
        unions: FxMap::default(),
        fn_base,
        body_base,
        static_base,
        body_fn: FxMap::default(),
    };
    let mut builder =
        Builder { tables, crates, impl_base: IndexVec::new(), trait_paths: FxMap::default(), adt_paths: Vec::new() };
    builder.declare();
    builder.tables.names().resolve_imports();
    builder.parameters();
    builder.impl_heads();
    builder.fields(workers);
    builder.signatures(workers);
    builder.statics();
    builder.unions();
    builder.tables
}

struct Builder<'a> {
    tables: Tables,
    crates: &'a [CrateInput],
    /// First impl of each file.
    impl_base: IndexVec<FileId, usize>,
    /// Trait of a file by place.
    trait_paths: FxMap<(FileId, usize), Symbol>,
    /// Types in order: file, whether enum, place, path.
    adt_paths: Vec<(FileId, bool, usize, Symbol)>,
}

impl Builder<'_> {
    fn each_file(&self) -> Vec<(FileId, Arc<FileIr>)> {
        self.tables.files.iter_enumerated().filter_map(|(id, f)| Some((id, f.clone()?))).collect()
    }

    /// Puts a name into a module; the first of several declarations under different `cfg`s wins, plain code before test code.
    fn put(&mut self, module: ModIdx, values: bool, name: Symbol, def: Def) {
        let data = &mut self.tables.tree.modules[module];
        let space = if values { &mut data.values } else { &mut data.types };
        space.entry(name).or_insert(def);
    }

    fn path_in(&self, module: ModIdx, name: Symbol) -> Symbol {
        self.tables.know.join(self.tables.tree.modules[module].path, name)
    }

    fn declare(&mut self) {
        for (id, file) in self.each_file() {
            let at = |index: usize, tables: &Tables| tables.tree.module_of(id, index);
            for (index, item) in file.structs.iter().enumerate() {
                let module = at(item.module, &self.tables);
                let path = self.path_in(module, item.name);
                self.put(module, false, item.name, Def::Adt(path));
                if item.is_tuple || item.fields.is_empty() {
                    self.put(module, true, item.name, Def::Adt(path));
                }
                self.declare_adt(id, module, path, false, index, &item.generics, item.is_tuple);
            }
            for (index, item) in file.enums.iter().enumerate() {
                let module = at(item.module, &self.tables);
                let path = self.path_in(module, item.name);
                self.put(module, false, item.name, Def::Adt(path));
                self.tables.variants.entry(path).or_default().extend(item.variants.iter().map(|v| v.0));
                self.declare_adt(id, module, path, true, index, &item.generics, false);
            }
            for (index, item) in file.traits.iter().enumerate() {
                let module = at(item.module, &self.tables);
                let path = self.path_in(module, item.name);
                self.put(module, false, item.name, Def::Trait(path));
                let new = !self.tables.traits.contains_key(&path);
                if new {
                    self.trait_paths.insert((id, index), path);
                    let params = item.generics.params.iter().map(|p| p.name).collect();
                    let assoc = item.assoc_types.iter().map(|(name, ..)| (*name, (List::default(), None))).collect();
                    self.tables.traits.insert(
                        path,
                        TraitDef { params, defaults: Vec::new(), supers: Vec::new(), assoc, methods: FxMap::default() },
                    );
                }
            }
            for item in &file.aliases {
                let module = at(item.module, &self.tables);
                let alias = self.tables.aliases.push(AliasDef {
                    module,
                    generics: item.generics.clone(),
                    ty: item.ty.clone(),
                    resolved: OnceLock::new(),
                });
                self.put(module, false, item.name, Def::Alias(alias));
            }
            for (index, item) in file.fns.iter().enumerate() {
                if item.owner == Owner::Free {
                    let module = at(item.module, &self.tables);
                    let f = FnIdx::new(self.tables.fn_base[id] + index);
                    self.put(module, true, item.name, Def::Fn(f));
                }
            }
            for item in &file.statics {
                let module = at(item.module, &self.tables);
                let path = self.path_in(module, item.name);
                let s = self.tables.statics.push(StaticDef {
                    path,
                    ty: Ty::Unknown,
                    file: id,
                    init: item.init,
                    number: item.number,
                    is_const: item.is_const,
                    owner: None,
                });
                if item.owner == Owner::Free {
                    self.put(module, true, item.name, Def::Static(s));
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn declare_adt(
        &mut self,
        file: FileId,
        module: ModIdx,
        path: Symbol,
        is_enum: bool,
        index: usize,
        generics: &Generics,
        is_tuple: bool,
    ) {
        if self.tables.adts.contains_key(&path) {
            return;
        }
        self.adt_paths.push((file, is_enum, index, path));
        let params = generics.params.iter().map(|p| (p.name, None)).collect();
        self.tables.adts.insert(
            path,
            AdtDef {
                file,
                module,
                params,
                fields: Vec::new(),
                variants: Vec::new(),
                is_enum,
                is_tuple,
                deref_field: None,
                derives: Vec::new(),
            },
        );
    }

    /// Defaults of type parameters; supertraits and bounds of associated types.
    fn parameters(&mut self) {
        for (id, file) in self.each_file() {
            for (index, item) in file.traits.iter().enumerate() {
                let Some(&path) = self.trait_paths.get(&(id, index)) else { continue };
                let module = self.tables.tree.module_of(id, item.module);
                let scope = self.trait_scope(path, module, &item.generics);
                let lowerer = Lowerer::new(&self.tables, &scope);
                let supers = lowerer.bounds(&item.supertraits, 12);
                let assoc = item.assoc_types.iter().map(|(name, bounds, default)| {
                    let bounds: List<Bound> = lowerer.bounds(bounds, 12).into();
                    (*name, (bounds, default.as_ref().map(|t| lowerer.ty(t))))
                });
                let assoc = assoc.collect();
                let defaults = item.generics.params.iter().map(|p| p.default.as_ref().map(|t| lowerer.ty(t))).collect();
                let def = self.tables.traits.get_mut(&path).expect("declared before");
                def.supers = supers;
                def.defaults = defaults;
                def.assoc = assoc;
            }
        }
        for (id, is_enum, index, path) in self.adt_paths.clone() {
            let file = self.tables.files[id].clone().expect("declared from a file");
            let (module, generics) = if is_enum {
                (file.enums[index].module, &file.enums[index].generics)
            } else {
                (file.structs[index].module, &file.structs[index].generics)
            };
            if generics.params.iter().all(|p| p.default.is_none()) {
                continue;
            }
            let scope = Scope::of(self.tables.tree.module_of(id, module));
            let scope = generic_scope(&self.tables, &scope, generics);
            let params =
                generics.params.iter().map(|p| (p.name, p.default.as_ref().map(|d| self.tables.lower(d, &scope))));
            let params = params.collect();
            self.tables.adts.get_mut(&path).expect("declared before").params = params;
        }
    }

    fn trait_scope(&self, path: Symbol, module: ModIdx, generics: &Generics) -> Scope {
        let args: Vec<Ty> = generics.params.iter().map(|p| Ty::Param(p.name, List::default())).collect();
        let self_ty = Ty::Param(names().self_type, List::from([(path, args.into())]));
        let params = Arc::new(FxMap::from_iter([(names().self_type, self_ty.clone())]));
        let scope = Scope { module, params, self_ty: Some(self_ty), impl_: None };
        generic_scope(&self.tables, &scope, generics)
    }

    fn impl_heads(&mut self) {
        for (id, file) in self.tables.files.iter_enumerated().map(|(i, f)| (i, f.clone())).collect::<Vec<_>>() {
            self.impl_base.push(self.tables.impls.len());
            let Some(file) = file else { continue };
            for (index, item) in file.impls.iter().enumerate() {
                let module = self.tables.tree.module_of(id, item.module);
                let scope = generic_scope(&self.tables, &Scope::of(module), &item.generics);
                let self_ty = self.tables.lower(&item.self_ty, &scope);
                let scope = Scope { self_ty: Some(self_ty.clone()), ..scope };
                let trait_ = item.trait_.as_ref().and_then(|path| self.trait_of(path, &scope));
                let impl_ = ImplIdx::new(self.tables.impls.len());
                let mock = item.attrs.iter().any(|(path, _)| path.last().as_str().contains("automock"));
                let is_test = item.cfg_test || mock || self.tables.tree.modules[module].is_test;
                let assoc = item.assoc_types.iter().map(|(n, t)| (*n, (t.clone(), OnceLock::new()))).collect();
                if let Some(key) = head_key(&self_ty) {
                    self.tables.by_head.entry(key).or_default().push(impl_);
                    if let (true, Some((path, _))) = (key == names().any_key, &trait_) {
                        self.tables.blanket.entry(*path).or_default().push(impl_);
                    }
                }
                if let Some((path, _)) = &trait_ {
                    self.tables.impls_of.entry(*path).or_default().push(impl_);
                }
                self.tables.impls.push(ImplDef {
                    file: id,
                    index,
                    module,
                    self_ty,
                    trait_,
                    params: item.generics.params.iter().map(|p| p.name).collect(),
                    param_types: scope.params,
                    assoc,
                    methods: FxMap::default(),
                    is_test,
                });
            }
        }
    }

    /// The trait of an impl; markers count too.
    fn trait_of(&self, path: &Path, scope: &Scope) -> Option<Bound> {
        Lowerer::new(&self.tables, scope).bounds(std::slice::from_ref(path), 12).pop()
    }

    fn fields(&mut self, workers: &impl Workers) {
        let this = &*self;
        let read = workers.map(self.adt_paths.clone(), |(id, is_enum, index, path)| {
            let file = this.tables.files[id].clone().expect("declared from a file");
            let (module, generics, derives) = if is_enum {
                let item = &file.enums[index];
                (item.module, &item.generics, &item.derives)
            } else {
                let item = &file.structs[index];
                (item.module, &item.generics, &item.derives)
            };
            let module = this.tables.tree.module_of(id, module);
            let scope = generic_scope(&this.tables, &Scope::of(module), generics);
            let args = generics.params.iter().map(|p| scope.params.get(&p.name).cloned().unwrap_or_default()).collect();
            let scope = Scope { self_ty: Some(Ty::adt(path, args)), ..scope };
            let lowered = |fields: &[FieldIr]| -> Vec<(Symbol, Ty)> {
                fields.iter().map(|f| (f.name, this.tables.lower(&f.ty, &scope))).collect()
            };
            let macro_path = |p: &Path| {
                let list: Vec<Symbol> = p.segments.iter().map(|s| s.name).collect();
                let path = this.tables.names().macro_path(module, &list);
                if list == [path] { this.tables.know.catalog.derive_named(path).unwrap_or(path) } else { path }
            };
            let mut macros: Vec<Symbol> = derives.iter().map(macro_path).collect();
            let (mut fields, mut variants, mut deref_field) = (Vec::new(), Vec::new(), None);
            if is_enum {
                variants = file.enums[index].variants.iter().map(|(name, fields)| (*name, lowered(fields))).collect();
            } else {
                let item = &file.structs[index];
                fields = lowered(&item.fields);
                macros.extend(item.attrs.iter().map(|(p, _)| macro_path(p)));
                if derives.iter().any(|d| d.last() == "Deref") {
                    let marked = item.fields.iter().find(|f| f.attrs.iter().any(|a| a.last() == "deref"));
                    deref_field = marked.or(item.fields.first()).map(|f| f.name);
                }
            }
            (path, fields, variants, deref_field, macros)
        });
        for (path, fields, variants, deref_field, macros) in read {
            let def = self.tables.adts.get_mut(&path).expect("declared before");
            (def.fields, def.variants, def.deref_field, def.derives) = (fields, variants, deref_field, macros);
        }
    }

    fn signatures(&mut self, workers: &impl Workers) {
        let this = &*self;
        let read = workers.map(self.each_file(), |(id, file)| this.signatures_of(id, &file));
        for (info, sig, name) in read.into_iter().flatten() {
            let f = FnIdx::new(self.tables.fns.len());
            if let Some(body) = info.body {
                self.tables.body_fn.insert(body, f);
            }
            let (impl_, trait_) = (sig.impl_, sig.trait_);
            self.tables.fns.push(info);
            self.tables.sigs.push(sig);
            self.register(f, name, impl_, trait_);
        }
    }

    fn signatures_of(&self, id: FileId, file: &FileIr) -> Vec<(FnInfo, FnSig, Symbol)> {
        let signature = |(index, item): (usize, &FnIr)| {
            let module = self.tables.tree.module_of(id, item.module);
            let (outer, trait_decl, impl_) = match item.owner {
                Owner::Free => (Scope::of(module), None, None),
                Owner::Impl(i) => {
                    let impl_ = ImplIdx::new(self.impl_base[id] + i);
                    let def = &self.tables.impls[impl_];
                    let params = def.param_types.clone();
                    (
                        Scope { module, params, self_ty: Some(def.self_ty.clone()), impl_: Some(impl_) },
                        None,
                        Some(impl_),
                    )
                }
                Owner::Trait(i) => {
                    let decl = &file.traits[i];
                    let path =
                        self.trait_paths.get(&(id, i)).copied().unwrap_or_else(|| self.path_in(module, decl.name));
                    (self.trait_scope(path, module, &decl.generics), Some(path), None)
                }
            };
            let outer_names: Vec<Symbol> = match (item.owner, impl_) {
                (Owner::Trait(i), _) => {
                    let decl = &file.traits[i];
                    decl.generics.params.iter().map(|p| p.name).chain([names().self_type]).collect()
                }
                (_, Some(impl_)) => self.tables.impls[impl_].params.clone(),
                _ => Vec::new(),
            };
            let scope = generic_scope(&self.tables, &outer, &item.generics);
            let lowerer = Lowerer::new(&self.tables, &scope);
            let params: Vec<Ty> = item.params.iter().map(|p| lowerer.ty(&p.ty)).collect();
            let anonymous = lowerer.anonymous.borrow().clone();
            let ret = lowerer.ty(&item.ret);
            let own: Vec<Symbol> = item.generics.params.iter().map(|p| p.name).collect();
            let all = own.iter().copied().chain(outer_names).chain(anonymous).collect();
            let self_ty = match item.owner {
                Owner::Free => None,
                Owner::Impl(_) | Owner::Trait(_) => scope.self_ty.clone(),
            };
            let trait_ = match impl_ {
                Some(i) => self.tables.impls[i].trait_.as_ref().map(|t| t.0),
                None => trait_decl,
            };
            let info = self.info(id, file, index, module, self_ty, trait_, params, ret);
            (info, FnSig { own, all, impl_, trait_: trait_decl, scope: scope.params }, item.name)
        };
        file.fns.iter().enumerate().map(signature).collect()
    }

    #[allow(clippy::too_many_arguments)]
    fn info(
        &self,
        id: FileId,
        file: &FileIr,
        index: usize,
        module: ModIdx,
        self_ty: Option<Ty>,
        trait_: Option<Symbol>,
        params: Vec<Ty>,
        ret: Ty,
    ) -> FnInfo {
        let item = &file.fns[index];
        let tree = &self.tables.tree;
        // The block modules on the way say nothing to a reader.
        let mut at = module;
        while tree.modules[at].kind == ModuleKind::Block {
            match tree.modules[at].parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        let data = &tree.modules[at];
        let unit = &tree.units[data.unit];
        let below =
            data.path.as_str()[unit.prefix.as_str().len().min(data.path.as_str().len())..].trim_start_matches("::");
        let of = match item.owner {
            Owner::Free => None,
            Owner::Trait(i) => Some(file.traits[i].name),
            Owner::Impl(_) => {
                self_ty.as_ref().and_then(head_key).map(|k| Symbol::new(k.as_str().rsplit("::").next().unwrap_or("")))
            }
        };
        let parts = [Some(below).filter(|b| !b.is_empty()), of.as_ref().map(|o| o.as_str()), Some(item.name.as_str())];
        let path = parts.into_iter().flatten().collect::<Vec<_>>().join("::");
        let canonical = Symbol::new(&format!("{}::{path}", unit.prefix));
        let impl_test = match item.owner {
            Owner::Impl(i) => file.impls[i].cfg_test,
            Owner::Free | Owner::Trait(_) => false,
        };
        let dev = self.crates.get(unit.krate).is_some_and(|c| c.dev_only);
        FnInfo {
            file: id,
            index,
            path: Symbol::new(&path),
            canonical,
            krate: unit.krate,
            self_ty,
            trait_,
            params,
            ret,
            is_async: item.is_async,
            is_test: item.is_test || impl_test || tree.modules[module].is_test || unit.is_test || dev,
            body: item.body.map(|b| BodyIdx::new(self.tables.body_base[id] + b.index())),
        }
    }

    fn register(&mut self, f: FnIdx, name: Symbol, impl_: Option<ImplIdx>, trait_: Option<Symbol>) {
        if impl_.is_some() || trait_.is_some() {
            self.tables.own_names.insert(name);
        }
        if let Some(impl_) = impl_ {
            let def = &mut self.tables.impls[impl_];
            def.methods.entry(name).or_insert(f);
            if let Some(key) = head_key(&def.self_ty) {
                self.tables.methods.entry((key, name)).or_default().push((impl_, f));
            }
        }
        if let Some(path) = trait_
            && let Some(def) = self.tables.traits.get_mut(&path)
        {
            def.methods.entry(name).or_insert(f);
            let list = self.tables.traits_with.entry(name).or_default();
            if !list.contains(&path) {
                list.push(path);
            }
        }
    }

    fn statics(&mut self) {
        let mut next = 0;
        for (id, file) in self.each_file() {
            for item in &file.statics {
                let module = self.tables.tree.module_of(id, item.module);
                let (scope, owner) = match item.owner {
                    Owner::Impl(i) => {
                        let def = &self.tables.impls[ImplIdx::new(self.impl_base[id] + i)];
                        let scope = Scope {
                            params: def.param_types.clone(),
                            self_ty: Some(def.self_ty.clone()),
                            ..Scope::of(module)
                        };
                        (scope, Some(def.self_ty.clone()))
                    }
                    Owner::Free | Owner::Trait(_) => (Scope::of(module), None),
                };
                let ty = self.tables.lower(&item.ty, &scope);
                let index = modules::StaticIdx::new(next);
                next += 1;
                if let Some(key) = owner.as_ref().and_then(head_key) {
                    self.tables.assoc_consts.entry((key, item.name)).or_insert(index);
                }
                let def = &mut self.tables.statics[index];
                (def.ty, def.owner) = (ty, owner);
            }
        }
    }

    /// For each method of each workspace trait the functions that a receiver known only by that trait may run.
    fn unions(&mut self) {
        let mut paths: Vec<Symbol> = self.tables.traits.keys().copied().collect();
        paths.sort();
        for path in paths {
            let def = &self.tables.traits[&path];
            let impls: Vec<ImplIdx> = self.tables.impls_of.get(&path).cloned().unwrap_or_default();
            let plain: Vec<ImplIdx> = impls.iter().copied().filter(|i| !self.is_test_impl(*i)).collect();
            let impls = if plain.is_empty() { impls } else { plain };
            let mut methods: Vec<(Symbol, FnIdx)> = def.methods.iter().map(|(n, f)| (*n, *f)).collect();
            methods.sort_by_key(|(_, f)| *f);
            for (name, decl) in methods {
                let has_default = self.tables.fns[decl].body.is_some();
                let mut list: Vec<FnIdx> = Vec::new();
                let mut default_used = impls.is_empty();
                for impl_ in &impls {
                    let def = &self.tables.impls[*impl_];
                    match def.methods.get(&name) {
                        // `impl<T: Trait> Trait for Arc<T>` only passes on to what is in the list already.
                        Some(_) if self.passes_on(*impl_, path) => {}
                        Some(f) => list.push(*f),
                        None => default_used = true,
                    }
                }
                if has_default && default_used {
                    list.push(decl);
                }
                if list.is_empty() {
                    list.push(decl);
                }
                list.sort();
                list.dedup();
                let cut = list.len() > UNION_CAP;
                list.truncate(UNION_CAP);
                self.tables.unions.insert((path, name), (list.into(), cut));
            }
        }
    }

    fn is_test_impl(&self, impl_: ImplIdx) -> bool {
        let def = &self.tables.impls[impl_];
        let module = &self.tables.tree.modules[def.module];
        let unit = &self.tables.tree.units[module.unit];
        def.is_test || unit.is_test || self.crates.get(unit.krate).is_some_and(|c| c.dev_only)
    }

    /// Whether an impl of a trait for a wrapper of any implementor.
    fn passes_on(&self, impl_: ImplIdx, trait_: Symbol) -> bool {
        let inner = match &self.tables.impls[impl_].self_ty {
            Ty::Ref(_, inner) => Some(&**inner),
            Ty::Adt(_, args) if args.len() == 1 => args.first(),
            _ => None,
        };
        match inner {
            Some(Ty::Param(_, bounds)) => bounds.iter().any(|b| b.0 == trait_),
            Some(Ty::Dyn(bounds)) => bounds.iter().any(|b| b.0 == trait_),
            _ => false,
        }
    }
}
