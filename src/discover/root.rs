//! Where the workspace begins: the Cargo.toml above that says so.
//!
//! The nearest Cargo.toml upward that has `[workspace]` and does not exclude the package is the root; else the package's own
//! folder; else, where there is no Cargo.toml at all, the folder itself.

use ignore::gitignore::GitignoreBuilder;
use std::path::{Path, PathBuf};
use toml::Table;

/// The workspace root for a folder (or file) that exists. `dir` must be absolute.
pub fn find_root(dir: &Path) -> PathBuf {
    let start = if dir.is_file() { dir.parent().unwrap_or(dir) } else { dir };
    let mut package: Option<&Path> = None;
    for folder in start.ancestors() {
        let file = folder.join("Cargo.toml");
        if !file.is_file() {
            continue;
        }
        // A Cargo.toml that cannot be read still marks a package; what is wrong with it is told when the tree is read.
        let table: Table = super::read_text(&file).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        if let Some(workspace) = table.get("workspace").and_then(|w| w.as_table()) {
            if package.is_none_or(|package| !excludes(workspace, folder, package)) {
                return folder.to_path_buf();
            }
            continue;
        }
        if package.is_none() {
            package = Some(folder);
            let pointer = table.get("package").and_then(|p| p.get("workspace")).and_then(|w| w.as_str());
            let root = pointer.and_then(|p| folder.join(p).canonicalize().ok());
            // A package of strangers must not choose which other folders of this machine are read.
            if let Some(root) = root.filter(|root| folder.starts_with(root) && root.join("Cargo.toml").is_file()) {
                return root;
            }
        }
    }
    package.unwrap_or(start).to_path_buf()
}

fn excludes(workspace: &Table, root: &Path, package: &Path) -> bool {
    let globs = |key: &str| {
        let mut builder = GitignoreBuilder::new(root);
        for glob in workspace.get(key).and_then(|v| v.as_array()).into_iter().flatten().filter_map(|v| v.as_str()) {
            // A glob that cannot be read excludes nothing, as in Cargo.
            let _ = builder.add_line(None, &format!("/{}", glob.trim_start_matches("./")));
        }
        builder.build().ok()
    };
    let hit = |key: &str| {
        globs(key).is_some_and(|globs| {
            package.ancestors().take_while(|dir| *dir != root).any(|dir| globs.matched(dir, true).is_ignore())
        })
    };
    hit("exclude") && !globs("members").is_some_and(|globs| globs.matched(package, true).is_ignore())
}
