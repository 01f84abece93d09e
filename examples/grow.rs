//! How the cost of a check grows with the size of a workspace.
//!
//! `cargo run --release --example grow -- [--from LINES] [--to LINES] [-j N] [--write DIR]` makes workspaces of asynchronous
//! database code, each twice as large as the one before (from 10,000 lines to 1,000,000, if nothing else is asked for), checks
//! each in a process of its own, and prints CPU time, peak memory and how often that of the one before. It fails if a doubling
//! costs more than 2.1 times the CPU time; sizes below 100,000 lines are too short to judge. `--write DIR` leaves the last
//! workspace in DIR for other tools. A scaling check, not a detection figure: what is found is the same in every file.

mod measure;

use letgo::discover::Tree;
use letgo::pipeline::{self, Options};
use measure::{cpu_seconds, peak_mib};
use std::path::Path;
use std::process::{Command, ExitCode};

/// The allocator of the program.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Most that a doubling may cost.
const BOUND: f64 = 2.1;
/// Smaller workspaces are checked in a moment, which says little.
const JUDGED: usize = 100_000;
/// Files of one crate.
const FILES: usize = 24;

fn main() -> ExitCode {
    let (mut from, mut to, mut threads, mut write, mut one) = (10_000usize, 1_000_000usize, 0usize, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        let number = || value.as_deref().and_then(|n| n.parse().ok());
        match (argument.as_str(), number()) {
            ("--from", Some(n)) => from = n,
            ("--to", Some(n)) => to = n,
            ("-j", Some(n)) => threads = n,
            ("--one", Some(n)) => one = Some(n),
            ("--write", _) => write = value,
            _ => {
                eprintln!("usage: grow [--from LINES] [--to LINES] [-j N] [--write DIR]");
                return ExitCode::from(2);
            }
        }
    }
    if let Some(lines) = one {
        println!("{}", check(lines, threads));
        return ExitCode::SUCCESS;
    }
    if let Some(folder) = write {
        for (path, text) in workspace(to) {
            let path = Path::new(&folder).join(path);
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
            std::fs::write(path, text).expect("the file can be written");
        }
    }
    grow(from.max(1), to, threads)
}

/// Checks workspaces of growing size.
fn grow(from: usize, to: usize, threads: usize) -> ExitCode {
    let sizes = std::iter::successors(Some(from), |n| Some(n * 2)).take_while(|n| *n <= to);
    let (mut before, mut worst) = (None, 0.0f64);
    println!("{:>10} {:>8} {:>6} {:>9} {:>6}  findings", "lines", "CPU s", "times", "peak MiB", "times");
    for size in sizes {
        let program = std::env::current_exe().expect("the system knows this program's file");
        let arguments = ["--one", &size.to_string(), "-j", &threads.to_string()];
        let output = Command::new(program).args(arguments).output().expect("this program can be started");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let fields: Vec<f64> = text.split_whitespace().filter_map(|f| f.parse().ok()).collect();
        let &[lines, cpu, peak, findings] = fields.as_slice() else {
            eprintln!("the check of {size} lines failed: {}", String::from_utf8_lossy(&output.stderr));
            return ExitCode::FAILURE;
        };
        let (more_cpu, more_memory) = before.map_or((f64::NAN, f64::NAN), |(c, p)| (cpu / c, peak / p));
        println!("{lines:>10} {cpu:>8.2} {more_cpu:>6.2} {peak:>9} {more_memory:>6.2}  {findings}");
        if size >= 2 * JUDGED {
            worst = worst.max(more_cpu);
        }
        before = Some((cpu, peak));
    }
    if worst > BOUND {
        println!("a doubling costs {worst:.2} times the CPU time: more than {BOUND}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Checks a workspace of about so many lines: lines, CPU seconds of the check alone, peak memory, findings.
fn check(lines: usize, threads: usize) -> String {
    let tree = Tree::in_memory(workspace(lines), 2024);
    let catalog = pipeline::catalog(&tree, None).expect("the shipped packs are sound");
    let begin: f64 = cpu_seconds().parse().unwrap_or(f64::NAN);
    let report = pipeline::check(&Options { threads, ..Options::new(&tree, &catalog) });
    let cpu = cpu_seconds().parse().unwrap_or(f64::NAN) - begin;
    format!("{} {cpu} {} {}", report.summary.lines, peak_mib(), report.entries.len())
}

/// A workspace of at least so many lines: crates of services over a pool, each with a file per kind of thing that is kept.
fn workspace(lines: usize) -> Vec<(String, String)> {
    let per_file = module(0, 0).lines().count();
    let crates = lines.div_ceil(per_file * FILES).max(1);
    let mut files = Vec::new();
    for krate in 0..crates {
        let folder = format!("crates/service{krate}");
        let mut manifest = format!("[package]\nname = \"service{krate}\"\nedition = \"2024\"\n[dependencies]\n");
        manifest.push_str("sqlx = \"0.8\"\ntokio = \"1\"\nreqwest = \"0.12\"\nanyhow = \"1\"\n");
        if krate > 0 {
            let below = (krate - 1) / 2;
            manifest.push_str(&format!("service{below} = {{ path = \"../service{below}\" }}\n"));
        }
        files.push((format!("{folder}/Cargo.toml"), manifest));
        let modules = (0..FILES).map(|n| format!("pub mod kind{n};\n")).collect();
        files.push((format!("{folder}/src/lib.rs"), modules));
        files.extend((0..FILES).map(|n| (format!("{folder}/src/kind{n}.rs"), module(krate, n))));
    }
    files.push(("Cargo.toml".to_owned(), "[workspace]\nmembers = [\"crates/*\"]\n".to_owned()));
    files
}

/// One file. What it calls in others makes a tree, as call graphs are wide rather than deep.
fn module(krate: usize, n: usize) -> String {
    let below = match (krate, n) {
        (0, 0) => "crate::kind0".to_owned(),
        (_, 0) => format!("service{}::kind{}", (krate - 1) / 2, FILES - 1),
        _ => format!("crate::kind{}", (n - 1) / 2),
    };
    let next = if (krate, n) == (0, 0) {
        "Ok(id)".to_owned()
    } else {
        format!("{below}::Service::new(self.store.pool.clone()).load(id).await")
    };
    MODULE.replace("NEXT", &next).replace("KIND", &format!("Kind{krate}x{n}")).replace("TABLE", &format!("kind_{n}"))
}

const MODULE: &str = include_str!("grow/module.rs.txt");
