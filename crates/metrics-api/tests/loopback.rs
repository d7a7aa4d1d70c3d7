//! Server and client against each other over real HTTP, with the bodies that prometheus-adapter
//! 0.12 was recorded to answer for the same two pods.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use async_trait::async_trait;
use concertina_http::{Client, ClientOptions, ServerOptions};
use concertina_metrics_api::provider::SelectedValues;
use concertina_metrics_api::types::v1beta2::{MetricIdentifier, MetricValue};
use concertina_metrics_api::types::{ApiVersion, ObjectReference};
use concertina_metrics_api::{
    ClientError, CustomMetricsProvider, MetricInfo, MetricRef, MetricsApi, MetricsClient,
    ProviderError,
};
use concertina_model::{GroupResource, LabelSelector, Timestamp};

const METRIC: &str = "DCGM_CUSTOM_PROCESS_SM_UTIL";
const PODS: [&str; 2] = ["bert-h467w", "bert-txjgv"];

/// Two pods of one service at 11.5 % each.
struct Pods;

fn value(name: &str) -> MetricValue {
    MetricValue {
        described_object: ObjectReference {
            kind: "Pod".to_owned(),
            namespace: "default".to_owned(),
            name: name.to_owned(),
            api_version: "/v1".to_owned(),
        },
        metric: MetricIdentifier {
            name: METRIC.to_owned(),
            selector: None,
        },
        timestamp: Timestamp::from_millis(1_795_468_596_000),
        window_seconds: None,
        value: "11.5".parse().unwrap(),
    }
}

#[async_trait]
impl CustomMetricsProvider for Pods {
    fn list(&self) -> Vec<MetricInfo> {
        let resource = GroupResource::core("pods");
        vec![MetricInfo {
            resource,
            namespaced: true,
            metric: METRIC.to_owned(),
        }]
    }

    async fn by_name(&self, metric: &MetricRef, name: &str) -> Result<MetricValue, ProviderError> {
        if PODS.contains(&name) {
            return Ok(value(name));
        }
        let MetricRef {
            name: metric,
            resource,
            ..
        } = metric.clone();
        let reason = Some("no sample".to_owned());
        Err(ProviderError::ValueNotFound {
            metric,
            resource,
            name: name.to_owned(),
            reason,
        })
    }

    async fn by_selector(
        &self,
        metric: &MetricRef,
        objects: &LabelSelector,
    ) -> Result<SelectedValues, ProviderError> {
        let matches = objects.matches(|key| (key == "app").then_some("bert"));
        if metric.name != METRIC || metric.namespace.as_deref() != Some("default") || !matches {
            let MetricRef {
                name: metric,
                resource,
                ..
            } = metric.clone();
            return Err(ProviderError::MetricNotFound {
                metric,
                resource,
                reason: None,
            });
        }
        Ok(SelectedValues {
            values: PODS.map(value).to_vec(),
            left_out: Vec::new(),
        })
    }
}

async fn server() -> (String, Client) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let api = MetricsApi::new(Pods);
    let forever = std::future::pending();
    tokio::spawn(concertina_http::serve(
        listener,
        api,
        ServerOptions::default(),
        forever,
    ));
    (url, Client::new(ClientOptions::default()))
}

async fn body(path: &str) -> (u16, String) {
    let (url, client) = server().await;
    let answer = client.get(&format!("{url}{path}"), &[]).await.unwrap();
    (
        answer.status,
        String::from_utf8(answer.body.to_vec())
            .unwrap()
            .trim_end()
            .to_owned(),
    )
}

#[tokio::test]
async fn bodies_are_those_of_prometheus_adapter() {
    let all = "/namespaces/default/pods/*/DCGM_CUSTOM_PROCESS_SM_UTIL?labelSelector=app%3Dbert";
    let item = |name: &str| {
        format!(
            r#"{{"describedObject":{{"kind":"Pod","namespace":"default","name":"{name}","apiVersion":"/v1"}},"metricName":"{METRIC}","timestamp":"2026-11-23T21:16:36Z","value":"11500m","selector":null}}"#
        )
    };
    let list = format!(
        r#"{{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta1","metadata":{{}},"items":[{},{}]}}"#,
        item(PODS[0]),
        item(PODS[1])
    );
    let path = format!("/apis/custom.metrics.k8s.io/v1beta1{all}");
    assert_eq!(body(&path).await, (200, list));

    let (status, two) = body(&format!("/apis/custom.metrics.k8s.io/v1beta2{all}")).await;
    assert_eq!(status, 200);
    let first = r#""metric":{"name":"DCGM_CUSTOM_PROCESS_SM_UTIL","selector":null},"timestamp":"2026-11-23T21:16:36Z","value":"11500m"}"#;
    assert!(two.contains(first), "{two}");

    let missing = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/*/no_such_metric";
    let expected = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the metric no_such_metric for pods","reason":"NotFound","code":404}"#;
    assert_eq!(body(missing).await, (404, expected.to_owned()));

    let discovery = r#"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"custom.metrics.k8s.io/v1beta1","resources":[{"name":"pods/DCGM_CUSTOM_PROCESS_SM_UTIL","singularName":"","namespaced":true,"kind":"MetricValueList","verbs":["get"]}]}"#;
    let path = "/apis/custom.metrics.k8s.io/v1beta1";
    assert_eq!(body(path).await, (200, discovery.to_owned()));

    let only = body("/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods").await;
    assert_eq!(only.0, 400);
    assert!(only.1.contains("invalid request path"), "{}", only.1);
    assert_eq!(body("/healthz").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn the_client_asks_as_the_controller_does() {
    let (url, http) = server().await;
    let client = MetricsClient::new(url, http);
    assert_eq!(
        client.preferred_version().await.unwrap(),
        ApiVersion::V1beta2
    );
    let mut metric = MetricRef {
        namespace: Some("default".to_owned()),
        resource: GroupResource::core("pods"),
        name: METRIC.to_owned(),
        selector: LabelSelector::everything(),
    };
    let selector = "app=bert".parse().unwrap();
    let values = client.by_selector(&metric, &selector).await.unwrap();
    let read: Vec<_> = values
        .iter()
        .map(|v| (v.object.name.as_str(), v.milli_value(), v.window.as_secs()))
        .collect();
    assert_eq!(read, [(PODS[0], 11_500, 60), (PODS[1], 11_500, 60)]);
    assert_eq!(
        client.by_name(&metric, PODS[1]).await.unwrap().object.name,
        PODS[1]
    );

    let error = client.by_name(&metric, "gone").await.unwrap_err();
    assert!(matches!(error, ClientError::Status(_)));
    assert_eq!(
        error.to_string(),
        "unable to fetch metrics from custom metrics API: the server could not find the metric \
         DCGM_CUSTOM_PROCESS_SM_UTIL for pods gone: no sample"
    );
    metric.name = "other".to_owned();
    let error = client.by_selector(&metric, &selector).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the server could not find the metric other for pods")
    );
}

/// The answer that the HPA controller asks for first, byte for byte as prometheus-adapter 0.12 was
/// recorded to give it (there with longer pod names), and the other encodings.
#[tokio::test]
async fn every_encoding() {
    let (url, client) = server().await;
    let path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/*/\
                DCGM_CUSTOM_PROCESS_SM_UTIL?labelSelector=app%3Dbert";
    let target = format!("{url}{path}");
    let ask = async |accept: &str| client.get(&target, &[("accept", accept)]).await.unwrap();

    let protobuf = ask("application/vnd.kubernetes.protobuf, */*").await;
    let kind = protobuf.content_type.as_deref();
    assert_eq!(kind, Some("application/vnd.kubernetes.protobuf"));
    let item = |name: &str| {
        let object = format!("\n\x03Pod\x12\x07default\x1a\x0a{name}\"\0*\x03/v12\0:\0");
        let mut item = vec![b'\n', u8::try_from(object.len()).unwrap()];
        item.extend(object.bytes());
        item.extend(b"\x12\x1bDCGM_CUSTOM_PROCESS_SM_UTIL");
        item.extend(b"\x1a\x08\x08\xb4\xda\x92\xd8\x06\x10\0*\x08\n\x0611500m");
        let mut framed = vec![0x12, u8::try_from(item.len()).unwrap()];
        framed.extend(item);
        framed
    };
    let mut raw = b"\n\x06\n\0\x12\0\x1a\0".to_vec();
    raw.extend(PODS.map(item).concat());
    let mut expected =
        b"k8s\0\n0\n\x1dcustom.metrics.k8s.io/v1beta1\x12\x0fMetricValueList".to_vec();
    expected.extend([0x12, u8::try_from(raw.len() & 0x7f).unwrap() | 0x80, 1]);
    expected.extend(raw);
    expected.extend(b"\x1a\0\"\0");
    assert_eq!(protobuf.body, expected);

    let yaml = ask("application/yaml").await;
    let yaml = String::from_utf8(yaml.body.to_vec()).unwrap();
    assert!(
        yaml.starts_with("apiVersion: custom.metrics.k8s.io/v1beta1\nitems:\n"),
        "{yaml}"
    );
    assert!(yaml.contains("value: 11500m"), "{yaml}");

    let table = ask("application/json;as=Table;v=v1;g=meta.k8s.io,application/json").await;
    let table: serde_json::Value = serde_json::from_slice(&table.body).unwrap();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][3], "11500m");

    let refused = ask("application/cbor").await;
    assert_eq!(refused.status, 406);
    let text = String::from_utf8(refused.body.to_vec()).unwrap();
    assert!(text.contains("application/json, application/yaml, application/vnd.kubernetes"));
}
