//! The query API over real HTTP: Prometheus' shapes and errors, and our own client against it.
#![cfg(feature = "query-api")]
#![allow(clippy::unwrap_used, clippy::unreachable, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Client, ClientOptions, ServerOptions, form_encode, serve};
use concertina_model::{Labels, Sample, Timestamp};
use concertina_sources::SystemClock;
use concertina_sources::query_api::{QueryApi, QueryApiOptions};
use concertina_sources::scrape::SharedStore;
use concertina_tsdb::StoreOptions;

async fn api(options: QueryApiOptions) -> String {
    serving(SharedStore::new(StoreOptions::default()), options).await
}

async fn serving(store: SharedStore, options: QueryApiOptions) -> String {
    store.write(|store| {
        for second in 0..4_i32 {
            for (pod, value) in [("a", f64::from(second)), ("b", f64::NAN)] {
                let labels = Labels::from_pairs([("__name__", "m"), ("pod", pod)]);
                let timestamp = Timestamp::from_millis(i64::from(second) * 1000);
                store.append(&labels, Sample { timestamp, value }).unwrap();
            }
        }
    });
    let api = QueryApi::new(store, Arc::new(SystemClock), options);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let options = ServerOptions::default();
    tokio::spawn(serve(listener, api, options, std::future::pending()));
    format!("http://{at}")
}

/// `STATUS BODY` of an answer.
async fn ask(method: http::Method, url: &str, kind: &str, body: &str) -> String {
    let client = Client::new(ClientOptions::default());
    let body = bytes::Bytes::from(body.to_owned());
    let headers = [("content-type", kind)];
    let answer = client.request(method, url, &headers, body).await.unwrap();
    format!(
        "{} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    )
}

const FORM: &str = "application/x-www-form-urlencoded";

async fn get(base: &str, path: &str) -> String {
    ask(http::Method::GET, &format!("{base}{path}"), "", "").await
}

#[tokio::test]
async fn answers_have_prometheus_shapes() {
    let base = api(QueryApiOptions::default()).await;
    let mut answers = Vec::new();
    for path in [
        "/api/v1/query?query=m&time=3.5",
        "/api/v1/query?query=m%5B2s%5D&time=1970-01-01T00:00:02Z",
        "/api/v1/query?query=1e21&time=1",
        "/api/v1/query?query=%22x%22&time=1",
        "/api/v1/query?query=nothing",
        "/api/v1/query_range?query=sum(m%7Bpod=%22a%22%7D)&start=1&end=3&step=1s",
        "/api/v1/series?match[]=m%7Bpod=%22a%22%7D&match[]=n",
        "/api/v1/labels",
        "/api/v1/labels?match[]=n",
        "/api/v1/label/pod/values",
        "/api/v1/label/pod/values?match[]=m%7Bpod!=%22a%22%7D&start=0&end=9",
        "/api/v1/label/pod/values?start=4",
        "/api/v1/status/buildinfo",
        "/-/ready",
        "/-/healthy",
    ] {
        answers.push(get(&base, path).await);
    }
    insta::assert_snapshot!(answers.join("\n"), @r#"
200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"m","pod":"a"},"value":[3.5,"3"]},{"metric":{"__name__":"m","pod":"b"},"value":[3.5,"NaN"]}]}}
200 {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m","pod":"a"},"values":[[0,"0"],[1,"1"],[2,"2"]]},{"metric":{"__name__":"m","pod":"b"},"values":[[0,"NaN"],[1,"NaN"],[2,"NaN"]]}]}}
200 {"status":"success","data":{"resultType":"scalar","result":[1,"1000000000000000000000"]}}
200 {"status":"success","data":{"resultType":"string","result":[1,"x"]}}
200 {"status":"success","data":{"resultType":"vector","result":[]}}
200 {"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2"],[3,"3"]]}]}}
200 {"status":"success","data":[{"__name__":"m","pod":"a"}]}
200 {"status":"success","data":["__name__","pod"]}
200 {"status":"success","data":[]}
200 {"status":"success","data":["a","b"]}
200 {"status":"success","data":["b"]}
200 {"status":"success","data":[]}
200 {"status":"success","data":{"application":"concertina 0.1.0","version":"2.42.0","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}}
200 ready

200 ready
"#);
}

#[tokio::test]
async fn the_store_tells_about_itself() {
    let store = SharedStore::new(StoreOptions {
        max_series: 3,
        ..StoreOptions::default()
    });
    let base = serving(store.clone(), QueryApiOptions::default()).await;
    store.write(|store| {
        let labels = |pod| Labels::from_pairs([("__name__", "m"), ("pod", pod)]);
        let sample = |millis, value| Sample {
            timestamp: Timestamp::from_millis(millis),
            value,
        };
        assert!(store.append(&labels("c"), sample(3000, 1.0)).is_ok());
        assert!(store.append(&labels("c"), sample(3000, 1.0)).is_ok());
        assert!(store.append(&labels("c"), sample(3000, 2.0)).is_err());
        assert!(store.append(&labels("d"), sample(3000, 1.0)).is_err());
        // All that `a` and `b` have is too old then.
        store.append(&labels("c"), sample(3_602_000, 1.0)).unwrap();
        store.evict(Timestamp::from_millis(3_604_000));
    });
    let told = get(&base, "/metrics").await;
    assert!(concertina_sources::exposition::parse(told.split_at(4).1).is_ok());
    let bytes = store.read(|store| store.usage().bytes).to_string();
    let told = told.replace(&format!("bytes {bytes}"), "bytes BYTES");
    insta::assert_snapshot!(told, @r#"
200 # HELP concertina_store_series Series in the store.
# TYPE concertina_store_series gauge
concertina_store_series 1
# HELP concertina_store_samples Samples of all series.
# TYPE concertina_store_samples gauge
concertina_store_samples 2
# HELP concertina_store_bytes Memory that series and samples take.
# TYPE concertina_store_bytes gauge
concertina_store_bytes BYTES
# HELP concertina_store_samples_appended_total Samples stored.
# TYPE concertina_store_samples_appended_total counter
concertina_store_samples_appended_total 10
# HELP concertina_store_samples_repeated_total Samples that were there already.
# TYPE concertina_store_samples_repeated_total counter
concertina_store_samples_repeated_total 1
# HELP concertina_store_samples_refused_total Samples not stored, by reason.
# TYPE concertina_store_samples_refused_total counter
concertina_store_samples_refused_total{reason="conflict"} 1
concertina_store_samples_refused_total{reason="out_of_order"} 0
concertina_store_samples_refused_total{reason="too_old"} 0
concertina_store_samples_refused_total{reason="max_series"} 1
concertina_store_samples_refused_total{reason="max_samples"} 0
concertina_store_samples_refused_total{reason="max_bytes"} 0
# HELP concertina_store_samples_evicted_total Samples given up.
# TYPE concertina_store_samples_evicted_total counter
concertina_store_samples_evicted_total 8
# HELP concertina_store_series_created_total Series that began.
# TYPE concertina_store_series_created_total counter
concertina_store_series_created_total 3
# HELP concertina_store_series_evicted_total Series given up, because no sample of them was left.
# TYPE concertina_store_series_evicted_total counter
concertina_store_series_evicted_total 2
# HELP concertina_store_retention_shortened_total How often samples younger than the retention were given up to stay below a limit.
# TYPE concertina_store_retention_shortened_total counter
concertina_store_retention_shortened_total 0
"#);
}

#[tokio::test]
async fn errors_have_prometheus_shapes() {
    let base = api(QueryApiOptions::default()).await;
    let mut answers = Vec::new();
    for path in [
        "/api/v1/query",
        "/api/v1/query?query=sum(",
        "/api/v1/query?query=m&time=soon",
        "/api/v1/query?query=m&timeout=-1",
        "/api/v1/query?query=topk(NaN,m)",
        "/api/v1/query_range?query=m&end=1&step=1",
        "/api/v1/query_range?query=m&start=2&end=1&step=1",
        "/api/v1/query_range?query=m&start=1&end=2&step=0",
        "/api/v1/query_range?query=m&start=1&end=2&step=1e-9",
        "/api/v1/query_range?query=m&start=0&end=11001&step=1",
        "/api/v1/query_range?query=m%5B5m%5D&start=0&end=1&step=1",
        "/api/v1/series",
        "/api/v1/series?match[]=sum(m)",
        "/api/v1/series?match[]=m&start=2&end=1",
        "/api/v1/label/a-b/values",
        "/api/v1/rules",
        "/",
    ] {
        answers.push(get(&base, path).await);
    }
    for (path, method) in [
        ("/api/v1/query", http::Method::DELETE),
        ("/api/v1/label/pod/values", http::Method::POST),
    ] {
        answers.push(ask(method, &format!("{base}{path}"), "", "").await);
    }
    insta::assert_snapshot!(answers.join("\n"), @r##"
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": line 1, column 1: found the end, expected an expression"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": line 1, column 5: found the end, expected an expression"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"time\": cannot parse \"soon\" to a valid timestamp"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"timeout\": -1 is not above zero"}
422 {"status":"error","errorType":"execution","error":"the number of elements of topk and bottomk cannot be NaN"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"end\": end timestamp must not be before start time"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": 0 is not above zero"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": it is shorter than a millisecond"}
400 {"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": a range vector has no range, only a scalar or an instant vector"}
400 {"status":"error","errorType":"bad_data","error":"no match[] parameter provided"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"match[]\": line 1, column 1: a plain series selector is expected"}
400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"end\": end timestamp must not be before start time"}
400 {"status":"error","errorType":"bad_data","error":"invalid label name: \"a-b\""}
404 {"status":"error","errorType":"not_found","error":"there is no /api/v1/rules here; try /api/v1/query?query=up"}
404 {"status":"error","errorType":"not_found","error":"there is no / here; try /api/v1/query?query=up"}
405 {"status":"error","errorType":"bad_data","error":"DELETE is not allowed here; use GET or POST"}
405 {"status":"error","errorType":"bad_data","error":"POST is not allowed here; use GET"}
"##);
}

#[tokio::test]
async fn forms_are_read_within_their_limit() {
    let options = QueryApiOptions {
        max_form_bytes: 40,
        ..QueryApiOptions::default()
    };
    let base = api(options).await;
    let url = format!("{base}/api/v1/query?query=down&time=3");
    let post = |kind, form: &[(&str, &str)]| {
        let (url, form) = (url.clone(), form_encode(form));
        async move { ask(http::Method::POST, &url, kind, &form).await }
    };
    assert_eq!(
        post(FORM, &[("query", "count(m)")]).await,
        r#"200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[3,"2"]}]}}"#
    );
    let long = "1+".repeat(30);
    assert_eq!(
        post(FORM, &[("query", &long)]).await,
        r#"400 {"status":"error","errorType":"bad_data","error":"cannot read the form: the body is larger than 40 bytes"}"#
    );
    // What is no form is not read as one.
    assert_eq!(
        post("text/plain", &[("query", "m")]).await,
        r#"200 {"status":"success","data":{"resultType":"vector","result":[]}}"#
    );
}

#[tokio::test]
async fn an_evaluation_ends_in_time() {
    let options = QueryApiOptions {
        timeout: Duration::from_millis(50),
        ..QueryApiOptions::default()
    };
    let store = SharedStore::new(StoreOptions::default());
    let base = serving(store.clone(), options).await;
    // Nothing can be read while somebody writes.
    let (writing, begun) = std::sync::mpsc::channel();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        store.write(|_| {
            writing.send(()).unwrap();
            wait.recv()
        })
    });
    begun.recv().unwrap();
    let answer = get(&base, "/api/v1/query?query=m").await;
    assert_eq!(
        answer,
        r#"503 {"status":"error","errorType":"timeout","error":"not evaluated within 0.05 s"}"#
    );
    done.send(()).unwrap();
    writer.join().unwrap().unwrap();
}

#[tokio::test]
async fn an_evaluation_nobody_waits_for_gives_its_place_back() {
    let mut options = QueryApiOptions {
        timeout: Duration::from_millis(200),
        max_concurrency: 1,
        ..QueryApiOptions::default()
    };
    options.eval.max_samples = usize::MAX;
    let base = serving(SharedStore::new(StoreOptions::default()), options).await;
    let endless = get(&base, "/api/v1/query?query=sum_over_time(nosuch[100y:1ms])").await;
    assert!(endless.starts_with("503 "), "{endless}");
    for _ in 0..100 {
        if get(&base, "/api/v1/query?query=1")
            .await
            .starts_with("200 ")
        {
            return;
        }
    }
    panic!("the place is still taken");
}

#[cfg(feature = "prometheus")]
#[tokio::test]
async fn the_client_of_prometheus_cannot_tell_the_difference() {
    use concertina_model::QueryValue;
    use concertina_sources::MetricSource;
    use concertina_sources::prometheus::Prometheus;

    let base = api(QueryApiOptions::default()).await;
    let source = Prometheus::new(&base, ClientOptions::default()).unwrap();
    source.check().await.unwrap();
    let answer = source.query("m @ 2").await.unwrap();
    let QueryValue::Vector(vector) = answer.value else {
        unreachable!("asked for a vector")
    };
    assert_eq!((vector.len(), vector.first().unwrap().value), (2, 2.0));
    let listed = source.series("m", Duration::from_secs(60)).await.unwrap();
    assert!(listed.is_empty(), "the samples are of 1970");
}
