//! The demo as a user starts it: the built-in input, other files, and mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn concertina(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.args(args).output().expect("the binary runs")
}

fn example(name: &str) -> String {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/bert-intent-detection");
    folder.join(name).display().to_string()
}

fn temporary(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Standard output of a demo that must succeed.
fn output(args: &[&str]) -> String {
    let done = concertina(args);
    let (out, err) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    );
    assert!(done.status.success(), "{:?}\n{out}\n{err}", done.status);
    out
}

/// The single message of a demo that must not start.
fn refused(args: &[&str]) -> String {
    let done = concertina(args);
    assert_eq!(done.status.code(), Some(2), "{args:?}");
    assert!(
        done.stdout.is_empty(),
        "{args:?} printed something before it failed"
    );
    String::from_utf8(done.stderr).unwrap()
}

/// TARGETS and REPLICAS of the rows, in order.
fn rows(output: &str) -> Vec<(String, String)> {
    let rows = output.lines().filter(|line| line.starts_with("gpu-hpa"));
    rows.map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        (words[2].to_owned(), words[5].to_owned())
    })
    .collect()
}

#[test]
fn scales_out_and_in_again() {
    let out = output(&["demo", "--speed", "40"]);
    assert!(
        out.contains("pods/DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO   namespaced"),
        "{out}"
    );
    assert!(out.contains("nodes/DCGM_FI_DEV_GPU_UTIL"), "{out}");
    assert!(
        out.contains("scaled from 1 to 2: pods metric DCGM_CUSTOM_PROCESS_SM_UTIL above target"),
        "{out}"
    );
    assert!(
        out.contains("scaled from 2 to 1: All metrics below target"),
        "{out}"
    );
    assert!(
        out.contains("ok: scaled out from 1 to 2 and in again"),
        "{out}"
    );
    let rows = rows(&out);
    assert_eq!(
        rows.first(),
        Some(&("0/20".to_owned(), "1".to_owned())),
        "{out}"
    );
    assert_eq!(
        rows.last(),
        Some(&("0/20".to_owned(), "1".to_owned())),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "a pipe gets plain text");
}

#[test]
fn a_higher_target_needs_no_second_pod() {
    let hpa = example("hpa-40.yaml");
    let out = output(&["demo", "--speed", "40", "--hpa", &hpa]);
    assert!(
        out.contains("ok: the load never asked for more than 1: no scale-out"),
        "{out}"
    );
    assert!(
        rows(&out)
            .iter()
            .all(|(targets, replicas)| targets.ends_with("/40") && replicas == "1")
    );
}

#[test]
fn the_users_own_files_and_one_bad_rule() {
    let rules = std::fs::read_to_string(example("rules.yaml")).unwrap();
    let rules = format!("{rules}- seriesQuery: up\n  metricsQuery: sum(<<.Series\n");
    let rules = temporary("one-bad-rule.yaml", &rules);
    let load = "phases:\n- {name: rush, duration: 60s, requestsPerSecond: 30}\n- {name: rest, duration: 400s, requestsPerSecond: 0}\n";
    let load = temporary("rush.yaml", load);
    let hpa = example("hpa-v2beta1.yaml");
    let out = output(&[
        "demo", "--speed", "40", "--rules", &rules, "--load", &load, "--hpa", &hpa,
    ]);
    assert!(out.contains("one-bad-rule.yaml:53:3: rule 6: "), "{out}");
    assert!(
        out.contains("the action has no closing `>>`; it is left out, the other rules serve"),
        "{out}"
    );
    assert!(out.contains("and in again"), "{out}");
}

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
            "it is Deployment (apps/v1), and a HorizontalPodAutoscaler is needed",
        ),
        (["--rules", &no_selector], "no-selector.yaml:2:3: rule 1: "),
        (["--rules", &no_promql], "no-promql.yaml:4:3: rule 1: "),
        (
            ["--hpa", &other],
            "other-metric.yaml: line 17, column 15: pods/GPU_LOAD is not there: no rule is about a metric of this name, \
             of the rules in built-in.",
        ),
        (
            ["--prometheus-url", "http://127.0.0.1:99999"],
            "the port must be a number from 1 to 65535",
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
    let phases = "phases:\n- {name: a, duration: 60s, requestsPerSecond: 1}\n- name: b\n";
    let files = [
        ("--hpa", hpa.replace("maxReplicas: 10", "maxReplicas: 0")),
        ("--hpa", hpa.replace("averageValue: 20", "averageValue: -1")),
        ("--hpa", cpu),
        ("--hpa", old.replace("DCGM_CUSTOM_PROCESS_SM_UTIL", "GPU")),
        ("--load", "phases: []\n".to_owned()),
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

/// `concertina demo | head -1`
#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_concertina"))
        .arg("demo")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(demo.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert!(line.contains("simulated GPUs"), "{line}");
    drop(out);
    let done = demo.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "");
    assert_eq!(done.status.code(), Some(141));
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

/// Standard output and the message of a demo whose loop fails.
fn failed(args: &[&str]) -> (String, String) {
    let done = concertina(args);
    let (out, err) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    );
    assert_eq!(done.status.code(), Some(1), "{out}\n{err}");
    (out, err)
}

#[test]
fn a_metric_that_goes_away_is_no_success() {
    let rules = std::fs::read_to_string(example("rules.yaml")).unwrap();
    // It is there as long as the pods are idle.
    let rules = rules.replace("by (<<.GroupBy>>)\n", "by (<<.GroupBy>>) < 10\n");
    let rules = temporary("goes-away.yaml", &rules);
    let load = "phases:\n- {name: rest, duration: 60s, requestsPerSecond: 0}\n\
                - {name: rush, duration: 120s, requestsPerSecond: 10}\n";
    let load = temporary("goes-away-load.yaml", load);
    let (out, err) = failed(&["demo", "--speed", "40", "--rules", &rules, "--load", &load]);
    assert!(out.contains("a metric is missing"), "{out}");
    assert!(
        err.contains("decisions were made without the metric, which had been there"),
        "{err}"
    );
}

#[test]
fn more_load_than_the_pods_can_take_is_said_so() {
    let load = "phases:\n- {name: flood, duration: 60s, requestsPerSecond: 200}\n";
    let load = temporary("flood.yaml", load);
    let (_, err) = failed(&["demo", "--speed", "20", "--load", &load]);
    assert!(err.contains("the service refused "), "{err}");
    assert!(err.contains(" of 12000 requests"), "{err}");
}

#[test]
fn a_maximum_and_a_load_that_ends_early_are_told_truly() {
    let hpa = std::fs::read_to_string(example("hpa.yaml")).unwrap();
    let hpa = temporary(
        "max-1.yaml",
        &hpa.replace("maxReplicas: 10", "maxReplicas: 1"),
    );
    let load = "phases:\n- {name: load, duration: 90s, requestsPerSecond: 10}\n\
                - {name: rest, duration: 60s, requestsPerSecond: 0}\n";
    let load = temporary("short.yaml", load);
    let args = ["demo", "--speed", "30", "--load", &load];
    let out = output(&[&args[..], &["--hpa", &hpa]].concat());
    assert!(
        out.contains("ok: the load asked for 2, and the maximum of 1 kept it there"),
        "{out}"
    );
    let out = output(&args);
    assert!(
        out.contains(
            "ok: scaled out from 1 to 2; the load ended before the workload could come to rest"
        ),
        "{out}"
    );
}
