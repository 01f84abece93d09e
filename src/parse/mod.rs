//! Text to `syn::File`, and comments to suppressions.
//!
//! Owns: what may stand before the first item (byte order mark, shebang, frontmatter), how deep code may nest
//! ([`bounds`]), the parse error's place, and [`comments`] (which `syn` throws away).
//!
//! **Invariants:** byte offsets of the tree are offsets of the text as given, so what stands before the first item is
//! blanked, never cut off; errors carry line and column from 1. **Absent on purpose:** threads and stack sizes: code
//! recurses as deep as it nests, up to a bound, so the caller runs this on a large stack.

mod bounds;
pub mod comments;
pub mod skim;
mod suppression;

pub use suppression::{MARK, suppressions};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::borrow::Cow;
use std::ops::Range;

/// Why a file is not Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
    /// What was wrong.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}
impl std::error::Error for ParseError {}

/// Parses a file. The tree's spans belong to this thread; convert them before
/// `proc_macro2::extra::invalidate_current_thread_spans`.
pub fn parse_file(text: &str) -> Result<syn::File, ParseError> {
    let text = blank_preamble(text);
    bounds::check(&text)?;
    // Not `syn::parse_file`: it cuts off mark and shebang, which would shift every offset.
    let parsed = syn::parse_str::<syn::File>(&text).or_else(|error| match blank_visible_impls(&text) {
        Some(blanked) => syn::parse_str::<syn::File>(&blanked),
        None => Err(error),
    });
    parsed.map_err(|error| {
        let start = error.span().start();
        ParseError { line: start.line.max(1), column: start.column + 1, message: error.to_string() }
    })
}

/// Replaces the visibility of `pub impl` by spaces, byte for byte; nothing if there is none. The language has it for attribute
/// macros, which take it away; `syn` refuses it.
fn blank_visible_impls(text: &str) -> Option<String> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut todo = vec![text.parse::<TokenStream>().ok()?];
    while let Some(stream) = todo.pop() {
        // Where a visibility begins, if the tokens so far may be one.
        let mut visibility: Option<usize> = None;
        for token in stream {
            let at = token.span().byte_range();
            visibility = match (&token, visibility) {
                (TokenTree::Ident(word), _) if word == "pub" => Some(at.start),
                (TokenTree::Group(group), Some(start)) if group.delimiter() == Delimiter::Parenthesis => Some(start),
                (TokenTree::Ident(word), Some(start)) if word == "unsafe" => Some(start),
                (TokenTree::Ident(word), Some(start)) if word == "impl" => {
                    let end = text[start..at.start].find("unsafe").map_or(at.start, |n| start + n);
                    found.push(start..end);
                    None
                }
                _ => None,
            };
            if let TokenTree::Group(group) = token {
                todo.push(group.stream());
            }
        }
    }
    let mut blanked = text.to_owned();
    for range in &found {
        let spaces: String = text[range.clone()].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        blanked.replace_range(range.clone(), &spaces);
    }
    (!found.is_empty() && blanked.len() == text.len()).then_some(blanked)
}

/// Forgets the spans of all files parsed on this thread. Call it between files: the table of spans grows with each.
pub fn forget_spans() {
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// Whether something stands before the first item: byte order mark, shebang, frontmatter.
pub fn has_preamble(text: &str) -> bool {
    preamble_end(text) > 0
}

/// Replaces byte order mark, shebang and frontmatter by spaces, byte for byte; line breaks stay.
fn blank_preamble(text: &str) -> Cow<'_, str> {
    let end = preamble_end(text);
    if end == 0 {
        return Cow::Borrowed(text);
    }
    let mut blanked = String::with_capacity(text.len());
    blanked.extend(text.as_bytes()[..end].iter().map(|&b| if b == b'\n' || b == b'\r' { b as char } else { ' ' }));
    blanked.push_str(&text[end..]);
    Cow::Owned(blanked)
}

/// Where the preamble ends, in bytes.
fn preamble_end(text: &str) -> usize {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    if let Some(rest) = text[at..].strip_prefix("#!")
        && !rest.trim_start().starts_with('[')
    {
        at += text[at..].find('\n').unwrap_or(text.len() - at);
    }
    // Frontmatter: a line of three or more dashes (and perhaps a word), up to a line of as many dashes.
    let blank = text[at..].len() - text[at..].trim_start().len();
    let open = &text[at + blank..];
    let dashes = open.len() - open.trim_start_matches('-').len();
    if dashes < 3 {
        return at;
    }
    let fence = &open[..dashes];
    let mut offset = 0;
    for line in open.split_inclusive('\n') {
        let is_close = offset > 0 && line.trim_end() == fence;
        offset += line.len();
        if is_close {
            return at + blank + offset;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_fn_start(text: &str) -> usize {
        let file = parse_file(text).expect("the text is Rust");
        match &file.items[0] {
            syn::Item::Fn(f) => f.sig.fn_token.span.byte_range().start,
            _ => panic!("the first item is a function"),
        }
    }

    #[test]
    fn offsets_survive_what_stands_in_front() {
        for text in [
            "fn a() {}",
            "\u{feff}fn a() {}",
            "#!/usr/bin/env run\nfn a() {}",
            "\u{feff}#!/usr/bin/env rün\nfn a() {}",
            "#!/usr/bin/env run\n---cargo\n[dependencies]\n---\nfn a() {}",
            "#![allow(unused)]\nfn a() {}",
            "// ä\nfn a() {}",
        ] {
            assert_eq!(first_fn_start(text), text.find("fn a").expect("it is there"), "{text:?}");
        }
    }

    #[test]
    fn an_impl_may_have_a_visibility() {
        let text =
            "#[ext] pub impl A {}\nmod m { #[ext] pub(crate) unsafe impl B for C {} }\npub fn a() { impl D {} }\n";
        let file = parse_file(text).expect("an attribute macro may take it");
        match &file.items[2] {
            syn::Item::Fn(f) => assert_eq!(f.sig.fn_token.span.byte_range().start, text.find("fn a").expect("there")),
            _ => panic!("the third item is a function"),
        }
        assert!(parse_file("pub impl A {}\nfn a() { let = 3; }").is_err());
    }

    #[test]
    fn errors_have_a_place() {
        let error = parse_file("fn a() {\n    let = 3;\n}\n").map(|_| ()).expect_err("not Rust");
        assert_eq!((error.line, error.column), (2, 9));
    }
}
