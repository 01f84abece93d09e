//! The ownership lattice: who holds which resource, at one point of one body.
//!
//! ```text
//!   Outcomes of one resource: a set, see [`Outcomes`]; join is union.
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

use super::outcomes::Outcomes;
use super::owed::Balance;
use super::resource::ResId;
use crate::base::Symbol;
use crate::flow::Lattice;
use crate::ir::{BodyId, CallId, LocalId};
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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
    /// On every path it is a transaction that only reads.
    pub read_only: bool,
}

/// What must be given back by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// The lock of the session of this connection.
    Lock(ResId),
    /// An account of the body, by its number.
    Account(usize),
    /// An account of the body that this answer says was moved back; where it was not, it is open as before.
    Back(usize),
}

/// What the answer of a statement that takes a session lock, or moves an account, tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it tells of.
    pub of: Owed,
    /// It is only tried: a boolean in the answer says whether it was taken.
    pub tries: bool,
    /// What that boolean is when it was; without one, whether the good answer says so.
    pub when: bool,
}

/// What the answer of a call tells of a connection that was lent for it: a callee that answers with nothing may have written
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The connection.
    pub res: ResId,
    /// Its outcomes as the call left them: once they are others, the answer tells nothing.
    pub now: Outcomes,
    /// What they are if the answer is `true` or `Some`.
    pub good: Outcomes,
    /// What they are if it is `false` or `None`.
    pub bad: Outcomes,
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
    /// Per local that is, or was made from, such a call's answer: what it tells.
    pub told: BTreeMap<LocalId, Told>,
    /// Per local what its payload may be, where that is known: `Ok(None)`, `Ok(true)`, `false`.
    pub payloads: BTreeMap<LocalId, Variants>,
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

impl State {
    /// What local flags tell after a join: a flag that is `true` on one side and `false` on the other tells which side was
    /// taken, and so what became of a resource that the sides treat differently.
    fn join_told(&mut self, other: &State) -> bool {
        let sure = |state: &State, local: &LocalId| match state.payloads.get(local) {
            Some(v) if v.good != v.bad => Some(v.good),
            Some(_) | None => None,
        };
        let mut told = BTreeMap::new();
        for (&local, known) in &self.told {
            let joined = match (other.told.get(&local), sure(other, &local)) {
                (Some(theirs), _) if theirs == known => Some(*known),
                (Some(_), _) | (None, None) => None,
                (None, Some(good)) => Some(known.joined(good, other.outcomes(known.res))),
            };
            told.extend(joined.map(|t| (local, t)));
        }
        for local in self.payloads.keys() {
            let (Some(ours), Some(theirs)) = (sure(self, local), sure(other, local)) else { continue };
            if ours == theirs || told.contains_key(local) {
                continue;
            }
            let differs = |&res: &ResId| {
                let (a, b) = (self.outcomes(res), other.outcomes(res));
                a != b && !a.is_empty() && !b.is_empty()
            };
            if let Some(res) = self.res.keys().copied().find(differs) {
                let (a, b) = (self.outcomes(res), other.outcomes(res));
                let (good, bad) = if ours { (a, b) } else { (b, a) };
                told.insert(*local, Told { res, now: a.or(b), good, bad });
            }
        }
        let changed = told != self.told;
        self.told = told;
        changed
    }
}

impl Told {
    /// The same where another path comes in, on which the answer is known.
    fn joined(self, good: bool, outcomes: Outcomes) -> Told {
        let now = self.now.or(outcomes);
        if good {
            Told { now, good: self.good.or(outcomes), ..self }
        } else {
            Told { now, bad: self.bad.or(outcomes), ..self }
        }
    }
}

fn owns(value: &Value, res: ResId) -> bool {
    value.entries.iter().any(|e| e.owned && e.res == res)
        || value.pending.iter().any(|p| p.args.iter().flatten().any(|e| e.owned && e.res == res))
}

impl Lattice for State {
    fn join(&mut self, other: &State) -> bool {
        let mut changed = self.join_told(other);
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
            changed |= ours.read_only && !theirs.read_only;
            ours.read_only &= theirs.read_only;
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
        let before = self.payloads.len();
        self.payloads.retain(|local, _| other.payloads.contains_key(local));
        changed |= self.payloads.len() != before;
        for (local, ours) in &mut self.payloads {
            let theirs = other.payloads[local];
            let joined = Variants { good: ours.good | theirs.good, bad: ours.bad | theirs.bad };
            changed |= joined != *ours;
            *ours = joined;
        }
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
    fn join_is_idempotent_and_reports_change() {
        let mut a = State::default();
        let mut b = State::default();
        b.res.insert(ResId::new(0), ResState { outcomes: Outcomes::held(), ..ResState::default() });
        assert!(a.join(&b));
        assert!(!a.join(&b));
        assert!(a.outcomes(ResId::new(0)).may_be_held());
    }
}
