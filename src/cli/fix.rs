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
use std::collections::BTreeSet;

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
    let mut written = BTreeSet::new();
    for (file, new) in changed(report) {
        let source = &report.sources.files[file];
        let name = report.paths.show(&source.path);
        let fail = |e: std::io::Error| Stop::Error(format!("letgo: {name} cannot be written: {e}\n"));
        // A link stays one, and the file that it leads to is written once.
        let path = tree.root.join(&*source.path).canonicalize().map_err(fail)?;
        if !written.insert(path.clone()) {
            continue;
        }
        if read_text(&path).as_deref() != Ok(&*source.text) {
            return Err(Stop::Error(format!("letgo: {name} changed while it was read; nothing more was mended\n")));
        }
        let permissions = std::fs::metadata(&path).map_err(fail)?.permissions();
        baseline::replace(&path, &name, &new)?;
        std::fs::set_permissions(&path, permissions).map_err(fail)?;
    }
    Ok(fixes::applicable(report).len())
}

/// Says what was mended.
pub fn tell(mended: usize, quiet: bool) {
    if !quiet && mended > 0 {
        say(&format!("letgo: {} mended\n", count(mended, "finding")));
    }
}
