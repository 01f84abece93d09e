//! Finds the comments of a file: a small lexer that knows strings, characters, lifetimes and nesting.
//!
//! **Invariants:** every `//` and `/*` outside a literal is found, in order of place, with its exact bytes; text that is
//! not Rust never makes it loop or panic (an unclosed literal ends with the file).

use std::ops::Range;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its bytes, slashes included, line break excluded.
    pub range: Range<usize>,
    /// Whether nothing but white space shares its lines.
    pub own_line: bool,
    /// Whether `/* … */`.
    pub is_block: bool,
}

impl Comment {
    /// Whether it documents what follows.
    pub fn is_doc(&self, text: &str) -> bool {
        let raw = &text[self.range.clone()];
        match self.is_block {
            true => raw.starts_with("/**") && !raw.starts_with("/***") && raw.len() > 4,
            false => raw.starts_with("///") && !raw.starts_with("////"),
        }
    }

    /// What it says, without slashes, stars and outer white space.
    pub fn body<'t>(&self, text: &'t str) -> &'t str {
        let raw = &text[self.range.clone()];
        let inner = match (self.is_block, raw.strip_prefix("/*")) {
            (true, Some(rest)) => rest.strip_suffix("*/").unwrap_or(rest),
            _ => raw.trim_start_matches('/'),
        };
        inner.trim()
    }
}

/// All comments of `text`, doc comments included.
pub fn comments(text: &str) -> Vec<Comment> {
    let mut lexer = Lexer { keeps: true, ..Lexer::new(text) };
    while lexer.step().is_some() {}
    lexer.found
}

/// What a step of the lexer passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// A comment, or white space.
    Blank,
    /// An identifier or keyword.
    Word,
    /// A string, a character, a byte; also the name of a lifetime's quote.
    Literal,
    /// A number with its suffix.
    Number,
    /// A byte of anything else.
    Byte(u8),
}

pub(super) struct Lexer<'t> {
    bytes: &'t [u8],
    pub(super) at: usize,
    /// Whether the comments are asked for.
    keeps: bool,
    /// Comments and white space that were passed, those that follow each other as one, single spaces left out; if they are
    /// asked for.
    pub(super) gaps: Option<Vec<Range<usize>>>,
    found: Vec<Comment>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { bytes: text.as_bytes(), at: 0, keeps: false, gaps: None, found: Vec::new() }
    }

    /// One that notes comments and white space.
    pub(super) fn that_notes_gaps(text: &'t str) -> Lexer<'t> {
        Lexer { gaps: Some(Vec::new()), ..Lexer::new(text) }
    }

    pub(super) fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Passes what stands next; `None` at the end.
    pub(super) fn step(&mut self) -> Option<Passed> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let passed = self.pass();
        if passed == Passed::Blank
            && let Some(gaps) = &mut self.gaps
        {
            match gaps.last_mut() {
                Some(last) if last.end == start => last.end = self.at,
                Some(last) if last.len() == 1 => *last = start..self.at,
                Some(_) | None => gaps.push(start..self.at),
            }
        }
        Some(passed)
    }

    fn pass(&mut self) -> Passed {
        match self.peek(0) {
            b'/' if self.peek(1) == b'/' => {
                self.line_comment();
                Passed::Blank
            }
            b'/' if self.peek(1) == b'*' => {
                self.block_comment();
                Passed::Blank
            }
            b'"' => {
                self.string();
                Passed::Literal
            }
            b'\'' => {
                self.quote();
                Passed::Literal
            }
            b if is_ident_start(b) => {
                if self.word() {
                    Passed::Literal
                } else {
                    Passed::Word
                }
            }
            b if b.is_ascii_digit() => {
                self.number();
                Passed::Number
            }
            b if b.is_ascii_whitespace() => {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
                Passed::Blank
            }
            b => {
                self.at += 1;
                Passed::Byte(b)
            }
        }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start..];
        self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let mut end = self.at;
        if end > start && self.bytes[end - 1] == b'\r' {
            end -= 1;
        }
        self.push(start..end, false);
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            if self.peek(0) == b'/' && self.peek(1) == b'*' {
                depth += 1;
                self.at += 2;
            } else if self.peek(0) == b'*' && self.peek(1) == b'/' {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                self.at += 1;
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.push(start..self.at, true);
    }

    fn push(&mut self, range: Range<usize>, is_block: bool) {
        if !self.keeps {
            return;
        }
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r');
        let before = self.bytes[..range.start].iter().rev().find(|b| !blank(b));
        let after = self.bytes[range.end..].iter().find(|b| !blank(b));
        let own_line = matches!(before, None | Some(b'\n')) && matches!(after, None | Some(b'\n'));
        // A byte order mark before a first-line comment counts as white space.
        let own_line =
            own_line || self.bytes[..range.start] == [0xef, 0xbb, 0xbf] && matches!(after, None | Some(b'\n'));
        self.found.push(Comment { range, own_line, is_block });
    }

    /// `"…"` with escapes; also the rest of `b"…"` and `c"…"`.
    fn string(&mut self) {
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// A character, a byte, or a lifetime. A lifetime is a quote and an identifier with no quote after its first character.
    fn quote(&mut self) {
        if self.peek(1) == b'\\' {
            self.at += 3;
            while self.at < self.bytes.len() && !matches!(self.bytes[self.at], b'\'' | b'\n') {
                self.at += 1;
            }
            self.at += 1;
            return;
        }
        let first = char_len(self.peek(1));
        if self.peek(1 + first) == b'\'' {
            self.at += first + 2;
        } else {
            self.at += 1;
        }
    }

    /// An identifier, keyword, or the prefix of a literal: `r"…"`, `r#"…"#`, `br"…"`, `cr#"…"#`, `b"…"`, `b'…'`, `r#ident`.
    /// Tells whether it was a literal.
    fn word(&mut self) -> bool {
        let start = self.at;
        self.at += self.bytes[start..].iter().position(|b| !is_ident_continue(*b)).unwrap_or(self.bytes.len() - start);
        match &self.bytes[start..self.at] {
            b"r" | b"br" | b"cr" => {
                let mut hashes = 0;
                while self.peek(hashes) == b'#' {
                    hashes += 1;
                }
                let is_string = self.peek(hashes) == b'"';
                if is_string {
                    self.at += hashes + 1;
                    self.raw_string(hashes);
                }
                is_string
            }
            b"b" | b"c" if self.peek(0) == b'"' => {
                self.string();
                true
            }
            b"b" if self.peek(0) == b'\'' => {
                self.quote();
                true
            }
            _ => false,
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        while self.at < self.bytes.len() {
            if self.bytes[self.at] == b'"' && (1..=hashes).all(|n| self.peek(n) == b'#') {
                self.at += 1 + hashes;
                return;
            }
            self.at += 1;
        }
    }

    /// Digits with their suffix, so that `0b'` or `1r"` are not read as prefixes.
    fn number(&mut self) {
        while is_ident_continue(self.peek(0)) {
            self.at += 1;
        }
    }
}

fn is_ident_start(b: u8) -> bool {
    is_ident_continue(b) && !b.is_ascii_digit()
}

fn is_ident_continue(b: u8) -> bool {
    const CONTINUES: [bool; 256] = {
        let mut table = [false; 256];
        let mut b = 0;
        while b < 256 {
            table[b] = b >= 0x80 || b == b'_' as usize || (b as u8).is_ascii_alphanumeric();
            b += 1;
        }
        table
    };
    CONTINUES[usize::from(b)]
}

/// Length in bytes of the character that starts with `b`.
fn char_len(b: u8) -> usize {
    match b {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<(&str, bool)> {
        comments(text).iter().map(|c| (c.body(text), c.own_line)).collect()
    }

    #[test]
    fn literals_hide_comments() {
        let text = r####"
            let a = "// no"; // one
            let b = r#"// " no"#; // two
            let c = '"'; // three
            let d: &'static str = b"\" // no"; // four
            let e = b'\''; let f = '\u{1F600}'; // five
            let g = r##"// "# no"##; /* six */ let h = c"// no";
            let i = 'ä'; fn f<'a>(x: &'a str) {} // seven
            'outer: loop {} // eight
            let r#type = br"\"; // nine
        "####;
        let found: Vec<&str> = bodies(text).iter().map(|b| b.0).collect();
        assert_eq!(found, ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]);
    }

    #[test]
    fn own_line_and_nesting() {
        let text = "// a\r\nlet x = 1; // b\n  /* c /* d */ e */  \n/* f */ let y;\n// g";
        assert_eq!(bodies(text), [("a", true), ("b", false), ("c /* d */ e", true), ("f", false), ("g", true)]);
        assert_eq!(&text[comments(text)[0].range.clone()], "// a");
    }

    #[test]
    fn broken_text_ends() {
        for text in ["\"abc", "/* /* */", "r#\"abc", "'", "'\\", "b'", "/", "é'"] {
            comments(text);
        }
    }
}
