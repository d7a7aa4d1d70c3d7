//! Paths and queries become requests: one pure function for all routes.
//!
//! The routes are those of prometheus-adapter 0.12 (custom-metrics-apiserver 1.30), odd ones
//! included: see [`parse`].

use std::borrow::Cow;

use concertina_model::{GroupResource, LabelSelector, ParseSelectorError};
use percent_encoding::percent_decode_str;

use crate::provider::MetricRef;
use crate::types::{ApiVersion, GROUP};

/// The longest path and query together that [`parse`] looks at, in bytes.
pub const MAX_TARGET_BYTES: usize = 16 * 1024;

/// The paths that are served, without those of single metrics: what `/` lists.
pub const PATHS: &[&str] = &[
    "/apis",
    "/apis/custom.metrics.k8s.io",
    "/apis/custom.metrics.k8s.io/v1beta1",
    "/apis/custom.metrics.k8s.io/v1beta2",
    "/healthz",
    "/healthz/ping",
    "/livez",
    "/livez/ping",
    "/readyz",
    "/readyz/ping",
    "/version",
];

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// `/`: the list of paths.
    Index,
    /// `/healthz`, `/livez`, `/readyz` and what is below them.
    Health(HealthRequest),
    /// `/version`.
    Version,
    /// `/apis`: the API groups.
    Groups,
    /// `/apis/custom.metrics.k8s.io`: the group with its versions.
    Group,
    /// `/apis/custom.metrics.k8s.io/VERSION`: all metrics.
    Resources(ApiVersion),
    /// A metric of one or several objects.
    Metric(Box<CustomMetricRequest>),
}

/// A question about the server's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthRequest {
    /// Which one.
    pub endpoint: HealthEndpoint,
    /// Whether the checks are to be listed.
    pub verbose: bool,
}

/// The health endpoints of Kubernetes' API servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthEndpoint {
    /// `/healthz`
    Healthz,
    /// `/livez`
    Livez,
    /// `/readyz`
    Readyz,
}

impl HealthEndpoint {
    /// `healthz`, `livez` or `readyz`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthz => "healthz",
            Self::Livez => "livez",
            Self::Readyz => "readyz",
        }
    }
}

/// A request for the values of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomMetricRequest {
    /// The version of the API, and so of the answer.
    pub version: ApiVersion,
    /// Which metric.
    pub metric: MetricRef,
    /// Of which objects.
    pub objects: Objects,
}

/// Which objects a metric is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// The one of this name.
    Named(String),
    /// All that match `labelSelector`, which is empty for all.
    Matching(LabelSelector),
}

/// Why a path and query are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing is served at this path.
    #[error("nothing is served at this path; / lists the paths")]
    UnknownPath,
    /// The path is below the group, but is no route of it.
    #[error("the server could not find the requested resource")]
    NoSuchResource,
    /// The path names a namespace and one thing more, which says neither object nor metric.
    #[error("invalid request path")]
    InvalidPath,
    /// The path or the query is not UTF-8 when its `%` escapes are resolved, or has a broken one.
    #[error("the {part} is not percent-encoded UTF-8")]
    Encoding {
        /// `path`, or the query parameter.
        part: &'static str,
    },
    /// The path and the query are too long.
    #[error("the path and query are longer than {limit} bytes")]
    TooLong {
        /// The most that is accepted.
        limit: usize,
    },
    /// `labelSelector` or `metricLabelSelector` is no label selector.
    #[error("{parameter}: {error}")]
    Selector {
        /// The query parameter.
        parameter: &'static str,
        /// What is wrong with it.
        error: ParseSelectorError,
    },
    /// There is a `fieldSelector`, and it does not select exactly the name in the path.
    #[error("fieldSelector metadata.name doesn't match requested name")]
    FieldSelector,
}

/// Reads `path` (as on the wire, percent-encoded) and `query` (without `?`, may be empty).
///
/// Below `/apis/custom.metrics.k8s.io/VERSION` these are the routes; `*` as a name, encoded or
/// not, stands for all objects that match the query parameter `labelSelector`:
///
/// | path | the metric of |
/// |---|---|
/// | `/RESOURCE/NAME/METRIC` | cluster-scoped objects, or objects of all namespaces |
/// | `/namespaces/NS/RESOURCE/NAME/METRIC` | objects of a namespace |
/// | `/namespaces/NS/metrics/METRIC` | the namespace itself; `*` = all namespaces |
///
/// One trailing slash counts as none. Unknown query parameters are ignored, as are `watch` and
/// `limit`; of a repeated parameter the first one counts.
///
/// ```
/// use concertina_metrics_api::path::{Objects, Request, parse};
///
/// let path = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/%2A/sm_util";
/// let Ok(Request::Metric(request)) = parse(path, "labelSelector=app%3Dbert") else { panic!() };
/// assert_eq!(request.metric.namespace.as_deref(), Some("default"));
/// assert_eq!(request.metric.name, "sm_util");
/// assert_eq!(request.objects, Objects::Matching("app=bert".parse().unwrap()));
/// ```
///
/// # Errors
///
/// [`PathError`] when this is no request that is served.
pub fn parse(path: &str, query: &str) -> Result<Request, PathError> {
    if path.len().saturating_add(query.len()) > MAX_TARGET_BYTES {
        return Err(PathError::TooLong {
            limit: MAX_TARGET_BYTES,
        });
    }
    let path = decode(path).ok_or(PathError::Encoding { part: "path" })?;
    let Some(rest) = path.strip_prefix('/') else {
        return Err(PathError::UnknownPath);
    };
    let segments: Vec<&str> = rest.strip_suffix('/').unwrap_or(rest).split('/').collect();
    match *segments {
        [""] => Ok(Request::Index),
        ["version"] => Ok(Request::Version),
        ["apis"] => Ok(Request::Groups),
        ["apis", GROUP] => Ok(Request::Group),
        ["apis", GROUP, version, ref rest @ ..] => {
            let version = version.parse().map_err(|_| PathError::NoSuchResource)?;
            below_version(version, rest, query)
        }
        [endpoint] | [endpoint, "ping"] => {
            let endpoint = [
                HealthEndpoint::Healthz,
                HealthEndpoint::Livez,
                HealthEndpoint::Readyz,
            ]
            .into_iter()
            .find(|known| known.as_str() == endpoint)
            .ok_or(PathError::UnknownPath)?;
            // `/healthz/ping?verbose` lists nothing: it is one check.
            let verbose = segments.len() == 1 && parameter(query, "verbose")?.is_some();
            Ok(Request::Health(HealthRequest { endpoint, verbose }))
        }
        _ => Err(PathError::UnknownPath),
    }
}

fn below_version(
    version: ApiVersion,
    segments: &[&str],
    query: &str,
) -> Result<Request, PathError> {
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err(PathError::NoSuchResource);
    }
    let (namespace, resource, name, metric) = match *segments {
        [] => return Ok(Request::Resources(version)),
        // It has the form of a root-scoped request for a metric of a namespace, but Kubernetes
        // reads it as a list of a resource in the namespace, so that it is neither.
        ["namespaces", _, _] => return Err(PathError::InvalidPath),
        [resource, name, metric] => (None, resource, name, metric),
        ["namespaces", namespace, "metrics", metric] => (None, "namespaces", namespace, metric),
        ["namespaces", namespace, resource, name, metric] => {
            (Some(namespace.to_owned()), resource, name, metric)
        }
        _ => return Err(PathError::NoSuchResource),
    };
    field_selector(query, name)?;
    let objects = selector(query, "labelSelector")?;
    let objects = match name {
        "*" => Objects::Matching(objects),
        // The label selector of a request by name is read, so that a wrong one is refused, and
        // then ignored, as upstream does.
        name => Objects::Named(name.to_owned()),
    };
    let Ok(resource) = resource.parse::<GroupResource>();
    let selector = selector(query, "metricLabelSelector")?;
    let metric = MetricRef {
        namespace,
        resource,
        name: metric.to_owned(),
        selector,
    };
    Ok(Request::Metric(Box::new(CustomMetricRequest {
        version,
        metric,
        objects,
    })))
}

/// Whether the query parameter `pretty` asks for indented JSON, as Go reads a bool.
#[must_use]
pub fn wants_pretty(query: &str) -> bool {
    let pretty = parameter(query, "pretty").ok().flatten();
    matches!(
        pretty.as_deref(),
        Some("1" | "t" | "T" | "true" | "True" | "TRUE")
    )
}

fn selector(query: &str, name: &'static str) -> Result<LabelSelector, PathError> {
    let text = parameter(query, name)?.unwrap_or_default();
    text.parse().map_err(|error| PathError::Selector {
        parameter: name,
        error,
    })
}

/// The only field that there is to select by is the name, which stands in the path.
fn field_selector(query: &str, name: &str) -> Result<(), PathError> {
    let text = parameter(query, "fieldSelector")?.unwrap_or_default();
    let value = text
        .strip_prefix("metadata.name=")
        .map(|v| v.strip_prefix('=').unwrap_or(v));
    if text.is_empty() || value == Some(name) {
        Ok(())
    } else {
        Err(PathError::FieldSelector)
    }
}

/// The first value of a query parameter; `Some("")` for one without a value.
fn parameter(query: &str, name: &'static str) -> Result<Option<String>, PathError> {
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode_form(key).as_deref() == Some(name) {
            let value = decode_form(value).ok_or(PathError::Encoding { part: name })?;
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn decode_form(text: &str) -> Option<String> {
    // `+` is a space in a query, and only there.
    decode(&text.replace('+', " ")).map(Cow::into_owned)
}

/// Resolves `%XX`; none when an escape is broken or the result is no UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    let escapes = text.split('%').skip(1);
    for escape in escapes {
        let hex = escape.as_bytes().get(..2)?;
        if !hex.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests;
