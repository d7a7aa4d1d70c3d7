//! Objects over HTTP: discovery, reading and writing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Cluster, pod};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn what_there_is() {
    let cluster = Cluster::new(|_| {}).await;
    let (_, groups) = cluster.get("/apis").await;
    let names: Vec<&str> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["preferredVersion"]["groupVersion"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"apps/v1") && names.contains(&"authorization.k8s.io/v1"),
        "{names:?}"
    );
    let mut told = Vec::new();
    for path in [
        "/apis/apps",
        "/apis/apps/v1",
        "/api/v1",
        "/apis/authentication.k8s.io/v1",
    ] {
        let (status, body) = cluster.get(path).await;
        let resources = body["resources"].as_array().cloned().unwrap_or_default();
        let names: Vec<&str> = resources
            .iter()
            .map(|r| r["name"].as_str().unwrap())
            .collect();
        told.push(format!("{status} {} {}", body["kind"], names.join(" ")));
    }
    for path in [
        "/healthz",
        "/version",
        "/apis/nothing",
        "/apis/apps/v2",
        "/api/v1/widgets",
        "/x",
    ] {
        let (status, _) = cluster.get(path).await;
        told.push(format!("{status} {path}"));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn an_object_lives() {
    let cluster = Cluster::new(|_| {}).await;
    let (status, created) = cluster.post(PODS, &pod("a", "web")).await;
    assert_eq!(status, 201);
    insta::assert_snapshot!(created, @r#"{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2023-11-14T22:13:20Z","generation":1,"labels":{"app":"web"},"name":"a","namespace":"default","resourceVersion":"2","uid":"00000000-0000-4000-8000-000000000001"},"spec":{"nodeName":"n1"},"status":{"phase":"Pending"}}"#);
    // Its status is apart.
    let mut changed = created.clone();
    changed["status"] = json!({"phase": "Running"});
    changed["spec"]["nodeName"] = json!("n2");
    let one = format!("{PODS}/a");
    let (_, spec) = cluster.ask("PUT", &one, "application/json", &changed).await;
    assert_eq!(
        (&spec["spec"]["nodeName"], &spec["status"]),
        (&json!("n2"), &json!({"phase": "Pending"}))
    );
    assert_eq!(spec["metadata"]["generation"], 2);
    let patch = json!({"status": {"phase": "Running"}, "spec": {"nodeName": "n3"}});
    let merge = "application/merge-patch+json";
    let (_, status) = cluster
        .ask("PATCH", &format!("{one}/status"), merge, &patch)
        .await;
    assert_eq!(
        (&status["spec"]["nodeName"], &status["status"]["phase"]),
        (&json!("n2"), &json!("Running"))
    );
    assert_eq!(status["metadata"]["generation"], 2);
    // What was read before that is old.
    let mut told = Vec::new();
    for (method, path, kind, body) in [
        ("PUT", one.as_str(), "application/json", changed.clone()),
        ("POST", PODS, "application/json", pod("a", "web")),
        ("POST", PODS, "application/json", json!({"metadata": {}})),
        ("POST", PODS, "application/json", json!([])),
        ("PATCH", &one, "application/json-patch+json", json!({})),
        ("POST", "/api/v1/pods", "application/json", pod("b", "web")),
        ("PUT", PODS, "application/json", pod("b", "web")),
        ("DELETE", &one, "", Value::Null),
        ("DELETE", &one, "", Value::Null),
        ("GET", &one, "", Value::Null),
    ] {
        let (status, body) = cluster.ask(method, path, kind, &body).await;
        told.push(format!(
            "{method} {path}: {status} {} {}",
            body["reason"], body["message"]
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_workload_is_scaled() {
    let cluster = Cluster::new(|_| {}).await;
    cluster
        .sandbox
        .put(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}},
            "status": {"replicas": 2},
        }))
        .unwrap();
    let path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    let (_, mut scale) = cluster.get(path).await;
    assert_eq!(scale["spec"]["replicas"], 2);
    assert_eq!(
        scale["status"],
        json!({"replicas": 2, "selector": "app=web"})
    );
    scale["spec"]["replicas"] = json!(5);
    let (status, changed) = cluster.ask("PUT", path, "application/json", &scale).await;
    assert_eq!((status, &changed["spec"]["replicas"]), (200, &json!(5)));
    let (status, _) = cluster.ask("PUT", path, "application/json", &scale).await;
    assert_eq!(status, 409, "it changed since");
    let patch = json!({"spec": {"replicas": -1}});
    let (status, _) = cluster
        .ask("PATCH", path, "application/merge-patch+json", &patch)
        .await;
    assert_eq!(status, 422);
    let deployment = cluster
        .sandbox
        .get("apps/v1", "Deployment", "default", "web")
        .unwrap();
    assert_eq!(
        (
            &deployment["spec"]["replicas"],
            &deployment["status"]["replicas"]
        ),
        (&json!(5), &json!(2))
    );
}

async fn names(cluster: &Cluster, path: &str) -> String {
    let (status, list) = cluster.get(path).await;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = items
        .iter()
        .map(|i| i["metadata"]["name"].as_str().unwrap())
        .collect();
    format!("{status} {}", names.join(","))
}

#[tokio::test]
async fn objects_are_selected() {
    let cluster = Cluster::new(|_| {}).await;
    for (name, app) in [("a", "web"), ("b", "web"), ("c", "db")] {
        cluster.sandbox.put(pod(name, app)).unwrap();
    }
    let mut other = pod("d", "web");
    other["metadata"]["namespace"] = json!("team-b");
    other["spec"]["nodeName"] = json!("n2");
    cluster.sandbox.put(other).unwrap();
    let mut told = Vec::new();
    for path in [
        "/api/v1/pods",
        PODS,
        &format!("{PODS}?labelSelector=app%3Dweb"),
        &format!("{PODS}?labelSelector=app%20in%20(db)"),
        "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2",
        "/api/v1/pods?fieldSelector=metadata.name!%3Da,metadata.namespace%3D%3Ddefault",
        "/api/v1/pods?labelSelector=%3D%3D",
        "/api/v1/pods?fieldSelector=x",
        "/api/v1/pods?limit=2",
        "/api/v1/pods?limit=2&continue=default%2Fb",
    ] {
        told.push(format!("{path}: {}", names(&cluster, path).await));
    }
    insta::assert_snapshot!(told.join("\n"));
    let accept = [(
        "accept",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    )];
    let url = format!("{}{PODS}?limit=1", cluster.url);
    let list = cluster.client.get(&url, &accept).await.unwrap();
    insta::assert_snapshot!(String::from_utf8_lossy(&list.body));
    let (status, _) = cluster
        .ask(
            "DELETE",
            &format!("{PODS}?labelSelector=app%3Dweb"),
            "",
            &Value::Null,
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(names(&cluster, "/api/v1/pods").await, "200 c,d");
}
