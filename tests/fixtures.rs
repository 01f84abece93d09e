//! The fixture harness: one named test per file under `fixtures/lints`, `fixtures/packs`, `fixtures/flows` and
//! `fixtures/projects`, and one per lint's page. `fixtures/README.md` describes the marks.
//!
//! **Guarantees:** marks and findings match one to one; all lints run on all fixtures; functions are named for what they
//! prove; every lint has a `bad_` and two `ok_`; examples of lint pages are fixtures too; messages have their form. The numbers
//! of known false positives and misses are printed. `LETGO_BLESS=1` rewrites expected outputs, never marks.

#[path = "fixtures/case.rs"]
mod case;
#[path = "fixtures/golden.rs"]
mod golden;
#[path = "fixtures/judge.rs"]
mod judge;

use case::Case;
use letgo::lints;
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut tally = Tally::default();
    for folder in ["lints", "packs"] {
        for file in rust_files(&root().join("fixtures").join(folder)) {
            let text = read(&file);
            tally.count(&file, &text);
            let name = name_of(&file);
            trials.push(Trial::test(name, move || fixture(&file, &text)));
        }
    }
    for lint in lints::ALL {
        trials.push(Trial::test(format!("page::{}", lint.name), || page(lint)));
    }
    let counts = tally.clone();
    trials.push(Trial::test("coverage", move || counts.coverage()));
    for file in rust_files(&root().join("fixtures/flows")) {
        trials.push(Trial::test(name_of(&file), move || golden::states(&file)));
    }
    for project in folders(&root().join("fixtures/projects")) {
        trials.push(Trial::test(name_of(&project), move || golden::project(&project)));
    }
    let whole_run = arguments.filter.is_none() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if whole_run {
        tally.print();
    }
    conclusion.exit_code()
}

/// Runs one file of marks.
fn fixture(file: &Path, text: &str) -> Result<(), Failed> {
    let origin = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let case = Case::read(&origin, text)?;
    let report = case.check()?;
    judge::marks(&case, &report)?;
    judge::names(&case, &report)?;
    judge::words(&report)?;
    if case.render {
        golden::compare(&file.with_extension("out"), &letgo::report::text::render(&report, false))?;
    }
    Ok(())
}

/// Runs the examples of a lint's page: what is under "Example" has marks, what is under any other heading is silent.
fn page(lint: &lints::Lint) -> Result<(), Failed> {
    let page = lint.page_markdown();
    if !page.starts_with(&format!("# {}\n", lint.name)) {
        return Err(format!("the page starts with `# {}`", lint.name).into());
    }
    let mut heading = String::new();
    let mut block: Option<String> = None;
    let mut examples = 0;
    for line in page.lines() {
        match &mut block {
            None if line.starts_with("```rust") => block = Some(String::new()),
            None => {
                if let Some(title) = line.strip_prefix("## ") {
                    heading = title.to_owned();
                }
            }
            Some(code) if line.starts_with("```") => {
                let case = Case::read(&format!("\"{heading}\""), code)?;
                let wants_marks = heading == "Example";
                if wants_marks == case.marks.is_empty() {
                    let what = if wants_marks { "has no mark" } else { "has a mark" };
                    return Err(format!("the code under \"{heading}\" {what}").into());
                }
                if wants_marks && !case.marks.iter().any(|mark| mark.lint == lint.name) {
                    return Err(format!("the example shows no `{}`", lint.name).into());
                }
                let report = case.check()?;
                judge::marks(&case, &report)?;
                examples += 1;
                block = None;
            }
            Some(code) => {
                code.push_str(line);
                code.push('\n');
            }
        }
    }
    // The lints about letgo's own inputs have no example: they are about comments and broken files.
    if examples == 0 && page.contains("## Example") {
        return Err("the example is not in a block of ```rust".into());
    }
    Ok(())
}

/// Functions per lint and kind, from the names alone.
#[derive(Clone, Default)]
struct Tally(BTreeMap<String, BTreeMap<&'static str, usize>>);

impl Tally {
    fn count(&mut self, file: &Path, text: &str) {
        // A lint's folder, or a pack's crate: its `src` says nothing.
        let folders = file.ancestors().skip(1).filter_map(Path::file_name).map(|n| n.to_string_lossy());
        let folder = folders.into_iter().find(|name| name != "src").unwrap_or_default().into_owned();
        let counts = self.0.entry(folder).or_default();
        for kind in ["bad_", "ok_", "fp_", "miss_"] {
            let lines = text.lines().filter(|line| line.contains(&format!("fn {kind}")));
            *counts.entry(kind).or_default() += lines.count();
        }
    }

    fn coverage(&self) -> Result<(), Failed> {
        let mut missing = Vec::new();
        for lint in lints::ALL {
            let count = |kind| self.0.get(lint.name).and_then(|c| c.get(kind)).copied().unwrap_or(0);
            if count("bad_") < 1 || count("ok_") < 2 {
                missing.push(format!("fixtures/lints/{}: {} bad_, {} ok_", lint.name, count("bad_"), count("ok_")));
            }
        }
        for folder in folders(&root().join("fixtures/lints")) {
            let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if !lints::ALL.iter().any(|lint| lint.name == name) {
                missing.push(format!("fixtures/lints/{name} is the folder of no lint"));
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("every lint needs a bad_ and two ok_:\n{}", missing.join("\n")).into())
        }
    }

    fn print(&self) {
        println!("{:30} {:>5} {:>5} {:>5} {:>5}", "fixtures", "bad", "ok", "fp", "miss");
        for (folder, counts) in &self.0 {
            let count = |kind| counts.get(kind).copied().unwrap_or(0);
            println!("{folder:30} {:>5} {:>5} {:>5} {:>5}", count("bad_"), count("ok_"), count("fp_"), count("miss_"));
        }
        println!();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// `lints::held_across_await::http`.
fn name_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("fixtures")).unwrap_or(path).with_extension("");
    below.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("::")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    paths
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|p| p.is_dir()).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| if path.is_dir() { rust_files(&path) } else { vec![path] };
    entries(folder).into_iter().flat_map(below).filter(|p| p.extension().is_some_and(|e| e == "rs")).collect()
}
