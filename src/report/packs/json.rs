//! The packs for programs. Keys are added freely; `version` rises only when one changes meaning or goes.

use super::{List, Page};
use serde::Serialize;

/// Renders the list.
pub fn list(list: &List) -> String {
    pretty(list)
}

/// Renders one pack.
pub fn page(page: &Page) -> String {
    pretty(page)
}

fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("strings and numbers always serialise");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_head_stands_beside_the_rows_and_is_escaped() {
        let text = super::page(&super::super::sample());
        assert!(text.contains("\"name\": \"lib\"") && text.contains("\"path\": \"lib::Pool::get_owned\""), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("\"note\""), "{text}");
    }
}
