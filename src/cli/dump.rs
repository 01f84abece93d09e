//! `letgo dump`: what letgo sees of a function, or does not see of a workspace.

use super::args::Dump as Args;
use super::{Stop, check, print};
use crate::pipeline::Options;
use crate::pipeline::dump::{Dump, dump};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode, Stop> {
    let (what, path, function) = wanted(args)?;
    let (place, tree, catalog) = check::load(&path)?;
    let options = Options {
        include_tests: true,
        paths: place.paths.clone(),
        only: place.only.clone(),
        ..Options::new(&tree, &catalog)
    };
    let file = place.only.first().map_or("", String::as_str);
    let shown = dump(&options, what, function.as_deref().map(|f| (file, f)));
    print(&shown.map_err(|e| Stop::Error(format!("letgo: {e}\n")))?)?;
    Ok(ExitCode::SUCCESS)
}

/// What to show, of which file, and of which function.
fn wanted(args: &Args) -> Result<(Dump, PathBuf, Option<String>), Stop> {
    let places = [
        (Dump::Cfg, &args.cfg),
        (Dump::States, &args.states),
        (Dump::Types, &args.types),
        (Dump::Summary, &args.summary),
    ];
    for (what, place) in places {
        if let Some(place) = place {
            let (file, function) = split(place).ok_or_else(|| {
                Stop::Error(format!("letgo: `{place}` is not FILE::FN, such as `src/orders.rs::Service::ship`\n"))
            })?;
            return Ok((what, file.to_path_buf(), Some(function.to_owned())));
        }
    }
    match (&args.unknown, &args.coverage) {
        (Some(path), _) => Ok((Dump::Unknown, path.clone(), None)),
        (None, Some(path)) => Ok((Dump::Coverage, path.clone(), None)),
        (None, None) => Err(Stop::Error("letgo: dump what?\n".to_owned())),
    }
}

/// `src/orders.rs::Service::ship` to file and function.
fn split(place: &str) -> Option<(&Path, &str)> {
    let at = place.find(".rs::")? + ".rs".len();
    let function = &place[at + "::".len()..];
    (!function.is_empty()).then(|| (Path::new(&place[..at]), function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_split_after_the_file() {
        assert_eq!(split("src/a.rs::S::f"), Some((Path::new("src/a.rs"), "S::f")));
        assert_eq!(split("src/a.rs"), None);
        assert_eq!(split("src/a.rs::"), None);
    }
}
