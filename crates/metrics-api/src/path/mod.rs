//! Paths and queries become requests: one pure function for all routes.
//!
//! The routes are those of prometheus-adapter 0.12 (custom-metrics-apiserver 1.30, metrics-server
//! 0.7), odd ones included: see [`parse`].

mod fields;

use std::borrow::Cow;

use concertina_model::{GroupResource, LabelSelector, ParseSelectorError};
use percent_encoding::percent_decode_str;

use crate::provider::{ExternalMetricRef, MetricRef, Objects};
use crate::types::{ApiVersion, Group, GroupVersion};

pub use fields::FieldSelector;

/// The longest path and query together that [`parse`] looks at, in bytes.
pub const MAX_TARGET_BYTES: usize = 16 * 1024;

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
    /// `/metrics`: the server's own metrics.
    SelfMetrics,
    /// `/openapi/v2`: the description of all routes.
    OpenApiV2,
    /// `/openapi/v3`: the list of descriptions, or the one of that path: `apis/metrics.k8s.io`.
    OpenApiV3(Option<String>),
    /// `/apis`: the API groups.
    Groups,
    /// `/apis/GROUP`: a group with its versions.
    Group(Group),
    /// `/apis/GROUP/VERSION`: all its resources; for custom and external metrics, all metrics.
    Resources(GroupVersion),
    /// A custom metric of one or several objects.
    Metric(Box<CustomMetricRequest>),
    /// An external metric.
    External(Box<ExternalMetricRef>),
    /// What pods or nodes use.
    Usage(Box<UsageRequest>),
}

impl Request {
    /// The API group that the request is for, if it is for one.
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        match self {
            Self::Group(group) => Some(*group),
            Self::Resources(version) => Some(version.group()),
            Self::Metric(_) => Some(Group::Custom),
            Self::External(_) => Some(Group::External),
            Self::Usage(_) => Some(Group::Resource),
            _ => None,
        }
    }
}

/// A question about the server's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthRequest {
    /// Which endpoint.
    pub endpoint: HealthEndpoint,
    /// The one check that is asked for; all when there is none.
    pub check: Option<String>,
    /// Whether the checks are to be listed.
    pub verbose: bool,
    /// Checks that are not to be made.
    pub exclude: Vec<String>,
}

/// The health endpoints of Kubernetes' API servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthEndpoint {
    /// `/healthz`
    Healthz,
    /// `/livez`
    Livez,
    /// `/readyz`
    Readyz,
}

impl HealthEndpoint {
    /// All endpoints.
    pub const ALL: [Self; 3] = [Self::Healthz, Self::Livez, Self::Readyz];

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

/// A request for the values of one custom metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomMetricRequest {
    /// The version of the API, and so of the answer.
    pub version: ApiVersion,
    /// Which metric.
    pub metric: MetricRef,
    /// Of which objects.
    pub objects: Objects,
}

/// A request for what pods or nodes use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRequest {
    /// Of what.
    pub of: UsageOf,
    /// Of which of them.
    pub objects: Objects,
    /// Which of these, by name and namespace.
    pub fields: FieldSelector,
}

/// What has usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageOf {
    /// Pods of a namespace, or of all.
    Pods(Option<String>),
    /// Nodes.
    Nodes,
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
    /// The `fieldSelector` of a list selects by something that metrics do not have.
    #[error(
        "fieldSelector: `{0}` is no selection by metadata.name or metadata.namespace with =, == \
         or !="
    )]
    UnknownField(String),
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
/// Below `/apis/external.metrics.k8s.io/v1beta1` there is `/namespaces/NS/METRIC`, whose
/// `labelSelector` selects series, and below `/apis/metrics.k8s.io/v1beta1` what is usual for
/// `nodes` and `pods`.
///
/// One trailing slash counts as none. Unknown query parameters are ignored, as are `watch` and
/// `limit`; of a repeated parameter the first one counts.
///
/// ```
/// use concertina_metrics_api::path::{Request, parse};
/// use concertina_metrics_api::provider::Objects;
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
        ["metrics"] => Ok(Request::SelfMetrics),
        ["openapi", "v2"] => Ok(Request::OpenApiV2),
        ["openapi", "v3"] => Ok(Request::OpenApiV3(None)),
        ["openapi", "v3", ref of @ ..] => Ok(Request::OpenApiV3(Some(of.join("/")))),
        ["apis"] => Ok(Request::Groups),
        ["apis", group, ref rest @ ..] => {
            let group = Group::from_name(group).ok_or(PathError::UnknownPath)?;
            let Some((version, rest)) = rest.split_first() else {
                return Ok(Request::Group(group));
            };
            let versions = group.versions().iter().copied();
            let version = versions
                .into_iter()
                .find(|known| known.version() == *version)
                .ok_or(PathError::NoSuchResource)?;
            below_version(version, rest, query)
        }
        [endpoint, ref check @ ..] => health(endpoint, check, query),
        [] => Err(PathError::UnknownPath),
    }
}

fn health(endpoint: &str, check: &[&str], query: &str) -> Result<Request, PathError> {
    let endpoint = HealthEndpoint::ALL
        .into_iter()
        .find(|known| known.as_str() == endpoint)
        .ok_or(PathError::UnknownPath)?;
    let check = (!check.is_empty()).then(|| check.join("/"));
    Ok(Request::Health(HealthRequest {
        endpoint,
        // `/healthz/ping?verbose` lists nothing: it is one check.
        verbose: check.is_none() && parameter(query, "verbose")?.is_some(),
        exclude: parameters(query, "exclude")?,
        check,
    }))
}

fn below_version(
    version: GroupVersion,
    segments: &[&str],
    query: &str,
) -> Result<Request, PathError> {
    if segments.is_empty() {
        return Ok(Request::Resources(version));
    }
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err(PathError::NoSuchResource);
    }
    match version {
        GroupVersion::CustomV1beta1 => custom(ApiVersion::V1beta1, segments, query),
        GroupVersion::CustomV1beta2 => custom(ApiVersion::V1beta2, segments, query),
        GroupVersion::ExternalV1beta1 => external(segments, query),
        GroupVersion::ResourceV1beta1 => usage(segments, query),
    }
}

fn external(segments: &[&str], query: &str) -> Result<Request, PathError> {
    let ["namespaces", namespace, metric] = *segments else {
        return Err(PathError::NoSuchResource);
    };
    Ok(Request::External(Box::new(ExternalMetricRef {
        namespace: namespace.to_owned(),
        name: metric.to_owned(),
        selector: selector(query, "labelSelector")?,
    })))
}

fn usage(segments: &[&str], query: &str) -> Result<Request, PathError> {
    let (of, name) = match *segments {
        ["nodes"] => (UsageOf::Nodes, None),
        ["nodes", name] => (UsageOf::Nodes, Some(name)),
        ["pods"] => (UsageOf::Pods(None), None),
        ["namespaces", namespace, "pods"] => (UsageOf::Pods(Some(namespace.to_owned())), None),
        ["namespaces", namespace, "pods", name] => {
            (UsageOf::Pods(Some(namespace.to_owned())), Some(name))
        }
        _ => return Err(PathError::NoSuchResource),
    };
    let objects = match name {
        Some(name) => Objects::Named(name.to_owned()),
        None => Objects::Matching(selector(query, "labelSelector")?),
    };
    // The selectors of a request by name are not looked at, as in any Kubernetes API.
    let fields = match name {
        Some(_) => String::new(),
        None => parameter(query, "fieldSelector")?.unwrap_or_default(),
    };
    let fields = fields.parse()?;
    Ok(Request::Usage(Box::new(UsageRequest {
        of,
        objects,
        fields,
    })))
}

fn custom(version: ApiVersion, segments: &[&str], query: &str) -> Result<Request, PathError> {
    let (namespace, resource, name, metric) = match *segments {
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
    values(query, name).next().transpose()
}

/// All values of a query parameter.
fn parameters(query: &str, name: &'static str) -> Result<Vec<String>, PathError> {
    values(query, name).collect()
}

fn values<'a>(
    query: &'a str,
    name: &'static str,
) -> impl Iterator<Item = Result<String, PathError>> + 'a {
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || decode_form(value).ok_or(PathError::Encoding { part: name });
        (decode_form(key).as_deref() == Some(name)).then(value)
    })
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
