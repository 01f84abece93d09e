//! The order of a report, and keys that survive edits.
//!
//! **Invariants:** findings are in order of place, then lint; the fingerprint is made of the lint, the path below the root, the
//! function, the acquisition as written, the kinds of wait and a count among equals — never of a line, a message or an address.

use crate::base::{Finding, SourceMap};
use std::collections::HashMap;

/// Sorts, and drops findings that are equal in all they say.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (a.span, a.lint, a.acquired_at, &a.message, &a.resource).cmp(&(
            b.span,
            b.lint,
            b.acquired_at,
            &b.message,
            &b.resource,
        ))
    });
    findings.dedup();
}

/// The key of each finding, in their order.
pub fn fingerprints(findings: &[Finding], sources: &SourceMap) -> Vec<String> {
    let mut seen: HashMap<u128, u32> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let path = sources.files.get(finding.span.file).map_or("", |f| &f.path);
            let mut kinds = finding.kinds.clone();
            kinds.sort();
            let resource: String = finding.resource.split_whitespace().collect();
            let parts = [finding.lint, path, &finding.function, &resource, &kinds.join(",")];
            let key = parts.iter().fold(OFFSET, |hash, part| feed(hash, part));
            let ordinal = seen.entry(key).or_insert(0);
            let print = feed(key, &ordinal.to_string());
            *ordinal += 1;
            format!("{print:032x}")
        })
        .collect()
}

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// FNV-1a over a part and a separator. Written out because the key is kept on disk for years, by other versions too.
fn feed(hash: u128, part: &str) -> u128 {
    part.bytes().chain([0]).fold(hash, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::Sample;

    #[test]
    fn lines_above_do_not_change_the_key_and_twins_differ() {
        let text = "fn f() {\n    let a = pool.get();\n    let b = pool.get();\n}\n";
        let (one, two) = (Sample::new(text), Sample::new(&format!("// new\n\n{text}")));
        let keys = |sample: &Sample| {
            let mut findings = vec![sample.finding("pool.get()", 0), sample.finding("pool.get()", 1)];
            sort(&mut findings);
            fingerprints(&findings, &sample.sources)
        };
        assert_eq!(keys(&one), keys(&two));
        assert_ne!(keys(&one)[0], keys(&one)[1]);
        assert_eq!(keys(&one)[0].len(), 32);
    }

    #[test]
    fn the_key_is_the_same_for_ever() {
        let sample = Sample::new("pool.get()");
        assert_eq!(
            fingerprints(&[sample.finding("pool.get()", 0)], &sample.sources),
            ["8929a68432b0f8007d297952fbf4382b"]
        );
    }

    #[test]
    fn equal_findings_are_one() {
        let sample = Sample::new("pool.get()");
        let mut findings = vec![sample.finding("pool.get()", 0), sample.finding("pool.get()", 0)];
        sort(&mut findings);
        assert_eq!(findings.len(), 1);
    }
}
