//! Rows of a project: errors, never panics; what loads makes a catalog.
#![no_main]

use letgo::pack::{Catalog, load::load_project};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pack, _) = load_project("letgo.toml", text);
    Catalog::new(vec![pack]);
});
