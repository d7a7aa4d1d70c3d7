//! What is said of requests that no query can answer.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use concertina_mapping::{
    Catalogue, ExternalCatalogue, ExternalRequest, LabelMapper, ListedSeries, MetricRequest,
    ResourceTable,
};
use concertina_model::{GroupResource, LabelSelector, Timestamp};
use concertina_rules::{Rule, RuleFile, compile};

const RULES: &str = r#"
rules:
- seriesQuery: m
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
- seriesQuery: lost
  resources: {overrides: {pod: {resource: pod}}}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
- seriesQuery: empty
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: <<if eq .Series "other">>x<<end>>
- seriesQuery: failing
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: <<index .GroupBySlice 3>>
- seriesQuery: waiting
  resources: {overrides: {job: {group: batch.example.com, resource: trainjob}}}
  metricsQuery: avg(<<.Series>>)
"#;

fn rules() -> Vec<Arc<Rule>> {
    let rules = compile(&RuleFile::parse(RULES).unwrap().rules);
    rules
        .into_iter()
        .map(|rule| Arc::new(rule.unwrap()))
        .collect()
}

fn series(rule: &Rule) -> Result<Arc<[ListedSeries]>, String> {
    Ok(Arc::new([ListedSeries::new(
        rule.series_query(),
        ["ns", "pod"],
    )]))
}

#[test]
fn a_request_without_a_query_says_why() {
    let known = ResourceTable::builtin();
    let catalogue = Catalogue::new(rules()).relist(series, &known, Timestamp::EPOCH);
    let all = LabelSelector::everything();
    let refused = |resource: &str, namespace, names: &[&str], metric| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let request = MetricRequest {
            resource: &GroupResource::core(resource),
            namespace,
            names: &names,
            metric,
            selector: &all,
        };
        catalogue.plan(&request, &known).unwrap_err().to_string()
    };
    let told = [
        refused("pods", Some("default"), &[], "m"),
        refused("trainjobs", Some("default"), &["a"], "m"),
        refused("pods", Some("default"), &["a"], "nosuch"),
        refused("pods", None, &["a"], "m"),
        refused("pods", Some("default"), &["a"], "lost"),
        refused("pods", Some("default"), &["a"], "empty"),
        refused("pods", Some("default"), &["a"], "failing"),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    no object is named
    the cluster has no resource `trainjobs`
    no rule gives the metric nosuch of pods in a namespace
    no rule gives the metric m of pods without a namespace
    the rule has no label for namespaces: add one to `resources.overrides`, or a `resources.template`
    the rule's query template gives an empty query
    the template fails: index 3 is out of range, the length is 1
    ");
}

#[test]
fn a_rule_of_an_unknown_resource_waits() {
    let known = ResourceTable::builtin();
    let catalogue = Catalogue::new(rules()).relist(series, &known, Timestamp::EPOCH);
    let (rule, health) = catalogue.rules().last().unwrap();
    assert!(LabelMapper::new(rule.labels(), &known).is_err());
    insta::assert_snapshot!(health.error.as_deref().unwrap_or_default(), @"the override of label `job` names the resource `trainjob.batch.example.com`, which the cluster does not have; the rule waits until it appears");
}

#[test]
fn an_external_metric_that_no_rule_gives_is_named() {
    let known = ResourceTable::builtin();
    let catalogue = ExternalCatalogue::new(rules()).relist(series, &known, Timestamp::EPOCH);
    let request = ExternalRequest {
        namespace: Some("default"),
        metric: "queue_depth",
        selector: &LabelSelector::everything(),
    };
    let refused = catalogue.plan(&request, &known).unwrap_err();
    insta::assert_snapshot!(refused, @"no external rule gives the metric queue_depth");
}

#[test]
fn a_selector_that_promql_cannot_say_is_told() {
    let known = ResourceTable::builtin();
    let catalogue = Catalogue::new(rules()).relist(series, &known, Timestamp::EPOCH);
    let names = ["a".to_owned()];
    let told = ["gpu>3", "gpu<3", "app.kubernetes.io/name=x", "!app-name"].map(|selector| {
        let request = MetricRequest {
            resource: &GroupResource::core("pods"),
            namespace: Some("default"),
            names: &names,
            metric: "m",
            selector: &selector.parse().unwrap(),
        };
        catalogue.plan(&request, &known).unwrap_err().to_string()
    });
    insta::assert_snapshot!(told.join("\n"));
}
