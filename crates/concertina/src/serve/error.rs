//! What can go wrong with serving, and the exit code that says whose fault it is.

use std::net::SocketAddr;
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
    /// There is no way to the cluster that says who may ask.
    #[error(transparent)]
    Cluster(#[from] crate::cluster::AccessError),
    /// A CA that was given cannot be used.
    #[error("{0}")]
    Trust(String),
    /// An address could not be taken.
    #[error("cannot listen on {address}: {source}; choose another port with --{option}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The flag that chooses the port.
        option: &'static str,
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
            | Self::Cluster(_)
            | Self::Trust(_)
            | Self::Listen { .. } => 2,
            Self::Failed(_) => 1,
        }
    }
}
