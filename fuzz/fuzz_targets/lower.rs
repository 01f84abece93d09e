//! Text to IR: whatever parses is lowered without a panic, for the oldest and the newest rules of drops.
#![no_main]

use letgo::base::{FileId, Idx};
use letgo::lower::{self, LowerCx};
use letgo::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(ast) = parse::parse_file(text) {
        for edition in [2015, 2024] {
            let cx = LowerCx { file: FileId::new(0), edition, text, thinned: None, macro_shape: &|_| None };
            lower::file(&ast, &cx);
        }
    }
    parse::forget_spans();
});
