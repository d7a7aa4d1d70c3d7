//! `concertina serve` over an exporter, with the walkthrough's rules.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::parts::Ends;

pub(crate) struct Serving {
    _process: Ends,
    pub(crate) url: String,
}

impl Serving {
    /// Scrapes `exporter` every 200 ms.
    pub(crate) fn start(exporter: &str) -> Self {
        let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let mut child = Command::new(env!("CARGO_BIN_EXE_concertina"))
            .arg("serve")
            .arg("--config")
            .arg(examples.join("bert-intent-detection/rules.yaml"))
            .args(["--scrape", exporter, "--scrape-interval", "200ms"])
            .args([
                "--metrics-relist-interval",
                "1s",
                "--metrics-max-age",
                "60s",
            ])
            .args(["--insecure-loopback-port", "0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (told, url) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let after = line.split_once("APIs at http://").map(|(_, after)| after);
                if let Some((at, _)) = after.and_then(|after| after.split_once(',')) {
                    // The test may have failed meanwhile.
                    let _ = told.send(format!("http://{at}"));
                }
            }
        });
        let process = Ends(child);
        Self {
            _process: process,
            url: url.recv_timeout(Duration::from_secs(60)).unwrap(),
        }
    }
}
