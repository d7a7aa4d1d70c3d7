//! The exporter over HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use concertina_http::{Body, packed, text};
use concertina_sources::GpuSource;
use http::header::HeaderMap;
use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::attribution::Attributor;
use crate::collector::Collector;
use crate::render::{Format, RenderOptions, render, render_collected};

const PLAIN: &str = "text/plain; charset=utf-8";
/// Shorter answers are not packed: that would cost more than it saves.
const LEAST_PACKED: usize = 1024;

/// Serves `GET /metrics` in the format that the scraper asks for, packed with gzip where it takes
/// that, `GET /healthz`, and `GET /readyz`, which is 503 while there is nothing to show. Cheap to
/// clone.
///
/// Readings are those of a [`Collector`], or ([`Exporter::new`]) taken anew for each scrape; then
/// what cannot be read is a 503 with the reason.
#[derive(Clone)]
pub struct Exporter {
    readings: Readings,
    options: RenderOptions,
}

#[derive(Clone)]
enum Readings {
    Anew {
        gpus: Arc<dyn GpuSource>,
        attributor: Arc<dyn Attributor>,
    },
    Collected(Collector),
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Exporter {
    /// An exporter of `gpus`, held as `attributor` says, that reads them for each scrape.
    #[must_use]
    pub fn new(
        gpus: Arc<dyn GpuSource>,
        attributor: Arc<dyn Attributor>,
        options: RenderOptions,
    ) -> Self {
        let readings = Readings::Anew { gpus, attributor };
        Self { readings, options }
    }

    /// An exporter of what `collector` read, with metrics of the collector's own work. No scrape
    /// waits for a driver.
    #[must_use]
    pub fn over(collector: Collector, options: RenderOptions) -> Self {
        let readings = Readings::Collected(collector);
        Self { readings, options }
    }

    async fn metrics(&self, headers: &HeaderMap) -> Response<Body> {
        let options = RenderOptions {
            format: Format::wanted(headers),
            ..self.options
        };
        let rendered = match &self.readings {
            Readings::Anew { gpus, attributor } => anew(&**gpus, &**attributor, options).await,
            Readings::Collected(collector) => Ok(render_collected(&collector.collected(), options)),
        };
        match rendered {
            Ok(rendered) => {
                let response = text(StatusCode::OK, options.format.content_type(), rendered);
                packed(headers, response, LEAST_PACKED)
            }
            Err(reason) => {
                tracing::warn!(%reason, "a scrape could not be answered");
                unavailable(&reason)
            }
        }
    }

    fn ready(&self) -> Response<Body> {
        let collected = match &self.readings {
            Readings::Anew { .. } => None,
            Readings::Collected(collector) => Some(collector.collected()),
        };
        match collected {
            Some(collected) if collected.snapshot.is_none() => {
                let reason = collected.failure.as_deref();
                unavailable(reason.unwrap_or("the GPUs are not read yet"))
            }
            _ => text(StatusCode::OK, PLAIN, "ok\n"),
        }
    }
}

fn unavailable(reason: &str) -> Response<Body> {
    text(
        StatusCode::SERVICE_UNAVAILABLE,
        PLAIN,
        format!("{reason}\n"),
    )
}

async fn anew(
    gpus: &dyn GpuSource,
    attributor: &dyn Attributor,
    options: RenderOptions,
) -> Result<String, String> {
    let node = gpus.read().await.map_err(|error| error.to_string())?;
    let attribution = attributor.attribute(&node).await;
    let attribution = attribution.map_err(|error| error.to_string())?;
    Ok(render(&node, &attribution, options))
}

impl<B> Service<Request<B>> for Exporter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let get = matches!(*request.method(), Method::GET | Method::HEAD);
        let path = request.uri().path().to_owned();
        let (parts, _) = request.into_parts();
        let this = self.clone();
        Box::pin(async move {
            Ok(match path.as_str() {
                "/metrics" | "/healthz" | "/readyz" if !get => {
                    text(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "use GET\n")
                }
                "/metrics" => this.metrics(&parts.headers).await,
                "/healthz" => text(StatusCode::OK, PLAIN, "ok\n"),
                "/readyz" => this.ready(),
                _ => text(StatusCode::NOT_FOUND, PLAIN, "not found; try /metrics\n"),
            })
        })
    }
}
