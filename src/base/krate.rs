//! Crates of a workspace, as their Cargo.toml files describe them.
//!
//! **Invariant:** all paths are relative to the workspace root, `/`-separated and normalised; the lists are in the order in
//! which Cargo would look at them, so equal trees give equal inputs.

/// A crate of the workspace, as discovered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrateInput {
    /// Lib name: `letgo`, `my_crate` (dashes are underscores).
    pub name: String,
    /// The root files of its targets (lib, bins, tests, examples), relative to the workspace root, lib first.
    pub roots: Vec<String>,
    /// Folder of its Cargo.toml, relative to the workspace root (`""` for the root itself).
    pub dir: String,
    /// Name in source -> package name, with the folder if it is a path or workspace-member dependency.
    pub deps: Vec<Dep>,
    /// Edition: 2015, 2018, 2021, 2024.
    pub edition: u16,
    /// Only reached as a dev-dependency or made of tests, benches, examples.
    pub dev_only: bool,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dep {
    /// As it is called in source (renames applied, dashes are underscores).
    pub name: String,
    /// The package on the registry.
    pub package: String,
    /// Folder relative to the workspace root, for path dependencies.
    pub dir: Option<String>,
    /// Whether only a dev-dependency.
    pub dev: bool,
    /// Whether only a feature of the crate brings it.
    pub optional: bool,
}

/// Whether an attribute of that name (the last of its path) makes a function a test or benchmark, whatever crate it comes from.
pub fn makes_test(attribute: &str) -> bool {
    attribute == "test"
        || attribute.ends_with("_test")
        || matches!(
            attribute,
            "rstest" | "bench" | "test_case" | "test_log" | "proptest" | "quickcheck" | "test_matrix"
        )
}
