//! Library knowledge: the schema of `rules/*.toml`, its validation, and the catalog that answers by path.
//!
//! Owns: [`schema`] (what a validated pack says), `load` (TOML text to schema, every error with file, line and what to
//! write instead), [`catalog`] (all active packs, indexed).
//!
//! **Invariant:** text comes in, nothing is read from disk here; unknown keys are errors; a catalog holds only validated
//! rows. **Absent on purpose:** any library's name.

pub mod catalog;
pub mod schema;

pub use catalog::Catalog;
pub use schema::*;
