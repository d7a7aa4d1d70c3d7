//! All objects, field by field.

use super::{Field, Fields, Is, Schema};

macro_rules! meta {
    ($name:literal) => {
        concat!("io.k8s.apimachinery.pkg.apis.meta.v1.", $name)
    };
}
macro_rules! metrics {
    ($name:literal) => {
        concat!("io.k8s.metrics.pkg.apis.", $name)
    };
}
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const REFERENCE: &str = "io.k8s.api.core.v1.ObjectReference";

const fn field(name: &'static str, is: Is, description: &'static str) -> Field {
    Field {
        name,
        description,
        required: false,
        is,
    }
}

const fn required(name: &'static str, is: Is, description: &'static str) -> Field {
    Field {
        name,
        description,
        required: true,
        is,
    }
}

const API_VERSION: Field = field(
    "apiVersion",
    Is::Text,
    "The version of this form of the object.",
);
const KIND: Field = field("kind", Is::Text, "The kind of the object.");
const LIST_META: Field = field("metadata", Is::Object(meta!("ListMeta")), "Empty.");
const OBJECT_META: Field = field("metadata", Is::Object(meta!("ObjectMeta")), "Which object.");
const WINDOW_SECONDS: &str = "The window that the value was calculated over, in seconds.";
const WHEN: &str = "When the value was evaluated.";
const TIME: Is = Is::Object(meta!("Time"));
const USAGE: Field = required("usage", Is::MapOf(QUANTITY), "What is used, by resource.");
const TIMESTAMP: Field = required("timestamp", TIME, WHEN);
const WINDOW: Field = required(
    "window",
    Is::Object(meta!("Duration")),
    "The window that the values were calculated over.",
);
const VALUE: Field = required("value", Is::Object(QUANTITY), "The value.");
const DESCRIBED: Field = required(
    "describedObject",
    Is::Object(REFERENCE),
    "Which object has it.",
);

const fn object(
    name: &'static str,
    kind: Option<(&'static str, &'static str, &'static str)>,
    description: &'static str,
    fields: &'static [Field],
) -> Schema {
    Schema {
        name,
        description,
        kind,
        fields: Fields::Object(fields),
    }
}

const fn text(name: &'static str, description: &'static str, format: &'static str) -> Schema {
    Schema {
        name,
        description,
        kind: None,
        fields: Fields::Text(format),
    }
}

const CUSTOM: &str = "custom.metrics.k8s.io";
const USAGES: &str = "metrics.k8s.io";

/// All objects.
pub(in super::super) const ALL: &[Schema] = &[
    object(
        meta!("APIGroup"),
        Some(("", "v1", "APIGroup")),
        "An API group.",
        &[
            API_VERSION,
            KIND,
            required("name", Is::Text, "The group's name."),
            field(
                "preferredVersion",
                Is::Object(meta!("GroupVersionForDiscovery")),
                "The version for clients without a preference.",
            ),
            field(
                "serverAddressByClientCIDRs",
                Is::Objects(meta!("ServerAddressByClientCIDR")),
                "Where the server is found, by the client's network.",
            ),
            required(
                "versions",
                Is::Objects(meta!("GroupVersionForDiscovery")),
                "The versions that are served.",
            ),
        ],
    ),
    object(
        meta!("APIGroupList"),
        Some(("", "v1", "APIGroupList")),
        "All API groups.",
        &[
            API_VERSION,
            required("groups", Is::Objects(meta!("APIGroup")), "The groups."),
            KIND,
        ],
    ),
    object(
        meta!("APIResource"),
        None,
        "A resource.",
        &[
            field("categories", Is::Texts, "Not used."),
            field(
                "group",
                Is::Text,
                "The group of the kind, where it is another one.",
            ),
            required("kind", Is::Text, "The kind of what is answered."),
            required(
                "name",
                Is::Text,
                "RESOURCE/METRIC, or the name of an external metric.",
            ),
            required(
                "namespaced",
                Is::Flag,
                "Whether its objects live in namespaces.",
            ),
            field("shortNames", Is::Texts, "Not used."),
            required("singularName", Is::Text, "Empty."),
            field("storageVersionHash", Is::Text, "Not used."),
            required("verbs", Is::Texts, "What can be done with it."),
            field(
                "version",
                Is::Text,
                "The version of the kind, where it is another one.",
            ),
        ],
    ),
    object(
        meta!("APIResourceList"),
        Some(("", "v1", "APIResourceList")),
        "The resources of a version.",
        &[
            API_VERSION,
            required("groupVersion", Is::Text, "The group and its version."),
            KIND,
            required(
                "resources",
                Is::Objects(meta!("APIResource")),
                "The resources.",
            ),
        ],
    ),
    object(
        meta!("GroupVersionForDiscovery"),
        None,
        "A version of a group.",
        &[
            required("groupVersion", Is::Text, "GROUP/VERSION."),
            required("version", Is::Text, "The version alone."),
        ],
    ),
    object(
        meta!("ServerAddressByClientCIDR"),
        None,
        "Where clients of a network find the server.",
        &[
            required("clientCIDR", Is::Text, "The network."),
            required("serverAddress", Is::Text, "HOST:PORT."),
        ],
    ),
    object(
        meta!("ListMeta"),
        None,
        "The metadata of a list.",
        &[
            field("continue", Is::Text, "Not used: lists are whole."),
            field("remainingItemCount", Is::Integer("int64"), "Not used."),
            field("resourceVersion", Is::Text, "Not used."),
            field("selfLink", Is::Text, "Not used."),
        ],
    ),
    object(
        meta!("ObjectMeta"),
        None,
        "The metadata of an object, as far as there is any.",
        &[
            field("creationTimestamp", TIME, "When the metrics were made."),
            field("labels", Is::MapOfText, "The object's labels."),
            field("name", Is::Text, "The object's name."),
            field("namespace", Is::Text, "The object's namespace."),
        ],
    ),
    object(
        meta!("LabelSelector"),
        None,
        "A selection by labels.",
        &[
            field(
                "matchExpressions",
                Is::Objects(meta!("LabelSelectorRequirement")),
                "Requirements that all have to be met.",
            ),
            field(
                "matchLabels",
                Is::MapOfText,
                "Labels that all have to be there.",
            ),
        ],
    ),
    object(
        meta!("LabelSelectorRequirement"),
        None,
        "A requirement of a label.",
        &[
            required("key", Is::Text, "The label."),
            required("operator", Is::Text, "In, NotIn, Exists or DoesNotExist."),
            field("values", Is::Texts, "The values of In and NotIn."),
        ],
    ),
    text(meta!("Time"), "A time in RFC 3339.", "date-time"),
    text(meta!("Duration"), "A duration as Go writes it: 1h2m3s.", ""),
    text(
        QUANTITY,
        "An exact number with a suffix: 100m, 1500, 64Mi.",
        "",
    ),
    object(
        REFERENCE,
        None,
        "An object.",
        &[
            field("apiVersion", Is::Text, "Its API version."),
            field("fieldPath", Is::Text, "Not used."),
            field("kind", Is::Text, "Its kind."),
            field("name", Is::Text, "Its name."),
            field("namespace", Is::Text, "Its namespace."),
            field("resourceVersion", Is::Text, "Not used."),
            field("uid", Is::Text, "Not used."),
        ],
    ),
    object(
        metrics!("custom_metrics.v1beta1.MetricValue"),
        Some((CUSTOM, "v1beta1", "MetricValue")),
        "The value of a metric for an object.",
        &[
            API_VERSION,
            DESCRIBED,
            KIND,
            required("metricName", Is::Text, "The metric."),
            field(
                "selector",
                Is::Object(meta!("LabelSelector")),
                "Which of its series were asked for.",
            ),
            TIMESTAMP,
            VALUE,
            field("window", Is::Integer("int64"), WINDOW_SECONDS),
        ],
    ),
    object(
        metrics!("custom_metrics.v1beta1.MetricValueList"),
        Some((CUSTOM, "v1beta1", "MetricValueList")),
        "The values of a metric for objects.",
        &[
            API_VERSION,
            required(
                "items",
                Is::Objects(metrics!("custom_metrics.v1beta1.MetricValue")),
                "The values.",
            ),
            KIND,
            LIST_META,
        ],
    ),
    object(
        metrics!("custom_metrics.v1beta2.MetricIdentifier"),
        None,
        "A metric.",
        &[
            required("name", Is::Text, "Its name."),
            field(
                "selector",
                Is::Object(meta!("LabelSelector")),
                "Which of its series were asked for.",
            ),
        ],
    ),
    object(
        metrics!("custom_metrics.v1beta2.MetricValue"),
        Some((CUSTOM, "v1beta2", "MetricValue")),
        "The value of a metric for an object.",
        &[
            API_VERSION,
            DESCRIBED,
            KIND,
            required(
                "metric",
                Is::Object(metrics!("custom_metrics.v1beta2.MetricIdentifier")),
                "The metric.",
            ),
            TIMESTAMP,
            VALUE,
            field("windowSeconds", Is::Integer("int64"), WINDOW_SECONDS),
        ],
    ),
    object(
        metrics!("custom_metrics.v1beta2.MetricValueList"),
        Some((CUSTOM, "v1beta2", "MetricValueList")),
        "The values of a metric for objects.",
        &[
            API_VERSION,
            required(
                "items",
                Is::Objects(metrics!("custom_metrics.v1beta2.MetricValue")),
                "The values.",
            ),
            KIND,
            LIST_META,
        ],
    ),
    object(
        metrics!("external_metrics.v1beta1.ExternalMetricValue"),
        Some(("external.metrics.k8s.io", "v1beta1", "ExternalMetricValue")),
        "The value of a series of an external metric.",
        &[
            API_VERSION,
            KIND,
            required("metricLabels", Is::MapOfText, "The labels of the series."),
            required("metricName", Is::Text, "The metric."),
            TIMESTAMP,
            VALUE,
            field("window", Is::Integer("int64"), WINDOW_SECONDS),
        ],
    ),
    object(
        metrics!("external_metrics.v1beta1.ExternalMetricValueList"),
        Some((
            "external.metrics.k8s.io",
            "v1beta1",
            "ExternalMetricValueList",
        )),
        "The values of an external metric.",
        &[
            API_VERSION,
            required(
                "items",
                Is::Objects(metrics!("external_metrics.v1beta1.ExternalMetricValue")),
                "The values.",
            ),
            KIND,
            LIST_META,
        ],
    ),
    object(
        metrics!("metrics.v1beta1.ContainerMetrics"),
        None,
        "What a container uses.",
        &[required("name", Is::Text, "The container's name."), USAGE],
    ),
    object(
        metrics!("metrics.v1beta1.NodeMetrics"),
        Some((USAGES, "v1beta1", "NodeMetrics")),
        "What a node uses.",
        &[API_VERSION, KIND, OBJECT_META, TIMESTAMP, USAGE, WINDOW],
    ),
    object(
        metrics!("metrics.v1beta1.NodeMetricsList"),
        Some((USAGES, "v1beta1", "NodeMetricsList")),
        "What nodes use.",
        &[
            API_VERSION,
            required(
                "items",
                Is::Objects(metrics!("metrics.v1beta1.NodeMetrics")),
                "The nodes.",
            ),
            KIND,
            LIST_META,
        ],
    ),
    object(
        metrics!("metrics.v1beta1.PodMetrics"),
        Some((USAGES, "v1beta1", "PodMetrics")),
        "What a pod uses.",
        &[
            API_VERSION,
            required(
                "containers",
                Is::Objects(metrics!("metrics.v1beta1.ContainerMetrics")),
                "Its containers.",
            ),
            KIND,
            OBJECT_META,
            TIMESTAMP,
            WINDOW,
        ],
    ),
    object(
        metrics!("metrics.v1beta1.PodMetricsList"),
        Some((USAGES, "v1beta1", "PodMetricsList")),
        "What pods use.",
        &[
            API_VERSION,
            required(
                "items",
                Is::Objects(metrics!("metrics.v1beta1.PodMetrics")),
                "The pods.",
            ),
            KIND,
            LIST_META,
        ],
    ),
    object(
        "io.k8s.apimachinery.pkg.version.Info",
        None,
        "The version of the server.",
        &[
            required("buildDate", Is::Text, "When it was built."),
            required("compiler", Is::Text, "The compiler."),
            required("gitCommit", Is::Text, "The commit it was built from."),
            required("gitTreeState", Is::Text, "Whether the tree was clean."),
            required("gitVersion", Is::Text, "The whole version."),
            required("goVersion", Is::Text, "Empty."),
            required("major", Is::Text, "The major version."),
            required("minor", Is::Text, "The minor version."),
            required("platform", Is::Text, "OS/ARCHITECTURE."),
        ],
    ),
];
