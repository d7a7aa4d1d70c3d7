//! The command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::check::{self, CheckArgs};
use crate::demo::{self, DemoArgs};
use crate::explain::{self, ExplainArgs};
use crate::export::{self, ExportArgs};
use crate::init::{self, InitArgs};
use crate::serve::{self, ServeArgs};
use crate::top::{self, TopArgs};

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
    Check(CheckArgs),
    Demo(DemoArgs),
    Explain(ExplainArgs),
    Export(Box<ExportArgs>),
    Init(InitArgs),
    Serve(Box<ServeArgs>),
    Top(Box<TopArgs>),
}

impl Command {
    fn log_level(&self) -> tracing::Level {
        match self {
            Self::Check(_) | Self::Demo(_) | Self::Explain(_) | Self::Init(_) | Self::Top(_) => {
                tracing::Level::WARN
            }
            Self::Export(_) => tracing::Level::INFO,
            Self::Serve(args) => args.log_level(),
        }
    }
}

/// The exit code for an output that nobody reads any more: what shells report of a program that
/// SIGPIPE ended.
const READER_HAS_LEFT: u8 = 141;

/// Reads the arguments of this process and does what they say. The runtime and the logger are
/// chosen here and nowhere below.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let level = cli.command.log_level();
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish()
        // Who uses the client of Kubernetes tells what it means that something failed.
        .with(filter_fn(move |event| {
            level > tracing::Level::INFO || !event.target().starts_with("kube_")
        }))
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
    let done = runtime.block_on(dispatch(cli.command));
    // Whatever still runs serves nobody any more.
    runtime.shutdown_background();
    done.unwrap_or_else(|failure| fail(&failure.message, failure.code))
}

async fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Check(args) => answer(check::run(args).await),
        Command::Demo(args) => match demo::run(args).await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            // Whoever read along has seen enough; the loop was not seen to its end.
            Err(error) if error.reader_has_left() => Ok(ExitCode::from(READER_HAS_LEFT)),
            Err(error) => Err(Failure::new(&error, error.exit_code())),
        },
        Command::Explain(args) => answer(explain::run(args).await),
        Command::Export(args) => export::run(*args)
            .await
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| Failure::new(&error, error.exit_code())),
        Command::Init(args) => init::run(args)
            .await
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| Failure::new(&error, error.exit_code())),
        Command::Top(args) => top::run(*args)
            .await
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| Failure::new(&error, error.exit_code())),
        Command::Serve(args) => serve::run(*args)
            .await
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| Failure::new(&error, error.exit_code())),
    }
}

/// 0 for yes, 1 for no, 2 for a question that could not be asked.
fn answer<E: std::error::Error>(answer: Result<bool, E>) -> Result<ExitCode, Failure> {
    match answer {
        Ok(yes) => Ok(ExitCode::from(u8::from(!yes))),
        Err(error) => Err(Failure::new(&error, 2)),
    }
}

/// What a subcommand that failed leaves: one message, and whose fault it is as an exit code (2:
/// what the caller gave, 1: everything else).
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    fn new(error: &dyn std::error::Error, code: u8) -> Self {
        Self {
            message: error.to_string(),
            code,
        }
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    use std::io::Write;
    // Nobody can be told when standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {message}");
    ExitCode::from(code)
}
