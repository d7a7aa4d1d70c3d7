//! The service: the API of the rules that are in use when a request comes, and what explains it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use concertina_http::Body;
use http::{Request, Response};
use tower_service::Service;

use super::explain;
use super::live::Live;

/// Cheap to clone; clones serve the same rules.
#[derive(Clone)]
pub(super) struct Front(pub(super) Arc<Live>);

impl<B> Service<Request<B>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.uri().path() == explain::PATH {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let answer = explain::answer(Arc::clone(&self.0), request.method().clone(), query);
            return Box::pin(async move { Ok(answer.await) });
        }
        self.0.api().call(request)
    }
}
