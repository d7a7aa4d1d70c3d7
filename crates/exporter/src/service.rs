//! The exporter over HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use concertina_http::{Body, text};
use concertina_sources::GpuSource;
use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::attribution::Attributor;
use crate::render::{RenderOptions, render};

const PLAIN: &str = "text/plain; charset=utf-8";
/// Serves `GET /metrics` from a GPU source, read anew for each scrape, and `GET /healthz`. What
/// cannot be read is a 503 with the reason. Cheap to clone.
#[derive(Clone)]
pub struct Exporter {
    gpus: Arc<dyn GpuSource>,
    attributor: Arc<dyn Attributor>,
    options: RenderOptions,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Exporter {
    /// An exporter of `gpus`, held as `attributor` says.
    #[must_use]
    pub fn new(
        gpus: Arc<dyn GpuSource>,
        attributor: Arc<dyn Attributor>,
        options: RenderOptions,
    ) -> Self {
        Self {
            gpus,
            attributor,
            options,
        }
    }

    async fn metrics(&self) -> Response<Body> {
        let unavailable = |reason: String| {
            tracing::warn!(%reason, "a scrape could not be answered");
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                PLAIN,
                format!("{reason}\n"),
            )
        };
        let node = match self.gpus.read().await {
            Ok(node) => node,
            Err(error) => return unavailable(error.to_string()),
        };
        match self.attributor.attribute(&node).await {
            Ok(attribution) => text(
                StatusCode::OK,
                self.options.format.content_type(),
                render(&node, &attribution, self.options),
            ),
            Err(error) => unavailable(error.to_string()),
        }
    }
}

impl<B> Service<Request<B>> for Exporter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let get = request.method() == Method::GET;
        let path = request.uri().path().to_owned();
        let this = self.clone();
        Box::pin(async move {
            Ok(match path.as_str() {
                "/metrics" | "/healthz" if !get => {
                    text(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "use GET\n")
                }
                "/metrics" => this.metrics().await,
                "/healthz" => text(StatusCode::OK, PLAIN, "ok\n"),
                _ => text(StatusCode::NOT_FOUND, PLAIN, "not found; try /metrics\n"),
            })
        })
    }
}
