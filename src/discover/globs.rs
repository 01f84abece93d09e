//! Globs over paths below the root, in the language of `.gitignore`.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Some globs.
#[derive(Clone, Debug)]
pub struct Globs(Gitignore);

impl Globs {
    /// Reads globs; the error says what is wrong with the first bad one.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Globs, String> {
        let mut builder = GitignoreBuilder::new("");
        for glob in globs {
            builder.add_line(None, glob).map_err(|e| format!("`{glob}` is not a glob: {e}"))?;
        }
        builder.build().map(Globs).map_err(|e| e.to_string())
    }

    /// Whether a file's path, or a folder around it, is meant.
    pub fn matches(&self, path: &str) -> bool {
        self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_speak_for_files_and_folders() {
        let globs = Globs::new(["tools/**", "/gen.rs", "old/"]).expect("good globs");
        let hits = ["tools/a/b.rs", "gen.rs", "x/old/a.rs"].map(|p| globs.matches(p));
        assert_eq!((hits, globs.matches("src/gen.rs")), ([true; 3], false));
        assert!(Globs::new(["a[z-a]"]).is_err());
    }
}
