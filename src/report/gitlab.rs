//! GitLab's code quality report.
//!
//! **Invariant:** fingerprints are unique in a report and hold no line, so a finding that moves is not a new one.

use super::region::Region;
use super::{Report, escape};
use crate::base::Level;
use serde_json::{Value, json};

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let issue = |entry: &super::Entry| {
        let finding = &entry.finding;
        let region = Region::of(&report.sources, finding.span);
        let severity = match entry.level {
            Level::Deny => "major",
            Level::Warn => "minor",
            Level::Allow => "info",
        };
        let line = region.map_or(1, |r| r.line);
        json!({
            // The widget does not show the check's name.
            "description": format!("{}: {}", finding.lint, escape::one_line(&finding.message)),
            "check_name": finding.lint,
            "fingerprint": entry.fingerprint,
            "severity": severity,
            "location": {
                "path": region.map_or(String::new(), |r| report.from_top.show(r.path)),
                "lines": { "begin": line, "end": line },
            },
        })
    };
    super::json::pretty(&report.entries.iter().map(issue).collect::<Vec<Value>>())
}
