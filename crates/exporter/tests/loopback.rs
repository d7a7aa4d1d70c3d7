//! The exporter over real HTTP: a working source, and one that fails.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use concertina_exporter::{
    Attribution, AttributionError, Collector, CollectorOptions, Exporter, RenderOptions,
};
use concertina_http::{Client, ClientOptions, ServerOptions, serve};
use concertina_sources::simulated::{SimulatedNode, Timing, Workload};
use concertina_sources::{Clock, GpuError, GpuSource, NodeReading, SystemClock};

struct Broken;

#[async_trait]
impl GpuSource for Broken {
    async fn read(&self) -> Result<NodeReading, GpuError> {
        let reason = "the driver hangs".to_owned();
        Err(GpuError::Unavailable { reason })
    }
}

fn nobody(_: &NodeReading) -> Result<Attribution, AttributionError> {
    Ok(Attribution::new())
}

async fn get(gpus: Arc<dyn GpuSource>, path: &str) -> (u16, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let exporter = Exporter::new(gpus, Arc::new(nobody), RenderOptions::default());
    let options = ServerOptions::default();
    tokio::spawn(serve(listener, exporter, options, std::future::pending()));
    let answer = Client::new(ClientOptions::default())
        .get(&url, &[])
        .await
        .unwrap();
    (
        answer.status,
        String::from_utf8(answer.body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn eight_idle_gpus() {
    let workload = Workload::new("bert", 8, 0, Timing::default(), SystemClock.now());
    let node = SimulatedNode::new("n1", Arc::new(SystemClock), workload);
    let (status, text) = get(Arc::new(node), "/metrics").await;
    let exposition = concertina_sources::exposition::parse(&text).unwrap();
    assert_eq!((status, exposition.samples.len()), (200, 16));
}

#[tokio::test]
async fn unknown_pods_are_an_error_and_not_gpus_without_pods() {
    let workload = Workload::new("bert", 1, 0, Timing::default(), SystemClock.now());
    let node = SimulatedNode::new("n1", Arc::new(SystemClock), workload);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let attributor = |_: &NodeReading| -> Result<Attribution, AttributionError> {
        let reason = "the kubelet does not answer".to_owned();
        Err(AttributionError::Unavailable { reason })
    };
    let exporter = Exporter::new(
        Arc::new(node),
        Arc::new(attributor),
        RenderOptions::default(),
    );
    let options = ServerOptions::default();
    tokio::spawn(serve(listener, exporter, options, std::future::pending()));
    let client = Client::new(ClientOptions::default());
    let answer = client.get(&url, &[]).await.unwrap();
    assert_eq!(answer.status, 503);
    let text = "cannot tell which pods hold the GPUs: the kubelet does not answer\n";
    assert_eq!(answer.body.as_ref(), text.as_bytes());
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error() {
    let (status, text) = get(Arc::new(Broken), "/metrics").await;
    assert_eq!(
        (status, text.as_str()),
        (503, "cannot read the GPUs: the driver hangs\n")
    );
    assert_eq!(get(Arc::new(Broken), "/healthz").await.0, 200);
    assert_eq!(get(Arc::new(Broken), "/").await.0, 404);
}

#[tokio::test]
async fn a_collector_is_ready_once_it_has_read_and_answers_in_any_case() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(SystemClock);
    let workload = Workload::new("bert", 2, 0, Timing::default(), clock.now());
    let node = Arc::new(SimulatedNode::new("n1", clock.clone(), workload));
    let options = CollectorOptions::default();
    let collector = Collector::new(node, Arc::new(nobody), clock, options);
    let exporter = Exporter::over(collector.clone(), RenderOptions::default());
    let limits = ServerOptions::default();
    tokio::spawn(serve(listener, exporter, limits, std::future::pending()));
    let client = Client::new(ClientOptions::default());
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let answer = client.get(&format!("{url}{path}"), headers).await.unwrap();
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        (answer.status, body)
    };
    let none = (503, "the GPUs are not read yet\n".to_owned());
    assert_eq!(ask("/readyz", &[]).await, none);
    let (status, text) = ask("/metrics", &[]).await;
    assert_eq!(status, 200);
    insta::assert_snapshot!(text);
    collector.collect().await;
    assert_eq!(ask("/readyz", &[]).await.0, 200);
    let open = [("accept", concertina_sources::exposition::ACCEPT)];
    let (_, text) = ask("/metrics", &open).await;
    assert!(text.contains("\nDCGM_FI_DEV_GPU_UTIL{gpu=\"1\""));
    assert!(text.contains("\nconcertina_exporter_up 1\n"));
    assert!(text.contains("\n# TYPE concertina_exporter_collections counter\n"));
    assert!(text.ends_with("# EOF\n"));
}
