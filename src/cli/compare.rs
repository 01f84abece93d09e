//! New findings only: the tree that is judged beside the one it came from.
//!
//! `--staged` judges what is staged, and compares with HEAD; `--diff-base` judges the working tree, and compares with the
//! merge base. Both trees are read whole and compared by finding, never by line, so that a change in one file that makes code
//! of another one wrong is seen.
//!
//! **Invariants:** both trees are judged with the same settings; nothing is checked out.

use super::args::Check;
use super::config::{self, Config};
use super::place::Place;
use super::{Stop, check};
use crate::discover::{Repository, Rules, Snapshot, Tree};
use crate::pipeline::{self, Options};
use crate::report::{Known, LintRow};

/// What to compare with.
pub struct Against {
    repository: Repository,
    /// The tree that is judged, where it is not the one on disk.
    staged: Option<Snapshot>,
    /// What came before: HEAD or the merge base, and in a merge what it brings in.
    before: Vec<Snapshot>,
}

impl Against {
    /// What the flags ask for.
    pub fn of(args: &Check, stdin: bool, place: &Place) -> Result<Option<Against>, Stop> {
        if !args.staged && args.diff_base.is_none() {
            return Ok(None);
        }
        let fail = |message: String| Stop::Error(format!("letgo: {message}\n"));
        if stdin {
            return Err(fail("standard input is in no git tree; leave `-` or the comparison out".to_owned()));
        }
        let here = std::env::current_dir().and_then(|dir| dir.canonicalize()).unwrap_or_else(|_| place.root.clone());
        let repository = Repository::around(&place.root, &here).map_err(fail)?;
        let base = match &args.diff_base {
            Some(rev) => Some(repository.merge_base(rev).map_err(fail)?),
            None => repository.head(),
        };
        let merged = if args.staged { repository.merge_head() } else { None };
        let before = base.iter().chain(&merged).map(|commit| repository.commit(commit));
        let before = before.collect::<Result<_, String>>().map_err(fail)?;
        let staged = args.staged.then(|| repository.staged()).transpose().map_err(fail)?;
        Ok(Some(Against { repository, staged, before }))
    }

    /// The settings as staged; `None` where those on disk count.
    pub fn settings(&self, place: &Place, rows: &[LintRow]) -> Result<Option<Config>, Stop> {
        let text = |path: &str| {
            let bytes = self.staged.as_ref()?.files.get(path)?;
            String::from_utf8(bytes.to_vec()).ok()
        };
        let fail = |e: config::ConfigError| Stop::Error(e.text);
        if let Some(text) = text(config::FILE) {
            return Ok(Some(config::read(&place.paths.show(config::FILE), &text, rows).map_err(fail)?));
        }
        let Some(manifest) = text("Cargo.toml") else { return Ok(None) };
        let found = config::read_metadata(&place.paths.show("Cargo.toml"), &manifest, rows).map_err(fail)?;
        Ok(Some(found.unwrap_or_default()))
    }

    /// The staged tree, if it is the one to judge.
    pub fn tree(&self, place: &Place, rules: &Rules) -> Option<Tree> {
        let staged = self.staged.as_ref()?;
        Some(Tree::from_snapshot(&place.root, rules, staged, &self.repository))
    }

    /// What the tree before holds. `options` are those of the tree that is judged.
    pub fn known(&self, place: &Place, rules: &Rules, settings: &Config, options: &Options<'_>) -> Result<Known, Stop> {
        let mut known = Known::default();
        for before in &self.before {
            known = known.or(self.known_of(before, place, rules, settings, options)?);
        }
        Ok(known)
    }

    fn known_of(
        &self,
        before: &Snapshot,
        place: &Place,
        rules: &Rules,
        settings: &Config,
        options: &Options<'_>,
    ) -> Result<Known, Stop> {
        let tree = Tree::from_snapshot(&place.root, rules, before, &self.repository);
        if tree.files.is_empty() {
            return Ok(Known::default());
        }
        let catalog = check::catalog(&tree, settings)?;
        let before = Options {
            levels: options.levels.clone(),
            include_tests: options.include_tests,
            ignore_suppressions: options.ignore_suppressions,
            threads: options.threads,
            progress: options.progress,
            ..Options::new(&tree, &catalog)
        };
        Ok(pipeline::known(&before).0)
    }
}
