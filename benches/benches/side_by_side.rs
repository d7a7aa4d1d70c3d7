//! The store behind its HTTP API, and Prometheus beside it: the same data, the same questions, the same
//! client, one after the other.
//!
//! `CONCERTINA_PROMETHEUS=1 cargo bench -p concertina-benches --bench side_by_side` needs Debian's
//! `prometheus` package; without the variable only this side is measured. Prints a table.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench may stop, and tells figures"
)]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use concertina_benches::cluster::{EXPRESSIONS, NODES, begun, end, fill, open_metrics};
use concertina_http::{Client, ClientOptions, ServerOptions, form_encode, serve};
use concertina_sources::SystemClock;
use concertina_sources::query_api::{QueryApi, QueryApiOptions};
use concertina_sources::scrape::SharedStore;
use concertina_tsdb::{EvalOptions, Snapshot, StoreOptions, evaluate};

/// How much is measured.
struct Size {
    nodes: &'static [i64],
    requests: usize,
    warm_up: usize,
}

fn main() {
    // As `cargo bench -- --test` runs it: once, to see that it works.
    let size = match std::env::args().any(|arg| arg == "--test") {
        true => Size {
            nodes: &[4],
            requests: 2,
            warm_up: 1,
        },
        false => Size {
            nodes: &NODES,
            requests: 100,
            warm_up: 5,
        },
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for nodes in size.nodes {
        runtime.block_on(compare(*nodes, &size));
    }
}

async fn compare(nodes: i64, size: &Size) {
    let (mut store, series) = begun(nodes);
    fill(&mut store, &series);
    let shared = SharedStore::new(StoreOptions::default());
    let snapshot = store.snapshot();
    shared.write(|own| *own = store);
    let ours = api(shared).await;
    let prometheus = match std::env::var_os("CONCERTINA_PROMETHEUS") {
        Some(_) => Some(Prometheus::start(nodes).await),
        None => None,
    };
    let count = series.len();
    println!(
        "\n| {count} series: query | Prometheus 2.42, HTTP | Concertina, HTTP | times faster | in process |"
    );
    println!("|---|---|---|---|---|");
    for query in ["1"].iter().chain(&EXPRESSIONS) {
        let there = match &prometheus {
            Some(prometheus) => Some(asked(&prometheus.url, query, size).await),
            None => None,
        };
        let here = asked(&ours, query, size).await;
        let alone = in_process(&snapshot, query, size);
        let theirs = there.map_or("-".to_owned(), |there| millis(there.fastest));
        let faster = there.map_or("-".to_owned(), |there| {
            assert_eq!(there.elements, here.elements, "{query}");
            let times = there.fastest.as_secs_f64() / here.fastest.as_secs_f64();
            format!("{times:.1}")
        });
        let query = query.replace('|', "\\|");
        println!(
            "| `{query}` | {theirs} | {} | {faster} | {} |",
            millis(here.fastest),
            millis(alone)
        );
    }
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// Answers to the same request.
#[derive(Clone, Copy)]
struct Asked {
    fastest: Duration,
    elements: usize,
}

/// Asks over one connection, one request after the other.
async fn asked(base: &str, query: &str, size: &Size) -> Asked {
    let client = Client::new(ClientOptions {
        max_idle: 1,
        max_body_bytes: 64 << 20,
        deadline: Duration::from_secs(60),
        ..ClientOptions::default()
    });
    let time = end().as_secs_f64().to_string();
    let form = form_encode(&[("query", query), ("time", &time)]);
    let url = format!("{base}/api/v1/query?{form}");
    let mut fastest = Duration::MAX;
    let mut elements = 0;
    for turn in 0..size.warm_up + size.requests {
        let begun = Instant::now();
        let answer = client.get(&url, &[]).await.expect("an answer");
        let took = begun.elapsed();
        assert_eq!(answer.status, 200, "{query}");
        if turn >= size.warm_up {
            fastest = fastest.min(took);
        }
        elements = answer
            .body
            .windows(10)
            .filter(|text| *text == b"{\"metric\":")
            .count();
    }
    Asked { fastest, elements }
}

fn in_process(snapshot: &Snapshot, query: &str, size: &Size) -> Duration {
    let once = || {
        let begun = Instant::now();
        let expr = concertina_promql::parse(black_box(query)).expect("the query is right");
        let value = evaluate(snapshot, &expr, end(), &EvalOptions::default());
        black_box(value.expect("the query has an answer"));
        begun.elapsed()
    };
    let times = (0..size.requests).map(|_| once());
    times.min().unwrap_or_default()
}

/// The store's own API on loopback.
async fn api(store: SharedStore) -> String {
    let api = QueryApi::new(store, Arc::new(SystemClock), QueryApiOptions::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(serve(
        listener,
        api,
        ServerOptions::default(),
        std::future::pending(),
    ));
    format!("http://{at}")
}

/// A Prometheus that holds the same data; it ends with this.
struct Prometheus {
    process: Child,
    url: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Prometheus {
    async fn start(nodes: i64) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("side-by-side");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let data = folder.join("data");
        let input = folder.join("input.txt");
        let file = std::fs::File::create(&input).expect("a file");
        let mut file = std::io::BufWriter::new(file);
        open_metrics(nodes, |text| file.write_all(text.as_bytes()).expect("room"));
        file.into_inner().expect("room");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&input, &data])
            .stdout(Stdio::null())
            .status()
            .expect("Debian's prometheus is installed");
        assert!(made.success());
        std::fs::remove_file(&input).expect("it is there");
        let config = folder.join("prometheus.yml");
        std::fs::write(&config, "").expect("room");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = free.local_addr().expect("an address");
        drop(free);
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address={at}"))
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's prometheus is installed");
        let prometheus = Self {
            process,
            url: format!("http://{at}"),
        };
        let client = Client::new(ClientOptions::default());
        let ready = format!("{}/-/ready", prometheus.url);
        for _ in 0..600 {
            let answer = client.get(&ready, &[]).await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return prometheus;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Prometheus never became ready");
    }
}
