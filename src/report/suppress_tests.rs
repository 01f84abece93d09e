//! Comments, and what is left of findings.

use super::*;
use crate::base::{FileId, Idx, Offence};
use crate::report::testing::Sample;

const LINTS: [&str; 4] = ["held_across_await", "nested_acquire", UNUSED, UNKNOWN];

/// Reads `// letgo: kind(lint)` comments by hand; statements are given as texts.
fn comments(sample: &Sample, text: &str, statements: &[&str]) -> Vec<FileComments> {
    let suppressions = text
        .match_indices("// letgo: ")
        .map(|(start, marker)| {
            let line = text[start..].lines().next().expect("the comment is a line");
            let span = Span { file: FileId::new(0), start: start as u32, end: (start + line.len()) as u32 };
            let (kind, rest) = line[marker.len()..].split_once('(').expect("an open parenthesis");
            let lint = rest.trim_end_matches(')');
            let at = span.start + (line.len() - rest.len()) as u32;
            Suppression {
                kind: match kind {
                    "allow" => SuppressionKind::Allow,
                    "expect" => SuppressionKind::Expect,
                    "allow-file" => SuppressionKind::AllowFile,
                    other => panic!("{other} is no kind"),
                },
                lints: vec![(lint.to_owned(), Span { start: at, end: at + lint.len() as u32, ..span })],
                reason: None,
                span,
                own_line: text[..start].rsplit('\n').next().is_some_and(|before| before.trim().is_empty()),
                problem: None,
            }
        })
        .collect();
    let mut statements: Vec<Span> = statements.iter().map(|s| sample.span(s, 0)).collect();
    statements.sort();
    vec![FileComments { suppressions, statements }]
}

fn run(text: &str, statements: &[&str], findings: impl Fn(&Sample) -> Vec<Finding>) -> (Vec<String>, usize) {
    let sample = Sample::new(text);
    let files = comments(&sample, text, statements);
    let outcome = apply(findings(&sample), &files, &sample.sources, &LINTS, |_| false);
    let shown = outcome.findings.iter().map(|f| {
        let (line, _) = sample.sources.line_column(f.span);
        format!("{line} {}: {}", f.lint, f.message)
    });
    (shown.collect(), outcome.silenced)
}

#[test]
fn an_own_line_comment_covers_the_statement_after_it() {
    let text = "fn f() {\n    // letgo: allow(held_across_await)\n    // because\n    let x =\n        a().await;\n}\n";
    let (shown, silenced) = run(text, &["let x =\n        a().await;"], |s| vec![s.finding("a().await", 0)]);
    assert_eq!((shown, silenced), (vec![], 1));
}

#[test]
fn inside_a_chain_it_covers_the_next_line() {
    let text = "let x = a()\n    // letgo: allow(held_across_await)\n    .await;\n";
    let (shown, silenced) = run(text, &[text.trim_end()], |s| {
        vec![s.finding("a()\n    // letgo: allow(held_across_await)\n    .await", 0)]
    });
    assert_eq!((shown, silenced), (vec![], 1));
}

#[test]
fn a_trailing_comment_covers_its_statement_but_not_a_block_it_opens() {
    let one = "a().await; // letgo: allow(held-across-await)\nb().await;\n";
    let (shown, silenced) =
        run(one, &["a().await;", "b().await;"], |s| vec![s.finding("a().await", 0), s.finding("b().await", 0)]);
    assert_eq!((shown.len(), silenced), (1, 1));
    let block = "if a().await { // letgo: allow(held_across_await)\n    b().await;\n}\n";
    let (shown, silenced) =
        run(block, &[block.trim_end(), "b().await;"], |s| vec![s.finding("a().await", 0), s.finding("b().await", 0)]);
    assert_eq!((shown.len(), silenced), (1, 1));
    let spread = "a(\n    1, // letgo: allow(held_across_await)\n).await;\n";
    let (shown, silenced) = run(spread, &[spread.trim_end()], |s| vec![s.finding(spread.trim_end(), 0)]);
    assert_eq!((shown, silenced), (vec![], 1));
}

#[test]
fn the_finding_moves_to_the_next_await_and_goes_with_the_last() {
    let finding = |s: &Sample| {
        let mut finding = s.finding("a().await", 0);
        finding.kinds = vec!["http".into(), "sleep".into()];
        let offence = |message: &str, kind: &str| {
            Some(Offence { message: message.into(), confidence: Confidence::Medium, kind: kind.into() })
        };
        finding.steps[0].offence = offence("held at a", "http");
        finding.steps.push(Step { offence: offence("held at b", "sleep"), ..s.step("b().await", 0, "and here") });
        vec![finding]
    };
    let one = "// letgo: allow(held_across_await)\na().await;\nb().await;\n";
    let statements = ["a().await;", "b().await;"];
    assert_eq!(run(one, &statements, finding), (vec!["3 held_across_await: held at b".to_owned()], 0));
    let both = "// letgo: allow(held_across_await)\na().await;\nb().await; // letgo: allow(held_across_await)\n";
    assert_eq!(run(both, &statements, finding), (vec![], 1));
    let second = "a().await;\nb().await; // letgo: allow(held_across_await)\n";
    let sample = Sample::new(second);
    let outcome = apply(finding(&sample), &comments(&sample, second, &statements), &sample.sources, &LINTS, |_| false);
    assert_eq!((outcome.findings[0].kinds.as_slice(), outcome.silenced), (["http".to_owned()].as_slice(), 0));
    assert_eq!(sample.sources.line_column(outcome.findings[0].span).0, 1);
}

#[test]
fn at_the_acquisition_or_on_the_item_all_goes() {
    let finding = |s: &Sample| {
        let mut finding = s.finding("a().await", 0);
        finding.acquired_at = Some(s.span("pool.get()", 0));
        vec![finding]
    };
    let at = "let c = pool.get(); // letgo: allow(held_across_await)\na().await;\n";
    assert_eq!(run(at, &["let c = pool.get();", "a().await;"], finding), (vec![], 1));
    let item = "// letgo: expect(held_across_await)\n/// Docs.\nfn f() { pool.get(); a().await; }\n";
    assert_eq!(run(item, &["fn f() { pool.get(); a().await; }", "pool.get();", "a().await;"], finding), (vec![], 1));
    let file = "// letgo: allow-file(held_across_await)\nfn f() { pool.get(); a().await; }\n";
    assert_eq!(run(file, &[], finding), (vec![], 1));
}

#[test]
fn idle_and_unknown_comments_are_told() {
    let text = "// letgo: expect(nested_acquire)\na();\n// letgo: allow(nested_aquire)\nb();\n";
    let (shown, _) = run(text, &["a();", "b();"], |_| Vec::new());
    assert_eq!(
        shown,
        [
            "3 unknown_suppression: `nested_aquire` is not a lint",
            "1 unused_suppression: expected `nested_acquire` here, and nothing was found"
        ]
    );
    let silenced = "// letgo: allow-file(unused_suppression)\n// letgo: allow(nested_acquire)\na();\n";
    assert_eq!(run(silenced, &["a();"], |_| Vec::new()), (vec![], 1));
}

#[test]
fn an_idle_comment_can_be_removed_by_its_suggestion() {
    let text = "fn f() {\n    // letgo: allow(nested_acquire)\n    a();\n}\n";
    let sample = Sample::new(text);
    let outcome = apply(Vec::new(), &comments(&sample, text, &["a();"]), &sample.sources, &LINTS, |_| false);
    let edit = &outcome.findings[0].suggestions[0].edits[0];
    let mut mended = text.to_owned();
    mended.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    assert_eq!(mended, "fn f() {\n    a();\n}\n");
    let left_out = apply(Vec::new(), &comments(&sample, text, &["a();"]), &sample.sources, &LINTS, |_| true);
    assert_eq!(left_out.findings, []);
}
