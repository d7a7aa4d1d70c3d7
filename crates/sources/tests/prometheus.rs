//! The client of Prometheus' HTTP API against the shapes that Prometheus 2.42 answers with.
#![cfg(feature = "prometheus")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "tests"
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_model::{QueryAnswer, QueryValue, Timestamp};
use concertina_sources::prometheus::Prometheus;
use concertina_sources::{MetricSource, SourceError};

async fn ask(status: u16, body: &str) -> Result<QueryAnswer, SourceError> {
    let body = body.to_owned();
    let url = common::server(move |_| (status, body.clone())).await;
    Prometheus::new(&url, ClientOptions::default())
        .unwrap()
        .query("up")
        .await
}

fn result(kind: &str, result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#)
}

#[tokio::test]
async fn a_vector_with_every_kind_of_number() {
    let vector = r#"[{"metric":{"__name__":"up","job":"a"},"value":[1700000000.5,"1e-07"]},
        {"metric":{},"value":[1700000000.5,"NaN"]},{"metric":{},"value":[1700000000.5,"-Inf"]}]"#;
    let answer = ask(200, &result("vector", vector)).await.unwrap();
    assert_eq!(answer.at, Timestamp::from_millis(1_700_000_000_500));
    let QueryValue::Vector(vector) = answer.value else {
        unreachable!("asked for a vector")
    };
    let values: Vec<String> = vector
        .iter()
        .map(|sample| format!("{} {}", sample.labels, sample.value))
        .collect();
    assert_eq!(values, [r#"up{job="a"} 0.0000001"#, "{} NaN", "{} -inf"]);
}

#[tokio::test]
async fn the_other_types() {
    let scalar = ask(200, &result("scalar", r#"[1,"2.5"]"#)).await.unwrap();
    assert_eq!(scalar.value, QueryValue::Scalar(2.5));
    let text = ask(200, &result("string", r#"[1,"x"]"#)).await.unwrap();
    assert_eq!(text.value, QueryValue::String("x".to_owned()));
    let matrix = r#"[{"metric":{"a":"b"},"values":[[1,"2"],[3,"4"]]}]"#;
    let matrix = ask(200, &result("matrix", matrix)).await.unwrap();
    assert!(matches!(matrix.value, QueryValue::Matrix(series) if series[0].samples.len() == 2));
    let empty = ask(200, &result("vector", "[]")).await.unwrap();
    assert_eq!(empty.value, QueryValue::Vector(Vec::new()));
}

#[tokio::test]
async fn whatever_goes_wrong_is_an_error_and_never_a_number() {
    let histogram = r#"[{"metric":{},"histogram":[1,{"count":"1"}]}]"#;
    let bodies = [
        (
            400,
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.to_owned(),
        ),
        (
            422,
            r#"{"status":"error","errorType":"execution","error":"many-to-many"}"#.to_owned(),
        ),
        (
            503,
            r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#.to_owned(),
        ),
        (
            500,
            r#"{"status":"error","errorType":"internal","error":"oops"}"#.to_owned(),
        ),
        (200, "<html>\n  <body>Grafana</body>".to_owned()),
        (200, result("vector", histogram)),
        (
            200,
            result("vector", r#"[{"metric":{},"value":[1,"one"]}]"#),
        ),
        (200, result("streams", "[]")),
    ];
    let mut errors = Vec::new();
    for (status, body) in bodies {
        let error = ask(status, &body).await.unwrap_err().to_string();
        let (_, text) = error.split_once("127.0.0.1").unwrap();
        errors.push(text.split_once(' ').unwrap().1.to_owned());
    }
    insta::assert_snapshot!(errors.join("\n"), @r##"
refused the query: parse error
could not evaluate the query: many-to-many
could not evaluate the query: query timed out
answered something unexpected: internal: oops
answered something unexpected: status 200 and `<html> <body>Grafana</body>`, which is not Prometheus' API: check the URL
answered something unexpected: a native histogram where a number is needed
answered something unexpected: `one` is no number
answered something unexpected: a result of type `streams`
"##);
}

#[tokio::test]
async fn nobody_there() {
    let source = Prometheus::new("http://127.0.0.1:1/prefix/", ClientOptions::default()).unwrap();
    assert!(matches!(
        source.check().await,
        Err(SourceError::Unreachable { .. })
    ));
    assert_eq!(source.describe(), "Prometheus at http://127.0.0.1:1/prefix");
    assert!(Prometheus::new("localhost:9090", ClientOptions::default()).is_err());
}

#[tokio::test]
async fn series_are_asked_for_with_a_start() {
    let asked = Arc::new(Mutex::new(String::new()));
    let noted = Arc::clone(&asked);
    let url = common::server(move |path| {
        path.clone_into(&mut noted.lock().unwrap());
        (
            200,
            r#"{"status":"success","data":[{"__name__":"up","job":"a"}]}"#.to_owned(),
        )
    })
    .await;
    let source = Prometheus::new(&format!("{url}/prom"), ClientOptions::default()).unwrap();
    let series = source
        .series(r#"up{job="a"}"#, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(series[0].to_string(), r#"up{job="a"}"#);
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked.starts_with("/prom/api/v1/series?match%5B%5D=up%7Bjob%3D%22a%22%7D&start=1"),
        "{asked}"
    );
}

#[tokio::test]
async fn an_expression_of_many_names_makes_no_long_url() {
    let long = format!("up{{pod=~\"{}\"}}", vec!["pod-0123456789"; 1000].join("|"));
    for (refused, asked_in_all) in [(200, 2), (405, 3)] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let url = common::server(move |path| {
            let by_get = path.contains('?');
            noted.lock().unwrap().push(path.len());
            let status = if by_get { 200 } else { refused };
            (status, result("scalar", r#"[1,"2.5"]"#))
        })
        .await;
        let source = Prometheus::new(&url, ClientOptions::default()).unwrap();
        for query in ["up", &long] {
            let answer = source.query(query).await.unwrap();
            assert_eq!(answer.value, QueryValue::Scalar(2.5));
        }
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked.len(), asked_in_all, "{asked:?}");
        assert_eq!(
            &asked[..2],
            ["/api/v1/query?query=up".len(), "/api/v1/query".len()]
        );
    }
}
