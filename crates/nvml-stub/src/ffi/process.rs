//! The processes of a device.

use std::collections::BTreeMap;
use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings as sys;

use super::{Answer, BAD_ARGUMENT, Device, MIB, NOT_FOUND, NOT_SUPPORTED, TOO_SMALL, on};
use crate::scenario::{Process, Sample};

const NONE: c_uint = c_uint::MAX;

/// Fills a list that C made room for, or says how much room it needs.
///
/// # Safety
///
/// `count` is valid; `list` is null or valid for writes of `*count` elements.
unsafe fn fill<T>(items: Vec<T>, count: *mut c_uint, list: *mut T) -> Answer {
    if count.is_null() {
        return Err(BAD_ARGUMENT);
    }
    // SAFETY: not null, and valid as the caller promises.
    let room = unsafe { count.replace(items.len() as c_uint) };
    if items.is_empty() {
        return Ok(());
    }
    if list.is_null() || (room as usize) < items.len() {
        return Err(TOO_SMALL);
    }
    for (place, item) in items.into_iter().enumerate() {
        // SAFETY: `place` is below `*count`.
        unsafe { list.add(place).write(item) };
    }
    Ok(())
}

fn info(process: &Process, gi: Option<u32>) -> sys::nvmlProcessInfo_t {
    sys::nvmlProcessInfo_t {
        pid: process.pid,
        usedGpuMemory: process.memory.map_or(c_ulonglong::MAX, |mib| mib * MIB),
        gpuInstanceId: gi.unwrap_or(NONE),
        computeInstanceId: gi.map_or(NONE, |_| 0),
    }
}

/// The processes of a device, those of its instances included, which `wanted` picks.
fn list(device: &Device<'_>, wanted: fn(&Process) -> bool) -> Vec<sys::nvmlProcessInfo_t> {
    let of = |processes: &[Process], gi| -> Vec<_> {
        let wanted = processes.iter().filter(|process| wanted(process));
        wanted.map(|process| info(process, gi)).collect()
    };
    match device.mig {
        Some(mig) => of(&mig.processes, Some(mig.gi)),
        None => {
            let mut all = of(&device.gpu.processes, None);
            let instances = device.gpu.mig.iter().flatten();
            all.extend(instances.flat_map(|mig| of(&mig.processes, Some(mig.gi))));
            all
        }
    }
}

/// Exports a function that lists processes.
macro_rules! processes {
    ($name:ident, $wanted:expr) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(
            device: sys::nvmlDevice_t,
            count: *mut c_uint,
            infos: *mut sys::nvmlProcessInfo_t,
        ) -> c_uint {
            on(stringify!($name), device, |device| {
                // SAFETY: as NVML's contract has it.
                unsafe { fill(list(&device, $wanted), count, infos) }
            })
        }
    };
}

processes!(nvmlDeviceGetComputeRunningProcesses_v3, |p| !p.graphics);
processes!(nvmlDeviceGetComputeRunningProcesses_v2, |p| !p.graphics);
processes!(nvmlDeviceGetGraphicsRunningProcesses_v3, |p| p.graphics);
processes!(nvmlDeviceGetGraphicsRunningProcesses_v2, |p| p.graphics);
processes!(nvmlDeviceGetMPSComputeRunningProcesses_v3, |p| p.mps);

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetProcessUtilization(
    device: sys::nvmlDevice_t,
    utilization: *mut sys::nvmlProcessUtilizationSample_t,
    count: *mut c_uint,
    last_seen: c_ulonglong,
) -> c_uint {
    on("nvmlDeviceGetProcessUtilization", device, |device| {
        if device.gpu.mig.is_some() {
            return Err(NOT_SUPPORTED);
        }
        let new = device.gpu.samples.iter().filter(|s| s.at > last_seen);
        let sorted: BTreeMap<(u64, u32), &Sample> = new.map(|s| ((s.at, s.pid), s)).collect();
        let samples = sorted
            .values()
            .map(|sample| sys::nvmlProcessUtilizationSample_t {
                pid: sample.pid,
                timeStamp: sample.at,
                smUtil: sample.sm,
                memUtil: 0,
                encUtil: 0,
                decUtil: 0,
            });
        let samples: Vec<_> = samples.collect();
        // As the driver does for a device on which nothing ran.
        if samples.is_empty() {
            return Err(NOT_FOUND);
        }
        // SAFETY: as NVML's contract has it.
        unsafe { fill(samples, count, utilization) }
    })
}
