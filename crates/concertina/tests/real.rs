//! The demo with real parts from Debian: Prometheus as its source, kubectl and hey as its users.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use parts::{Ends, eventually, free_port, prometheus};

mod parts;

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.arg("demo").args(args);
    command
}

#[test]
#[ignore = "needs Debian's prometheus"]
fn with_a_real_prometheus_as_the_source() {
    let port = free_port().to_string();
    let (_prometheus, url) = prometheus(&format!("127.0.0.1:{port}"), "250ms");
    eventually("prometheus listens", || {
        TcpStream::connect(url.trim_start_matches("http://")).ok()
    });
    let done = demo(&[
        "--speed",
        "20",
        "--prometheus-url",
        &url,
        "--exporter-port",
        &port,
    ])
    .output()
    .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(done.status.success(), "{out}\n{err}");
    assert!(out.contains("    scrape_interval: 250ms"), "{out}");
    assert!(
        out.contains(&format!("source         Prometheus at {url}")),
        "{out}"
    );
    assert!(
        out.contains("ok: scaled out from 1 to 2 and in again"),
        "{out}"
    );
}

fn text(command: &mut Command) -> String {
    let done = command.output().expect("the program is installed");
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{command:?}: {err}");
    String::from_utf8(done.stdout).unwrap()
}

#[test]
#[ignore = "needs Debian's kubernetes-client and hey"]
fn kubectl_and_hey_while_it_is_held() {
    let load = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("idle.yaml");
    std::fs::write(
        &load,
        "phases:\n- {name: idle, duration: 30s, requestsPerSecond: 0}\n",
    )
    .unwrap();
    let (api, service) = (free_port().to_string(), free_port().to_string());
    let load = load.display().to_string();
    let args = [
        "--hold",
        "--load",
        &load,
        "--api-port",
        &api,
        "--service-port",
        &service,
    ];
    let mut running = Ends(demo(&args).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("Still serving")));

    let server = format!("http://127.0.0.1:{api}");
    let base = "/apis/custom.metrics.k8s.io/v1beta1";
    let raw = |path: &str| {
        text(Command::new("kubectl").args(["--server", &server, "get", "--raw", path]))
    };
    let listed = raw(base);
    assert!(
        listed.contains(r#""name":"pods/DCGM_CUSTOM_PROCESS_SM_UTIL""#),
        "{listed}"
    );
    let value = raw(&format!(
        "{base}/namespaces/default/pods/*/DCGM_CUSTOM_PROCESS_SM_UTIL"
    ));
    assert!(
        value.contains(r#""metricName":"DCGM_CUSTOM_PROCESS_SM_UTIL""#),
        "{value}"
    );
    assert!(value.contains(r#""value":"0""#), "{value}");

    let url = format!("http://127.0.0.1:{service}/predict?query=music");
    let hey = text(Command::new("hey").args(["-n", "10000", "-c", "200", &url]));
    assert!(hey.contains("[200]\t"), "{hey}");
    let scaled = lines
        .map(Result::unwrap)
        .find(|line| line.contains("above target"));
    assert!(scaled.is_some_and(|line| line.contains("scaled from 1 to")));

    let interrupt = format!("kill -INT {}", running.0.id());
    let interrupted = Command::new("sh").args(["-c", &interrupt]).status();
    assert!(interrupted.unwrap().success());
    assert!(running.0.wait().unwrap().success());
}
