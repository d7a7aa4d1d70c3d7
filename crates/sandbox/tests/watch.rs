//! Watches over HTTP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::time::Duration;

use common::{Cluster, pod};
use concertina_http::Streaming;
use serde_json::{Value, json};

/// A watch, read line by line.
struct Lines {
    answer: Streaming,
    rest: String,
}

impl Lines {
    async fn open(cluster: &Cluster, query: &str) -> Self {
        let url = format!("{}/api/v1/pods?watch=true{query}", cluster.url);
        let answer = cluster.client.open(&url, &[]).await.unwrap();
        assert_eq!(answer.status, 200);
        Self {
            answer,
            rest: String::new(),
        }
    }

    /// `TYPE NAME REVISION` of the next event; none at the end.
    async fn next(&mut self) -> Option<String> {
        while !self.rest.contains('\n') {
            let piece = self.answer.piece(Duration::from_secs(5)).await.unwrap()?;
            self.rest.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let (line, rest) = self.rest.split_once('\n').unwrap();
        let event: Value = serde_json::from_str(line).unwrap();
        self.rest = rest.to_owned();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let meta = &event["object"]["metadata"];
        let (what, name) = (text(&event["type"]), text(&meta["name"]));
        Some(match what.as_str() {
            "ERROR" => format!("{what} {}", event["object"]["code"]),
            "BOOKMARK" => format!(
                "{what} {} {}",
                text(&meta["resourceVersion"]),
                meta["annotations"]
            ),
            _ => format!("{what} {name} {}", text(&meta["resourceVersion"])),
        })
    }
}

#[tokio::test]
async fn changes_are_told_in_order() {
    let cluster = Cluster::new(|_| {}).await;
    cluster.sandbox.put(pod("a", "web")).unwrap();
    let mut all = Lines::open(&cluster, "").await;
    let mut later = Lines::open(&cluster, "&resourceVersion=2").await;
    let mut web = Lines::open(&cluster, "&labelSelector=app%3Dweb").await;
    for watch in [&mut all, &mut web] {
        assert_eq!(watch.next().await.unwrap(), "ADDED a 2");
    }
    cluster.sandbox.put(pod("b", "db")).unwrap();
    cluster.sandbox.put(pod("b", "web")).unwrap();
    cluster.sandbox.put(pod("a", "db")).unwrap();
    cluster.sandbox.delete("v1", "Pod", "default", "b").unwrap();
    for watch in [&mut all, &mut later] {
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(watch.next().await.unwrap());
        }
        assert_eq!(
            told,
            ["ADDED b 3", "MODIFIED b 4", "MODIFIED a 5", "DELETED b 6"]
        );
    }
    // What is no longer selected is gone for who selects.
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(web.next().await.unwrap());
    }
    assert_eq!(told, ["ADDED b 4", "DELETED a 5", "DELETED b 6"]);
}

#[tokio::test]
async fn what_is_forgotten_cannot_be_gone_on_from() {
    let cluster = Cluster::new(|options| options.history = 2).await;
    let mut open = Lines::open(&cluster, "&resourceVersion=1").await;
    for name in ["a", "b", "c"] {
        cluster.sandbox.put(pod(name, "web")).unwrap();
    }
    let old = format!("{}/api/v1/pods?watch=1&resourceVersion=1", cluster.url);
    let answer = cluster.client.get(&old, &[]).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &body["reason"]), (410, &json!("Expired")));
    // Who was fast enough, or is told that it was not.
    loop {
        match open.next().await {
            Some(line) if line == "ERROR 410" => break,
            Some(line) if line == "ADDED c 4" => {
                cluster.sandbox.forget_history();
                assert_eq!(open.next().await.unwrap(), "ERROR 410");
                break;
            }
            line => assert!(line.is_some()),
        }
    }
    assert_eq!(open.next().await, None);
}

#[tokio::test]
async fn bookmarks_tell_how_far_it_is() {
    let cluster = Cluster::new(|options| options.bookmarks = Duration::from_millis(20)).await;
    cluster.sandbox.put(pod("a", "web")).unwrap();
    let mut watch = Lines::open(&cluster, "&allowWatchBookmarks=true&sendInitialEvents=true").await;
    assert_eq!(watch.next().await.unwrap(), "ADDED a 2");
    let end = r#"BOOKMARK 2 {"k8s.io/initial-events-end":"true"}"#;
    assert_eq!(watch.next().await.unwrap(), end);
    assert_eq!(watch.next().await.unwrap(), "BOOKMARK 2 null");
    let mut short = Lines::open(&cluster, "&timeoutSeconds=0&resourceVersion=2").await;
    assert_eq!(short.next().await, None, "its time is over");
}
