//! The inventory as two tables for a document or a pull request.

use super::super::escape::one_line;
use super::{At, Inventory, amount_words, given_words, held_words, pool_words};
use std::fmt::Write as _;

/// Renders it.
pub fn render(inventory: &Inventory) -> String {
    let mut out =
        String::from("## Most held at once\n\n| entry point | kind | held | pool | how |\n|---|---|---|---|---|\n");
    for entry in &inventory.entries {
        for most in &entry.most {
            let kind = if entry.in_loop { format!("{} in a loop", entry.kind) } else { entry.kind.to_owned() };
            let pool = pool_words(most.pool.as_deref(), &most.pool_type);
            let name = format!("{} {}", entry.function, place(&entry.place));
            row(
                &mut out,
                &[name, kind, format!("{}{}", amount_words(most), given_words(most)), pool, list(&most.path)],
            );
        }
    }
    out.push_str("\n## Acquisitions\n\n| where | function | what | pool | released | waits meanwhile |\n|---|---|---|---|---|---|\n");
    for a in &inventory.acquisitions {
        let pool = pool_words(a.pool.as_deref(), &a.pool_type);
        let cells = [place(&a.place), a.function.clone(), held_words(a), pool, list(&a.released), list(&a.waits)];
        row(&mut out, &cells);
    }
    out
}

fn row(out: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// Nothing in a cell may end it, or be read as markup.
fn cell(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('>', "&gt;")
}

fn list(steps: &[At]) -> String {
    let steps: Vec<String> = steps.iter().map(|at| format!("{} ({})", at.what, place(&at.place))).collect();
    steps.join("; ")
}

fn place(place: &super::Place) -> String {
    format!("{}:{}", place.path, place.line)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_cannot_be_left() {
        let text = super::render(&super::super::sample());
        assert!(text.contains("src/a\\|b.rs:3 | sell | `tx` (transaction)"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
