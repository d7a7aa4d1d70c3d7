//! Reading what the user names.

use std::path::{Path, PathBuf};

/// A file larger than this is none of ours.
pub const MAX_BYTES: u64 = 4 << 20;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refuses.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is larger than [`MAX_BYTES`].
    #[error("{}: {length} bytes, and at most {MAX_BYTES} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
}

/// The text of a file of at most [`MAX_BYTES`].
///
/// # Errors
///
/// [`FileError`] when it is larger, or cannot be read as UTF-8 text.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MAX_BYTES {
        let path = path.to_owned();
        return Err(FileError::TooLarge { path, length });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}
