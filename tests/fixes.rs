//! `letgo check --fix` on fixtures/fixes: what it changes for each library, what it leaves, and that what was mended is clean; and every
//! fix of the lints' fixtures. What the fixes make of code that has a crate is compiled by `fixtures/fixes/check.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const MANIFEST: &str = include_str!("../fixtures/fixes/sqlx/Cargo.toml");
const BEFORE: &str = include_str!("../fixtures/fixes/sqlx/src/before.rs");
const AFTER: &str = include_str!("../fixtures/fixes/sqlx/src/after.rs");

fn project(lib: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    fs::create_dir(dir.path().join("src")).expect("folders can be made");
    fs::write(dir.path().join("Cargo.toml"), MANIFEST).expect("files can be written");
    fs::write(dir.path().join("src/lib.rs"), lib).expect("files can be written");
    dir
}

fn letgo(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_letgo"));
    command.arg("check").args(arguments).current_dir(dir).output().expect("the program starts")
}

fn lib(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("src/lib.rs")).expect("it is there")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

/// Git may give the fixtures other line breaks.
fn same(a: &str, b: &str) -> bool {
    a.replace("\r\n", "\n") == b.replace("\r\n", "\n")
}

/// The libraries of fixtures/fixes.
fn libraries() -> Vec<PathBuf> {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fixes")).expect("it is there");
    let mut all: Vec<PathBuf> = folders.flatten().map(|e| e.path()).filter(|p| p.join("Cargo.toml").exists()).collect();
    all.sort();
    assert!(all.len() > 10, "{all:?}");
    all
}

/// A crate of a library's folder with one of its modules, `before`, `after` or `left`.
fn with_module(library: &Path, module: &str) -> TempDir {
    let read = |path: &str| fs::read_to_string(library.join(path)).expect("it is there");
    let others = ["before", "after", "left"].map(|name| format!("pub mod {name};"));
    let lib: Vec<String> =
        read("src/lib.rs").lines().filter(|l| !others.contains(&(*l).to_owned())).map(str::to_owned).collect();
    let dir = project(&(lib.join("\n") + "\npub mod code;\n"));
    fs::write(dir.path().join("Cargo.toml"), read("Cargo.toml")).expect("files can be written");
    fs::write(dir.path().join("src/code.rs"), read(&format!("src/{module}.rs"))).expect("files can be written");
    dir
}

#[test]
fn what_is_certain_is_mended_and_then_clean() {
    for library in libraries() {
        let name = library.display();
        let dir = with_module(&library, "before");
        let code = || fs::read_to_string(dir.path().join("src/code.rs")).expect("it is there");
        let functions = code().matches("pub async fn ").count();
        let found = letgo(dir.path(), &["--output-format", "concise"]);
        assert_eq!(
            text(&found.stdout).lines().count(),
            functions,
            "each function has its finding: {name}\n{}",
            text(&found.stdout)
        );
        let ran = letgo(dir.path(), &["--fix", "-D", "warnings"]);
        if std::env::var_os("LETGO_BLESS").is_some() {
            fs::write(library.join("src/after.rs"), code()).expect("files can be written");
        }
        let after = fs::read_to_string(library.join("src/after.rs")).unwrap_or_default();
        assert!(same(&code(), &after), "{name}\n{}\n{}", code(), text(&ran.stderr));
        assert_eq!(ran.status.code(), Some(0), "{name}\n{}", text(&ran.stdout));
        let plural = if functions == 1 { "" } else { "s" };
        let closing = format!("letgo: {functions} finding{plural} mended\nletgo: no findings");
        assert!(text(&ran.stderr).starts_with(&closing), "{name}\n{}", text(&ran.stderr));
        let again = letgo(dir.path(), &["--fix", "-D", "warnings"]);
        assert!(same(&code(), &after) && !text(&again.stderr).contains("mended"), "{name}");
    }
}

#[test]
fn what_is_not_certain_is_left() {
    for library in libraries() {
        let name = library.display();
        let dir = with_module(&library, "left");
        let code = || fs::read_to_string(dir.path().join("src/code.rs")).expect("it is there");
        let (old, before) = (code(), letgo(dir.path(), &["--output-format", "concise"]));
        let reasons = old.matches("\n/// ").count();
        assert!(reasons > 0 && text(&before.stdout).lines().count() >= reasons, "{name}\n{}", text(&before.stdout));
        let ran = letgo(dir.path(), &["--fix", "--output-format", "concise"]);
        assert_eq!(code(), old, "{name}");
        assert_eq!(text(&ran.stdout), text(&before.stdout), "{name}");
    }
}

/// One line per finding, without its place, since fixes move lines; and how many have a fix.
fn findings(dir: &Path) -> (Vec<String>, usize) {
    let ran = letgo(dir, &["-W", "all", "--exit-zero", "--output-format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("it is JSON");
    let all = report["findings"].as_array().expect("findings");
    let mut lines: Vec<String> =
        all.iter().map(|f| format!("{} {} {} {}", f["path"], f["function"], f["lint"], f["message"])).collect();
    lines.sort();
    let fixes = all.iter().filter(|f| f["suggestions"].as_array().is_some_and(|s| !s.is_empty())).count();
    (lines, fixes)
}

#[test]
fn every_fix_of_the_lints_fixtures_mends_what_it_says_and_nothing_else() {
    let lints = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lints");
    let mut fixed = 0;
    for lint in ["held_across_await", "nested_acquire", "uncommitted_transaction"] {
        for file in fs::read_dir(lints.join(lint)).expect("it is there").flatten() {
            let code = fs::read_to_string(file.path()).expect("it is there");
            if code.lines().any(|line| line.starts_with("//- ")) {
                continue;
            }
            let dir = project(&code);
            let (before, fixes) = findings(dir.path());
            if fixes == 0 {
                continue;
            }
            let ran = letgo(dir.path(), &["-W", "all", "--exit-zero", "--fix"]);
            let (after, left) = findings(dir.path());
            let name = file.path();
            assert!(text(&ran.stderr).starts_with("letgo: ") && text(&ran.stderr).contains(" mended\n"), "{name:?}");
            assert!(after.iter().all(|line| before.contains(line)), "{name:?}: {after:#?}");
            assert!(left == 0 && after.len() + fixes <= before.len(), "{name:?}: {after:#?}");
            fixed += fixes;
        }
    }
    assert!(fixed > 5, "fixtures with fixes: {fixed}");
}

#[test]
fn a_dry_run_shows_a_diff_that_git_applies() {
    let dir = project(BEFORE);
    let ran = letgo(dir.path(), &["--fix-dry-run"]);
    assert!(same(&lib(&dir), BEFORE), "nothing is written");
    let diff = text(&ran.stdout);
    assert!(diff.starts_with("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ "), "{diff}");
    fs::write(dir.path().join("fix.diff"), &diff).expect("files can be written");
    let mut git = Command::new("git");
    let applied = git.args(["apply", "--unidiff-zero", "fix.diff"]).current_dir(dir.path()).output().expect("git runs");
    assert!(applied.status.success(), "{}\n{diff}", text(&applied.stderr));
    assert!(same(&lib(&dir), AFTER), "{}", lib(&dir));
    let none = project(AFTER);
    assert!(letgo(none.path(), &["--fix-dry-run"]).stdout.is_empty());
}

#[test]
fn machines_are_given_the_same_edits() {
    let dir = project(BEFORE);
    let ran = letgo(dir.path(), &["--output-format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("it is JSON");
    let mut new = BEFORE.to_owned();
    let edits = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .flat_map(|f| f["suggestions"][0]["edits"].as_array().expect("a fix for each"));
    let mut edits: Vec<(usize, usize, String)> = edits
        .map(|e| {
            let at = |key: &str| e[key].as_u64().expect("a number") as usize;
            (at("start"), at("end"), e["text"].as_str().expect("a text").to_owned())
        })
        .collect();
    edits.sort();
    for (start, end, text) in edits.iter().rev() {
        new.replace_range(*start..*end, text);
    }
    assert!(same(&new, AFTER), "{new}");
}

#[test]
fn staged_trees_and_standard_input_are_not_mended() {
    let dir = project(BEFORE);
    for arguments in [&["--fix", "--staged"][..], &["--fix", "-"], &["--fix", "--fix-dry-run"]] {
        assert_eq!(letgo(dir.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert!(same(&lib(&dir), BEFORE));
}

#[test]
fn a_baseline_keeps_what_it_holds() {
    let dir = project(BEFORE);
    let mut command = Command::new(env!("CARGO_BIN_EXE_letgo"));
    assert!(command.args(["baseline", "write"]).current_dir(dir.path()).status().expect("it runs").success());
    letgo(dir.path(), &["--fix"]);
    assert!(same(&lib(&dir), BEFORE), "old findings are not for today");
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = project("");
    let (real, link) = (dir.path().join("shared.rs"), dir.path().join("src/lib.rs"));
    fs::write(&real, BEFORE).expect("files can be written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions can be set");
    fs::remove_file(&link).and_then(|()| symlink("../shared.rs", &link)).expect("links can be made");
    let ran = letgo(dir.path(), &["--fix", "-D", "warnings"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    assert!(same(&lib(&dir), AFTER));
    assert!(fs::symlink_metadata(&link).is_ok_and(|about| about.is_symlink()));
    assert_eq!(fs::metadata(&real).map(|about| about.permissions().mode() & 0o777).ok(), Some(0o640));
    let files: Vec<_> = fs::read_dir(dir.path()).expect("it can be read").flatten().map(|e| e.file_name()).collect();
    assert!(files.iter().all(|name| !name.to_string_lossy().ends_with(".new")), "{files:?}");
}
