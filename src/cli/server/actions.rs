//! What can be done about a finding: its fixes, a comment that silences it, its lint's page.
//!
//! **Invariants:** edits are offered only if each buffer that they change has the text that was judged, so that they fit; a fix that
//! letgo offers comes first and is the preferred one.

use super::EXPLAIN;
use super::diagnostics;
use super::text::{self, Encoding};
use super::watch::{Judged, Shared};
use crate::base::{Span, Suggestion};
use crate::lints::ALL;
use crate::report::Entry;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Command, Hover, HoverContents, HoverParams,
    MarkupContent, MarkupKind, Range, TextEdit, Uri, WorkspaceEdit,
};

/// Edits per file.
type Edits = Vec<(Uri, Vec<TextEdit>)>;

/// A lint's page.
pub fn page(lint: &str) -> Option<String> {
    ALL.iter().find(|l| l.name == lint).map(|l| l.reader_page())
}

/// What can be done in a range.
pub fn for_range(shared: &Shared, params: &CodeActionParams, encoding: Encoding) -> Vec<CodeActionOrCommand> {
    let mut out = Vec::new();
    let Some((judged, path)) = shared.judged(&params.text_document.uri) else { return out };
    let offer = Offer { shared, judged: &judged, encoding };
    for entry in found_in(&judged, &path, params.range, encoding) {
        let found = diagnostics::of(&judged, entry, encoding).map(|d| vec![d]);
        let action = |title: String, edits: Edits, preferred: bool| {
            CodeActionOrCommand::CodeAction(CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: found.clone(),
                edit: Some(WorkspaceEdit { changes: Some(edits.into_iter().collect()), ..WorkspaceEdit::default() }),
                is_preferred: preferred.then_some(true),
                ..CodeAction::default()
            })
        };
        for suggestion in &entry.finding.suggestions {
            if let Some(edits) = offer.fix(suggestion) {
                out.push(action(sentence(&suggestion.message), edits, true));
            }
        }
        let lint = entry.finding.lint;
        // Comments about comments would go in circles.
        if !lint.ends_with("_suppression") {
            if let Some(edits) = offer.silence(entry.finding.span, lint) {
                out.push(action(format!("Silence {lint} here"), edits, false));
            }
            if let Some(edits) = offer.silence(entry.finding.function_span, lint) {
                out.push(action(format!("Silence {lint} in the whole item"), edits, false));
            }
        }
        out.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: format!("Explain {lint}"),
            kind: Some(CodeActionKind::QUICKFIX),
            command: Some(Command {
                title: format!("Explain {lint}"),
                command: EXPLAIN.to_owned(),
                arguments: Some(vec![lint.into()]),
            }),
            ..CodeAction::default()
        }));
    }
    out
}

/// The page of what is found at a position.
pub fn hover(shared: &Shared, params: &HoverParams, encoding: Encoding) -> Option<Hover> {
    let at = params.text_document_position_params.position;
    let (judged, path) = shared.judged(&params.text_document_position_params.text_document.uri)?;
    let entry = found_in(&judged, &path, Range { start: at, end: at }, encoding).into_iter().next()?;
    let value = page(entry.finding.lint)?;
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Some(Hover { contents, range: diagnostics::range(&judged, entry.finding.span, encoding) })
}

/// Findings whose primary place touches a range of a file.
fn found_in<'a>(judged: &'a Judged, path: &str, range: Range, encoding: Encoding) -> Vec<&'a Entry> {
    let sources = &judged.report.sources;
    let touches = |entry: &&Entry| {
        let span = entry.finding.span;
        sources.files.get(span.file).is_some_and(|f| *f.path == *path)
            && diagnostics::range(judged, span, encoding).is_some_and(|r| r.start <= range.end && range.start <= r.end)
    };
    judged.report.entries.iter().filter(touches).collect()
}

struct Offer<'a> {
    shared: &'a Shared,
    judged: &'a Judged,
    encoding: Encoding,
}

impl Offer<'_> {
    /// The edits of a suggestion; `None` if one of them does not fit any more.
    fn fix(&self, suggestion: &Suggestion) -> Option<Edits> {
        let mut out = Edits::new();
        for edit in &suggestion.edits {
            let (uri, file) = self.unchanged(edit.span)?;
            let range = self.encoding.range(file, edit.span.start, edit.span.end);
            let edit = TextEdit { range, new_text: edit.text.clone() };
            match out.iter_mut().find(|(other, _)| *other == uri) {
                Some((_, edits)) => edits.push(edit),
                None => out.push((uri, vec![edit])),
            }
        }
        Some(out)
    }

    /// A comment above the line where a span begins.
    fn silence(&self, span: Span, lint: &str) -> Option<Edits> {
        let (uri, file) = self.unchanged(span)?;
        let (line, _) = file.line_column(span.start);
        let range = file.line_range(line)?;
        let text = &file.text[range.clone()];
        let indent: String = text.chars().take_while(|c| c.is_whitespace()).collect();
        let start = u32::try_from(range.start).ok()?;
        let new_text = format!("{indent}// letgo: allow({lint}, reason = \"TODO: say why\")\n");
        Some(vec![(uri, vec![TextEdit { range: self.encoding.range(file, start, start), new_text }])])
    }

    /// The file of a span, if nobody has changed it since it was judged.
    fn unchanged(&self, span: Span) -> Option<(Uri, &crate::base::SourceFile)> {
        let file = self.judged.report.sources.files.get(span.file)?;
        let path = self.judged.root.join(&*file.path);
        match self.shared.buffer(&path) {
            Some(buffer) => (buffer.text == file.text).then_some((buffer.uri, file)),
            None => Some((text::uri(&path)?, file)),
        }
    }
}

/// As a title: with a capital.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
