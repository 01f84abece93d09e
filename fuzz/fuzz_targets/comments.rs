//! Comments of any text: each lies in the text, at character boundaries, and in order.
#![no_main]

use letgo::base::{FileId, Idx};
use letgo::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut end = 0;
    for comment in parse::comments::comments(text) {
        assert!(comment.range.start >= end && text.get(comment.range.clone()).is_some());
        comment.body(text);
        end = comment.range.end;
    }
    parse::suppressions(text, FileId::new(0));
});
