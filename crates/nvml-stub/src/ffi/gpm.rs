//! GPU performance monitoring. A sample is a box that remembers what was measured when it was
//! taken; the values between two samples are those of the second.

use std::ffi::c_uint;

use nvml_wrapper_sys::bindings as sys;

use super::{Answer, BAD_ARGUMENT, NOT_SUPPORTED, OK, code, on, put, run};
use crate::scenario::Gpm;

type Taken = Option<Gpm>;

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmQueryDeviceSupport(
    device: sys::nvmlDevice_t,
    support: *mut sys::nvmlGpmSupport_t,
) -> c_uint {
    on("nvmlGpmQueryDeviceSupport", device, |device| {
        let instances = device.gpu.mig.iter().flatten();
        let any = device.gpu.gpm.is_some() || instances.into_iter().any(|mig| mig.gpm.is_some());
        let answer = sys::nvmlGpmSupport_t {
            version: sys::NVML_GPM_SUPPORT_VERSION,
            isSupportedDevice: c_uint::from(any),
        };
        // SAFETY: as NVML's contract has it.
        unsafe { put(support, answer) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmSampleAlloc(sample: *mut sys::nvmlGpmSample_t) -> c_uint {
    run("nvmlGpmSampleAlloc", |_| {
        let fresh: Box<Taken> = Box::new(None);
        // SAFETY: as NVML's contract has it.
        unsafe { put(sample, Box::into_raw(fresh).cast()) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmSampleFree(sample: sys::nvmlGpmSample_t) -> c_uint {
    if sample.is_null() {
        return BAD_ARGUMENT;
    }
    // SAFETY: made by `nvmlGpmSampleAlloc` and freed once, as NVML's contract has it.
    drop(unsafe { Box::from_raw(sample.cast::<Taken>()) });
    OK
}

/// # Safety
///
/// `sample` is null or was made by `nvmlGpmSampleAlloc`.
unsafe fn take(sample: sys::nvmlGpmSample_t, gpm: Option<Gpm>) -> Answer {
    // SAFETY: as the caller promises.
    unsafe { put(sample.cast::<Taken>(), Some(gpm.ok_or(NOT_SUPPORTED)?)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmSampleGet(
    device: sys::nvmlDevice_t,
    sample: sys::nvmlGpmSample_t,
) -> c_uint {
    on("nvmlGpmSampleGet", device, |device| {
        // SAFETY: as NVML's contract has it.
        unsafe { take(sample, device.gpu.gpm) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmMigSampleGet(
    device: sys::nvmlDevice_t,
    gi: c_uint,
    sample: sys::nvmlGpmSample_t,
) -> c_uint {
    on("nvmlGpmMigSampleGet", device, |device| {
        let mut instances = device.gpu.mig.iter().flatten();
        let instance = instances.find(|mig| mig.gi == gi).ok_or(BAD_ARGUMENT)?;
        // SAFETY: as NVML's contract has it.
        unsafe { take(sample, instance.gpm) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmMetricsGet(request: *mut sys::nvmlGpmMetricsGet_t) -> c_uint {
    // SAFETY: as NVML's contract has it.
    code(unsafe { metrics(request) })
}

/// # Safety
///
/// `request` is null or valid, and so are the samples in it.
unsafe fn metrics(request: *mut sys::nvmlGpmMetricsGet_t) -> Answer {
    if request.is_null() {
        return Err(BAD_ARGUMENT);
    }
    // SAFETY: not null, and valid as the caller promises.
    let request = unsafe { &mut *request };
    let read = |sample: sys::nvmlGpmSample_t| {
        if sample.is_null() {
            return Err(BAD_ARGUMENT);
        }
        // SAFETY: not null, and made by `nvmlGpmSampleAlloc`.
        unsafe { *sample.cast::<Taken>() }.ok_or(BAD_ARGUMENT)
    };
    read(request.sample1)?;
    let gpm = read(request.sample2)?;
    let wanted = request.metrics.iter_mut().take(request.numMetrics as usize);
    for metric in wanted {
        let value = match metric.metricId {
            sys::nvmlGpmMetricId_t_NVML_GPM_METRIC_GRAPHICS_UTIL => Some(gpm.graphics),
            sys::nvmlGpmMetricId_t_NVML_GPM_METRIC_ANY_TENSOR_UTIL => Some(gpm.tensor),
            sys::nvmlGpmMetricId_t_NVML_GPM_METRIC_DRAM_BW_UTIL => Some(gpm.dram),
            sys::nvmlGpmMetricId_t_NVML_GPM_METRIC_PCIE_TX_PER_SEC => Some(gpm.pcie_sent),
            sys::nvmlGpmMetricId_t_NVML_GPM_METRIC_PCIE_RX_PER_SEC => Some(gpm.pcie_received),
            _ => None,
        };
        metric.nvmlReturn = if value.is_some() { OK } else { NOT_SUPPORTED };
        metric.value = value.unwrap_or(0.0);
    }
    Ok(())
}
