//! `letgo explain`: a lint's page, which is the header of its own file; or the table of all lints. On a terminal the page is
//! wrapped and coloured, elsewhere it is Markdown.

use super::args::When;
use super::{Stop, config, page as pages, print, wants_color};
use crate::lints::{ALL, Lint};
use std::process::ExitCode;

/// Runs the command.
pub fn run(word: Option<&str>) -> Result<ExitCode, Stop> {
    let Some(word) = word else {
        print(&table(ALL))?;
        return Ok(ExitCode::SUCCESS);
    };
    let name = word.trim().replace('-', "_");
    let name = name.strip_prefix("letgo::").unwrap_or(&name);
    if let Some(lint) = ALL.iter().find(|l| l.name == name) {
        let page = page(lint);
        print(&if wants_color(When::Auto) { pages::terminal(&page, columns()) } else { page })?;
        return Ok(ExitCode::SUCCESS);
    }
    let group: Vec<&Lint> = ALL.iter().copied().filter(|l| l.group.as_str() == name).collect();
    if !group.is_empty() {
        print(&table(&group))?;
        return Ok(ExitCode::SUCCESS);
    }
    let words = ALL.iter().flat_map(|l| [l.name, l.group.as_str()]);
    let hint = config::meant(word, words).unwrap_or_else(|| "`letgo explain` lists all".to_owned());
    Err(Stop::Error(format!("letgo: there is no lint or group `{word}`; {hint}\n")))
}

/// The header of a lint's file, without its comment marks, and what the registry says of it.
fn page(lint: &Lint) -> String {
    let level = lint.default_level().as_str();
    format!("{}\n\nLevel: {level} (group {}), since {}\n", lint.reader_page(), lint.group.as_str(), lint.since)
}

/// How wide the terminal is, as far as the shell says.
fn columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|n| n.parse().ok()).unwrap_or(80)
}

/// One line per lint: name, group, level, summary.
fn table(lints: &[&Lint]) -> String {
    let width = |f: fn(&Lint) -> usize| lints.iter().map(|l| f(l)).max().unwrap_or(0);
    let (name, group) = (width(|l| l.name.len()), width(|l| l.group.as_str().len()));
    let row = |l: &&Lint| {
        let (level, summary) = (l.default_level().as_str(), l.summary);
        format!("{:name$}  {:group$}  {level:5}  {summary}\n", l.name, l.group.as_str())
    };
    lints.iter().map(row).collect()
}
