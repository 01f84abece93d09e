//! The packs that letgo ships: they load, they are whole, they answer what a resolver asks. Library names are at home here
//! and in `rules/`, nowhere in `src/`.

use letgo::base::Symbol;
use letgo::discover::Tree;
use letgo::pack::catalog::{builtin_packs, mentions, packs_for};
use letgo::pack::{Catalog, Effect, MacroShape, TypeExpr, type_expr, words};
use letgo::pipeline::dump::{Dump, dump};
use letgo::pipeline::{self, Options};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn s(text: &str) -> Symbol {
    Symbol::new(text)
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
                || catalog.knows(path);
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
                Effect::None
                | Effect::Pass
                | Effect::Race
                | Effect::Store { .. }
                | Effect::Take { .. }
                | Effect::Use { .. } => true,
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

/// The paths of the rows that the compiled crates under `fixtures/packs` call.
fn rows_in_use(folder: &Path) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there").filter_map(Result::ok) {
        let krate = entry.path();
        let Ok(manifest) = std::fs::read_to_string(krate.join("Cargo.toml")) else { continue };
        let mut files = vec![("Cargo.toml".to_owned(), manifest)];
        for source in std::fs::read_dir(krate.join("src")).expect("a crate has sources").filter_map(Result::ok) {
            let name = format!("src/{}", source.file_name().to_string_lossy());
            if !name.ends_with(".rs") {
                continue;
            }
            files.push((name, std::fs::read_to_string(source.path()).expect("sources are readable")));
        }
        let names: Vec<String> = files.iter().skip(1).map(|(name, _)| name.clone()).collect();
        let tree = Tree::in_memory(files, 2021);
        let catalog = pipeline::catalog(&tree, None).expect("shipped packs load");
        for name in names {
            // A file of modules alone has no functions to dump.
            let Ok(types) = dump(&Options::new(&tree, &catalog), Dump::Types, Some((&name, ""))) else { continue };
            let targets = types.lines().filter_map(|line| line.split_once(" -> pack ")?.1.split(": ").next());
            used.extend(targets.map(str::to_owned));
        }
    }
    used
}

/// A row comes with a call that compiles against the library. A pack that is `experimental` says of itself that nothing proves it.
#[test]
fn every_row_is_called_by_a_compiled_fixture() {
    let used = rows_in_use(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packs"));
    let (mut bare, mut all) = (Vec::new(), 0);
    for pack in Catalog::builtin().packs.iter().filter(|pack| !pack.experimental) {
        let rows: BTreeSet<String> = pack.fns.iter().map(|row| row.path.to_string()).collect();
        all += rows.len();
        bare.extend(rows.difference(&used).map(|row| format!("{} {row}", pack.id)));
    }
    println!("{} of {all} rows are called by a compiled fixture", all - bare.len());
    assert!(bare.is_empty(), "rows that no crate under fixtures/packs calls: {bare:#?}");
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
    ty.map_or_else(|| "-".into(), |t| type_expr::print(&t))
}

/// Follows a type as the resolver does: aliases, then `deref`, then associated types of its first argument.
fn chain(c: &Catalog, path: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut ty = TypeExpr::Path(s(path), Vec::new());
    for _ in 0..6 {
        while let TypeExpr::Path(p, args) = &ty {
            match c.alias(*p) {
                Some(TypeExpr::Path(to, own)) => {
                    ty = TypeExpr::Path(to, if own.is_empty() { args.clone() } else { own })
                }
                _ => break,
            }
        }
        out.push(type_expr::print(&ty));
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
    assert_eq!(
        chain(&c, "deadpool_postgres::Client"),
        [
            "deadpool::managed::Object<deadpool_postgres::Manager>",
            "deadpool_postgres::ClientWrapper",
            "tokio_postgres::Client"
        ]
    );
    assert_eq!(
        chain(&c, "deadpool_redis::Connection"),
        ["deadpool_redis::Connection", "redis::aio::MultiplexedConnection"]
    );
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
    for (path, ty) in catalog.packs.iter().flat_map(|p| &p.aliases) {
        if path.as_str().ends_with("::*") || !matches!(ty, TypeExpr::Path(..)) {
            continue;
        }
        let end = catalog.canonical(*path);
        assert!(catalog.knows(end) || end.as_str().starts_with("std::"), "`{path}` ends at `{end}`, which has no row");
    }
}

/// The worked examples of `rules/README.md` are rows that load.
#[test]
fn the_examples_of_the_format_page_load() {
    let page = include_str!("../rules/README.md");
    let example =
        page.rsplit("```toml").next().and_then(|t| t.split("```").next()).expect("the page ends with an example");
    let roots = "\"bb8\", \"sqlx\", \"sea_orm\", \"tokio\", \"tokio_postgres\", \"redis\", \"pq_sys\"";
    let text = format!("[pack]\nseparate = true\nroots = [{roots}]\n{example}");
    let (pack, errors) = letgo::pack::load::load("example", "rules/README.md", &text);
    assert_eq!(errors, vec![]);
    assert!(pack.types.len() > 5 && pack.fns.len() > 5);
}

/// Every kind, effect word and shape is on the format page.
#[test]
fn the_format_page_names_every_word() {
    let page = include_str!("../rules/README.md");
    let kinds = words::KINDS.iter().map(|k| k.0);
    let shapes = words::SHAPES.iter().map(|k| k.0);
    let effects = words::EFFECTS.iter().map(|e| e.0).filter(|e| *e != "none");
    let waits = words::WAITS.iter().map(|w| w.0);
    let keys = [
        words::keys::PACK,
        words::keys::TYPE,
        words::keys::FN,
        words::keys::FN_EFFECT,
        words::keys::TRAIT,
        words::keys::CRATE,
    ];
    let all = kinds.chain(shapes).chain(effects).chain(waits).chain(words::BLOCKS.iter().copied()).chain(keys.concat());
    let missing: Vec<&str> =
        all.filter(|w| !page.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|p| p == *w)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}
