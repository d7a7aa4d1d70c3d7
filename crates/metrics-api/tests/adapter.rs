//! The adapter between the HTTP API and a source that a test fills: what is answered, with which
//! status, and why.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use concertina_http::{Client, ClientOptions, ServerOptions, serve};
use concertina_mapping::{ApiResource, ResourceTable};
use concertina_metrics_api::adapter::{ListError, ObjectLister};
use concertina_metrics_api::{Adapter, MetricsApi};
use concertina_model::{InstantSample, LabelSelector, Labels, QueryAnswer, QueryValue, Timestamp};
use concertina_rules::{RuleFile, compile};
use concertina_sources::{MetricSource, SourceError};

const RULES: &str = r#"
rules:
- seriesQuery: util
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: avg_over_time(<<.Series>>{<<.LabelMatchers>>}[2m])
- seriesQuery: orphan
  resources: {overrides: {pod: {resource: pod}}}
  metricsQuery: <<.Series>>
- seriesQuery: broken
  resources: {overrides: {pod: {resource: pod}}}
  metricsQuery: <<.Series>>
"#;

#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
    down: Mutex<bool>,
}

fn failure(reason: &str) -> SourceError {
    SourceError::Unreachable {
        source_name: "the fake".to_owned(),
        reason: reason.to_owned(),
    }
}

#[async_trait]
impl MetricSource for Fake {
    async fn query(&self, promql: &str) -> Result<QueryAnswer, SourceError> {
        self.asked.lock().unwrap().push(promql.to_owned());
        if *self.down.lock().unwrap() {
            return Err(failure("connection refused"));
        }
        let at = Timestamp::from_millis(1_700_000_000_000);
        let samples = [("a", 11.5), ("b", f64::NAN), ("c", 1.0), ("c", 2.0)].map(|(pod, value)| {
            InstantSample {
                labels: Labels::from_pairs([("pod", pod)]),
                timestamp: at,
                value,
            }
        });
        Ok(QueryAnswer {
            at,
            value: QueryValue::Vector(samples.to_vec()),
        })
    }

    async fn series(&self, selector: &str, _: Duration) -> Result<Vec<Labels>, SourceError> {
        match selector {
            "broken" => Err(failure("it broke")),
            name => Ok(vec![Labels::from_pairs([
                ("__name__", name),
                ("ns", "x"),
                ("pod", "y"),
            ])]),
        }
    }

    fn describe(&self) -> String {
        "the fake".to_owned()
    }
}

struct Pods;

#[async_trait]
impl ObjectLister for Pods {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        assert_eq!(
            (resource.plural.as_str(), namespace),
            ("pods", Some("default"))
        );
        if selector.to_string() == "app=forbidden" {
            return Err(ListError::new("pods is forbidden"));
        }
        let all = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        Ok(if selector.matches(|_| Some("bert")) {
            all
        } else {
            Vec::new()
        })
    }
}

struct Bench {
    fake: Arc<Fake>,
    url: String,
    client: Client,
}

impl Bench {
    async fn new() -> Self {
        let fake = Arc::new(Fake::default());
        let rules = compile(&RuleFile::parse(RULES).unwrap().rules);
        let rules = rules.into_iter().map(|rule| Arc::new(rule.unwrap()));
        let resources = Arc::new(ResourceTable::builtin());
        let lookback = Duration::from_secs(60);
        let adapter = Adapter::new(rules, fake.clone(), resources, Arc::new(Pods), lookback);
        let relisted = adapter.relist(Timestamp::EPOCH).await;
        assert_eq!(
            relisted.failed,
            [(2, "cannot reach the fake: it broke".to_owned())]
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/apis/custom.metrics.k8s.io/v1beta2",
            listener.local_addr().unwrap()
        );
        let api = MetricsApi::new(adapter);
        tokio::spawn(serve(
            listener,
            api,
            ServerOptions::default(),
            std::future::pending(),
        ));
        Self {
            fake,
            url,
            client: Client::new(ClientOptions::default()),
        }
    }

    async fn get(&self, path: &str) -> (u16, serde_json::Value) {
        let answer = self
            .client
            .get(&format!("{}{path}", self.url), &[])
            .await
            .unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// Status and message of an error.
    async fn error(&self, path: &str) -> String {
        let (status, body) = self.get(path).await;
        format!("{status} {}", body["message"].as_str().unwrap())
    }
}

#[tokio::test]
async fn values_are_exact_and_what_has_none_is_left_out() {
    let bench = Bench::new().await;
    let (status, list) = bench
        .get("/namespaces/default/pods/*/util?labelSelector=app%3Dbert")
        .await;
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 1));
    let item = &list["items"][0];
    assert_eq!(item["value"], "11500m");
    assert_eq!(item["timestamp"], "2023-11-14T22:13:20Z");
    assert_eq!(item["windowSeconds"], 120);
    let asked = bench.fake.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        [r#"avg_over_time(util{ns="default",pod=~"a|b|c|d"}[2m])"#]
    );
}

#[tokio::test]
async fn every_error_says_why() {
    let bench = Bench::new().await;
    let mut told = Vec::new();
    for path in [
        "/namespaces/default/pods/b/util",
        "/namespaces/default/pods/c/util",
        "/namespaces/default/pods/d/util",
        "/namespaces/default/pods/a/nothing",
        "/namespaces/default/pods/a/broken",
        "/namespaces/default/pods/a/orphan",
        "/namespaces/default/widgets/a/util",
        "/namespaces/default/pods/*/util?labelSelector=app%3Dnone",
        "/namespaces/default/pods/*/util?labelSelector=app%3Dforbidden",
        "/namespaces/default/pods/*/nothing?labelSelector=app%3Dbert",
        "/namespaces/default/widgets/*/util?labelSelector=app%3Dbert",
        "/namespaces/default/pods/a/util?metricLabelSelector=gpu%3E1",
        "/namespaces/default/pods/a/util?metricLabelSelector=a.b%2Fc%3D1",
    ] {
        told.push(bench.error(path).await);
    }
    *bench.fake.down.lock().unwrap() = true;
    told.push(bench.error("/namespaces/default/pods/a/util").await);
    insta::assert_snapshot!(told.join("\n"), @r###"
404 the server could not find the metric util for pods b: its sample is NaN
404 the server could not find the metric util for pods c: it has samples that disagree, 1 and 2: aggregate them in the rule's metricsQuery
404 the server could not find the metric util for pods d
404 the server could not find the metric nothing for pods
404 the server could not find the metric broken for pods
404 the server could not find the metric orphan for pods: the rule has no label for namespaces: add one to `resources.overrides`, or a `resources.template`
404 the server could not find the metric util for widgets
404 the server could not find the metric util for pods: no object matches the selector `app=none`
500 Internal error occurred: unable to list matching resources: pods is forbidden
404 the server could not find the metric nothing for pods
500 Internal error occurred: unable to list matching resources: the cluster has no resource `widgets`
400 the selector compares `gpu` by order (gt), which PromQL's matchers cannot do
400 the selector's key `a.b/c` is no label of a series: a name has letters, digits and `_` only
500 Internal error occurred: unable to fetch metrics: cannot reach the fake: connection refused
"###);
}
