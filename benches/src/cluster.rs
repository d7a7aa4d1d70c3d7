//! A GPU cluster's half hour: nodes of 8 GPUs with 6 metrics each, 121 samples 15 seconds apart.
#![allow(clippy::expect_used, reason = "a bench may stop")]

use std::fmt::Write;

use concertina_model::{Labels, Sample, Timestamp};
use concertina_tsdb::{SeriesRef, Store, StoreOptions};

/// 2023-11-15T00:00:00Z, in seconds.
const START: i64 = 1_700_006_400;
const SAMPLES: i64 = 121;
const GPUS: i64 = 8;
/// Nodes of 8 GPUs of 6 metrics: 9,984 and 60,000 series.
pub const NODES: [i64; 2] = [208, 1250];

/// What is asked: rules of GPU clusters, and queries of every cost.
pub const EXPRESSIONS: [&str; 13] = [
    r#"avg(DCGM_FI_DEV_GPU_UTIL{NodeName="node-0007"}) by (NodeName)"#,
    "avg(DCGM_FI_DEV_GPU_UTIL{}) by (NodeName)",
    r#"avg(DCGM_CUSTOM_PROCESS_SM_UTIL{NamespaceName="ns-07",PodName=~"pod-2|pod-3|pod-10|pod-11"}) by (PodName)"#,
    r#"sum(DCGM_CUSTOM_PROCESS_MEM_USED{NamespaceName="ns-07"}) by (NamespaceName) / sum(DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED{}) by (NamespaceName)"#,
    r#"sum(DCGM_CUSTOM_PROCESS_MEM_USED{NamespaceName!="",PodName!=""}) by (NamespaceName,PodName)"#,
    "avg(avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m])) by (NodeName)",
    "sum(rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m])) by (modelName)",
    "topk(10, DCGM_FI_DEV_FB_USED)",
    "DCGM_CUSTOM_PROCESS_MEM_USED / DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED > 0.98",
    "count(DCGM_FI_DEV_GPU_UTIL > 80)",
    "DCGM_FI_DEV_GPU_UTIL",
    "max_over_time(avg(DCGM_FI_DEV_GPU_UTIL)[10m:1m])",
    r#"DCGM_FI_DEV_GPU_UTIL{NodeName="node-0007",gpu="3"}"#,
];

/// The value at a node, GPU and tick.
pub type Value = fn(i64, i64, i64) -> i64;

/// Metrics, whether the labels are a container's, and the value at node, GPU and tick.
const METRICS: [(&str, bool, Value); 6] = [
    ("DCGM_FI_DEV_GPU_UTIL", false, |n, g, k| {
        (31 * n + 17 * g + 7 * k) % 101
    }),
    ("DCGM_FI_DEV_FB_USED", false, |n, g, k| {
        300 + (131 * n + 977 * g + 53 * k) % 22_000
    }),
    ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", false, |n, g, k| {
        1000 * (n + g) + 4500 * k + (n * g) % 97
    }),
    ("DCGM_CUSTOM_PROCESS_SM_UTIL", true, |n, g, k| {
        (13 * n + 29 * g + 3 * k) % 97
    }),
    ("DCGM_CUSTOM_PROCESS_MEM_USED", true, |n, g, k| {
        (1 + (7 * n + 5 * g + k) % 64) * 268_435_456
    }),
    ("DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED", true, |_, _, _| {
        17_179_869_184
    }),
];

fn labels(metric: &str, container: bool, n: i64, g: i64) -> Labels {
    let mut pairs = vec![
        ("__name__", metric.to_owned()),
        ("NodeName", format!("node-{n:04}")),
        ("gpu", g.to_string()),
        ("UUID", format!("GPU-{n:04}-{g}")),
    ];
    if container {
        pairs.extend([
            ("NamespaceName", format!("ns-{:02}", n % 20)),
            ("PodName", format!("pod-{}", (GPUS * n + g) / 20)),
            ("ContainerName", "srv".to_owned()),
        ]);
    } else {
        let model = if n % 2 == 0 { "A10" } else { "V100" };
        pairs.extend([("modelName", model.to_owned()), ("job", "dcgm".to_owned())]);
    }
    Labels::from_pairs(pairs)
}

fn sample(value: Value, n: i64, g: i64, k: i64) -> Sample {
    Sample {
        timestamp: Timestamp::from_millis((START + 15 * k) * 1000),
        value: value(n, g, k) as f64,
    }
}

/// A series in the store, its values, node and GPU.
pub type Place = (SeriesRef, Value, i64, i64);

/// A store with the first sample of every series, and the series in the order of scrapes.
#[must_use]
pub fn begun(nodes: i64) -> (Store, Vec<Place>) {
    let mut store = Store::new(StoreOptions::default());
    let mut series = Vec::new();
    for n in 0..nodes {
        for g in 0..GPUS {
            for (metric, container, value) in METRICS {
                let first = sample(value, n, g, 0);
                let added = store.append(&labels(metric, container, n, g), first);
                series.push((added.expect("there is room"), value, n, g));
            }
        }
    }
    (store, series)
}

/// The other 120 samples of every series, in the order of scrapes.
pub fn fill(store: &mut Store, series: &[Place]) {
    for k in 1..SAMPLES {
        for (series, value, n, g) in series {
            let appended = store.append_to(*series, sample(*value, *n, *g, k));
            appended.expect("samples are in order");
        }
    }
}

/// The time of the last samples.
#[must_use]
pub fn end() -> Timestamp {
    Timestamp::from_millis((START + 15 * (SAMPLES - 1)) * 1000)
}

/// All of it in OpenMetrics, metric by metric, for `promtool tsdb create-blocks-from openmetrics`.
pub fn open_metrics(nodes: i64, mut write: impl FnMut(&str)) {
    for (metric, container, value) in METRICS {
        write(&format!("# TYPE {metric} gauge\n"));
        for n in 0..nodes {
            for g in 0..GPUS {
                // OpenMetrics has no blanks between labels.
                let labels = labels(metric, container, n, g).to_string();
                let labels = labels.replace("\", ", "\",");
                let mut lines = String::new();
                for k in 0..SAMPLES {
                    let value = value(n, g, k);
                    let _ = writeln!(lines, "{labels} {value} {}", START + 15 * k);
                }
                write(&lines);
            }
        }
    }
    write("# EOF\n");
}
