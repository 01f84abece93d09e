//! How a room has many things done at once without having threads: whoever calls it brings the workers.
//!
//! **Invariant:** results come in the order of the items, whoever does the work. **Absent on purpose:** threads.

/// Somebody who applies a function to many items.
pub trait Workers {
    /// Applies `f` to each item. A panic of `f` comes out of here.
    fn map<T: Send, R: Send>(&self, items: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R>;
    /// Does both. A panic of either comes out of here.
    fn both<A: Send, B: Send>(&self, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B);
}

/// One after the other, in the caller's thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct InTurn;

impl Workers for InTurn {
    fn map<T: Send, R: Send>(&self, items: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R> {
        items.into_iter().map(f).collect()
    }

    fn both<A: Send, B: Send>(&self, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
        (one(), other())
    }
}
