//! What can go wrong with a demo, and the exit code that says whose fault it is.

use std::path::PathBuf;

/// Why the demo ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
    /// A file was read and says something wrong.
    #[error("{}: {message}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// Line and column where there are any, what is wrong, what to do.
        message: String,
    },
    /// What the autoscaler needs is not there, or rules cannot be used: one line for each mistake.
    #[error("{0}")]
    BadInput(String),
    /// An option has a value that cannot be used.
    #[error("--{option} {value}: {reason}")]
    BadOption {
        /// The option's name without dashes.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A port could not be taken.
    #[error(
        "cannot listen on 127.0.0.1:{port} for the {what}: {source}; choose another with --{option}"
    )]
    Listen {
        /// What would listen there.
        what: &'static str,
        /// The port.
        port: u16,
        /// The option that changes it.
        option: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The loop did not do what it claims.
    #[error("the loop did not do what it should: {0}")]
    Failed(String),
    /// Writing to the terminal or pipe failed.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

impl DemoError {
    /// Whether standard output is a pipe that its reader has closed.
    #[must_use]
    pub fn reader_has_left(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// 2 for what the caller gave, 1 for what the loop did.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_)
            | Self::BadFile { .. }
            | Self::BadInput(_)
            | Self::BadOption { .. }
            | Self::Listen { .. } => 2,
            Self::Failed(_) | Self::Output(_) => 1,
        }
    }
}
