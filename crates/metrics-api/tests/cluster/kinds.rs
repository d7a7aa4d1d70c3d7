//! Kinds, as clusters old and new tell them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use concertina_http::Body;
use concertina_mapping::{ApiResource, ResourceTable, Resources};
use concertina_metrics_api::cluster::{DiscoveredKinds, KindsOptions};
use concertina_sandbox::Kind;
use http::{Request, Response};
use serde_json::{Value, json};
use tower_service::Service;

use crate::world::{ApiServer, fast, sandbox};

/// An API server that answers from a table; what is not in it is a 503.
#[derive(Clone, Default)]
struct Told {
    answers: BTreeMap<&'static str, Value>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service<Request<kube::client::Body>> for Told {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let path = request.uri().path();
        self.asked.lock().unwrap().push(path.to_owned());
        let answer = self.answers.get(path);
        let status = answer.map_or(503, |_| 200);
        let body = answer.cloned().unwrap_or_default().to_string();
        let answer = concertina_http::json(status.try_into().unwrap(), body);
        ready(Ok(answer))
    }
}

fn kinds(told: &Told) -> DiscoveredKinds {
    let client = kube::Client::new(told.clone(), "default");
    let until_then = ResourceTable::new([ApiResource {
        group: "down.example.com".to_owned(),
        version: "v1".to_owned(),
        plural: "things".to_owned(),
        singular: "thing".to_owned(),
        kind: "Thing".to_owned(),
        namespaced: true,
    }]);
    DiscoveredKinds::new(client, until_then, KindsOptions::default(), fast())
}

fn all(kinds: &DiscoveredKinds) -> String {
    let table = kinds.table();
    let told = table.iter().map(|kind| {
        let scope = if kind.namespaced {
            "namespaced"
        } else {
            "cluster"
        };
        format!(
            "{} {} {} {} {scope}",
            kind.api_version(),
            kind.plural,
            kind.singular(),
            kind.kind
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_cluster_tells_all_groups_at_once() {
    let kind = |plural: &str, kind: &str, scope: &str| {
        json!({
            "resource": plural, "responseKind": {"group": "", "version": "", "kind": kind},
            "scope": scope, "singularResource": kind.to_lowercase(), "verbs": ["list", "watch"],
            "subresources": [{"subresource": "status", "verbs": ["get"]}],
        })
    };
    let told = Told {
        answers: BTreeMap::from([
            (
                "/api",
                json!({"kind": "APIGroupDiscoveryList", "items": [{"versions": [
                    {"version": "v1", "resources": [kind("pods", "Pod", "Namespaced"), kind("nodes", "Node", "Cluster")]},
                ]}]}),
            ),
            (
                "/apis",
                json!({"kind": "APIGroupDiscoveryList", "items": [
                    {"metadata": {"name": "autoscaling"}, "versions": [
                        {"version": "v2", "resources": [kind("horizontalpodautoscalers", "HorizontalPodAutoscaler", "Namespaced")]},
                        {"version": "v1", "resources": [kind("horizontalpodautoscalers", "HorizontalPodAutoscaler", "Namespaced")]},
                    ]},
                    {"metadata": {"name": "metrics.k8s.io"}, "versions": [
                        {"version": "v1beta1", "freshness": "Stale", "resources": [kind("pods", "PodMetrics", "Namespaced")]},
                    ]},
                ]}),
            ),
        ]),
        ..Told::default()
    };
    let kinds = kinds(&told);
    assert!(kinds.refresh().await.unwrap(), "other than before");
    assert!(!kinds.refresh().await.unwrap(), "the same again");
    assert_eq!(
        *told.asked.lock().unwrap(),
        ["/api", "/apis", "/api", "/apis"]
    );
    insta::assert_snapshot!(all(&kinds), @"
v1 pods pod Pod namespaced
v1 nodes node Node cluster
autoscaling/v2 horizontalpodautoscalers horizontalpodautoscaler HorizontalPodAutoscaler namespaced
metrics.k8s.io/v1beta1 pods podmetrics PodMetrics namespaced
");
    let pods = kinds.resolve(&"pod".parse().unwrap()).unwrap();
    assert_eq!(pods.group, "", "the core group comes first");
}

#[tokio::test]
async fn an_old_cluster_tells_each_group_and_one_that_is_away_keeps_its_kinds() {
    let list = |resources: Value| json!({"kind": "APIResourceList", "groupVersion": "", "resources": resources});
    let group = |name: &str, versions: &[&str], preferred: &str| {
        let version = |version: &&str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
        json!({"name": name, "versions": versions.iter().map(version).collect::<Vec<_>>(), "preferredVersion": version(&preferred)})
    };
    let told = Told {
        answers: BTreeMap::from([
            (
                "/api",
                json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
            ),
            (
                "/api/v1",
                list(json!([
                    {"name": "pods", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": []},
                    {"name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": []},
                ])),
            ),
            (
                "/apis",
                json!({"kind": "APIGroupList", "groups": [
                    group("down.example.com", &["v1"], "v1"),
                    group("batch", &["v1beta1", "v1"], "v1"),
                ]}),
            ),
            (
                "/apis/batch/v1",
                list(json!([
                    {"name": "jobs", "singularName": "job", "namespaced": true, "kind": "Job", "verbs": []},
                ])),
            ),
            (
                "/apis/batch/v1beta1",
                list(json!([
                    {"name": "cronjobs", "singularName": "", "namespaced": true, "kind": "CronJob", "verbs": []},
                    {"name": "jobs", "singularName": "job", "namespaced": true, "kind": "Job", "verbs": []},
                ])),
            ),
        ]),
        ..Told::default()
    };
    let kinds = kinds(&told);
    assert!(kinds.refresh().await.unwrap());
    insta::assert_snapshot!(all(&kinds), @"
v1 pods pod Pod namespaced
down.example.com/v1 things thing Thing namespaced
batch/v1 jobs job Job namespaced
batch/v1beta1 cronjobs cronjob CronJob namespaced
");
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_changes_nothing() {
    let kinds = kinds(&Told::default());
    let before = all(&kinds);
    insta::assert_snapshot!(kinds.refresh().await.unwrap_err().to_string(), @"the kinds of the cluster are not known: the API server answers 503: null");
    assert_eq!(all(&kinds), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_appears_is_found_soon_after_it_is_asked_for() {
    let sandbox = sandbox();
    let server = ApiServer::start(&sandbox, 0).await;
    let options = KindsOptions {
        every: Duration::from_secs(1_000_000),
        ..KindsOptions::default()
    };
    let kinds = DiscoveredKinds::new(server.client(), ResourceTable::builtin(), options, fast());
    let kinds = Arc::new(kinds);
    let follower = Arc::clone(&kinds);
    let following = tokio::spawn(async move { follower.follow().await });
    let mut changes = kinds.changes();
    changes.changed().await.unwrap();
    let wanted = "rollouts.argoproj.io".parse().unwrap();
    assert!(kinds.resolve(&wanted).is_none());
    sandbox.add_kind(Kind::new(
        "argoproj.io",
        "v1alpha1",
        "rollouts",
        "Rollout",
        true,
    ));
    let asked = |sandbox: &concertina_sandbox::Sandbox| {
        sandbox
            .audit()
            .iter()
            .filter(|entry| entry.path == "/apis")
            .count()
    };
    let before = asked(&sandbox);
    for _ in 0..100 {
        kinds.resolve(&wanted);
    }
    // Half a minute of the cluster's time is half a second here.
    let mut found = None;
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        found = kinds.resolve(&wanted);
        if found.is_some() {
            break;
        }
    }
    assert!(found.unwrap().namespaced);
    assert!(
        asked(&sandbox) - before <= 3,
        "however often it is asked for"
    );
    following.abort();
}
