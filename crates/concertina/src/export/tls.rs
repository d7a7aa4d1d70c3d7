//! TLS with a certificate from files.

use std::sync::Arc;

use concertina_http::{ServerTls, TlsIdentity, TlsOptions};

use super::{ExportArgs, ExportError};
use crate::files::read_text;

/// What serves TLS, when the flags ask for it.
pub(super) fn server(args: &ExportArgs) -> Result<Option<ServerTls>, ExportError> {
    let (Some(certificate), Some(key)) = (&args.tls_cert_file, &args.tls_private_key_file) else {
        return Ok(None);
    };
    let refused = |error: concertina_http::TlsError| ExportError::BadOption {
        option: "tls-cert-file",
        value: certificate.display().to_string(),
        reason: error.to_string(),
    };
    let (chain, key) = (read_text(certificate)?, read_text(key)?);
    let identity = TlsIdentity::from_pem(chain.as_bytes(), key.as_bytes()).map_err(refused)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerTls::new(TlsOptions::new(provider), identity).map_err(refused)?;
    Ok(Some(tls))
}
