//! The pure crates alone, as another controller would embed them: samples in a store, a rule of
//! prometheus-adapter, a query for the pods, and a decision that explains itself.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::sync::Arc;

use concertina_mapping::{Catalogue, ListedSeries, MetricRequest, ResourceTable};
use concertina_model::{GroupResource, LabelSelector, Labels, ObjectRef, Sample, Timestamp};
use concertina_replicas::api::Metric;
use concertina_replicas::{
    History, HorizontalPodAutoscaler, MetricReading, Observation, Options, Pod, PodSample, decide,
};
use concertina_rules::{RuleFile, compile};
use concertina_tsdb::{EvalOptions, Store, StoreOptions, evaluate};

const RULES: &str = "
rules:
- seriesQuery: DCGM_CUSTOM_PROCESS_SM_UTIL{}
  resources:
    overrides:
      NamespaceName: {resource: namespace}
      PodName: {resource: pod}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";

const METRIC: &str = "DCGM_CUSTOM_PROCESS_SM_UTIL";

fn main() -> Result<(), Box<dyn Error>> {
    let now = Timestamp::from_millis(1_700_000_000_000);

    // What an exporter published: two pods, one of them on two GPUs.
    let mut store = Store::new(StoreOptions::default());
    for (pod, gpu, value) in [
        ("bert-a", "0", 40.0),
        ("bert-b", "1", 20.0),
        ("bert-b", "2", 32.0),
    ] {
        let labels = Labels::from_pairs([
            ("__name__", METRIC),
            ("NamespaceName", "default"),
            ("PodName", pod),
            ("gpu", gpu),
        ]);
        let timestamp = now;
        store.append(&labels, Sample { timestamp, value })?;
    }

    // The rule file becomes rules, one result for each.
    let rules: Result<Vec<_>, _> = compile(&RuleFile::parse(RULES)?.rules)
        .into_iter()
        .collect();
    let resources = ResourceTable::builtin();
    let listed = |query: &str| {
        let selector = concertina_promql::parse_selector(query).map_err(|e| e.to_string())?;
        let series = store.snapshot().series(&[selector], now, now);
        let series = series.map_err(|e| e.to_string())?;
        Ok(series.iter().map(ListedSeries::from).collect())
    };
    let catalogue = Catalogue::new(rules?.into_iter().map(Arc::new));
    let catalogue = catalogue.relist(|rule| listed(rule.series_query()), &resources, now);

    // A request for two pods becomes PromQL, and the answer one value for each.
    let names = ["bert-a", "bert-b"].map(str::to_owned);
    let request = MetricRequest {
        resource: &GroupResource::core("pods"),
        namespace: Some("default"),
        names: &names,
        metric: METRIC,
        selector: &LabelSelector::everything(),
    };
    let plan = catalogue.plan(&request, &resources)?;
    println!("query     {}", plan.query());
    let expr = concertina_promql::parse(plan.query())?;
    let answer = plan.read(&evaluate(
        &store.snapshot(),
        &expr,
        now,
        &EvalOptions::default(),
    )?)?;
    let mut samples = Vec::new();
    for name in &names {
        let value = answer.value(name)?;
        println!("value     {name} = {value}");
        samples.push(PodSample {
            pod: name.clone(),
            milli: value.milli_value(),
        });
    }

    // And a decision follows, as Kubernetes would make it.
    let policy = HorizontalPodAutoscaler {
        name: "gpu-hpa".to_owned(),
        namespace: "default".to_owned(),
        scale_target: ObjectRef::default(),
        min_replicas: 1,
        max_replicas: 10,
        metrics: vec![Metric::Pods {
            name: METRIC.to_owned(),
            selector: None,
            average_value: "20".parse()?,
        }],
    };
    let pods = names.map(|name| Pod {
        name,
        ..Pod::default()
    });
    let observation = Observation {
        current_replicas: 2,
        pods: pods.to_vec(),
        metrics: vec![Ok(MetricReading { pods: samples })],
    };
    let history = History::default();
    let (decision, _history) = decide(&policy, &Options::default(), &history, &observation, now);
    println!("decision  {} replicas", decision.desired_replicas);
    println!("because   {}", decision.explanation);
    Ok(())
}
