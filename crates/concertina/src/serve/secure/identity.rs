//! The server's certificate: from files that are followed, or made by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{ServerTls, TlsIdentity, TlsOptions, TlsVersion};
use concertina_sources::Clock;

use super::SecureArgs;
use crate::files::read_text;
use crate::serve::ServeError;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// A certificate and its key, as files.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

impl Pair {
    /// That which the flags name, or which is in the folder that they name.
    pub(super) fn of(args: &SecureArgs) -> Option<Self> {
        let (certificate, key) = match (&args.tls_cert_file, &args.tls_private_key_file) {
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            _ => {
                let folder = args.cert_dir.as_ref()?;
                (folder.join("apiserver.crt"), folder.join("apiserver.key"))
            }
        };
        let named = args.tls_cert_file.is_some();
        (named || (certificate.exists() && key.exists())).then_some(Self { certificate, key })
    }

    /// Its texts.
    fn read(&self) -> Result<(String, String), ServeError> {
        Ok((read_text(&self.certificate)?, read_text(&self.key)?))
    }

    fn identity(&self, texts: &(String, String)) -> Result<TlsIdentity, ServeError> {
        let identity = TlsIdentity::from_pem(texts.0.as_bytes(), texts.1.as_bytes());
        identity.map_err(|error| self.unusable(&error.to_string()))
    }

    fn unusable(&self, reason: &str) -> ServeError {
        ServeError::BadFile {
            path: self.certificate.clone(),
            message: format!("with {}: {reason}", self.key.display()),
        }
    }

    /// TLS with what the files hold now, and the task that follows them.
    pub(super) fn serve(
        self,
        options: TlsOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(ServerTls, impl Future<Output = ()> + Send + 'static), ServeError> {
        let texts = self.read()?;
        let identity = self.identity(&texts)?;
        let tls = ServerTls::new(options, identity);
        let tls = tls.map_err(|error| self.unusable(&error.to_string()))?;
        let followed = tls.clone();
        Ok((
            tls,
            async move { self.follow(followed, texts, clock).await },
        ))
    }

    /// Takes what the files hold into use when it changes. Half a change, a certificate without
    /// its key, is not taken: both are looked at again.
    async fn follow(self, tls: ServerTls, mut in_use: (String, String), clock: Arc<dyn Clock>) {
        let mut told = String::new();
        loop {
            clock.sleep(EVERY).await;
            let pair = self.clone();
            let read = tokio::task::spawn_blocking(move || pair.read()).await;
            let taken = match read {
                Ok(Ok(texts)) if texts == in_use => continue,
                Ok(Ok(texts)) => self.identity(&texts).and_then(|identity| {
                    let replaced = tls.replace(identity);
                    replaced.map_err(|error| self.unusable(&error.to_string()))?;
                    Ok(texts)
                }),
                Ok(Err(error)) => Err(error),
                Err(error) => Err(ServeError::Failed(error.to_string())),
            };
            match taken {
                Ok(texts) => {
                    in_use = texts;
                    told.clear();
                    tracing::info!(file = %self.certificate.display(), "a new certificate is in use");
                }
                Err(error) => {
                    let reason = error.to_string();
                    if reason != told {
                        tracing::error!(
                            reason,
                            "the new certificate is not used; the one before stays"
                        );
                        told = reason;
                    }
                }
            }
        }
    }
}

/// How TLS is spoken.
pub(super) fn options(args: &SecureArgs) -> TlsOptions {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    TlsOptions {
        min_version: match args.tls_min_version.as_str() {
            "VersionTLS13" => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        },
        cipher_suites: args.tls_cipher_suites.clone(),
        http2: !args.disable_http2,
        ..TlsOptions::new(provider)
    }
}
