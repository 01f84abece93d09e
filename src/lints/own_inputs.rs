//! Lints about letgo's own inputs. Their findings are made where the inputs are read; here they only have names and levels.
//!
//! **Invariant:** these three are the only lints whose `check` is empty.

use super::{Cx, Group, Lint};
use crate::base::Finding;

fn found_elsewhere(_: &Cx<'_>, _: &mut Vec<Finding>) {}

/// A file could not be read or parsed.
pub static UNPARSED_FILE: Lint = Lint {
    name: "unparsed_file",
    group: Group::Suspicious,
    summary: "a file could not be read or parsed, so nothing is known of it",
    since: "0.1.0",
    page: UNPARSED_PAGE,
    check: found_elsewhere,
};

/// A suppression silences nothing.
pub static UNUSED_SUPPRESSION: Lint = Lint {
    name: "unused_suppression",
    group: Group::Suspicious,
    summary: "a `letgo:` comment silences nothing, or an expected finding did not come",
    since: "0.1.0",
    page: UNUSED_PAGE,
    check: found_elsewhere,
};

/// A suppression names no lint.
pub static UNKNOWN_SUPPRESSION: Lint = Lint {
    name: "unknown_suppression",
    group: Group::Suspicious,
    summary: "a `letgo:` comment cannot be read or names a lint that does not exist",
    since: "0.1.0",
    page: UNKNOWN_PAGE,
    check: found_elsewhere,
};

const UNPARSED_PAGE: &str = "//! # unparsed_file
//!
//! ## What it does
//! Reports a `.rs` file that could not be read or is not valid Rust.
//!
//! ## Why is this bad?
//! What is in the file was not checked, and callers of its functions are judged as if they called something unknown.
//!
//! ## When it stays silent
//! For files that are ignored or excluded, with low confidence, which is not shown by default, for files outside every folder
//! that a crate's modules lie in (a template, a syntax test among assets), and for mistakes inside the body of a test: these bodies are read with
//! `--include-tests` only.";

const UNUSED_PAGE: &str = "//! # unused_suppression
//!
//! ## What it does
//! Reports a `// letgo: allow(…)` that silences nothing and a `// letgo: expect(…)` whose finding did not come.
//!
//! ## Why is this bad?
//! It hides the next real finding at its place. Remove it.";

const UNKNOWN_PAGE: &str = "//! # unknown_suppression
//!
//! ## What it does
//! Reports a `letgo:` comment that cannot be read, or that names a lint which does not exist.
//!
//! ## Why is this bad?
//! It silences nothing, though its author believes that it does.";
