//! `letgo check`.

use super::args::{Check, Format, LevelFlags, Output};
use super::config::{self, Config};
use super::place::{self, Place};
use super::{Stop, baseline, compare, fix, print, say, wants_color};
use crate::base::{Confidence, Problem};
use crate::discover::{Rules, Tree, read_text, stays_inside};
use crate::pack::Catalog;
use crate::pipeline::{self, Options};
use crate::report::{
    Levels, LintRow, Report, Selector, Setting, concise, count, github, gitlab, html, json, junit, markdown, rdjson,
    rustc, sarif, text,
};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Runs the command.
pub fn run(args: &Check, flags: &LevelFlags) -> Result<ExitCode, Stop> {
    let outputs = outputs(&args.output_format)?;
    let rows = pipeline::lint_rows();
    let command_line =
        flags.iter().map(|(word, level)| Ok(Setting { selector: selector(word, &rows)?, level: *level }));
    let command_line: Vec<Setting> = command_line.collect::<Result<_, Stop>>()?;
    let stdin = args.paths.iter().any(|path| path.as_os_str() == "-");
    if stdin && args.fix {
        return Err(Stop::Error("letgo: `--fix` writes files, and standard input is none\n".to_owned()));
    }
    let place = find(args, stdin)?;
    let against = compare::Against::of(args, stdin, &place)?;
    let settings = match &against {
        Some(against) if args.config.is_none() => against.settings(&place, &rows)?,
        Some(_) | None => None,
    };
    let settings = match settings {
        Some(settings) => settings,
        None => self::settings(args.config.as_deref(), &place, &rows)?,
    };
    let globs = settings.exclude.iter().map(|(glob, _)| glob.clone()).chain(args.exclude.iter().cloned());
    let rules = Rules { exclude: globs.collect(), explicit: place.explicit.clone() };
    let staged = against.as_ref().and_then(|against| against.tree(&place, &rules));
    let tree = match staged {
        Some(tree) => tree,
        None => tree(args, stdin, &place, &rules)?,
    };
    let baseline = baseline::read(args, &place)?;
    let catalog = catalog(&tree, &settings)?;
    let progress = ProgressLine::new(args.quiet);
    let tell = |what: &'static str, done: usize, all: usize| progress.tell(what, done, all);
    let options = Options {
        levels: Levels { rows, config: settings.settings.clone(), per_path: settings.per_path.clone(), command_line },
        min_confidence: args
            .min_confidence
            .map(Confidence::from)
            .or(settings.min_confidence)
            .unwrap_or(Confidence::Medium),
        include_tests: args.include_tests,
        ignore_suppressions: args.ignore_suppressions,
        only: place.only.clone(),
        threads: args.threads,
        paths: place.paths.clone(),
        inventory: outputs.iter().any(|output| output.format == Format::Html),
        fixes: args.fix || args.fix_dry_run || outputs.iter().any(|output| output.format.shows_fixes()),
        last: args.command.is_empty(),
        progress: Some(&tell),
        baseline: baseline.as_ref().map(|(_, known)| known),
        ..Options::new(&tree, &catalog)
    };
    let before = against.as_ref().map(|against| against.known(&place, &rules, &settings, &options)).transpose()?;
    let options = Options { before: before.as_ref(), ..options };
    let mended = if args.fix { mend(&options, &rules)? } else { 0 };
    let fresh = (mended > 0).then(|| Tree::from_disk(&place.root, &rules));
    let options = Options { tree: fresh.as_ref().unwrap_or(&tree), ..options };
    let mut report = pipeline::check(&options);
    report.from_top = place.from_top.clone();
    progress.clear();
    if args.fix_dry_run {
        fix::show(&report)?;
    }
    // The diff has standard output for itself.
    for output in outputs.iter().filter(|output| !args.fix_dry_run || output.file.is_some()) {
        write(&report, output, args)?;
    }
    fix::tell(mended, args.quiet);
    for problem in &report.problems {
        say(&format!("{}\n", text::problem(&report, problem)));
    }
    if args.statistics {
        say(&report.statistics());
    }
    if !args.quiet {
        let paths: Vec<&str> = tree.files.iter().map(|e| e.path.as_str()).collect();
        settings.idle(&tree.idle_excludes, &paths).iter().for_each(|warning| say(warning));
        notes(&tree, &place, args).iter().for_each(|note| say(note));
        if let Some((path, _)) = baseline.as_ref().filter(|_| report.summary.stale > 0) {
            let stale = count(report.summary.stale, "finding");
            say(&format!("letgo: {stale} of {path} no longer found; `letgo baseline prune` removes them\n"));
        }
        say(&format!("{}\n", report.closing_line()));
    }
    let code = if report.internal_error { 2 } else { u8::from(report.fails() && !args.exit_zero) };
    Ok(ExitCode::from(code.max(then(args)?)))
}

/// Mends until nothing more can be mended; how many findings.
fn mend(options: &Options<'_>, rules: &Rules) -> Result<usize, Stop> {
    let mut mended = 0;
    for _ in 0..fix::ROUNDS {
        let tree = Tree::from_disk(&options.tree.root, rules);
        let report =
            pipeline::check(&Options { tree: &tree, fixes: true, inventory: false, last: false, ..options.clone() });
        let now = fix::apply(&report, &tree)?;
        mended += now;
        if now == 0 {
            break;
        }
    }
    Ok(mended)
}

/// Runs what was asked for after letgo; its exit code.
fn then(args: &Check) -> Result<u8, Stop> {
    let [program, arguments @ ..] = args.command.as_slice() else { return Ok(0) };
    let status = std::process::Command::new(program).args(arguments).status();
    let name = program.to_string_lossy();
    let status = status.map_err(|e| Stop::Error(format!("letgo: `{name}` cannot be run: {e}\n")))?;
    Ok(status.code().map_or(2, |code| u8::try_from(code).unwrap_or(2)))
}

/// What explains that fewer files were read than the user may think.
fn notes(tree: &Tree, place: &Place, args: &Check) -> Vec<String> {
    if tree.files.is_empty() {
        return vec![format!("letgo: there is no Rust file in {}\n", place.root.display())];
    }
    let mut notes = Vec::new();
    for path in &place.only {
        let is_in = |file: &str| path.is_empty() || file == path || file.starts_with(&format!("{path}/"));
        let mut files = tree.files.iter().filter(|e| is_in(&e.path)).peekable();
        if files.peek().is_none() {
            notes.push(format!("letgo: there is no Rust file in {}\n", place.paths.show(path)));
        } else if !args.include_tests && files.all(|e| e.is_test) {
            notes.push(format!("letgo: {} is test code; `--include-tests` reads it\n", place.paths.show(path)));
        }
    }
    notes
}

fn find(args: &Check, stdin: bool) -> Result<Place, Stop> {
    if !stdin {
        return place::find(&args.paths);
    }
    if args.paths.len() > 1 {
        return Err(Stop::Error("letgo: `-` stands alone; other paths cannot stand beside it\n".to_owned()));
    }
    let Some(name) = &args.stdin_filename else { return place::find(&[]) };
    // The file itself need not exist; its folder says which workspace it belongs to.
    let folder = name.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut place = place::find(&[folder.to_path_buf()])?;
    let file = name.file_name().ok_or_else(|| Stop::Error("letgo: `--stdin-filename` names no file\n".to_owned()))?;
    let full = place.explicit.pop().unwrap_or_default().join(file);
    place.only = place::below(&place.root, &full).into_iter().collect();
    place.explicit.clear();
    Ok(place)
}

fn tree(args: &Check, stdin: bool, place: &Place, rules: &Rules) -> Result<Tree, Stop> {
    if !stdin {
        return Ok(Tree::from_disk(&place.root, rules));
    }
    let mut code = String::new();
    std::io::stdin().read_to_string(&mut code).map_err(|e| Stop::Error(format!("letgo: standard input: {e}\n")))?;
    match place.only.first() {
        Some(path) if args.stdin_filename.is_some() => {
            let mut tree = Tree::from_disk(&place.root, rules);
            tree.replace(path, code);
            Ok(tree)
        }
        Some(_) | None => Ok(Tree::in_memory([("stdin.rs".to_owned(), code)], 2024)),
    }
}

/// Settings of the workspace: the file that the user names, else `letgo.toml` at its root, else the manifest's metadata.
pub fn settings(named: Option<&Path>, place: &Place, rows: &[LintRow]) -> Result<Config, Stop> {
    let fail = |e: config::ConfigError| Stop::Error(e.text);
    let read = |path: &Path| read_text(path).map_err(|e| Stop::Error(format!("letgo: {} {e}\n", path.display())));
    if let Some(path) = named {
        return config::read(&path.to_string_lossy(), &read(path)?, rows).map_err(fail);
    }
    let file = place.root.join(config::FILE);
    if file.is_file() && !stays_inside(&place.root, &file) {
        let text = format!(
            "letgo: {} is a symbolic link that leads out of the workspace; name the file with `--config`\n",
            place.paths.show(config::FILE)
        );
        return Err(Stop::Error(text));
    }
    if file.is_file() {
        return config::read(&place.paths.show(config::FILE), &read(&file)?, rows).map_err(fail);
    }
    let manifest = place.root.join("Cargo.toml");
    // A manifest that cannot be read is told when the tree is.
    if !stays_inside(&place.root, &manifest) {
        return Ok(Config::default());
    }
    let Ok(text) = read_text(&manifest) else { return Ok(Config::default()) };
    Ok(config::read_metadata(&place.paths.show("Cargo.toml"), &text, rows).map_err(fail)?.unwrap_or_default())
}

/// What letgo ships, and the project's own rows.
pub fn catalog(tree: &Tree, settings: &Config) -> Result<Arc<Catalog>, Stop> {
    let rows = settings.source.as_ref().filter(|_| settings.has_rows);
    let rows = rows.map(|(name, text)| (name.as_str(), text.as_str()));
    pipeline::catalog(tree, rows).map_err(|problems| {
        let line = |p: &Problem| format!("letgo: {}:{}: {}\n", p.path, p.line, p.message);
        Stop::Error(problems.iter().map(line).collect())
    })
}

fn selector(word: &str, rows: &[LintRow]) -> Result<Selector, Stop> {
    Selector::parse(word, rows).ok_or_else(|| {
        let hint =
            config::meant(word, Selector::words(rows)).unwrap_or_else(|| "`letgo explain` lists them".to_owned());
        Stop::Error(format!("letgo: there is no lint or group `{word}`; {hint}\n"))
    })
}

/// The outputs asked for; text to standard output if none is.
fn outputs(asked: &[Output]) -> Result<Vec<Output>, Stop> {
    if asked.iter().filter(|output| output.file.is_none()).count() > 1 {
        let text =
            "letgo: two formats cannot share standard output; write one into a file: `--output-format json=FILE`\n";
        return Err(Stop::Error(text.to_owned()));
    }
    if asked.is_empty() {
        return Ok(vec![Output { format: Format::Text, file: None }]);
    }
    Ok(asked.to_vec())
}

fn write(report: &Report, output: &Output, args: &Check) -> Result<(), Stop> {
    let rendered = match output.format {
        Format::Text => text::render(report, output.file.is_none() && wants_color(args.color)),
        Format::Concise => concise::render(report),
        Format::Json => json::render(report),
        Format::JsonLines => json::lines(report),
        Format::Sarif => sarif::render(report),
        Format::Github => {
            job_summary(report)?;
            github::render(report)
        }
        Format::Gitlab => gitlab::render(report),
        Format::Junit => junit::render(report),
        Format::Rdjson => rdjson::render(report),
        Format::Html => html::render(report),
        Format::Markdown => markdown::render(report),
        Format::Cargo => rustc::cargo(report),
        Format::Rustc => rustc::bare(report),
    };
    match &output.file {
        None => print(&rendered),
        Some(path) => std::fs::write(path, rendered).map_err(|e| {
            // Half a report may look like a whole one.
            if path.symlink_metadata().is_ok_and(|about| about.is_file()) {
                let _ = std::fs::remove_file(path);
            }
            Stop::Error(format!("letgo: {} cannot be written: {e}\n", path.display()))
        }),
    }
}

/// Adds to the summary of GitHub's job, if this is one.
fn job_summary(report: &Report) -> Result<(), Stop> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()).map(PathBuf::from) else {
        return Ok(());
    };
    let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(github::summary(report).as_bytes()))
        .map_err(|e| Stop::Error(format!("letgo: {} cannot be written: {e}\n", path.display())))
}

/// A line on standard error that says how far the run is; only on a terminal, and only after a second.
struct ProgressLine {
    begin: Instant,
    last: Option<Mutex<Option<Instant>>>,
}

impl ProgressLine {
    fn new(quiet: bool) -> ProgressLine {
        let wanted = !quiet && std::io::stderr().is_terminal();
        ProgressLine { begin: Instant::now(), last: wanted.then(|| Mutex::new(None)) }
    }

    fn tell(&self, what: &str, done: usize, all: usize) {
        let Some(last) = &self.last else { return };
        if self.begin.elapsed() < Duration::from_secs(1) {
            return;
        }
        // Another thread is writing: one line is enough.
        let Ok(mut last) = last.try_lock() else { return };
        if done == 0 || last.is_none_or(|at| at.elapsed() > Duration::from_millis(100)) {
            let far = if done > 0 { format!("{done} of {all}") } else { format!("{all}") };
            say(&format!("\r\x1b[Kletgo: {what} {far}"));
            *last = Some(Instant::now());
        }
    }

    fn clear(&self) {
        let Some(last) = &self.last else { return };
        if last.lock().is_ok_and(|last| last.is_some()) {
            let _ = std::io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

/// Reads the tree around a path, for commands that look at it without judging.
pub fn load(path: &Path) -> Result<(Place, Tree, Arc<Catalog>), Stop> {
    let place = place::find(&[PathBuf::from(path)])?;
    let rows = pipeline::lint_rows();
    let settings = settings(None, &place, &rows)?;
    let rules =
        Rules { exclude: settings.exclude.iter().map(|(g, _)| g.clone()).collect(), explicit: place.explicit.clone() };
    let tree = Tree::from_disk(&place.root, &rules);
    let catalog = catalog(&tree, &settings)?;
    Ok((place, tree, catalog))
}
