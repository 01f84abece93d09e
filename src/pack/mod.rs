//! Library knowledge: the schema of `rules/*.toml`, its validation, and the catalog that answers by path.
//!
//! Owns: [`schema`] (what a validated pack says), [`words`] (the closed vocabulary), [`load`] (TOML text to schema, every
//! error with file, line and what to write instead; [`reader`] and [`type_expr`] are its halves), [`catalog`] (all active
//! packs, indexed), [`describe`] (rows back to words).
//!
//! **Invariant:** text comes in, nothing is read from disk here; unknown keys are errors; a catalog holds only validated
//! rows. **Absent on purpose:** any library's name.

pub mod schema;
pub mod words;
pub mod type_expr;
pub mod reader;
pub mod load;
pub mod catalog;
pub mod describe;

pub use catalog::Catalog;
pub use reader::PackError;
pub use schema::*;
