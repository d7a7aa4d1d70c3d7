//! The metrics that are published: names, types and units as the DCGM exporter's default set and
//! Alibaba Cloud's GPU exporter have them.

use concertina_sources::GpuField;

/// A metric's name, type and help.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

/// A metric's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Counter,
}

pub(super) const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        help,
    }
}

pub(super) const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        help,
    }
}

/// Of a GPU or a MIG instance.
#[rustfmt::skip]
pub(super) const DEVICE: [(GpuField, Metric); 23] = [
    (GpuField::Utilization, gauge("DCGM_FI_DEV_GPU_UTIL", "GPU utilization, in percent.")),
    (GpuField::MemoryCopy, gauge("DCGM_FI_DEV_MEM_COPY_UTIL", "Memory utilization, in percent.")),
    (GpuField::Encoder, gauge("DCGM_FI_DEV_ENC_UTIL", "Encoder utilization, in percent.")),
    (GpuField::Decoder, gauge("DCGM_FI_DEV_DEC_UTIL", "Decoder utilization, in percent.")),
    (GpuField::MemoryUsed, gauge("DCGM_FI_DEV_FB_USED", "Used frame buffer memory, in MiB.")),
    (GpuField::MemoryFree, gauge("DCGM_FI_DEV_FB_FREE", "Free frame buffer memory, in MiB.")),
    (GpuField::MemoryReserved, gauge("DCGM_FI_DEV_FB_RESERVED", "Frame buffer memory that the driver reserves, in MiB.")),
    (GpuField::SmClock, gauge("DCGM_FI_DEV_SM_CLOCK", "SM clock, in MHz.")),
    (GpuField::MemoryClock, gauge("DCGM_FI_DEV_MEM_CLOCK", "Memory clock, in MHz.")),
    (GpuField::Temperature, gauge("DCGM_FI_DEV_GPU_TEMP", "GPU temperature, in degrees Celsius.")),
    (GpuField::MemoryTemperature, gauge("DCGM_FI_DEV_MEMORY_TEMP", "Memory temperature, in degrees Celsius.")),
    (GpuField::Power, gauge("DCGM_FI_DEV_POWER_USAGE", "Power draw, in W.")),
    (GpuField::Energy, counter("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Energy since the driver was loaded, in mJ.")),
    (GpuField::PcieReplays, counter("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "PCIe replays since the driver was loaded.")),
    (GpuField::LastXid, gauge("DCGM_FI_DEV_XID_ERRORS", "The last XID error since the exporter started, 0 for none.")),
    (GpuField::RemappedUncorrectable, counter("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "Rows remapped for uncorrectable errors.")),
    (GpuField::RemappedCorrectable, counter("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "Rows remapped for correctable errors.")),
    (GpuField::RemapFailure, gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", "1 when remapping a row failed.")),
    (GpuField::EngineActive, gauge("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "Ratio of time that the graphics engine was active.")),
    (GpuField::TensorActive, gauge("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Ratio of time that the tensor cores were active.")),
    (GpuField::DramActive, gauge("DCGM_FI_PROF_DRAM_ACTIVE", "Ratio of the memory's bandwidth that was used.")),
    (GpuField::PcieSent, gauge("DCGM_FI_PROF_PCIE_TX_BYTES", "Bytes sent over PCIe in a second.")),
    (GpuField::PcieReceived, gauge("DCGM_FI_PROF_PCIE_RX_BYTES", "Bytes received over PCIe in a second.")),
];

/// Of a container on a device.
pub(super) const SM_UTIL: Metric = gauge(
    "DCGM_CUSTOM_PROCESS_SM_UTIL",
    "SM utilization of a container's processes on a GPU, in percent.",
);
pub(super) const MEM_USED: Metric = gauge(
    "DCGM_CUSTOM_PROCESS_MEM_USED",
    "Frame buffer memory that a container's processes use on a GPU, in MiB.",
);
pub(super) const MEM_ALLOCATED: Metric = gauge(
    "DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED",
    "Frame buffer memory of a GPU that a container may use, in MiB.",
);

/// Of the exporter's own work.
pub(super) const ABSENT: Metric = gauge(
    "concertina_exporter_absent_readings",
    "Readings that gave no sample, by metric and reason.",
);
pub(super) const PROCESSES: Metric = gauge(
    "concertina_exporter_processes",
    "Processes on the GPUs that were given to a container, by how that is known and how sure.",
);
pub(super) const DRA: Metric = gauge(
    "concertina_exporter_dra_devices",
    "Devices of DRA claims, which are not attributed, by driver, pool, device and holder.",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_names_every_metric() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exporter.md");
        let text = std::fs::read_to_string(path).unwrap();
        let own = [ABSENT, PROCESSES, DRA, SM_UTIL, MEM_USED, MEM_ALLOCATED];
        for metric in DEVICE.iter().map(|(_, metric)| *metric).chain(own) {
            let name = metric.name;
            let named = [format!("`{name}`"), format!("`{name}{{")];
            assert!(named.iter().any(|named| text.contains(named)), "{name}");
        }
    }
}
