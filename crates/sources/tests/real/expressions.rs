//! The same samples in both stores: expressions of every kind, the other questions of the API,
//! mistakes, and `promtool` as their user.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concertina_sources::{Clock, SystemClock};
use serde_json::Value;

use crate::{Both, common, elements};

/// How many pages there are, and the milliseconds between their samples.
pub(crate) const PAGES: usize = 41;
const STEP: i64 = 15_000;

/// The page of this number: samples with their own time, so that both stores hold the same.
pub(crate) fn page(number: usize, at: i64) -> String {
    let mut text = String::new();
    let mut line = |series: &str, value: f64| {
        text += &format!("{series} {value} {at}\n");
    };
    let turn = number as f64;
    for node in ["a", "b"] {
        for gpu in 0..4_usize {
            let seed = turn * 7.3 + gpu as f64 * 13.7 + f64::from(node == "b") * 5.1;
            let pod = ["train-0", "train-1", "infer", ""][gpu];
            let labels = format!("{{node=\"{node}\",gpu=\"{gpu}\",pod=\"{pod}\"}}");
            // One GPU is away for a while, another cannot be read now and then.
            if !(gpu == 2 && (12..20).contains(&number)) {
                let value = if gpu == 3 && number % 9 == 4 {
                    f64::NAN
                } else {
                    seed % 100.0
                };
                line(&format!("util{labels}"), value);
            }
            line(&format!("temp{labels}"), 30.0 + (seed * 0.37).sin() * 12.0);
        }
    }
    for (code, per_page) in [("200", 12.0), ("500", 0.25)] {
        // The counters begin again on page 25.
        let since = if number < 25 { number } else { number - 25 };
        let series = format!("requests_total{{code=\"{code}\",job_name=\"api\"}}");
        line(&series, (since as f64 * per_page).floor());
    }
    for (le, share) in [("0.1", 0.3), ("0.5", 0.8), ("2.5", 0.95), ("+Inf", 1.0)] {
        let series = format!("latency_seconds_bucket{{le=\"{le}\"}}");
        line(&series, (turn * 40.0 * share).floor());
    }
    text
}

fn expressions() -> Vec<String> {
    let mut all = Vec::new();
    let vectors = [
        "util",
        "temp{gpu=\"0\"}",
        "util{pod=~\"train-.*\"}",
        "requests_total",
        "nosuch",
    ];
    for vector in vectors {
        for function in [
            "abs",
            "ceil",
            "floor",
            "round",
            "exp",
            "ln",
            "log2",
            "log10",
            "sqrt",
            "sgn",
            "sort",
            "sort_desc",
            "absent",
            "timestamp",
            "minute",
            "day_of_week",
            "atan",
            "cosh",
            "deg",
        ] {
            all.push(format!("{function}({vector})"));
        }
        for grouping in ["", " by (node)", " without (gpu, pod)"] {
            for function in [
                "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar",
            ] {
                all.push(format!("{function}{grouping} ({vector})"));
            }
            for function in ["topk", "bottomk"] {
                all.push(format!("{function}{grouping} (2, {vector})"));
            }
            all.push(format!("quantile{grouping} (0.9, {vector})"));
        }
        for window in ["50s", "2m", "4m15s"] {
            for function in [
                "rate",
                "irate",
                "increase",
                "delta",
                "idelta",
                "deriv",
                "changes",
                "resets",
                "avg_over_time",
                "min_over_time",
                "max_over_time",
                "sum_over_time",
                "count_over_time",
                "last_over_time",
                "present_over_time",
                "absent_over_time",
                "stddev_over_time",
                "stdvar_over_time",
            ] {
                all.push(format!("{function}({vector}[{window}])"));
            }
            all.push(format!("quantile_over_time(0.3, {vector}[{window}])"));
            all.push(format!("predict_linear({vector}[{window}], 600)"));
            all.push(format!("holt_winters({vector}[{window}], 0.3, 0.6)"));
        }
        for other in [
            "offset 1m",
            "offset -30s",
            "> 40",
            "> bool 40",
            "* 2 - 1",
            "% 7",
            "^ 0.5",
        ] {
            all.push(format!("{vector} {other}"));
        }
    }
    for operator in [
        "+", "-", "*", "/", "%", "^", "atan2", ">", "<=", "== bool", "and", "or", "unless",
    ] {
        all.push(format!("util {operator} temp"));
        all.push(format!("util {operator} on (node, gpu) temp{{pod!=\"\"}}"));
        all.push(format!(
            "max by (node) (util) {operator} ignoring (gpu) max by (node) (temp)"
        ));
    }
    all.extend(
        [
            "util * on (node) group_left () max by (node) (temp)",
            "max by (node) (temp) / on (node) group_right () util",
            "count_values(\"value\", util > bool 50)",
            "histogram_quantile(0.9, rate(latency_seconds_bucket[2m]))",
            "histogram_quantile(0.5, sum by (le) (latency_seconds_bucket))",
            "label_replace(util, \"short\", \"$1\", \"pod\", \"(.*)-.*\")",
            "label_join(util, \"place\", \"/\", \"node\", \"gpu\")",
            "max_over_time(rate(requests_total[1m])[3m:20s])",
            "avg_over_time((util > 20)[2m:15s] offset 30s)",
            "scalar(sum(requests_total)) + vector(1)",
            "clamp(util, 20, 60)",
            "clamp_min(temp, 30)",
            "sum(util) or vector(0)",
            "-util",
            "{__name__=~\"util|temp\",gpu!~\"[12]\"}",
            "sum(rate(requests_total{code=~\"5..\"}[2m])) / sum(rate(requests_total[2m]))",
            "time() - timestamp(util)",
            "\"text\"",
            "1 / 0",
            "util[90s]",
            "requests_total[1m:25s]",
        ]
        .map(str::to_owned),
    );
    all
}

/// Starts both on an exporter whose next page comes when both have the one before; gives the time
/// of the last page's samples.
pub(crate) async fn filled(name: &str, page: fn(usize, i64) -> String) -> (Both, i64) {
    let begin = SystemClock.now().as_millis() - STEP * PAGES as i64;
    // The pages that each has been given, by path.
    let given = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let counts = given.clone();
    let url = common::server(move |path| {
        let [theirs, ours] = [0, 1].map(|side: usize| counts[side].load(Ordering::SeqCst));
        let side = usize::from(path == "/ours");
        let number = theirs.min(ours).min(PAGES - 1);
        counts[side].fetch_max(number + 1, Ordering::SeqCst);
        (200, page(number, begin + STEP * number as i64))
    })
    .await;
    let config = |path: &str| {
        format!(
            "scrape_configs:\n- job_name: gpu\n  scrape_interval: 50ms\n  scrape_timeout: 50ms\n  \
             metrics_path: {path}\n  static_configs:\n  - targets: [\"{}\"]\n    labels: \
             {{instance: x}}\n",
            url.strip_prefix("http://").unwrap()
        )
    };
    let both = Both::start(name, [&config("/theirs"), &config("/ours")]).await;
    let last = begin + STEP * (PAGES as i64 - 1);
    let [at, every] = [
        (last as f64 / 1000.0).to_string(),
        "count_over_time(temp[1h])".to_owned(),
    ];
    for _ in 0..600 {
        let answers = both.ask("query", &[("query", &every), ("time", &at)]).await;
        let full = |answer: &Value| {
            let all = elements(answer);
            all.len() == 8
                && all
                    .iter()
                    .all(|line| line.ends_with(&format!("\"{PAGES}\"")))
        };
        if answers.iter().all(full) {
            return (both, last);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not every page was stored by both");
}

/// Whether the answers are the same: numbers up to rounding, elements in order where it counts.
fn same(theirs: &Value, ours: &Value, exact: &mut bool) -> bool {
    match (theirs, ours) {
        (Value::Array(theirs), Value::Array(ours)) => {
            let mut pairs = theirs.iter().zip(ours);
            theirs.len() == ours.len() && pairs.all(|(theirs, ours)| same(theirs, ours, exact))
        }
        (Value::Object(theirs), Value::Object(ours)) => {
            let mut pairs = theirs.iter();
            theirs.len() == ours.len()
                && pairs.all(|(key, theirs)| {
                    ours.get(key).is_some_and(|ours| same(theirs, ours, exact))
                })
        }
        (Value::String(theirs), Value::String(ours)) if theirs != ours => {
            *exact = false;
            match (theirs.parse::<f64>(), ours.parse::<f64>()) {
                (Ok(theirs), Ok(ours)) => {
                    (theirs - ours).abs() <= 1e-9 * theirs.abs().max(ours.abs())
                }
                _ => false,
            }
        }
        (theirs, ours) => theirs == ours,
    }
}

/// Elements in the order of their labels; Prometheus gives them in any.
fn ordered(mut answer: Value) -> Value {
    if let Some(result) = answer["data"]["result"].as_array_mut() {
        result.sort_by_key(|element| element["metric"].to_string());
    }
    answer
}

/// Asks both each expression at three moments and over a range, and fails when they differ.
pub(crate) async fn answered_alike(both: &Both, last: i64, expressions: Vec<String>) {
    let seconds = |millis: i64| (millis as f64 / 1000.0).to_string();
    let (mut asked, mut exactly, mut wrong) = (0, 0, Vec::new());
    for expression in expressions {
        let instant = |at: i64| {
            (
                "query",
                vec![("query", expression.clone()), ("time", seconds(at))],
            )
        };
        let range = vec![
            ("query", expression.clone()),
            ("start", seconds(last - 560_000)),
            ("end", seconds(last + 60_000)),
            ("step", "35".to_owned()),
        ];
        let questions = [
            instant(last),
            instant(last - STEP * 24 - 7_321),
            instant(last - STEP * 13),
            ("query_range", range),
        ];
        for (path, pairs) in questions {
            let pairs: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let [theirs, ours] = both.ask(path, &pairs).await;
            let sorted = path == "query"
                && ["sort", "topk", "bottomk"]
                    .iter()
                    .any(|word| expression.starts_with(word))
                // Which of two equals comes first is Prometheus' secret.
                && !theirs.to_string().contains("NaN");
            let [theirs, ours] = match sorted {
                true => [theirs, ours],
                false => [ordered(theirs), ordered(ours)],
            };
            let mut exact = true;
            asked += 1;
            // The words of a refusal are each one's own.
            let refused = theirs["status"] == "error" && ours["errorType"] == theirs["errorType"];
            if refused || same(&theirs, &ours, &mut exact) {
                exactly += usize::from(exact);
            } else {
                wrong.push(format!(
                    "{path} {expression} {}\n  {theirs}\n  {ours}",
                    pairs[1].1
                ));
            }
        }
    }
    println!(
        "{asked} questions, {} answered alike, {exactly} to the last digit",
        asked - wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(10)].join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Debian's prometheus"]
async fn every_expression_has_the_same_answer() {
    let (both, last) = filled("real-expressions", page).await;
    answered_alike(&both, last, expressions()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Debian's prometheus"]
async fn promtool_and_the_other_questions() {
    let (both, last) = filled("real-promtool", page).await;
    let at = (last as f64 / 1000.0).to_string();
    let begin = ((last - 120_000) as f64 / 1000.0).to_string();
    for (path, pairs) in [
        (
            "series",
            vec![
                ("match[]", "util{node=\"a\"}"),
                ("match[]", "requests_total"),
            ],
        ),
        (
            "series",
            vec![
                ("match[]", "{pod=\"infer\"}"),
                ("start", &begin),
                ("end", &at),
            ],
        ),
        ("labels", vec![("match[]", "util")]),
        ("label/pod/values", vec![]),
        (
            "label/__name__/values",
            vec![("match[]", "{node=\"b\"}"), ("start", &begin)],
        ),
        ("label/nosuch/values", vec![]),
    ] {
        let answers = both.ask(path, &pairs).await;
        let [theirs, ours] = answers.map(|answer| {
            let mut all: Vec<String> = answer["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(Value::to_string)
                .collect();
            all.sort_unstable();
            all
        });
        assert_eq!(theirs, ours, "{path} {pairs:?}");
    }
    for (path, pairs) in [
        ("query", vec![]),
        ("query", vec![("query", "sum(")]),
        ("query", vec![("query", "up"), ("time", "soon")]),
        ("query", vec![("query", "up"), ("timeout", "soon")]),
        ("query", vec![("query", "topk(scalar(nosuch), util)")]),
        (
            "query",
            vec![("query", "util * on(node) temp"), ("time", &at)],
        ),
        (
            "query_range",
            vec![("query", "up"), ("start", "2"), ("end", "1"), ("step", "1")],
        ),
        (
            "query_range",
            vec![("query", "up"), ("start", "1"), ("end", "2"), ("step", "0")],
        ),
        (
            "query_range",
            vec![
                ("query", "up"),
                ("start", "0"),
                ("end", "11001"),
                ("step", "1"),
            ],
        ),
        (
            "query_range",
            vec![
                ("query", "up[5m]"),
                ("start", "1"),
                ("end", "2"),
                ("step", "1"),
            ],
        ),
        ("series", vec![]),
        ("series", vec![("match[]", "{}")]),
        ("label/a-b/values", vec![]),
    ] {
        let [theirs, ours] = both.ask(path, &pairs).await;
        let kind = |answer: &Value| (answer["status"].clone(), answer["errorType"].clone());
        assert_eq!(
            kind(&theirs),
            kind(&ours),
            "{path} {pairs:?}\n{theirs}\n{ours}"
        );
    }
    let end = format!("--end={at}");
    let start = format!("--start={begin}");
    let time = format!("--time={at}");
    for (what, flags, rest) in [
        ("instant", vec![&*time], vec!["sum by (node) (util)"]),
        ("instant", vec![&*time], vec!["util{gpu=\"0\"}[1m]"]),
        (
            "instant",
            vec![&*time, "-o", "json"],
            vec!["requests_total"],
        ),
        (
            "range",
            vec![&*start, &*end, "--step=30s"],
            vec!["max(temp)"],
        ),
        ("series", vec!["--match=util{node=\"a\"}"], vec![]),
        ("labels", vec![], vec!["pod"]),
    ] {
        let [theirs, ours] = [&both.urls[0], &both.urls[1]].map(|url| {
            let mut command = Command::new("promtool");
            command
                .arg("query")
                .arg(what)
                .args(&flags)
                .arg(url)
                .args(&rest);
            let done = command.output().expect("promtool is installed");
            let err = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{command:?}: {err}");
            let text = String::from_utf8(done.stdout).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        });
        assert!(!theirs.is_empty());
        assert_eq!(theirs, ours, "promtool query {what} {rest:?}");
    }
    let mut refused = Command::new("promtool");
    refused.args(["query", "instant", &both.urls[1], "sum("]);
    let done = refused.output().unwrap();
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("bad_data"));
}
