//! `cargo letgo`: the same program under the name by which Cargo finds it.

use std::process::ExitCode;

fn main() -> ExitCode {
    letgo::cli::run(std::env::args_os())
}
