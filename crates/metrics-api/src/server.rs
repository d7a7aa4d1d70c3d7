//! The custom metrics API as a service to embed.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use concertina_http::Body;
use http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use serde::Serialize;

use crate::path::{self, CustomMetricRequest, HealthRequest, Objects, PathError, Request};
use crate::provider::{CustomMetricsProvider, ProviderError};
use crate::types::{
    ApiGroup, ApiGroupList, ApiResource, ApiResourceList, ApiVersion, Status, VersionInfo, v1beta1,
    v1beta2,
};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// The server side of `custom.metrics.k8s.io`: a [`tower_service::Service`] over any provider.
///
/// It answers discovery, metrics in both versions, health and version, in JSON. Only GET is
/// served, request bodies are never read, and a response is always whole. It is cheap to clone.
///
/// Errors are `Status` objects with the codes, reasons and texts of prometheus-adapter 0.12,
/// except that a wrong `metricLabelSelector` is a 400 here, and that texts go on with the reason.
#[derive(Debug)]
pub struct MetricsApi<P> {
    shared: Arc<Shared<P>>,
}

#[derive(Debug)]
struct Shared<P> {
    provider: P,
    version: VersionInfo,
}

// Derived, it would ask for a provider that can be cloned.
impl<P> Clone for MetricsApi<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<P: CustomMetricsProvider> MetricsApi<P> {
    /// Serves what `provider` knows; `/version` tells this crate's version.
    #[must_use]
    pub fn new(provider: P) -> Self {
        let version = VersionInfo {
            major: env!("CARGO_PKG_VERSION_MAJOR").to_owned(),
            minor: env!("CARGO_PKG_VERSION_MINOR").to_owned(),
            git_version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
            ..VersionInfo::default()
        };
        Self::with_version(provider, version)
    }

    /// Serves what `provider` knows; `/version` tells `version`.
    #[must_use]
    pub fn with_version(provider: P, version: VersionInfo) -> Self {
        Self {
            shared: Arc::new(Shared { provider, version }),
        }
    }

    /// Answers one request, whose body does not matter.
    pub async fn respond(
        &self,
        method: &Method,
        uri: &http::Uri,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let query = uri.query().unwrap_or_default();
        let writer = Writer {
            pretty: path::wants_pretty(query),
        };
        // What is wrong with the query of a method that is not served does not matter.
        let get = method == Method::GET;
        let request = match path::parse(uri.path(), if get { query } else { "" }) {
            Ok(_) if !get => {
                return writer.status(&Status::method_not_allowed());
            }
            Ok(request) => request,
            Err(error) => return writer.path_error(&error),
        };
        match request {
            Request::Index => index(StatusCode::OK),
            Request::Health(health) => health_text(health),
            Request::Version => Writer { pretty: true }.json(StatusCode::OK, &self.shared.version),
            _ if !accepts_json(headers) => {
                Writer { pretty: true }.status(&Status::not_acceptable(&[JSON]))
            }
            Request::Groups => writer.json(StatusCode::OK, &ApiGroupList::custom_metrics()),
            Request::Group => writer.json(StatusCode::OK, &ApiGroup::custom_metrics()),
            Request::Resources(version) => writer.json(StatusCode::OK, &self.resources(version)),
            Request::Metric(request) => match self.metric(&request).await {
                Ok(list) => match request.version {
                    ApiVersion::V1beta1 => {
                        writer.json(StatusCode::OK, &v1beta1::MetricValueList::from(list))
                    }
                    ApiVersion::V1beta2 => writer.json(StatusCode::OK, &list),
                },
                Err(error) => {
                    tracing::debug!(path = uri.path(), %error, "no answer");
                    writer.status(&Status::from(&error))
                }
            },
        }
    }

    fn resources(&self, version: ApiVersion) -> ApiResourceList {
        let metrics = self.shared.provider.list();
        let mut resources: Vec<ApiResource> = metrics
            .into_iter()
            .map(|info| {
                ApiResource::metric(
                    format!("{}/{}", info.resource, info.metric),
                    info.namespaced,
                )
            })
            .collect();
        // A stable order lets clients compare two lists; upstream's changes from call to call.
        resources.sort();
        ApiResourceList::new(version, resources)
    }

    async fn metric(
        &self,
        request: &CustomMetricRequest,
    ) -> Result<v1beta2::MetricValueList, ProviderError> {
        let CustomMetricRequest {
            metric, objects, ..
        } = request;
        let items = match objects {
            Objects::Named(name) => vec![self.shared.provider.by_name(metric, name).await?],
            Objects::Matching(selector) => {
                let selected = self.shared.provider.by_selector(metric, selector).await?;
                for left_out in &selected.left_out {
                    tracing::debug!(
                        metric = metric.name,
                        resource = %metric.resource,
                        namespace = metric.namespace,
                        object = left_out.name,
                        reason = left_out.reason,
                        "object left out",
                    );
                }
                selected.values
            }
        };
        Ok(v1beta2::MetricValueList::new(items))
    }
}

impl<P, B> tower_service::Service<http::Request<B>> for MetricsApi<P>
where
    P: CustomMetricsProvider,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (head, _) = request.into_parts();
        let api = self.clone();
        Box::pin(async move { Ok(api.respond(&head.method, &head.uri, &head.headers).await) })
    }
}

/// How this response's JSON is written.
#[derive(Clone, Copy)]
struct Writer {
    pretty: bool,
}

impl Writer {
    fn json(self, status: StatusCode, value: &impl Serialize) -> Response<Body> {
        let encoded = if self.pretty {
            serde_json::to_vec_pretty(value)
        } else {
            // Go's encoder ends a value with a line feed, except when it indents.
            serde_json::to_vec(value).map(|mut bytes| {
                bytes.push(b'\n');
                bytes
            })
        };
        match encoded {
            Ok(bytes) => response(status, JSON, bytes),
            Err(error) => {
                tracing::error!(%error, "an answer could not be encoded");
                response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string())
            }
        }
    }

    fn status(self, status: &Status) -> Response<Body> {
        let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.json(code, status)
    }

    fn path_error(self, error: &PathError) -> Response<Body> {
        match error {
            PathError::UnknownPath => index(StatusCode::NOT_FOUND),
            PathError::NoSuchResource => self.status(&Status::no_such_resource()),
            PathError::TooLong { limit } => self.status(&Status::uri_too_long(*limit)),
            PathError::InvalidPath
            | PathError::Encoding { .. }
            | PathError::Selector { .. }
            | PathError::FieldSelector => self.status(&Status::bad_request(error.to_string())),
        }
    }
}

fn index(status: StatusCode) -> Response<Body> {
    #[derive(Serialize)]
    struct Index {
        paths: &'static [&'static str],
    }
    Writer { pretty: true }.json(status, &Index { paths: path::PATHS })
}

fn health_text(HealthRequest { endpoint, verbose }: HealthRequest) -> Response<Body> {
    let text = if verbose {
        format!("[+]ping ok\n{} check passed\n", endpoint.as_str())
    } else {
        "ok".to_owned()
    };
    let mut response = response(StatusCode::OK, TEXT, text);
    response.headers_mut().insert(
        http::header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = concertina_http::text(status, content_type, body);
    let uncached = HeaderValue::from_static("no-cache, private");
    response.headers_mut().insert(CACHE_CONTROL, uncached);
    response
}

/// Whether one of the media ranges of `Accept` is plain JSON. Transformations (`as=Table`,
/// aggregated discovery) and streams are not served: a client that asks for one of them always
/// names plain JSON too, or falls back to it on 406.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .peekable();
    ranges.peek().is_none() || ranges.any(is_plain_json)
}

fn is_plain_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let json = ["application/json", "application/*", "*/*"]
        .iter()
        .any(|known| media_type.eq_ignore_ascii_case(known));
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some(("as" | "stream", _)) => false,
        Some(("q", weight)) => weight.parse::<f32>().is_ok_and(|weight| weight > 0.0),
        _ => true,
    })
}
