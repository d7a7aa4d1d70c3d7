use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use concertina_http::{Body, Client, ClientOptions, ServerOptions};
use http::StatusCode;

use super::*;

const GROUP_PATH: &str = "/apis/custom.metrics.k8s.io";
const PODS: &str = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods";

/// A server that answers each path and query with a status and a text of its own.
#[derive(Clone)]
struct Canned {
    answers: Arc<HashMap<String, (u16, String)>>,
    discoveries: Arc<AtomicUsize>,
}

impl<B> tower_service::Service<http::Request<B>> for Canned {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let target = request.uri().to_string();
        if target == GROUP_PATH {
            self.discoveries.fetch_add(1, Ordering::SeqCst);
        }
        let missing = (500, format!("unexpected {target}"));
        let (status, text) = self.answers.get(&target).unwrap_or(&missing).clone();
        let status = StatusCode::from_u16(status).unwrap();
        ready(Ok(concertina_http::json(status, text)))
    }
}

/// A client of a server that answers `answers` and lists `versions`.
async fn client(
    versions: &[&str],
    answers: &[(String, u16, &str)],
) -> (MetricsClient, Arc<AtomicUsize>) {
    let versions: Vec<_> = versions
        .iter()
        .map(|version| serde_json::json!({ "groupVersion": format!("{GROUP}/{version}"), "version": version }))
        .collect();
    let group = serde_json::json!({ "kind": "APIGroup", "name": GROUP, "versions": versions });
    let mut all: HashMap<_, _> = answers
        .iter()
        .map(|(target, status, text)| (target.clone(), (*status, (*text).to_owned())))
        .collect();
    all.insert(GROUP_PATH.to_owned(), (200, group.to_string()));
    let discoveries = Arc::new(AtomicUsize::new(0));
    let service = Canned {
        answers: Arc::new(all),
        discoveries: Arc::clone(&discoveries),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let forever = std::future::pending();
    tokio::spawn(concertina_http::serve(
        listener,
        service,
        ServerOptions::default(),
        forever,
    ));
    (
        MetricsClient::new(url, Client::new(ClientOptions::default())),
        discoveries,
    )
}

fn metric(namespace: Option<&str>, resource: &str, selector: &str) -> MetricRef {
    MetricRef {
        namespace: namespace.map(str::to_owned),
        resource: resource.parse().unwrap(),
        name: "m".to_owned(),
        selector: selector.parse().unwrap(),
    }
}

#[test]
fn targets_are_those_of_the_controller() {
    let app: LabelSelector = "app=bert-intent-detection".parse().unwrap();
    let gpu = "UUID,gpu=0,gpu in (0,1)";
    let cases = [
        target(
            ApiVersion::V1beta2,
            &metric(Some("default"), "pods", ""),
            "*",
            Some(&app),
        ),
        target(
            ApiVersion::V1beta1,
            &metric(Some("default"), "pods", gpu),
            "*",
            Some(&app),
        ),
        target(
            ApiVersion::V1beta1,
            &metric(Some("ns"), "services", "a=b"),
            "s",
            None,
        ),
        target(
            ApiVersion::V1beta1,
            &metric(Some("ns"), "deployments.apps", ""),
            "d",
            None,
        ),
        target(
            ApiVersion::V1beta1,
            &metric(None, "nodes", ""),
            "cn-beijing.192.168.94.107",
            None,
        ),
        target(
            ApiVersion::V1beta1,
            &metric(None, "namespaces", ""),
            "default",
            None,
        ),
    ];
    let short: Vec<&str> = cases
        .iter()
        .map(|target| target.strip_prefix(GROUP_PATH).unwrap())
        .collect();
    insta::assert_snapshot!(short.join("\n"), @r"
    /v1beta2/namespaces/default/pods/%2A/m?labelSelector=app%3Dbert-intent-detection
    /v1beta1/namespaces/default/pods/%2A/m?labelSelector=app%3Dbert-intent-detection&metricLabelSelector=UUID%2Cgpu%3D0%2Cgpu%20in%20%280%2C1%29
    /v1beta1/namespaces/ns/services/s/m?metricLabelSelector=a%3Db
    /v1beta1/namespaces/ns/deployments.apps/d/m
    /v1beta1/nodes/cn-beijing.192.168.94.107/m
    /v1beta1/namespaces/default/metrics/m
    ");
}

#[tokio::test]
async fn v1beta1_is_read_where_there_is_nothing_newer() {
    let list = r#"{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta1","metadata":{},"items":[
        {"describedObject":{"kind":"Pod","namespace":"default","name":"p","apiVersion":"/v1"},"metricName":"m","timestamp":"2026-11-23T21:16:36Z","window":30,"value":"1500m","selector":null}]}"#;
    let answers = [
        (format!("{PODS}/%2A/m"), 200, list),
        (format!("{PODS}/p/m"), 200, list),
    ];
    let (client, discoveries) = client(&["v1beta1"], &answers).await;
    let pods = metric(Some("default"), "pods", "");
    let values = client
        .by_selector(&pods, &LabelSelector::everything())
        .await
        .unwrap();
    let [value] = values.as_slice() else {
        panic!("{values:?}")
    };
    assert_eq!(
        (value.object.name.as_str(), value.milli_value()),
        ("p", 1500)
    );
    assert_eq!(value.window, Duration::from_secs(30));
    assert_eq!(value.timestamp.to_string(), "2026-11-23T21:16:36Z");
    assert_eq!(client.by_name(&pods, "p").await.unwrap(), *value);
    assert_eq!(
        discoveries.load(Ordering::SeqCst),
        1,
        "the version is remembered"
    );
}

#[tokio::test]
async fn the_version_is_asked_for_again_after_404() {
    let status = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"gone","reason":"NotFound","code":404}"#;
    let (client, discoveries) = client(&["v1beta1"], &[(format!("{PODS}/p/m"), 404, status)]).await;
    let pods = metric(Some("default"), "pods", "");
    for _ in 0..2 {
        let error = client.by_name(&pods, "p").await.unwrap_err();
        assert!(matches!(error, ClientError::Status(status) if status.code == 404));
    }
    assert_eq!(discoveries.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_no_value_is_an_error() {
    let empty = r#"{"kind":"MetricValueList","apiVersion":"x","metadata":{},"items":null}"#;
    let other = r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#;
    let answers = [
        (format!("{PODS}/%2A/m"), 200, empty),
        (format!("{PODS}/none/m"), 200, empty),
        (format!("{PODS}/kind/m"), 200, other),
        (format!("{PODS}/html/m"), 200, "<html>"),
        (format!("{PODS}/gateway/m"), 502, "<html>"),
    ];
    let (known, _) = client(&["v1beta1"], &answers).await;
    let pods = metric(Some("default"), "pods", "");
    let mut texts = vec![
        known
            .by_selector(&pods, &LabelSelector::everything())
            .await
            .unwrap_err()
            .to_string(),
    ];
    for name in ["none", "kind", "html", "gateway"] {
        texts.push(known.by_name(&pods, name).await.unwrap_err().to_string());
    }
    let (unknown, _) = client(&["v2"], &[]).await;
    texts.push(unknown.by_name(&pods, "p").await.unwrap_err().to_string());
    let texts = texts.join("\n").replace(&known.base, "http://SERVER");
    insta::assert_snapshot!(texts, @r#"
    no metrics returned from custom metrics API
    unable to fetch metrics from custom metrics API: the custom metrics API server returned 0 results when we asked for exactly one
    unable to fetch metrics from custom metrics API: unexpected answer of http://SERVER/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/kind/m: its kind is "PodList" instead of "MetricValueList"
    unable to fetch metrics from custom metrics API: unexpected answer of http://SERVER/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/html/m: expected value at line 1 column 1
    unable to fetch metrics from custom metrics API: unexpected answer of http://SERVER/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/gateway/m: HTTP status 502 without a Status object
    unable to fetch metrics from custom metrics API: no known available metric versions found
    "#);
}
