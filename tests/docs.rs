//! The commands and the example of README.md and docs/, run in a scratch repository as a reader would run them.

use letgo::lints;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const MANIFEST: &str = "[package]\nname = \"shop\"\nedition = \"2021\"\n[dependencies]\nsqlx = \"0.8\"\nreqwest = \"0.12\"\nanyhow = \"1\"\n";

/// What the example of README.md was made from.
const EXAMPLE: &str = "use sqlx::PgPool;

pub async fn ship(pool: &PgPool, http: &reqwest::Client, parcel: i64) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await?;
    let quote = http.get(\"https://carrier.example/quote\").send().await?.text().await?;
    sqlx::query(\"UPDATE parcels SET quote = $1 WHERE id = $2\")
        .bind(quote)
        .bind(parcel)
        .execute(&mut *conn)
        .await?;
    Ok(())
}
";

/// Commands that take minutes or belong to the reader's machine: the test of hooks and the build do what they do.
const NOT_RUN: &[&str] = &["cargo install --locked --path ."];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the page is there").replace("\r\n", "\n")
}

fn sh(dir: &Path, command: &str) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_letgo")).parent().expect("a program has a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut run = Command::new("sh");
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "CARGO_TERM_COLOR", "GITHUB_STEP_SUMMARY"] {
        run.env_remove(variable);
    }
    run.args(["-ec", command]).current_dir(dir).env("PATH", path).output().expect("there is a shell")
}

/// A project in git whose `origin/main` is its first commit.
fn project() -> TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder can be made");
    fs::create_dir(dir.path().join("src")).expect("folders can be made");
    fs::write(dir.path().join("Cargo.toml"), MANIFEST).expect("files can be written");
    fs::write(dir.path().join("src/lib.rs"), EXAMPLE).expect("files can be written");
    let made = sh(
        dir.path(),
        "git init -q && git add . && git -c user.name=a -c user.email=a@example.com commit -qm first && \
         git update-ref refs/remotes/origin/main HEAD && ln -s . YOUR_PROJECT",
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    dir
}

/// The code blocks of a page that are marked as `language`.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| Some(rest.split("```").next()?.to_owned())).collect()
}

#[cfg(unix)]
#[test]
fn every_command_runs() {
    for page in ["README.md", "docs/ci.md", "docs/editors.md", "docs/release.md"] {
        let dir = project();
        for command in blocks(&read(page), "sh").iter().flat_map(|block| block.lines()) {
            if NOT_RUN.contains(&command) {
                continue;
            }
            let ran = sh(dir.path(), command);
            let err = String::from_utf8_lossy(&ran.stderr);
            // Findings are no failure of the command.
            let good = ran.status.code().is_some_and(|code| code < 2);
            assert!(good, "{page}: `{command}` ends with {:?}\n{err}", ran.status.code());
        }
    }
}

#[test]
fn the_example_is_what_letgo_says() {
    let dir = project();
    let said = sh(dir.path(), "letgo check -q");
    let said = String::from_utf8_lossy(&said.stdout).replace("\r\n", "\n");
    let shown = blocks(&read("README.md"), "text").into_iter().next().unwrap_or_default();
    assert_eq!(shown.trim_end(), said.trim_end(), "README.md shows something else");
}

#[test]
fn the_settings_of_the_readme_are_right() {
    for text in blocks(&read("README.md"), "toml") {
        let dir = project();
        fs::write(dir.path().join("letgo.toml"), &text).expect("files can be written");
        let ran = sh(dir.path(), "letgo config verify");
        assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// Other pages' YAML and JSON use flags that exist.
#[test]
fn flags_in_pages_exist() {
    let help = String::from_utf8(sh(root(), "letgo check --help").stdout).expect("help is UTF-8");
    let files = [
        "README.md",
        "docs/ci.md",
        "docs/editors.md",
        ".pre-commit-hooks.yaml",
        "action.yml",
        "src/cli/init/workflow.yml",
        "src/cli/init/pre-commit.sh",
    ];
    for file in files {
        let text = read(file);
        for line in text.lines().filter(|l| l.contains("letgo check") || l.contains("\"$letgo\" check")) {
            let words = line.split("--then").next().unwrap_or(line).split([' ', '`', '"', ',', '=', ')', '.', ';']);
            for flag in words.filter(|w| w.starts_with("--") && w.len() > 2) {
                assert!(help.contains(flag), "{file}: there is no {flag}: {line}");
            }
        }
    }
}

/// `docs/limits.md` is made from the lints' headers and from the fixtures that say what is missed or wrongly told;
/// `LETGO_BLESS=1` rewrites it.
#[test]
fn the_limits_are_those_of_headers_and_fixtures() {
    let mut page = String::from(
        "# Limits\n\nWhat each lint cannot do: as its page says, and as fixtures hold it. A `miss_` fixture is a bug that is not \
         found, an `fp_` fixture is right code that is reported.\n\nThis page is generated: `LETGO_BLESS=1 cargo test --test docs`.\n",
    );
    for lint in letgo::lints::ALL {
        let header = lint.page_markdown();
        let said = header.split("## Known limits\n").nth(1).map(|rest| rest.split("\n## ").next().unwrap_or_default());
        let held = held_limits(lint.name);
        if said.is_none() && held.is_empty() {
            continue;
        }
        page += &format!("\n## {}\n\n", lint.name);
        if let Some(said) = said {
            page += &format!("{}\n", said.trim());
        }
        if !held.is_empty() {
            page += &format!("\n| fixture | why |\n|---|---|\n{}", held.concat());
        }
    }
    let path = root().join("docs/limits.md");
    if std::env::var_os("LETGO_BLESS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    assert_eq!(read("docs/limits.md"), page, "docs/limits.md is not what headers and fixtures say");
}

/// The rows of a lint's `fp_` and `miss_` fixtures, in order of file.
fn held_limits(lint: &str) -> Vec<String> {
    let folder = root().join("fixtures/lints").join(lint);
    let mut files: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.sort();
    let mut rows = Vec::new();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        let text = fs::read_to_string(file).expect("fixtures are readable");
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let name = line.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next()).unwrap_or_default();
            if !(name.starts_with("miss_") || name.starts_with("fp_")) {
                continue;
            }
            let mut why: Vec<&str> = Vec::new();
            for above in lines[..n].iter().rev() {
                match above.trim().strip_prefix("// ") {
                    Some(comment) => why.insert(0, comment),
                    None if above.trim().starts_with("#[") => {}
                    None => break,
                }
            }
            let file = file.file_name().and_then(|f| f.to_str()).unwrap_or_default();
            let link = format!("[`{name}`](../fixtures/lints/{lint}/{file})");
            rows.push(format!("| {link} | {} |\n", why.join(" ").replace('|', "\\|")));
        }
    }
    rows
}

/// A lint's page: its file's header, and what the registry says of it.
fn page(lint: &lints::Lint) -> String {
    let (level, group) = (lint.default_level().as_str(), lint.group.as_str());
    let page = lint.reader_page();
    format!(
        "{}\n\n## Level\n`{level}`, in the group `{group}`, since {}. Silence it with `// letgo: allow({}, reason = \"…\")`, or set its level \
         in `letgo.toml`.\n\n[All lints](README.md)\n",
        page.trim_end(),
        lint.since,
        lint.name
    )
}

/// The page of all lints, by group.
fn index() -> String {
    let mut out = String::from(
        "# Lints\n\nA page per lint, made from the header of its file: what it does, why that is bad, an example that letgo reports and one \
         that it does not, when it stays silent, its limits. `letgo explain LINT` prints the same without a network.\n",
    );
    let groups = [
        (lints::Group::Correctness, "Wrong on every reading; a finding of high confidence fails the run"),
        (lints::Group::Suspicious, "Most likely wrong; a warning"),
        (lints::Group::Pedantic, "A matter of house style; off until it is asked for"),
        (lints::Group::Preview, "Not yet judged good enough on real code; off until it is asked for"),
    ];
    for (group, words) in groups {
        let of_group = lints::ALL.iter().filter(|l| l.group == group);
        let rows: String = of_group
            .map(|l| format!("| [`{0}`]({0}.md) | {1} | {2} |\n", l.name, l.default_level().as_str(), l.summary))
            .collect();
        if !rows.is_empty() {
            out += &format!("\n## {}\n\n{words}.\n\n| lint | level | reports |\n|---|---|---|\n{rows}", group.as_str());
        }
    }
    out
}

/// `LETGO_BLESS=1 cargo test --test docs` writes them anew.
#[test]
fn the_pages_of_lints_are_current() {
    let folder = root().join("docs/lints");
    let mut wanted: BTreeMap<String, String> =
        lints::ALL.iter().map(|lint| (format!("{}.md", lint.name), page(lint))).collect();
    wanted.insert("README.md".to_owned(), index());
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .map(|files| files.filter_map(|f| f.ok()?.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    let stale: Vec<&String> = there.iter().filter(|name| !wanted.contains_key(*name)).collect();
    if std::env::var_os("LETGO_BLESS").is_some() {
        fs::create_dir_all(&folder).expect("folders can be made");
        stale.iter().for_each(|name| fs::remove_file(folder.join(name)).expect("files can be removed"));
        wanted.iter().for_each(|(name, text)| fs::write(folder.join(name), text).expect("files can be written"));
        return;
    }
    let old = wanted.iter().filter(|(name, text)| {
        fs::read_to_string(folder.join(name)).map(|t| t.replace("\r\n", "\n")).ok().as_deref() != Some(text.as_str())
    });
    let old: Vec<&String> = old.map(|(name, _)| name).collect();
    assert!(
        old.is_empty() && stale.is_empty(),
        "docs/lints is not what the headers say: {old:?} {stale:?}; write it with LETGO_BLESS=1 cargo test --test docs"
    );
}

/// What the comparison says of letgo, it still says. The other columns are `tests/comparison.py`'s.
#[test]
fn letgos_column_in_the_comparison_is_true() {
    let ran = sh(&root().join("fixtures/comparison"), "letgo check --exit-zero --output-format json");
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("it is JSON");
    let findings = report["findings"].as_array().expect("findings");
    let said: BTreeSet<&str> = findings.iter().filter_map(|f| f["function"].as_str()).collect();
    let page = read("docs/comparison.md");
    let rows = page.lines().filter(|l| l.starts_with("| `bad_") || l.starts_with("| `ok_"));
    let rows: BTreeMap<&str, &str> = rows
        .filter_map(|row| {
            let mut cells = row.split('|').map(str::trim).skip(1);
            Some((cells.next()?.trim_matches('`'), cells.next()?))
        })
        .collect();
    assert!(rows.len() > 40, "the table is there");
    for (function, cell) in &rows {
        let should = ["found", "**false alarm**"].contains(cell);
        assert_eq!(said.contains(function), should, "{function}: `tests/comparison.py --write` writes the table anew");
    }
    assert!(said.iter().all(|function| rows.contains_key(function)), "{said:?}");
}

/// `cargo binstall` looks for what the release workflow uploads.
#[test]
fn archives_have_the_names_that_installers_ask_for() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("it is TOML");
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let workflow = read(".github/workflows/release.yml");
    let (url, inside) = (binstall["pkg-url"].as_str().expect("a text"), binstall["bin-dir"].as_str().expect("a text"));
    // `FOLDER` is packed as a folder of that name, tagged with the version.
    assert!(url.ends_with("/releases/download/v{ version }/letgo-{ target }{ archive-suffix }"), "{url}");
    assert_eq!(inside, "letgo-{ target }/{ bin }{ binary-ext }");
    assert!(workflow.contains("FOLDER: letgo-${{ matrix.target }}") && workflow.contains("tags: [\"v*\"]"));
    let targets: Vec<&str> =
        workflow.lines().filter_map(|l| l.trim().strip_prefix("- { target: ")?.split(',').next()).collect();
    assert!(targets.len() >= 5, "{targets:?}");
    for target in targets {
        let format = binstall["overrides"].get(target).unwrap_or(binstall)["pkg-fmt"].as_str().expect("a text");
        let packed = if target.contains("windows") { "zip" } else { "tgz" };
        assert_eq!(format, packed, "{target}");
        assert!(workflow.contains(&format!("\"$FOLDER.{packed}\"")), "the workflow packs no {packed}");
    }
}
