//! Reads suppression comments: `// letgo: allow(lint_a, lint_b, reason = "…")`, `expect(…)`, `allow-file(…)`.
//!
//! **Invariant:** every comment that starts with `letgo:` is answered, if need be with a problem.

use super::comments::{Comment, comments};
use crate::base::{FileId, Span, Suppression, SuppressionKind};

const FORM: &str = "write `// letgo: allow(lint_name, reason = \"…\")`";

/// What a comment begins with that speaks to letgo.
pub const MARK: &str = "letgo:";

/// The suppression comments of a file, in order of place. Doc comments are documentation, never suppressions.
pub fn suppressions(text: &str, file: FileId) -> Vec<Suppression> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    comments(text).iter().filter_map(|c| read(c, text, file)).collect()
}

fn read(comment: &Comment, text: &str, file: FileId) -> Option<Suppression> {
    let raw = &text[comment.range.clone()];
    let is_doc = (raw.starts_with("///") && !raw.starts_with("////"))
        || raw.starts_with("//!")
        || (raw.starts_with("/**") && !raw.starts_with("/***") && raw.len() > 4)
        || raw.starts_with("/*!");
    let body = comment.body(text);
    let rest = body.strip_prefix(MARK)?;
    if is_doc {
        return None;
    }
    // `body` and all its pieces are slices of `text`: their addresses give their places.
    let place = |piece: &str| {
        let start = piece.as_ptr() as usize - text.as_ptr() as usize;
        span(file, start, start + piece.len())
    };
    let mut suppression = Suppression {
        kind: SuppressionKind::Allow,
        lints: Vec::new(),
        reason: None,
        span: span(file, comment.range.start, comment.range.end),
        own_line: comment.own_line,
        problem: None,
    };
    if let Err(problem) = arguments(rest.trim(), &place, &mut suppression) {
        suppression.lints.clear();
        suppression.problem = Some(problem);
    }
    Some(suppression)
}

fn span(file: FileId, start: usize, end: usize) -> Span {
    let fit = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { file, start: fit(start), end: fit(end) }
}

fn arguments(rest: &str, place: &dyn Fn(&str) -> Span, out: &mut Suppression) -> Result<(), String> {
    let Some(open) = rest.find('(') else {
        return Err(format!("suppression without a list of lints; {FORM}"));
    };
    out.kind = match rest[..open].trim() {
        "allow" => SuppressionKind::Allow,
        "expect" => SuppressionKind::Expect,
        "allow-file" => SuppressionKind::AllowFile,
        other => return Err(format!("unknown suppression `{other}`; use `allow`, `expect` or `allow-file`")),
    };
    let mut left = rest[open + 1..].trim_start();
    loop {
        if let Some(after) = left.strip_prefix(')') {
            // What follows the list is free text: people explain themselves there.
            let _ = after;
            break;
        }
        let word_end = left.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(left.len());
        let (word, after) = left.split_at(word_end);
        let after = after.trim_start();
        if word.is_empty() {
            return Err(match left.chars().next() {
                Some(c) => format!("unexpected `{c}` in a suppression; {FORM}"),
                None => format!("suppression is not closed; {FORM}"),
            });
        }
        left = if let Some(value) = after.strip_prefix('=') {
            if word != "reason" {
                return Err(format!("unknown key `{word}` in a suppression; the only one is `reason`"));
            }
            let value = value.trim_start();
            let (reason, after) = quoted(value).ok_or_else(|| format!("`reason` needs a quoted text; {FORM}"))?;
            out.reason = Some(reason);
            after.trim_start()
        } else {
            out.lints.push((word.to_owned(), place(word)));
            after
        };
        if let Some(after) = left.strip_prefix(',') {
            left = after.trim_start();
        } else if !left.starts_with(')') {
            return Err(match left.chars().next() {
                Some(_) => format!("expected `,` or `)` in a suppression; {FORM}"),
                None => format!("suppression is not closed; {FORM}"),
            });
        }
    }
    if out.lints.is_empty() {
        return Err(format!("suppression names no lint; {FORM}"));
    }
    Ok(())
}

/// A text in double quotes with `\"` and `\\`, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &inner[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Idx;

    fn one(text: &str) -> Suppression {
        let mut all = suppressions(text, FileId::new(0));
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn reads_all_forms() {
        let text = "let a = 1; // letgo: allow(held_across_await, nested_acquire, reason = \"a \\\"b\\\", c\") because";
        let s = one(text);
        assert_eq!(s.problem, None);
        assert_eq!(s.reason.as_deref(), Some("a \"b\", c"));
        assert!(!s.own_line);
        let names: Vec<&str> = s.lints.iter().map(|(_, at)| &text[at.start as usize..at.end as usize]).collect();
        assert_eq!(names, ["held_across_await", "nested_acquire"]);
        assert_eq!(one("// letgo: expect(all)").kind, SuppressionKind::Expect);
        assert_eq!(one("/* letgo: allow-file(pedantic) */").kind, SuppressionKind::AllowFile);
        assert!(one("   // letgo: allow(x,)").own_line);
    }

    #[test]
    fn malformed_is_told() {
        for text in [
            "// letgo: allow",
            "// letgo: alow(x)",
            "// letgo: allow()",
            "// letgo: allow(x",
            "// letgo: allow(x y)",
            "// letgo: allow(x, reason = because)",
            "// letgo: allow(x, why = \"b\")",
            "// letgo:allow(x; y)",
        ] {
            let s = one(text);
            assert!(s.problem.is_some() && s.lints.is_empty(), "{text}: {s:?}");
        }
    }

    #[test]
    fn documentation_and_strings_are_not_suppressions() {
        let text = "/// letgo: allow(x)\n//! letgo: allow(x)\nlet a = \"// letgo: allow(x)\"; // see letgo: allow(x)";
        assert!(suppressions(text, FileId::new(0)).is_empty());
    }
}
