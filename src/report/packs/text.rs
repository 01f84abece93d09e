//! The packs for people at a terminal.

use super::super::escape::one_line;
use super::{Head, List, Page, Row};
use std::fmt::Write as _;

/// Renders the list: the active packs, then the others.
pub fn list(list: &List) -> String {
    let width = |of: fn(&Head) -> usize| list.packs.iter().map(of).max().unwrap_or(0);
    let (name, tested) = (width(|p| p.name.chars().count()), width(|p| versions(p).chars().count()).min(40));
    let mut out = String::new();
    for (title, active) in [("active here", true), ("not active here", false)] {
        let packs: Vec<&Head> = list.packs.iter().filter(|p| p.active == active).collect();
        if packs.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        for pack in packs {
            let rows = format!("{} rows", pack.rows);
            let said = match (pack.experimental, active) {
                (true, true) => format!("experimental; {}", pack.why),
                (true, false) => "experimental".to_owned(),
                (false, true) => pack.why.clone(),
                (false, false) => String::new(),
            };
            let line = format!("{:name$}  {rows:>9}  {:tested$}  {said}", pack.name, versions(pack));
            let _ = writeln!(out, "  {}", one_line(line.trim_end()));
        }
    }
    out.push_str("\n`letgo packs show NAME` prints what is known of one\n");
    out
}

/// Renders one pack.
pub fn page(page: &Page) -> String {
    let head = &page.head;
    let mut out = format!("{}\n", one_line(&head.name));
    let told = [
        ("crates", head.crates.join(", ")),
        ("packages", head.packages.join(", ")),
        ("read against", head.tested.clone()),
        ("active here", format!("{}: {}", if head.active { "yes" } else { "no" }, head.why)),
        (
            "experimental",
            if head.experimental { "yes: no compiled code proves its rows".into() } else { String::new() },
        ),
    ];
    for (word, value) in told.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "  {word}: {}", one_line(value));
    }
    for table in &page.tables {
        let _ = writeln!(out, "\n[[{}]]", table.name);
        for rows in alike(&table.rows) {
            let _ = writeln!(out, "  {}", one_line(&siblings(rows)));
            let Some(row) = rows.first() else { continue };
            for (word, value) in [("", &row.says), ("note: ", &row.note), ("proof: ", &row.proof)] {
                if !value.is_empty() {
                    let _ = writeln!(out, "      {word}{}", one_line(value));
                }
            }
        }
    }
    out
}

fn versions(pack: &Head) -> &str {
    if pack.tested.is_empty() { "-" } else { &pack.tested }
}

/// Runs of rows that say the same of siblings.
fn alike(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| {
        let same = (&a.says, &a.note, &a.proof) == (&b.says, &b.note, &b.proof);
        same && parts(&a.path).0 == parts(&b.path).0
    })
}

/// `a::B::{c, d}` for `a::B::c` and `a::B::d`.
fn siblings(rows: &[Row]) -> String {
    match rows {
        [] => String::new(),
        [row] => row.path.clone(),
        [row, ..] => {
            let names: Vec<&str> = rows.iter().map(|row| parts(&row.path).1).collect();
            format!("{}{{{}}}", parts(&row.path).0, names.join(", "))
        }
    }
}

/// A path before and from its last segment on; generic arguments stay with their segment.
fn parts(path: &str) -> (&str, &str) {
    let head = path.find('<').unwrap_or(path.len());
    let at = path[..head].rfind("::").map_or(0, |at| at + "::".len());
    path.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::super::{Head, List, sample};

    #[test]
    fn siblings_stand_together_and_text_is_escaped() {
        let text = super::page(&sample());
        assert!(text.contains("  lib::Pool::{get, get_owned}\n      async, acquire from $0\n"), "{text}");
        assert!(text.contains("  lib::take\n") && !text.contains('\u{1b}'), "{text}");
        assert!(!text.contains("experimental"), "{text}");
    }

    #[test]
    fn the_list_tells_reasons_of_active_packs() {
        let idle = Head { name: "other".into(), experimental: true, why: "unused".into(), ..Head::default() };
        let text = super::list(&List { version: 1, packs: vec![sample().head, idle] });
        assert!(text.starts_with("active here\n  lib       3 rows  1.0  the crate `shop` depends on"), "{text}");
        assert!(text.contains("not active here\n  other     0 rows  -    experimental\n"), "{text}");
    }
}
