//! Ground floor: pure data that every room needs.
//!
//! Owns: symbols, files and byte spans, typed indices and graphs of them, crates, levels, suppressions, findings, problems.
//!
//! **Invariant:** nothing here knows another room, does I/O, or can fail.

pub mod components;
pub mod finding;
pub mod fx;
pub mod index;
pub mod krate;
pub mod nearest;
pub mod source;
pub mod suppression;
pub mod symbol;
pub mod workers;

pub use components::components;
pub use finding::{Confidence, Edit, Finding, Held, Level, Offence, Problem, Step, Suggestion};
pub use index::{Idx, IndexVec};
pub use krate::{CrateInput, Dep, makes_test};
pub use nearest::nearest;
pub use source::{FileId, SourceFile, SourceMap, Span, Thinned};
pub use suppression::{Suppression, SuppressionKind};
pub use symbol::Symbol;
pub use workers::{InTurn, Workers};
