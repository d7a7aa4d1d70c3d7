//! Recorded requests to prometheus-adapter 0.12, replayed: the same world, the same questions, and
//! the recorded answers but for the differences that are listed in `differences.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "tests"
)]

mod compare;
mod differences;
mod kubectl;
mod protobuf;
mod recorded;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use concertina_metrics_api::MetricsApi;
use http_body_util::BodyExt;

use differences::Used;
use recorded::{Answer, Case, cases};
use tower_service::Service;
use world::World;

async fn ask(world: &World, case: &Case) -> Answer {
    let mut request = http::Request::new(());
    *request.method_mut() = case.method.clone();
    *request.uri_mut() = case.target.parse().unwrap();
    *request.headers_mut() = case.headers.clone();
    if let Some(peer) = world.peer(&case.name) {
        request.extensions_mut().insert(peer);
    }
    let answer = world.service.clone().call(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        // Whoever carries the answer leaves the body of one to HEAD out.
        body: match case.method {
            http::Method::HEAD => Vec::new(),
            _ => body,
        },
    }
}

/// What the plain lists have, which are compared with recorded ones.
async fn listed(api: &MetricsApi) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    for version in ["v1beta1", "v1beta2"] {
        let of = format!("custom.metrics.k8s.io/{version}");
        let uri = format!("/apis/{of}").parse().unwrap();
        let answer = api
            .respond(&http::Method::GET, &uri, &http::HeaderMap::new())
            .await;
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let list: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let names = list["resources"].as_array().unwrap().iter();
        listed.extend(names.map(|one| format!("{of} {}", one["name"].as_str().unwrap())));
    }
    listed
}

/// Replays a folder, prints the parity line and the differences that were met, and fails if an
/// answer is another one.
async fn replay(root: &Path, name: &str, folder: &str, prometheus_stopped: bool) {
    let world = World::new(&root.join("fixture"), prometheus_stopped).await;
    let cases = cases(&root.join(folder));
    let mut used = Used {
        listed: listed(&world.api).await,
        ..Used::default()
    };
    let mut failed = Vec::new();
    for case in &cases {
        let ours = ask(&world, case).await;
        if let Err(why) = compare::compare(case, &ours, &mut used) {
            failed.push(format!("{}: {why}", case.name));
        }
    }
    println!(
        "\nparity {name}: {} of {}",
        cases.len() - failed.len(),
        cases.len()
    );
    for (difference, cases) in &used.met {
        println!("difference {difference:?}: {}", cases.join(", "));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(!cases.is_empty(), "there is nothing in {}", root.display());
}

#[tokio::test]
async fn recorded_answers() {
    let root = concertina_testkit::root(env!("CARGO_MANIFEST_DIR")).join("wire");
    replay(&root, "wire", "responses", false).await;
}

#[tokio::test]
async fn recorded_answers_without_prometheus() {
    let root = concertina_testkit::root(env!("CARGO_MANIFEST_DIR")).join("wire");
    replay(
        &root,
        "wire_prometheus_down",
        "responses-prometheus-down",
        true,
    )
    .await;
}

/// What was recorded without the body.
#[tokio::test]
async fn recorded_statuses() {
    let root = concertina_testkit::root(env!("CARGO_MANIFEST_DIR")).join("wire");
    let api = World::new(&root.join("fixture"), false).await.api;
    let group = "custom.metrics.k8s.io";
    let paths = [
        ("openapi-v2", "/openapi/v2".to_owned()),
        (
            "openapi-v3-v1beta1",
            format!("/openapi/v3/apis/{group}/v1beta1"),
        ),
        (
            "openapi-v3-v1beta2",
            format!("/openapi/v3/apis/{group}/v1beta2"),
        ),
        ("openapi-v3-group", format!("/openapi/v3/apis/{group}")),
        ("metrics", "/metrics".to_owned()),
    ];
    let statuses = std::fs::read_to_string(root.join("responses-status.txt")).unwrap();
    for (name, path) in paths {
        let lines = statuses.lines().map(str::split_whitespace);
        let mut lines = lines.map(Iterator::collect::<Vec<_>>);
        let recorded = lines.find(|words| words.first() == Some(&name));
        let uri = path.parse().unwrap();
        let answer = api
            .respond(&http::Method::GET, &uri, &http::HeaderMap::new())
            .await;
        let status = answer.status().as_u16().to_string();
        assert_eq!(recorded.unwrap().last(), Some(&status.as_str()), "{name}");
    }
}
