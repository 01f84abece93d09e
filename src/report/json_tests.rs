//! The machine interface.

use super::*;
use crate::base::{Edit, Level, Problem, Suggestion};
use crate::report::testing::Sample;
use crate::report::{Entry, Paths};

#[test]
fn places_count_characters_and_ends_are_exclusive() {
    let sample = Sample::new("fn f() {\n    /* ä */ conn.get()\n        .await;\n}\n");
    let mut finding = sample.finding("conn.get()\n        .await", 0);
    finding.function = "orders::f".into();
    finding.suggestions = vec![Suggestion {
        message: "drop it".into(),
        edits: vec![Edit { span: sample.span("conn", 0), text: "drop(conn)".into() }],
    }];
    let entry = Entry { finding, level: Level::Warn, default_level: Level::Deny, fingerprint: "abc".into() };
    let report = Report {
        sources: sample.sources,
        entries: vec![entry],
        problems: vec![Problem { path: "b.rs".into(), line: 0, message: "cannot be read".into() }],
        paths: Paths::Prefix("ws".into()),
        ..Report::default()
    };
    let value: serde_json::Value = serde_json::from_str(&render(&report)).expect("the output is JSON");
    let finding = &value["findings"][0];
    let place = ["line", "column", "end_line", "end_column"].map(|key| finding[key].as_u64().expect("a number"));
    assert_eq!(place, [2, 13, 3, 15]);
    assert_eq!(finding["path"], "ws/src/a.rs");
    assert_eq!((&finding["level"], &finding["default_level"]), (&"warn".into(), &"deny".into()));
    assert_eq!((&finding["confidence"], &finding["function"]), (&"high".into(), &"orders::f".into()));
    assert_eq!((&finding["steps"][0]["n"], &finding["steps"][0]["line"]), (&1.into(), &2.into()));
    assert_eq!(finding["suggestions"][0]["edits"][0]["text"], "drop(conn)");
    assert_eq!((&value["version"], &value["problems"][0]["path"]), (&1.into(), &"ws/b.rs".into()));
    let keys: Vec<&String> = value["summary"].as_object().expect("an object").keys().collect();
    assert_eq!(keys.len(), 6);
}
