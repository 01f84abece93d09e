//! The closed vocabulary of packs: every word that a `rules/*.toml` may use, and the nearest one to a word it may not.
//!
//! **Invariant:** a word is listed once; the loader has no other list.

use super::schema::{Kind, MacroShape, OnDrop, Repeats, Request};
use crate::base::Confidence;

/// The keys of a pack, by table.
pub mod keys {
    /// Tables of a file.
    pub const FILE: &[&str] = &["pack", "alias", "assoc", "type", "fn", "trait", "crate", "macro", "derive"];
    /// `[pack]`.
    pub const PACK: &[&str] = &["packages", "roots", "separate", "tested", "experimental"];
    /// `[[type]]`.
    pub const TYPE: &[&str] = &[
        "path",
        "params",
        "kind",
        "noun",
        "deref",
        "item",
        "awaits",
        "waits",
        "implements",
        "drop",
        "must_end",
        "wait",
        "size",
        "settings",
        "long_lived",
        "resets",
        "stays_open",
        "request",
        "proof",
    ];
    /// `[[fn]]`, whatever its effect.
    pub const FN: &[&str] = &[
        "call",
        "async",
        "consumes",
        "out",
        "effect",
        "sql",
        "waits",
        "blocks",
        "panics_in_async",
        "ends_session",
        "read_only",
        "on_return",
        "tally",
        "note",
        "proof",
        "what",
        "params",
        "repeats",
    ];
    /// `[[fn]]`, keys that belong to an effect.
    pub const FN_EFFECT: &[&str] =
        &["from", "wait", "on", "conn", "writes", "outlives", "of", "loses_slot", "into", "value", "width"];
    /// `[[trait]]`.
    pub const TRAIT: &[&str] = &["path", "may_be", "for"];
    /// `[[crate]]`.
    pub const CRATE: &[&str] = &["name", "waits"];
    /// `[[macro]]`.
    pub const MACRO: &[&str] = &["path", "shape"];
    /// `[[derive]]`.
    pub const DERIVE: &[&str] = &["path", "fns"];
    /// `settings` of a `[[type]]`.
    pub const SETTINGS: &[&str] = &["size", "wait"];
}

/// Words of `kind`.
pub const KINDS: &[(&str, Kind)] = &[
    ("pool", Kind::Pool),
    ("guard", Kind::Guard),
    ("conn", Kind::Conn),
    ("tx", Kind::Tx),
    ("stream", Kind::Stream),
    ("semaphore", Kind::Semaphore),
    ("permit", Kind::Permit),
    ("lock", Kind::Lock),
    ("lock_guard", Kind::LockGuard),
    ("handle", Kind::Handle),
    ("driver", Kind::Driver),
    ("task", Kind::Task),
    ("raw", Kind::Raw),
    ("wrapper", Kind::Wrapper),
    ("builder", Kind::Builder),
    ("plain", Kind::Plain),
];

/// Words of `drop`.
pub const DROPS: &[(&str, OnDrop)] = &[
    ("returns", OnDrop::Returns),
    ("rolls_back", OnDrop::RollsBack),
    ("commits", OnDrop::Commits),
    ("nothing", OnDrop::Nothing),
];

/// Words of `request`.
pub const REQUESTS: &[(&str, Request)] = &[("data", Request::Data), ("state", Request::State)];

/// Words of `repeats`.
pub const REPEATS: &[(&str, Repeats)] =
    &[("item", Repeats::Item), ("request", Repeats::Request), ("worker", Repeats::Worker)];

/// Words of `shape`.
pub const SHAPES: &[(&str, MacroShape)] = &[
    ("select", MacroShape::Select),
    ("join", MacroShape::Join),
    ("try_join", MacroShape::TryJoin),
    ("stream", MacroShape::Stream),
    ("try_stream", MacroShape::TryStream),
    ("list", MacroShape::List),
    ("format", MacroShape::Format),
    ("panic", MacroShape::Panic),
    ("bail", MacroShape::Bail),
    ("ensure", MacroShape::Ensure),
    ("assert", MacroShape::Assert),
    ("matches", MacroShape::Matches),
    ("value", MacroShape::Value),
    ("query", MacroShape::Query),
    ("pin", MacroShape::Pin),
    ("drive", MacroShape::Drive),
    ("defer", MacroShape::Defer),
    ("lazy_static", MacroShape::LazyStatic),
    ("transparent", MacroShape::Transparent),
];

/// Words of `effect`, each with the effect keys that it may have besides the keys of every row.
pub const EFFECTS: &[(&str, &[&str])] = &[
    ("none", &[]),
    ("pass", &[]),
    ("race", &[]),
    ("acquire", &["from", "wait"]),
    ("begin", &["on"]),
    ("connect", &[]),
    ("use", &["conn", "writes", "outlives"]),
    ("commit", &["of"]),
    ("rollback", &["of"]),
    ("release", &["of"]),
    ("forget", &["of"]),
    ("take", &["of"]),
    ("detach", &["of", "loses_slot"]),
    ("store", &["into", "value"]),
    ("spawn", &[]),
    ("once", &[]),
    ("drive", &[]),
    ("block_on", &[]),
    ("offload", &[]),
    ("run_closure", &["from"]),
    ("fan_out", &["width"]),
    ("new_pool", &[]),
];

/// Kinds of wait, each with the confidence that it has when a row gives none: what is slow by nature is high, what is
/// usually fast or may be another slot of one's own system is medium.
pub const WAITS: &[(&str, Confidence)] = &[
    ("http", Confidence::High),
    ("rpc", Confidence::High),
    ("sleep", Confidence::High),
    ("process", Confidence::High),
    ("task", Confidence::High),
    ("channel", Confidence::High),
    ("lock", Confidence::Medium),
    ("permit", Confidence::Medium),
    ("file", Confidence::Medium),
    ("storage", Confidence::High),
    ("mail", Confidence::High),
    ("database", Confidence::Medium),
    ("cache", Confidence::Medium),
    ("queue", Confidence::High),
    ("secret", Confidence::High),
    ("kube", Confidence::High),
    ("timer", Confidence::High),
    ("stream", Confidence::Medium),
    ("signal", Confidence::High),
    ("socket", Confidence::High),
    ("client", Confidence::High),
    ("consumer", Confidence::Medium),
    ("unknown", Confidence::Low),
];

/// Kinds of blocking work.
pub const BLOCKS: &[&str] = &["sleep", "cpu", "database", "io", "lock", "process", "http", "channel", "task"];

/// Std types that type expressions may name without a path.
pub const SHORT_TYPES: &[(&str, &str)] = &[
    ("Result", "std::result::Result"),
    ("Option", "std::option::Option"),
    ("Vec", "std::vec::Vec"),
    ("Box", "std::boxed::Box"),
    ("Arc", "std::sync::Arc"),
    ("Rc", "std::rc::Rc"),
    ("Pin", "std::pin::Pin"),
    ("Cow", "std::borrow::Cow"),
    ("String", "std::string::String"),
    ("HashMap", "std::collections::HashMap"),
];

/// Primitive types.
pub const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64",
];

/// The word of `known` that is nearest to `word`, if one is near enough to be a slip of the pen.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|k| (distance(word, k), k))
        .filter(|&(d, _)| d <= limit)
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(b.1)))
        .map(|(_, k)| k)
}

/// Edit distance (insert, delete, replace, swap of neighbours) without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// `; did you mean …` or the whole list, for the end of an error message.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let words: Vec<String> = known.into_iter().map(|k| format!("`{k}`")).collect();
            format!("write one of {}", words.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("acquier", EFFECTS.iter().map(|e| e.0)), Some("acquire"));
        assert_eq!(nearest("Tx", KINDS.iter().map(|k| k.0)), Some("tx"));
        assert_eq!(nearest("banana", KINDS.iter().map(|k| k.0)), None);
        assert_eq!(nearest("relase", EFFECTS.iter().map(|e| e.0)), Some("release"));
    }
}
