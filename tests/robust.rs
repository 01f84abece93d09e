//! What would end a lesser program: code that nests without end, odd bytes, circles in names, links and pipes, hostile trees.
//!
//! **Guarantees:** each case ends with a clear message and an honest exit code, and what is found elsewhere is kept. Lines of
//! SECURITY.md name the tests of this file that hold them.

use letgo::base::Confidence;
use letgo::discover::{Rules, Tree};
use letgo::pipeline::{self, Options};
use letgo::report::{Report, json, text};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2021\"\n[dependencies]\nsqlx = \"0.8\"\n";

/// One `nested_acquire`, at deny.
const NESTED: &str = "pub async fn order(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query(\"INSERT INTO orders DEFAULT VALUES\").execute(&mut *tx).await?;
    sqlx::query(\"INSERT INTO audit DEFAULT VALUES\").execute(pool).await?;
    tx.commit().await
}
";

/// How deep hostile code nests.
const DEEP: usize = 100_000;

fn check_on(tree: &Tree, threads: usize) -> Report {
    let catalog = pipeline::catalog(tree, None).expect("the shipped packs are sound");
    let mut options = Options { threads, min_confidence: Confidence::Low, ..Options::new(tree, &catalog) };
    options.include_tests = true;
    let mut report = pipeline::check(&options);
    report.summary.seconds = 0.0;
    report
}

fn check(tree: &Tree) -> Report {
    let report = check_on(tree, 0);
    assert!(!report.internal_error, "{:#?}", report.problems);
    report
}

fn found(report: &Report, lint: &str) -> Vec<String> {
    let of_lint = report.entries.iter().filter(|e| e.finding.lint == lint);
    of_lint.map(|e| format!("{}: {}", report.sources.files[e.finding.span.file].path, e.finding.message)).collect()
}

/// Checks a healthy file beside the given ones: its finding is kept.
fn beside(files: Vec<(String, String)>) -> Report {
    let healthy = [("Cargo.toml".to_owned(), MANIFEST.to_owned()), ("src/lib.rs".to_owned(), NESTED.to_owned())];
    let report = check(&Tree::in_memory(healthy.into_iter().chain(files), 2021));
    assert!(found(&report, "nested_acquire").iter().any(|f| f.starts_with("src/lib.rs")), "the finding is lost");
    report
}

fn disk(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    dir
}

fn letgo(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_letgo"));
    command.args(arguments).current_dir(dir).env_remove("CARGO_TERM_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Exit code, standard output, standard error.
fn run(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = letgo(dir, arguments).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn code_that_nests_without_end_is_told_and_costs_its_file() {
    let nest = |open: &str, core: &str, close: &str| format!("{}{core}{}", open.repeat(DEEP), close.repeat(DEEP));
    let shapes = [
        ("parentheses", format!("fn f() -> u8 {{ {} }}", nest("(", "1", ")"))),
        ("blocks", format!("fn f() -> u8 {}", nest("{", "1", "}"))),
        ("arrays", format!("fn f() {{ let x = {}; }}", nest("[", "1", "]"))),
        ("calls", format!("fn f() {{ {}; }}", nest("g(", "1", ")"))),
        ("literals", format!("fn f() {{ let x = {}; }}", nest("S { a: ", "1", "}"))),
        ("operators", format!("fn f() -> bool {{ {} }}", nest("!", "true", ""))),
        ("references", format!("fn f(x: {}) {{}}", nest("&", "u8", ""))),
        ("assignments", format!("fn f() {{ {}; }}", nest("x = ", "1", ""))),
        ("closures", format!("fn f() {{ let x = {}; }}", nest("|a, b| ", "1", ""))),
        ("returns", format!("fn f() {{ {}; }}", nest("return ", "1", ""))),
        ("futures", format!("fn f() {{ let x = {}; }}", nest("async {", "1", "}"))),
        ("loops", format!("fn f() {{ {} }}", nest("loop {", "", "}"))),
        ("conditions", format!("fn f(x: X) {{ {} }}", nest("if let Some(x) = x {", "", "}"))),
        ("otherwise", format!("fn f() {{ {} }}", nest("if a {} else ", "{}", ""))),
        ("matches", format!("fn f(x: X) {{ {} }}", nest("match x { _ => ", "1", "}"))),
        ("patterns", format!("fn f() {{ let {} = 1; }}", nest("(", "x", ",)"))),
        ("types", format!("fn f(x: {}) {{}}", nest("Vec<", "u8", ">"))),
        ("tuples", format!("fn f(x: {}) {{}}", nest("(", "u8", ",)"))),
        ("bounds", format!("fn f() -> {} {{}}", nest("impl Iterator<Item = ", "u8", ">"))),
        ("functions", nest("fn f() {", "", "}")),
        ("modules", nest("mod a {", "", "}")),
        ("imports", format!("use {};", nest("a::{", "b", "}"))),
        ("paths", format!("use {};", nest("a::", "b", ""))),
        ("attributes", format!("#[{}] fn f() {{}}", nest("a(", "", ")"))),
        ("macros", format!("fn f() {{ m!{{ {} }} }}", nest("(", "", ")"))),
        ("formats", format!("fn f() {{ let x = {}; }}", nest("format!(\"{}\", ", "1", ")"))),
        ("numbers", format!("fn f() {{ let x = {}; }}", "1".repeat(1_000_000))),
    ];
    let names: Vec<String> =
        shapes.iter().map(|(name, _)| format!("src/{name}.rs: this file cannot be parsed")).collect();
    let files = shapes.into_iter().map(|(name, text)| (format!("src/{name}.rs"), text)).collect();
    let told = found(&beside(files), "unparsed_file");
    for name in &names {
        assert!(told.iter().any(|t| t.starts_with(name)), "{name}: {told:#?}");
    }
}

/// Just below the bound nothing is refused, and nothing overflows in any later stage either.
#[test]
fn code_that_nests_as_deep_as_allowed_is_read() {
    let nest = |n: usize, open: &str, core: &str, close: &str| format!("{}{core}{}", open.repeat(n), close.repeat(n));
    let shapes = [
        ("blocks", format!("fn f() -> u8 {}", nest(2_900, "{", "1", "}"))),
        ("calls", format!("fn f() {{ {}; }}", nest(2_900, "g(", "1", ")"))),
        ("futures", format!("fn f() {{ let x = {}; }}", nest(2_300, "async {", "1", "}"))),
        ("closures", format!("fn f() {{ let x = {}; }}", nest(5_900, "|| ", "1", ""))),
        ("assignments", format!("fn f() {{ {}; }}", nest(11_000, "x = ", "1", ""))),
        ("operators", format!("fn f() -> bool {{ {} }}", nest(11_000, "!", "true", ""))),
        ("types", format!("fn f(x: {}) {{}}", nest(2_900, "Vec<", "u8", ">"))),
        ("objects", format!("fn f(x: {}) {{}}", nest(1_400, "Box<dyn Fn(", "u8", ")>"))),
        ("functions", nest(1_400, "fn f() {", "", "}")),
        ("modules", nest(2_900, "mod a {", "", "}")),
    ];
    let files = shapes.into_iter().map(|(name, text)| (format!("src/{name}.rs"), text)).collect();
    assert_eq!(found(&beside(files), "unparsed_file"), Vec::<String>::new());
}

#[test]
fn code_that_is_wide_is_read() {
    let many = |n: usize, part: &dyn Fn(usize) -> String| (0..n).map(part).collect::<String>();
    let shapes = [
        ("sums", format!("fn f() -> u64 {{ 0{} }}", " + 1".repeat(DEEP))),
        ("arms", format!("fn f(x: u32) -> u32 {{ match x {{ {} _ => 0 }} }}", many(DEEP, &|i| format!("{i} => {i},")))),
        ("generics", format!("fn f<{}>() {{}}", many(DEEP, &|i| format!("T{i},")))),
        ("alternatives", format!("fn f(x: u32) {{ match x {{ 0{} => {{}}, _ => {{}} }} }}", " | 1".repeat(DEEP))),
        ("methods", format!("fn f(x: X) {{ x{}; }}", ".a()".repeat(20_000))),
        ("strings", format!("fn f() {{ let x = \"{}\"; }}", "a".repeat(4_000_000))),
        ("line", format!("fn f() {{ {} }}", "let x = 1; ".repeat(DEEP))),
        ("comments", format!("{}{} fn f() {{}}", "/*".repeat(DEEP), "*/".repeat(DEEP))),
    ];
    let files = shapes.into_iter().map(|(name, text)| (format!("src/{name}.rs"), text)).collect();
    assert_eq!(found(&beside(files), "unparsed_file"), Vec::<String>::new());
}

#[test]
fn a_function_whose_graph_grows_without_end_is_told_and_costs_itself() {
    let line = |n: usize| format!("    let r{n} = sqlx::query(\"SELECT 1\").execute(&mut *tx).await?;\n");
    let body: String = (0..5_000).map(line).collect();
    let text = format!(
        "async fn vast(pool: &sqlx::PgPool) -> sqlx::Result<()> {{\n    let mut tx = pool.begin().await?;\n{body}    Ok(())\n}}\n{NESTED}"
    );
    let report = beside(vec![("src/vast.rs".to_owned(), text)]);
    let told: Vec<_> = report.problems.iter().filter(|p| p.message.contains("too large")).collect();
    assert!(matches!(told.as_slice(), [one] if one.path == "src/vast.rs" && one.line == 1), "{:?}", report.problems);
    assert!(
        found(&report, "nested_acquire").iter().any(|f| f.starts_with("src/vast.rs")),
        "the rest of its file is read"
    );
    assert!(found(&report, "uncommitted_transaction").is_empty(), "nothing is said of a function that was not read");
}

#[test]
fn odd_bytes_do_not_hide_what_is_wrong() {
    let odd = [
        ("mark", format!("\u{feff}{NESTED}")),
        ("windows", NESTED.replace('\n', "\r\n")),
        ("script", format!("#!/usr/bin/env run\n---cargo\n[dependencies]\n---\n{NESTED}")),
        ("raw", NESTED.replace("order", "r#match").replace("tx", "r#type")),
        ("unicode", NESTED.replace("order", "bestätigen").replace("tx", "vorgang_ü")),
        ("zero", format!("// \0 \u{1b}[2J\n{NESTED}")),
        ("wide", format!("{}{NESTED}", " ".repeat(2_000_000))),
    ];
    let names: Vec<&str> = odd.iter().map(|(name, _)| *name).collect();
    let files = odd.iter().map(|(name, text)| (format!("src/{name}.rs"), text.clone())).collect();
    let report = beside(files);
    let nested = found(&report, "nested_acquire");
    for name in names {
        assert!(nested.iter().any(|f| f.starts_with(&format!("src/{name}.rs"))), "{name}: {nested:#?}");
    }
    assert!(!text::render(&report, false).contains(['\u{1b}', '\0']));
}

#[test]
fn bytes_that_are_no_rust_are_told() {
    let dir = disk(&[
        ("Cargo.toml", MANIFEST.as_bytes()),
        ("src/lib.rs", NESTED.as_bytes()),
        ("src/latin.rs", b"// caf\xe9\n"),
        ("src/zero.rs", b"fn f() { \0 }"),
        ("src/wide.rs", &[0xff, 0xfe, b'f', 0, b'n', 0]),
        ("src/empty.rs", b""),
    ]);
    let (code, out, _) = run(dir.path(), &["check", "--output-format", "concise"]);
    assert_eq!(code, 1, "{out}");
    for (file, words) in [("latin", "not UTF-8"), ("zero", "cannot be parsed"), ("wide", "not UTF-8")] {
        let told = out.lines().any(|l| l.starts_with(&format!("src/{file}.rs")) && l.contains(words));
        assert!(told, "{file}: {out}");
    }
    assert!(out.contains("nested_acquire") && !out.contains("empty.rs"), "{out}");
}

#[test]
fn circles_of_names_end() {
    let circles = [
        ("aliases", "type A = B; type B = A; type L<T> = Vec<L<T>>; fn f(a: A, l: L<u8>) { a.begin(); l.begin(); }"),
        (
            "deref",
            "struct A; struct B; impl std::ops::Deref for A { type Target = B; } impl std::ops::Deref for B { type Target = A; } fn f(a: A) { a.begin(); a.x.y; }",
        ),
        (
            "selfderef",
            "struct A<T>(T); impl<T> std::ops::Deref for A<T> { type Target = A<A<T>>; } fn f(a: A<u8>) { a.begin(); }",
        ),
        (
            "traits",
            "trait A: B { fn a(&self) { self.b(); } } trait B: A { fn b(&self) { self.a(); } } impl<T: B> A for T {} impl<T: A> B for T {} fn f(x: impl A) { x.a(); x.begin(); }",
        ),
        (
            "assoc",
            "trait A { type T; } struct S; impl A for S { type T = <S as A>::T; } fn f(x: <S as A>::T) { x.begin(); }",
        ),
        (
            "iterators",
            "struct S; impl Iterator for S { type Item = <S as Iterator>::Item; } fn f(s: S) { for x in s { x.begin(); } }",
        ),
        (
            "structs",
            "struct A { b: Box<B>, p: sqlx::PgPool } struct B { a: Vec<A> } async fn f(a: A) { a.b.a[0].p.begin().await; }",
        ),
        (
            "growing",
            "fn f<T>(x: T) { f(vec![x]) } fn g(p: sqlx::PgPool) { f(p) } async fn h(p: &sqlx::PgPool) { let t = p.begin().await; h(p).await; i(p).await } async fn i(p: &sqlx::PgPool) { h(p).await }",
        ),
        (
            "imports",
            "mod a { pub use super::b::*; } mod b { pub use super::a::*; } use a::x; use self::y as z; use z as y; fn f() { x(); y(); }",
        ),
        ("statics", "static A: X = B; static B: X = A; fn f() { A.begin(); }"),
        (
            "futures",
            "fn f() -> impl std::future::Future<Output = ()> { g() } fn g() -> impl std::future::Future<Output = ()> { f() } async fn h() { f().await }",
        ),
        (
            "macros",
            "macro_rules! m { ($($x:tt)*) => { m!(m!($($x)*)) } } fn f() { m!(a); tokio::select! { _ = m!(b) => {} } }",
        ),
        (
            "generics",
            "struct A<T: Into<A<T>>>(T); impl<T: Into<A<T>>> From<A<T>> for A<A<T>> { fn from(x: A<T>) -> Self { x.into() } } fn f(a: A<u8>) { let b: A<_> = a.into(); b.begin(); }",
        ),
        (
            "modules",
            "mod one; mod two; #[path = \"modules.rs\"] mod again; #[path = \"../lib.rs\"] mod up; #[path = \"/etc/hostname\"] mod out; #[path = \"../../../../../x.rs\"] mod far;",
        ),
        (
            "modules/one",
            "#[path = \"../modules.rs\"] mod parent; #[path = \"one.rs\"] mod one; use super::*; fn f() { g() }",
        ),
        ("modules/two", "#[path = \"one.rs\"] mod one; pub use one::*; pub use super::one::*; mod two;"),
    ];
    let files = circles.iter().map(|(name, text)| (format!("src/{name}.rs"), (*text).to_owned())).collect();
    let report = beside(files);
    assert_eq!(found(&report, "unparsed_file"), Vec::<String>::new());
    for (name, text) in circles {
        let alone = [("Cargo.toml".to_owned(), MANIFEST.to_owned()), ("src/lib.rs".to_owned(), text.to_owned())];
        assert!(!check(&Tree::in_memory(alone, 2021)).internal_error, "{name}");
    }
}

#[test]
fn ten_thousand_findings_in_one_file() {
    let text = "// letgo: allow(no_such_lint)\nfn f() {}\n".repeat(10_000);
    let report = beside(vec![("src/many.rs".to_owned(), text)]);
    assert_eq!(found(&report, "unknown_suppression").len(), 10_000);
    let (shown, listed) = (text::render(&report, false), json::render(&report));
    assert!(shown.matches("letgo explain unknown_suppression").count() >= 10_000 && listed.len() > 10_000);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let dir = disk(&[
        ("Cargo.toml", MANIFEST.as_bytes()),
        ("src/lib.rs", "// letgo: allow(no_such_lint)\nfn f() {}\n".repeat(2_000).as_bytes()),
    ]);
    for arguments in [&["check"][..], &["explain"], &["--help"], &["check", "--output-format", "json"]] {
        let mut command = letgo(dir.path(), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {words}");
        assert!(!words.contains("panic") && !words.contains("error"), "{arguments:?}: {words}");
    }
}

/// A full disk under standard output.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let dir = disk(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/lib.rs", NESTED.as_bytes())]);
    for arguments in [
        &["check"][..],
        &["check", "--exit-zero", "--output-format", "json"],
        &["check", "--fix-dry-run"],
        &["inventory"],
        &["explain", "nested_acquire"],
        &["packs"],
        &["config", "show"],
        &["completions", "bash"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = letgo(dir.path(), arguments).stdout(full).stderr(Stdio::piped()).output().expect("it ends");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
        assert!(words.contains("letgo: No space left on device") && !words.contains("panic"), "{arguments:?}: {words}");
    }
}

/// Files that cannot grow: nothing is left half written, neither sources nor reports, and what was there stays.
#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_not_half_written() {
    let dir = disk(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/lib.rs", NESTED.as_bytes())]);
    let program = env!("CARGO_BIN_EXE_letgo");
    for arguments in ["check --fix", "check --output-format json=out.json", "baseline write", "init"] {
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f 0; exec '{program}' {arguments}");
        let output = command.args(["-c", &script]).current_dir(dir.path()).output().expect("there is a shell");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {words}");
        assert!(words.contains("cannot be written") && !words.contains("panic"), "{arguments}: {words}");
        let mut left: Vec<String> = ["", "src"]
            .iter()
            .flat_map(|below| std::fs::read_dir(dir.path().join(below)).expect("it can be read").flatten())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(left, ["Cargo.toml", "lib.rs", "src"], "{arguments}");
        assert_eq!(std::fs::read_to_string(dir.path().join("src/lib.rs")).expect("it is there"), NESTED, "{arguments}");
    }
}

/// The same bytes for any number of threads and any order in which files are handed in.
#[test]
fn threads_and_order_change_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/projects");
    let mut files = Vec::new();
    for project in ["shop", "tickets", "bakery"] {
        let project_root = root.join(project);
        let tree = Tree::from_disk(&project_root, &Rules::default());
        for entry in &tree.files {
            files.push((format!("{project}/{}", entry.path), entry.read().expect("fixtures are readable")));
        }
        for manifest in manifests(&project_root) {
            let below = manifest.strip_prefix(&root).expect("it lies below").to_string_lossy().replace('\\', "/");
            files.push((below, fs::read_to_string(&manifest).expect("fixtures are readable")));
        }
    }
    files.sort();
    let first = check_on(&Tree::in_memory(files.clone(), 2021), 1);
    assert!(!first.entries.is_empty());
    let (listed, shown) = (json::render(&first), text::render(&first, true));
    // A small generator of its own: the same shuffles in every run.
    let mut seed = 7u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for threads in [2, 3, 5, 8] {
        for at in (1..files.len()).rev() {
            files.swap(at, random(at + 1));
        }
        let again = check_on(&Tree::in_memory(files.clone(), 2021), threads);
        assert_eq!(json::render(&again), listed, "{threads} threads");
        assert_eq!(text::render(&again, true), shown, "{threads} threads");
    }
}

fn manifests(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).expect("fixtures are readable").flatten() {
            if entry.path().is_dir() {
                todo.push(entry.path());
            } else if entry.file_name() == "Cargo.toml" {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn terminal_escapes_are_shown_not_obeyed() {
    let code = NESTED.replace("INSERT INTO audit", "\u{1b}[31mINSERT\u{202e} INTO\u{7} audit");
    let dir = disk(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/lib.rs", code.as_bytes())]);
    let _ = fs::write(dir.path().join("src/\u{1b}[2J.rs"), "fn (");
    for format in ["text", "concise", "json"] {
        let (code, out, err) = run(dir.path(), &["check", "--color", "never", "--output-format", format]);
        assert_eq!(code, 1, "{err}");
        for bad in ['\u{1b}', '\u{7}'] {
            assert!(!out.contains(bad) && !err.contains(bad), "{format}: {out:?} {err:?}");
        }
        assert!(format == "json" || !out.contains('\u{202e}'), "{format}: {out:?}");
    }
}

/// Nothing outside the root is read: neither by `#[path]` nor by links, nor by a manifest that names another root.
#[cfg(unix)]
#[test]
fn nothing_outside_the_root_is_read() {
    use std::os::unix::fs::symlink;
    let outside = disk(&[
        ("secret.rs", NESTED.as_bytes()),
        ("secret.toml", b"secret value"),
        ("folder/deep.rs", NESTED.as_bytes()),
        ("Cargo.toml", b"[workspace]\n"),
    ]);
    let away = outside.path();
    let lib = format!(
        "#[path = \"{0}/secret.rs\"]\nmod a;\n#[path = \"../../{1}/secret.rs\"]\nmod b;\n",
        away.display(),
        away.file_name().expect("it has a name").to_string_lossy()
    );
    let manifest =
        format!("[package]\nname = \"shop\"\nworkspace = \"{}\"\n[dependencies]\nsqlx = \"0.8\"\n", away.display());
    let dir = disk(&[("Cargo.toml", manifest.as_bytes()), ("src/lib.rs", lib.as_bytes())]);
    symlink(away.join("secret.rs"), dir.path().join("src/link.rs")).expect("links can be made");
    symlink(away.join("folder"), dir.path().join("src/folder")).expect("links can be made");
    symlink(away.join("secret.toml"), dir.path().join(".gitignore")).expect("links can be made");
    symlink("/dev/zero", dir.path().join("src/endless.rs")).expect("links can be made");
    let (code, out, err) = run(dir.path(), &["check", "--output-format", "concise"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    for file in ["src/link.rs", "src/folder", "src/endless.rs"] {
        assert!(err.contains(&format!("{file}: is a symbolic link that leads out of the workspace")), "{err}");
    }
    assert!(err.contains("no findings in 1 file") && !err.contains("secret value"), "{err}");
    symlink(away.join("secret.toml"), dir.path().join("letgo.toml")).expect("links can be made");
    let (code, _, err) = run(dir.path(), &["check"]);
    assert!(code == 2 && err.contains("leads out of the workspace") && !err.contains("secret value"), "{err}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_checked() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = disk(&[
        ("Cargo.toml", MANIFEST.as_bytes()),
        ("src/lib.rs", NESTED.as_bytes()),
        ("src/closed/mod.rs", NESTED.as_bytes()),
        ("src/shut.rs", NESTED.as_bytes()),
    ]);
    symlink(dir.path(), dir.path().join("src/loop")).expect("links can be made");
    symlink("nothing.rs", dir.path().join("src/broken.rs")).expect("links can be made");
    let made = Command::new("mkfifo").arg(dir.path().join("src/pipe.rs")).status().is_ok_and(|s| s.success());
    for path in ["src/closed", "src/shut.rs"] {
        let mode = fs::Permissions::from_mode(0o000);
        fs::set_permissions(dir.path().join(path), mode).expect("modes can be set");
    }
    // Who may read everything cannot see this.
    let may_read_all = fs::read(dir.path().join("src/shut.rs")).is_ok();
    let (code, out, err) = run(dir.path(), &["check", "--output-format", "concise"]);
    for path in ["src/closed", "src/shut.rs"] {
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(dir.path().join(path), mode).expect("modes can be set");
    }
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("src/lib.rs") && out.contains("nested_acquire"), "{out}");
    assert!(err.contains("src/loop: ") && err.contains("src/broken.rs: is a symbolic link to nothing"), "{err}");
    assert!(!made || err.contains("src/pipe.rs: is no regular file"), "{err}");
    if !may_read_all {
        assert!(err.contains("src/closed: cannot be read") && out.contains("src/shut.rs"), "{out}{err}");
    }
}

#[test]
fn a_file_that_is_too_large_is_told() {
    let dir = disk(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/lib.rs", NESTED.as_bytes()), ("src/big.rs", b"")]);
    let file = fs::OpenOptions::new().write(true).open(dir.path().join("src/big.rs")).expect("it is there");
    file.set_len(40 << 20).expect("files can grow");
    let (code, out, _) = run(dir.path(), &["check", "--output-format", "concise"]);
    assert!(code == 1 && out.contains("src/big.rs:1:1") && out.contains("larger than 32 MiB"), "{out}");
}
