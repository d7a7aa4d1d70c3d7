//! `--scrape` and `--scrape-config`: how fast a value follows, what becomes of a target that dies,
//! of one that comes, and of mistakes in the file; and the queries that are answered beside it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::common::{Running, command};
use crate::parts::{eventually, free_port, get, temporary};

/// An exporter whose only GPU has the number of the scrape as its utilization; it can die.
struct Exporter {
    at: String,
    scrapes: Arc<AtomicUsize>,
    dead: Arc<AtomicBool>,
}

impl Exporter {
    fn start(node: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let scrapes = Arc::new(AtomicUsize::new(0));
        let dead = Arc::new(AtomicBool::new(false));
        let (counted, ended) = (Arc::clone(&scrapes), Arc::clone(&dead));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let mut head = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                let body = format!("DCGM_FI_DEV_GPU_UTIL{{NodeName=\"{node}\"}} {number}\n");
                let length = body.len();
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
                let _ = write!(stream, "{head} {length}\r\n\r\n{body}");
            }
        });
        Self { at, scrapes, dead }
    }

    /// From now on nobody listens.
    fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.at);
        eventually("the exporter is gone", || {
            TcpStream::connect(&self.at).is_err().then_some(())
        });
    }
}

/// A rule with one metric of nodes.
fn rules(name: &str) -> String {
    let text = "
rules:
- seriesQuery: DCGM_FI_DEV_GPU_UTIL
  resources: {overrides: {NodeName: {resource: node}}}
  metricsQuery: max(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";
    temporary(name, text)
}

fn utilization(serving: &Running, node: &str) -> Result<usize, (u16, String)> {
    match serving.metric(&format!("/nodes/{node}/DCGM_FI_DEV_GPU_UTIL")) {
        (200, body) => {
            let (_, rest) = body.split_once(r#""value":""#).unwrap();
            Ok(rest.split('"').next().unwrap().parse().unwrap())
        }
        other => Err(other),
    }
}

#[test]
fn a_value_follows_within_one_scrape_and_a_dead_target_has_none() {
    let exporter = Exporter::start("gpu-1");
    let rules = rules("serve-follow.yaml");
    let url = format!("http://{}", exporter.at);
    let args = ["--config", &rules, "--scrape", &url];
    let serving = Running::start(&[&args[..], &["--scrape-interval", "200ms"]].concat());
    eventually("the metric is listed", || {
        utilization(&serving, "gpu-1").ok()
    });
    let mut seen = Vec::new();
    while seen.len() < 5 {
        // A scrape that began was preceded by one that is stored whole.
        let begun = exporter.scrapes.load(Ordering::SeqCst);
        let value = utilization(&serving, "gpu-1").unwrap();
        assert!(value + 1 >= begun, "{value} after {begun} scrapes");
        if seen.last() != Some(&value) {
            seen.push(value);
        }
    }
    exporter.die();
    let last = exporter.scrapes.load(Ordering::SeqCst);
    let (status, body) = eventually("the metric is gone", || {
        match utilization(&serving, "gpu-1") {
            Ok(value) => {
                assert!((1..=last).contains(&value), "{value} was never exposed");
                None
            }
            Err(gone) => Some(gone),
        }
    });
    assert_eq!(status, 404, "{body}");
    assert!(
        serving.log().contains("a scrape failed"),
        "{}",
        serving.log()
    );
}

#[test]
fn a_scrape_configuration_is_followed() {
    let (one, two) = (Exporter::start("gpu-1"), Exporter::start("gpu-2"));
    let config = |targets: &str| {
        let text = format!(
            "global: {{scrape_interval: 200ms, evaluation_interval: 1m}}\nscrape_configs:\n- job_name: dcgm\n  \
             static_configs: [{{targets: [{targets}], labels: {{zone: a}}}}]\n"
        );
        temporary("serve-scrape-config.yaml", &text)
    };
    let path = config(&format!("\"{}\"", one.at));
    let rules = rules("serve-config-rules.yaml");
    let query = free_port().to_string();
    let args = ["--config", &rules, "--scrape-config", &path];
    let serving = Running::start(&[&args[..], &["--query-address", &query]].concat());
    eventually("the first target's metric", || {
        utilization(&serving, "gpu-1").ok()
    });
    assert!(utilization(&serving, "gpu-2").is_err());
    let told = "global.evaluation_interval says nothing about scraping";
    assert!(serving.log().contains(told), "{}", serving.log());

    config("\"no port\", ");
    eventually("the mistake is told", || {
        let told = "the scrape configuration is not used; the targets before stay";
        serving.log().contains(told).then_some(())
    });
    assert!(utilization(&serving, "gpu-1").is_ok());

    config(&format!("\"{}\"", two.at));
    eventually("the second target's metric", || {
        utilization(&serving, "gpu-2").ok()
    });
    let (status, _) = utilization(&serving, "gpu-1").unwrap_err();
    assert_eq!(
        status, 404,
        "a target that is no longer named has no values"
    );

    let queries = format!("http://127.0.0.1:{query}");
    let (status, body) = get(&queries, "/api/v1/query?query=sum%20by(job,zone)(up)");
    assert_eq!(status, 200, "{body}");
    let only = r#""result":[{"metric":{"job":"dcgm","zone":"a"},"value":["#;
    assert!(body.contains(only) && body.contains(r#","1"]}]"#), "{body}");
}

#[test]
fn mistakes_in_a_scrape_configuration_stop_the_start() {
    let rules = rules("serve-mistakes-rules.yaml");
    let broken = temporary(
        "serve-broken-scrape.yaml",
        "scrape_configs:\n- job_name: a\n  static_config: []\n",
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mistakes = [
        vec!["--scrape-config", &broken],
        vec!["--scrape-config", "/nowhere.yaml"],
        vec!["--scrape", "http://localhost", "--query-address", &port],
        vec!["--scrape", "http://localhost", "--query-address", "here"],
        vec![
            "--prometheus-url",
            "http://localhost",
            "--query-address",
            "1",
        ],
    ];
    let told: Vec<String> = mistakes
        .into_iter()
        .map(|args| {
            let port = ["--config", &rules, "--insecure-loopback-port", "0"];
            let done = command(&[&port[..], &args].concat()).output().unwrap();
            assert_eq!(done.status.code(), Some(2), "{args:?}");
            let text = String::from_utf8(done.stderr).unwrap();
            let text = text.replace(env!("CARGO_TARGET_TMPDIR"), "TMP");
            let first = text.lines().find(|line| line.starts_with("error"));
            first.unwrap().replace(&port_of(&args), "PORT")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
error: TMP/serve-broken-scrape.yaml: line 3, column 3: unknown field `static_config`, expected one of job_name, scrape_interval, scrape_timeout, metrics_path, scheme, params, honor_labels, honor_timestamps, follow_redirects, basic_auth, authorization, bearer_token, bearer_token_file, tls_config, static_configs, kubernetes_sd_configs, relabel_configs, metric_relabel_configs, body_size_limit, sample_limit, target_limit, label_limit, label_name_length_limit, label_value_length_limit
error: cannot read /nowhere.yaml: No such file or directory (os error 2)
error: --query-address PORT: cannot listen there: Address already in use (os error 98); give PORT or HOST:PORT
error: --query-address here: cannot listen there: invalid socket address; give PORT or HOST:PORT
error: the argument '--prometheus-url <URL>' cannot be used with '--query-address <ADDRESS>'
"#);
}

/// The port among the arguments, which differs with each run.
fn port_of(args: &[&str]) -> String {
    let port = args
        .iter()
        .find(|arg| arg.parse::<u16>().is_ok_and(|port| port > 1));
    port.map_or("no port".to_owned(), |port| (*port).to_owned())
}
