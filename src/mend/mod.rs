//! From a finding to an edit that would mend it: candidates only.
//!
//! Owns the four mends that can be certain, one file each: [`executor`] (a query goes to the transaction that is open, not to the
//! pool), [`commit`] (the commit is awaited), [`scrutinee`] (a temporary is bound and dropped first), [`later`] (the acquisition
//! moves below the wait); and [`scan`], what they ask of the syntax tree.
//!
//! **Invariants:** an edit uses the author's own words: it moves text, or copies how the author writes the same thing elsewhere in
//! the function, so no knowledge of libraries is needed; where the tree shows something that could make the result wrong or
//! not compile, there is no candidate. **Absent on purpose:** whether a candidate mends the finding. The pipeline reads
//! the patched text, and drops candidates that leave a finding or bring one.

mod commit;
mod executor;
mod later;
mod scan;
mod scrutinee;

use crate::base::{Confidence, Edit, Finding, Span, Suggestion};
use crate::parse;
use scan::Site;

/// A candidate for each finding; all of them are about the file of this text. Call it on a large stack.
pub fn candidates(text: &str, findings: &[&Finding]) -> Vec<Option<Suggestion>> {
    let Ok(tree) = parse::parse_file(text) else { return vec![None; findings.len()] };
    let out = findings.iter().map(|finding| candidate(text, &tree, finding)).collect();
    parse::forget_spans();
    out
}

/// Whether there may be one; the cheap question.
pub fn may_have_one(finding: &Finding) -> bool {
    let lints = ["nested_acquire", "uncommitted_transaction", "held_across_await"];
    finding.confidence == Confidence::High && lints.contains(&finding.lint) && finding.suggestions.is_empty()
}

fn candidate(text: &str, tree: &syn::File, finding: &Finding) -> Option<Suggestion> {
    if !may_have_one(finding) {
        return None;
    }
    let acquired = finding.acquired_at.filter(|at| at.file == finding.span.file)?;
    let range = |span: Span| span.start as usize..span.end as usize;
    let site = Site::new(text, tree, range(finding.span), range(acquired))?;
    let variable = finding.held.as_ref().and_then(|held| held.variable.as_deref());
    let is_lock = finding.held.as_ref().is_some_and(|held| held.is_lock);
    let (message, edits) = match (finding.lint, variable) {
        ("nested_acquire", Some(variable)) if !is_lock => executor::mend(&site, variable),
        ("uncommitted_transaction", Some(_)) => commit::mend(&site),
        // What a lock guards may be anything: when it is taken is the author's business.
        ("held_across_await", Some(variable)) if !is_lock => later::mend(&site, variable),
        ("held_across_await", None) => scrutinee::mend(&site),
        _ => None,
    }?;
    let edit = |(range, text): (std::ops::Range<usize>, String)| {
        let [start, end] = [range.start, range.end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        Edit { span: Span { file: finding.span.file, start, end }, text }
    };
    Some(Suggestion { message, edits: edits.into_iter().map(edit).collect() })
}

/// What a mend gives: what it does, and replacements in order.
type Mend = Option<(String, Vec<(std::ops::Range<usize>, String)>)>;

#[cfg(test)]
mod tests;
