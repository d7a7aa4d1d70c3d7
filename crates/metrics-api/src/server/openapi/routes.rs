//! The routes of the APIs, as OpenAPI describes them.

use super::schemas::meta;
use crate::encode::negotiate::served;
use crate::types::{Group, GroupVersion};

/// A route.
pub(super) struct Route {
    /// The part of the whole description that it stands in: `apis/metrics.k8s.io/v1beta1`.
    pub(super) part: String,
    pub(super) path: String,
    pub(super) tag: String,
    pub(super) description: &'static str,
    /// Unique among all routes.
    pub(super) id: String,
    /// The name of what is answered.
    pub(super) answer: String,
    pub(super) media: Vec<&'static str>,
    /// Query parameters, with what they are for.
    pub(super) query: &'static [(&'static str, &'static str)],
}

const LABELS: (&str, &str) = ("labelSelector", "Which objects, by their labels.");
const SERIES: (&str, &str) = (
    "metricLabelSelector",
    "Which series of the metric, by their labels.",
);
const OF_SERIES: (&str, &str) = (
    "labelSelector",
    "Which series of the metric, by their labels.",
);
const FIELDS: (&str, &str) = (
    "fieldSelector",
    "Which objects, by metadata.name and metadata.namespace.",
);

/// What stands at and below the path of a group's version: the end of the path, the end of the
/// operation's name, the description, the end of the answer's name, and the query.
type Below = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const CUSTOM: &[Below] = &[
    (
        "{resource}/{name}/{metric}",
        "ClusterMetric",
        "get a metric of objects outside of namespaces; the name * means all",
        "MetricValueList",
        &[LABELS, SERIES],
    ),
    (
        "namespaces/{namespace}/metrics/{metric}",
        "NamespaceMetric",
        "get a metric of a namespace; * means all",
        "MetricValueList",
        &[LABELS, SERIES],
    ),
    (
        "namespaces/{namespace}/{resource}/{name}/{metric}",
        "NamespacedMetric",
        "get a metric of objects of a namespace; the name * means all",
        "MetricValueList",
        &[LABELS, SERIES],
    ),
];
const EXTERNAL: &[Below] = &[(
    "namespaces/{namespace}/{metric}",
    "NamespacedMetric",
    "get an external metric",
    "ExternalMetricValueList",
    &[OF_SERIES],
)];
const USAGE: &[Below] = &[
    (
        "nodes",
        "Nodes",
        "get what nodes use",
        "NodeMetricsList",
        &[LABELS, FIELDS],
    ),
    (
        "nodes/{name}",
        "Node",
        "get what a node uses",
        "NodeMetrics",
        &[],
    ),
    (
        "pods",
        "AllPods",
        "get what pods of all namespaces use",
        "PodMetricsList",
        &[LABELS, FIELDS],
    ),
    (
        "namespaces/{namespace}/pods",
        "Pods",
        "get what pods use",
        "PodMetricsList",
        &[LABELS, FIELDS],
    ),
    (
        "namespaces/{namespace}/pods/{name}",
        "Pod",
        "get what a pod uses",
        "PodMetrics",
        &[],
    ),
];

/// The routes of these groups.
pub(super) fn routes(groups: &[Group]) -> Vec<Route> {
    let discovery = |part: &str, tag: &str, description, id: String, answer: &str| Route {
        part: part.to_owned(),
        path: format!("/{part}/"),
        tag: tag.to_owned(),
        description,
        id,
        answer: meta(answer),
        media: served().to_vec(),
        query: &[],
    };
    let mut routes = vec![
        discovery(
            "apis",
            "apis",
            "get available API versions",
            "getAPIVersions".to_owned(),
            "APIGroupList",
        ),
        Route {
            answer: "io.k8s.apimachinery.pkg.version.Info".to_owned(),
            media: vec!["application/json"],
            ..discovery(
                "version",
                "version",
                "get the version of the server",
                "getCodeVersion".to_owned(),
                "",
            )
        },
    ];
    for group in groups {
        let (tag, name, package, below) = match group {
            Group::Custom => ("customMetrics", "CustomMetrics", "custom_metrics", CUSTOM),
            Group::External => (
                "externalMetrics",
                "ExternalMetrics",
                "external_metrics",
                EXTERNAL,
            ),
            Group::Resource => ("metrics", "Metrics", "metrics", USAGE),
        };
        let part = format!("apis/{group}");
        let id = format!("get{name}APIGroup");
        routes.push(discovery(
            &part,
            tag,
            "get information of a group",
            id,
            "APIGroup",
        ));
        for version in group.versions() {
            let part = format!("apis/{}", version.as_str());
            let tag = format!("{tag}_{}", version.version());
            let id = format!("get{name}{}", capital(*version));
            let all = format!("{id}APIResources");
            routes.push(discovery(
                &part,
                &tag,
                "get available resources",
                all,
                "APIResourceList",
            ));
            routes.extend(
                below
                    .iter()
                    .map(|&(end, what, description, answer, query)| Route {
                        path: format!("/{part}/{end}"),
                        answer: format!(
                            "io.k8s.metrics.pkg.apis.{package}.{}.{answer}",
                            version.version()
                        ),
                        query,
                        ..discovery(&part, &tag, description, format!("{id}{what}"), "")
                    }),
            );
        }
    }
    routes
}

fn capital(version: GroupVersion) -> String {
    version.version().replacen('v', "V", 1)
}
