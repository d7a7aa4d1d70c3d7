//! Wrong input: one message, exit code 2, and nothing started.

use crate::common::{example, refused, temporary};

#[test]
fn a_wrong_input_is_one_message_and_exit_code_2() {
    let hpa = example("hpa.yaml");
    let typo = temporary(
        "typo.yaml",
        "rules:\n- seriesQuery: up\n  seriesFilter: []\n",
    );
    let broken = temporary("broken.yaml", "rules:\n- metricsQuery: sum(<<.Series\n");
    let load = temporary(
        "load.yaml",
        "phases:\n- {name: x, duration: 1x, requestsPerSecond: 0}\n",
    );
    let no_hpa = temporary("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n");
    let utilization = "DCGM_CUSTOM_PROCESS_SM_UTIL";
    let rule = |series: &str, query: &str| {
        format!(
            "rules:\n- seriesQuery: '{series}'\n  resources: {{overrides: {{NamespaceName: {{resource: \
             namespace}}, PodName: {{resource: pod}}}}}}\n  metricsQuery: {query}\n"
        )
    };
    let by_pod = "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";
    let no_selector = rule(&format!("{utilization}{{"), by_pod);
    let no_selector = temporary("no-selector.yaml", &no_selector);
    let no_promql = rule(utilization, &by_pod.replace("})", "}"));
    let no_promql = temporary("no-promql.yaml", &no_promql);
    let other = std::fs::read_to_string(example("hpa.yaml")).unwrap();
    let other = temporary("other-metric.yaml", &other.replace(utilization, "GPU_LOAD"));
    for (args, text) in [
        (
            ["--rules", "nowhere.yaml"],
            "cannot read nowhere.yaml: No such file",
        ),
        (
            ["--rules", &typo],
            "typo.yaml: line 3, column 3: unknown key \"seriesFilter\"",
        ),
        (["--rules", &typo], "did you mean `seriesFilters`?"),
        (
            ["--rules", &broken],
            "broken.yaml:2:3: rule 1: metricsQuery: line 1, column 5: ",
        ),
        (
            ["--hpa", &no_hpa],
            "deployment.yaml: line 2, column 7: it is Deployment (apps/v1), and the demo follows a \
             HorizontalPodAutoscaler of autoscaling/v2, v2beta2 or v2beta1",
        ),
        (["--rules", &no_selector], "no-selector.yaml:2:3: rule 1: "),
        (["--rules", &no_promql], "no-promql.yaml:4:3: rule 1: "),
        (
            ["--hpa", &other],
            "other-metric.yaml: line 17, column 15: pods/GPU_LOAD is not there: no rule is about a \
             metric of this name. The rules are the built-in ones; --rules names others. ",
        ),
        (
            ["--prometheus-url", "http://127.0.0.1:99999"],
            "the port must be a number from 1 to 65535",
        ),
        (
            ["--prometheus-url", "http://"],
            "`http://` is no usable URL: it must start with http:// and name a host",
        ),
        (
            ["--load", &hpa],
            "hpa.yaml: line 2, column 1: unknown field `apiVersion`",
        ),
        (
            ["--load", &load],
            "load.yaml: line 2, column 23: `1x` is no duration",
        ),
        (
            ["--speed", "1000"],
            "--speed 1000: give a number from 0.1 to 100",
        ),
        (
            ["--prometheus-url", "localhost"],
            "`localhost` is no usable URL",
        ),
        (
            ["--prometheus-url", "http://127.0.0.1:1"],
            "cannot reach Prometheus at http://127.0.0.1:1",
        ),
    ] {
        let message = refused(&["demo", args[0], args[1]]);
        assert!(message.contains(text), "{args:?} gave: {message}");
        assert_eq!(message.matches("error: ").count(), 1, "{message}");
    }
}

/// What can be read and is out of range has a place, too.
#[test]
fn values_that_cannot_be_followed_have_a_place() {
    let hpa = std::fs::read_to_string(example("hpa.yaml")).unwrap();
    let old = std::fs::read_to_string(example("hpa-v2beta1.yaml")).unwrap();
    let cpu = hpa.split_once("  metrics:").unwrap().0.to_owned()
        + "  metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      target: {type: \
           Utilization, averageUtilization: 80}\n";
    let v1 = "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n  \
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 3\n  \
              targetCPUUtilizationPercentage: 50\n";
    let phases = "phases:\n- {name: a, duration: 60s, requestsPerSecond: 1}\n- name: b\n";
    let files = [
        ("--hpa", hpa.replace("maxReplicas: 10", "maxReplicas: 0")),
        ("--hpa", hpa.replace("averageValue: 20", "averageValue: -1")),
        ("--hpa", cpu),
        ("--hpa", old.replace("DCGM_CUSTOM_PROCESS_SM_UTIL", "GPU")),
        ("--load", "phases: []\n".to_owned()),
        ("--hpa", hpa.replace("autoscaling/v2", "autoscaling/v3")),
        ("--hpa", v1.to_owned()),
        ("--hpa", hpa.split_once("  metrics:").unwrap().0.to_owned()),
        ("--hpa", "kind: HorizontalPodAutoscaler\n".to_owned()),
        ("--load", format!("phases: []\n{phases}")),
        (
            "--load",
            format!("gpuMillisPerRequest: 0\n{phases}  duration: 1s\n  requestsPerSecond: 1\n"),
        ),
        (
            "--load",
            format!("{phases}  duration: 60s\n  requestsPerSecond: 5000\n"),
        ),
        (
            "--load",
            format!("{phases}  duration: 60s\n  requestsPerSecond: .nan\n"),
        ),
        (
            "--load",
            format!("{phases}  duration: 0s\n  requestsPerSecond: 1\n"),
        ),
        (
            "--load",
            format!("{phases}  duration: 2d\n  requestsPerSecond: 1\n"),
        ),
    ];
    let told = files.map(|(option, text)| {
        let message = refused(&["demo", option, &temporary("placed.yaml", &text)]);
        message.split_once("placed.yaml: ").unwrap().1.to_owned()
    });
    insta::assert_snapshot!(told.concat());
}

/// Whose fault it is that a metric is not there: the file that is the user's, and the rule that could
/// have given it.
#[test]
fn a_metric_that_no_rule_gives() {
    let rules = std::fs::read_to_string(example("rules.yaml")).unwrap();
    let hpa = std::fs::read_to_string(example("hpa.yaml")).unwrap();
    let utilization = "DCGM_CUSTOM_PROCESS_SM_UTIL";
    let broken = format!("{rules}- seriesQuery: up\n  metricsQuery: sum(<<.Series\n");
    let query = "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";
    let up = format!(
        "rules:\n- seriesQuery: up\n  resources: {{template: <<.Resource>>}}\n  metricsQuery: {query}\n"
    );
    let pod = "      PodName:\n";
    let told = [
        // A broken rule that has nothing to do with it, and one that has.
        (Some(broken.clone()), Some(hpa.replace(utilization, "NOPE"))),
        (Some(broken), Some(hpa.replace(utilization, "up"))),
        // The user's rules do not give what the built-in autoscaler goes by, and his own.
        (Some(up.clone()), None),
        (Some(up), Some(hpa.clone())),
        (None, Some(hpa.replace(utilization, "NOPE"))),
        (None, Some(hpa.replace(utilization, "DCGM_FI_DEV_GPU_UTIL"))),
        // Labels and series that the exporter does not have: known after the first scrape.
        (Some(rules.replace(pod, "      PodNam:\n")), None),
        (Some(rules.replace("UTIL{}", "UTIL{PodName=\"x\"}")), None),
    ]
    .map(|(rules, hpa)| {
        let rules = rules.map(|text| temporary("lacking-rules.yaml", &text));
        let hpa = hpa.map(|text| temporary("lacking-hpa.yaml", &text));
        let mut args = vec!["demo"];
        args.extend(rules.iter().flat_map(|file| ["--rules", file]));
        args.extend(hpa.iter().flat_map(|file| ["--hpa", file]));
        refused(&args).replace(env!("CARGO_TARGET_TMPDIR"), "")
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_port_that_is_taken() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let message = refused(&["demo", "--api-port", &port]);
    assert!(
        message.contains("choose another with --api-port"),
        "{message}"
    );
}
