//! A certificate authority of this process' own, for when no certificate is given.

use std::time::{Duration, SystemTime};

use concertina_http::TlsIdentity;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// The common name of every authority that is made here.
pub(super) const NAME: &str = "concertina self-made CA";
/// How long its certificates are valid.
const VALID: Duration = Duration::from_secs(90 * 86_400);
/// When new ones are made.
pub(super) const RENEW: Duration = Duration::from_secs(60 * 86_400);
/// Clocks of other machines may be behind.
const BEFORE: Duration = Duration::from_secs(3600);

/// An authority, and the one certificate that it signed. The authority's key is gone.
pub(super) struct Made {
    /// The authority's certificate, PEM.
    pub(super) authority: String,
    /// The server's certificate and key.
    pub(super) identity: TlsIdentity,
}

/// Makes an authority, and a certificate for these DNS names and addresses.
pub(super) fn make(names: &[String], now: SystemTime) -> Result<Made, String> {
    let failed = |error: rcgen::Error| error.to_string();
    let validity = |params: &mut CertificateParams| {
        params.not_before = (now - BEFORE).into();
        params.not_after = (now + VALID).into();
    };
    let mut authority = CertificateParams::new(Vec::new()).map_err(failed)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    authority.distinguished_name.push(DnType::CommonName, NAME);
    validity(&mut authority);
    let key = KeyPair::generate().map_err(failed)?;
    let authority = CertifiedIssuer::self_signed(authority, key).map_err(failed)?;

    let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "concertina");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    validity(&mut params);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, &authority).map_err(failed)?;
    let identity =
        TlsIdentity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
    Ok(Made {
        authority: authority.pem(),
        identity: identity.map_err(|error| error.to_string())?,
    })
}
