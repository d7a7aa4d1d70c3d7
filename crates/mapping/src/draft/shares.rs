//! Metrics that are a part of others.

/// How much of something is used.
#[derive(Debug)]
pub(super) struct Share {
    /// The metric of what is used.
    pub(super) used: &'static str,
    /// The metrics that add up to what there is.
    pub(super) of: &'static [&'static str],
    /// The name to expose it under.
    pub(super) exposed: &'static str,
    /// What it tells.
    pub(super) about: &'static str,
}

pub(super) const SHARES: &[Share] = &[
    Share {
        used: "DCGM_FI_DEV_FB_USED",
        of: &["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE"],
        exposed: "DCGM_FI_DEV_FB_USED_RATIO",
        about: "the part of its GPUs' memory that a pod uses, 0 to 1",
    },
    Share {
        used: "DCGM_CUSTOM_PROCESS_MEM_USED",
        of: &["DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED"],
        exposed: "DCGM_CUSTOM_PROCESS_GPU_MEM_USED_RATIO",
        about: "the part of its GPU memory that a pod uses, 0 to 1",
    },
    Share {
        used: "hami_vgpu_memory_used_bytes",
        of: &["hami_vgpu_memory_limit_bytes"],
        exposed: "hami_vgpu_memory_used_ratio",
        about: "the part of its vGPU memory that a pod uses, 0 to 1",
    },
    Share {
        used: "vGPU_device_memory_usage_in_bytes",
        of: &["vGPU_device_memory_limit_in_bytes"],
        exposed: "vGPU_device_memory_usage_ratio",
        about: "the part of its vGPU memory that a pod uses, 0 to 1",
    },
];
