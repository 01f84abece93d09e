//! What there is to read: the files of a tree and the crates they belong to.
//!
//! Owns: [`walk`] (which files), [`git`] (trees that were staged or committed), [`globs`], [`manifest`] (which crates, editions, dependencies; from Cargo.toml text, without cargo),
//! [`root`] (where the workspace begins), and the reading of files.
//!
//! **Invariants:** files are in order of their path, whatever the file system says; what cannot be read is a [`Problem`] with
//! its place and the rest goes on; a tree made in memory takes the same way as one on disk. **Absent on purpose:** `syn`,
//! packs, settings.

pub mod git;
pub mod globs;
pub mod manifest;
pub mod root;
pub mod walk;

use crate::base::{CrateInput, Problem};
use std::path::{Path, PathBuf};

pub use git::{Repository, Snapshot};
pub use globs::Globs;
pub use root::find_root;
pub use walk::Rules;

/// Where a file's text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file on disk.
    Disk(PathBuf),
    /// Text that somebody handed in: standard input, fixtures, a staged version.
    Memory(String),
    /// There is none, for this reason.
    Missing(String),
}

/// A Rust file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path below the root, `/`-separated.
    pub path: String,
    /// Its text.
    pub content: Content,
    /// Whether its place says that it is test code: `tests/`, `benches/`, `examples/` of a package, or a crate for tests only.
    pub is_test: bool,
    /// Edition of the package around it.
    pub edition: u16,
}

/// Everything there is to read, in order.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The workspace root.
    pub root: PathBuf,
    /// The Rust files, in order of path.
    pub files: Vec<Entry>,
    /// The crates, in order of folder.
    pub crates: Vec<CrateInput>,
    /// What could not be read. Paths are relative to the root.
    pub problems: Vec<Problem>,
    /// Exclusion globs that matched nothing.
    pub idle_excludes: Vec<String>,
}

impl Tree {
    /// Reads the tree below `root`.
    pub fn from_disk(root: &Path, rules: &Rules) -> Tree {
        let found = walk::walk(root, rules);
        let mut problems = found.problems;
        let mut manifests = Vec::new();
        for path in found.manifests {
            match read_text(&root.join(&path)) {
                Ok(text) => manifests.push((path, text)),
                Err(message) => problems.push(Problem { path, line: 0, message }),
            }
        }
        let files = found.files.into_iter().map(|path| {
            let content = Content::Disk(root.join(&path));
            (path, content)
        });
        let mut tree = Tree::assemble(files.collect(), manifests);
        tree.root = root.to_path_buf();
        tree.idle_excludes = found.idle_excludes;
        tree.problems.extend(problems);
        tree.problems.sort();
        tree
    }

    /// The tree that git holds, as the walk would see it: hidden files, those that git's rules leave out and those of the user's
    /// globs are no part of it. What submodules hold is taken from disk.
    pub fn from_snapshot(root: &Path, rules: &Rules, snapshot: &Snapshot, repository: &Repository) -> Tree {
        let excludes = Globs::new(rules.exclude.iter().map(String::as_str)).ok();
        let named = |path: &str| rules.explicit.iter().any(|named| root.join(path).starts_with(named) && named != root);
        let seen = |path: &&str| {
            let hidden = path.split('/').any(|part| part.starts_with('.'));
            !excludes.as_ref().is_some_and(|globs| globs.matches(path)) && (!hidden || named(path))
        };
        let paths: Vec<&str> = snapshot.files.keys().map(String::as_str).filter(seen).collect();
        let ignored = repository.ignored(&paths);
        let (mut files, mut manifests, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for path in paths.into_iter().filter(|path| !ignored.contains(*path) || named(path)) {
            let text = text_of(snapshot.files[path].to_vec());
            if path.ends_with(".rs") {
                files.push((path.to_owned(), text.map_or_else(Content::Missing, Content::Memory)));
            } else if path == "Cargo.toml" || path.ends_with("/Cargo.toml") {
                match text {
                    Ok(text) => manifests.push((path.to_owned(), text)),
                    Err(message) => problems.push(Problem { path: path.to_owned(), line: 0, message }),
                }
            }
        }
        if !snapshot.submodules.is_empty() {
            let inside = |path: &str| snapshot.submodules.iter().any(|dir| path.starts_with(&format!("{dir}/")));
            let found = walk::walk(root, rules);
            for path in found.manifests.into_iter().filter(|path| inside(path)) {
                if let Ok(text) = read_text(&root.join(&path)) {
                    manifests.push((path, text));
                }
            }
            let disk = |path: String| (path.clone(), Content::Disk(root.join(path)));
            files.extend(found.files.into_iter().filter(|path| inside(path)).map(disk));
            files.sort_by(|a, b| a.0.cmp(&b.0));
            manifests.sort();
        }
        let mut tree = Tree::assemble(files, manifests);
        tree.root = root.to_path_buf();
        tree.problems.extend(problems);
        tree.problems.sort();
        tree
    }

    /// A tree of texts. Files named `Cargo.toml` are manifests, `.rs` files are sources, others are left out. Where no manifest
    /// is given, all is one crate of `edition`.
    pub fn in_memory(files: impl IntoIterator<Item = (String, String)>, edition: u16) -> Tree {
        let mut sources = Vec::new();
        let mut manifests = Vec::new();
        for (path, text) in files {
            if path == "Cargo.toml" || path.ends_with("/Cargo.toml") {
                manifests.push((path, text));
            } else if path.ends_with(".rs") {
                sources.push((path, Content::Memory(text)));
            }
        }
        sources.sort_by(|a, b| a.0.cmp(&b.0));
        manifests.sort();
        let bare = manifests.is_empty();
        let mut tree = Tree::assemble(sources, manifests);
        if bare {
            for krate in &mut tree.crates {
                krate.edition = edition;
            }
            for entry in &mut tree.files {
                entry.edition = edition;
            }
        }
        tree
    }

    /// Puts `text` in the place of the file at `path`, or adds the file.
    pub fn replace(&mut self, path: &str, text: String) {
        let content = Content::Memory(text);
        match self.files.binary_search_by(|e| e.path.as_str().cmp(path)) {
            Ok(at) => self.files[at].content = content,
            Err(at) => {
                let (edition, is_test) = manifest::of_file(&self.crates, path);
                self.files.insert(at, Entry { path: path.to_owned(), content, is_test, edition });
            }
        }
    }

    fn assemble(files: Vec<(String, Content)>, manifests: Vec<(String, String)>) -> Tree {
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let manifest::Crates { crates, test_roots, problems } = manifest::crates(&manifests, &paths);
        let files = files
            .into_iter()
            .map(|(path, content)| {
                let (edition, by_folder) = manifest::of_file(&crates, &path);
                Entry { is_test: by_folder || test_roots.contains(&path), path, content, edition }
            })
            .collect();
        Tree { root: PathBuf::new(), files, crates, problems, idle_excludes: Vec::new() }
    }
}

impl Entry {
    /// The text, or why it cannot be had.
    pub fn read(&self) -> Result<String, String> {
        match &self.content {
            Content::Memory(text) => Ok(text.clone()),
            Content::Missing(message) => Err(message.clone()),
            Content::Disk(path) => read_text(path),
        }
    }
}

/// Larger files are generated; what reading one costs is a multiple of its size.
const LARGEST: u64 = 32 << 20;

/// Whether `path`, with links followed, lies below `root`, which has none.
pub fn stays_inside(root: &Path, path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with(root))
}

/// Reads a UTF-8 file.
pub fn read_text(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|e| format!("cannot be read: {}", plain_io(&e)))?;
    if about.is_file() && about.len() > LARGEST {
        return Err(format!("is larger than {} MiB", LARGEST >> 20));
    }
    let bytes = std::fs::read(path).map_err(|e| format!("cannot be read: {}", plain_io(&e)))?;
    text_of(bytes)
}

fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = e.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count() + 1;
        format!("is not UTF-8 (byte {at}, line {line})")
    })
}

/// An I/O error in words, without the operating system's number.
fn plain_io(error: &std::io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let mut words = text[..end].to_owned();
    if let Some(first) = words.get(..1) {
        let lower = first.to_ascii_lowercase();
        words.replace_range(..1, &lower);
    }
    words
}

#[cfg(test)]
mod tests;
