//! What stands behind the recorded answers: the rules, the series and the objects of a fixture.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::{ApiResource, ResourceTable};
use concertina_metrics_api::adapter::{ListError, ObjectLister};
use concertina_metrics_api::{Adapter, MetricsApi};
use concertina_model::{LabelSelector, Sample, Timestamp};
use concertina_rules::{RuleFile, compile};
use concertina_sources::scrape::{SharedStore, StoreSource};
use concertina_sources::{Clock, MetricSource, SourceError, exposition};
use serde_json::Value;

/// When all samples were taken, and when everything is asked: 2026-11-23T21:16:36Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_468_596_000);

#[derive(Debug)]
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Duration) {}
}

/// A Prometheus that holds the series of the fixture.
fn prometheus(fixture: &Path) -> StoreSource {
    let text = std::fs::read_to_string(fixture.join("series.prom")).unwrap();
    let store = SharedStore::new(concertina_tsdb::StoreOptions::default());
    for exposed in exposition::parse(&text).unwrap().samples {
        let sample = Sample {
            timestamp: NOW,
            value: exposed.value,
        };
        store.write(|store| store.append(&exposed.labels, sample).unwrap());
    }
    StoreSource::new(store, Arc::new(Still))
}

/// A source that can be stopped.
struct Stopping {
    source: StoreSource,
    stopped: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl MetricSource for Stopping {
    async fn query(&self, promql: &str) -> Result<concertina_model::QueryAnswer, SourceError> {
        if self.stopped.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(SourceError::Unreachable {
                source_name: self.describe(),
                reason: "connection refused".to_owned(),
            });
        }
        self.source.query(promql).await
    }

    async fn series(
        &self,
        selector: &str,
        lookback: Duration,
    ) -> Result<Vec<concertina_model::Labels>, SourceError> {
        self.source.series(selector, lookback).await
    }

    fn describe(&self) -> String {
        "Prometheus".to_owned()
    }
}

/// The objects of the fixture.
struct Objects(Vec<Value>);

#[async_trait]
impl ObjectLister for Objects {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        let found = self.0.iter().filter(|object| {
            let meta = &object["metadata"];
            object["kind"] == resource.kind
                && object["apiVersion"] == resource.api_version()
                && namespace.is_none_or(|namespace| meta["namespace"] == namespace)
                && selector.matches(|key| meta["labels"][key].as_str())
        });
        let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
        Ok(found.map(name).collect())
    }
}

/// The adapter over a fixture, its series listed once; `stopped` is a Prometheus that went away
/// after that.
pub(crate) async fn api(fixture: &Path, stopped: bool) -> MetricsApi {
    let source = Arc::new(Stopping {
        source: prometheus(fixture),
        stopped: stopped.into(),
    });
    let objects = std::fs::read_to_string(fixture.join("objects.json")).unwrap();
    let objects: Value = serde_json::from_str(&objects).unwrap();
    let objects = Objects(objects["items"].as_array().unwrap().clone());
    let rules = std::fs::read_to_string(fixture.join("rules.yaml")).unwrap();
    let rules = compile(&RuleFile::parse(&rules).unwrap().rules).into_iter();
    let adapter = Adapter::new(
        rules.map(|rule| Arc::new(rule.unwrap())),
        source,
        Arc::new(ResourceTable::builtin()),
        Arc::new(objects),
        Duration::from_secs(60),
    );
    let relisted = adapter.relist(NOW).await;
    assert_eq!(relisted.failed, []);
    MetricsApi::builder()
        .custom(adapter)
        .server_address(":6444")
        .metrics("text/plain", String::new)
        .build()
}
