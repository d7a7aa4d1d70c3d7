//! Mistakes of those who write rules by hand: each is told with its place, its cause and a way out.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_rules::RuleFile;

fn told(files: &[&str]) -> String {
    let told = files.iter().map(|text| match RuleFile::parse(text) {
        Ok(file) => format!("{} rules, {}", file.rules.len(), file.form),
        Err(error) => {
            assert!(error.hint().is_some(), "{error}");
            assert!(error.line() > 0 && error.column() > 0, "{error}");
            error.to_string()
        }
    });
    told.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn texts() {
    insta::assert_snapshot!(told(&[
        // Not to begin without quotes.
        "rules:\n- seriesQuery: `up`\n",
        "rules:\n- metricsQuery: %up # why not\n",
        "rules:\n- seriesQuery: *up\n",
        "rules:\n- seriesQuery: @up\n",
        "rules:\n- seriesQuery: [up]\n",
        // Escapes.
        "rules:\n- name: {matches: x}\n- name:\n    matches: \"^(.*)\\.total$\"\n",
        "rules:\n- seriesQuery: \"up{a=~'\\d+'}\"\n",
        // Quotes that are not closed, or within a text.
        "rules:\n- seriesQuery: 'up\n  metricsQuery: x\n",
        "rules:\n- seriesQuery: \"up\n  metricsQuery: \"sum(x)\"\n",
        "rules:\n- seriesQuery: 'up\n  metricsQuery: 'sum(x)'\n",
        "rules:\n- seriesQuery: 'up{pod!='',a='b'}'\n",
        "rules:\n- seriesQuery: 'up{pod!=\"\",a='b'}'\n",
        "rules:\n- metricsQuery: \"sum(up{a=\"b\",c='d'})\"\n",
        // Keys without a colon, or without a blank.
        "rules:\n- seriesQuery up\n  metricsQuery: x\n",
        "rules:\n- seriesQuery:up\n  metricsQuery: x\n",
        "rules:\n- seriesQuery: up\n  name:\n    as:x\n",
        // A tab below a text, which is not where the reader stops.
        "rules:\n- seriesQuery: up\n\tmetricsQuery: x\n",
    ]));
}

#[test]
fn shapes() {
    insta::assert_snapshot!(told(&[
        "rules:\n- seriesFilters: \".*_total\"\n",
        "rules:\n- seriesFilters:\n    isNot: \".*_total\"\n",
        "rules:\n- resources:\n    overrides:\n    - namespace: {resource: namespace}\n",
        "rules:\n- resources:\n    overrides:\n      namespace: \"namespace\"\n",
        "rules:\n- resources: {overrides: {pod: pod}}\n",
        "rules:\n- {seriesQuery: up, resources: {overrides: {ns: {resource: namespace}, pod: \"pod\"}}}\n",
        "rules:\n- resources: pod\n",
        "rules:\n- name: gpu_load\n",
        "rules:\n- up\n",
        "rules: up\n",
        "externalRules: up\n",
        "rules:\n- seriesQuery:\n  - up\n",
        "rules:\n- seriesQuery: up\nresources:\n  overrides: {}\n",
        "resourceRules:\n- cpu: {}\n",
        "resourceRules:\n  cpu: sum(x)\n",
        "hello\n",
    ]));
}

#[test]
fn other_files() {
    insta::assert_snapshot!(told(&[
        "rules:\n- seriesQuery: up\n---\nrules: []\n",
        "apiVersion: v1\nkind: List\nitems: []\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n",
        "kind: ConfigMap\nbinaryData: {config.yaml: cnVsZXM6IFtdCg==}\n",
        "kind: ConfigMap\ndata: {a: \"rules: []\", b: \"rules: []\"}\n",
        "kind: ConfigMap\ndata:\n  config.yaml: |\n  rules:\n  - seriesQuery: up\n",
        "kind: ConfigMap\ndata:\n  config.yaml: |\n    rules:\n      custom: []\n",
        "kind: ConfigMap\ndata: {c: \"rules: []\"}\n---\nkind: ConfigMap\ndata: {c: \"rules: []\"}\n",
        "rules:\n  default: false\n  existing: mine\n",
        "prometheus:\n  adapter:\n    rules:\n      custom: []\n",
    ]));
}

#[test]
fn wide_lines_are_cut_around_the_place() {
    let wide = format!(
        "rules:\n- seriesQuery: \"{}{{a=\"b\"}}\"\n",
        "x".repeat(70_000)
    );
    let error = RuleFile::parse(&wide).unwrap_err();
    assert_eq!(error.line(), 2);
    assert!(error.source_line().len() > 70_000);
    let told = error.to_string();
    assert!(told.chars().count() < 1000, "{told}");
}
