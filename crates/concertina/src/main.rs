//! The `concertina` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    concertina::cli::run()
}
