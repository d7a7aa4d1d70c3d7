//! Certificates of clients: whether an authority signed them, and whom they name.

use std::sync::Arc;
use std::time::Duration;

use concertina_http::PeerCertificates;
use concertina_model::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Authorities whose certificates are accepted.
#[derive(Clone, Debug)]
pub(super) struct Authorities(Arc<dyn ClientCertVerifier>);

/// What a certificate says of its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holder {
    /// The common name.
    pub(super) name: String,
    /// The organizations: the groups of a user.
    pub(super) organizations: Vec<String>,
}

impl Authorities {
    /// The certificates of a PEM text.
    pub(super) fn from_pem(pem: &str, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = builder.build().map_err(|error| error.to_string())?;
        Ok(Self(verifier))
    }

    /// Verifies the chain that a client showed, for authentication of clients, at `now`, and reads
    /// whom it names.
    pub(super) fn holder(&self, peer: &PeerCertificates, now: Timestamp) -> Result<Holder, String> {
        let mut chain = peer
            .der()
            .iter()
            .map(|der| CertificateDer::from(der.as_ref()));
        let own = chain.next().ok_or("the chain is empty")?;
        let rest: Vec<CertificateDer<'_>> = chain.collect();
        let seconds = u64::try_from(now.as_millis().div_euclid(1000)).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let verified = self.0.verify_client_cert(&own, &rest, now);
        verified.map_err(|error| error.to_string())?;
        let (_, parsed) = X509Certificate::from_der(&own)
            .map_err(|error| format!("its names cannot be read: {error}"))?;
        let subject = parsed.subject();
        let texts =
            |names: &mut dyn Iterator<Item = &x509_parser::x509::AttributeTypeAndValue<'_>>| {
                let texts = names.filter_map(|name| name.as_str().ok());
                texts.map(str::to_owned).collect::<Vec<_>>()
            };
        // As Go reads a name: the last of several common names counts.
        let name = texts(&mut subject.iter_common_name()).pop();
        Ok(Holder {
            name: name.unwrap_or_default(),
            organizations: texts(&mut subject.iter_organization()),
        })
    }
}
