//! What git holds: the staged tree, committed trees, where two histories part.
//!
//! The `git` program is asked, with plumbing commands only: no hook, no filter, no difference driver and no file system monitor
//! of the repository runs, and contents come from objects, never from a check-out. The environment is left as it is, so that a
//! hook sees the index of its commit.
//!
//! **Invariants:** paths of a [`Snapshot`] are below the workspace root, `/`-separated, sorted; links are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Less than what any pipe holds.
const PIPE_BYTES: usize = 16_000;

/// The folder that holds `.git`, at or above a folder.
pub fn top(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

/// The texts of a tree that letgo reads: Rust files, manifests, settings.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// By path.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// Folders that are repositories of their own; what they hold is not known here.
    pub submodules: Vec<String>,
}

/// The repository around a workspace.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Where commands run.
    dir: PathBuf,
    /// The workspace root below the repository's top, with a slash at its end unless it is empty.
    prefix: String,
}

/// An entry of a tree or of the index.
struct Item {
    mode: String,
    id: String,
    path: String,
}

impl Repository {
    /// The repository around `root`, asked from `here` where that lies within, as a hook's variables may be relative to it.
    pub fn around(root: &Path, here: &Path) -> Result<Repository, String> {
        let Some(top) = top(root) else {
            return Err(format!("{} is in no git repository", root.display()));
        };
        let below = root.strip_prefix(top).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
        let prefix = if below.is_empty() { below } else { below + "/" };
        let dir = if here.starts_with(top) { here } else { root };
        Ok(Repository { dir: dir.to_path_buf(), prefix })
    }

    /// The staged tree.
    pub fn staged(&self) -> Result<Snapshot, String> {
        let listed = self.run(&["ls-files", "--stage", "-z", "--full-name", "--", ":/"])?;
        let items = records(&listed).filter_map(|record| {
            let (meta, path) = record.split_once('\t')?;
            let mut words = meta.split(' ');
            let (mode, id, stage) = (words.next()?, words.next()?, words.next()?);
            // Of a conflict, our side.
            matches!(stage, "0" | "2").then(|| Item { mode: mode.to_owned(), id: id.to_owned(), path: path.to_owned() })
        });
        self.read(items.collect())
    }

    /// The tree of a commit.
    pub fn commit(&self, id: &str) -> Result<Snapshot, String> {
        let listed = self.run(&["ls-tree", "-r", "-z", "--full-tree", id])?;
        let items = records(&listed).filter_map(|record| {
            let (meta, path) = record.split_once('\t')?;
            let mut words = meta.split(' ');
            let (mode, _kind, id) = (words.next()?, words.next()?, words.next()?);
            Some(Item { mode: mode.to_owned(), id: id.to_owned(), path: path.to_owned() })
        });
        self.read(items.collect())
    }

    /// The commit that is checked out; `None` before the first one.
    pub fn head(&self) -> Option<String> {
        self.resolve("HEAD")
    }

    /// Where the history of `rev` and that of the commit that is checked out part.
    pub fn merge_base(&self, rev: &str) -> Result<String, String> {
        let more = || {
            if self.run(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|out| out.starts_with(b"true")) {
                "; this clone is shallow: set `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` for GitLab, or run \
                 `git fetch --unshallow`"
            } else {
                ""
            }
        };
        let Some(head) = self.head() else {
            return Err("there is no commit yet, so there is nothing to compare with".to_owned());
        };
        let Some(commit) = self.resolve(rev) else {
            let (remote, branch) = rev.split_once('/').unwrap_or(("origin", rev));
            let shallow = more();
            return Err(format!(
                "`{rev}` is no commit that this clone knows; fetch it: `git fetch {remote} {branch}`{shallow}"
            ));
        };
        match self.run(&["merge-base", &commit, &head]) {
            Ok(out) => Ok(String::from_utf8_lossy(&out).trim().to_owned()),
            Err(_) => Err(format!("`{rev}` and HEAD have no common commit that this clone knows{}", more())),
        }
    }

    /// Which of these paths below the root git's rules leave out, tracked or not.
    pub fn ignored(&self, paths: &[&str]) -> BTreeSet<String> {
        let prefix = self.seen_from_here();
        let mut out = BTreeSet::new();
        let mut rest = paths;
        while !rest.is_empty() {
            // As much as the pipes hold in both directions, so that neither side waits for the other.
            let mut input = Vec::new();
            let fits = rest.iter().take_while(|path| {
                input.extend_from_slice(format!("{prefix}{path}\0").as_bytes());
                input.len() < PIPE_BYTES
            });
            let taken = fits.count().max(1).min(rest.len());
            let input: Vec<u8> = rest[..taken].iter().flat_map(|p| format!("{prefix}{p}\0").into_bytes()).collect();
            rest = &rest[taken..];
            // It fails where nothing is ignored; then there is no output either.
            let Ok(mut child) = self.spawn(&["check-ignore", "--no-index", "-z", "--stdin"]) else { continue };
            if let Some(mut stdin) = child.stdin.take() {
                let _ = stdin.write_all(&input);
            }
            let Ok(output) = child.wait_with_output() else { continue };
            let below = |path: &str| path.strip_prefix(prefix.as_str()).map(str::to_owned);
            out.extend(records(&output.stdout).filter_map(|path| below(&path)));
        }
        out
    }

    /// What leads from where commands run to the workspace root.
    fn seen_from_here(&self) -> String {
        let Some(top) = top(&self.dir) else { return self.prefix.clone() };
        let depth = self.dir.strip_prefix(top).map_or(0, |below| below.components().count());
        format!("{}{}", "../".repeat(depth), self.prefix)
    }

    /// The commit that a merge under way brings in.
    pub fn merge_head(&self) -> Option<String> {
        self.resolve("MERGE_HEAD")
    }

    fn resolve(&self, rev: &str) -> Option<String> {
        let commit = format!("{rev}^{{commit}}");
        let out = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).ok()?;
        let id = String::from_utf8_lossy(&out).trim().to_owned();
        (!id.is_empty()).then_some(id)
    }

    /// The contents of what letgo reads among `items`.
    fn read(&self, items: Vec<Item>) -> Result<Snapshot, String> {
        let mut snapshot = Snapshot::default();
        let mut wanted = Vec::new();
        for item in items {
            let Some(path) = item.path.strip_prefix(&self.prefix) else { continue };
            if item.mode == "160000" {
                snapshot.submodules.push(path.to_owned());
            } else if item.mode.starts_with("100") && is_read(path) {
                wanted.push((path.to_owned(), item.id));
            }
        }
        if wanted.is_empty() {
            return Ok(snapshot);
        }
        let mut child = self.spawn(&["cat-file", "--batch"])?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("`git cat-file` has no pipes".to_owned());
        };
        // One question, one answer: neither side can wait for the other.
        let mut answers = BufReader::new(stdout);
        for (path, id) in wanted {
            let content = ask(&mut stdin, &mut answers, &id).map_err(|e| format!("`git cat-file` failed: {e}"))?;
            let Some(content) = content else {
                return Err(format!("the content of {path} ({id}) is not in this clone"));
            };
            snapshot.files.insert(path, content.into());
        }
        drop(stdin);
        let _ = child.wait();
        Ok(snapshot)
    }

    /// Runs git; its output, or what it complained of.
    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let child = self.spawn(arguments)?;
        let output = child.wait_with_output().map_err(|e| format!("`git` cannot be run: {}", super::plain_io(&e)))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let words = words.lines().next().unwrap_or("it says nothing").trim_start_matches("fatal: ");
        Err(format!("`git {}` failed: {words}", arguments[0]))
    }

    fn spawn(&self, arguments: &[&str]) -> Result<Child, String> {
        Command::new("git")
            .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .args(arguments)
            .current_dir(&self.dir)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("`git` cannot be run: {}", super::plain_io(&e)))
    }
}

/// Asks for an object's content; `None` if there is no such object.
fn ask(questions: &mut impl Write, answers: &mut impl BufRead, id: &str) -> std::io::Result<Option<Vec<u8>>> {
    questions.write_all(format!("{id}\n").as_bytes())?;
    questions.flush()?;
    let mut header = String::new();
    answers.read_line(&mut header)?;
    let Some(size) = header.trim_end().split(' ').nth(2).and_then(|n| n.parse::<usize>().ok()) else {
        return Ok(None);
    };
    // A line break follows the content.
    let mut content = vec![0; size + 1];
    answers.read_exact(&mut content)?;
    content.truncate(size);
    Ok(Some(content))
}

/// Whether letgo reads a file of this path.
fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "Cargo.toml" || path == "letgo.toml" || name.ends_with(".rs")
}

/// Records that end in a zero byte; those that are not UTF-8 are left out, as by the walk.
fn records(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|&b| b == 0).filter(|r| !r.is_empty()).filter_map(|r| String::from_utf8(r.to_vec()).ok())
}
