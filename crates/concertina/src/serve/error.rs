//! What can go wrong with serving, and the exit code that says whose fault it is.

use std::path::PathBuf;

/// Why `concertina serve` ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
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
    /// Neither a Prometheus nor a target to scrape was named.
    #[error(
        "nothing to take numbers from: give --prometheus-url URL, --scrape URL or --scrape-config FILE"
    )]
    NoSource,
    /// A port could not be taken.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; choose another with --insecure-loopback-port"
    )]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        source: std::io::Error,
    },
    /// Something broke that nobody asked for.
    #[error("serving failed: {0}")]
    Failed(String),
}

impl ServeError {
    /// 2 for what the caller gave, 1 for what broke.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_)
            | Self::BadFile { .. }
            | Self::BadOption { .. }
            | Self::NoSource
            | Self::Listen { .. } => 2,
            Self::Failed(_) => 1,
        }
    }
}
