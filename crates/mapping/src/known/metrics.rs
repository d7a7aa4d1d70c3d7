//! The table of metrics.

use serde::Serialize;

/// What a metric counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// 0 to 1.
    Ratio,
    /// 0 to 100.
    Percent,
    /// Mebibytes.
    Mebibytes,
    /// Bytes.
    Bytes,
    /// Requests.
    Requests,
    /// Anything else.
    Other,
}

/// How the value of a series is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// It goes up and down: the value itself counts. Several series of a pod are averaged.
    Average,
    /// The same; several series of a pod are added up.
    Sum,
    /// It only goes up: only its rate says something.
    Counter,
    /// A gauge that no autoscaler should follow (a temperature, a clock, a limit).
    Unfit,
}

/// What exports a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// NVIDIA's dcgm-exporter.
    Dcgm,
    /// The GPU exporter of Alibaba Cloud's ACK, and Concertina's.
    Ack,
    /// HAMi's vGPU monitor.
    Hami,
    /// Huawei Cloud's CCE.
    Cce,
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
    /// Text Generation Inference.
    Tgi,
    /// Triton Inference Server.
    Triton,
}

impl System {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dcgm => "NVIDIA DCGM exporter",
            Self::Ack => "per-process GPU metrics (DCGM_CUSTOM_…)",
            Self::Hami => "HAMi",
            Self::Cce => "Huawei Cloud CCE",
            Self::Vllm => "vLLM",
            Self::Sglang => "SGLang",
            Self::Tgi => "Text Generation Inference",
            Self::Triton => "Triton Inference Server",
        }
    }
}

/// A metric that is known by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownMetric {
    /// The name in Prometheus.
    pub name: &'static str,
    /// What exports it.
    pub system: System,
    /// What it counts in.
    pub unit: Unit,
    /// How it is to be read.
    pub reading: Reading,
    /// The name to expose it under; None to keep its own.
    pub exposed: Option<&'static str>,
    /// What it tells, in half a sentence.
    pub about: &'static str,
}

/// The metric called `name`.
#[must_use]
pub fn known(name: &str) -> Option<&'static KnownMetric> {
    METRICS.iter().find(|metric| metric.name == name)
}

const fn metric(
    system: System,
    name: &'static str,
    unit: Unit,
    reading: Reading,
    exposed: Option<&'static str>,
    about: &'static str,
) -> KnownMetric {
    KnownMetric {
        name,
        system,
        unit,
        reading,
        exposed,
        about,
    }
}

use Reading::{Average, Counter, Sum, Unfit};
use System::{Ack, Cce, Dcgm, Hami, Sglang, Tgi, Triton, Vllm};
use Unit::{Bytes, Mebibytes, Other, Percent, Ratio, Requests};

/// Every metric that is known, the ones to scale by first within their system.
#[rustfmt::skip]
pub const METRICS: &[KnownMetric] = &[
    metric(Dcgm, "DCGM_FI_DEV_GPU_UTIL", Percent, Average, None, "GPU utilization, 0 to 100, of the whole GPU even when pods share it"),
    metric(Dcgm, "DCGM_FI_PROF_GR_ENGINE_ACTIVE", Ratio, Average, None, "the part of the time that the GPU's engine was active, 0 to 1; works on MIG"),
    metric(Dcgm, "DCGM_FI_PROF_SM_ACTIVE", Ratio, Average, None, "the part of the time that a multiprocessor had work, 0 to 1"),
    metric(Dcgm, "DCGM_FI_PROF_SM_OCCUPANCY", Ratio, Average, None, "resident warps of what fits, 0 to 1"),
    metric(Dcgm, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", Ratio, Average, None, "the part of the time that the tensor cores were active, 0 to 1"),
    metric(Dcgm, "DCGM_FI_PROF_DRAM_ACTIVE", Ratio, Average, None, "the part of the time that GPU memory was read or written, 0 to 1"),
    metric(Dcgm, "DCGM_FI_DEV_MEM_COPY_UTIL", Percent, Average, None, "memory bandwidth in use, 0 to 100"),
    metric(Dcgm, "DCGM_FI_DEV_ENC_UTIL", Percent, Average, None, "encoder utilization, 0 to 100"),
    metric(Dcgm, "DCGM_FI_DEV_DEC_UTIL", Percent, Average, None, "decoder utilization, 0 to 100"),
    metric(Dcgm, "DCGM_FI_DEV_FB_USED", Mebibytes, Sum, None, "GPU memory in use, in MiB"),
    metric(Dcgm, "DCGM_FI_DEV_FB_FREE", Mebibytes, Unfit, None, "free GPU memory, in MiB"),
    metric(Dcgm, "DCGM_FI_DEV_FB_RESERVED", Mebibytes, Unfit, None, "reserved GPU memory, in MiB"),
    metric(Dcgm, "DCGM_FI_DEV_FB_TOTAL", Mebibytes, Unfit, None, "all GPU memory, in MiB"),
    metric(Dcgm, "DCGM_FI_DEV_POWER_USAGE", Other, Sum, None, "power draw, in W"),
    metric(Dcgm, "DCGM_FI_DEV_SM_CLOCK", Other, Unfit, None, "clock, in MHz"),
    metric(Dcgm, "DCGM_FI_DEV_MEM_CLOCK", Other, Unfit, None, "memory clock, in MHz"),
    metric(Dcgm, "DCGM_FI_DEV_GPU_TEMP", Other, Unfit, None, "temperature, in degrees Celsius"),
    metric(Dcgm, "DCGM_FI_DEV_MEMORY_TEMP", Other, Unfit, None, "memory temperature, in degrees Celsius"),
    metric(Dcgm, "DCGM_FI_DEV_XID_ERRORS", Other, Unfit, None, "the last XID error"),
    metric(Dcgm, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", Other, Counter, None, "energy since boot, in mJ"),
    metric(Dcgm, "DCGM_FI_DEV_PCIE_REPLAY_COUNTER", Other, Counter, None, "PCIe retries"),
    metric(Dcgm, "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", Other, Counter, None, "NVLink traffic"),
    metric(Dcgm, "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", Other, Counter, None, "remapped rows"),
    metric(Dcgm, "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", Other, Counter, None, "remapped rows"),
    metric(Dcgm, "DCGM_FI_PROF_PCIE_TX_BYTES", Bytes, Unfit, None, "PCIe traffic, in bytes a second"),
    metric(Dcgm, "DCGM_FI_PROF_PCIE_RX_BYTES", Bytes, Unfit, None, "PCIe traffic, in bytes a second"),

    metric(Ack, "DCGM_CUSTOM_PROCESS_SM_UTIL", Percent, Average, None, "GPU utilization by the pod's own processes, 0 to 100"),
    metric(Ack, "DCGM_CUSTOM_PROCESS_MEM_USED", Mebibytes, Sum, None, "GPU memory that the pod's processes use, in MiB"),
    metric(Ack, "DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED", Mebibytes, Unfit, None, "GPU memory that the container was given, in MiB"),

    metric(Hami, "hami_container_device_utilization_ratio", Percent, Average, Some("hami_container_device_utilization_percent"), "vGPU utilization, 0 to 100 in spite of its name"),
    metric(Hami, "hami_vgpu_memory_used_bytes", Bytes, Sum, None, "vGPU memory in use, in bytes"),
    metric(Hami, "hami_vgpu_memory_limit_bytes", Bytes, Unfit, None, "the vGPU memory limit, in bytes"),
    metric(Hami, "Device_utilization_desc_of_container", Percent, Average, None, "vGPU utilization, 0 to 100"),
    metric(Hami, "vGPU_device_memory_usage_in_bytes", Bytes, Sum, None, "vGPU memory in use, in bytes"),
    metric(Hami, "vGPU_device_memory_limit_in_bytes", Bytes, Unfit, None, "the vGPU memory limit, in bytes"),

    metric(Cce, "cce_gpu_utilization_process", Percent, Average, None, "GPU utilization by the pod's processes, 0 to 100"),
    metric(Cce, "cce_gpu_utilization", Percent, Average, None, "GPU utilization, 0 to 100"),
    metric(Cce, "cce_gpu_memory_utilization", Percent, Average, None, "GPU memory utilization, 0 to 100"),
    metric(Cce, "cce_gpu_memory_used", Bytes, Sum, None, "GPU memory in use, in bytes"),

    metric(Vllm, "vllm:num_requests_waiting", Requests, Sum, Some("vllm_num_requests_waiting"), "requests in the queue: the first sign of too few replicas"),
    metric(Vllm, "vllm:num_requests_running", Requests, Sum, Some("vllm_num_requests_running"), "requests in the running batch"),
    metric(Vllm, "vllm:kv_cache_usage_perc", Ratio, Average, Some("vllm_kv_cache_usage_ratio"), "KV cache in use, 0 to 1 in spite of its name"),
    metric(Vllm, "vllm:gpu_cache_usage_perc", Ratio, Average, Some("vllm_gpu_cache_usage_ratio"), "KV cache in use, 0 to 1 in spite of its name"),
    metric(Vllm, "vllm:cpu_cache_usage_perc", Ratio, Unfit, Some("vllm_cpu_cache_usage_ratio"), "swapped KV cache in use, 0 to 1 in spite of its name"),

    metric(Sglang, "sglang:num_queue_reqs", Requests, Sum, Some("sglang_num_queue_reqs"), "requests in the queue: the first sign of too few replicas"),
    metric(Sglang, "sglang:num_running_reqs", Requests, Sum, Some("sglang_num_running_reqs"), "requests that are running"),
    metric(Sglang, "sglang:token_usage", Ratio, Average, Some("sglang_token_usage_ratio"), "KV cache in use, 0 to 1"),
    metric(Sglang, "sglang:cache_hit_rate", Ratio, Unfit, Some("sglang_cache_hit_ratio"), "prefix cache hits, 0 to 1"),

    metric(Tgi, "tgi_queue_size", Requests, Sum, None, "requests in the queue: the first sign of too few replicas"),
    metric(Tgi, "tgi_batch_current_size", Requests, Sum, None, "requests in the running batch"),

    metric(Triton, "nv_inference_pending_request_count", Requests, Sum, None, "requests that wait for a model"),
    metric(Triton, "nv_inference_queue_duration_us", Other, Counter, Some("nv_inference_queue_us_per_second"), "time that requests spent in queues, in µs for each second"),
    metric(Triton, "nv_inference_request_success", Requests, Counter, Some("nv_inference_requests_per_second"), "requests done, a second"),
    metric(Triton, "nv_gpu_utilization", Ratio, Average, Some("nv_gpu_utilization_ratio"), "GPU utilization as Triton sees it, 0 to 1"),
    metric(Triton, "nv_gpu_memory_used_bytes", Bytes, Sum, None, "GPU memory in use, in bytes"),
    metric(Triton, "nv_gpu_memory_total_bytes", Bytes, Unfit, None, "all GPU memory, in bytes"),
    metric(Triton, "nv_inference_request_failure", Requests, Counter, None, "requests failed"),
    metric(Triton, "nv_inference_exec_count", Requests, Counter, None, "batches executed"),
];
