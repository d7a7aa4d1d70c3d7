//! Whatever Prometheus does, no number is answered that it did not give.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::Running;
use crate::parts::{eventually, temporary};

const RULES: &str = "\
rules:
- seriesQuery: util{}
  resources: {overrides: {ns: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
";

const GOOD: &str = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1700000000,"7"]}]}}"#;

/// What is done with the connection of a query, once its request was read.
type Deed = fn(&mut TcpStream);

fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// A Prometheus that lists one series, and does to queries what it is told.
fn prometheus(deed: &Arc<Mutex<Deed>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let deed = Arc::clone(deed);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let deed = *deed.lock().unwrap();
            std::thread::spawn(move || {
                let mut head = BufReader::new(stream.try_clone().unwrap());
                let mut first = String::new();
                let _ = head.read_line(&mut first);
                let mut line = String::new();
                while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let series =
                    r#"{"status":"success","data":[{"__name__":"util","ns":"n","pod":"a"}]}"#;
                match first.contains("/api/v1/series") {
                    true => answer(&mut stream, "200 OK", series),
                    false => deed(&mut stream),
                }
            });
        }
    });
    format!("http://{at}")
}

#[test]
fn nothing_that_prometheus_does_becomes_a_number() {
    let deed: Arc<Mutex<Deed>> = Arc::new(Mutex::new(|stream| answer(stream, "200 OK", GOOD)));
    let source = prometheus(&deed);
    let rules = temporary("serve-failures.yaml", RULES);
    let args = [
        "--config",
        &rules,
        "--prometheus-url",
        &source,
        "--cache-ttl=0s",
    ];
    let serving = Running::start(&args);
    let ask = || serving.metric("/namespaces/n/pods/a/util");
    let works = || {
        eventually("it answers", || {
            let (status, body) = ask();
            (status == 200 && body.contains(r#""value":"7""#)).then_some(())
        });
    };
    works();
    let deeds: [(&str, u16, Deed); 14] = [
        ("closes", 500, |_| {}),
        ("half an answer", 500, |stream| {
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{GOOD}"
            );
        }),
        ("no HTTP", 500, |stream| {
            let _ = write!(stream, "7\r\n7\r\n\r\n");
        }),
        ("503", 500, |stream| {
            answer(stream, "503 Service Unavailable", "later")
        }),
        ("an error that looks like an answer", 500, |stream| {
            let error = r#"{"status":"error","errorType":"unavailable","error":"7"}"#;
            answer(stream, "503 Service Unavailable", error);
        }),
        ("a page", 500, |stream| {
            answer(stream, "200 OK", "<html>7</html>")
        }),
        ("cut JSON", 500, |stream| {
            let half = GOOD.get(..GOOD.len() - 3).unwrap();
            answer(stream, "200 OK", half);
        }),
        ("a text for a number", 500, |stream| {
            answer(stream, "200 OK", &GOOD.replace(r#""7""#, r#""seven""#));
        }),
        ("a number without quotes", 500, |stream| {
            answer(stream, "200 OK", &GOOD.replace(r#""7""#, "7"));
        }),
        ("a scalar", 500, |stream| {
            let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"7"]}}"#;
            answer(stream, "200 OK", scalar);
        }),
        ("a huge body", 500, |stream| {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
            let junk = vec![b'7'; 1 << 20];
            // Until the other side has enough.
            while stream.write_all(&junk).is_ok() {}
        }),
        ("another pod's sample", 404, |stream| {
            answer(
                stream,
                "200 OK",
                &GOOD.replace(r#""pod":"a""#, r#""pod":"b""#),
            );
        }),
        ("NaN", 404, |stream| {
            answer(stream, "200 OK", &GOOD.replace(r#""7""#, r#""NaN""#))
        }),
        ("nothing", 404, |stream| {
            let none = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
            answer(stream, "200 OK", none);
        }),
    ];
    for (what, expected, act) in deeds {
        *deed.lock().unwrap() = act;
        let (status, body) = ask();
        assert_eq!(status, expected, "{what}: {body}");
        assert!(body.contains(r#""kind":"Status""#), "{what}: {body}");
        assert!(!body.contains(r#""value""#), "{what}: {body}");
    }
    let (_, text) = serving.get("/metrics");
    assert!(text.contains(r#"kind="bad_answer""#), "{text}");
    assert!(text.contains(r#"kind="unreachable""#), "{text}");

    // Slow is no failure, and what was wrong before leaves no trace.
    *deed.lock().unwrap() = |stream| {
        std::thread::sleep(Duration::from_secs(2));
        answer(stream, "200 OK", GOOD);
    };
    works();
}

#[test]
fn a_prometheus_that_hangs_is_given_up_and_holds_up_nothing_else() {
    let deed: Arc<Mutex<Deed>> = Arc::new(Mutex::new(|_| {
        std::thread::sleep(Duration::from_secs(120));
    }));
    let source = prometheus(&deed);
    let rules = temporary("serve-hangs.yaml", RULES);
    let serving = Running::start(&["--config", &rules, "--prometheus-url", &source]);
    eventually("the metric is listed", || {
        serving.metric("").1.contains("pods/util").then_some(())
    });
    let url = serving.url.clone();
    let path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/n/pods/a/util";
    let hung = std::thread::spawn(move || crate::parts::get(&url, path));
    assert_eq!(serving.get("/readyz").0, 200);
    assert_eq!(serving.metric("").0, 200);
    assert!(!hung.is_finished());
    let (status, body) = hung.join().unwrap();
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("did not answer within 20 s"), "{body}");
}

#[test]
fn a_prometheus_that_is_killed_is_told_and_found_again() {
    let rules = temporary("serve-killed.yaml", RULES);
    let port = crate::parts::free_port();
    let source = format!("http://127.0.0.1:{port}");
    // It is away when the process starts, comes, and goes.
    let serving = Running::start(&[
        "--config",
        &rules,
        "--prometheus-url",
        &source,
        "--cache-ttl=0s",
    ]);
    assert_eq!(serving.get("/readyz").0, 200);
    let ask = || serving.metric("/namespaces/n/pods/a/util");
    assert_eq!(ask().0, 404, "nothing is known of it");
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let living = std::thread::spawn(move || {
        for stream in listener.incoming() {
            if stopped.load(std::sync::atomic::Ordering::SeqCst) {
                return;
            }
            let mut stream = stream.unwrap();
            let mut head = BufReader::new(stream.try_clone().unwrap());
            let mut first = String::new();
            let _ = head.read_line(&mut first);
            let mut line = String::new();
            while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let series = r#"{"status":"success","data":[{"__name__":"util","ns":"n","pod":"a"}]}"#;
            let body = if first.contains("/series") {
                series
            } else {
                GOOD
            };
            answer(&mut stream, "200 OK", body);
        }
    });
    eventually("it is found", || (ask().0 == 200).then_some(()));
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    drop(TcpStream::connect(("127.0.0.1", port)));
    living.join().unwrap();
    let (status, body) = ask();
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("cannot reach Prometheus"), "{body}");
    assert!(serving.metric("").1.contains("pods/util"), "the list stays");
}
