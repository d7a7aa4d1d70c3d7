//! Serving over TLS: certificates of both sides, rotation, protocols, and what is refused.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod authority;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use authority::{Authority, authority, issue};
use concertina_http::{
    Body, PeerCertificates, ServerOptions, ServerTls, TlsError, TlsIdentity, TlsOptions,
    TlsVersion, serve_tls,
};
use http::{Request, Response, StatusCode};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;

fn identity(authority: &Authority) -> TlsIdentity {
    let (certificate, key) = issue(authority, "localhost");
    TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
}

fn options() -> TlsOptions {
    TlsOptions::new(Arc::new(rustls::crypto::ring::default_provider()))
}

/// Tells how many certificates the client showed and the length of its own.
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
        let text = match request.extensions().get::<PeerCertificates>() {
            None => "nobody".to_owned(),
            Some(peer) => format!(
                "{} of {} bytes",
                peer.der().len(),
                peer.der().first().map_or(0, |der| der.len())
            ),
        };
        ready(Ok(concertina_http::text(
            StatusCode::OK,
            "text/plain",
            text,
        )))
    }
}

async fn start(tls: ServerTls, options: ServerOptions) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(serve_tls(
        listener,
        Who,
        tls,
        options,
        std::future::pending(),
    ));
    at
}

struct Asks<'a> {
    trusts: &'a Authority,
    shows: Option<(&'a str, &'a str)>,
    alpn: &'static [u8],
}

async fn connect(
    at: std::net::SocketAddr,
    asks: Asks<'_>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(asks.trusts.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match asks.shows {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            use rustls::pki_types::pem::PemObject;
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder
                .with_client_auth_cert(vec![certificate], key)
                .unwrap()
        }
    };
    config.alpn_protocols = vec![asks.alpn.to_vec()];
    let stream = TcpStream::connect(at).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn body(mut stream: TlsStream<TcpStream>) -> String {
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn plain(trusts: &Authority) -> Asks<'_> {
    Asks {
        trusts,
        shows: None,
        alpn: b"http/1.1",
    }
}

#[tokio::test]
async fn the_service_knows_the_certificate_that_a_client_shows() {
    let authority = authority();
    let tls = ServerTls::new(options(), identity(&authority)).unwrap();
    let at = start(tls, ServerOptions::default()).await;
    let stream = connect(at, plain(&authority)).await.unwrap();
    assert_eq!(body(stream).await, "nobody");
    // Whoever signed it: the service judges.
    let (certificate, key) = issue(&authority::authority(), "alice");
    let asks = Asks {
        shows: Some((&certificate, &key)),
        ..plain(&authority)
    };
    let told = body(connect(at, asks).await.unwrap()).await;
    assert!(told.starts_with("1 of "), "{told}");
}

#[tokio::test]
async fn a_certificate_is_replaced_while_serving() {
    let (first, second) = (authority(), authority());
    let tls = ServerTls::new(options(), identity(&first)).unwrap();
    let at = start(tls.clone(), ServerOptions::default()).await;
    let open = connect(at, plain(&first)).await.unwrap();
    assert!(connect(at, plain(&second)).await.is_err());
    tls.replace(identity(&second)).unwrap();
    assert!(connect(at, plain(&first)).await.is_err());
    let new = connect(at, plain(&second)).await.unwrap();
    assert_eq!(body(new).await, "nobody");
    assert_eq!(body(open).await, "nobody", "an open connection goes on");
}

#[tokio::test]
async fn http_2_is_offered_unless_it_is_not_wanted() {
    let authority = authority();
    for http2 in [true, false] {
        let options = TlsOptions { http2, ..options() };
        let tls = ServerTls::new(options, identity(&authority)).unwrap();
        let at = start(
            tls,
            ServerOptions {
                http2,
                ..ServerOptions::default()
            },
        )
        .await;
        let asks = Asks {
            alpn: b"h2",
            ..plain(&authority)
        };
        let agreed = connect(at, asks).await;
        assert_eq!(
            agreed.is_ok_and(|stream| stream.get_ref().1.alpn_protocol() == Some(b"h2")),
            http2
        );
    }
}

#[tokio::test]
async fn who_does_not_shake_hands_is_disconnected() {
    let authority = authority();
    let tls = ServerTls::new(options(), identity(&authority)).unwrap();
    let limits = ServerOptions {
        header_timeout: Duration::from_millis(100),
        max_connections: 1,
        ..ServerOptions::default()
    };
    let at = start(tls, limits).await;
    let mut silent = TcpStream::connect(at).await.unwrap();
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap(), 0);
    let mut plain_http = TcpStream::connect(at).await.unwrap();
    plain_http
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain_http.read_to_end(&mut answer).await;
    assert!(
        !answer.starts_with(b"HTTP"),
        "nothing is served in the clear"
    );
    // Both gave their place back.
    let stream = connect(at, plain(&authority)).await.unwrap();
    assert_eq!(body(stream).await, "nobody");
}

#[test]
fn what_cannot_be_used_says_why() {
    let authority = authority();
    let (certificate, key) = issue(&authority, "localhost");
    let (_, other) = issue(&authority, "localhost");
    let from = |certificate: &str, key: &str| {
        TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes())
            .and_then(|identity| ServerTls::new(options(), identity))
            .map(|_| "usable".to_owned())
            .unwrap_or_else(|error| error.to_string())
    };
    let told = [
        from(&certificate, &key),
        from("", &key),
        from(&certificate, ""),
        from(&certificate, &certificate),
        from("-----BEGIN CERTIFICATE-----\n", &key),
        from(&certificate, &other),
    ];
    insta::assert_snapshot!(told.join("\n"), @r###"
usable
there is no certificate in the PEM text: it needs a `BEGIN CERTIFICATE` block
there is no private key in the PEM text: it needs a `BEGIN PRIVATE KEY` block
there is no private key in the PEM text: it needs a `BEGIN PRIVATE KEY` block
the PEM text is broken: there is no END CERTIFICATE
the certificate and its key cannot be used: keys may not be consistent: KeyMismatch
"###);
}

#[test]
fn versions_and_cipher_suites_are_chosen() {
    let authority = authority();
    let with = |suites: &[&str]| {
        let options = TlsOptions {
            cipher_suites: suites.iter().map(|name| (*name).to_owned()).collect(),
            min_version: TlsVersion::Tls13,
            ..options()
        };
        ServerTls::new(options, identity(&authority)).map(|_| ())
    };
    assert_eq!(with(&["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]), Ok(()));
    let Err(TlsError::NoCipherSuite { known }) = with(&["TLS_RSA_WITH_RC4_128_SHA"]) else {
        panic!("RC4 is not spoken");
    };
    assert!(
        known.contains("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        "{known}"
    );
}
