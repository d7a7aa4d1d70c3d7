//! The pure crates alone, as another controller would embed them: samples in a store, a rule of
//! prometheus-adapter, a query for the pods, and a decision that explains itself.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::sync::Arc;

use concertina_mapping::{Catalogue, ListedSeries, MetricRequest, ResourceTable};
use concertina_model::{GroupResource, LabelSelector, Labels, Sample, Timestamp};
use concertina_replicas::api::{
    HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget, PodsMetricSource,
};
use concertina_replicas::{
    History, Observation, Options, Pod, PodSample, Policy, Reading, Scale, reconcile,
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
        samples.push(PodSample::new(name, value.milli_value()));
    }

    // And a decision follows, as Kubernetes would make it.
    let policy = Policy {
        namespace: "default".to_owned(),
        name: "gpu-hpa".to_owned(),
        spec: HorizontalPodAutoscalerSpec {
            max_replicas: 10,
            metrics: vec![MetricSpec::pods(PodsMetricSource {
                metric: MetricIdentifier::named(METRIC),
                target: MetricTarget::average_value("20".parse()?),
            })],
            ..HorizontalPodAutoscalerSpec::default()
        }
        .defaulted(),
        ..Policy::default()
    };
    let pods = names.map(|name| Pod {
        name,
        ..Pod::default()
    });
    let observation = Observation {
        scale: Ok(Scale {
            spec_replicas: 2,
            status_replicas: 2,
            selector: "app=bert".to_owned(),
        }),
        pods: Ok(pods.to_vec()),
        metrics: vec![Ok(Reading::Pods(samples.into_iter().collect()))],
        activation: None,
    };
    let (decision, _history) = reconcile(
        &policy,
        &Options::default(),
        History::default(),
        &observation,
        now,
    );
    println!("decision  {} replicas", decision.desired_replicas);
    println!("because   {}", decision.explanation.summary());
    Ok(())
}
