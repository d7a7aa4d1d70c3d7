//! Server-side apply.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::Cluster;
use serde_json::{Value, json};

const ONE: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const APPLY: &str = "application/apply-patch+yaml";

fn config(replicas: Option<i64>, containers: Value) -> Value {
    let mut config = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"tier": "front"}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
        },
    });
    if let Some(replicas) = replicas {
        config["spec"]["replicas"] = json!(replicas);
    }
    config
}

async fn apply(cluster: &Cluster, query: &str, config: &Value) -> (u16, Value) {
    cluster
        .ask(
            "PATCH",
            &format!("{ONE}?fieldManager={query}"),
            APPLY,
            config,
        )
        .await
}

/// Who has which fields.
fn managers(object: &Value) -> String {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let entry = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {} {} {}",
            text("manager"),
            text("operation"),
            text("subresource"),
            entry["fieldsV1"]
        )
    };
    entries.iter().map(entry).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn fields_have_managers() {
    let cluster = Cluster::new(|_| {}).await;
    let containers =
        json!([{"name": "a", "image": "1"}, {"name": "b", "image": "1", "args": ["x"]}]);
    let (status, created) = apply(&cluster, "ci", &config(Some(2), containers)).await;
    assert_eq!(
        (status, &created["metadata"]["generation"]),
        (201, &json!(1))
    );
    insta::assert_snapshot!(managers(&created));
    // Who scales takes the replicas.
    let patch = json!({"spec": {"replicas": 5}});
    let scale = format!("{ONE}/scale?fieldManager=scaler");
    cluster
        .ask("PATCH", &scale, "application/merge-patch+json", &patch)
        .await;
    let (_, scaled) = cluster.get(ONE).await;
    insta::assert_snapshot!(managers(&scaled));
    // Without the replicas and one container: the one goes, the replicas stay the scaler's.
    let (status, applied) = apply(
        &cluster,
        "ci",
        &config(None, json!([{"name": "a", "image": "2"}])),
    )
    .await;
    assert_eq!((status, &applied["spec"]["replicas"]), (200, &json!(5)));
    assert_eq!(
        applied["spec"]["template"]["spec"]["containers"],
        json!([{"name": "a", "image": "2"}])
    );
    // The same again changes nothing.
    let (_, again) = apply(
        &cluster,
        "ci",
        &config(None, json!([{"name": "a", "image": "2"}])),
    )
    .await;
    assert_eq!(again, applied);
    let (status, refused) = apply(
        &cluster,
        "ci",
        &config(Some(1), json!([{"name": "a", "image": "2"}])),
    )
    .await;
    insta::assert_snapshot!(format!("{status} {refused}"));
    let (status, forced) = apply(
        &cluster,
        "ci&force=true",
        &config(Some(1), json!([{"name": "a", "image": "2"}])),
    )
    .await;
    assert_eq!((status, &forced["spec"]["replicas"]), (200, &json!(1)));
    insta::assert_snapshot!(managers(&forced));
}

#[tokio::test]
async fn several_apply_to_one_object() {
    let cluster = Cluster::new(|_| {}).await;
    apply(
        &cluster,
        "a",
        &config(None, json!([{"name": "a", "image": "1"}])),
    )
    .await;
    let sidecar = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "s", "image": "1"}, {"name": "a", "tty": true}]}}},
    });
    let (status, both) = apply(&cluster, "b", &sidecar).await;
    assert_eq!(status, 200);
    assert_eq!(
        both["spec"]["template"]["spec"]["containers"],
        json!([{"name": "a", "image": "1", "tty": true}, {"name": "s", "image": "1"}])
    );
    // What one gives up, the other keeps.
    let nothing =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}});
    let (_, left) = apply(&cluster, "b", &nothing).await;
    assert_eq!(
        left["spec"]["template"]["spec"]["containers"],
        json!([{"name": "a", "image": "1"}])
    );
    let status = format!("{ONE}/status?fieldManager=c&force=true");
    let told = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 9},
        "status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]},
    });
    let (code, object) = cluster.ask("PATCH", &status, APPLY, &told).await;
    assert_eq!((code, &object["spec"]["replicas"]), (200, &json!(1)));
    insta::assert_snapshot!(managers(&object));
}

#[tokio::test]
async fn what_was_there_before_is_somebodys() {
    let cluster = Cluster::new(|_| {}).await;
    let mut first = config(Some(2), json!([{"name": "a", "image": "1"}]));
    first["metadata"]["namespace"] = json!("default");
    cluster.sandbox.put(first).unwrap();
    let (status, refused) = apply(
        &cluster,
        "ci",
        &config(Some(3), json!([{"name": "a", "image": "1"}])),
    )
    .await;
    insta::assert_snapshot!(format!("{status} {}", refused["message"]), @r#"409 "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas""#);
    let scale = json!({"spec": {"replicas": 2}});
    let path = format!("{ONE}/scale?fieldManager=scaler");
    let (status, scaled) = cluster.ask("PATCH", &path, APPLY, &scale).await;
    assert_eq!((status, &scaled["spec"]["replicas"]), (200, &json!(2)));
    let (_, object) = cluster.get(ONE).await;
    insta::assert_snapshot!(managers(&object));
    let (status, refused) = cluster.ask("PATCH", ONE, APPLY, &json!({})).await;
    assert_eq!(
        (status, refused["reason"].as_str()),
        (400, Some("BadRequest"))
    );
}
