//! All active packs, indexed by canonical path.
//!
//! **Invariants:** built once, then only read; every look-up is a hash of a [`Symbol`]; lists come in order of path, so that
//! nothing depends on the order of hashing. A row of a later pack replaces one of an earlier pack only if the later pack is
//! the project's own; else both are told.

use super::load::{self, parent_of};
use super::reader::PackError;
use super::schema::*;
use super::type_expr::visit_paths;
use super::words;
use crate::base::fx::{FxMap, FxSet};
use crate::base::{Dep, Symbol};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;

/// The texts of `rules/*.toml`: id and text, in order of id.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// How many aliases may follow one another before a cycle is assumed.
const ALIAS_STEPS: usize = 16;

/// Why a pack is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It names no package: everybody has it.
    Always,
    /// This Cargo package is in use.
    Package(String),
    /// This active pack names its types.
    NamedBy(String),
}

/// The packs of a run. Built once, shared by all threads.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The packs, in order of id.
    pub packs: Vec<Pack>,
    types: FxMap<Symbol, (usize, usize)>,
    fns: FxMap<Symbol, (usize, usize)>,
    traits: FxMap<Symbol, (usize, usize)>,
    crates: FxMap<Symbol, (usize, usize)>,
    /// Rows of families of crates by what their names begin with, the longest first.
    families: Vec<(String, (usize, usize))>,
    macros: FxMap<Symbol, MacroShape>,
    /// By last segment; `None` where rows disagree.
    macro_names: FxMap<Symbol, Option<MacroShape>>,
    aliases: FxMap<Symbol, TypeExpr>,
    /// `a::b` to `c`, for `a::b::*` = `c::*`.
    globs: FxMap<Symbol, Symbol>,
    assocs: FxMap<(Symbol, Symbol), TypeExpr>,
    roots: FxMap<Symbol, Symbol>,
    owners: FxMap<Symbol, usize>,
    /// Rows by last segment, in order of path.
    methods: FxMap<Symbol, Vec<Symbol>>,
    /// Rows of traits' methods by last segment, in order of path.
    trait_methods: FxMap<Symbol, Vec<Symbol>>,
    derives: FxMap<Symbol, Vec<(usize, usize)>>,
    /// Connections that some pool hands out as they are, without a guard around.
    handed_out: FxSet<Symbol>,
}

impl Catalog {
    /// Indexes the packs. The errors are those that one pack alone cannot have: two rows for one path, unknown roots.
    pub fn new(packs: Vec<Pack>) -> (Catalog, Vec<PackError>) {
        let mut catalog = Catalog { packs, ..Catalog::default() };
        let mut errors = Vec::new();
        for root in ["std", "core", "alloc"] {
            catalog.roots.insert(root.into(), "std".into());
        }
        for index in 0..catalog.packs.len() {
            catalog.index_roots(index, &mut errors);
        }
        for index in 0..catalog.packs.len() {
            catalog.index_rows(index, &mut errors);
            catalog.check_roots(index, &mut errors);
        }
        catalog.families.sort_by(|(a, at), (b, bt)| b.len().cmp(&a.len()).then(bt.cmp(at)));
        catalog.index_methods();
        catalog.index_handed_out();
        errors.sort();
        errors.dedup();
        (catalog, errors)
    }

    /// The packs that letgo ships. Their texts are checked by a test, so nothing is lost here.
    pub fn builtin() -> Catalog {
        Catalog::new(builtin_packs().0).0
    }

    fn index_roots(&mut self, index: usize, errors: &mut Vec<PackError>) {
        let pack = &self.packs[index];
        let Some(&first) = pack.roots.first() else { return };
        for &root in &pack.roots {
            if let Some(&before) = self.owners.get(&root) {
                let message = format!("root `{root}` belongs to {} already", self.packs[before].origin);
                errors.push(PackError { path: pack.origin.clone(), line: 1, column: 1, message });
                continue;
            }
            self.roots.insert(root, if pack.separate { root } else { first });
            self.owners.insert(root, index);
        }
    }

    fn index_rows(&mut self, index: usize, errors: &mut Vec<PackError>) {
        let pack = &self.packs[index];
        let packs = &self.packs;
        let mut twice = |table: &'static str, path: Symbol, before: Option<usize>| {
            if let Some(before) = before.filter(|b| *b != index && pack.id != "project") {
                let line = pack.lines.get(&(table, path)).copied().unwrap_or(0);
                let message = format!("`{path}` already has a row in {}; keep one {table}", packs[before].origin);
                errors.push(PackError { path: pack.origin.clone(), line, column: 1, message });
            }
        };
        for (i, row) in pack.types.iter().enumerate() {
            twice("[[type]]", row.path, self.types.insert(row.path, (index, i)).map(|b| b.0));
        }
        for (i, row) in pack.fns.iter().enumerate() {
            twice("[[fn]]", row.path, self.fns.insert(row.path, (index, i)).map(|b| b.0));
        }
        for (i, row) in pack.traits.iter().enumerate() {
            twice("[[trait]]", row.path, self.traits.insert(row.path, (index, i)).map(|b| b.0));
        }
        for (i, row) in pack.crates.iter().enumerate() {
            let name = self.roots.get(&row.name).copied().unwrap_or(row.name);
            twice("[[crate]]", row.name, self.crates.insert(name, (index, i)).map(|b| b.0));
            if let Some(stem) = name.as_str().strip_suffix('*') {
                self.families.push((stem.to_owned(), (index, i)));
            }
        }
        for (path, shape) in &pack.macros {
            self.macros.insert(*path, *shape);
            let last = last_segment(*path);
            let known = self.macro_names.entry(last).or_insert(Some(*shape));
            if *known != Some(*shape) {
                *known = None;
            }
        }
        for (path, ty) in &pack.aliases {
            let glob = |p: Symbol| p.as_str().strip_suffix("::*").map(Symbol::new);
            match (glob(*path), ty) {
                (Some(from), TypeExpr::Path(to, _)) => {
                    self.globs.insert(from, glob(*to).unwrap_or(*to));
                }
                _ => {
                    self.aliases.insert(*path, ty.clone());
                }
            }
        }
        for (path, name, ty) in &pack.assocs {
            self.assocs.insert((*path, *name), ty.clone());
        }
        for (i, (path, _)) in pack.derives.iter().enumerate() {
            self.derives.entry(*path).or_default().push((index, i));
        }
    }

    /// Every path that a row names starts with a root that some pack knows. A project may name any crate.
    fn check_roots(&self, index: usize, errors: &mut Vec<PackError>) {
        let pack = &self.packs[index];
        if pack.id == "project" {
            return;
        }
        mentions(pack, &mut |table, row, path| {
            let root = Symbol::new(root_of(path));
            if self.roots.contains_key(&root) || words::PRIMITIVES.contains(&root.as_str()) {
                return;
            }
            let mut known: Vec<&str> = self.roots.keys().map(|r| r.as_str()).collect();
            known.sort_unstable();
            let hint = match words::nearest(root.as_str(), known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `{root}` to the roots of its pack, or write `_`"),
            };
            let line = pack.lines.get(&(table, row)).copied().unwrap_or(0);
            let message = format!("`{path}`: no pack has the root `{root}`; {hint}");
            errors.push(PackError { path: pack.origin.clone(), line, column: 1, message });
        });
    }

    fn index_methods(&mut self) {
        let mut paths: Vec<Symbol> = self.fns.keys().copied().collect();
        paths.sort();
        for path in paths {
            let name = last_segment(path);
            self.methods.entry(name).or_default().push(path);
            if parent_of(path).is_some_and(|p| self.traits.contains_key(&p)) {
                self.trait_methods.entry(name).or_default().push(path);
            }
        }
    }

    fn index_handed_out(&mut self) {
        let mut found = FxSet::default();
        for row in self.packs.iter().flat_map(|p| &p.fns) {
            if !matches!(row.effect, Effect::Acquire { .. }) {
                continue;
            }
            let mut out = row.out.as_ref();
            while let Some(TypeExpr::Path(path, args)) = out {
                if self.type_row(*path).is_some_and(|r| r.kind == Kind::Conn) {
                    found.insert(*path);
                }
                out = match path.as_str() {
                    "std::result::Result" | "std::option::Option" => args.first(),
                    _ => None,
                };
            }
        }
        self.handed_out = found;
    }

    /// Whether a pool hands out connections of this type as they are. One of any other type that somebody owns was opened,
    /// or has left its pool.
    pub fn is_handed_out(&self, path: Symbol) -> bool {
        self.handed_out.contains(&path)
    }

    /// The row of a type, by canonical path.
    pub fn type_row(&self, path: Symbol) -> Option<&TypeRow> {
        self.types.get(&path).map(|&(p, i)| &self.packs[p].types[i])
    }
    /// The row of a function or method, by canonical path (`root::Type::method`; a macro's is `root::name!`).
    pub fn fn_row(&self, path: Symbol) -> Option<&FnRow> {
        self.fns.get(&path).map(|&(p, i)| &self.packs[p].fns[i])
    }
    /// The row of the method `name` of the type or trait `of`, not of what it derefs to.
    pub fn method(&self, of: Symbol, name: Symbol) -> Option<&FnRow> {
        self.methods.get(&name)?;
        self.fn_row(Symbol::new(&format!("{of}::{name}")))
    }
    /// The row of a trait.
    pub fn trait_row(&self, path: Symbol) -> Option<&TraitRow> {
        self.traits.get(&path).map(|&(p, i)| &self.packs[p].traits[i])
    }
    /// The row of a crate, by lib name (any root).
    pub fn crate_row(&self, name: Symbol) -> Option<&CrateRow> {
        let name = self.roots.get(&name).copied().unwrap_or(name);
        let family = || self.families.iter().find(|(stem, _)| name.as_str().starts_with(&**stem)).map(|(_, at)| at);
        self.crates.get(&name).or_else(family).map(|&(p, i)| &self.packs[p].crates[i])
    }

    /// Whether some type of a crate has a row, by lib name (any root).
    pub fn has_types(&self, name: Symbol) -> bool {
        self.owners.get(&name).is_some_and(|&p| !self.packs[p].types.is_empty())
    }

    /// The shape of a macro, by canonical path.
    pub fn macro_shape(&self, path: Symbol) -> Option<MacroShape> {
        self.macros.get(&path).copied()
    }
    /// The shape of a macro as it is written (`tokio::select`, `select`): by path, else by its last segment where all rows
    /// of that name agree.
    pub fn macro_shape_written(&self, segments: &[Symbol]) -> Option<MacroShape> {
        let &last = segments.last()?;
        if segments.len() > 1 {
            let path: Vec<&str> = segments.iter().map(|s| s.as_str()).collect();
            let path = self.canonical(Symbol::new(&path.join("::")));
            if let Some(shape) = self.macro_shape(path) {
                return Some(shape);
            }
        }
        self.macro_names.get(&last).copied().flatten()
    }
    /// Names of macros and their shapes where all rows of a name agree, in order of name: the table for lowering.
    pub fn macro_table(&self) -> Vec<(Symbol, MacroShape)> {
        let mut table: Vec<_> = self.macro_names.iter().filter_map(|(n, s)| Some((*n, (*s)?))).collect();
        table.sort_by_key(|(n, _)| *n);
        table
    }

    /// The canonical root of a lib name that a pack knows: `core` is `std`.
    pub fn fold_root(&self, name: Symbol) -> Option<Symbol> {
        self.roots.get(&name).copied()
    }
    /// The pack that knows a lib name.
    pub fn pack_of_root(&self, root: Symbol) -> Option<&Pack> {
        self.owners.get(&root).map(|&p| &self.packs[p])
    }

    /// What a path (root folded) stands for, one step: an alias, or what a glob re-export leads to. `None` for a path with a
    /// row of its own and for a path that no alias touches. `$n` in the answer is the n-th argument of the path that was
    /// asked for; an answer without arguments takes them over.
    pub fn alias(&self, path: Symbol) -> Option<TypeExpr> {
        if self.has_row(path) {
            return None;
        }
        if let Some(ty) = self.aliases.get(&path) {
            return Some(ty.clone());
        }
        self.through_prefix(path).map(|to| TypeExpr::Path(to, Vec::new()))
    }

    /// The canonical path: root folded, aliases and glob re-exports followed as far as they are plain paths. Type arguments
    /// of an alias are not part of a path: [`Catalog::alias`] has them. A method keeps its name: `sqlx::PgPool::connect`
    /// becomes `sqlx::Pool::connect`.
    pub fn canonical(&self, path: Symbol) -> Symbol {
        let mut path = self.folded(path);
        for _ in 0..ALIAS_STEPS {
            if self.has_row(path) {
                break;
            }
            let next = match self.aliases.get(&path) {
                Some(TypeExpr::Path(to, _)) => Some(*to),
                Some(_) => None,
                None => self.through_prefix(path),
            };
            match next {
                Some(to) if to != path => path = self.folded(to),
                _ => break,
            }
        }
        path
    }

    /// Whether a path (root folded) has a row or stands for something.
    pub fn knows(&self, path: Symbol) -> bool {
        self.has_row(path) || self.alias(path).is_some()
    }

    fn has_row(&self, path: Symbol) -> bool {
        self.types.contains_key(&path)
            || self.fns.contains_key(&path)
            || self.traits.contains_key(&path)
            || self.macros.contains_key(&path)
    }

    fn folded(&self, path: Symbol) -> Symbol {
        let text = path.as_str();
        let (root, rest) = text.split_once("::").map_or((text, None), |(root, rest)| (root, Some(rest)));
        match (self.roots.get(&Symbol::new(root)), rest) {
            (Some(first), Some(rest)) if first.as_str() != root => Symbol::new(&format!("{first}::{rest}")),
            (Some(first), None) => *first,
            _ => path,
        }
    }

    /// The path with its longest aliased prefix replaced.
    fn through_prefix(&self, path: Symbol) -> Option<Symbol> {
        let text = path.as_str();
        let mut end = text.len();
        while let Some(cut) = text[..end].rfind("::") {
            let (head, tail) = (Symbol::new(&text[..cut]), &text[cut..]);
            if let Some(to) = self.globs.get(&head) {
                return Some(Symbol::new(&format!("{to}{tail}")));
            }
            if let Some(TypeExpr::Path(to, _)) = self.aliases.get(&head).filter(|_| !self.has_row(head)) {
                return Some(Symbol::new(&format!("{to}{tail}")));
            }
            end = cut;
        }
        None
    }

    /// The associated type `name` of a type: `M::Type` for a manager.
    pub fn assoc(&self, type_path: Symbol, name: Symbol) -> Option<&TypeExpr> {
        self.assocs.get(&(type_path, name))
    }

    /// Canonical paths of all rows whose last segment is `name`, in order.
    pub fn methods_named(&self, name: Symbol) -> &[Symbol] {
        self.methods.get(&name).map_or(&[], Vec::as_slice)
    }
    /// The rows of traits' methods of that name with their trait, in order of path. Whether a trait is one of the receiver's
    /// says [`Catalog::applies`].
    pub fn trait_methods(&self, name: Symbol) -> Vec<(Symbol, &FnRow)> {
        let paths = self.trait_methods.get(&name).map_or(&[][..], Vec::as_slice);
        paths.iter().filter_map(|&p| Some((parent_of(p)?, self.fn_row(p)?))).collect()
    }

    /// Whether values of `to`, a type or a trait bound, have the methods of the trait: it is the trait itself, it is of the
    /// trait's own library and its kind is in `may_be`, its type row implements the trait, or the trait is `for` it (or for a trait that applies to it). A future of
    /// any sort asks with `std::future::Future`.
    pub fn applies(&self, trait_path: Symbol, to: Symbol) -> bool {
        self.applies_within(trait_path, to, 4)
    }

    fn applies_within(&self, trait_path: Symbol, to: Symbol, depth: usize) -> bool {
        if trait_path == to {
            return true;
        }
        let ty = self.type_row(to);
        if ty.is_some_and(|t| t.implements.contains(&trait_path)) {
            return true;
        }
        let Some(row) = self.trait_row(trait_path) else { return false };
        if ty.is_some_and(|t| row.may_be.contains(&t.kind)) && root_of(trait_path) == root_of(to) {
            return true;
        }
        row.applies_to.iter().any(|&a| a == "*" || (depth > 0 && self.applies_within(a, to, depth - 1)))
    }

    /// The row of a function that a derive or attribute macro generates on the type it stands on: by name, else by the
    /// pattern (`find_by_*_in_op`) with the most letters of its own.
    pub fn derive_fn(&self, derive: Symbol, name: &str) -> Option<&FnRow> {
        let rows = self.derives.get(&derive)?.iter().map(|&(p, i)| &self.packs[p].derives[i].1);
        let fits = |row: &&FnRow| {
            let own = last_segment(row.path).as_str();
            match own.split_once('*') {
                None => own == name,
                Some((head, tail)) => {
                    name.len() > head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
                }
            }
        };
        rows.filter(fits).max_by_key(|row| {
            let own = last_segment(row.path).as_str();
            (!own.contains('*'), own.len())
        })
    }
    /// The row that a call's target names: of a function or method, or of what a derive writes.
    pub fn target_row(&self, path: Symbol) -> Option<&FnRow> {
        self.fn_row(path).or_else(|| {
            let (derive, name) = path.as_str().rsplit_once("::")?;
            self.derive_fn(Symbol::new(derive), name)
        })
    }
    /// The one derive that packs know by this last segment: how `#[macro_use] extern crate` brings it.
    pub fn derive_named(&self, name: Symbol) -> Option<Symbol> {
        let mut fitting = self.derives.keys().filter(|path| last_segment(**path) == name);
        fitting.next().filter(|_| fitting.next().is_none()).copied()
    }
    /// Whether some pack knows the derive or attribute macro.
    pub fn knows_derive(&self, derive: Symbol) -> bool {
        self.derives.contains_key(&derive)
    }

    /// Ids of the packs that are active when these Cargo packages are in use, in order: packs without `packages`, packs of
    /// one of them, and the packs whose types an active pack names.
    pub fn active_for<'a>(&self, packages: impl IntoIterator<Item = &'a str>) -> Vec<&str> {
        self.why_active(packages).into_keys().map(|i| self.packs[i].id.as_str()).collect()
    }

    /// The same with the reason of each, by index of pack.
    pub fn why_active<'a>(&self, packages: impl IntoIterator<Item = &'a str>) -> BTreeMap<usize, Why> {
        let used: BTreeSet<&str> = packages.into_iter().collect();
        let first = |(i, pack): (usize, &Pack)| {
            if pack.packages.is_empty() {
                return Some((i, Why::Always));
            }
            let package = pack.packages.iter().find(|p| used.contains(p.as_str()))?;
            Some((i, Why::Package(package.clone())))
        };
        let mut active: BTreeMap<usize, Why> = self.packs.iter().enumerate().filter_map(first).collect();
        let mut todo: Vec<usize> = active.keys().rev().copied().collect();
        while let Some(index) = todo.pop() {
            let by = &self.packs[index];
            mentions(by, &mut |table, _, path| {
                let root = Symbol::new(root_of(path));
                if let Some(&owner) = self.owners.get(&root).filter(|_| brings(table))
                    && !active.contains_key(&owner)
                {
                    active.insert(owner, Why::NamedBy(by.id.clone()));
                    todo.push(owner);
                }
            });
        }
        active
    }

    /// The catalog of the packs that are active for these Cargo packages.
    pub fn narrowed<'a>(&self, packages: impl IntoIterator<Item = &'a str>) -> Catalog {
        let ids: HashSet<String> = self.active_for(packages).into_iter().map(str::to_owned).collect();
        Catalog::new(self.packs.iter().filter(|p| ids.contains(&p.id)).cloned().collect()).0
    }
}

/// The packs that letgo ships, and what is wrong with them (nothing: a test says so).
pub fn builtin_packs() -> (Vec<Pack>, Vec<PackError>) {
    let mut errors = Vec::new();
    let packs = EMBEDDED.iter().map(|(id, text)| {
        let (pack, mut found) = load::load(id, &format!("rules/{id}.toml"), text);
        errors.append(&mut found);
        pack
    });
    (packs.collect(), errors)
}

/// The package whose packs describe a dependency: its own, or the one it stands in for, where no pack knows it and source
/// calls it by the name of one that a pack knows (`tokio = { package = "turmoil-tokio" }`).
pub fn described_by(dep: &Dep) -> &str {
    static SHIPPED: OnceLock<BTreeSet<String>> = OnceLock::new();
    let shipped = SHIPPED.get_or_init(|| {
        EMBEDDED.iter().flat_map(|(id, text)| load::head(id, text).packages).collect::<BTreeSet<String>>()
    });
    if shipped.contains(&dep.package) {
        return &dep.package;
    }
    shipped.iter().find(|known| known.replace('-', "_") == dep.name).map_or(&dep.package, String::as_str)
}

/// The packs that letgo ships and that are active when these Cargo packages are in use, in order of id: as
/// [`Catalog::active_for`] says, but the texts of the others are never read beyond their head.
pub fn packs_for<'a>(packages: impl IntoIterator<Item = &'a str>) -> Vec<Pack> {
    let used: HashSet<&str> = packages.into_iter().collect();
    let heads: Vec<Pack> = EMBEDDED.iter().map(|(id, text)| load::head(id, text)).collect();
    let mut packs: BTreeMap<usize, Pack> = BTreeMap::new();
    let wanted = |head: &Pack| head.packages.is_empty() || head.packages.iter().any(|p| used.contains(p.as_str()));
    let mut todo: Vec<usize> = (0..heads.len()).filter(|&i| wanted(&heads[i])).collect();
    while let Some(index) = todo.pop() {
        if packs.contains_key(&index) {
            continue;
        }
        let (id, text) = EMBEDDED[index];
        let (pack, _) = load::load(id, &format!("rules/{id}.toml"), text);
        let mut roots = BTreeSet::new();
        mentions(&pack, &mut |table, _, path| {
            if brings(table) {
                roots.insert(root_of(path));
            }
        });
        todo.extend((0..heads.len()).filter(|&i| heads[i].roots.iter().any(|r| roots.contains(r.as_str()))));
        packs.insert(index, pack);
    }
    packs.into_values().collect()
}

/// Whether what a table's rows name must be active with them. A trait's `for` points the other way: who has its methods.
fn brings(table: &str) -> bool {
    table != "[[trait]]"
}

fn root_of(path: Symbol) -> &'static str {
    let text = path.as_str();
    text.split_once("::").map_or(text, |(root, _)| root)
}

fn last_segment(path: Symbol) -> Symbol {
    path.as_str().rsplit("::").next().map_or(path, Symbol::new)
}

/// Calls `visit` with table, row and path for every path that a pack's type expressions, globs and traits name.
pub fn mentions(pack: &Pack, visit: &mut impl FnMut(&'static str, Symbol, Symbol)) {
    for row in &pack.types {
        let parts = [&row.deref, &row.item, &row.awaits].into_iter().flatten();
        for ty in parts.chain(row.params.iter().filter_map(|(_, default)| default.as_ref())) {
            visit_paths(ty, &mut |p| visit("[[type]]", row.path, p));
        }
        row.implements.iter().for_each(|p| visit("[[type]]", row.path, *p));
    }
    for row in &pack.fns {
        let params = row.closure.iter().flat_map(|c| c.params.iter());
        for ty in row.out.iter().chain(params) {
            visit_paths(ty, &mut |p| visit("[[fn]]", row.path, p));
        }
    }
    for (path, row) in &pack.derives {
        for ty in row.out.iter() {
            visit_paths(ty, &mut |p| visit("[[derive]]", *path, p));
        }
    }
    for row in &pack.traits {
        row.applies_to.iter().filter(|p| **p != "*").for_each(|p| visit("[[trait]]", row.path, *p));
    }
    for (path, ty) in &pack.aliases {
        visit_paths(ty, &mut |p| visit("[alias]", *path, p));
    }
    for (path, _, ty) in &pack.assocs {
        visit_paths(ty, &mut |p| visit("[assoc]", *path, p));
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
