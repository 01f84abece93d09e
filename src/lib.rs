//! letgo finds connections that are not let go: leaked, or held while the program waits for something else.
//!
//! The map of the house, in the order in which data flows; each room's own header says what it owns:
//!
//! | room | what happens there |
//! |---|---|
//! | [`base`] | spans, symbols, findings: data that everybody needs |
//! | [`ir`] | our own language: items, bodies, blocks, places, written types |
//! | [`pack`] | library knowledge from `rules/*.toml`: schema, checks, catalog |
//! | [`discover`] | walks the tree, reads Cargo.toml files, asks git |
//! | [`parse`] | blanks for the bodies of tests, text to `syn::File`, comments to suppressions |
//! | [`lower`] | `syn` to IR: control flow, scopes, drops, macros |
//! | [`mend`] | a finding to an edit that may mend it |
//! | [`flow`] | the dataflow engine: lattice, worklist, results |
//! | [`resolve`] | files to a program: names, types, call targets |
//! | [`analyse`] | who holds which connection where: states, summaries, events; how often, by how many tasks |
//! | [`lints`] | one file per lint: events to findings |
//! | [`report`] | suppressions, order, output formats |
//! | [`pipeline`] | the sentence that composes the rooms; proof of fixes |
//! | [`cli`] | arguments, configuration; `explain`, `packs`, `inventory`, `fix`, `server`, `dump` |
//!
//! Rooms import only rooms above them in this table's floors (`tests/house.rs` has the table).

pub mod base;
pub mod ir;
pub mod pack;
pub mod discover;
pub mod parse;
pub mod lower;
pub mod mend;
pub mod flow;
pub mod resolve;
pub mod analyse;
pub mod lints;
pub mod report;
pub mod pipeline;
pub mod cli;
