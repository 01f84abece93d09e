//! When and what is judged: buffers over files, one workspace at a time, on a thread of its own.
//!
//! **Invariants:** a judgement begins when nothing has changed for a moment, so that typing does not pile up work; while a buffer
//! cannot be parsed, what was said before stays, until it is saved; what is published for a buffer is of that version; what was read
//! is kept for the next judgement, which answers as if it were the first.

use super::super::{baseline, check, place};
use super::diagnostics;
use super::text::{self, Encoding};
use crate::base::{CrateInput, Level};
use crate::discover::{Rules, Tree};
use crate::pack::Catalog;
use crate::pipeline::{self, Memory, Options, panics};
use crate::report::{Levels, Report};
use lsp_server::{Message, Notification};
use lsp_types::notification::{Notification as _, PublishDiagnostics, ShowMessage};
use lsp_types::{Diagnostic, MessageType, PublishDiagnosticsParams, ShowMessageParams, Uri};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long nothing must change before letgo judges.
const QUIET: Duration = Duration::from_millis(200);

/// The lint that tells of files that cannot be parsed.
const UNPARSED: &str = "unparsed_file";

/// Why there is something to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Somebody types.
    Typed,
    /// A file was opened, saved, or changed on disk.
    Saved,
}

/// A buffer of the editor.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// As the editor names it.
    pub uri: Uri,
    /// Counts up with each change.
    pub version: i32,
    /// Its text.
    pub text: Arc<str>,
}

/// A judged workspace.
#[derive(Debug)]
pub struct Judged {
    /// Its root.
    pub root: PathBuf,
    /// What was found.
    pub report: Report,
}

#[derive(Default)]
struct State {
    buffers: BTreeMap<PathBuf, Buffer>,
    /// Roots to judge.
    due: BTreeMap<PathBuf, Why>,
    /// When the last change came.
    changed: Option<Instant>,
    judged: BTreeMap<PathBuf, Arc<Judged>>,
    /// Files for which something was published, per root.
    published: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// What was last complained of, so that it is said once.
    complaint: String,
    stop: bool,
}

/// What the conversation and the worker share.
pub struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    encoding: Encoding,
}

impl Shared {
    /// Nothing is open.
    pub fn new(encoding: Encoding) -> Shared {
        Shared { state: Mutex::default(), wake: Condvar::new(), encoding }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A buffer is opened.
    pub fn open(&self, uri: &Uri, version: i32, text: String) {
        self.put(uri, version, text, Why::Saved);
    }

    /// A buffer has a new text.
    pub fn change(&self, uri: &Uri, version: i32, text: String) {
        self.put(uri, version, text, Why::Typed);
    }

    fn put(&self, uri: &Uri, version: i32, text: String, why: Why) {
        let Some(path) = file(uri) else { return };
        self.lock().buffers.insert(path, Buffer { uri: uri.clone(), version, text: text.into() });
        self.touch(uri, why);
    }

    /// A buffer is closed: the file on disk counts again.
    pub fn close(&self, uri: &Uri) {
        let Some(path) = file(uri) else { return };
        self.lock().buffers.remove(&path);
        self.touch(uri, Why::Saved);
    }

    /// A file may have changed.
    pub fn touch(&self, uri: &Uri, why: Why) {
        let Some(path) = file(uri) else { return };
        let root = place::around(path.parent().unwrap_or(&path)).root;
        let mut state = self.lock();
        // What lies in no workspace that the editor shows is not letgo's business.
        let is_shown = state.judged.contains_key(&root) || state.buffers.keys().any(|p| p.starts_with(&root));
        if is_shown {
            let due = state.due.entry(root).or_insert(why);
            *due = (*due).max(why);
            state.changed = Some(Instant::now());
            self.wake.notify_all();
        }
    }

    /// The worker is to end.
    pub fn stop(&self) {
        self.lock().stop = true;
        self.wake.notify_all();
    }

    /// The last judgement of the workspace around a file, if the buffer has the text that was judged.
    pub fn judged(&self, uri: &Uri) -> Option<(Arc<Judged>, String)> {
        let path = file(uri)?;
        let state = self.lock();
        let inside = state.judged.values().filter(|j| path.starts_with(&j.root));
        let judged = inside.max_by_key(|j| j.root.components().count())?;
        let below = place::below(&judged.root, &path)?;
        Some((Arc::clone(judged), below))
    }

    /// The buffer of a file, if it is open.
    pub fn buffer(&self, path: &Path) -> Option<Buffer> {
        self.lock().buffers.get(path).cloned()
    }

    /// The next root to judge, when it is time; `None` at the end.
    fn next(&self) -> Option<(PathBuf, Why, BTreeMap<PathBuf, Buffer>)> {
        let mut state = self.lock();
        loop {
            if state.stop {
                return None;
            }
            let waited = state.changed.map(|at| at.elapsed());
            match waited {
                Some(waited) if waited >= QUIET => match state.due.pop_first() {
                    Some((root, why)) => return Some((root, why, state.buffers.clone())),
                    None => state.changed = None,
                },
                Some(waited) => {
                    let rest = QUIET.saturating_sub(waited);
                    state = self.wake.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
                }
                None => state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// The path of an address as the file system has it, links followed, so that it lies below its root.
fn file(uri: &Uri) -> Option<PathBuf> {
    let path = text::path(uri)?;
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    // A buffer that was never saved.
    let parent = path.parent()?.canonicalize().ok()?;
    Some(parent.join(path.file_name()?))
}

/// What a judgement leaves for the next one of its root.
struct Kept {
    /// The rows of the settings, and the crates: what the catalog is made from.
    rows: Option<(String, String)>,
    crates: Vec<CrateInput>,
    catalog: Arc<Catalog>,
    memory: Memory,
}

/// Judges and publishes until the conversation ends.
pub fn work(shared: &Shared, send: &Send<'_>) {
    let mut kept: BTreeMap<PathBuf, Kept> = BTreeMap::new();
    while let Some((root, why, buffers)) = shared.next() {
        let before = kept.remove(&root);
        let judged = panics::caught(|| judge(&root, &buffers, before)).unwrap_or_else(Err);
        let judged = judged.map(|(report, after)| {
            kept.insert(root.clone(), after);
            report
        });
        let mut state = shared.lock();
        match judged {
            Ok(report) => {
                state.complaint.clear();
                publish(&mut state, Judged { root, report }, why, &buffers, shared.encoding, send);
            }
            Err(words) if words != state.complaint => {
                let params = ShowMessageParams { typ: MessageType::ERROR, message: words.trim_end().to_owned() };
                tell(send, ShowMessage::METHOD, params);
                state.complaint = words;
            }
            Err(_) => {}
        }
    }
}

/// Where notifications go. If nobody listens, the conversation is about to end.
pub type Send<'a> = dyn Fn(Message) + 'a;

fn tell(send: &Send<'_>, method: &str, params: impl serde::Serialize) {
    let params = serde_json::to_value(params).unwrap_or_default();
    send(Message::Notification(Notification { method: method.to_owned(), params }));
}

fn judge(root: &Path, buffers: &BTreeMap<PathBuf, Buffer>, before: Option<Kept>) -> Result<(Report, Kept), String> {
    let words = |stop| match stop {
        super::Stop::Error(text) => text,
        super::Stop::ClosedPipe => String::new(),
    };
    let place = place::around(root);
    let rows = pipeline::lint_rows();
    let settings = check::settings(None, &place, &rows).map_err(words)?;
    let exclude = settings.exclude.iter().map(|(glob, _)| glob.clone()).collect();
    let mut tree = Tree::from_disk(&place.root, &Rules { exclude, explicit: Vec::new() });
    for (path, buffer) in buffers {
        let Some(below) = place::below(&place.root, path).filter(|below| below.ends_with(".rs")) else { continue };
        // A file that the walk leaves out stays out; one that is not on disk yet is new.
        if tree.files.iter().any(|e| e.path == below) || !path.exists() {
            tree.replace(&below, buffer.text.to_string());
        }
    }
    let known = baseline::of_place(&place).map_err(words)?;
    let rows_written = settings.source.clone().filter(|_| settings.has_rows);
    let before = before.filter(|b| b.rows == rows_written && b.crates == tree.crates);
    let catalog = match &before {
        Some(before) => Arc::clone(&before.catalog),
        None => check::catalog(&tree, &settings).map_err(words)?,
    };
    let options = Options {
        levels: Levels {
            rows,
            config: settings.settings.clone(),
            per_path: settings.per_path.clone(),
            command_line: Vec::new(),
        },
        min_confidence: settings.min_confidence.unwrap_or(crate::base::Confidence::Medium),
        baseline: known.as_ref().map(|(_, known)| known),
        fixes: true,
        ..Options::new(&tree, &catalog)
    };
    let (report, memory) = pipeline::check_again(&options, before.as_ref().map(|b| &b.memory));
    Ok((report, Kept { rows: rows_written, crates: tree.crates, catalog, memory }))
}

fn publish(
    state: &mut State,
    judged: Judged,
    why: Why,
    buffers: &BTreeMap<PathBuf, Buffer>,
    encoding: Encoding,
    send: &Send<'_>,
) {
    let path_of =
        |file: crate::base::FileId| judged.report.sources.files.get(file).map(|source| judged.root.join(&*source.path));
    let unparsed = judged.report.entries.iter().filter(|e| e.finding.lint == UNPARSED && e.level != Level::Allow);
    let half_typed = unparsed.filter_map(|e| path_of(e.finding.span.file)).any(|path| buffers.contains_key(&path));
    if half_typed && why == Why::Typed {
        return;
    }
    let mut by_file: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for entry in &judged.report.entries {
        if let Some(path) = path_of(entry.finding.span.file) {
            let diagnostic = diagnostics::of(&judged, entry, encoding);
            by_file.entry(path).or_default().extend(diagnostic);
        }
    }
    let before = state.published.remove(&judged.root).unwrap_or_default();
    for path in before {
        by_file.entry(path).or_default();
    }
    let mut published = BTreeSet::new();
    for (path, diagnostics) in by_file {
        let open = state.buffers.get(&path);
        if !diagnostics.is_empty() {
            published.insert(path.clone());
        }
        let is_old = open.map(|b| b.version) != buffers.get(&path).map(|b| b.version);
        let uri = open.map(|b| b.uri.clone()).or_else(|| text::uri(&path));
        // A buffer that has changed meanwhile is judged again soon.
        if let Some(uri) = uri.filter(|_| !is_old) {
            let params = PublishDiagnosticsParams { uri, diagnostics, version: open.map(|b| b.version) };
            tell(send, PublishDiagnostics::METHOD, params);
        } else {
            published.insert(path);
        }
    }
    state.published.insert(judged.root.clone(), published);
    state.judged.insert(judged.root.clone(), Arc::new(judged));
}
