//! What SQL text does, as far as its first words tell: reads or writes, takes or gives back a session lock.
//!
//! A text that is put together at run time is read as far as it is written: what is filled in may be anything.
//!
//! **Absent on purpose:** a parser. A text that is not understood writes.

mod halves;

pub use halves::{Half, Pair, halves};

use crate::base::Idx;
use crate::ir::{self, Literal, Operand, Rvalue, StmtKind};
use crate::resolve::{BodyIdx, Program, Target};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// Whether it changes rows or schema.
    pub writes: bool,
    /// What is written tells whether it writes, whatever is filled in.
    pub sure: bool,
    /// Takes (`true`) or gives back (`false`) a lock of the session.
    pub locks: Option<bool>,
    /// The lock is only tried: the answer tells whether it was taken.
    pub tries: bool,
    /// What it leaves to the next statement of its session, or takes from the one before.
    pub session: Option<Session>,
    /// It begins a transaction that only reads, or makes one so.
    pub read_only: bool,
    /// Part of it is filled in at run time.
    pub partial: bool,
}

/// Stands for what is filled in at run time; it is no word that any rule knows.
const HOLE: &str = "\u{1}";

/// State that lives in a session: it is there for the next statement only if that runs on the same connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Session {
    /// `BEGIN`, `START TRANSACTION`, `SAVEPOINT`: what follows is meant to be part of it.
    Begin,
    /// `COMMIT`, `ROLLBACK`: ends what another statement began.
    End,
    /// Takes a lock that the session holds until it is given back.
    Lock,
    /// Gives such a lock back.
    Unlock,
    /// `SET`, other than `SET LOCAL` and what concerns the whole server.
    Set,
    /// `LISTEN`.
    Listen,
    /// `CREATE TEMPORARY TABLE`.
    Temporary,
    /// `DECLARE … CURSOR WITH HOLD`.
    Cursor,
    /// `PREPARE`.
    Prepare,
}

/// Reads the nature of a text.
pub fn nature(text: &str) -> Nature {
    let statements = statements(text);
    let words = || statements.iter().flatten().map(String::as_str);
    let takes = |w: &str| {
        (w.starts_with("pg_advisory_lock") || w.starts_with("pg_try_advisory_lock") || w == "get_lock(")
            && w.ends_with('(')
    };
    let gives = |w: &str| w.starts_with("pg_advisory_unlock") || w == "release_lock(" || w == "release_all_locks(";
    let locks = match (words().any(takes), words().any(gives)) {
        (_, true) => Some(false),
        (true, false) => Some(true),
        (false, false) => None,
    };
    // `get_lock` waits for a while and then answers that it has nothing.
    let tries = locks == Some(true) && words().any(|w| w.starts_with("pg_try_") || w == "get_lock(");
    let changes = |w: &str| matches!(w, "insert" | "update" | "delete" | "merge" | "truncate" | "into" | "into(");
    let writes = |statement: &Vec<String>| {
        let mut words = statement.iter().map(String::as_str);
        match words.next().unwrap_or_default() {
            // `select … for update` locks rows and changes none; `select … into` and data-changing `with` do.
            "select" => words.any(|w| w == "into"),
            "with" => words.any(|w| changes(w) || w == HOLE),
            "show" | "explain" | "describe" | "pragma" | "set" | "values" | "values(" | "table" | "listen"
            | "fetch" | "lock" | "declare" | "close" => false,
            _ => true,
        }
    };
    let writes = statements.is_empty() || statements.iter().any(writes);
    let partial = words().any(|w| w == HOLE);
    let whole = locks.is_some() || !partial;
    // Whatever the channel is called.
    let listens = statements.len() == 1 && statements[0].first().is_some_and(|w| w == "listen");
    let both = words().any(takes) && words().any(gives);
    let session = if both || !(whole || listens) { None } else { session(&statements, locks) };
    let hole_tells = |statement: &Vec<String>| match statement.first().map_or("", String::as_str) {
        "with" => !statement.iter().any(|w| changes(w)) && statement.iter().any(|w| w == HOLE),
        first => first == HOLE,
    };
    let sure = !statements.iter().any(hole_tells);
    let read_only = statements.iter().any(|s| {
        let begins = s.first().is_some_and(|w| matches!(w.as_str(), "begin" | "start" | "set"));
        begins && s.windows(2).any(|w| w[0] == "read" && w[1] == "only")
    });
    Nature { writes, sure, locks, tries, session, read_only, partial }
}

/// Whether a text begins (`true`) or ends a transaction; savepoints, which the transaction around them ends, do neither.
fn transaction(text: &str) -> Option<bool> {
    let statements = statements(text);
    let savepoint = statements.iter().any(|s| {
        let word = |n: usize| s.get(n).map_or("", String::as_str);
        matches!(word(0), "savepoint" | "release") || word(0) == "rollback" && s.iter().any(|w| w == "to")
    });
    match session(&statements, None) {
        Some(Session::Begin) if !savepoint => Some(true),
        Some(Session::End) if !savepoint => Some(false),
        _ => None,
    }
}

/// What a text leaves to its session. What begins and ends in one text is whole: it is sent over one connection.
fn session(statements: &[Vec<String>], locks: Option<bool>) -> Option<Session> {
    match locks {
        Some(true) => return Some(Session::Lock),
        Some(false) => return Some(Session::Unlock),
        None => {}
    }
    let starts = |word: &str| statements.iter().any(|s| s.first().is_some_and(|w| w == word));
    let has = |statement: &[String], word: &str| statement.iter().any(|w| w == word);
    // The body of a trigger or routine is cut at its semicolons: its `BEGIN` and `END` are not a transaction's.
    let routine = statements.iter().any(|s| {
        s.first().is_some_and(|w| w == "create" || w == "do")
            && ["trigger", "function", "procedure", "event", "do"].iter().any(|w| has(s, w))
    });
    let (mut open, mut stray, mut other) = (0usize, false, None);
    for statement in statements {
        let word = |n: usize| statement.get(n).map_or("", String::as_str);
        match word(0) {
            "begin" => open += 1,
            "start" if word(1) == "transaction" => open += 1,
            "savepoint" => open += 1,
            // The second phase of a prepared transaction may run anywhere.
            "commit" | "rollback" | "abort" if word(1) == "prepared" => {}
            "commit" | "rollback" | "abort" | "end" | "release" if open > 0 => open -= 1,
            "commit" | "rollback" | "abort" => stray = true,
            "end" | "release" if statement.len() <= 3 => stray = true,
            "set"
                if matches!(word(1), "local" | "global" | "persist" | "persist_only" | "constraints" | "password") => {}
            "set" if !word(1).is_empty() => other = other.or(Some(Session::Set)),
            "listen" if statement.len() == 2 => other = other.or(Some(Session::Listen)),
            "create"
                if statements.len() == 1 && statement[1..].iter().take(4).any(|w| w == "temp" || w == "temporary") =>
            {
                other = other.or(Some(Session::Temporary));
            }
            "declare" if has(statement, "cursor") && has(statement, "hold") => other = other.or(Some(Session::Cursor)),
            "prepare" if word(1) != "transaction" && statements.len() == 1 => other = other.or(Some(Session::Prepare)),
            _ => {}
        }
    }
    if routine {
        return None;
    }
    // `COMMIT` right after `SET` or the like in one text, or settings taken back in the same text, leave nothing.
    let other = other.filter(|o| *o != Session::Set || !(starts("reset") || starts("discard")));
    match (open > 0, stray) {
        (true, _) => Some(Session::Begin),
        (false, true) => Some(Session::End),
        (false, false) => other,
    }
}

/// The statements of a text as lower-case words; a word before `(` keeps it. Comments and quoted text are left out.
fn statements(text: &str) -> Vec<Vec<String>> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
    let skip_to = |from: usize, end: &[char]| {
        (from..chars.len()).find(|&i| chars[i..].starts_with(end)).map_or(chars.len(), |i| i + end.len())
    };
    let mut all = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        match c {
            ';' => {
                all.push(std::mem::take(&mut words));
                i += 1;
            }
            '-' if at(i + 1) == '-' => i = skip_to(i, &['\n']),
            '/' if at(i + 1) == '*' => i = skip_to(i + 2, &['*', '/']),
            '\'' => i = skip_to(i + 1, &['\'']),
            '"' | '`' => {
                words.push(String::from("\""));
                i = skip_to(i + 1, &[c]);
            }
            '$' => {
                // `$1` is a parameter, `$tag$ … $tag$` a quoted text.
                let end = (i + 1..chars.len()).find(|&j| !(chars[j].is_alphanumeric() || chars[j] == '_'));
                match end.filter(|&j| chars[j] == '$' && !at(i + 1).is_ascii_digit()) {
                    Some(j) => i = skip_to(j + 1, &chars[i..=j]),
                    None => i += 1,
                }
            }
            '\u{1}' => {
                words.push(String::from(HOLE));
                i += 1;
            }
            '(' => {
                if let Some(last) = words.last_mut()
                    && !last.ends_with('(')
                {
                    last.push('(');
                }
                i += 1;
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = (i..chars.len()).find(|&j| !(chars[j].is_alphanumeric() || chars[j] == '_'));
                let end = end.unwrap_or(chars.len());
                words.push(chars[i..end].iter().collect::<String>().to_lowercase());
                i = end;
            }
            _ => i += 1,
        }
    }
    all.push(words);
    all.retain(|s| !s.is_empty());
    all
}

/// The values that each local is given.
pub struct Definitions<'b> {
    by_local: Vec<Vec<&'b Rvalue>>,
}

impl<'b> Definitions<'b> {
    /// Reads a body once.
    pub fn of(body: &'b ir::Body) -> Definitions<'b> {
        // Parameters and captures are given a value from outside.
        Definitions::beyond(body, body.param_count + body.captures.len() + 1)
    }

    /// Reads a constant's initialiser: its one value is what it returns.
    pub fn of_const(body: &'b ir::Body) -> Definitions<'b> {
        Definitions::beyond(body, 0)
    }

    /// The one value that a local is given, where there is exactly one.
    fn only(&self, local: ir::LocalId) -> Option<&'b Rvalue> {
        match self.by_local.get(local.index())?.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The definitions of the locals from `first` on.
    fn beyond(body: &'b ir::Body, first: usize) -> Definitions<'b> {
        let mut by_local: Vec<Vec<&'b Rvalue>> = vec![Vec::new(); body.locals.len()];
        for block in &body.blocks {
            for stmt in &block.stmts {
                let StmtKind::Assign { to, value } = &stmt.kind else { continue };
                let Some(local) = to.as_local().filter(|l| l.index() >= first) else { continue };
                by_local[local.index()].push(value);
            }
        }
        Definitions { by_local }
    }
}

/// The call whose result an operand is, through single assignments and references.
pub fn made_by(definitions: &Definitions<'_>, operand: &Operand) -> Option<ir::CallId> {
    let mut operand = operand.clone();
    for _ in 0..8 {
        let Operand::Place(place) = operand else { return None };
        operand = match definitions.only(place.local)? {
            Rvalue::Use(op) | Rvalue::Cast(op, _) | Rvalue::Await(op) => op.clone(),
            Rvalue::Ref { place, .. } => Operand::Place(place.clone()),
            Rvalue::Call(id) => return Some(*id),
            Rvalue::AwaitMany { .. }
            | Rvalue::Aggregate { .. }
            | Rvalue::Plain(_)
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => return None,
        };
    }
    None
}

/// The local that is an operand's list, where that is written out: `[a, b]`, `vec![a, b]`.
pub fn list_of(definitions: &Definitions<'_>, operand: &Operand) -> Option<ir::LocalId> {
    let mut operand = operand.clone();
    for _ in 0..8 {
        let Operand::Place(place) = operand else { return None };
        operand = match definitions.only(place.local)? {
            Rvalue::Use(op) => op.clone(),
            Rvalue::Aggregate { kind: ir::AggregateKind::Array, .. } => return place.as_local(),
            Rvalue::Aggregate { .. }
            | Rvalue::Cast(..)
            | Rvalue::Ref { .. }
            | Rvalue::Call(_)
            | Rvalue::Await(_)
            | Rvalue::AwaitMany { .. }
            | Rvalue::Plain(_)
            | Rvalue::Step { .. }
            | Rvalue::Unknown(_) => return None,
        };
    }
    None
}

/// Where the text of a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Here: a literal, perhaps with holes.
    Known(String),
    /// In a parameter of the function: its callers know.
    Param(usize),
}

/// A formatting template with [`HOLE`] where something is filled in.
fn with_holes(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.starts_with("{{") || from.starts_with("}}") {
            out.push_str(&from[..1]);
            rest = &from[2..];
            continue;
        }
        out.push_str(HOLE);
        rest = from.find('}').map_or("", |end| &from[end + 1..]);
    }
    out.push_str(rest);
    out
}

/// The literal that an operand holds or was built from, through constants, assignments, formatting and builder calls. Where it
/// may be one of several (`match` picks a query), these one after the other: what one of them does may be done.
pub fn text(program: &Program, idx: BodyIdx, definitions: &Definitions<'_>, operand: &Operand) -> Option<Text> {
    Reading { program, idx, definitions }.text(operand, 16)
}

/// Values that a local may have and that are read.
const ALTERNATIVES: usize = 4;

struct Reading<'a> {
    program: &'a Program,
    idx: BodyIdx,
    definitions: &'a Definitions<'a>,
}

impl Reading<'_> {
    fn text(&self, operand: &Operand, depth: usize) -> Option<Text> {
        let body = self.program.body(self.idx);
        let place = match operand {
            _ if depth == 0 => return None,
            Operand::Literal(Literal::Str(text)) => return Some(Text::Known(text.clone())),
            Operand::Literal(_) => return None,
            Operand::Path(path, _) => {
                let init = self.program.static_init(self.idx, path).filter(|&init| init != self.idx)?;
                let place = Operand::Place(ir::Place::local(ir::return_local()));
                return text(self.program, init, &Definitions::of_const(self.program.body(init)), &place);
            }
            Operand::Place(place) => place,
        };
        match self.definitions.by_local.get(place.local.index()).map_or(&[][..], Vec::as_slice) {
            [] => {
                let param = place.local.index().checked_sub(1).filter(|&n| n < body.param_count)?;
                matches!(body.kind, ir::BodyKind::Fn(_)).then_some(Text::Param(param))
            }
            [value] => self.value(value, depth - 1),
            several if several.len() <= ALTERNATIVES => {
                let mut all = Vec::new();
                for value in several {
                    let Some(Text::Known(one)) = self.value(value, depth / 2) else { return None };
                    all.push(one);
                }
                Some(Text::Known(all.join(";\n")))
            }
            _ => None,
        }
    }

    fn value(&self, value: &Rvalue, depth: usize) -> Option<Text> {
        match value {
            Rvalue::Use(op) | Rvalue::Cast(op, _) | Rvalue::Await(op) => self.text(op, depth),
            Rvalue::Ref { place, .. } => self.text(&Operand::Place(place.clone()), depth),
            Rvalue::Call(id) => {
                let call = &self.program.body(self.idx).calls[*id];
                let row = match self.program.bodies[self.idx].targets.get(*id) {
                    Some(Target::Pack(path)) => self.program.catalog.target_row(*path),
                    Some(
                        Target::Local { .. }
                        | Target::Closure(_)
                        | Target::Constructor(_)
                        | Target::Extern { .. }
                        | Target::Unknown(_),
                    )
                    | None => None,
                };
                // A builder's own text if its row names it, else what it was built from.
                self.text(call.args.get(row.and_then(|r| r.sql).unwrap_or(0))?, depth)
            }
            Rvalue::Plain(ops) => {
                let Some(Operand::Literal(Literal::Str(template))) = ops.first() else { return None };
                Some(Text::Known(with_holes(template)))
            }
            Rvalue::AwaitMany { .. } | Rvalue::Aggregate { .. } | Rvalue::Step { .. } | Rvalue::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_tell() {
        assert!(!nature("SELECT * FROM t FOR UPDATE").writes);
        assert!(nature("  insert into t values (1)").writes);
        assert!(nature("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x").writes);
        assert!(!nature("with x as (select 1) select * from x").writes);
        assert_eq!(nature("SELECT pg_advisory_lock($1)").locks, Some(true));
        assert_eq!(nature("SELECT pg_try_advisory_xact_lock($1)").locks, None);
        assert_eq!(nature("SELECT pg_advisory_unlock($1)").locks, Some(false));
        assert!(nature("SELECT pg_try_advisory_lock($1)").tries);
        assert_eq!(nature("SELECT 1 FROM pg_proc WHERE proname = 'pg_advisory_lock('").locks, None);
        assert!(
            nature("SET TRANSACTION READ ONLY").read_only
                && nature("begin isolation level serializable read only").read_only
        );
        assert!(!nature("START TRANSACTION READ WRITE").read_only && !nature("SELECT read, only FROM t").read_only);
        assert!(!nature("-- all of them\nSELECT * FROM t").writes);
        assert!(nature("SELECT 1; DELETE FROM t").writes);
        assert!(!nature("LOCK TABLE t IN EXCLUSIVE MODE").writes);
    }

    #[test]
    fn templates_tell_as_far_as_they_are_written() {
        let of = |template| nature(&with_holes(template));
        assert!(!of("SET TRANSACTION{args}").writes && of("SET TRANSACTION{args}").partial);
        assert!(!of("SELECT {} FROM t WHERE a = '{{}}'").writes);
        assert!(of("{verb} FROM t").writes && of("WITH x AS ({inner}) SELECT 1").writes && of("UPDATE {t}").writes);
        assert!(!of("{verb} FROM t").sure && !of("WITH x AS ({inner}) SELECT 1").sure && of("UPDATE {t}").sure);
        assert_eq!(of("SELECT pg_advisory_lock({key})").locks, Some(true));
        assert_eq!(of("SET {what}").session, None);
        assert_eq!(with_holes("a{{b}}{c:>3}d{"), "a{b}\u{1}d\u{1}");
    }

    #[test]
    fn session_state_is_what_the_next_statement_needs() {
        let session = |text| nature(text).session;
        assert_eq!(transaction("BEGIN IMMEDIATE"), Some(true));
        assert_eq!(transaction("ROLLBACK"), Some(false));
        assert_eq!(transaction("SAVEPOINT a"), None);
        assert_eq!(transaction("ROLLBACK TO SAVEPOINT a"), None);
        assert_eq!(transaction("BEGIN; DELETE FROM t; COMMIT"), None);
        assert_eq!(session("BEGIN"), Some(Session::Begin));
        assert_eq!(session("start transaction read only"), Some(Session::Begin));
        assert_eq!(session("BEGIN; SET LOCAL x = '5s'; SELECT f(); COMMIT;"), None);
        assert_eq!(session("BEGIN; INSERT INTO t VALUES (1)"), Some(Session::Begin));
        assert_eq!(session("COMMIT"), Some(Session::End));
        assert_eq!(session("END"), Some(Session::End));
        assert_eq!(session("COMMIT PREPARED 'a'"), None);
        assert_eq!(session("SET statement_timeout = 0"), Some(Session::Set));
        assert_eq!(session("SET LOCAL statement_timeout = 0"), None);
        assert_eq!(session("SET GLOBAL max_connections = 10"), None);
        assert_eq!(session("LISTEN jobs"), Some(Session::Listen));
        assert_eq!(session("CREATE TEMP TABLE t (id int)"), Some(Session::Temporary));
        assert_eq!(session("CREATE TABLE temp (id int)"), None);
        assert_eq!(session("SELECT pg_advisory_lock(1)"), Some(Session::Lock));
        assert_eq!(session("SELECT pg_advisory_xact_lock(1)"), None);
        assert_eq!(session("SELECT pg_advisory_unlock_all()"), Some(Session::Unlock));
        assert_eq!(session("UPDATE t SET a = 1"), None);
        assert_eq!(session("CREATE TRIGGER a AFTER INSERT ON t BEGIN DELETE FROM u; END;"), None);
        assert_eq!(session("DO $$ BEGIN PERFORM 1; END $$"), None);
        assert_eq!(session("DECLARE c CURSOR WITH HOLD FOR SELECT 1"), Some(Session::Cursor));
    }
}
