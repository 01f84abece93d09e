//! Comments that silence: `// letgo: allow(lint, reason = "…")`, `expect(…)`, `allow-file(…)`.
//!
//! **What a comment covers.** On its own line: the statement or item that begins after it, else the next line of code. At the
//! end of a line: the statement of that line; where that statement opens a block, its line only. `allow-file`: the file.
//!
//! **What it silences.** A finding whose acquisition is covered, or whose offending places are all covered; where some are
//! left, the finding moves to the first of these.
//!
//! **Invariants:** whether a comment is used does not depend on levels or confidence, so a comment that is right today is not
//! called unused with other flags. Comments about `unused_suppression` and `unknown_suppression` are never called unused.

use crate::base::{Confidence, Edit, Finding, Span, Step, Suggestion, Suppression, SuppressionKind, nearest};
use crate::base::{SourceFile, SourceMap};
use std::collections::BTreeSet;

/// The lint that tells comments which silence nothing.
pub const UNUSED: &str = "unused_suppression";
/// The lint that tells comments which cannot be understood.
pub const UNKNOWN: &str = "unknown_suppression";

/// What is known of one file's comments.
#[derive(Clone, Debug)]
pub struct FileComments {
    /// The comments.
    pub suppressions: Vec<Suppression>,
    /// Spans of statements and items, sorted.
    pub statements: Vec<Span>,
}

/// What is left after the comments have spoken.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Findings that are not silenced, and those about the comments themselves.
    pub findings: Vec<Finding>,
    /// Number of findings silenced.
    pub silenced: usize,
}

/// A comment's lint and the place it covers.
struct Cover {
    lint: String,
    span: Span,
    used: bool,
}

/// Applies the comments. `lints` are all names; comments that cover places of which `is_left_out` is true are not judged,
/// since their code was not.
pub fn apply(
    findings: Vec<Finding>,
    files: &[FileComments],
    sources: &SourceMap,
    lints: &[&str],
    is_left_out: impl Fn(Span) -> bool,
) -> Outcome {
    let mut comments = Comments::read(files, sources, lints);
    let mut outcome = Outcome::default();
    for finding in findings {
        match comments.silence(finding) {
            Some(finding) => outcome.findings.push(finding),
            None => outcome.silenced += 1,
        }
    }
    let about = comments.unknown(lints).into_iter().chain(comments.unused());
    let about: Vec<Finding> = about.filter(|finding| !is_left_out(finding.function_span)).collect();
    for finding in about {
        match comments.silence(finding) {
            Some(finding) => outcome.findings.push(finding),
            None => outcome.silenced += 1,
        }
    }
    outcome
}

struct Comments<'a> {
    sources: &'a SourceMap,
    all: Vec<(&'a Suppression, Span, Vec<Cover>)>,
}

impl<'a> Comments<'a> {
    fn read(files: &'a [FileComments], sources: &'a SourceMap, lints: &[&str]) -> Comments<'a> {
        let mut all = Vec::new();
        for file in files {
            for suppression in &file.suppressions {
                let Some(source) = sources.files.get(suppression.span.file) else { continue };
                let span = covered(suppression, &file.statements, source);
                let known =
                    suppression.lints.iter().map(|(lint, _)| plain(lint)).filter(|l| lints.contains(&l.as_str()));
                let covers = match suppression.problem {
                    Some(_) => Vec::new(),
                    None => known.map(|lint| Cover { lint, span, used: false }).collect(),
                };
                all.push((suppression, span, covers));
            }
        }
        Comments { sources, all }
    }

    /// The narrowest comment that speaks for `lint` at `span` is the one that is used.
    fn hit(&mut self, lint: &str, span: Span) -> bool {
        let covers = self.all.iter_mut().flat_map(|(_, _, covers)| covers);
        let hits = covers.filter(|cover| cover.lint == lint && touches(cover.span, span));
        let Some(narrowest) = hits.min_by_key(|cover| cover.span.end - cover.span.start) else { return false };
        narrowest.used = true;
        true
    }

    /// The finding as it stands after the comments, if it stands.
    fn silence(&mut self, mut finding: Finding) -> Option<Finding> {
        let at_acquisition = finding.acquired_at.is_some_and(|span| self.hit(finding.lint, span));
        let offences: Vec<usize> = (0..finding.steps.len()).filter(|&i| finding.steps[i].offence.is_some()).collect();
        let silenced: Vec<usize> =
            offences.iter().copied().filter(|&i| self.hit(finding.lint, finding.steps[i].span)).collect();
        let left: Vec<usize> = offences.iter().copied().filter(|i| !silenced.contains(i)).collect();
        let at_primary = self.hit(finding.lint, finding.span);
        if at_acquisition || offences.is_empty() && at_primary {
            return None;
        }
        if silenced.is_empty() {
            return if at_primary { None } else { Some(finding) };
        }
        let &next = left.first()?;
        let primary_is_silent = silenced.iter().any(|&i| finding.steps[i].primary) || at_primary;
        keep_kinds(&mut finding, &left, &silenced);
        for &i in &silenced {
            finding.steps[i].offence = None;
        }
        if primary_is_silent {
            move_to(&mut finding, next);
        }
        Some(finding)
    }

    fn unused(&self) -> Vec<Finding> {
        let mut out = Vec::new();
        for (suppression, cover, covers) in &self.all {
            let judged = || covers.iter().filter(|c| c.lint != UNUSED && c.lint != UNKNOWN);
            let idle: Vec<&Cover> = judged().filter(|c| !c.used).collect();
            if idle.is_empty() {
                continue;
            }
            let names = idle.iter().map(|c| format!("`{}`", c.lint)).collect::<Vec<_>>().join(", ");
            let message = match suppression.kind {
                SuppressionKind::Expect => format!("expected {names} here, and nothing was found"),
                SuppressionKind::Allow => format!("this comment allows {names}, and there is nothing to silence"),
                SuppressionKind::AllowFile => {
                    format!("this comment allows {names} in the file, and there is nothing to silence")
                }
            };
            let mut finding = self.about(UNUSED, suppression, *cover, suppression.span, message);
            finding.why = "a comment that silences nothing today hides a real finding tomorrow".to_owned();
            finding.help = "remove it".to_owned();
            if idle.len() == suppression.lints.len() {
                finding.suggestions.push(self.removal(suppression));
            }
            out.push(finding);
        }
        out
    }

    fn unknown(&self, lints: &[&str]) -> Vec<Finding> {
        let mut out = Vec::new();
        for (suppression, cover, _) in &self.all {
            if let Some(problem) = &suppression.problem {
                let mut finding = self.about(UNKNOWN, suppression, *cover, suppression.span, problem.clone());
                finding.help = "write `// letgo: allow(lint_name, reason = \"...\")`".to_owned();
                out.push(finding);
                continue;
            }
            for (lint, span) in &suppression.lints {
                let name = plain(lint);
                if lints.contains(&name.as_str()) {
                    continue;
                }
                let mut finding = self.about(UNKNOWN, suppression, *cover, *span, format!("`{lint}` is not a lint"));
                finding.help = match nearest(&name, lints.iter().copied()) {
                    Some(near) => {
                        let edit = Edit { span: *span, text: near.to_owned() };
                        let message = format!("write `{near}`");
                        finding.suggestions.push(Suggestion { message, edits: vec![edit] });
                        format!("did you mean `{near}`?")
                    }
                    None => {
                        "`letgo explain` lists all lints; groups are set in `letgo.toml`, not in comments".to_owned()
                    }
                };
                out.push(finding);
            }
        }
        out
    }

    /// `cover` goes into `function_span`: it says whether the comment's code was judged.
    fn about(
        &self,
        lint: &'static str,
        suppression: &Suppression,
        cover: Span,
        span: Span,
        message: String,
    ) -> Finding {
        let resource = self.sources.snippet(suppression.span).split_whitespace().collect::<Vec<_>>().join(" ");
        Finding {
            lint,
            confidence: Confidence::High,
            span,
            function: String::new(),
            function_span: cover,
            message,
            resource,
            acquired_at: None,
            held: None,
            steps: vec![Step { span, message: "this comment".to_owned(), primary: true, offence: None }],
            kinds: Vec::new(),
            why: "a comment that is not understood silences nothing".to_owned(),
            help: String::new(),
            suggestions: Vec::new(),
        }
    }

    /// Removes the comment; its whole line, if it has one to itself.
    fn removal(&self, suppression: &Suppression) -> Suggestion {
        let mut span = suppression.span;
        if let Some(source) = self.sources.files.get(span.file) {
            let before = &source.text[..span.start as usize];
            let blank = before.len() - before.trim_end_matches([' ', '\t']).len();
            span.start -= blank as u32;
            let after = source.text.get(span.end as usize..).unwrap_or("");
            if suppression.own_line && after.starts_with('\n') {
                span.end += 1;
            }
        }
        Suggestion { message: "remove the comment".to_owned(), edits: vec![Edit { span, text: String::new() }] }
    }
}

fn keep_kinds(finding: &mut Finding, left: &[usize], silenced: &[usize]) {
    let kinds = |steps: &[usize]| -> BTreeSet<String> {
        steps.iter().filter_map(|&i| finding.steps[i].offence.as_ref()).map(|o| o.kind.clone()).collect()
    };
    let (kept, gone) = (kinds(left), kinds(silenced));
    finding.kinds.retain(|kind| kept.contains(kind) || !gone.contains(kind));
}

fn move_to(finding: &mut Finding, step: usize) {
    for (i, other) in finding.steps.iter_mut().enumerate() {
        other.primary = i == step;
    }
    finding.span = finding.steps[step].span;
    if let Some(offence) = &finding.steps[step].offence {
        finding.message = offence.message.clone();
        finding.confidence = offence.confidence;
    }
}

/// A lint's name as it is registered: dashes and a leading `letgo::` are read as people write them.
fn plain(name: &str) -> String {
    let name = name.trim().replace('-', "_");
    name.strip_prefix("letgo::").unwrap_or(&name).to_owned()
}

/// Whether a place begins or ends in what a comment covers. A place that only surrounds it is another matter.
fn touches(cover: Span, span: Span) -> bool {
    let holds = |at: u32| cover.start <= at && at < cover.end.max(cover.start + 1);
    cover.file == span.file && (holds(span.start) || holds(span.end.saturating_sub(1).max(span.start)))
}

/// The place that a comment covers.
fn covered(suppression: &Suppression, statements: &[Span], source: &SourceFile) -> Span {
    let comment = suppression.span;
    let whole = Span { file: comment.file, start: 0, end: source.text.len() as u32 };
    match suppression.kind {
        SuppressionKind::AllowFile => whole,
        SuppressionKind::Allow | SuppressionKind::Expect if suppression.own_line => {
            let mut at = comment.end;
            loop {
                at = skip_white(&source.text, at);
                let begins_here = statements.iter().filter(|s| s.start == at);
                if let Some(widest) = begins_here.max_by_key(|s| s.end) {
                    return *widest;
                }
                match skip_comment(&source.text, at) {
                    Some(after) => at = after,
                    None => return line_of(source, whole, at),
                }
            }
        }
        SuppressionKind::Allow | SuppressionKind::Expect => {
            let line = line_of(source, whole, comment.start);
            let starts_here = statements.iter().filter(|s| line.start <= s.start && s.start < comment.start);
            let around = statements.iter().filter(|s| s.start < line.start && line.start < s.end);
            let statement = starts_here
                .max_by_key(|s| (s.start, std::cmp::Reverse(s.end)))
                .or_else(|| around.min_by_key(|s| s.end - s.start));
            match statement {
                Some(&s) if !statements.iter().any(|inner| s.contains(*inner) && inner.start > comment.start) => {
                    s.to(line)
                }
                Some(_) | None => line,
            }
        }
    }
}

fn line_of(source: &SourceFile, whole: Span, offset: u32) -> Span {
    let (line, _) = source.line_column(offset);
    match source.line_range(line) {
        Some(range) => Span { start: range.start as u32, end: range.end as u32, ..whole },
        None => Span { start: offset, end: offset, ..whole },
    }
}

fn skip_white(text: &str, at: u32) -> u32 {
    let rest = text.get(at as usize..).unwrap_or("");
    at + (rest.len() - rest.trim_start().len()) as u32
}

/// The end of the comment that begins at `at`, if one does.
fn skip_comment(text: &str, at: u32) -> Option<u32> {
    let rest = text.get(at as usize..)?;
    if rest.starts_with("//") {
        return Some(at + rest.find('\n').unwrap_or(rest.len()) as u32);
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let mut depth = 0usize;
    let mut i = 0;
    while i < rest.len() {
        if rest[i..].starts_with("/*") {
            depth += 1;
            i += 2;
        } else if rest[i..].starts_with("*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return Some(at + i as u32);
            }
        } else {
            i += rest[i..].chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

#[cfg(test)]
#[path = "suppress_tests.rs"]
mod tests;
