//! `letgo.toml` (or `[workspace.metadata.letgo]`): strict, with the place of everything that is wrong.
//!
//! **Invariants:** an unknown key, lint or level is an error with a snippet and, where one is near, the word that was meant;
//! settings are applied in order of priority, then groups before lints, then as written, so a lint beats its group.

use crate::base::{Confidence, Level, nearest};
use crate::discover::Globs;
use crate::report::snippet::{Mark, Picture, Shown, Weight, render};
use crate::report::{LintRow, PathRule, Selector, Setting};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

/// The file's name at the workspace root.
pub const FILE: &str = "letgo.toml";

/// Settings of a project, read and checked.
#[derive(Clone, Default)]
pub struct Config {
    /// Where they were read: what messages call the file, and its text.
    pub source: Option<(String, String)>,
    /// Globs not to read, with their places.
    pub exclude: Vec<(String, Range<usize>)>,
    /// Findings below it are not reported.
    pub min_confidence: Option<Confidence>,
    /// Levels, weakest first.
    pub settings: Vec<Setting>,
    /// Levels for paths.
    pub per_path: Vec<PathRule>,
    /// Their globs, each with its place.
    pub path_globs: Vec<(Globs, String, Range<usize>)>,
    /// Whether the text holds rows of library knowledge.
    pub has_rows: bool,
}

/// What is wrong in a file of settings.
#[derive(Debug)]
pub struct ConfigError {
    /// Rendered with its snippet.
    pub text: String,
}

/// Settings of letgo: `letgo.toml`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "letgo.toml")]
struct Raw {
    /// The versions of letgo that may judge this project, as in Cargo.toml: ">=0.1"
    #[schemars(with = "Option<String>")]
    required_version: Option<Spanned<String>>,
    /// Globs of files not to read, in the language of .gitignore, seen from the workspace root
    #[schemars(with = "Vec<String>")]
    exclude: Vec<Spanned<String>>,
    /// Leave out findings that letgo is less sure of
    #[schemars(with = "Option<words::Confidence>")]
    min_confidence: Option<Confidence>,
    /// Levels of lints, groups or all
    #[schemars(with = "BTreeMap<String, words::LintSetting>")]
    lints: BTreeMap<Spanned<String>, LintSetting>,
    /// Levels for some paths
    per_path: Vec<PerPath>,
    // Rows of library knowledge: the pack room reads them from the same text.
    #[serde(rename = "type")]
    #[schemars(with = "Option<Vec<words::Row>>")]
    types: Option<IgnoredAny>,
    #[schemars(with = "Option<Vec<words::Row>>")]
    alias: Option<IgnoredAny>,
    #[schemars(with = "Option<Vec<words::Row>>")]
    assoc: Option<IgnoredAny>,
    #[serde(rename = "trait")]
    #[schemars(with = "Option<Vec<words::Row>>")]
    traits: Option<IgnoredAny>,
    #[serde(rename = "fn")]
    #[schemars(with = "Option<Vec<words::Row>>")]
    fns: Option<IgnoredAny>,
    #[serde(rename = "crate")]
    #[schemars(with = "Option<Vec<words::Row>>")]
    crates: Option<IgnoredAny>,
    #[serde(rename = "macro")]
    #[schemars(with = "Option<Vec<words::Row>>")]
    macros: Option<IgnoredAny>,
    #[schemars(with = "Option<Vec<words::Row>>")]
    derive: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PerPath {
    /// Globs, seen from the workspace root
    #[schemars(with = "Vec<String>")]
    paths: Vec<Spanned<String>>,
    /// Lints or groups that are not reported there
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    allow: Vec<Spanned<String>>,
    /// Lints or groups that are warnings there
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    warn: Vec<Spanned<String>>,
    /// Lints or groups that fail the run there
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    deny: Vec<Spanned<String>>,
}

/// The words of settings, for the schema alone: how they are read stands beside the settings.
mod words {
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    #[schemars(rename_all = "lowercase")]
    #[expect(dead_code, reason = "the schema is made of it")]
    pub enum Confidence {
        Low,
        Medium,
        High,
    }

    #[derive(JsonSchema)]
    #[schemars(rename_all = "lowercase")]
    #[expect(dead_code, reason = "the schema is made of it")]
    pub enum Level {
        Allow,
        Warn,
        Deny,
    }

    #[derive(JsonSchema)]
    #[schemars(untagged)]
    #[expect(dead_code, reason = "the schema is made of it")]
    pub enum LintSetting {
        Level(Level),
        Table(Table),
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "the schema is made of it")]
    pub struct Table {
        level: Level,
        /// Lower ones are applied first
        #[schemars(default)]
        priority: i64,
    }

    /// A row of library knowledge, as in letgo's `rules/`
    #[derive(JsonSchema)]
    pub struct Row {}
}

/// The JSON schema of `letgo.toml`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Raw)
}

/// `"deny"` or `{ level = "deny", priority = -1 }`.
#[derive(Clone, Copy, Debug)]
struct LintSetting {
    level: Level,
    priority: i64,
}

impl<'de> Deserialize<'de> for LintSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LintSetting, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            level: Level,
            #[serde(default)]
            priority: i64,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = LintSetting;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"allow\", \"warn\", \"deny\" or { level = \"…\", priority = … }")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<LintSetting, E> {
                let level = Level::deserialize(word.into_deserializer())?;
                Ok(LintSetting { level, priority: 0 })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LintSetting, A::Error> {
                let Table { level, priority } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(LintSetting { level, priority })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a `letgo.toml`. `name` is what messages call it.
pub fn read(name: &str, text: &str, rows: &[LintRow]) -> Result<Config, ConfigError> {
    let raw: Raw = toml::from_str(text).map_err(|e| syntax(name, text, &e))?;
    check(name, text, raw, rows)
}

/// Reads `[workspace.metadata.letgo]` or `[package.metadata.letgo]` of a Cargo.toml; `None` if there is neither. A text that is
/// not TOML is somebody else's to tell.
pub fn read_metadata(name: &str, text: &str, rows: &[LintRow]) -> Result<Option<Config>, ConfigError> {
    #[derive(Deserialize)]
    struct Manifest {
        workspace: Option<Holder>,
        package: Option<Holder>,
    }
    #[derive(Deserialize)]
    struct Holder {
        metadata: Option<Metadata>,
    }
    #[derive(Deserialize)]
    struct Metadata {
        letgo: Option<Raw>,
    }
    if !text.contains("letgo") || text.parse::<toml::Table>().is_err() {
        return Ok(None);
    }
    let manifest: Manifest = toml::from_str(text).map_err(|e| syntax(name, text, &e))?;
    let found = [manifest.workspace, manifest.package].into_iter().flatten().find_map(|h| h.metadata?.letgo);
    let Some(raw) = found else { return Ok(None) };
    let config = check(name, text, raw, rows)?;
    if config.has_rows {
        let at = text.find("metadata.letgo").unwrap_or(0);
        let message = "rows of library knowledge stand in `letgo.toml`";
        return Err(error(name, text, at..at + "metadata.letgo".len(), message, "move them there"));
    }
    Ok(Some(config))
}

fn check(name: &str, text: &str, raw: Raw, rows: &[LintRow]) -> Result<Config, ConfigError> {
    let fail = |span: Range<usize>, message: &str, help: &str| error(name, text, span, message, help);
    if let Some(required) = &raw.required_version {
        let wanted = semver::VersionReq::parse(required.get_ref()).map_err(|e| {
            fail(
                required.span(),
                &format!("this is not a version requirement: {e}"),
                "write it as in Cargo.toml: \">=0.1\"",
            )
        })?;
        let own = semver::Version::parse(env!("CARGO_PKG_VERSION")).expect("cargo gives a version");
        if !wanted.matches(&own) {
            let message = format!("this project wants letgo {wanted}, and this is letgo {own}");
            return Err(fail(required.span(), &message, "install the version that the project wants"));
        }
    }
    let selector = |word: &Spanned<String>| {
        Selector::parse(word.get_ref(), rows).ok_or_else(|| {
            let help = meant(word.get_ref(), Selector::words(rows))
                .unwrap_or_else(|| "`letgo explain` lists lints and groups".to_owned());
            fail(word.span(), &format!("there is no lint or group `{}`", word.get_ref()), &help)
        })
    };
    let mut settings = Vec::new();
    for (word, setting) in &raw.lints {
        let selector = selector(word)?;
        let key = (setting.priority, selector.is_lint(), word.span().start);
        settings.push((key, Setting { selector, level: setting.level }));
    }
    settings.sort_by_key(|(key, _)| *key);
    let mut config = Config {
        source: Some((name.to_owned(), text.to_owned())),
        min_confidence: raw.min_confidence,
        settings: settings.into_iter().map(|(_, setting)| setting).collect(),
        has_rows: raw.has_rows(),
        ..Config::default()
    };
    for glob in &raw.exclude {
        Globs::new([glob.get_ref().as_str()]).map_err(|e| fail(glob.span(), &e, "globs are those of `.gitignore`"))?;
        config.exclude.push((glob.get_ref().clone(), glob.span()));
    }
    for rule in &raw.per_path {
        let mut matchers = Vec::new();
        for glob in &rule.paths {
            let matcher = Globs::new([glob.get_ref().as_str()])
                .map_err(|e| fail(glob.span(), &e, "globs are those of `.gitignore`"))?;
            config.path_globs.push((matcher.clone(), glob.get_ref().clone(), glob.span()));
            matchers.push(matcher);
        }
        let mut settings = Vec::new();
        for (words, level) in [(&rule.allow, Level::Allow), (&rule.warn, Level::Warn), (&rule.deny, Level::Deny)] {
            for word in words {
                settings.push(Setting { selector: selector(word)?, level });
            }
        }
        let matches = Arc::new(move |path: &str| matchers.iter().any(|m| m.matches(path)));
        config.per_path.push(PathRule { matches, settings });
    }
    Ok(config)
}

impl Raw {
    fn has_rows(&self) -> bool {
        let tables =
            [&self.types, &self.alias, &self.assoc, &self.traits, &self.fns, &self.crates, &self.macros, &self.derive];
        tables.iter().any(|table| table.is_some())
    }
}

impl Config {
    /// Warnings about globs that met no file.
    pub fn idle(&self, idle_excludes: &[String], paths: &[&str]) -> Vec<String> {
        let Some((name, text)) = &self.source else { return Vec::new() };
        let excludes = self.exclude.iter().filter(|(glob, _)| idle_excludes.contains(glob));
        let per_path = self.path_globs.iter().filter(|(matcher, _, _)| !paths.iter().any(|p| matcher.matches(p)));
        let spans = excludes.map(|(glob, span)| (glob, span)).chain(per_path.map(|(_, glob, span)| (glob, span)));
        spans
            .map(|(glob, span)| {
                let message = format!("`{glob}` matches no file");
                picture(
                    Weight::Warning,
                    name,
                    text,
                    span.clone(),
                    &message,
                    "remove it, or mend it; globs are seen from the workspace root",
                )
            })
            .collect()
    }
}

/// `did you mean …?`, if a known word is near.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

fn syntax(name: &str, text: &str, e: &toml::de::Error) -> ConfigError {
    let span = e.span().unwrap_or(0..0);
    let message = e.message().lines().next().unwrap_or_default().to_owned();
    // Serde lists what it expected in backticks; the nearest of these is what was meant.
    let mut words = message.split('`').skip(1).step_by(2);
    let written = words.next().unwrap_or_default();
    let help = match nearest(written, words.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "the README has an example of every key".to_owned(),
    };
    error(name, text, span, &message, &help)
}

fn error(name: &str, text: &str, span: Range<usize>, message: &str, help: &str) -> ConfigError {
    ConfigError { text: picture(Weight::Error, name, text, span, message, help) }
}

fn picture(weight: Weight, name: &str, text: &str, range: Range<usize>, message: &str, help: &str) -> String {
    let files = [Shown::new(name, text)];
    let marks = vec![Mark { file: 0, range, message: String::new(), primary: true }];
    let notes = vec![("help", help.to_owned())];
    render(&Picture { weight, code: None, message: message.to_owned(), files: &files, marks, notes }, false)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
