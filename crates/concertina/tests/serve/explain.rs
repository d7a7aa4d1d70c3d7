//! `/debug/explain` says what the command says.

use std::process::Command;

use crate::common::{Running, example_rules};
use crate::parts::{get, stand_in};

/// Answers as a Prometheus with one series of a pod.
fn source() -> String {
    let labels = r#""NamespaceName":"default","PodName":"bert-a""#;
    let series = format!(r#"[{{"__name__":"DCGM_CUSTOM_PROCESS_SM_UTIL",{labels}}}]"#);
    let vector = format!(
        r#"{{"resultType":"vector","result":[{{"metric":{{{labels}}},"value":[1,"23"]}}]}}"#
    );
    stand_in(move |path| {
        let data = match path {
            path if path.starts_with("/api/v1/query") => vector.as_str(),
            path if path.contains("DCGM_CUSTOM_PROCESS_SM_UTIL") => series.as_str(),
            _ => "[]",
        };
        format!(r#"{{"status":"success","data":{data}}}"#)
    })
}

fn command(rules: &str, source: &str, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.args(["explain", "--format", "json", "--rules", rules]);
    let done = command.args(["--prometheus-url", source]).args(args);
    String::from_utf8(done.output().unwrap().stdout).unwrap()
}

#[test]
fn it_says_what_the_command_says() {
    let (rules, source) = (example_rules(), source());
    let serving = Running::start(&["--config", &rules, "--prometheus-url", &source]);
    let path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/bert-a/\
                DCGM_CUSTOM_PROCESS_SM_UTIL";
    let asked: [(&[&str], &str); 5] = [
        (&[], ""),
        (
            &["DCGM_CUSTOM_PROCESS_SM_UTIL"],
            "?metric=DCGM_CUSTOM_PROCESS_SM_UTIL",
        ),
        (&[path], &format!("?metric={path}")),
        (
            &[
                "pods/DCGM_CUSTOM_PROCESS_SM_UTIL",
                "-n",
                "x",
                "--object",
                "y",
                "-l",
                "gpu=1",
            ],
            "?metric=pods%2FDCGM_CUSTOM_PROCESS_SM_UTIL&namespace=x&object=y&selector=gpu%3D1",
        ),
        (&["external/nothing"], "?metric=external/nothing"),
    ];
    for (args, query) in asked {
        let (status, body) = serving.get(&format!("/debug/explain{query}"));
        assert_eq!(status, 200, "{query}: {body}");
        assert!(body.starts_with('{'), "{body}");
        assert_eq!(body, command(&rules, &source, args), "{query}");
    }
    assert!(serving.get("/").1.contains(r#""/debug/explain""#));
}

#[test]
fn what_cannot_be_explained_is_told() {
    let rules = example_rules();
    let nobody = "http://127.0.0.1:1";
    let serving = Running::start(&["--config", &rules, "--prometheus-url", nobody]);
    let told: Vec<String> = [
        "metric=pods/",
        "metric=/apis/x",
        "metrics=a",
        "namespace=a",
        "metric=a&selector=a%20in%20b",
        "metric=a",
    ]
    .into_iter()
    .map(|query| {
        let (status, body) = get(&serving.url, &format!("/debug/explain?{query}"));
        let message = body.split(r#""message":""#).nth(1).unwrap_or(&body);
        format!(
            "{query}: {status}: {}",
            message.split(r#"","reason"#).next().unwrap()
        )
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    metric=pods/: 400: `pods/` names no metric: write pods/NAME, deployments.apps/NAME, external/NAME, external/NAMESPACE/NAME, or a NAME, which is one of pods
    metric=/apis/x: 400: /apis/x: nothing is served at this path; / lists the paths
    metrics=a: 400: unknown parameter `metrics`: there are metric, namespace, object and selector
    namespace=a: 400: name a metric beside it: metric=pods/NAME
    metric=a&selector=a%20in%20b: 400: selector: column 6: found `b`, expected `(`
    metric=a: 500: Internal error occurred: cannot reach Prometheus at http://127.0.0.1:1: cannot connect: Connection refused (os error 111); check --prometheus-url
    ");
}
