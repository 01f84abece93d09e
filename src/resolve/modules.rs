//! The module tree: which file is which module of which crate.
//!
//! Owns: compile units (one per root file of a crate), modules in files, inline and in blocks, what each declares, and
//! what its imports say. Resolving names over this tree is `names`.
//!
//! **Invariants:** a file belongs to the first unit that reaches it, crates and roots in the order given; a file that no
//! root reaches hangs below its crate's first root; module paths are unique; cycles of `mod` declarations end at the file
//! that was already placed.

use super::fx::{FxMap, FxSet};
use super::{CrateInput, FnIdx};
use crate::base::{FileId, Idx, IndexVec, Symbol};
use crate::ir::{FileIr, ModuleKind};
use crate::pack::Catalog;
use crate::pack::catalog::described_by;
use std::sync::{Arc, OnceLock};

crate::index_type!(
    /// A module of the workspace: a file's top level, an inline module or a block with items.
    pub ModIdx, "mod"
);
crate::index_type!(
    /// A compile unit: a crate's library, binary, test, example.
    pub UnitIdx, "unit"
);
crate::index_type!(
    /// A type alias of the workspace.
    pub AliasIdx, "alias"
);
crate::index_type!(
    /// A static or const of the workspace.
    pub StaticIdx, "static"
);
crate::index_type!(
    /// A `use` of the workspace.
    pub ImportIdx, "use"
);

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Def {
    /// A module.
    Mod(ModIdx),
    /// A struct, enum or union of the workspace.
    Adt(Symbol),
    /// A variant of an enum of the workspace.
    Variant(Symbol, Symbol),
    /// A trait of the workspace.
    Trait(Symbol),
    /// A type alias.
    Alias(AliasIdx),
    /// A function.
    Fn(FnIdx),
    /// A static or const.
    Static(StaticIdx),
    /// Something outside the workspace, by path from its crate's root as written.
    Extern(Symbol),
    /// A name that should be in a module of the workspace and is not seen there: made by a macro, or left out.
    Missing(Symbol),
}

/// What a crate's name in source leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrateName {
    /// A crate of the workspace, by its root module.
    Workspace(ModIdx),
    /// A crate outside, by its own lib name.
    Outside(Symbol),
}

/// A compile unit.
#[derive(Debug)]
pub struct Unit {
    /// Its crate (index into the crates given).
    pub krate: usize,
    /// Its root module.
    pub root: ModIdx,
    /// What its paths start with: the lib name; `name/stem` for other targets.
    pub prefix: Symbol,
    /// Tests, benches, examples.
    pub is_test: bool,
    /// The extern prelude.
    pub externs: FxMap<Symbol, CrateName>,
}

/// One imported name or glob.
#[derive(Debug)]
pub struct Import {
    /// The module it is in.
    pub module: ModIdx,
    /// The path.
    pub path: Vec<Symbol>,
    /// Starts with `::`.
    pub global: bool,
    /// Types and values that it leads to, once resolved.
    pub resolved: OnceLock<[Option<Def>; 2]>,
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// Its file.
    pub file: FileId,
    /// Its unit.
    pub unit: UnitIdx,
    /// The module around it: for blocks the lexical one.
    pub parent: Option<ModIdx>,
    /// What it is.
    pub kind: ModuleKind,
    /// Canonical path.
    pub path: Symbol,
    /// Only in test builds.
    pub is_test: bool,
    /// Names of the type space declared here, sub-modules included.
    pub types: FxMap<Symbol, Def>,
    /// Names of the value space declared here.
    pub values: FxMap<Symbol, Def>,
    /// Imports by the name that they bind.
    pub imports: FxMap<Symbol, Vec<ImportIdx>>,
    /// Glob imports.
    pub globs: Vec<ImportIdx>,
}

/// The tree.
#[derive(Debug, Default)]
pub struct Tree {
    /// Compile units.
    pub units: IndexVec<UnitIdx, Unit>,
    /// Modules; those of a file lie together, in the file's order.
    pub modules: IndexVec<ModIdx, Module>,
    /// All imports, in order of file and place.
    pub imports: IndexVec<ImportIdx, Import>,
    /// First module of each file.
    pub base: IndexVec<FileId, Option<ModIdx>>,
    /// Root modules of library-like first units by lib name; `None` where several crates have the name.
    pub by_name: FxMap<Symbol, Option<ModIdx>>,
}

impl Tree {
    /// The module of a file by its index there.
    pub fn module_of(&self, file: FileId, index: usize) -> ModIdx {
        let base = self.base[file].expect("every lowered file was placed");
        ModIdx::new(base.index() + index)
    }
}

/// Joins a folder and a relative path, resolving `.` and `..`.
pub fn join_path(dir: &str, rest: &str) -> String {
    let mut parts: Vec<&str> = dir.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
fn stem_of(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// A file to be placed as a module.
struct Placing {
    file: FileId,
    unit: UnitIdx,
    parent: Option<ModIdx>,
    name: Symbol,
    mod_rs: bool,
    is_test: bool,
}

struct Builder<'a> {
    files: &'a IndexVec<FileId, Option<Arc<FileIr>>>,
    paths: &'a [String],
    by_path: FxMap<&'a str, FileId>,
    tree: Tree,
    used_paths: FxSet<Symbol>,
    catalog: &'a Catalog,
    /// Crates that are libraries which packs describe.
    libraries: FxSet<usize>,
}

/// Builds the tree. `paths` are the files' paths relative to the workspace root, by id.
pub fn build(
    crates: &[CrateInput],
    files: &IndexVec<FileId, Option<Arc<FileIr>>>,
    paths: &[String],
    catalog: &Catalog,
) -> Tree {
    let by_path = files.iter_enumerated().filter(|(_, f)| f.is_some());
    let by_path = by_path.filter_map(|(id, _)| Some((paths.get(id.index())?.as_str(), id))).collect();
    let tree = Tree { base: IndexVec::from_elem(None, files.len()), ..Tree::default() };
    let libraries = FxSet::default();
    let mut builder = Builder { files, paths, by_path, tree, used_paths: FxSet::default(), catalog, libraries };
    builder.place_roots(crates);
    builder.place_orphans(crates);
    builder.link_crates(crates);
    builder.tree
}

impl Builder<'_> {
    fn place_roots(&mut self, crates: &[CrateInput]) {
        for (krate, input) in crates.iter().enumerate() {
            let mut first = true;
            for root in &input.roots {
                let Some(&file) = self.by_path.get(root.as_str()) else { continue };
                if self.tree.base[file].is_some() {
                    continue;
                }
                let below = root.strip_prefix(&input.dir).unwrap_or(root).trim_start_matches('/');
                let is_test =
                    input.dev_only || ["tests/", "benches/", "examples/"].iter().any(|d| below.starts_with(d));
                let ir = self.files[file].as_deref();
                let library = first && ir.is_some_and(|ir| is_library(self.catalog, &input.name, ir));
                let name = match (first, library) {
                    // Its paths are not those by which others know the library.
                    (true, true) => format!("{}/source", input.name),
                    (true, false) => input.name.clone(),
                    (false, _) => format!("{}/{}", input.name, stem_of(root)),
                };
                if library {
                    self.libraries.insert(krate);
                }
                let unit = self.unit(krate, &name, is_test);
                self.place(Placing { file, unit, parent: None, name: Symbol::new(&name), mod_rs: true, is_test });
                first = false;
            }
        }
    }

    fn unit(&mut self, krate: usize, name: &str, is_test: bool) -> UnitIdx {
        let mut prefix = Symbol::new(name);
        let mut n = 2;
        while !self.used_paths.insert(prefix) {
            prefix = Symbol::new(&format!("{name}@{n}"));
            n += 1;
        }
        let root = self.tree.modules.next_index();
        self.tree.units.push(Unit { krate, root, prefix, is_test, externs: FxMap::default() })
    }

    /// Places a file as a module, then the files that it declares.
    fn place(&mut self, root: Placing) {
        // A work list: deep trees of modules must not cost stack.
        let mut todo = vec![root];
        while let Some(item) = todo.pop() {
            if let Some(placed) = self.tree.base[item.file] {
                self.name_child(item.parent, item.name, placed);
                continue;
            }
            let Some(ir) = self.files[item.file].clone() else { continue };
            let base = self.tree.modules.next_index();
            self.tree.base[item.file] = Some(base);
            self.name_child(item.parent, item.name, base);
            self.add_modules(&ir, &item);
            let file_path = &self.paths[item.file.index()];
            let own_dir = dir_of(file_path).to_owned();
            let child_dir = if item.mod_rs { own_dir.clone() } else { join_path(&own_dir, stem_of(file_path)) };
            let mut next = Vec::new();
            for (index, module) in ir.modules.iter().enumerate() {
                let at = ModIdx::new(base.index() + index);
                let inline = inline_names(&ir, index);
                let dir = join_path(&child_dir, &inline.join("/"));
                for (name, explicit, cfg_test) in &module.declared {
                    let found = match explicit {
                        Some(written) => {
                            let from = if inline.is_empty() { &own_dir } else { &dir };
                            self.by_path.get(join_path(from, written).as_str()).map(|f| (*f, true))
                        }
                        None => {
                            let flat = self.by_path.get(join_path(&dir, &format!("{name}.rs")).as_str());
                            let nested = || self.by_path.get(join_path(&dir, &format!("{name}/mod.rs")).as_str());
                            flat.map(|f| (*f, false)).or_else(|| nested().map(|f| (*f, true)))
                        }
                    };
                    let Some((file, mod_rs)) = found else { continue };
                    let is_test = self.tree.modules[at].is_test || *cfg_test;
                    next.push(Placing { file, unit: item.unit, parent: Some(at), name: *name, mod_rs, is_test });
                }
            }
            // Depth first, in order of declaration.
            todo.extend(next.into_iter().rev());
        }
    }

    fn name_child(&mut self, parent: Option<ModIdx>, name: Symbol, child: ModIdx) {
        if let Some(parent) = parent {
            self.tree.modules[parent].types.entry(name).or_insert(Def::Mod(child));
        }
    }

    fn add_modules(&mut self, ir: &FileIr, item: &Placing) {
        let base = self.tree.modules.next_index();
        for (index, module) in ir.modules.iter().enumerate() {
            let parent = match module.parent {
                Some(p) if p < index => Some(ModIdx::new(base.index() + p)),
                Some(_) | None => item.parent,
            };
            let prefix = match parent {
                Some(p) => self.tree.modules[p].path,
                None => self.tree.units[item.unit].prefix,
            };
            let path = match (index, module.kind) {
                (0, _) if item.parent.is_none() => prefix,
                (0, _) => self.fresh(prefix, item.name.as_str()),
                (_, ModuleKind::Block) => self.fresh(prefix, &format!("{{{index}}}")),
                _ => self.fresh(prefix, module.name.as_str()),
            };
            let is_test = item.is_test || module.cfg_test || parent.is_some_and(|p| self.tree.modules[p].is_test);
            let at = self.tree.modules.push(Module {
                file: item.file,
                unit: item.unit,
                parent,
                kind: module.kind,
                path,
                is_test,
                types: FxMap::default(),
                values: FxMap::default(),
                imports: FxMap::default(),
                globs: Vec::new(),
            });
            if index > 0 && module.kind == ModuleKind::Inline {
                self.name_child(parent, module.name, at);
            }
        }
        for import in &ir.uses {
            let module = ModIdx::new(base.index() + import.module.min(ir.modules.len().saturating_sub(1)));
            let index = self.tree.imports.push(Import {
                module,
                path: import.path.clone(),
                global: import.global,
                resolved: OnceLock::new(),
            });
            match import.name {
                Some(name) => self.tree.modules[module].imports.entry(name).or_default().push(index),
                None => self.tree.modules[module].globs.push(index),
            }
        }
    }

    /// A path that no other module has: the first of several wins the plain one.
    fn fresh(&mut self, prefix: Symbol, name: &str) -> Symbol {
        let mut path = Symbol::new(&format!("{prefix}::{name}"));
        let mut n = 2;
        while !self.used_paths.insert(path) {
            path = Symbol::new(&format!("{prefix}::{name}@{n}"));
            n += 1;
        }
        path
    }

    /// Files that no root reaches hang below the first root of the crate whose folder holds them.
    fn place_orphans(&mut self, crates: &[CrateInput]) {
        let mut by_dir: Vec<(usize, &str)> = crates.iter().enumerate().map(|(i, c)| (i, c.dir.as_str())).collect();
        by_dir.sort_by_key(|(i, dir)| (std::cmp::Reverse(dir.len()), *i));
        let orphans: Vec<FileId> =
            self.tree.base.iter_enumerated().filter(|(_, b)| b.is_none()).map(|(f, _)| f).collect();
        // A `mod.rs` before the files beside it, whatever the order of their names: shorter folders first.
        let mut orphans: Vec<FileId> = orphans.into_iter().filter(|f| self.files[*f].is_some()).collect();
        orphans.sort_by_key(|f| {
            let path = &self.paths[f.index()];
            (path.matches('/').count(), stem_of(path) != "mod", *f)
        });
        for file in orphans {
            if self.tree.base[file].is_some() {
                continue;
            }
            let path = &self.paths[file.index()];
            let inside = |dir: &str| dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
            let krate = by_dir.iter().find(|(_, dir)| inside(dir)).map(|(i, _)| *i);
            let mut name = stem_of(path).to_owned();
            if name == "mod" {
                name = stem_of(dir_of(path)).to_owned();
            }
            let unit =
                krate.and_then(|k| self.tree.units.iter_enumerated().find(|(_, u)| u.krate == k).map(|(i, _)| i));
            let is_test = krate.is_some_and(|k| crates[k].dev_only)
                || path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"));
            let name = Symbol::new(&name);
            let mod_rs = stem_of(path) == "mod";
            match unit {
                Some(unit) => {
                    let parent = Some(self.tree.units[unit].root);
                    // Placed below the root, but the root does not learn the name: nobody declared it.
                    let known = parent.and_then(|p| self.tree.modules[p].types.get(&name).copied());
                    self.place(Placing { file, unit, parent, name, mod_rs, is_test });
                    if known.is_none()
                        && let Some(p) = parent
                    {
                        self.tree.modules[p].types.remove(&name);
                    }
                }
                None => {
                    let krate = krate.unwrap_or(0);
                    let crate_name = crates.get(krate).map_or("crate", |c| c.name.as_str()).to_owned();
                    let unit = self.unit(krate, &format!("{crate_name}/{name}"), is_test);
                    self.place(Placing { file, unit, parent: None, name, mod_rs: true, is_test });
                }
            }
        }
    }

    /// Fills the extern preludes from the crates' dependencies. A library that a pack describes is the library also where
    /// its source lies in the workspace, as a copy or a fork: its rows say more than its source does.
    fn link_crates(&mut self, crates: &[CrateInput]) {
        let mut by_dir: FxMap<&str, ModIdx> = FxMap::default();
        let mut own: FxMap<usize, ModIdx> = FxMap::default();
        let mut by_name: FxMap<Symbol, Option<ModIdx>> = FxMap::default();
        for unit in &self.tree.units {
            let Some(input) = crates.get(unit.krate) else { continue };
            if own.contains_key(&unit.krate) {
                continue;
            }
            own.insert(unit.krate, unit.root);
            by_dir.entry(input.dir.as_str()).or_insert(unit.root);
            by_name.entry(Symbol::new(&input.name)).and_modify(|r| *r = None).or_insert(Some(unit.root));
        }
        let libraries: FxSet<ModIdx> = self.libraries.iter().filter_map(|krate| own.get(krate).copied()).collect();
        for unit in self.tree.units.iter_mut() {
            let Some(input) = crates.get(unit.krate) else { continue };
            for dep in &input.deps {
                let outside = Symbol::new(&described_by(dep).replace('-', "_"));
                let named =
                    || by_name.get(&outside).copied().flatten().filter(|root| own.get(&unit.krate) != Some(root));
                let inside = dep.dir.as_deref().and_then(|d| by_dir.get(d).copied()).or_else(named);
                let target = match inside {
                    Some(root) if !libraries.contains(&root) => CrateName::Workspace(root),
                    Some(_) | None => CrateName::Outside(outside),
                };
                unit.externs.insert(Symbol::new(&dep.name), target);
            }
            // A binary, a test or an example sees its own library by name.
            if let Some(root) = own.get(&unit.krate)
                && *root != unit.root
            {
                unit.externs.entry(Symbol::new(&input.name)).or_insert(CrateName::Workspace(*root));
            }
        }
        self.tree.by_name = by_name;
    }
}

/// Whether a crate of the workspace is the library that a pack describes, a copy or a fork of its source: its root has most
/// of the types that the pack names there. One that only has the library's name, such as a crate of one's own around it, has
/// few.
fn is_library(catalog: &Catalog, name: &str, root: &FileIr) -> bool {
    let Some(pack) = catalog.pack_of_root(Symbol::new(name)) else { return false };
    let has = |ty: &str| {
        let is = |at: usize, n: Symbol| at == 0 && n.as_str() == ty;
        root.structs.iter().any(|s| is(s.module, s.name))
            || root.enums.iter().any(|e| is(e.module, e.name))
            || root.traits.iter().any(|t| is(t.module, t.name))
            || root.aliases.iter().any(|a| is(a.module, a.name))
            || root.uses.iter().any(|u| u.is_pub && u.name.is_some_and(|n| is(u.module, n)))
    };
    let below = pack.types.iter().filter_map(|row| row.path.as_str().split_once("::"));
    let (mut all, mut seen) = (0, 0);
    for (_, ty) in below.filter(|(krate, ty)| *krate == name && !ty.contains("::")) {
        all += 1;
        seen += usize::from(has(ty));
    }
    all > 1 && seen * 2 > all
}

/// Names of the inline modules from the file's top to a module, itself included.
fn inline_names(ir: &FileIr, index: usize) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut at = index;
    while let Some(module) = ir.modules.get(at) {
        match module.parent {
            Some(parent) if parent < at => {
                if module.kind == ModuleKind::Inline {
                    names.push(module.name.as_str());
                }
                at = parent;
            }
            _ => break,
        }
    }
    names.reverse();
    names
}
