//! The ownership lattice: who holds which resource, at one point of one body.
//!
//! ```text
//!   Outcomes of one resource: a set of (life, wrote, locked); join is union.
//!
//!        {held, dropped, ended, …}          some path each
//!          /        |        \
//!      {held}   {dropped}  {ended}          every path that reaches this point
//!          \        |        /
//!                  {}                       not acquired on any path to here
//! ```
//!
//! Besides: per local the resources that its value may own or refer to ([`Entry`]) and the futures it may carry
//! ([`Pending`]). Join is union throughout; both grow only over the finite sets of a body's resources, calls and fields,
//! so iteration ends.
//!
//! **Invariant:** a local that is not in `values` carries nothing. An unreachable point has no state (flow's bottom).

use super::owed::Balance;
use super::resource::ResId;
use crate::base::Symbol;
use crate::flow::Lattice;
use crate::ir::{BodyId, CallId, LocalId};
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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

/// A set of outcomes; 32 are possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcomes(u32);

impl Outcomes {
    /// No path.
    pub const NONE: Outcomes = Outcomes(0);

    fn bit(life: Life, wrote: bool, locked: bool) -> u32 {
        1 << (life as u32 * 4 + u32::from(wrote) * 2 + u32::from(locked))
    }
    /// One outcome.
    pub fn one(life: Life, wrote: bool, locked: bool) -> Outcomes {
        Outcomes(Self::bit(life, wrote, locked))
    }
    /// Freshly acquired.
    pub fn held() -> Outcomes {
        Self::one(Life::Held, false, false)
    }
    /// Every outcome in the set: life, wrote, locked.
    pub fn iter(self) -> impl Iterator<Item = (Life, bool, bool)> {
        Life::ALL.into_iter().flat_map(move |life| {
            [(false, false), (false, true), (true, false), (true, true)]
                .into_iter()
                .filter(move |&(w, l)| self.0 & Self::bit(life, w, l) != 0)
                .map(move |(w, l)| (life, w, l))
        })
    }
    /// Whether some path has this life.
    pub fn may_be(self, life: Life) -> bool {
        self.0 >> (life as u32 * 4) & 0xf != 0
    }
    /// Whether some path is held.
    pub fn may_be_held(self) -> bool {
        self.may_be(Life::Held)
    }
    /// Whether it is held with a session lock on some path.
    pub fn is_locked(self) -> bool {
        self.0 & 0b1010 != 0
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
        Outcomes(self.0 & !0xf)
    }
    /// Paths on which it is held get `life`; the others stay.
    #[must_use]
    pub fn end_held(self, life: Life) -> Outcomes {
        let held = self.0 & 0xf;
        Outcomes(self.0 & !0xf | held << (life as u32 * 4))
    }
    /// Held paths are marked as having written.
    #[must_use]
    pub fn write_held(self) -> Outcomes {
        let held = self.0 & 0xf;
        Outcomes(self.0 & !0xf | (held | held << 2) & 0b1100)
    }
    /// Held paths are marked as having taken (or given back) a session lock.
    #[must_use]
    pub fn lock_held(self, locked: bool) -> Outcomes {
        let held = self.0 & 0xf;
        let moved = if locked { (held | held << 1) & 0b1010 } else { (held | held >> 1) & 0b0101 };
        Outcomes(self.0 & !0xf | moved)
    }
}

/// A resource in or behind a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Fields from the value to it. `Option`, `Result` and wrappers add nothing.
    pub path: Rc<[Symbol]>,
    /// Which.
    pub res: ResId,
    /// Whether the value owns it (dropping the value releases it) or only refers to it.
    pub owned: bool,
}

/// What a future will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deferred {
    /// A call that gave the future.
    Call(CallId),
    /// An async block (or generator) of this body.
    Block(BodyId),
}

/// A future that a value carries, with what its arguments carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pending {
    /// What runs when it is awaited.
    pub what: Deferred,
    /// Per argument (captured variable, for a block): what it carries.
    pub args: Rc<[Vec<Entry>]>,
    /// Whether it runs in a task of its own: awaiting it is joining the task.
    pub task: bool,
}

impl Pending {
    /// Whether `res` is among what its arguments carry.
    pub fn reaches(&self, res: ResId) -> bool {
        self.args.iter().flatten().any(|e| e.res == res)
    }
}

/// What a value carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Sorted, without doubles.
    pub entries: Vec<Entry>,
    /// Sorted by what they run.
    pub pending: Vec<Pending>,
}

impl Value {
    /// Nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.pending.is_empty()
    }
    /// Adds an entry.
    pub fn add(&mut self, entry: Entry) -> bool {
        match self.entries.binary_search(&entry) {
            Ok(_) => false,
            Err(at) => {
                self.entries.insert(at, entry);
                true
            }
        }
    }
    /// Adds a future; one that is there already takes the new arguments besides its own.
    pub fn add_pending(&mut self, new: Pending) -> bool {
        let key = |p: &Pending| (p.what, p.task);
        match self.pending.binary_search_by_key(&key(&new), key) {
            Err(at) => {
                self.pending.insert(at, new);
                true
            }
            Ok(at) => {
                let old = &self.pending[at];
                let longest = old.args.len().max(new.args.len());
                let mut args: Vec<Vec<Entry>> = vec![Vec::new(); longest];
                for (i, merged) in args.iter_mut().enumerate() {
                    merged.extend(old.args.get(i).into_iter().flatten().cloned());
                    for entry in new.args.get(i).into_iter().flatten() {
                        if !merged.contains(entry) {
                            merged.push(entry.clone());
                        }
                    }
                    merged.sort();
                }
                if args.as_slice() == &*old.args {
                    return false;
                }
                self.pending[at].args = args.into();
                true
            }
        }
    }
    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Value) -> bool {
        let mut changed = false;
        for entry in &other.entries {
            changed |= self.add(entry.clone());
        }
        for pending in &other.pending {
            changed |= self.add_pending(pending.clone());
        }
        changed
    }
    /// The same value as seen through a reference: it owns nothing.
    #[must_use]
    pub fn borrowed(&self) -> Value {
        let mut out = Value { entries: Vec::new(), pending: self.pending.clone() };
        for entry in &self.entries {
            out.add(Entry { owned: false, ..entry.clone() });
        }
        out
    }
    /// All resources it carries, its futures' arguments included.
    pub fn reach(&self) -> impl Iterator<Item = ResId> + '_ {
        self.entries
            .iter()
            .map(|e| e.res)
            .chain(self.pending.iter().flat_map(|p| p.args.iter().flatten().map(|e| e.res)))
    }
}

/// Which variant a `Result` or `Option` may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variants {
    /// `Ok`, `Some`, or a plain value.
    pub good: bool,
    /// `Err`, `None`.
    pub bad: bool,
}

/// What is known of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResState {
    /// Per path.
    pub outcomes: Outcomes,
    /// The resources it was begun on: they hold the slot.
    pub parents: Vec<ResId>,
    /// On every path its connection is closed rather than returned when it is dropped: locks end with it.
    pub closes: bool,
}

/// What must be given back by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// The lock of the session of this connection.
    Lock(ResId),
    /// An account of the body, by its number.
    Account(usize),
}

/// What the answer of a statement that takes a session lock, or moves an account, tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it tells of.
    pub of: Owed,
    /// It is only tried: a boolean in the answer says whether it was taken.
    pub tries: bool,
    /// What that boolean is when it was.
    pub when: bool,
}

/// The state at a point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Per local what its value carries.
    pub values: BTreeMap<LocalId, Rc<Value>>,
    /// Per resource; absent: not acquired.
    pub res: BTreeMap<ResId, ResState>,
    /// Per local that was given a variant: which; absent: not known.
    pub variants: BTreeMap<LocalId, Variants>,
    /// Per boolean local: the local whose variant it tells, and whether `true` means good.
    pub tests: BTreeMap<LocalId, (LocalId, bool)>,
    /// Per local that is, or was made from, the answer of a statement that takes a session lock or moves an account.
    pub answers: BTreeMap<LocalId, Answer>,
    /// Per account of the body what may have happened to it; absent: nothing.
    pub accounts: BTreeMap<usize, Balance>,
    /// Whether every path to here took the `Err` side of some test.
    pub failed: bool,
    /// Guards of locks that were temporaries when a pattern was matched: they live as long as the construct.
    pub scrutinee: BTreeSet<ResId>,
}

impl State {
    /// Outcomes of a resource.
    pub fn outcomes(&self, res: ResId) -> Outcomes {
        self.res.get(&res).map_or(Outcomes::NONE, |r| r.outcomes)
    }
    /// What a local carries.
    pub fn value(&self, local: LocalId) -> Option<&Rc<Value>> {
        self.values.get(&local)
    }
    /// What may have happened to an account.
    pub fn balance(&self, account: usize) -> Balance {
        self.accounts.get(&account).copied().unwrap_or_default()
    }
    /// Resources that are held on some path to here.
    pub fn held(&self) -> impl Iterator<Item = ResId> + '_ {
        self.res.iter().filter(|(_, r)| r.outcomes.may_be_held()).map(|(&id, _)| id)
    }
    /// Whether some local other than `but` owns `res`.
    pub fn owned_elsewhere(&self, res: ResId, but: LocalId) -> bool {
        self.values.iter().any(|(&local, value)| local != but && owns(value, res))
    }
    /// The locals that own `res`.
    pub fn owners(&self, res: ResId) -> impl Iterator<Item = LocalId> + '_ {
        self.values.iter().filter(move |(_, v)| owns(v, res)).map(|(&l, _)| l)
    }
    /// No value owns the resource any more: it has been taken out of wherever it was.
    pub fn disown(&mut self, res: ResId) {
        for value in self.values.values_mut().filter(|v| v.entries.iter().any(|e| e.owned && e.res == res)) {
            Rc::make_mut(value).entries.retain(|e| !e.owned || e.res != res);
        }
    }
    /// Changes the outcomes of a resource.
    pub fn update(&mut self, res: ResId, change: impl FnOnce(Outcomes) -> Outcomes) {
        if let Some(r) = self.res.get_mut(&res) {
            r.outcomes = change(r.outcomes);
        }
    }
    /// The resources that hold the slot of `res`: itself, or the ends of its parents.
    pub fn slot_holders(&self, res: ResId) -> Vec<ResId> {
        let mut ends = Vec::new();
        let mut todo = vec![res];
        let mut seen = Vec::new();
        while let Some(next) = todo.pop() {
            if seen.contains(&next) {
                continue;
            }
            seen.push(next);
            match self.res.get(&next) {
                Some(r) if !r.parents.is_empty() => todo.extend(&r.parents),
                _ => ends.push(next),
            }
        }
        ends.sort();
        ends
    }
}

fn owns(value: &Value, res: ResId) -> bool {
    value.entries.iter().any(|e| e.owned && e.res == res)
        || value.pending.iter().any(|p| p.args.iter().flatten().any(|e| e.owned && e.res == res))
}

impl Lattice for State {
    fn join(&mut self, other: &State) -> bool {
        let mut changed = false;
        for (&local, theirs) in &other.values {
            match self.values.get_mut(&local) {
                None => {
                    self.values.insert(local, Rc::clone(theirs));
                    changed = true;
                }
                Some(ours) if Rc::ptr_eq(ours, theirs) => {}
                Some(ours) => {
                    let mut merged = (**ours).clone();
                    if merged.merge(theirs) {
                        *ours = Rc::new(merged);
                        changed = true;
                    }
                }
            }
        }
        for (&res, theirs) in &other.res {
            let ours = match self.res.entry(res) {
                Slot::Occupied(slot) => slot.into_mut(),
                Slot::Vacant(slot) => {
                    slot.insert(theirs.clone());
                    changed = true;
                    continue;
                }
            };
            changed |= ours.closes && !theirs.closes;
            ours.closes &= theirs.closes;
            let outcomes = ours.outcomes.or(theirs.outcomes);
            changed |= outcomes != ours.outcomes;
            ours.outcomes = outcomes;
            for &parent in &theirs.parents {
                if let Err(at) = ours.parents.binary_search(&parent) {
                    ours.parents.insert(at, parent);
                    changed = true;
                }
            }
        }
        changed |= self.failed && !other.failed;
        self.failed &= other.failed;
        let before = self.scrutinee.len();
        self.scrutinee.extend(&other.scrutinee);
        changed |= self.scrutinee.len() != before;
        // Absent means unknown here, so what only one side knows is forgotten.
        let before = self.variants.len();
        self.variants.retain(|local, _| other.variants.contains_key(local));
        changed |= self.variants.len() != before;
        for (local, ours) in &mut self.variants {
            let theirs = other.variants[local];
            let joined = Variants { good: ours.good | theirs.good, bad: ours.bad | theirs.bad };
            changed |= joined != *ours;
            *ours = joined;
        }
        let either: BTreeSet<usize> = other.accounts.keys().chain(self.accounts.keys()).copied().collect();
        for account in either {
            let ours = self.balance(account);
            let joined = ours.or(other.balance(account));
            changed |= joined != ours;
            self.accounts.insert(account, joined);
        }
        let before = self.answers.len();
        self.answers.retain(|local, answer| other.answers.get(local) == Some(answer));
        changed |= self.answers.len() != before;
        let before = self.tests.len();
        self.tests.retain(|local, test| other.tests.get(local) == Some(test));
        changed | (self.tests.len() != before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Idx;

    #[test]
    fn outcomes_keep_paths_apart() {
        let written = Outcomes::held().write_held();
        let ended = written.end_held(Life::Ended);
        let both = ended.or(Outcomes::held().end_held(Life::Dropped));
        assert_eq!(both.iter().collect::<Vec<_>>(), vec![(Life::Dropped, false, false), (Life::Ended, true, false)]);
        assert!(!both.may_be_held());
    }

    #[test]
    fn locks_come_and_go() {
        let locked = Outcomes::held().lock_held(true);
        assert_eq!(locked.iter().collect::<Vec<_>>(), vec![(Life::Held, false, true)]);
        assert_eq!(locked.lock_held(false), Outcomes::held());
    }

    #[test]
    fn join_is_idempotent_and_reports_change() {
        let mut a = State::default();
        let mut b = State::default();
        b.res.insert(ResId::new(0), ResState { outcomes: Outcomes::held(), ..ResState::default() });
        assert!(a.join(&b));
        assert!(!a.join(&b));
        assert!(a.outcomes(ResId::new(0)).may_be_held());
    }
}
