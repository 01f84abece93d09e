//! A fast hash for symbols, small indices, and with a seed for names. Tables are looked up millions of times, and addresses and
//! indices are keys that no attacker chooses; the standard hasher would be a third of the run.
//!
//! **Invariant:** no output depends on the order of a map.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map with the fast hash.
pub type FxMap<K, V> = HashMap<K, V, BuildHasherDefault<Fx>>;
/// A set with the fast hash.
pub type FxSet<K> = HashSet<K, BuildHasherDefault<Fx>>;

/// Multiply and rotate, word by word.
#[derive(Default, Clone, Copy)]
pub struct Fx(u64);

impl Fx {
    /// For keys that the input chooses: which of them collide depends on the seed.
    pub fn seeded(seed: u64) -> Fx {
        Fx(seed)
    }
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Fx {
    fn finish(&self) -> u64 {
        self.0.rotate_left(20)
    }
    fn write(&mut self, mut bytes: &[u8]) {
        while let Some((word, rest)) = bytes.split_first_chunk::<8>() {
            self.add(u64::from_le_bytes(*word));
            bytes = rest;
        }
        // Less than a word is left: its halves may overlap.
        match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                let half = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
                self.add(half(first) << 32 | half(last));
            }
            _ => {
                if let [first, .., last] | [first @ last] = bytes {
                    let middle = bytes[bytes.len() / 2];
                    self.add(u64::from(*first) << 16 | u64::from(middle) << 8 | u64::from(*last));
                }
            }
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.add(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.add(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.add(n);
    }
    fn write_usize(&mut self, n: usize) {
        self.add(n as u64);
    }
}
