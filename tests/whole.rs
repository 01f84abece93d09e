//! What is passed over has no say: a check that reads everything finds the same, byte for byte.
//!
//! `LETGO_CORPUS=DIR` compares for every folder in DIR.

use letgo::base::{Confidence, Level};
use letgo::discover::{Rules, Tree};
use letgo::pipeline::{self, Options};
use letgo::report::{Selector, Setting, json};
use std::path::{Path, PathBuf};

/// The report at its most talkative, and how many lines were lowered.
fn check(tree: &Tree, whole: bool) -> (String, usize) {
    let catalog = pipeline::catalog(tree, None).expect("the shipped packs are sound");
    let mut options = Options { whole, min_confidence: Confidence::Low, ..Options::new(tree, &catalog) };
    options.levels.config = vec![Setting { selector: Selector::All, level: Level::Warn }];
    let mut report = pipeline::check(&options);
    let lowered = std::mem::take(&mut report.summary.lowered_lines);
    report.summary.seconds = 0.0;
    (json::render(&report), lowered)
}

/// Compares; answers how many lines were passed over.
fn same(name: &Path, tree: &Tree) -> usize {
    let ((all, of_all), (some, of_some)) = (check(tree, true), check(tree, false));
    assert_eq!(all, some, "{}", name.display());
    of_all - of_some
}

#[test]
fn our_own_code_and_every_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(same(root, &Tree::from_disk(root, &Rules::default())) > 0, "nothing was passed over");
}

#[test]
fn test_code_that_others_see() {
    let manifest = "[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"*\"\ntokio = \"*\"\n";
    let lib = r##"
        pub trait Mail { fn send(&self) -> impl Future<Output = ()>; }
        pub struct Post;
        // ä: offsets are bytes, columns are characters.
        pub async fn order(pool: &sqlx::PgPool, mail: &impl Mail) -> sqlx::Result<()> {
            let tx = pool.begin().await?;
            mail.send().await;
            Post.deliver(pool).await?;
            tx.commit().await
        }
        #[cfg(test)]
        mod tests {
            use super::*;
            struct Fake;
            impl Mail for Fake { async fn send(&self) { tokio::time::sleep(std::time::Duration::MAX).await; } }
            #[tokio::test]
            async fn orders() {
                impl Post { pub async fn deliver(&self, pool: &sqlx::PgPool) -> sqlx::Result<()> { pool.begin().await?; Ok(()) } }
                let ä = "}"; order(&pool(), &Fake).await.unwrap();
            }
            fn pool() -> sqlx::PgPool { let é = '}'; todo!() } fn after() { let conn = pool(); }
        }
        #[cfg(test)] impl Post { fn new() -> Post { let a = 1;
            let b = 2; Post } }
        pub async fn last(pool: &sqlx::PgPool) -> sqlx::Result<()> {
            let tx = pool.begin().await?; tokio::time::sleep(std::time::Duration::MAX).await; drop(tx); Ok(())
        }
    "##;
    let files = [("Cargo.toml".to_owned(), manifest.to_owned()), ("src/lib.rs".to_owned(), lib.to_owned())];
    let tree = Tree::in_memory(files, 2024);
    assert!(same(Path::new("shop"), &tree) > 0, "nothing was passed over");
    let found = check(&tree, false).0;
    assert!(found.contains("nested_acquire") && found.contains("sleep"), "{found}");
}

#[test]
fn files_that_only_test_code_reaches() {
    let manifest = "[package]\nname = \"shop\"\nedition = \"2024\"\n[dependencies]\nsqlx = \"*\"\ntokio = \"*\"\n";
    let lib = r#"
        pub mod store;
        #[cfg(test)] mod checks;
        #[cfg(test)] #[path = "odd/place.rs"] mod odd;
    "#;
    let store = r"
        /// Orders: documented, and indented.
        pub async fn order(pool: &sqlx::PgPool) -> sqlx::Result<()> {
            let tx = pool.begin().await?;
            // ä: this waits
            tokio::time::sleep(std::time::Duration::MAX).await;
            tx.commit().await
        }
        mod both;
    ";
    let helper = r"
        pub async fn helper(pool: &sqlx::PgPool) -> sqlx::Result<()> {
            let tx = pool.begin().await?;
            tokio::time::sleep(std::time::Duration::MAX).await;
            tx.commit().await
        }
    ";
    let checks = format!("mod deep; {helper} #[crate::db_test] async fn runs() {{ helper(&pool()).await; }}");
    let both = format!("mod inner {{ #[cfg(test)] mod deeper; }} {helper}");
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", lib),
        ("src/store.rs", store),
        ("src/store/both.rs", &both),
        ("src/store/both/inner/deeper.rs", helper),
        ("src/checks/mod.rs", &checks),
        ("src/checks/deep.rs", helper),
        ("src/odd/place.rs", helper),
    ];
    let tree = Tree::in_memory(files.map(|(path, text)| (path.to_owned(), text.to_owned())), 2024);
    // Of each helper but that of `both.rs`, which other code reaches, the body.
    assert_eq!(same(Path::new("shop"), &tree), 4 * 4);
    let found = check(&tree, false).0;
    assert!(found.contains("src/store/both.rs") && !found.contains("src/checks/deep.rs"), "{found}");
}

#[test]
fn folders_of_choice() {
    let Some(folder) = std::env::var_os("LETGO_CORPUS").map(PathBuf::from) else { return };
    let folders = std::fs::read_dir(&folder).expect("LETGO_CORPUS is a folder");
    let mut folders: Vec<PathBuf> = folders.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
    folders.sort();
    for folder in folders {
        let lines = same(&folder, &Tree::from_disk(&folder, &Rules::default()));
        println!("{}: {lines} lines passed over", folder.display());
    }
}
