//! The door of the room: files in, program out.
//!
//! [`Linker::new`] builds the tables; [`Linker::infer`] may then be called for each of [`Linker::roots`] from any
//! thread; [`Linker::finish`] puts the answers together. [`link`] does all three in this thread.

use super::infer::{BodyTypes, infer_root};
use super::tables::Tables;
use super::{BodyIdx, BodyInfo, CrateInput, Program, build, graph};
use crate::base::{FileId, Idx, InTurn, IndexVec, Workers};
use crate::ir::{BodyId, BodyKind, FileIr};
use crate::pack::Catalog;
use std::sync::Arc;

/// Tables, ready for inference.
#[derive(Debug)]
pub struct Linker {
    crates: Vec<CrateInput>,
    tables: Tables,
}

/// The types of one function or initialiser with everything inside it.
#[derive(Debug)]
pub struct Inferred {
    file: FileId,
    bodies: Vec<(BodyId, BodyTypes)>,
}

impl Linker {
    /// Builds the tables. `files` by id with holes for files that failed to parse; `paths` their paths below the workspace
    /// root, by id.
    pub fn new(
        files: IndexVec<FileId, Option<Arc<FileIr>>>,
        crates: Vec<CrateInput>,
        catalog: Arc<Catalog>,
        paths: &[String],
        workers: &impl Workers,
    ) -> Linker {
        let tables = build::build(files, &crates, catalog, paths, workers);
        Linker { crates, tables }
    }

    /// Functions and initialisers, in order: what [`Linker::infer`] is to be called for.
    pub fn roots(&self) -> Vec<(FileId, BodyId)> {
        let files = self.tables.files.iter_enumerated().filter_map(|(id, f)| Some((id, f.as_ref()?)));
        let bodies = files.flat_map(|(id, f)| f.bodies.iter_enumerated().map(move |(body, data)| (id, body, data)));
        bodies.filter(|(_, _, data)| data.parent.is_none()).map(|(id, body, _)| (id, body)).collect()
    }

    /// Infers one of [`Linker::roots`].
    pub fn infer(&self, file: FileId, root: BodyId) -> Inferred {
        Inferred { file, bodies: infer_root(&self.tables, file, root) }
    }

    /// Puts the program together. The order of `inferred` does not matter.
    pub fn finish(self, inferred: Vec<Inferred>, workers: &impl Workers) -> Program {
        let Linker { crates, tables } = self;
        let count = tables.files.iter().flatten().map(|ir| ir.bodies.len()).sum();
        let mut known: Vec<Option<BodyTypes>> = (0..count).map(|_| None).collect();
        for item in inferred {
            for (id, types) in item.bodies {
                known[tables.body_base[item.file] + id.index()] = Some(types);
            }
        }
        let mut bodies: IndexVec<BodyIdx, BodyInfo> = IndexVec::with_capacity(count);
        for (file, ir) in tables.files.iter_enumerated() {
            let Some(ir) = ir else { continue };
            for (id, body) in ir.bodies.iter_enumerated() {
                let mut types = known[tables.body_base[file] + id.index()].take().unwrap_or_default();
                if types.locals.len() != body.locals.len() {
                    // Inside a body that was never reached: say so, call by call.
                    types.locals = IndexVec::from_elem(super::Ty::Unknown, body.locals.len());
                    types.targets =
                        IndexVec::from_elem(super::Target::Unknown("its body is never built"), body.calls.len());
                    types.results = IndexVec::from_elem(super::Ty::Unknown, body.calls.len());
                }
                types.from_use.sort();
                types.from_use.dedup();
                let mut outer = id;
                while let Some(parent) = ir.bodies[outer].parent.filter(|p| *p != outer) {
                    outer = parent;
                }
                let owner = match ir.bodies[outer].kind {
                    BodyKind::Fn(index) => Some(super::FnIdx::new(tables.fn_base[file] + index)),
                    BodyKind::Static(_) | BodyKind::Closure { .. } | BodyKind::Async | BodyKind::Generator => None,
                };
                let module = &tables.tree.modules[tables.tree.module_of(file, body.module)];
                let unit = &tables.tree.units[module.unit];
                let krate = crates.get(unit.krate);
                let dev = krate.is_some_and(|c| c.dev_only);
                bodies.push(BodyInfo {
                    file,
                    id,
                    owner,
                    parent: body.parent.map(|p| BodyIdx::new(tables.body_base[file] + p.index())),
                    locals: types.locals,
                    targets: types.targets,
                    results: types.results,
                    from_use: types.from_use,
                    functions: types.functions,
                    is_test: dev || module.is_test || unit.is_test || owner.is_some_and(|f| tables.fns[f].is_test),
                    edition: krate.map_or(2021, |c| c.edition),
                });
            }
        }
        let graph = graph::build(&tables.files, &tables.fns, &bodies, &tables.body_base, workers);
        Program {
            catalog: tables.know.catalog.clone(),
            crates,
            files: tables.files.clone(),
            fns: tables.fns.clone(),
            fn_of_body: tables.body_fn.clone(),
            bodies,
            tables,
            graph,
            memo: super::held::Memo::default(),
        }
    }
}

/// Links files to a program, in this thread.
pub fn link(
    files: IndexVec<FileId, Option<Arc<FileIr>>>,
    crates: Vec<CrateInput>,
    catalog: Arc<Catalog>,
    paths: &[String],
) -> Program {
    let linker = Linker::new(files, crates, catalog, paths, &InTurn);
    let inferred = linker.roots().into_iter().map(|(file, body)| linker.infer(file, body)).collect();
    linker.finish(inferred, &InTurn)
}

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    send_sync::<Linker>();
    send_sync::<Program>();
};
