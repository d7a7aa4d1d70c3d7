//! The walkthrough's loop: driver, `concertina export`, `concertina serve`, and what the
//! walkthrough's HPA decides by the metric that is served.

use std::time::Duration;

use concertina_autoscaler::manifest;
use concertina_http::{Client, ClientOptions};
use concertina_metrics_api::{MetricRef, MetricsClient};
use concertina_model::{GroupResource, LabelSelector, Timestamp};
use concertina_nvml_stub::Stub;
use concertina_replicas::{
    History, Observation, Options, Pod, PodSample, Policy, Reading, Scale, reconcile,
};
use concertina_testkit::kubelet::{Answers, FakeKubelet, Holding};
use concertina_testkit::processes;

use crate::common::{Running, driver, folder};
use crate::parts::eventually_async;
use crate::serving::Serving;

const HPA: &str = include_str!("../../../../examples/bert-intent-detection/hpa.yaml");
const GPU: &str = "nvidia.com/gpu";

/// A process on a GPU: the GPU, the process and how busy it is.
type Process = (usize, u32, u32);

/// So many GPUs, with processes that are that busy from ten seconds ago on, for a minute.
fn scenario(gpus: usize, processes: &[Process]) -> String {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut text = "gpus:\n".to_owned();
    for gpu in 0..gpus {
        text += &format!(
            "  - uuid: GPU-{gpu}\n    memory: {{total: 16160, used: 9000}}\n    samples:\n      \
             - {{pid: 1, at: 1, sm: 1}}\n"
        );
        let here = || processes.iter().filter(|(on, _, _)| *on == gpu);
        for second in now.as_secs() - 10..now.as_secs() + 60 {
            for (_, pid, sm) in here().filter(|(_, _, sm)| *sm > 0) {
                text += &format!("      - {{pid: {pid}, at: {second}000000, sm: {sm}}}\n");
            }
        }
        let list: Vec<String> = here()
            .map(|(_, pid, _)| format!("{{pid: {pid}, memory: 2000}}"))
            .collect();
        text += &format!("    processes: [{}]\n", list.join(", "));
    }
    text
}

/// Everything from the driver to the autoscaler.
struct Loop {
    driver: Stub,
    kubelet: FakeKubelet,
    policy: Policy,
    history: History,
    pods: Vec<Pod>,
    metrics: MetricsClient,
    _exporter: Running,
    _serving: Serving,
}

impl Loop {
    fn start(test: &str) -> Self {
        let root = folder(test);
        let _ = std::fs::remove_dir_all(&root);
        let driver = driver(test, &scenario(1, &[]));
        let kubelet = FakeKubelet::serve(&root.join("kubelet.sock"), Answers::default()).unwrap();
        for (pid, pod) in [(11, "a"), (12, "b"), (13, "c")] {
            processes::place(&root, pid, Some(["default", pod, "main"])).unwrap();
        }
        let path = |name: &str| root.join(name).display().to_string();
        let flags = [
            "-k".to_owned(),
            format!("--pod-resources-kubelet-socket={}", path("kubelet.sock")),
            format!("--host-proc={}", path("proc")),
            format!("--host-logs={}", path("log")),
            "--interval=100ms".to_owned(),
            "--window=2s".to_owned(),
        ];
        let exporter = Running::start(&driver, &flags.each_ref().map(String::as_str));
        let serving = Serving::start(&exporter.url);
        let http = Client::new(ClientOptions::default());
        let metrics = MetricsClient::new(serving.url.clone(), http);
        Self {
            driver,
            kubelet,
            policy: manifest::parse(HPA).unwrap(),
            history: History::default(),
            pods: Vec::new(),
            metrics,
            _exporter: exporter,
            _serving: serving,
        }
    }

    /// The Deployment's pods, and the device that the kubelet gave to each.
    fn pods(&mut self, holding: &[(&str, &str)]) {
        let pod = |(name, _): &(&str, &str)| Pod {
            name: (*name).to_owned(),
            ..Pod::default()
        };
        self.pods = holding.iter().map(pod).collect();
        let holding = holding
            .iter()
            .map(|(pod, id)| Holding::new("default", pod, GPU, &[id]));
        let replicas = (0..4).map(|n| format!("GPU-0::{n}")).collect();
        self.kubelet.set(Answers {
            holding: holding.collect(),
            allocatable: Some(vec![(GPU.to_owned(), replicas)]),
            fails: None,
        });
    }

    /// What the HPA decides `minutes` after the beginning, once exactly these values are served.
    async fn decided(
        &mut self,
        processes: &[Process],
        served: &[(&str, i64)],
        minutes: u64,
    ) -> (i32, String) {
        self.driver.set(&scenario(2, processes)).unwrap();
        let metric = MetricRef {
            namespace: Some("default".to_owned()),
            resource: GroupResource::core("pods"),
            name: "DCGM_CUSTOM_PROCESS_SM_UTIL".to_owned(),
            selector: LabelSelector::everything(),
        };
        let everything = LabelSelector::everything();
        let values = eventually_async("the values are served", async || {
            let values = self.metrics.by_selector(&metric, &everything).await.ok()?;
            let read = values
                .iter()
                .map(|value| (value.object.name.as_str(), value.milli_value() / 1000));
            read.eq(served.iter().copied()).then_some(values)
        });
        let samples = values.await.into_iter().map(|value| PodSample {
            milli: value.milli_value(),
            pod: value.object.name,
            timestamp: value.timestamp,
            window: value.window,
        });
        let replicas = i32::try_from(self.pods.len()).unwrap();
        let observation = Observation {
            scale: Ok(Scale {
                spec_replicas: replicas,
                status_replicas: replicas,
                selector: "app=bert-intent-detection".to_owned(),
            }),
            pods: Ok(self.pods.clone()),
            metrics: vec![Ok(Reading::Pods(samples.collect()))],
            activation: None,
        };
        let now = Timestamp::from_millis(1_700_000_000_000)
            .saturating_add(Duration::from_secs(60 * minutes));
        let history = std::mem::take(&mut self.history);
        let options = Options::default();
        let (decision, history) = reconcile(&self.policy, &options, history, &observation, now);
        self.history = history;
        (decision.desired_replicas, decision.explanation.summary())
    }
}

/// As in the walkthrough: 23 percent of 20 are two replicas, and an idle service one again.
#[tokio::test(flavor = "multi_thread")]
async fn pods_with_a_gpu_each_scale_out_and_in() {
    let mut running = Loop::start("hpa-exclusive");
    running.pods(&[("a", "GPU-0")]);
    let (replicas, why) = running.decided(&[(0, 11, 23)], &[("a", 23)], 0).await;
    assert_eq!(replicas, 2, "{why}");
    // The second pod loads its model and has no process on its GPU yet.
    running.pods(&[("a", "GPU-0"), ("b", "GPU-1")]);
    let (replicas, why) = running
        .decided(&[(0, 11, 23)], &[("a", 23), ("b", 0)], 1)
        .await;
    assert_eq!(replicas, 2, "{why}");
    let idle = [(0, 11, 0), (1, 12, 0)];
    let (replicas, why) = running.decided(&idle, &[("a", 0), ("b", 0)], 2).await;
    assert_eq!(replicas, 2, "the window of five minutes: {why}");
    let (replicas, why) = running.decided(&idle, &[("a", 0), ("b", 0)], 8).await;
    assert_eq!(replicas, 1, "{why}");
}

/// Each of four pods on one GPU has its own processes' use, not the GPU's.
#[tokio::test(flavor = "multi_thread")]
async fn pods_that_share_a_gpu_scale_by_their_own_use() {
    let mut running = Loop::start("hpa-shared");
    running.pods(&[
        ("a", "GPU-0::0"),
        ("b", "GPU-0::1"),
        ("c", "GPU-0::2"),
        ("idle", "GPU-0::3"),
    ]);
    // 60 of 4 pods are 15 each: three would be enough.
    let (replicas, why) = running
        .decided(
            &[(0, 11, 30), (0, 12, 20), (0, 13, 10)],
            &[("a", 30), ("b", 20), ("c", 10), ("idle", 0)],
            0,
        )
        .await;
    assert_eq!(replicas, 4, "first the window: {why}");
    // 92 are 23 each.
    let (replicas, why) = running
        .decided(
            &[(0, 11, 40), (0, 12, 40), (0, 13, 12)],
            &[("a", 40), ("b", 40), ("c", 12), ("idle", 0)],
            6,
        )
        .await;
    assert_eq!(replicas, 5, "{why}");
}
