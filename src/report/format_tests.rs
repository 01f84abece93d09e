//! Every format against its schema or its consumer's parser, with text that tries to break out of it.

use super::testing::Sample;
use super::*;
use crate::base::{Edit, Suggestion};
use pulldown_cmark::{Event, Options as Cmark, Parser, Tag};
use serde_json::Value;
use std::collections::BTreeSet;

const EVIL: &str =
    "`a`\u{1b}[2J\u{202e} ::set-output name=x::y ##[add-path]x <script>&amp;]]> [l](http://x) ![i](y) @you | #1 \u{0}";

const TEXT: &str = "fn f() {\n    let ä = pool.get().await; // ::error::no ##[LETGO-1] ##[add-path]x\n    ::stop-commands::letgo-0\n    ä.http()\n        .send().await;\n}\n";

/// Two findings; the first is hostile, the second a twin on the same acquisition.
fn report() -> Report {
    let sample = Sample::new(TEXT);
    let mut one = sample.finding("ä.http()\n        .send().await", 0);
    one.steps.insert(0, sample.step("pool.get()", 0, &format!("acquired {EVIL}")));
    one.message = format!("`conn` is held {EVIL}");
    one.why = EVIL.to_owned();
    one.help = format!("do {EVIL}\nand more");
    one.function = "orders::<evil>::f`|".to_owned();
    one.suggestions = vec![Suggestion {
        message: EVIL.to_owned(),
        edits: vec![Edit { span: sample.span("ä.http()\n        .send()", 0), text: "drop(ä);\n".to_owned() }],
    }];
    let mut two = sample.finding("pool.get()", 0);
    two.lint = "nested_acquire";
    let findings = vec![two, one];
    let prints = order::fingerprints(&findings, &sample.sources);
    let levels = [Level::Warn, Level::Deny];
    let entries = findings.into_iter().zip(prints).zip(levels).map(|((finding, fingerprint), level)| Entry {
        finding,
        level,
        default_level: level,
        fingerprint,
    });
    Report {
        entries: entries.collect(),
        sources: sample.sources,
        problems: vec![Problem { path: "b ä.rs".into(), line: 3, message: EVIL.into() }],
        root: "/ws".into(),
        from_top: Paths::Prefix("my ws".into()),
        lints: vec![LintDoc {
            name: "held_across_await",
            group: "suspicious",
            default_level: Level::Warn,
            summary: "held",
            page: "# page".into(),
        }],
        ..Report::default()
    }
}

#[track_caller]
fn valid(schema: &str, output: &str) -> Value {
    // A stray bracket makes a pattern of the published SARIF schema no regular expression by the letter.
    let schema: Value = serde_json::from_str(&schema.replace("{2}]?$", "{2}$")).expect("the schema is JSON");
    let output: Value = serde_json::from_str(output).expect("the output is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let wrong: Vec<String> = validator.iter_errors(&output).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    output
}

/// No control character but line breaks, and no change of direction.
#[track_caller]
fn tame(text: &str) {
    let bad: Vec<char> = text.chars().filter(|&c| c.is_control() && c != '\n' || c == '\u{202e}').collect();
    assert!(bad.is_empty(), "{bad:?} in {text}");
}

/// Every string of a JSON value.
fn strings(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|v| strings(v, out)),
        Value::Object(map) => map.values().for_each(|v| strings(v, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[track_caller]
fn all_tame(value: &Value) {
    let mut all = Vec::new();
    strings(value, &mut all);
    all.iter().for_each(|text| tame(text));
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let schema = include_str!("../../tests/schemas/sarif-2.1.0.json");
    valid(schema, &sarif::render(&Report::default()));
    let value = valid(schema, &sarif::render(&report()));
    all_tame(&value);
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_eq!((&rule["id"], &rule["name"]), (&"held_across_await".into(), &"HeldAcrossAwait".into()));
    let result = &run["results"][1];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my%20ws/src/a.rs");
    let region = ["startLine", "startColumn", "endLine", "endColumn"].map(|k| place["region"][k].as_u64().unwrap_or(0));
    assert_eq!(region, [4, 5, 4, 13]);
    assert_eq!((&result["level"], &result["ruleIndex"]), (&"error".into(), &0.into()));
    let flow = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("a flow");
    assert_eq!(flow.iter().map(|l| l["executionOrder"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_eq!(result["relatedLocations"][0]["id"], 1);
    assert_eq!(result["partialFingerprints"].as_object().map(|o| o.len()), Some(1));
    let text = result["message"]["text"].as_str().expect("a text");
    assert!(text.contains("\\[l\\](http://x)") && text.contains("[(1)](1) acquired"), "{text}");
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().map(Vec::len), Some(1));
}

#[test]
fn gitlab_is_valid_and_its_fingerprints_differ() {
    let value = valid(include_str!("../../tests/schemas/gitlab-code-quality.json"), &gitlab::render(&report()));
    all_tame(&value);
    let issues = value.as_array().expect("an array");
    let prints: BTreeSet<&str> = issues.iter().filter_map(|i| i["fingerprint"].as_str()).collect();
    assert_eq!((issues.len(), prints.len()), (2, 2));
    assert_eq!(
        (&issues[1]["location"]["path"], &issues[1]["location"]["lines"]["begin"]),
        (&"my ws/src/a.rs".into(), &4.into())
    );
    assert_eq!((&issues[0]["severity"], &issues[1]["severity"]), (&"minor".into(), &"major".into()));
    assert_eq!(gitlab::render(&Report::default()), "[]\n");
}

#[test]
fn rdjson_is_valid_and_counts_bytes() {
    let value = valid(include_str!("../../tests/schemas/rdjson.json"), &rdjson::render(&report()));
    let one = &value["diagnostics"][1];
    assert_eq!(one["location"]["range"]["end"], serde_json::json!({ "line": 4, "column": 14 }));
    assert_eq!(
        one["related_locations"][0]["location"]["range"]["start"],
        serde_json::json!({ "line": 2, "column": 14 })
    );
    assert_eq!(one["suggestions"][0]["range"]["end"], serde_json::json!({ "line": 5, "column": 16 }));
    tame(one["message"].as_str().expect("a text"));
}

#[test]
fn junit_is_read_back() {
    let xml = junit::render(&report());
    tame(&xml);
    let read = quick_junit::Report::deserialize_from_str(&xml).expect("a reader of JUnit understands it");
    assert_eq!((read.tests, read.failures, read.test_suites.len()), (2, 2, 1));
    let case = &read.test_suites[0].test_cases[1];
    assert_eq!(
        (case.name.as_str(), case.classname.as_ref().map(|c| c.to_string())),
        ("org.letgo.held_across_await", Some("src/a".to_owned()))
    );
    let quick_junit::TestCaseStatus::NonSuccess { message, description, .. } = &case.status else {
        panic!("the case fails")
    };
    assert!(message.as_deref().is_some_and(|m| m.contains("<script>&amp;]]>")), "{message:?}");
    assert!(description.as_deref().is_some_and(|d| d.contains("line 4, col 5") && d.contains("(1) src/a.rs:2")));
    let clean = quick_junit::Report::deserialize_from_str(&junit::render(&Report::default())).expect("the same");
    assert_eq!((clean.tests, clean.failures), (1, 0));
}

#[test]
fn editors_read_both_kinds_of_compiler_messages() {
    let report = report();
    let bare = rustc::bare(&report);
    let diagnostics: Vec<cargo_metadata::diagnostic::Diagnostic> =
        bare.lines().map(|l| serde_json::from_str(l).expect("a diagnostic")).collect();
    let one = &diagnostics[1];
    assert_eq!(
        one.code.as_ref().map(|c| c.code.split("::").collect::<Vec<_>>()),
        Some(vec!["letgo", "held_across_await"])
    );
    let primary: Vec<_> = one.spans.iter().filter(|s| s.is_primary).collect();
    assert_eq!(primary.len(), 1);
    assert_eq!((primary[0].line_start, primary[0].column_start, primary[0].column_end), (4, 5, 13));
    assert_eq!(&TEXT[primary[0].byte_start as usize..primary[0].byte_end as usize], "ä.http()");
    assert!(one.spans.iter().all(|s| s.label.is_some() && !s.text.is_empty()));
    assert!(diagnostics.iter().all(|d| d.spans.iter().all(|s| s.file_name == "src/a.rs")));
    let fix = one.children.iter().flat_map(|c| &c.spans).next().expect("a replacement");
    assert_eq!((fix.suggested_replacement.as_deref(), fix.line_end, fix.text.len()), (Some("drop(ä);\n"), 5, 2));
    tame(&one.message);
    tame(one.rendered.as_deref().expect("rendered"));
    let cargo = rustc::cargo(&report);
    let messages: Vec<cargo_metadata::Message> =
        cargo_metadata::Message::parse_stream(cargo.as_bytes()).map(|m| m.expect("a message")).collect();
    assert!(matches!(&messages[0], cargo_metadata::Message::CompilerMessage(m) if m.target.name == "letgo"));
    assert!(matches!(&messages[2], cargo_metadata::Message::BuildFinished(f) if !f.success));
}

/// Commands that the runner knows, and that matter here.
const REGISTERED: &[&str] =
    &["stop-commands", "group", "endgroup", "error", "warning", "notice", "add-mask", "set-output", "add-path"];

/// Name and data of a command as the runner reads it: `::name properties::data` at the start of a line, else
/// `##[name properties]data` anywhere on it; names in any case.
fn command(line: &str, token: Option<&str>) -> Option<(String, String)> {
    let known = |info: &str| {
        let name = info.split(' ').next().unwrap_or_default();
        REGISTERED.iter().copied().chain(token).find(|known| known.eq_ignore_ascii_case(name)).map(str::to_owned)
    };
    let new = || {
        let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        Some((known(info)?, data.to_owned()))
    };
    let old = || {
        let (info, data) = line.split_once("##[")?.1.split_once(']')?;
        Some((known(info)?, data.to_owned()))
    };
    new().or_else(old)
}

/// What the runner obeys in a log, with commands switched off and on as it does.
fn commands(log: &str) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut out = Vec::new();
    for line in log.lines() {
        let Some((name, data)) = command(line, stopped.as_deref()) else { continue };
        match &stopped {
            Some(token) if *token == name => stopped = None,
            Some(_) => {}
            None if name == "stop-commands" => stopped = Some(data),
            None => out.push(name),
        }
    }
    assert_eq!(stopped, None, "commands stay switched off");
    out
}

#[test]
fn nothing_from_source_is_a_command() {
    let log = github::render(&report());
    assert_eq!(commands(&log), ["group", "endgroup", "error", "warning"]);
    let error = log.lines().find(|l| l.starts_with("::error")).expect("an error");
    assert!(error.starts_with("::error title=letgo (held_across_await),file=my ws/src/a.rs,line=4,endLine=4,col=5,endColumn=13::my ws/src/a.rs:4:5: `conn`"), "{error}");
    assert!(error.contains("%0A(1) my ws/src/a.rs:2: acquired"), "{error}");
    assert!(log.contains("::stop-commands::letgo-2\n"), "the source knows the first words: {log}");
    assert_eq!(github::render(&Report::default()), "");
}

#[test]
fn what_github_will_not_show_is_told() {
    let mut report = report();
    let (warning, error) = (report.entries[0].clone(), report.entries[1].clone());
    report.entries = [vec![warning; 11], vec![error; 12]].concat();
    let log = github::render(&report);
    let levels: Vec<bool> =
        log.lines().filter(|l| l.contains("title=letgo (")).map(|l| l.starts_with("::error")).collect();
    assert!(levels.len() == 23 && levels[..12].iter().all(|e| *e) && !levels[12], "{levels:?}");
    assert!(log.contains("::notice title=letgo::2 more errors and 1 more warnings without annotation"), "{log}");
}

#[test]
fn markdown_shows_source_and_renders_none_of_it() {
    let text = markdown::render(&report());
    tame(&text);
    let (mut headings, mut rows) = (0, 0);
    for event in Parser::new_ext(&text, Cmark::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML: {html}"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => panic!("a link: {dest_url}"),
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Start(Tag::TableRow) => rows += 1,
            _ => {}
        }
    }
    assert_eq!((headings, rows), (3, 2), "{text}");
    assert!(!text.contains("@you") && !text.contains("http://"), "{text}");
    let short = markdown::within(&report(), 700);
    assert!(short.contains("did not fit here") && short.len() < 800, "{short}");
}

#[test]
fn lines_of_json_are_the_findings_of_json() {
    let report = report();
    let whole: Value = serde_json::from_str(&json::render(&report)).expect("JSON");
    let lines: Vec<Value> = json::lines(&report).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(whole["findings"], Value::Array(lines));
}

#[test]
fn the_page_holds_hostile_text_as_data_only() {
    let report = report();
    let page = html::render(&report);
    let (before, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("the data");
    let (data, after) = rest.split_once("</script>").expect("the end of the data");
    assert!(!data.contains('<') && !before.contains("@STYLE@") && !after.contains("@SCRIPT@"), "{data}");
    assert!(!before.contains("evil") && !after.contains("evil") && !before.contains("set-output"));
    for outside in ["src=", "href=", "@import", "url(", "fetch(", "innerHTML"] {
        assert!(!before.contains(outside) && !after.contains(outside), "{outside}");
    }
    let data: Value = serde_json::from_str(data).expect("the data is JSON");
    let one = &data["findings"][1];
    assert_eq!(one["message"], format!("`conn` is held {EVIL}"));
    assert_eq!(one["steps"].as_array().map(Vec::len), Some(2));
    assert_eq!((&one["line"], &one["column"], &one["end"]), (&4.into(), &5.into(), &13.into()));
    let change = &one["suggestions"][0]["changes"][0];
    assert_eq!(change["old"], serde_json::json!(["    ä.http()", "        .send().await;"]));
    assert_eq!(change["new"], serde_json::json!(["    drop(ä);", ".await;"]));
    let (first, lines) = (&data["files"][0]["chunks"][0][0], &data["files"][0]["chunks"][0][1]);
    let lines: Vec<&str> = lines.as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    assert_eq!((first, lines.join("\n") + "\n"), (&1.into(), TEXT.to_owned()), "each line is there once");
}
