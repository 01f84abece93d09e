//! Which definition a name or path stands for.
//!
//! Order of look-up, as in the language: what the module declares, its imports, its globs, for blocks the modules around
//! them, then crates, then the prelude. A glob import of an external module brings the names that some pack knows below it.
//!
//! **Invariants:** imports are resolved in rounds, so cycles of imports and globs end and cost nothing; a name that should be in a workspace module but is not seen there is [`Def::Missing`], never another item.

use super::Know;
use super::fx::FxSet;
use super::modules::{CrateName, Def, ImportIdx, ModIdx, Tree};
use super::std_names::{names, prelude};
use crate::base::{IndexVec, Symbol};
use crate::ir::{ModuleKind, Path};

/// The two name spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Types, traits, modules, crates.
    Types,
    /// Functions, constants, constructors.
    Values,
}

/// A definition and how many segments of the path led to it; the rest names something inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The definition.
    pub def: Def,
    /// Segments used.
    pub used: usize,
}

/// One look-up in progress.
#[derive(Default)]
struct Busy {
    /// Modules whose globs were already searched for a name: cycles of globs end, and no module is searched twice.
    globs: FxSet<(ModIdx, Symbol, Space)>,
    /// While imports are being resolved: what each leads to as far as known.
    /// Besides, which imports were looked at.
    drafts: Option<(IndexVec<ImportIdx, [Option<Def>; 2]>, Vec<ImportIdx>)>,
}

/// Chains of re-exports longer than this stay unresolved.
const IMPORT_ROUNDS: usize = 24;

/// Names over a module tree.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The tree with its declarations filled in.
    pub tree: &'a Tree,
    /// The catalog.
    pub know: &'a Know,
    /// Variants of workspace enums.
    pub variants: &'a super::fx::FxMap<Symbol, super::fx::FxSet<Symbol>>,
}

impl Names<'_> {
    /// What a written path stands for in a module. `Self` and generic parameters are the caller's business.
    pub fn resolve(&self, module: ModIdx, path: &Path, space: Space) -> Option<Found> {
        let list: Vec<Symbol> = path.segments.iter().map(|s| s.name).collect();
        self.resolve_names(module, &list, path.global, space)
    }

    /// The same for plain names.
    pub fn resolve_names(&self, module: ModIdx, path: &[Symbol], global: bool, space: Space) -> Option<Found> {
        self.walk(module, path, global, space, &mut Busy::default())
    }

    /// The canonical path of a macro that is not of this workspace, as far as imports tell; else the path as written.
    pub fn macro_path(&self, module: ModIdx, path: &[Symbol]) -> Symbol {
        let text = |p: &[Symbol]| Symbol::new(&p.iter().map(|s| s.as_str()).collect::<Vec<_>>().join("::"));
        if let [name] = path {
            for space in [Space::Types, Space::Values] {
                if let Some(Def::Extern(path)) = self.lexical(module, *name, space, &mut Busy::default()) {
                    return self.know.canon_path(path);
                }
            }
            return *name;
        }
        for space in [Space::Types, Space::Values] {
            if let Some(Found { def: Def::Extern(path), .. }) = self.resolve_names(module, path, false, space) {
                return self.know.canon_path(path);
            }
        }
        text(path)
    }

    /// Whether a trait of another crate is in scope in a module, under whatever name (`as _` too).
    pub fn trait_in_scope(&self, module: ModIdx, trait_: Symbol) -> bool {
        let is = |def: Option<Def>| matches!(def, Some(Def::Extern(path)) if self.know.canon_path(path) == trait_);
        let last = self.know.last(trait_);
        let mut busy = Busy::default();
        if is(self.lexical(module, last, Space::Types, &mut busy)) {
            return true;
        }
        let mut at = Some(module);
        while let Some(m) = at {
            let data = &self.tree.modules[m];
            let hidden = data.imports.get(&names().underscore).into_iter().flatten();
            if hidden.copied().any(|i| is(self.import(i, &mut busy)[0])) {
                return true;
            }
            at = data.parent.filter(|_| data.kind == ModuleKind::Block);
        }
        false
    }

    fn walk(&self, module: ModIdx, path: &[Symbol], global: bool, space: Space, busy: &mut Busy) -> Option<Found> {
        let n = names();
        let first = *path.first()?;
        let last = path.len() - 1;
        let space_at = |i: usize| if i == last { space } else { Space::Types };
        let (mut def, mut used) = if global {
            (self.crate_named(module, first).or_else(|| self.from_root(module, first, space_at(0), busy))?, 1)
        } else if first == n.crate_ {
            (Def::Mod(self.tree.units[self.tree.modules[module].unit].root), 1)
        } else if first == n.self_value && path.len() > 1 {
            (Def::Mod(self.nearest(module)), 1)
        } else if first == n.super_ {
            (Def::Mod(self.parent(module)), 1)
        } else {
            (self.lexical(module, first, space_at(0), busy)?, 1)
        };
        while used < path.len() {
            let name = path[used];
            def = match def {
                Def::Mod(m) if name == n.super_ => Def::Mod(self.parent(m)),
                Def::Mod(m) => match self.member(m, name, space_at(used), busy) {
                    Some(inner) => inner,
                    None => Def::Missing(self.know.join(self.tree.modules[m].path, name)),
                },
                Def::Adt(path) if self.variants.get(&path).is_some_and(|v| v.contains(&name)) => {
                    Def::Variant(path, name)
                }
                Def::Extern(path) => Def::Extern(self.know.join(path, name)),
                Def::Missing(path) => Def::Missing(self.know.join(path, name)),
                Def::Adt(_) | Def::Variant(..) | Def::Trait(_) | Def::Alias(_) | Def::Fn(_) | Def::Static(_) => break,
            };
            used += 1;
        }
        Some(Found { def, used })
    }

    fn nearest(&self, module: ModIdx) -> ModIdx {
        let mut at = module;
        while self.tree.modules[at].kind == ModuleKind::Block {
            match self.tree.modules[at].parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    }
    fn parent(&self, module: ModIdx) -> ModIdx {
        let at = self.nearest(module);
        self.tree.modules[at].parent.map_or(at, |p| self.nearest(p))
    }

    /// A name as code in the module sees it.
    fn lexical(&self, module: ModIdx, name: Symbol, space: Space, busy: &mut Busy) -> Option<Def> {
        let mut at = module;
        loop {
            if let Some(def) = self.member(at, name, space, busy) {
                return Some(def);
            }
            let data = &self.tree.modules[at];
            match data.parent {
                Some(parent) if data.kind == ModuleKind::Block => at = parent,
                _ => break,
            }
        }
        if space == Space::Types
            && let Some(def) = self.crate_named(module, name)
        {
            return Some(def);
        }
        if let Some(path) = prelude(name) {
            return Some(Def::Extern(path));
        }
        // Edition 2015 paths start at the crate's root.
        self.from_root(module, name, space, busy).or_else(|| self.from_unknown_glob(module, name, space, busy))
    }

    /// A type that nothing else explains, in a module with one glob import of a crate that no pack describes: it is from there.
    fn from_unknown_glob(&self, module: ModIdx, name: Symbol, space: Space, busy: &mut Busy) -> Option<Def> {
        if space != Space::Types || !name.as_str().starts_with(char::is_uppercase) {
            return None;
        }
        let mut found = None;
        for glob in &self.tree.modules[self.nearest(module)].globs {
            if let Some(Def::Extern(path)) = self.import(*glob, busy)[0]
                && self.know.catalog.pack_of_root(self.know.root(path)).is_none()
            {
                if found.is_some() {
                    return None;
                }
                found = Some(Def::Extern(self.know.join(path, name)));
            }
        }
        found
    }

    fn from_root(&self, module: ModIdx, name: Symbol, space: Space, busy: &mut Busy) -> Option<Def> {
        let root = self.tree.units[self.tree.modules[module].unit].root;
        match self.tree.modules[root].types.get(&name) {
            Some(def @ Def::Mod(_)) if space == Space::Types => Some(*def),
            _ => {
                let data = &self.tree.modules[root];
                let imports = data.imports.get(&name).filter(|_| root != module)?;
                imports.iter().find_map(|i| match self.import(*i, busy)[0] {
                    // `extern crate x as y` at the root counts everywhere.
                    Some(def @ Def::Extern(path)) if !path.as_str().contains("::") => Some(def),
                    _ => None,
                })
            }
        }
    }

    /// A crate by its name in source.
    fn crate_named(&self, module: ModIdx, name: Symbol) -> Option<Def> {
        let unit = &self.tree.units[self.tree.modules[module].unit];
        match unit.externs.get(&name) {
            Some(CrateName::Workspace(root)) => return Some(Def::Mod(*root)),
            Some(CrateName::Outside(path)) => return Some(Def::Extern(*path)),
            None => {}
        }
        if matches!(name.as_str(), "std" | "core" | "alloc") {
            return Some(Def::Extern(names().std));
        }
        // Not among the dependencies that we saw: a pack's root, or the one workspace crate of that name.
        if self.know.catalog.fold_root(name).is_some() || self.know.catalog.crate_row(name).is_some() {
            return Some(Def::Extern(name));
        }
        match self.tree.by_name.get(&name) {
            Some(Some(root)) => Some(Def::Mod(*root)),
            _ => None,
        }
    }

    /// A name inside a module: declared, imported, or from a glob.
    fn member(&self, module: ModIdx, name: Symbol, space: Space, busy: &mut Busy) -> Option<Def> {
        let data = &self.tree.modules[module];
        let declared = match space {
            Space::Types => data.types.get(&name),
            Space::Values => data.values.get(&name),
        };
        if let Some(def) = declared {
            return Some(*def);
        }
        let slot = usize::from(space == Space::Values);
        if let Some(imports) = data.imports.get(&name) {
            for &import in imports {
                if let Some(def) = self.import(import, busy)[slot] {
                    return Some(def);
                }
            }
        }
        if data.globs.is_empty() {
            return None;
        }
        if !busy.globs.insert((module, name, space)) {
            return None;
        }
        self.from_globs(module, name, space, busy)
    }

    fn from_globs(&self, module: ModIdx, name: Symbol, space: Space, busy: &mut Busy) -> Option<Def> {
        let globs = &self.tree.modules[module].globs;
        let mut outside = Vec::new();
        for &glob in globs {
            match self.import(glob, busy)[0] {
                Some(Def::Mod(m)) => {
                    if let Some(def) = self.member(m, name, space, busy) {
                        return Some(def);
                    }
                }
                Some(Def::Adt(path)) => {
                    if self.variants.get(&path).is_some_and(|v| v.contains(&name)) {
                        return Some(Def::Variant(path, name));
                    }
                }
                Some(Def::Extern(path)) => outside.push(path),
                Some(
                    Def::Missing(_) | Def::Variant(..) | Def::Trait(_) | Def::Alias(_) | Def::Fn(_) | Def::Static(_),
                )
                | None => {}
            }
        }
        outside.into_iter().map(|path| self.know.join(path, name)).find(|path| self.know.knows(*path)).map(Def::Extern)
    }

    /// What an import leads to, in both spaces.
    fn import(&self, index: ImportIdx, busy: &mut Busy) -> [Option<Def>; 2] {
        match &mut busy.drafts {
            Some((drafts, touched)) => {
                touched.push(index);
                drafts[index]
            }
            None => self.tree.imports[index].resolved.get().copied().unwrap_or_default(),
        }
    }

    /// Resolves every import. In rounds, each from what the round before knew, until nothing is new: so cycles of imports
    /// need no care and answers do not depend on who asks first. After the first round only imports are looked at again
    /// that looked at one that changed since.
    pub fn resolve_imports(&self) {
        let n = self.tree.imports.len();
        let mut drafts: IndexVec<ImportIdx, [Option<Def>; 2]> = IndexVec::from_elem([None, None], n);
        let mut seen: IndexVec<ImportIdx, Vec<ImportIdx>> = IndexVec::from_elem(Vec::new(), n);
        // Ticks of a clock that counts looks: when an import was looked at, and when it changed, last.
        let mut looked: IndexVec<ImportIdx, usize> = IndexVec::from_elem(0, n);
        let mut changed: IndexVec<ImportIdx, usize> = IndexVec::from_elem(0, n);
        let mut clock = 0;
        for round in 0..IMPORT_ROUNDS {
            let mut news = false;
            for index in self.tree.imports.indices() {
                if round > 0 && seen[index].iter().all(|s| changed[*s] <= looked[index]) {
                    continue;
                }
                clock += 1;
                looked[index] = clock;
                let import = &self.tree.imports[index];
                let mut answer = [None, None];
                let mut touched = Vec::new();
                for (slot, space) in [Space::Types, Space::Values].into_iter().enumerate() {
                    let mut busy = Busy { drafts: Some((std::mem::take(&mut drafts), touched)), ..Busy::default() };
                    let found = self.walk(import.module, &import.path, import.global, space, &mut busy);
                    (drafts, touched) = busy.drafts.expect("it was put there");
                    answer[slot] = found.filter(|f| f.used == import.path.len()).map(|f| f.def);
                }
                touched.sort();
                touched.dedup();
                seen[index] = touched;
                // A name that is really there hides one that is only missing in the other space.
                for i in [0, 1] {
                    if matches!(answer[i], Some(Def::Missing(_)))
                        && !matches!(answer[1 - i], Some(Def::Missing(_)) | None)
                    {
                        answer[i] = None;
                    }
                }
                if answer != drafts[index] {
                    clock += 1;
                    changed[index] = clock;
                    news = true;
                    drafts[index] = answer;
                }
            }
            if !news {
                break;
            }
        }
        for (index, answer) in drafts.iter_enumerated() {
            // Another thread can only have put the same answer.
            let _ = self.tree.imports[index].resolved.set(*answer);
        }
    }
}
