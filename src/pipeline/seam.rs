//! PLACEHOLDER until parse, lower, resolve, analyse and lints meet in one branch: the calls that the pipeline makes into
//! them, with stand-ins. Only this file changes then.

use super::Options;
use crate::base::*;
use crate::report::suppress::FileComments;

pub use crate::pack::Catalog;

/// A lint, as the registry will have it.
pub struct Lint {
    pub name: &'static str,
    pub group: Group,
    pub summary: &'static str,
    pub since: &'static str,
    pub page: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    Correctness,
    Suspicious,
    Pedantic,
    Preview,
}

impl Group {
    pub fn as_str(self) -> &'static str {
        match self {
            Group::Correctness => "correctness",
            Group::Suspicious => "suspicious",
            Group::Pedantic => "pedantic",
            Group::Preview => "preview",
        }
    }
}

impl Lint {
    pub fn default_level(&self) -> Level {
        match self.group {
            Group::Correctness => Level::Deny,
            Group::Suspicious => Level::Warn,
            Group::Pedantic | Group::Preview => Level::Allow,
        }
    }
}

macro_rules! lint {
    ($name:literal, $group:ident, $summary:literal) => {
        &Lint {
            name: $name,
            group: Group::$group,
            summary: $summary,
            since: "0.1.0",
            page: concat!("//! # ", $name, "\n//!\n//! ", $summary, ".\n"),
        }
    };
}

static ALL: &[&Lint] = &[
    lint!("held_across_await", Suspicious, "a connection is held while the function awaits something else"),
    lint!("nested_acquire", Correctness, "a second connection is taken from a pool while the first is held"),
    lint!("forgotten_connection", Correctness, "a connection is forgotten and never returns to its pool"),
    lint!("uncommitted_transaction", Correctness, "a transaction that wrote is dropped on a path that succeeds"),
    lint!("uncommitted_read", Pedantic, "a transaction that read is dropped without commit"),
    lint!("unparsed_file", Suspicious, "a file could not be read or parsed"),
    lint!("unused_suppression", Suspicious, "a comment silences nothing"),
    lint!("unknown_suppression", Suspicious, "a comment cannot be understood"),
];

pub fn lints() -> &'static [&'static Lint] {
    ALL
}

/// The catalog: what letgo ships and what a project adds, as `(name of the file, text)`.
pub fn catalog(project: Option<(&str, &str)>) -> Result<Catalog, Vec<Problem>> {
    let (mut packs, mut errors) = crate::pack::catalog::builtin_packs();
    if let Some((origin, text)) = project {
        let (pack, found) = crate::pack::load::load_project(origin, text);
        packs.push(pack);
        errors.extend(found);
    }
    let (catalog, found) = Catalog::new(packs);
    errors.extend(found);
    if errors.is_empty() { Ok(catalog) } else { Err(errors.into_iter().map(Problem::from).collect()) }
}

pub struct Lowered {
    file: FileId,
    text: String,
}

impl Lowered {
    pub fn functions(&self) -> usize {
        self.text.matches("fn ").count()
    }
    pub fn comments(&self) -> FileComments {
        let mut suppressions = Vec::new();
        let mut statements = Vec::new();
        let mut at = 0u32;
        for line in self.text.split_inclusive('\n') {
            let span = |a: usize, b: usize| Span { file: self.file, start: at + a as u32, end: at + b as u32 };
            let code = line.trim_end();
            let start = code.len() - code.trim_start().len();
            if let Some(c) = code.find("// letgo: allow(") {
                let lint = code[c + 16..].split([',', ')']).next().unwrap_or("");
                suppressions.push(Suppression {
                    kind: SuppressionKind::Allow,
                    lints: vec![(lint.to_owned(), span(c + 16, c + 16 + lint.len()))],
                    reason: None,
                    span: span(c, code.len()),
                    own_line: c == start,
                    problem: None,
                });
            } else if !code.trim().is_empty() {
                statements.push(span(start, code.len()));
            }
            at += line.len() as u32;
        }
        FileComments { suppressions, statements }
    }
    pub fn test_code(&self) -> Vec<Span> {
        Vec::new()
    }
}

pub fn lower(file: FileId, text: &str, _edition: u16, _catalog: &Catalog) -> Result<Lowered, (usize, usize, String)> {
    syn::parse_file(text).map_err(|e| (e.span().start().line, e.span().start().column + 1, e.to_string()))?;
    Ok(Lowered { file, text: text.to_owned() })
}

pub fn forget_spans() {
    proc_macro2::extra::invalidate_current_thread_spans();
}

pub struct Seen {
    pub sources: SourceMap,
    files: IndexVec<FileId, Option<Lowered>>,
}

impl Seen {
    pub fn empty(sources: SourceMap) -> Seen {
        Seen { sources, files: IndexVec::new() }
    }
}

pub fn link(files: IndexVec<FileId, Option<Lowered>>, sources: SourceMap, _options: &Options<'_>) -> Seen {
    Seen { sources, files }
}

pub fn findings(seen: &Seen, _options: &Options<'_>) -> (Vec<Finding>, usize) {
    let mut out = Vec::new();
    let mut acquisitions = 0;
    for lowered in seen.files.iter().flatten() {
        acquisitions += lowered.text.matches("pool.acquire()").count();
        for (start, what) in lowered.text.match_indices("std::mem::forget(conn)") {
            let span = Span { file: lowered.file, start: start as u32, end: (start + what.len()) as u32 };
            let get = lowered.text[..start].rfind("pool.acquire()").unwrap_or(start);
            let at = Span { file: lowered.file, start: get as u32, end: get as u32 + 21 };
            out.push(Finding {
                lint: "forgotten_connection",
                confidence: Confidence::High,
                span,
                function: "leak".into(),
                function_span: span,
                message: "`conn` is forgotten and never returns to `pool`".into(),
                resource: "pool.acquire()".into(),
                acquired_at: Some(at),
                steps: vec![
                    Step { span: at, message: "taken here".into(), primary: false, offence: None },
                    Step { span, message: "forgotten here".into(), primary: true, offence: None },
                ],
                kinds: vec![],
                why: "the pool counts it as in use for ever".into(),
                help: "drop it".into(),
                suggestions: vec![],
            });
        }
    }
    (out, acquisitions)
}

/// What `dump` can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dump {
    Cfg,
    States,
    Types,
    Summary,
    Unknown,
    Coverage,
}

pub fn dump(_seen: &Seen, _what: Dump, _place: Option<(&str, &str)>) -> Result<String, String> {
    Ok(String::new())
}
