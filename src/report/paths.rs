//! How paths are shown: seen from the working folder, `/`-separated.

/// Turns paths below the workspace root into paths from the working folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paths {
    /// The working folder lies in the root, at these folders.
    Inside(Vec<String>),
    /// The root lies elsewhere: what leads there, without a slash at its end.
    Prefix(String),
}

impl Default for Paths {
    fn default() -> Paths {
        Paths::Inside(Vec::new())
    }
}

impl Paths {
    /// The path to show for a path below the root.
    pub fn show(&self, path: &str) -> String {
        match self {
            Paths::Prefix(prefix) if path.starts_with('/') || prefix.is_empty() => path.to_owned(),
            Paths::Prefix(prefix) => format!("{prefix}/{path}"),
            Paths::Inside(_) if path.starts_with('/') => path.to_owned(),
            Paths::Inside(here) => {
                let parts: Vec<&str> = path.split('/').collect();
                let common = parts.iter().zip(here).take_while(|(a, b)| *a == b).count();
                let up = here.len() - common;
                let mut shown: Vec<&str> = vec![".."; up];
                shown.extend(&parts[common..]);
                shown.join("/")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_working_folder() {
        assert_eq!(Paths::default().show("src/a.rs"), "src/a.rs");
        let inside = Paths::Inside(vec!["crates".into(), "a".into()]);
        assert_eq!(inside.show("crates/a/src/x.rs"), "src/x.rs");
        assert_eq!(inside.show("crates/b/src/x.rs"), "../b/src/x.rs");
        assert_eq!(inside.show("x.rs"), "../../x.rs");
        assert_eq!(Paths::Prefix("sub/ws".into()).show("src/a.rs"), "sub/ws/src/a.rs");
    }
}
