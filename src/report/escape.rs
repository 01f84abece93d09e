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

/// Text for XML: [`visible`], without the characters that XML has no way to write.
pub fn xml(text: &str) -> String {
    visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Data of a workflow command: after it nothing on the line is a command, and no line begins in it.
pub fn command_data(text: &str) -> String {
    visible_lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
pub fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A sentence of ours for Markdown, on one line: what stands in backticks becomes code, all else means itself.
pub fn markdown(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return markdown_plain(&text);
    }
    let part = |(i, part): (usize, &&str)| match (i % 2, part.is_empty()) {
        (0, _) => markdown_plain(part),
        (_, true) => "\\`\\`".to_owned(),
        (_, false) => markdown_code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text that means itself in Markdown: no mark-up, links, HTML, mentions or references.
fn markdown_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            // A word joiner: what follows is nobody's name and no address.
            '@' => out += "@\u{2060}",
            ':' => out += ":\u{2060}",
            other => out.push(other),
        }
    }
    // `: ` is a colon of a sentence.
    out.replace(":\u{2060} ", ": ")
}

/// Code for Markdown, fit for cells of tables too.
pub fn markdown_code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let text = text.replace('|', "\\|");
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sink_has_its_own_escape() {
        assert_eq!(command_data("50%\n::set-output::x\r"), "50%25%0A::set-output::x\\u{d}");
        assert_eq!(command_property("a,b:c"), "a%2Cb%3Ac");
        assert_eq!(xml("a\u{0}\u{ffff}<"), "a\\u{0}\u{fffd}<");
        assert_eq!(
            markdown("`tx` is [held](x) by <b>@you</b>"),
            "`tx` is \\[held\\]\\(x\\) by &lt;b&gt;@\u{2060}you&lt;/b&gt;"
        );
        assert_eq!(markdown("a ` b"), "a \\` b");
        assert_eq!(markdown_code("a`b|c"), "``a`b\\|c``");
    }

    #[test]
    fn controls_and_direction_marks_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c\td"), "a\\u{1b}[2Jb\\u{202e}c\td");
        assert_eq!(one_line("a\nb\tc\r"), "a b c\\u{d}");
        let text = "a\u{1b}\u{85}\u{2066}\r\n\rz";
        let safe = same_length(text);
        assert_eq!((safe.as_str(), safe.len()), ("a?\u{bf}\u{fffd}\r\n?z", text.len()));
    }
}
