//! A target that speaks TLS and wants a token, as a scrape configuration describes it.
#![cfg(all(feature = "scrape", feature = "tls"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use concertina_http::{
    Body, ClientOptions, ClientTls, PeerCertificates, ServerOptions, ServerTls, TlsIdentity,
    TlsOptions, serve_tls, text,
};
use concertina_model::QueryValue;
use concertina_sources::scrape::{ScrapeConfig, Scraper, SharedStore, StoreSource};
use concertina_sources::{MetricSource, SystemClock};
use http::{Request, Response, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// An exporter that tells who asked.
#[derive(Clone)]
struct Exporter;

impl<B> tower_service::Service<Request<B>> for Exporter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let token = request.headers().get("authorization");
        let known = token.is_some_and(|token| token == "Bearer s3cr3t");
        let shown = request.extensions().get::<PeerCertificates>().is_some();
        ready(Ok(match known {
            true => text(
                StatusCode::OK,
                "text/plain",
                format!("shown {}\n", u8::from(shown)),
            ),
            false => text(StatusCode::UNAUTHORIZED, "text/plain", "no token\n"),
        }))
    }
}

/// Serves and writes the files that a client needs into a folder of its own; the port.
async fn exporter(folder: &std::path::Path) -> u16 {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (client, client_key) = issue("scraper");
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in [
        ("ca.pem", ca.pem()),
        ("client.pem", client),
        ("client.key", client_key),
        ("token", "s3cr3t\n".to_owned()),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let (certificate, key) = issue("gpu-node");
    let identity = TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerTls::new(TlsOptions::new(provider), identity).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = ServerOptions::default();
    tokio::spawn(serve_tls(
        listener,
        Exporter,
        tls,
        options,
        std::future::pending(),
    ));
    port
}

#[tokio::test]
async fn tokens_and_certificates_are_those_of_the_files() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("scrape-tls");
    let port = exporter(&folder).await;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let base = ClientOptions {
        tls: Some(ClientTls::new(provider)),
        ..ClientOptions::default()
    };
    let scrape = async |job: &str| -> String {
        let yaml = format!(
            "scrape_configs:\n- job_name: a\n  scheme: https\n  static_configs: [{{targets: \
             [\"127.0.0.1:{port}\"]}}]\n{job}"
        );
        let config = ScrapeConfig::parse(&yaml, &folder, &base).unwrap();
        let (target, options) = config.targets.into_iter().next().unwrap();
        let store = SharedStore::new(Default::default());
        let clock = Arc::new(SystemClock);
        let mut scraper = Scraper::new(store.clone(), clock, target, options);
        if let Err(reason) = scraper.scrape().await.samples {
            return reason.replace(&*folder.to_string_lossy(), "FOLDER");
        }
        let source = StoreSource::new(store, Arc::new(SystemClock));
        let answer = source.query("scalar(shown)").await.unwrap();
        match answer.value {
            QueryValue::Scalar(shown) => format!("scraped, certificate shown: {shown}"),
            other => panic!("no scalar: {other:?}"),
        }
    };
    let token = "  authorization: {credentials_file: token}\n";
    let trust = "  tls_config: {ca_file: ca.pem, server_name: gpu-node}\n";
    let shown = "  tls_config: {ca_file: ca.pem, server_name: gpu-node, cert_file: client.pem, \
                 key_file: client.key}\n";
    let told = [
        scrape(&format!("{token}{trust}")).await,
        scrape(&format!("{token}{shown}")).await,
        scrape(trust).await,
        scrape("  tls_config: {ca_file: ca.pem}\n").await,
        scrape("  tls_config: {ca_file: gone.pem}\n").await,
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
scraped, certificate shown: 0
scraped, certificate shown: 1
the target answered with status 401: no token
cannot connect: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("gpu-node")
TLS cannot be set up: FOLDER/gone.pem cannot be read: No such file or directory (os error 2)
"#);
}
