//! Threads: the only place that has them.
//!
//! **Invariants:** results come in the order of their inputs; stacks are large, since `syn` and the lowering recurse as deep
//! as expressions nest, and an overflow cannot be caught.

use crate::base::{InTurn, Workers};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Reserved, not used: a page that is never touched costs nothing.
const STACK: usize = if cfg!(target_pointer_width = "64") { 256 << 20 } else { 64 << 20 };

/// Fewer items than these are not worth a thread.
const FEW: usize = 16;

/// Applies `f` to each item, with its position, on `threads` threads (0: as many as the machine has).
pub fn map<T: Sync, R: Send>(items: &[T], threads: usize, f: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    let threads = count(threads).min(items.len().max(1));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        let mut own = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(n) else { break };
            own.push((n, f(n, item)));
        }
        done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(own);
    };
    std::thread::scope(|scope| {
        let start = || {
            let builder = std::thread::Builder::new().name("letgo".to_owned()).stack_size(STACK);
            builder.spawn_scoped(scope, run).expect("the system can start a thread")
        };
        let handles: Vec<_> = (0..threads).map(|_| start()).collect();
        for handle in handles {
            handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

/// As many threads as were asked for, for rooms that have none.
#[derive(Clone, Copy, Debug)]
pub struct Threads(pub usize);

impl Workers for Threads {
    fn map<T: Send, R: Send>(&self, items: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R> {
        // A few items are done before a thread is started.
        if items.len() < FEW || count(self.0) == 1 {
            return InTurn.map(items, f);
        }
        let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
        map(&items, self.0, |_, item| {
            let item = item.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            f(item.expect("each item is taken once"))
        })
    }

    fn both<A: Send, B: Send>(&self, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
        if count(self.0) == 1 {
            return InTurn.both(one, other);
        }
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("letgo".to_owned()).stack_size(STACK);
            let handle = builder.spawn_scoped(scope, one).expect("the system can start a thread");
            let other = other();
            (handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
        })
    }
}

/// Lets go of a large value beside what follows; if the process ends soon, it is left to the system.
pub fn discard<T: Send + 'static>(value: T, ends: bool) {
    if ends {
        return std::mem::forget(value);
    }
    // If there is no thread to be had, the closure and with it the value are dropped here.
    let _ = std::thread::Builder::new().name("letgo".to_owned()).stack_size(STACK).spawn(move || drop(value));
}

/// Runs `f` beside what follows, on a thread with a large stack; `None` if there is none to be had.
pub fn beside<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> Option<std::thread::JoinHandle<R>> {
    std::thread::Builder::new().name("letgo".to_owned()).stack_size(STACK).spawn(f).ok()
}

/// The number of threads meant by a request.
pub fn count(threads: usize) -> usize {
    if threads > 0 { threads } else { std::thread::available_parallelism().map_or(1, std::num::NonZero::get) }
}

/// Runs `f` on a thread with a large stack.
pub fn deep<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("letgo".to_owned()).stack_size(STACK);
        let handle = builder.spawn_scoped(scope, f).expect("the system can start a thread");
        handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_inputs() {
        let items: Vec<usize> = (0..1000).collect();
        let twice = map(&items, 7, |n, item| n + item);
        assert!(twice.iter().enumerate().all(|(n, r)| *r == 2 * n));
        assert!(map(&[] as &[usize], 0, |_, i| *i).is_empty());
    }

    #[test]
    fn stacks_are_deep() {
        fn sink(n: usize) -> usize {
            let pad = std::hint::black_box([n; 64]);
            if n == 0 { 0 } else { 1 + sink(n - 1) + pad[0] - n }
        }
        assert_eq!(deep(|| sink(50_000)), 50_000);
    }
}
