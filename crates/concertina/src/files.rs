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
    /// It is no text.
    #[error("{}: no text in UTF-8: line {line} has a byte that is none; save it as UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first line that is wrong, from 1.
        line: usize,
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
    utf8(path, std::fs::read(path).map_err(unreadable)?)
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|error| {
        let right = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(right);
        FileError::NotText {
            path: path.to_owned(),
            line: before.filter(|byte| **byte == b'\n').count() + 1,
        }
    })
}

/// The text of a file, or of standard input for `-`, and what to call it.
///
/// # Errors
///
/// [`FileError`] as of [`read_text`].
pub fn read_text_or_stdin(path: &Path) -> Result<(String, String), FileError> {
    use std::io::Read;
    if path != Path::new("-") {
        return Ok((path.display().to_string(), read_text(path)?));
    }
    let path = PathBuf::from("<standard input>");
    let mut bytes = Vec::new();
    let stdin = std::io::stdin().lock();
    let read = stdin.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    if let Err(source) = read {
        return Err(FileError::Unreadable { path, source });
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > MAX_BYTES {
        return Err(FileError::TooLarge { path, length });
    }
    Ok((path.display().to_string(), utf8(&path, bytes)?))
}

/// Writes to standard output. A reader that has gone away has seen enough.
///
/// # Errors
///
/// What the operating system says, a closed pipe excepted.
pub fn print(text: &str) -> std::io::Result<()> {
    print_on(text).map(drop)
}

/// As [`print()`]; false when nobody reads any more, for whoever would go on printing.
///
/// # Errors
///
/// What the operating system says, a closed pipe excepted.
pub fn print_on(text: &str) -> std::io::Result<bool> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        done => done.map(|()| true),
    }
}
