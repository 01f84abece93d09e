//! How long `check` takes beside "parse every file with syn on the same threads".
//!
//! `cargo run --release --example bench -- DIR… [-j N] [--runs N]` prints for both: wall time (best of the runs), CPU time, peak
//! memory; for `check` its stages, the share of lines that had to be lowered, and memory per million lines; for each folder how
//! often the time of parsing a check takes, and the median of these. Each measurement is a process of its own, so that memory
//! is told apart. CPU time and memory are read from `/proc`; elsewhere they are not told. On a machine that does other things
//! too, CPU time is the figure to go by.

mod measure;

use letgo::discover::{Rules, Tree, find_root};
use letgo::pipeline::{self, Options, work};
use measure::{cpu_seconds, peak_mib};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::Instant;

/// The allocator of the program, for both.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let mut folders = Vec::new();
    let (mut threads, mut runs, mut phase) = (0usize, 3usize, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok());
        match argument.as_str() {
            "-j" => threads = number().unwrap_or(0),
            "--runs" => runs = number().unwrap_or(3),
            "--phase" => phase = arguments.next(),
            path => folders.push(PathBuf::from(path)),
        }
    }
    let found: Vec<PathBuf> = folders.iter().filter_map(|f| f.canonicalize().ok()).collect();
    let (Some(folder), true) = (found.first(), found.len() == folders.len()) else {
        eprintln!("usage: bench DIR… [-j N] [--runs N]");
        return ExitCode::from(2);
    };
    match phase.as_deref() {
        Some("parse") => print(parse(folder, threads)),
        Some("check") => print(check(folder, threads)),
        Some(_) | None => return compare_all(&found, threads, runs),
    }
    ExitCode::SUCCESS
}

/// Compares for each folder.
fn compare_all(folders: &[PathBuf], threads: usize, runs: usize) -> ExitCode {
    let mut ratios = Vec::new();
    for folder in folders {
        match compare(folder, threads, runs) {
            Some(pair) => ratios.push(pair),
            None => return ExitCode::FAILURE,
        }
    }
    let median = |mut list: Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    if ratios.len() > 1 {
        let (wall, cpu) = ratios.iter().copied().unzip();
        println!("median: {:.2} times as long, {:.2} times the CPU time", median(wall), median(cpu));
    }
    ExitCode::SUCCESS
}

/// What one process measured.
struct Measured {
    seconds: f64,
    words: String,
}

fn print(measured: Measured) {
    println!("{}\t{}\t{}\t{}", measured.seconds, cpu_seconds(), peak_mib(), measured.words);
}

/// How often the time of parsing a check takes: wall and CPU time.
fn compare(folder: &Path, threads: usize, runs: usize) -> Option<(f64, f64)> {
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    println!("{} on {} threads, best of {runs}", folder.display(), work::count(threads));
    println!("{:6} {:>9} {:>9} {:>9}", "", "wall s", "CPU s", "peak MiB");
    for phase in ["parse", "check"] {
        let mut best: Option<Vec<String>> = None;
        for _ in 0..runs.max(1) {
            let program = std::env::current_exe().expect("the system knows this program's file");
            let output = Command::new(program)
                .arg(folder)
                .args(["--phase", phase, "-j", &threads.to_string()])
                .output()
                .expect("this program can be started");
            let text = String::from_utf8_lossy(&output.stdout);
            let fields: Vec<String> = text.trim_end().splitn(4, '\t').map(str::to_owned).collect();
            if fields.len() != 4 {
                eprintln!("{phase} failed: {}", String::from_utf8_lossy(&output.stderr));
                return None;
            }
            if best.as_ref().is_none_or(|b| seconds(&fields) < seconds(b)) {
                best = Some(fields);
            }
        }
        let best = best.expect("there is at least one run");
        println!("{phase:6} {:>9.3} {:>9} {:>9}  {}", seconds(&best), best[1], best[2], best[3]);
        walls.push(seconds(&best));
        cpus.push(best[1].parse().unwrap_or(f64::NAN));
    }
    let ratio = |list: &[f64]| list[1] / list[0].max(1e-9);
    let (wall, cpu) = (ratio(&walls), ratio(&cpus));
    println!("check takes {wall:.2} times as long as parsing, and {cpu:.2} times the CPU time");
    Some((wall, cpu))
}

fn seconds(fields: &[String]) -> f64 {
    fields[0].parse().unwrap_or(f64::MAX)
}

fn tree(folder: &Path) -> Tree {
    Tree::from_disk(&find_root(folder), &Rules::default())
}

/// Walks, reads and parses every file that a check would read, and throws the trees away.
fn parse(folder: &Path, threads: usize) -> Measured {
    let begin = Instant::now();
    let tree = tree(folder);
    let files: Vec<_> = tree.files.iter().filter(|entry| !entry.is_test).collect();
    let parsed = work::map(&files, threads, |_, entry| {
        let items = entry.read().ok().and_then(|text| syn::parse_file(&text).ok()).map_or(0, |file| file.items.len());
        proc_macro2::extra::invalidate_current_thread_spans();
        items
    });
    let words = format!("{} files, {} items", files.len(), parsed.iter().sum::<usize>());
    Measured { seconds: begin.elapsed().as_secs_f64(), words }
}

fn check(folder: &Path, threads: usize) -> Measured {
    let begin = Instant::now();
    let tree = tree(folder);
    let catalog = pipeline::catalog(&tree, None).expect("the shipped packs are sound");
    let stages = Mutex::new(vec![("walking", begin)]);
    let tell = |what: &'static str, _: usize, _: usize| {
        let mut stages = stages.lock().expect("nobody panics here");
        if stages.last().is_none_or(|(last, _)| *last != what) {
            stages.push((what, Instant::now()));
        }
    };
    let report =
        pipeline::check(&Options { threads, last: true, progress: Some(&tell), ..Options::new(&tree, &catalog) });
    let stages = stages.into_inner().expect("nobody panics here");
    let ends = stages.iter().skip(1).map(|(_, at)| *at).chain([Instant::now()]);
    let stages: Vec<String> =
        stages.iter().zip(ends).map(|((what, at), end)| format!("{what} {:.3}", (end - *at).as_secs_f64())).collect();
    let summary = report.summary;
    let share = 100.0 * summary.lowered_lines as f64 / summary.lines.max(1) as f64;
    let per_million = peak_mib().parse::<f64>().map_or(f64::NAN, |mib| mib * 1e6 / summary.lines.max(1) as f64);
    let words = format!(
        "{} files, {} lines, {share:.1} % lowered, {} functions, {} findings, {per_million:.0} MiB per million lines\n       {}",
        summary.files,
        summary.lines,
        summary.functions,
        report.entries.len(),
        stages.join(", ")
    );
    Measured { seconds: begin.elapsed().as_secs_f64(), words }
}
