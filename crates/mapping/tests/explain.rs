//! What is told of metrics that are there, and of metrics that fell out at each step.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod held;

use concertina_mapping::ResourceTable;
use concertina_mapping::explain::{Explanation, Question, Step, metric, overview, series_queries};
use concertina_model::QueryAnswer;
use concertina_rules::RuleFile;
use concertina_tsdb::{EvalOptions, Store, evaluate};
use held::{answers, listing, now, store};

const SEED: &str = include_str!("../../../examples/bert-intent-detection/rules.yaml");

const SERIES: &str = r#"
DCGM_FI_DEV_GPU_UTIL{NodeName="gpu-1",UUID="GPU-1"} 41
DCGM_CUSTOM_PROCESS_SM_UTIL{NodeName="gpu-1",NamespaceName="default",PodName="bert-1"} 23
DCGM_CUSTOM_PROCESS_SM_UTIL{NodeName="gpu-1",NamespaceName="default",PodName="bert-2"} 21
DCGM_CUSTOM_PROCESS_SM_UTIL{NodeName="gpu-1",NamespaceName="other",PodName="t5-1"} 7
"#;

fn answer(store: &Store, query: &str) -> Result<QueryAnswer, String> {
    let expr = concertina_promql::parse(query).map_err(|error| error.to_string())?;
    let value = evaluate(&store.snapshot(), &expr, now(), &EvalOptions::default());
    let value = value.map_err(|error| error.to_string())?;
    Ok(QueryAnswer { at: now(), value })
}

fn ask(rules: &str, series: &str, question: &Question) -> Explanation {
    let file = RuleFile::parse(rules).unwrap();
    let store = store(series);
    let listed = answers(series_queries(&file, question), &store);
    let mut told = metric(&file, Some(&listed), &ResourceTable::builtin(), question);
    if let Some(query) = told.query.clone() {
        told.answered(&answer(&store, &query));
    }
    told
}

/// Asks about a metric of one rule for the series `gpu_load`.
fn about(rule: &str, series: &str, question: &str) -> Explanation {
    ask(
        &format!("rules:\n{rule}"),
        series,
        &Question::parse(question).unwrap(),
    )
}

const GOOD: &str = "
- seriesQuery: gpu_load
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";
const LOAD: &str = r#"gpu_load{namespace="default",pod="a"} 3"#;

#[test]
fn a_metric_that_is_there() {
    let told = ask(
        SEED,
        SERIES,
        &Question::parse("pods/DCGM_CUSTOM_PROCESS_SM_UTIL").unwrap(),
    );
    assert!(told.is_there());
    insta::assert_snapshot!(told);
}

#[test]
fn one_object_of_one_namespace() {
    let question = Question {
        namespace: Some("other".to_owned()),
        object: Some("t5-1".to_owned()),
        selector: "NodeName=gpu-1".parse().unwrap(),
        ..Question::parse("DCGM_CUSTOM_PROCESS_SM_UTIL").unwrap()
    };
    let told = ask(SEED, SERIES, &question);
    assert!(told.is_there());
    insta::assert_snapshot!(told);
    let question = Question {
        object: Some("t5-2".to_owned()),
        ..question
    };
    let told = ask(SEED, SERIES, &question);
    assert_eq!(told.lost_at(), Some(Step::Value));
    insta::assert_snapshot!(told);
}

#[test]
fn no_rule_is_about_it() {
    let told = ask(SEED, SERIES, &Question::parse("pods/SM_UTIL").unwrap());
    assert!(!told.is_there());
    insta::assert_snapshot!(told);
    let told = ask(
        SEED,
        SERIES,
        &Question::parse("external/queue_length").unwrap(),
    );
    insta::assert_snapshot!(told);
}

#[test]
fn the_rule_does_not_compile() {
    let rule = GOOD.replace("<<.GroupBy>>", "<<.GroupBy");
    let told = about(&rule, LOAD, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Rule));
    insta::assert_snapshot!(told);
}

#[test]
fn it_is_exposed_under_another_name() {
    let rule = GOOD.to_owned() + "  name: {as: gpu_busy}\n";
    let told = about(&rule, LOAD, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Name));
    insta::assert_snapshot!(told);
    assert!(about(&rule, LOAD, "gpu_busy").is_there());
}

#[test]
fn a_filter_keeps_its_series_out() {
    let rule = GOOD.replace("gpu_load", "'{__name__=~\"gpu_.*\"}'")
        + "  seriesFilters: [{isNot: _load$}]\n";
    let series = format!("{LOAD}\n{}", LOAD.replace("load", "heat"));
    let told = about(&rule, &series, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Name));
    insta::assert_snapshot!(told);
}

#[test]
fn prometheus_has_no_such_series() {
    let told = about(GOOD, "", "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Series));
    insta::assert_snapshot!(told);
}

#[test]
fn a_matcher_of_the_series_query_leaves_its_series_out() {
    let rule = GOOD.replace("gpu_load", r#"'gpu_load{gpu!="",pod!=""}'"#);
    let told = about(&rule, LOAD, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Series));
    insta::assert_snapshot!(told);
}

#[test]
fn prometheus_has_series_that_no_rule_is_about() {
    let told = about(
        GOOD,
        &format!("{LOAD}\ngpu_heat{{pod=\"a\"}} 1"),
        "gpu_heat",
    );
    assert!(told.traces.is_empty());
    insta::assert_snapshot!(told);
}

/// What the chart installs when nothing is chosen: its rules take nearly every series.
#[test]
fn the_default_rules_of_the_chart() {
    let file = RuleFile::parse("rules: {default: true}").unwrap();
    let known = ResourceTable::builtin();
    for name in ["container_cpu_usage_seconds_total", "http_requests"] {
        let question = Question::parse(name).unwrap();
        insta::assert_snapshot!(metric(&file, None, &known, &question));
    }
    insta::assert_snapshot!(overview(&file, None, &known));
}

#[test]
fn what_is_no_question() {
    for text in [
        "",
        "/",
        "pods/",
        "/gpu_load",
        "a/b/c",
        "external//x",
        "external/",
    ] {
        let error = Question::parse(text).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("`{text}` names no metric: ")),
            "{error}"
        );
    }
}

#[test]
fn prometheus_refuses_the_series_query() {
    let rule = GOOD.replace("gpu_load", "'gpu_load{'");
    let told = about(&rule, LOAD, "gpu_load");
    assert!(!told.is_there());
    insta::assert_snapshot!(told);
}

#[test]
fn no_label_names_the_resource() {
    let series = r#"gpu_load{exported_namespace="default",exported_pod="a",pod="exporter",namespace="gpu"} 3"#;
    let rule = GOOD.replace("pod: {resource: pod}", "Pod: {resource: pod}");
    let told = about(&rule, series, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Labels));
    insta::assert_snapshot!(told);
    let told = about(GOOD, LOAD, "widgets.example.com/gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Labels));
    insta::assert_snapshot!(told);
}

#[test]
fn no_label_names_the_namespace() {
    let rule = GOOD.replace("namespace: {resource: namespace}, ", "");
    let told = about(&rule, LOAD, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Namespace));
    insta::assert_snapshot!(told);
}

#[test]
fn a_later_rule_replaces_it() {
    let rules = format!("{GOOD}{}", GOOD.replace("sum(", "max("));
    let told = about(&rules, LOAD, "gpu_load");
    assert!(told.is_there());
    assert_eq!(told.traces.len(), 2);
    insta::assert_snapshot!(told);
}

#[test]
fn the_query_fails() {
    let rule = GOOD.replace("sum(", "sun(");
    let told = about(&rule, LOAD, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Answer));
    insta::assert_snapshot!(told);
}

#[test]
fn the_query_loses_the_label() {
    let rule = GOOD.replace(" by (<<.GroupBy>>)", "");
    let told = about(&rule, LOAD, "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Value));
    insta::assert_snapshot!(told);
}

#[test]
fn samples_that_are_no_number_or_disagree() {
    let nan = about(
        GOOD,
        r#"gpu_load{namespace="default",pod="a"} NaN"#,
        "gpu_load",
    );
    assert_eq!(nan.lost_at(), Some(Step::Value));
    insta::assert_snapshot!(nan);
    let rule = GOOD.replace(" by (<<.GroupBy>>)", " by (<<.GroupBy>>, gpu)");
    let series = r#"
gpu_load{namespace="default",pod="a",gpu="0"} 3
gpu_load{namespace="default",pod="a",gpu="1"} 4
gpu_load{namespace="default",pod="b",gpu="1"} 4
"#;
    let told = about(&rule, series, "gpu_load");
    assert!(told.is_there());
    insta::assert_snapshot!(told);
    let only_a = series.lines().filter(|line| !line.contains("\"b\""));
    let told = about(&rule, &only_a.collect::<Vec<_>>().join("\n"), "gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Value));
    let help = "Let `metricsQuery` aggregate them: ";
    assert!(told.to_string().contains(help), "{told}");
}

#[test]
fn external_metrics() {
    let rules = "
externalRules:
- seriesQuery: queue_length
  resources: {overrides: {namespace: {resource: namespace}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (queue)
";
    let series = r#"
queue_length{namespace="default",queue="bert"} 12
queue_length{namespace="default",queue="t5"} 3
"#;
    let told = ask(
        rules,
        series,
        &Question::parse("external/queue_length").unwrap(),
    );
    assert!(told.is_there());
    insta::assert_snapshot!(told);
    let other = Question {
        selector: "queue=gpt".parse().unwrap(),
        ..Question::parse("external/queue_length").unwrap()
    };
    let told = ask(rules, series, &other);
    assert_eq!(told.lost_at(), Some(Step::Value));
    insta::assert_snapshot!(told);
}

#[test]
fn what_would_be() {
    let file = RuleFile::parse(SEED).unwrap();
    let known = ResourceTable::builtin();
    let question = Question::parse("pods/DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO").unwrap();
    insta::assert_snapshot!(metric(&file, None, &known, &question));
    insta::assert_snapshot!(overview(&file, None, &known));
}

#[test]
fn an_overview() {
    let rules = "
rules:
- seriesQuery: gpu_load
- seriesQuery: gone
- seriesQuery: gpu_heat
  resources: {overrides: {pod: {resource: pod}}}
- seriesQuery: gpu_load
  name: {matches: '(a)(b)'}
externalRules:
- seriesQuery: gpu_load
  name: {as: load}
resourceRules:
  window: 1m
  cpu:
    containerQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {template: <<.Resource>>}
  memory:
    containerQuery: sum(memory{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(memory{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    containerLabel: container
    resources: {overrides: {instance: {resource: node}}}
";
    let series = format!("{LOAD}\n{}", LOAD.replace("load", "heat"));
    let file = RuleFile::parse(rules).unwrap();
    let listed = listing(rules, &store(&series));
    insta::assert_snapshot!(overview(&file, Some(&listed), &ResourceTable::builtin()));
}

#[test]
fn as_json() {
    let told = about(GOOD, LOAD, "gpu_load");
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

/// Of two labels for a resource queries use the first.
#[test]
fn a_request_selects_by_a_label_that_no_series_has() {
    let two = "
- seriesQuery: gpu_load
  resources: {overrides: {namespace: {resource: namespace}, PodName: {resource: pod}, pod: {resource: pod}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";
    let told = about(two, LOAD, "pods/gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Labels), "{told}");
    assert!(
        told.to_string()
            .contains("selects pods by `PodName`, which none of the series has; they have `pod`"),
        "{told}"
    );
    let told = about(GOOD, r#"gpu_load{ns="default",pod="a"} 3"#, "pods/gpu_load");
    assert_eq!(told.lost_at(), Some(Step::Namespace), "{told}");
    assert!(
        told.to_string()
            .contains("selects its namespace by `namespace`, which none of the series has"),
        "{told}"
    );
}

#[test]
fn a_custom_group_is_taken_for_there() {
    let rules = format!(
        "rules:\n{}",
        GOOD.replace(
            "overrides: {",
            "overrides: {isvc: {group: serving.kserve.io, resource: inferenceservice}, "
        )
    );
    let file = RuleFile::parse(&rules).unwrap();
    let known = ResourceTable::builtin().with_custom_groups(&file);
    for asked in [
        "pods/gpu_load",
        "inferenceservice.serving.kserve.io/gpu_load",
    ] {
        let told = metric(&file, None, &known, &Question::parse(asked).unwrap());
        assert!(told.is_there(), "{told}");
    }
    let told = metric(
        &file,
        None,
        &ResourceTable::builtin(),
        &Question::parse("pods/gpu_load").unwrap(),
    );
    assert!(!told.is_there());
}

#[test]
fn without_a_prometheus_a_query_that_drops_the_label_is_told() {
    let file = RuleFile::parse(&format!(
        "rules:\n{}",
        GOOD.replace(" by (<<.GroupBy>>)", "")
    ))
    .unwrap();
    let told = metric(
        &file,
        None,
        &ResourceTable::builtin(),
        &Question::parse("pods/gpu_load").unwrap(),
    );
    assert_eq!(told.lost_at(), Some(Step::Value));
    assert!(
        told.to_string().contains("the query drops the label `pod`"),
        "{told}"
    );
}
