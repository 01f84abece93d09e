//! Which files there are: a walk with git's ignore rules.
//!
//! Left out: what `.ignore`, `.gitignore`, `.git/info/exclude` and the user's global excludes name (in this order of
//! precedence, deeper files first), hidden files and folders, build folders (`target` beside a Cargo.toml or with a
//! `CACHEDIR.TAG`), and what the user's own globs exclude. A path that the user names on the command line is walked even
//! where the rules would leave it out.
//!
//! Symbolic links are followed inside the root: a folder that lies below it is walked once, at its real place. A link that
//! leads out of the root is told and not followed: what stands there is not the project's. Only regular files are read.
//!
//! **Invariant:** results are sorted; nothing that goes wrong ends the walk.

use crate::base::Problem;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// What the user wants left out or in.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Globs below the root, in the language of `.gitignore`.
    pub exclude: Vec<String>,
    /// Paths that the user named: walked whatever the ignore rules say. Absolute.
    pub explicit: Vec<PathBuf>,
}

/// What a walk finds; paths are relative to the root, `/`-separated, sorted.
#[derive(Debug, Default)]
pub struct Found {
    /// `.rs` files.
    pub files: Vec<String>,
    /// `Cargo.toml` files.
    pub manifests: Vec<String>,
    /// What went wrong.
    pub problems: Vec<Problem>,
    /// Exclusion globs that matched nothing.
    pub idle_excludes: Vec<String>,
}

/// Walks the tree below `root`.
pub fn walk(root: &Path, rules: &Rules) -> Found {
    let mut walk = Walk::new(root, rules);
    walk.go(root, true);
    for path in &rules.explicit {
        if path.is_dir() && path.starts_with(root) && path != root && !walk.saw_below(path) {
            walk.go(path, false);
        } else if path.is_file() {
            walk.take(path);
        }
    }
    walk.finish()
}

struct Walk<'a> {
    root: &'a Path,
    real_root: PathBuf,
    globs: Vec<String>,
    excludes: Gitignore,
    used_excludes: BTreeSet<String>,
    outer: Vec<Layer>,
    files: BTreeSet<String>,
    manifests: BTreeSet<String>,
    problems: Vec<Problem>,
}

/// The ignore files of one folder.
struct Layer {
    depth: usize,
    ignore: Gitignore,
    gitignore: Gitignore,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path, rules: &Rules) -> Walk<'a> {
        let mut problems = Vec::new();
        let mut builder = GitignoreBuilder::new(root);
        for glob in &rules.exclude {
            if let Err(e) = builder.add_line(None, glob) {
                problems.push(Problem { path: glob.clone(), line: 0, message: format!("is not a glob: {e}") });
            }
        }
        let excludes = builder.build().unwrap_or_else(|_| Gitignore::empty());
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
        let mut walk = Walk {
            root,
            real_root,
            globs: rules.exclude.clone(),
            excludes,
            used_excludes: BTreeSet::new(),
            outer: Vec::new(),
            files: BTreeSet::new(),
            manifests: BTreeSet::new(),
            problems,
        };
        walk.outer = walk.outer_layers();
        walk
    }

    /// Rules from above the root: the user's global excludes, the repository's own exclude file, and the ignore files between
    /// the repository's top and the root. Weakest first.
    fn outer_layers(&mut self) -> Vec<Layer> {
        let mut layers = Vec::new();
        let top = self.root.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_path_buf);
        let base = top.clone().unwrap_or_else(|| self.root.to_path_buf());
        if let Some(global) = gitconfig_excludes_path().filter(|p| p.is_file()) {
            let gitignore = self.rules_of(&base, &global);
            layers.push(Layer { depth: 0, ignore: Gitignore::empty(), gitignore });
        }
        let Some(top) = top else { return layers };
        if let Some(exclude) = git_dir(&top).map(|dir| dir.join("info/exclude")).filter(|p| p.is_file()) {
            let gitignore = self.rules_of(&top, &exclude);
            layers.push(Layer { depth: 0, ignore: Gitignore::empty(), gitignore });
        }
        let mut between: Vec<&Path> = self.root.ancestors().skip(1).take_while(|dir| dir.starts_with(&top)).collect();
        between.reverse();
        for dir in between {
            let layer = self.layer(dir, 0);
            layers.push(layer);
        }
        layers
    }

    fn layer(&mut self, dir: &Path, depth: usize) -> Layer {
        let mut read = |name: &str| {
            let file = dir.join(name);
            // What a link leads to elsewhere is neither rules nor to be quoted in a message.
            let is_own = file.is_file() && !file.is_symlink();
            if is_own { self.rules_of(dir, &file) } else { Gitignore::empty() }
        };
        Layer { depth, ignore: read(".ignore"), gitignore: read(".gitignore") }
    }

    fn rules_of(&mut self, base: &Path, file: &Path) -> Gitignore {
        let mut builder = GitignoreBuilder::new(base);
        if let Some(e) = builder.add(file) {
            self.problem(file, format!("not all of its rules can be used: {e}"));
        }
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    }

    fn go(&mut self, start: &Path, obey: bool) {
        let mut layers: Vec<Layer> = Vec::new();
        let mut entries = WalkDir::new(start).follow_links(true).sort_by_file_name().into_iter();
        while let Some(next) = entries.next() {
            let entry = match next {
                Ok(entry) => entry,
                Err(e) => {
                    self.walk_error(&e, obey);
                    continue;
                }
            };
            let is_dir = entry.file_type().is_dir();
            layers.retain(|layer| layer.depth < entry.depth());
            let out = entry.depth() > 0 && (self.excluded(&entry) || obey && self.left_out(&entry, &layers));
            if out || self.leads_out(&entry) || self.is_second_way(&entry) {
                if is_dir {
                    entries.skip_current_dir();
                }
                continue;
            }
            if is_dir {
                if obey {
                    let layer = self.layer(entry.path(), entry.depth());
                    layers.push(layer);
                }
            } else if entry.file_type().is_file() {
                self.take(entry.path());
            } else if entry.path().extension().is_some_and(|e| e == "rs") {
                self.problem(entry.path(), "is no regular file; it is left out".to_owned());
            }
        }
    }

    /// Whether it is a link to something outside the root; told where it would have mattered.
    fn leads_out(&mut self, entry: &DirEntry) -> bool {
        if !entry.path_is_symlink() || super::stays_inside(&self.real_root, entry.path()) {
            return false;
        }
        let name = entry.file_name().to_string_lossy();
        if entry.file_type().is_dir() || name.ends_with(".rs") || name == "Cargo.toml" {
            self.problem(
                entry.path(),
                "is a symbolic link that leads out of the workspace; it is not followed".to_owned(),
            );
        }
        true
    }

    /// Whether the user's own globs name it.
    fn excluded(&mut self, entry: &DirEntry) -> bool {
        match self.excludes.matched(entry.path(), entry.file_type().is_dir()) {
            Match::Ignore(glob) => {
                self.used_excludes.insert(glob.original().to_owned());
                true
            }
            Match::None | Match::Whitelist(_) => false,
        }
    }

    fn left_out(&self, entry: &DirEntry, layers: &[Layer]) -> bool {
        let path = entry.path();
        let is_dir = entry.file_type().is_dir();
        if entry.file_name().as_encoded_bytes().starts_with(b".") || is_dir && is_build_folder(path) {
            return true;
        }
        let all = || self.outer.iter().chain(layers).rev();
        let verdict = all()
            .map(|layer| layer.ignore.matched(path, is_dir))
            .chain(all().map(|layer| layer.gitignore.matched(path, is_dir)))
            .find(|m| !m.is_none());
        verdict.is_some_and(|m| m.is_ignore())
    }

    /// A link to a folder that the walk reaches at its real place.
    fn is_second_way(&self, entry: &DirEntry) -> bool {
        entry.path_is_symlink()
            && entry.file_type().is_dir()
            && entry.path().canonicalize().is_ok_and(|real| real.starts_with(&self.real_root))
    }

    fn take(&mut self, path: &Path) {
        let is_manifest = path.file_name().is_some_and(|n| n == "Cargo.toml");
        if !is_manifest && path.extension().is_none_or(|e| e != "rs") {
            return;
        }
        let Some(relative) = relative(self.root, path) else {
            if path.to_str().is_none() {
                self.problem(path, "has a name that is not UTF-8; it is left out".to_owned());
            }
            return;
        };
        let list = if is_manifest { &mut self.manifests } else { &mut self.files };
        list.insert(relative);
    }

    fn saw_below(&self, dir: &Path) -> bool {
        relative(self.root, dir).is_some_and(|dir| {
            let prefix = format!("{dir}/");
            self.files.range(prefix.clone()..).next().is_some_and(|f| f.starts_with(&prefix))
        })
    }

    fn walk_error(&mut self, error: &walkdir::Error, obey: bool) {
        let path = error.path().unwrap_or(self.root).to_path_buf();
        if obey && path != self.root && self.outer.iter().any(|l| l.gitignore.matched(&path, true).is_ignore()) {
            return;
        }
        if error.loop_ancestor().is_some() {
            self.problem(&path, "is a symbolic link to a folder around it; it is not followed".to_owned());
        } else if let Some(io) = error.io_error() {
            let broken_link = io.kind() == std::io::ErrorKind::NotFound && path.is_symlink();
            if broken_link && path.extension().is_none_or(|e| e != "rs") {
                return;
            }
            let what = if broken_link {
                "is a symbolic link to nothing".to_owned()
            } else {
                format!("cannot be read: {}", super::plain_io(io))
            };
            self.problem(&path, what);
        } else {
            self.problem(&path, error.to_string());
        }
    }

    fn problem(&mut self, path: &Path, message: String) {
        let path = relative(self.root, path).unwrap_or_else(|| path.to_string_lossy().into_owned());
        self.problems.push(Problem { path, line: 0, message });
    }

    fn finish(self) -> Found {
        let used = self.used_excludes;
        let idle_excludes = self.globs.into_iter().filter(|glob| !used.contains(glob)).collect();
        Found {
            files: self.files.into_iter().collect(),
            manifests: self.manifests.into_iter().collect(),
            problems: self.problems,
            idle_excludes,
        }
    }
}

/// The folder of a repository's administration: `.git`, or what a `.git` file of a linked work tree points at.
fn git_dir(top: &Path) -> Option<PathBuf> {
    let dot_git = top.join(".git");
    if dot_git.is_dir() {
        return Some(dot_git);
    }
    let text = super::read_text(&dot_git).ok()?;
    let dir = top.join(text.trim().strip_prefix("gitdir:")?.trim());
    match super::read_text(&dir.join("commondir")) {
        Ok(common) => Some(dir.join(common.trim())),
        Err(_) => Some(dir),
    }
}

/// Cargo's output: a `target` beside a Cargo.toml, or any folder tagged as a cache.
fn is_build_folder(dir: &Path) -> bool {
    dir.file_name().is_some_and(|n| n == "target")
        && (dir.join("CACHEDIR.TAG").is_file() || dir.with_file_name("Cargo.toml").is_file())
}

/// `path` below `root`, `/`-separated.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = below.components().map(|c| c.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}
