//! `letgo completions`: what packages ship beside the program. Completion scripts and man pages, made from the declaration of the
//! arguments, so that they cannot lag behind it.

use super::args::{Args, Extra};
use super::{Stop, print, say};
use crate::report::count;
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::path::Path;
use std::process::ExitCode;

const SHELLS: [(Extra, Shell); 5] = [
    (Extra::Bash, Shell::Bash),
    (Extra::Elvish, Shell::Elvish),
    (Extra::Fish, Shell::Fish),
    (Extra::Powershell, Shell::PowerShell),
    (Extra::Zsh, Shell::Zsh),
];

/// Runs the command.
pub fn run(what: Option<Extra>, into: Option<&Path>) -> Result<ExitCode, Stop> {
    if let Some(folder) = into {
        let written = write_all(folder)
            .map_err(|e| Stop::Error(format!("letgo: {} cannot be written: {e}\n", folder.display())))?;
        say(&format!("letgo: {} written to {}\n", count(written, "file"), folder.display()));
    } else if let Some((_, shell)) = SHELLS.iter().find(|(extra, _)| Some(*extra) == what) {
        print(&script(*shell))?;
    } else {
        print(&String::from_utf8_lossy(&page(Args::command())?))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn script(shell: Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "letgo", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn page(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out)?;
    Ok(out)
}

/// Scripts by the names that shells look for, and a man page per command.
fn write_all(folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut written = 0;
    for (_, shell) in SHELLS {
        clap_complete::generate_to(shell, &mut Args::command(), "letgo", folder)?;
        written += 1;
    }
    let mut command = Args::command();
    command.build();
    std::fs::write(folder.join("letgo.1"), page(command.clone())?)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("letgo-{}", sub.get_name());
        // The page's title is what one types.
        let sub = sub.clone().bin_name(format!("letgo {}", sub.get_name())).display_name(name.clone());
        std::fs::write(folder.join(format!("{name}.1")), page(sub)?)?;
        written += 1;
    }
    Ok(written + 1)
}
