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
        let cx = LowerCx { file: FileId::new(i), edition: 2021, text, thinned: None, macro_shape: &shape };
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
        .map(|n| Dep { name: (*n).into(), package: n.replace('_', "-"), dir: None, dev: false, optional: false })
        .collect();
    deps.extend(local.iter().map(|(n, d)| Dep {
        name: (*n).into(),
        package: (*n).into(),
        dir: Some((*d).into()),
        dev: false,
        optional: false,
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

#[test]
fn modules_imports_and_re_exports_cross_crates() {
    let p = link_crates(
        &[
            ("app/src/lib.rs", "mod routes; pub mod db { pub fn local() -> u8 { 1 } }\npub use store::prelude::*;"),
            (
                "app/src/routes/mod.rs",
                "use super::*; use crate::db as d; use store_lib::{self as s, repo::Repo as R};\n\
                 async fn f(r: R, o: Orders) { let a = r.get().await; let b = d::local(); let c = s::helper(); let e = o.pool; let g = nested::deep(); }\n mod nested;",
            ),
            (
                "app/src/routes/nested.rs",
                "pub fn deep() -> super::super::db2::Never { super::super::db::local(); loop {} }",
            ),
            (
                "store/src/lib.rs",
                "pub mod repo; pub mod prelude { pub use crate::repo::{Orders}; } pub fn helper() -> Option<repo::Orders> { None }",
            ),
            (
                "store/src/repo.rs",
                "pub struct Repo { pool: sqlx::PgPool } pub struct Orders { pub pool: sqlx::PgPool }\n impl Repo { pub async fn get(&self) -> Result<String, sqlx::Error> { todo!() } }",
            ),
            ("other/src/lib.rs", "pub mod repo { pub struct Repo; impl Repo { pub async fn get(&self) -> u8 { 0 } } }"),
        ],
        vec![
            krate("app", "app", &[("store_lib", "store"), ("store", "store")]),
            krate("store", "store", &[]),
            krate("store_lib", "other", &[]),
        ],
    );
    assert_eq!(ty(&p, "routes::f", "a"), "std::result::Result<std::string::String, sqlx::Error>");
    assert_eq!(target(&p, "routes::f", "get"), "fn store::repo::Repo::get");
    assert_eq!(ty(&p, "routes::f", "b"), "u8");
    assert_eq!(ty(&p, "routes::f", "c"), "std::option::Option<store::repo::Orders>");
    assert_eq!(ty(&p, "routes::f", "e"), "sqlx::Pool<sqlx::Postgres>");
    assert_eq!(target(&p, "routes::f", "deep"), "fn app::routes::nested::deep");
}

#[test]
fn cycles_of_globs_and_aliases_end() {
    let p = link_one(
        r#"
        mod a { pub use super::b::*; pub struct A; }
        mod b { pub use super::a::*; pub struct B; }
        use a::*;
        type X = Y; type Y = X;
        trait T { type O; }
        impl T for A { type O = <Self as T>::O; }
        fn f(x: A, y: B, z: X, w: <A as T>::O, n: Nope) { let i = x; let j = y; let k = z; }
        "#,
    );
    assert_eq!(ty(&p, "f", "i"), "app::a::A");
    assert_eq!(ty(&p, "f", "j"), "app::b::B");
    assert_eq!(ty(&p, "f", "k"), "?");
}

#[test]
fn aliases_and_generics_are_substituted() {
    let p = link_one(
        r#"
        use diesel::{PgConnection, r2d2::{ConnectionManager, PooledConnection}};
        type Pool = diesel::r2d2::Pool<ConnectionManager<PgConnection>>;
        type Conn<'a> = PooledConnection<ConnectionManager<PgConnection>>;
        type Res<T> = std::result::Result<T, ()>;
        struct Wrap<T> { inner: T }
        impl<T> Wrap<T> { fn new(inner: T) -> Self { Wrap { inner } } fn get(&self) -> &T { &self.inner } fn map<U>(self, f: impl FnOnce(T) -> U) -> Wrap<U> { Wrap { inner: f(self.inner) } } }
        fn conn(p: &Pool) -> Res<Conn<'_>> { p.get().map_err(|_| ()) }
        fn f(p: Pool) -> Res<()> {
            let c = conn(&p)?;
            let w = Wrap::new(c);
            let r = w.get();
            let m = Wrap::new(1u8).map(|_| conn(&p));
            let n = m.inner;
            let Wrap { inner } = w;
            Ok(())
        }
        "#,
    );
    let conn = "r2d2::PooledConnection<diesel::r2d2::ConnectionManager<diesel::PgConnection>>";
    assert_eq!(ty(&p, "f", "c"), conn);
    assert_eq!(ty(&p, "f", "w"), format!("app::Wrap<{conn}>"));
    assert_eq!(ty(&p, "f", "r"), format!("&{conn}"));
    assert_eq!(ty(&p, "f", "n"), format!("std::result::Result<{conn}, ()>"));
    assert_eq!(ty(&p, "f", "inner"), conn);
}

#[test]
fn impls_of_one_file_are_told_apart() {
    let p = link_one(
        r#"
        struct A; struct B<T>(T);
        impl A { fn go(&self) -> u8 { 0 } }
        impl B<u8> { fn go(&self) -> u16 { 0 } }
        impl B<String> { fn go(&self) -> u32 { 0 } }
        trait Into2<T> { fn conv(self) -> T; }
        impl From<A> for B<u8> { fn from(a: A) -> Self { B(1) } }
        impl From<String> for B<u8> { fn from(a: String) -> Self { B(1) } }
        fn f(a: A, b: B<u8>, c: B<String>, s: String) { let x = a.go(); let y = b.go(); let z = c.go(); let d = B::from(s); let e: B<u8> = a.into(); }
        "#,
    );
    assert_eq!(ty(&p, "f", "x"), "u8");
    assert_eq!(ty(&p, "f", "y"), "u16");
    assert_eq!(ty(&p, "f", "z"), "u32");
    assert_eq!(target(&p, "f", "into"), "fn app::B::from");
}

#[test]
fn traits_reach_their_impls() {
    let p = link_one(
        r#"
        use std::sync::Arc;
        use async_trait::async_trait;
        pub struct User;
        #[async_trait]
        pub trait Repo: Send { async fn find(&self, id: u8) -> Result<User, ()>; fn name(&self) -> String { String::new() } }
        pub struct Pg { pool: sqlx::PgPool }
        pub struct Mem;
        #[async_trait]
        impl Repo for Pg { async fn find(&self, id: u8) -> Result<User, ()> { let c = self.pool.acquire().await; todo!() } }
        #[async_trait]
        impl Repo for Mem { async fn find(&self, id: u8) -> Result<User, ()> { todo!() } }
        #[cfg(test)] mod t { struct Mock; impl super::Repo for Mock { async fn find(&self, id: u8) -> Result<super::User, ()> { todo!() } } }
        impl<T: Repo + ?Sized> Repo for Arc<T> { async fn find(&self, id: u8) -> Result<User, ()> { (**self).find(id).await } }
        trait Extra { fn extra(&self) -> u16; }
        impl<T: Repo> Extra for T { fn extra(&self) -> u16 { 1 } }
        struct Svc<R> { repo: R, dy: Arc<dyn Repo> }
        impl<R: Repo> Svc<R> {
            async fn a(&self) { let u = self.repo.find(1).await; let e = self.repo.extra(); }
            async fn b(&self) { let u = self.dy.find(1).await.unwrap(); let n = self.dy.name(); }
        }
        async fn c(p: Arc<Pg>, s: Svc<Pg>) { let u = p.find(1).await; let v = s.repo.find(2).await; let w = Repo::find(&p, 2).await; let x = <Pg as Repo>::find(&p, 2); let e = p.extra(); }
        "#,
    );
    assert_eq!(target(&p, "Svc::a", "find"), "fn (any of) app::Pg::find, app::Mem::find");
    assert_eq!(ty(&p, "Svc::a", "u"), "std::result::Result<app::User, ()>");
    assert_eq!(target(&p, "Svc::b", "find"), "fn (any of) app::Pg::find, app::Mem::find");
    assert_eq!(target(&p, "Svc::b", "name"), "fn (any of) app::Repo::name");
    assert_eq!(ty(&p, "Svc::b", "u"), "app::User");
    assert_eq!(target(&p, "c", "find"), "fn app::Pg::find");
    assert_eq!(ty(&p, "c", "v"), "std::result::Result<app::User, ()>");
    assert_eq!(ty(&p, "c", "w"), "std::result::Result<app::User, ()>");
    assert_eq!(ty(&p, "c", "x"), "Future<std::result::Result<app::User, ()>>");
    assert_eq!(ty(&p, "c", "e"), "u16");
    assert_eq!(ty(&p, "Svc::a", "e"), "u16");
}

#[test]
fn associated_types_are_projected() {
    let p = link_one(
        r#"
        trait Db { type Conn; fn conn(&self) -> Self::Conn; }
        struct Pg; struct PgConn;
        impl PgConn { fn ping(&self) -> u8 { 0 } }
        impl Db for Pg { type Conn = PgConn; fn conn(&self) -> Self::Conn { PgConn } }
        struct Service<D: Db> { db: D, last: Option<D::Conn> }
        impl<D: Db> Service<D> { fn get(&self) -> D::Conn { self.db.conn() } fn other(&self) -> <D as Db>::Conn { self.db.conn() } }
        fn f(s: Service<Pg>) { let c = s.get(); let d = s.other(); let e = s.last; let p = c.ping(); }
        async fn g<DB: sqlx::Database>(c: &mut <sqlx::Postgres as sqlx::Database>::Connection) { let d = c; }
        "#,
    );
    assert_eq!(ty(&p, "f", "c"), "app::PgConn");
    assert_eq!(ty(&p, "f", "d"), "app::PgConn");
    assert_eq!(ty(&p, "f", "e"), "std::option::Option<app::PgConn>");
    assert_eq!(ty(&p, "f", "p"), "u8");
    assert_eq!(ty(&p, "g", "d"), "&mut sqlx::Conn<sqlx::Postgres>");
}

#[test]
fn closures_get_their_parameters_from_the_callee() {
    let p = link_one(
        r#"
        use std::future::Future;
        use futures::future::BoxFuture;
        use sqlx::{PgPool, PgConnection, Transaction, Postgres};
        struct Db { pool: PgPool }
        impl Db {
            async fn with_conn<T, F, Fut>(&self, f: F) -> Result<T, sqlx::Error> where F: FnOnce(sqlx::pool::PoolConnection<Postgres>) -> Fut, Fut: Future<Output = Result<T, sqlx::Error>> {
                let c = self.pool.acquire().await?; f(c).await
            }
            async fn with_tx<T>(&self, f: impl for<'c> FnOnce(&'c mut Transaction<'_, Postgres>) -> BoxFuture<'c, Result<T, ()>>) -> Result<T, ()> { todo!() }
            async fn with_async<T>(&self, f: impl AsyncFnOnce(&mut PgConnection) -> T) -> T { todo!() }
        }
        struct Row;
        async fn row(c: &mut PgConnection) -> Result<Row, sqlx::Error> { todo!() }
        async fn f(db: Db) -> Result<(), ()> {
            let a = db.with_conn(|mut c| async move { let r = row(&mut *c).await; r }).await.unwrap();
            let b = db.with_tx(|tx| Box::pin(async move { let inner = tx; Ok(Row) })).await?;
            let c = db.with_async(async |pg| { let deep = pg; Row }).await;
            let d = { let o: Option<u8> = None; o }.map(|x| { let three = x; vec![x] });
            let local = |n: u32| Some(n);
            let e = local(4);
            Ok(())
        }
        "#,
    );
    assert_eq!(ty(&p, "f", "a"), "app::Row");
    assert_eq!(ty(&p, "f", "r"), "std::result::Result<app::Row, sqlx::Error>");
    assert_eq!(ty(&p, "f", "inner"), "&mut sqlx::Transaction<sqlx::Postgres>");
    assert_eq!(ty(&p, "f", "b"), "app::Row");
    assert_eq!(ty(&p, "f", "deep"), "&mut sqlx::Conn<sqlx::Postgres>");
    assert_eq!(ty(&p, "f", "c"), "app::Row");
    assert_eq!(ty(&p, "f", "three"), "u8");
    assert_eq!(ty(&p, "f", "d"), "std::option::Option<[u8]>");
    assert_eq!(ty(&p, "f", "e"), "std::option::Option<u32>");
    assert!(target(&p, "f", "()").starts_with("closure"));
}

#[test]
fn statics_guards_and_newtypes_are_seen_through() {
    let p = link_one(
        r#"
        use std::ops::Deref;
        use std::sync::{Arc, LazyLock, Mutex, OnceLock};
        use once_cell::sync::OnceCell;
        use sqlx::PgPool;
        static POOL: OnceLock<PgPool> = OnceLock::new();
        static LAZY: LazyLock<PgPool> = LazyLock::new(|| todo!());
        static CELL: OnceCell<PgPool> = OnceCell::new();
        pub struct Db(PgPool);
        impl Deref for Db { type Target = PgPool; fn deref(&self) -> &PgPool { &self.0 } }
        #[derive(derive_more::Deref)] pub struct Db2 { #[deref] pool: PgPool, n: u8 }
        fn pool() -> &'static PgPool { POOL.get().unwrap() }
        async fn f(m: Arc<Mutex<sqlx::PgConnection>>, t: Arc<tokio::sync::Mutex<Option<sqlx::PgConnection>>>, d: Db, d2: Db2) -> Result<(), sqlx::Error> {
            let a = pool().acquire().await?;
            let b = LAZY.begin().await?;
            let c = CELL.get().unwrap().acquire().await?;
            let g = m.lock().unwrap();
            let mut h = t.lock().await;
            let i = h.take();
            if let Some(conn) = h.as_mut() { let j = conn; }
            let k = d.acquire().await?;
            let l = d2.acquire().await?;
            Ok(())
        }
        "#,
    );
    let guard = "sqlx::PoolConnection<sqlx::Postgres>";
    let conn = "sqlx::Conn<sqlx::Postgres>";
    assert_eq!(ty(&p, "f", "a"), guard);
    assert_eq!(ty(&p, "f", "b"), "sqlx::Transaction<sqlx::Postgres>");
    assert_eq!(ty(&p, "f", "c"), guard);
    assert_eq!(ty(&p, "f", "g"), format!("std::sync::MutexGuard<{conn}>"));
    assert_eq!(ty(&p, "f", "i"), format!("std::option::Option<{conn}>"));
    assert_eq!(ty(&p, "f", "j"), format!("&mut {conn}"));
    assert_eq!(ty(&p, "f", "k"), guard);
    assert_eq!(ty(&p, "f", "l"), guard);
}

#[test]
fn extractors_and_turbofish_lookups_are_typed() {
    let p = link_one(
        r#"
        use axum::extract::State; use axum::Extension;
        use sqlx::PgPool;
        #[derive(Clone)] struct App { pool: PgPool }
        async fn a(State(pool): State<PgPool>, State(App { pool: p2 }): State<App>, Extension(db): Extension<PgPool>) { let c = pool.acquire().await.unwrap(); let d = p2.begin().await.unwrap(); let e = db.acquire().await.unwrap(); }
        async fn b(ctx: &async_graphql::Context<'_>) -> Result<(), ()> { let pool = ctx.data::<PgPool>().unwrap(); let c = pool.acquire().await.unwrap(); Ok(()) }
        "#,
    );
    let guard = "sqlx::PoolConnection<sqlx::Postgres>";
    assert_eq!(ty(&p, "a", "c"), guard);
    assert_eq!(ty(&p, "a", "d"), "sqlx::Transaction<sqlx::Postgres>");
    assert_eq!(ty(&p, "a", "e"), guard);
    assert_eq!(ty(&p, "b", "c"), guard);
}

#[test]
fn a_type_is_taken_from_use_in_one_step_back() {
    let p = link_one(
        r#"
        use sqlx::PgConnection;
        async fn work(c: &mut PgConnection, n: u8) {}
        struct Holder { c: PgConnection }
        async fn f(x: unknown_crate::Thing) { let mut c = x.connection(); work(&mut c, 1).await; let d = x.other(); let h = Holder { c: d }; }
        "#,
    );
    assert_eq!(ty(&p, "f", "c"), "sqlx::Conn<sqlx::Postgres>");
    assert_eq!(ty(&p, "f", "d"), "sqlx::Conn<sqlx::Postgres>");
    let body = body_of(&p, "f");
    assert_eq!(p.bodies[body].from_use.len(), 2);
}

#[test]
fn tuples_and_joins_keep_their_parts() {
    let p = link_one(
        r#"
        use sqlx::{PgPool, Transaction, Postgres};
        struct S { pool: PgPool }
        impl S {
            async fn load(&self) -> Result<(u8, Transaction<'static, Postgres>), sqlx::Error> { let tx = self.pool.begin().await?; Ok((1, tx)) }
            async fn n(&self) -> Result<u16, sqlx::Error> { Ok(1) }
            async fn run(&self) -> Result<(), sqlx::Error> {
                let (a, mut tx) = self.load().await?;
                let (b, c) = tokio::try_join!(self.load(), self.n())?;
                let (d, e) = tokio::join!(self.load(), self.n());
                for conn in vec![self.pool.acquire().await?] { let i = conn; }
                let all = futures::future::try_join_all((0..3).map(|_| self.n())).await?;
                match self.load().await { Ok((x, t)) => { let k = t; } Err(err) => { let l = err; } }
                Ok(())
            }
        }
        "#,
    );
    let tx = "sqlx::Transaction<sqlx::Postgres>";
    assert_eq!(ty(&p, "S::run", "tx"), tx);
    assert_eq!(ty(&p, "S::run", "b"), format!("(u8, {tx})"));
    assert_eq!(ty(&p, "S::run", "c"), "u16");
    assert_eq!(ty(&p, "S::run", "e"), "std::result::Result<u16, sqlx::Error>");
    assert_eq!(ty(&p, "S::run", "i"), "sqlx::PoolConnection<sqlx::Postgres>");
    assert_eq!(ty(&p, "S::run", "all"), "std::vec::Vec<u16>");
    assert_eq!(ty(&p, "S::run", "k"), tx);
    assert_eq!(ty(&p, "S::run", "l"), "sqlx::Error");
}

#[test]
fn executors_behind_bounds_are_rows_of_their_trait() {
    let p = link_one(
        r#"
        use sqlx::{Executor, Postgres, Acquire, PgConnection, Connection};
        async fn f<'e, E>(e: E) where E: Executor<'e, Database = Postgres> { let r = sqlx::query("select 1").execute(e).await; }
        async fn g(a: impl Acquire<'_, Database = Postgres>) { let c = a.acquire().await; }
        async fn h(c: &mut PgConnection) { let t = c.begin().await.unwrap(); let u = sqlx::query_as::<_, u8>("x").fetch_one(&mut *c).await; }
        "#,
    );
    assert_eq!(target(&p, "f", "execute"), "pack sqlx::Query::execute");
    assert_eq!(target(&p, "g", "acquire"), "pack sqlx::Acquire::acquire");
    assert_eq!(ty(&p, "h", "t"), "sqlx::Transaction<sqlx::Postgres>");
    assert_eq!(target(&p, "h", "fetch_one"), "pack sqlx::Query::fetch_one");
    let e = body_of(&p, "f");
    let kinds = p.may_be(&p.bodies[e].locals[crate::ir::LocalId::new(1)]);
    assert!(kinds.contains(&crate::pack::Kind::Pool), "{kinds:?}");
}

#[test]
fn each_branch_of_a_select_binds_what_its_future_gives() {
    let p = link_one(
        r#"
        async fn number() -> u16 { 1 }
        async fn text() -> Result<String, std::io::Error> { Ok(String::new()) }
        async fn f() {
            tokio::select! {
                a = number() => { let b = a; }
                c = text() => { let d = c.unwrap(); }
            }
        }
        "#,
    );
    assert_eq!(ty(&p, "f", "b"), "u16");
    assert_eq!(ty(&p, "f", "d"), "std::string::String");
}

#[test]
fn arguments_that_an_expression_does_not_write_are_inferred() {
    let p = link_one(
        r#"
        use sqlx::{Postgres, Transaction, PgConnection};
        struct Repo<C = Transaction<'static, Postgres>> { conn: C }
        impl<C> Repo<C> {
            fn over(conn: C) -> Self { Repo { conn } }
            fn into_inner(self) -> C { self.conn }
        }
        fn f(c: PgConnection, plain: Repo) {
            let a = Repo::over(c);
            let b = a.into_inner();
            let d = plain.into_inner();
        }
        "#,
    );
    assert_eq!(ty(&p, "f", "b"), "sqlx::Conn<sqlx::Postgres>");
    assert_eq!(ty(&p, "f", "d"), "sqlx::Transaction<sqlx::Postgres>");
}

#[test]
fn a_copy_of_a_library_is_the_library() {
    let app = "pub async fn f(pool: bb8::Pool<M>) { let c = pool.get().await; } pub struct M;";
    let wrapper = "pub struct Pool<M>(M); impl<M> Pool<M> { pub async fn get(&self) -> u8 { 0 } }";
    let copy = format!(
        "{wrapper} pub use inner::PooledConnection; pub struct Builder; pub trait ManageConnection {{}} mod inner {{ pub struct PooledConnection; }}"
    );
    for (library, expected) in [(copy.as_str(), "pack bb8::Pool::get"), (wrapper, "fn bb8::Pool::get")] {
        let p = link_crates(
            &[("app/src/lib.rs", app), ("vendor/bb8/src/lib.rs", library)],
            vec![krate("app", "app", &[("bb8", "vendor/bb8")]), krate("bb8", "vendor/bb8", &[])],
        );
        assert_eq!(target(&p, "f", "get"), expected);
    }
}

#[test]
fn impls_for_functions_are_for_functions_only() {
    let p = link_one(
        "pub struct Drawn; pub struct Maker;
         pub trait Make { type Out; async fn make(&self) -> Result<Self::Out, String>; }
         impl Make for Maker { type Out = Drawn; async fn make(&self) -> Result<Drawn, String> { todo!() } }
         impl<F, C> Make for F where F: Fn() -> C { type Out = C; async fn make(&self) -> Result<C, String> { Ok(self()) } }
         async fn f(maker: std::sync::Arc<dyn Make<Out = Drawn>>) { let made = maker.make().await.unwrap(); }",
    );
    assert_eq!(ty(&p, "f", "made"), "app::Drawn");
    assert_eq!(target(&p, "f", "make"), "fn (any of) app::Maker::make, app::{any}::make");
}
