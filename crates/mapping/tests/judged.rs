//! What the lint says of queries, names and labels at the edge of a finding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod held;

use concertina_mapping::ResourceTable;
use concertina_mapping::lint::{Report, check, check_with_series};
use held::{listing, store};

/// The codes of what is found.
fn codes(report: &Report) -> Vec<&'static str> {
    report
        .findings
        .iter()
        .map(|found| found.kind.code())
        .collect()
}

fn found(text: &str) -> Vec<&'static str> {
    codes(&check(text, &ResourceTable::builtin()))
}

/// A rule for `gpu_load` with these overrides and this query.
fn rule(overrides: &str, query: &str) -> String {
    format!(
        "- seriesQuery: gpu_load\n  resources: {{overrides: {{{overrides}}}}}\n  metricsQuery: '{query}'\n"
    )
}

const PODS: &str = "namespace: {resource: namespace}, pod: {resource: pod}";
const AVG: &str = "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";

#[test]
fn queries_that_are_right_have_no_finding() {
    let m = "gpu_load{<<.LabelMatchers>>}";
    let queries = [
        format!("vector(0) or {AVG}"),
        format!("{AVG} unless avg({m}) by (node)"),
        format!("topk(1, {m}) by (<<.GroupBy>>)"),
    ];
    for query in queries {
        let text = format!("rules:\n{}", rule(PODS, &query));
        assert_eq!(found(&text), [""; 0], "{query}");
    }
    for query in [format!("scalar(sum({m}))"), "1".to_owned()] {
        let text = format!("externalRules:\n{}", rule(PODS, &query));
        assert!(!found(&text).contains(&"C016"), "{query}");
        let text = format!("rules:\n{}", rule(PODS, &query));
        assert_eq!(found(&text), ["C016"], "{query}");
    }
}

#[test]
fn what_is_kept_by_without_is_named() {
    let query = "avg without (gpu) (<<.Series>>{<<.LabelMatchers>>})";
    let report = check(
        &format!("rules:\n{}", rule(PODS, query)),
        &ResourceTable::builtin(),
    );
    let [finding] = report.findings.as_slice() else {
        panic!("{:#?}", report.findings);
    };
    assert_eq!(finding.kind.code(), "C033");
    assert!(
        finding
            .message
            .starts_with("the query keeps every label but gpu: ")
    );
}

#[test]
fn rules_overlap_by_the_resource_that_is_meant() {
    let of = |resource: &str| {
        rule(
            &format!("namespace: {{resource: namespace}}, a: {{{resource}}}"),
            AVG,
        )
    };
    let both = |a: &str, b: &str| found(&format!("rules:\n{}{}", of(a), of(b)));
    let ingress = "group: networking.k8s.io, resource: ingress";
    assert!(both(ingress, "group: networking.k8s.io, resource: ingresses").contains(&"C030"));
    assert!(both("resource: pod", "resource: Pods").contains(&"C030"));
}

#[test]
fn a_missing_half_of_the_resource_rules_is_named() {
    let told = |text: &str| -> Vec<String> {
        let findings = check(text, &ResourceTable::builtin()).findings;
        findings.into_iter().map(|found| found.message).collect()
    };
    let missing = |name: &str| {
        format!("`{name}` is missing below `resourceRules`: both `cpu` and `memory` are needed")
    };
    assert_eq!(
        told("resourceRules: {}\n"),
        [missing("cpu"), missing("memory")]
    );
    let cpu = "resourceRules:\n  cpu:\n    containerQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n    \
               nodeQuery: sum(cpu{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n    resources: {overrides: {ns: \
               {resource: namespace}, pod: {resource: pod}, node: {resource: node}}}\n";
    assert_eq!(
        told(cpu),
        [
            missing("memory"),
            "cpu: `containerLabel` is missing".to_owned()
        ]
    );
}

#[test]
fn labels_that_queries_do_not_find_are_told() {
    let live = |text: &str, series: &str| {
        let store = store(series);
        let listed = listing(text, &store);
        let report = check_with_series(text, &ResourceTable::builtin(), &listed);
        let of_live = report
            .findings
            .into_iter()
            .filter(|found| found.kind.code() >= "C040");
        of_live
            .map(|found| format!("{} {}", found.kind.code(), found.message))
            .collect::<Vec<_>>()
    };
    let exported =
        r#"gpu_load{namespace="mon",pod="exporter",exported_namespace="ai",exported_pod="a"} 3"#;
    let custom = |overrides: &str| format!("rules:\n{}", rule(overrides, AVG));
    let right = "exported_namespace: {resource: namespace}, exported_pod: {resource: pod}";
    assert_eq!(live(&custom(right), exported), [""; 0]);
    let told = [
        live(
            &custom("namespace: {resource: namespace}, exported_pod: {resource: pod}"),
            exported,
        ),
        live(
            &custom(
                "exported_namespace: {resource: namespace}, PodName: {resource: pod}, exported_pod: {resource: pod}",
            ),
            exported,
        ),
        live(
            &format!(
                "externalRules:\n{}",
                rule(
                    "ns: {resource: namespace}",
                    "sum(<<.Series>>{<<.LabelMatchers>>})"
                )
            ),
            exported,
        ),
    ];
    insta::assert_snapshot!(told.concat().join("\n"), @"
    C042 the series have `exported_namespace`, too: `namespace` is the namespace that was scraped, and a request for pods of another one finds nothing
    C041 queries select pods by `PodName`, which no series has; they have `exported_pod`
    C041 a request selects its namespace by `ns`, which no series has; they have exported_namespace, exported_pod, namespace, pod
    ");
}
