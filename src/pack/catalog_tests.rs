//! The catalog by itself, and all shipped packs through it.

use super::*;

fn pack(id: &str, text: &str) -> Pack {
    let (pack, errors) = load::load(id, &format!("rules/{id}.toml"), text);
    assert_eq!(errors, vec![]);
    pack
}

const DB: &str = r#"
[pack]
packages = ["db"]
roots = ["db", "db_core"]
[alias]
"db::PgPool" = "db::Pool<db::Pg>"
"db::pool::*" = "db::*"
"db::future::Boxed" = "Future<$0>"
[assoc]
"db::Manager" = { Type = "db::Conn" }
[[type]]
path = "db::Pool"
params = ["DB"]
kind = "pool"
[[type]]
path = "db::Pg"
kind = "plain"
[[type]]
path = "db::Conn"
kind = "conn"
[[type]]
path = "db::Rows"
kind = "stream"
implements = ["db::Stream"]
[[trait]]
path = "db::Executor"
may_be = ["pool", "conn"]
[[trait]]
path = "db::Stream"
[[trait]]
path = "db::StreamExt"
for = ["db::Stream"]
[[trait]]
path = "db::Anything"
for = ["*"]
[[fn]]
call = "db::Pool::{get, close}"
[[fn]]
call = "db::StreamExt::next"
[[fn]]
call = "db::Executor::get"
[[crate]]
name = "db"
waits = "database"
[[macro]]
path = "db::select"
shape = "select"
[[macro]]
path = "db::pin"
shape = "pin"
[[derive]]
path = "db::Repo"
fns = [{ name = ["find_by_*", "find_by_*_in_op", "create"] }]
"#;

const OTHER: &str = r#"
[pack]
packages = ["other"]
roots = ["other"]
[[fn]]
call = "other::f"
out = "db::Conn"
[[macro]]
path = "other::pin"
shape = "value"
"#;

fn both() -> Catalog {
    let (catalog, errors) = Catalog::new(vec![pack("db", DB), pack("other", OTHER)]);
    assert_eq!(errors, vec![]);
    catalog
}

fn s(text: &str) -> Symbol {
    Symbol::new(text)
}

#[test]
fn paths_become_canonical() {
    let c = both();
    assert_eq!(c.canonical(s("db_core::pool::Pool::get")), "db::Pool::get");
    assert_eq!(c.canonical(s("db::PgPool::get")), "db::Pool::get");
    assert_eq!(c.canonical(s("db::pool::PgPool")), "db::Pool");
    assert_eq!(c.canonical(s("core::mem::drop")), "std::mem::drop");
    assert_eq!(c.canonical(s("unknown::x")), "unknown::x");
    assert_eq!(c.alias(s("db::PgPool")).map(|t| super::super::type_expr::print(&t)).as_deref(), Some("db::Pool<db::Pg>"));
    assert_eq!(c.alias(s("db::pool::Conn")).map(|t| super::super::type_expr::print(&t)).as_deref(), Some("db::Conn"));
    assert_eq!(c.alias(s("db::Pool")), None);
    assert_eq!(c.fold_root(s("db_core")), Some(s("db")));
    assert_eq!(c.pack_of_root(s("db_core")).map(|p| p.id.as_str()), Some("db"));
    assert!(c.crate_row(s("db_core")).is_some());
}

#[test]
fn methods_are_found_by_name_trait_and_derive() {
    let c = both();
    assert_eq!(c.methods_named(s("get")), [s("db::Executor::get"), s("db::Pool::get")]);
    assert_eq!(c.trait_methods(s("get")).iter().map(|(t, _)| *t).collect::<Vec<_>>(), [s("db::Executor")]);
    assert!(c.method(s("db::Pool"), s("close")).is_some());
    assert!(c.applies(s("db::Executor"), s("db::Conn")));
    assert!(!c.applies(s("db::Executor"), s("db::Rows")));
    assert!(c.applies(s("db::StreamExt"), s("db::Rows")));
    assert!(c.applies(s("db::Anything"), s("db::Pg")));
    assert_eq!(c.derive_fn(s("db::Repo"), "find_by_name").map(|r| r.path.as_str()), Some("db::Repo::find_by_*"));
    assert_eq!(c.derive_fn(s("db::Repo"), "find_by_id_in_op").map(|r| r.path.as_str()), Some("db::Repo::find_by_*_in_op"));
    assert_eq!(c.derive_fn(s("db::Repo"), "delete"), None);
    assert!(c.assoc(s("db::Manager"), s("Type")).is_some());
}

#[test]
fn macros_are_found_as_written_where_names_agree() {
    let c = both();
    assert_eq!(c.macro_shape_written(&[s("select")]), Some(MacroShape::Select));
    assert_eq!(c.macro_shape_written(&[s("db_core"), s("select")]), Some(MacroShape::Select));
    assert_eq!(c.macro_shape_written(&[s("pin")]), None);
    assert_eq!(c.macro_shape_written(&[s("other"), s("pin")]), Some(MacroShape::Value));
}

#[test]
fn a_pack_brings_the_packs_that_it_names() {
    let c = both();
    assert_eq!(c.active_for(["other"]), ["db", "other"]);
    assert_eq!(c.active_for(["db"]), ["db"]);
    assert!(c.active_for([]).is_empty());
    assert!(c.narrowed(["db"]).fn_row(s("other::f")).is_none());
}

#[test]
fn two_packs_may_not_say_different_things_of_one_path_but_a_project_may() {
    let text = "[[fn]]\ncall = \"db::Pool::get\"\nasync = true\n";
    let (project, errors) = load::load_project("letgo.toml", text);
    assert_eq!(errors, vec![]);
    let (catalog, errors) = Catalog::new(vec![pack("db", DB), project]);
    assert_eq!(errors, vec![]);
    assert!(catalog.fn_row(s("db::Pool::get")).is_some_and(|r| r.is_async));

    let same = "[pack]\nroots = [\"db\"]\n[[fn]]\ncall = \"db::Pool::get\"\n";
    let (_, errors) = Catalog::new(vec![pack("db", DB), pack("db2", same)]);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(told, [
        "rules/db2.toml:1:1: root `db` belongs to rules/db.toml already",
        "rules/db2.toml:4:1: `db::Pool::get` already has a row in rules/db.toml; keep one [[fn]]",
    ]);
}

#[test]
fn an_unknown_root_is_told_with_the_nearest() {
    let text = "[pack]\nroots = [\"x\"]\n[[fn]]\ncall = \"x::f\"\nout = \"dbb::Conn\"\n";
    let (_, errors) = Catalog::new(vec![pack("db", DB), pack("x", text)]);
    assert_eq!(errors[0].to_string(), "rules/x.toml:4:1: `dbb::Conn`: no pack has the root `dbb`; did you mean `db`?");
}

#[test]
fn all_shipped_packs_load_without_an_error() {
    let (packs, mut errors) = builtin_packs();
    let (_, more) = Catalog::new(packs);
    errors.extend(more);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn every_path_that_a_shipped_row_names_is_known() {
    let catalog = Catalog::builtin();
    let mut loose: BTreeMap<String, String> = BTreeMap::new();
    for pack in &catalog.packs {
        mentions(pack, &mut |table, row, path| {
            let known = path.as_str().starts_with("std::")
                || path.as_str().ends_with("::*")
                || words::PRIMITIVES.contains(&path.as_str())
                || catalog.has_row(path)
                || catalog.alias(path).is_some();
            if !known {
                loose.insert(path.to_string(), format!("{} {table} {row}", pack.origin));
            }
        });
    }
    assert!(loose.is_empty(), "paths without a row: {loose:#?}");
}

#[test]
fn shipped_rows_that_take_or_end_something_are_proven() {
    let mut bare = Vec::new();
    for pack in Catalog::builtin().packs.iter().filter(|p| !p.experimental) {
        for row in &pack.fns {
            let plain = match row.effect {
                Effect::None | Effect::Pass | Effect::Race | Effect::Store { .. } | Effect::Take { .. } | Effect::Use { .. } => true,
                Effect::Acquire { .. }
                | Effect::Begin { .. }
                | Effect::Connect
                | Effect::Commit { .. }
                | Effect::Rollback { .. }
                | Effect::Release { .. }
                | Effect::Detach { .. }
                | Effect::Forget { .. }
                | Effect::Spawn { .. }
                | Effect::Offload { .. }
                | Effect::RunClosure { .. }
                | Effect::FanOut { .. }
                | Effect::Once { .. }
                | Effect::NewPool
                | Effect::Drive { .. }
                | Effect::BlockOn { .. } => false,
            };
            if !plain && row.proof.is_empty() {
                bare.push(format!("{}: {}", pack.origin, row.path));
            }
        }
    }
    assert!(bare.is_empty(), "rows without proof: {bare:#?}");
}

#[test]
fn the_packs_of_a_project_are_those_that_are_active() {
    let packages = ["sqlx", "deadpool-postgres", "reqwest", "diesel-async"];
    let all = Catalog::builtin();
    let some: Vec<String> = packs_for(packages).into_iter().map(|p| p.id).collect();
    assert_eq!(some, all.active_for(packages));
    assert!(some.iter().any(|p| p == "deadpool") && some.iter().any(|p| p == "std"));
    assert!(!some.iter().any(|p| p == "mongodb"));
}

fn printed(ty: Option<TypeExpr>) -> String {
    ty.map_or_else(|| "-".into(), |t| super::super::type_expr::print(&t))
}

/// Follows a type as the resolver does: aliases, then `deref`, then associated types of its first argument.
fn chain(c: &Catalog, path: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut ty = TypeExpr::Path(s(path), Vec::new());
    for _ in 0..6 {
        while let TypeExpr::Path(p, args) = &ty {
            match c.alias(*p) {
                Some(TypeExpr::Path(to, own)) => ty = TypeExpr::Path(to, if own.is_empty() { args.clone() } else { own }),
                _ => break,
            }
        }
        out.push(super::super::type_expr::print(&ty));
        let TypeExpr::Path(p, args) = &ty else { break };
        let Some(row) = c.type_row(*p) else { break };
        let Some(next) = row.deref.clone() else { break };
        let bind = |name: Symbol| row.params.iter().position(|(n, _)| *n == name).and_then(|i| args.get(i)).cloned();
        ty = match next {
            TypeExpr::Param(name) => bind(name).unwrap_or(TypeExpr::Unknown),
            TypeExpr::Assoc(of, name) => match *of {
                TypeExpr::Param(param) => match bind(param) {
                    Some(TypeExpr::Path(manager, _)) => c.assoc(manager, name).cloned().unwrap_or(TypeExpr::Unknown),
                    _ => TypeExpr::Unknown,
                },
                _ => TypeExpr::Unknown,
            },
            other => other,
        };
    }
    out
}

#[test]
fn shipped_packs_answer_what_a_resolver_asks() {
    let c = Catalog::builtin();
    let canonical = |p: &str| c.canonical(s(p)).to_string();
    assert_eq!(canonical("sqlx::PgPool::connect"), "sqlx::Pool::connect");
    assert_eq!(canonical("sqlx::postgres::PgPoolOptions::new"), "sqlx::PoolOptions::new");
    assert_eq!(canonical("sqlx_core::pool::PoolConnection::detach"), "sqlx::PoolConnection::detach");
    assert_eq!(canonical("sqlx::query"), "sqlx::query");
    assert_eq!(canonical("sqlx::query::QueryAs::fetch_one"), "sqlx::Query::fetch_one");
    assert_eq!(canonical("futures_util::stream::StreamExt::next"), "futures::StreamExt::next");
    assert_eq!(canonical("tokio::task::spawn"), "tokio::spawn");
    assert_eq!(canonical("std::prelude::drop"), "std::mem::drop");
    assert_eq!(canonical("diesel::r2d2::Pool::get"), "r2d2::Pool::get");
    assert_eq!(canonical("deadpool_redis::redis::cmd"), "redis::cmd");
    assert_eq!(canonical("eyre::WrapErr::wrap_err"), "anyhow::WrapErr::wrap_err");
    assert_eq!(printed(c.alias(s("sqlx::PgConnection"))), "sqlx::Conn<sqlx::Postgres>");
    assert_eq!(printed(c.alias(s("futures::future::BoxFuture"))), "Future<$0>");
    assert_eq!(printed(c.alias(s("anyhow::Result"))), "std::result::Result<$0>");
    assert_eq!(chain(&c, "deadpool_postgres::Client"), [
        "deadpool::managed::Object<deadpool_postgres::Manager>",
        "deadpool_postgres::ClientWrapper",
        "tokio_postgres::Client"
    ]);
    assert_eq!(chain(&c, "deadpool_redis::Connection"), ["deadpool_redis::Connection", "redis::aio::MultiplexedConnection"]);
    assert_eq!(chain(&c, "sqlx::PgTransaction"), ["sqlx::Transaction<sqlx::Postgres>", "sqlx::Conn<DB>"]);
    assert_eq!(c.macro_shape_written(&[s("select")]), Some(MacroShape::Select));
    assert_eq!(c.macro_shape_written(&[s("sqlx"), s("query_as")]), Some(MacroShape::Query));
    assert_eq!(c.macro_shape_written(&[s("bail")]), Some(MacroShape::Bail));
    assert_eq!(c.macro_shape_written(&[s("info")]), Some(MacroShape::Format));
    assert_eq!(c.macro_shape_written(&[s("pin")]), Some(MacroShape::Pin));
    assert!(c.applies(s("futures::StreamExt"), s("sqlx::RowStream")));
    assert!(c.applies(s("futures::FutureExt"), s("std::future::Future")));
    assert!(c.applies(s("std::iter::Iterator"), s("std::iter::Iter")));
    assert!(!c.applies(s("diesel::Connection"), s("sqlx::Conn")));
    assert!(!c.applies(s("futures::StreamExt"), s("std::iter::Iter")));
    let row = c.derive_fn(s("es_entity::EsRepo"), "find_by_email_in_op").expect("the pack has it");
    assert!(matches!(row.effect, Effect::Use { conn: 1, .. }));
}

#[test]
fn an_alias_never_leads_in_a_circle() {
    let catalog = Catalog::builtin();
    for path in catalog.aliases.keys() {
        let end = catalog.canonical(*path);
        let known = catalog.has_row(end) || end.as_str().starts_with("std::") || !matches!(catalog.aliases[path], TypeExpr::Path(..));
        assert!(known, "`{path}` ends at `{end}`, which has no row");
    }
}
