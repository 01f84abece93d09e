//! What an answer tells: whether a callee that answers `None`, `false` or an error did to a connection what it does when it
//! answers `Some`, `true` or `Ok`. An enum of the workspace with two variants is such an answer: its first variant stands for
//! something, its second for nothing, which are only names here.
//!
//! **Invariants:** an answer tells nothing any more once something else happened to the connection; what is not known of an
//! answer says that both are possible. **Absent on purpose:** answers of more than two kinds, and what a number tells.

use super::*;

impl Transfer<'_> {
    /// What leaving the body answers with: something (`true`, `Some`), nothing (`false`, `None`), or either.
    pub fn answer(&self, state: &State) -> Variants {
        let ret = ir::return_local();
        let known = match self.payload(&self.place_ty(&Place::local(ret))) {
            Some(Payload::Itself) => state.variants.get(&ret),
            Some(Payload::Inside) => state.payloads.get(&ret),
            None => None,
        };
        known.copied().unwrap_or(Variants { good: true, bad: true })
    }

    /// What a function that never succeeds gives is returned: the body is left with an error.
    pub(super) fn note_failure(&self, state: &mut State, to: Option<LocalId>, id: CallId) {
        if to == Some(ir::return_local()) && self.prepared.calls[id].fails {
            state.variants.insert(ir::return_local(), Variants { good: false, bad: true });
        }
    }

    /// The error side of a test is taken: what is open now has met an error.
    pub(super) fn fail(&self, state: &mut State) {
        let open: Vec<ResId> = state.held().filter(|&r| self.resource(r).kind == Kind::Tx).collect();
        for res in open {
            state.update(res, Outcomes::fail_held);
        }
    }

    /// What the value of a statement tells because what it is made from does.
    pub(super) fn told_by(&self, state: &State, value: &Rvalue) -> Option<Told> {
        let of = |op: &Operand| match op {
            Operand::Place(place) => state.told.get(&place.local).copied(),
            Operand::Path(..) | Operand::Literal(_) => None,
        };
        match value {
            Rvalue::Use(op) | Rvalue::Cast(op, _) => of(op),
            Rvalue::Ref { place, .. } => state.told.get(&place.local).copied(),
            // `context`, `map_err` and their kin hand an answer on.
            Rvalue::Call(id) if self.hands_on(*id) => self.body.calls[*id].args.first().and_then(of),
            Rvalue::Plain(ops) => match ops.as_slice() {
                [op] => of(op).map(|t| Told { good: t.bad, bad: t.good, ..t }),
                _ => None,
            },
            Rvalue::Call(_)
            | Rvalue::Await(_)
            | Rvalue::AwaitMany { .. }
            | Rvalue::Aggregate { .. }
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => None,
        }
    }

    /// Whether a call gives its first argument's answer again: an adapter whose result has the same payload.
    fn hands_on(&self, id: CallId) -> bool {
        let (effect, call) = (&self.prepared.calls[id], &self.body.calls[id]);
        let Some(first) = call.args.first().filter(|_| effect.acts.first() == Some(&Act::Pass)) else { return false };
        let result = self.program.bodies[self.idx].results.get(id);
        let inner = |ty: &Ty| match ty {
            Ty::Adt(path, args) if path.as_str() == "std::result::Result" => args.first().cloned(),
            _ => None,
        };
        let before = inner(&self.operand_ty(first));
        before.is_some() && before == result.and_then(inner)
    }

    /// Remembers what a local tells, and what its payload may be.
    pub(super) fn note_told(&mut self, state: &mut State, to: &Place, value: &Rvalue, known: Option<Told>) {
        let new = std::mem::take(&mut self.told);
        let Some(local) = to.as_local() else { return };
        // Of several connections only one can be told of: then none is.
        let told = match new.as_slice() {
            [told] => Some(*told),
            [] => known,
            _ => None,
        };
        match told {
            Some(told) => {
                state.told.insert(local, told);
            }
            None => {
                state.told.remove(&local);
            }
        }
        match self.payload_of(state, to, value) {
            Some(variants) => {
                state.payloads.insert(local, variants);
            }
            None => {
                state.payloads.remove(&local);
            }
        }
    }

    fn payload_of(&self, state: &State, to: &Place, value: &Rvalue) -> Option<Variants> {
        let one = |good: bool| Some(Variants { good, bad: !good });
        let of = |op: &Operand| match op {
            Operand::Literal(ir::Literal::Bool(b)) => one(*b),
            Operand::Path(path, _) if path.last() == "None" => one(false),
            Operand::Place(place) => {
                let local = place.as_local()?;
                state.payloads.get(&local).or(state.variants.get(&local)).copied()
            }
            Operand::Path(..) | Operand::Literal(_) => None,
        };
        // Which of two variants is built here, by its name.
        let built = |ty: &Ty, name: Symbol| self.variant_of(ty, name).and_then(one);
        match value {
            Rvalue::Use(Operand::Place(place)) => state.payloads.get(&place.as_local()?).copied(),
            Rvalue::Use(Operand::Path(path, _)) if path.last() != "None" => built(&self.place_ty(to), path.last()),
            Rvalue::Use(op) => of(op),
            Rvalue::Call(id) if self.prepared.calls[*id].variant == Some(true) => {
                let inner = self.body.calls[*id].args.first()?;
                match inner {
                    Operand::Path(path, _) if path.last() != "None" => built(&self.operand_ty(inner), path.last()),
                    _ => of(inner),
                }
            }
            Rvalue::Call(id) => match &self.program.bodies[self.idx].targets[*id] {
                crate::resolve::Target::Constructor(path) => {
                    let name = path.as_str().rsplit("::").next().unwrap_or_default();
                    built(&self.place_ty(to), Symbol::new(name))
                }
                _ => None,
            },
            Rvalue::Aggregate { kind: AggregateKind::Struct(path), .. } => built(&self.place_ty(to), path.last()),
            Rvalue::Cast(..)
            | Rvalue::Ref { .. }
            | Rvalue::Await(_)
            | Rvalue::AwaitMany { .. }
            | Rvalue::Aggregate { .. }
            | Rvalue::Plain(_)
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => None,
        }
    }

    /// A branch on an answer: the connection is as such an answer tells.
    pub(super) fn tell(&self, state: &mut State, place: &Place, good: bool) {
        let Some(&told) = state.told.get(&place.local) else { return };
        if self.payload(&self.place_ty(place)) != Some(Payload::Itself) || state.outcomes(told.res) != told.now {
            return;
        }
        let outcomes = if good { told.good } else { told.bad };
        if !outcomes.is_empty() {
            state.update(told.res, |_| outcomes);
        }
    }
}

/// Where the answer of a value lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Payload {
    /// The value is it: `bool`, `Option`.
    Itself,
    /// It lies in the `Ok` of the value.
    Inside,
}

impl Transfer<'_> {
    fn payload(&self, ty: &Ty) -> Option<Payload> {
        let ty = match ty {
            Ty::Future(inner) => inner,
            other => other,
        };
        let Ty::Adt(path, args) = ty.peel_refs() else { return None };
        match path.as_str() {
            "bool" | "std::option::Option" => Some(Payload::Itself),
            "std::result::Result" => args.first().and_then(|ok| self.payload(ok)).map(|_| Payload::Inside),
            _ => self.two_variants(ty).map(|_| Payload::Itself),
        }
    }

    /// The variants of a workspace enum that has two.
    fn two_variants(&self, ty: &Ty) -> Option<[Symbol; 2]> {
        let Ty::Adt(path, _) = ty.peel_refs() else { return None };
        match self.program.tables.adts.get(path).filter(|def| def.is_enum)?.variants.as_slice() {
            [(first, _), (second, _)] => Some([*first, *second]),
            _ => None,
        }
    }

    /// Whether a name is that of the first or the second variant of a type that has two.
    pub(super) fn variant_of(&self, ty: &Ty, name: Symbol) -> Option<bool> {
        let [first, second] = self.two_variants(ty)?;
        (name == first || name == second).then_some(name == first)
    }
}
