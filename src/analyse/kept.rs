//! Places that outlive a call and have a name: fields of workspace types, statics. Which of them keep resources, and from
//! which of those something is taken out again.
//!
//! **Invariant:** a place whose type or root is not known has no name, and is nobody's leak.

use super::events::{Event, Slot};
use super::{BodyEvents, Facts};
use crate::base::{Idx, Symbol};
use crate::ir::{LocalId, Operand, Place, Proj, Rvalue, StmtKind};
use crate::pack::{Effect, Kind};
use crate::resolve::{BodyIdx, Program, Prov, ProvRoot, Target, Ty};
use std::collections::BTreeSet;

/// Locks within locks that are looked through.
const LOCKS: usize = 3;

/// The name of the place that an operand leads to, seen through locks, references and getters.
pub fn slot(program: &Program, idx: BodyIdx, operand: &Operand) -> Option<Slot> {
    let prov = through_locks(program, program.prov(idx, operand));
    let param = match prov.root {
        ProvRoot::Static(path) => return Some(Slot::Static(path)),
        ProvRoot::Param(n) => n,
        ProvRoot::ClosureParam(..) | ProvRoot::Call(..) | ProvRoot::Local(..) | ProvRoot::Unknown => return None,
    };
    let (field, way) = prov.path.split_last()?;
    let function = program.fns[program.bodies[idx].owner?].body?;
    let proj = way.iter().map(|f| Proj::Field(*f)).collect();
    let owner = program.place_ty(function, &Place { local: LocalId::new(param + 1), proj });
    Some(Slot::Field(owner_path(program, &owner)?, *field))
}

/// What is behind a lock's guard is where the lock is.
pub fn through_locks(program: &Program, mut prov: Prov) -> Prov {
    for _ in 0..LOCKS {
        let ProvRoot::Call(body, call) = prov.root else { break };
        let Some(Target::Pack(row)) = program.bodies[body].targets.get(call) else { break };
        let Some(Effect::Acquire { from, .. }) = program.catalog.target_row(*row).map(|r| &r.effect) else { break };
        let Some(lock) = program.body(body).calls[call].args.get(*from) else { break };
        let mut outer = program.prov(body, lock);
        outer.path.append(&mut prov.path);
        prov = outer;
    }
    prov
}

/// The workspace type behind references, wrappers and locks.
fn owner_path(program: &Program, ty: &Ty) -> Option<Symbol> {
    let mut at = program.peel_wrappers(ty);
    for _ in 0..LOCKS {
        match program.type_row(&at) {
            Some(row) if row.kind == Kind::Lock => at = program.peel_wrappers(at.args().first()?),
            Some(_) | None => break,
        }
    }
    at.head()
}

fn kept(events: &BodyEvents) -> impl Iterator<Item = &Slot> {
    events.events.iter().filter_map(|e| match e {
        Event::Stored { slot: Some(slot), .. } => Some(slot),
        _ => None,
    })
}

/// The places among those that keep resources from which some function of the program takes things out again.
pub fn emptied(program: &Program, facts: &Facts) -> BTreeSet<Slot> {
    let keeping: BTreeSet<&Slot> = facts.events.iter().flat_map(kept).collect();
    let mut emptied = BTreeSet::new();
    if keeping.is_empty() {
        return emptied;
    }
    // A test that takes things out does so in no other run.
    for (idx, _) in program.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
        let body = program.body(idx);
        let mut take = |operand: &Operand| {
            if let Some(slot) = slot(program, idx, operand)
                && keeping.contains(&slot)
            {
                emptied.insert(slot);
            }
        };
        for (id, call) in body.calls.iter_enumerated() {
            let Some(Target::Pack(path)) = program.bodies[idx].targets.get(id) else { continue };
            let of = match program.catalog.target_row(*path).map(|row| &row.effect) {
                Some(Effect::Take { of } | Effect::Release { of }) => *of,
                Some(_) | None => continue,
            };
            call.args.get(of).into_iter().for_each(&mut take);
        }
        for stmt in body.blocks.iter().flat_map(|b| &b.stmts) {
            if let StmtKind::Assign { to, value: Rvalue::Use(Operand::Path(path, _)) } = &stmt.kind
                && !to.proj.is_empty()
                && path.last() == "None"
            {
                take(&Operand::Place(to.clone()));
            }
        }
    }
    emptied
}
