//! The inventory as data that is printed: strings and places only. One file per format: [`text`], [`json`], [`markdown`].
//!
//! **Invariants:** in order of place; text that comes from source is escaped by the format that prints it.

pub mod json;
pub mod markdown;
pub mod text;

use serde::Serialize;

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inventory {
    /// Version of the JSON form.
    pub version: u32,
    /// Each acquisition.
    pub acquisitions: Vec<Acquisition>,
    /// Each entry point at which something is held.
    pub entries: Vec<Entry>,
}

/// A place, as shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The path from the working folder.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Something with a place.
#[derive(Clone, Debug, Serialize)]
pub struct At {
    /// What.
    pub what: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// An acquisition.
#[derive(Clone, Debug, Serialize)]
pub struct Acquisition {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The function around it.
    pub function: String,
    /// From where; `None` if that is not known.
    pub pool: Option<String>,
    /// The pool's type; empty if not known.
    pub pool_type: String,
    /// What it is: `transaction`; `None` if it is held for one call only.
    pub kind: Option<String>,
    /// The variable that holds it.
    pub holder: Option<String>,
    /// How sure it is that this is one.
    pub confidence: &'static str,
    /// The functions that it comes through, the library's last.
    pub through: Vec<At>,
    /// Where it is let go, and how.
    pub released: Vec<At>,
    /// What is waited for meanwhile.
    pub waits: Vec<At>,
}

/// An entry point.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// `main`, `handler`, `task` or `function`.
    pub kind: &'static str,
    /// Its function; for a task the function that starts it.
    pub function: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Whether the task is started in a loop.
    pub in_loop: bool,
    /// Per pool, most first.
    pub most: Vec<Most>,
}

/// The most of one pool.
#[derive(Clone, Debug, Serialize)]
pub struct Most {
    /// The pool; `None` if its origin is not known.
    pub pool: Option<String>,
    /// Its type, or what is known of it.
    pub pool_type: String,
    /// How many are taken; `None` if nothing limits it.
    pub held: Option<u32>,
    /// How many, if what comes in from outside is from the same pool.
    pub held_with_given: Option<u32>,
    /// It may be more.
    pub at_least: bool,
    /// The way there.
    pub path: Vec<At>,
}

/// A pool in words.
fn pool_words(name: Option<&str>, ty: &str) -> String {
    match (name, ty) {
        (Some(name), "") => format!("`{name}`"),
        (Some(name), ty) => format!("`{name}` ({ty})"),
        (None, "") => "no pool that is known".to_owned(),
        (None, ty) => format!("a pool of unknown origin ({ty})"),
    }
}

/// How many in words: `2`, `at least 2`, `unbounded`.
fn amount_words(most: &Most) -> String {
    match (most.held, most.at_least) {
        (None, _) => "unbounded".to_owned(),
        (Some(n), true) => format!("at least {n}"),
        (Some(n), false) => n.to_string(),
    }
}

/// How many it is with what comes in, if that makes a difference.
fn given_words(most: &Most) -> String {
    match (most.held, most.held_with_given) {
        (Some(n), Some(m)) if m > n => format!(", {m} if the connection it is given is from there too"),
        (Some(_) | None, _) => String::new(),
    }
}

/// What an acquisition gives, in words.
fn held_words(a: &Acquisition) -> String {
    match (&a.kind, &a.holder) {
        (Some(kind), Some(holder)) => format!("`{holder}` ({kind})"),
        (Some(kind), None) => format!("{kind} without a name"),
        (None, _) => "connection for the length of the call".to_owned(),
    }
}

#[cfg(test)]
pub(super) fn sample() -> Inventory {
    let place = |line| Place { path: "src/a|b.rs".to_owned(), line, column: 5 };
    let at = |what: &str, line| At { what: what.to_owned(), place: place(line) };
    Inventory {
        version: 1,
        acquisitions: vec![Acquisition {
            place: place(3),
            function: "sell".to_owned(),
            pool: Some("app.db".to_owned()),
            pool_type: "PgPool".to_owned(),
            kind: Some("transaction".to_owned()),
            holder: Some("tx".to_owned()),
            confidence: "high",
            through: Vec::new(),
            released: vec![at("commit", 9)],
            waits: vec![at("http (send)", 5)],
        }],
        entries: vec![Entry {
            kind: "handler",
            function: "sell".to_owned(),
            place: place(2),
            in_loop: false,
            most: vec![Most {
                pool: None,
                pool_type: "\u{1b}[2J".to_owned(),
                held: Some(2),
                held_with_given: Some(3),
                at_least: true,
                path: vec![at("takes `tx`", 3), at("calls note", 7)],
            }],
        }],
    }
}
