//! The text.

use std::collections::BTreeMap;
use std::fmt::Write;

use concertina_sources::{GpuReading, NodeReading, Reading};

use crate::attribution::{Attribution, Holder, PodRef};

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
/// most. A GPU's own metrics name the container that holds it only when no other does.
#[must_use]
pub fn render(node: &NodeReading, attribution: &Attribution) -> String {
    let mut samples = Samples::default();
    for gpu in &node.gpus {
        let device = GpuLabels {
            node: &node.node,
            gpu,
        };
        let only = attribution.only(&gpu.uuid).map(|holder| &holder.container);
        samples.device(GPU_UTIL, device, only, gpu.utilization);
        samples.device(FB_USED, device, only, gpu.memory_used);
        samples.processes(device, attribution);
        for holder in attribution.of(&gpu.uuid) {
            if let Some(allocated) = holder.allocated {
                let labels = device.text(Some(&holder.container));
                samples.push(MEM_ALLOCATED, labels, allocated);
            }
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
        if value.is_finite() {
            self.metrics
                .entry(metric)
                .or_default()
                .push((labels, value));
        } else {
            self.missing(metric, "not a number");
        }
    }

    fn missing(&mut self, metric: &'static str, reason: impl ToString) {
        *self.absent.entry((metric, reason.to_string())).or_default() += 1;
    }

    fn device(
        &mut self,
        metric: &'static str,
        device: GpuLabels<'_>,
        container: Option<&PodRef>,
        reading: Reading<f64>,
    ) {
        match reading {
            Reading::Value(value) => self.push(metric, device.text(container), value),
            Reading::Absent(reason) => self.missing(metric, reason),
        }
    }

    /// One sample for each container, made of those of its processes that could be read.
    fn processes(&mut self, device: GpuLabels<'_>, attribution: &Attribution) {
        let mut sums: BTreeMap<(&'static str, &PodRef), f64> = BTreeMap::new();
        let gpu = device.gpu;
        for process in &gpu.processes {
            let owner: Option<&Holder> = attribution.owner(&gpu.uuid, process.pid);
            for (metric, reading) in [
                (SM_UTIL, process.sm_utilization),
                (MEM_USED, process.memory_used),
            ] {
                match (reading, owner) {
                    (Reading::Value(value), Some(owner)) => {
                        *sums.entry((metric, &owner.container)).or_default() += value;
                    }
                    (Reading::Value(_), None) => {
                        self.missing(metric, "the process belongs to no known container");
                    }
                    (Reading::Absent(reason), _) => self.missing(metric, reason),
                }
            }
        }
        for ((metric, container), sum) in sums {
            let value = if metric == SM_UTIL {
                sum.min(100.0)
            } else {
                sum
            };
            self.push(metric, device.text(Some(container)), value);
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

    fn holder(pod: &str, pids: &[u32]) -> Holder {
        Holder {
            gpu: "GPU-0".to_owned(),
            container: PodRef {
                namespace: "default".to_owned(),
                pod: pod.to_owned(),
                container: "main".to_owned(),
            },
            allocated: Some(16_160.0),
            pids: pids.to_vec(),
        }
    }

    #[test]
    fn a_gpu_held_by_one_pod() {
        let node = node(vec![process(1, Reading::Value(23.0))]);
        let attribution = Attribution {
            holders: vec![holder("bert", &[])],
        };
        insta::assert_snapshot!(render(&node, &attribution), @r#"
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
        let holders = vec![holder("a", &[1, 2]), holder("b", &[3])];
        let text = render(&node(processes), &Attribution { holders });
        assert_eq!(value(&text, GPU_UTIL, None), Some(23.0));
        assert_eq!(value(&text, SM_UTIL, Some("a")), Some(100.0));
        assert_eq!(value(&text, MEM_USED, Some("a")), Some(200.0));
        assert_eq!(value(&text, SM_UTIL, Some("b")), None);
        assert!(text.contains(r#"reason="the process belongs to no known container"} 1"#));
    }

    proptest! {
        #[test]
        fn any_name_comes_back_as_it_was(pod in "\\PC*[\"\\\\\n]?\\PC*", number in -1e9..1e9_f64) {
            let mut node = node(Vec::new());
            node.gpus[0].utilization = Reading::Value(number);
            let attribution = Attribution { holders: vec![holder(&pod, &[])] };
            let text = render(&node, &attribution);
            let pod = (!pod.is_empty()).then_some(pod.as_str());
            prop_assert_eq!(value(&text, GPU_UTIL, pod), Some(number));
        }
    }
}
