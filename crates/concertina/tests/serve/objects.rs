//! Objects and kinds as the cluster has them, and what a request costs its API server.

use std::time::Duration;

use concertina_http::Client;
use concertina_sandbox::{Kind, Sandbox};
use serde_json::{Value, json};

use crate::cluster::{Authority, Cluster, client, file, pod};
use crate::common::Running;
use crate::parts::stand_in;

const EXPOSITION: &str = r#"
util{namespace="default",pod="bert-a"} 23
util{namespace="default",pod="bert-b"} 20
util{namespace="default",pod="idle"} 1
cpu{namespace="default",pod="bert-a",container="main"} 0.5
mem{namespace="default",pod="bert-a",container="main"} 1048576
queue{namespace="default",rollout="web"} 7
"#;

const RULES: &str = "
rules:
- seriesQuery: util
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
- seriesQuery: queue
  resources: {overrides: {namespace: {resource: namespace}, rollout: {group: argoproj.io, resource: rollout}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
resourceRules:
  cpu:
    containerQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}
  memory:
    containerQuery: sum(mem{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(mem{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}
  window: 1m
";

/// A server, and the front proxy that asks it for the HPA controller.
struct World {
    cluster: Cluster,
    serving: Running,
    proxy: Client,
}

impl World {
    async fn start() -> Self {
        let cluster = Cluster::new();
        let kubeconfig = cluster.kubeconfig(cluster.serve(0).await);
        let ca = Authority::new("server");
        let pair = ca.issue("server");
        let (certificate, key) = (file("o.crt", &pair.certificate), file("o.key", &pair.key));
        let exporter = stand_in(|_| EXPOSITION.to_owned());
        let serving = Running::secure(&[
            "--config",
            &file("objects.yaml", RULES),
            "--scrape",
            &exporter,
            "--scrape-interval",
            "1s",
            "--bind-address",
            "127.0.0.1",
            "--secure-port",
            "0",
            "--lister-kubeconfig",
            &kubeconfig,
            "--tls-cert-file",
            &certificate,
            "--tls-private-key-file",
            &key,
            "--discovery-interval",
            "1s",
        ]);
        let shown = cluster.proxies.issue("front-proxy-client");
        Self {
            proxy: client(&ca.pem(), "127.0.0.1", Some(&shown)),
            cluster,
            serving,
        }
    }

    /// Asks as the aggregator does for an administrator.
    async fn ask(&self, path: &str, accept: &str) -> (u16, Vec<u8>) {
        let headers = [
            ("x-remote-user", "system:admin"),
            ("x-remote-group", "system:masters"),
            ("accept", accept),
        ];
        let url = format!("{}/apis/{path}", self.serving.url);
        let answer = self.proxy.get(&url, &headers).await.unwrap();
        (answer.status, answer.body.to_vec())
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.ask(path, "application/json").await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// `pod=value` for each item, or the status and its message.
    async fn values(&self, path: &str) -> String {
        let (status, body) = self.json(path).await;
        if status != 200 {
            return format!("{status} {}", body["message"].as_str().unwrap());
        }
        let items = body["items"].as_array().unwrap().iter();
        let told = items.map(|item| {
            format!("{}={}", item["describedObject"]["name"], item["value"]).replace('"', "")
        });
        told.collect::<Vec<_>>().join(" ")
    }

    async fn becomes(&self, path: &str, wanted: &str) {
        let mut last = String::new();
        for _ in 0..400 {
            last = self.values(path).await;
            if last == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path}: {last}, not {wanted}\n{}", self.serving.log());
    }
}

fn lists(sandbox: &Sandbox, resource: &str) -> usize {
    let audit = sandbox.audit();
    let listed = audit.iter().filter(|entry| {
        entry.path.contains(&format!("/{resource}")) && !entry.path.contains("watch=")
    });
    listed.count()
}

const BERT: &str =
    "custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/util?labelSelector=app%3Dbert";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hpa_controller_asks_costs_the_api_server_nothing() {
    let world = World::start().await;
    world.becomes(BERT, "bert-a=23 bert-b=20").await;
    let protobuf = "application/vnd.kubernetes.protobuf,application/json";
    let before = world.cluster.sandbox.audit().len();
    for _ in 0..100 {
        let (status, body) = world.ask(BERT, protobuf).await;
        assert_eq!(status, 200);
        assert!(
            body.starts_with(b"k8s\0"),
            "protobuf, as it is asked for first"
        );
        let holds = |name: &[u8]| body.windows(name.len()).any(|part| part == name);
        assert!(holds(b"bert-a") && holds(b"bert-b") && !holds(b"idle"));
    }
    let audit = world.cluster.sandbox.audit();
    let after: Vec<_> = audit[before..]
        .iter()
        // Kinds are asked for every second in this test, and permissions every ten.
        .filter(|entry| !entry.path.starts_with("/api") || entry.path.contains("/pods"))
        .collect();
    assert_eq!(after, Vec::<&concertina_sandbox::AuditEntry>::new());
    assert_eq!(lists(&world.cluster.sandbox, "pods"), 1);

    // What changes is seen.
    world.cluster.sandbox.put(pod("idle", "bert")).unwrap();
    world
        .cluster
        .sandbox
        .delete("v1", "Pod", "default", "bert-b")
        .unwrap();
    world.becomes(BERT, "bert-a=23 idle=1").await;
    world
        .becomes(
            "custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/util?labelSelector=app%3Dnone",
            "404 the server could not find the metric util for pods: no object matches the selector `app=none`",
        )
        .await;
    // The use of pods stands on the same watch.
    let (_, used) = world
        .json("metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dbert")
        .await;
    assert_eq!(used["items"].as_array().unwrap().len(), 1, "{used}");
    assert_eq!(used["items"][0]["metadata"]["labels"]["app"], "bert");
    assert_eq!(lists(&world.cluster.sandbox, "pods"), 1);
    let metrics = [
        ("x-remote-user", "system:admin"),
        ("x-remote-group", "system:masters"),
    ];
    let url = format!("{}/metrics", world.serving.url);
    let numbers = world.proxy.get(&url, &metrics).await.unwrap();
    let numbers = String::from_utf8(numbers.body.to_vec()).unwrap();
    assert!(
        numbers.contains("concertina_watched_objects{resource=\"pods\"} 2\n"),
        "{numbers}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_waits_for_the_kind_that_it_names() {
    let world = World::start().await;
    let queue = "custom.metrics.k8s.io/v1beta2/namespaces/default/rollouts.argoproj.io/*/queue";
    world.becomes(BERT, "bert-a=23 bert-b=20").await;
    let before = world.values(queue).await;
    assert!(
        before.contains("has no resource `rollouts.argoproj.io`"),
        "{before}"
    );
    let mut kind = Kind::new("argoproj.io", "v1alpha1", "rollouts", "Rollout", true);
    kind.singular = "rollout".to_owned();
    world.cluster.sandbox.add_kind(kind);
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"namespace": "default", "name": "web"},
    });
    world.cluster.sandbox.put(rollout).unwrap();
    world.becomes(queue, "web=7").await;
}
