//! `letgo packs`: which libraries letgo knows, which of that is in force in a workspace and why, and the rows of one of them.

use super::args::{Packs as Args, PacksAction, PacksFormat};
use super::{Stop, check, config, place, print};
use crate::base::Symbol;
use crate::discover::{Rules, Tree};
use crate::pack::catalog::{Why, builtin_packs, described_by};
use crate::pack::{Catalog, FnRow, Pack, describe, load, type_expr};
use crate::pipeline;
use crate::report::packs::{Head, List, Page, Row, Table, json, text};
use std::path::Path;
use std::process::ExitCode;

/// Version of the JSON forms.
const VERSION: u32 = 1;

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode, Stop> {
    let shown = match &args.action {
        None => {
            let packs = known(args.config.as_deref())?.into_iter().map(|(head, _)| head).collect();
            let list = List { version: VERSION, packs };
            match args.output_format {
                PacksFormat::Text => text::list(&list),
                PacksFormat::Json => json::list(&list),
            }
        }
        Some(PacksAction::Show { name, output_format, config }) => {
            let page = page(known(config.as_deref())?, name)?;
            match output_format {
                PacksFormat::Text => text::page(&page),
                PacksFormat::Json => json::page(&page),
            }
        }
    };
    print(&shown)?;
    Ok(ExitCode::SUCCESS)
}

/// All packs with what is said of each as a whole, seen from the workspace around the working folder.
fn known(named: Option<&Path>) -> Result<Vec<(Head, Pack)>, Stop> {
    let place = place::find(&[])?;
    let settings = check::settings(named, &place, &pipeline::lint_rows())?;
    let exclude = settings.exclude.iter().map(|(glob, _)| glob.clone()).collect();
    let tree = Tree::from_disk(&place.root, &Rules { exclude, explicit: Vec::new() });
    // Wrong rows are told here as a check tells them.
    check::catalog(&tree, &settings)?;
    let (catalog, _) = Catalog::new(builtin_packs().0);
    let deps = || tree.crates.iter().flat_map(|krate| krate.deps.iter().map(move |dep| (krate, dep)));
    let why = catalog.why_active(deps().map(|(_, dep)| described_by(dep)));
    // Without dependencies every pack is in force: see `pipeline::catalog`.
    let all = deps().next().is_none();
    let mut packs = Vec::new();
    for (index, pack) in catalog.packs.into_iter().enumerate() {
        let (active, reason) = match why.get(&index) {
            Some(Why::Package(package)) => {
                let user =
                    deps().find(|(_, dep)| described_by(dep) == package).map_or("", |(krate, _)| krate.name.as_str());
                (true, format!("the crate `{user}` depends on `{package}`"))
            }
            Some(Why::NamedBy(other)) => (true, format!("the pack `{other}` names its types")),
            Some(Why::Always) => (true, "always".to_owned()),
            None if all => (true, "no Cargo.toml here says which libraries are used".to_owned()),
            None => (false, "no crate here depends on it".to_owned()),
        };
        packs.push((head(&pack, active, reason), pack));
    }
    packs.sort_by(|a: &(Head, Pack), b| a.0.name.cmp(&b.0.name));
    if let Some((name, text)) = settings.source.as_ref().filter(|_| settings.has_rows) {
        let (pack, _) = load::load_project(name, text);
        packs.push((head(&pack, true, format!("rows of {name}")), pack));
    }
    Ok(packs)
}

fn head(pack: &Pack, active: bool, why: String) -> Head {
    let roots = pack.roots.iter().chain(pack.crates.iter().map(|row| &row.name));
    let mut crates: Vec<String> = roots.map(Symbol::to_string).collect();
    crates.dedup();
    Head {
        name: pack.id.clone(),
        packages: pack.packages.clone(),
        crates,
        tested: pack.tested.clone(),
        rows: tables(pack).iter().map(|table| table.rows.len()).sum(),
        experimental: pack.experimental,
        active,
        why,
    }
}

/// The page of the pack of that name, or of the pack that describes a package or crate of that name.
fn page(packs: Vec<(Head, Pack)>, name: &str) -> Result<Page, Stop> {
    let lib = name.replace('-', "_");
    let by_id = packs.iter().position(|(head, _)| head.name == name || head.name.replace('-', "_") == lib);
    let describes = |head: &Head| head.packages.iter().any(|p| p == name) || head.crates.contains(&lib);
    let Some(at) = by_id.or_else(|| packs.iter().position(|(head, _)| describes(head))) else {
        let words = packs.iter().flat_map(|(head, _)| head.packages.iter().chain([&head.name])).map(String::as_str);
        let hint = config::meant(name, words).unwrap_or_else(|| "`letgo packs` lists all".to_owned());
        return Err(Stop::Error(format!("letgo: there is no pack `{name}`; {hint}\n")));
    };
    let (head, pack) = &packs[at];
    let tables = tables(pack).into_iter().filter(|table| !table.rows.is_empty()).collect();
    Ok(Page { version: VERSION, head: head.clone(), tables })
}

fn tables(pack: &Pack) -> Vec<Table> {
    let row = |path: String, says: String| Row { path, says, ..Row::default() };
    let call = |f: &FnRow| Row {
        note: f.note.clone().unwrap_or_default(),
        proof: f.proof.clone(),
        ..row(f.path.to_string(), describe::fn_row(f))
    };
    let types =
        pack.types.iter().map(|t| Row { proof: t.proof.clone(), ..row(describe::type_head(t), describe::type_row(t)) });
    let assocs = pack.assocs.iter().map(|(of, name, ty)| row(format!("{of}::{name}"), type_expr::print(ty)));
    let table = |name: &'static str, rows: Vec<Row>| Table { name, rows };
    vec![
        table("type", types.collect()),
        table("fn", pack.fns.iter().map(call).collect()),
        table("trait", pack.traits.iter().map(|t| row(t.path.to_string(), describe::trait_row(t))).collect()),
        table("crate", pack.crates.iter().map(|c| row(c.name.to_string(), describe::crate_row(c))).collect()),
        table("macro", pack.macros.iter().map(|(p, s)| row(p.to_string(), describe::shape(*s).to_owned())).collect()),
        table("derive", pack.derives.iter().map(|(_, f)| call(f)).collect()),
        table("alias", pack.aliases.iter().map(|(p, ty)| row(p.to_string(), type_expr::print(ty))).collect()),
        table("assoc", assocs.collect()),
    ]
}
