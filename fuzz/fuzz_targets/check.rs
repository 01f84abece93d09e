//! The whole check of one file: no internal error, and the same bytes for one thread and for two.
#![no_main]

use letgo::base::Confidence;
use letgo::discover::Tree;
use letgo::pack::Catalog;
use letgo::pipeline::{self, Options};
use letgo::report::json;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static CATALOG: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| pipeline::catalog(&Tree::in_memory([], 2024), None).expect("the shipped packs are sound"));

fuzz_target!(|text: &str| {
    let tree = Tree::in_memory([("src/lib.rs".to_owned(), text.to_owned())], 2024);
    let check = |threads| {
        let mut options = Options { threads, include_tests: true, ..Options::new(&tree, &CATALOG) };
        options.min_confidence = Confidence::Low;
        let mut report = pipeline::check(&options);
        assert!(!report.internal_error, "{:#?}", report.problems);
        report.summary.seconds = 0.0;
        json::render(&report)
    };
    assert_eq!(check(1), check(2));
});
