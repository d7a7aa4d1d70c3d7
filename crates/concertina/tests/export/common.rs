//! The process and the driver under it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use concertina_nvml_stub::Stub;
use concertina_sources::exposition;

use crate::parts::{eventually, get};

pub(crate) fn command(args: &[&str]) -> Command {
    // Elsewhere than where it was built, as with a GPU, it is at another place.
    let elsewhere = std::env::var_os("CONCERTINA_BINARY");
    let program = elsewhere.unwrap_or_else(|| env!("CARGO_BIN_EXE_concertina").into());
    let mut command = Command::new(program);
    command.arg("export").args(args).env_remove("NODE_NAME");
    command
}

/// A driver in a folder of the test's own.
pub(crate) fn driver(test: &str, scenario: &str) -> Stub {
    Stub::place(&folder(test), scenario).unwrap()
}

pub(crate) fn folder(test: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("export-{test}"))
}

/// An exporter that ends with the test.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: Arc<Mutex<String>>,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts `concertina export` over `driver` on any free port and waits until it listens.
    pub(crate) fn start(driver: &Stub, args: &[&str]) -> Self {
        Self::over(driver.library(), args)
    }

    /// [`Self::start`], over the driver with that library.
    pub(crate) fn over(library: &Path, args: &[&str]) -> Self {
        let mut command = command(args);
        command.args(["--listen", "127.0.0.1:0", "--node-name", "n1"]);
        command.arg("--nvml-library").arg(library);
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
            let (_, after) = log.split_once("exporting at ")?;
            let (url, _) = after.split_once("/metrics")?;
            Some(url.to_owned())
        });
        running
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The exposition, which is one.
    pub(crate) fn metrics(&self) -> String {
        let (status, text) = get(&self.url, "/metrics");
        assert_eq!(status, 200);
        exposition::parse(&text).unwrap();
        text
    }

    /// The value of the first line that begins with `series`.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let text = self.metrics();
        let line = text.lines().find(|line| line.starts_with(series))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}
