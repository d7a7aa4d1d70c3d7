//! `concertina top`: of this machine, of an exporter, and of the DCGM exporter.

use std::process::Command;

use crate::common::{Running, driver, folder};
use crate::parts::{stand_in, temporary};
use crate::pods::{busy, kubelet};

/// Standard output and error, and the exit status.
fn top(args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    let ended = command.arg("top").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = ended.status.code().unwrap();
    (text(ended.stdout), text(ended.stderr), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn here_with_pods_and_from_an_exporter_without() {
    let driver = driver("top", &busy(23));
    let socket = folder("top").join("kubelet.sock");
    let _kubelet = kubelet(&socket);
    let socket = socket.display().to_string();
    let library = driver.library().display().to_string();
    let here = [
        "--nvml-library",
        &library,
        "--node-name",
        "n1",
        "--pod-resources-kubelet-socket",
        &socket,
    ];
    let (table, _, code) = top(&here);
    assert_eq!(code, 0);
    let (json, _, _) = top(&[&here[..], &["--json"]].concat());
    let exporter = Running::start(&driver, &[]);
    let (there, _, _) = top(&["--url", &exporter.url]);
    insta::assert_snapshot!(format!("{table}\n{there}\n{json}"));
}

/// As the DCGM exporter shows a GPU that two pods share: the GPU's values again for each pod, and
/// once without one.
const DCGM: &str = r#"# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",device="nvidia0",modelName="NVIDIA A100",Hostname="n1"} 40
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",device="nvidia0",modelName="NVIDIA A100",Hostname="n1",namespace="ml",pod="b",container="main"} 40
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",device="nvidia0",modelName="NVIDIA A100",Hostname="n1",namespace="ml",pod="a",container="main"} 40
DCGM_FI_DEV_GPU_UTIL{gpu="10",UUID="GPU-10",device="nvidia10",modelName="NVIDIA A100",Hostname="n1",namespace="",pod="",container=""} 0
DCGM_FI_DEV_FB_USED{gpu="10",UUID="GPU-10",device="nvidia10",modelName="NVIDIA A100",Hostname="n1"} 4
DCGM_FI_DEV_FB_FREE{gpu="10",UUID="GPU-10",device="nvidia10",modelName="NVIDIA A100",Hostname="n1"} 80000
DCGM_FI_DEV_FB_RESERVED{gpu="10",UUID="GPU-10",device="nvidia10",modelName="NVIDIA A100",Hostname="n1"} 600
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="2",UUID="GPU-2",device="nvidia2",modelName="NVIDIA A100",GPU_I_PROFILE="1g.5gb",GPU_I_ID="7",Hostname="n1",namespace="ml",pod="c",container="main"} 0.8
DCGM_FI_DEV_XID_ERRORS{gpu="3",UUID="GPU-3",device="nvidia3",modelName="NVIDIA A100",Hostname="n1"} 79
other_metric{gpu="0"} 1
"#;

#[test]
fn of_the_dcgm_exporter() {
    let url = stand_in(|_| DCGM.to_owned());
    let (table, _, code) = top(&["--url", &url]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(table);
}

#[test]
fn of_a_script() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/gpus.yaml");
    let (json, _, code) = top(&["--simulate", script, "--json"]);
    assert_eq!(code, 0);
    let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
    let gpus = shown["gpus"].as_array().unwrap();
    let free = gpus.iter().filter(|gpu| gpu["state"] == "free").count();
    assert_eq!((gpus.len(), free), (8, 2));
    let pods = gpus
        .iter()
        .filter_map(|gpu| gpu["containers"][0]["pod"].as_str());
    let named: Vec<String> = (0..6)
        .map(|n| format!("bert-intent-detection-{n}"))
        .collect();
    assert_eq!(pods.collect::<Vec<_>>(), named);
}

#[test]
fn again_and_again_a_line_each() {
    let url = stand_in(|_| DCGM.to_owned());
    let mut child = Command::new(env!("CARGO_BIN_EXE_concertina"))
        .args(["top", "--url", &url, "--json", "--watch=100ms"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let lines: Vec<String> = std::io::BufRead::lines(out)
        .take(3)
        .map(Result::unwrap)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        let shown: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(shown["gpus"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn mistakes() {
    let html = stand_in(|_| "<html>".to_owned());
    let script = temporary("wrong-gpus.yaml", "gpus:\n- model: A\n  values: {fan: 1}\n");
    let cases: [&[&str]; 8] = [
        &["--watch=0s"],
        &["--url", "http://127.0.0.1:1", "--window", "10s"],
        &["--simulate", &script],
        &["--simulate", "/nowhere.yaml"],
        &["--nvml-library", "/nowhere/libnvidia-ml.so.1"],
        &["--url", "ftp://n1"],
        &["--url", &html],
        &["--url", "http://127.0.0.1:1"],
    ];
    let said = cases.map(|args| {
        let (_, error, code) = top(args);
        format!("{code} {error}")
    });
    insta::assert_snapshot!(
        said.concat()
            .replace(&html, "http://HTML")
            .replace(&script, "SCRIPT")
    );
}

/// `concertina top --watch | head -1`
#[test]
fn watching_ends_when_its_reader_leaves() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/gpus.yaml");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.args(["top", "--watch=100ms", "--simulate", script]);
    let ended = command.stdout(writer).output().unwrap();
    assert!(ended.status.success());
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}
