//! Debian's Prometheus and our scraper, side by side: the same targets, the same configuration, the
//! same answers.
#![cfg(all(feature = "prometheus", feature = "query-api"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "../common/mod.rs"]
mod common;
mod expressions;
mod gpus;
mod random;
mod scraping;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Client, ClientOptions, ServerOptions, form_encode, serve};
use concertina_sources::SystemClock;
use concertina_sources::query_api::{QueryApi, QueryApiOptions};
use concertina_sources::scrape::{ScrapeConfig, ScrapePool, SharedStore};
use concertina_tsdb::StoreOptions;
use serde_json::Value;

/// Both at work; they end with it.
struct Both {
    prometheus: Child,
    _pool: ScrapePool,
    client: Client,
    /// Prometheus' URL and ours.
    urls: [String; 2],
}

impl Drop for Both {
    fn drop(&mut self) {
        let _ = self.prometheus.kill();
        let _ = self.prometheus.wait();
    }
}

impl Both {
    /// Starts both, with a configuration each, and waits until Prometheus is ready.
    async fn start(name: &str, [theirs, ours]: [&str; 2]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, theirs).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = free.local_addr().unwrap();
        drop(free);
        let prometheus = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address={at}"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .expect("prometheus is installed");

        let store = SharedStore::new(StoreOptions::default());
        let config = ScrapeConfig::parse(ours, Path::new("."), &ClientOptions::default());
        let mut pool = ScrapePool::new(store.clone(), Arc::new(SystemClock));
        pool.set(config.unwrap().targets).await;
        let api = QueryApi::new(store, Arc::new(SystemClock), QueryApiOptions::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let options = ServerOptions::default();
        tokio::spawn(serve(listener, api, options, std::future::pending()));

        let both = Self {
            prometheus,
            _pool: pool,
            client: Client::new(ClientOptions::default()),
            urls: [format!("http://{at}"), format!("http://{own}")],
        };
        for _ in 0..600 {
            let ready = both
                .client
                .get(&format!("{}/-/ready", both.urls[0]), &[])
                .await;
            if ready.is_ok_and(|answer| answer.status == 200) {
                return both;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Prometheus never became ready: see {}", folder.display());
    }

    /// What both answer to the same question.
    async fn ask(&self, path: &str, pairs: &[(&str, &str)]) -> [Value; 2] {
        let [theirs, ours] = [&self.urls[0], &self.urls[1]].map(async |url| {
            let url = format!("{url}/api/v1/{path}?{}", form_encode(pairs));
            let answer = self.client.get(&url, &[]).await.unwrap();
            serde_json::from_slice(&answer.body).unwrap()
        });
        [theirs.await, ours.await]
    }
}

/// The elements of an answer's vector or matrix as `{labels} values`, in the order of their text.
fn elements(answer: &Value) -> Vec<String> {
    assert_eq!(answer["status"], "success", "{answer}");
    let element = |element: &Value| match element["values"].is_null() {
        true => format!("{} {}", element["metric"], element["value"][1]),
        false => format!("{} {}", element["metric"], element["values"]),
    };
    let result = answer["data"]["result"].as_array();
    let mut all: Vec<String> = result.unwrap().iter().map(element).collect();
    all.sort_unstable();
    all
}

/// The lines that only one of both has.
fn difference(theirs: &[String], ours: &[String]) -> String {
    let only = |these: &[String], those: &[String], sign: &str| {
        let lines = these.iter().filter(|line| !those.contains(line));
        lines
            .map(|line| format!("\n{sign} {line}"))
            .collect::<String>()
    };
    only(theirs, ours, "prometheus") + &only(ours, theirs, "ours")
}
