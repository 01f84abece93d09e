//! Pairs of statements: what one leaves to its session and another takes back.
//!
//! **Invariant:** a text that holds both halves of a pair is whole and has neither. **Absent on purpose:** settings whose
//! second half would only be another value; nobody can tell a reset from a change.

use super::{HOLE, statements};

/// One half of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// The pair.
    pub of: Pair,
    /// It is the first half.
    pub opens: bool,
}

/// What a pair of statements sets up and takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// `BEGIN`; `COMMIT`, which may fail and leave it open, or `ROLLBACK`.
    Transaction {
        /// The half at hand is a `COMMIT`.
        commits: bool,
    },
    /// `SET name`, `PRAGMA name = off`; its default again. In SQLite and MySQL a transaction does not take it back.
    Setting {
        /// As it is written.
        name: String,
        /// A transaction that is rolled back takes it back: those of Postgres.
        rolls_back: bool,
    },
    /// `ATTACH DATABASE … AS name`, `DETACH`.
    Attached(String),
    /// `LISTEN`, `UNLISTEN`.
    Listening,
    /// `LOCK TABLES`, `UNLOCK TABLES`.
    Tables,
    /// `CREATE TEMPORARY TABLE name`, `DROP TABLE name`.
    Table(String),
}

impl Pair {
    /// What a reader calls what it sets up; also its name among the accounts of a connection.
    pub fn noun(&self) -> String {
        match self {
            Pair::Transaction { .. } => String::from("the transaction"),
            Pair::Setting { name, .. } => format!("the setting `{name}`"),
            Pair::Attached(name) if name == HOLE || name.is_empty() => String::from("the attached database"),
            Pair::Attached(name) => format!("the attached database `{name}`"),
            Pair::Listening => String::from("`LISTEN`"),
            Pair::Tables => String::from("`LOCK TABLES`"),
            Pair::Table(name) => format!("the temporary table `{name}`"),
        }
    }
    /// Whether rolling a transaction back takes it back.
    pub fn rolls_back(&self) -> bool {
        match self {
            Pair::Setting { rolls_back, .. } => *rolls_back,
            Pair::Listening | Pair::Table(_) => true,
            Pair::Transaction { .. } | Pair::Attached(_) | Pair::Tables => false,
        }
    }
}

/// The halves that a text sends.
pub fn halves(text: &str) -> Vec<Half> {
    let mut found: Vec<Half> = Vec::new();
    let statements = statements(text);
    if let Some(opens) = super::transaction(text) {
        let commits = statements.iter().any(|s| matches!(s[0].as_str(), "commit" | "end"));
        found.push(Half { of: Pair::Transaction { commits }, opens });
    }
    // What a routine does when it is called is not done here.
    let makes_routine =
        |s: &Vec<String>| s[0] == "do" || s[0] == "create" && !s.iter().any(|w| w == "table" || w == "table(");
    if statements.iter().any(makes_routine) {
        return found;
    }
    let settings: Vec<Half> = statements.iter().filter_map(|s| half(s)).collect();
    for half in &settings {
        let other = |h: &&Half| h.of == half.of && h.opens != half.opens;
        if !settings.iter().any(|h| other(&h)) && !found.contains(half) {
            found.push(half.clone());
        }
    }
    found
}

fn half(statement: &[String]) -> Option<Half> {
    let word = |n: usize| statement.get(n).map_or("", String::as_str);
    let last = statement.last().map_or("", String::as_str);
    let some = |of: Pair, opens: bool| Some(Half { of, opens });
    match word(0) {
        "pragma" if statement.len() == 3 => {
            let on = switch(word(2))?;
            let opens = match word(1) {
                "foreign_keys" | "synchronous" => !on,
                "writable_schema" | "legacy_alter_table" | "ignore_check_constraints" | "query_only" => on,
                _ => return None,
            };
            some(Pair::Setting { name: word(1).to_owned(), rolls_back: false }, opens)
        }
        "attach" if statement.iter().any(|w| w == "as") => some(Pair::Attached(last.to_owned()), true),
        "detach" => some(Pair::Attached(last.to_owned()), false),
        "listen" if statement.len() == 2 => some(Pair::Listening, true),
        "unlisten" => some(Pair::Listening, false),
        "lock" if word(1) == "tables" => some(Pair::Tables, true),
        "unlock" if word(1) == "tables" => some(Pair::Tables, false),
        "create" if matches!(word(1), "temp" | "temporary") && word(2) == "table" => temporary(&statement[3..]),
        // One that may not be there is dropped before it is made.
        "drop" if word(1) == "table" && statement.len() == 3 => some(Pair::Table(word(2).to_owned()), false),
        "set" => set(&statement[1..]),
        "reset" if statement.len() == 2 => {
            some(Pair::Setting { name: word(1).to_owned(), rolls_back: true }, false).filter(|_| word(1) != "all")
        }
        _ => None,
    }
}

/// What follows `CREATE TEMPORARY TABLE`; one that ends with its transaction is no debt.
fn temporary(words: &[String]) -> Option<Half> {
    let name = words.iter().find(|w| !matches!(w.as_str(), "if" | "not" | "exists"))?;
    if words.windows(2).any(|w| w[0] == "commit" && w[1] == "drop") {
        return None;
    }
    Some(Half { of: Pair::Table(name.trim_end_matches('(').to_owned()), opens: true })
}

/// `SET` without its first word.
fn set(words: &[String]) -> Option<Half> {
    let words = match words.first()?.as_str() {
        "session" if words.get(1).is_some_and(|w| w == "authorization") => words,
        "session" => &words[1..],
        _ => words,
    };
    let (name, value) = words.split_first()?;
    let value: Vec<&str> = value.iter().map(String::as_str).filter(|w| *w != "to").collect();
    let setting = |rolls_back: bool| Pair::Setting { name: name.clone(), rolls_back };
    match name.as_str() {
        // Switches of MySQL.
        "foreign_key_checks" | "unique_checks" | "sql_safe_updates" | "autocommit" => {
            Some(Half { of: setting(false), opens: !switch(value.first()?)? })
        }
        "role" | "authorization" | "session_replication_role" | "search_path" => {
            let first = value.first()?;
            Some(Half { of: setting(true), opens: !matches!(*first, "none" | "default" | "origin") })
        }
        _ => None,
    }
}

/// A value that switches something on or off.
fn switch(word: &str) -> Option<bool> {
    match word {
        "on" | "1" | "true" | "yes" | "normal" | "full" => Some(true),
        "off" | "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, bool)> {
        halves(text).into_iter().map(|h| (h.of.noun(), h.opens)).collect()
    }

    #[test]
    fn pairs_are_read_and_whole_texts_are_not() {
        let name = |name: &str| format!("the setting `{name}`");
        assert_eq!(told("PRAGMA foreign_keys = OFF"), [(name("foreign_keys"), true)]);
        assert_eq!(told("PRAGMA foreign_keys=ON;"), [(name("foreign_keys"), false)]);
        assert_eq!(told("PRAGMA foreign_keys(0)"), []);
        assert_eq!(told("PRAGMA foreign_keys"), []);
        assert_eq!(told("PRAGMA foreign_keys=OFF; DELETE FROM a; PRAGMA foreign_keys=ON"), []);
        assert_eq!(told("SET ROLE app"), [(name("role"), true)]);
        assert_eq!(told("RESET ROLE"), [(name("role"), false)]);
        assert_eq!(told("SET SESSION ROLE NONE"), [(name("role"), false)]);
        assert_eq!(told("SET LOCAL ROLE app"), []);
        assert_eq!(told("SET search_path TO tenant"), [(name("search_path"), true)]);
        assert_eq!(told("SET FOREIGN_KEY_CHECKS = 0"), [(name("foreign_key_checks"), true)]);
        assert_eq!(told("ATTACH DATABASE 'a.db' AS other"), [(String::from("the attached database `other`"), true)]);
        assert_eq!(told("BEGIN IMMEDIATE"), [(String::from("the transaction"), true)]);
        let table = |opens| [(String::from("the temporary table `batch`"), opens)];
        assert_eq!(told("CREATE TEMP TABLE batch (id bigint)"), table(true));
        assert_eq!(told("CREATE TEMPORARY TABLE IF NOT EXISTS batch AS SELECT 1"), table(true));
        assert_eq!(told("CREATE TEMP TABLE batch (id bigint) ON COMMIT DROP"), []);
        assert_eq!(told("DROP TABLE batch"), table(false));
        assert_eq!(told("CREATE FUNCTION f() AS 'x'; SET ROLE app"), []);
    }
}
