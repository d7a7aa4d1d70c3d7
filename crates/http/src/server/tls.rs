//! Serving over TLS.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::{PeerCertificates, Rules, ServerOptions, connection, run};
use crate::response::Body;
use crate::tls::{TlsVersion, versions};

/// Why TLS cannot be served with what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate file holds no certificate.
    #[error("there is no certificate in the PEM text: it needs a `BEGIN CERTIFICATE` block")]
    NoCertificate,
    /// The key file holds no private key.
    #[error("there is no private key in the PEM text: it needs a `BEGIN PRIVATE KEY` block")]
    NoKey,
    /// A PEM text is broken.
    #[error("the PEM text is broken: {reason}")]
    Pem {
        /// What is wrong.
        reason: String,
    },
    /// Certificate, key and settings do not go together.
    #[error("the certificate and its key cannot be used: {reason}")]
    Unusable {
        /// What is wrong.
        reason: String,
    },
    /// None of the wished cipher suites is known.
    #[error("none of the cipher suites is known; these are: {known}")]
    NoCipherSuite {
        /// The names that can be chosen for TLS 1.2.
        known: String,
    },
}

/// The server's certificate with its chain, and its private key.
#[derive(Debug)]
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for TlsIdentity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl TlsIdentity {
    /// From PEM texts: the certificate, followed by those that signed it, and its key.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when one of the texts does not hold what it should.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        use rustls::pki_types::pem::Error as Pem;
        let broken = |error: Pem| TlsError::Pem {
            reason: match error {
                // Its own text prints the bytes.
                Pem::MissingSectionEnd { end_marker } => {
                    let section = String::from_utf8_lossy(&end_marker);
                    format!("there is no END {section}")
                }
                error => error.to_string(),
            },
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.map_err(broken)?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = match PrivateKeyDer::from_pem_slice(key) {
            Ok(key) => key,
            Err(Pem::NoItemsFound) => return Err(TlsError::NoKey),
            Err(error) => return Err(broken(error)),
        };
        Ok(Self { chain, key })
    }
}

/// How TLS is spoken, whatever the certificate.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// Who does the cryptography; this crate chooses none.
    pub provider: Arc<CryptoProvider>,
    /// The oldest version.
    pub min_version: TlsVersion,
    /// The cipher suites of TLS 1.2 by their IANA names; empty for all of the provider's. Those of
    /// TLS 1.3 cannot be chosen, as in Go.
    pub cipher_suites: Vec<String>,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
}

impl TlsOptions {
    /// TLS 1.2 and later with all that `provider` has; HTTP/2 is offered.
    #[must_use]
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            min_version: TlsVersion::default(),
            cipher_suites: Vec::new(),
            http2: true,
        }
    }
}

/// What connections are accepted with: can be replaced while it is in use. Clones share it.
#[derive(Clone, Debug)]
pub struct ServerTls {
    options: Arc<TlsOptions>,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl ServerTls {
    /// TLS with this certificate. Clients may show a certificate of their own and need not; see
    /// [`PeerCertificates`].
    ///
    /// # Errors
    ///
    /// [`TlsError`] when the certificate, its key and the options do not go together.
    pub fn new(options: TlsOptions, identity: TlsIdentity) -> Result<Self, TlsError> {
        let config = config(&options, identity)?;
        Ok(Self {
            options: Arc::new(options),
            current: Arc::new(RwLock::new(Arc::new(config))),
        })
    }

    /// Accepts new connections with this certificate from now on; open ones keep theirs.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when it cannot be used; the one before stays in use.
    pub fn replace(&self, identity: TlsIdentity) -> Result<(), TlsError> {
        let config = Arc::new(config(&self.options, identity)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    fn acceptor(&self) -> TlsAcceptor {
        // The lock is held for a pointer only.
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current))
    }
}

fn config(options: &TlsOptions, identity: TlsIdentity) -> Result<ServerConfig, TlsError> {
    let unusable = |error: rustls::Error| TlsError::Unusable {
        reason: error.to_string(),
    };
    let mut provider = CryptoProvider::clone(&options.provider);
    if !options.cipher_suites.is_empty() {
        let choosable = |suite: &rustls::SupportedCipherSuite| suite.tls13().is_none();
        let name = |suite: &rustls::SupportedCipherSuite| format!("{:?}", suite.suite());
        let wished = |suite: &rustls::SupportedCipherSuite| {
            !choosable(suite) || options.cipher_suites.contains(&name(suite))
        };
        let known: Vec<String> = provider
            .cipher_suites
            .iter()
            .filter(|suite| choosable(suite))
            .map(name)
            .collect();
        if !known
            .iter()
            .any(|name| options.cipher_suites.contains(name))
        {
            return Err(TlsError::NoCipherSuite {
                known: known.join(", "),
            });
        }
        provider.cipher_suites.retain(wished);
    }
    let provider = Arc::new(provider);
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(options.min_version))
        .map_err(unusable)?
        .with_client_cert_verifier(Arc::new(AnyClient(provider)))
        .with_single_cert(identity.chain, identity.key)
        .map_err(unusable)?;
    config.alpn_protocols = match options.http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

/// Serves `service` over TLS, in all else as [`serve`](crate::serve) does. The handshake counts to
/// the time for a request's headers.
pub async fn serve_tls<S>(
    listener: TcpListener,
    service: S,
    tls: ServerTls,
    options: ServerOptions,
    shutdown: impl Future<Output = ()> + Send,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let connect = move |stream, rules| secured(stream, tls.acceptor(), service.clone(), rules);
    // Words would cost a handshake.
    run(listener, options, shutdown, connect, drop::<TcpStream>).await;
}

async fn secured<S>(stream: TcpStream, acceptor: TlsAcceptor, service: S, rules: Rules)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let handshake = tokio::time::timeout(rules.options.header_timeout, acceptor.accept(stream));
    let stream = match handshake.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            return;
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            return;
        }
    };
    let chain = stream.get_ref().1.peer_certificates();
    let peer = chain.map(|chain| {
        PeerCertificates::new(chain.iter().map(|one| Bytes::copy_from_slice(one.as_ref())))
    });
    connection(stream, peer, service, rules).await;
}

/// Takes any certificate whose key the client holds: the service judges whom it trusts, because
/// each way of authentication has authorities of its own.
#[derive(Debug)]
struct AnyClient(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
