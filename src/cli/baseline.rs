//! `letgo baseline`, and the baseline of a check.
//!
//! **Invariant:** the file is replaced in one step, so that a run that dies leaves the old one.

use super::args::{Baseline as Args, BaselineAction, Check};
use super::place::{self, Place};
use super::{Stop, check, print, say};
use crate::base::{Confidence, Finding};
use crate::discover::{Rules, Tree, read_text, stays_inside};
use crate::pipeline::{self, Options};
use crate::report::{Known, Levels, baseline::FILE, count};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The baseline of a check, and what messages call it.
pub fn read(args: &Check, place: &Place) -> Result<Option<(String, Known)>, Stop> {
    match &args.baseline {
        _ if args.no_baseline => Ok(None),
        Some(path) => load(path, path.display().to_string()).map(Some),
        None => of_place(place),
    }
}

/// The baseline at a workspace's root, if there is one.
pub fn of_place(place: &Place) -> Result<Option<(String, Known)>, Stop> {
    let default = place.root.join(FILE);
    if !default.is_file() {
        return Ok(None);
    }
    if !stays_inside(&place.root, &default) {
        return Err(Stop::Error(format!(
            "letgo: {} is a symbolic link that leads out of the workspace; name the file with `--baseline`\n",
            place.paths.show(FILE)
        )));
    }
    load(&default, place.paths.show(FILE)).map(Some)
}

fn load(path: &Path, name: String) -> Result<(String, Known), Stop> {
    let known = read_text(path).and_then(|text| Known::read(&text));
    known.map(|known| (name.clone(), known)).map_err(|e| Stop::Error(format!("letgo: {name}: {e}\n")))
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode, Stop> {
    let place = place::find(&[])?;
    let (file, name) = match &args.baseline {
        Some(path) => (path.clone(), path.display().to_string()),
        None => (place.root.join(FILE), place.paths.show(FILE)),
    };
    if args.action == BaselineAction::Show {
        let (_, known) = load(&file, name)?;
        let rows = known.rows().map(|(key, n)| {
            let place =
                if key.function.is_empty() { key.path.clone() } else { format!("{} {}", key.path, key.function) };
            let kinds = if key.kinds.is_empty() { String::new() } else { format!(" ({})", key.kinds.join(", ")) };
            format!("{n:>4}  {}  {place}  {}{kinds}\n", key.lint, key.acquisition)
        });
        print(&crate::report::escape::visible(&rows.collect::<String>()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = pipeline::lint_rows();
    let settings = check::settings(args.config.as_deref(), &place, &rows)?;
    let rules = Rules { exclude: settings.exclude.iter().map(|(g, _)| g.clone()).collect(), explicit: Vec::new() };
    let tree = Tree::from_disk(&place.root, &rules);
    let catalog = check::catalog(&tree, &settings)?;
    let confidence = args.min_confidence.map(Confidence::from).or(settings.min_confidence);
    let options = Options {
        levels: Levels {
            rows,
            config: settings.settings.clone(),
            per_path: settings.per_path.clone(),
            command_line: Vec::new(),
        },
        min_confidence: confidence.unwrap_or(Confidence::Medium),
        include_tests: args.include_tests,
        paths: place.paths.clone(),
        ..Options::new(&tree, &catalog)
    };
    let said = match args.action {
        BaselineAction::Write => {
            let report = pipeline::check(&options);
            if report.internal_error {
                return Err(Stop::Error(
                    "letgo: internal error; `letgo check` tells more. Nothing was written\n".to_owned(),
                ));
            }
            let findings: Vec<Finding> = report.entries.iter().map(|e| e.finding.clone()).collect();
            let known = Known::of(&findings, &report.sources);
            replace(&file, &name, &known.write())?;
            format!("letgo: {} written to {name}\n", count(known.len(), "finding"))
        }
        BaselineAction::Prune => {
            let (_, old) = load(&file, name.clone())?;
            let (present, report) = pipeline::known(&options);
            if report.internal_error {
                return Err(Stop::Error(
                    "letgo: internal error; `letgo check` tells more. Nothing was written\n".to_owned(),
                ));
            }
            let kept = old.kept(&present);
            if kept.len() < old.len() {
                replace(&file, &name, &kept.write())?;
            }
            let gone = count(old.len() - kept.len(), "finding");
            format!("letgo: {gone} removed from {name}, {} left\n", kept.len())
        }
        BaselineAction::Show => String::new(),
    };
    say(&said);
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file, then puts it in its place.
pub fn replace(file: &Path, name: &str, text: &str) -> Result<(), Stop> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let done = std::fs::File::create(&beside)
        .and_then(|mut f| f.write_all(text.as_bytes()).and_then(|()| f.sync_all()))
        .and_then(|()| std::fs::rename(&beside, file));
    done.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        Stop::Error(format!("letgo: {name} cannot be written: {e}\n"))
    })
}
