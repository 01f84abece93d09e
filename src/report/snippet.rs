//! Diagnostics with source snippets, in the frame that rustc's readers and editors know.
//!
//! Owns the only use of the rendering library. **Invariant:** the frame is ASCII (`-->`), so that matchers for rustc's output
//! find the place.

use super::escape;
use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::termcolor::Buffer;
use codespan_reporting::term::{self, Chars, Config, Styles, StylesWriter};
use std::ops::Range;

/// Notes are wrapped to this width; snippets are as wide as their source.
const WIDTH: usize = 86;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// `error`.
    Error,
    /// `warning`.
    Warning,
}

/// A labelled place of a shown file.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Index among the shown files.
    pub file: usize,
    /// Bytes.
    pub range: Range<usize>,
    /// What to say there.
    pub message: String,
    /// Whether this is the place of the whole diagnostic.
    pub primary: bool,
}

/// A file of which lines are shown.
#[derive(Clone, Debug)]
pub struct Shown {
    path: String,
    text: String,
    starts: Vec<usize>,
}

impl Shown {
    /// A file as it may be shown: treacherous characters are replaced, offsets stay.
    pub fn new(path: &str, text: &str) -> Shown {
        let text = escape::same_length(text);
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Shown { path: escape::one_line(path), text, starts }
    }

    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&s| s <= offset) - 1
    }

    /// The range cut to the text, to whole characters, and to its first line: a label on one line points, one on many draws a
    /// box around half the function.
    fn cut(&self, range: &Range<usize>) -> Range<usize> {
        let whole = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = whole(range.start);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let end = whole(range.end).clamp(start, line_end);
        let kept = self.text[start..end].trim_end().len();
        start..start + kept
    }
}

/// A diagnostic to render.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    /// How bad.
    pub weight: Weight,
    /// What stands in brackets.
    pub code: Option<String>,
    /// The first line.
    pub message: String,
    /// The files of the marks.
    pub files: &'a [Shown],
    /// The marks.
    pub marks: Vec<Mark>,
    /// Notes: word and text, shown as `= word: text`.
    pub notes: Vec<(&'static str, String)>,
}

/// Renders with snippets.
pub fn render(picture: &Picture<'_>, color: bool) -> String {
    let mut marks = picture.marks.clone();
    // The file of the primary mark comes first; within a file the order is that of lines.
    marks.sort_by_key(|m| !m.primary);
    let labels = marks.iter().filter_map(|mark| {
        let file = picture.files.get(mark.file)?;
        let style = if mark.primary { LabelStyle::Primary } else { LabelStyle::Secondary };
        Some(Label::new(style, mark.file, file.cut(&mark.range)).with_message(escape::one_line(&mark.message)))
    });
    let severity = match picture.weight {
        Weight::Error => Severity::Error,
        Weight::Warning => Severity::Warning,
    };
    let mut diagnostic = Diagnostic::new(severity)
        .with_message(escape::one_line(&picture.message))
        .with_labels(labels.collect())
        .with_notes(picture.notes.iter().map(|(word, text)| wrap(word, &escape::visible(text))).collect());
    diagnostic.code = picture.code.clone();
    let config = Config { chars: Chars::ascii(), ..Config::default() };
    let mut buffer = if color { Buffer::ansi() } else { Buffer::no_color() };
    let styles = Styles::default();
    let files = FileSet(picture.files);
    let done = term::emit_to_write_style(&mut StylesWriter::new(&mut buffer, &styles), &config, &files, &diagnostic);
    if done.is_err() {
        // Only a place outside its file can do this; the words still reach the reader.
        return format!("{}\n", escape::one_line(&picture.message));
    }
    String::from_utf8_lossy(buffer.as_slice()).into_owned()
}

/// `word: text`, wrapped, with following lines below the text's start.
fn wrap(word: &str, text: &str) -> String {
    let indent = " ".repeat(word.len() + 2);
    let mut out = format!("{word}: ");
    let mut first_line = true;
    for paragraph in text.split('\n') {
        if !first_line {
            out += "\n";
            out += &indent;
        }
        first_line = false;
        let mut column = indent.len();
        for (i, part) in paragraph.split(' ').filter(|w| !w.is_empty()).enumerate() {
            let width = part.chars().count();
            if i > 0 && column + 1 + width > WIDTH - 5 {
                out += "\n";
                out += &indent;
                column = indent.len();
            } else if i > 0 {
                out += " ";
                column += 1;
            }
            out += part;
            column += width;
        }
    }
    out
}

struct FileSet<'a>(&'a [Shown]);

impl<'a> FileSet<'a> {
    fn file(&self, id: usize) -> Result<&'a Shown, Error> {
        self.0.get(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Files<'a> for FileSet<'a> {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.file(id)?.path)
    }
    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.file(id)?.text)
    }
    fn line_index(&'a self, id: usize, byte: usize) -> Result<usize, Error> {
        Ok(self.file(id)?.line(byte))
    }
    fn line_range(&'a self, id: usize, line: usize) -> Result<Range<usize>, Error> {
        let file = self.file(id)?;
        let start = *file.starts.get(line).ok_or(Error::LineTooLarge { given: line, max: file.starts.len() })?;
        Ok(start..file.starts.get(line + 1).copied().unwrap_or(file.text.len()))
    }
}
