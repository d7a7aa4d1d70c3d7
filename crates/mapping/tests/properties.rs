//! Whatever comes from a request stays inside the strings of the query.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;

use concertina_mapping::{Catalogue, ListedSeries, MetricRequest, Plan, PlanError, ResourceTable};
use concertina_model::{
    GroupResource, InstantSample, LabelSelector, Labels, QueryValue, Timestamp,
};
use concertina_promql::ast::{Expr, ExprKind, Matcher};
use concertina_rules::{RuleFile, compile};
use proptest::prelude::*;

const RULES: &str = r#"
rules:
- seriesQuery: m
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
"#;

fn catalogue() -> Catalogue {
    let rules = compile(&RuleFile::parse(RULES).unwrap().rules);
    let rules = rules.into_iter().map(|rule| Arc::new(rule.unwrap()));
    let series: Arc<[ListedSeries]> = Arc::new([ListedSeries::new("m", ["ns", "pod", "gpu"])]);
    Catalogue::new(rules).relist(
        |_| Ok(Arc::clone(&series)),
        &ResourceTable::builtin(),
        Timestamp::EPOCH,
    )
}

fn plan(namespace: &str, names: &[String], selector: &LabelSelector) -> Result<Plan, PlanError> {
    let request = MetricRequest {
        resource: &GroupResource::core("pods"),
        namespace: Some(namespace),
        names,
        metric: "m",
        selector,
    };
    catalogue().plan(&request, &ResourceTable::builtin())
}

fn matchers(expr: &Expr) -> Vec<Matcher> {
    match &expr.kind {
        ExprKind::Aggregate { expr, .. } => matchers(expr),
        ExprKind::Selector(selector) => selector.matchers.clone(),
        other => panic!("the query has become {other:?}"),
    }
}

proptest! {
    #[test]
    fn nothing_changes_the_structure_of_the_query(
        namespace in "\\PC{0,12}[\"\\\\{}|\n]?\\PC{0,4}",
        names in prop::collection::vec("[a-z\"\\\\{}()|.*+\n\u{1}é]{1,12}", 1..4),
        value in "[a-zA-Z0-9]{1,5}([-._][a-zA-Z0-9]{1,3})?",
    ) {
        let selector: LabelSelector = format!("gpu={value}").parse().unwrap();
        let plan = plan(&namespace, &names, &selector).unwrap();
        let expr = concertina_promql::parse(plan.query()).unwrap();
        let found = matchers(&expr);
        let labels: Vec<&str> = found.iter().map(|m| m.label.as_str()).collect();
        prop_assert_eq!(labels, ["gpu", "ns", "pod"]);
        prop_assert_eq!(&found[0].value, &value);
        prop_assert_eq!(&found[1].value, &namespace);
        if let [name] = names.as_slice() {
            prop_assert_eq!(&found[2].value, name);
        } else {
            let pattern = regex::Regex::new(&format!("^(?:{})$", found[2].value)).unwrap();
            prop_assert!(names.iter().all(|name| pattern.is_match(name)));
            prop_assert!(!pattern.is_match("another"));
        }
    }
}

#[test]
fn what_promql_cannot_say_is_refused() {
    let refused = |selector: &str| {
        let selector = selector.parse().unwrap();
        plan("default", &["a".to_owned()], &selector)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!([refused("app.kubernetes.io/name=x"), refused("gpu>1")].join("\n"), @r"
    the selector's key `app.kubernetes.io/name` is no label of a series: a name has letters, digits and `_` only
    the selector compares `gpu` by order (gt), which PromQL's matchers cannot do
    ");
}

#[test]
fn objects_without_a_value_have_a_reason() {
    let selector = LabelSelector::everything();
    let plan = plan("default", &["a".to_owned()], &selector).unwrap();
    let sample = |pod: &str, value| InstantSample {
        labels: Labels::from_pairs([("pod", pod)]),
        timestamp: Timestamp::EPOCH,
        value,
    };
    let answer = QueryValue::Vector(vec![
        sample("small", 0.0009),
        sample("nan", f64::NAN),
        sample("inf", f64::NEG_INFINITY),
        sample("huge", 1e300),
        sample("twice", 1.0),
        sample("twice", 2.0),
        sample("same", 5.0),
        sample("same", 5.0),
    ]);
    let answer = plan.read(&answer).unwrap();
    let told: Vec<String> = ["small", "nan", "inf", "huge", "twice", "same", "gone"]
        .iter()
        .map(|pod| match answer.value(pod) {
            Ok(value) => format!("{pod}: {value}"),
            Err(reason) => format!("{pod}: {reason}"),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
small: 900u
nan: its sample is NaN
inf: its sample is -Inf
huge: its sample 1e300 is beyond what a Kubernetes quantity holds
twice: it has samples that disagree, 1 and 2: aggregate them in the rule's metricsQuery
same: 5
gone: the query gave no sample for it
"###);
    let scalar = plan.read(&QueryValue::Scalar(1.0)).unwrap_err();
    insta::assert_snapshot!(scalar, @"the query gave a scalar, and an instant vector is needed: check the rule's metricsQuery");
}

#[test]
fn a_failed_listing_keeps_what_the_rule_had() {
    let before = catalogue();
    let failed = before.relist(
        |_| Err("Prometheus is down".to_owned()),
        &ResourceTable::builtin(),
        Timestamp::EPOCH,
    );
    assert_eq!(failed.entries().len(), before.entries().len());
    let (_, health) = failed.rules().next().unwrap();
    assert_eq!(health.error.as_deref(), Some("Prometheus is down"));
    let gone = failed.relist(
        |_| Ok(Arc::new([])),
        &ResourceTable::builtin(),
        Timestamp::EPOCH,
    );
    assert_eq!(gone.entries().len(), 0);
}
