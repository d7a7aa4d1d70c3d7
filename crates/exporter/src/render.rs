//! The text.

use std::collections::BTreeMap;
use std::fmt::Write;

use concertina_sources::{GpuReading, NodeReading, Reading};

use crate::attribution::{Attribution, PodRef, Share};
use crate::usage::{Silence, Total, finite};

const GPU_UTIL: &str = "DCGM_FI_DEV_GPU_UTIL";
const FB_USED: &str = "DCGM_FI_DEV_FB_USED";
const SM_UTIL: &str = "DCGM_CUSTOM_PROCESS_SM_UTIL";
const MEM_USED: &str = "DCGM_CUSTOM_PROCESS_MEM_USED";
const MEM_ALLOCATED: &str = "DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED";
const ABSENT: &str = "concertina_exporter_absent_readings";

const METRICS: [(&str, &str); 5] = [
    (GPU_UTIL, "GPU utilization, in percent."),
    (FB_USED, "Used frame buffer memory of the GPU, in MiB."),
    (
        SM_UTIL,
        "SM utilization of a container's processes on a GPU, in percent.",
    ),
    (
        MEM_USED,
        "Frame buffer memory that a container's processes use on a GPU, in MiB.",
    ),
    (
        MEM_ALLOCATED,
        "Frame buffer memory of a GPU that a container may use, in MiB.",
    ),
];

/// A node's reading as an exposition in the Prometheus text format 0.0.4.
///
/// Values of several processes of one container on one GPU are added up, utilization to 100 at
/// most; a sum of which a part is missing is left out. A GPU's own metrics name the container
/// that holds it only when it holds the whole of it, and so does a process that
/// [`Attribution::owner`] does not know. What is left out is counted in
/// `concertina_exporter_absent_readings`, by metric and reason.
#[must_use]
pub fn render(node: &NodeReading, attribution: &Attribution) -> String {
    let mut samples = Samples::default();
    for gpu in &node.gpus {
        let device = GpuLabels {
            node: &node.node,
            gpu,
        };
        let only = attribution.exclusive_holder(&gpu.uuid);
        samples.device(GPU_UTIL, device, only, gpu.utilization);
        samples.device(FB_USED, device, only, gpu.memory_used);
        samples.processes(device, attribution);
        for (container, share) in attribution.holders(&gpu.uuid) {
            let allocated = match share {
                Share::Whole => gpu.memory_total,
                Share::Memory(mebibytes) => Reading::Value(mebibytes),
            };
            samples.device(MEM_ALLOCATED, device, Some(container), allocated);
        }
    }
    samples.text()
}

#[derive(Clone, Copy)]
struct GpuLabels<'a> {
    node: &'a str,
    gpu: &'a GpuReading,
}

impl GpuLabels<'_> {
    fn text(self, container: Option<&PodRef>) -> String {
        let index = self.gpu.index.to_string();
        let device = format!("nvidia{index}");
        let mut pairs = vec![
            ("gpu", index.as_str()),
            ("UUID", &self.gpu.uuid),
            ("pci_bus_id", &self.gpu.pci_bus_id),
            ("device", &device),
            ("modelName", &self.gpu.model),
            ("NodeName", self.node),
        ];
        if let Some(container) = container {
            pairs.push(("NamespaceName", &container.namespace));
            pairs.push(("PodName", &container.pod));
            pairs.push(("ContainerName", &container.container));
        }
        labels(&pairs)
    }
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        text.push_str(comma);
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    text
}

#[derive(Default)]
struct Samples {
    metrics: BTreeMap<&'static str, Vec<(String, f64)>>,
    absent: BTreeMap<(&'static str, String), u32>,
}

impl Samples {
    fn push(&mut self, metric: &'static str, labels: String, value: f64) {
        let samples = self.metrics.entry(metric).or_default();
        samples.push((labels, value));
    }

    fn missing(&mut self, metric: &'static str, reason: &str) {
        let count = self.absent.entry((metric, reason.to_owned())).or_default();
        *count += 1;
    }

    fn device(
        &mut self,
        metric: &'static str,
        device: GpuLabels<'_>,
        container: Option<&PodRef>,
        reading: Reading<f64>,
    ) {
        match finite(reading) {
            Ok(value) => self.push(metric, device.text(container), value),
            Err(reason) => self.missing(metric, &reason),
        }
    }

    /// One sample for each container and metric.
    fn processes(&mut self, device: GpuLabels<'_>, attribution: &Attribution) {
        let gpu = device.gpu;
        let only = attribution.exclusive_holder(&gpu.uuid);
        let mut totals: BTreeMap<(&'static str, Option<&PodRef>), Total> = BTreeMap::new();
        for process in &gpu.processes {
            let owner = attribution.owner(process.pid).or(only);
            let mut add = |metric, reading, silence| {
                let total: &mut Total = totals.entry((metric, owner)).or_default();
                total.add(reading, silence);
            };
            // A process that computes nothing has no utilization samples; its neighbours' stand.
            add(SM_UTIL, process.sm_utilization, Silence::Idle);
            add(MEM_USED, process.memory_used, Silence::Unknown);
        }
        for ((metric, container), total) in totals {
            for reason in &total.absent {
                self.missing(metric, reason);
            }
            match (container, total.value()) {
                (Some(container), Some(sum)) => {
                    let value = if metric == SM_UTIL {
                        sum.min(100.0)
                    } else {
                        sum
                    };
                    self.push(metric, device.text(Some(container)), value);
                }
                (None, Some(_)) => {
                    self.missing(metric, "the processes belong to no known container");
                }
                (_, None) => {}
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let none = Vec::new();
        // Writing to a String cannot fail.
        for (metric, help) in METRICS {
            let _ = writeln!(text, "# HELP {metric} {help}\n# TYPE {metric} gauge");
            for (labels, value) in self.metrics.get(metric).unwrap_or(&none) {
                let _ = writeln!(text, "{metric}{{{labels}}} {value}");
            }
        }
        let _ = writeln!(
            text,
            "# HELP {ABSENT} Readings that gave no sample, by metric and reason.\n# TYPE {ABSENT} gauge"
        );
        for ((metric, reason), count) in &self.absent {
            let labels = labels(&[("metric", metric), ("reason", reason)]);
            let _ = writeln!(text, "{ABSENT}{{{labels}}} {count}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use concertina_model::Timestamp;
    use concertina_sources::exposition::parse;
    use concertina_sources::{Absence, ProcessReading};
    use proptest::prelude::*;

    use super::*;

    fn process(pid: u32, sm_utilization: Reading<f64>) -> ProcessReading {
        ProcessReading {
            pid,
            sm_utilization,
            memory_used: Reading::Value(100.0),
        }
    }

    fn node(processes: Vec<ProcessReading>) -> NodeReading {
        let gpu = GpuReading {
            index: 0,
            uuid: "GPU-0".to_owned(),
            pci_bus_id: "00000000:07:00.0".to_owned(),
            model: "Tesla V100-SXM2-16GB".to_owned(),
            utilization: Reading::Value(23.0),
            memory_used: Reading::Absent(Absence::NotSupported),
            memory_total: Reading::Value(16_160.0),
            processes,
        };
        NodeReading {
            node: "n1".to_owned(),
            at: Timestamp::EPOCH,
            gpus: vec![gpu],
        }
    }

    fn held_by(pod: &str) -> Attribution {
        let mut attribution = Attribution::new();
        attribution.allocate("GPU-0", &PodRef::new("default", pod, "main"), Share::Whole);
        attribution
    }

    fn shared(pods: &[(&str, &[u32])]) -> Attribution {
        let mut attribution = Attribution::new();
        for (pod, pids) in pods {
            let pod = PodRef::new("default", pod, "main");
            attribution.allocate("GPU-0", &pod, Share::Memory(4040.0));
            for pid in *pids {
                attribution.process(*pid, &pod);
            }
        }
        attribution
    }

    #[test]
    fn a_gpu_held_by_one_pod() {
        let node = node(vec![process(1, Reading::Value(23.0))]);
        insta::assert_snapshot!(render(&node, &held_by("bert")), @r#"
        # HELP DCGM_FI_DEV_GPU_UTIL GPU utilization, in percent.
        # TYPE DCGM_FI_DEV_GPU_UTIL gauge
        DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",pci_bus_id="00000000:07:00.0",device="nvidia0",modelName="Tesla V100-SXM2-16GB",NodeName="n1",NamespaceName="default",PodName="bert",ContainerName="main"} 23
        # HELP DCGM_FI_DEV_FB_USED Used frame buffer memory of the GPU, in MiB.
        # TYPE DCGM_FI_DEV_FB_USED gauge
        # HELP DCGM_CUSTOM_PROCESS_SM_UTIL SM utilization of a container's processes on a GPU, in percent.
        # TYPE DCGM_CUSTOM_PROCESS_SM_UTIL gauge
        DCGM_CUSTOM_PROCESS_SM_UTIL{gpu="0",UUID="GPU-0",pci_bus_id="00000000:07:00.0",device="nvidia0",modelName="Tesla V100-SXM2-16GB",NodeName="n1",NamespaceName="default",PodName="bert",ContainerName="main"} 23
        # HELP DCGM_CUSTOM_PROCESS_MEM_USED Frame buffer memory that a container's processes use on a GPU, in MiB.
        # TYPE DCGM_CUSTOM_PROCESS_MEM_USED gauge
        DCGM_CUSTOM_PROCESS_MEM_USED{gpu="0",UUID="GPU-0",pci_bus_id="00000000:07:00.0",device="nvidia0",modelName="Tesla V100-SXM2-16GB",NodeName="n1",NamespaceName="default",PodName="bert",ContainerName="main"} 100
        # HELP DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED Frame buffer memory of a GPU that a container may use, in MiB.
        # TYPE DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED gauge
        DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED{gpu="0",UUID="GPU-0",pci_bus_id="00000000:07:00.0",device="nvidia0",modelName="Tesla V100-SXM2-16GB",NodeName="n1",NamespaceName="default",PodName="bert",ContainerName="main"} 16160
        # HELP concertina_exporter_absent_readings Readings that gave no sample, by metric and reason.
        # TYPE concertina_exporter_absent_readings gauge
        concertina_exporter_absent_readings{metric="DCGM_FI_DEV_FB_USED",reason="not supported by this device or driver"} 1
        "#);
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
        let text = render(&node(processes), &shared(&[("a", &[1, 2]), ("b", &[3])]));
        assert_eq!(value(&text, GPU_UTIL, None), Some(23.0));
        assert_eq!(value(&text, SM_UTIL, Some("a")), Some(100.0));
        assert_eq!(value(&text, MEM_USED, Some("a")), Some(200.0));
        assert_eq!(value(&text, SM_UTIL, Some("b")), None);
        assert_eq!(value(&text, MEM_USED, Some("b")), Some(100.0));
        assert_eq!(value(&text, MEM_ALLOCATED, Some("b")), Some(4040.0));
        assert!(text.contains(r#"reason="the processes belong to no known container"} 1"#));
    }

    #[test]
    fn a_silent_process_is_idle_but_unknown_memory_spoils_the_sum() {
        let mut processes = vec![
            process(1, Reading::Value(80.0)),
            process(2, Reading::Absent(Absence::NoSample)),
        ];
        processes[1].memory_used = Reading::Absent(Absence::NoPermission);
        let text = render(&node(processes), &held_by("a"));
        assert_eq!(value(&text, SM_UTIL, Some("a")), Some(80.0));
        assert_eq!(value(&text, MEM_USED, Some("a")), None);
        assert!(
            text.contains(r#"{metric="DCGM_CUSTOM_PROCESS_MEM_USED",reason="no permission"} 1"#)
        );
    }

    #[test]
    fn numbers_that_are_none_are_left_out() {
        let mut node = node(Vec::new());
        node.gpus[0].utilization = Reading::Value(f64::NAN);
        let text = render(&node, &held_by("a"));
        assert_eq!(value(&text, GPU_UTIL, Some("a")), None);
        assert!(text.contains(r#"{metric="DCGM_FI_DEV_GPU_UTIL",reason="not a finite number"} 1"#));
    }

    proptest! {
        #[test]
        fn any_name_comes_back_as_it_was(pod in "\\PC*[\"\\\\\n]?\\PC*", number in -1e9..1e9_f64) {
            let mut node = node(Vec::new());
            node.gpus[0].utilization = Reading::Value(number);
            let text = render(&node, &held_by(&pod));
            let pod = (!pod.is_empty()).then_some(pod.as_str());
            prop_assert_eq!(value(&text, GPU_UTIL, pod), Some(number));
        }
    }
}
