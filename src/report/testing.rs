//! Findings made by hand, for this room's own tests.

use crate::base::*;

/// One file, `src/a.rs`.
pub struct Sample {
    /// The file.
    pub sources: SourceMap,
    text: String,
}

impl Sample {
    /// Of a text.
    pub fn new(text: &str) -> Sample {
        let mut sources = SourceMap::default();
        sources.files.push(SourceFile::new("src/a.rs", text));
        Sample { sources, text: text.to_owned() }
    }

    /// Place of the nth occurrence of a text.
    pub fn span(&self, needle: &str, nth: usize) -> Span {
        let (start, found) = self.text.match_indices(needle).nth(nth).expect("the text holds the needle");
        Span { file: FileId::new(0), start: start as u32, end: (start + found.len()) as u32 }
    }

    /// A step.
    pub fn step(&self, needle: &str, nth: usize, message: &str) -> Step {
        Step { span: self.span(needle, nth), message: message.to_owned(), primary: false, offence: None }
    }

    /// A finding at the nth occurrence of a text, acquired there too.
    pub fn finding(&self, needle: &str, nth: usize) -> Finding {
        let span = self.span(needle, nth);
        Finding {
            lint: "held_across_await",
            confidence: Confidence::High,
            span,
            function: "f".to_owned(),
            function_span: Span { file: span.file, start: 0, end: self.text.len() as u32 },
            message: "pooled connection `conn` is held".to_owned(),
            resource: needle.to_owned(),
            acquired_at: None,
            held: None,
            steps: vec![Step { primary: true, ..self.step(needle, nth, "waits here") }],
            kinds: vec!["http".to_owned()],
            why: "the pool runs dry".to_owned(),
            help: "drop `conn` first".to_owned(),
            suggestions: Vec::new(),
        }
    }
}
