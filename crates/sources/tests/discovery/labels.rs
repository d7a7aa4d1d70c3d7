//! All that is known of the targets of a cluster, under the names that Prometheus gives it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_sources::SystemClock;
use concertina_sources::scrape::{ScrapeConfig, ScrapePool, SharedStore};
use serde_json::{Value, json};

use crate::cluster::{cluster, pod, service};

fn objects() -> Vec<Value> {
    let mut all = vec![pod("a", "dcgm", 9400)];
    // A pod that waits, one of IPv6, one without an address.
    let mut waiting = pod("waiting", "dcgm", 9400);
    waiting["status"] = json!({"phase": "Pending", "podIP": "10.1.1.1"});
    waiting["metadata"]["annotations"] = Value::Null;
    let mut six = pod("six", "dcgm", 9400);
    six["status"]["podIP"] = "fd00::1".into();
    six["metadata"]["namespace"] = "other".into();
    six["spec"]["containers"] = json!([{"name": "two", "image": "i", "ports": [
        {"containerPort": 53, "protocol": "UDP"},
        {"name": "admin", "containerPort": 9401},
    ]}]);
    let mut without = pod("without", "dcgm", 9400);
    without["status"] = json!({"phase": "Pending"});
    all.extend([waiting, six, without]);
    all.extend(service("dcgm", "a", 9400));
    // Endpoints without a service, which lead to another port than the pod's.
    let [_, mut alone] = service("alone", "waiting", 9999);
    alone["metadata"] = json!({"name": "alone", "namespace": "gpu", "annotations": {"x/y": "z"}});
    all.push(alone);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_each_target() {
    let (sandbox, api) = cluster().await;
    for object in objects() {
        sandbox.put(object).unwrap();
    }
    let mut told = Vec::new();
    for role in ["pod", "endpoints"] {
        let yaml = format!(
            "scrape_configs:\n- job_name: {role}\n  kubernetes_sd_configs:\n  - {{role: {role}, \
             api_server: \"{api}\"}}\n  relabel_configs:\n  - {{regex: '__meta_kubernetes_(.+)', \
             replacement: '$1', action: labelmap}}\n  - {{regex: 'instance|job', action: labeldrop}}\n"
        );
        let config = ScrapeConfig::parse(&yaml, Path::new("."), &ClientOptions::default()).unwrap();
        let store = SharedStore::new(Default::default());
        let mut pool = ScrapePool::new(store, Arc::new(SystemClock));
        for _ in 0..50 {
            // What was found stays when it is no longer followed.
            let follow = pool.follow(&[], &config);
            let some_time = Duration::from_secs(1);
            assert!(tokio::time::timeout(some_time, follow).await.is_err());
            if pool.targets().next().is_some() {
                break;
            }
        }
        let mut found: Vec<String> = pool
            .targets()
            .map(|target| {
                let labels = target.labels.iter().filter(|(name, _)| *name != "instance");
                let labels = labels.map(|(name, value)| format!("\n  {name}={value}"));
                format!("{}{}", target.url, labels.collect::<String>())
            })
            .collect();
        found.sort_unstable();
        told.push(format!("role {role}\n\n{}", found.join("\n")));
    }
    insta::assert_snapshot!(told.join("\n\n"));
}
