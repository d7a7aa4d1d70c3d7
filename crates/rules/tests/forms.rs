//! The forms in which people keep their rules.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use concertina_rules::{FileForm, RuleFile, compile};

const CONFIG_MAP: &str = "\
# applied with kubectl
apiVersion: v1
kind: ConfigMap
metadata:
  name: adapter-config
  namespace: monitoring
data:
  config.yaml: |
    rules:
    - seriesQuery: up
      metricsQuery: sum(<<.Series>>)

    externalRules:
    - seriesQuery: depth
";

#[test]
fn each_form_is_recognised() {
    let forms = [
        "rules: []\n",
        "- seriesQuery: up\n",
        CONFIG_MAP,
        "kind: ConfigMap\napiVersion: v1\ndata: {adapter.yaml: 'rules: [{seriesQuery: up}]', x: y}\n",
        "rules:\n  default: false\n  custom:\n  - seriesQuery: up\nprometheus: {url: http://p}\n",
        "rules:\n  custom: []\n  external:\n  resource: {}\n",
    ];
    let told: Vec<String> = forms
        .iter()
        .map(|text| {
            let file = RuleFile::parse(text).unwrap();
            let (rules, external) = (file.rules.len(), file.external_rules.len());
            format!("{}: {rules} rules, {external} external rules", file.form)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
a prometheus-adapter configuration: 0 rules, 0 external rules
a bare list of rules: 1 rules, 0 external rules
the ConfigMap `adapter-config`, key `config.yaml`: 1 rules, 1 external rules
a ConfigMap without a name, key `adapter.yaml`: 1 rules, 0 external rules
values of the Helm chart: 1 rules, 0 external rules
values of the Helm chart, with its default rules: 6 rules, 0 external rules
"###);
}

#[test]
fn positions_are_those_of_the_manifest() {
    let file = RuleFile::parse(CONFIG_MAP).unwrap();
    assert_eq!((file.rules[0].line, file.external_rules[0].line), (10, 14));
    let broken = [
        CONFIG_MAP.replace("metricsQuery", "metricQuery"),
        CONFIG_MAP.replace("    externalRules:", "     externalRules:"),
        "kind: ConfigMap\ndata:\n  config.yaml: \"rules:\\n- series: x\"\n".to_owned(),
        "kind: ConfigMap\ndata: {a: 'rules: []', b: 'rules: []'}\n".to_owned(),
        "kind: ConfigMap\nmetadata: {}\n".to_owned(),
        "kind: ConfigMap\ndata:\n  config.yaml: |\n    rules: {default: false, custom: []}\n"
            .to_owned(),
        "apiVersion: apps/v1\nkind: Deployment\n".to_owned(),
        "rules: {existing: my-rules}\n".to_owned(),
        "rules: {default: false, customs: []}\n".to_owned(),
        "rules: []\n---\nrules: []\n".to_owned(),
        format!("{CONFIG_MAP}---\n{CONFIG_MAP}"),
    ];
    let told = broken.map(|text| RuleFile::parse(&text).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n\n"), @r###"
line 11, column 7: unknown key "metricQuery"
  11 |       metricQuery: sum(<<.Series>>)
     |       ^
  help: did you mean `metricsQuery`?

line 13, column 6: `externalRules` stands within the rule `- seriesQuery: up`
  13 |      externalRules:
     |      ^
  help: it stands at the top of the file, in the same column as `rules`

line 3, column 16: in the text of `config.yaml`, its line 2, column 3: unknown key "series"
  3 |   config.yaml: "rules:\n- series: x"
    |                ^
  help: known here: `seriesQuery`, `seriesFilters`, `resources`, `name`, `metricsQuery`

line 2, column 1: it is not clear which key of the ConfigMap's `data` holds the rules, of a, b
  2 | data: {a: 'rules: []', b: 'rules: []'}
    | ^
  help: name it `config.yaml`

line 1, column 1: the ConfigMap has no `data`
  1 | kind: ConfigMap
    | ^
  help: the configuration stands below `data`, in the text of a key such as `config.yaml: |`

line 4, column 5: values of the Helm chart, which prometheus-adapter cannot read from its ConfigMap
  4 |     rules: {default: false, custom: []}
    |     ^
  help: `rules` is a list there: put what stands below `custom` right below `rules`, and what stands below `external` below `externalRules`

line 2, column 1: a manifest of kind Deployment: rules are read from a ConfigMap
  2 | kind: Deployment
    | ^
  help: give the ConfigMap that the adapter mounts, or the rules themselves

line 1, column 1: the chart takes all its rules from the ConfigMap `my-rules`, and none from here
  1 | rules: {existing: my-rules}
    | ^
  help: give that one, as `kubectl get configmap my-rules -o yaml` prints it

line 1, column 25: unknown key "customs"
  1 | rules: {default: false, customs: []}
    |                         ^
  help: did you mean `custom`?

line 2, column 1: a second YAML document begins here, and none of them is a ConfigMap with rules
  2 | ---
    | ^
  help: a rule file is one document: put all rules below one `rules:`

line 15, column 1: this is the second ConfigMap with rules
  15 | ---
     | ^
  help: keep one of them, as the adapter reads one
"###);
}

#[test]
fn a_stream_may_hold_other_manifests() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: [{verbs: [get]}]\n";
    let stream = format!("{role}---\n{CONFIG_MAP}---\nkind: Deployment\n");
    let file = RuleFile::parse(&stream).unwrap();
    assert_eq!(file.rules[0].line, 14);
    let form = FileForm::ConfigMap {
        name: "adapter-config".to_owned(),
        key: "config.yaml".to_owned(),
    };
    assert_eq!(file.form, form);
    let broken = stream.replace("    externalRules:", "      - seriesQuery: down");
    insta::assert_snapshot!(RuleFile::parse(&broken).unwrap_err(), @r###"
line 17, column 9: this rule begins 2 columns to the right of the rule before it, `- seriesQuery: up`
  17 |       - seriesQuery: down
     |         ^
  help: all rules of a list begin in the same column
"###);
}

#[test]
fn the_rules_of_the_chart_compile_and_name_their_metrics() {
    let file = RuleFile::parse("rules: {default: true}\n").unwrap();
    let names = [
        "container_cpu_usage_seconds_total",
        "container_fs_reads_total",
        "container_spec",
    ];
    let rules: Vec<_> = compile(&file.rules)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let exposed = names.map(|name| {
        let names = rules
            .iter()
            .take(3)
            .filter_map(|rule| rule.metric_name(name));
        names.collect::<Vec<_>>()
    });
    assert_eq!(exposed, [["cpu_usage"], ["fs_reads"], ["spec"]]);
    assert_eq!(rules[3].metric_name("http_requests_total"), None);
    assert_eq!(
        rules[4].metric_name("http_requests_total").as_deref(),
        Some("http_requests")
    );
    assert_eq!(
        rules[5].metric_name("busy_seconds_total").as_deref(),
        Some("busy")
    );
}

/// What the documentation of others publishes.
#[test]
fn broken_files_that_are_published_give_their_cause() {
    let files = [
        // Keys of a rule outside of it.
        "rules:\n- seriesQuery: up\n resources: {}\n",
        "rules:\n  - seriesQuery: up\n  metricsQuery: x\n",
        "rules:\n  - seriesQuery: up\n  resources:\n      overrides: {}\n",
        "rules:\nseriesQuery: up\n",
        "rules:\n  seriesQuery: up\n  metricsQuery: x\n",
        "rules:\n- seriesQuery: up\n    metricsQuery: x\n",
        "rules:\n- seriesQuery: up\n  resources:\n    overrides:\n    pod: {resource: pod}\n",
        "rules:\n- seriesQuery: up\n  name:\n  matches: x\n",
        "rules:\n- seriesQuery: up\n  metricsQuery: x\n  - seriesQuery: down\n",
        "rules:\n  - seriesQuery: up\n    metricsQuery: x\n   - seriesQuery: down\n",
        // Quotes within quotes.
        "rules:\n- seriesQuery: \"up{pod!=\"\"}\"\n",
        "rules:\n- metricsQuery: \"sum(up{a=\"b\"}) by (pod)\"\n",
        // A comma behind a flow mapping, as in the adapter's own sample.
        "rules:\n- seriesQuery: up\n  resources:\n    overrides:\n      namespace: {resource: \"namespace\"},\n      pod: {resource: \"pod\"},\n",
        // A query that YAML takes for a mapping.
        "rules:\n- seriesQuery: {__name__=~\"vllm.*\"}\n",
        "rules:\n- metricsQuery: sum(x): y\n",
        // Lists in the wrong place.
        "rules:\n  externalRules:\n  - seriesQuery: up\n",
        "rules:\n- seriesQuery: up\n  externalRules:\n  - seriesQuery: up\n",
        "rules:\n- externalRules:\n  - seriesQuery: up\n",
        "Rules:\n- seriesQuery: up\n",
        "external:\n- seriesQuery: up\n",
        "custom:\n- seriesQuery: up\n",
        "data:\n  config.yaml: |\n    rules: []\n",
        "prometheus-adapter:\n  rules: {custom: []}\n",
        "rules:\n{{- range .Values.rules }}\n- {{ . }}\n{{- end }}\n",
    ];
    let told = files.map(|text| RuleFile::parse(text).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n\n"), @r###"
line 3, column 2: `resources` begins 1 column to the left of the other keys of its rule, `- seriesQuery: up`
  3 |  resources: {}
    |  ^
  help: all keys of a rule begin in the same column

line 3, column 3: `metricsQuery` begins 2 columns to the left of the other keys of its rule, `- seriesQuery: up`
  3 |   metricsQuery: x
    |   ^
  help: all keys of a rule begin in the same column

line 3, column 3: `resources` begins 2 columns to the left of the other keys of its rule, `- seriesQuery: up`
  3 |   resources:
    |   ^
  help: all keys of a rule begin in the same column

line 2, column 1: unknown key "seriesQuery"
  2 | seriesQuery: up
    | ^
  help: `seriesQuery` belongs to a rule: indent it as far as the other keys of the rule, below `- `

line 2, column 3: `seriesQuery` belongs to a rule, and no rule has begun
  2 |   seriesQuery: up
    |   ^
  help: each rule begins with `- `

line 3, column 17: `metricsQuery` begins 2 columns to the right of the other keys of its rule, `- seriesQuery: up`
  3 |     metricsQuery: x
    |                 ^
  help: all keys of a rule begin in the same column

line 5, column 5: unknown key "pod"
  5 |     pod: {resource: pod}
    |     ^
  help: if `pod` is a label, it stands below `overrides`: check the indentation; known here: `template`, `overrides`, `namespaced`

line 4, column 3: unknown key "matches"
  4 |   matches: x
    |   ^
  help: `matches` stands below `name`: check the indentation

line 4, column 5: this rule begins 2 columns to the right of the rule before it, `- seriesQuery: up`
  4 |   - seriesQuery: down
    |     ^
  help: all rules of a list begin in the same column

line 4, column 4: this rule begins 1 column to the right of the rule before it, `- seriesQuery: up`
  4 |    - seriesQuery: down
    |    ^
  help: all rules of a list begin in the same column

line 2, column 26: the text in double quotes ends at the next `"`, which is inside of it
  2 | - seriesQuery: "up{pod!=""}"
    |                          ^
  help: put it between single quotes: `seriesQuery: 'up{pod!=""}'`

line 2, column 28: the text in double quotes ends at the next `"`, which is inside of it
  2 | - metricsQuery: "sum(up{a="b"}) by (pod)"
    |                            ^
  help: put it between single quotes: `metricsQuery: 'sum(up{a="b"}) by (pod)'`

line 5, column 41: a comma stands behind the value: the lines of a block are not separated by commas
  5 |       namespace: {resource: "namespace"},
    |                                         ^
  help: leave the comma out: `namespace: {resource: "namespace"}`

line 2, column 16: a value that begins with `{` is a mapping for YAML, not a text
  2 | - seriesQuery: {__name__=~"vllm.*"}
    |                ^
  help: put it between single quotes: `seriesQuery: '{__name__=~"vllm.*"}'`

line 2, column 23: a text without quotes cannot have a colon and a blank in it
  2 | - metricsQuery: sum(x): y
    |                       ^
  help: put it between single quotes: `metricsQuery: 'sum(x): y'`

line 2, column 3: `externalRules` is not a rule
  2 |   externalRules:
    |   ^
  help: it stands at the top of the file, without indentation, and not below another key: move `externalRules` to the first column

line 3, column 3: unknown key "externalRules"
  3 |   externalRules:
    |   ^
  help: `externalRules` stands at the top of the file, without indentation

line 2, column 3: unknown key "externalRules"
  2 | - externalRules:
    |   ^
  help: `externalRules` stands at the top of the file, without indentation

line 1, column 1: unknown key "Rules"
  1 | Rules:
    | ^
  help: did you mean `rules`?

line 1, column 1: unknown key "external"
  1 | external:
    | ^
  help: `external` is a value of the Helm chart and stands below `rules:` there

line 1, column 1: unknown key "custom"
  1 | custom:
    | ^
  help: `custom` is a value of the Helm chart and stands below `rules:` there

line 1, column 1: unknown key "data"
  1 | data:
    | ^
  help: for a ConfigMap `kind: ConfigMap` is missing

line 1, column 1: unknown key "prometheus-adapter"
  1 | prometheus-adapter:
    | ^
  help: these are values of a chart that contains the adapter's: give what stands below `prometheus-adapter`

line 2, column 3: `{{` is Helm's, not YAML
  2 | {{- range .Values.rules }}
    |   ^
  help: render the template first, as `helm template` does
"###);
}
