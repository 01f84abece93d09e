//! TOML tables with places: typed access to keys, every slip collected as a [`PackError`] with line and column.
//!
//! **Invariant:** a reader never stops at the first error; what could not be read is left out and said. Words and rows are
//! the loader's business, not this file's.

use super::words;
use crate::base::{Problem, SourceFile, Symbol};
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something wrong in a pack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackError {
    /// The file: `rules/sqlx.toml`, `letgo.toml`.
    pub path: String,
    /// Line from 1; 0 if the error has no place.
    pub line: usize,
    /// Column from 1, in characters; 0 if the error has no place.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)
    }
}

impl From<PackError> for Problem {
    fn from(e: PackError) -> Problem {
        Problem { path: e.path, line: e.line, message: e.message }
    }
}

/// The text being read and the errors found so far.
pub struct Reader {
    path: String,
    file: SourceFile,
    errors: Vec<PackError>,
}

/// A table of the file, with its place.
#[derive(Clone)]
pub struct Row<'t> {
    table: &'t DeTable<'t>,
    /// Bytes of the table (of its header, for a `[[row]]`).
    pub span: Range<usize>,
    /// What the file calls it: `[[fn]]`.
    pub name: &'static str,
}

/// A string of the file, with its place.
#[derive(Clone, Debug)]
pub struct Text<'t> {
    /// The value.
    pub value: &'t str,
    /// Its bytes in the file, quotes included.
    pub span: Range<usize>,
}

impl Reader {
    /// A reader of `text`, which messages call `path`.
    pub fn new(path: &str, text: &str) -> Reader {
        Reader { path: path.to_owned(), file: SourceFile::new(path, text), errors: Vec::new() }
    }

    /// Says that something is wrong at a byte range.
    pub fn error(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let (line, column) = self.file.line_column(u32::try_from(span.start).unwrap_or(u32::MAX));
        self.errors.push(PackError { path: self.path.clone(), line, column, message: message.into() });
    }

    /// Says that something is wrong `offset` bytes into a string's value.
    pub fn error_in(&mut self, text: &Text<'_>, offset: usize, message: impl Into<String>) {
        // With escapes or a multi-line string the value is no slice of the file: then the string itself is the place.
        let quote = (text.span.end - text.span.start).saturating_sub(text.value.len()) / 2;
        let plain = self.file.text.get(text.span.start + quote..text.span.end - quote) == Some(text.value);
        let start = if plain { text.span.start + quote + offset } else { text.span.start };
        self.error(&(start..text.span.end), message);
    }

    /// Line (from 1) of a byte range.
    pub fn line(&self, span: &Range<usize>) -> usize {
        self.file.line_column(u32::try_from(span.start).unwrap_or(u32::MAX)).0
    }

    /// The errors, in order of place.
    pub fn finish(mut self) -> Vec<PackError> {
        self.errors.sort();
        self.errors.dedup();
        self.errors
    }

    /// Refuses every key that is not in one of the lists.
    pub fn known_keys(&mut self, row: &Row<'_>, known: &[&[&str]]) {
        for (key, _) in row.table.iter() {
            let word: &str = key.get_ref();
            if !known.iter().any(|list| list.contains(&word)) {
                let hint = words::suggest(word, known.iter().flat_map(|l| l.iter().copied()));
                self.error(&key.span(), format!("unknown key `{word}` in {}; {hint}", row.name));
            }
        }
    }

    fn value<'t>(&self, row: &Row<'t>, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        row.table.get(key)
    }

    fn wrong(&mut self, value: &Spanned<DeValue<'_>>, key: &str, want: &str) {
        let is = value.get_ref().type_str();
        self.error(&value.span(), format!("`{key}` is {}, not {is}", want));
    }

    /// A string.
    pub fn text<'t>(&mut self, row: &Row<'t>, key: &str) -> Option<Text<'t>> {
        let value = self.value(row, key)?;
        let text = as_text(value);
        if text.is_none() {
            self.wrong(value, key, "a string");
        }
        text
    }

    /// A string that must be there.
    pub fn required<'t>(&mut self, row: &Row<'t>, key: &str) -> Option<Text<'t>> {
        if self.value(row, key).is_none() {
            self.error(&row.span, format!("`{key}` is missing in {}", row.name));
        }
        self.text(row, key)
    }

    /// A string or a list of strings; empty if the key is not there.
    pub fn texts<'t>(&mut self, row: &Row<'t>, key: &str) -> Vec<Text<'t>> {
        let Some(value) = self.value(row, key) else { return Vec::new() };
        if let Some(text) = as_text(value) {
            return vec![text];
        }
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(value, key, "a string or a list of strings");
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in array.iter() {
            match as_text(item) {
                Some(text) => out.push(text),
                None => self.wrong(item, key, "a list of strings"),
            }
        }
        out
    }

    /// A boolean; `false` if the key is not there.
    pub fn flag(&mut self, row: &Row<'_>, key: &str) -> bool {
        self.maybe_flag(row, key).unwrap_or(false)
    }

    /// A boolean.
    pub fn maybe_flag(&mut self, row: &Row<'_>, key: &str) -> Option<bool> {
        let value = self.value(row, key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value, key, "`true` or `false`");
        }
        flag
    }

    /// A whole number from 0.
    pub fn number(&mut self, row: &Row<'_>, key: &str) -> Option<u64> {
        let value = self.value(row, key)?;
        let number = value.get_ref().as_integer().and_then(|i| u64::from_str_radix(i.as_str(), i.radix()).ok());
        if number.is_none() {
            self.wrong(value, key, "a whole number from 0");
        }
        number
    }

    /// An argument: a number, or `"self"` for 0 where there is a receiver.
    pub fn arg(&mut self, row: &Row<'_>, key: &str, has_receiver: bool) -> Option<usize> {
        let value = self.value(row, key)?;
        if let Some(text) = as_text(value) {
            if text.value != "self" {
                self.error(
                    &text.span,
                    format!("`{key}` names an argument: write its number, or `\"self\"` in a method"),
                );
            } else if !has_receiver {
                self.error(
                    &text.span,
                    format!("`{key} = \"self\"`, but a free function has no receiver; write the argument's number"),
                );
            } else {
                return Some(0);
            }
            return None;
        }
        let number = usize::try_from(self.number(row, key)?).unwrap_or(usize::MAX);
        if number > 15 {
            self.error(
                &value.span(),
                format!("`{key} = {number}`: no call has so many arguments; they count from 0, the receiver included"),
            );
            return None;
        }
        Some(number)
    }

    /// The rows of `[[key]]`, or the tables of `key = [{ … }]`.
    pub fn rows<'t>(&mut self, row: &Row<'t>, key: &str, name: &'static str) -> Vec<Row<'t>> {
        let Some(value) = self.value(row, key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(value, key, &format!("a list of tables: write `{name}`"));
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => out.push(Row { table, span: item.span(), name }),
                None => self.wrong(item, key, "a list of tables"),
            }
        }
        out
    }

    /// The table `[key]`.
    pub fn table<'t>(&mut self, row: &Row<'t>, key: &str, name: &'static str) -> Option<Row<'t>> {
        let value = self.value(row, key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Row { table, span: value.span(), name }),
            None => {
                self.wrong(value, key, &format!("a table: write `{name}`"));
                None
            }
        }
    }
}

impl<'t> Row<'t> {
    /// The whole file.
    pub fn root(table: &'t Spanned<DeTable<'t>>, name: &'static str) -> Row<'t> {
        Row { table: table.get_ref(), span: 0..0, name }
    }
    /// Whether the key is written.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }
    /// Place of a key, if it is written.
    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).map(|(k, _)| k.span())
    }
    /// All keys with their places, in order of writing.
    pub fn keys(&self) -> Vec<Text<'t>> {
        self.table.iter().map(|(k, _)| Text { value: k.get_ref().as_ref(), span: k.span() }).collect()
    }
}

fn as_text<'t>(value: &'t Spanned<DeValue<'t>>) -> Option<Text<'t>> {
    value.get_ref().as_str().map(|s| Text { value: s, span: value.span() })
}

/// A word of a closed list, or an error that names the nearest one.
pub fn word<T: Copy>(reader: &mut Reader, text: &Text<'_>, what: &str, known: &[(&str, T)]) -> Option<T> {
    if let Some((_, value)) = known.iter().find(|(w, _)| *w == text.value) {
        return Some(*value);
    }
    let hint = words::suggest(text.value, known.iter().map(|k| k.0));
    reader.error(&text.span, format!("unknown {what} `{}`; {hint}", text.value));
    None
}

/// The name as a symbol, or an error if it is no identifier.
pub fn name(reader: &mut Reader, text: &Text<'_>, what: &str) -> Option<Symbol> {
    if super::type_expr::is_ident(text.value) {
        return Some(Symbol::new(text.value));
    }
    let mended = text.value.replace('-', "_");
    let hint = if super::type_expr::is_ident(&mended) { format!("; write `{mended}`") } else { String::new() };
    reader.error(&text.span, format!("{what} is an identifier, not `{}`{hint}", text.value));
    None
}
