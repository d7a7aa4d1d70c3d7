//! Whatever comes from a request stays inside the strings of the query.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;

use concertina_mapping::{
    Catalogue, ExternalCatalogue, ExternalRequest, ListedSeries, MetricRequest, Plan, PlanError,
    ResourceTable, UsageRules,
};
use concertina_model::{
    GroupResource, InstantSample, LabelSelector, Labels, QueryValue, Timestamp,
};
use concertina_promql::GoRegex;
use concertina_promql::ast::{Expr, ExprKind, Matcher, Selector};
use concertina_rules::{ResourceQueries, RuleFile, compile};
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

/// The query with every matcher's value taken out: its structure.
fn structure(query: &str) -> String {
    fn blank(expr: &mut Expr) {
        let clear = |selector: &mut Selector| {
            selector.matchers.iter_mut().for_each(|m| m.value.clear());
        };
        match &mut expr.kind {
            ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => clear(selector),
            ExprKind::Aggregate { expr, .. } => blank(expr),
            ExprKind::Call { args, .. } => args.iter_mut().for_each(blank),
            ExprKind::Binary { lhs, rhs, .. } => {
                blank(lhs);
                blank(rhs);
            }
            other => panic!("the query has become {other:?}"),
        }
    }
    let mut expr = concertina_promql::parse(query).unwrap();
    blank(&mut expr);
    expr.to_string()
}

const OTHERS: &str = r#"
externalRules:
- seriesQuery: m
  resources: {overrides: {ns: {resource: namespace}}}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[1m])) by (queue) / sum(all{<<.LabelMatchers>>}) by (queue)
resourceRules:
  window: 1m
  cpu: &rule
    containerQuery: sum(rate(cpu{<<.LabelMatchers>>,container!=""}[1m])) by (<<.GroupBy>>)
    nodeQuery: sum(rate(cpu{<<.LabelMatchers>>,id="/"}[1m])) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}
  memory: *rule
"#;

fn external(namespace: &str, selector: &LabelSelector) -> String {
    let rules = compile(&RuleFile::parse(OTHERS).unwrap().external_rules);
    let rules = rules.into_iter().map(|rule| Arc::new(rule.unwrap()));
    let series: Arc<[ListedSeries]> = Arc::new([ListedSeries::new("m", ["ns", "queue"])]);
    let known = ResourceTable::builtin();
    let catalogue =
        ExternalCatalogue::new(rules).relist(|_| Ok(Arc::clone(&series)), &known, Timestamp::EPOCH);
    let request = ExternalRequest {
        namespace: Some(namespace),
        metric: "m",
        selector,
    };
    catalogue.plan(&request, &known).unwrap().query().to_owned()
}

/// The queries for the use of pods and of nodes.
fn usage(namespace: &str, names: &[String]) -> [String; 2] {
    let rules = RuleFile::parse(OTHERS).unwrap().resource_rules.unwrap();
    let known = ResourceTable::builtin();
    let rules = UsageRules::new(&ResourceQueries::compile(&rules).unwrap(), &known).unwrap();
    let pods = rules.plan_pods(namespace, names, &known);
    let nodes = rules.plan_nodes(names, &known);
    [
        pods.cpu().unwrap().to_owned(),
        nodes.memory().unwrap().to_owned(),
    ]
}

/// A selector of any operators that PromQL has, and the same with harmless values.
fn selectors() -> impl Strategy<Value = (LabelSelector, LabelSelector)> {
    let value = "[a-zA-Z0-9]{1,5}([-._][a-zA-Z0-9]{1,3})?";
    let one = (0_usize..7, "[a-z][a-z0-9_]{0,4}[a-z]", value, value);
    prop::collection::vec(one, 0..4).prop_map(|all| {
        let text = |harmless: bool| {
            let one = |(operator, key, a, b): &(usize, String, String, String)| {
                let (a, b) = if harmless {
                    ("x", "y")
                } else {
                    (a.as_str(), b.as_str())
                };
                match operator {
                    0 => format!("{key}={a}"),
                    1 => format!("{key}!={a}"),
                    2 => format!("{key} in ({a},{b})"),
                    3 => format!("{key} notin ({a},{b})"),
                    4 => key.clone(),
                    5 => format!("!{key}"),
                    _ => format!("{key}=={b}"),
                }
            };
            all.iter().map(one).collect::<Vec<_>>().join(",")
        };
        (text(false).parse().unwrap(), text(true).parse().unwrap())
    })
}

/// A rule of the ACK adapter's style: it writes the values of the request itself.
const BY_NAME: &str = r#"
rules:
- seriesQuery: m
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(<<.Series>>{ns="<<index .LabelValuesByName "ns">>",pod=~"<<.LabelValuesByName.pod>>"}) by (<<.GroupBy>>)
externalRules:
- seriesQuery: m
  resources: {overrides: {ns: {resource: namespace}}}
  metricsQuery: sum(<<.Series>>{ns="<<.LabelValuesByName.ns>>"})
resourceRules:
  window: 1m
  cpu: &rule
    containerQuery: sum(cpu{ns="<<.LabelValuesByName.ns>>",pod=~"<<.LabelValuesByName.pod>>"}) by (<<.GroupBy>>)
    nodeQuery: sum(cpu{node=~"<<.LabelValuesByName.node>>"}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}
  memory: *rule
"#;

/// The queries of those rules that can be asked: of a metric, of an external one, of the use of
/// pods and of nodes.
fn by_name(namespace: &str, names: &[String]) -> [Result<String, PlanError>; 4] {
    let file = RuleFile::parse(BY_NAME).unwrap();
    let known = ResourceTable::builtin();
    let series: Arc<[ListedSeries]> = Arc::new([ListedSeries::new("m", ["ns", "pod"])]);
    let selector = LabelSelector::everything();
    let rules = |rules| {
        compile(rules)
            .into_iter()
            .map(|rule| Arc::new(rule.unwrap()))
    };
    let custom = Catalogue::new(rules(&file.rules)).relist(
        |_| Ok(Arc::clone(&series)),
        &known,
        Timestamp::EPOCH,
    );
    let request = MetricRequest {
        resource: &GroupResource::core("pods"),
        namespace: Some(namespace),
        names,
        metric: "m",
        selector: &selector,
    };
    let custom = custom.plan(&request, &known);
    let external = ExternalCatalogue::new(rules(&file.external_rules)).relist(
        |_| Ok(Arc::clone(&series)),
        &known,
        Timestamp::EPOCH,
    );
    let request = ExternalRequest {
        namespace: Some(namespace),
        metric: "m",
        selector: &selector,
    };
    let external = external.plan(&request, &known);
    let usage = ResourceQueries::compile(&file.resource_rules.unwrap()).unwrap();
    let usage = UsageRules::new(&usage, &known).unwrap();
    let text = |query: Result<&str, &PlanError>| query.map(str::to_owned).map_err(Clone::clone);
    [
        custom.map(|plan| plan.query().to_owned()),
        external.map(|plan| plan.query().to_owned()),
        text(usage.plan_pods(namespace, names, &known).cpu()),
        text(usage.plan_nodes(names, &known).memory()),
    ]
}

#[test]
fn a_value_that_would_make_another_query_is_refused_where_a_rule_writes_values_itself() {
    let good = by_name("ai", &["bert-0".to_owned(), "bert-1.x".to_owned()]);
    let [custom, external, pods, nodes] = good.map(Result::unwrap);
    assert_eq!(custom, r#"sum(m{ns="ai",pod=~"bert-0|bert-1.x"}) by (pod)"#);
    assert_eq!(external, r#"sum(m{ns="ai"})"#);
    assert_eq!(
        pods,
        r#"sum(cpu{ns="ai",pod=~"bert-0|bert-1.x"}) by (pod,container)"#
    );
    assert_eq!(nodes, r#"sum(cpu{node=~"bert-0|bert-1.x"}) by (node)"#);
    let [custom, external, pods, nodes] = by_name("ai\",ns=~\".*", &["bert-0".to_owned()]);
    assert!(nodes.is_ok());
    for refused in [external, pods] {
        assert!(
            matches!(refused, Err(PlanError::LabelValue { .. })),
            "{refused:?}"
        );
    }
    insta::assert_snapshot!(custom.unwrap_err(), @r#"the value "ai\",ns=~\".*" for `ns` cannot be asked for: the rule writes it into its query by LabelValuesByName, and there only letters, digits, `-`, `_`, `.` and `:` are safe"#);
    for name in ["a\"", "a\\", "a\nb", ".*", "a|b", "a}", "a b"] {
        for refused in [0, 2, 3] {
            let queries = by_name("ai", &["a".to_owned(), name.to_owned()]);
            assert!(
                matches!(&queries[refused], Err(PlanError::LabelValue { value, .. }) if value == name)
            );
        }
    }
}

proptest! {
    #[test]
    fn what_a_rule_writes_itself_keeps_the_structure_or_is_refused(
        namespace in "[a-z\"\\\\{}|=~,.\n-]{1,6}|[a-z0-9.-]{1,8}",
        names in prop::collection::vec("[a-z\"\\\\{}()|.*+,=~\n]{1,6}|[a-z0-9.:_é-]{1,8}", 1..3),
    ) {
        let plain: Vec<String> = (0..names.len()).map(|i| format!("pod-{i}")).collect();
        let expected = by_name("default", &plain);
        for (found, expected) in by_name(&namespace, &names).into_iter().zip(expected) {
            match found {
                Ok(found) => prop_assert_eq!(structure(&found), structure(&expected.unwrap())),
                Err(error) => {
                    let told = matches!(error, PlanError::LabelValue { .. });
                    prop_assert!(told, "{}", error);
                }
            }
        }
    }

    #[test]
    fn every_query_keeps_the_structure_that_its_rule_gives_it(
        namespace in "\\PC{0,12}[\"\\\\{}|\n]?\\PC{0,4}",
        names in prop::collection::vec("[a-z\"\\\\{}()|.*+,=~\n\u{1}é]{1,12}", 1..4),
        (selector, harmless) in selectors(),
    ) {
        let plain: Vec<String> = (0..names.len()).map(|i| format!("pod-{i}")).collect();
        let custom = plan(&namespace, &names, &selector).unwrap();
        let expected = plan("default", &plain, &harmless).unwrap();
        prop_assert_eq!(structure(custom.query()), structure(expected.query()));
        // An empty namespace is none for an external metric.
        if !namespace.is_empty() {
            let expected = external("default", &harmless);
            prop_assert_eq!(structure(&external(&namespace, &selector)), structure(&expected));
        }
        let (found, expected) = (usage(&namespace, &names), usage("default", &plain));
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!(structure(found), structure(expected));
        }
    }

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
            let pattern = GoRegex::anchored(&found[2].value).unwrap();
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
fn objects_whose_use_is_not_known_have_a_reason() {
    let rules = RuleFile::parse(OTHERS).unwrap().resource_rules.unwrap();
    let known = ResourceTable::builtin();
    let rules = UsageRules::new(&ResourceQueries::compile(&rules).unwrap(), &known).unwrap();
    let plan = rules.plan_pods("default", &["a".to_owned()], &known);
    let sample = |pod: &str, container: &str, value| InstantSample {
        labels: Labels::from_pairs([("pod", pod), ("container", container)]),
        timestamp: Timestamp::EPOCH,
        value,
    };
    let cpu = QueryValue::Vector(vec![
        sample("half", "x", 1.0),
        sample("negative", "x", -1.0),
        sample("nan", "x", f64::NAN),
        sample("one-of-two", "x", 1.0),
        sample("one-of-two", "y", 1.0),
        sample("good", "x", 0.25),
    ]);
    let memory = QueryValue::Vector(vec![
        sample("negative", "x", 1.0),
        sample("nan", "x", 1.0),
        sample("one-of-two", "x", 1.0),
        sample("good", "x", 1_048_576.0),
    ]);
    let answer = plan.read(&cpu, &memory).unwrap();
    let told: Vec<String> = ["half", "negative", "nan", "one-of-two", "good", "gone"]
        .iter()
        .map(|pod| match answer.pod(pod) {
            Ok(_) => format!("{pod}: known"),
            Err(reason) => format!("{pod}: {reason}"),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
half: memory: the query gave no sample for it
negative: cpu of container `x`: its sample -1 is negative
nan: cpu of container `x`: its sample is NaN
one-of-two: memory of container `y`: the query gave no sample for it
good: known
gone: cpu: the query gave no sample for it
"###);
    let scalar = plan.read(&QueryValue::Scalar(1.0), &memory).unwrap_err();
    insta::assert_snapshot!(scalar, @r###"
the query gave a scalar, and an instant vector is needed: check the rule's metricsQuery
"###);
}

#[test]
fn a_failed_listing_keeps_what_the_rule_had() {
    let before = catalogue();
    let failed = before.relist(
        |_| Err("Prometheus is down".to_owned()),
        &ResourceTable::builtin(),
        Timestamp::EPOCH,
    );
    assert_eq!(failed.entries().count(), before.entries().count());
    let (_, health) = failed.rules().next().unwrap();
    assert_eq!(health.error.as_deref(), Some("Prometheus is down"));
    let gone = failed.relist(
        |_| Ok(Arc::new([])),
        &ResourceTable::builtin(),
        Timestamp::EPOCH,
    );
    assert_eq!(gone.entries().count(), 0);
}
