//! `cargo letgo`: the same program under the name by which Cargo finds it.

use std::process::ExitCode;

/// As in `main.rs`.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    letgo::cli::run(std::env::args_os())
}
