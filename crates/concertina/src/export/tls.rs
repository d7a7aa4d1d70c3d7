//! TLS with a certificate from files, which are followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{ServerTls, TlsError, TlsIdentity, TlsOptions};

use super::{ExportArgs, ExportError};
use crate::files::read_text;

/// How often the files are looked at: certificates in Secrets are replaced within a minute or so.
const LOOKED_AT: Duration = Duration::from_secs(5);

/// The texts of a certificate and its key, and where they stand.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    texts: (String, String),
}

/// What serves TLS, when the flags ask for it. A certificate that is replaced is served from then
/// on; one that cannot be used is told in the log, and the one before stays.
pub(super) fn server(args: &ExportArgs) -> Result<Option<ServerTls>, ExportError> {
    let (Some(certificate), Some(key)) = (&args.tls_cert_file, &args.tls_private_key_file) else {
        return Ok(None);
    };
    let refused = |error: TlsError| ExportError::BadOption {
        option: "tls-cert-file",
        value: certificate.display().to_string(),
        reason: error.to_string(),
    };
    let texts = read(certificate, key)?;
    let identity = identity(&texts).map_err(refused)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerTls::new(TlsOptions::new(provider), identity).map_err(refused)?;
    let files = Files {
        certificate: certificate.clone(),
        key: key.clone(),
        texts,
    };
    tokio::spawn(follow(files, tls.clone()));
    Ok(Some(tls))
}

fn read(certificate: &Path, key: &Path) -> Result<(String, String), crate::files::FileError> {
    Ok((read_text(certificate)?, read_text(key)?))
}

fn identity((chain, key): &(String, String)) -> Result<TlsIdentity, TlsError> {
    TlsIdentity::from_pem(chain.as_bytes(), key.as_bytes())
}

async fn follow(mut files: Files, tls: ServerTls) {
    let mut told = String::new();
    loop {
        tokio::time::sleep(LOOKED_AT).await;
        let replaced = match read(&files.certificate, &files.key) {
            Ok(texts) if texts == files.texts => continue,
            Ok(texts) => {
                let used = identity(&texts).and_then(|identity| tls.replace(identity));
                used.map(|()| texts).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match replaced {
            Ok(texts) => {
                files.texts = texts;
                told.clear();
                tracing::info!("serving with the certificate that is new in its file");
            }
            // Once for each reason: a certificate and its key are written one after the other.
            Err(reason) if reason != told => {
                tracing::warn!(%reason, "the new certificate cannot be used; the one before stays");
                told = reason;
            }
            Err(_) => {}
        }
    }
}
