//! External and resource metrics over providers of this test's own, and what is served at all.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use concertina_metrics_api::path::HealthEndpoint;
use concertina_metrics_api::provider::{ExternalMetricRef, Objects};
use concertina_metrics_api::server::HealthCheck;
use concertina_metrics_api::types::external::ExternalMetricValue;
use concertina_metrics_api::types::resource::{
    ContainerMetrics, MetricsMeta, NodeMetrics, PodMetrics, Usage,
};
use concertina_metrics_api::{
    ExternalMetricsProvider, MetricsApi, ProviderError, ResourceMetricsProvider,
};
use concertina_model::{GroupResource, Timestamp};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

struct Queues;

#[async_trait]
impl ExternalMetricsProvider for Queues {
    fn list(&self) -> Vec<String> {
        vec!["queue_length".to_owned()]
    }

    async fn values(
        &self,
        metric: &ExternalMetricRef,
    ) -> Result<Vec<ExternalMetricValue>, ProviderError> {
        if metric.name != "queue_length" {
            return Err(ProviderError::MetricNotFound {
                metric: metric.name.clone(),
                resource: GroupResource::core("namespaces"),
                reason: None,
            });
        }
        let queues = [("a", "3"), ("b", "1500m")];
        let chosen = queues.into_iter().filter(|(queue, _)| {
            metric
                .selector
                .matches(|key| (key == "queue").then_some(queue))
        });
        let value = |(queue, value): (&str, &str)| ExternalMetricValue {
            metric_name: metric.name.clone(),
            metric_labels: BTreeMap::from([("queue".to_owned(), queue.to_owned())]),
            timestamp: AT,
            window_seconds: None,
            value: value.parse().unwrap(),
        };
        Ok(chosen.map(value).collect())
    }
}

struct Machines;

fn meta(namespace: &str, name: &str) -> MetricsMeta {
    MetricsMeta {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        creation_timestamp: AT,
        labels: BTreeMap::new(),
    }
}

fn usage() -> Usage {
    let parts = [("cpu", "250m"), ("memory", "64Mi")];
    parts
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .into()
}

#[async_trait]
impl ResourceMetricsProvider for Machines {
    async fn pods(
        &self,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<PodMetrics>, ProviderError> {
        let pods = [("x", "p2"), ("x", "p1"), ("a", "p3")].into_iter();
        let asked = |(of, name): &(&str, &str)| {
            namespace.is_none_or(|wanted| wanted == *of)
                && match objects {
                    Objects::Named(wanted) => wanted == name,
                    Objects::Matching(_) => true,
                }
        };
        let pod = |(of, name)| PodMetrics {
            metadata: meta(of, name),
            timestamp: AT,
            window: Duration::from_secs(60),
            containers: vec![ContainerMetrics {
                name: "c".to_owned(),
                usage: usage(),
            }],
            ..PodMetrics::default()
        };
        Ok(pods.filter(asked).map(pod).collect())
    }

    async fn nodes(&self, _: &Objects) -> Result<Vec<NodeMetrics>, ProviderError> {
        Ok(vec![NodeMetrics {
            metadata: meta("", "n1"),
            timestamp: AT,
            window: Duration::from_secs(60),
            usage: usage(),
            ..NodeMetrics::default()
        }])
    }
}

fn api() -> MetricsApi {
    let rules = || Ok("read at 12:00".to_owned());
    MetricsApi::builder()
        .external(Queues)
        .resource(Machines)
        .health_check(HealthCheck::new("rules", [HealthEndpoint::Readyz], rules))
        .also_serves("/debug/explain")
        .metrics("text/plain; version=0.0.4", || {
            "requests_total 3\n".to_owned()
        })
        .build()
}

async fn get(path: &str) -> (u16, String) {
    let uri = path.parse().unwrap();
    let answer = api().respond(&Method::GET, &uri, &HeaderMap::new()).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn external_metrics() {
    let base = "/apis/external.metrics.k8s.io/v1beta1";
    let mut told = vec![get(base).await];
    for path in ["queue_length?labelSelector=queue%3Db", "nothing"] {
        told.push(get(&format!("{base}/namespaces/default/{path}")).await);
    }
    let told: Vec<String> = told.iter().map(|(s, body)| format!("{s} {body}")).collect();
    insta::assert_snapshot!(told.concat());
}

#[tokio::test]
async fn resource_metrics() {
    let base = "/apis/metrics.k8s.io/v1beta1";
    let mut told = Vec::new();
    for path in [
        "",
        "/pods?fieldSelector=metadata.namespace%3Dx",
        "/namespaces/x/pods/p1",
        "/namespaces/x/pods/gone",
        "/nodes",
        "/nodes/n2",
    ] {
        let (status, body) = get(&format!("{base}{path}")).await;
        told.push(format!("{status} {body}"));
    }
    insta::assert_snapshot!(told.concat());
}

#[tokio::test]
async fn what_is_served() {
    let (_, index) = get("/").await;
    insta::assert_snapshot!("index", index);
    assert_eq!(
        get("/apis/custom.metrics.k8s.io/v1beta1").await,
        (404, index.clone())
    );
    let listed: serde_json::Value = serde_json::from_str(&index).unwrap();
    for path in listed["paths"].as_array().unwrap() {
        // What the host serves beside this service is not answered here.
        let expected = if path == "/debug/explain" { 404 } else { 200 };
        assert_eq!(get(path.as_str().unwrap()).await.0, expected, "{path}");
    }
    let (status, text) = get("/readyz?verbose").await;
    assert_eq!(status, 200);
    insta::assert_snapshot!("readyz", text);
    assert_eq!(get("/livez/rules").await.0, 404);
    assert_eq!(get("/readyz/rules").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn own_metrics() {
    let told = get("/metrics").await;
    assert_eq!(told, (200, "requests_total 3\n".to_owned()));
}

/// All strings under a key, anywhere.
fn collect(value: &serde_json::Value, key: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if name == key => found.push(text.to_owned()),
                    _ => collect(value, key, found),
                }
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|v| collect(v, key, found)),
        _ => {}
    }
}

#[tokio::test]
async fn descriptions_are_whole() {
    let (_, index) = get("/openapi/v3").await;
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let mut urls = vec!["/openapi/v2".to_owned()];
    collect(&index, "serverRelativeURL", &mut urls);
    assert_eq!(urls.len(), 7, "{urls:?}");
    for url in urls {
        let (status, body) = get(&url).await;
        assert_eq!(status, 200, "{url}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let mut references = Vec::new();
        collect(&body, "$ref", &mut references);
        assert!(!references.is_empty());
        for reference in references {
            // Names have dots, and no slash.
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(body.pointer(pointer).is_some(), "{url}: {reference}");
        }
        let mut ids = Vec::new();
        collect(&body["paths"], "operationId", &mut ids);
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

#[tokio::test]
async fn who_has_a_document_is_told_so() {
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    for path in ["/openapi/v2", "/openapi/v3", "/apis"] {
        let uri = path.parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("accept", aggregated.parse().unwrap());
        let first = api().respond(&Method::GET, &uri, &headers).await;
        let tag = first.headers()["etag"].clone();
        headers.insert("if-none-match", tag.clone());
        let second = api().respond(&Method::GET, &uri, &headers).await;
        assert_eq!(
            (second.status().as_u16(), &second.headers()["etag"]),
            (304, &tag)
        );
        let body = second.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "");
    }
}

#[tokio::test]
async fn aggregated_discovery() {
    let beta = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    let mut headers = HeaderMap::new();
    headers.insert("accept", beta.parse().unwrap());
    let uri = "/apis".parse().unwrap();
    let answer = api().respond(&Method::GET, &uri, &headers).await;
    assert_eq!(answer.headers()["content-type"], beta);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap());
}

#[tokio::test]
async fn a_description_is_packed_for_who_takes_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/openapi/v2", listener.local_addr().unwrap());
    let options = concertina_http::ServerOptions::default();
    let serving = concertina_http::serve(listener, api(), options, std::future::pending());
    tokio::spawn(serving);
    let mut bodies = Vec::new();
    for gzip in [false, true] {
        let client = concertina_http::Client::new(concertina_http::ClientOptions {
            gzip,
            ..concertina_http::ClientOptions::default()
        });
        bodies.push(client.get(&url, &[]).await.unwrap().body);
    }
    assert_eq!(bodies[0], bodies[1], "the client unpacks it");
    let mut headers = HeaderMap::new();
    headers.insert("accept-encoding", "gzip".parse().unwrap());
    let answer = api()
        .respond(&Method::GET, &"/openapi/v2".parse().unwrap(), &headers)
        .await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.headers().get_all("vary").iter().count(), 1);
    let packed = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(packed.len() * 4 < bodies[0].len());
}
