//! The API server says no, is away, or is not what it should be.

use std::sync::Arc;
use std::time::Duration;

use concertina_metrics_api::cluster::{WatchOptions, WatchedObjects};
use concertina_sandbox::{Fault, Policy, Sandbox, SandboxOptions, Then, User, What, Who};
use prometheus_client::registry::Registry;
use serde_json::json;

use crate::world::{ApiServer, become_pods, fast, lists_and_watches, pod, pods, sandbox, watched};

/// Waits no longer than this for a first answer.
fn impatient() -> WatchOptions {
    WatchOptions {
        first_sync: Duration::from_millis(700),
        ..WatchOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_list_is_told_what_to_grant() {
    let sandbox = Sandbox::new(SandboxOptions {
        enforce: true,
        ..SandboxOptions::default()
    });
    let nobody = Policy::new().token("it", User::new("concertina", []), None);
    sandbox.set_policy(nobody.clone());
    sandbox.put(pod("x", "a", &json!({}))).unwrap();
    let server = ApiServer::start(&sandbox, 0).await;
    let objects = watched(&server, WatchOptions::default());
    insta::assert_snapshot!(pods(&objects, "").await.unwrap_err(), @r#"pods cannot be listed: the API server answers 403: forbidden: User "concertina" cannot list resource "pods" in API group ""; grant list and watch on pods of all namespaces to this server"#);
    let may = What::Resources {
        groups: vec![String::new()],
        resources: vec!["pods".to_owned()],
        verbs: vec!["list".to_owned(), "watch".to_owned()],
        namespace: None,
    };
    sandbox.set_policy(nobody.allow(Who::User("concertina".to_owned()), may));
    become_pods(&objects, "", &["a"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_an_error_and_no_empty_list() {
    let mut told = Vec::new();
    for then in [
        Then::Status(503),
        Then::Hang,
        Then::Drop,
        Then::Garbage("<html>".to_owned()),
        Then::Garbage("{}".to_owned()),
        Then::Status(404),
    ] {
        let sandbox = sandbox();
        sandbox.put(pod("x", "a", &json!({}))).unwrap();
        sandbox.fault(Fault::new("/api/v1/pods", then));
        let server = ApiServer::start(&sandbox, 0).await;
        let objects = watched(&server, impatient());
        told.push(pods(&objects, "").await.unwrap_err());
        sandbox.clear_faults();
        drop(server);
    }
    let sandbox = sandbox();
    let gone = ApiServer::start(&sandbox, 0).await;
    let objects = watched(&gone, impatient());
    let port = gone.port;
    drop(gone);
    tokio::time::sleep(Duration::from_millis(100)).await;
    told.push(pods(&objects, "").await.unwrap_err());
    insta::assert_snapshot!(told.join("\n"), @"
which pods there are is not known yet, after 0.7 s: the API server answers 503: this is a fault on purpose
which pods there are is not known yet, after 0.7 s: the API server has not answered
which pods there are is not known yet, after 0.7 s: the API server cannot be asked: connection closed before message completed
which pods there are is not known yet, after 0.7 s: the API server's answer cannot be read: expected value at line 1 column 1
which pods there are is not known yet, after 0.7 s: the API server's answer cannot be read: missing field `items` at line 1 column 2
pods cannot be listed: the API server answers 404: this is a fault on purpose
which pods there are is not known yet, after 0.7 s: the API server cannot be asked: Connection refused (os error 111)
");
    // It comes back, and so do the objects.
    sandbox.put(pod("x", "late", &json!({}))).unwrap();
    let _server = ApiServer::start(&sandbox, port).await;
    become_pods(&objects, "", &["late"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_list_counts_while_the_api_server_is_away_but_not_for_ever() {
    let sandbox = sandbox();
    sandbox.put(pod("x", "a", &json!({}))).unwrap();
    let server = ApiServer::start(&sandbox, 0).await;
    let options = WatchOptions {
        last_good: Duration::from_secs(240),
        ..WatchOptions::default()
    };
    let objects = WatchedObjects::new(server.client(), options, fast());
    let mut registry = Registry::default();
    objects.register(&mut registry);
    let numbers = || {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    };
    assert_eq!(pods(&objects, "").await.unwrap(), ["a"]);
    assert!(numbers().contains("watched_objects{resource=\"pods\"} 1\n"));
    assert!(numbers().contains("watch_failing{resource=\"pods\"} 0\n"));
    let port = server.port;
    drop(server);
    let mut good = 0;
    let lost = loop {
        match pods(&objects, "").await {
            Ok(names) => {
                assert_eq!(names, ["a"], "never less than was known");
                good += usize::from(numbers().contains("watch_failing{resource=\"pods\"} 1\n"));
            }
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(good > 10, "the last list was in use while the watch failed");
    let (before, after) = lost.split_once("since ").unwrap();
    assert_eq!(before, "which pods there are is not known any more: ");
    assert!(
        after.contains("the API server cannot be asked: "),
        "{after}"
    );
    // What happened meanwhile is seen when it is back.
    sandbox.put(pod("x", "b", &json!({}))).unwrap();
    sandbox.delete("v1", "Pod", "x", "a").unwrap();
    let _server = ApiServer::start(&sandbox, port).await;
    become_pods(&objects, "", &["b"]).await;
    assert!(numbers().contains("watch_failing{resource=\"pods\"} 0\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_whose_history_is_gone_is_listed_anew() {
    let sandbox = sandbox();
    sandbox.put(pod("x", "a", &json!({}))).unwrap();
    let server = ApiServer::start(&sandbox, 0).await;
    let objects = WatchedObjects::new(server.client(), WatchOptions::default(), fast());
    assert_eq!(pods(&objects, "").await.unwrap(), ["a"]);
    let port = server.port;
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    sandbox.delete("v1", "Pod", "x", "a").unwrap();
    sandbox.put(pod("x", "b", &json!({}))).unwrap();
    sandbox.forget_history();
    let _server = ApiServer::start(&sandbox, port).await;
    become_pods(&objects, "", &["b"]).await;
    let (lists, _) = lists_and_watches(&sandbox);
    assert_eq!(lists, 2);
    drop(Arc::new(objects));
}
