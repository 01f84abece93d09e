//! One test per kind of error: its message and its place.

use super::*;

const HEAD: &str = "[pack]\nroots = [\"lib\", \"lib_core\"]\n";

/// The errors of a pack that starts with [`HEAD`], as `line:column: message`.
fn errors(rows: &str) -> Vec<String> {
    let (_, errors) = load("lib", "rules/lib.toml", &format!("{HEAD}{rows}"));
    errors.iter().map(|e| format!("{}:{}: {}", e.line, e.column, e.message)).collect()
}

fn one(rows: &str) -> String {
    let all = errors(rows);
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

#[test]
fn a_whole_pack_is_read() {
    let text = r#"
[pack]
packages = ["lib"]
roots = ["lib", "lib_core"]
tested = "1.2.3"
[alias]
"lib::PgPool" = "lib::Pool<lib::Pg>"
"lib::prelude::*" = "lib::*"
[assoc]
"lib::Manager" = { Type = "lib::Conn" }
[[type]]
path = "lib::Pool"
params = ["DB", "W=lib::Guard<DB>"]
kind = "pool"
wait = "30s"
size = 10
settings = { size = "max", wait = ["timeout", "timeouts"] }
[[type]]
path = "lib::Guard"
params = ["DB"]
kind = "guard"
deref = "DB::Type"
[[fn]]
call = "lib::Pool::{get, timeout_get}"
async = true
out = "Result<W>"
effect = "acquire"
[[fn]]
call = "lib::Pool::with"
out = "$1.out"
effect = "run_closure"
params = ["&mut lib::Guard<DB>"]
from = "self"
[[fn]]
call = "lib::query!"
out = "lib::Guard"
[[trait]]
path = "lib::Executor"
may_be = ["pool", "conn"]
for = ["std::future::Future", "*"]
[[crate]]
name = ["lib_a", "lib_b"]
waits = "http:medium"
[[crate]]
name = "lib_c"
waits = "none"
[[macro]]
path = "lib::{select, race}"
shape = "select"
[[derive]]
path = "lib::Repo"
fns = [{ name = ["begin", "find_by_*"], async = true, out = "Result<lib::Guard>", effect = "acquire" }]
"#;
    let (pack, errors) = load("lib", "rules/lib.toml", text);
    assert_eq!(errors, vec![]);
    assert_eq!(
        pack.fns.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
        ["lib::Pool::get", "lib::Pool::timeout_get", "lib::Pool::with", "lib::query!"]
    );
    assert_eq!(pack.types[0].settings.len(), 3);
    assert_eq!(pack.types[0].patience, Some(Patience::Seconds(30)));
    assert_eq!(pack.fns[2].closure.as_ref().map(|c| c.arg), Some(1));
    assert_eq!(pack.derives[1].1.path.as_str(), "lib::Repo::find_by_*");
    assert_eq!(pack.crates[1].waits.as_ref().map(|w| w.confidence), Some(Confidence::Medium));
    assert_eq!(pack.macros.len(), 2);
}

#[test]
fn unknown_keys() {
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"plain\"\nnuon = \"x\"\n"),
        "6:1: unknown key `nuon` in [[type]]; did you mean `noun`?"
    );
    assert_eq!(one("[[fnn]]\ncall = \"lib::a\"\n"), "3:3: unknown key `fnn` in a pack; did you mean `fn`?");
    assert_eq!(
        one("[[crate]]\nname = \"a\"\nwaits = \"http\"\nx = 1\n"),
        "6:1: unknown key `x` in [[crate]]; write one of `name`, `waits`"
    );
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"pool\"\nsettings = { sizes = \"m\" }\n"),
        "6:14: unknown key `sizes` in settings = { size = \"…\", wait = \"…\" }; did you mean `size`?"
    );
}

#[test]
fn unknown_words() {
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\nout = \"()\"\neffect = \"aquire\"\n"),
        "6:10: unknown effect `aquire`; did you mean `acquire`?"
    );
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"gaurd\"\n"),
        "5:8: unknown kind `gaurd`; did you mean `guard`?"
    );
    assert_eq!(
        one("[[macro]]\npath = \"lib::m\"\nshape = \"slect\"\n"),
        "5:9: unknown shape `slect`; did you mean `select`?"
    );
    assert_eq!(
        one("[[crate]]\nname = \"a\"\nwaits = \"htpp\"\n"),
        "5:9: unknown kind of wait `htpp`; did you mean `http`?"
    );
    assert_eq!(
        one("[[crate]]\nname = \"a\"\nwaits = \"http:hihg\"\n"),
        "5:9: unknown confidence `hihg`; did you mean `high`?"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\nblocks = \"slep\"\n"),
        "5:10: unknown kind of blocking work `slep`; did you mean `sleep`?"
    );
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"tx\"\ndrop = \"rollback\"\n"),
        "6:8: unknown drop `rollback`; did you mean `rolls_back`?"
    );
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"pool\"\nwait = \"long\"\n"),
        "6:8: `wait` is \"forever\", \"never\" or seconds such as \"30s\", not `long`"
    );
}

#[test]
fn bad_paths() {
    assert_eq!(one("[[fn]]\ncall = \"lib_core::f\"\n"), "4:9: `lib_core` folds onto `lib`; write `lib::f`");
    assert_eq!(
        one("[[fn]]\ncall = \"other::f\"\n"),
        "4:9: `other::f` is not below this pack's root `lib`; its rows belong into the pack of `other`"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::A<B>::f\"\n"),
        "4:8: a call is names joined by `::`, without arguments; `lib::A<B>::f` is not"
    );
    assert_eq!(one("[[fn]]\ncall = \"f\"\n"), "4:8: a call starts with the crate: `lib::f`");
    assert_eq!(
        one("[[fn]]\ncall = \"core::mem::drop\"\n"),
        "4:8: a call of std starts with `std::`; write `std::mem::drop`"
    );
    assert_eq!(
        one("[[crate]]\nname = \"a-b\"\nwaits = \"http\"\n"),
        "4:8: a crate's lib name is an identifier, not `a-b`; write `a_b`"
    );
    assert_eq!(one("[[fn]]\ncall = \"lib::{a, {b}}\"\n"), "4:8: one pair of braces at most: `a::B::{c, d}`");
    assert_eq!(
        one("[alias]\n\"lib::x::*\" = \"lib::Y\"\n"),
        "4:15: a glob alias stands for a glob: `\"lib::x::*\" = \"other::module::*\"`"
    );
}

#[test]
fn bad_types() {
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\nout = \"Resutl<lib::A>\"\n"),
        "5:8: `Resutl` is no type parameter in scope and no short name; did you mean `Result`?"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\nout = \"Result<lib_core::A>\"\n"),
        "5:15: `lib_core` folds onto `lib`; write `lib::A`"
    );
}

#[test]
fn args_out_of_place() {
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\nout = \"()\"\neffect = \"acquire\"\nof = 0\n"),
        "7:1: `of` is out of place: effect `acquire` does not read it; it belongs to `commit`, `rollback`, `release`, `forget`, `take`, `detach`"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\neffect = \"use\"\nconn = \"self\"\n"),
        "6:8: `conn = \"self\"`, but a free function has no receiver; write the argument's number"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::A::f\"\neffect = \"use\"\nconn = \"tx\"\n"),
        "6:8: `conn` names an argument: write its number, or `\"self\"` in a method"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::A::f\"\neffect = \"use\"\nconn = 99\n"),
        "6:8: `conn = 99`: no call has so many arguments; they count from 0, the receiver included"
    );
    assert_eq!(
        one("[[fn]]\ncall = \"lib::A::f\"\nwhat = 1\n"),
        "5:1: `what` without `params` says nothing for effect `none`; write the types of the closure's parameters"
    );
}

#[test]
fn missing_and_misplaced_things() {
    assert_eq!(one("[[type]]\npath = \"lib::A\"\n"), "3:1: `kind` is missing in [[type]]");
    assert_eq!(one("[[fn]]\nout = \"()\"\n"), "3:1: `call` is missing in [[fn]]");
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\neffect = \"connect\"\n"),
        "5:1: effect `connect` makes something: write its type in `out`"
    );
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"guard\"\nsize = 3\n"),
        "6:1: `size` belongs to a pool, semaphore or lock, and `lib::A` is none"
    );
    assert_eq!(one("[[fn]]\ncall = \"lib::f\"\nasync = 1\n"), "5:9: `async` is `true` or `false`, not integer");
    assert_eq!(
        load("x", "rules/x.toml", "[[fn]]\ncall = \"x::f\"\n").1.iter().map(|e| e.message.as_str()).collect::<Vec<_>>(),
        ["a pack starts with `[pack]`", "`x::f`: a pack with paths needs `roots = [\"x\"]` in [pack]"]
    );
}

#[test]
fn duplicate_rows() {
    assert_eq!(
        one("[[fn]]\ncall = \"lib::f\"\n[[fn]]\ncall = [\"lib::g\", \"lib::f\"]\n"),
        "6:19: `lib::f` already has a row at line 4; keep one [[fn]]"
    );
    assert_eq!(
        one("[[type]]\npath = \"lib::A\"\nkind = \"plain\"\n[[type]]\npath = \"lib::A\"\nkind = \"plain\"\n"),
        "7:8: `lib::A` already has a row at line 4; keep one [[type]]"
    );
}

#[test]
fn all_errors_of_a_file_are_told_in_order() {
    let all =
        errors("[[fn]]\ncall = \"lib::f\"\neffect = \"pas\"\n[[type]]\npath = \"lib::A\"\nkind = \"zzz\"\nq = 1\n");
    assert_eq!(all.len(), 3, "{all:#?}");
    assert!(all[0].starts_with("5:10: unknown effect `pas`; did you mean `pass`?"), "{all:#?}");
    assert!(all[1].starts_with("8:8: unknown kind `zzz`; write one of `pool`"), "{all:#?}");
    assert!(all[2].starts_with("9:1: unknown key `q`"), "{all:#?}");
}

#[test]
fn broken_toml_is_an_error_with_its_place() {
    let all = errors("[[fn]\ncall = \n");
    assert!(!all.is_empty() && all.iter().all(|e| e.starts_with("3:") || e.starts_with("4:")), "{all:#?}");
}

#[test]
fn a_project_gives_rows_about_any_crate_beside_its_own_keys() {
    let text = "exclude = [\"a\"]\n[lints]\nx = \"deny\"\n[[crate]]\nname = \"billing\"\nwaits = \"http\"\n[[fn]]\ncall = \"house::Db::conn\"\nout = \"Result<other::Conn>\"\neffect = \"acquire\"\n";
    let (pack, errors) = load_project("letgo.toml", text);
    assert_eq!(errors, vec![]);
    assert_eq!((pack.crates.len(), pack.fns.len()), (1, 1));
}
