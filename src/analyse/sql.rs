//! What SQL text does, as far as its first words tell: reads or writes, takes or gives back a session lock.
//!
//! **Absent on purpose:** a parser. A text that is not understood writes.

use crate::base::Idx;
use crate::ir::{self, Literal, Operand, Rvalue, StmtKind};
use crate::resolve::{BodyIdx, Program, Target};

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

/// The one value that each local is given, where there is exactly one.
pub struct Definitions<'b> {
    by_local: Vec<Option<&'b Rvalue>>,
}

impl<'b> Definitions<'b> {
    /// Reads a body once.
    pub fn of(body: &'b ir::Body) -> Definitions<'b> {
        let mut by_local: Vec<Option<&'b Rvalue>> = vec![None; body.locals.len()];
        // Parameters and captures are given a value from outside; the return value in several places.
        let mut several: Vec<bool> =
            (0..body.locals.len()).map(|i| i <= body.param_count + body.captures.len()).collect();
        for block in &body.blocks {
            for stmt in &block.stmts {
                let StmtKind::Assign { to, value } = &stmt.kind else { continue };
                let Some(local) = to.as_local() else { continue };
                let slot = local.index();
                if several[slot] || by_local[slot].is_some() {
                    several[slot] = true;
                    by_local[slot] = None;
                } else {
                    by_local[slot] = Some(value);
                }
            }
        }
        Definitions { by_local }
    }
}

/// The literal that an operand holds or was built from, through single assignments and builder calls.
pub fn literal(program: &Program, idx: BodyIdx, definitions: &Definitions<'_>, operand: &Operand) -> Option<String> {
    let body = program.body(idx);
    let mut operand = operand.clone();
    for _ in 0..16 {
        let place = match operand {
            Operand::Literal(Literal::Str(text)) => return Some(text),
            Operand::Literal(_) | Operand::Path(..) => return None,
            Operand::Place(place) => place,
        };
        operand = match definitions.by_local.get(place.local.index()).copied().flatten()? {
            Rvalue::Use(op) | Rvalue::Cast(op, _) | Rvalue::Await(op) => op.clone(),
            Rvalue::Ref { place, .. } => Operand::Place(place.clone()),
            Rvalue::Call(id) => {
                let call = &body.calls[*id];
                let row = match program.bodies[idx].targets.get(*id) {
                    Some(Target::Pack(path)) => program.catalog.target_row(*path),
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
                call.args.get(row.and_then(|r| r.sql).unwrap_or(0))?.clone()
            }
            Rvalue::AwaitMany { .. } | Rvalue::Aggregate { .. } | Rvalue::Plain(_) | Rvalue::Unknown(_) => return None,
        };
    }
    None
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
