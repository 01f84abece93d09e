//! Fixes that are certain: candidates of [`mend`](crate::mend), proved by reading the patched text.
//!
//! **Invariants:** a fix is offered only if the whole workspace, read with it, no longer has the finding, has no other finding that
//! it had not, and parses; what is compared are findings by their keys, whatever their level. Readings of the workspace are
//! bounded: the candidates are tried together, and by halves only if that fails; files that no candidate touches are not parsed
//! again. **Absent on purpose:** writing files.

use super::{Options, Read, gather, panics, read, work};
use crate::base::{FileId, Finding, SourceMap, Span, Suggestion};
use crate::mend;
use crate::report::baseline::{Key, Known};
use crate::report::{Report, order};
use std::cell::Cell;
use std::collections::BTreeMap;

/// How often the workspace is judged again at most.
const READINGS: usize = 16;

/// Gives the entries of a report their fixes. `known` are all findings of what was read.
pub(super) fn offer(report: &mut Report, known: &Known, read: &Read, options: &Options<'_>) {
    let candidates = candidates(report, options);
    let keys: Vec<Key> =
        candidates.iter().map(|(n, _)| Key::of(&report.entries[*n].finding, &report.sources)).collect();
    let proof = Proof { candidates: &candidates, keys: &keys, known, read, options, left: Cell::new(READINGS) };
    let together = disjoint(&candidates);
    let apart: Vec<usize> = (0..candidates.len()).filter(|c| !together.contains(c)).collect();
    let mut good = proof.of(&together);
    // What overlaps another one is tried alone.
    good.extend(apart.iter().flat_map(|c| proof.of(&[*c])));
    for (c, (n, suggestion)) in candidates.into_iter().enumerate() {
        if good.contains(&c) {
            report.entries[n].finding.suggestions.push(suggestion);
        }
    }
}

struct Proof<'a> {
    candidates: &'a [(usize, Suggestion)],
    keys: &'a [Key],
    known: &'a Known,
    read: &'a Read,
    options: &'a Options<'a>,
    left: Cell<usize>,
}

impl Proof<'_> {
    /// Those of these candidates that are right: all at once, or else each half on its own.
    fn of(&self, chosen: &[usize]) -> Vec<usize> {
        if chosen.is_empty() || self.left.get() == 0 {
            return Vec::new();
        }
        self.left.set(self.left.get() - 1);
        let suggestions: Vec<&Suggestion> = chosen.iter().map(|&c| &self.candidates[c].1).collect();
        let gone: Vec<&Key> = chosen.iter().map(|&c| &self.keys[c]).collect();
        if self.after(&suggestions).is_some_and(|after| after.is_less(self.known, &gone)) {
            return chosen.to_vec();
        }
        if chosen.len() == 1 {
            return Vec::new();
        }
        let (first, second) = chosen.split_at(chosen.len() / 2);
        [self.of(first), self.of(second)].concat()
    }

    /// What is found in the patched texts; `None` if they could not be judged.
    fn after(&self, suggestions: &[&Suggestion]) -> Option<Known> {
        let options = Options { inventory: false, progress: None, ..self.options.clone() };
        let read = read::again(self.read, &patched(&self.read.sources, suggestions), &options);
        let (report, mut findings) = gather(&read, &options);
        order::sort(&mut findings);
        (!report.internal_error).then(|| Known::of(&findings, &report.sources))
    }
}

/// Positions of entries, each with its candidate.
fn candidates(report: &Report, options: &Options<'_>) -> Vec<(usize, Suggestion)> {
    let mut by_file: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
    for (n, entry) in report.entries.iter().enumerate() {
        if mend::may_have_one(&entry.finding) {
            by_file.entry(entry.finding.span.file).or_default().push(n);
        }
    }
    let files: Vec<(FileId, Vec<usize>)> = by_file.into_iter().collect();
    let found = work::map(&files, options.threads, |_, (file, entries)| {
        let findings: Vec<&Finding> = entries.iter().map(|&n| &report.entries[n].finding).collect();
        // A mistake of ours in here costs suggestions only.
        let found =
            panics::caught(|| mend::candidates(&report.sources.files[*file].text, &findings)).unwrap_or_default();
        entries.iter().copied().zip(found).filter_map(|(n, found)| Some((n, found?))).collect::<Vec<_>>()
    });
    let mut all: Vec<(usize, Suggestion)> = found.into_iter().flatten().collect();
    all.sort_by_key(|(n, _)| *n);
    all
}

/// Positions of candidates of which no two touch the same text, in order.
fn disjoint(candidates: &[(usize, Suggestion)]) -> Vec<usize> {
    let mut taken: Vec<Span> = Vec::new();
    let mut out = Vec::new();
    for (c, (_, suggestion)) in candidates.iter().enumerate() {
        // All that lies between its edits is its own: it was looked at when the candidate was made.
        let Some(span) = extent(suggestion) else { continue };
        let touches = |other: &Span| other.file == span.file && other.start <= span.end && span.start <= other.end;
        if !taken.iter().any(touches) {
            taken.push(span);
            out.push(c);
        }
    }
    out
}

/// From the first edit to the last, if they are of one file.
fn extent(suggestion: &Suggestion) -> Option<Span> {
    let first = suggestion.edits.first()?.span;
    suggestion.edits.iter().try_fold(first, |all, edit| (edit.span.file == all.file).then(|| all.to(edit.span)))
}

/// The texts that suggestions change, with their edits made. Edits that touch others are left out.
pub fn patched(sources: &SourceMap, suggestions: &[&Suggestion]) -> Vec<(FileId, String)> {
    let mut by_file: BTreeMap<FileId, Vec<(Span, &str)>> = BTreeMap::new();
    for edit in suggestions.iter().flat_map(|s| &s.edits) {
        by_file.entry(edit.span.file).or_default().push((edit.span, &edit.text));
    }
    let mut out = Vec::new();
    for (file, mut edits) in by_file {
        let Some(source) = sources.files.get(file) else { continue };
        edits.sort();
        edits.dedup();
        let mut text = String::with_capacity(source.text.len());
        let mut at = 0;
        for (span, new) in edits {
            let Some(kept) = source.text.get(at..span.start as usize) else { continue };
            text += kept;
            text += new;
            at = span.end as usize;
        }
        text += source.text.get(at..).unwrap_or_default();
        out.push((file, text));
    }
    out
}

/// The suggestions of a report that can be made together, at most one of a finding, and how many findings that mends.
pub fn applicable(report: &Report) -> Vec<&Suggestion> {
    let first =
        report.entries.iter().enumerate().filter_map(|(n, e)| Some((n, e.finding.suggestions.first()?.clone())));
    let all: Vec<(usize, Suggestion)> = first.collect();
    let chosen = disjoint(&all);
    chosen.into_iter().filter_map(|c| report.entries[all[c].0].finding.suggestions.first()).collect()
}
