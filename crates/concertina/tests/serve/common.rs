//! Processes and stand-ins.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::parts::{eventually, get};

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.arg("serve").args(args);
    command
}

pub(crate) fn example_rules() -> String {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/bert-intent-detection");
    folder.join("rules.yaml").display().to_string()
}

/// A process that ends with the test.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: Arc<Mutex<String>>,
    /// `http://127.0.0.1:PORT`, or `https://`.
    pub(crate) url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts `concertina serve` for this machine on any free port and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::launch(&[args, &["--insecure-loopback-port", "0"]].concat())
    }

    /// Starts it for a cluster: with flags that choose a port of 127.0.0.1.
    pub(crate) fn secure(args: &[&str]) -> Self {
        Self::launch(args)
    }

    fn launch(args: &[&str]) -> Self {
        let mut command = command(args);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let noted = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = noted.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut running = Self {
            child,
            log,
            url: String::new(),
        };
        running.url = eventually("it listens", || {
            let log = running.log();
            let (_, after) = log.split_once("APIs at ")?;
            Some(after.split_once(',')?.0.to_owned())
        });
        running
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(&self.url, path)
    }

    /// `custom.metrics.k8s.io/v1beta1` below the API's root.
    pub(crate) fn metric(&self, path: &str) -> (u16, String) {
        self.get(&format!("/apis/custom.metrics.k8s.io/v1beta1{path}"))
    }

    /// Sends SIGTERM and gives the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

/// Two pods with one GPU each and one with two, as the walkthrough's exporter exposes them.
pub(crate) const EXPOSITION: &str = r#"# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{NodeName="gpu-1",gpu="0"} 20
DCGM_FI_DEV_GPU_UTIL{NodeName="gpu-1",gpu="1"} 25
DCGM_CUSTOM_PROCESS_SM_UTIL{NamespaceName="default",NodeName="gpu-1",PodName="bert-a",gpu="0"} 23
DCGM_CUSTOM_PROCESS_SM_UTIL{NamespaceName="default",NodeName="gpu-1",PodName="bert-b",gpu="1"} NaN
DCGM_CUSTOM_PROCESS_SM_UTIL{NamespaceName="other",NodeName="gpu-1",PodName="bert-c",gpu="1"} 7
DCGM_CUSTOM_PROCESS_MEM_USED{NamespaceName="default",NodeName="gpu-1",PodName="bert-a",gpu="0"} 1024
DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED{NamespaceName="default",NodeName="gpu-1",PodName="bert-a",gpu="0"} 4096
"#;
