//! From a tree to IR: each file is read, parsed and lowered in one go on one thread.
//!
//! **Invariants:** file ids are positions in the tree's order (test code is taken out before, unless asked for); a file that
//! cannot be read or parsed keeps its id, has no IR, and is an `unparsed_file` finding. A file that is read over what was read
//! before is taken over only with the same id, path, text, edition and say, so the answer is that of a fresh reading.

use super::test_files::test_files;
use super::{Options, internal, panics, work};
use crate::base::{
    Confidence, FileId, Finding, Idx, IndexVec, Problem, SourceFile, SourceMap, Span, Step, Suppression, Symbol,
};
use crate::discover::{Content, Entry, Tree};
use crate::ir::{FileIr, TOO_LARGE};
use crate::lower::{self, LowerCx};
use crate::parse::{self, skim};
use crate::report::{Summary, suppress::FileComments};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A tree that was read.
pub struct Read {
    /// The texts.
    pub sources: SourceMap,
    /// Their IR, with holes.
    pub files: IndexVec<FileId, Option<Arc<FileIr>>>,
    /// Comments that speak to letgo.
    pub comments: Vec<FileComments>,
    /// `unparsed_file` findings.
    pub faults: Vec<Finding>,
    /// What is letgo's own fault.
    pub ours: Vec<Problem>,
    /// What was passed over, and why.
    pub told: Vec<Problem>,
    /// The counts that are known by now.
    pub summary: Summary,
    /// What became of each file.
    each: IndexVec<FileId, Arc<ReadFile>>,
}

/// One file before it is parsed.
struct Seen {
    source: SourceFile,
    /// Why there is no text.
    unreadable: Option<String>,
    /// What one pass over the text told; nothing where all of it is to be parsed.
    skimmed: Option<skim::Skimmed>,
}

/// One file that was read.
struct ReadFile {
    source: SourceFile,
    edition: u16,
    /// Whether only test code reaches it.
    is_test: bool,
    lowered: Result<Lowered, Fault>,
}

impl ReadFile {
    /// Whether reading it now would give the same.
    fn is_still(&self, entry: &Entry, seen: &Seen, is_test: bool) -> bool {
        let is_read = matches!(self.lowered, Ok(_) | Err(Fault::Unparsed(_))) && seen.unreadable.is_none();
        let is_same = *self.source.path == *entry.path && self.source.text == seen.source.text;
        is_read && is_same && self.edition == entry.edition && self.is_test == is_test
    }
}

/// What became of a text.
struct Lowered {
    ir: Arc<FileIr>,
    suppressions: Vec<Suppression>,
    /// Lines that were not read.
    passed_over: usize,
}

/// Why a file has no IR.
enum Fault {
    Unreadable(String),
    Unparsed(parse::ParseError),
    Panic(String),
}

/// Text to IR; on the thread that calls it. The last says whether the file is test code.
type Lowering<'a> = dyn Fn(FileId, &Entry, &Seen, bool) -> Result<Lowered, parse::ParseError> + Sync + 'a;

/// Reads the files of the tree. Those that an older reading, with the same options, has as they are now are taken from it.
pub fn read(options: &Options<'_>, old: Option<&Read>) -> Read {
    read_with(options, old, &|id, entry, seen, is_test| lowered(id, entry, seen, is_test, options))
}

fn read_with(options: &Options<'_>, old: Option<&Read>, lower: &Lowering<'_>) -> Read {
    let entries: Vec<&Entry> = options.tree.files.iter().filter(|e| options.include_tests || !e.is_test).collect();
    let seen = work::map(&entries, options.threads, |_, entry| see(entry, options));
    let skimmed: Vec<Option<&skim::Skimmed>> = seen.iter().map(|seen| seen.skimmed.as_ref()).collect();
    let test_files = test_files(options.tree, &entries, &skimmed);
    let done = AtomicUsize::new(0);
    // Large files first: one that comes last keeps a thread busy while the others have nothing left.
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by_key(|n| (Reverse(seen[*n].source.text.len()), *n));
    let files = work::map(&order, options.threads, |_, &n| {
        let known = old.and_then(|old| old.each.get(FileId::new(n)));
        let file = match known.filter(|file| file.is_still(entries[n], &seen[n], test_files[n])) {
            Some(file) => Arc::clone(file),
            None => Arc::new(read_file(FileId::new(n), entries[n], &seen[n], test_files[n], lower)),
        };
        options.say("reading", done.fetch_add(1, Ordering::Relaxed) + 1, entries.len());
        (n, file)
    });
    Read::of(files.into_iter().collect::<BTreeMap<usize, _>>().into_values(), options)
}

/// The same tree with other texts in some files: only these are parsed and lowered.
pub fn again(old: &Read, changed: &[(FileId, String)], options: &Options<'_>) -> Read {
    let entries: Vec<&Entry> = options.tree.files.iter().filter(|e| options.include_tests || !e.is_test).collect();
    let files = work::map(changed, options.threads, |_, (id, text)| {
        let entry = Entry { content: Content::Memory(text.clone()), ..entries[id.index()].clone() };
        let is_test = old.each[*id].is_test;
        let lower = |id, entry: &Entry, seen: &Seen, is_test| lowered(id, entry, seen, is_test, options);
        (*id, Arc::new(read_file(*id, &entry, &see(&entry, options), is_test, &lower)))
    });
    let mut files: BTreeMap<FileId, Arc<ReadFile>> = files.into_iter().collect();
    let each = old.each.iter_enumerated();
    Read::of(each.map(|(id, file)| files.remove(&id).unwrap_or_else(|| Arc::clone(file))), options)
}

impl Read {
    /// Files in order of their ids.
    fn of(files: impl Iterator<Item = Arc<ReadFile>>, options: &Options<'_>) -> Read {
        let mut read = Read {
            sources: SourceMap::default(),
            files: IndexVec::new(),
            comments: Vec::new(),
            faults: Vec::new(),
            ours: Vec::new(),
            told: Vec::new(),
            summary: Summary::default(),
            each: IndexVec::new(),
        };
        for file in files {
            read.add(file);
        }
        read.doubt_unreached(options.tree);
        read
    }

    /// A file outside every folder that a crate's modules lie in (a syntax test among assets, a template) is likely none of
    /// its modules: that it is no Rust is told with low confidence.
    fn doubt_unreached(&mut self, tree: &Tree) {
        let folder = |root: &str| root.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let roots = tree.crates.iter().flat_map(|krate| &krate.roots);
        let folders: Vec<String> =
            roots.filter(|r| r.as_str() != "build.rs" && !r.ends_with("/build.rs")).map(|r| folder(r)).collect();
        for fault in &mut self.faults {
            let path = &self.sources.files[fault.span.file].path;
            if !folders.iter().any(|folder| path.starts_with(folder.as_str())) {
                fault.confidence = Confidence::Low;
            }
        }
    }

    fn add(&mut self, file: Arc<ReadFile>) {
        let id = self.sources.files.next_index();
        let source = &file.source;
        self.summary.files += 1;
        self.summary.lines += source.line_count();
        let ir = match &file.lowered {
            Ok(Lowered { ir, suppressions, passed_over }) => {
                self.summary.lowered_lines += source.line_count().saturating_sub(*passed_over);
                self.summary.functions += ir.fns.len();
                if !suppressions.is_empty() {
                    let (suppressions, statements) = (suppressions.clone(), ir.stmt_spans.clone());
                    self.comments.push(FileComments { suppressions, statements });
                }
                for (_, span) in ir.unknown.iter().filter(|(what, _)| *what == TOO_LARGE) {
                    self.told.push(Problem {
                        path: source.path.to_string(),
                        line: source.line_column(span.start).0,
                        message:
                            "this function is too large, so nothing is known of it: split it, or `exclude` its file"
                                .to_owned(),
                    });
                }
                Some(Arc::clone(ir))
            }
            Err(Fault::Panic(words)) => {
                self.ours.push(internal(words, &source.path));
                None
            }
            Err(Fault::Unreadable(message)) => {
                self.faults.push(unparsed(id, source, 1, 1, format!("this file {message}")));
                None
            }
            Err(Fault::Unparsed(e)) => {
                // The lexer only says that it gave up.
                let what = match e.message.as_str() {
                    "cannot parse string into token stream" => {
                        "a bracket, quote or literal is not closed, or is no Rust"
                    }
                    other => other,
                };
                let message = format!("this file cannot be parsed: {what}");
                self.faults.push(unparsed(id, source, e.line, e.column, message));
                None
            }
        };
        self.summary.unparsed = self.faults.len();
        self.files.push(ir);
        self.sources.files.push(file.source.clone());
        self.each.push(file);
    }
}

/// Reads a file and passes over its text.
fn see(entry: &Entry, options: &Options<'_>) -> Seen {
    let text = match entry.read() {
        Ok(text) => text,
        Err(message) => {
            return Seen { source: SourceFile::new(&entry.path, ""), unreadable: Some(message), skimmed: None };
        }
    };
    let skimmed = match options.whole {
        true => None,
        false => panics::caught(|| skim::skim(&text)).unwrap_or_default(),
    };
    Seen { source: SourceFile::new(&entry.path, &text), unreadable: None, skimmed }
}

fn read_file(id: FileId, entry: &Entry, seen: &Seen, is_test: bool, lower: &Lowering<'_>) -> ReadFile {
    let of = |lowered| ReadFile { source: seen.source.clone(), edition: entry.edition, is_test, lowered };
    if let Some(message) = &seen.unreadable {
        return of(Err(Fault::Unreadable(message.clone())));
    }
    let result = panics::caught(|| lower(id, entry, seen, is_test));
    parse::forget_spans();
    let lowered = match result {
        Ok(Ok(lowered)) => Ok(lowered),
        Ok(Err(e)) => Err(Fault::Unparsed(e)),
        Err(words) => Err(Fault::Panic(words)),
    };
    of(lowered)
}

fn lowered(
    id: FileId,
    entry: &Entry,
    seen: &Seen,
    is_test: bool,
    options: &Options<'_>,
) -> Result<Lowered, parse::ParseError> {
    let text = &*seen.source.text;
    // A comment may speak of any statement.
    let speaks = text.contains(parse::MARK);
    let skimmed = seen.skimmed.as_ref().filter(|_| !speaks);
    let passed_over = skimmed.map_or_else(Vec::new, |skimmed| passed_over(skimmed, is_test, options));
    let thinned = skimmed.filter(|_| !parse::has_preamble(text)).map(|s| skim::thinned(text, s, &passed_over));
    let parsed = thinned.and_then(|(thin, thinned)| Some((parse::parse_file(&thin).ok()?, thinned)));
    // What cannot be parsed is told of as it stands.
    let blanked;
    let (ast, whole, thinned) = match parsed {
        Some((ast, thinned)) => (ast, text, Some(thinned)),
        None => {
            blanked = skim::blanked(text, &passed_over);
            (parse::parse_file(&blanked)?, blanked.as_str(), None)
        }
    };
    let macro_shape = |path: &[&str]| {
        let path: Vec<Symbol> = path.iter().map(|segment| Symbol::new(segment)).collect();
        options.catalog.macro_shape_written(&path)
    };
    let cx =
        LowerCx { file: id, edition: entry.edition, text: whole, thinned: thinned.as_ref(), macro_shape: &macro_shape };
    let lines = |range: &std::ops::Range<usize>| text[range.clone()].bytes().filter(|b| *b == b'\n').count();
    Ok(Lowered {
        ir: Arc::new(lower::file(&ast, &cx)),
        suppressions: parse::suppressions(text, id),
        passed_over: passed_over.iter().map(lines).sum(),
    })
}

/// Bodies that have no say in what is found. What a test does matters to nobody, unless it implements a trait that nothing
/// else implements, or has items inside.
fn passed_over(skimmed: &skim::Skimmed, is_test: bool, options: &Options<'_>) -> Vec<std::ops::Range<usize>> {
    let no_say = |f: &skim::FnText| (is_test || f.is_test) && !options.include_tests && !f.of_trait && !f.has_items;
    skimmed.functions.iter().filter(|f| no_say(f)).map(|f| f.body.clone()).collect()
}

fn unparsed(file: FileId, source: &SourceFile, line: usize, column: usize, message: String) -> Finding {
    let range = source.line_range(line).unwrap_or(0..0);
    let text = &source.text[range.clone()];
    let at = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(i, _)| i);
    let span = Span { file, start: (range.start + at) as u32, end: range.end as u32 };
    Finding {
        lint: "unparsed_file",
        confidence: Confidence::High,
        span,
        function: String::new(),
        function_span: span,
        message,
        resource: String::new(),
        acquired_at: None,
        held: None,
        steps: vec![Step { span, message: "here".to_owned(), primary: true, offence: None }],
        kinds: Vec::new(),
        why: "letgo sees nothing of this file, and calls into it are unknown to it".to_owned(),
        help: "mend the file, or name it under `exclude` in `letgo.toml`".to_owned(),
        suggestions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::Tree;

    #[test]
    fn a_panic_costs_its_file_and_is_told_with_its_name() {
        let files = ["src/a.rs", "src/b.rs", "src/c.rs"].map(|path| (path.to_owned(), "fn f() {}".to_owned()));
        let tree = Tree::in_memory(files, 2021);
        let catalog = crate::pipeline::catalog(&tree, None).expect("the shipped packs are sound");
        let options = Options { threads: 2, ..Options::new(&tree, &catalog) };
        let read = read_with(&options, None, &|id, entry, seen, is_test| {
            assert!(entry.path != "src/b.rs", "no way");
            lowered(id, entry, seen, is_test, &options)
        });
        let kept: Vec<bool> = read.files.iter().map(Option::is_some).collect();
        assert_eq!(kept, [true, false, true]);
        let told: Vec<&str> = read.ours.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(told, ["src/b.rs"]);
        assert!(read.ours[0].message.contains("no way"), "{}", read.ours[0].message);
    }

    /// Trees that follow each other as somebody types: over what was read before each is judged as on its own.
    #[test]
    fn what_was_read_before_changes_no_answer() {
        let lib = "pub mod jobs;\n#[cfg(test)] mod helped;\n";
        let body = "pub async fn f(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    let mut tx = pool.begin().await?;\n    \
                    sqlx::query(\"DELETE FROM a\").execute(&mut *tx).await?;\n    \
                    sqlx::query(\"DELETE FROM b\").execute(pool).await?;\n    tx.commit().await\n}\n";
        let silenced = format!("// letgo: allow(nested_acquire, reason = \"a test\")\n{body}");
        let tried = [
            vec![("src/lib.rs", lib), ("src/jobs.rs", body), ("src/helped.rs", body)],
            vec![("src/lib.rs", lib), ("src/jobs.rs", "pub fn f() {}\n"), ("src/helped.rs", body)],
            vec![("src/lib.rs", lib), ("src/jobs.rs", &silenced), ("src/helped.rs", body)],
            vec![("src/lib.rs", lib), ("src/jobs.rs", "pub fn f( {"), ("src/helped.rs", body)],
            vec![
                ("src/lib.rs", "pub mod jobs;\nmod helped;\n"),
                ("src/jobs.rs", "pub fn f( {"),
                ("src/helped.rs", body),
            ],
            vec![("src/lib.rs", "pub mod jobs;\nmod helped;\n"), ("src/jobs.rs", body), ("src/helped.rs", body)],
            vec![("src/lib.rs", lib), ("src/a.rs", body), ("src/jobs.rs", body), ("src/helped.rs", body)],
            vec![("src/lib.rs", lib), ("src/jobs.rs", &silenced), ("src/helped.rs", "")],
        ];
        let mut memory: Option<crate::pipeline::Memory> = None;
        let (catalog, mut reused, mut findings) = (shipped(), 0, 0);
        for files in tried {
            let tree = Tree::in_memory(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())), 2021);
            let options = Options { threads: 2, fixes: true, ..Options::new(&tree, &catalog) };
            let (mut over, after) = crate::pipeline::check_again(&options, memory.as_ref());
            let mut fresh = crate::pipeline::check(&options);
            (over.summary.seconds, fresh.summary.seconds) = (0.0, 0.0);
            assert_eq!(format!("{over:?}"), format!("{fresh:?}"), "{files:?}");
            findings += over.entries.len();
            if let Some(before) = memory {
                let pairs = before.read.each.iter().zip(after.read.each.iter());
                reused += pairs.filter(|(old, new)| Arc::ptr_eq(old, new)).count();
            }
            memory = Some(after);
        }
        // Six of the seven that follow leave something as it was.
        assert!(findings > 5 && reused >= 8, "{findings} {reused}");
    }

    fn shipped() -> Arc<crate::pack::Catalog> {
        crate::pipeline::catalog(&Tree::default(), None).expect("the shipped packs are sound")
    }
}
