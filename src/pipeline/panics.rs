//! Panics are our own mistakes; they cost one file or one stage, and are told with their place.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the process's panic message by one that is kept until [`caught`] asks for it. `RUST_BACKTRACE` brings the usual one back.
pub fn quiet() {
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
        PLACE.with(|cell| *cell.borrow_mut() = place);
    }));
}

/// Runs `f`; a panic becomes words.
pub fn caught<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    // What `f` leaves half done is dropped with it: callers hand in only what they throw away after a panic.
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
        let words = panic
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panic".to_owned());
        let place = PLACE.with(|cell| cell.borrow_mut().take());
        place.map_or(words.clone(), |place| format!("{words} ({place})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_words() {
        assert_eq!(caught(|| 1), Ok(1));
        let words = caught(|| -> usize { panic!("no {}", "way") }).expect_err("it panics");
        assert!(words.starts_with("no way"), "{words}");
    }
}
