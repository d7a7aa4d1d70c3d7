//! The metrics APIs as a service to embed.

mod builder;
mod documents;
mod etag;
mod health;
mod openapi;
pub(crate) mod write;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use concertina_http::Body;
use http::header::HeaderMap;
use http::{Method, Response, StatusCode};

use crate::encode::negotiate::Views;
use crate::path::{self, CustomMetricRequest, PathError, Request, UsageOf, UsageRequest};
use crate::provider::{
    CustomMetricsProvider, ExternalMetricsProvider, Objects, ProviderError, ResourceMetricsProvider,
};
use crate::types::external::ExternalMetricValueList;
use crate::types::resource::{NodeMetrics, PodMetrics, UsageList};
use crate::types::{
    ApiGroup, ApiVersion, Group, GroupVersion, Status, VersionInfo, v1beta1, v1beta2,
};
use write::Writer;

pub use builder::MetricsApiBuilder;
pub use health::HealthCheck;

/// The server side of the metrics APIs: a [`tower_service::Service`] over any providers.
///
/// It answers discovery (aggregated, too), OpenAPI and metrics in JSON, YAML and Kubernetes' protobuf, values also as tables
/// for kubectl, and health and version. Only GET is served, request bodies are never
/// read, and a response is always whole. It is cheap to clone. Nobody is asked who they are: see
/// [`MetricsApi::builder`] for what is served.
///
/// Errors are `Status` objects with the codes, reasons and texts of prometheus-adapter 0.12,
/// except that a wrong `metricLabelSelector` is a 400 here, and that texts go on with the reason.
#[derive(Clone)]
pub struct MetricsApi {
    shared: Arc<Shared>,
}

struct Shared {
    custom: Option<Arc<dyn CustomMetricsProvider>>,
    external: Option<Arc<dyn ExternalMetricsProvider>>,
    resource: Option<Arc<dyn ResourceMetricsProvider>>,
    version: VersionInfo,
    server_address: Option<String>,
    checks: Vec<HealthCheck>,
    paths: Vec<String>,
    openapi: openapi::OpenApi,
    metrics: Option<documents::SelfMetrics>,
}

impl Shared {
    /// The groups that are served.
    fn groups(&self) -> Vec<Group> {
        let all = Group::ALL.into_iter();
        all.filter(|group| self.serves(*group)).collect()
    }

    fn serves(&self, group: Group) -> bool {
        match group {
            Group::Custom => self.custom.is_some(),
            Group::External => self.external.is_some(),
            Group::Resource => self.resource.is_some(),
        }
    }
}

impl std::fmt::Debug for MetricsApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricsApi")
            .field("paths", &self.shared.paths)
            .finish_non_exhaustive()
    }
}

/// From how many bytes on an answer is packed, as in apiserver 1.30.
const PACKED: usize = 128 << 10;

impl MetricsApi {
    /// Serves `custom.metrics.k8s.io` from `provider`, and nothing else.
    #[must_use]
    pub fn new(provider: impl CustomMetricsProvider) -> Self {
        Self::builder().custom(provider).build()
    }

    /// A server of several groups, with health checks of the host.
    #[must_use]
    pub fn builder() -> MetricsApiBuilder {
        MetricsApiBuilder::default()
    }

    /// Answers one request, whose body does not matter. A large answer is packed for who takes
    /// gzip.
    pub async fn respond(
        &self,
        method: &Method,
        uri: &http::Uri,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let answer = self.answer(method, uri, headers).await;
        concertina_http::packed(headers, answer, PACKED)
    }

    async fn answer(
        &self,
        method: &Method,
        uri: &http::Uri,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let query = uri.query().unwrap_or_default();
        let pretty = path::wants_pretty(query);
        let plain = Writer::json_only(pretty);
        // What is wrong with the query of a method that is not served does not matter.
        let get = method == Method::GET;
        let request = match path::parse(uri.path(), if get { query } else { "" }) {
            Ok(request) => request,
            Err(error) => return self.path_error(negotiated(headers, pretty), &error),
        };
        if request
            .group()
            .is_some_and(|group| !self.shared.serves(group))
        {
            return self.path_error(plain, &PathError::UnknownPath);
        }
        if !get {
            return negotiated(headers, pretty).status(&Status::method_not_allowed());
        }
        if let Some(document) = self.document(&request, headers) {
            return document;
        }
        let views = match request {
            Request::Metric(_) | Request::External(_) | Request::Usage(_) => Views::Table,
            Request::Groups => Views::Discovery,
            _ => Views::None,
        };
        let writer = match Writer::negotiated(headers, views, pretty) {
            Ok(writer) => writer,
            Err(refusal) => return *refusal,
        };
        let ok = StatusCode::OK;
        match &request {
            Request::Groups => self.groups(writer, headers),
            Request::Group(group) => writer.document(ok, &ApiGroup::new(*group)),
            Request::Resources(version) => writer.document(ok, &self.resources(*version)),
            _ => match self.values(&request, writer).await {
                Ok(response) => response,
                Err(status) => {
                    let reason = &status.message;
                    tracing::debug!(path = uri.path(), reason, "no answer");
                    writer.status(&status)
                }
            },
        }
    }

    /// Answers a request for values. A group without a provider was refused before.
    async fn values(
        &self,
        request: &Request,
        writer: Writer,
    ) -> Result<Response<Body>, Box<Status>> {
        let ok = StatusCode::OK;
        let Shared {
            custom,
            external,
            resource,
            ..
        } = &*self.shared;
        match (request, custom, external, resource) {
            (Request::Metric(asked), Some(provider), _, _) => {
                let list = custom_values(&**provider, asked).await;
                let list = list.map_err(refused)?;
                Ok(match asked.version {
                    ApiVersion::V1beta1 => {
                        writer.document(ok, &v1beta1::MetricValueList::from(list))
                    }
                    ApiVersion::V1beta2 => writer.document(ok, &list),
                })
            }
            (Request::External(asked), _, Some(provider), _) => {
                let items = provider.values(asked).await;
                let items = items.map_err(refused)?;
                Ok(writer.document(ok, &ExternalMetricValueList::new(items)))
            }
            (Request::Usage(asked), _, _, Some(provider)) => match &asked.of {
                UsageOf::Pods(namespace) => {
                    let pods = provider.pods(namespace.as_deref(), &asked.objects).await;
                    let pods = pods.map_err(refused)?;
                    match named(pods, asked, namespace.as_deref())? {
                        Usage::One(pod) => Ok(writer.document(ok, &pod)),
                        Usage::List(pods) => Ok(writer.document(ok, &UsageList::pods(pods))),
                    }
                }
                UsageOf::Nodes => {
                    let nodes = provider.nodes(&asked.objects).await;
                    let nodes = nodes.map_err(refused)?;
                    match named(nodes, asked, None)? {
                        Usage::One(node) => Ok(writer.document(ok, &node)),
                        Usage::List(nodes) => Ok(writer.document(ok, &UsageList::nodes(nodes))),
                    }
                }
            },
            _ => Err(Box::new(Status::no_such_resource())),
        }
    }

    fn path_error(&self, writer: Writer, error: &PathError) -> Response<Body> {
        match error {
            PathError::UnknownPath => self.index(StatusCode::NOT_FOUND),
            PathError::NoSuchResource => writer.status(&Status::no_such_resource()),
            PathError::TooLong { limit } => writer.status(&Status::uri_too_long(*limit)),
            _ => writer.status(&Status::bad_request(error.to_string())),
        }
    }
}

/// A writer for errors that are known before the route's own negotiation: what the client accepts,
/// or JSON.
fn negotiated(headers: &HeaderMap, pretty: bool) -> Writer {
    Writer::negotiated(headers, Views::None, pretty).unwrap_or(Writer::json_only(pretty))
}

fn refused(error: ProviderError) -> Box<Status> {
    Box::new(Status::from(&error))
}

async fn custom_values(
    provider: &dyn CustomMetricsProvider,
    request: &CustomMetricRequest,
) -> Result<v1beta2::MetricValueList, ProviderError> {
    let metric = &request.metric;
    let items = match &request.objects {
        Objects::Named(name) => vec![provider.by_name(metric, name).await?],
        Objects::Matching(selector) => {
            let selected = provider.by_selector(metric, selector).await?;
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

/// One object's usage, or a list.
enum Usage<T> {
    One(T),
    List(Vec<T>),
}

/// The one object that was asked for by name, with its kind, or the list that passes the field
/// selector, in the order of namespaces and names.
fn named<T: Measured>(
    mut items: Vec<T>,
    asked: &UsageRequest,
    namespace: Option<&str>,
) -> Result<Usage<T>, Box<Status>> {
    match &asked.objects {
        Objects::Named(name) => {
            let found = items.into_iter().find(|item| item.key().1 == name);
            let found = found.ok_or_else(|| {
                let full = match namespace {
                    Some(namespace) => format!("{namespace}/{name}"),
                    None => name.clone(),
                };
                Box::new(Status::object_not_found(
                    Group::Resource.name(),
                    T::RESOURCE,
                    &full,
                ))
            })?;
            Ok(Usage::One(found.with_kind()))
        }
        Objects::Matching(_) => {
            items.retain(|item| {
                let (namespace, name) = item.key();
                asked.fields.matches(name, namespace)
            });
            items.sort_by(|a, b| a.key().cmp(&b.key()));
            Ok(Usage::List(items))
        }
    }
}

/// What pods and nodes have in common.
trait Measured: Sized {
    /// As a 404 names it.
    const RESOURCE: &'static str;
    /// Namespace and name.
    fn key(&self) -> (&str, &str);
    /// With kind and version, as a document of its own.
    fn with_kind(self) -> Self;
}

impl Measured for PodMetrics {
    const RESOURCE: &'static str = "podmetrics";

    fn key(&self) -> (&str, &str) {
        (&self.metadata.namespace, &self.metadata.name)
    }

    fn with_kind(self) -> Self {
        Self {
            kind: "PodMetrics".to_owned(),
            api_version: GroupVersion::ResourceV1beta1.as_str().to_owned(),
            ..self
        }
    }
}

impl Measured for NodeMetrics {
    const RESOURCE: &'static str = "nodemetrics";

    fn key(&self) -> (&str, &str) {
        ("", &self.metadata.name)
    }

    fn with_kind(self) -> Self {
        Self {
            kind: "NodeMetrics".to_owned(),
            api_version: GroupVersion::ResourceV1beta1.as_str().to_owned(),
            ..self
        }
    }
}

impl<B> tower_service::Service<http::Request<B>> for MetricsApi {
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
