//! Pages of all kinds, under the same jobs: the same series with the same labels and values.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::{Both, common, difference, elements};

/// What is at each path in each phase: the exposition, or a status that is none.
fn page(path: &str, phase: usize) -> (u16, String) {
    let text = match (path, phase) {
        // Escapes, blanks, clashing labels, values that are no numbers, one series twice.
        ("/text", 0) => concat!(
            "# HELP m Things.\n# TYPE m gauge\n",
            "m{pod=\"a\",job=\"theirs\",instance=\"x\"} 1\n",
            "m{pod=\"a\",exported_job=\"b\",job=\"c\",exported_exported_job=\"d\"} 2\n",
            "m { pod = \"q\\\"uote\\\\ \\n\", empty = \"\" , } 3e2\n",
            "m{pod=\"twice\"} 4\nm{pod=\"twice\"} 5\n",
            "m{pod=\"nan\"} NaN\nm{pod=\"inf\"} +Inf\nm{pod=\"ninf\"} -Inf\n",
            "m{pod=\"größe 🦀\"} -0.25\n\n# a comment\n\tbare_metric\t7 \n",
        )
        .replace("\tbare_metric", "bare_metric"),
        ("/text", _) => "m{pod=\"a\",job=\"theirs\",instance=\"x\"} 10\nnew 1\n".to_owned(),
        ("/honor", 0) => "m{job=\"theirs\",instance=\"\",pod=\"a\"} 1\nup{pod=\"mine\"} 5\n".to_owned(),
        ("/honor", _) => "m{job=\"others\",pod=\"a\"} 2\n".to_owned(),
        ("/open", 0) => concat!(
            "# TYPE requests counter\n# UNIT requests \n# HELP requests All of \\\"them\\\".\n",
            "requests_total{code=\"200\"} 5 # {trace=\"abc\"} 0.5\nrequests_created 1.5e9\n",
            "# TYPE latency histogram\nlatency_bucket{le=\"0.5\"} 1\nlatency_bucket{le=\"+Inf\"} 2\n",
            "latency_count 2\nlatency_sum 1.25\n# EOF\n",
        )
        .to_owned(),
        ("/open", _) => "requests_total{code=\"500\"} 1\n# EOF\n".to_owned(),
        ("/relabel", _) => concat!(
            "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",pod=\"train-0\",modelName=\"A100\"} 90\n",
            "DCGM_FI_DEV_GPU_UTIL{gpu=\"1\",pod=\"\",modelName=\"A100\"} 0\n",
            "debug_things 1\n",
        )
        .to_owned(),
        // At first within its limit.
        ("/limited", 0) => "m 1\nn 1\n".to_owned(),
        ("/limited", _) => "m 1\nn 1\no 1\n".to_owned(),
        ("/broken", 0) => "m 1\n".to_owned(),
        ("/broken", _) => "m 2\nn 1\nm{pod= 3\n".to_owned(),
        ("/failing", 0) => "m 1\n".to_owned(),
        ("/failing", _) => return (503, "no GPUs\n".to_owned()),
        ("/empty", _) => String::new(),
        ("/labels", 0) => "m{a=\"1\"} 1\n".to_owned(),
        ("/labels", _) => "m{a=\"1\",b=\"a long one\"} 1\n".to_owned(),
        _ => return (404, "nothing here\n".to_owned()),
    };
    (200, text)
}

fn config(target: &str) -> String {
    let job = |name: &str, more: &str| {
        format!(
            "- job_name: {name}\n  metrics_path: /{name}\n  static_configs:\n  - targets: \
             [\"{target}\"]\n    labels: {{zone: a}}\n{more}"
        )
    };
    let jobs = [
        job("text", ""),
        job("honor", "  honor_labels: true\n"),
        job("open", ""),
        job(
            "relabel",
            concat!(
                "  relabel_configs:\n",
                "  - {source_labels: [__address__], regex: '(.*):\\d+', target_label: node}\n",
                "  - {target_label: pod, replacement: dcgm-exporter-x7k2p}\n",
                "  metric_relabel_configs:\n",
                "  - {source_labels: [__name__], regex: 'debug_.*', action: drop}\n",
                "  - {source_labels: [exported_pod], regex: '(.+)', target_label: pod}\n",
                "  - {regex: 'exported_.*', action: labeldrop}\n",
                "  - {regex: '(model)Name', replacement: '${1}', action: labelmap}\n",
                "  - {source_labels: [gpu], modulus: 4, target_label: shard, action: hashmod}\n",
            ),
        ),
        job("limited", "  sample_limit: 2\n"),
        job("broken", ""),
        job("failing", ""),
        job("empty", ""),
        job(
            "labels",
            "  label_limit: 5\n  label_value_length_limit: 20\n",
        ),
        job("gone", ""),
    ];
    format!(
        "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\nscrape_configs:\n{}",
        jobs.concat()
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Debian's prometheus"]
async fn every_page_gives_the_same_series() {
    let phase = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&phase);
    let url = common::server(move |path| page(path, now.load(Ordering::SeqCst))).await;
    let config = config(url.strip_prefix("http://").unwrap());
    let both = Both::start("real-scraping", [&config, &config]).await;
    let mut last = Vec::new();
    for turn in 0..3 {
        phase.store(turn % 2, Ordering::SeqCst);
        // What both said a moment ago may be of different scrapes. In the end they agree, and for
        // longer than one scrape.
        let mut agreed = 0;
        for round in 0.. {
            let [mut theirs, ours] = everything(&both).await;
            if turn == 1 {
                theirs.retain(|line| !is_left_over(line));
            }
            let settled = theirs == ours && theirs != last;
            agreed = if settled { agreed + 1 } else { 0 };
            if agreed == 4 {
                last = theirs;
                break;
            }
            assert!(round < 150, "phase {turn}: {}", difference(&theirs, &ours));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let jobs = 10;
    assert!(last.len() > 5 * jobs + 20, "{last:#?}");
}

/// All series of both with their values. How long scrapes took is nobody's business; that all jobs
/// have it is.
async fn everything(both: &Both) -> [Vec<String>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for question in [
        "{__name__=~\".+\",__name__!=\"scrape_duration_seconds\"}",
        "scrape_duration_seconds > bool 0",
    ] {
        let answers = both.ask("query", &[("query", question)]).await;
        for (found, answer) in found.iter_mut().zip(&answers) {
            found.extend(elements(answer));
        }
    }
    found
}

/// The one difference: series that stand in a page before the place at which it breaks, or goes
/// beyond its limit, keep their last value for five minutes in Prometheus 2.42. Here they end, as
/// with any other scrape that fails.
fn is_left_over(line: &str) -> bool {
    let of = |names: &[&str], job: &str| {
        let job = line.contains(&format!("\"job\":\"{job}\""));
        job && names
            .iter()
            .any(|name| line.contains(&format!("\"__name__\":\"{name}\",")))
    };
    of(&["m"], "broken") || of(&["m", "n"], "limited")
}
