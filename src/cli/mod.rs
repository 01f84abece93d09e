//! The program: arguments, configuration, where output goes, exit codes.
//!
//! Owns: [`args`] (flags), [`config`] (`letgo.toml`) and [`settings`] (what shows it), [`check`], [`compare`] (trees that git holds),
//! [`baseline`], [`explain`] (and how its [`page`] looks), [`inventory`], [`packs`], [`dump`], [`init`], [`fix`], [`extras`] (completions, man pages), [`place`] (which folder is meant), [`server`] (for editors).
//!
//! **Exit codes:** 0 no failing finding; 1 findings at deny; 2 bad usage or settings, a path that does not exist, an internal
//! error. A closed pipe is success: the reader has seen enough.
//!
//! **Invariants:** findings go to standard output, everything else to standard error; nothing here judges code.

pub mod args;
pub mod baseline;
pub mod check;
pub mod compare;
pub mod config;
pub mod dump;
pub mod explain;
pub mod extras;
pub mod fix;
pub mod init;
pub mod inventory;
pub mod packs;
pub mod page;
pub mod place;
pub mod server;
pub mod settings;

use crate::pipeline::panics;
use args::{Args, Command, When};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Why the program ends early.
#[derive(Debug)]
pub enum Stop {
    /// Said on standard error; exit code 2.
    Error(String),
    /// The reader of the output has gone.
    ClosedPipe,
}

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Stop {
        if e.kind() == io::ErrorKind::BrokenPipe { Stop::ClosedPipe } else { Stop::Error(format!("letgo: {e}\n")) }
    }
}

/// Runs the program.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    panics::quiet();
    let (args, levels) = match args::parse(argv) {
        Ok(parsed) => parsed,
        Err(e) => return usage(&e),
    };
    let done = panics::caught(|| match args {
        Args { command: Command::Check(check) } => check::run(&check, &levels),
        Args { command: Command::Explain { lint } } => explain::run(lint.as_deref()),
        Args { command: Command::Inventory(inventory) } => inventory::run(&inventory),
        Args { command: Command::Packs(packs) } => packs::run(&packs),
        Args { command: Command::Dump(dump) } => dump::run(&dump),
        Args { command: Command::Baseline(baseline) } => baseline::run(&baseline),
        Args { command: Command::Init } => init::run(),
        Args { command: Command::Server } => server::run(),
        Args { command: Command::Config { action } } => settings::run(&action),
        Args { command: Command::Completions { what, into } } => extras::run(what, into.as_deref()),
    });
    match done {
        Ok(Ok(code)) => code,
        Ok(Err(Stop::ClosedPipe)) => ExitCode::SUCCESS,
        Ok(Err(Stop::Error(text))) => {
            say(&text);
            ExitCode::from(2)
        }
        Err(words) => {
            say(&format!("letgo: internal error, please report it: {words}\n"));
            ExitCode::from(2)
        }
    }
}

/// Help and version succeed, wrong usage does not. A path where a command should stand gets a hint.
fn usage(e: &clap::Error) -> ExitCode {
    let shown = e.print();
    if e.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(word)) = e.get(ContextKind::InvalidSubcommand)
        && std::path::Path::new(word).exists()
    {
        say(&format!("\n  tip: to check a path: `letgo check {word}`\n"));
    }
    match shown {
        // Help that nobody reads any more is no failure.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(()) | Err(_) => ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2)),
    }
}

/// Writes to standard error. If that is closed, nobody is left to tell.
pub fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes to standard output.
pub fn print(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Whether standard output gets colours: what the user says, then the variables that tools agree on, then the terminal.
pub fn wants_color(when: When) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR").is_some() => false,
        When::Auto if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        When::Auto => match set("CARGO_TERM_COLOR").as_deref().and_then(|v| v.to_str()) {
            Some("always") => true,
            Some("never") => false,
            Some(_) | None => io::stdout().is_terminal() && set("TERM").is_none_or(|t| t != "dumb"),
        },
    }
}
