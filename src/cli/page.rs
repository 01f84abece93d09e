//! A lint's page for a terminal: headings and code stand out by colour and indentation, paragraphs and lists are wrapped to
//! the width that there is.
//!
//! **Invariant:** what is piped is Markdown as it is written; nothing is left out here but marks of Markdown. **Absent on
//! purpose:** Markdown beyond what pages use: headings, paragraphs, lists, fenced code, `code` in a line, **bold**.

/// Narrower than this nothing is wrapped further.
const NARROWEST: usize = 40;
/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

const BOLD: &str = "\x1b[1m";
const HEADING: &str = "\x1b[1;36m";
const CODE: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// The page as a terminal of `width` columns shows it.
pub fn terminal(page: &str, width: usize) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in page.lines() {
        let fence = line.starts_with("```");
        let item = line.starts_with("- ") || line.starts_with("* ");
        if in_code && !fence {
            out += &format!("    {CODE}{line}{PLAIN}\n");
            continue;
        }
        if fence || line.is_empty() || item || line.starts_with('#') {
            flush(&mut out, &mut paragraph, width);
        }
        if fence {
            in_code = !in_code;
        } else if line.is_empty() {
            out.push('\n');
        } else if line.starts_with('#') {
            out += &format!("{HEADING}{}{PLAIN}\n", line.trim_start_matches('#').trim());
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph += line.trim();
        }
    }
    flush(&mut out, &mut paragraph, width);
    out
}

/// Wraps what was gathered; the lines of a list's item hang below its text.
fn flush(out: &mut String, paragraph: &mut String, width: usize) {
    if paragraph.is_empty() {
        return;
    }
    let hang = if paragraph.starts_with("- ") || paragraph.starts_with("* ") { "  " } else { "" };
    let (mut used, mut bold, mut code) = (0, false, false);
    for word in paragraph.split_whitespace() {
        let shown = word.chars().filter(|c| *c != '`').count() - 2 * word.matches("**").count();
        if used > 0 && used + 1 + shown > width {
            out.push('\n');
            out.push_str(hang);
            used = hang.len();
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(&styled(word, &mut bold, &mut code));
        used += shown;
    }
    out.push('\n');
    paragraph.clear();
}

/// A word with its marks turned into styles, which may go on in the next word.
fn styled(word: &str, bold: &mut bool, code: &mut bool) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let (mark, style) = match c {
            '`' => (1, Some((&mut *code, CODE))),
            '*' if rest.starts_with("**") && !*code => (2, Some((&mut *bold, BOLD))),
            other => {
                text.push(other);
                (other.len_utf8(), None)
            }
        };
        if let Some((on, start)) = style {
            *on = !*on;
            text.push_str(if *on { start } else { PLAIN });
        }
        rest = &rest[mark..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> String {
        [BOLD, HEADING, CODE, PLAIN].iter().fold(text.to_owned(), |text, style| text.replace(style, ""))
    }

    #[test]
    fn paragraphs_are_wrapped_and_items_hang() {
        let page = "# a_lint\n\n## What it does\nTells of `conn` that is\nheld for much longer than anybody would like it to be.\n\n- an item that is longer than the line that it is to stand on\n- another";
        let shown = bare(&terminal(page, 40));
        assert!(shown.lines().all(|l| l.chars().count() <= 40), "{shown}");
        assert!(shown.contains("a_lint\n\nWhat it does\nTells of conn that is held for much"), "{shown}");
        assert!(shown.contains("\n- an item that is longer"), "{shown}");
        assert!(shown.contains("\n  ") && shown.ends_with("\n- another\n"), "{shown}");
    }

    #[test]
    fn code_is_indented_and_never_wrapped() {
        let line = "let mut conn = pool.acquire().await.expect(\"there is always one to be had\");";
        let shown = terminal(&format!("```rust\n{line}\n```\n"), 40);
        assert_eq!(bare(&shown), format!("    {line}\n"));
        assert!(shown.starts_with("    \x1b[33mlet"), "{shown}");
    }

    #[test]
    fn pages_keep_their_words() {
        for lint in crate::lints::ALL {
            let page = lint.reader_page();
            let words = |text: &str| {
                let plain = text.replace(['`', '#', '*'], " ").replace("rust", " ");
                plain.split_whitespace().collect::<String>()
            };
            assert_eq!(words(&bare(&terminal(&page, 72)).replace("rust", "")), words(&page), "{}", lint.name);
        }
    }
}
