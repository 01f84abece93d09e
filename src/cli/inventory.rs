//! `letgo inventory`: which connections are taken where, and the most that each entry point holds at once.

use super::args::{Inventory as Args, InventoryFormat};
use super::{Stop, check, place, print, say};
use crate::discover::{Rules, Tree};
use crate::pipeline::inventory::inventory;
use crate::pipeline::{self, Options};
use crate::report::inventory::{json, markdown, text};
use std::process::ExitCode;

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode, Stop> {
    let place = place::find(&args.paths)?;
    let settings = check::settings(args.config.as_deref(), &place, &pipeline::lint_rows())?;
    let exclude = settings.exclude.iter().map(|(glob, _)| glob.clone()).collect();
    let tree = Tree::from_disk(&place.root, &Rules { exclude, explicit: place.explicit.clone() });
    let catalog = check::catalog(&tree, &settings)?;
    let options = Options {
        paths: place.paths.clone(),
        only: place.only.clone(),
        threads: args.threads,
        ..Options::new(&tree, &catalog)
    };
    let taken = inventory(&options);
    print(&match args.output_format {
        InventoryFormat::Text => text::render(&taken.inventory),
        InventoryFormat::Json => json::render(&taken.inventory),
        InventoryFormat::Markdown => markdown::render(&taken.inventory),
    })?;
    for problem in &taken.problems {
        say(&format!("{}\n", crate::report::text::problem_line(&place.paths, problem)));
    }
    Ok(if taken.internal_error { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
