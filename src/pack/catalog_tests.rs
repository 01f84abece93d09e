//! The catalog on packs of its own making. The packs that are shipped: `tests/packs.rs`.

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
    assert_eq!(
        c.alias(s("db::PgPool")).map(|t| super::super::type_expr::print(&t)).as_deref(),
        Some("db::Pool<db::Pg>")
    );
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
    assert_eq!(
        c.derive_fn(s("db::Repo"), "find_by_id_in_op").map(|r| r.path.as_str()),
        Some("db::Repo::find_by_*_in_op")
    );
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
    assert_eq!(
        told,
        [
            "rules/db2.toml:1:1: root `db` belongs to rules/db.toml already",
            "rules/db2.toml:4:1: `db::Pool::get` already has a row in rules/db.toml; keep one [[fn]]",
        ]
    );
}

#[test]
fn an_unknown_root_is_told_with_the_nearest() {
    let text = "[pack]\nroots = [\"x\"]\n[[fn]]\ncall = \"x::f\"\nout = \"dbb::Conn\"\n";
    let (_, errors) = Catalog::new(vec![pack("db", DB), pack("x", text)]);
    assert_eq!(errors[0].to_string(), "rules/x.toml:4:1: `dbb::Conn`: no pack has the root `dbb`; did you mean `db`?");
}

#[test]
fn a_family_of_crates_has_one_row() {
    let text = r#"
[pack]
[[crate]]
name = ["cloud_*", "cloud_sdk_*"]
waits = "http"
[[crate]]
name = "cloud_sdk_files"
waits = "storage"
[[crate]]
name = "cloud_sdk_q*"
waits = "queue"
"#;
    let (pack, errors) = load::load("services", "rules/services.toml", text);
    assert_eq!(errors, vec![]);
    let (c, errors) = Catalog::new(vec![pack]);
    assert_eq!(errors, vec![]);
    let waits = |name: &str| c.crate_row(s(name)).and_then(|r| r.waits.as_ref()).map(|w| w.kind.to_string());
    assert_eq!(waits("cloud_sdk_files").as_deref(), Some("storage"));
    assert_eq!(waits("cloud_sdk_mail").as_deref(), Some("http"));
    assert_eq!(waits("cloud_sdk_queue").as_deref(), Some("queue"));
    assert_eq!(waits("clouds"), None);
}
