//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::demo::{self, DemoArgs};

/// GPU autoscaling for Kubernetes: custom metrics and scaling in one binary.
#[derive(Debug, Parser)]
#[command(name = "concertina", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(DemoArgs),
}

/// Reads the arguments of this process and does what they say. The runtime and the logger are
/// chosen here and nowhere below.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .try_init();
    // Only a second logger fails; the first one serves as well.
    drop(log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}"), 1),
    };
    let Command::Demo(args) = cli.command;
    let done = runtime.block_on(demo::run(args));
    // Whatever still runs serves nobody any more.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), error.exit_code()),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    use std::io::Write;
    // Nobody can be told when standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {message}");
    ExitCode::from(code)
}
