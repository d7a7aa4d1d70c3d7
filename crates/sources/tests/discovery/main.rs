//! Targets found in a cluster: they come, change and go, also while its API is in trouble.
#![cfg(feature = "scrape")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "../common/cluster.rs"]
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod labels;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cluster::{cluster, pod};
use concertina_http::ClientOptions;
use concertina_model::QueryValue;
use concertina_sandbox::{Fault, Then};
use concertina_sources::scrape::{ScrapeConfig, ScrapePool, SharedStore, StoreSource};
use concertina_sources::{Clock, MetricSource, ScaledClock};
use concertina_tsdb::StoreOptions;

/// A pool that follows a configuration, ten times as fast as the world.
struct Following {
    source: StoreSource,
    _task: tokio::task::JoinSet<()>,
}

impl Following {
    fn start(yaml: &str) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ScaledClock::starting_now(10.0));
        let store = SharedStore::new(StoreOptions::default());
        let config = ScrapeConfig::parse(yaml, Path::new("."), &ClientOptions::default()).unwrap();
        let mut pool = ScrapePool::new(store.clone(), Arc::clone(&clock));
        let mut task = tokio::task::JoinSet::new();
        task.spawn(async move {
            pool.follow(&[], &config).await;
        });
        Self {
            source: StoreSource::new(store, clock),
            _task: task,
        }
    }

    /// Waits until `query` gives these elements.
    async fn gives(&self, query: &str, wanted: &[&str]) {
        let mut last = Vec::new();
        for _ in 0..1000 {
            if let QueryValue::Vector(vector) = self.source.query(query).await.unwrap().value {
                let each = vector.iter();
                last = each
                    .map(|sample| format!("{} {}", sample.labels, sample.value))
                    .collect();
            }
            if last == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{query} gives {last:#?}, not {wanted:#?}");
    }
}

async fn exporter() -> u16 {
    let url = common::server(|path| (200, format!("at{{path=\"{path}\"}} 1\n"))).await;
    url.rsplit(':').next().unwrap().parse().unwrap()
}

fn config(api: &str, role: &str, more: &str) -> String {
    format!(
        r#"
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: found
  kubernetes_sd_configs:
  - {{role: {role}, api_server: "{api}"{more}}}
  relabel_configs:
  - {{source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: "true", action: keep}}
  - {{source_labels: [__meta_kubernetes_pod_container_port_name], regex: metrics, action: keep}}
  - {{source_labels: [__meta_kubernetes_pod_annotation_path], regex: (.+), target_label: __metrics_path__}}
  - {{source_labels: [__meta_kubernetes_pod_name], target_label: pod}}
  - {{target_label: instance, replacement: x}}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_come_change_and_go() {
    let (sandbox, api) = cluster().await;
    let (one, two) = (exporter().await, exporter().await);
    let in_gpu = ", namespaces: {names: [gpu]}, selectors: [{role: pod, label: app=dcgm}]";
    sandbox.put(pod("a", "dcgm", one)).unwrap();
    sandbox.put(pod("other", "web", one)).unwrap();
    let following = Following::start(&config(&api, "pod", in_gpu));
    let a = r#"at{instance="x", job="found", path="/metrics", pod="a"} 1"#;
    let b = r#"at{instance="x", job="found", path="/metrics", pod="b"} 1"#;
    following.gives("at", &[a]).await;

    sandbox.put(pod("b", "dcgm", two)).unwrap();
    following.gives("at", &[a, b]).await;

    let mut moved = pod("a", "dcgm", one);
    *moved.pointer_mut("/metadata/annotations/note").unwrap() = "moved".into();
    let annotations = moved.pointer_mut("/metadata/annotations").unwrap();
    annotations
        .as_object_mut()
        .unwrap()
        .insert("path".into(), "/gpu".into());
    sandbox.put(moved).unwrap();
    let moved = r#"at{instance="x", job="found", path="/gpu", pod="a"} 1"#;
    following.gives("at", &[moved, b]).await;

    sandbox.delete("v1", "Pod", "gpu", "b").unwrap();
    following.gives("at", &[moved]).await;
    following
        .gives("count by (pod) (up)", &[r#"{pod="a"} 1"#])
        .await;

    // No longer ready to be found.
    let mut silent = pod("a", "dcgm", one);
    *silent.pointer_mut("/metadata/annotations").unwrap() = serde_json::json!({});
    sandbox.put(silent).unwrap();
    following.gives("at", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_the_api_changes_nothing_and_ends() {
    let (sandbox, api) = cluster().await;
    let (one, two) = (exporter().await, exporter().await);
    sandbox.put(pod("a", "dcgm", one)).unwrap();
    // Away at first.
    sandbox.fault(Fault::new("/api/v1/pods", Then::Status(503)).times(2));
    let following = Following::start(&config(&api, "pod", ""));
    let up = |pods: &[&str]| -> Vec<String> {
        pods.iter()
            .map(|pod| format!("{{pod=\"{pod}\"}} 1"))
            .collect()
    };
    let gives = async |pods: &[&str]| {
        let wanted = up(pods);
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        following.gives("sum by (pod) (up)", &wanted).await;
    };
    gives(&["a"]).await;
    // What happens while nobody is told is found out by listing again.
    sandbox.fault(Fault::new("/api/v1/pods", Then::Status(500)).times(3));
    sandbox.put(pod("b", "dcgm", two)).unwrap();
    sandbox.forget_history();
    gives(&["a", "b"]).await;
    sandbox.delete("v1", "Pod", "gpu", "a").unwrap();
    gives(&["b"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_joined_with_their_service_and_pods() {
    let (sandbox, api) = cluster().await;
    let port = exporter().await;
    sandbox.put(pod("a", "dcgm", port)).unwrap();
    for object in cluster::service("dcgm", "a", port) {
        sandbox.put(object).unwrap();
    }
    let yaml = config(&api, "endpoints", "")
        + "  - {source_labels: [__meta_kubernetes_service_label_team], target_label: team}\n";
    let following = Following::start(&yaml);
    let found = r#"at{instance="x", job="found", path="/metrics", pod="a", team="ml"} 1"#;
    following.gives("at", &[found]).await;
    sandbox.delete("v1", "Endpoints", "gpu", "dcgm").unwrap();
    following.gives("at", &[]).await;
}
