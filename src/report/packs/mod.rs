//! The packs as data that is printed: strings and numbers only. One file per format: [`text`], [`json`].
//!
//! **Invariant:** what a project's own rows say is escaped by the format that prints it.

pub mod json;
pub mod text;

use serde::Serialize;

/// `letgo packs`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct List {
    /// Version of the JSON form.
    pub version: u32,
    /// In order of name; a project's own rows last.
    pub packs: Vec<Head>,
}

/// What is said of a pack as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its name: the stem of its file.
    pub name: String,
    /// Cargo packages that activate it; empty: none is needed.
    pub packages: Vec<String>,
    /// Lib names that it describes.
    pub crates: Vec<String>,
    /// The versions that its rows were read against.
    pub tested: String,
    /// How many rows it has.
    pub rows: usize,
    /// Its rows are not proven by compiled code.
    pub experimental: bool,
    /// Whether it is in force in the workspace.
    pub active: bool,
    /// Why, or why not.
    pub why: String,
}

/// `letgo packs show`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Page {
    /// Version of the JSON form.
    pub version: u32,
    /// The pack as a whole.
    #[serde(flatten)]
    pub head: Head,
    /// Its rows by table, in the order of the format page; empty tables are left out.
    pub tables: Vec<Table>,
}

/// The rows of one table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    /// `type`, `fn`, `trait`, `crate`, `macro`, `derive`, `alias`, `assoc`.
    pub name: &'static str,
    /// In the order of the file.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is about.
    pub path: String,
    /// What it says, in the words of the format page.
    pub says: String,
    /// The row's note; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it was read from; empty if that is not written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proof: String,
}

#[cfg(test)]
pub(super) fn sample() -> Page {
    let row = |path: &str| Row {
        path: path.to_owned(),
        says: "async, acquire from $0".to_owned(),
        proof: "lib-1/src/pool.rs".to_owned(),
        ..Row::default()
    };
    let head = Head {
        name: "lib".to_owned(),
        packages: vec!["lib".to_owned()],
        crates: vec!["lib".to_owned(), "lib_core".to_owned()],
        tested: "1.0".to_owned(),
        rows: 3,
        active: true,
        why: "the crate `shop` depends on `lib`\u{1b}[2J".to_owned(),
        ..Head::default()
    };
    let rows = vec![row("lib::Pool::get"), row("lib::Pool::get_owned"), row("lib::take")];
    Page { version: 1, head, tables: vec![Table { name: "fn", rows }] }
}
