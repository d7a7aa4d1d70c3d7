//! Writes as a real API server does them: conflicts, preconditions, finalizers, dry runs, patches.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::Cluster;
use concertina_sandbox::WriteEntry;
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const MERGE: &str = "application/merge-patch+json";

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "resourceVersion": "", "uid": "client's"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "i:1"}]},
            },
        },
        "status": {"replicas": 7},
    })
}

/// The status, reason and message of an answer.
fn told((status, body): (u16, Value)) -> String {
    format!("{status} {} {}", body["reason"], body["message"])
}

#[tokio::test]
async fn an_object_is_created_as_its_kind_wants() {
    let cluster = Cluster::new(|_| {}).await;
    let (status, created) = cluster.post(DEPLOYMENTS, &deployment()).await;
    assert_eq!(status, 201);
    insta::assert_snapshot!(serde_json::to_string_pretty(&created).unwrap());
    let service = json!({"metadata": {"generateName": "s-"}, "spec": {
        "type": "LoadBalancer", "ports": [{"port": 80}],
    }});
    let (_, service) = cluster
        .post("/api/v1/namespaces/a/services", &service)
        .await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&service).unwrap());
    let mut told_all = Vec::new();
    for (name, version, kind) in [
        ("UPPER", "apps/v1", "Deployment"),
        ("a", "apps/v1", "StatefulSet"),
        ("a", "apps/v1beta1", "Deployment"),
    ] {
        let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}});
        told_all.push(told(cluster.post(DEPLOYMENTS, &object).await));
    }
    let revision = json!({"metadata": {"name": "a", "resourceVersion": "3"}});
    told_all.push(told(cluster.post(DEPLOYMENTS, &revision).await));
    insta::assert_snapshot!(told_all.join("\n"));
}

#[tokio::test]
async fn updates_say_what_they_are_of() {
    let cluster = Cluster::new(|_| {}).await;
    let (_, created) = cluster.post(DEPLOYMENTS, &deployment()).await;
    let one = format!("{DEPLOYMENTS}/web");
    let put = async |path: &str, object: &Value| {
        told(cluster.ask("PUT", path, "application/json", object).await)
    };
    let mut old = created.clone();
    old["metadata"]["resourceVersion"] = json!("1");
    let mut other = created.clone();
    other["metadata"]["uid"] = json!("another");
    let mut named = created.clone();
    named["metadata"]["name"] = json!("x");
    let mut blind = created.clone();
    blind["metadata"]["resourceVersion"] = json!("");
    blind["spec"]["replicas"] = json!(3);
    let lease = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}});
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    let told_all = [
        put(&one, &old).await,
        put(&one, &other).await,
        put(&one, &named).await,
        put(&one, &blind).await,
        put(&format!("{DEPLOYMENTS}/none"), &json!({})).await,
        put(&format!("{leases}/l"), &lease).await,
        put(&format!("{leases}/l"), &lease).await,
        told(
            cluster
                .ask("DELETE", &one, "", &json!({"preconditions": {"uid": "x"}}))
                .await,
        ),
        told(
            cluster
                .ask(
                    "DELETE",
                    &one,
                    "",
                    &json!({"preconditions": {"resourceVersion": "1"}}),
                )
                .await,
        ),
    ];
    insta::assert_snapshot!(told_all.join("\n"));
    let web = cluster
        .sandbox
        .get("apps/v1", "Deployment", "default", "web");
    assert_eq!(web.unwrap()["metadata"]["generation"], 2);
    let revision = cluster.get(&one).await.1["metadata"]["resourceVersion"].clone();
    let mut same = created;
    same["metadata"]["resourceVersion"] = revision.clone();
    same["spec"]["replicas"] = json!(3);
    let (_, same) = cluster.ask("PUT", &one, "application/json", &same).await;
    assert_eq!(
        same["metadata"]["resourceVersion"], revision,
        "nothing changed"
    );
}

#[tokio::test]
async fn nothing_is_written_dry() {
    let cluster = Cluster::new(|_| {}).await;
    let dry = format!("{DEPLOYMENTS}?dryRun=All");
    let (status, created) = cluster.post(&dry, &deployment()).await;
    assert_eq!((status, &created["spec"]["replicas"]), (201, &json!(1)));
    assert_eq!(cluster.get(DEPLOYMENTS).await.1["items"], json!([]));
    cluster.post(DEPLOYMENTS, &deployment()).await;
    let one = format!("{DEPLOYMENTS}/web");
    let patch = json!({"spec": {"replicas": 9}});
    for path in [
        format!("{one}?dryRun=All"),
        format!("{one}/scale?dryRun=All"),
    ] {
        let (_, patched) = cluster.ask("PATCH", &path, MERGE, &patch).await;
        assert_eq!(patched["spec"]["replicas"], 9);
    }
    let (status, _) = cluster
        .ask("DELETE", &format!("{one}?dryRun=All"), "", &Value::Null)
        .await;
    assert_eq!(status, 200);
    let (_, deleted) = cluster
        .ask("DELETE", &one, "", &json!({"dryRun": ["All"]}))
        .await;
    assert_eq!(deleted["status"], "Success");
    let (status, web) = cluster.get(&one).await;
    assert_eq!((status, &web["spec"]["replicas"]), (200, &json!(1)));
    let (status, _) = cluster
        .ask("PATCH", &format!("{one}?dryRun=x"), MERGE, &patch)
        .await;
    assert_eq!(status, 400);
    let verbs: Vec<&str> = cluster
        .sandbox
        .writes()
        .iter()
        .map(|write| write.verb)
        .collect();
    assert_eq!(verbs, ["create"]);
}

#[tokio::test]
async fn finalizers_hold_an_object() {
    let cluster = Cluster::new(|_| {}).await;
    let mut held = deployment();
    held["metadata"]["finalizers"] = json!(["a.example/x", "b.example/y"]);
    cluster.post(DEPLOYMENTS, &held).await;
    let one = format!("{DEPLOYMENTS}/web");
    let (status, going) = cluster.ask("DELETE", &one, "", &Value::Null).await;
    assert_eq!(
        (status, &going["metadata"]["deletionTimestamp"]),
        (200, &json!("2023-11-14T22:13:20Z"))
    );
    let (_, again) = cluster.ask("DELETE", &one, "", &Value::Null).await;
    assert_eq!(again, going);
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    let more = finalizers(json!(["a.example/x", "c.example/z"]));
    insta::assert_snapshot!(told(cluster.ask("PATCH", &one, MERGE, &more).await), @r#"422 "Invalid" "Deployment.apps \"web\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted""#);
    let fewer = finalizers(json!(["b.example/y"]));
    let (status, _) = cluster.ask("PATCH", &one, MERGE, &fewer).await;
    assert_eq!((status, cluster.get(&one).await.0), (200, 200));
    let (status, _) = cluster
        .ask("PATCH", &one, MERGE, &finalizers(json!([])))
        .await;
    assert_eq!((status, cluster.get(&one).await.0), (200, 404));
}

#[tokio::test]
async fn what_belongs_to_an_object_goes_with_it() {
    let cluster = Cluster::new(|_| {}).await;
    let owned = |name: &str, uids: &[&str]| {
        let owner =
            |uid: &&str| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": uid});
        let owners: Vec<Value> = uids.iter().map(owner).collect();
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "a", "uid": name, "ownerReferences": owners},
        })
    };
    let names = async || {
        let (_, list) = cluster.get("/api/v1/configmaps").await;
        let names = list["items"].as_array().unwrap().iter();
        names
            .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for object in [
        owned("top", &[]),
        owned("other", &[]),
        owned("child", &["top"]),
        owned("grandchild", &["child"]),
        owned("shared", &["top", "other"]),
    ] {
        cluster.sandbox.put(object).unwrap();
    }
    let maps = "/api/v1/namespaces/a/configmaps";
    cluster
        .ask("DELETE", &format!("{maps}/top"), "", &Value::Null)
        .await;
    assert_eq!(names().await, ["other", "shared"]);
    let orphan = json!({"propagationPolicy": "Orphan"});
    cluster
        .ask("DELETE", &format!("{maps}/other"), "", &orphan)
        .await;
    assert_eq!(names().await, ["shared"]);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
    cluster.sandbox.put(namespace).unwrap();
    cluster
        .ask("DELETE", "/api/v1/namespaces/a", "", &Value::Null)
        .await;
    assert!(names().await.is_empty());
}

#[tokio::test]
async fn every_patch_is_read() {
    let cluster = Cluster::new(|_| {}).await;
    cluster.post(DEPLOYMENTS, &deployment()).await;
    let one = format!("{DEPLOYMENTS}/web");
    let json_patch = "application/json-patch+json";
    let strategic = "application/strategic-merge-patch+json";
    let test = json!([{"op": "test", "path": "/spec/replicas", "value": 5}]);
    let replace = json!([
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 4},
    ]);
    let container = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "c", "env": [{"name": "E", "value": "1"}]}, {"name": "d"},
    ]}}}});
    let mut told_all = Vec::new();
    for (kind, patch) in [
        (json_patch, &test),
        (json_patch, &replace),
        (json_patch, &json!({})),
        (strategic, &container),
        ("application/json", &json!({})),
    ] {
        told_all.push(told(cluster.ask("PATCH", &one, kind, patch).await));
    }
    insta::assert_snapshot!(told_all.join("\n"));
    let (_, web) = cluster.get(&one).await;
    assert_eq!(web["spec"]["replicas"], 4);
    let containers = &web["spec"]["template"]["spec"]["containers"];
    assert_eq!(
        *containers,
        json!([{"name": "c", "image": "i:1", "env": [{"name": "E", "value": "1"}]}, {"name": "d"}])
    );
}

#[tokio::test]
async fn writes_are_noted() {
    let cluster = Cluster::new(|_| {}).await;
    cluster.post(DEPLOYMENTS, &deployment()).await;
    let one = format!("{DEPLOYMENTS}/web");
    let patch = json!({"spec": {"replicas": 2}});
    cluster
        .ask("PATCH", &format!("{one}/scale"), MERGE, &patch)
        .await;
    cluster
        .ask(
            "PATCH",
            &format!("{one}/status"),
            MERGE,
            &json!({"status": {"replicas": 2}}),
        )
        .await;
    cluster
        .ask("PATCH", &format!("{one}/nothing"), MERGE, &patch)
        .await;
    cluster.ask("DELETE", &one, "", &Value::Null).await;
    let writes = cluster.sandbox.writes();
    let told: Vec<String> = writes
        .iter()
        .map(|write| {
            let WriteEntry {
                verb,
                resource,
                namespace,
                name,
                revision,
                at,
                ..
            } = write;
            let replicas = &write.object["spec"]["replicas"];
            format!("{at} {verb} {resource} {namespace}/{name} {revision} replicas={replicas}")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
