//! What can go wrong with showing, and the exit code that says whose fault it is.

use std::time::Duration;

use concertina_exporter::AttributionError;
use concertina_sources::GpuError;

use crate::export::ReadingError;
use crate::files::FileError;

/// Why `concertina top` shows nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopError {
    /// The URL is none.
    #[error("--url {url}: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// It would do nothing but read.
    #[error("--watch={}s: give 100ms or more", .0.as_secs_f64())]
    TooFast(Duration),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// This machine has nothing to show.
    #[error("{0}; with --url, another machine's exporter is asked")]
    Gpus(GpuError),
    /// The script of simulated GPUs is none.
    #[error(transparent)]
    Script(ReadingError),
    /// Who holds the GPUs is not known.
    #[error(transparent)]
    Pods(#[from] AttributionError),
    /// The exporter does not answer, or answers something else.
    #[error("{url}: {reason}")]
    Exporter {
        /// What was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Nothing can be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

impl From<ReadingError> for TopError {
    fn from(error: ReadingError) -> Self {
        match error {
            ReadingError::Gpus(error) => Self::Gpus(error),
            error => Self::Script(error),
        }
    }
}

impl TopError {
    /// 2 for what the caller gave, 1 for what broke.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Url { .. } | Self::TooFast(_) | Self::File(_) => 2,
            Self::Script(error) => error.exit_code(),
            _ => 1,
        }
    }
}
