//! Settings: errors with a place, never panics.
#![no_main]

use letgo::cli::config;
use letgo::pipeline;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let rows = pipeline::lint_rows();
    let _ = config::read("letgo.toml", text, &rows);
    let _ = config::read_metadata("Cargo.toml", text, &rows);
});
