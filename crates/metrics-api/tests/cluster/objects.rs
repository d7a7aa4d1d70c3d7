//! Objects by their labels, from memory.

use std::time::Duration;

use concertina_metrics_api::adapter::{ObjectLister, UsageObjects};
use concertina_metrics_api::cluster::WatchOptions;
use concertina_metrics_api::provider::Objects;
use concertina_model::LabelSelector;
use serde_json::json;

use crate::world::{
    ApiServer, become_pods, lists_and_watches, pod, pods, resource, sandbox, watched,
};

#[tokio::test(flavor = "multi_thread")]
async fn requests_cost_the_api_server_one_list_and_one_watch() {
    let sandbox = sandbox();
    for n in 0..1_200 {
        let labels = json!({"app": if n % 2 == 0 { "even" } else { "odd" }});
        sandbox.put(pod("x", &format!("p{n:04}"), &labels)).unwrap();
    }
    let server = ApiServer::start(&sandbox, 0).await;
    let objects = watched(&server, WatchOptions::default());
    let first = tokio::join!(pods(&objects, "app=even"), pods(&objects, "app=odd"));
    assert_eq!(first.0.unwrap().len(), 600);
    assert_eq!(first.1.unwrap()[..2], ["p0001", "p0003"]);
    for _ in 0..200 {
        assert_eq!(
            pods(&objects, "app in (even, odd)").await.unwrap().len(),
            1_200
        );
    }
    become_pods(&objects, "app=none", &[]).await;
    sandbox
        .put(pod("x", "new", &json!({"app": "new"})))
        .unwrap();
    become_pods(&objects, "app=new", &["new"]).await;
    sandbox
        .put(pod("x", "new", &json!({"app": "renamed"})))
        .unwrap();
    become_pods(&objects, "app=new", &[]).await;
    become_pods(&objects, "app=renamed", &["new"]).await;
    sandbox.delete("v1", "Pod", "x", "new").unwrap();
    become_pods(&objects, "app=renamed", &[]).await;
    // Three pages of 500, and one watch that has lasted until now.
    assert_eq!(lists_and_watches(&sandbox), (3, 1));
    let metadata_only = sandbox.audit();
    assert!(metadata_only.iter().all(|entry| entry.status == 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_names_and_labels_of_those_whose_use_is_asked_for() {
    let sandbox = sandbox();
    for (namespace, name) in [("x", "a"), ("x", "b"), ("y", "a")] {
        let labels = json!({"app": name, "empty": ""});
        sandbox.put(pod(namespace, name, &labels)).unwrap();
    }
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"gpu": "a100"}}});
    sandbox.put(node).unwrap();
    let server = ApiServer::start(&sandbox, 0).await;
    let objects = watched(&server, WatchOptions::default());
    let list = async |name: &str, namespace, objects_meant| {
        let found = UsageObjects::list(&objects, &resource(name), namespace, &objects_meant).await;
        let told = found.unwrap().into_iter();
        let told = told.map(|one| format!("{}/{} {:?}", one.namespace, one.name, one.labels));
        told.collect::<Vec<_>>().join("\n")
    };
    let named = |name: &str| Objects::Named(name.to_owned());
    let matching = |selector: &str| Objects::Matching(selector.parse::<LabelSelector>().unwrap());
    insta::assert_snapshot!(
        [
            list("pods", Some("y"), named("a")).await,
            list("pods", Some("y"), named("b")).await,
            list("pods", None, matching("app=a,empty=")).await,
            list("nodes", None, named("n1")).await,
            list("nodes", None, matching("!gpu")).await,
        ].join("\n--\n"),
        @r#"
y/a {"app": "a", "empty": ""}
--

--
x/a {"app": "a", "empty": ""}
y/a {"app": "a", "empty": ""}
--
/n1 {"gpu": "a100"}
--
"#
    );
    let namespaces = LabelSelector::everything();
    let of_cluster = ObjectLister::list(&objects, &resource("nodes"), None, &namespaces).await;
    assert_eq!(of_cluster.unwrap(), ["n1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asks_for_is_followed_no_longer() {
    let sandbox = sandbox();
    sandbox.put(pod("x", "a", &json!({}))).unwrap();
    let server = ApiServer::start(&sandbox, 0).await;
    let options = WatchOptions {
        unused: Duration::from_millis(400),
        max_resources: 1,
        ..WatchOptions::default()
    };
    let objects = watched(&server, options);
    assert_eq!(pods(&objects, "").await.unwrap(), ["a"]);
    let everything = LabelSelector::everything();
    let node = resource("nodes");
    let nodes = || ObjectLister::list(&objects, &node, None, &everything);
    insta::assert_snapshot!(nodes().await.unwrap_err().to_string(), @"the objects of 1 resources are followed, and no more can be");
    let mut freed = false;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        freed = nodes().await.is_ok();
        if freed {
            break;
        }
    }
    assert!(freed, "the place of the pods is free again");
}
