//! What can go wrong with exporting, and the exit code that says whose fault it is.

use std::path::PathBuf;

use concertina_exporter::AttributionError;
use concertina_sources::GpuError;
use concertina_sources::simulated::ScriptError;

/// Why `concertina export` ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
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
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
    /// There is nothing to export.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The kubelet cannot be asked at all.
    #[error(transparent)]
    Pods(#[from] AttributionError),
    /// Something broke that nobody asked for.
    #[error("exporting failed: {0}")]
    Failed(String),
}

impl ExportError {
    /// 2 for what the caller gave, 1 for what broke.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadOption { .. } | Self::File(_) => 2,
            Self::Reading(error) => error.exit_code(),
            Self::Pods(_) | Self::Failed(_) => 1,
        }
    }
}

/// Why there are no GPUs to read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadingError {
    /// The script could not be read.
    #[error("--simulate {0}")]
    File(#[from] crate::files::FileError),
    /// The script says something wrong.
    #[error("--simulate {}: {reason}", path.display())]
    Script {
        /// The script.
        path: PathBuf,
        /// What is wrong, and where.
        reason: ScriptError,
    },
    /// The driver has nothing to read.
    #[error(transparent)]
    Gpus(#[from] GpuError),
}

impl ReadingError {
    /// 2 for what the caller gave, 1 for what broke.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_) | Self::Script { .. } => 2,
            Self::Gpus(_) => 1,
        }
    }
}
