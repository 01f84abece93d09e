//! The `letgo` program: everything is in the library, the allocator apart.

use std::process::ExitCode;

/// A check makes many small things on all threads and frees them on others, which the system's allocator takes longer for.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    letgo::cli::run(std::env::args_os())
}
