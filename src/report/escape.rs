//! Text from source that could move a terminal's cursor or hide what it says.
//!
//! Two ways: [`visible`] writes such characters out (`\u{202e}`), for messages; [`same_length`] replaces them by as many
//! harmless bytes, for source lines in which byte offsets must stay right.

/// Characters that a terminal obeys instead of showing: controls except tab and line breaks, and those that change the
/// direction of text.
fn is_treacherous(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

/// `text` with every treacherous character written out.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_treacherous(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// As [`visible`], on one line.
pub fn one_line(text: &str) -> String {
    visible(&text.replace(['\n', '\t'], " "))
}

/// `text` with every treacherous character replaced by one of the same length in bytes. `\r` before `\n` stays.
pub fn same_length(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !is_treacherous(c) || c == '\r' && rest.peek() == Some(&'\n') {
            out.push(c);
            continue;
        }
        out.push_str(match c.len_utf8() {
            1 => "?",
            2 => "\u{bf}",
            _ => "\u{fffd}",
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_direction_marks_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c\td"), "a\\u{1b}[2Jb\\u{202e}c\td");
        assert_eq!(one_line("a\nb\tc\r"), "a b c\\u{d}");
        let text = "a\u{1b}\u{85}\u{2066}\r\n\rz";
        let safe = same_length(text);
        assert_eq!((safe.as_str(), safe.len()), ("a?\u{bf}\u{fffd}\r\n?z", text.len()));
    }
}
