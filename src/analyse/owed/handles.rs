//! Raw handles: what a C library gives as a result or through an out-parameter, and nobody drops.
//!
//! **Invariants:** a handle is a variable of the body; it is the body's to give back until it goes anywhere but to a function
//! of the library that gave it: into a struct, another variable, a function of the workspace, the result. **Absent on
//! purpose:** functions that give nothing where they fail; their status would have to be understood.

use super::{Account, Accounts, Balance, Move, Sort};
use crate::base::Symbol;
use crate::ir::{CallId, Callee, LocalId, LocalKind, Operand, Rvalue, StmtKind};
use crate::pack::{Effect, FnRow, Tally};
use crate::resolve::{BodyIdx, Program, Prov, ProvRoot, Target};
use std::collections::BTreeMap;

/// Names that stand for a handle: the variable, and temporaries that hold it or its address.
type Names = BTreeMap<LocalId, LocalId>;

/// The variables of a body that may be a handle, and what stands for them.
pub(super) struct Handles<'a> {
    pub(super) program: &'a Program,
    pub(super) idx: BodyIdx,
    names: Names,
}

/// Adds the handles of a body to its accounts.
pub(super) fn add(program: &Program, idx: BodyIdx, accounts: &mut Accounts) {
    let body = program.body(idx);
    let opens: Vec<CallId> = body.calls.indices().filter(|&id| row(program, idx, id).is_some_and(opens)).collect();
    if opens.is_empty() {
        return;
    }
    let handles = Handles::of_body(program, idx);
    let mut known: BTreeMap<LocalId, usize> = BTreeMap::new();
    for id in opens {
        let Some(local) = handles.opened_by(id) else { continue };
        let Some(path) = path(program, idx, id) else { continue };
        let account = *known.entry(local).or_insert_with(|| {
            accounts.list.push(handles.account(local, path));
            accounts.list.len() - 1
        });
        accounts.list[account].moves.push((true, body.calls[id].span));
        let opened = Move { account, up: true, answers: None, replaces: false, certain: true, stays: false };
        accounts.calls.entry(id).or_default().push(opened);
    }
    for (id, call) in body.calls.iter_enumerated() {
        for (n, arg) in call.args.iter().enumerate() {
            let Some(&account) = handles.of(arg).and_then(|l| known.get(&l)) else { continue };
            handles.given(id, n, account, accounts);
        }
    }
    handles.note_kept(&known, accounts);
}

/// What a statement that is no call hands on.
fn moved(value: &Rvalue) -> Vec<&Operand> {
    match value {
        Rvalue::Use(op) | Rvalue::Cast(op, _) => vec![op],
        Rvalue::Aggregate { fields, base, .. } => fields.iter().map(|f| &f.1).chain(base.as_deref()).collect(),
        Rvalue::Unknown(ops) => ops.iter().collect(),
        Rvalue::Ref { .. }
        | Rvalue::Call(_)
        | Rvalue::Await(_)
        | Rvalue::AwaitMany { .. }
        | Rvalue::Plain(_)
        | Rvalue::Step { .. } => Vec::new(),
    }
}

fn path(program: &Program, idx: BodyIdx, id: CallId) -> Option<Symbol> {
    match program.bodies[idx].targets.get(id)? {
        Target::Pack(path) => Some(*path),
        Target::Extern { path, .. } => Some(*path),
        Target::Local { .. } | Target::Closure(_) | Target::Constructor(_) | Target::Unknown(_) => None,
    }
}

fn row(program: &Program, idx: BodyIdx, id: CallId) -> Option<&FnRow> {
    match program.bodies[idx].targets.get(id)? {
        Target::Pack(path) => program.catalog.target_row(*path),
        _ => None,
    }
}

fn opens(row: &FnRow) -> bool {
    matches!(row.tally, Some(Tally::Opens(_)))
}

impl<'a> Handles<'a> {
    /// Those of a body.
    pub(super) fn of_body(program: &'a Program, idx: BodyIdx) -> Handles<'a> {
        let mut handles = Handles { program, idx, names: Names::new() };
        handles.name();
        handles
    }

    /// Which temporaries hold a variable, or its address.
    fn name(&mut self) {
        let body = self.program.body(self.idx);
        for stmt in body.blocks.iter().flat_map(|b| &b.stmts) {
            let StmtKind::Assign { to, value } = &stmt.kind else { continue };
            let from = match value {
                Rvalue::Use(Operand::Place(place))
                | Rvalue::Cast(Operand::Place(place), _)
                | Rvalue::Ref { place, .. } => place.as_local(),
                // `handle.as_mut_ptr()`, `addr_of_mut!`: an address of the variable that it is called on.
                Rvalue::Call(id) => match body.calls[*id].args.as_slice() {
                    [Operand::Place(place)] if self.is_own(*id) => place.as_local(),
                    _ => None,
                },
                _ => None,
            };
            if let (Some(from), Some(to)) = (from, to.as_local())
                && body.locals[to].kind == LocalKind::Temp
            {
                let root = self.names.get(&from).copied().unwrap_or(from);
                self.names.insert(to, root);
            }
        }
    }

    /// Whether a call is one of Rust's own on a pointer or its box: it gives an address and keeps nothing.
    fn is_own(&self, id: CallId) -> bool {
        let Callee::Method { name, .. } = &self.program.body(self.idx).calls[id].callee else { return false };
        matches!(name.as_str(), "as_mut_ptr" | "as_ptr" | "cast")
    }

    pub(super) fn of(&self, op: &Operand) -> Option<LocalId> {
        let Operand::Place(place) = op else { return None };
        let local = place.as_local()?;
        Some(self.names.get(&local).copied().unwrap_or(local))
    }

    /// The variable that gets what a call opens.
    fn opened_by(&self, id: CallId) -> Option<LocalId> {
        let body = self.program.body(self.idx);
        let Some(Tally::Opens(arg)) = row(self.program, self.idx, id)?.tally else { return None };
        let local = match arg {
            Some(arg) => self.of(body.calls[id].args.get(arg)?)?,
            None => self.result(id)?,
        };
        matches!(body.locals[local].kind, LocalKind::Var | LocalKind::Temp).then_some(local)
    }

    /// The variable that a call's result is given to, first or by way of temporaries.
    pub(super) fn result(&self, id: CallId) -> Option<LocalId> {
        let body = self.program.body(self.idx);
        let mut at: Option<LocalId> = None;
        for stmt in body.blocks.iter().flat_map(|b| &b.stmts) {
            let StmtKind::Assign { to, value } = &stmt.kind else { continue };
            let follows = match value {
                Rvalue::Call(call) => *call == id,
                Rvalue::Use(Operand::Place(p)) | Rvalue::Cast(Operand::Place(p), _) => {
                    at.is_some() && p.as_local() == at
                }
                _ => false,
            };
            if follows {
                at = to.as_local();
                if at.is_some_and(|l| body.locals[l].kind == LocalKind::Var) {
                    break;
                }
            }
        }
        at
    }

    /// Statements that hand one of these variables on.
    pub(super) fn note_kept(&self, known: &BTreeMap<LocalId, usize>, accounts: &mut Accounts) {
        for (block, data) in self.program.body(self.idx).blocks.iter_enumerated() {
            for (at, stmt) in data.stmts.iter().enumerate() {
                let StmtKind::Assign { to, value } = &stmt.kind else { continue };
                for op in moved(value) {
                    let Some(local) = self.of(op) else { continue };
                    let stays = to.as_local().is_some_and(|l| l == local || self.names.get(&l) == Some(&local));
                    if let (false, Some(&account)) = (stays, known.get(&local)) {
                        accounts.kept.entry((block, at)).or_default().push(account);
                    }
                }
            }
        }
    }

    pub(super) fn account(&self, local: LocalId, path: Symbol) -> Account {
        let body = self.program.body(self.idx);
        let name = body.locals[local].name.map_or_else(|| String::from("the handle"), |n| n.to_string());
        Account {
            prov: Prov { root: ProvRoot::Local(self.idx, local), path: vec![path], element: false },
            slot: None,
            member: None,
            sort: Sort::Handle,
            name,
            shared: true,
            half: false,
            before: Balance::NEVER,
            moves: Vec::new(),
        }
    }

    /// A handle is an argument: given back, looked at, or kept by somebody else.
    fn given(&self, id: CallId, arg: usize, account: usize, accounts: &mut Accounts) {
        let call = &self.program.body(self.idx).calls[id];
        let row = row(self.program, self.idx, id);
        if row.is_some_and(opens) || self.is_own(id) {
            return;
        }
        if let Callee::Method { name, .. } = &call.callee
            && name.as_str() == "is_null"
        {
            accounts.null.insert(id, account);
            return;
        }
        let releases = matches!(row.map(|r| &r.effect), Some(Effect::Release { of }) if *of == arg);
        if releases {
            accounts.list[account].moves.push((false, call.span));
            let closed = Move { account, up: false, answers: None, replaces: false, certain: true, stays: false };
            accounts.calls.entry(id).or_default().push(closed);
            return;
        }
        // A function of the library that gave it looks at it.
        let root = |path: Symbol| path.as_str().split("::").next().map(str::to_owned);
        let gave = accounts.list[account].prov.path.first().copied().and_then(root);
        let same = path(self.program, self.idx, id).and_then(root) == gave;
        if !same || matches!(call.callee, Callee::Method { .. }) {
            accounts.keepers.entry(id).or_default().push(account);
        }
    }
}
