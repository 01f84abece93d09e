//! `letgo config`: the settings in force, whether they are right, and their schema.

use super::args::ConfigAction;
use super::config::{self, Config};
use super::place::{self, Place};
use super::{Stop, check, print, say};
use crate::base::{Confidence, Level};
use crate::discover::{Rules, Tree};
use crate::pipeline;
use crate::report::{LintRow, Selector, json};
use std::path::Path;
use std::process::ExitCode;

/// Runs the command.
pub fn run(action: &ConfigAction) -> Result<ExitCode, Stop> {
    match action {
        ConfigAction::Schema => print(&json::pretty(&config::schema()))?,
        ConfigAction::Verify { config } => verify(config.as_deref())?,
        ConfigAction::Show { config } => {
            let rows = pipeline::lint_rows();
            let (_, settings) = load(config.as_deref(), &rows)?;
            print(&show(&settings, &rows))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn load(named: Option<&Path>, rows: &[LintRow]) -> Result<(Place, Config), Stop> {
    let place = place::find(&[])?;
    let settings = check::settings(named, &place, rows)?;
    Ok((place, settings))
}

/// Everything that a check would complain of, library rows and idle globs included.
fn verify(named: Option<&Path>) -> Result<(), Stop> {
    let (place, settings) = load(named, &pipeline::lint_rows())?;
    let rules = Rules { exclude: settings.exclude.iter().map(|(g, _)| g.clone()).collect(), explicit: Vec::new() };
    let tree = Tree::from_disk(&place.root, &rules);
    check::catalog(&tree, &settings)?;
    let paths: Vec<&str> = tree.files.iter().map(|e| e.path.as_str()).collect();
    settings.idle(&tree.idle_excludes, &paths).iter().for_each(|warning| say(warning));
    say(&match &settings.source {
        Some((name, _)) => format!("letgo: {name} is right\n"),
        None => format!("letgo: there is no {} here; everything is at its default\n", config::FILE),
    });
    Ok(())
}

/// The settings as a `letgo.toml` that says the same, each level with its origin.
fn show(settings: &Config, rows: &[LintRow]) -> String {
    let origin = settings.source.as_ref().map_or("nowhere: all defaults", |(name, _)| name.as_str());
    let globs: Vec<String> = settings.exclude.iter().map(|(glob, _)| format!("{glob:?}")).collect();
    let confidence = settings.min_confidence.unwrap_or(Confidence::Medium).as_str();
    let mut out = format!(
        "# settings from {origin}\nexclude = [{}]\nmin-confidence = \"{confidence}\"\n\n[lints]\n",
        globs.join(", ")
    );
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in rows {
        let speaks = |selector: &Selector| match selector {
            Selector::All => Some("all".to_owned()),
            Selector::Group(group) if *group == row.group => Some(format!("group {group}")),
            Selector::Lint(name) if *name == row.name => Some("the lint itself".to_owned()),
            Selector::Warnings | Selector::Group(_) | Selector::Lint(_) => None,
        };
        let set = settings.settings.iter().rev().find_map(|s| Some((s.level, speaks(&s.selector)?)));
        let (level, from) = set.unwrap_or_else(|| (row.default_level, format!("default of {}", row.group)));
        let level = match level {
            Level::Allow => "\"allow\"",
            Level::Warn => "\"warn\"",
            Level::Deny => "\"deny\"",
        };
        out += &format!("{:width$} = {level:7} # {from}\n", row.name);
    }
    for rule in &settings.path_globs {
        out += &format!("# paths {:?} have levels of their own\n", rule.1);
    }
    out
}
