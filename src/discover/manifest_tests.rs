//! Manifests in, crates out.

use super::*;

fn read(manifests: &[(&str, &str)], files: &[&str]) -> Vec<CrateInput> {
    let manifests: Vec<_> = manifests.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    let read = crates(&manifests, files);
    assert_eq!(read.problems, []);
    read.crates
}

#[test]
fn inheritance_renames_and_paths() {
    let crates = read(
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = ['crates/*']\n[workspace.package]\nedition = '2024'\n\
                 [workspace.dependencies]\npg = { package = 'some-client', version = '1' }\nstore = { path = 'crates/store' }\n",
            ),
            (
                "crates/app/Cargo.toml",
                "[package]\nname = 'shop-app'\nedition.workspace = true\n[dependencies]\npg.workspace = true\nstore.workspace = true\n\
                 [target.'cfg(unix)'.dependencies]\nnix-like = '1'\n[dev-dependencies]\npg = '1'\nhelper = { path = '../helper-testing' }\n",
            ),
            ("crates/helper-testing/Cargo.toml", "[package]\nname = 'helper-testing'\nedition = '2021'\n"),
            ("crates/store/Cargo.toml", "[package]\nname = 'store'\n[lib]\nname = 'storage'\npath = 'lib/all.rs'\n"),
        ],
        &[
            "crates/app/build.rs",
            "crates/app/src/bin/tool/main.rs",
            "crates/app/src/bin/tool/part.rs",
            "crates/app/src/lib.rs",
            "crates/app/src/main.rs",
            "crates/app/tests/api.rs",
            "crates/helper-testing/src/lib.rs",
            "crates/store/lib/all.rs",
        ],
    );
    let [app, helper, store] = crates.as_slice() else { panic!("three crates, not {crates:?}") };
    assert_eq!((app.name.as_str(), app.edition), ("shop_app", 2024));
    assert_eq!(
        app.roots,
        [
            "crates/app/src/lib.rs",
            "crates/app/src/main.rs",
            "crates/app/src/bin/tool/main.rs",
            "crates/app/tests/api.rs",
            "crates/app/build.rs"
        ]
    );
    let dep = |name: &str| app.deps.iter().find(|d| d.name == name).expect("the dependency is listed");
    assert_eq!((dep("pg").package.as_str(), dep("pg").dev), ("some-client", false));
    assert_eq!(dep("store").dir.as_deref(), Some("crates/store"));
    assert!(!dep("nix_like").dev && dep("helper").dev);
    assert!(helper.dev_only && !app.dev_only && !store.dev_only);
    assert_eq!((store.name.as_str(), store.edition, store.roots.len()), ("storage", 2015, 1));
    let edition_and_test = |path: &str| of_file(&crates, path);
    assert_eq!(edition_and_test("crates/app/tests/api.rs"), (2024, true));
    assert_eq!(edition_and_test("crates/app/src/tests/api.rs"), (2024, false));
    assert_eq!(edition_and_test("crates/helper-testing/src/lib.rs"), (2021, true));
    assert_eq!(edition_and_test("loose.rs"), (2021, false));
}

#[test]
fn a_broken_manifest_is_told_and_its_folder_is_still_a_crate() {
    let Crates { crates, problems, .. } =
        crates(&[("a/Cargo.toml".to_owned(), "[package]\nname = \n".to_owned())], &["a/src/lib.rs"]);
    assert_eq!((problems[0].path.as_str(), problems[0].line), ("a/Cargo.toml", 2));
    assert_eq!((crates[0].name.as_str(), crates[0].roots.as_slice()), ("a", ["a/src/lib.rs".to_owned()].as_slice()));
}

#[test]
fn without_manifest_all_is_one_crate() {
    let crates = read(&[], &["main.rs", "util.rs"]);
    assert_eq!((crates[0].roots.as_slice(), crates[0].edition), (["main.rs".to_owned()].as_slice(), 2021));
    let crates = read(&[], &["x/one.rs", "x/two.rs", "x/y/three.rs"]);
    assert_eq!(crates[0].roots, ["x/one.rs", "x/two.rs"]);
}

#[test]
fn a_test_helper_behind_a_feature_is_a_test_crate() {
    let crates = read(
        &[
            (
                "app/Cargo.toml",
                "[package]\nname = 'app'\n[dependencies]\napp-test-fakes = { path = '../fakes', optional = true }\n\
                 [features]\ntesting = ['dep:app-test-fakes']\n[dev-dependencies]\napp-test-fakes = { path = '../fakes' }\n",
            ),
            ("fakes/Cargo.toml", "[package]\nname = 'app-test-fakes'\n"),
        ],
        &["app/src/lib.rs", "fakes/src/lib.rs"],
    );
    assert_eq!(crates.iter().map(|k| k.dev_only).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_library_that_its_own_tests_use_is_no_test_crate() {
    let crates = read(
        &[
            (
                "derive/Cargo.toml",
                "[package]\nname = 'thing-derive'\n[dev-dependencies]\nthing = { path = '../thing' }\n",
            ),
            (
                "examples/demo/Cargo.toml",
                "[package]\nname = 'demo'\n[dependencies]\nthing = { path = '../../thing' }\n",
            ),
            ("thing/Cargo.toml", "[package]\nname = 'thing'\n[dependencies]\nthing-derive = { path = '../derive' }\n"),
        ],
        &["derive/src/lib.rs", "examples/demo/src/main.rs", "thing/src/lib.rs"],
    );
    assert_eq!(crates.iter().map(|k| k.dev_only).collect::<Vec<_>>(), [false, true, false]);
}
