//! What both ends of TLS share.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 and later.
    #[default]
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
static NEWEST: [&SupportedProtocolVersion; 1] = [&TLS13];

/// `oldest` and those after it.
pub(crate) fn versions(oldest: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match oldest {
        TlsVersion::Tls12 => &ALL,
        TlsVersion::Tls13 => &NEWEST,
    }
}
