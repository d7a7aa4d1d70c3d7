//! Packed answers, unpacked piece by piece.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

use super::ClientError;

/// Hands on what is packed in the pieces that are written to it, up to a limit.
pub(super) struct Unpacking<'a, F: FnMut(&[u8])>(MultiGzDecoder<Limited<'a, F>>, bool);

struct Limited<'a, F> {
    limit: usize,
    left: usize,
    over: bool,
    chunk: &'a mut F,
}

impl<F: FnMut(&[u8])> Write for Limited<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.left.checked_sub(bytes.len()) {
            Some(left) => self.left = left,
            None => {
                self.over = true;
                return Err(io::Error::other("too large"));
            }
        }
        (self.chunk)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a, F: FnMut(&[u8])> Unpacking<'a, F> {
    pub(super) fn new(limit: usize, chunk: &'a mut F) -> Self {
        let limited = Limited {
            limit,
            left: limit,
            over: false,
            chunk,
        };
        Self(MultiGzDecoder::new(limited), false)
    }

    pub(super) fn write(&mut self, packed: &[u8]) -> Result<(), ClientError> {
        self.1 |= !packed.is_empty();
        let written = self.0.write_all(packed);
        written.map_err(|error| self.problem(&error))
    }

    /// The end of the packed bytes.
    pub(super) fn finish(mut self) -> Result<(), ClientError> {
        // Answers that have no body, as one to HEAD, may have the header.
        let finished = match self.1 {
            true => self.0.try_finish(),
            false => Ok(()),
        };
        finished.map_err(|error| self.problem(&error))
    }

    fn problem(&self, error: &io::Error) -> ClientError {
        let limited = self.0.get_ref();
        match limited.over {
            true => ClientError::TooLarge {
                limit: limited.limit,
            },
            false => ClientError::Transport {
                reason: format!("the answer is no whole gzip: {error}"),
            },
        }
    }
}
