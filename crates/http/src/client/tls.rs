//! `https://`: who is trusted, and the pool of connections that follows its files.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::time::Instant;

use super::credentials::read_small;
use super::{ClientError, ClientOptions, connector, pool};
use crate::tls::{TlsVersion, versions};

/// How long the files are trusted before they are read again.
const FRESH: Duration = Duration::from_secs(60);
/// The largest file of certificates or keys that is read.
const MAX_BYTES: u64 = 4 << 20;

/// Who is trusted under `https://`, and who the client is there.
///
/// Files are read at the first request and again when a minute has passed; connections that are
/// made after a change use the new ones.
#[derive(Clone, Debug)]
pub struct ClientTls {
    /// Who does the cryptography; this crate chooses none.
    pub provider: Arc<CryptoProvider>,
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// Who the client is, where servers ask.
    pub identity: Option<ClientIdentity>,
    /// The name that servers must prove, instead of the URL's host.
    pub server_name: Option<String>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

impl PartialEq for ClientTls {
    /// The same provider, and all else alike.
    fn eq(&self, other: &Self) -> bool {
        let Self {
            provider,
            trust,
            identity,
            server_name,
            min_version,
        } = self;
        Arc::ptr_eq(provider, &other.provider)
            && *trust == other.trust
            && *identity == other.identity
            && *server_name == other.server_name
            && *min_version == other.min_version
    }
}

impl ClientTls {
    /// TLS 1.2 and 1.3, trusting whom the operating system trusts; no certificate of its own.
    #[must_use]
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            trust: Trust::System,
            identity: None,
            server_name: None,
            min_version: TlsVersion::default(),
        }
    }
}

/// Whose certificates a client accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// Those that stem from authorities that the operating system trusts.
    #[default]
    System,
    /// Those that stem from these.
    Roots(Pem),
    /// Any. Whoever stands between can then read and change everything, credentials included.
    Anyone,
}

/// A client's own certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate, followed by those that signed it.
    pub certificate: Pem,
    /// Its private key.
    pub key: Pem,
}

/// Certificates or a key in PEM. The text is never shown.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pem {
    /// The text itself.
    Text(Vec<u8>),
    /// A file, which is followed when it changes.
    File(PathBuf),
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(***)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl Pem {
    fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => read_small(path, MAX_BYTES)
                .map_err(|reason| format!("{} cannot be read: {reason}", path.display())),
        }
    }

    /// Where it is, for messages.
    fn place(&self) -> String {
        match self {
            Self::Text(_) => "the PEM text".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

pub(super) type HttpsPool = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What the files held when they were last read.
#[derive(Clone, Default, PartialEq, Eq)]
struct Texts {
    roots: Option<Vec<u8>>,
    /// Certificate and key.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

struct Built {
    texts: Texts,
    read: Instant,
    pool: HttpsPool,
}

/// The pool for `https://`, made when it is first needed and anew when a file changes.
#[derive(Default)]
pub(super) struct Https(Mutex<Option<Built>>);

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").finish_non_exhaustive()
    }
}

impl Https {
    pub(super) fn pool(&self, options: &ClientOptions) -> Result<HttpsPool, ClientError> {
        let tls = options.tls.as_ref().ok_or_else(|| ClientError::Tls {
            reason: "https:// needs TLS in the client's options".to_owned(),
        })?;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(built) = &*last
            && built.read.elapsed() < FRESH
        {
            return Ok(built.pool.clone());
        }
        let made = Texts::read(tls).and_then(|texts| match &*last {
            Some(built) if built.texts == texts => Ok((texts, built.pool.clone())),
            _ => build(&texts, tls, options).map(|pool| (texts, pool)),
        });
        let (texts, pool) = match (made, &*last) {
            (Ok(made), _) => made,
            // A file that is being replaced is whole again soon.
            (Err(reason), Some(built)) => {
                tracing::warn!(%reason, "TLS files cannot be read again, the former ones go on");
                (built.texts.clone(), built.pool.clone())
            }
            (Err(reason), None) => return Err(ClientError::Tls { reason }),
        };
        *last = Some(Built {
            texts,
            read: Instant::now(),
            pool: pool.clone(),
        });
        Ok(pool)
    }
}

impl Texts {
    fn read(tls: &ClientTls) -> Result<Self, String> {
        let roots = match &tls.trust {
            Trust::Roots(pem) => Some(pem.read()?),
            Trust::System | Trust::Anyone => None,
        };
        let identity = match &tls.identity {
            Some(own) => Some((own.certificate.read()?, own.key.read()?)),
            None => None,
        };
        Ok(Self { roots, identity })
    }
}

fn build(texts: &Texts, tls: &ClientTls, options: &ClientOptions) -> Result<HttpsPool, String> {
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(config(texts, tls)?)
        .https_only();
    let builder = match &tls.server_name {
        None => builder,
        Some(name) => {
            let name = ServerName::try_from(name.clone())
                .map_err(|_| format!("`{name}` is no name of a server"))?;
            builder.with_server_name_resolver(FixedServerNameResolver::new(name))
        }
    };
    let mut plain = connector(options);
    plain.enforce_http(false);
    let connector = builder.enable_all_versions().wrap_connector(plain);
    Ok(pool(options, connector))
}

fn config(texts: &Texts, tls: &ClientTls) -> Result<ClientConfig, String> {
    let provider = Arc::clone(&tls.provider);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions(tls.min_version))
        .map_err(|error| error.to_string())?;
    let builder = match (&tls.trust, &texts.roots) {
        (Trust::Anyone, _) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider))),
        (Trust::Roots(pem), Some(text)) => {
            builder.with_root_certificates(roots(text, &pem.place())?)
        }
        _ => builder.with_root_certificates(system_roots()?),
    };
    let (Some(own), Some((certificate, key))) = (&tls.identity, &texts.identity) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| format!("{}: {error}", own.certificate.place()))?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| format!("{}: {error}", own.key.place()))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("the client's certificate and key: {error}"))
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    match (taken, found.errors.first()) {
        (0, Some(error)) => Err(format!("the system's certificates: {error}")),
        (0, None) => Err("the system trusts no certificate; give roots".to_owned()),
        _ => Ok(roots),
    }
}

fn roots(pem: &[u8], place: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("{place}: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("{place}: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("{place} has no certificate"));
    }
    Ok(roots)
}

/// Takes every certificate, but checks that the server has its key.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
