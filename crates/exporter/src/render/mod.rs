//! The text.

mod device;
mod labels;
mod metric;
mod own;
#[cfg(test)]
mod tests;
mod text;
mod usage;

use std::collections::BTreeMap;

use concertina_sources::NodeReading;

use crate::attribution::Attribution;
use crate::collector::Collected;
use device::Device;
use labels::{Labeller, push};
use metric::{ABSENT, DEVICE, DRA, MEM_ALLOCATED, MEM_USED, Metric, PROCESSES, SM_UTIL};
use usage::{Why, finite};

pub use labels::{HostLabel, LabelFlavour};
pub use text::Format;
use text::Text;

/// How a reading is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// The label names.
    pub labels: LabelFlavour,
    /// The name of the host's label.
    pub host: HostLabel,
    /// The text format.
    pub format: Format,
}

/// A node's reading as an exposition.
///
/// No series exists twice under `sum`: a GPU that is split has the memory of its MIG instances and
/// none of its own, and a shared GPU has one series of its own without a pod, beside one for each
/// container of what its own processes do. A GPU's own metrics name a container only when that
/// holds the whole GPU. Values of several processes of one container on one device are added up,
/// utilization to 100 at most; a sum of which a part is missing is left out. A container that holds
/// a device and has no process there uses 0, where all processes are to be seen. What is left out is
/// counted in `concertina_exporter_absent_readings`, by metric and reason.
#[must_use]
pub fn render(node: &NodeReading, attribution: &Attribution, options: RenderOptions) -> String {
    let mut text = Text::new(options.format);
    readings(&mut text, node, attribution, options);
    text.finish()
}

/// What a collector read, and metrics of its own work.
pub(crate) fn render_collected(collected: &Collected, options: RenderOptions) -> String {
    let mut text = Text::new(options.format);
    if let Some(snapshot) = &collected.snapshot {
        readings(&mut text, &snapshot.node, &snapshot.attribution, options);
    }
    own::write(&mut text, collected);
    text.finish()
}

/// Writes all metrics of `node`.
fn readings(
    text: &mut Text,
    node: &NodeReading,
    attribution: &Attribution,
    options: RenderOptions,
) {
    let labeller = Labeller {
        node,
        flavour: options.labels,
        host: options.host,
    };
    let mut missing = Missing::default();
    let mut devices = Vec::new();
    for gpu in &node.gpus {
        devices.push(Device::gpu(gpu, attribution, labeller, &mut missing));
        for mig in gpu.mig.iter().flatten() {
            let device = Device::instance(gpu, mig, attribution, labeller, &mut missing);
            devices.push(device);
        }
    }
    for (field, metric) in &DEVICE {
        let readings = devices
            .iter()
            .filter(|device| !(device.split && field.is_memory()))
            .map(|device| (device.labels.as_str(), device.values.get(*field)));
        let mut samples = Vec::new();
        for (labels, reading) in readings {
            match finite(reading) {
                Ok(value) => samples.push((labels, value)),
                Err(why) => missing.add(metric, why),
            }
        }
        family(text, metric, samples);
    }
    let containers = || devices.iter().flat_map(|device| &device.containers);
    let of = |value: fn(&device::Usage) -> Option<f64>| {
        containers().filter_map(move |c| Some((c.labels.as_str(), value(&c.usage)?)))
    };
    family(text, &SM_UTIL, of(|usage| usage.sm));
    family(text, &MEM_USED, of(|usage| usage.memory));
    family(text, &MEM_ALLOCATED, of(|usage| usage.allocated));
    let processes: Vec<_> = containers()
        .flat_map(|container| {
            let bases = container.usage.processes.iter();
            bases.map(|(basis, count)| {
                let mut labels = container.labels.clone();
                push(&mut labels, "basis", basis.name());
                push(&mut labels, "confidence", basis.confidence());
                (labels, *count)
            })
        })
        .collect();
    family(
        text,
        &PROCESSES,
        processes.iter().map(|(l, n)| (l.as_str(), *n)),
    );
    let claims: Vec<_> = attribution.dra.iter().map(dra_labels).collect();
    family(text, &DRA, claims.iter().map(|labels| (labels.as_str(), 1)));
    for unreadable in &node.unreadable {
        *missing
            .0
            .entry(("gpu", Why::Absent(unreadable.absence)))
            .or_default() += 1;
    }
    for _ in &attribution.unknown {
        let of_device = (MEM_ALLOCATED.name, Why::UnknownDevice);
        *missing.0.entry(of_device).or_default() += 1;
    }
    missing.write(text);
}

fn dra_labels(claim: &crate::attribution::DraDevice) -> String {
    let mut labels = String::new();
    let pairs = [
        ("driver", &claim.driver),
        ("pool", &claim.pool),
        ("device", &claim.device),
        ("namespace", &claim.holder.namespace),
        ("pod", &claim.holder.pod),
        ("container", &claim.holder.container),
    ];
    for (name, value) in pairs {
        push(&mut labels, name, value);
    }
    labels
}

/// A metric with its samples; nothing at all when there are none.
fn family<'a, V: std::fmt::Display>(
    text: &mut Text,
    metric: &Metric,
    samples: impl IntoIterator<Item = (&'a str, V)>,
) {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_some() {
        text.family(metric);
    }
    for (labels, value) in samples {
        text.sample(metric, labels, value);
    }
}

/// What gave no sample.
#[derive(Debug, Default)]
struct Missing(BTreeMap<(&'static str, Why), u32>);

impl Missing {
    fn add(&mut self, metric: &Metric, why: Why) {
        // What a source does not read at all is no news.
        if why != Why::Absent(concertina_sources::Absence::NotRead) {
            *self.0.entry((metric.name, why)).or_default() += 1;
        }
    }

    fn write(&self, text: &mut Text) {
        text.family(&ABSENT);
        for ((metric, why), count) in &self.0 {
            let mut labels = String::new();
            push(&mut labels, "metric", metric);
            push(&mut labels, "reason", &why.to_string());
            text.sample(&ABSENT, &labels, count);
        }
    }
}
