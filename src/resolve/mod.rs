//! All files' IR to a [`Program`]: crates and modules, names, types, call targets, provenance, call graph.
//!
//! Owns: which definition a path names, which type a place has, which function a call reaches, which place a pool came
//! from. **Invariants:** the IR is not touched, all answers are side tables; *unknown* is an answer, never a guess; the
//! same input gives the same tables whatever the order of threads. **Absent on purpose:** states, lints, words, and any
//! library's name.

pub mod ty;
pub mod program;
pub mod link;
pub mod modules;
pub mod names;
pub mod tables;
mod build;
mod written;
mod pack_ty;
mod type_ops;
mod method;
mod places;
mod infer;
mod calls;
mod origin;
pub mod held;
pub mod prov;
mod chosen;
pub mod graph;
mod ask;
pub mod dump;
mod know;
mod std_names;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod prov_tests;

use crate::base::fx;
pub use know::Know;
pub use link::{Linker, link};
pub use program::*;
pub use ty::*;
