//! Findings that were there before: the baseline file, and what another tree holds.
//!
//! **The key** of a finding is its lint, path, function, acquisition and kinds of wait, with a count of equals; never a line, a
//! column or a message, so that edits elsewhere do not make old findings new. Where more findings have a key than are known,
//! those that agree with a known one in message and source line are taken for it, then the first ones.
//!
//! **Invariants:** equal findings give equal files, sorted, one entry per line, so that two branches merge; a file of another
//! version is an error, never empty. **Absent on purpose:** levels and confidence: a finding that was there is known, however
//! loud it is today.

use super::region::Region;
use crate::base::{Finding, SourceMap};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The file's name at the workspace root.
pub const FILE: &str = "letgo-baseline.json";

const VERSION: u32 = 1;

/// What makes two findings the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The lint.
    pub lint: String,
    /// Path below the workspace root.
    pub path: String,
    /// The enclosing function.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// The acquisition without white space.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub acquisition: String,
    /// Kinds of wait, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

impl Key {
    /// Of a finding.
    pub fn of(finding: &Finding, sources: &SourceMap) -> Key {
        let path = sources.files.get(finding.span.file).map_or("", |f| &f.path);
        let mut kinds = finding.kinds.clone();
        kinds.sort();
        Key {
            lint: finding.lint.to_owned(),
            path: path.to_owned(),
            function: finding.function.clone(),
            acquisition: finding.resource.split_whitespace().collect(),
            kinds,
        }
    }
}

/// Findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    counts: BTreeMap<Key, usize>,
    /// Message and source line, of those whose tree was read.
    words: BTreeMap<Key, Vec<String>>,
    /// The files of the tree, if it was read: a finding of a file that has gone may have moved with it.
    paths: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    key: Key,
    count: usize,
}

#[derive(Deserialize)]
struct Document {
    findings: Vec<Row>,
}

impl Known {
    /// What a tree's findings are.
    pub fn of(findings: &[Finding], sources: &SourceMap) -> Known {
        let mut known = Known { paths: sources.files.iter().map(|f| f.path.to_string()).collect(), ..Known::default() };
        for finding in findings {
            let key = Key::of(finding, sources);
            known.words.entry(key.clone()).or_default().push(words(finding, sources));
            *known.counts.entry(key).or_default() += 1;
        }
        known
    }

    /// Reads a baseline file.
    pub fn read(text: &str) -> Result<Known, String> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|e| format!("is no baseline: {e}"))?;
        if head.version != VERSION {
            let version = head.version;
            return Err(format!(
                "is of version {version}, and this letgo writes version {VERSION}; write it anew: `letgo baseline write`"
            ));
        }
        let Document { findings } = serde_json::from_str(text).map_err(|e| format!("is no baseline: {e}"))?;
        let mut known = Known::default();
        for Row { key, count } in findings {
            *known.counts.entry(key).or_default() += count;
        }
        Ok(known)
    }

    /// The baseline file.
    pub fn write(&self) -> String {
        let rows = self.counts.iter().filter(|(_, count)| **count > 0);
        let rows: Vec<String> = rows
            .map(|(key, &count)| {
                let row = Row { key: key.clone(), count };
                serde_json::to_string(&row).expect("strings and numbers always serialise")
            })
            .collect();
        if rows.is_empty() {
            return format!("{{\"version\":{VERSION},\"findings\":[]}}\n");
        }
        format!("{{\"version\":{VERSION},\"findings\":[\n{}\n]}}\n", rows.join(",\n"))
    }

    /// What this or another tree holds; of equals as many as the one that holds more.
    pub fn or(mut self, other: Known) -> Known {
        for (key, count) in other.counts {
            let own = self.counts.entry(key).or_default();
            *own = count.max(*own);
        }
        for (key, words) in other.words {
            self.words.entry(key).or_default().extend(words);
        }
        self.paths.extend(other.paths);
        self
    }

    /// Whether these are findings of `before` only, and those of `gone` are fewer by one for each time they are named.
    pub fn is_less(&self, before: &Known, gone: &[&Key]) -> bool {
        let count = |known: &Known, key: &Key| known.counts.get(key).copied().unwrap_or(0);
        let named = |key: &Key| gone.iter().filter(|k| **k == key).count();
        self.counts.keys().chain(gone.iter().copied()).all(|key| count(self, key) + named(key) <= count(before, key))
    }

    /// Number of findings.
    pub fn len(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys with their counts, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, usize)> {
        self.counts.iter().map(|(key, count)| (key, *count))
    }

    /// What of this is among `present` too.
    pub fn kept(&self, present: &Known) -> Known {
        let left = self.counts.iter().filter_map(|(key, &count)| {
            let now = count.min(present.counts.get(key).copied().unwrap_or(0));
            (now > 0).then(|| (key.clone(), now))
        });
        Known { counts: left.collect(), ..Known::default() }
    }

    /// Which of the findings are known.
    pub fn mark(&self, findings: &[Finding], sources: &SourceMap) -> Vec<bool> {
        let mut hit = vec![false; findings.len()];
        let mut counts = self.counts.clone();
        let mut said = self.words.clone();
        let keys: Vec<Key> = findings.iter().map(|f| Key::of(f, sources)).collect();
        let mut take = |n: usize, key: &Key, hit: &mut Vec<bool>| {
            let Some(count) = counts.get_mut(key).filter(|count| **count > 0 && !hit[n]) else { return };
            *count -= 1;
            hit[n] = true;
        };
        for (n, key) in keys.iter().enumerate() {
            let Some(said) = said.get_mut(key) else { continue };
            let words = words(&findings[n], sources);
            if let Some(at) = said.iter().position(|s| *s == words) {
                said.remove(at);
                take(n, key, &mut hit);
            }
        }
        // The surest first: they are the ones that were reported, and so written down.
        let mut order: Vec<usize> = (0..findings.len()).collect();
        order.sort_by_key(|&n| std::cmp::Reverse(findings[n].confidence));
        for n in order {
            take(n, &keys[n], &mut hit);
        }
        if !self.paths.is_empty() {
            self.moved(&keys, counts, sources, &mut hit);
        }
        hit
    }

    /// Findings of files that are new, for which a file that has gone held one with the same words.
    fn moved(&self, keys: &[Key], mut left: BTreeMap<Key, usize>, sources: &SourceMap, hit: &mut [bool]) {
        let now: BTreeSet<&str> = sources.files.iter().map(|f| &*f.path).collect();
        left.retain(|key, count| *count > 0 && !now.contains(key.path.as_str()));
        for (n, key) in keys.iter().enumerate().filter(|(_, key)| !self.paths.contains(&key.path)) {
            let name = |key: &Key| key.function.rsplit("::").next().unwrap_or_default().to_owned();
            let same = |old: &Key| {
                (&old.lint, &old.acquisition, &old.kinds, name(old))
                    == (&key.lint, &key.acquisition, &key.kinds, name(key))
            };
            let old = left.iter_mut().find(|(old, count)| **count > 0 && same(old));
            if let Some((_, count)) = old.filter(|_| !hit[n]) {
                *count -= 1;
                hit[n] = true;
            }
        }
    }
}

/// What tells findings of one key apart.
fn words(finding: &Finding, sources: &SourceMap) -> String {
    let line = Region::of(sources, finding.span).map_or("", |r| r.text.trim());
    format!("{}\n{line}", finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::Sample;

    const TEXT: &str = "fn f() {\n    let a = pool.get();\n    let b = pool.get();\n}\n";

    fn all(sample: &Sample) -> Vec<Finding> {
        vec![sample.finding("pool.get()", 0), sample.finding("pool.get()", 1)]
    }

    #[test]
    fn the_file_is_read_back_and_has_a_line_per_key() {
        let sample = Sample::new(TEXT);
        let known = Known::of(&all(&sample), &sample.sources);
        let text = known.write();
        assert_eq!(
            text,
            "{\"version\":1,\"findings\":[\n{\"lint\":\"held_across_await\",\"path\":\"src/a.rs\",\"function\":\"f\",\"acquisition\":\"pool.get()\",\"kinds\":[\"http\"],\"count\":2}\n]}\n"
        );
        let read = Known::read(&text).expect("it is a baseline");
        assert_eq!((read.len(), read.write()), (2, text));
        assert_eq!(Known::read(&Known::default().write()), Ok(Known::default()));
        assert!(Known::read("{\"version\":2,\"findings\":7}").is_err_and(|e| e.contains("version 2")));
        assert!(Known::read("[]").is_err() && Known::read("{\"version\":1,\"findings\":[{\"lnt\":1}]}").is_err());
    }

    #[test]
    fn lines_do_not_matter_and_counts_do() {
        let old = Sample::new(TEXT);
        let new = Sample::new(&format!("// above\n{TEXT}fn g() {{ pool.get() }}\n"));
        let known = Known::of(&all(&old), &old.sources);
        let mut findings = all(&new);
        findings.push(new.finding("pool.get()", 2));
        assert_eq!(known.mark(&findings, &new.sources), [true, true, false]);
        let read = Known::read(&known.write()).expect("it is a baseline");
        assert_eq!(read.mark(&findings, &new.sources), [true, true, false]);
    }

    #[test]
    fn of_equals_the_one_that_reads_the_same_is_the_old_one() {
        let old = Sample::new("fn f() {\n    let b = pool.get();\n}\n");
        let new = Sample::new(TEXT);
        let known = Known::of(&[old.finding("pool.get()", 0)], &old.sources);
        assert_eq!(known.mark(&all(&new), &new.sources), [false, true]);
    }

    #[test]
    fn prune_keeps_what_is_still_there() {
        let sample = Sample::new(TEXT);
        let known = Known::of(&all(&sample), &sample.sources);
        let one = Known::of(&all(&sample)[..1], &sample.sources);
        assert_eq!((known.kept(&one).len(), one.kept(&known).len(), known.kept(&Known::default()).len()), (1, 1, 0));
    }
}
