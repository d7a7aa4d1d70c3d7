//! What the process counts of itself.

use std::collections::BTreeSet;

use crate::common::{EXPOSITION, Running};
use crate::parts::{eventually, stand_in, temporary};

const RULES: &str = "\
rules:
- seriesQuery: DCGM_CUSTOM_PROCESS_SM_UTIL{}
  resources: {overrides: {NamespaceName: {resource: namespace}, PodName: {resource: pod}}}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
- seriesQuery: DCGM_CUSTOM_PROCESS_MEM_USED{}
  resources: {overrides: {NamespaceName: {resource: namespace}, PodName: {resource: pod}}}
  metricsQuery: count(<<.Series>>)
- seriesQuery: DCGM_FI_DEV_GPU_UTIL{}
  resources: {overrides: {NodeName: {resource: node}}}
  metricsQuery: <<.Series>>{<<.LabelMatchers>>}
externalRules:
- seriesQuery: DCGM_FI_DEV_GPU_UTIL{}
  resources: {namespaced: false}
  metricsQuery: <<.Series>>{<<.LabelMatchers>>}[1m]
resourceRules:
  cpu: &half
    containerQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    nodeQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    resources: {overrides: {node: {resource: node}, namespace: {resource: namespace}, pod: {resource: pod}}}
    containerLabel: container
  memory: *half
";

/// The families of a text, each with its samples' common name.
fn names(text: &str) -> BTreeSet<String> {
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let named = families.map(|family| match family.split_once(' ').unwrap() {
        (name, "counter") => format!("{name}_total"),
        (name, "info") => format!("{name}_info"),
        (name, _) => name.to_owned(),
    });
    named.collect()
}

fn value<'a>(text: &'a str, sample: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
}

#[test]
fn numbers_of_rules_and_requests() {
    let exporter = stand_in(|_| EXPOSITION.to_owned());
    let file = temporary("serve-telemetry.yaml", RULES);
    let mut args = vec!["--config", file.as_str(), "--scrape", &exporter];
    args.extend(["--scrape-interval", "1s", "--cache-ttl", "1m"]);
    let serving = Running::start(&args);
    let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default";
    eventually("everything is listed", || {
        let (_, custom) = serving.metric("");
        let (_, external) = serving.get("/apis/external.metrics.k8s.io/v1beta1");
        let all =
            custom.contains("MEM_USED") && custom.contains("nodes/") && external.contains("DCGM");
        all.then_some(())
    });
    let pods = "/namespaces/default/pods";
    let util = "DCGM_CUSTOM_PROCESS_SM_UTIL";
    for (path, status) in [
        (format!("{pods}/bert-a/{util}"), 200),
        (format!("{pods}/bert-a/{util}"), 200),
        (format!("{pods}/bert-b/{util}"), 404),
        (format!("{pods}/bert-x/{util}"), 404),
        (format!("{pods}/*/{util}"), 200),
        (format!("{pods}/bert-a/DCGM_CUSTOM_PROCESS_MEM_USED"), 404),
        ("/nodes/gpu-1/DCGM_FI_DEV_GPU_UTIL".to_owned(), 404),
    ] {
        assert_eq!(serving.metric(&path).0, status, "{path}");
    }
    assert_eq!(
        serving.get(&format!("{external}/DCGM_FI_DEV_GPU_UTIL")).0,
        500
    );
    let usage = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/bert-a";
    assert_eq!(serving.get(usage).0, 404);

    let (status, text) = serving.get("/metrics");
    assert_eq!(status, 200);
    assert!(text.ends_with("# EOF\n"), "{text}");
    let rule = |list: &str, rule: &str, metric: &str| {
        format!(r#"list="{list}",rule="{rule}",metric="{metric}""#)
    };
    let first = rule("rules", "1", util);
    for (sample, expected) in [
        (format!("concertina_query_duration_seconds_count{{{first}}}"), "4"),
        (
            format!(r#"concertina_query_cache_hits_total{{{first},how="kept"}}"#),
            "1",
        ),
        (format!(r#"concertina_samples_left_out_total{{{first},reason="nan"}}"#), "2"),
        (format!(r#"concertina_samples_left_out_total{{{first},reason="no_sample"}}"#), "1"),
        (
            format!(
                r#"concertina_samples_left_out_total{{{},reason="no_object"}}"#,
                rule("rules", "2", "DCGM_CUSTOM_PROCESS_MEM_USED")
            ),
            "1",
        ),
        (
            format!(
                r#"concertina_samples_left_out_total{{{},reason="ambiguous"}}"#,
                rule("rules", "3", "DCGM_FI_DEV_GPU_UTIL")
            ),
            "1",
        ),
        (
            format!(
                r#"concertina_samples_left_out_total{{{},reason="no_sample"}}"#,
                rule("resourceRules", "pods", "cpu")
            ),
            "1",
        ),
        (
            format!(
                r#"concertina_query_errors_total{{{},kind="wrong_type"}}"#,
                rule("externalRules", "1", "DCGM_FI_DEV_GPU_UTIL")
            ),
            "1",
        ),
        (
            r#"concertina_requests_total{verb="get",group="external.metrics.k8s.io",code="500"}"#.to_owned(),
            "1",
        ),
        (
            r#"concertina_rule_info{list="rules",rule="1",series_query="DCGM_CUSTOM_PROCESS_SM_UTIL{}"}"#.to_owned(),
            "1.0",
        ),
        (r#"concertina_rule_series{list="rules",rule="1"}"#.to_owned(), "3.0"),
        (r#"concertina_metrics{list="externalRules"}"#.to_owned(), "1.0"),
        ("concertina_rules_loads_total".to_owned(), "1"),
        ("concertina_rules_refused".to_owned(), "0.0"),
    ] {
        assert_eq!(value(&text, &sample), Some(expected), "{sample} in\n{text}");
    }
    let last = value(
        &text,
        &format!("concertina_query_last_success_timestamp_seconds{{{first}}}"),
    );
    assert!(last.unwrap().parse::<f64>().unwrap() > 1.7e9, "{last:?}");

    let docs = include_str!("../../../../docs/serve-metrics.md");
    let told = docs.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: BTreeSet<String> = told
        .map(|line| line.split('`').next().unwrap().to_owned())
        .collect();
    assert_eq!(told, names(&text), "docs/serve-metrics.md and /metrics");
}

#[test]
fn a_refused_rule_file_is_counted() {
    let exporter = stand_in(|_| EXPOSITION.to_owned());
    let file = temporary("serve-telemetry-reload.yaml", RULES);
    let serving = Running::start(&["--config", &file, "--scrape", &exporter]);
    let number = |name: &str| {
        let (_, text) = serving.get("/metrics");
        value(&text, name).map(str::to_owned)
    };
    assert_eq!(number("concertina_rules_refused_timestamp_seconds"), None);
    std::fs::write(&file, "rules: 7").unwrap();
    eventually("it is refused", || {
        (number("concertina_rules_refused")? == "1.0").then_some(())
    });
    assert_eq!(number("concertina_rules_refusals_total").unwrap(), "1");
    assert!(number("concertina_rules_refused_timestamp_seconds").is_some());
    std::fs::write(&file, RULES).unwrap();
    eventually("the file is as it was", || {
        (number("concertina_rules_refused")? == "0.0").then_some(())
    });
    assert_eq!(number("concertina_rules_refusals_total").unwrap(), "1");
}
