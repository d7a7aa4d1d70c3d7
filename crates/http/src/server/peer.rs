//! Who is at the other end of a TLS connection.

use std::sync::Arc;

use bytes::Bytes;

/// The certificates that a client showed when it connected, its own first, in DER: an extension of
/// each request of the connection.
///
/// The client has proved that it holds the first one's private key. Nobody has checked yet who
/// signed the certificates: that, and whom they name, is for the service to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificates(Arc<[Bytes]>);

impl PeerCertificates {
    /// The chain as it came, the client's own certificate first.
    #[must_use]
    pub fn new(chain: impl IntoIterator<Item = Bytes>) -> Self {
        Self(chain.into_iter().collect())
    }

    /// The chain as it came, the client's own certificate first, each in DER.
    #[must_use]
    pub fn der(&self) -> &[Bytes] {
        &self.0
    }
}
