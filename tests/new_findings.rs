//! New findings only: baseline, `--staged`, `--diff-base`, in scratch repositories.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2021\"\n[dependencies]\nsqlx = \"0.8\"\n";

/// One `nested_acquire` in a function of this name.
fn nested(name: &str) -> String {
    format!(
        "\npub async fn {name}(pool: &sqlx::PgPool) -> sqlx::Result<()> {{\n    let mut tx = pool.begin().await?;\n    sqlx::query(\"INSERT INTO a DEFAULT VALUES\").execute(&mut *tx).await?;\n    sqlx::query(\"INSERT INTO b DEFAULT VALUES\").execute(pool).await?;\n    tx.commit().await\n}}\n"
    )
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let me = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    let out = Command::new("git").args(me).args(arguments).current_dir(dir).output().expect("git runs");
    assert!(out.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// A repository whose first commit holds one old finding.
fn repository() -> TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    git(dir.path(), &["init", "-q"]);
    write(dir.path(), "Cargo.toml", MANIFEST);
    write(dir.path(), "src/lib.rs", &nested("old"));
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "first"]);
    dir
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn letgo(dir: &Path, arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_letgo"))
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    Ran { code: status.code().expect("the program was not killed"), out: text(stdout), err: text(stderr) }
}

/// Exit code and the lines at which findings stand.
#[track_caller]
fn finds(dir: &Path, arguments: &[&str], code: i32, places: &[&str]) {
    let ran = letgo(dir, &[&["check", "--output-format", "concise"], arguments].concat());
    let shown: Vec<&str> = ran.out.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(shown, places, "{}", ran.err);
    assert_eq!(ran.code, code, "{}", ran.err);
}

#[test]
fn a_baseline_is_written_used_pruned_and_shown() {
    let dir = repository();
    let dir = dir.path();
    let wrote = letgo(dir, &["baseline", "write"]);
    assert_eq!((wrote.code, wrote.err.as_str()), (0, "letgo: 1 finding written to letgo-baseline.json\n"));
    finds(dir, &[], 0, &[]);
    assert!(letgo(dir, &["check"]).err.contains("(1 in baseline)"));
    finds(dir, &["--no-baseline"], 1, &["src/lib.rs:5:5"]);
    // Lines move, a new finding comes.
    write(dir, "src/lib.rs", &format!("// a line\n\n{}{}", nested("old"), nested("new")));
    finds(dir, &[], 1, &["src/lib.rs:14:5"]);
    finds(dir, &["src/other"], 2, &[]);
    let shown = letgo(dir, &["baseline", "show"]);
    assert!(shown.out.starts_with("   1  nested_acquire  src/lib.rs old  pool.begin()"), "{}", shown.out);
    assert_eq!(letgo(dir, &["baseline", "prune"]).err, "letgo: 0 findings removed from letgo-baseline.json, 1 left\n");
    // The old one is mended.
    write(dir, "src/lib.rs", &nested("new"));
    let stale = letgo(dir, &["check"]).err;
    assert!(stale.contains("letgo: 1 finding of letgo-baseline.json no longer found"), "{stale}");
    assert_eq!(letgo(dir, &["baseline", "prune"]).err, "letgo: 1 finding removed from letgo-baseline.json, 0 left\n");
    let other = letgo(dir, &["baseline", "write", "--baseline", "other.json"]);
    assert_eq!(other.code, 0, "{}", other.err);
    finds(dir, &["--baseline", "other.json"], 0, &[]);
    let gone = letgo(dir, &["check", "--baseline", "gone.json"]);
    assert!(gone.code == 2 && gone.err.contains("gone.json: cannot be read"), "{}", gone.err);
    write(dir, "letgo-baseline.json", "{\"version\":9}");
    let version = letgo(dir, &["check"]);
    assert!(version.code == 2 && version.err.contains("version 9"), "{}", version.err);
    assert!(
        !fs::read_dir(dir)
            .expect("readable")
            .any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().ends_with(".new")))
    );
}

#[test]
fn the_staged_tree_is_judged_as_staged() {
    let dir = repository();
    let dir = dir.path();
    finds(dir, &["--staged"], 0, &[]);
    // An edit of the old function, and an unrelated one.
    write(dir, "src/lib.rs", &format!("// above\n{}\npub fn x() {{}}\n", nested("old")));
    git(dir, &["add", "."]);
    finds(dir, &["--staged"], 0, &[]);
    // In the working tree only.
    write(dir, "src/lib.rs", &format!("// above\n{}\npub fn x() {{}}\n{}", nested("old"), nested("unstaged")));
    finds(dir, &["--staged"], 0, &[]);
    git(dir, &["add", "."]);
    // Mended in the working tree only, and silenced there.
    write(dir, "src/lib.rs", "// nothing\n");
    finds(dir, &["--staged"], 1, &["src/lib.rs:15:5"]);
    finds(dir, &["--staged", "-A", "all"], 0, &[]);
    finds(dir, &["--staged", "Cargo.toml"], 0, &[]);
    // A comment that is staged speaks.
    let silent = nested("unstaged").replace(
        "    sqlx::query(\"INSERT INTO b",
        "    // letgo: allow(nested_acquire)\n    sqlx::query(\"INSERT INTO b",
    );
    write(dir, "src/lib.rs", &format!("{}{silent}", nested("old")));
    git(dir, &["add", "."]);
    finds(dir, &["--staged"], 0, &[]);
    // Settings count as staged too.
    write(dir, "src/lib.rs", &format!("{}{}", nested("old"), nested("new")));
    git(dir, &["add", "."]);
    write(dir, "letgo.toml", "[lints]\nall = \"allow\"\n");
    finds(dir, &["--staged"], 1, &["src/lib.rs:12:5"]);
    git(dir, &["add", "."]);
    finds(dir, &["--staged"], 0, &[]);
    // No hook of the repository runs.
    write(dir, ".git/hooks/post-index-change", "#!/bin/sh\ntouch ran\n");
    letgo(dir, &["check", "--staged"]);
    assert!(!dir.join("ran").exists());
}

#[test]
fn the_first_commit_is_all_new_and_a_workspace_may_lie_below() {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    let dir = dir.path();
    let outside = letgo(dir, &["check", "--staged"]);
    assert!(outside.code == 2 && outside.err.contains("in no git repository"), "{}", outside.err);
    git(dir, &["init", "-q"]);
    write(dir, "back end/Cargo.toml", MANIFEST);
    write(dir, "back end/src/lib.rs", &nested("new"));
    write(dir, "back end/.gitignore", "gen.rs\n");
    write(dir, "back end/src/gen.rs", &nested("generated"));
    git(dir, &["add", "-f", "."]);
    let inner = dir.join("back end");
    finds(&inner, &["--staged"], 1, &["src/lib.rs:5:5"]);
    finds(&inner.join("src"), &["--staged"], 1, &["lib.rs:5:5"]);
    let sarif = letgo(&inner, &["check", "--staged", "--output-format", "sarif"]);
    assert!(sarif.out.contains("\"uri\": \"back%20end/src/lib.rs\""), "{}", sarif.out);
    finds(&inner, &["--diff-base", "HEAD"], 2, &[]);
}

#[test]
fn a_branch_is_compared_with_where_it_began() {
    let dir = repository();
    let dir = dir.path();
    git(dir, &["checkout", "-qb", "work"]);
    write(dir, "src/lib.rs", &format!("mod new;\n{}", nested("old")));
    write(dir, "src/new.rs", &nested("new"));
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "second"]);
    // Main mends the old one meanwhile: that makes it no finding of this branch.
    git(dir, &["checkout", "-q", "main"]);
    write(dir, "src/lib.rs", "// mended\n");
    git(dir, &["commit", "-qam", "mend"]);
    git(dir, &["checkout", "-q", "work"]);
    finds(dir, &["--diff-base", "main"], 1, &["src/new.rs:5:5"]);
    finds(dir, &["--diff-base", "main", "src/lib.rs"], 0, &[]);
    // What is not committed yet counts; a file that moves brings nothing new.
    write(dir, "src/untracked.rs", &nested("untracked"));
    finds(dir, &["--diff-base", "HEAD"], 1, &["src/untracked.rs:5:5"]);
    fs::remove_file(dir.join("src/untracked.rs")).expect("it is there");
    fs::rename(dir.join("src/new.rs"), dir.join("src/moved.rs")).expect("files can be moved");
    finds(dir, &["--diff-base", "HEAD"], 0, &[]);
    // With a baseline on top.
    letgo(dir, &["baseline", "write"]);
    finds(dir, &["--diff-base", "main"], 0, &[]);
    let unknown = letgo(dir, &["check", "--diff-base", "origin/nobody"]);
    assert!(unknown.code == 2 && unknown.err.contains("git fetch origin nobody"), "{}", unknown.err);
    let option = letgo(dir, &["check", "--diff-base=--output=x"]);
    assert!(option.code == 2 && !dir.join("x").exists(), "{}", option.err);
}

#[test]
fn a_wait_that_a_callee_gains_is_new_at_the_caller() {
    let dir = repository();
    let dir = dir.path();
    let caller = "pub async fn caller(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    let mut tx = pool.begin().await?;\n    sqlx::query(\"INSERT INTO a DEFAULT VALUES\").execute(&mut *tx).await?;\n    crate::callee::audit(pool).await?;\n    tx.commit().await\n}\n";
    write(dir, "src/lib.rs", &format!("mod callee;\n{caller}"));
    write(dir, "src/callee.rs", "pub async fn audit(_: &sqlx::PgPool) -> sqlx::Result<()> {\n    Ok(())\n}\n");
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "second"]);
    write(
        dir,
        "src/callee.rs",
        "pub async fn audit(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    sqlx::query(\"INSERT INTO b DEFAULT VALUES\").execute(pool).await?;\n    Ok(())\n}\n",
    );
    git(dir, &["add", "."]);
    finds(dir, &["--staged"], 1, &["src/lib.rs:5:5"]);
}

#[test]
fn a_shallow_clone_says_what_to_do() {
    let dir = repository();
    git(dir.path(), &["checkout", "-qb", "work"]);
    for name in ["two", "three"] {
        write(dir.path(), "src/lib.rs", &nested(name));
        git(dir.path(), &["commit", "-qam", name]);
    }
    let scratch = tempfile::tempdir().expect("a scratch folder can be made");
    let url = format!("file://{}", dir.path().display());
    git(scratch.path(), &["clone", "-q", "--depth", "1", "--no-single-branch", "--branch", "work", &url, "clone"]);
    let ran = letgo(&scratch.path().join("clone"), &["check", "--diff-base", "origin/main"]);
    assert!(ran.code == 2 && ran.err.contains("shallow") && ran.err.contains("fetch-depth: 0"), "{}", ran.err);
}

#[test]
fn a_merge_is_not_blamed_for_what_it_brings_in() {
    let dir = repository();
    let dir = dir.path();
    git(dir, &["checkout", "-qb", "work"]);
    write(dir, "src/lib.rs", &format!("// work\n{}", nested("old")));
    git(dir, &["commit", "-qam", "work"]);
    git(dir, &["checkout", "-q", "main"]);
    write(dir, "src/lib.rs", &format!("// main\n{}{}", nested("old"), nested("brought")));
    git(dir, &["commit", "-qam", "main"]);
    git(dir, &["checkout", "-q", "work"]);
    let merge = Command::new("git").args(["merge", "-q", "main"]).current_dir(dir).output().expect("git runs");
    assert!(!merge.status.success(), "the two sides conflict");
    write(dir, "src/lib.rs", &format!("// both\n{}{}", nested("old"), nested("brought")));
    git(dir, &["add", "."]);
    finds(dir, &["--staged"], 0, &[]);
    write(dir, "src/lib.rs", &format!("// both\n{}{}{}", nested("old"), nested("brought"), nested("own")));
    git(dir, &["add", "."]);
    finds(dir, &["--staged"], 1, &["src/lib.rs:20:5"]);
}
