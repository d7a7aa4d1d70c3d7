//! `concertina init`, `check` and `explain` as a user starts them, on files and with Debian's
//! Prometheus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::path::PathBuf;
use std::process::Command;

use parts::{eventually, prometheus, stand_in, temporary};

mod parts;

/// Exit code, standard output and standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_concertina"))
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = done.status.code().unwrap();
    (code, text(done.stdout), text(done.stderr))
}

fn example_rules() -> String {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/bert-intent-detection");
    folder.join("rules.yaml").display().to_string()
}

#[test]
fn explain_ends_with_0_1_or_2() {
    let rules = example_rules();
    let (code, out, _) = run(&["explain", "--rules", &rules]);
    assert_eq!(code, 0);
    assert!(out.contains("rule 5 (line 41)"), "{out}");
    let there = "pods/DCGM_CUSTOM_PROCESS_SM_UTIL";
    let (code, out, _) = run(&["explain", there, "--rules", &rules, "-n", "shop"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains(r#"{NamespaceName="shop",PodName="NAME"}"#),
        "{out}"
    );
    let (code, out, _) = run(&["explain", "gpu", "--rules", &rules, "--format", "json"]);
    assert_eq!(code, 1);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["subject"], "pods/gpu");

    let (code, out, err) = run(&["explain", "gpu", "--rules", "none.yaml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cannot read none.yaml: "), "{err}");
    let broken = temporary("explain-broken.yaml", "rules:\n- seriesquery: a\n");
    let (code, _, err) = run(&["explain", "--rules", &broken]);
    assert_eq!(code, 2);
    assert!(
        err.contains("line 2") && err.contains("seriesQuery"),
        "{err}"
    );
    let (code, _, err) = run(&["explain", "-l", "a in b", "gpu", "--rules", &rules]);
    assert_eq!(code, 2);
    assert!(err.contains("--selector"), "{err}");
    let (code, _, err) = run(&["explain", "pods/", "--rules", &rules]);
    assert_eq!(code, 2);
    assert!(err.contains("`pods/` names no metric"), "{err}");
    let nobody = "http://127.0.0.1:1";
    let (code, _, err) = run(&["explain", "--rules", &rules, "--prometheus-url", nobody]);
    assert_eq!(code, 2);
    assert!(err.contains("check --prometheus-url"), "{err}");
}

/// A place far to the right of a line that is as wide as a file may be.
#[test]
fn check_cuts_wide_lines() {
    let wide = format!("rules:\n- seriesQuery: \"{}\"b\"\n", "x".repeat(100_000));
    let (code, out, err) = run(&["check", &temporary("wide.yaml", &wide)]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.contains(":2:100018"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() < 300), "{out}");
}

#[test]
fn a_file_that_is_no_text() {
    let path = temporary("latin1.yaml", "");
    std::fs::write(&path, b"rules:\n# H\xf6he\n").unwrap();
    let (code, _, err) = run(&["check", &path]);
    assert_eq!(code, 2);
    assert!(
        err.ends_with("no text in UTF-8: line 2 has a byte that is none; save it as UTF-8\n"),
        "{err}"
    );
}

/// One that cannot be read hides nothing of the others.
#[test]
fn check_tells_of_every_file() {
    let rules = example_rules();
    let (code, out, err) = run(&["check", &rules, "none.yaml", "--format", "json"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: cannot read none.yaml: "), "{err}");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["files"][0]["rules"], 5, "{out}");
    assert_eq!(told["files"][1]["file"], "none.yaml");
    assert_eq!(told["files"][1]["findings"][0]["code"], "C001");
}

/// The other end of the pipe is closed before anything is written.
#[test]
fn nobody_reads_what_is_printed() {
    let rules = example_rules();
    for args in [
        &["check", &rules][..],
        &["explain", "--rules", &rules],
        &["check", "--explain", "C021"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = Command::new(env!("CARGO_BIN_EXE_concertina"))
            .args(args)
            .stdout(writer)
            .output()
            .unwrap();
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(
            (done.status.code(), err.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
fn explain_takes_the_path_that_kubectl_is_given() {
    let rules = example_rules();
    let base = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop/pods";
    let path = format!("{base}/bert-1/DCGM_CUSTOM_PROCESS_SM_UTIL");
    let (code, out, _) = run(&["explain", &path, "--rules", &rules]);
    assert_eq!(code, 0, "{out}");
    let asked = r#"{NamespaceName="shop",PodName="bert-1"}"#;
    assert!(out.contains(asked), "{out}");
    let all = format!("{base}/*/DCGM_CUSTOM_PROCESS_SM_UTIL?metricLabelSelector=gpu%3D0");
    let (code, out, _) = run(&["explain", &all, "--rules", &rules]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains(r#"{gpu="0",NamespaceName="shop","#), "{out}");
    let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue_length";
    let (code, out, _) = run(&["explain", external, "--rules", &rules]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("external/queue_length is not there"), "{out}");
    for path in ["/apis/apps/v1", "/apis/custom.metrics.k8s.io/v1beta1"] {
        let (code, _, err) = run(&["explain", path, "--rules", &rules]);
        assert_eq!(code, 2, "{err}");
        assert!(err.starts_with(&format!("error: {path}: ")), "{err}");
    }
}

/// As NVIDIA's DCGM exporter writes it, scraped without `honor_labels`: the pod that uses the GPU
/// becomes `exported_pod`.
const DCGM: &str = r#"# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",Hostname="gpu-1",modelName="NVIDIA A100",exported_namespace="default",exported_pod="bert-1",exported_container="bert",namespace="gpu-operator",pod="dcgm-exporter-x"} 41
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-2",Hostname="gpu-1",modelName="NVIDIA A100",exported_namespace="default",exported_pod="bert-2",exported_container="bert",namespace="gpu-operator",pod="dcgm-exporter-x"} 59
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1",Hostname="gpu-1",modelName="NVIDIA A100",exported_namespace="default",exported_pod="bert-1",exported_container="bert",namespace="gpu-operator",pod="dcgm-exporter-x"} 1024
"#;

#[test]
fn a_file_of_samples_stands_for_a_prometheus() {
    let samples = temporary("dcgm.prom", DCGM);
    let good = temporary(
        "exported.yaml",
        "rules:\n- seriesQuery: DCGM_FI_DEV_GPU_UTIL\n  resources: {overrides: {exported_namespace: \
         {resource: namespace}, exported_pod: {resource: pod}}}\n  metricsQuery: \
         avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n",
    );
    let question = ["explain", "DCGM_FI_DEV_GPU_UTIL", "--rules"];
    let (code, out, err) = run(&[&question[..], &[&good, "--series", &samples]].concat());
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("bert-1  41") && out.contains("bert-2  59"),
        "{out}"
    );
    let (code, out, _) = run(&["check", &good, "--series", &samples, "--deny-warnings"]);
    assert_eq!(code, 0, "{out}");

    let text = std::fs::read_to_string(&good).unwrap();
    let bad = temporary("exporter.yaml", &text.replace("exported_", ""));
    let (code, out, _) = run(&["check", &bad, "--series", &samples]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning[C042]"), "{out}");

    let broken = temporary("broken.prom", "up 1\nDCGM_FI_DEV_GPU_UTIL{gpu=0} 1\n");
    let (code, _, err) = run(&[&question[..], &[&good, "--series", &broken]].concat());
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("broken.prom: line 2, column "), "{err}");
    let (code, _, err) = run(&["check", &good, "--series", "none.prom"]);
    assert_eq!(code, 2);
    assert!(
        err.starts_with("error: --series cannot read none.prom: "),
        "{err}"
    );
}

#[test]
fn explain_tells_the_use_of_a_pod_and_of_a_node() {
    let rules = temporary(
        "resource.yaml",
        "resourceRules:\n  window: 1m\n  cpu: &rule\n    containerQuery: \
         sum(used_cores{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n    nodeQuery: \
         sum(used_cores{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n    containerLabel: container\n    \
         resources: {template: <<.Resource>>}\n  memory:\n    <<: *rule\n    containerQuery: \
         sum(used_bytes{<<.LabelMatchers>>}) by (<<.GroupBy>>)\n",
    );
    let samples = temporary(
        "used.prom",
        "used_cores{namespace=\"shop\",pod=\"a\",container=\"web\"} 0.25\n\
         used_cores{namespace=\"shop\",pod=\"b\",container=\"web\"} 0.25\n\
         used_bytes{namespace=\"shop\",pod=\"a\",container=\"web\"} 1048576\n",
    );
    let base = "/apis/metrics.k8s.io/v1beta1";
    let ask = |path: &str, more: &[&str]| {
        let path = format!("{base}{path}");
        run(&[&["explain", &path, "--rules", &rules][..], more].concat())
    };
    let (code, out, _) = ask("/namespaces/shop/pods/a", &["--series", &samples]);
    assert_eq!(code, 0, "{out}");
    let query = r#"CPU of pods: sum(used_cores{namespace="shop",pod="a"}) by (pod,container)"#;
    assert!(out.contains(query), "{out}");
    assert!(out.contains("web: cpu 250m, memory 1Mi"), "{out}");
    assert!(
        out.ends_with("the use of the pod a in shop is there\n"),
        "{out}"
    );
    let (code, out, _) = ask("/namespaces/shop/pods/b", &["--series", &samples]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("the use of the pod b in shop is not there: memory"),
        "{out}"
    );
    let (code, out, _) = ask("/nodes/gpu-1", &[]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.ends_with("the use of the node gpu-1 can be asked for\n"),
        "{out}"
    );
    let (code, _, err) = ask("/nodes", &[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("name the pod or the node at the end"), "{err}");
    let path = format!("{base}/nodes/gpu-1");
    let (code, out, _) = run(&["explain", &path, "--rules", &example_rules()]);
    assert_eq!(code, 1);
    assert!(out.ends_with("the file has no `resourceRules`\n"), "{out}");
}

#[test]
#[ignore = "needs Debian's prometheus"]
fn init_check_and_explain_with_a_real_prometheus() {
    let exporter = stand_in(|_| DCGM.to_owned());
    let (_prometheus, url) = prometheus(exporter.strip_prefix("http://").unwrap(), "1s");
    let url = url.as_str();

    // What init drafts passes check and serves what the exporter sees, by the right label.
    let drafted = eventually("prometheus has the series", || {
        let (code, out, _) = run(&["init", "--prometheus-url", url]);
        (code == 0 && out.contains("FB_USED")).then_some(out)
    });
    let drafted = temporary("drafted.yaml", &drafted);
    let (code, out, err) = run(&[
        "check",
        &drafted,
        "--prometheus-url",
        url,
        "--deny-warnings",
    ]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, _) = run(&["explain", "--rules", &drafted, "--prometheus-url", url]);
    assert_eq!(code, 0);
    let named = out
        .lines()
        .find_map(|line| {
            Some(
                line.trim()
                    .split_once(": namespaces by exported_namespace, ")?
                    .0,
            )
        })
        .unwrap_or_else(|| panic!("{out}"));
    let metric = named.split(' ').next().unwrap();
    let subject = format!("pods/{metric}");
    let asked = [
        "explain",
        &subject,
        "--rules",
        &drafted,
        "--prometheus-url",
        url,
    ];
    let (code, out, _) = run(&asked);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("pods by `exported_pod`"), "{out}");
    assert!(out.contains("ok  value"), "{out}");

    // The rule that everybody copies reads the labels of the exporter's own pod.
    let copied = temporary(
        "copied.yaml",
        "rules:\n- seriesQuery: DCGM_FI_DEV_GPU_UTIL\n  resources: {overrides: {Namespace: {resource: \
         namespace}, Pod: {resource: pod}}}\n  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by \
         (<<.GroupBy>>)\n",
    );
    let missing = "pods/DCGM_FI_DEV_GPU_UTIL";
    let (code, out, _) = run(&[
        "explain",
        missing,
        "--rules",
        &copied,
        "--prometheus-url",
        url,
    ]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("falls out of rule 1 (line 2) at the step `labels`"),
        "{out}"
    );
    assert!(out.contains("`exported_pod: {resource: pod}`"), "{out}");
    let (code, out, _) = run(&["check", &copied, "--prometheus-url", url]);
    assert_eq!(code, 1, "{out}");

    // A pod that no GPU is seen for.
    let asked = [&asked[..], &["--object", "bert-3"]].concat();
    let (code, out, _) = run(&asked);
    assert_eq!(code, 1);
    assert!(
        out.contains("bert-3: the query gave no sample for it"),
        "{out}"
    );
    assert!(out.contains("There are series of bert-1"), "{out}");
}
