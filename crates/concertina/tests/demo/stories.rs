//! What the demo shows, with the built-in input and with other files.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::common::{example, failed, output, temporary};
use crate::parts::{Ends, free_port, stand_in};

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

/// The walkthrough's autoscaler with other words at its end.
fn hpa_with(name: &str, more: &str) -> String {
    let hpa = std::fs::read_to_string(example("hpa.yaml")).unwrap();
    temporary(name, &format!("{hpa}{more}"))
}

#[test]
fn metrics_that_stay_as_they_are_let_the_workload_rest() {
    let ratio = "  - type: Pods\n    pods:\n      metric:\n        name: \
                 DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO\n      target: {type: AverageValue, \
                 averageValue: 990m}\n";
    let hpa = hpa_with("two-metrics.yaml", ratio);
    let out = output(&["demo", "--speed", "60", "--hpa", &hpa]);
    assert!(
        out.contains("ok: scaled out from 1 to 2; the metrics keep it at 2 when the load is over"),
        "{out}"
    );
    let mut table = out.lines().skip_while(|line| !line.starts_with("NAME"));
    let age = table.next().unwrap().find("AGE").unwrap();
    for row in table.filter(|line| line.starts_with("gpu-hpa")) {
        assert_eq!(row.rfind(' '), Some(age - 1), "{out}");
    }
}

#[test]
fn a_direction_that_is_switched_off_is_named() {
    let behavior = "  behavior: {scaleDown: {selectPolicy: Disabled}}\n";
    let hpa = hpa_with("no-scale-in.yaml", behavior);
    let out = output(&["demo", "--speed", "60", "--hpa", &hpa]);
    let told = "ok: scaled out from 1 to 2; it stays at 2: `scaleDown.selectPolicy` is Disabled";
    assert!(out.contains(told), "{out}");

    let behavior = "  behavior: {scaleUp: {selectPolicy: Disabled}}\n";
    let hpa = hpa_with("no-scale-out.yaml", behavior);
    let out = output(&["demo", "--speed", "60", "--hpa", &hpa]);
    let told =
        "ok: the load asked for 2, and `scaleUp.selectPolicy`, which is Disabled, kept it at 1";
    assert!(out.contains(told), "{out}");
}

#[test]
fn the_demos_own_load_waits_as_long_as_the_autoscaler_does() {
    let behavior = "  behavior: {scaleDown: {stabilizationWindowSeconds: 600}}\n";
    let hpa = hpa_with("ten-minutes.yaml", behavior);
    let out = output(&["demo", "--speed", "60", "--hpa", &hpa]);
    assert!(
        out.contains("ok: scaled out from 1 to 2 and in again"),
        "{out}"
    );
}

/// What a Prometheus has to do is said before it is waited for.
#[test]
fn a_wait_is_announced() {
    let nothing = |path: &str| {
        let data = match path.contains("/query?") || path.ends_with("/query") {
            true => r#"{"resultType":"vector","result":[]}"#,
            false => "[]",
        };
        format!(r#"{{"status":"success","data":{data}}}"#)
    };
    let url = stand_in(nothing);
    let port = free_port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.args(["demo", "--prometheus-url", &url, "--exporter-port", &port]);
    let mut demo = Ends(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("scrape_interval: 166ms")));
    let wait = lines.find(|line| line.as_ref().unwrap().contains("Waiting"));
    assert_eq!(
        wait.unwrap().unwrap(),
        "Waiting until Prometheus has the series, at most 300 s"
    );
}
