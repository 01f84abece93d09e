//! Tests of the room from source to program.

use super::dump::{dump_types, target_text};
use super::{BodyIdx, Program, link};
use crate::base::{CrateInput, Dep, FileId, Idx};
use crate::ir::{Callee, MacroShape};
use crate::lower::{self, LowerCx};
use crate::pack::Catalog;
use crate::parse;
use std::sync::{Arc, LazyLock};

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::builtin()));

/// Links files of several crates: `(crate, path, text)`; every crate depends on all others.
pub fn link_crates(files: &[(&str, &str)], crates: Vec<CrateInput>) -> Program {
    let catalog = CATALOG.clone();
    let shape = |path: &[&str]| -> Option<MacroShape> {
        let list: Vec<crate::base::Symbol> = path.iter().map(|s| crate::base::Symbol::new(s)).collect();
        catalog.macro_shape_written(&list)
    };
    let lowered = files.iter().enumerate().map(|(i, (path, text))| {
        let ast = parse::parse_file(text).unwrap_or_else(|e| panic!("{path} does not parse: {e}"));
        let cx = LowerCx { file: FileId::new(i), edition: 2021, text, macro_shape: &shape };
        Some(Arc::new(lower::file(&ast, &cx)))
    });
    let paths: Vec<String> = files.iter().map(|(p, _)| (*p).to_owned()).collect();
    link(lowered.collect(), crates, CATALOG.clone(), &paths)
}

/// Links one file as the crate `app`, which depends on the libraries that the tests name.
pub fn link_one(text: &str) -> Program {
    link_crates(&[("src/lib.rs", text)], vec![krate("app", "", &[])])
}

pub fn krate(name: &str, dir: &str, local: &[(&str, &str)]) -> CrateInput {
    let outside = [
        "sqlx",
        "tokio",
        "deadpool_postgres",
        "axum",
        "diesel",
        "bb8",
        "futures",
        "anyhow",
        "once_cell",
        "parking_lot",
        "unknown_crate",
        "sea_orm",
    ];
    let mut deps: Vec<Dep> = outside
        .iter()
        .map(|n| Dep { name: (*n).into(), package: n.replace('_', "-"), dir: None, dev: false })
        .collect();
    deps.extend(local.iter().map(|(n, d)| Dep {
        name: (*n).into(),
        package: (*n).into(),
        dir: Some((*d).into()),
        dev: false,
    }));
    let root = if dir.is_empty() { "src/lib.rs".to_owned() } else { format!("{dir}/src/lib.rs") };
    CrateInput { name: name.into(), roots: vec![root], dir: dir.into(), deps, edition: 2021, dev_only: false }
}

fn body_of(program: &Program, function: &str) -> BodyIdx {
    let found = program.fns.iter().find(|f| f.path == function && f.body.is_some());
    found.and_then(|f| f.body).unwrap_or_else(|| panic!("no function {function}"))
}

/// All bodies of a function, its own first.
fn family(program: &Program, function: &str) -> Vec<BodyIdx> {
    let root = body_of(program, function);
    let mut list = vec![root];
    let mut at = 0;
    while at < list.len() {
        let parent = list[at];
        list.extend(program.bodies.iter_enumerated().filter(|(_, b)| b.parent == Some(parent)).map(|(i, _)| i));
        at += 1;
    }
    list
}

/// The type of a variable, by name, in a function or a closure in it.
pub fn ty(program: &Program, function: &str, local: &str) -> String {
    for body in family(program, function) {
        let ir = program.body(body);
        let captured = |l| matches!(ir.locals[l].kind, crate::ir::LocalKind::Capture);
        let found = ir.locals.indices().rfind(|l| ir.locals[*l].name.is_some_and(|n| n == local) && !captured(*l));
        if let Some(found) = found {
            return program.bodies[body].locals[found].print();
        }
    }
    panic!("no local {local}: {}", dump_types(program, body_of(program, function)))
}

/// The target of the first call of that name in a function or a closure in it.
pub fn target(program: &Program, function: &str, name: &str) -> String {
    for body in family(program, function) {
        for (call, data) in program.body(body).calls.iter_enumerated() {
            let own = match &data.callee {
                Callee::Path(p) | Callee::Qualified { path: p, .. } | Callee::Macro { path: p, .. } => {
                    p.last().as_str()
                }
                Callee::Method { name, .. } => name.as_str(),
                Callee::Value(_) => "()",
            };
            if own == name {
                return target_text(program, &program.bodies[body].targets[call]);
            }
        }
    }
    panic!("no call {name}: {}", dump_types(program, body_of(program, function)))
}

#[test]
fn a_pool_in_a_struct_is_acquired_through_wrappers() {
    let p = link_one(
        r#"
        use std::sync::Arc;
        use sqlx::{PgPool, Postgres, pool::PoolConnection};
        type Conn = PoolConnection<Postgres>;
        pub struct Db { pool: PgPool }
        pub struct App { db: Arc<Db> }
        impl Db {
            pub fn new(pool: PgPool) -> Self { Self { pool } }
            pub async fn conn(&self) -> Result<Conn, sqlx::Error> { let c = self.pool.acquire().await?; Ok(c) }
        }
        impl App {
            async fn run(&self) -> anyhow::Result<()> {
                let mut conn = self.db.conn().await?;
                let mut tx = self.db.pool.begin().await?;
                let again = self.db.clone();
                tx.commit().await?;
                Ok(())
            }
        }
        "#,
    );
    assert_eq!(ty(&p, "Db::conn", "c"), "sqlx::PoolConnection<sqlx::Postgres>");
    assert_eq!(target(&p, "Db::conn", "acquire"), "pack sqlx::Pool::acquire");
    assert_eq!(target(&p, "App::run", "conn"), "fn app::Db::conn");
    assert_eq!(ty(&p, "App::run", "conn"), "sqlx::PoolConnection<sqlx::Postgres>");
    assert_eq!(ty(&p, "App::run", "tx"), "sqlx::Transaction<sqlx::Postgres>");
    assert_eq!(ty(&p, "App::run", "again"), "std::sync::Arc<app::Db>");
    assert_eq!(target(&p, "App::run", "commit"), "pack sqlx::Transaction::commit");
}
