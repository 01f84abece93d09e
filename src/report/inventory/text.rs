//! The inventory for people at a terminal.

use super::super::escape::one_line;
use super::{At, Inventory, amount_words, given_words, held_words, pool_words};
use std::fmt::Write as _;

/// Renders it.
pub fn render(inventory: &Inventory) -> String {
    let mut out = String::from("acquisitions\n");
    for a in &inventory.acquisitions {
        let place = place(&a.place);
        let sure = if a.confidence == "high" { String::new() } else { format!(", {} confidence", a.confidence) };
        let pool = pool_words(a.pool.as_deref(), &a.pool_type);
        line(&mut out, 2, &format!("{place}: {} from {pool} in {}{sure}", held_words(a), a.function));
        for (word, list) in [("through", &a.through), ("released", &a.released), ("waits for", &a.waits)] {
            for at in list {
                line(&mut out, 6, &format!("{word} {}", step(at)));
            }
        }
    }
    if inventory.acquisitions.is_empty() {
        line(&mut out, 2, "none were seen");
    }
    // Two names may be one pool: only where it comes from is known.
    out.push_str("\nmost held at once, per pool as far as its origin tells pools apart\n");
    for entry in &inventory.entries {
        let looped = if entry.in_loop { ", started in a loop" } else { "" };
        line(&mut out, 2, &format!("{}: {} {}{looped}", place(&entry.place), entry.kind, entry.function));
        for most in &entry.most {
            let pool = pool_words(most.pool.as_deref(), &most.pool_type);
            line(&mut out, 6, &format!("{} of {pool}{}", amount_words(most), given_words(most)));
            for at in &most.path {
                line(&mut out, 10, &step(at));
            }
        }
    }
    if inventory.entries.is_empty() {
        line(&mut out, 2, "nothing is held at any entry point that was seen");
    }
    out
}

fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{}", "", one_line(text));
}

fn step(at: &At) -> String {
    format!("{} at {}", at.what, place(&at.place))
}

fn place(place: &super::Place) -> String {
    format!("{}:{}:{}", place.path, place.line, place.column)
}

#[cfg(test)]
mod tests {
    #[test]
    fn says_what_is_held_and_escapes() {
        let text = super::render(&super::super::sample());
        assert!(text.contains("  src/a|b.rs:3:5: `tx` (transaction) from `app.db` (PgPool) in sell\n"), "{text}");
        assert!(
            text.contains(
                "at least 2 of a pool of unknown origin (\\u{1b}[2J), 3 if the connection it is given is from there too"
            ),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
