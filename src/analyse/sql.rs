//! What SQL text does, as far as its first words tell: reads or writes, takes or gives back a session lock.
//!
//! **Absent on purpose:** a parser. A text that is not understood writes.

use crate::base::Idx;
use crate::ir::{self, Callee, Literal, Operand, Rvalue, StmtKind};
use crate::resolve::{BodyIdx, Program};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// Whether it changes rows or schema.
    pub writes: bool,
    /// Takes (`true`) or gives back (`false`) a lock of the session.
    pub locks: Option<bool>,
}

/// Reads the nature of a text.
pub fn nature(text: &str) -> Nature {
    let lower = text.to_ascii_lowercase();
    let locks = if lower.contains("advisory_unlock") || lower.contains("release_lock(") {
        Some(false)
    } else if lower.contains("advisory_lock") && !lower.contains("advisory_xact") || lower.contains("get_lock(") {
        Some(true)
    } else {
        None
    };
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    let first = words.next().unwrap_or_default();
    let changes = |w: &str| matches!(w, "insert" | "update" | "delete" | "merge" | "truncate" | "into");
    let writes = match first {
        // `select … for update` locks rows and changes none; `select … into` and data-changing `with` do.
        "select" => words.clone().any(|w| w == "into"),
        "with" => words.any(changes),
        "show" | "explain" | "describe" | "pragma" | "set" | "values" | "table" | "listen" | "fetch" => false,
        _ => true,
    };
    Nature { writes, locks }
}

/// The literal that an operand holds or was built from, through single assignments and builder calls.
pub fn literal(program: &Program, idx: BodyIdx, operand: &Operand) -> Option<String> {
    let body = program.body(idx);
    let mut operand = operand.clone();
    for _ in 0..12 {
        let place = match operand {
            Operand::Literal(Literal::Str(text)) => return Some(text),
            Operand::Literal(_) | Operand::Path(..) => return None,
            Operand::Place(place) => place,
        };
        operand = match single_definition(body, place.local)? {
            Rvalue::Use(op) | Rvalue::Cast(op, _) | Rvalue::Await(op) => op.clone(),
            Rvalue::Ref { place, .. } => Operand::Place(place.clone()),
            Rvalue::Call(call) => {
                let call = &body.calls[*call];
                match &call.callee {
                    Callee::Path(_) | Callee::Qualified { .. } | Callee::Method { .. } | Callee::Macro { .. } => {
                        call.args.first()?.clone()
                    }
                    Callee::Value(_) => return None,
                }
            }
            Rvalue::AwaitMany { .. } | Rvalue::Aggregate { .. } | Rvalue::Plain(_) | Rvalue::Unknown(_) => return None,
        };
    }
    None
}

fn single_definition(body: &ir::Body, local: ir::LocalId) -> Option<&Rvalue> {
    if local.index() <= body.param_count + body.captures.len() {
        return None;
    }
    let mut found = None;
    for block in &body.blocks {
        for stmt in &block.stmts {
            if let StmtKind::Assign { to, value } = &stmt.kind
                && to.as_local() == Some(local)
            {
                if found.is_some() {
                    return None;
                }
                found = Some(value);
            }
        }
    }
    found
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
    }
}
