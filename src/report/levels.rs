//! What a finding does to the run: defaults, then settings in order, then the command line.
//!
//! **Rules:** a later setting wins over an earlier one; `all` and groups speak for their lints; `warnings` speaks, at the end, for
//! whatever is still a warning. A lint that is at deny by default fails the run only with findings of high confidence, its
//! others are warnings; a deny that the user wrote counts for all.

use crate::base::{Confidence, Level};
use std::sync::Arc;

/// What levels need to know of a lint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LintRow {
    /// Its name.
    pub name: &'static str,
    /// Its group.
    pub group: &'static str,
    /// Its level without settings.
    pub default_level: Level,
}

/// Whom a setting speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every lint.
    All,
    /// Every finding that is still a warning at the end.
    Warnings,
    /// The lints of a group.
    Group(&'static str),
    /// One lint.
    Lint(&'static str),
}

impl Selector {
    /// Reads a word: a lint or group (dashes are underscores, `letgo::` may stand before it), `all` or `warnings`.
    pub fn parse(word: &str, rows: &[LintRow]) -> Option<Selector> {
        let word = word.trim().replace('-', "_");
        let word = word.strip_prefix("letgo::").unwrap_or(&word);
        match word {
            "all" => return Some(Selector::All),
            "warnings" => return Some(Selector::Warnings),
            _ => {}
        }
        if let Some(row) = rows.iter().find(|row| row.name == word) {
            return Some(Selector::Lint(row.name));
        }
        rows.iter().find(|row| row.group == word).map(|row| Selector::Group(row.group))
    }

    /// All words that [`Selector::parse`] knows.
    pub fn words(rows: &[LintRow]) -> impl Iterator<Item = &'static str> {
        let groups: std::collections::BTreeSet<&'static str> = rows.iter().map(|row| row.group).collect();
        let names: Vec<&'static str> = rows.iter().map(|row| row.name).collect();
        names.into_iter().chain(groups).chain(["all", "warnings"])
    }

    /// Whether it speaks for one lint only.
    pub fn is_lint(&self) -> bool {
        matches!(self, Selector::Lint(_))
    }

    fn holds(&self, row: &LintRow) -> bool {
        match self {
            Selector::All => true,
            Selector::Warnings => false,
            Selector::Group(group) => row.group == *group,
            Selector::Lint(name) => row.name == *name,
        }
    }
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// For whom.
    pub selector: Selector,
    /// The level.
    pub level: Level,
}

/// Settings for some paths.
#[derive(Clone)]
pub struct PathRule {
    /// Whether a path below the root is meant.
    pub matches: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// The settings.
    pub settings: Vec<Setting>,
}

/// All settings of a run.
#[derive(Clone, Default)]
pub struct Levels {
    /// The lints.
    pub rows: Vec<LintRow>,
    /// From configuration, weakest first.
    pub config: Vec<Setting>,
    /// From configuration, for some paths.
    pub per_path: Vec<PathRule>,
    /// From the command line, in order.
    pub command_line: Vec<Setting>,
}

impl Levels {
    /// The level of a finding, and its lint's default level.
    pub fn of(&self, lint: &str, path: &str, confidence: Confidence) -> (Level, Level) {
        let Some(row) = self.rows.iter().find(|row| row.name == lint) else { return (Level::Warn, Level::Warn) };
        let per_path = self.per_path.iter().filter(|rule| (rule.matches)(path)).flat_map(|rule| &rule.settings);
        let settings: Vec<&Setting> = self.config.iter().chain(per_path).chain(&self.command_line).collect();
        let chosen = settings.iter().rev().find(|s| s.selector.holds(row));
        let mut level = match chosen {
            Some(setting) => setting.level,
            None if row.default_level == Level::Deny && confidence < Confidence::High => Level::Warn,
            None => row.default_level,
        };
        if level == Level::Warn
            && let Some(setting) = settings.iter().rev().find(|s| s.selector == Selector::Warnings)
        {
            level = setting.level;
        }
        (level, row.default_level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [LintRow; 3] = [
        LintRow { name: "nested", group: "correctness", default_level: Level::Deny },
        LintRow { name: "held", group: "suspicious", default_level: Level::Warn },
        LintRow { name: "quiet", group: "pedantic", default_level: Level::Allow },
    ];

    fn set(words: &[(&str, Level)]) -> Vec<Setting> {
        words
            .iter()
            .map(|&(word, level)| Setting { selector: Selector::parse(word, &ROWS).expect("a known word"), level })
            .collect()
    }

    fn level(config: &[(&str, Level)], line: &[(&str, Level)], lint: &str, confidence: Confidence) -> Level {
        let levels = Levels { rows: ROWS.to_vec(), config: set(config), command_line: set(line), ..Levels::default() };
        levels.of(lint, "src/a.rs", confidence).0
    }

    #[test]
    fn default_deny_needs_high_confidence_and_a_written_one_does_not() {
        use {Confidence::*, Level::*};
        assert_eq!(level(&[], &[], "nested", High), Deny);
        assert_eq!(level(&[], &[], "nested", Medium), Warn);
        assert_eq!(level(&[], &[("nested", Deny)], "nested", Medium), Deny);
        assert_eq!(level(&[("correctness", Deny)], &[], "nested", Medium), Deny);
    }

    #[test]
    fn later_wins_and_warnings_speak_last() {
        use {Confidence::*, Level::*};
        assert_eq!(level(&[], &[("all", Deny), ("held", Allow)], "held", High), Allow);
        assert_eq!(level(&[], &[("held", Allow), ("all", Warn)], "held", High), Warn);
        assert_eq!(level(&[("held", Allow)], &[("warnings", Deny)], "held", High), Allow);
        assert_eq!(level(&[], &[("warnings", Deny)], "held", Medium), Deny);
        assert_eq!(level(&[], &[("warnings", Deny)], "nested", Medium), Deny);
        assert_eq!(level(&[], &[("warnings", Deny)], "quiet", High), Allow);
        assert_eq!(level(&[], &[("pedantic", Warn), ("warnings", Deny)], "quiet", High), Deny);
    }

    #[test]
    fn paths_stand_between_configuration_and_command_line() {
        let mut levels = Levels { rows: ROWS.to_vec(), ..Levels::default() };
        levels.per_path.push(PathRule {
            matches: Arc::new(|path| path.starts_with("tools/")),
            settings: set(&[("held", Level::Allow)]),
        });
        assert_eq!(levels.of("held", "tools/x.rs", Confidence::High).0, Level::Allow);
        assert_eq!(levels.of("held", "src/x.rs", Confidence::High).0, Level::Warn);
        levels.command_line = set(&[("held", Level::Deny)]);
        assert_eq!(levels.of("held", "tools/x.rs", Confidence::High).0, Level::Deny);
    }

    #[test]
    fn words_are_read_as_people_write_them() {
        assert_eq!(Selector::parse("letgo::held", &ROWS), Some(Selector::Lint("held")));
        assert_eq!(Selector::parse("suspicious", &ROWS), Some(Selector::Group("suspicious")));
        assert_eq!(Selector::parse("hold", &ROWS), None);
    }
}
