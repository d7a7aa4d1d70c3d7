//! Client and server against each other, and the client against what misbehaves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use concertina_http::{Body, Client, ClientError, ClientOptions, ServerOptions};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Echo;

impl<B> tower_service::Service<Request<B>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let body = request.uri().to_string();
        ready(Ok(concertina_http::text(
            StatusCode::OK,
            "text/plain",
            body,
        )))
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Answers every connection with `answer`, after reading something, and keeps it open.
async fn stand_in(answer: &'static [u8]) -> String {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(answer).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
    });
    url
}

fn client() -> Client {
    let deadline = Duration::from_millis(500);
    Client::new(ClientOptions {
        deadline,
        max_body_bytes: 100,
        ..ClientOptions::default()
    })
}

#[tokio::test]
async fn many_requests_are_served_and_the_server_stops() {
    let (listener, url) = listen().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = ServerOptions {
        max_connections: 2,
        ..ServerOptions::default()
    };
    let server = tokio::spawn(concertina_http::serve(listener, Echo, options, async {
        let _ = stopped.await;
    }));
    let client = client();
    for i in 0..20 {
        let answer = client
            .get(&format!("{url}/{i}?a=b"), &[("accept", "*/*")])
            .await
            .unwrap();
        assert_eq!(
            (answer.status, &*answer.body),
            (200, format!("/{i}?a=b").as_bytes())
        );
        assert_eq!(answer.content_type.as_deref(), Some("text/plain"));
    }
    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(matches!(
        client.get(&url, &[]).await,
        Err(ClientError::Connect { .. })
    ));
}

#[tokio::test]
async fn a_hanging_server_meets_the_deadline() {
    let url = stand_in(b"").await;
    let error = client().get(&url, &[]).await.unwrap_err();
    assert_eq!(
        error,
        ClientError::Timeout {
            after: Duration::from_millis(500)
        }
    );
    let url = stand_in(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf").await;
    let error = client().get(&url, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "no complete answer within 0.5 s");
}

#[tokio::test]
async fn too_much_and_garbage_are_errors() {
    let url = stand_in(b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n").await;
    assert_eq!(
        client().get(&url, &[]).await.unwrap_err(),
        ClientError::TooLarge { limit: 100 }
    );
    let url = stand_in(b"220 mail.example.com ESMTP\r\n").await;
    assert!(matches!(
        client().get(&url, &[]).await,
        Err(ClientError::Transport { .. })
    ));
}

#[tokio::test]
async fn urls_and_headers_are_checked_before_anything_is_sent() {
    let messages = [
        #[cfg(not(feature = "tls"))]
        (
            "https://127.0.0.1/",
            "`https://127.0.0.1/` is no usable URL: this program was built without TLS; use http://",
        ),
        (
            "127.0.0.1:9090",
            "`127.0.0.1:9090` is no usable URL: it must start with http:// or https:// and name a host",
        ),
        (
            "http://",
            "`http://` is no usable URL: it must start with http:// and name a host",
        ),
        (
            "http:///metrics",
            "`http:///metrics` is no usable URL: it must start with http:// and name a host",
        ),
        (
            "",
            "`` is no usable URL: it must start with http:// and name a host",
        ),
        (
            "http://a b/",
            "`http://a b/` is no usable URL: invalid uri character",
        ),
    ];
    for (url, message) in messages {
        assert_eq!(
            client().get(url, &[]).await.unwrap_err().to_string(),
            message
        );
    }
    let bad = client()
        .get("http://127.0.0.1:1/", &[("x", "a\nb")])
        .await
        .unwrap_err();
    assert_eq!(
        bad,
        ClientError::InvalidHeader {
            name: "x".to_owned()
        }
    );
}

#[tokio::test]
async fn who_finds_no_place_is_told_and_who_has_one_goes_on() {
    let (listener, url) = listen().await;
    let options = ServerOptions {
        max_connections: 3,
        header_timeout: Duration::from_secs(2),
        ..ServerOptions::default()
    };
    let pending = std::future::pending();
    tokio::spawn(concertina_http::serve(listener, Echo, options, pending));
    let inside = client();
    assert_eq!(
        inside.get(&format!("{url}/x"), &[]).await.unwrap().status,
        200
    );
    let address = url.trim_start_matches("http://");
    let mut connections = Vec::new();
    for _ in 0..12 {
        connections.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    let mut refused = 0;
    for connection in &mut connections {
        let mut answer = String::new();
        let read = connection.read_to_string(&mut answer);
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(400), read).await {
            // The end may come as a reset: nobody read the request.
            let _ = read;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
            assert!(
                answer.ends_with("\r\n\r\ntoo many connections\n"),
                "{answer:?}"
            );
            refused += 1;
        }
        assert_eq!(
            inside.get(&format!("{url}/x"), &[]).await.unwrap().status,
            200
        );
    }
    assert_eq!(
        refused, 10,
        "two of twelve, beside the one before, had a place"
    );
    drop(connections);
    let outside = client();
    let mut answered = false;
    for _ in 0..50 {
        let answer = outside.get(&format!("{url}/x"), &[]).await;
        answered = answer.is_ok_and(|answer| answer.status == 200);
        if answered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answered, "there is room again");
}
