//! What is kept account of by hand, along the paths of a body: moves, answers that say a move did not take place, what has a
//! `Drop` of its own and moves back, exits and awaits while an account is open.
//!
//! **Invariant:** a move that a call answers is taken back on the branch where the answer is no. **Absent on purpose:**
//! which exit is wrong; lints compare all of them.

use super::*;
use crate::analyse::events::Left;
use crate::analyse::owed::{self, Balance, Move, Sort};
use crate::analyse::state::Owed;

impl Transfer<'_> {
    /// A statement has been applied: what it moves.
    pub(super) fn tally(&mut self, state: &mut State, at: Location, to: &Place, value: &Rvalue) {
        let prepared = self.prepared;
        let accounts = &prepared.accounts;
        if accounts.list.is_empty() {
            return;
        }
        match value {
            Rvalue::Call(id) => {
                for &one in accounts.calls.get(id).into_iter().flatten() {
                    self.move_account(state, one, to);
                }
                for &account in accounts.keepers.get(id).into_iter().flatten() {
                    state.accounts.insert(account, state.balance(account).guarded());
                }
                if let (Some(&account), Some(local)) = (accounts.null.get(id), to.as_local()) {
                    state.answers.insert(local, Answer { of: Owed::Account(account), tries: true, when: false });
                }
            }
            Rvalue::Aggregate {
                kind: AggregateKind::Closure(body) | AggregateKind::Async(body) | AggregateKind::Generator(body),
                ..
            } => {
                for &account in accounts.handed.get(body).into_iter().flatten() {
                    state.accounts.insert(account, state.balance(account).guarded());
                }
            }
            _ => {
                for &account in accounts.kept.get(&(at.block, at.stmt)).into_iter().flatten() {
                    state.accounts.insert(account, state.balance(account).guarded());
                }
                if let Some(&one) = accounts.stmts.get(&(at.block, at.stmt)) {
                    self.move_account(state, one, to);
                }
            }
        }
        self.note_guard(state, to, value);
    }

    fn move_account(&mut self, state: &mut State, one: Move, to: &Place) {
        let sort = self.prepared.accounts.list[one.account].sort;
        let before = state.balance(one.account);
        let moved = before.moved(one.up, sort);
        let balance = if one.certain { moved } else { before.or(moved) };
        state.accounts.insert(one.account, balance);
        if let Some(local) = to.as_local().filter(|_| one.stays) {
            state.answers.insert(local, Answer { of: Owed::Back(one.account), tries: false, when: true });
        }
        // A handle is given even where the status says that opening it failed.
        if let Some(local) = to.as_local()
            && sort != Sort::Handle
            && balance.is_open(sort)
        {
            let answer = Answer {
                of: Owed::Account(one.account),
                tries: one.answers.is_some(),
                when: one.answers.unwrap_or(!one.replaces),
            };
            state.answers.insert(local, answer);
        }
    }

    /// Something comes into being that gives back by itself.
    fn note_guard(&self, state: &mut State, to: &Place, value: &Rvalue) {
        // `Err(…)` is of such a type too, and makes nothing.
        let made = match value {
            Rvalue::Call(id) => {
                !matches!(self.program.bodies[self.idx].targets[*id], crate::resolve::Target::Constructor(_))
            }
            Rvalue::Aggregate { .. } | Rvalue::Await(_) => true,
            _ => false,
        };
        if !made || state.accounts.is_empty() || !owed::settles(self.program, &self.place_ty(to)) {
            return;
        }
        for (&account, balance) in &mut state.accounts {
            if balance.is_open(self.prepared.accounts.list[account].sort) {
                *balance = balance.guarded();
            }
        }
    }

    /// A loop begins another turn, with another member.
    pub(super) fn next_turn(&self, state: &mut State) {
        for (&account, balance) in &mut state.accounts {
            if self.prepared.accounts.list[account].sort == Sort::Member {
                *balance = balance.next_turn();
            }
        }
    }

    /// The body awaits with accounts that were open before.
    pub(super) fn note_open_await(&mut self, state: &State, at: Location, operand: Option<&Operand>, span: Span) {
        if self.sink.is_none() || state.accounts.is_empty() {
            return;
        }
        let own = |account: usize| {
            let answer = match operand {
                Some(Operand::Place(place)) => state.answers.get(&place.local),
                Some(Operand::Path(..) | Operand::Literal(_)) | None => None,
            };
            let awaited = self.prepared.accounts.kept.get(&(at.block, at.stmt)).is_some_and(|l| l.contains(&account));
            awaited || answer.is_some_and(|a| a.of == Owed::Account(account))
        };
        for (&account, &balance) in &state.accounts {
            let known = &self.prepared.accounts.list[account];
            let deferred = known.moves.iter().any(|(_, done)| self.body.put_off(*done, span));
            if balance.is_open(known.sort) && !own(account) && !deferred {
                self.event(Event::AwaitOpen { account, span, balance });
            }
        }
    }

    /// The body is left.
    pub(super) fn note_balances(&mut self, state: &State, at: Location, kind: ReturnKind, span: Span) {
        if self.sink.is_none() || self.prepared.accounts.list.is_empty() {
            return;
        }
        // `None` may be an answer as good as another, where it is not the failing side of a `?`.
        let failed = kind == ReturnKind::Failure || self.fails(state);
        let branch = owed::branch_before(self.body, at.block);
        for account in 0..self.prepared.accounts.list.len() {
            let balance = state.balance(account);
            if !balance.is(Balance::NEVER) {
                let left = Left { account, span, balance, failed, kind, branch: branch.clone() };
                self.event(Event::LeftOpen(Box::new(left)));
            }
        }
    }
}
