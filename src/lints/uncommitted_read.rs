//! # uncommitted_read
//!
//! ## What it does
//! Reports a transaction that only read and is dropped without commit or rollback on a path on which the function succeeds.
//!
//! ## Why is this bad?
//! Nothing is lost, but the rollback runs late, when the connection is used or returned next, and a reader cannot tell
//! whether a commit was forgotten.
//!
//! ## Example
//! ```rust
//! async fn count(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("SELECT count(*) FROM users").fetch_one(&mut *tx).await?;
//!     Ok(()) //~ uncommitted_read
//! }
//! ```
//!
//! ## Use instead
//! ```rust
//! async fn count(pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
//!     let mut tx = pool.begin().await?;
//!     sqlx::query("SELECT count(*) FROM users").fetch_one(&mut *tx).await?;
//!     tx.commit().await
//! }
//! ```
//!
//! ## When it stays silent
//! As `uncommitted_transaction`.

use super::{Cx, Group, Lint, uncommitted_transaction};
use crate::base::Finding;

/// The lint.
pub static LINT: Lint = Lint {
    name: "uncommitted_read",
    group: Group::Pedantic,
    summary: "a transaction that only read is dropped without commit or rollback",
    since: "0.1.0",
    page: include_str!("uncommitted_read.rs"),
    check,
};

fn check(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for res in cx.events().resources.indices() {
        out.extend(uncommitted_transaction::on_exit(cx, res, false));
    }
}
