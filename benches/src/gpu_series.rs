//! The series of a GPU cluster as a Prometheus lists them: nodes of 8 GPUs with 25 fields each.

/// How the series name node, namespace, pod and container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `NodeName`, `NamespaceName`, `PodName`, `ContainerName`.
    Ack,
    /// `node`, `namespace`, `pod`, `container`.
    Plain,
}

const FIELDS: [&str; 25] = [
    "DCGM_FI_DEV_SM_CLOCK",
    "DCGM_FI_DEV_MEM_CLOCK",
    "DCGM_FI_DEV_GPU_TEMP",
    "DCGM_FI_DEV_MEMORY_TEMP",
    "DCGM_FI_DEV_POWER_USAGE",
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER",
    "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_DEV_MEM_COPY_UTIL",
    "DCGM_FI_DEV_ENC_UTIL",
    "DCGM_FI_DEV_DEC_UTIL",
    "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_DEV_FB_FREE",
    "DCGM_FI_DEV_FB_USED",
    "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
    "DCGM_FI_PROF_SM_ACTIVE",
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
    "DCGM_FI_PROF_DRAM_ACTIVE",
    "DCGM_FI_PROF_PCIE_TX_BYTES",
    "DCGM_FI_PROF_PCIE_RX_BYTES",
    "DCGM_CUSTOM_PROCESS_SM_UTIL",
    "DCGM_CUSTOM_PROCESS_MEM_USED",
    "DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED",
    "DCGM_CUSTOM_CONTAINER_MEM_USED",
];

/// The labels of series `index`, `__name__` included, sorted by name.
#[must_use]
pub fn labels(style: Style, index: usize) -> Vec<(&'static str, String)> {
    let (field, gpu, n) = (index % 25, index / 25 % 8, index / 200);
    let node = format!("cn-beijing.10.{}.{}.{}", n / 65_536, n / 256 % 256, n % 256);
    let [node_key, namespace, pod, container] = match style {
        Style::Ack => ["NodeName", "NamespaceName", "PodName", "ContainerName"],
        Style::Plain => ["node", "namespace", "pod", "container"],
    };
    let scattered = n * 2_654_435_761 % (1 << 32);
    let field = FIELDS.get(field).copied().unwrap_or_default();
    let mut labels = vec![
        ("__name__", field.to_owned()),
        ("gpu", gpu.to_string()),
        (
            "UUID",
            format!(
                "GPU-{scattered:08x}-{:04x}-4a5e-9a3e-5ce8f2a1b0c{gpu}",
                n % 65_536
            ),
        ),
        ("pci_bus_id", format!("00000000:{:02X}:00.0", 16 + 8 * gpu)),
        ("device", format!("nvidia{gpu}")),
        ("modelName", "NVIDIA H800".to_owned()),
        ("Hostname", node.clone()),
        ("DCGM_FI_DRIVER_VERSION", "535.161.07".to_owned()),
        ("instance", format!("{node}:9400")),
        ("job", "dcgm-exporter".to_owned()),
        (node_key, node),
        (namespace, format!("team-{}", n % 20)),
        (pod, format!("train-{n}-worker-{gpu}")),
        (container, "main".to_owned()),
    ];
    labels.sort_by_key(|(name, _)| *name);
    labels
}

/// The first `count` series as the `data` of Prometheus' `/api/v1/series`.
#[must_use]
pub fn json(style: Style, count: usize) -> String {
    let mut text = String::from("[");
    for index in 0..count {
        for (at, (name, value)) in labels(style, index).iter().enumerate() {
            text.push_str(if at > 0 {
                ",\""
            } else if index > 0 {
                ",{\""
            } else {
                "{\""
            });
            text.push_str(name);
            text.push_str("\":\"");
            text.push_str(value);
            text.push('"');
        }
        text.push('}');
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_input_that_the_peer_was_measured_with() {
        assert_eq!(json(Style::Ack, 1_000).len(), 419_241);
        assert_eq!(json(Style::Ack, 10_000).len(), 4_228_401);
    }
}
