//! Rows of a pack back to the words of `rules/README.md`, one line each, for `letgo packs show`.
//!
//! **Invariants:** every key of a row that is not at its default is told; matches are exhaustive, so that a new key cannot be
//! forgotten. **Absent on purpose:** layout, which is the report's.

use super::schema::*;
use super::type_expr;
use super::words;
use crate::base::{Confidence, Symbol};

/// What a `[[type]]` row says besides its path and proof.
pub fn type_row(row: &TypeRow) -> String {
    let mut out = vec![word(words::KINDS, row.kind).to_owned()];
    let mut tell = |key: &str, value: String| out.push(format!("{key} {value}"));
    if let Some(noun) = &row.noun {
        tell("noun", format!("{noun:?}"));
    }
    for (key, ty) in [("deref", &row.deref), ("item", &row.item), ("awaits", &row.awaits)] {
        if let Some(ty) = ty {
            tell(key, type_expr::print(ty));
        }
    }
    if let Some(waits) = &row.waits {
        tell("waits", wait(waits));
    }
    if !row.implements.is_empty() {
        tell("implements", names(&row.implements));
    }
    if row.on_drop != OnDrop::Returns {
        tell("drop", word(words::DROPS, row.on_drop).to_owned());
    }
    if !row.must_end.is_empty() {
        tell("must end by", row.must_end.join(" or "));
    }
    if let Some(size) = row.size {
        tell("size", size.to_string());
    }
    if let Some(patience) = row.patience {
        tell("wait", patience_words(patience));
    }
    for (of, setting) in &row.settings {
        tell("setting", format!("{setting} for {of}"));
    }
    if let Some(request) = row.request {
        tell("request", word(words::REQUESTS, request).to_owned());
    }
    for (flag, set) in [("long_lived", row.long_lived), ("resets", row.resets), ("stays_open", row.stays_open)] {
        if set {
            out.push(flag.to_owned());
        }
    }
    out.join(", ")
}

/// The path of a type with its parameters.
pub fn type_head(row: &TypeRow) -> String {
    let param = |(name, default): &(Symbol, Option<TypeExpr>)| match default {
        Some(ty) => format!("{name}={}", type_expr::print(ty)),
        None => name.to_string(),
    };
    let params: Vec<String> = row.params.iter().map(param).collect();
    if params.is_empty() { row.path.to_string() } else { format!("{}<{}>", row.path, params.join(", ")) }
}

/// What a `[[fn]]` row says besides its path, proof and note.
pub fn fn_row(row: &FnRow) -> String {
    let mut out = Vec::new();
    if row.is_async {
        out.push("async".to_owned());
    }
    out.extend(effect(&row.effect));
    if let Some(ty) = &row.out {
        out.push(format!("gives {}", type_expr::print(ty)));
    }
    if let Some(closure) = row.closure.as_ref().filter(|_| !effect_has_params(&row.effect)) {
        out.push(format!("calls {} with ({})", argument(closure.arg), types(&closure.params)));
    }
    if let Some((arg, often)) = row.repeats {
        out.push(format!("repeats {} per {}", argument(arg), word(words::REPEATS, often)));
    }
    if let Some(arg) = row.sql {
        out.push(format!("SQL in {}", argument(arg)));
    }
    if let Some(waits) = &row.waits {
        out.push(format!("waits {}", wait(waits)));
    }
    if let Some(blocks) = row.blocks {
        out.push(format!("blocks {blocks}"));
    }
    let flags = [
        ("consumes", row.consumes),
        ("panics_in_async", row.panics_in_async),
        ("ends_session", row.ends_session),
        ("outlives", row.outlives),
    ];
    out.extend(flags.iter().filter(|(_, set)| *set).map(|(flag, _)| (*flag).to_owned()));
    if out.is_empty() { "reads its arguments".to_owned() } else { out.join(", ") }
}

/// What a `[[trait]]` row says.
pub fn trait_row(row: &TraitRow) -> String {
    let kinds: Vec<&str> = row.may_be.iter().map(|kind| word(words::KINDS, *kind)).collect();
    let mut out = Vec::new();
    if !kinds.is_empty() {
        out.push(format!("may be {}", kinds.join(", ")));
    }
    if !row.applies_to.is_empty() {
        out.push(format!("for {}", names(&row.applies_to)));
    }
    out.join("; ")
}

/// What a `[[crate]]` row says.
pub fn crate_row(row: &CrateRow) -> String {
    format!("waits {}", row.waits.as_ref().map_or_else(|| "none".to_owned(), wait))
}

/// The word of a macro's shape.
pub fn shape(shape: MacroShape) -> &'static str {
    word(words::SHAPES, shape)
}

fn effect(effect: &Effect) -> Option<String> {
    let of = |verb: &str, arg: Arg| Some(format!("{verb} {}", argument(arg)));
    match effect {
        Effect::None => None,
        Effect::Pass => Some("pass".to_owned()),
        Effect::Race => Some("race".to_owned()),
        Effect::Acquire { from, patience: None } => of("acquire from", *from),
        Effect::Acquire { from, patience: Some(patience) } => {
            Some(format!("acquire from {}, wait {}", argument(*from), patience_words(*patience)))
        }
        Effect::Begin { on } => of("begin on", *on),
        Effect::Connect => Some("connect".to_owned()),
        // `sql` repeats the row's own key.
        Effect::Use { conn, sql: _, writes } => Some(match writes {
            None => format!("use {}", argument(*conn)),
            Some(true) => format!("use {}, writes", argument(*conn)),
            Some(false) => format!("use {}, only reads", argument(*conn)),
        }),
        Effect::Commit { of: arg } => of("commit", *arg),
        Effect::Rollback { of: arg } => of("rollback", *arg),
        Effect::Release { of: arg } => of("release", *arg),
        Effect::Detach { of: arg, loses_slot: false } => of("detach", *arg),
        Effect::Detach { of: arg, loses_slot: true } => Some(format!("detach {}, loses the slot", argument(*arg))),
        Effect::Forget { of: arg } => of("forget", *arg),
        Effect::Store { into, value } => Some(format!("store {} into {}", argument(*value), argument(*into))),
        Effect::Take { of: arg } => of("take out of", *arg),
        Effect::Spawn { what } => of("spawn", *what),
        Effect::Once { what } => of("once", *what),
        Effect::Drive { what } => of("drive", *what),
        Effect::BlockOn { what } => of("block_on", *what),
        Effect::Offload { what, params } => Some(format!("offload {} with ({})", argument(*what), types(params))),
        Effect::RunClosure { what, params, from } => {
            let from = from.map_or_else(String::new, |arg| format!(" from {}", argument(arg)));
            Some(format!("run_closure {} with ({}){from}", argument(*what), types(params)))
        }
        Effect::FanOut { what, width } => {
            let width = width.map_or_else(String::new, |arg| format!(", width in {}", argument(arg)));
            Some(format!("fan_out {}{width}", argument(*what)))
        }
        Effect::NewPool => Some("new_pool".to_owned()),
    }
}

/// Whether the effect's words name the closure's parameters.
fn effect_has_params(effect: &Effect) -> bool {
    matches!(effect, Effect::Offload { .. } | Effect::RunClosure { .. })
}

fn argument(arg: Arg) -> String {
    format!("${arg}")
}

fn types(list: &[TypeExpr]) -> String {
    list.iter().map(type_expr::print).collect::<Vec<_>>().join(", ")
}

fn names(list: &[Symbol]) -> String {
    list.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")
}

fn wait(row: &WaitRow) -> String {
    let sure = match row.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    };
    format!("{}:{sure}", row.kind)
}

fn patience_words(patience: Patience) -> String {
    match patience {
        Patience::Forever => "forever".to_owned(),
        Patience::Never => "never".to_owned(),
        Patience::Seconds(seconds) => format!("{seconds}s"),
    }
}

/// The word that the format has for a value. Every value has one: a test says so.
fn word<T: PartialEq + Copy>(known: &[(&'static str, T)], value: T) -> &'static str {
    known.iter().find(|(_, v)| *v == value).map_or("?", |(w, _)| w)
}

#[cfg(test)]
mod tests {
    use super::super::catalog::Catalog;
    use super::*;

    #[test]
    fn a_row_is_told_in_the_words_of_the_format() {
        let text = "[pack]\nroots = [\"lib\"]\n[[type]]\npath = \"lib::Pool\"\nparams = [\"M\"]\nkind = \"pool\"\nwait = \"30s\"\nsize = 10\n\
                    settings = { size = \"max\" }\n[[fn]]\ncall = \"lib::Pool::get\"\nasync = true\nout = \"Result<M>\"\n\
                    effect = \"acquire\"\nwait = \"never\"\nwaits = \"permit\"\nproof = \"lib-1\"\n";
        let (pack, errors) = super::super::load::load("lib", "rules/lib.toml", text);
        assert_eq!(errors, vec![]);
        assert_eq!(type_head(&pack.types[0]), "lib::Pool<M>");
        assert_eq!(type_row(&pack.types[0]), "pool, size 10, wait 30s, setting max for size");
        assert_eq!(
            fn_row(&pack.fns[0]),
            "async, acquire from $0, wait never, gives std::result::Result<M>, waits permit:medium"
        );
    }

    #[test]
    fn every_shipped_row_has_words() {
        for pack in &Catalog::builtin().packs {
            let types = pack.types.iter().map(type_row);
            let fns = pack.fns.iter().map(fn_row);
            let rest = pack.traits.iter().map(trait_row).chain(pack.macros.iter().map(|m| shape(m.1).to_owned()));
            for words in types.chain(fns).chain(rest) {
                assert!(!words.contains('?') || words.contains("$"), "{}: {words}", pack.id);
                assert!(!words.starts_with('?'), "{}: {words}", pack.id);
            }
        }
    }
}
