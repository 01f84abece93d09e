//! The program from outside: exit codes, levels, formats, suppressions, settings, paths.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2021\"\n[dependencies]\nsqlx = \"0.8\"\nreqwest = \"0.12\"\nanyhow = \"1\"\n";

/// `nested_acquire`, at deny.
const NESTED: &str = "use sqlx::PgPool;

pub async fn order(pool: &PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query(\"INSERT INTO orders DEFAULT VALUES\").execute(&mut *tx).await?;
    sqlx::query(\"INSERT INTO audit DEFAULT VALUES\").execute(pool).await?;
    tx.commit().await
}
";

/// `held_across_await`, at warn.
const HELD: &str = "use sqlx::PgPool;

pub async fn quote(pool: &PgPool, http: &reqwest::Client) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await?;
    http.get(\"https://carrier.example\").send().await?;
    sqlx::query(\"UPDATE parcels SET sent = true\").execute(&mut *conn).await?;
    Ok(())
}
";

const CLEAN: &str = "pub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n";

fn tree(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    dir
}

fn shop(lib: &str) -> TempDir {
    tree(&[("Cargo.toml", MANIFEST), ("src/lib.rs", lib)])
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_letgo"));
    command.args(arguments).current_dir(dir);
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "CARGO_TERM_COLOR"] {
        command.env_remove(variable);
    }
    command
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    Ran {
        code: output.status.code().expect("the program was not killed"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn letgo(dir: &Path, arguments: &[&str]) -> Ran {
    ran(command(dir, arguments).output().expect("the program starts"))
}

#[track_caller]
fn concise(dir: &Path, arguments: &[&str], code: i32, lines: &[&str]) {
    let mut all = vec!["check", "--output-format", "concise"];
    all.extend(arguments);
    let ran = letgo(dir, &all);
    let shown: Vec<&str> = ran.out.lines().map(|line| line.split("]: ").next().unwrap_or(line)).collect();
    assert_eq!(shown, lines, "{}", ran.err);
    assert_eq!(ran.code, code, "{}", ran.err);
}

#[test]
fn deny_fails_and_warnings_do_not() {
    let nested = shop(NESTED);
    concise(nested.path(), &[], 1, &["src/lib.rs:6:5: error[letgo::nested_acquire"]);
    concise(nested.path(), &["--exit-zero"], 0, &["src/lib.rs:6:5: error[letgo::nested_acquire"]);
    concise(nested.path(), &["-W", "nested-acquire"], 0, &["src/lib.rs:6:5: warning[letgo::nested_acquire"]);
    concise(nested.path(), &["-A", "correctness"], 0, &[]);
    concise(nested.path(), &["-A", "all", "-D", "nested_acquire"], 1, &["src/lib.rs:6:5: error[letgo::nested_acquire"]);
    let held = shop(HELD);
    concise(held.path(), &[], 0, &["src/lib.rs:5:5: warning[letgo::held_across_await"]);
    concise(held.path(), &["-D", "warnings"], 1, &["src/lib.rs:5:5: error[letgo::held_across_await"]);
    concise(
        held.path(),
        &["-D", "held_across_await", "-W", "suspicious"],
        0,
        &["src/lib.rs:5:5: warning[letgo::held_across_await"],
    );
    assert_eq!(letgo(shop(CLEAN).path(), &["check"]).code, 0);
}

#[test]
fn text_has_the_frame_and_the_closing_line() {
    let ran = letgo(shop(NESTED).path(), &["check"]);
    let mut lines = ran.out.lines();
    assert!(lines.next().is_some_and(|l| l.starts_with("error[letgo::nested_acquire]: ")), "{}", ran.out);
    assert_eq!(lines.next(), Some("  --> src/lib.rs:6:5"));
    for part in [
        "  = why: ",
        "  = silence: `// letgo: allow(nested_acquire, reason = \"...\")` above line 6",
        "  = more: `letgo explain nested_acquire`",
        "(1) ",
    ] {
        assert!(ran.out.contains(part), "{part} is not in\n{}", ran.out);
    }
    assert_eq!(ran.err, "letgo: 1 error in 1 of 1 file\n");
    assert_eq!(letgo(shop(NESTED).path(), &["check", "-q"]).err, "");
    assert_eq!(letgo(shop(CLEAN).path(), &["check"]).err, "letgo: no findings in 1 file\n");
}

#[test]
fn json_is_the_same_for_any_number_of_threads() {
    let files: Vec<(String, String)> =
        (0..40).map(|n| (format!("src/m{n}.rs"), if n % 2 == 0 { NESTED } else { HELD }.to_owned())).collect();
    let lib: String = (0..40).map(|n| format!("pub mod m{n};\n")).collect();
    let mut all: Vec<(&str, &str)> = vec![("Cargo.toml", MANIFEST), ("src/lib.rs", &lib)];
    all.extend(files.iter().map(|(p, t)| (p.as_str(), t.as_str())));
    let dir = tree(&all);
    let json = |threads: &str| -> serde_json::Value {
        let ran = letgo(dir.path(), &["check", "--output-format", "json", "-j", threads]);
        let mut value: serde_json::Value = serde_json::from_str(&ran.out).expect("the output is JSON");
        value["summary"]["seconds"] = 0.into();
        value
    };
    let one = json("1");
    assert_eq!(one, json("7"));
    assert_eq!(one["findings"].as_array().map(Vec::len), Some(40));
    assert_eq!(one["findings"][0]["function"], "m0::order");
    let prints: std::collections::BTreeSet<&str> =
        one["findings"].as_array().into_iter().flatten().filter_map(|f| f["fingerprint"].as_str()).collect();
    assert_eq!(prints.len(), 40);
}

#[test]
fn formats_go_where_they_are_sent() {
    let dir = shop(NESTED);
    let ran = letgo(dir.path(), &["check", "--output-format", "json=out.json", "--output-format", "short"]);
    assert_eq!((ran.code, ran.out.lines().count()), (1, 1));
    let json = fs::read_to_string(dir.path().join("out.json")).expect("the file was written");
    assert!(json.contains("\"nested_acquire\""));
    let two = letgo(dir.path(), &["check", "--output-format", "json", "--output-format", "text"]);
    assert!(two.code == 2 && two.err.contains("share standard output"), "{}", two.err);
    let unknown = letgo(dir.path(), &["check", "--output-format", "yaml"]);
    assert!(unknown.code == 2 && unknown.err.contains("text, concise, json"), "{}", unknown.err);
}

#[test]
fn colours_follow_the_flag_and_the_variables() {
    let dir = shop(NESTED);
    let colored = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = command(dir.path(), &[&["check"], arguments].concat());
        command.envs(variable);
        ran(command.output().expect("the program starts")).out.contains('\u{1b}')
    };
    assert!(!colored(&[], None));
    assert!(colored(&["--color", "always"], None) && colored(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(colored(&[], Some(("CARGO_TERM_COLOR", "always"))));
    assert!(!colored(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
}

#[test]
fn comments_silence_at_the_place_the_acquisition_and_the_item() {
    let with = |line: &str, comment: &str| {
        let at = NESTED.find(line).expect("the code has the line");
        let indent = &NESTED[NESTED[..at].rfind('\n').map_or(0, |n| n + 1)..at];
        format!("{}{comment}\n{indent}{}", &NESTED[..at], &NESTED[at..])
    };
    for line in ["let mut tx", "sqlx::query(\"INSERT INTO audit", "pub async fn order"] {
        let dir = shop(&with(line, "// letgo: allow(nested_acquire, reason = \"one task only\")"));
        concise(dir.path(), &[], 0, &[]);
        assert_eq!(letgo(dir.path(), &["check"]).err, "letgo: no findings in 1 file (1 suppressed)\n");
        concise(dir.path(), &["--ignore-suppressions"], 1, &["src/lib.rs:7:5: error[letgo::nested_acquire"]);
    }
    let trailing =
        shop(&NESTED.replace(".execute(pool).await?;", ".execute(pool).await?; // letgo: expect(nested_acquire)"));
    concise(trailing.path(), &[], 0, &[]);
    let file = shop(&format!("// letgo: allow-file(nested_acquire)\n{NESTED}"));
    concise(file.path(), &[], 0, &[]);
    let idle = shop(&with("tx.commit()", "// letgo: expect(held_across_await)"));
    concise(idle.path(), &["-A", "nested_acquire"], 0, &["src/lib.rs:7:5: warning[letgo::unused_suppression"]);
    let unknown = letgo(shop(&with("tx.commit()", "// letgo: allow(nested_aquire)")).path(), &["check"]);
    assert!(unknown.out.contains("did you mean `nested_acquire`?"), "{}", unknown.out);
}

#[test]
fn settings_are_read_and_their_mistakes_shown() {
    let with = |settings: &str| {
        tree(&[("Cargo.toml", MANIFEST), ("src/lib.rs", HELD), ("tools/x.rs", HELD), ("letgo.toml", settings)])
    };
    concise(
        with("[lints]\nsuspicious = 'deny'\n").path(),
        &["src"],
        1,
        &["src/lib.rs:5:5: error[letgo::held_across_await"],
    );
    let per_path = "exclude = ['tools/**']\n[[per-path]]\npaths = ['src/**']\nallow = ['held_across_await']\n";
    concise(with(per_path).path(), &[], 0, &[]);
    concise(
        with(per_path).path(),
        &["-D", "held_across_await"],
        1,
        &["src/lib.rs:5:5: error[letgo::held_across_await"],
    );
    let typo = letgo(with("[lints]\nheld_accross_await = 'deny'\n").path(), &["check"]);
    assert!(
        typo.code == 2 && typo.err.contains("letgo.toml:2:1") && typo.err.contains("did you mean `held_across_await`?"),
        "{}",
        typo.err
    );
    let idle = letgo(with("exclude = ['gone/**']\n").path(), &["check"]);
    assert!(idle.code == 0 && idle.err.contains("`gone/**` matches no file"), "{}", idle.err);
    let row = letgo(with("[[crate]]\nname = 'our_client'\nwaits = 'htpp'\n").path(), &["check"]);
    assert!(row.code == 2 && row.err.contains("letgo.toml:3"), "{}", row.err);
    let dir = with("[lints]\nall = 'allow'\n");
    fs::write(dir.path().join("strict.toml"), "[lints]\nall = 'deny'\n").expect("files can be written");
    concise(dir.path(), &["src"], 0, &[]);
    concise(dir.path(), &["src", "--config", "strict.toml"], 1, &["src/lib.rs:5:5: error[letgo::held_across_await"]);
}

#[test]
fn usage_errors_exit_with_two() {
    let dir = shop(CLEAN);
    let gone = letgo(dir.path(), &["check", "gone"]);
    assert!(gone.code == 2 && gone.err.contains("`gone` does not exist"), "{}", gone.err);
    let lint = letgo(dir.path(), &["check", "-D", "nested_aquire"]);
    assert!(lint.code == 2 && lint.err.contains("did you mean `nested_acquire`?"), "{}", lint.err);
    assert_eq!(letgo(dir.path(), &["check", "--nonsense"]).code, 2);
    let bare = letgo(dir.path(), &[]);
    assert!(bare.code == 2 && bare.err.contains("Usage"), "{}", bare.err);
    let path = letgo(dir.path(), &["src"]);
    assert!(path.code == 2 && path.err.contains("`letgo check src`"), "{}", path.err);
    assert_eq!(letgo(dir.path(), &["--version"]).code, 0);
}

#[test]
fn a_file_that_cannot_be_read_is_a_finding_and_the_run_goes_on() {
    let dir = shop(NESTED);
    fs::write(dir.path().join("src/broken.rs"), "fn f( {\n").expect("files can be written");
    fs::write(dir.path().join("src/latin.rs"), b"// caf\xe9\n").expect("files can be written");
    let expected = [
        "src/broken.rs:1:8: warning[letgo::unparsed_file",
        "src/latin.rs:1:1: warning[letgo::unparsed_file",
        "src/lib.rs:6:5: error[letgo::nested_acquire",
    ];
    let ran = letgo(dir.path(), &["check", "--output-format", "concise"]);
    let shown: Vec<&str> = ran.out.lines().map(|line| line.split("]: ").next().unwrap_or(line)).collect();
    assert_eq!(shown.len(), expected.len(), "{}", ran.out);
    assert!(shown[0].starts_with("src/broken.rs:1:") && shown[1..] == expected[1..], "{}", ran.out);
    assert!(ran.code == 1 && ran.err.ends_with("; 2 files not parsed\n"), "{}", ran.err);
    assert_eq!(letgo(dir.path(), &["check", "-A", "correctness"]).code, 0);
    assert_eq!(letgo(dir.path(), &["check", "-A", "correctness", "-D", "unparsed_file"]).code, 1);
}

#[test]
fn a_broken_manifest_is_told_and_the_run_goes_on() {
    let dir = tree(&[("Cargo.toml", "[package\n"), ("src/lib.rs", NESTED)]);
    let ran = letgo(dir.path(), &["check", "--output-format", "concise"]);
    assert!(ran.err.contains("letgo: Cargo.toml:1: cannot be parsed"), "{}", ran.err);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
}

#[test]
fn paths_filter_what_is_reported_and_are_seen_from_here() {
    let dir = tree(&[
        ("Cargo.toml", "[workspace]\nmembers = ['a', 'b']\n"),
        ("a/Cargo.toml", &MANIFEST.replace("shop", "a")),
        ("a/src/lib.rs", NESTED),
        ("b/Cargo.toml", &MANIFEST.replace("shop", "b")),
        ("b/src/lib.rs", HELD),
    ]);
    let (a, b) =
        ("a/src/lib.rs:6:5: error[letgo::nested_acquire", "b/src/lib.rs:5:5: warning[letgo::held_across_await");
    concise(dir.path(), &[], 1, &[a, b]);
    concise(dir.path(), &["b"], 0, &[b]);
    concise(dir.path(), &["b/src/lib.rs", "a"], 1, &[a, b]);
    concise(&dir.path().join("a"), &[], 1, &["src/lib.rs:6:5: error[letgo::nested_acquire", &format!("../{b}")]);
    concise(&dir.path().join("a"), &["."], 1, &["src/lib.rs:6:5: error[letgo::nested_acquire"]);
    let outside = tempfile::tempdir().expect("a scratch folder can be made");
    let path = dir.path().canonicalize().expect("the folder is there");
    concise(
        outside.path(),
        &[path.join("b").to_str().expect("the path is UTF-8")],
        0,
        &[&format!("{}/{b}", path.display())],
    );
    let other = shop(CLEAN);
    let two = letgo(dir.path(), &["check", "a", other.path().to_str().expect("the path is UTF-8")]);
    assert!(two.code == 2 && two.err.contains("different workspaces"), "{}", two.err);
}

#[test]
fn test_code_is_left_out_unless_asked_for() {
    let test = format!("#[cfg(test)]\nmod tests {{\n    {}\n}}\n", NESTED.replace('\n', "\n    "));
    let dir = tree(&[("Cargo.toml", MANIFEST), ("src/lib.rs", &test), ("tests/t.rs", NESTED)]);
    concise(dir.path(), &[], 0, &[]);
    let ran = letgo(dir.path(), &["check", "tests"]);
    assert!(ran.err.contains("tests is test code; `--include-tests` reads it"), "{}", ran.err);
    let all = letgo(dir.path(), &["check", "--include-tests", "--output-format", "concise"]);
    assert_eq!(all.out.lines().count(), 2, "{}", all.out);
}

#[test]
fn standard_input_stands_for_a_file() {
    let dir = shop(CLEAN);
    let piped = |arguments: &[&str]| {
        let mut child = command(dir.path(), arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("the input is a pipe").write_all(NESTED.as_bytes()).expect("the program reads");
        ran(child.wait_with_output().expect("the program ends"))
    };
    let named = piped(&["check", "--output-format", "concise", "--stdin-filename", "src/lib.rs", "-"]);
    assert!(named.code == 1 && named.out.starts_with("src/lib.rs:6:5: error"), "{}{}", named.out, named.err);
    let new = piped(&["check", "--output-format", "concise", "--stdin-filename", "src/new.rs", "-"]);
    assert!(new.code == 1 && new.out.starts_with("src/new.rs:6:5: error"), "{}{}", new.out, new.err);
    let bare = piped(&["check", "--output-format", "concise", "-"]);
    assert!(bare.code == 1 && bare.out.starts_with("stdin.rs:6:5: error"), "{}{}", bare.out, bare.err);
}

#[test]
fn confidence_is_a_threshold_and_statistics_count() {
    let dir = shop(&format!("{NESTED}\n{}", HELD.replace("use sqlx::PgPool;\n", "")));
    let ran = letgo(dir.path(), &["check", "--statistics", "--output-format", "concise"]);
    assert!(ran.err.starts_with("     1  held_across_await\n     1  nested_acquire\n"), "{}", ran.err);
    assert_eq!(
        letgo(dir.path(), &["check", "--min-confidence", "high", "--output-format", "concise"]).out.lines().count(),
        2
    );
    assert_eq!(letgo(dir.path(), &["check", "--min-confidence", "sure"]).code, 2);
}

#[test]
fn no_rust_file_is_a_warning() {
    let dir = tree(&[("README.md", "nothing")]);
    let ran = letgo(dir.path(), &["check"]);
    assert!(ran.code == 0 && ran.err.contains("there is no Rust file"), "{}", ran.err);
}

#[test]
fn pages_and_their_table() {
    let dir = tree(&[]);
    let page = letgo(dir.path(), &["explain", "letgo::nested-acquire"]);
    assert!(
        page.code == 0
            && page.out.starts_with("# nested_acquire\n")
            && page.out.contains("Level: deny (group correctness)"),
        "{}",
        page.out
    );
    assert!(!page.out.contains("//~"), "{}", page.out);
    let table = letgo(dir.path(), &["explain"]).out;
    assert_eq!(table.lines().count(), letgo::lints::ALL.len());
    assert!(letgo(dir.path(), &["explain", "pedantic"]).out.lines().count() < table.lines().count());
    let typo = letgo(dir.path(), &["explain", "nested_aquire"]);
    assert!(typo.code == 2 && typo.err.contains("did you mean `nested_acquire`?"), "{}", typo.err);
}

#[test]
fn dumps_show_what_is_seen() {
    let dir = shop(NESTED);
    for (what, word) in [("--cfg", "begin"), ("--states", "held"), ("--types", "Transaction"), ("--summary", "")] {
        let ran = letgo(dir.path(), &["dump", what, "src/lib.rs::order"]);
        assert!(ran.code == 0 && ran.out.contains("order") && ran.out.contains(word), "{what}: {}{}", ran.out, ran.err);
    }
    assert!(letgo(dir.path(), &["dump", "--coverage"]).out.contains("files"));
    assert_eq!(letgo(dir.path(), &["dump", "--unknown"]).code, 0);
    let wrong = letgo(dir.path(), &["dump", "--cfg", "src/lib.rs::nobody"]);
    assert!(wrong.code == 2 && wrong.err.contains("it has order"), "{}", wrong.err);
}

#[test]
fn cargo_letgo_is_the_same_program() {
    let dir = shop(NESTED);
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-letgo"));
    let ran = ran(command
        .args(["letgo", "--output-format", "concise"])
        .current_dir(dir.path())
        .output()
        .expect("the program starts"));
    assert!(ran.code == 1 && ran.out.starts_with("src/lib.rs:6:5: error"), "{}{}", ran.out, ran.err);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_success() {
    let dir = shop(
        &(0..300)
            .map(|n| NESTED.replace("order", &format!("order{n}")).replace("use sqlx::PgPool;", ""))
            .fold("use sqlx::PgPool;\n".to_owned(), |a, b| a + &b),
    );
    let mut child = command(dir.path(), &["check"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let ran = ran(child.wait_with_output().expect("the program ends"));
    assert!(ran.code == 0 && !ran.err.contains("panic"), "{}", ran.err);
}

#[test]
fn every_format_is_written_and_may_stand_beside_others() {
    let dir = shop(NESTED);
    let formats = ["json", "json-lines", "sarif", "github", "gitlab", "junit", "rdjson", "markdown", "cargo", "rustc"];
    let mut arguments = vec!["check".to_owned()];
    for format in formats {
        arguments.extend(["--output-format".to_owned(), format!("{format}={format}.out")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = command(dir.path(), &arguments);
    command.env("GITHUB_STEP_SUMMARY", dir.path().join("summary.md"));
    let ran = ran(command.output().expect("the program starts"));
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    for format in formats {
        let text = fs::read_to_string(dir.path().join(format!("{format}.out"))).expect("the file was written");
        assert!(text.contains("nested_acquire") && text.contains("src/lib.rs"), "{format}: {text}");
    }
    let summary = fs::read_to_string(dir.path().join("summary.md")).expect("the summary was written");
    assert!(summary.contains("| `nested_acquire` | 1 | 0 |"), "{summary}");
    let sarif = fs::read_to_string(dir.path().join("sarif.out")).expect("the file was written");
    let sarif: serde_json::Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(letgo::lints::ALL.len()));
}

#[test]
fn the_command_after_letgo_runs_and_its_exit_code_counts() {
    let dir = shop(CLEAN);
    let then = |code: &str| letgo(dir.path(), &["check", "-q", "--then", "--", "sh", "-c", code]);
    let ran = then("echo hello; exit 3");
    assert_eq!((ran.code, ran.out.as_str()), (3, "hello\n"), "{}", ran.err);
    assert_eq!(then("true").code, 0);
    assert_eq!(letgo(dir.path(), &["check", "--then"]).code, 2);
    assert_eq!(letgo(dir.path(), &["check", "--then", "--", "no-such-program-here"]).code, 2);
}

#[test]
fn settings_are_shown_verified_and_described() {
    let dir = shop(CLEAN);
    let none = letgo(dir.path(), &["config", "verify"]);
    assert!(none.code == 0 && none.err.contains("there is no letgo.toml"), "{}", none.err);
    fs::write(dir.path().join("letgo.toml"), "[lints]\nsuspicious = \"deny\"\n").expect("files can be written");
    let shown = letgo(dir.path(), &["config", "show"]).out;
    let line = shown.lines().find(|l| l.starts_with("held_across_await ")).expect("a line per lint");
    assert!(line.ends_with("= \"deny\"  # group suspicious"), "{shown}");
    assert!(letgo(dir.path(), &["config", "verify"]).err.contains("letgo.toml is right"));
    fs::write(dir.path().join("letgo.toml"), "[lints]\nsuspicius = \"deny\"\n").expect("files can be written");
    let wrong = letgo(dir.path(), &["config", "verify"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `suspicious`?"), "{}", wrong.err);
    // What is shown is itself a file of settings.
    fs::write(dir.path().join("letgo.toml"), shown).expect("files can be written");
    assert_eq!(letgo(dir.path(), &["config", "verify"]).code, 0);
    let schema = letgo(dir.path(), &["config", "schema"]).out;
    let committed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("letgo.schema.json"));
    let committed = committed.expect("the schema is committed").replace("\r\n", "\n");
    assert_eq!(schema, committed, "write it anew: letgo config schema > letgo.schema.json");
    let script = letgo(dir.path(), &["completions", "bash"]);
    assert!(script.code == 0 && script.out.contains("--output-format"), "{}", script.err);
}

#[test]
fn init_writes_what_is_missing_and_nothing_else() {
    let dir = shop(CLEAN);
    let outside = letgo(dir.path(), &["init"]);
    assert!(outside.code == 0 && outside.out.contains("in no git repository"), "{}", outside.out);
    fs::create_dir(dir.path().join(".git")).expect("folders can be made");
    fs::write(dir.path().join("letgo.toml"), "# mine\n").expect("files can be written");
    let ran = letgo(dir.path(), &["init"]);
    for line in ["kept letgo.toml, which is there", "wrote .githooks/pre-commit", "wrote .github/workflows/letgo.yml"] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert_eq!(fs::read_to_string(dir.path().join("letgo.toml")).expect("it is there"), "# mine\n");
    let hook = fs::read_to_string(dir.path().join(".githooks/pre-commit")).expect("it was written");
    assert!(hook.contains("cd '.' ||") && !hook.contains('@'), "{hook}");
    fs::remove_file(dir.path().join("letgo.toml")).expect("it is there");
    letgo(dir.path(), &["init"]);
    assert_eq!(letgo(dir.path(), &["config", "verify"]).code, 0);
    // With every `#` before a setting taken away it is still right, but for globs that match nothing.
    let text = fs::read_to_string(dir.path().join("letgo.toml")).expect("it was written");
    let is_setting = |line: &str| line.starts_with("# [") || line.contains(" = ");
    let open: Vec<&str> = text.lines().map(|l| if is_setting(l) { l.trim_start_matches("# ") } else { l }).collect();
    fs::write(dir.path().join("letgo.toml"), open.join("\n")).expect("files can be written");
    let verified = letgo(dir.path(), &["config", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.err);
}

#[test]
fn the_inventory_has_three_formats_and_keeps_to_its_paths() {
    let dir = tree(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", "mod quotes;\nmod orders;\n"),
        ("src/orders.rs", NESTED),
        ("src/quotes.rs", HELD),
    ]);
    let text = letgo(dir.path(), &["inventory"]);
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(text.out.contains("src/orders.rs:4:18: `tx` (transaction) from `pool`"), "{}", text.out);
    assert!(text.out.contains("2 of `pool`") && text.out.contains("waits for http (`send`)"), "{}", text.out);
    let json = letgo(dir.path(), &["inventory", "--output-format", "json", "src/quotes.rs"]);
    assert!(json.out.contains("\"holder\": \"conn\"") && !json.out.contains("orders.rs"), "{}", json.out);
    let markdown = letgo(dir.path(), &["inventory", "--output-format", "markdown"]);
    assert!(markdown.out.contains("| 2 | `pool` (sqlx::Pool&lt;sqlx::Postgres&gt;) |"), "{}", markdown.out);
    assert_eq!(letgo(dir.path(), &["inventory", "nowhere"]).code, 2);
}

#[test]
fn coverage_says_what_was_resolved_and_why_not() {
    let dir = shop(
        "pub async fn f(pool: &sqlx::PgPool, other: outside::Thing) {\n    pool.acquire().await;\n    other.part().acquire().await;\n}\n",
    );
    let ran = letgo(dir.path(), &["dump", "--coverage"]);
    assert!(ran.out.contains("calls of methods that packs name: 2, 1 resolved (50.0 %)"), "{}", ran.out);
    assert!(ran.out.contains("not resolved, and why\n     1  acquire: "), "{}", ran.out);
    assert!(
        ran.out.contains("where the unknown types come from\n     1  a parameter whose type is not known"),
        "{}",
        ran.out
    );
}

#[test]
fn packs_are_listed_with_the_reason_that_makes_them_active() {
    let manifest =
        "[package]\nname = \"shop\"\n[dependencies]\npg = { package = \"deadpool-postgres\", version = \"0.14\" }\n";
    let dir = tree(&[
        ("Cargo.toml", manifest),
        ("src/lib.rs", CLEAN),
        ("letgo.toml", "[[crate]]\nname = \"our_billing_client\"\nwaits = \"http\"\n"),
    ]);
    let ran = letgo(dir.path(), &["packs"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let line = |name: &str| {
        let found = ran.out.lines().find(|line| line.split_whitespace().next() == Some(name));
        found.unwrap_or_else(|| panic!("no {name} in\n{}", ran.out)).to_owned()
    };
    assert!(line("deadpool-postgres").ends_with("the crate `shop` depends on `deadpool-postgres`"), "{}", ran.out);
    assert!(line("futures").ends_with("the pack `tokio-postgres` names its types"), "{}", ran.out);
    assert!(line("std").ends_with("always") && line("project").ends_with("rows of letgo.toml"), "{}", ran.out);
    let idle = ran.out.split("not active here\n").nth(1).expect("some are idle");
    assert!(idle.contains("  mongodb ") && !idle.contains("  deadpool "), "{}", ran.out);
    let json = letgo(dir.path(), &["packs", "--output-format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    let sqlx =
        value["packs"].as_array().and_then(|all| all.iter().find(|p| p["name"] == "sqlx")).expect("it is listed");
    assert_eq!((&sqlx["active"], &sqlx["experimental"]), (&false.into(), &false.into()));
    assert!(sqlx["tested"].as_str().is_some_and(|t| t.contains("0.8")) && sqlx["rows"].as_u64() > Some(50));
}

#[test]
fn a_pack_shows_its_rows_and_what_proves_them() {
    let dir = shop(CLEAN);
    let ran = letgo(dir.path(), &["packs", "show", "sqlx"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "  active here: yes: the crate `shop` depends on `sqlx`\n",
        "  sqlx::Pool<DB>\n      pool, ",
        "  sqlx::Pool::acquire\n      async, acquire from $0, gives std::result::Result<sqlx::PoolConnection<DB>>\n      proof: sqlx-core-",
    ] {
        assert!(ran.out.contains(part), "{part} is not in\n{}", ran.out);
    }
    // A package finds the pack that describes it; a misspelt name gets a hint.
    assert!(letgo(dir.path(), &["packs", "show", "sqlx-core"]).out.starts_with("sqlx\n"));
    let json = letgo(dir.path(), &["packs", "show", "r2d2", "--output-format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).expect("it is JSON");
    assert_eq!((&value["name"], &value["active"]), (&"r2d2".into(), &false.into()));
    let wrong = letgo(dir.path(), &["packs", "show", "sqlxx"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert!(wrong.err.contains("there is no pack `sqlxx`; did you mean `sqlx`?"), "{}", wrong.err);
}

#[test]
fn packages_get_scripts_and_pages() {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    let ran = letgo(dir.path(), &["completions", "--into", "extras"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = |name: &str| fs::read_to_string(dir.path().join("extras").join(name)).expect("it was written");
    for name in ["letgo.bash", "_letgo", "letgo.fish", "_letgo.ps1", "letgo.elv"] {
        assert!(text(name).contains("baseline"), "{name}");
    }
    assert!(text("letgo.1").contains("letgo\\-check(1)") && text("letgo-check.1").contains("diff\\-base"));
    assert_eq!(letgo(dir.path(), &["completions", "man"]).out, text("letgo.1"));
    assert_eq!(letgo(dir.path(), &["completions", "fish"]).out, text("letgo.fish"));
    assert_eq!(letgo(dir.path(), &["completions"]).code, 2);
}
