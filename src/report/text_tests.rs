//! The report as people see it.

use super::*;
use crate::base::*;
use crate::report::testing::Sample;
use crate::report::{Summary, concise};

const ORDERS: &str = "pub async fn place(pool: &PgPool, cart: Cart) -> Result<Id> {\n    let mut tx = pool.begin().await?;\n    let id = insert_order(&mut tx, &cart).await?;\n    audit(pool, id, \"placed\").await?;\n    tx.commit().await?;\n    Ok(id)\n}\n";
const AUDIT: &str = "pub async fn audit(pool: &PgPool, id: Id, what: &str) -> Result<()> {\n    let mut conn = pool.acquire().await?;\n    log(&mut conn, id, what).await\n}\n";

fn report() -> Report {
    let mut sample = Sample::new(ORDERS);
    let audit = sample.sources.files.push(SourceFile::new("src/audit.rs", AUDIT));
    let start = AUDIT.find("pool.acquire().await?").expect("the text holds it") as u32;
    let mut finding = sample.finding("audit(pool, id, \"placed\").await?", 0);
    finding.lint = "nested_acquire";
    finding.message = "second connection taken from `pool` while `tx` still holds the first".into();
    finding.steps = vec![
        sample.step("pool.begin().await?", 0, "first connection, held by `tx`"),
        Step { primary: true, ..sample.step("audit(pool, id, \"placed\").await?", 0, "this call needs a second one") },
        Step {
            span: Span { file: audit, start, end: start + 21 },
            ..sample.step("pool", 0, "`audit` acquires from the same pool")
        },
        sample.step("tx.commit().await?", 0, "`tx` is released only here"),
    ];
    finding.why = "once `max_connections` tasks stand at (3), each holds one connection and waits for another; none can finish until `acquire_timeout`".into();
    finding.help = "let `audit` take the transaction: `audit(&mut *tx, id, \"placed\")`".into();
    Report {
        sources: sample.sources,
        entries: vec![Entry { finding, level: Level::Deny, default_level: Level::Deny, fingerprint: "0".into() }],
        summary: Summary { files: 2, suppressed: 1, ..Summary::default() },
        ..Report::default()
    }
}

#[test]
fn the_frame_is_the_one_that_reviewers_know() {
    let expected = r#"error[letgo::nested_acquire]: second connection taken from `pool` while `tx` still holds the first
  --> src/a.rs:4:5
  |
2 |     let mut tx = pool.begin().await?;
  |                  ------------------- (1) first connection, held by `tx`
3 |     let id = insert_order(&mut tx, &cart).await?;
4 |     audit(pool, id, "placed").await?;
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ (2) this call needs a second one
5 |     tx.commit().await?;
  |     ------------------ (4) `tx` is released only here
  |
  --> src/audit.rs:2:20
  |
2 |     let mut conn = pool.acquire().await?;
  |                    --------------------- (3) `audit` acquires from the same pool
  |
  = why: once `max_connections` tasks stand at (3), each holds one connection and
         waits for another; none can finish until `acquire_timeout`
  = help: let `audit` take the transaction: `audit(&mut *tx, id, "placed")`
  = silence: `// letgo: allow(nested_acquire, reason = "...")` above line 4
  = more: `letgo explain nested_acquire`

"#;
    assert_eq!(render(&report(), false), expected);
}

#[test]
fn colours_are_added_on_request_only() {
    assert!(render(&report(), true).contains("\u{1b}["));
    assert!(!render(&report(), false).contains('\u{1b}'));
}

#[test]
fn concise_is_one_line_per_finding() {
    assert_eq!(
        concise::render(&report()),
        "src/a.rs:4:5: error[letgo::nested_acquire]: second connection taken from `pool` while `tx` still holds the first\n"
    );
}

#[test]
fn the_closing_line_counts() {
    let mut report = report();
    assert_eq!(report.closing_line(), "letgo: 1 error in 1 of 2 files (1 suppressed)");
    report.entries[0].level = Level::Warn;
    report.summary.unparsed = 1;
    assert_eq!(report.closing_line(), "letgo: 1 warning in 1 of 2 files (1 suppressed); 1 file not parsed");
    report.entries.clear();
    assert_eq!(report.closing_line(), "letgo: no findings in 2 files (1 suppressed); 1 file not parsed");
}

#[test]
fn hostile_source_moves_no_cursor_and_odd_places_do_no_harm() {
    let text = "let x = \"\u{1b}[2J\u{202e}\";\r\nä.get()\n    .await;\n";
    let sample = Sample::new(text);
    let mut finding = sample.finding("ä.get()\n    .await", 0);
    finding.message = "bell \u{7}".into();
    finding.steps.push(sample.step("let x = \"\u{1b}[2J\u{202e}\";", 0, "esc \u{1b}[31m"));
    finding
        .steps
        .push(Step { span: Span { start: 9_999, end: 10_000, ..finding.span }, ..sample.step("x", 0, "beyond") });
    finding.steps.push(Step {
        span: Span { start: finding.span.start + 1, ..finding.span },
        ..sample.step("x", 0, "in a letter")
    });
    let mut report = report();
    report.sources = sample.sources;
    report.entries[0].finding = finding;
    let text = render(&report, false);
    assert!(!text.chars().any(|c| c == '\u{1b}' || c == '\u{202e}' || c == '\u{7}'), "{text}");
    assert!(text.contains("(1) waits here"), "{text}");
    assert!(text.contains("esc \\u{1b}[31m"), "{text}");
}
