//! Each mend on small bodies: what it makes of them, and what it leaves alone.

use super::*;
use crate::base::{FileId, Held, Idx};

/// A finding at a text, of something acquired at another, held by a variable or by nobody.
fn finding(text: &str, lint: &'static str, at: &str, acquired: &str, variable: Option<&str>) -> Finding {
    let span = |words: &str| {
        let start = text.find(words).expect("the text has it");
        Span { file: FileId::new(0), start: start as u32, end: (start + words.len()) as u32 }
    };
    Finding {
        lint,
        confidence: Confidence::High,
        span: span(at),
        function: String::new(),
        function_span: span(text),
        message: String::new(),
        resource: String::new(),
        acquired_at: Some(span(acquired)),
        held: Some(Held { variable: variable.map(str::to_owned), is_lock: false }),
        steps: Vec::new(),
        kinds: Vec::new(),
        why: String::new(),
        help: String::new(),
        suggestions: Vec::new(),
    }
}

/// The text with its finding mended, if there is a candidate.
fn mended(text: &str, finding: &Finding) -> Option<String> {
    let suggestion = candidates(text, &[finding]).pop().flatten()?;
    let mut out = text.to_owned();
    for edit in suggestion.edits.iter().rev() {
        out.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    }
    Some(out)
}

fn body(lines: &str) -> String {
    format!("async fn f(pool: &Pool, http: &Http) -> Result<()> {{\n{lines}\n    Ok(())\n}}\n")
}

#[track_caller]
fn becomes(lint: &'static str, at: &str, acquired: &str, variable: Option<&str>, before: &str, after: Option<&str>) {
    let text = body(before);
    let found = mended(&text, &finding(&text, lint, at, acquired, variable));
    assert_eq!(found, after.map(body), "{before}");
}

#[test]
fn a_query_goes_to_the_open_transaction() {
    let case = |lines: &str, after: Option<&str>| {
        becomes("nested_acquire", "lib::query(B).execute(pool).await", "pool.begin()", Some("tx"), lines, after);
    };
    let head = "    let mut tx = pool.begin().await?;\n    lib::query(A).fetch_one(&mut *tx).await?;\n";
    case(
        &format!("{head}    lib::query(B).execute(pool).await?;\n    tx.commit().await?;"),
        Some(&format!("{head}    lib::query(B).execute(&mut *tx).await?;\n    tx.commit().await?;")),
    );
    // A plain statement that borrows it for its own length.
    let helped = format!("{head}    note(&mut tx, 1).await?;\n    lib::query(B).execute(pool).await?;");
    case(&helped, Some(&helped.replace("execute(pool)", "execute(&mut *tx)")));
    // Still lent: by a stream, a struct, a value that may borrow it.
    for lent in [
        "let mut rows = lib::query(A).fetch(&mut *tx);",
        "let repo = Repo::new(&mut tx);",
        "let g = lock(&mut tx).await?;",
    ] {
        case(&format!("{head}    {lent}\n    lib::query(B).execute(pool).await?;\n    rows.next().await;"), None);
    }
    // Nobody here shows how it is lent.
    case("    let mut tx = pool.begin().await?;\n    lib::query(B).execute(pool).await?;", None);
    // Two futures of one statement.
    case(&format!("{head}    join(lib::query(A).execute(&mut *tx), lib::query(B).execute(pool).await).await;"), None);
}

#[test]
fn a_query_that_is_given_what_it_acquires_on_the_spot_is_given_the_open_one() {
    let case = |query: &str, after: Option<&str>| {
        let head = "    let mut conn = pool.acquire().await?;\n    lib::load().execute(&mut conn).await?;\n";
        let body = |line: &str| format!("{head}    {line}");
        let after = after.map(body);
        becomes("nested_acquire", "pool.get().await", "pool.acquire()", Some("conn"), &body(query), after.as_deref());
    };
    case("lib::save().execute(&mut pool.get().await?).await?;", Some("lib::save().execute(&mut conn).await?;"));
    case("lib::save().execute(&mut *pool.get().await?).await?;", Some("lib::save().execute(&mut conn).await?;"));
    // More is made of it, or it is kept.
    case("lib::save().execute(wrap(pool.get().await?)).await?;", None);
    case("let other = pool.get().await?;", None);
}

#[test]
fn what_is_lent_for_reading_is_lent_again_meanwhile() {
    let case = |lines: &str, after: Option<&str>| {
        becomes("nested_acquire", "lib::find().count(db).await", "db.begin()", Some("tx"), lines, after);
    };
    let head = "    let tx = db.begin().await?;\n    let one = lib::find().one(&tx);\n    let first = lib::find().one(&tx).await?;\n";
    case(
        &format!("{head}    let all = lib::find().count(db).await?;"),
        Some(&format!("{head}    let all = lib::find().count(&tx).await?;")),
    );
    case("    let tx = db.begin().await?;\n    helper(&tx).await?;\n    let all = lib::find().count(db).await?;", None);
}

#[test]
fn a_commit_is_awaited() {
    let case = |lines: &str, after: Option<&str>| {
        becomes("uncommitted_transaction", "tx.commit()", "pool.begin()", Some("tx"), lines, after);
    };
    let head = "    let mut tx = pool.begin().await?;\n";
    case(&format!("{head}    tx.commit();"), Some(&format!("{head}    tx.commit().await?;")));
    case(&format!("{head}    let _ = tx.commit();"), Some(&format!("{head}    let _ = tx.commit().await;")));
    case(&format!("{head}    let done = tx.commit();\n    later(done);"), None);
    case("    let mut tx = pool.begin().await.unwrap();\n    tx.commit();", None);
}

#[test]
fn a_scrutinee_is_bound_first() {
    let case = |lines: &str, after: Option<&str>| {
        becomes("held_across_await", "http.get().await", "pool.get()", None, lines, after);
    };
    case(
        "    match pool.get().await?.load(1).await? {\n        Some(x) => http.get().await,\n        None => {}\n    }",
        Some(
            "    let found = pool.get().await?.load(1).await?;\n    match found {\n        Some(x) => http.get().await,\n        None => {}\n    }",
        ),
    );
    case(
        "    let found = 1;\n    if let Some(x) = pool.get().await.row(found).cloned() {\n        http.get().await;\n    }",
        Some(
            "    let found = 1;\n    let value = pool.get().await.row(found).cloned();\n    if let Some(x) = value {\n        http.get().await;\n    }",
        ),
    );
    // It may borrow; it is asked again on each turn; something is evaluated before it.
    for (head, tail) in [
        ("if let Some(x) = pool.get().await.row() {", "}"),
        ("while let Some(x) = pool.get().await?.load().await? {", "}"),
        ("if first() {} else if let Some(x) = pool.get().await?.load().await? {", "}"),
        ("call(first(), match pool.get().await?.load().await { _ => {", "}})"),
    ] {
        case(&format!("    {head}\n        http.get().await;\n    {tail};"), None);
    }
}

#[test]
fn an_acquisition_moves_below_the_wait() {
    let case = |lines: &str, after: Option<&str>| {
        becomes("held_across_await", "http.get(url).await?", "pool.acquire()", Some("conn"), lines, after);
    };
    case(
        "    // The connection.\n    let mut conn = pool.acquire().await?; // one\n    let url = url(&pool);\n    let rate = http.get(url).await?;\n    // Kept.\n    keep(&mut conn, rate).await?;",
        Some(
            "    let url = url(&pool);\n    let rate = http.get(url).await?;\n    // The connection.\n    let mut conn = pool.acquire().await?; // one\n    // Kept.\n    keep(&mut conn, rate).await?;",
        ),
    );
    // No hole is left.
    case(
        "    let mut conn = pool.acquire().await?;\n\n    let rate = http.get(url).await?;\n\n    keep(&mut conn).await?;",
        Some(
            "    let rate = http.get(url).await?;\n\n    let mut conn = pool.acquire().await?;\n    keep(&mut conn).await?;",
        ),
    );
    let acquired = "    let mut conn = pool.acquire().await?;\n";
    let (wait, keep) = ("    let rate = http.get(url).await?;\n", "    keep(&mut conn, rate).await?;");
    for between in [
        "let pool = other();",
        "give(pool);",
        "spawn(async move { pool.x() });",
        "conn.ping().await?;",
        "info!(\"{conn}\");",
    ] {
        case(&format!("{acquired}    {between}\n{wait}{keep}"), None);
    }
    // What else it waits for may be a lock that is to be held.
    let lock = "    let conn = lock.acquire(pool.acquire().await?).await?;\n";
    case(&format!("{lock}{wait}{keep}"), None);
    // Its first use is the statement of the wait; it is never used; something else stands on its line.
    case(&format!("{acquired}    if keep(&mut conn) {{ http.get(url).await?; }}"), None);
    case(&format!("{acquired}{wait}"), None);
    case(&format!("    first(); let mut conn = pool.acquire().await?;\n{wait}{keep}"), None);
    case(
        &format!("{acquired}{wait}{keep}").replace('\n', "\r\n"),
        Some(&format!("{wait}{acquired}{keep}").replace('\n', "\r\n")),
    );
}
