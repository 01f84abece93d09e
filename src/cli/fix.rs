//! `check --fix` and `--fix-dry-run`.
//!
//! **Invariants:** a file is changed only if it holds the very text that was judged, and is replaced in one step; what is mended was
//! judged with the same settings as what is reported.

use super::{Stop, baseline, print, say};
use crate::base::FileId;
use crate::discover::{Tree, read_text};
use crate::pipeline::fixes;
use crate::report::{Report, count};
use similar::TextDiff;

/// Readings until nothing more can be mended: a fix may uncover another one.
pub const ROUNDS: usize = 8;

/// The files that the fixes of a report change, with their new texts.
fn changed(report: &Report) -> Vec<(FileId, String)> {
    fixes::patched(&report.sources, &fixes::applicable(report))
}

/// Prints what would change.
pub fn show(report: &Report) -> Result<(), Stop> {
    let mut out = String::new();
    for (file, new) in changed(report) {
        let source = &report.sources.files[file];
        let path = report.paths.show(&source.path);
        let diff = TextDiff::from_lines(&*source.text, &new);
        out += &diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string();
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    print(&crate::report::escape::same_length(&out))
}

/// Writes the files; how many findings that mends.
pub fn apply(report: &Report, tree: &Tree) -> Result<usize, Stop> {
    for (file, new) in changed(report) {
        let source = &report.sources.files[file];
        let name = report.paths.show(&source.path);
        let path = tree.root.join(&*source.path);
        if read_text(&path).as_deref() != Ok(&*source.text) {
            return Err(Stop::Error(format!("letgo: {name} changed while it was read; nothing more was mended\n")));
        }
        baseline::replace(&path, &name, &new)?;
    }
    Ok(fixes::applicable(report).len())
}

/// Says what was mended.
pub fn tell(mended: usize, quiet: bool) {
    if !quiet && mended > 0 {
        say(&format!("letgo: {} mended\n", count(mended, "finding")));
    }
}
