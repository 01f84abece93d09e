//! A finding as an editor shows it: its primary place, its words, and its other steps as related places.

use super::text::{self, Encoding};
use super::watch::Judged;
use crate::base::{Level, Span};
use crate::report::region::Region;
use crate::report::{Entry, escape};
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString, Range,
};

/// The diagnostic; `None` if its file is not known.
pub fn of(judged: &Judged, entry: &Entry, encoding: Encoding) -> Option<Diagnostic> {
    let finding = &entry.finding;
    let mut message = escape::one_line(&finding.message);
    for (word, words) in [("why", &finding.why), ("help", &finding.help)] {
        if !words.is_empty() {
            message += &format!("\n{word}: {}", escape::one_line(words));
        }
    }
    let steps = finding.steps.iter().enumerate().filter(|(_, step)| !step.primary);
    let related = steps.filter_map(|(n, step)| {
        let message = format!("({}) {}", n + 1, escape::one_line(&step.message));
        Some(DiagnosticRelatedInformation { location: location(judged, step.span, encoding)?, message })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    Some(Diagnostic {
        range: range(judged, finding.span, encoding)?,
        severity: Some(match entry.level {
            Level::Deny => DiagnosticSeverity::ERROR,
            Level::Warn | Level::Allow => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(finding.lint.to_owned())),
        source: Some("letgo".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        // A comment that silences nothing is drawn as what can go.
        tags: (finding.lint == crate::report::suppress::UNUSED).then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: Some(serde_json::Value::String(entry.fingerprint.clone())),
        code_description: None,
    })
}

/// The part of a span that is pointed at.
pub fn range(judged: &Judged, span: Span, encoding: Encoding) -> Option<Range> {
    let region = Region::of(&judged.report.sources, span)?;
    let file = judged.report.sources.files.get(span.file)?;
    let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Some(encoding.range(file, at(region.start), at(region.end)))
}

fn location(judged: &Judged, span: Span, encoding: Encoding) -> Option<Location> {
    let file = judged.report.sources.files.get(span.file)?;
    Some(Location { uri: text::uri(&judged.root.join(&*file.path))?, range: range(judged, span, encoding)? })
}
