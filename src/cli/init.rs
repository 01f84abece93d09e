//! `letgo init`: a commented `letgo.toml`, a git hook and a workflow.
//!
//! **Invariants:** asks nothing, overwrites nothing, switches nothing on.

use super::{Stop, config, place, print};
use crate::discover::git;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

const SETTINGS: &str = include_str!("init/letgo.toml");
const HOOK: &str = include_str!("init/pre-commit.sh");
const WORKFLOW: &str = include_str!("init/workflow.yml");

/// Runs the command.
pub fn run() -> Result<ExitCode, Stop> {
    let place = place::find(&[])?;
    let mut said = write(&place.root, config::FILE, SETTINGS, false)?;
    match git::top(&place.root) {
        None => said += "letgo: this is in no git repository, so there is no hook and no workflow\n",
        Some(top) => {
            let below = place::below(top, &place.root).unwrap_or_default();
            let folder = if below.is_empty() { "." } else { &below };
            let quoted = format!("'{}'", folder.replace('\'', "'\\''"));
            said += &write(top, ".githooks/pre-commit", &HOOK.replace("@FOLDER@", &quoted), true)?;
            said += &write(top, ".github/workflows/letgo.yml", &WORKFLOW.replace("@FOLDER@", &quoted), false)?;
            said += "the hook runs after: git config core.hooksPath .githooks\n";
        }
    }
    said += "next: letgo check, and if old findings are not for today: letgo baseline write\n";
    print(&said)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is not there yet.
fn write(folder: &Path, name: &str, text: &str, executable: bool) -> Result<String, Stop> {
    let path = folder.join(name);
    let fail = |e: std::io::Error| Stop::Error(format!("letgo: {} cannot be written: {e}\n", path.display()));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if executable {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o755);
    }
    #[cfg(not(unix))]
    let _ = executable;
    match options.open(&path) {
        Ok(mut file) => match file.write_all(text.as_bytes()) {
            Ok(()) => Ok(format!("wrote {name}\n")),
            Err(e) => {
                // Half a file would be kept the next time.
                let _ = std::fs::remove_file(&path);
                Err(fail(e))
            }
        },
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(format!("kept {name}, which is there\n")),
        Err(e) => Err(fail(e)),
    }
}
