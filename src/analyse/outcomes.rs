//! What became of a resource: the set of outcomes over all paths to a point.
//!
//! An outcome is a life, how much was written, whether its session holds a lock, and whether an error was met since. A set
//! is a bit per outcome; join is union.
//!
//! **Invariant:** only held outcomes change: what a path did with a resource stays as it was when its life ended.

/// What became of a resource on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// Alive and reachable here.
    Held,
    /// Dropped: by scope, `drop`, `close`, by a callee that took it.
    Dropped,
    /// Ended with success: committed, finished.
    Ended,
    /// Ended without its writes, on purpose.
    RolledBack,
    /// Gone where this body cannot see it: returned, given to an unknown callee.
    Escaped,
    /// Kept in something that outlives the body.
    Stored,
    /// Never to be dropped: `mem::forget` and its kin.
    Forgotten,
    /// Out of its pool for good.
    Detached,
}

impl Life {
    const ALL: [Life; 8] = [
        Life::Held,
        Life::Dropped,
        Life::Ended,
        Life::RolledBack,
        Life::Escaped,
        Life::Stored,
        Life::Forgotten,
        Life::Detached,
    ];
}

/// How much was written over a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrote {
    /// Nothing.
    #[default]
    No,
    /// A statement that cannot be read, or a callee that nobody knows, had it.
    May,
    /// A statement that writes was seen.
    Yes,
}

impl Wrote {
    const ALL: [Wrote; 3] = [Wrote::No, Wrote::May, Wrote::Yes];
}

/// One path's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// What became of it.
    pub life: Life,
    /// How much was written over it.
    pub wrote: Wrote,
    /// Whether its session holds a lock.
    pub locked: bool,
    /// Whether the error side of a test was taken since it came into being, and nothing was written after that.
    pub failed: bool,
}

/// Bits per life: three of [`Wrote`], each with its four flags.
const LIFE: u32 = 12;
const HELD: u128 = 0xfff;
const LOCKED: u128 = 0b1100_1100_1100;
const FAILED: u128 = 0b1010_1010_1010;

/// A set of outcomes; 96 are possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcomes(u128);

impl Outcomes {
    /// No path.
    pub const NONE: Outcomes = Outcomes(0);

    /// One outcome.
    pub fn one(o: Outcome) -> Outcomes {
        let flags = u32::from(o.locked) * 2 + u32::from(o.failed);
        Outcomes(1 << (o.life as u32 * LIFE + o.wrote as u32 * 4 + flags))
    }
    /// Freshly acquired.
    pub fn held() -> Outcomes {
        Self::one(Outcome { life: Life::Held, wrote: Wrote::No, locked: false, failed: false })
    }
    /// Every outcome in the set.
    pub fn iter(self) -> impl Iterator<Item = Outcome> {
        let flags = [(false, false), (false, true), (true, false), (true, true)];
        let lives = Life::ALL.into_iter().filter(move |&life| self.may_be(life));
        let levels = lives.flat_map(|life| Wrote::ALL.into_iter().map(move |wrote| (life, wrote)));
        levels
            .flat_map(move |(life, wrote)| {
                flags.into_iter().map(move |(locked, failed)| Outcome { life, wrote, locked, failed })
            })
            .filter(move |&o| self.0 & Self::one(o).0 != 0)
    }
    /// Whether some path has this life.
    pub fn may_be(self, life: Life) -> bool {
        self.0 >> (life as u32 * LIFE) & HELD != 0
    }
    /// Whether some path is held.
    pub fn may_be_held(self) -> bool {
        self.0 & HELD != 0
    }
    /// Whether it is held with a session lock on some path.
    pub fn is_locked(self) -> bool {
        self.0 & LOCKED != 0
    }
    /// Whether no path reaches here with the resource.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Union.
    pub fn or(self, other: Outcomes) -> Outcomes {
        Outcomes(self.0 | other.0)
    }
    /// The paths on which it is not held.
    #[must_use]
    pub fn without_held(self) -> Outcomes {
        Outcomes(self.0 & !HELD)
    }
    /// Paths on which it is held get `life`; the others stay.
    #[must_use]
    pub fn end_held(self, life: Life) -> Outcomes {
        let held = self.0 & HELD;
        Outcomes(self.0 & !HELD | held << (life as u32 * LIFE))
    }
    /// Held paths are marked as having written; an error that was met before did not end them.
    #[must_use]
    pub fn write_held(self) -> Outcomes {
        let held = self.0 & HELD;
        let flags = (held | held >> 4 | held >> 8) & 0xf;
        self.with_held(((flags | (flags & FAILED) >> 1) & !FAILED & 0xf) << 8)
    }
    /// Held paths are marked as perhaps having written.
    #[must_use]
    pub fn may_write_held(self) -> Outcomes {
        let held = self.0 & HELD;
        self.with_held((held & 0xf) << 4 | held & 0xff0)
    }
    /// As [`write_held`](Outcomes::write_held) or [`may_write_held`](Outcomes::may_write_held), or neither.
    #[must_use]
    pub fn wrote_held(self, wrote: Wrote) -> Outcomes {
        match wrote {
            Wrote::No => self,
            Wrote::May => self.may_write_held(),
            Wrote::Yes => self.write_held(),
        }
    }
    /// Held paths are marked as having taken (or given back) a session lock.
    #[must_use]
    pub fn lock_held(self, locked: bool) -> Outcomes {
        let held = self.0 & HELD;
        let moved = if locked { held & LOCKED | (held & !LOCKED) << 2 } else { held & !LOCKED | (held & LOCKED) >> 2 };
        self.with_held(moved)
    }
    /// Held paths are marked as having met an error.
    #[must_use]
    pub fn fail_held(self) -> Outcomes {
        let held = self.0 & HELD;
        self.with_held(held & FAILED | (held & !FAILED) << 1)
    }

    /// Nothing was written on any path.
    #[must_use]
    pub fn unwritten(self) -> Outcomes {
        let mut out = Outcomes::NONE;
        for o in self.iter() {
            out = out.or(Self::one(Outcome { wrote: Wrote::No, ..o }));
        }
        out
    }

    /// It is known now what the paths that may have written did.
    #[must_use]
    pub fn decided(self, wrote: Wrote) -> Outcomes {
        let mut out = Outcomes::NONE;
        for o in self.iter() {
            let wrote = if o.wrote == Wrote::May { wrote } else { o.wrote };
            out = out.or(Self::one(Outcome { wrote, ..o }));
        }
        out
    }

    fn with_held(self, held: u128) -> Outcomes {
        Outcomes(self.0 & !HELD | held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(o: Outcomes) -> Vec<(Life, Wrote, bool, bool)> {
        o.iter().map(|o| (o.life, o.wrote, o.locked, o.failed)).collect()
    }

    #[test]
    fn outcomes_keep_paths_apart() {
        let written = Outcomes::held().write_held();
        let ended = written.end_held(Life::Ended);
        let both = ended.or(Outcomes::held().end_held(Life::Dropped));
        let wanted = [(Life::Dropped, Wrote::No, false, false), (Life::Ended, Wrote::Yes, false, false)];
        assert_eq!(all(both), wanted);
        assert!(!both.may_be_held());
    }

    #[test]
    fn locks_come_and_go() {
        let locked = Outcomes::held().lock_held(true);
        assert_eq!(all(locked), [(Life::Held, Wrote::No, true, false)]);
        assert_eq!(locked.lock_held(false), Outcomes::held());
    }

    #[test]
    fn a_write_outweighs_a_doubt_and_an_error() {
        let may = Outcomes::held().may_write_held();
        assert_eq!(all(may), [(Life::Held, Wrote::May, false, false)]);
        assert_eq!(may.may_write_held(), may);
        let failed = may.fail_held();
        assert_eq!(all(failed), [(Life::Held, Wrote::May, false, true)]);
        assert_eq!(failed.fail_held(), failed);
        assert_eq!(all(failed.write_held()), [(Life::Held, Wrote::Yes, false, false)]);
        assert_eq!(failed.write_held().may_write_held(), failed.write_held());
        let locked = failed.lock_held(true);
        assert_eq!(all(locked), [(Life::Held, Wrote::May, true, true)]);
        assert_eq!(all(locked.or(Outcomes::held()).end_held(Life::Dropped)).len(), 2);
    }
}
