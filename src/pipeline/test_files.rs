//! Which files hold nothing but test code, before any is parsed: those that are reached by `#[cfg(test)] mod …;`.
//!
//! **Invariant:** as the linker places files below their crates' roots, so they are placed here; a file that is not reached is
//! no test code. **Absent on purpose:** folders of tests, which discovery knows.

use crate::discover::{Entry, Tree};
use crate::parse::skim::Skimmed;
use crate::resolve::modules::join_path;
use std::collections::HashMap;

/// Per entry whether only test code reaches it.
pub fn test_files(tree: &Tree, entries: &[&Entry], skimmed: &[Option<&Skimmed>]) -> Vec<bool> {
    let by_path: HashMap<&str, usize> = entries.iter().enumerate().map(|(n, e)| (e.path.as_str(), n)).collect();
    let mut found: Vec<Option<bool>> = vec![None; entries.len()];
    for root in tree.crates.iter().flat_map(|k| &k.roots) {
        let Some(&root) = by_path.get(root.as_str()) else { continue };
        // File, whether its modules lie beside it, whether it is test code. Depth first, in order of declaration.
        let mut todo = vec![(root, true, false)];
        while let Some((file, mod_rs, is_test)) = todo.pop() {
            if found[file].is_some() {
                continue;
            }
            found[file] = Some(is_test);
            let Some(skimmed) = skimmed[file] else { continue };
            let path = entries[file].path.as_str();
            let (own_dir, name) = path.rsplit_once('/').unwrap_or(("", path));
            let stem = name.strip_suffix(".rs").unwrap_or(name);
            let child_dir = if mod_rs { own_dir.to_owned() } else { join_path(own_dir, stem) };
            for module in skimmed.modules.iter().rev() {
                let dir = join_path(&child_dir, &module.inside.join("/"));
                let reached = match &module.path {
                    Some(written) => {
                        let from = if module.inside.is_empty() { own_dir } else { &dir };
                        by_path.get(join_path(from, written).as_str()).map(|file| (*file, true))
                    }
                    None => {
                        let flat = by_path.get(join_path(&dir, &format!("{}.rs", module.name)).as_str());
                        let nested = || by_path.get(join_path(&dir, &format!("{}/mod.rs", module.name)).as_str());
                        flat.map(|file| (*file, false)).or_else(|| nested().map(|file| (*file, true)))
                    }
                };
                todo.extend(reached.map(|(file, mod_rs)| (file, mod_rs, is_test || module.is_test)));
            }
        }
    }
    found.into_iter().map(|is_test| is_test == Some(true)).collect()
}
