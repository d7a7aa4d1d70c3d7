//! Expositions of made-up readings.

use concertina_sources::exposition::parse;
use concertina_sources::{Absence, GpuField, GpuReading, MigReading, ProcessReading, Reading};
use proptest::prelude::*;

use super::*;
use crate::attribution::{Basis, DeviceKey, PodRef, Share, Unattributed};

const ACK: RenderOptions = RenderOptions {
    labels: LabelFlavour::Ack,
    host: HostLabel::New,
    format: Format::Prometheus,
};

fn process(pid: u32, sm_utilization: Reading<f64>) -> ProcessReading {
    ProcessReading {
        pid,
        sm_utilization,
        memory_used: Reading::Value(100.0),
    }
}

fn node(processes: Vec<ProcessReading>) -> NodeReading {
    let mut gpu = GpuReading::new(0, "GPU-0", "00000000:07:00.0", "Tesla V100-SXM2-16GB");
    gpu.values = gpu.values.with(GpuField::Utilization, 23.0);
    gpu.values = gpu.values.with(GpuField::MemoryTotal, 16_160.0);
    let used = Reading::Absent(Absence::NotSupported);
    gpu.values.set(GpuField::MemoryUsed, used);
    gpu.processes = processes;
    NodeReading {
        node: "n1".to_owned(),
        gpus: vec![gpu],
        ..NodeReading::default()
    }
}

fn held_by(pod: &str) -> Attribution {
    let mut attribution = Attribution::new();
    let holder = PodRef::new("default", pod, "main");
    attribution.allocate(DeviceKey::uuid("GPU-0"), &holder, Share::Whole);
    attribution
}

fn shared(pods: &[(&str, &[u32])]) -> Attribution {
    let mut attribution = Attribution::new();
    for (pod, pids) in pods {
        let pod = PodRef::new("default", pod, "main");
        let share = Share::Replicas {
            held: 1,
            of: Some(4),
        };
        attribution.allocate(DeviceKey::uuid("GPU-0"), &pod, share);
        for pid in *pids {
            attribution.process(*pid, &pod, Basis::Container);
        }
    }
    attribution
}

#[test]
fn a_gpu_held_by_one_pod() {
    let node = node(vec![process(1, Reading::Value(23.0))]);
    insta::assert_snapshot!(render(&node, &held_by("bert"), ACK));
}

fn value(text: &str, metric: &str, pod: Option<&str>) -> Option<f64> {
    let samples = parse(text).unwrap().samples;
    let found = samples.into_iter().find(|sample| {
        sample.labels.metric_name() == Some(metric) && sample.labels.get("PodName") == pod
    });
    found.map(|sample| sample.value)
}

#[test]
fn a_shared_gpu_has_a_sample_for_each_pod_and_one_without() {
    let processes = vec![
        process(1, Reading::Value(80.0)),
        process(2, Reading::Value(30.0)),
        process(3, Reading::Absent(Absence::NoSample)),
        process(4, Reading::Value(5.0)),
    ];
    let text = render(
        &node(processes),
        &shared(&[("a", &[1, 2]), ("b", &[3])]),
        ACK,
    );
    assert_eq!(value(&text, "DCGM_FI_DEV_GPU_UTIL", None), Some(23.0));
    assert_eq!(
        value(&text, "DCGM_CUSTOM_PROCESS_SM_UTIL", Some("a")),
        Some(100.0)
    );
    assert_eq!(
        value(&text, "DCGM_CUSTOM_PROCESS_MEM_USED", Some("a")),
        Some(200.0)
    );
    assert_eq!(value(&text, "DCGM_CUSTOM_PROCESS_SM_UTIL", Some("b")), None);
    assert_eq!(
        value(&text, "DCGM_CUSTOM_PROCESS_MEM_USED", Some("b")),
        Some(100.0)
    );
    assert_eq!(
        value(&text, "DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED", Some("b")),
        Some(4040.0)
    );
    assert!(text.contains(r#"reason="the processes belong to no known container"} 1"#));
}

#[test]
fn a_silent_process_is_idle_but_unknown_memory_spoils_the_sum() {
    let mut processes = vec![
        process(1, Reading::Value(80.0)),
        process(2, Reading::Absent(Absence::NoSample)),
    ];
    processes[1].memory_used = Reading::Absent(Absence::NoPermission);
    let text = render(&node(processes), &held_by("a"), ACK);
    assert_eq!(
        value(&text, "DCGM_CUSTOM_PROCESS_SM_UTIL", Some("a")),
        Some(80.0)
    );
    assert_eq!(
        value(&text, "DCGM_CUSTOM_PROCESS_MEM_USED", Some("a")),
        None
    );
    assert!(text.contains(r#"{metric="DCGM_CUSTOM_PROCESS_MEM_USED",reason="no permission"} 1"#));
}

#[test]
fn processes_that_cannot_be_listed_are_not_none() {
    let mut node = node(Vec::new());
    node.gpus[0].processes_absent = Some(Absence::NoPermission);
    let text = render(&node, &held_by("a"), ACK);
    for metric in [
        "DCGM_CUSTOM_PROCESS_SM_UTIL",
        "DCGM_CUSTOM_PROCESS_MEM_USED",
    ] {
        assert_eq!(value(&text, metric, Some("a")), None);
        let counted = format!(r#"{{metric="{metric}",reason="no permission"}} 1"#);
        assert!(text.contains(&counted));
    }
}

#[test]
fn a_holder_without_a_process_uses_nothing_once_all_processes_are_known() {
    let of = |node: &NodeReading, attribution: &Attribution| {
        let text = render(node, attribution, ACK);
        [
            value(&text, "DCGM_CUSTOM_PROCESS_SM_UTIL", Some("b")),
            value(&text, "DCGM_CUSTOM_PROCESS_MEM_USED", Some("b")),
        ]
    };
    let mut node = node(vec![process(1, Reading::Value(80.0))]);
    let mut attribution = shared(&[("a", &[1]), ("b", &[])]);
    assert_eq!(of(&node, &attribution), [None, None], "it may be hidden");
    attribution.sees_processes = true;
    assert_eq!(of(&node, &attribution), [Some(0.0), Some(0.0)]);
    node.gpus[0].processes.push(process(2, Reading::Value(5.0)));
    attribution.unattributed(2, Unattributed::NoPod);
    assert_eq!(of(&node, &attribution), [Some(0.0), Some(0.0)]);
    attribution.unattributed(2, Unattributed::Gone);
    assert_eq!(of(&node, &attribution), [None, None], "it may be b's");
    node.gpus[0].processes.clear();
    node.gpus[0].processes_absent = Some(Absence::NoPermission);
    assert_eq!(of(&node, &attribution), [None, None]);
}

#[test]
fn numbers_that_are_none_are_left_out() {
    let mut node = node(Vec::new());
    node.gpus[0].values = node.gpus[0].values.with(GpuField::Utilization, f64::NAN);
    let text = render(&node, &held_by("a"), ACK);
    assert_eq!(value(&text, "DCGM_FI_DEV_GPU_UTIL", Some("a")), None);
    assert!(text.contains(r#"{metric="DCGM_FI_DEV_GPU_UTIL",reason="not a finite number"} 1"#));
}

proptest! {
    #[test]
    fn any_name_comes_back_as_it_was(pod in "\\PC*[\"\\\\\n]?\\PC*", number in -1e9..1e9_f64) {
        let mut node = node(Vec::new());
        node.gpus[0].values = node.gpus[0].values.with(GpuField::Utilization, number);
        let text = render(&node, &held_by(&pod), ACK);
        let pod = (!pod.is_empty()).then_some(pod.as_str());
        prop_assert_eq!(value(&text, "DCGM_FI_DEV_GPU_UTIL", pod), Some(number));
    }
}

fn split() -> NodeReading {
    let mut node = node(Vec::new());
    let instance = |uuid: &str, id| MigReading {
        uuid: uuid.to_owned(),
        gpu_instance: id,
        profile: Some("1g.5gb".to_owned()),
        values: concertina_sources::GpuValues::default()
            .with(GpuField::MemoryUsed, 100.0)
            .with(GpuField::MemoryTotal, 4864.0),
        processes: vec![process(7, Reading::Absent(Absence::NotSupported))],
        processes_absent: None,
    };
    let gpu = &mut node.gpus[0];
    gpu.values.set(GpuField::MemoryUsed, Reading::Value(200.0));
    gpu.mig = Some(vec![instance("MIG-a", Some(7)), instance("MIG-b", None)]);
    node.driver = Some("580.95.05".to_owned());
    node
}

#[test]
fn memory_of_a_split_gpu_is_that_of_its_instances() {
    let mut attribution = Attribution::new();
    attribution.sees_processes = true;
    let pod = PodRef::new("ml", "train", "main");
    attribution.allocate("nvidia0/gi7".parse().unwrap(), &pod, Share::Whole);
    let options = RenderOptions {
        format: Format::OpenMetrics,
        ..RenderOptions::default()
    };
    insta::assert_snapshot!(render(&split(), &attribution, options));
}

#[test]
fn a_process_that_is_no_pods_is_not_the_holders() {
    let mut attribution = held_by("a");
    attribution.unattributed(1, Unattributed::NoPod);
    attribution.unattributed(2, Unattributed::Hidden);
    let processes = vec![
        process(1, Reading::Value(80.0)),
        process(2, Reading::Value(5.0)),
    ];
    let text = render(&node(processes), &attribution, ACK);
    assert_eq!(
        value(&text, "DCGM_CUSTOM_PROCESS_SM_UTIL", Some("a")),
        Some(5.0)
    );
    assert!(text.contains(r#"reason="the process belongs to no pod"} 1"#));
    assert!(text.contains(r#"basis="allocation",confidence="inferred"} 1"#));
}

#[test]
fn dra_devices_and_silent_gpus_are_reported() {
    let mut node = node(Vec::new());
    let absence = Absence::Lost;
    node.unreadable
        .push(concertina_sources::UnreadableGpu { index: 1, absence });
    let mut attribution = Attribution::new();
    attribution.dra.push(crate::attribution::DraDevice {
        holder: PodRef::new("ml", "train", "main"),
        driver: "gpu.nvidia.com".to_owned(),
        pool: "n1".to_owned(),
        device: "gpu-0".to_owned(),
    });
    let text = render(&node, &attribution, ACK);
    assert!(text.contains(
        r#"concertina_exporter_dra_devices{driver="gpu.nvidia.com",pool="n1",device="gpu-0",namespace="ml",pod="train",container="main"} 1"#
    ));
    assert!(text.contains(r#"{metric="gpu",reason="the device is lost"} 1"#));
}
