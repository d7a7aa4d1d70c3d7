//! Reviews, permissions, faults and the audit log.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::time::Duration;

use common::{Cluster, pod};
use concertina_http::ClientError;
use concertina_model::Timestamp;
use concertina_sandbox::{Fault, FrontProxy, Policy, Then, User, What, Who};
use serde_json::json;

fn policy() -> Policy {
    let until = Timestamp::from_millis(1_700_000_000_000);
    Policy::new()
        .token("good", User::new("alice", ["devs"]), None)
        .token("root", User::new("root", ["system:masters"]), None)
        .token("old", User::new("bob", []), Some(until))
        .allow(
            Who::Group("devs".to_owned()),
            What::Resources {
                groups: vec![String::new()],
                resources: vec!["pods".to_owned(), "pods/status".to_owned()],
                verbs: vec!["get".to_owned(), "list".to_owned()],
                namespace: Some("default".to_owned()),
            },
        )
        .allow(
            Who::Everybody,
            What::Paths(vec!["/healthz".to_owned(), "/apis/*".to_owned()]),
        )
}

#[tokio::test]
async fn tokens_are_reviewed() {
    let cluster = Cluster::new(|_| {}).await;
    cluster.sandbox.set_policy(policy());
    let mut told = Vec::new();
    for token in ["good", "old", "wrong"] {
        let review = json!({"kind": "TokenReview", "spec": {"token": token}});
        let path = "/apis/authentication.k8s.io/v1/tokenreviews";
        let (status, body) = cluster.post(path, &review).await;
        told.push(format!("{token}: {status} {}", body["status"]));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn access_is_reviewed() {
    let cluster = Cluster::new(|_| {}).await;
    cluster.sandbox.set_policy(policy());
    let pods = |verb: &str, namespace: &str, subresource: &str| {
        json!({"resourceAttributes": {
            "verb": verb, "resource": "pods", "namespace": namespace, "subresource": subresource,
        }})
    };
    let path = |path: &str| json!({"nonResourceAttributes": {"verb": "get", "path": path}});
    let mut told = Vec::new();
    for (user, what) in [
        ("devs", pods("get", "default", "")),
        ("devs", pods("get", "default", "status")),
        ("devs", pods("get", "default", "log")),
        ("devs", pods("delete", "default", "")),
        ("devs", pods("get", "kube-system", "")),
        ("others", pods("get", "default", "")),
        ("system:masters", pods("delete", "kube-system", "")),
        ("others", path("/healthz")),
        ("others", path("/apis/x/y")),
        ("others", path("/metrics")),
    ] {
        let mut spec = what.clone();
        spec["user"] = json!("somebody");
        spec["groups"] = json!([user]);
        let url = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let (_, body) = cluster.post(url, &json!({"spec": spec})).await;
        told.push(format!("{user} {what}: {}", body["status"]));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn the_policy_is_for_the_api_too() {
    let cluster = Cluster::new(|options| options.enforce = true).await;
    cluster.sandbox.set_policy(policy());
    cluster.sandbox.put(pod("a", "web")).unwrap();
    let mut told = Vec::new();
    for (token, path) in [
        ("", "/api/v1/namespaces/default/pods"),
        ("old", "/api/v1/namespaces/default/pods"),
        ("good", "/api/v1/namespaces/default/pods"),
        ("good", "/api/v1/namespaces/default/pods?watch=true"),
        ("good", "/api/v1/nodes"),
        ("good", "/apis/apps/v1"),
        ("root", "/api/v1/nodes"),
    ] {
        let token_header = format!("Bearer {token}");
        let url = format!("{}{path}", cluster.url);
        let answer = cluster
            .client
            .get(&url, &[("authorization", &token_header)])
            .await
            .unwrap();
        told.push(format!("{token} {path}: {}", answer.status));
    }
    let asked = cluster.sandbox.audit();
    let asked = asked
        .iter()
        .map(|entry| format!("{} {}", entry.user, entry.status));
    insta::assert_snapshot!(told.join("\n") + "\n---\n" + &asked.collect::<Vec<_>>().join("\n"));
    cluster.sandbox.clear_audit();
    assert!(cluster.sandbox.audit().is_empty());
}

#[tokio::test]
async fn faults_happen_as_ordered() {
    let cluster = Cluster::new(|_| {}).await;
    let path = "/api/v1/pods";
    cluster
        .sandbox
        .fault(Fault::new(path, Then::Status(503)).times(1));
    cluster
        .sandbox
        .fault(Fault::new(path, Then::Garbage("<html>".to_owned())).times(1));
    cluster
        .sandbox
        .fault(Fault::new(path, Then::Delay(Duration::from_millis(5))).times(1));
    assert_eq!(cluster.get(path).await.0, 503);
    assert_eq!(cluster.get(path).await, (200, json!("<html>")));
    assert_eq!(cluster.get(path).await.0, 200);
    assert_eq!(cluster.get("/api/v1/nodes").await.0, 200, "another path");
    let url = format!("{}{path}", cluster.url);
    cluster.sandbox.fault(Fault::new(path, Then::Drop).times(1));
    let broken = cluster.client.get(&url, &[]).await;
    assert!(
        matches!(broken, Err(ClientError::Transport { .. })),
        "{broken:?}"
    );
    cluster.sandbox.fault(Fault::new(path, Then::Hang));
    let hung = tokio::time::timeout(Duration::from_millis(50), cluster.client.get(&url, &[])).await;
    assert!(hung.is_err());
    cluster.sandbox.clear_faults();
    assert_eq!(cluster.get(path).await.0, 200);
}

#[tokio::test]
async fn whom_to_trust() {
    let cluster = Cluster::new(|_| {}).await;
    let proxy = FrontProxy {
        ca: "PROXY CA".to_owned(),
        allowed_names: vec!["front-proxy-client".to_owned()],
    };
    cluster
        .sandbox
        .set_authentication(Some("CLIENT CA"), Some(&proxy))
        .unwrap();
    let path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    let (_, map) = cluster.get(path).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&map["data"]).unwrap());
}
