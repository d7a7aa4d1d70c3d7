//! External and resource metrics made of rules, over the in-memory store.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::{ApiResource, ResourceTable, UsageRules};
use concertina_metrics_api::adapter::{ListError, ListedObject, UsageObjects};
use concertina_metrics_api::provider::Objects;
use concertina_metrics_api::{ExternalAdapter, MetricsApi, UsageAdapter};
use concertina_model::{Sample, Timestamp};
use concertina_rules::{ResourceQueries, RuleFile, compile};
use concertina_sources::scrape::{SharedStore, StoreSource};
use concertina_sources::{Clock, exposition};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

const RULES: &str = r#"
externalRules:
- seriesQuery: queue_depth
  resources: {overrides: {ns: {resource: namespace}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (topic)
- seriesQuery: shared
  resources: {namespaced: false}
  metricsQuery: avg_over_time(<<.Series>>{<<.LabelMatchers>>}[2m])
- seriesQuery: lost
  metricsQuery: lost{<<.LabelMatchers>>}
resourceRules:
  window: 1m
  cpu:
    containerQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}
  memory:
    containerQuery: sum(mem{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(mem{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}
"#;

const SERIES: &str = r#"
queue_depth{ns="shop",topic="orders"} 2.5
queue_depth{ns="shop",topic="broken"} NaN
queue_depth{ns="other",topic="orders"} 7
shared 3
lost 1
cpu{ns="shop",pod="a",container="c",node="n1"} 0.25
cpu{ns="shop",pod="a",container="d",node="n1"} 0.5
cpu{ns="shop",pod="b",container="c",node="n1"} 1
cpu{ns="data",pod="x",container="c",node="n2"} 2
mem{ns="shop",pod="a",container="c",node="n1"} 1048576
mem{ns="shop",pod="a",container="d",node="n1"} 2097152
mem{ns="data",pod="x",container="c",node="n2"} 1024
"#;

#[derive(Debug)]
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Duration) {}
}

struct Cluster;

#[async_trait]
impl UsageObjects for Cluster {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<ListedObject>, ListError> {
        let all: &[(&str, &str)] = match resource.plural.as_str() {
            "pods" => &[("shop", "a"), ("shop", "b"), ("data", "x")],
            "nodes" => &[("", "n1"), ("", "n2"), ("", "n3")],
            other => return Err(ListError::new(format!("no {other}"))),
        };
        let all = all.iter().map(|(namespace, name)| ListedObject {
            namespace: (*namespace).to_owned(),
            name: (*name).to_owned(),
            labels: BTreeMap::from([("app".to_owned(), (*name).to_owned())]),
        });
        let asked = |object: &ListedObject| {
            namespace.is_none_or(|wanted| wanted == object.namespace)
                && match objects {
                    Objects::Named(name) => *name == object.name,
                    Objects::Matching(selector) => {
                        selector.matches(|key| object.labels.get(key).map(String::as_str))
                    }
                }
        };
        Ok(all.filter(asked).collect())
    }
}

async fn api() -> MetricsApi {
    let store = SharedStore::new(concertina_tsdb::StoreOptions::default());
    for exposed in exposition::parse(SERIES).unwrap().samples {
        let sample = Sample {
            timestamp: NOW,
            value: exposed.value,
        };
        store.write(|store| store.append(&exposed.labels, sample).unwrap());
    }
    let source = Arc::new(StoreSource::new(store, Arc::new(Still)));
    let resources = Arc::new(ResourceTable::builtin());
    let file = RuleFile::parse(RULES).unwrap();
    let rules = compile(&file.external_rules).into_iter();
    let external = ExternalAdapter::new(
        rules.map(|rule| Arc::new(rule.unwrap())),
        source.clone(),
        resources.clone(),
        Duration::from_secs(60),
    );
    let relisted = external.relist(NOW).await;
    assert_eq!((relisted.metrics, relisted.failed), (3, vec![]));
    let queries = ResourceQueries::compile(&file.resource_rules.unwrap()).unwrap();
    let rules = UsageRules::new(&queries, &*resources).unwrap();
    let usage = UsageAdapter::new(rules, source, resources, Arc::new(Cluster));
    MetricsApi::builder()
        .external(external)
        .resource(usage)
        .build()
}

async fn told(paths: &[&str]) -> String {
    let api = api().await;
    let mut told = String::new();
    for path in paths {
        let uri = format!("/apis/{path}").parse().unwrap();
        let answer = api.respond(&Method::GET, &uri, &HeaderMap::new()).await;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        told.push_str(&format!("{status} {}", String::from_utf8_lossy(&body)));
    }
    told
}

#[tokio::test]
async fn external_metrics_of_rules() {
    let base = "external.metrics.k8s.io/v1beta1";
    let below = |path: &str| format!("{base}/namespaces/shop/{path}");
    let paths = [
        base.to_owned(),
        below("queue_depth"),
        below("queue_depth?labelSelector=topic%3Dnone"),
        below("shared"),
        below("lost"),
        below("nothing"),
        below("queue_depth?labelSelector=topic%3E1"),
    ];
    let paths = paths.iter().map(String::as_str).collect::<Vec<_>>();
    insta::assert_snapshot!(told(&paths).await);
}

#[tokio::test]
async fn the_use_of_pods_and_nodes() {
    let told = told(&[
        "metrics.k8s.io/v1beta1/pods",
        "metrics.k8s.io/v1beta1/namespaces/shop/pods/a",
        "metrics.k8s.io/v1beta1/namespaces/shop/pods/b",
        "metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dnone",
        "metrics.k8s.io/v1beta1/nodes",
        "metrics.k8s.io/v1beta1/nodes/n3",
    ]);
    insta::assert_snapshot!(told.await);
}
