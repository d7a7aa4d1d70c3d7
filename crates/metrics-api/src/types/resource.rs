//! `metrics.k8s.io/v1beta1`.

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_model::{Quantity, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::values::null_is_empty;
use super::{GroupVersion, ListMeta};

/// What is used, by resource: `cpu` in cores and `memory` in bytes.
pub type Usage = BTreeMap<String, Quantity>;

/// What one pod uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMetrics {
    /// `PodMetrics`, or empty inside a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `metrics.k8s.io/v1beta1`, or empty inside a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Which pod.
    pub metadata: MetricsMeta,
    /// When it was measured, in whole seconds on the wire.
    #[serde(with = "concertina_model::rfc3339")]
    pub timestamp: Timestamp,
    /// The window that the values were calculated over.
    #[serde(serialize_with = "write_window", deserialize_with = "read_window")]
    pub window: Duration,
    /// Its containers.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub containers: Vec<ContainerMetrics>,
}

/// What one container uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerMetrics {
    /// The container's name.
    pub name: String,
    /// What it uses.
    #[serde(default)]
    pub usage: Usage,
}

/// What one node uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeMetrics {
    /// `NodeMetrics`, or empty inside a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `metrics.k8s.io/v1beta1`, or empty inside a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Which node.
    pub metadata: MetricsMeta,
    /// When it was measured, in whole seconds on the wire.
    #[serde(with = "concertina_model::rfc3339")]
    pub timestamp: Timestamp,
    /// The window that the values were calculated over.
    #[serde(serialize_with = "write_window", deserialize_with = "read_window")]
    pub window: Duration,
    /// What it uses.
    #[serde(default)]
    pub usage: Usage,
}

/// The metadata of a pod's or node's metrics: that of the object, as far as it is of use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricsMeta {
    /// The object's name.
    #[serde(default)]
    pub name: String,
    /// Its namespace; empty for a node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// When the metrics, which are made for each answer, were made.
    #[serde(default, with = "concertina_model::rfc3339")]
    pub creation_timestamp: Timestamp,
    /// The object's labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A list of [`PodMetrics`] or [`NodeMetrics`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageList<T> {
    /// `PodMetricsList` or `NodeMetricsList`.
    pub kind: String,
    /// `metrics.k8s.io/v1beta1`.
    pub api_version: String,
    /// Always empty.
    #[serde(default)]
    pub metadata: ListMeta,
    /// One element for each object that has metrics.
    #[serde(default = "Vec::new", deserialize_with = "null_is_empty")]
    #[serde(bound(deserialize = "T: Deserialize<'de>"))]
    pub items: Vec<T>,
}

impl UsageList<PodMetrics> {
    /// A list of pods.
    #[must_use]
    pub fn pods(items: Vec<PodMetrics>) -> Self {
        Self::new("PodMetricsList", items)
    }
}

impl UsageList<NodeMetrics> {
    /// A list of nodes.
    #[must_use]
    pub fn nodes(items: Vec<NodeMetrics>) -> Self {
        Self::new("NodeMetricsList", items)
    }
}

impl<T> UsageList<T> {
    fn new(kind: &str, items: Vec<T>) -> Self {
        Self {
            kind: kind.to_owned(),
            api_version: GroupVersion::ResourceV1beta1.as_str().to_owned(),
            metadata: ListMeta {},
            items,
        }
    }
}

/// A duration as Go writes it: `1h2m3s`, `5m0s`, `1.5s`, `20ms`.
///
/// ```
/// use std::time::Duration;
///
/// use concertina_metrics_api::types::resource::go_duration;
///
/// assert_eq!(go_duration(Duration::from_secs(300)), "5m0s");
/// assert_eq!(go_duration(Duration::from_millis(1500)), "1.5s");
/// assert_eq!(go_duration(Duration::ZERO), "0s");
/// ```
#[must_use]
pub fn go_duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let fraction = |units: u64, part: u32, digits: usize| {
        let text = format!("{units}.{part:0digits$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if seconds == 0 {
        return match nanos {
            0 => "0s".to_owned(),
            1..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => format!("{}µs", fraction(u64::from(nanos / 1000), nanos % 1000, 3)),
            _ => format!(
                "{}ms",
                fraction(u64::from(nanos / 1_000_000), nanos % 1_000_000, 6)
            ),
        };
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let rest = fraction(seconds % 60, nanos, 9);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

fn write_window<S: Serializer>(window: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&go_duration(*window))
}

fn read_window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "0s" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(&text)
        .map_err(|error| de::Error::custom(format_args!("the window {text:?}: {error}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pods_are_written_as_metrics_server_writes_them() {
        let pod = PodMetrics {
            metadata: MetricsMeta {
                name: "a".to_owned(),
                namespace: "default".to_owned(),
                creation_timestamp: Timestamp::from_millis(1_700_000_000_000),
                labels: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
            },
            timestamp: Timestamp::from_millis(1_700_000_000_000),
            window: Duration::from_secs(300),
            containers: vec![ContainerMetrics {
                name: "c".to_owned(),
                usage: BTreeMap::from([
                    ("cpu".to_owned(), "250m".parse().unwrap()),
                    ("memory".to_owned(), "128Mi".parse().unwrap()),
                ]),
            }],
            ..PodMetrics::default()
        };
        let text = serde_json::to_string(&UsageList::pods(vec![pod.clone()])).unwrap();
        assert_eq!(
            text,
            r#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"a","namespace":"default","creationTimestamp":"2023-11-14T22:13:20Z","labels":{"app":"web"}},"timestamp":"2023-11-14T22:13:20Z","window":"5m0s","containers":[{"name":"c","usage":{"cpu":"250m","memory":"128Mi"}}]}]}"#
        );
        let read: UsageList<PodMetrics> = serde_json::from_str(&text).unwrap();
        assert_eq!(read.items, [pod]);
    }

    #[test]
    fn durations_as_go_writes_them() {
        let texts = [
            1,
            1_500,
            2_000_000,
            59_999_999_999,
            60_000_000_000,
            3_600_000_000_000,
            3_723_500_000_000,
        ]
        .map(|nanos| go_duration(Duration::from_nanos(nanos)));
        assert_eq!(
            texts.join(" "),
            "1ns 1.5µs 2ms 59.999999999s 1m0s 1h0m0s 1h2m3.5s"
        );
    }
}
