//! What SQL text sets up in a session and takes back: transactions, settings, attached databases.
//!
//! **Invariant:** it concerns only a connection that goes on when the body is left: one that returns to a pool as it is, or
//! somebody else's. **Absent on purpose:** what a transaction takes back by itself.

use super::{ProvRoot, Raw, Reader, Site, Sort, name};
use crate::analyse::sql::Pair;
use crate::base::Symbol;
use crate::ir::{CallId, Operand};
use crate::pack::{Effect, Kind};
use crate::resolve::{BodyIdx, Program, Target, Ty};

impl Raw {
    /// What a reader calls the place; of a setting, whose session it is in.
    pub(super) fn name(&self, program: &Program, idx: BodyIdx) -> String {
        let mut of = self.prov.clone();
        if self.sort == Sort::Setting {
            of.path.pop();
        }
        name(program, idx, &of)
    }
}

impl Reader<'_> {
    /// What the text of a call moves; whether it moves anything.
    pub(super) fn texts(&self, id: CallId, raws: &mut Vec<Raw>) -> bool {
        let Some((conn, halves)) = self.calls.and_then(|c| c[id].halves.as_ref()) else { return false };
        let call = &self.program.body(self.idx).calls[id];
        let Some(operand) = call.args.get(*conn).filter(|op| self.lasts(op)) else { return false };
        let before = raws.len();
        for half in halves {
            let sort = if matches!(half.of, Pair::Transaction { .. }) { Sort::Transaction } else { Sort::Setting };
            if sort == Sort::Setting && !self.keeps(operand, &half.of) {
                continue;
            }
            let Some(mut raw) = self.raw(operand, None, sort, half.opens, None, call.span, Site::Call(id)) else {
                continue;
            };
            if sort == Sort::Setting {
                raw.prov.path.push(Symbol::new(&half.of.noun()));
            }
            raw.stays = half.of == Pair::Transaction { commits: true } && !half.opens && self.stays_open(operand);
            raws.push(raw);
        }
        raws.len() > before
    }

    /// Whether a setting is still there when the body is left: over a transaction it may be taken back with it, and what is
    /// lent may be one.
    fn keeps(&self, conn: &Operand, pair: &Pair) -> bool {
        let prov = self.program.prov(self.idx, conn);
        let ty = match prov.root {
            ProvRoot::Call(body, call) => self.program.bodies[body].results[call].clone(),
            _ => self.program.operand_ty(self.idx, conn),
        };
        let tx = self.program.held(&ty).iter().any(|h| h.kind == Kind::Tx) || self.is(&ty, Kind::Tx);
        let lent = !matches!(prov.root, ProvRoot::Call(..)) && !self.is(&ty, Kind::Guard);
        !tx && (!lent || !pair.rolls_back())
    }

    fn is(&self, ty: &Ty, kind: Kind) -> bool {
        self.program.kind(ty.peel_refs()) == Some(kind)
    }

    /// Whether the transaction of a connection is still open when its `COMMIT` has failed.
    fn stays_open(&self, conn: &Operand) -> bool {
        let ty = self.program.operand_ty(self.idx, conn);
        let row = |ty: &Ty| self.program.type_row(ty).is_some_and(|row| row.stays_open);
        self.program
            .tables
            .deref_chain(ty.peel_refs())
            .iter()
            .any(|ty| row(ty) || matches!(ty, Ty::Adt(_, args) if args.iter().any(row)))
    }

    /// Whether a connection goes on when this body is left with an open transaction: pooled, or somebody else's.
    pub(super) fn lasts(&self, conn: &Operand) -> bool {
        let ty = self.program.operand_ty(self.idx, conn);
        if self.program.type_row(&ty).is_some_and(|row| row.resets) {
            return false;
        }
        let given = self.program.prov(self.idx, conn).root;
        let owner = self.program.bodies[self.idx].owner;
        match given {
            // One of its own, given by value, is closed when this body ends.
            ProvRoot::Param(n) => owner.and_then(|f| self.program.fns[f].params.get(n)).is_none_or(|ty| {
                matches!(ty, Ty::Ref(..)) || self.program.held(ty).iter().any(|h| h.kind == Kind::Guard || h.by_ref)
            }),
            ProvRoot::Static(_) | ProvRoot::ClosureParam(..) => true,
            ProvRoot::Call(body, call) => match &self.program.bodies[body].targets[call] {
                Target::Pack(path) => matches!(
                    self.program.catalog.target_row(*path).map(|row| &row.effect),
                    Some(Effect::Acquire { .. })
                ),
                _ => self.program.kind(&self.program.bodies[body].results[call]) == Some(Kind::Guard),
            },
            ProvRoot::Local(..) | ProvRoot::Unknown => false,
        }
    }
}
