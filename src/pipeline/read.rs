//! From a tree to IR: each file is read, parsed and lowered in one go on one thread.
//!
//! **Invariants:** file ids are positions in the tree's order (test code is taken out before, unless asked for); a file that
//! cannot be read or parsed keeps its id, has no IR, and is an `unparsed_file` finding.

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
    /// Files that only test code reaches.
    test_files: Vec<bool>,
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
    lowered: Result<Lowered, Fault>,
}

/// What became of a text.
struct Lowered {
    ir: FileIr,
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

/// Reads the files of the tree.
pub fn read(options: &Options<'_>) -> Read {
    read_with(options, &|id, entry, seen, is_test| lowered(id, entry, seen, is_test, options))
}

fn read_with(options: &Options<'_>, lower: &Lowering<'_>) -> Read {
    let entries: Vec<&Entry> = options.tree.files.iter().filter(|e| options.include_tests || !e.is_test).collect();
    let seen = work::map(&entries, options.threads, |_, entry| see(entry, options));
    let skimmed: Vec<Option<&skim::Skimmed>> = seen.iter().map(|seen| seen.skimmed.as_ref()).collect();
    let test_files = test_files(options.tree, &entries, &skimmed);
    let done = AtomicUsize::new(0);
    // Large files first: one that comes last keeps a thread busy while the others have nothing left.
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by_key(|n| (Reverse(seen[*n].source.text.len()), *n));
    let files = work::map(&order, options.threads, |_, &n| {
        let file = read_file(FileId::new(n), entries[n], &seen[n], test_files[n], lower);
        options.say("reading", done.fetch_add(1, Ordering::Relaxed) + 1, entries.len());
        (n, file)
    });
    let files: BTreeMap<usize, ReadFile> = files.into_iter().collect();
    let mut read = Read {
        sources: SourceMap::default(),
        files: IndexVec::new(),
        comments: Vec::new(),
        faults: Vec::new(),
        ours: Vec::new(),
        told: Vec::new(),
        summary: Summary { files: files.len(), ..Summary::default() },
        test_files,
    };
    for file in files.into_values() {
        read.add(file);
    }
    read.doubt_unreached(options.tree);
    read
}

/// The same tree with other texts in some files: only these are parsed and lowered.
pub fn again(old: &Read, changed: &[(FileId, String)], options: &Options<'_>) -> Read {
    let entries: Vec<&Entry> = options.tree.files.iter().filter(|e| options.include_tests || !e.is_test).collect();
    let files = work::map(changed, options.threads, |_, (id, text)| {
        let entry = Entry { content: Content::Memory(text.clone()), ..entries[id.index()].clone() };
        let is_test = old.test_files[id.index()];
        let lower = |id, entry: &Entry, seen: &Seen, is_test| lowered(id, entry, seen, is_test, options);
        (*id, read_file(*id, &entry, &see(&entry, options), is_test, &lower))
    });
    let mut files: BTreeMap<FileId, ReadFile> = files.into_iter().collect();
    let mut read = Read {
        sources: SourceMap::default(),
        files: IndexVec::new(),
        comments: Vec::new(),
        faults: Vec::new(),
        ours: old.ours.clone(),
        told: old.told.clone(),
        summary: Summary { files: entries.len(), ..Summary::default() },
        test_files: old.test_files.clone(),
    };
    for id in old.sources.files.indices() {
        match files.remove(&id) {
            Some(file) => read.add(file),
            None => read.keep(old, id),
        }
    }
    read.doubt_unreached(options.tree);
    read
}

impl Read {
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

    /// Takes a file over as it was read before.
    fn keep(&mut self, old: &Read, id: FileId) {
        let is_of_it = |comments: &&FileComments| comments.suppressions.first().is_some_and(|s| s.span.file == id);
        self.comments.extend(old.comments.iter().filter(is_of_it).cloned());
        self.faults.extend(old.faults.iter().filter(|fault| fault.span.file == id).cloned());
        self.files.push(old.files[id].clone());
        self.sources.files.push(old.sources.files[id].clone());
    }

    fn add(&mut self, ReadFile { source, lowered }: ReadFile) {
        let id = self.sources.files.next_index();
        self.summary.lines += source.line_count();
        let ir = match lowered {
            Ok(Lowered { ir, suppressions, passed_over }) => {
                self.summary.lowered_lines += source.line_count().saturating_sub(passed_over);
                self.summary.functions += ir.fns.len();
                if !suppressions.is_empty() {
                    self.comments.push(FileComments { suppressions, statements: ir.stmt_spans.clone() });
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
                Some(Arc::new(ir))
            }
            Err(Fault::Panic(words)) => {
                self.ours.push(internal(&words, &source.path));
                None
            }
            Err(Fault::Unreadable(message)) => {
                self.faults.push(unparsed(id, &source, 1, 1, format!("this file {message}")));
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
                self.faults.push(unparsed(id, &source, e.line, e.column, message));
                None
            }
        };
        self.summary.unparsed = self.faults.len();
        self.files.push(ir);
        self.sources.files.push(source);
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
    let source = seen.source.clone();
    if let Some(message) = &seen.unreadable {
        return ReadFile { source, lowered: Err(Fault::Unreadable(message.clone())) };
    }
    let result = panics::caught(|| lower(id, entry, seen, is_test));
    parse::forget_spans();
    let lowered = match result {
        Ok(Ok(lowered)) => Ok(lowered),
        Ok(Err(e)) => Err(Fault::Unparsed(e)),
        Err(words) => Err(Fault::Panic(words)),
    };
    ReadFile { source, lowered }
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
        ir: lower::file(&ast, &cx),
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
        let read = read_with(&options, &|id, entry, seen, is_test| {
            assert!(entry.path != "src/b.rs", "no way");
            lowered(id, entry, seen, is_test, &options)
        });
        let kept: Vec<bool> = read.files.iter().map(Option::is_some).collect();
        assert_eq!(kept, [true, false, true]);
        let told: Vec<&str> = read.ours.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(told, ["src/b.rs"]);
        assert!(read.ours[0].message.contains("no way"), "{}", read.ours[0].message);
    }
}
