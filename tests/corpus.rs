//! Everything that is Rust in this repository goes through letgo: no panic, no internal error, the same twice.
//!
//! `LETGO_CORPUS=DIR` does the same for any folder, one package or workspace at a time.

use letgo::discover::{Rules, Tree};
use letgo::pipeline::{self, Options};
use letgo::report::{Report, json, text};
use std::path::{Path, PathBuf};

fn check(tree: &Tree, threads: usize) -> Report {
    let catalog = pipeline::catalog(tree, None).expect("the shipped packs are sound");
    let mut options = Options { include_tests: true, threads, ..Options::new(tree, &catalog) };
    options.min_confidence = letgo::base::Confidence::Low;
    pipeline::check(&options)
}

fn twice(name: &Path, tree: &Tree) {
    let (mut one, mut two) = (check(tree, 1), check(tree, 4));
    for report in [&mut one, &mut two] {
        assert!(!report.internal_error, "{}: {:#?}", name.display(), report.problems);
        report.summary.seconds = 0.0;
    }
    assert_eq!(json::render(&one), json::render(&two), "{}", name.display());
    assert_eq!(text::render(&one, false), text::render(&two, false), "{}", name.display());
}

#[test]
fn our_own_code_and_every_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    twice(root, &Tree::from_disk(root, &Rules::default()));
}

/// Texts that end early, at every place of a small file: what editors and broken check-outs hand in.
#[test]
fn texts_that_end_anywhere() {
    let whole = "use sqlx::PgPool;\n// letgo: allow(nested_acquire, reason = \"é\")\nasync fn f(pool: &PgPool) -> sqlx::Result<()> {\n    let mut tx = pool.begin().await?;\n    tokio::select! { r = sqlx::query(\"SELECT 1\").execute(&mut *tx) => { r?; } _ = tokio::time::sleep(D) => {} }\n    tx.commit().await\n}\n";
    let mut files = Vec::new();
    for end in (0..whole.len()).filter(|&end| whole.is_char_boundary(end)) {
        files.push((format!("src/cut{end}.rs"), whole[..end].to_owned()));
        files.push((format!("src/closed{end}.rs"), format!("{}\n}}}}}}", &whole[..end])));
    }
    twice(Path::new("cut"), &Tree::in_memory(files, 2024));
}

#[test]
fn a_folder_of_choice() {
    let Some(folder) = std::env::var_os("LETGO_CORPUS").map(PathBuf::from) else { return };
    let folder = folder.canonicalize().expect("LETGO_CORPUS is a folder");
    let mut packages: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("LETGO_CORPUS is readable")
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.is_dir())
        .collect();
    packages.sort();
    for package in packages {
        twice(&package, &Tree::from_disk(&package, &Rules::default()));
        println!("{}", package.display());
    }
}
