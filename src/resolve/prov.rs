//! Where a pool, a lock, a connection came from: paths that can be compared.
//!
//! Flow-insensitive: a local with one assignment is what was assigned, whatever the order of statements; several assignments
//! of one provenance are that provenance. Getters, constructors and wrapper functions are looked through by asking the same
//! question of their return value and putting the caller's arguments in.
//!
//! **Invariants:** the walk is bounded; a function that is being asked already answers *not known*; equal paths mean the same
//! thing only if no step is an element of a collection.

use super::fx::FxMap;
use super::modules::Def;
use super::names::Space;
use super::places::Places;
use super::std_names::names;
use super::type_ops::DEREF_STEPS;
use super::{BodyIdx, FnIdx, Program, Prov, ProvRoot, Target, Ty};
use crate::base::{Idx, IndexVec, Symbol};
use crate::ir::{
    AggregateKind, Body, BodyKind, CallId, Callee, LocalId, LocalKind, Operand, Place, Proj, Rvalue, StmtKind,
    return_local,
};
use crate::pack::{Effect, Kind};
use std::sync::{Arc, OnceLock, RwLock};

/// How many steps one question may take.
const FUEL: usize = 40;
/// How many functions that lead back to each other one question may enter.
const MUTUAL: usize = 8;
/// How long a path may get.
const LONGEST: usize = 6;

/// Assignments of whole locals: block and statement.
type Defs = IndexVec<LocalId, Vec<(u32, u32)>>;

/// Remembered answers.
#[derive(Debug, Default)]
pub struct ProvMemo {
    defs: RwLock<FxMap<BodyIdx, Arc<Defs>>>,
    returns: RwLock<FxMap<(FnIdx, Vec<Symbol>), Prov>>,
    literals: OnceLock<FxMap<Symbol, Vec<(BodyIdx, u32, u32)>>>,
}

/// A question under way.
pub(super) struct Ask<'a> {
    pub(super) program: &'a Program,
    fuel: usize,
    functions: Vec<FnIdx>,
    locals: Vec<(BodyIdx, LocalId)>,
}

fn root(root: ProvRoot) -> Prov {
    Prov { root, path: Vec::new(), element: false }
}

impl Prov {
    fn push(mut self, field: Symbol) -> Prov {
        if self.path.len() < LONGEST {
            self.path.push(field);
        }
        self
    }
    fn extend(self, path: &[Symbol]) -> Prov {
        path.iter().fold(self, |p, f| p.push(*f))
    }
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        self.root != ProvRoot::Unknown
    }
}

impl Program {
    /// Where the value of an operand came from.
    pub fn prov(&self, body: BodyIdx, operand: &Operand) -> Prov {
        let mut ask = Ask { program: self, fuel: FUEL, functions: Vec::new(), locals: Vec::new() };
        let found = ask.operand(body, operand);
        let ty = self.operand_ty(body, operand);
        self.through_deref(found, &ty)
    }
    /// Where the fields `inner.path` of what an argument of a call is came from: through struct literals and constructors.
    /// Steps of the path that name arguments are put in as the caller has them.
    pub fn prov_below(&self, body: BodyIdx, args: &[Operand], argument: &Operand, inner: &Prov) -> Prov {
        if inner.path.is_empty() || inner.path.iter().any(|step| step.as_str().contains('#')) {
            return self.put_arguments(body, args, self.prov(body, argument), inner);
        }
        let mut ask = Ask { program: self, fuel: FUEL, functions: Vec::new(), locals: Vec::new() };
        let mut found = ask.operand_at(body, argument, &inner.path);
        if !found.is_known() {
            found = self.prov(body, argument).extend(&inner.path);
        }
        found.element |= inner.element;
        found
    }
    /// Where the value of a place came from.
    pub fn prov_place(&self, body: BodyIdx, place: &Place) -> Prov {
        self.prov(body, &Operand::Place(place.clone()))
    }
    /// Where the result of a call came from.
    pub fn prov_call(&self, body: BodyIdx, call: CallId) -> Prov {
        let mut ask = Ask { program: self, fuel: FUEL, functions: Vec::new(), locals: Vec::new() };
        ask.call(body, call, &[])
    }
    /// What a function returns, in terms of its parameters and statics: for getters and constructors. `path` are fields of
    /// the returned value.
    pub fn returned(&self, f: FnIdx, path: &[Symbol]) -> Prov {
        Ask { program: self, fuel: FUEL, functions: Vec::new(), locals: Vec::new() }.returned(f, path)
    }

    /// Type of an operand in an inferred body: locals and fields (through dereferences), statics; unknown for other paths and
    /// literals.
    pub fn operand_ty(&self, body: BodyIdx, operand: &Operand) -> Ty {
        match operand {
            Operand::Place(place) => self.place_ty(body, place),
            Operand::Path(path, _) => self.static_at(body, path).map_or(Ty::Unknown, |s| s.ty.clone()),
            Operand::Literal(_) => Ty::Unknown,
        }
    }

    /// Type of a place in an inferred body.
    pub fn place_ty(&self, body: BodyIdx, place: &Place) -> Ty {
        let info = &self.bodies[body];
        let base = info.locals[place.local].clone();
        if place.proj.is_empty() {
            return base;
        }
        Places { t: &self.tables, scope: &self.scope_of(body) }.walk(base, &place.proj).0
    }

    fn scope_of(&self, body: BodyIdx) -> super::tables::Scope {
        let info = &self.bodies[body];
        let module = self.tables.tree.module_of(info.file, self.body(body).module);
        match info.owner {
            Some(f) => self.tables.scope_of_fn(f).at(module),
            None => super::tables::Scope::of(module),
        }
    }

    /// The canonical path of a static or const named in a body.
    pub fn static_named(&self, body: BodyIdx, path: &crate::ir::Path) -> Option<Symbol> {
        self.static_at(body, path).map(|s| s.path)
    }

    fn static_at(&self, body: BodyIdx, path: &crate::ir::Path) -> Option<&super::tables::StaticDef> {
        let module = self.tables.tree.module_of(self.bodies[body].file, self.body(body).module);
        let found = self.tables.names().resolve(module, path, Space::Values)?;
        match found.def {
            Def::Static(s) if found.used == path.segments.len() => Some(&self.tables.statics[s]),
            _ => None,
        }
    }

    /// The unit struct that a path in a body names, as a value.
    pub fn unit_struct(&self, body: BodyIdx, path: &crate::ir::Path) -> Option<Symbol> {
        let found = self.tables.names().resolve(self.scope_of(body).module, path, Space::Values)?;
        match found.def {
            Def::Adt(adt) if found.used == path.segments.len() => {
                let def = self.tables.adts.get(&adt)?;
                (def.fields.is_empty() && !def.is_enum).then_some(adt)
            }
            _ => None,
        }
    }

    /// The initialiser of a static, const or associated const named in a body.
    pub fn static_init(&self, body: BodyIdx, path: &crate::ir::Path) -> Option<BodyIdx> {
        let scope = self.scope_of(body);
        let found = self.tables.names().resolve(scope.module, path, Space::Values);
        let def = match found.map(|f| (f.def, f.used == path.segments.len())) {
            Some((Def::Static(s), true)) => s,
            _ => {
                let (last, rest) = path.segments.split_last().filter(|(_, rest)| !rest.is_empty())?;
                let of = crate::ir::Path { global: path.global, segments: rest.into() };
                let ty = self.tables.lower(&crate::ir::TypeRef::Path(of), &scope);
                *self.tables.assoc_consts.get(&(super::tables::head_key(&ty)?, last.name))?
            }
        };
        let def = &self.tables.statics[def];
        Some(BodyIdx::new(self.tables.body_base[def.file] + def.init?.index()))
    }

    /// A value of a house type that dereferences to a pool *is* that pool, field by field. One that dereferences to something
    /// else is itself: what is called on it names the fields that it goes through.
    fn through_deref(&self, prov: Prov, ty: &Ty) -> Prov {
        let mut at = ty.peel_refs().clone();
        let mut inner = prov.clone();
        for _ in 0..DEREF_STEPS {
            if let Ty::Adt(path, _) = &at
                && let Some(def) = self.tables.adts.get(path)
            {
                let field = def.deref_field.or_else(|| self.deref_field_of_impl(*path));
                match field {
                    Some(field) => inner = inner.push(field),
                    None => return prov,
                }
            } else if let Ty::Adt(path, _) = &at
                && let Some(row) = self.catalog.type_row(*path)
                && !matches!(row.kind, Kind::Wrapper | Kind::Plain)
            {
                return inner;
            }
            match self.tables.deref(&at) {
                Some(next) => at = next,
                None => return prov,
            }
        }
        prov
    }

    /// The field that a hand-written `deref` returns.
    fn deref_field_of_impl(&self, path: Symbol) -> Option<Symbol> {
        let list = self.tables.methods.get(&(path, Symbol::new("deref")))?;
        let found = self.returned(list.first()?.1, &[]);
        (found.root == ProvRoot::Param(0) && found.path.len() == 1).then(|| found.path[0])
    }

    fn defs(&self, body: BodyIdx) -> Arc<Defs> {
        if let Some(known) = self.memo.prov.defs.read().unwrap_or_else(|e| e.into_inner()).get(&body) {
            return known.clone();
        }
        let ir = self.body(body);
        let mut defs: Defs = IndexVec::from_elem(Vec::new(), ir.locals.len());
        for (b, block) in ir.blocks.iter_enumerated() {
            for (s, stmt) in block.stmts.iter().enumerate() {
                if let StmtKind::Assign { to, .. } = &stmt.kind
                    && let Some(local) = to.as_local()
                {
                    defs[local].push((b.index() as u32, s as u32));
                }
            }
        }
        let defs = Arc::new(defs);
        self.memo.prov.defs.write().unwrap_or_else(|e| e.into_inner()).insert(body, defs.clone());
        defs
    }

    /// The values that are assigned to the whole of a local.
    pub(super) fn values_of(&self, body: BodyIdx, local: LocalId) -> Vec<&Rvalue> {
        self.defs(body)[local].iter().filter_map(|at| self.value_at(body, *at)).collect()
    }

    fn value_at(&self, body: BodyIdx, at: (u32, u32)) -> Option<&Rvalue> {
        let block = &self.body(body).blocks[crate::ir::BlockId::new(at.0 as usize)];
        match &block.stmts.get(at.1 as usize)?.kind {
            StmtKind::Assign { value, .. } => Some(value),
            StmtKind::Drop { .. } | StmtKind::Yield(_) | StmtKind::Declare(_) => None,
        }
    }

    /// Whether the constructors of a struct fill two of its fields from the same value: `Some(true)` if all that are seen
    /// do, `Some(false)` if one fills them from different values, `None` if that cannot be told.
    pub fn sibling_fields(&self, of: Symbol, a: Symbol, b: Symbol) -> Option<bool> {
        let mut same = None;
        for &(body, block, stmt) in self.literals().get(&of).into_iter().flatten() {
            let Some(Rvalue::Aggregate { fields, .. }) = self.value_at(body, (block, stmt)) else { continue };
            let find = |name: Symbol| fields.iter().find(|f| f.0 == name).map(|f| &f.1);
            let (Some(x), Some(y)) = (find(a), find(b)) else { continue };
            let (x, y) = (self.prov(body, x), self.prov(body, y));
            if !x.is_known() || !y.is_known() || x.element || y.element {
                return None;
            }
            if x != y {
                return Some(false);
            }
            same = Some(true);
        }
        same
    }

    /// All struct literals by the path of their type.
    fn literals(&self) -> &FxMap<Symbol, Vec<(BodyIdx, u32, u32)>> {
        self.memo.prov.literals.get_or_init(|| {
            let mut map: FxMap<Symbol, Vec<(BodyIdx, u32, u32)>> = FxMap::default();
            for (body, info) in self.bodies.iter_enumerated().filter(|(_, b)| !b.is_test) {
                for (b, block) in self.body(body).blocks.iter_enumerated() {
                    for (s, stmt) in block.stmts.iter().enumerate() {
                        if let StmtKind::Assign { to, value: Rvalue::Aggregate { kind: AggregateKind::Struct(_), .. } } = &stmt.kind
                            && let Some(local) = to.as_local()
                            && let Some(head) = info.locals[local].head()
                        {
                            map.entry(head).or_default().push((body, b.index() as u32, s as u32));
                        }
                    }
                }
            }
            map
        })
    }
}

impl Ask<'_> {
    pub(super) fn operand(&mut self, body: BodyIdx, operand: &Operand) -> Prov {
        self.operand_at(body, operand, &[])
    }

    /// The provenance of `operand.path`.
    fn operand_at(&mut self, body: BodyIdx, operand: &Operand, path: &[Symbol]) -> Prov {
        match operand {
            Operand::Place(place) => self.place(body, place, path),
            Operand::Path(written, _) => match self.program.static_named(body, written) {
                Some(name) => root(ProvRoot::Static(name)).extend(path),
                None => root(ProvRoot::Unknown),
            },
            Operand::Literal(_) => root(ProvRoot::Unknown),
        }
    }

    /// The provenance of `place.rest`.
    fn place(&mut self, body: BodyIdx, place: &Place, rest: &[Symbol]) -> Prov {
        let n = names();
        let mut path = Vec::new();
        let mut element = false;
        let mut at = Place::local(place.local);
        for step in &place.proj {
            match step {
                Proj::Field(name) => {
                    let ty = self.program.place_ty(body, &at);
                    if !self.transparent_field(&ty, *name) {
                        path.push(*name);
                    }
                }
                Proj::Variant { path: written, field } => {
                    let std_like = written.segments.len() == 1 && [n.some, n.ok, n.err].contains(&written.last());
                    let ty = self.program.place_ty(body, &at);
                    if !std_like && !self.transparent_field(&ty, *field) {
                        path.push(*field);
                    }
                }
                Proj::Index => element = true,
                Proj::Deref | Proj::Try => {}
            }
            at = at.then(step.clone());
        }
        path.extend_from_slice(rest);
        let mut found = self.local(body, place.local, &path);
        found.element |= element;
        found
    }

    /// A field of a type that only wraps: `State.0`, a library's tuple struct.
    fn transparent_field(&self, ty: &Ty, field: Symbol) -> bool {
        match ty.peel_refs() {
            Ty::Adt(path, _) => {
                let tables = &self.program.tables;
                !tables.adts.contains_key(path)
                    && (field == names().zero || tables.deref(ty.peel_refs()).is_none())
                    && self
                        .program
                        .catalog
                        .type_row(*path)
                        .is_none_or(|r| matches!(r.kind, Kind::Wrapper | Kind::Plain))
                    && field == names().zero
            }
            _ => false,
        }
    }

    /// The provenance of `local.path`.
    fn local(&mut self, body: BodyIdx, local: LocalId, path: &[Symbol]) -> Prov {
        let key = (body, local);
        if self.fuel == 0 || self.locals.contains(&key) {
            return root(ProvRoot::Unknown);
        }
        self.fuel -= 1;
        self.locals.push(key);
        let found = self.local_inner(body, local, path);
        self.locals.pop();
        found
    }

    fn local_inner(&mut self, body: BodyIdx, local: LocalId, path: &[Symbol]) -> Prov {
        let program = self.program;
        let ir = program.body(body);
        match ir.locals[local].kind {
            LocalKind::Param => {
                let start = match ir.kind {
                    BodyKind::Fn(index) => {
                        let info = &program.bodies[body];
                        let file = program.files[info.file].as_ref().expect("a body's file was lowered");
                        match file.fns[index].params.iter().position(|p| p.local == local) {
                            Some(i) => ProvRoot::Param(i),
                            None => ProvRoot::Local(body, local),
                        }
                    }
                    BodyKind::Closure { .. } | BodyKind::Async | BodyKind::Generator | BodyKind::Static(_) => {
                        ProvRoot::ClosureParam(body, local.index().saturating_sub(1))
                    }
                };
                return root(start).extend(path);
            }
            LocalKind::Capture => {
                if let (Some(parent), Some(capture)) = (program.bodies[body].parent, capture_of(ir, local)) {
                    return self.local(parent, capture, path);
                }
            }
            LocalKind::Return | LocalKind::Var | LocalKind::Temp => {}
        }
        let defs = program.defs(body);
        let mut found: Option<Prov> = None;
        for at in &defs[local] {
            let Some(value) = program.value_at(body, *at) else { continue };
            if local == return_local() && self.is_failure(body, value) {
                continue;
            }
            let one = self.value(body, local, value, path);
            if one.root == ProvRoot::Unknown && one.path == [names().recursion] && defs[local].len() > 1 {
                continue;
            }
            if defs[local].len() > 1
                && one.root == ProvRoot::Unknown
                && matches!(value, Rvalue::Plain(_) | Rvalue::Step { .. } | Rvalue::Unknown(_))
            {
                continue;
            }
            match &found {
                None => found = Some(one),
                Some(known) if *known == one => {}
                Some(_) => return root(ProvRoot::Local(body, local)).extend(path),
            }
        }
        found.unwrap_or_else(|| root(ProvRoot::Local(body, local)).extend(path))
    }

    /// `Err(…)`, `None`: what is returned when nothing is.
    fn is_failure(&self, body: BodyIdx, value: &Rvalue) -> bool {
        let n = names();
        match value {
            Rvalue::Call(call) => match &self.program.bodies[body].targets[*call] {
                Target::Constructor(path) => path.as_str() == "std::result::Result::Err",
                Target::Pack(path) => path.as_str().ends_with("::from_residual"),
                Target::Local { .. } | Target::Closure(_) | Target::Extern { .. } | Target::Unknown(_) => false,
            },
            Rvalue::Use(Operand::Path(path, _)) => path.as_ident() == Some(n.none),
            Rvalue::Use(Operand::Place(place)) => {
                place.proj.iter().any(|p| matches!(p, Proj::Variant { path, .. } if path.as_ident() == Some(n.err)))
            }
            _ => false,
        }
    }

    pub(super) fn value(&mut self, body: BodyIdx, local: LocalId, value: &Rvalue, path: &[Symbol]) -> Prov {
        match value {
            Rvalue::Use(operand) | Rvalue::Await(operand) | Rvalue::Cast(operand, _) => {
                self.operand_at(body, operand, path)
            }
            Rvalue::Ref { place, .. } => self.place(body, place, path),
            Rvalue::Call(call) => self.call(body, *call, path),
            Rvalue::Aggregate { kind, fields, base } => {
                if let AggregateKind::Async(inner) = kind {
                    let inner =
                        BodyIdx::new(self.program.tables.body_base[self.program.bodies[body].file] + inner.index());
                    return self.local(inner, return_local(), path);
                }
                let Some((first, rest)) = path.split_first() else {
                    return root(ProvRoot::Local(body, local));
                };
                if let Some((_, operand)) = fields.iter().find(|f| f.0 == *first) {
                    return self.operand_at(body, operand, rest);
                }
                match base {
                    Some(base) => self.operand_at(body, base, path),
                    None => root(ProvRoot::Unknown),
                }
            }
            Rvalue::AwaitMany { .. } | Rvalue::Plain(_) | Rvalue::Step { .. } | Rvalue::Unknown(_) => {
                root(ProvRoot::Unknown)
            }
        }
    }

    /// The provenance of `call(…).path`.
    fn call(&mut self, body: BodyIdx, call: CallId, path: &[Symbol]) -> Prov {
        let program = self.program;
        let ir = program.body(body);
        let data = &ir.calls[call];
        let own = || root(ProvRoot::Call(body, call)).extend(path);
        if self.fuel == 0 {
            return own();
        }
        self.fuel -= 1;
        let name = match &data.callee {
            Callee::Method { name, .. } => Some(*name),
            Callee::Path(p) | Callee::Qualified { path: p, .. } => Some(p.last()),
            Callee::Value(_) | Callee::Macro { .. } => None,
        };
        match &program.bodies[body].targets[call] {
            Target::Constructor(of) => {
                let std_like = of.as_str().starts_with("std::") || !program.tables.is_local_path(*of);
                match (std_like, path.split_first()) {
                    (true, _) => data.args.first().map_or_else(own, |a| self.operand_at(body, a, path)),
                    (false, Some((first, rest))) => {
                        let operand = first.as_str().parse::<usize>().ok().and_then(|i| data.args.get(i));
                        operand.map_or_else(own, |a| self.operand_at(body, a, rest))
                    }
                    (false, None) => own(),
                }
            }
            Target::Pack(row) => {
                let row = program.catalog.fn_row(*row);
                let from = match row.map(|r| &r.effect) {
                    Some(Effect::Pass | Effect::Race | Effect::Once { .. }) => data.args.first(),
                    Some(Effect::None) => return self.looked_up(body, call, name, path),
                    Some(Effect::Take { of }) => data.args.get(*of),
                    _ => None,
                };
                from.map_or_else(own, |a| self.operand_at(body, a, path))
            }
            Target::Extern { .. } | Target::Unknown(_) => match name.map(Symbol::as_str) {
                Some(
                    "clone" | "cloned" | "as_ref" | "as_mut" | "to_owned" | "deref" | "deref_mut" | "borrow"
                    | "borrow_mut" | "into" | "unwrap" | "expect" | "get_ref" | "get_mut" | "into_inner",
                ) if matches!(data.callee, Callee::Method { .. }) => {
                    data.args.first().map_or_else(own, |a| self.operand_at(body, a, path))
                }
                _ => self.looked_up(body, call, name, path),
            },
            Target::Local { fns, union: false, .. } if fns.len() == 1 => {
                // A call of a function that is being asked: recursion adds no place of its own.
                if self.functions.contains(&fns[0]) {
                    return root(ProvRoot::Unknown).push(names().recursion);
                }
                let inner = self.returned(fns[0], path);
                match inner.root {
                    ProvRoot::Param(i) => match data.args.get(i) {
                        // Steps that name arguments are put in as the caller has them; plain fields are looked through.
                        Some(arg) if inner.path.iter().any(|step| step.as_str().contains('#')) => {
                            let outer = self.operand(body, arg);
                            program.put_arguments(body, &data.args, outer, &inner)
                        }
                        Some(arg) => {
                            let mut outer = self.operand_at(body, arg, &inner.path);
                            outer.element |= inner.element;
                            outer
                        }
                        None => own(),
                    },
                    ProvRoot::Static(_) => inner,
                    ProvRoot::Local(..) => match self.chosen(body, call, fns[0]) {
                        Some(chosen) => chosen.extend(path),
                        None => self.looked_up(body, call, name, path),
                    },
                    ProvRoot::ClosureParam(..) | ProvRoot::Call(..) | ProvRoot::Unknown => {
                        self.looked_up(body, call, name, path)
                    }
                }
            }
            Target::Local { .. } => self.looked_up(body, call, name, path),
            Target::Closure(inner) => {
                let found = self.local(*inner, return_local(), path);
                if matches!(found.root, ProvRoot::ClosureParam(..)) { own() } else { found }
            }
        }
    }

    /// A getter that nobody can look into (`ctx.data::<Pool>()`, `store.pool()` behind a trait): asked twice of the same thing
    /// for the same type it gives the same pool.
    fn looked_up(&mut self, body: BodyIdx, call: CallId, name: Option<Symbol>, path: &[Symbol]) -> Prov {
        let program = self.program;
        let data = &program.body(body).calls[call];
        let own = || root(ProvRoot::Call(body, call)).extend(path);
        let (Callee::Method { .. }, Some(name), [receiver]) = (&data.callee, name, data.args.as_slice()) else {
            return own();
        };
        let result = &program.bodies[body].results[call];
        let payload = program.tables.payload(result);
        let ty = if payload.is_known() { &payload } else { result };
        if !matches!(program.kind(ty), Some(Kind::Pool | Kind::Lock | Kind::Semaphore | Kind::Handle)) {
            return own();
        }
        let outer = self.operand(body, receiver);
        if outer.root == ProvRoot::Unknown {
            return own();
        }
        let head = ty.peel_refs().head().map_or("", |h| h.as_str());
        outer.push(Symbol::new(&format!("{name}() -> {head}"))).extend(path)
    }

    fn returned(&mut self, f: FnIdx, path: &[Symbol]) -> Prov {
        let program = self.program;
        let Some(body) = program.fns[f].body else { return root(ProvRoot::Unknown) };
        // A function that does not lead back to those being asked is asked afresh, and the answer kept: it cannot depend on
        // who asks first. One that does shares their fuel, and its answer is for this question only.
        let mutual =
            self.functions.iter().any(|&g| program.fns[g].body.is_some_and(|b| program.in_one_component(b, body)));
        if mutual {
            if self.functions.contains(&f) || self.functions.len() > MUTUAL {
                return root(ProvRoot::Unknown);
            }
            self.functions.push(f);
            let locals = std::mem::take(&mut self.locals);
            let found = self.local(body, return_local(), path);
            self.locals = locals;
            self.functions.pop();
            return found;
        }
        let key = (f, path.to_vec());
        if let Some(known) = program.memo.prov.returns.read().unwrap_or_else(|e| e.into_inner()).get(&key) {
            return known.clone();
        }
        let mut inner = Ask { program, fuel: FUEL, functions: vec![f], locals: Vec::new() };
        let found = inner.local(body, return_local(), path);
        program.memo.prov.returns.write().unwrap_or_else(|e| e.into_inner()).insert(key, found.clone());
        found
    }
}

fn capture_of(body: &Body, inner: LocalId) -> Option<LocalId> {
    body.captures.iter().find(|c| c.inner == inner).map(|c| c.outer)
}
