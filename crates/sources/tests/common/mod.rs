//! A server that answers what a test tells it to.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use concertina_http::{Body, Incoming, ServerOptions, serve, text};
use http::{Request, Response, StatusCode};

/// Path and query of a request become status and body.
type Answer = Box<dyn FnMut(&str) -> (u16, String) + Send>;

#[derive(Clone)]
struct Told(Arc<Mutex<Answer>>);

impl tower_service::Service<Request<Incoming>> for Told {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let asked = request.uri().path_and_query().unwrap().as_str();
        let (status, body) = (self.0.lock().unwrap())(asked);
        // Only OpenMetrics has an end.
        let kind = match body.ends_with("# EOF\n") {
            true => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            false => "text/plain",
        };
        let status = StatusCode::from_u16(status).unwrap();
        ready(Ok(text(status, kind, body)))
    }
}

/// Serves on loopback, OpenMetrics as such and anything else as plain text; gives `http://HOST:PORT`.
pub(crate) async fn server(answer: impl FnMut(&str) -> (u16, String) + Send + 'static) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let told = Told(Arc::new(Mutex::new(Box::new(answer))));
    tokio::spawn(serve(
        listener,
        told,
        ServerOptions::default(),
        std::future::pending(),
    ));
    format!("http://{at}")
}
