//! Positions and addresses as editors write them.
//!
//! **Invariants:** columns count what was agreed on, bytes or UTF-16 units; a position beyond a line's end is its end; a path that
//! becomes an address and a path again is the same path.

use crate::base::SourceFile;
use lsp_types::{Position, PositionEncodingKind, Range, Uri};
use std::path::{Path, PathBuf};

/// What columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: what editors use that say nothing.
    #[default]
    Utf16,
}

impl Encoding {
    /// The best of those that an editor offers.
    pub fn of(offered: &[PositionEncodingKind]) -> Encoding {
        if offered.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 }
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn len(self, text: &str) -> u32 {
        let n = match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 => text.encode_utf16().count(),
        };
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    /// The position of a byte.
    pub fn position(self, file: &SourceFile, offset: u32) -> Position {
        let (line, _) = file.line_column(offset);
        let range = file.line_range(line).unwrap_or(0..0);
        let mut end = (offset as usize).clamp(range.start, range.end);
        while !file.text.is_char_boundary(end) {
            end -= 1;
        }
        let line = u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX);
        Position { line, character: self.len(&file.text[range.start..end]) }
    }

    /// The place of some bytes.
    pub fn range(self, file: &SourceFile, start: u32, end: u32) -> Range {
        Range { start: self.position(file, start), end: self.position(file, end) }
    }
}

/// A file's address.
pub fn uri(path: &Path) -> Option<Uri> {
    let text = path.to_str()?.replace('\\', "/");
    let slash = if text.starts_with('/') { "" } else { "/" };
    let mut out = format!("file://{slash}");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            other => out += &format!("%{other:02X}"),
        }
    }
    out.parse().ok()
}

/// The file of an address; `None` for what is no file.
pub fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let rest = &rest[rest.find('/')?..];
    let bytes = rest.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = rest.get(i + 1..i + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|_| bytes[i] == b'%') {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    let text = String::from_utf8(out).ok()?;
    // `/C:/x` is `C:/x`.
    let drive = text.as_bytes().get(2) == Some(&b':') && text.as_bytes()[1].is_ascii_alphabetic();
    Some(PathBuf::from(if drive && cfg!(windows) { &text[1..] } else { &text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_was_agreed_on() {
        let file = SourceFile::new("a.rs", "fn a() {}\n    😀ä.b();\n");
        let at = file.text.find("b()").expect("it is there") as u32;
        assert_eq!(Encoding::Utf8.position(&file, at), Position { line: 1, character: 11 });
        assert_eq!(Encoding::Utf16.position(&file, at), Position { line: 1, character: 8 });
        assert_eq!(Encoding::Utf16.position(&file, 10_000).line, 2);
        assert_eq!(Encoding::of(&[PositionEncodingKind::UTF16, PositionEncodingKind::UTF8]), Encoding::Utf8);
        assert_eq!(Encoding::of(&[]), Encoding::Utf16);
    }

    #[test]
    fn a_path_survives_its_address() {
        let path_of = |text: &str| path(&text.parse::<Uri>().expect("an address"));
        let odd = Path::new("/tmp/my ä%20[x]/lib.rs");
        let address = uri(odd).expect("an address");
        assert!(address.as_str().starts_with("file:///tmp/my%20"), "{}", address.as_str());
        assert_eq!(path(&address).as_deref(), Some(odd));
        assert_eq!(path_of("untitled:Untitled-1"), None);
        assert_eq!(path_of("file://host/a/b.rs"), Some(PathBuf::from("/a/b.rs")));
    }
}
