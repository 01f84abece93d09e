//! Crates from Cargo.toml texts, as Cargo reads them and without running it: targets with their auto-discovery, editions and
//! dependencies with workspace inheritance, renames, target-specific tables and path dependencies.
//!
//! **Invariants:** pure; a Cargo.toml that cannot be parsed is a [`Problem`] with its line, and its folder is still a crate
//! with the targets that its files suggest. **Absent on purpose:** features, versions and everything that needs the registry.

use crate::base::{CrateInput, Dep, Problem};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Edition of code that no Cargo.toml speaks for.
const BARE_EDITION: u16 = 2021;

/// What the manifests of a tree say.
#[derive(Debug, Default)]
pub struct Crates {
    /// The crates, in order of folder.
    pub crates: Vec<CrateInput>,
    /// Roots of tests, benches and examples, wherever they lie.
    pub test_roots: BTreeSet<String>,
    /// Manifests that could not be parsed.
    pub problems: Vec<Problem>,
}

/// Crates of a tree, given its manifests and the paths of its Rust files (both sorted, relative to the root).
pub fn crates(manifests: &[(String, String)], files: &[&str]) -> Crates {
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (path, text) in manifests {
        let table = text.parse::<Table>().unwrap_or_else(|e| {
            let line = e.span().map_or(0, |span| line_of(text, span.start));
            problems.push(Problem { path: path.clone(), line, message: format!("cannot be parsed: {}", e.message()) });
            let name = Value::String(last_of(parent(path)).to_owned());
            Table::from_iter([("package".to_owned(), Value::Table(Table::from_iter([("name".to_owned(), name)])))])
        });
        read.push(Manifest { dir: parent(path), table });
    }
    let workspaces: Vec<&Manifest> = read.iter().filter(|m| m.table.contains_key("workspace")).collect();
    let folders: BTreeSet<&str> = read.iter().filter(|m| m.is_package()).map(|m| m.dir).collect();
    let mut crates: Vec<CrateInput> = Vec::new();
    let mut heads: Vec<Head> = Vec::new();
    let mut test_roots = BTreeSet::new();
    for manifest in read.iter().filter(|m| m.is_package()) {
        let inherited = workspaces.iter().filter(|w| is_below(manifest.dir, w.dir)).max_by_key(|w| w.dir.len());
        let (krate, head) = manifest.krate(inherited.copied(), &folders, files, &mut test_roots);
        crates.push(krate);
        heads.push(head);
    }
    if crates.is_empty() {
        crates.push(bare_crate(files));
        heads.push(Head { has_bin: true, for_tests: false });
    }
    mark_dev_only(&mut crates, &heads);
    Crates { crates, test_roots, problems }
}

/// Edition and test-ness of a file by its place in the package whose folder is nearest around it.
pub fn of_file(crates: &[CrateInput], path: &str) -> (u16, bool) {
    let nearest = crates.iter().filter(|k| is_below(path, &k.dir)).max_by_key(|k| k.dir.len());
    let Some(krate) = nearest else { return (BARE_EDITION, false) };
    let below = path[krate.dir.len()..].trim_start_matches('/');
    let folder = below.split_once('/').map_or("", |(first, _)| first);
    (krate.edition, krate.dev_only || TEST_FOLDERS.contains(&folder))
}

const TEST_FOLDERS: [&str; 3] = ["tests", "benches", "examples"];

struct Manifest<'a> {
    dir: &'a str,
    table: Table,
}

/// What decides whether a crate exists for tests only.
struct Head {
    has_bin: bool,
    for_tests: bool,
}

impl Manifest<'_> {
    fn is_package(&self) -> bool {
        self.table.get("package").or_else(|| self.table.get("project")).is_some_and(Value::is_table)
    }

    fn package(&self) -> Option<&Table> {
        self.table.get("package").or_else(|| self.table.get("project"))?.as_table()
    }

    fn krate(
        &self,
        workspace: Option<&Self>,
        folders: &BTreeSet<&str>,
        files: &[&str],
        test_roots: &mut BTreeSet<String>,
    ) -> (CrateInput, Head) {
        let package_name = self.package().and_then(|p| p.get("name")?.as_str()).unwrap_or(last_of(self.dir));
        let lib = self.table.get("lib").and_then(Value::as_table);
        let name = lib.and_then(|l| l.get("name")?.as_str()).unwrap_or(package_name).replace('-', "_");
        let targets = self.targets(lib, files);
        let head = Head {
            has_bin: targets.bins,
            for_tests: is_for_tests(self.dir, package_name) || targets.roots.is_empty() && !targets.tests.is_empty(),
        };
        test_roots.extend(targets.tests.iter().cloned());
        let mut roots = targets.roots;
        roots.extend(targets.tests);
        roots.extend(targets.build);
        let krate = CrateInput {
            name,
            roots,
            dir: self.dir.to_owned(),
            deps: self.deps(workspace, folders),
            edition: self.edition(workspace),
            dev_only: false,
        };
        (krate, head)
    }

    fn edition(&self, workspace: Option<&Self>) -> u16 {
        let own = self.package().and_then(|p| p.get("edition"));
        let written = match own {
            Some(Value::Table(inherit)) if is_true(inherit.get("workspace")) => {
                workspace.and_then(|w| w.table.get("workspace")?.get("package")?.get("edition"))
            }
            other => other,
        };
        match written.and_then(Value::as_str) {
            None | Some("2015") => 2015,
            Some("2018") => 2018,
            Some("2021") => 2021,
            // An edition from after this writing is nearest to the last one known.
            Some(_) => 2024,
        }
    }

    fn targets(&self, lib: Option<&Table>, files: &[&str]) -> Targets {
        let here = Here { dir: self.dir, files };
        let auto = |key: &str| !self.package().is_some_and(|p| p.get(key) == Some(&Value::Boolean(false)));
        let mut targets = Targets::default();
        let lib_path = lib.and_then(|l| l.get("path")?.as_str());
        if let Some(root) = here.existing(lib_path.unwrap_or("src/lib.rs"))
            && (lib_path.is_some() || auto("autolib"))
        {
            targets.add_root(root);
        }
        if auto("autobins") {
            let main = here.existing("src/main.rs");
            for root in main.into_iter().chain(here.in_folder("src/bin")) {
                targets.bins = true;
                targets.add_root(root);
            }
        }
        for root in self.listed("bin", "src/bin", &here) {
            targets.bins = true;
            targets.add_root(root);
        }
        for (key, folder, auto_key) in [
            ("test", "tests", "autotests"),
            ("example", "examples", "autoexamples"),
            ("bench", "benches", "autobenches"),
        ] {
            let found = if auto(auto_key) { here.in_folder(folder) } else { Vec::new() };
            for root in found.into_iter().chain(self.listed(key, folder, &here)) {
                if !targets.tests.contains(&root) {
                    targets.tests.push(root);
                }
            }
        }
        let build = self.package().and_then(|p| p.get("build"));
        if build != Some(&Value::Boolean(false)) {
            targets.build = here.existing(build.and_then(Value::as_str).unwrap_or("build.rs"));
        }
        targets
    }

    /// Roots of `[[bin]]`, `[[test]]` … tables.
    fn listed(&self, key: &str, folder: &str, here: &Here<'_>) -> Vec<String> {
        let tables = self.table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table);
        let root = |target: &Table| {
            if let Some(path) = target.get("path").and_then(Value::as_str) {
                return here.existing(path);
            }
            let name = target.get("name").and_then(Value::as_str)?;
            here.existing(&format!("{folder}/{name}.rs")).or_else(|| here.existing(&format!("{folder}/{name}/main.rs")))
        };
        tables.filter_map(root).collect()
    }

    fn deps(&self, workspace: Option<&Self>, folders: &BTreeSet<&str>) -> Vec<Dep> {
        let mut deps: BTreeMap<String, Dep> = BTreeMap::new();
        let mut add = |table: &Table| {
            for (keys, dev) in [
                (["dependencies", "dependencies"], false),
                (["build-dependencies", "build_dependencies"], false),
                (["dev-dependencies", "dev_dependencies"], true),
            ] {
                let Some(listed) = keys.iter().find_map(|key| table.get(*key)?.as_table()) else { continue };
                for (name, spec) in listed {
                    let dep = self.dep(name, spec, dev, workspace, folders);
                    let known = deps.entry(dep.name.clone()).or_insert_with(|| dep.clone());
                    known.dev &= dev;
                    known.optional |= dep.optional;
                }
            }
        };
        add(&self.table);
        for table in
            self.table.get("target").and_then(Value::as_table).into_iter().flatten().filter_map(|(_, t)| t.as_table())
        {
            add(table);
        }
        deps.into_values().collect()
    }

    fn dep(&self, name: &str, spec: &Value, dev: bool, workspace: Option<&Self>, folders: &BTreeSet<&str>) -> Dep {
        let own = spec;
        let (spec, base) = match (is_true(spec.get("workspace")), workspace) {
            (true, Some(w)) => {
                let shared = w.table.get("workspace").and_then(|t| t.get("dependencies")?.get(name));
                (shared.unwrap_or(spec), w.dir)
            }
            (true, None) | (false, _) => (spec, self.dir),
        };
        let package = spec.get("package").and_then(Value::as_str).unwrap_or(name);
        let optional = is_true(own.get("optional"));
        let dir = spec.get("path").and_then(Value::as_str).and_then(|path| join(base, path));
        Dep {
            name: name.replace('-', "_"),
            package: package.to_owned(),
            dir: dir.filter(|dir| folders.contains(dir.as_str())),
            dev,
            optional,
        }
    }
}

#[derive(Default)]
struct Targets {
    roots: Vec<String>,
    bins: bool,
    tests: Vec<String>,
    build: Option<String>,
}

impl Targets {
    fn add_root(&mut self, root: String) {
        if !self.roots.contains(&root) {
            self.roots.push(root);
        }
    }
}

/// A package's folder among the files of the tree.
struct Here<'a> {
    dir: &'a str,
    files: &'a [&'a str],
}

impl Here<'_> {
    fn existing(&self, path: &str) -> Option<String> {
        join(self.dir, path).filter(|path| self.files.binary_search(&path.as_str()).is_ok())
    }

    /// Targets that Cargo finds by itself: `folder/x.rs` and `folder/x/main.rs`.
    fn in_folder(&self, folder: &str) -> Vec<String> {
        let prefix = if self.dir.is_empty() { format!("{folder}/") } else { format!("{}/{folder}/", self.dir) };
        let from = self.files.partition_point(|f| *f < prefix.as_str());
        let below = self.files[from..].iter().take_while(|f| f.starts_with(&prefix));
        below
            .filter(|f| {
                let rest = &f[prefix.len()..];
                !rest.contains('/') || rest.split_once('/').is_some_and(|(_, inner)| inner == "main.rs")
            })
            .map(|f| (*f).to_owned())
            .collect()
    }
}

/// All files as one crate, where there is no Cargo.toml.
fn bare_crate(files: &[&str]) -> CrateInput {
    let usual = ["src/lib.rs", "lib.rs", "src/main.rs", "main.rs"];
    let mut roots: Vec<String> =
        usual.iter().filter(|r| files.binary_search(r).is_ok()).map(|r| (*r).to_owned()).collect();
    if roots.is_empty() {
        let depth = |path: &str| path.matches('/').count();
        let least = files.iter().map(|f| depth(f)).min().unwrap_or(0);
        roots = files.iter().filter(|f| depth(f) == least).map(|f| (*f).to_owned()).collect();
    }
    CrateInput {
        name: "crate".to_owned(),
        roots,
        dir: String::new(),
        deps: Vec::new(),
        edition: BARE_EDITION,
        dev_only: false,
    }
}

/// A crate is for tests only if it lies among tests, or if its name says so and the workspace's own crates use it in
/// tests, or behind a feature, only. The name is asked because a product's library is often a dev-dependency of its own
/// helpers.
fn mark_dev_only(crates: &mut [CrateInput], heads: &[Head]) {
    let in_test_folder = |dir: &str| dir.split('/').any(|part| TEST_FOLDERS.contains(&part));
    for krate in crates.iter_mut() {
        krate.dev_only = in_test_folder(&krate.dir);
    }
    loop {
        let next = (0..crates.len()).find(|&k| {
            if crates[k].dev_only || heads[k].has_bin || !heads[k].for_tests {
                return false;
            }
            let dir = crates[k].dir.as_str();
            let users = || {
                crates.iter().filter_map(|user| Some((user, user.deps.iter().find(|d| d.dir.as_deref() == Some(dir))?)))
            };
            users().all(|(user, dep)| dep.dev || dep.optional || user.dev_only)
        });
        match next {
            Some(k) => crates[k].dev_only = true,
            None => return,
        }
    }
}

fn is_for_tests(dir: &str, package: &str) -> bool {
    const WORDS: [&str; 12] = [
        "test",
        "tests",
        "testing",
        "testutil",
        "testutils",
        "testsuite",
        "mock",
        "mocks",
        "bench",
        "benches",
        "benchmarks",
        "example",
    ];
    package.split(['-', '_']).chain(last_of(dir).split(['-', '_'])).any(|word| WORDS.contains(&word))
}

fn is_true(value: Option<&Value>) -> bool {
    value == Some(&Value::Boolean(true))
}

fn is_below(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

fn last_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&b| b == b'\n').count() + 1
}

/// `path` seen from `base`, without `.` and `..`; `None` if it leaves the tree.
fn join(base: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
