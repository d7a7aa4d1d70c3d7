//! What the client sends, and how it reads what comes: packed, in pieces, and bounded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::Write;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use concertina_http::{
    Authorization, Body, Client, ClientError, ClientOptions, Secret, ServerOptions, serve, text,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, HeaderValue};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn pack(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

/// Answers by path.
#[derive(Clone)]
struct Answers;

impl<B> tower_service::Service<Request<B>> for Answers {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value
                .map_or("-", |value| value.to_str().unwrap())
                .to_owned()
        };
        let mut two = pack(b"one, ");
        two.extend(pack(b"two"));
        let packed = match request.uri().path() {
            "/headers" => {
                let names = ["authorization", "x-scope-orgid", "accept-encoding"];
                let told = names.map(header).join(" | ");
                return ready(Ok(text(StatusCode::OK, "text/plain", told)));
            }
            "/two" => two,
            "/exact" => pack(&[b'x'; 100]),
            "/bomb" => pack(&vec![b'x'; 10_000_000]),
            "/half" => pack(b"0123456789abcdef").into_iter().take(20).collect(),
            "/none" => b"plain after all".to_vec(),
            _ => Vec::new(),
        };
        let mut answer = text(StatusCode::OK, "text/plain", packed);
        let encoding = match request.uri().path() {
            "/brotli" => "br",
            _ => "gzip",
        };
        let encoding = HeaderValue::from_static(encoding);
        answer.headers_mut().insert(CONTENT_ENCODING, encoding);
        ready(Ok(answer))
    }
}

async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = ServerOptions::default();
    tokio::spawn(serve(listener, Answers, options, std::future::pending()));
    url
}

fn options() -> ClientOptions {
    ClientOptions {
        max_body_bytes: 20_000,
        gzip: true,
        ..ClientOptions::default()
    }
}

#[tokio::test]
async fn packed_answers_are_unpacked_within_the_limit() {
    let url = start().await;
    let client = Client::new(options());
    let mut told = Vec::new();
    for path in ["two", "empty", "bomb", "half", "none", "brotli"] {
        let url = format!("{url}/{path}");
        let whole = client.get(&url, &[]).await;
        let mut pieces = Vec::new();
        let chunk = |piece: &[u8]| pieces.extend_from_slice(piece);
        let status = client.get_chunks(&url, &[], chunk).await;
        assert!(pieces.len() <= 20_000);
        match whole {
            Ok(answer) => {
                assert_eq!((Ok(answer.status), &pieces[..]), (status, &*answer.body));
                told.push(format!("{path}: {:?}", answer.body));
            }
            Err(error) => {
                assert_eq!(status, Err(error.clone()));
                told.push(format!("{path}: {error}"));
            }
        }
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
two: b"one, two"
empty: b""
bomb: the answer is larger than 20000 bytes
half: the connection failed: the answer is no whole gzip: incomplete deflate stream
none: the connection failed: the answer is no whole gzip: invalid gzip header
brotli: the connection failed: the answer is encoded as `br`, which is not known
"#);
    let small = ClientOptions {
        max_body_bytes: 100,
        ..options()
    };
    let answer = Client::new(small).get(&format!("{url}/exact"), &[]).await;
    assert_eq!(answer.unwrap().body, [b'x'; 100][..]);
}

#[tokio::test]
async fn credentials_and_headers_go_with_every_request() {
    let url = format!("{}/headers", start().await);
    let client = Client::new(ClientOptions {
        authorization: Authorization::bearer(Secret::Text("s3cr3t".to_owned())),
        headers: vec![("X-Scope-OrgID".to_owned(), "team-a".to_owned())],
        ..options()
    });
    let own = [("authorization", "Basic eDp5"), ("x-scope-orgid", "team-b")];
    let mut told = Vec::new();
    for headers in [&[][..], &own] {
        let answer = client.get(&url, headers).await.unwrap();
        told.push(String::from_utf8(answer.body.to_vec()).unwrap());
    }
    let mut stream = client.open(&url, &[]).await.unwrap();
    let piece = stream.piece(Duration::from_secs(5)).await.unwrap().unwrap();
    told.push(String::from_utf8(piece.to_vec()).unwrap());
    insta::assert_snapshot!(told.join("\n"), @r#"
Bearer s3cr3t | team-a | gzip
Basic eDp5 | team-b | gzip
Bearer s3cr3t | team-a | identity
"#);
    let shown = format!("{:?}", client.options());
    assert!(
        !shown.contains("s3cr3t") && !shown.contains("team-a"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_stream_is_read_while_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (next, mut allowed) = tokio::sync::mpsc::channel::<&'static [u8]>(1);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while let Some(piece) = allowed.recv().await {
            stream.write_all(piece).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    let mut stream = Client::new(options()).open(&url, &[]).await.unwrap();
    assert_eq!(stream.status, 200);
    let within = Duration::from_secs(5);
    for (sent, read) in [(&b"3\r\nADD\r\n"[..], "ADD"), (b"2\r\nED\r\n", "ED")] {
        next.send(sent).await.unwrap();
        assert_eq!(stream.piece(within).await, Ok(Some(Bytes::from(read))));
    }
    let silent = Duration::from_millis(50);
    assert_eq!(
        stream.piece(silent).await,
        Err(ClientError::Timeout { after: silent })
    );
    next.send(b"0\r\n\r\n").await.unwrap();
    assert_eq!(stream.piece(within).await, Ok(None));
}
