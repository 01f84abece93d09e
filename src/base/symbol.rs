//! Interned names.
//!
//! A [`Symbol`] is a pointer to a string that lives as long as the process, so that names are `Copy`, compare in one
//! instruction and can be read without a lock.
//!
//! **Invariant:** equal text means equal pointer; ordering is by text, never by address, so sorted output is stable.

use super::fx::Fx;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{LazyLock, Mutex};

/// An interned string.
#[derive(Clone, Copy)]
pub struct Symbol(&'static str);

const SHARDS: usize = 16;
static TABLE: LazyLock<[Mutex<HashSet<&'static str, Seeded>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::new(HashSet::with_hasher(Seeded::new()))));

/// Hashes names, which the input chooses.
struct Seeded(u64);

impl Seeded {
    fn new() -> Seeded {
        Seeded(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Seeded {
    type Hasher = Fx;
    fn build_hasher(&self) -> Fx {
        Fx::seeded(self.0)
    }
}

impl Symbol {
    /// Interns `text`.
    pub fn new(text: &str) -> Symbol {
        thread_local! {
            // Names come again soon: most are found here, without a lock.
            static RECENT: RefCell<[&'static str; 2048]> = const { RefCell::new([""; 2048]) };
        }
        let mut hash = Fx::default();
        hash.write(text.as_bytes());
        let slot = hash.finish() as usize % 2048;
        RECENT.with_borrow_mut(|recent| {
            if text.is_empty() || recent[slot] != text {
                recent[slot] = Symbol::look_up(text).0;
            }
            Symbol(recent[slot])
        })
    }

    /// Finds `text` among the names of all threads, or adds it.
    fn look_up(text: &str) -> Symbol {
        let byte = |at: usize| text.as_bytes().get(at).copied().map_or(0, usize::from);
        let shard =
            (text.len() + byte(0) * 3 + byte(text.len() / 2) * 5 + byte(text.len().wrapping_sub(1)) * 7) % SHARDS;
        let mut table = TABLE[shard].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = table.get(text) {
            return Symbol(known);
        }
        let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
        table.insert(leaked);
        Symbol(leaked)
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl PartialEq for Symbol {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Symbol {}
impl Hash for Symbol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.as_ptr() as usize).hash(state);
    }
}
impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(other.0)
    }
}
impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}
impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
impl From<&str> for Symbol {
    fn from(text: &str) -> Symbol {
        Symbol::new(text)
    }
}
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_is_one_symbol() {
        assert_eq!(Symbol::new("pool"), Symbol::new(&String::from("pool")));
        assert_ne!(Symbol::new("pool"), Symbol::new("pools"));
        assert!(Symbol::new("a") < Symbol::new("b"));
    }
}
