//! What can go wrong with exporting, and the exit code that says whose fault it is.

use concertina_exporter::AttributionError;
use concertina_sources::GpuError;

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
    Gpus(#[from] GpuError),
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
            Self::Gpus(_) | Self::Pods(_) | Self::Failed(_) => 1,
        }
    }
}
