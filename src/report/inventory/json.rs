//! The inventory for programs. Keys are added freely; `version` rises only when one changes meaning or goes.

use super::Inventory;

/// Renders it.
pub fn render(inventory: &Inventory) -> String {
    let mut text = serde_json::to_string_pretty(inventory).expect("strings and numbers always serialise");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn places_stand_beside_what_they_place() {
        let text = super::render(&super::super::sample());
        assert!(
            text.contains("\"version\": 1") && text.contains("\"held\": 2") && text.contains("\"line\": 3"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
