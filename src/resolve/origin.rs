//! The crate that a value of unknown type came out of: `client.get_object().bucket("b").send()` is a client's crate from end
//! to end, although no row says what its builders are.
//!
//! A method of such a value is that crate's. Two cases are told apart. What a chain of calls makes is the crate's own
//! builder. What awaiting one gives may be a value of the workspace's that the crate was only asked for (an object from a
//! store, a row from a table), so there a method of a name that some function of the workspace has stays unknown.
//!
//! **Invariants:** only crates of which nothing but what they wait for is known; runs once the types of a body have settled
//! and changes no type; a target that was known stays.

use super::infer::BodyTypes;
use super::places::Places;
use super::tables::{Scope, Tables};
use super::ty::Ty;
use super::{Target, fx::FxMap};
use crate::base::{FileId, IndexVec, Symbol};
use crate::ir::{Body, BodyId, Callee, LocalId, Operand, Place, Rvalue, StmtKind};

/// How often a body is read at most: a second time for values that a loop carries to its top.
const PASSES: usize = 2;

/// Where a value of unknown type came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// Lib name of the crate.
    krate: Symbol,
    /// Whether it came out of an answer, and is not the crate's own builder.
    given: bool,
}

type Origins = IndexVec<LocalId, Option<Origin>>;

/// Names the targets of calls on what crates without types of their own made, for a body and all closures and blocks inside.
pub(super) fn name_targets(t: &Tables, file: FileId, scope: &Scope, bodies: &mut [(BodyId, BodyTypes)]) {
    let ir = t.files[file].as_deref().expect("a body's file was lowered");
    let mut done: FxMap<BodyId, Origins> = FxMap::default();
    // Parents come before what is inside them.
    for (id, types) in bodies {
        let body = &ir.bodies[*id];
        let mut origins: Origins = IndexVec::from_elem(None, body.locals.len());
        if let Some(outer) = body.parent.and_then(|p| done.get(&p)) {
            for capture in &body.captures {
                origins[capture.inner] = outer.get(capture.outer).copied().flatten();
            }
        }
        let scope = scope.at(t.tree.module_of(file, body.module));
        let mut pass = Pass { t, body, scope: &scope, types, origins };
        for _ in 0..PASSES {
            if !pass.read() {
                break;
            }
        }
        done.insert(*id, pass.origins);
    }
}

struct Pass<'a> {
    t: &'a Tables,
    body: &'a Body,
    scope: &'a Scope,
    types: &'a mut BodyTypes,
    origins: Origins,
}

impl Pass<'_> {
    /// Reads the body once. Whether the origin of a local became known.
    fn read(&mut self) -> bool {
        let mut changed = false;
        for block in &self.body.blocks {
            for stmt in &block.stmts {
                let StmtKind::Assign { to, value } = &stmt.kind else { continue };
                let open = to.as_local().filter(|local| !self.types.locals[*local].is_known());
                // A call is named whatever it gives.
                if open.is_none() && !matches!(value, Rvalue::Call(_)) {
                    continue;
                }
                let origin = self.value(value);
                if let (Some(local), Some(_)) = (open, origin)
                    && self.origins[local].is_none()
                {
                    self.origins[local] = origin;
                    changed = true;
                }
            }
        }
        changed
    }

    fn value(&mut self, value: &Rvalue) -> Option<Origin> {
        let given = |o: Origin| Origin { given: true, ..o };
        match value {
            Rvalue::Use(operand) | Rvalue::Cast(operand, _) => self.operand(operand),
            Rvalue::Ref { place, .. } => self.place(place),
            Rvalue::Await(operand) => self.operand(operand).map(given),
            Rvalue::Call(call) => self.call(*call),
            Rvalue::Step { .. }
            | Rvalue::AwaitMany { .. }
            | Rvalue::Aggregate { .. }
            | Rvalue::Plain(_)
            | Rvalue::Unknown(_) => None,
        }
    }

    fn operand(&self, operand: &Operand) -> Option<Origin> {
        match operand {
            Operand::Place(place) => self.place(place),
            Operand::Path(..) | Operand::Literal(_) => None,
        }
    }

    /// A part of an answer is part of the answer. The longest part of the place that has a type says whose the rest is.
    fn place(&self, place: &Place) -> Option<Origin> {
        let base = &self.types.locals[place.local];
        if !base.is_known() {
            return self.origins[place.local];
        }
        for len in (0..=place.proj.len()).rev() {
            let (ty, _) = Places { t: self.t, scope: self.scope }.walk(base.clone(), &place.proj[..len]);
            if ty.is_known() {
                let whole = len == place.proj.len();
                let krate = if whole { self.krate_around(&ty) } else { self.krate_of(&ty) };
                return krate.map(|krate| Origin { krate, given: !whole });
            }
        }
        None
    }

    fn call(&mut self, call: crate::ir::CallId) -> Option<Origin> {
        let t = self.t;
        let target = &self.types.targets[call];
        if !matches!(target, Target::Unknown(_) | Target::Extern { .. }) {
            return None;
        }
        let data = &self.body.calls[call];
        let receiver = match (&data.callee, data.args.first()) {
            (Callee::Method { name, .. }, Some(receiver)) => self.operand(receiver).map(|o| (*name, o)),
            _ => None,
        };
        match (target, receiver) {
            (Target::Unknown(_), Some((name, origin))) => {
                if origin.given && t.is_own_name(name) {
                    return None;
                }
                let path = t.know.join(origin.krate, name);
                self.types.targets[call] = Target::Extern { krate: origin.krate, path };
                Some(origin)
            }
            (Target::Extern { krate, .. }, receiver) => {
                let given = receiver.is_some_and(|(_, o)| o.given);
                self.only_waits(*krate).map(|krate| Origin { krate, given })
            }
            _ => None,
        }
        .filter(|_| !self.types.results[call].is_known())
    }

    /// The crate of an external type.
    fn krate_of(&self, ty: &Ty) -> Option<Symbol> {
        let chain = self.t.deref_chain(ty.peel_refs());
        match chain.last()? {
            Ty::Adt(path, _) if !self.t.adts.contains_key(path) => self.only_waits(self.t.know.root(*path)),
            _ => None,
        }
    }

    /// The crate whose type a type of generated code that we do not see is made for: `GreeterClient<Channel>`.
    fn krate_around(&self, ty: &Ty) -> Option<Symbol> {
        match self.t.deref_chain(ty.peel_refs()).last()? {
            Ty::Adt(path, args) if self.t.is_local_path(*path) && !self.t.adts.contains_key(path) => {
                args.iter().find_map(|arg| self.only_waits(self.t.know.root(arg.head()?)))
            }
            _ => None,
        }
    }

    /// The crate, if packs say what it waits for and nothing else.
    fn only_waits(&self, krate: Symbol) -> Option<Symbol> {
        let catalog = &self.t.know.catalog;
        let waits = catalog.crate_row(krate).is_some_and(|row| row.waits.is_some());
        (waits && !catalog.has_types(krate)).then_some(krate)
    }
}
