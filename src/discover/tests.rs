//! Trees on disk: ignore rules, links, files that cannot be read.

use super::*;
use std::fs;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    dir
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.files.iter().map(|e| e.path.as_str()).collect()
}

#[test]
fn ignore_rules_nest_and_user_globs_win() {
    let dir = tree(&[
        (".git/info/exclude", "local.rs\n"),
        (".gitignore", "*.gen.rs\n/out/\n"),
        (".ignore", "!kept.gen.rs\n"),
        (".hidden/a.rs", ""),
        ("Cargo.toml", "[package]\nname = 'a'\n"),
        ("local.rs", ""),
        ("out/a.rs", ""),
        ("src/.gitignore", "deep.rs\n!x.gen.rs\n"),
        ("src/deep.rs", ""),
        ("src/kept.gen.rs", ""),
        ("src/lib.rs", ""),
        ("src/out/a.rs", ""),
        ("src/skipped/a.rs", ""),
        ("src/target/mod.rs", ""),
        ("src/x.gen.rs", ""),
        ("src/y.gen.rs", ""),
        ("target/debug/a.rs", ""),
    ]);
    let rules = Rules { exclude: vec!["src/skipped/**".into(), "nothing/**".into()], explicit: Vec::new() };
    let tree = Tree::from_disk(dir.path(), &rules);
    assert_eq!(paths(&tree), ["src/kept.gen.rs", "src/lib.rs", "src/out/a.rs", "src/target/mod.rs", "src/x.gen.rs"]);
    assert_eq!(
        (tree.problems.as_slice(), tree.idle_excludes.as_slice()),
        ([].as_slice(), ["nothing/**".to_owned()].as_slice())
    );
    let rules = Rules { exclude: Vec::new(), explicit: vec![dir.path().join("out"), dir.path().join("local.rs")] };
    let tree = Tree::from_disk(dir.path(), &rules);
    assert!(paths(&tree).contains(&"out/a.rs") && paths(&tree).contains(&"local.rs"));
}

#[cfg(unix)]
#[test]
fn loops_and_broken_links_are_told_and_the_walk_goes_on() {
    use std::os::unix::fs::symlink;
    let dir = tree(&[("a/one.rs", ""), ("b/two.rs", "")]);
    symlink(dir.path(), dir.path().join("a/loop")).expect("links can be made");
    symlink(dir.path().join("b"), dir.path().join("a/again")).expect("links can be made");
    symlink(dir.path().join("gone.rs"), dir.path().join("a/broken.rs")).expect("links can be made");
    symlink(dir.path().join("b/two.rs"), dir.path().join("a/same.rs")).expect("links can be made");
    fs::write(dir.path().join("b/latin.rs"), b"// caf\xe9\n").expect("files can be written");
    let tree = Tree::from_disk(dir.path(), &Rules::default());
    assert_eq!(paths(&tree), ["a/one.rs", "a/same.rs", "b/latin.rs", "b/two.rs"]);
    let told: Vec<String> = tree.problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect();
    assert_eq!(
        told,
        [
            "a/broken.rs: is a symbolic link to nothing",
            "a/loop: is a symbolic link to a folder around it; it is not followed",
        ]
    );
    assert_eq!(tree.files[2].read(), Err("is not UTF-8 (byte 6, line 1)".to_owned()));
}

#[test]
fn the_root_is_where_the_workspace_says() {
    let dir = tree(&[
        ("Cargo.toml", "[workspace]\nmembers = ['crates/*']\nexclude = ['other']\n"),
        ("crates/a/Cargo.toml", "[package]\nname = 'a'\n"),
        ("crates/a/src/lib.rs", ""),
        ("other/Cargo.toml", "[package]\nname = 'other'\n"),
        ("other/src/lib.rs", ""),
    ]);
    let root = dir.path();
    assert_eq!(find_root(&root.join("crates/a/src")), root);
    assert_eq!(find_root(&root.join("crates/a/src/lib.rs")), root);
    assert_eq!(find_root(&root.join("other/src")), root.join("other"));
    assert_eq!(find_root(root), root);
}

#[test]
fn memory_and_disk_take_the_same_way() {
    let files = [
        ("Cargo.toml".to_owned(), "[package]\nname = 'a'\nedition = '2018'\n".to_owned()),
        ("tests/t.rs".to_owned(), String::new()),
        ("src/lib.rs".to_owned(), "mod x;".to_owned()),
    ];
    let mut tree = Tree::in_memory(files, 2024);
    assert_eq!(
        tree.files.iter().map(|e| (e.path.as_str(), e.edition, e.is_test)).collect::<Vec<_>>(),
        [("src/lib.rs", 2018, false), ("tests/t.rs", 2018, true)]
    );
    tree.replace("src/x.rs", "fn x() {}".into());
    assert_eq!(paths(&tree), ["src/lib.rs", "src/x.rs", "tests/t.rs"]);
    assert_eq!(Tree::in_memory([("a.rs".to_owned(), String::new())], 2024).files[0].edition, 2024);
}
