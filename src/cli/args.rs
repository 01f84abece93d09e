//! Arguments: the one place where flags are declared.

use crate::base::{Confidence, Level};
use clap::{ArgAction, ArgMatches, Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Finds connections that are not let go: leaked, or held while the program waits for something else.
#[derive(Debug, Parser)]
#[command(name = "letgo", version, arg_required_else_help = true, subcommand_required = true, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the workspace
    Check(Box<Check>),
    /// Keep findings that are there already from being reported
    Baseline(Baseline),
    /// Write a commented `letgo.toml`, a git hook and a workflow; overwrites nothing
    Init,
    /// Show or check the settings
    Config {
        /// What to do
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print a completion script or the man page, or write all of them into a folder
    Completions {
        /// For which shell; `man` is the man page
        #[arg(required_unless_present = "into")]
        what: Option<Extra>,
        /// Write the scripts of all shells and the man pages into this folder, for packages
        #[arg(long, value_name = "DIR", conflicts_with = "what")]
        into: Option<PathBuf>,
    },
    /// Print a lint's page; without LINT the table of all lints
    Explain {
        /// A lint or group
        lint: Option<String>,
    },
    /// List each acquisition, and the most connections that each entry point holds at once
    Inventory(Inventory),
    /// List the libraries that letgo knows and which of them the workspace uses; `show` prints what it knows of one
    Packs(Packs),
    /// Serve an editor: the language server protocol on standard input and output
    Server,
    /// Show what letgo sees
    Dump(Dump),
}

/// `letgo check`.
#[derive(Debug, ClapArgs)]
pub struct Check {
    /// Report only findings of which a step lies here; the whole workspace is always read. `-` reads standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Do not report a lint
    #[arg(short = 'A', long, value_name = "LINT|GROUP|all", action = ArgAction::Append, help_heading = "Levels (the last one wins)")]
    pub allow: Vec<String>,
    /// Report a lint as a warning
    #[arg(short = 'W', long, value_name = "LINT|GROUP|all", action = ArgAction::Append, help_heading = "Levels (the last one wins)")]
    pub warn: Vec<String>,
    /// Report a lint as an error; `-D warnings` makes every warning one
    #[arg(short = 'D', long, value_name = "LINT|GROUP|all", action = ArgAction::Append, help_heading = "Levels (the last one wins)")]
    pub deny: Vec<String>,
    /// Leave out findings that letgo is less sure of [default: medium]
    #[arg(long, value_name = "CONFIDENCE", help_heading = "Levels (the last one wins)")]
    pub min_confidence: Option<Sureness>,
    /// Report also what comments silence
    #[arg(long, help_heading = "Levels (the last one wins)")]
    pub ignore_suppressions: bool,
    /// Report only findings that the working tree has and its merge base with REV has not
    #[arg(long, value_name = "REV", conflicts_with = "staged", help_heading = "New findings only")]
    pub diff_base: Option<String>,
    /// Report only findings that the staged tree has and HEAD has not
    #[arg(long, help_heading = "New findings only")]
    pub staged: bool,
    /// Do not report findings of this baseline [default: letgo-baseline.json at the workspace root]
    #[arg(long, value_name = "FILE", help_heading = "New findings only")]
    pub baseline: Option<PathBuf>,
    /// Report findings of the baseline too
    #[arg(long, conflicts_with = "baseline", help_heading = "New findings only")]
    pub no_baseline: bool,
    /// Mend what can be mended with certainty, then report the rest
    #[arg(long, conflicts_with_all = ["staged", "fix_dry_run"], help_heading = "Fixes")]
    pub fix: bool,
    /// Print what `--fix` would change, as a diff; findings are reported as they are now, to files only
    #[arg(long, help_heading = "Fixes")]
    pub fix_dry_run: bool,
    /// Succeed even if there are errors
    #[arg(long, help_heading = "Levels (the last one wins)")]
    pub exit_zero: bool,
    /// text, concise, json, json-lines, sarif, github, gitlab, junit, rdjson, html, markdown, cargo or rustc; with `=FILE` into a
    /// file. May be given more than once
    #[arg(long, visible_alias = "message-format", value_name = "FORMAT[=FILE]", action = ArgAction::Append, help_heading = "Output")]
    pub output_format: Vec<Output>,
    /// Print how many findings each lint has
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, help_heading = "Output")]
    pub color: When,
    /// Print findings and errors only
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Read test code too: `#[cfg(test)]`, test functions, `tests/`, `benches/`, `examples/`
    #[arg(long, help_heading = "Files")]
    pub include_tests: bool,
    /// Do not read files that match, in the language of `.gitignore`, seen from the workspace root
    #[arg(long, value_name = "GLOB", action = ArgAction::Append, help_heading = "Files")]
    pub exclude: Vec<String>,
    /// Take settings from this file, not from `letgo.toml` at the workspace root
    #[arg(long, value_name = "PATH", help_heading = "Files")]
    pub config: Option<PathBuf>,
    /// The file that standard input stands for
    #[arg(long, value_name = "PATH", help_heading = "Files")]
    pub stdin_filename: Option<PathBuf>,
    /// Run the command after `--` when letgo is done; the higher exit code counts. Editors have one check command only
    #[arg(long, requires = "command")]
    pub then: bool,
    /// The command of `--then`
    #[arg(last = true, value_name = "COMMAND", requires = "then")]
    pub command: Vec<OsString>,
    /// Number of threads; 0 is as many as the machine has
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
}

/// `letgo baseline`.
#[derive(Debug, ClapArgs)]
pub struct Baseline {
    /// What to do
    #[command(subcommand)]
    pub action: BaselineAction,
    /// The file [default: letgo-baseline.json at the workspace root]
    #[arg(long, value_name = "FILE", global = true)]
    pub baseline: Option<PathBuf>,
    /// Leave out findings that letgo is less sure of [default: medium]
    #[arg(long, value_name = "CONFIDENCE", global = true)]
    pub min_confidence: Option<Sureness>,
    /// Read test code too
    #[arg(long, global = true)]
    pub include_tests: bool,
    /// Take settings from this file, not from `letgo.toml` at the workspace root
    #[arg(long, value_name = "PATH", global = true)]
    pub config: Option<PathBuf>,
}

/// What to do with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum BaselineAction {
    /// Write down all findings of today
    Write,
    /// Remove what is not found any more
    Prune,
    /// Print what it holds
    Show,
}

/// `letgo config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigAction {
    /// Print the settings in force, and where each level comes from
    Show {
        /// Take settings from this file
        #[arg(long, value_name = "PATH")]
        config: Option<PathBuf>,
    },
    /// Say whether the settings are right
    Verify {
        /// Take settings from this file
        #[arg(long, value_name = "PATH")]
        config: Option<PathBuf>,
    },
    /// Print the JSON schema of `letgo.toml`
    Schema,
}

/// `letgo inventory`.
#[derive(Debug, ClapArgs)]
pub struct Inventory {
    /// List only what lies here; the whole workspace is always read
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = InventoryFormat::Text)]
    pub output_format: InventoryFormat,
    /// Take settings from this file, not from `letgo.toml` at the workspace root
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Number of threads; 0 is as many as the machine has
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
}

/// `letgo inventory --output-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InventoryFormat {
    /// For a terminal.
    Text,
    /// For programs.
    Json,
    /// For documents and pull requests.
    Markdown,
}

/// `letgo packs`.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Packs {
    /// What to do
    #[command(subcommand)]
    pub action: Option<PacksAction>,
    /// The format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PacksFormat::Text)]
    pub output_format: PacksFormat,
    /// Take settings from this file, not from `letgo.toml` at the workspace root
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// What to do with packs.
#[derive(Debug, Subcommand)]
pub enum PacksAction {
    /// Print the rows of a pack, with what they were read from
    Show {
        /// A pack, or a package that one describes
        name: String,
        /// The format
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PacksFormat::Text)]
        output_format: PacksFormat,
        /// Take settings from this file, not from `letgo.toml` at the workspace root
        #[arg(long, value_name = "PATH")]
        config: Option<PathBuf>,
    },
}

/// `letgo packs --output-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PacksFormat {
    /// For a terminal.
    Text,
    /// For programs.
    Json,
}

/// `letgo dump`.
#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct Dump {
    /// The control-flow graph of a function
    #[arg(long, value_name = "FILE::FN")]
    pub cfg: Option<String>,
    /// Who holds which connection where
    #[arg(long, value_name = "FILE::FN")]
    pub states: Option<String>,
    /// Types of locals and targets of calls
    #[arg(long, value_name = "FILE::FN")]
    pub types: Option<String>,
    /// What callers learn of a function
    #[arg(long, value_name = "FILE::FN")]
    pub summary: Option<String>,
    /// Constructs that letgo did not understand
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    pub unknown: Option<PathBuf>,
    /// How many files, bodies and calls are understood
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    pub coverage: Option<PathBuf>,
}

/// `letgo completions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Extra {
    /// A script.
    Bash,
    /// A script.
    Elvish,
    /// A script.
    Fish,
    /// A script.
    Powershell,
    /// A script.
    Zsh,
    /// The man page.
    Man,
}

/// `--min-confidence`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sureness {
    /// A callee, crate or pool was not known.
    Low,
    /// One step rests on an assumption that is usually right.
    Medium,
    /// Every step was resolved.
    High,
}

impl From<Sureness> for Confidence {
    fn from(sureness: Sureness) -> Confidence {
        match sureness {
            Sureness::Low => Confidence::Low,
            Sureness::Medium => Confidence::Medium,
            Sureness::High => Confidence::High,
        }
    }
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// If the output is a terminal and nothing speaks against it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `--output-format`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    /// Where to; standard output without.
    pub file: Option<PathBuf>,
}

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With annotated snippets.
    Text,
    /// One line per finding.
    Concise,
    /// The stable machine interface.
    Json,
    /// Its findings, one per line.
    JsonLines,
    /// For code scanning.
    Sarif,
    /// Workflow commands of GitHub, and the job summary.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit's XML.
    Junit,
    /// For review bots.
    Rdjson,
    /// A page for a reviewer, in one file.
    Html,
    /// A review comment.
    Markdown,
    /// As `cargo check --message-format=json` prints.
    Cargo,
    /// As `rustc --error-format=json` prints.
    Rustc,
}

impl Format {
    /// Whether it tells how findings can be mended.
    pub fn shows_fixes(self) -> bool {
        match self {
            Format::Json
            | Format::JsonLines
            | Format::Sarif
            | Format::Rdjson
            | Format::Html
            | Format::Cargo
            | Format::Rustc => true,
            Format::Text | Format::Concise | Format::Github | Format::Gitlab | Format::Junit | Format::Markdown => {
                false
            }
        }
    }
}

impl std::str::FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Output, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        // The words that other tools use for the same things.
        let name = match name {
            "human" | "full" => "text",
            "short" => "concise",
            "jsonl" => "json-lines",
            other => other,
        };
        let format = Format::from_str(name, true).map_err(|_| {
            let known: Vec<String> = Format::value_variants()
                .iter()
                .filter_map(|f| f.to_possible_value())
                .map(|v| v.get_name().to_owned())
                .collect();
            format!("there are {}", known.join(", "))
        })?;
        match file {
            Some("") => Err("a file name stands after `=`".to_owned()),
            file => Ok(Output { format, file: file.map(PathBuf::from) }),
        }
    }
}

/// `-A`, `-W` and `-D` in the order in which they were written.
pub type LevelFlags = Vec<(String, Level)>;

/// Reads arguments. `cargo letgo …` is the same program: Cargo passes `letgo` first, and without a command it checks.
pub fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<(Args, LevelFlags), clap::Error> {
    let mut argv: Vec<OsString> = argv.into_iter().collect();
    let mut command = Args::command();
    let own_name = argv.first().map(PathBuf::from).and_then(|p| Some(p.file_stem()?.to_str()?.to_owned()));
    if own_name.as_deref() == Some("cargo-letgo") {
        command = command.bin_name("cargo letgo");
        if argv.get(1).is_some_and(|a| a == "letgo") {
            argv.remove(1);
        }
        let is_flag = |a: &OsString| {
            let bytes = a.as_encoded_bytes();
            bytes.starts_with(b"-") && !["-h", "--help", "-V", "--version"].iter().any(|own| a == own)
        };
        if argv.get(1).is_none_or(is_flag) {
            argv.insert(1, "check".into());
        }
    }
    let matches = command.try_get_matches_from(&argv)?;
    let args = Args::from_arg_matches(&matches)?;
    Ok((args, matches.subcommand_matches("check").map_or_else(Vec::new, level_flags)))
}

fn level_flags(matches: &ArgMatches) -> LevelFlags {
    let mut flags: Vec<(usize, String, Level)> = Vec::new();
    for (id, level) in [("allow", Level::Allow), ("warn", Level::Warn), ("deny", Level::Deny)] {
        let places = matches.indices_of(id).into_iter().flatten();
        let words = matches.get_many::<String>(id).into_iter().flatten();
        flags.extend(places.zip(words).map(|(at, word)| (at, word.clone(), level)));
    }
    flags.sort_by_key(|(at, _, _)| *at);
    flags.into_iter().map(|(_, word, level)| (word, level)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<(Args, LevelFlags), clap::Error> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn the_declaration_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn levels_keep_their_order() {
        let (_, flags) =
            read(&["letgo", "check", "-W", "all", "-A", "x", "src", "-D", "y", "--warn=z"]).expect("good flags");
        let shown: Vec<String> = flags.iter().map(|(word, level)| format!("{} {word}", level.as_str())).collect();
        assert_eq!(shown, ["warn all", "allow x", "deny y", "warn z"]);
    }

    #[test]
    fn formats_and_their_files() {
        let output: Output = "json=out/a=b.json".parse().expect("a good format");
        assert_eq!((output.format, output.file), (Format::Json, Some(PathBuf::from("out/a=b.json"))));
        assert_eq!("short".parse::<Output>().map(|o| o.format), Ok(Format::Concise));
        assert_eq!("yaml".parse::<Output>(), Err(
                "there are text, concise, json, json-lines, sarif, github, gitlab, junit, rdjson, html, markdown, cargo, rustc"
                    .to_owned()
            ));
    }

    #[test]
    fn cargo_checks_when_nothing_is_said() {
        let is_check = |words: &[&str]| matches!(read(words), Ok((Args { command: Command::Check(_) }, _)));
        assert!(is_check(&["/bin/cargo-letgo", "letgo"]) && is_check(&["cargo-letgo", "letgo", "-D", "warnings"]));
        assert!(is_check(&["cargo-letgo", "letgo", "check", "src"]));
        assert!(read(&["letgo"]).is_err() && read(&["cargo-letgo", "letgo", "--help"]).is_err());
    }
}
