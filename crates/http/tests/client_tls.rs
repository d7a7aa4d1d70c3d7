//! The client under `https://`: whom it trusts, who it is, and what it says when it cannot.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod authority;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use authority::{Authority, authority, issue};
use concertina_http::{
    Body, Client, ClientIdentity, ClientOptions, ClientTls, PeerCertificates, Pem, ServerOptions,
    ServerTls, TlsIdentity, TlsOptions, Trust, serve_tls,
};
use http::{Request, Response, StatusCode, Version};
use rustls::crypto::CryptoProvider;
use tokio::net::TcpListener;

/// Tells the protocol and whether the client showed a certificate.
#[derive(Clone)]
struct Who;

impl<B> tower_service::Service<Request<B>> for Who {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let protocol = match request.version() {
            Version::HTTP_2 => "h2",
            _ => "http/1.1",
        };
        let peer = request.extensions().get::<PeerCertificates>();
        let shown = peer.map_or(0, |peer| peer.der().len());
        let text = format!("{protocol}, {shown} certificates");
        ready(Ok(concertina_http::text(
            StatusCode::OK,
            "text/plain",
            text,
        )))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A server that proves to be `localhost`; its URL.
async fn start(authority: &Authority) -> String {
    let (certificate, key) = issue(authority, "localhost");
    let identity = TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let tls = ServerTls::new(TlsOptions::new(provider()), identity).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = ServerOptions::default();
    tokio::spawn(serve_tls(
        listener,
        Who,
        tls,
        options,
        std::future::pending(),
    ));
    format!("https://127.0.0.1:{port}/")
}

async fn told(url: &str, tls: Option<ClientTls>) -> String {
    let client = Client::new(ClientOptions {
        tls,
        ..ClientOptions::default()
    });
    match client.get(url, &[]).await {
        Ok(answer) => String::from_utf8(answer.body.to_vec()).unwrap(),
        Err(error) => error.to_string(),
    }
}

fn trusting(authority: &Authority) -> ClientTls {
    ClientTls {
        trust: Trust::Roots(Pem::Text(authority.pem().into_bytes())),
        server_name: Some("localhost".to_owned()),
        ..ClientTls::new(provider())
    }
}

#[tokio::test]
async fn only_who_proves_to_be_the_server_is_asked() {
    let authority = authority();
    let url = start(&authority).await;
    let known = trusting(&authority);
    let another_name = ClientTls {
        server_name: None,
        ..known.clone()
    };
    let anyone = ClientTls {
        trust: Trust::Anyone,
        ..another_name.clone()
    };
    let stranger = authority::authority();
    let told = [
        told(&url, Some(known)).await,
        told(&url, Some(anyone)).await,
        told(&url, Some(trusting(&stranger))).await,
        told(&url, Some(another_name)).await,
        told(&url, None).await,
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
h2, 0 certificates
h2, 0 certificates
cannot connect: invalid peer certificate: BadSignature
cannot connect: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("localhost")
TLS cannot be set up: https:// needs TLS in the client's options
"#);
}

#[tokio::test]
async fn the_client_shows_its_certificate() {
    let authority = authority();
    let url = start(&authority).await;
    let (certificate, key) = issue(&authority, "scraper");
    let with = |certificate: &str, key: &str| ClientTls {
        identity: Some(ClientIdentity {
            certificate: Pem::Text(certificate.as_bytes().to_vec()),
            key: Pem::Text(key.as_bytes().to_vec()),
        }),
        ..trusting(&authority)
    };
    assert_eq!(
        told(&url, Some(with(&certificate, &key))).await,
        "h2, 1 certificates"
    );
    let (_, other) = issue(&authority, "scraper");
    let mut told = vec![
        told(&url, Some(with(&certificate, &other))).await,
        told(&url, Some(with(&certificate, "no key"))).await,
    ];
    for trust in [
        Pem::Text(Vec::new()),
        Pem::File("/nonexistent/ca.pem".into()),
    ] {
        let tls = ClientTls {
            trust: Trust::Roots(trust),
            ..trusting(&authority)
        };
        told.push(self::told(&url, Some(tls)).await);
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
TLS cannot be set up: the client's certificate and key: keys may not be consistent: KeyMismatch
TLS cannot be set up: the PEM text: no items found
TLS cannot be set up: the PEM text has no certificate
TLS cannot be set up: /nonexistent/ca.pem cannot be read: No such file or directory (os error 2)
"#);
    assert!(!format!("{:?}", with(&certificate, &key)).contains("BEGIN"));
}
