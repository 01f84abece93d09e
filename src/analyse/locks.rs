//! Which locks are quick: never held at an await, so that whoever waits for one waits for a few instructions.
//!
//! A lock is told by its type and the field or static it stands in, over all bodies.
//!
//! **Invariants:** *quick* is said only of locks whose every acquisition is one that was seen. **Deliberately absent:**
//! judging; what else is slow under a lock (blocking calls) than an await.

use super::events::BodyEvents;
use super::resource::{PoolClass, PoolId};
use super::summary::Waits;
use crate::base::{IndexVec, Span, Symbol};
use crate::pack::Kind;
use crate::resolve::{BodyIdx, Program, ProvRoot, Ty};
use std::collections::{HashMap, HashSet};

/// A lock as far as it can be told apart: what it is, and where it stands.
type Lock = (Ty, Symbol);

/// The locks of the program.
#[derive(Debug, Default)]
pub struct Locks {
    /// By the place that takes it.
    taken: HashMap<Span, Lock>,
    /// Held at an await somewhere.
    slow: HashSet<Lock>,
}

impl Locks {
    /// Whether what is waited for is a lock that is quick.
    pub fn quick(&self, waits: &Waits) -> bool {
        let taken = waits.chain.last().and_then(|leaf| self.taken.get(&leaf.span));
        waits.kind == "lock" && taken.is_some_and(|lock| !self.slow.contains(lock))
    }
}

/// Reads all bodies but tests.
pub fn read(program: &Program, events: &IndexVec<BodyIdx, BodyEvents>) -> Locks {
    let mut locks = Locks::default();
    for (body, events) in events.iter_enumerated() {
        if program.bodies[body].is_test {
            continue;
        }
        for (res, resource) in events.resources.iter_enumerated().filter(|(_, r)| r.kind == Kind::LockGuard) {
            let Some(lock) = lock(&resource.pool) else { continue };
            if events.spans_await[res] {
                locks.slow.insert(lock.clone());
            }
            if let [leaf] = resource.chain.as_slice() {
                locks.taken.insert(leaf.span, lock);
            }
        }
    }
    locks
}

fn lock(pool: &PoolId) -> Option<Lock> {
    let place = match (&pool.prov.root, pool.prov.path.last()) {
        (_, Some(field)) => *field,
        (ProvRoot::Static(path), None) => *path,
        _ => return None,
    };
    matches!(pool.class, PoolClass::Lock { .. }).then(|| (pool.ty.peel_refs().clone(), place))
}
