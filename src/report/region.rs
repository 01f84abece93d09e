//! Where a finding is shown outside this program: one line of one file.
//!
//! **Invariant:** a region never leaves its first line. Reviewers' tools show a finding only where all its lines are in the
//! change, so the shortest place that still says where is the best one.

use crate::base::{SourceMap, Span};

/// A place on one line; numbers from 1, ends exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region<'a> {
    /// Path below the workspace root.
    pub path: &'a str,
    /// The line.
    pub line: usize,
    /// First column in characters.
    pub column: usize,
    /// Column after the last, in characters.
    pub end_column: usize,
    /// First column in bytes.
    pub byte_column: usize,
    /// Column after the last, in bytes.
    pub end_byte_column: usize,
    /// First byte in the file, from 0.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The whole line.
    pub text: &'a str,
}

impl<'a> Region<'a> {
    /// The first line of a span; `None` if its file is not known.
    pub fn of(sources: &'a SourceMap, span: Span) -> Option<Region<'a>> {
        let file = sources.files.get(span.file)?;
        let (line, column) = file.line_column(span.start);
        let range = file.line_range(line)?;
        let text = &file.text[range.clone()];
        let whole = |mut at: usize| {
            at = at.clamp(range.start, range.end);
            while !file.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = whole(span.start as usize);
        let mut end = whole((span.end as usize).max(start));
        end = start + file.text[start..end].trim_end().len();
        if end == start {
            // Nothing to point at: the next character, if the line has one.
            end += file.text[start..range.end].chars().next().map_or(0, char::len_utf8);
        }
        let columns = file.text[start..end].chars().count();
        Some(Region {
            path: &file.path,
            line,
            column,
            end_column: column + columns,
            byte_column: start - range.start + 1,
            end_byte_column: end - range.start + 1,
            start,
            end,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::Sample;

    #[test]
    fn regions_stay_on_their_line_and_count_both_ways() {
        let sample = Sample::new("fn f() {\n    /* ä */ conn.get()  \n        .await;\n}\n");
        let region = Region::of(&sample.sources, sample.span("conn.get()  \n        .await", 0)).expect("a place");
        assert_eq!((region.line, region.column, region.end_column), (2, 13, 23));
        assert_eq!((region.byte_column, region.end_byte_column), (14, 24));
        assert_eq!((region.path, region.text), ("src/a.rs", "    /* ä */ conn.get()  "));
    }
}
