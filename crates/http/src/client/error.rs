//! Why there is no answer.

use std::path::PathBuf;
use std::time::Duration;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL cannot be used.
    #[error("`{url}` is no usable URL: {reason}")]
    InvalidUrl {
        /// The URL, without user and password.
        url: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A header cannot be sent.
    #[error("header `{name}` cannot be sent: its name or value has characters that HTTP forbids")]
    InvalidHeader {
        /// The header.
        name: String,
    },
    /// The file of a password or token cannot be used.
    #[error("the credentials in {} cannot be used: {reason}", .path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// What is missing or wrong.
        reason: String,
    },
    /// Nobody listens there, or the other side is not who it should be.
    #[error("cannot connect: {reason}")]
    Connect {
        /// The operating system's or the TLS library's words.
        reason: String,
    },
    /// The deadline passed.
    #[error("no complete answer within {} s", .after.as_secs_f64())]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The answer is too large, as it comes or unpacked.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection broke, or what came is no HTTP.
    #[error("the connection failed: {reason}")]
    Transport {
        /// What happened.
        reason: String,
    },
}
