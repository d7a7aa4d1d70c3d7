//! Queries that are shared, and kept for `--cache-ttl`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::Running;
use crate::parts::{eventually, get, stand_in, temporary};

const RULES: &str = "\
rules:
- seriesQuery: util{}
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";

/// A Prometheus that takes 300 ms for a query and counts them; its answer is of 2001.
fn source(asked: &Arc<AtomicUsize>) -> String {
    let asked = Arc::clone(asked);
    stand_in(move |path| {
        let data = match path.starts_with("/api/v1/query") {
            true => {
                asked.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(300));
                r#"{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1000000000,"7"]}]}"#
            }
            false => r#"[{"__name__":"util","ns":"default","pod":"a"}]"#,
        };
        format!(r#"{{"status":"success","data":{data}}}"#)
    })
}

/// Asks eight times at once; how often the source was asked.
fn asked_for_eight(ttl: &str) -> (Running, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let source = source(&asked);
    let rules = temporary(&format!("serve-cache-{ttl}.yaml"), RULES);
    let args = [
        "--config",
        &rules,
        "--prometheus-url",
        &source,
        "--cache-ttl",
        ttl,
    ];
    let serving = Running::start(&args);
    eventually("the metric is listed", || {
        serving.metric("").1.contains("pods/util").then_some(())
    });
    let path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/a/util";
    let askers: Vec<_> = (0..8)
        .map(|_| {
            let url = serving.url.clone();
            std::thread::spawn(move || get(&url, path))
        })
        .collect();
    for asker in askers {
        let (status, body) = asker.join().unwrap();
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(r#""value":"7""#), "{body}");
        assert!(
            body.contains("2001-09-09T01:46:40Z"),
            "the age shows: {body}"
        );
    }
    let times = asked.load(Ordering::SeqCst);
    (serving, times)
}

#[test]
fn an_answer_is_given_again_for_the_time_of_the_flag() {
    let (serving, times) = asked_for_eight("60s");
    assert_eq!(times, 1);
    let (_, text) = serving.get("/metrics");
    let hits: usize = text
        .lines()
        .filter(|line| line.starts_with("concertina_query_cache_hits_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum();
    assert_eq!(hits, 7, "{text}");
}

#[test]
fn without_a_cache_like_queries_still_share_an_answer() {
    let (serving, times) = asked_for_eight("0s");
    assert!(times < 8, "asked {times} times");
    let (_, text) = serving.get("/metrics");
    assert!(!text.contains(r#"how="kept""#), "{text}");
    assert!(text.contains(r#"how="joined""#), "{text}");
}
