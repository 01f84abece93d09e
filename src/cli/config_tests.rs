//! Settings, right and wrong.

use super::*;
use crate::report::Levels;

const ROWS: [LintRow; 3] = [
    LintRow { name: "nested_acquire", group: "correctness", default_level: Level::Deny },
    LintRow { name: "held_across_await", group: "suspicious", default_level: Level::Warn },
    LintRow { name: "uncommitted_read", group: "pedantic", default_level: Level::Allow },
];

fn wrong(text: &str) -> String {
    match read("letgo.toml", text, &ROWS) {
        Ok(_) => panic!("this should not be accepted: {text}"),
        Err(e) => e.text,
    }
}

#[test]
fn the_example_of_the_readme_is_read() {
    let text = r#"
required-version = ">=0.1"
exclude = ["src/generated/**"]
min-confidence = "medium"
[lints]
held_across_await = "deny"
suspicious = { level = "allow", priority = -1 }
pedantic = "warn"
[[per-path]]
paths = ["tools/**"]
allow = ["held_across_await"]
[[crate]]
name = "our_billing_client"
waits = "http"
"#;
    let config = read("letgo.toml", text, &ROWS).unwrap_or_else(|e| panic!("{}", e.text));
    assert_eq!((config.min_confidence, config.has_rows, config.exclude.len()), (Some(Confidence::Medium), true, 1));
    let levels =
        Levels { rows: ROWS.to_vec(), config: config.settings, per_path: config.per_path, command_line: vec![] };
    let level = |lint, path| levels.of(lint, path, Confidence::High).0;
    assert_eq!(level("held_across_await", "src/a.rs"), Level::Deny);
    assert_eq!(level("held_across_await", "tools/a.rs"), Level::Allow);
    assert_eq!(level("uncommitted_read", "src/a.rs"), Level::Warn);
}

#[test]
fn a_lint_beats_its_group_wherever_it_stands_and_priority_beats_both() {
    let settings = |text: &str| read("letgo.toml", text, &ROWS).unwrap_or_else(|e| panic!("{}", e.text)).settings;
    let last = |text: &str| settings(text).pop().expect("there are settings").selector;
    assert_eq!(
        last("[lints]\nheld_across_await = 'allow'\nsuspicious = 'deny'\n"),
        Selector::Lint("held_across_await")
    );
    let text = "[lints]\nheld_across_await = 'allow'\nsuspicious = { level = 'deny', priority = 1 }\n";
    assert_eq!(last(text), Selector::Group("suspicious"));
}

#[test]
fn wrong_words_are_told_with_place_and_suggestion() {
    let expected = "error: there is no lint or group `held_accross_await`\n  --> letgo.toml:2:1\n  |\n2 | held_accross_await = 'deny'\n  | ^^^^^^^^^^^^^^^^^^\n  |\n  = help: did you mean `held_across_await`?\n\n";
    assert_eq!(wrong("[lints]\nheld_accross_await = 'deny'\n"), expected);
    let key = wrong("exlude = []\n");
    assert!(key.contains("letgo.toml:1:1") && key.contains("did you mean `exclude`?"), "{key}");
    let level = wrong("[lints]\nnested_acquire = 'denny'\n");
    assert!(level.contains("letgo.toml:2:18") && level.contains("did you mean `deny`?"), "{level}");
    let inner = wrong("[lints]\nnested_acquire = { levl = 'deny' }\n");
    assert!(inner.contains("letgo.toml:2:") && inner.contains("did you mean `level`?"), "{inner}");
    let confidence = wrong("min-confidence = 'hihg'\n");
    assert!(confidence.contains("did you mean `high`?"), "{confidence}");
    let glob = wrong("exclude = ['a[z-a]']\n");
    assert!(glob.contains("letgo.toml:1:12") && glob.contains("not a glob"), "{glob}");
    let version = wrong("required-version = '>=99'\n");
    assert!(version.contains("this project wants letgo >=99"), "{version}");
    let toml = wrong("exclude = [\n");
    assert!(toml.contains("letgo.toml:"), "{toml}");
}

#[test]
fn settings_may_stand_in_the_manifest() {
    let text = "[workspace]\nmembers = []\n[workspace.metadata.letgo]\nexclude = ['x']\n[workspace.metadata.letgo.lints]\nall = 'deny'\n";
    let config =
        read_metadata("Cargo.toml", text, &ROWS).unwrap_or_else(|e| panic!("{}", e.text)).expect("there are settings");
    assert_eq!((config.exclude[0].0.as_str(), config.settings.len()), ("x", 1));
    assert!(matches!(read_metadata("Cargo.toml", "[package]\nname = 'letgo'\n", &ROWS), Ok(None)));
    let typo = "[package]\nname = 'a'\n[package.metadata.letgo]\nexlcude = []\n";
    let Err(e) = read_metadata("Cargo.toml", typo, &ROWS) else { panic!("the typo should be told") };
    assert!(e.text.contains("Cargo.toml:4:1"), "{}", e.text);
}

#[test]
fn globs_without_files_are_told() {
    let text = "exclude = ['a/**', 'b/**']\n[[per-path]]\npaths = ['src/**', 'gone/**']\n";
    let config = read("letgo.toml", text, &ROWS).unwrap_or_else(|e| panic!("{}", e.text));
    let told = config.idle(&["b/**".to_owned()], &["src/a.rs"]);
    assert!(
        told.len() == 2 && told[0].contains("letgo.toml:1:20") && told[1].contains("`gone/**` matches no file"),
        "{told:?}"
    );
}
