//! Tests of provenance, of what types hold, and of the call graph.

use super::tests::{krate, link_crates, link_one};
use super::{Program, Prov, ProvRoot};
use crate::base::Symbol;
use crate::ir::{Callee, Operand};
use crate::pack::Kind;

/// Provenance of argument `arg` of the n-th call of that name in a function or anything inside it, in words.
fn prov(p: &Program, function: &str, call: &str, nth: usize, arg: usize) -> String {
    let mut seen = 0;
    for (body, info) in p.bodies.iter_enumerated() {
        if info.owner.is_none_or(|f| p.fns[f].path != function) {
            continue;
        }
        for data in &p.body(body).calls {
            let name = match &data.callee {
                Callee::Path(path) | Callee::Qualified { path, .. } | Callee::Macro { path, .. } => path.last(),
                Callee::Method { name, .. } => *name,
                Callee::Value(_) => Symbol::new("()"),
            };
            if name == call {
                if seen == nth {
                    return text(p, &p.prov(body, &data.args[arg]));
                }
                seen += 1;
            }
        }
    }
    panic!("no call {call}");
}

fn text(p: &Program, prov: &Prov) -> String {
    let start = match &prov.root {
        ProvRoot::Param(n) => format!("param {n}"),
        ProvRoot::ClosureParam(_, n) => format!("closure param {n}"),
        ProvRoot::Static(path) => format!("static {path}"),
        ProvRoot::Call(body, call) => {
            let at = &p.body(*body).calls[*call];
            let name = match &at.callee {
                Callee::Path(path) => path.to_string(),
                Callee::Method { name, .. } => name.to_string(),
                _ => "?".into(),
            };
            format!("call {name}")
        }
        ProvRoot::Local(..) => "local".into(),
        ProvRoot::Unknown => "unknown".into(),
    };
    let path: String = prov.path.iter().map(|f| format!(".{f}")).collect();
    format!("{start}{path}{}", if prov.element { " element" } else { "" })
}

const HOUSE: &str = r#"
    use std::sync::{Arc, OnceLock};
    use std::ops::Deref;
    use sqlx::PgPool;
    static POOL: OnceLock<PgPool> = OnceLock::new();
    pub fn global() -> &'static PgPool { POOL.get().expect("set") }
    #[derive(Clone)] pub struct Repo { pool: PgPool }
    impl Repo { pub fn new(pool: PgPool) -> Self { let r = Self { pool }; r } pub fn pool(&self) -> &PgPool { &self.pool } }
    pub struct Db(PgPool);
    impl Deref for Db { type Target = PgPool; fn deref(&self) -> &PgPool { &self.0 } }
    pub struct Stores { a: Repo, reader: PgPool, writer: PgPool, twin: PgPool, all: Vec<PgPool> }
    impl Stores {
        pub fn new(reader: PgPool, writer: PgPool) -> Arc<Stores> {
            Arc::new(Stores { a: Repo::new(writer.clone()), twin: writer.clone(), reader, writer, all: vec![] })
        }
        async fn go(&self, other: PgPool, flag: bool) {
            let c1 = self.a.pool().acquire().await;
            let c2 = self.a.pool.acquire().await;
            let made = Repo::new(other.clone());
            let c3 = made.pool.acquire().await;
            let c4 = global().acquire().await;
            let p = if flag { &self.reader } else { &self.writer };
            let c5 = p.acquire().await;
            let c6 = self.all[0].acquire().await;
            for q in &self.all { let c7 = q.acquire().await; }
            let arc = Arc::new(other);
            let shared = Arc::clone(&arc);
            tokio::spawn(async move { let c8 = shared.acquire().await; });
            let built = sqlx::PgPool::connect("x").await.unwrap();
            let c9 = built.acquire().await;
            let t = (self.reader.clone(), 1);
            let (u, _) = t;
            let c10 = u.acquire().await;
        }
        async fn newtype(db: &Db) { let a = db.acquire().await; let b = db.0.acquire().await; }
        async fn state(axum::extract::State(s): axum::extract::State<Arc<Stores>>) { let a = s.reader.acquire().await; }
    }
    fn rec(n: u8, r: &Repo) -> &PgPool { if n > 0 { rec(n - 1, r) } else { r.pool() } }
    async fn calls_rec(r: Repo) { let c = rec(3, &r).acquire().await; }
    struct Ctx; struct Data<'a> { ctx: &'a async_graphql::Context<'a> }
    async fn lookup(ctx: &async_graphql::Context<'_>) { let a = ctx.data::<PgPool>().unwrap().acquire().await; let b = ctx.data_unchecked::<PgPool>().acquire().await; }
"#;

#[test]
fn pools_are_traced_to_where_they_came_from() {
    let p = link_one(HOUSE);
    let at = |n| prov(&p, "Stores::go", "acquire", n, 0);
    assert_eq!(at(0), "param 0.a.pool");
    assert_eq!(at(1), "param 0.a.pool");
    assert_eq!(at(2), "param 1");
    assert_eq!(at(3), "static app::POOL");
    assert_eq!(at(4), "local");
    assert_eq!(at(5), "param 0.all element");
    assert_eq!(at(6), "param 0.all element");
    assert_eq!(at(7), "call sqlx::PgPool::connect");
    assert_eq!(at(8), "param 0.reader");
    assert_eq!(at(9), "param 1");
    assert_eq!(prov(&p, "Stores::newtype", "acquire", 0, 0), "param 0.0");
    assert_eq!(prov(&p, "Stores::newtype", "acquire", 1, 0), "param 0.0");
    assert_eq!(prov(&p, "Stores::state", "acquire", 0, 0), "param 0.reader");
    assert_eq!(prov(&p, "calls_rec", "acquire", 0, 0), "param 0.pool");
}

#[test]
fn siblings_filled_from_one_pool_are_known() {
    let p = link_one(HOUSE);
    let of = Symbol::new("app::Stores");
    let field = |n: &str| Symbol::new(n);
    assert_eq!(p.sibling_fields(of, field("writer"), field("twin")), Some(true));
    assert_eq!(p.sibling_fields(of, field("writer"), field("reader")), Some(false));
    assert_eq!(p.sibling_fields(Symbol::new("app::Nope"), field("a"), field("b")), None);
}

#[test]
fn types_tell_what_they_hold() {
    let p = link_one(
        r#"
        use std::sync::Arc;
        use sqlx::{PgPool, Postgres, Transaction, PgConnection};
        struct Deep { pool: PgPool, next: Option<Box<Deep>> }
        struct Op<'a> { tx: Transaction<'a, Postgres>, deep: Arc<Deep>, conn: &'a mut PgConnection }
        enum Either<'a> { Pool(&'a PgPool), Conn(&'a mut PgConnection) }
        trait House {} impl House for PgPool {} impl House for &mut PgConnection {}
        fn f(op: Op<'_>, m: tokio::sync::Mutex<Option<PgConnection>>, e: Either<'_>, h: impl House) {}
        "#,
    );
    let f = p.fns.iter().find(|f| f.path == "f").expect("it is there");
    let held = |n: usize| -> Vec<String> {
        let text = |h: &super::Held| {
            let path: Vec<&str> = h.path.iter().map(|s| s.as_str()).collect();
            format!("{} {:?}{}", path.join("."), h.kind, if h.by_ref { " by ref" } else { "" })
        };
        p.held(&f.params[n]).iter().map(text).collect()
    };
    assert_eq!(held(0), ["tx Tx", "deep.pool Pool by ref", "conn Conn by ref"]);
    assert_eq!(held(1), [" Lock", " Conn"]);
    assert_eq!(held(2), ["0 Pool by ref", "0 Conn by ref"]);
    assert_eq!(p.may_be(&f.params[2]), [Kind::Pool, Kind::Conn]);
    assert_eq!(p.may_be(&f.params[3]), [Kind::Pool, Kind::Conn]);
    assert_eq!(p.kind(&f.params[0]), None);
    assert_eq!(p.kind(&p.held(&f.params[0])[0].ty), Some(Kind::Tx));
}

#[test]
fn the_graph_goes_through_closures_and_traits() {
    let p = link_crates(
        &[(
            "src/lib.rs",
            r#"
            trait T { fn run(&self); }
            struct A; impl T for A { fn run(&self) { leaf() } }
            fn leaf() {}
            fn mid(t: &dyn T) { t.run() }
            fn top() { let f = || mid(&A); f(); [1].iter().for_each(other); }
            fn other(n: &u8) { top() }
            "#,
        )],
        vec![krate("app", "", &[])],
    );
    let find = |name: &str| p.fns.iter_enumerated().find(|(_, f)| f.path == name).map(|(i, _)| i).expect("it is there");
    let body = |name: &str| p.fns[find(name)].body.expect("it has one");
    assert_eq!(p.callees(body("mid")), [body("A::run")]);
    assert_eq!(p.callers(find("leaf")).len(), 1);
    let place = |name: &str| p.components().iter().position(|c| c.contains(&body(name))).expect("it is in one");
    assert!(place("leaf") < place("A::run") && place("A::run") < place("mid") && place("mid") < place("top"));
    assert_eq!(place("top"), place("other"));
}

#[test]
fn operands_of_other_kinds_have_no_provenance() {
    let p = link_one("fn f() { g(1); } fn g(n: u8) {}");
    let f = p.fns.iter().find(|f| f.path == "f").and_then(|f| f.body).expect("it has a body");
    assert!(!p.prov(f, &Operand::Literal(crate::ir::Literal::Unit)).is_known());
}
