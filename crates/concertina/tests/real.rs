//! The demo with real parts from Debian: Prometheus as its source, kubectl and hey as its users.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.arg("demo").args(args);
    command
}

fn prometheus(port: u16, exporter: u16) -> Running {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("prometheus-{port}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("prometheus.yml");
    let text = format!(
        "scrape_configs:\n- job_name: gpu-exporter\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\n  \
         static_configs:\n  - targets: [\"127.0.0.1:{exporter}\"]\n"
    );
    std::fs::write(&config, text).unwrap();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus is installed");
    let running = Running(child);
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "prometheus does not listen"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    running
}

#[test]
#[ignore = "needs Debian's prometheus"]
fn with_a_real_prometheus_as_the_source() {
    let (port, exporter) = (free_port(), free_port());
    let _prometheus = prometheus(port, exporter);
    let url = format!("http://127.0.0.1:{port}");
    let port = exporter.to_string();
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
    let mut running = Running(demo(&args).stdout(Stdio::piped()).spawn().unwrap());
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
