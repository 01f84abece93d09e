//! Files and byte spans.
//!
//! **Invariant:** a [`Span`] is a byte range of one file; spans order by file, then start, then end, which is the order
//! of a report. Line and column numbers exist only here, computed on demand.

use std::sync::Arc;

crate::index_type!(
    /// A source file of the run. Ids follow the order of paths, so they are the same for any thread count.
    pub FileId, "file"
);

/// A byte range in a file; `end` is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that holds both. The two must be of one file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
    /// Whether `other` lies within.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}:{}..{}", self.file, self.start, self.end)
    }
}

/// A file's text and the starts of its lines.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the workspace root, `/`-separated.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    line_starts: Arc<[u32]>,
}

impl SourceFile {
    /// Scans `text` for line starts.
    pub fn new(path: &str, text: &str) -> SourceFile {
        let mut starts = vec![0u32];
        starts.extend(text.match_indices('\n').map(|(i, _)| i as u32 + 1));
        SourceFile { path: path.into(), text: text.into(), line_starts: starts.into() }
    }
    /// Line from 1 and column from 1, in characters, of a byte offset (clamped to the text).
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let offset = (offset as usize).min(self.text.len());
        let line = self.line_starts.partition_point(|&s| s as usize <= offset) - 1;
        let start = self.line_starts[line] as usize;
        let mut end = offset;
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        (line + 1, self.text[start..end].chars().count() + 1)
    }
    /// Number of lines.
    pub fn line_count(&self) -> usize {
        self.line_starts.len() - usize::from(self.text.is_empty() || self.text.ends_with('\n'))
    }
    /// The byte range of a line (from 1), without its line break.
    pub fn line_range(&self, line: usize) -> Option<std::ops::Range<usize>> {
        let start = *self.line_starts.get(line.checked_sub(1)?)? as usize;
        let end = self.line_starts.get(line).map_or(self.text.len(), |&s| s as usize);
        let text = &self.text[start..end];
        Some(start..start + text.trim_end_matches(['\n', '\r']).len())
    }
    /// The text of a span of this file; empty if the span does not fit.
    pub fn snippet(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
}

/// What was left out of a text before it was parsed, line by line: comments, the white space that begins a line, code that
/// nobody reads.
#[derive(Clone, Debug, Default)]
pub struct Thinned {
    /// Per line of what was parsed, where that begins in the whole text.
    pub starts: Vec<u32>,
    /// Doc comments that were left out, by where the token behind them begins: where the first of them does.
    pub docs: Vec<(u32, u32)>,
}

impl Thinned {
    /// Where the doc comments begin that stand before the token at `start`; `start` if there are none.
    pub fn docs_before(&self, start: u32) -> u32 {
        match self.docs.binary_search_by_key(&start, |doc| doc.0) {
            Ok(found) => self.docs[found].1,
            Err(_) => start,
        }
    }
}

/// All files of a run.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    /// By id.
    pub files: crate::base::IndexVec<FileId, SourceFile>,
}

impl SourceMap {
    /// Text of a span.
    pub fn snippet(&self, span: Span) -> &str {
        self.files.get(span.file).map_or("", |f| f.snippet(span))
    }
    /// Line and column (from 1) of the start of a span.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        self.files.get(span.file).map_or((0, 0), |f| f.line_column(span.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new("a.rs", "ä = 1;\nb\n");
        assert_eq!(file.line_column(3), (1, 3));
        assert_eq!(file.line_column(8), (2, 1));
        assert_eq!(file.line_count(), 2);
        assert_eq!(file.line_range(2), Some(8..9));
    }
}
