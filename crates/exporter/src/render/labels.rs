//! The labels of series, in the flavours that dashboards and rules know.

use concertina_sources::{GpuReading, MigReading, NodeReading};

use crate::attribution::PodRef;

/// Which label names series carry.
///
/// All have `gpu`, `UUID`, `pci_bus_id`, `device` and `modelName`, and MIG instances
/// `GPU_I_PROFILE` and `GPU_I_ID`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelFlavour {
    /// The DCGM exporter's: host name, driver version, `namespace`, `pod`, `container`.
    Dcgm,
    /// Alibaba Cloud's: `NodeName`, `NamespaceName`, `PodName`, `ContainerName`.
    Ack,
    /// Both on each series, so that no series exists twice.
    #[default]
    Both,
}

/// What the DCGM exporter calls the label with the node's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostLabel {
    /// `hostname`, since May 2026.
    #[default]
    New,
    /// `Hostname`, before.
    Old,
}

/// The labels of a device and of the containers on it, as text between braces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Labeller<'a> {
    pub(super) node: &'a NodeReading,
    pub(super) flavour: LabelFlavour,
    pub(super) host: HostLabel,
}

impl Labeller<'_> {
    pub(super) fn device(&self, gpu: &GpuReading, mig: Option<&MigReading>) -> String {
        let mut text = String::with_capacity(256);
        push(&mut text, "gpu", &gpu.index.to_string());
        push(&mut text, "UUID", &gpu.uuid);
        push(&mut text, "pci_bus_id", &gpu.pci_bus_id);
        let device = format!("nvidia{}", gpu.device_number());
        push(&mut text, "device", &device);
        push(&mut text, "modelName", &gpu.model);
        if let Some(mig) = mig {
            if let Some(profile) = &mig.profile {
                push(&mut text, "GPU_I_PROFILE", profile);
            }
            if let Some(id) = mig.gpu_instance {
                push(&mut text, "GPU_I_ID", &id.to_string());
            }
            // The instance's own, so that instances stay apart while their ids are not known.
            push(&mut text, "GPU_I_UUID", &mig.uuid);
        }
        if self.flavour != LabelFlavour::Ack {
            let name = match self.host {
                HostLabel::New => "hostname",
                HostLabel::Old => "Hostname",
            };
            push(&mut text, name, &self.node.node);
            if let Some(driver) = &self.node.driver {
                push(&mut text, "DCGM_FI_DRIVER_VERSION", driver);
            }
        }
        if self.flavour != LabelFlavour::Dcgm {
            push(&mut text, "NodeName", &self.node.node);
        }
        text
    }

    /// `device`'s labels and those of the container on it.
    pub(super) fn container(&self, device: &str, holder: &PodRef) -> String {
        let mut text = String::with_capacity(device.len() + 192);
        text.push_str(device);
        let names = match self.flavour {
            LabelFlavour::Dcgm => &[DCGM][..],
            LabelFlavour::Ack => &[ACK],
            LabelFlavour::Both => &[DCGM, ACK],
        };
        for [namespace, pod, container] in names {
            push(&mut text, namespace, &holder.namespace);
            push(&mut text, pod, &holder.pod);
            push(&mut text, container, &holder.container);
        }
        text
    }
}

const DCGM: [&str; 3] = ["namespace", "pod", "container"];
const ACK: [&str; 3] = ["NamespaceName", "PodName", "ContainerName"];

/// Adds `name="value"`, after a comma where there is something before it.
pub(crate) fn push(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push(',');
    }
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
