//! Readings over TLS.

use std::sync::Arc;

use concertina_http::{Client, ClientOptions, ClientTls, Pem, Trust};

use crate::common::{Running, driver};
use crate::parts::temporary;

#[tokio::test]
async fn with_a_certificate_it_speaks_tls() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.pem();
    let chain = temporary("export-tls.crt", &certificate);
    let key = temporary("export-tls.key", &made.signing_key.serialize_pem());
    let driver = driver("tls", "gpus: [{uuid: GPU-0, power: 50000}]");
    let flags = ["--tls-cert-file", &chain, "--tls-private-key-file", &key];
    let exporter = Running::start(&driver, &flags);
    let port = exporter.url.strip_prefix("https://127.0.0.1:").unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = Client::new(ClientOptions {
        tls: Some(ClientTls {
            trust: Trust::Roots(Pem::Text(certificate.into_bytes())),
            ..ClientTls::new(provider)
        }),
        ..ClientOptions::default()
    });
    let url = format!("https://localhost:{port}/metrics");
    let answer = client.get(&url, &[]).await.unwrap();
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains("\nDCGM_FI_DEV_POWER_USAGE{"));
}
