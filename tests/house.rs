//! The house rules, as tests: what a reviewer would have to remember.

use letgo::lints;
use letgo::pack::catalog::builtin_packs;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms and what each may import, ground floor first. A new arrow is a commit of its own.
const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("ir", &["base"]),
    ("pack", &["base", "ir"]),
    ("discover", &["base"]),
    ("parse", &["base"]),
    ("lower", &["base", "ir"]),
    ("mend", &["base", "parse"]),
    ("flow", &["base", "ir"]),
    ("resolve", &["base", "ir", "pack"]),
    ("analyse", &["base", "ir", "pack", "flow", "resolve"]),
    ("lints", &["base", "ir", "pack", "resolve", "analyse"]),
    ("report", &["base"]),
    (
        "pipeline",
        &["base", "ir", "pack", "discover", "parse", "lower", "mend", "resolve", "analyse", "lints", "report"],
    ),
    ("cli", &["base", "pack", "discover", "lints", "report", "pipeline"]),
    ("main", &["cli"]),
];

/// Foreign crates, and paths of the standard library, that belong to some rooms only.
const FOREIGN: &[(&str, &[&str])] = &[
    ("syn", &["parse", "lower", "mend"]),
    ("proc_macro2", &["parse", "lower", "mend"]),
    ("quote", &["parse", "lower", "mend"]),
    ("walkdir", &["discover"]),
    ("ignore", &["discover"]),
    ("codespan_reporting", &["report"]),
    // In cli for the language server, whose protocol it is.
    ("serde_json", &["report", "cli"]),
    ("similar", &["cli"]),
    ("lsp_server", &["cli"]),
    ("lsp_types", &["cli"]),
    ("quick_xml", &["report"]),
    ("schemars", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("clap", &["cli"]),
    ("semver", &["cli"]),
    ("toml", &["pack", "discover", "cli"]),
    ("tikv_jemallocator", &["main"]),
    ("std::fs", &["discover", "cli"]),
    ("std::thread", &["pipeline"]),
    ("std::process", &["discover", "cli", "main"]),
    // git in discover, and in cli what the user writes after `--then`.
    ("std::process::Command", &["discover", "cli"]),
    ("std::net", &[]),
];

/// Lints that were released. A name that stands here stays for ever; a release adds its new ones.
const FROZEN: &[&str] = &[];

/// Lines of a file.
const LIMIT: usize = 900;

/// Names of libraries that are words of the pack format too.
const FORMAT_WORDS: &[&str] = &["lazy_static"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

struct Source {
    /// Below `src`, `/`-separated.
    path: String,
    room: String,
    text: String,
    /// Path-like runs of tokens: `crate::base::Span`, `syn::File`; groups of `use` are unfolded.
    paths: BTreeSet<String>,
    /// String literals, those of doc comments left out.
    literals: Vec<String>,
}

fn sources() -> Vec<Source> {
    let mut out = Vec::new();
    let mut todo = vec![root().join("src")];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(&path).expect("folders are readable").filter_map(|e| Some(e.ok()?.path())));
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(source(&path));
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

fn source(path: &PathBuf) -> Source {
    let text = std::fs::read_to_string(path).expect("sources are readable");
    let below = path.strip_prefix(root().join("src")).expect("it lies in src").to_string_lossy().replace('\\', "/");
    let room = match below.split_once('/') {
        Some(("bin", _)) => "main",
        Some((room, _)) => room,
        None => below.trim_end_matches(".rs"),
    };
    let tokens: TokenStream = text.parse().expect("sources are Rust");
    let mut source =
        Source { path: below.clone(), room: room.to_owned(), text, paths: BTreeSet::new(), literals: Vec::new() };
    collect(tokens, "", &mut source);
    source
}

/// Reads paths and literals. `prefix` is what stands before a group of a `use`.
fn collect(tokens: TokenStream, prefix: &str, source: &mut Source) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut path = prefix.to_owned();
    let mut i = 0;
    while i < trees.len() {
        match &trees[i] {
            TokenTree::Punct(p) if p.as_char() == '#' => {
                // Attributes: the texts of doc comments are no code.
                let is_doc =
                    |t: &TokenTree| matches!(t, TokenTree::Group(g) if g.stream().to_string().starts_with("doc ="));
                let skip = [1, 2].into_iter().find(|n| trees.get(i + n).is_some_and(is_doc));
                i += skip.unwrap_or(0);
            }
            TokenTree::Ident(name) => {
                path = if path.ends_with("::") { format!("{path}{name}") } else { name.to_string() };
                let colons = |n: usize| matches!(trees.get(i + n), Some(TokenTree::Punct(p)) if p.as_char() == ':');
                if colons(1) && colons(2) {
                    path += "::";
                    i += 2;
                } else {
                    source.paths.insert(std::mem::replace(&mut path, prefix.to_owned()));
                }
            }
            TokenTree::Group(group) => {
                let inner =
                    if path.ends_with("::") { std::mem::replace(&mut path, prefix.to_owned()) } else { String::new() };
                collect(group.stream(), &inner, source);
            }
            TokenTree::Punct(p) if p.as_char() == '*' && path.ends_with("::") => {
                source.paths.insert(std::mem::replace(&mut path, prefix.to_owned()));
            }
            TokenTree::Punct(_) => path = prefix.to_owned(),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.contains('"') {
                    source.literals.push(text);
                }
            }
        }
        i += 1;
    }
}

fn is_test_file(path: &str) -> bool {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
    stem == "tests" || stem == "testing" || stem.ends_with("_tests")
}

fn judge(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn rooms_import_lower_floors_only() {
    let rooms: BTreeMap<&str, &[&str]> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    // Unit tests may use the rooms that feed theirs.
    for source in sources().iter().filter(|s| s.room != "lib" && !is_test_file(&s.path)) {
        let Some(allowed) = rooms.get(source.room.as_str()) else {
            wrong.push(format!("src/{} is in no room of the table", source.path));
            continue;
        };
        let named = source.paths.iter().filter_map(|p| p.strip_prefix("crate::").or_else(|| p.strip_prefix("letgo::")));
        for other in named.filter_map(|p| p.split("::").next()).collect::<BTreeSet<_>>() {
            if rooms.contains_key(other) && other != source.room && !allowed.contains(&other) {
                wrong.push(format!(
                    "src/{} imports {other}: {} may import {}",
                    source.path,
                    source.room,
                    allowed.join(", ")
                ));
            }
        }
    }
    judge(wrong);
}

#[test]
fn foreign_things_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !is_test_file(&s.path)) {
        // What stands in a module of unit tests is not the room's business.
        let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        for (thing, rooms) in FOREIGN {
            let named = source.paths.iter().any(|p| p.starts_with(&format!("{thing}::")));
            if named
                && code.contains(thing.rsplit("::").next().unwrap_or(thing))
                && !rooms.contains(&source.room.as_str())
            {
                wrong.push(format!("src/{} names {thing}, which belongs to {}", source.path, rooms.join(", ")));
            }
        }
    }
    judge(wrong);
}

#[test]
fn every_file_says_what_it_owns() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            wrong.push(format!("src/{} does not open with `//!`", source.path));
        }
        let lines = source.text.lines().count();
        if lines > LIMIT {
            wrong.push(format!("src/{} has {lines} lines: split it by topic", source.path));
        }
    }
    judge(wrong);
}

#[test]
fn library_names_are_data() {
    let std = ["std", "core", "alloc"];
    let own: BTreeSet<&str> =
        FOREIGN.iter().map(|(name, _)| *name).chain(["serde", "letgo"]).chain(FORMAT_WORDS.iter().copied()).collect();
    let roots: BTreeSet<String> =
        builtin_packs().0.iter().flat_map(|pack| &pack.roots).map(ToString::to_string).collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !is_test_file(&s.path)) {
        let tests_begin = source.text.find("#[cfg(test)]").unwrap_or(source.text.len());
        let code = &source.text[..tests_begin];
        for name in roots.iter().filter(|n| !std.contains(&n.as_str()) && !own.contains(n.as_str())) {
            let is_path = source.paths.iter().any(|p| p.starts_with(&format!("{name}::")));
            let is_text = source.literals.iter().any(|text| {
                let inner = text.trim_matches(|c| c != '"').trim_matches('"');
                (inner == name || inner.starts_with(&format!("{name}::"))) && code.contains(text.as_str())
            });
            if is_text || is_path && code.contains(&format!("{name}::")) {
                wrong.push(format!(
                    "src/{} names the library `{name}`: what is known of libraries stands in rules/",
                    source.path
                ));
            }
        }
    }
    judge(wrong);
}

#[test]
fn nothing_unwraps_in_silence() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !is_test_file(&s.path)) {
        let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        for (n, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            for bad in [".unwrap()", "todo!(", "unimplemented!(", "dbg!("] {
                if line.contains(bad) {
                    wrong.push(format!("src/{}:{}: {bad}", source.path, n + 1));
                }
            }
        }
    }
    judge(wrong);
}

#[test]
fn the_registry_is_complete_and_its_names_are_frozen() {
    let names: Vec<&str> = lints::ALL.iter().map(|l| l.name).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    let mut wrong = Vec::new();
    if unique.len() != names.len() {
        wrong.push("two lints have one name".to_owned());
    }
    for name in FROZEN.iter().filter(|n| !unique.contains(*n)) {
        wrong.push(format!("`{name}` was released and is gone"));
    }
    for lint in lints::ALL {
        if !lint.name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            wrong.push(format!("`{}` is not snake case", lint.name));
        }
        if lint.summary.ends_with('.') || lint.summary.starts_with(char::is_uppercase) {
            wrong.push(format!("the summary of `{}` starts lower case and has no full stop", lint.name));
        }
    }
    let helpers = ["mod", "words", "balances", "own_inputs"];
    for source in sources().iter().filter(|s| s.room == "lints") {
        let stem = source.path.trim_start_matches("lints/").trim_end_matches(".rs");
        if source.text.contains("pub static LINT: Lint") && !unique.contains(stem) {
            wrong.push(format!(
                "src/{} is in no registry; add to src/lints/mod.rs:\n    pub mod {stem};\n    &{stem}::LINT,",
                source.path
            ));
        } else if !helpers.contains(&stem)
            && !unique.contains(stem)
            && !is_test_file(&source.path)
            && !stem.contains('/')
            && source.text.contains("Lint {")
        {
            wrong.push(format!("src/{} has another name than its lint", source.path));
        }
    }
    judge(wrong);
}

#[test]
fn the_readme_lists_every_lint() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let wrong = lints::ALL.iter().filter_map(|lint| {
        let row = format!("| `{}` | {} | {} |", lint.name, lint.default_level().as_str(), lint.summary);
        (!readme.contains(&row)).then(|| format!("README.md lacks the row\n{row}"))
    });
    judge(wrong.collect());
}
