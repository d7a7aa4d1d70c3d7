//! Readings over TLS.

use std::sync::Arc;

use concertina_http::{Client, ClientOptions, ClientTls, Pem, Trust};

use crate::common::{Running, driver};
use crate::parts::{eventually, temporary};

fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// What somebody who trusts `certificate` is answered.
async fn asked(url: &str, certificate: &str) -> Option<String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = Client::new(ClientOptions {
        tls: Some(ClientTls {
            trust: Trust::Roots(Pem::Text(certificate.as_bytes().to_vec())),
            ..ClientTls::new(provider)
        }),
        ..ClientOptions::default()
    });
    let answer = client.get(url, &[]).await.ok()?;
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).ok()
}

#[tokio::test]
async fn with_a_certificate_it_speaks_tls_and_follows_its_files() {
    let (first, key) = certificate();
    let chain = temporary("export-tls.crt", &first);
    let key = temporary("export-tls.key", &key);
    let driver = driver("tls", "gpus: [{uuid: GPU-0, power: 50000}]");
    let flags = ["--tls-cert-file", &chain, "--tls-private-key-file", &key];
    let exporter = Running::start(&driver, &flags);
    let port = exporter.url.strip_prefix("https://127.0.0.1:").unwrap();
    let url = format!("https://localhost:{port}/metrics");
    let text = asked(&url, &first).await.unwrap();
    assert!(text.contains("\nDCGM_FI_DEV_POWER_USAGE{"));

    temporary("export-tls.crt", "no certificate");
    eventually("the log tells", || {
        exporter
            .log()
            .contains("the one before stays")
            .then_some(())
    });
    assert!(asked(&url, &first).await.is_some());
    let (second, key) = certificate();
    temporary("export-tls.key", &key);
    temporary("export-tls.crt", &second);
    eventually("the new one is served", || {
        exporter.log().contains("new in its file").then_some(())
    });
    assert!(asked(&url, &second).await.is_some());
    assert_eq!(asked(&url, &first).await, None);
}
