//! The protobuf messages of the wire types: the numbers of their fields are those of Kubernetes'
//! `generated.proto` files.

use concertina_model::selector::LabelSelectorObject;
use concertina_model::{Quantity, Timestamp};

use super::Document;
use super::protobuf::Message;
use super::table::{CUSTOM, EXTERNAL, Row, Table};
use crate::types::external::{ExternalMetricValue, ExternalMetricValueList};
use crate::types::resource::{MetricsMeta, NodeMetrics, PodMetrics, Usage, UsageList, go_duration};
use crate::types::v1beta2::MetricValue;
use crate::types::{
    ApiGroup, ApiGroupList, ApiResourceList, GroupVersionForDiscovery, ObjectReference, Status,
    v1beta1, v1beta2,
};

/// The metadata of a list: `selfLink`, `resourceVersion` and `continue`, always empty.
fn list_meta(message: &mut Message) {
    message.message(1, |meta| {
        for field in 1..=3 {
            meta.text(field, "");
        }
    });
}

fn time(message: &mut Message, field: u32, at: Timestamp) {
    message.message(field, |time| {
        time.int(1, at.as_millis().div_euclid(1000));
        time.int(2, 0);
    });
}

fn quantity(message: &mut Message, field: u32, value: &Quantity) {
    message.message(field, |quantity| quantity.text(1, &value.to_string()));
}

fn usage(message: &mut Message, field: u32, usage: &Usage) {
    message.map(field, usage, |entry, value| quantity(entry, 2, value));
}

fn selector(message: &mut Message, field: u32, selector: Option<&LabelSelectorObject>) {
    let Some(selector) = selector else { return };
    message.message(field, |message| {
        message.map(1, &selector.match_labels, |entry, value| {
            entry.text(2, value)
        });
        for expression in &selector.match_expressions {
            message.message(2, |message| {
                message.text(1, &expression.key);
                message.text(2, &expression.operator);
                message.texts(3, &expression.values);
            });
        }
    });
}

fn object_reference(message: &mut Message, field: u32, object: &ObjectReference) {
    message.message(field, |message| {
        message.text(1, &object.kind);
        message.text(2, &object.namespace);
        message.text(3, &object.name);
        message.text(4, "");
        message.text(5, &object.api_version);
        message.text(6, "");
        message.text(7, "");
    });
}

impl Document for v1beta1::MetricValueList {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        list_meta(message);
        for item in &self.items {
            message.message(2, |message| {
                object_reference(message, 1, &item.described_object);
                message.text(2, &item.metric_name);
                time(message, 3, item.timestamp);
                if let Some(window) = item.window_seconds {
                    message.int(4, window);
                }
                quantity(message, 5, &item.value);
                selector(message, 6, item.selector.as_ref());
            });
        }
    }

    fn table(&self) -> Option<Table<'_>> {
        let values = self.items.iter().cloned().map(MetricValue::from);
        Some(Table::new(CUSTOM, values.map(custom_row).collect()))
    }
}

impl Document for v1beta2::MetricValueList {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        list_meta(message);
        for item in &self.items {
            message.message(2, |message| {
                object_reference(message, 1, &item.described_object);
                message.message(2, |metric| {
                    metric.text(1, &item.metric.name);
                    selector(metric, 2, item.metric.selector.as_ref());
                });
                time(message, 3, item.timestamp);
                if let Some(window) = item.window_seconds {
                    message.int(4, window);
                }
                quantity(message, 5, &item.value);
            });
        }
    }

    fn table(&self) -> Option<Table<'_>> {
        let values = self.items.iter().cloned();
        Some(Table::new(CUSTOM, values.map(custom_row).collect()))
    }
}

fn window_text(seconds: Option<i64>) -> String {
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.map(std::time::Duration::from_secs);
    duration.map(go_duration).unwrap_or_default()
}

fn custom_row(value: MetricValue) -> Row {
    let object = value.described_object;
    Row {
        cells: vec![
            object.name.clone(),
            object.kind,
            value.metric.name,
            value.value.to_string(),
            window_text(value.window_seconds),
            value.timestamp.to_string(),
        ],
        name: object.name,
        namespace: object.namespace,
    }
}

impl Document for ExternalMetricValueList {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        list_meta(message);
        for item in &self.items {
            message.message(2, |message| {
                message.text(1, &item.metric_name);
                message.map(2, &item.metric_labels, |entry, value| entry.text(2, value));
                time(message, 3, item.timestamp);
                if let Some(window) = item.window_seconds {
                    message.int(4, window);
                }
                quantity(message, 5, &item.value);
            });
        }
    }

    fn table(&self) -> Option<Table<'_>> {
        Some(Table::new(
            EXTERNAL,
            self.items.iter().map(external_row).collect(),
        ))
    }
}

fn external_row(value: &ExternalMetricValue) -> Row {
    let labels = value.metric_labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Row {
        cells: vec![
            value.metric_name.clone(),
            labels.join(","),
            value.value.to_string(),
            window_text(value.window_seconds),
            value.timestamp.to_string(),
        ],
        name: value.metric_name.clone(),
        namespace: String::new(),
    }
}

/// `metav1.ObjectMeta`, whose fields beyond these are optional.
fn object_meta(message: &mut Message, meta: &MetricsMeta) {
    message.message(1, |message| {
        message.text(1, &meta.name);
        message.text(2, "");
        message.text(3, &meta.namespace);
        for field in 4..=6 {
            message.text(field, "");
        }
        message.int(7, 0);
        time(message, 8, meta.creation_timestamp);
        message.map(11, &meta.labels, |entry, value| entry.text(2, value));
    });
}

fn duration(message: &mut Message, field: u32, duration: std::time::Duration) {
    let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    message.message(field, |message| message.int(1, nanos));
}

fn pod(message: &mut Message, pod: &PodMetrics) {
    object_meta(message, &pod.metadata);
    time(message, 2, pod.timestamp);
    duration(message, 3, pod.window);
    for container in &pod.containers {
        message.message(4, |message| {
            message.text(1, &container.name);
            usage(message, 2, &container.usage);
        });
    }
}

fn node(message: &mut Message, node: &NodeMetrics) {
    object_meta(message, &node.metadata);
    time(message, 2, node.timestamp);
    duration(message, 3, node.window);
    usage(message, 4, &node.usage);
}

impl Document for PodMetrics {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        pod(message, self);
    }

    fn table(&self) -> Option<Table<'_>> {
        Some(Table::of_usage([pod_usage(self)]))
    }
}

impl Document for NodeMetrics {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        node(message, self);
    }

    fn table(&self) -> Option<Table<'_>> {
        Some(Table::of_usage([node_usage(self)]))
    }
}

impl Document for UsageList<PodMetrics> {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        list_meta(message);
        for item in &self.items {
            message.message(2, |message| pod(message, item));
        }
    }

    fn table(&self) -> Option<Table<'_>> {
        Some(Table::of_usage(self.items.iter().map(pod_usage)))
    }
}

impl Document for UsageList<NodeMetrics> {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        list_meta(message);
        for item in &self.items {
            message.message(2, |message| node(message, item));
        }
    }

    fn table(&self) -> Option<Table<'_>> {
        Some(Table::of_usage(self.items.iter().map(node_usage)))
    }
}

fn pod_usage(pod: &PodMetrics) -> (&MetricsMeta, Usage, std::time::Duration) {
    let mut sum = Usage::new();
    for (name, value) in pod.containers.iter().flat_map(|c| &c.usage) {
        let total = match sum.get(name) {
            Some(before) => before.checked_add(value),
            None => Some(*value),
        };
        // A sum beyond what a quantity holds is not shown rather than shown wrong.
        match total {
            Some(total) => sum.insert(name.clone(), total),
            None => sum.remove(name),
        };
    }
    (&pod.metadata, sum, pod.window)
}

fn node_usage(node: &NodeMetrics) -> (&MetricsMeta, Usage, std::time::Duration) {
    (&node.metadata, node.usage.clone(), node.window)
}

impl Document for ApiResourceList {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        message.text(1, &self.group_version);
        for resource in &self.resources {
            message.message(2, |message| {
                message.text(1, &resource.name);
                message.int(2, i64::from(resource.namespaced));
                message.text(3, &resource.kind);
                message.message(4, |verbs| verbs.texts(1, &resource.verbs));
                message.text(6, &resource.singular_name);
                // Group, version and storage hash of the kind: those of the list.
                for field in 8..=10 {
                    message.text(field, "");
                }
            });
        }
    }
}

fn group(message: &mut Message, group: &ApiGroup) {
    let version = |message: &mut Message, field, version: &GroupVersionForDiscovery| {
        message.message(field, |message| {
            message.text(1, &version.group_version);
            message.text(2, &version.version);
        });
    };
    message.text(1, &group.name);
    for served in &group.versions {
        version(message, 2, served);
    }
    version(message, 3, &group.preferred_version);
    for address in &group.server_address_by_client_cidrs {
        message.message(4, |message| {
            message.text(1, &address.client_cidr);
            message.text(2, &address.server_address);
        });
    }
}

impl Document for ApiGroup {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        group(message, self);
    }
}

impl Document for ApiGroupList {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        for listed in &self.groups {
            message.message(1, |message| group(message, listed));
        }
    }
}

impl Document for Status {
    fn type_meta(&self) -> (&str, &str) {
        (&self.api_version, &self.kind)
    }

    fn encode(&self, message: &mut Message) {
        list_meta(message);
        message.text(2, &self.status);
        message.text(3, &self.message);
        message.text(4, &self.reason);
        if let Some(details) = &self.details {
            message.message(5, |message| {
                message.text(1, &details.name);
                message.text(2, &details.group);
                message.text(3, &details.kind);
                for cause in &details.causes {
                    message.message(4, |message| {
                        message.text(1, &cause.reason);
                        message.text(2, &cause.message);
                        message.text(3, &cause.field);
                    });
                }
                message.int(5, i64::from(details.retry_after_seconds));
                message.text(6, "");
            });
        }
        message.int(6, i64::from(self.code));
    }
}
