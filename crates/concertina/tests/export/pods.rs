//! Pods: with a kubelet, without one, and from the exporter to a metric that the HPA reads.

use std::path::Path;

use concertina_nvml_stub::Stub;
use concertina_testkit::kubelet::{Answers, FakeKubelet, Holding};

use crate::common::{Running, driver, folder};
use crate::parts::{eventually, get};
use crate::serving::Serving;

/// A process id that no process has.
const PID: u32 = 4_194_305;

/// A GPU with one process that is busy now.
pub(crate) fn busy(sm: u32) -> String {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut text = format!(
        "gpus:\n  - uuid: GPU-0\n    name: Tesla V100-SXM2-16GB\n    utilization: {{gpu: {sm}}}\n    \
         memory: {{total: 16160, reserved: 224, used: 15343}}\n    \
         processes: [{{pid: {PID}, memory: 15343}}]\n    samples:\n"
    );
    // From now on for a minute: the driver gives only those that are past.
    for second in 0..60 {
        let at = (now.as_secs() + second) * 1_000_000;
        text += &format!("      - {{pid: {PID}, at: {at}, sm: {sm}}}\n");
    }
    text
}

/// A kubelet that has given the GPU to a pod.
pub(crate) fn kubelet(socket: &Path) -> FakeKubelet {
    let holding = Holding::new("default", "bert-0", "nvidia.com/gpu", &["GPU-0"]);
    let answers = Answers {
        holding: vec![holding],
        ..Answers::default()
    };
    FakeKubelet::serve(socket, answers).unwrap()
}

fn with_kubelet(driver: &Stub, test: &str) -> (Running, FakeKubelet) {
    let socket = folder(test).join("kubelet.sock");
    let kubelet = kubelet(&socket);
    let socket = socket.display().to_string();
    let flags = [
        "-k",
        "--pod-resources-kubelet-socket",
        &socket,
        "--interval",
        "100ms",
    ];
    (Running::start(driver, &flags), kubelet)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_named_while_the_kubelet_answers_and_never_forgotten_silently() {
    let driver = driver("pods", &busy(23));
    let (exporter, kubelet) = with_kubelet(&driver, "pods");
    let used = "DCGM_CUSTOM_PROCESS_MEM_USED{";
    assert_eq!(exporter.value(used), Some(15343.0));
    assert!(
        exporter
            .metrics()
            .contains("namespace=\"default\",pod=\"bert-0\",container=\"main\"")
    );
    kubelet.set(Answers {
        fails: Some(14),
        ..Answers::default()
    });
    eventually("the kubelet's failure is counted", || {
        let failures = "concertina_exporter_collection_failures_total{stage=\"pods\"}";
        exporter.value(failures).filter(|count| *count > 0.0)
    });
    assert_eq!(
        exporter.value(used),
        Some(15343.0),
        "the last reading stands"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_driver_to_the_metric_that_the_hpa_reads() {
    let driver = driver("loop", &busy(23));
    let (exporter, _kubelet) = with_kubelet(&driver, "loop");
    let serving = Serving::start(&exporter.url);
    let path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/bert-0/DCGM_CUSTOM_PROCESS_SM_UTIL";
    let value = eventually("the metric is served", || {
        let (status, text) = get(&serving.url, path);
        (status == 200).then_some(text)
    });
    assert!(value.contains("\"value\":\"23\""), "{value}");
    let path = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/bert-0/DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO";
    let value = eventually("the ratio is served", || {
        let (status, text) = get(&serving.url, path);
        (status == 200).then_some(text)
    });
    // 15343 of 16160 MiB.
    assert!(value.contains("\"value\":\"949"), "{value}");
}
