//! What a body keeps account of by hand: counters that go up and down, members put into a set and taken out, flags, permits
//! that are forgotten and added again, transactions begun and ended as SQL text. Nothing gives these back by itself.
//!
//! Owns: the accounts of a body and which of its calls and statements move them ([`Accounts`]); what is known of one at a
//! point ([`Balance`]). The transfer function applies the moves, lints judge the exits.
//!
//! **Invariants:** an account is a place that others see too (a field, a static, what a task captures), named by where it
//! comes from; a local that nobody shares is nobody's account. Which direction opens an account is not decided here: a
//! move and its opposite settle it. **Absent on purpose:** amounts, and which member it is where its name cannot be followed.

mod handles;
mod tasks;
mod texts;

pub use tasks::may_connect;

use super::effect::CallEffect;
use super::events::Slot;
use super::{Summaries, kept};
use crate::base::{Idx, IndexVec, Span, Symbol};
use crate::ir::{self, BlockId, BodyId, BodyKind, CallId, Literal, LocalId, Operand, Place, Proj, Rvalue, StmtKind};
use crate::pack::{Effect, Kind, Tally};
use crate::resolve::{BodyIdx, Program, Prov, ProvRoot, Target, Ty};
use std::collections::BTreeMap;

/// Callees' accounts that are kept in a summary.
const MOST: usize = 6;

/// What sort of thing is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A number that goes up and down.
    Counter,
    /// Something put into a collection under a name, and taken out.
    Member,
    /// A boolean that is set and cleared.
    Flag,
    /// Permits of a semaphore that were forgotten and are added again.
    Permits,
    /// A transaction that is begun and ended by SQL text.
    Transaction,
    /// What else SQL text sets up in a session and takes back: a setting, an attached database.
    Setting,
    /// A raw handle that a C library gave and wants back.
    Handle,
    /// A task that runs until it is aborted.
    Task,
}

impl Sort {
    /// Whether the first move may go either way; else up (set, put in, begun) opens the account and nothing else does.
    fn either(self) -> bool {
        match self {
            Sort::Counter => true,
            Sort::Member
            | Sort::Flag
            | Sort::Permits
            | Sort::Transaction
            | Sort::Setting
            | Sort::Handle
            | Sort::Task => false,
        }
    }
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Where what is accounted for comes from.
    pub prov: Prov,
    /// Its name across functions, if it has one.
    pub slot: Option<Slot>,
    /// For members: which, as far as it can be followed.
    pub member: Option<Prov>,
    /// What sort.
    pub sort: Sort,
    /// As the reader knows it: `self.active`.
    pub name: String,
    /// Others may look at it at the same time: an atomic, something behind a lock, a static.
    pub shared: bool,
    /// For members: what is put in is one half of a pair that was made here, whose other half waits for it: a channel.
    pub half: bool,
    /// What it is before the body does anything.
    pub before: Balance,
    /// Moves that are written here: up or down, and where.
    pub moves: Vec<(bool, Span)>,
}

/// One move of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which account.
    pub account: usize,
    /// Up: added, put in, set, given to a semaphore, begun.
    pub up: bool,
    /// The call answers whether it moved: the boolean that says so.
    pub answers: Option<bool>,
    /// Where the answer is something, another was there before, and is not this body's to take out.
    pub replaces: bool,
    /// It takes place on every path through the call.
    pub certain: bool,
    /// Where the call fails, it has not taken place: what was to be moved back stays as it was.
    pub stays: bool,
}

/// A net move of a callee, in terms of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// What moves, from a parameter on.
    pub prov: Prov,
    /// For members: the parameter that names it.
    pub member: Option<Prov>,
    /// What sort.
    pub sort: Sort,
    /// Which way.
    pub up: bool,
    /// Whether others see it meanwhile.
    pub shared: bool,
    /// Whether every successful exit has moved it.
    pub certain: bool,
}

/// What may have happened to an account on the paths to a point: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Balance(u8);

impl Default for Balance {
    fn default() -> Balance {
        Balance::NEVER
    }
}

impl Balance {
    /// Nothing has happened.
    pub const NEVER: Balance = Balance(1);
    /// Moved up and not back.
    pub const UP: Balance = Balance(2);
    /// Moved down and not back.
    pub const DOWN: Balance = Balance(4);
    /// Moved and moved back.
    pub const SETTLED: Balance = Balance(8);
    /// Something that has a `Drop` of its own, or runs by itself, moves it back.
    pub const GUARDED: Balance = Balance(16);

    /// Either.
    #[must_use]
    pub fn or(self, other: Balance) -> Balance {
        Balance(self.0 | other.0)
    }
    /// Whether some path has it.
    pub fn may_be(self, one: Balance) -> bool {
        self.0 & one.0 != 0
    }
    /// Whether every path has it.
    pub fn is(self, one: Balance) -> bool {
        self == one
    }
    /// Whether some path moved it and did not move it back.
    pub fn is_open(self, sort: Sort) -> bool {
        match sort {
            Sort::Counter => self.may_be(Balance::UP.or(Balance::DOWN)),
            Sort::Member | Sort::Flag | Sort::Transaction | Sort::Setting | Sort::Handle | Sort::Task => {
                self.may_be(Balance::UP)
            }
            Sort::Permits => self.may_be(Balance::DOWN),
        }
    }
    /// The direction in which it may be open; up if in both.
    pub fn open_way(self, sort: Sort) -> Option<bool> {
        self.is_open(sort).then(|| match sort {
            Sort::Permits => false,
            Sort::Counter
            | Sort::Member
            | Sort::Flag
            | Sort::Transaction
            | Sort::Setting
            | Sort::Handle
            | Sort::Task => self.may_be(Balance::UP),
        })
    }
    /// After a move.
    #[must_use]
    pub fn moved(self, up: bool, sort: Sort) -> Balance {
        let way = if up { Balance::UP } else { Balance::DOWN };
        let opens = match sort {
            Sort::Permits => !up,
            Sort::Counter
            | Sort::Member
            | Sort::Flag
            | Sort::Transaction
            | Sort::Setting
            | Sort::Handle
            | Sort::Task => up,
        };
        let mut after = Balance(0);
        for one in [Balance::NEVER, Balance::UP, Balance::DOWN, Balance::SETTLED, Balance::GUARDED] {
            if !self.may_be(one) {
                continue;
            }
            let next = match one {
                Balance::GUARDED => Balance::GUARDED,
                Balance::NEVER => way,
                // Put in again after it was taken out: that may be how it is given back to what it was.
                Balance::SETTLED if sort == Sort::Member => way.or(Balance::SETTLED),
                Balance::SETTLED => way,
                same if same == way => way,
                // What was taken out first and is put in now was not put back: it is another one.
                _ if opens && !sort.either() => way,
                _ => Balance::SETTLED,
            };
            after = after.or(next);
        }
        after
    }
    /// The move that led here did not take place.
    #[must_use]
    pub fn unmoved(self) -> Balance {
        let rest = self.0 & !(Balance::UP.0 | Balance::DOWN.0);
        if rest == self.0 { self } else { Balance(rest | Balance::NEVER.0) }
    }
    /// The move back that led here did not take place, and what it was to end goes on.
    #[must_use]
    pub fn reopened(self) -> Balance {
        if self.may_be(Balance::SETTLED) { Balance(self.0 & !Balance::SETTLED.0 | Balance::UP.0) } else { self }
    }
    /// Another turn of a loop: another member.
    #[must_use]
    pub fn next_turn(self) -> Balance {
        if self.may_be(Balance::SETTLED) { Balance(self.0 & !Balance::SETTLED.0 | Balance::NEVER.0) } else { self }
    }
    /// From here on something else sees to it.
    #[must_use]
    pub fn guarded(self) -> Balance {
        Balance::GUARDED
    }
}

/// The accounts of a body, and what moves them.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// All.
    pub list: Vec<Account>,
    /// By call.
    pub calls: BTreeMap<CallId, Vec<Move>>,
    /// By statement.
    pub stmts: BTreeMap<(BlockId, usize), Move>,
    /// Calls that keep a handle, and whose it is from then on.
    pub keepers: BTreeMap<CallId, Vec<usize>>,
    /// The same for statements that are no calls.
    pub kept: BTreeMap<(BlockId, usize), Vec<usize>>,
    /// Calls that tell whether a handle is null.
    pub null: BTreeMap<CallId, usize>,
    /// Accounts that an inner body settles: it was handed the work of moving them back.
    pub handed: BTreeMap<BodyId, Vec<usize>>,
}

/// A move before its account is known.
struct Raw {
    prov: Prov,
    slot: Option<Slot>,
    member: Option<Prov>,
    sort: Sort,
    up: bool,
    answers: Option<bool>,
    shared: bool,
    half: bool,
    replaces: bool,
    certain: bool,
    stays: bool,
    span: Span,
    site: Site,
}

enum Site {
    Call(CallId),
    Stmt(BlockId, usize),
}

/// Finds the accounts of a body.
pub fn accounts(
    program: &Program,
    idx: BodyIdx,
    calls: &IndexVec<CallId, CallEffect>,
    summaries: &Summaries,
) -> Accounts {
    let raws = Reader { program, idx, calls: Some(calls), summaries: Some(summaries) }.moves();
    let mut accounts = Accounts::default();
    handles::add(program, idx, &mut accounts);
    tasks::add(program, idx, calls, summaries, &mut accounts);
    if raws.is_empty() {
        return accounts;
    }
    for raw in raws {
        let found = accounts.list.iter().position(|a| a.is(&raw));
        let account = found.unwrap_or_else(|| {
            accounts.list.push(Account {
                name: raw.name(program, idx),
                prov: raw.prov.clone(),
                slot: raw.slot.clone(),
                member: raw.member.clone(),
                sort: raw.sort,
                shared: raw.shared,
                half: raw.half,
                before: Balance::NEVER,
                moves: Vec::new(),
            });
            accounts.list.len() - 1
        });
        accounts.list[account].moves.push((raw.up, raw.span));
        let Raw { up, answers, replaces, certain, stays, .. } = raw;
        let moved = Move { account, up, answers, replaces, certain, stays };
        match raw.site {
            Site::Call(call) => accounts.calls.entry(call).or_default().push(moved),
            Site::Stmt(block, stmt) => {
                accounts.stmts.insert((block, stmt), moved);
            }
        }
    }
    accounts.around(program, idx);
    accounts.within(program, idx);
    accounts.seen_to(program, idx, summaries);
    accounts
}

impl Account {
    fn is(&self, raw: &Raw) -> bool {
        self.sort == raw.sort && self.prov == raw.prov && (self.member == raw.member || self.member.is_none())
    }
    /// Whether it moves both ways here.
    pub fn both_ways(&self) -> bool {
        self.moves.iter().any(|m| m.0) && self.moves.iter().any(|m| !m.0)
    }
}

impl Accounts {
    /// What the body around has opened and this one settles is open when this one begins.
    fn around(&mut self, program: &Program, idx: BodyIdx) {
        let inner = matches!(program.body(idx).kind, BodyKind::Async | BodyKind::Closure { .. });
        let (Some(parent), true) = (program.bodies[idx].parent, inner) else { return };
        if self.list.iter().all(Account::both_ways) {
            return;
        }
        let outer = Reader { program, idx: parent, calls: None, summaries: None }.moves();
        for account in &mut self.list {
            let Some(&(up, _)) = account.moves.first() else { continue };
            let opened = outer.iter().filter(|raw| account.is(raw)).map(|raw| raw.up).collect::<Vec<_>>();
            if !account.both_ways() && opened.contains(&!up) && !opened.contains(&up) {
                account.before = if up { Balance::DOWN } else { Balance::UP };
            }
        }
    }

    /// Inner bodies that move an account which this one moves the other way.
    fn within(&mut self, program: &Program, idx: BodyIdx) {
        let mut todo: Vec<(BodyIdx, BodyId)> =
            program.inner_bodies(idx).iter().map(|&b| (b, program.bodies[b].id)).collect();
        while let Some((inner, id)) = todo.pop() {
            todo.extend(program.inner_bodies(inner).iter().map(|&b| (b, id)));
            for raw in (Reader { program, idx: inner, calls: None, summaries: None }).moves() {
                for (n, account) in self.list.iter().enumerate() {
                    let opposite = account.moves.iter().any(|m| m.0 != raw.up);
                    let list = self.handed.entry(id).or_default();
                    if account.is(&raw) && opposite && !list.contains(&n) {
                        list.push(n);
                    }
                }
            }
        }
        self.handed.retain(|_, list| !list.is_empty());
    }

    /// Accounts that the `Drop` of something the body has moves back.
    fn seen_to(&mut self, program: &Program, idx: BodyIdx, summaries: &Summaries) {
        if self.list.iter().all(|a| a.slot.is_none()) {
            return;
        }
        for drop in drops(program, idx) {
            for raw in (Reader { program, idx: drop, calls: None, summaries: Some(summaries) }).moves() {
                let same = |a: &&mut Account| a.sort == raw.sort && a.slot.is_some() && a.slot == raw.slot;
                for account in self.list.iter_mut().filter(same) {
                    if account.moves.iter().any(|m| m.0 != raw.up) {
                        account.before = Balance::GUARDED;
                    }
                }
            }
        }
    }

    /// What all successful exits agree on, in terms of the body's parameters.
    pub fn net(&self, at_success: &[Balance]) -> Vec<Net> {
        let mut nets = Vec::new();
        for (account, &balance) in self.list.iter().zip(at_success) {
            let up = match (balance.may_be(Balance::UP), balance.may_be(Balance::DOWN)) {
                (true, false) => true,
                (false, true) => false,
                (true, true) | (false, false) => continue,
            };
            let certain = balance.is(Balance::UP) || balance.is(Balance::DOWN);
            // What a callee sets and leaves set is a state, not work under way.
            let named = matches!(account.prov.root, ProvRoot::Param(_)) && !(account.sort == Sort::Flag && up);
            if !named || account.both_ways() || nets.len() >= MOST {
                continue;
            }
            let member = account.member.clone().filter(|m| matches!(m.root, ProvRoot::Param(_)));
            nets.push(Net {
                prov: account.prov.clone(),
                member,
                sort: account.sort,
                up,
                shared: account.shared,
                certain,
            });
        }
        nets
    }
}

struct Reader<'a> {
    program: &'a Program,
    idx: BodyIdx,
    /// What the calls do; without, only what rows and statements say.
    calls: Option<&'a IndexVec<CallId, CallEffect>>,
    summaries: Option<&'a Summaries>,
}

impl Reader<'_> {
    fn moves(&self) -> Vec<Raw> {
        let body = self.program.body(self.idx);
        let mut raws = Vec::new();
        for (id, _) in body.calls.iter_enumerated() {
            self.call(id, &mut raws);
        }
        for (block, data) in body.blocks.iter_enumerated() {
            for (at, stmt) in data.stmts.iter().enumerate() {
                if let StmtKind::Assign { to, value } = &stmt.kind {
                    raws.extend(self.stmt(to, value, stmt.span, Site::Stmt(block, at)));
                }
            }
        }
        raws
    }

    fn stmt(&self, to: &Place, value: &Rvalue, span: Span, site: Site) -> Option<Raw> {
        let (sort, up) = match value {
            Rvalue::Step { up, .. } => (Sort::Counter, *up),
            Rvalue::Use(Operand::Literal(Literal::Bool(on))) if !to.proj.is_empty() => (Sort::Flag, *on),
            _ => return None,
        };
        self.raw(&Operand::Place(to.clone()), None, sort, up, None, span, site)
    }

    fn call(&self, id: CallId, raws: &mut Vec<Raw>) {
        let call = &self.program.body(self.idx).calls[id];
        let span = call.span;
        if self.texts(id, raws) {
            return;
        }
        match &self.program.bodies[self.idx].targets[id] {
            Target::Pack(path) => {
                let Some(row) = self.program.catalog.target_row(*path) else { return };
                let Some(of) = call.args.first() else { return };
                let site = Site::Call(id);
                match row.tally {
                    Some(Tally::Up | Tally::Down) => {
                        let up = row.tally == Some(Tally::Up);
                        let ty = self.program.operand_ty(self.idx, of);
                        let permits = self.program.kind(ty.peel_refs()) == Some(Kind::Semaphore);
                        let sort = if permits { Sort::Permits } else { Sort::Counter };
                        raws.extend(self.raw(of, None, sort, up, None, span, site));
                    }
                    Some(Tally::Flag(arg) | Tally::Swap(arg)) => {
                        let Some(Operand::Literal(Literal::Bool(on))) = call.args.get(arg) else { return };
                        let answers = matches!(row.tally, Some(Tally::Swap(_))).then_some(!*on);
                        raws.extend(self.raw(of, None, Sort::Flag, *on, answers, span, site));
                    }
                    Some(Tally::In(arg) | Tally::Out(arg)) => {
                        let up = matches!(row.tally, Some(Tally::In(_)));
                        let Some(member) = call.args.get(arg).and_then(|op| self.member(op)) else { return };
                        let half = match row.effect {
                            Effect::Store { value, .. } if value != arg => {
                                call.args.get(value).is_some_and(|value| self.half(value))
                            }
                            _ => false,
                        };
                        let gives = &self.program.bodies[self.idx].results[id];
                        let replaces = up && gives.head().is_some_and(|path| path.as_str() == "std::option::Option");
                        let answers = (up && !replaces).then_some(true);
                        let raw = self.raw(of, Some(member), Sort::Member, up, answers, span, site);
                        raws.extend(raw.map(|raw| Raw { half, replaces, ..raw }));
                    }
                    Some(Tally::Opens(_) | Tally::Closes) => {}
                    None => {
                        if let Effect::Forget { of } = row.effect
                            && let Some(permit) = call.args.get(of)
                            && self.program.kind(self.program.operand_ty(self.idx, permit).peel_refs())
                                == Some(Kind::Permit)
                        {
                            raws.extend(self.raw(permit, None, Sort::Permits, false, None, span, site));
                        }
                    }
                }
            }
            Target::Local { fns, union: false, .. } => {
                if let ([f], Some(summaries)) = (&**fns, self.summaries)
                    && let Some(summary) = self.program.fns[*f].body.and_then(|b| summaries.get(b))
                {
                    raws.extend(summary.nets.iter().filter_map(|net| self.callee(net, id, span)));
                }
            }
            Target::Local { .. }
            | Target::Closure(_)
            | Target::Constructor(_)
            | Target::Extern { .. }
            | Target::Unknown(_) => {}
        }
    }

    /// What a callee moves, seen from here.
    fn callee(&self, net: &Net, id: CallId, span: Span) -> Option<Raw> {
        let call = &self.program.body(self.idx).calls[id];
        let here = |prov: &Prov| {
            let ProvRoot::Param(n) = prov.root else { return None };
            let mut from = kept::through_locks(self.program, self.program.prov(self.idx, call.args.get(n)?));
            from.path.extend(&prov.path);
            from.element |= prov.element;
            Some(from)
        };
        let prov = here(&net.prov)?;
        let member = match &net.member {
            Some(member) => Some(here(member)?),
            None => None,
        };
        self.outlives(&prov).then_some(Raw {
            prov,
            slot: None,
            member,
            sort: net.sort,
            up: net.up,
            answers: None,
            shared: net.shared,
            half: false,
            replaces: false,
            certain: net.certain,
            stays: false,
            span,
            site: Site::Call(id),
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn raw(
        &self,
        of: &Operand,
        member: Option<Prov>,
        sort: Sort,
        up: bool,
        answers: Option<bool>,
        span: Span,
        site: Site,
    ) -> Option<Raw> {
        let direct = self.program.prov(self.idx, of);
        let text = matches!(sort, Sort::Transaction | Sort::Setting);
        // A transaction belongs to the connection at hand, not to the pool that gave it.
        let prov = if text { direct.clone() } else { kept::through_locks(self.program, direct.clone()) };
        if !text && !self.outlives(&prov) {
            return None;
        }
        let shared = text
            || prov != direct
            || self.behind_guard(of)
            || matches!(prov.root, ProvRoot::Static(_))
            || matches!(site, Site::Call(_)) && sort != Sort::Member;
        let slot = kept::slot(self.program, self.idx, of);
        Some(Raw {
            slot,
            prov,
            member,
            sort,
            up,
            answers,
            shared,
            half: false,
            replaces: false,
            certain: true,
            stays: false,
            span,
            site,
        })
    }

    /// Whether the place is behind the guard of a lock, or in a collection that locks by itself.
    fn behind_guard(&self, of: &Operand) -> bool {
        let Operand::Place(place) = of else { return false };
        let base = self.program.bodies[self.idx].locals.get(place.local);
        base.is_some_and(|ty| self.program.kind(ty) == Some(Kind::LockGuard))
            || self.program.kind(self.program.operand_ty(self.idx, of).peel_refs()) == Some(Kind::Lock)
    }

    /// Whether a place is there for others, or when the body has ended.
    fn outlives(&self, prov: &Prov) -> bool {
        match prov.root {
            ProvRoot::Param(_) | ProvRoot::Static(_) => true,
            // A variable of the body around, which a task or closure has captured.
            ProvRoot::Local(body, _) | ProvRoot::Call(body, _) => body != self.idx || !prov.path.is_empty(),
            ProvRoot::ClosureParam(..) | ProvRoot::Unknown => false,
        }
    }

    /// Whether a value is one half of a pair that a call of this body made.
    fn half(&self, value: &Operand) -> bool {
        let prov = self.program.prov(self.idx, value);
        let field = matches!(prov.path.as_slice(), [one] if matches!(one.as_str(), "0" | "1"));
        field && matches!(prov.root, ProvRoot::Call(body, _) if body == self.idx)
    }

    /// What names a member, seen through references, clones and what is made of it alone.
    fn member(&self, operand: &Operand) -> Option<Prov> {
        let prov = self.program.prov(self.idx, operand);
        if let ProvRoot::Call(body, call) = prov.root
            && body == self.idx
            && let [only] = self.program.body(body).calls[call].args.as_slice()
            && let Some(mut inner) = self.member(only)
        {
            inner.path.extend(prov.path);
            return Some(inner);
        }
        if prov.is_known() {
            return Some(prov);
        }
        match operand {
            Operand::Place(place) => {
                let path = place.proj.iter().filter_map(|p| match p {
                    Proj::Field(name) => Some(*name),
                    Proj::Deref | Proj::Variant { .. } | Proj::Try | Proj::Index => None,
                });
                let root = ProvRoot::Local(self.idx, place.local);
                let variable = self.program.body(self.idx).locals[place.local].name.is_some();
                variable.then(|| Prov { root, path: path.collect(), element: false })
            }
            Operand::Path(..) | Operand::Literal(_) => None,
        }
    }
}

/// What a reader calls a place.
fn name(program: &Program, idx: BodyIdx, prov: &Prov) -> String {
    let start = match &prov.root {
        ProvRoot::Param(n) => program.bodies[idx]
            .owner
            .and_then(|f| program.fn_ir(f).params.get(*n)?.name)
            .map_or_else(|| String::from("it"), |n| n.to_string()),
        ProvRoot::Static(path) => path.as_str().rsplit("::").next().unwrap_or_default().to_owned(),
        ProvRoot::Local(body, local) => local_name(program, *body, *local),
        ProvRoot::Call(body, call) => given_to(program, *body, *call),
        ProvRoot::ClosureParam(body, n) => local_name(program, *body, LocalId::new(n + 1)),
        ProvRoot::Unknown => String::from("it"),
    };
    let path = prov.path.iter().map(|f| f.to_string());
    let unnamed = start == "it" && !prov.path.is_empty();
    (!unnamed).then_some(start).into_iter().chain(path).collect::<Vec<_>>().join(".")
}

/// The `drop` of each workspace type that a local of the body is.
fn drops(program: &Program, idx: BodyIdx) -> Vec<BodyIdx> {
    let mut found = Vec::new();
    for ty in &program.bodies[idx].locals {
        let Some(path) = program.peel_wrappers(ty).head() else { continue };
        if !program.tables.adts.contains_key(&path) {
            continue;
        }
        for (_, f) in program.tables.methods.get(&(path, Symbol::new("drop"))).into_iter().flatten() {
            let own = program.fns[*f].body.filter(|b| !found.contains(b));
            found.extend(own);
        }
    }
    found
}

fn local_name(program: &Program, body: BodyIdx, local: LocalId) -> String {
    program.body(body).locals[local].name.map_or_else(|| String::from("it"), |n| n.to_string())
}

/// The variable that a call's result is given to.
fn given_to(program: &Program, body: BodyIdx, call: CallId) -> String {
    let ir = program.body(body);
    let given = [call];
    let mut locals: Vec<LocalId> = Vec::new();
    for stmt in ir.blocks.iter().flat_map(|b| &b.stmts) {
        let StmtKind::Assign { to, value } = &stmt.kind else { continue };
        let from = |op: &Operand| matches!(op, Operand::Place(p) if locals.contains(&p.local));
        let follows = match value {
            Rvalue::Call(id) => given.contains(id) || ir.calls[*id].args.first().is_some_and(from),
            Rvalue::Use(op) | Rvalue::Await(op) | Rvalue::Cast(op, _) => from(op),
            _ => false,
        };
        if let (true, Some(local)) = (follows, to.as_local()) {
            if let Some(name) = ir.locals[local].name {
                return name.to_string();
            }
            locals.push(local);
        }
    }

    String::from("it")
}

/// Whether a value of the type gives something back when it is dropped: a workspace type with a `Drop` of its own, or a
/// library's that runs a closure then.
pub fn settles(program: &Program, ty: &Ty) -> bool {
    match ty {
        Ty::Adt(path, args) => {
            let own = program.tables.adts.contains_key(path)
                && program.tables.impl_for(ty, Symbol::new("std::ops::Drop")).is_some();
            let deferred = args.iter().any(|a| matches!(a, Ty::Fn(..)))
                && program.type_row(ty).is_some_and(|row| row.kind == Kind::Wrapper);
            own || deferred || args.iter().any(|a| settles(program, a))
        }
        Ty::Tuple(parts) => parts.iter().any(|t| settles(program, t)),
        _ => false,
    }
}

/// The accounts that a closing of `block` depends on: the branch that leads to it, and which way it was taken.
pub fn branch_before(body: &ir::Body, block: BlockId) -> Option<(Span, ir::EdgeKind)> {
    let mut at = block;
    for _ in 0..body.blocks.len() {
        let mut before = body.blocks.iter_enumerated().filter(|(_, b)| b.term.successors().any(|to| to == at));
        let (first, data) = before.next()?;
        if before.next().is_some() || first.index() > at.index() && first == block {
            return None;
        }
        if let ir::Terminator::Switch { edges, span, .. } = &data.term {
            return edges.iter().find(|e| e.to == at).map(|e| (*span, e.kind.clone()));
        }
        at = first;
    }
    None
}
