//! One line per finding: `path:line:column: warning[letgo::lint]: message`.

use super::{Report, escape};
use crate::base::Level;

/// Renders all findings.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for entry in &report.entries {
        let finding = &entry.finding;
        let path = report.sources.files.get(finding.span.file).map_or(String::new(), |f| report.paths.show(&f.path));
        let (line, column) = report.sources.line_column(finding.span);
        let word = match entry.level {
            Level::Deny => "error",
            Level::Allow | Level::Warn => "warning",
        };
        let (path, message) = (escape::one_line(&path), escape::one_line(&finding.message));
        out += &format!("{path}:{line}:{column}: {word}[letgo::{}]: {message}\n", finding.lint);
    }
    out
}
