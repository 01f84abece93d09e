//! The `letgo` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    letgo::cli::run(std::env::args_os())
}
