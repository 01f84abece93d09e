//! `letgo inventory`: from the engine's inventory to one that can be printed.
//!
//! **Invariants:** as for a check: the same for any number of threads; what could not be read is told as a problem.

use super::{Options, Read, internal, link, panics, read, work};
use crate::analyse::inventory::{self as taken, Amount, EntryKind, Peak, StepKind};
use crate::analyse::{self, Release};
use crate::base::{Problem, Span};
use crate::pack::Kind;
use crate::report::Paths;
use crate::report::inventory::{Acquisition, At, Entry, Inventory, Most, Place};
use crate::resolve::{BodyIdx, Program, Ty};

/// The inventory, and what letgo could not do.
pub struct Taken {
    /// What is printed.
    pub inventory: Inventory,
    /// What went wrong: files that were not read among them.
    pub problems: Vec<Problem>,
    /// Whether a problem is letgo's own fault.
    pub internal_error: bool,
}

/// Takes the inventory of a tree; of the paths asked for, if there are any.
pub fn inventory(options: &Options<'_>) -> Taken {
    let read = read::read(options, None);
    let mut problems = options.tree.problems.clone();
    problems.extend(read.faults.iter().map(|fault| {
        let path = read.sources.files.get(fault.span.file).map_or(String::new(), |f| f.path.to_string());
        Problem { path, line: read.sources.line_column(fault.span).0, message: fault.message.clone() }
    }));
    let mut ours = read.ours.clone();
    let made = panics::caught(|| {
        let (program, panicked) = link(&read, options);
        let taken = work::deep(|| {
            taken::take(&program, &analyse::run(&program, options.include_tests, &work::Threads(options.threads)))
        });
        let printer = Printer { program: &program, read: &read, options, paths: &options.paths };
        (printer.inventory(taken), panicked)
    });
    let inventory = match made {
        Ok((inventory, panicked)) => {
            ours.extend(panicked);
            inventory
        }
        Err(words) => {
            ours.push(internal(&words, ""));
            Inventory { version: 1, ..Inventory::default() }
        }
    };
    let internal_error = !ours.is_empty();
    problems.extend(ours);
    Taken { inventory, problems, internal_error }
}

/// The inventory beside a check, of what the check has read; paths as they are below the root.
pub(super) fn beside(program: &Program, facts: &analyse::Facts, read: &Read, options: &Options<'_>) -> Inventory {
    let taken = work::deep(|| taken::take(program, facts));
    Printer { program, read, options, paths: &Paths::Prefix(String::new()) }.inventory(taken)
}

struct Printer<'a> {
    program: &'a Program,
    read: &'a Read,
    options: &'a Options<'a>,
    paths: &'a Paths,
}

impl Printer<'_> {
    fn inventory(&self, taken: taken::Inventory) -> Inventory {
        let acquisitions = taken.acquisitions.iter().filter(|a| self.is_wanted(a.span)).map(|a| self.acquisition(a));
        let entries = taken.entries.iter().filter(|e| self.is_wanted(e.span)).map(|e| self.entry(e));
        Inventory { version: 1, acquisitions: acquisitions.collect(), entries: entries.collect() }
    }

    fn is_wanted(&self, span: Span) -> bool {
        let Some(file) = self.read.sources.files.get(span.file) else { return false };
        let below = |dir: &String| {
            dir.is_empty()
                || *file.path == **dir
                || file.path.strip_prefix(dir.as_str()).is_some_and(|r| r.starts_with('/'))
        };
        self.options.only.is_empty() || self.options.only.iter().any(below)
    }

    fn place(&self, span: Span) -> Place {
        let Some(file) = self.read.sources.files.get(span.file) else { return Place::default() };
        let (line, column) = self.read.sources.line_column(span);
        Place { path: self.paths.show(&file.path), line, column }
    }

    fn at(&self, what: String, span: Span) -> At {
        At { what, place: self.place(span) }
    }

    fn acquisition(&self, a: &taken::Acquisition) -> Acquisition {
        let released = a.releases.iter().map(|&(span, how)| self.at(release_words(how).to_owned(), span));
        let waits = a.waits.iter().map(|(kind, what, span)| {
            let words = if what.is_empty() { kind.to_string() } else { format!("{kind} (`{what}`)") };
            self.at(words, *span)
        });
        Acquisition {
            place: self.place(a.span),
            function: self.program.function_path(a.body),
            pool: taken::pool_name(self.program, a.body, &a.pool),
            pool_type: type_words(&a.pool.ty),
            kind: a.kind.map(|kind| kind_words(kind).to_owned()),
            holder: a.holder.map(|name| name.to_string()),
            confidence: a.confidence.as_str(),
            // A single link is the acquisition itself.
            through: a
                .through
                .iter()
                .filter(|_| a.through.len() > 1)
                .map(|link| self.at(format!("`{}`", link.callee), link.span))
                .collect(),
            released: released.collect(),
            waits: waits.collect(),
        }
    }

    fn entry(&self, e: &taken::EntryPoint) -> Entry {
        let kind = match e.kind {
            EntryKind::Main => "main",
            EntryKind::Handler => "handler",
            EntryKind::Task => "task",
            EntryKind::Function => "function",
        };
        Entry {
            kind,
            function: self.program.function_path(e.body),
            place: self.place(e.span),
            in_loop: e.in_loop,
            most: e.peaks.iter().map(|peak| self.most(e.body, peak)).collect(),
        }
    }

    fn most(&self, body: BodyIdx, peak: &Peak) -> Most {
        let number = |amount| match amount {
            Amount::Known(n) => Some(n),
            Amount::Unbounded => None,
        };
        let step = |step: &taken::Step| {
            let name = &step.name;
            let words = match step.kind {
                StepKind::Takes if name.is_empty() => "takes a connection".to_owned(),
                StepKind::Takes => format!("takes `{name}`"),
                StepKind::Given if name.is_empty() => "is given a connection".to_owned(),
                StepKind::Given => format!("is given `{name}`"),
                StepKind::Calls => format!("calls `{name}`"),
                StepKind::FansOut => format!("starts many with `{name}`"),
            };
            self.at(words, step.span)
        };
        Most {
            pool: taken::pool_name(self.program, body, &peak.pool),
            pool_type: type_words(&peak.pool.ty),
            held: number(peak.most),
            held_with_given: number(peak.with_given),
            at_least: peak.at_least,
            path: peak.path.iter().map(step).collect(),
        }
    }
}

fn type_words(ty: &Ty) -> String {
    if ty.is_known() { ty.peel_refs().print() } else { String::new() }
}

fn release_words(how: Release) -> &'static str {
    match how {
        Release::Scope => "at the end of its scope",
        Release::Temporary => "at the end of its statement",
        Release::Call => "by a call",
        Release::Commit => "by commit",
        Release::Rollback => "by rollback",
    }
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Guard => "pooled connection",
        Kind::Conn => "connection",
        Kind::Tx => "transaction",
        Kind::Stream => "row stream",
        Kind::Permit
        | Kind::LockGuard
        | Kind::Pool
        | Kind::Semaphore
        | Kind::Lock
        | Kind::Handle
        | Kind::Driver
        | Kind::Task
        | Kind::Raw
        | Kind::Wrapper
        | Kind::Builder
        | Kind::Plain => "resource",
    }
}
