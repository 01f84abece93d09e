//! Which workspace is meant, and what the user's paths are in it.

use super::Stop;
use crate::discover::{self, find_root};
use crate::report::Paths;
use std::path::{Path, PathBuf};

/// A workspace, seen from the working folder.
#[derive(Debug)]
pub struct Place {
    /// Its root, absolute and without links.
    pub root: PathBuf,
    /// How its paths are shown.
    pub paths: Paths,
    /// How its paths are seen from the top of its repository.
    pub from_top: Paths,
    /// The user's paths below the root, `/`-separated; empty if the user named none.
    pub only: Vec<String>,
    /// The same, absolute.
    pub explicit: Vec<PathBuf>,
}

/// The workspace around the working folder, if it holds all of `paths`; else the one around them.
pub fn find(paths: &[PathBuf]) -> Result<Place, Stop> {
    let here = std::env::current_dir().and_then(|dir| dir.canonicalize());
    let here = here.map_err(|e| Stop::Error(format!("letgo: the working folder cannot be read: {e}\n")))?;
    let mut explicit = Vec::new();
    for path in paths {
        let full =
            path.canonicalize().map_err(|_| Stop::Error(format!("letgo: `{}` does not exist\n", path.display())))?;
        explicit.push(full);
    }
    let around = find_root(&here);
    let holds_all = |root: &Path| explicit.iter().all(|path| path.starts_with(root));
    let root = match explicit.first() {
        None => around,
        Some(_) if holds_all(&around) && around.join("Cargo.toml").is_file() => around,
        Some(first) => {
            let root = find_root(first);
            if holds_all(&root) {
                root
            } else if holds_all(&around) {
                around
            } else {
                let text = "letgo: these paths lie in different workspaces; run letgo once for each\n";
                return Err(Stop::Error(text.to_owned()));
            }
        }
    };
    let only = explicit.iter().filter_map(|path| below(&root, path)).collect();
    let top = discover::git::top(&root).unwrap_or(&root);
    let from_top = Paths::Prefix(below(top, &root).unwrap_or_default());
    Ok(Place { paths: seen_from(&here, &root), from_top, root, only, explicit })
}

/// The workspace around a folder or file, seen from its own root; nobody named a path.
pub fn around(path: &Path) -> Place {
    let root = find_root(path);
    let top = discover::git::top(&root).unwrap_or(&root);
    let from_top = Paths::Prefix(below(top, &root).unwrap_or_default());
    Place { paths: Paths::default(), from_top, root, only: Vec::new(), explicit: Vec::new() }
}

/// How paths below `root` look from `here`.
fn seen_from(here: &Path, root: &Path) -> Paths {
    if let Some(inside) = below(root, here) {
        return Paths::Inside(inside.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect());
    }
    Paths::Prefix(below(here, root).unwrap_or_else(|| root.to_string_lossy().replace('\\', "/")))
}

/// `path` below `root`, `/`-separated.
pub fn below(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.components().map(|c| c.as_os_str().to_string_lossy().into_owned());
    Some(parts.collect::<Vec<_>>().join("/"))
}
