//! `letgo check --fix` on fixtures/fixes: what it changes, what it leaves, and that what was mended is clean.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const MANIFEST: &str = include_str!("../fixtures/fixes/Cargo.toml");
const BEFORE: &str = include_str!("../fixtures/fixes/src/before.rs");
const AFTER: &str = include_str!("../fixtures/fixes/src/after.rs");
const LEFT: &str = include_str!("../fixtures/fixes/src/left.rs");

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

#[test]
fn what_is_certain_is_mended_and_then_clean() {
    let dir = project(BEFORE);
    let found = letgo(dir.path(), &["--output-format", "concise"]);
    let found = text(&found.stdout).lines().count();
    assert_eq!(found, 9, "each function of before.rs has its finding");
    let ran = letgo(dir.path(), &["--fix", "-D", "warnings"]);
    assert!(same(&lib(&dir), AFTER), "{}\n{}", lib(&dir), text(&ran.stderr));
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stdout));
    assert!(
        text(&ran.stderr).starts_with(&format!("letgo: {found} findings mended\nletgo: no findings")),
        "{}",
        text(&ran.stderr)
    );
    let again = letgo(dir.path(), &["--fix", "-D", "warnings"]);
    assert!(same(&lib(&dir), AFTER) && !text(&again.stderr).contains("mended"));
}

#[test]
fn what_is_not_certain_is_left() {
    let dir = project(LEFT);
    let before = letgo(dir.path(), &["--output-format", "concise"]);
    let ran = letgo(dir.path(), &["--fix", "--output-format", "concise"]);
    assert_eq!(lib(&dir), LEFT);
    assert_eq!(text(&ran.stdout), text(&before.stdout));
    assert!(text(&ran.stdout).lines().count() >= 4, "{}", text(&ran.stdout));
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
