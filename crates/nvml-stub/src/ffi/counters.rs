//! Numbers of a device.

use std::ffi::{c_int, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings as sys;

use super::{BAD_ARGUMENT, Device, MIB, NOT_SUPPORTED, OK, on, put};
use crate::scenario::{Memory, Utilization};

/// Exports a function that gives one number.
macro_rules! number {
    ($name:ident, $type:ty, $value:expr) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(device: sys::nvmlDevice_t, to: *mut $type) -> c_uint {
            on(stringify!($name), device, |device| {
                let read: fn(&Device<'_>) -> Option<$type> = $value;
                // MIG instances have none of these.
                let value = device.mig.is_none().then(|| read(&device)).flatten();
                // SAFETY: as NVML's contract has it.
                unsafe { put(to, value.ok_or(NOT_SUPPORTED)?) }
            })
        }
    };
}

number!(nvmlDeviceGetPowerUsage, c_uint, |d| d.gpu.power);
number!(nvmlDeviceGetTotalEnergyConsumption, c_ulonglong, |d| d
    .gpu
    .energy);
number!(nvmlDeviceGetPcieReplayCounter, c_uint, |d| d
    .gpu
    .pcie_replays);

/// Utilization, which a GPU in MIG mode does not have.
fn utilization(device: &Device<'_>) -> Result<Utilization, c_uint> {
    let split = device.gpu.mig.is_some();
    device
        .gpu
        .utilization
        .filter(|_| !split)
        .ok_or(NOT_SUPPORTED)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetUtilizationRates(
    device: sys::nvmlDevice_t,
    to: *mut sys::nvmlUtilization_t,
) -> c_uint {
    on("nvmlDeviceGetUtilizationRates", device, |device| {
        let Utilization { gpu, memory, .. } = utilization(&device)?;
        // SAFETY: as NVML's contract has it.
        unsafe { put(to, sys::nvmlUtilization_t { gpu, memory }) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetEncoderUtilization(
    device: sys::nvmlDevice_t,
    to: *mut c_uint,
    period: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetEncoderUtilization", device, |device| {
        let value = utilization(&device)?.encoder;
        // SAFETY: as NVML's contract has it.
        unsafe {
            put(to, value)?;
            put(period, 167_000)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetDecoderUtilization(
    device: sys::nvmlDevice_t,
    to: *mut c_uint,
    period: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetDecoderUtilization", device, |device| {
        let value = utilization(&device)?.decoder;
        // SAFETY: as NVML's contract has it.
        unsafe {
            put(to, value)?;
            put(period, 167_000)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(
    device: sys::nvmlDevice_t,
    to: *mut sys::nvmlMemory_v2_t,
) -> c_uint {
    on("nvmlDeviceGetMemoryInfo_v2", device, |device| {
        let memory = device.mig.map_or(device.gpu.memory, |mig| mig.memory);
        let Memory {
            total,
            reserved,
            used,
        } = memory.ok_or(NOT_SUPPORTED)?;
        if to.is_null() {
            return Err(BAD_ARGUMENT);
        }
        // SAFETY: as NVML's contract has it.
        let version = unsafe { (*to).version };
        let info = sys::nvmlMemory_v2_t {
            version,
            total: total * MIB,
            reserved: reserved * MIB,
            free: total.saturating_sub(reserved + used) * MIB,
            used: used * MIB,
        };
        // SAFETY: as NVML's contract has it.
        unsafe { put(to, info) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetClockInfo(
    device: sys::nvmlDevice_t,
    clock: c_uint,
    to: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetClockInfo", device, |device| {
        let clocks = device.gpu.clocks.ok_or(NOT_SUPPORTED)?;
        let value = match clock {
            sys::nvmlClockType_enum_NVML_CLOCK_SM => clocks.sm,
            sys::nvmlClockType_enum_NVML_CLOCK_MEM => clocks.memory,
            _ => return Err(NOT_SUPPORTED),
        };
        // SAFETY: as NVML's contract has it.
        unsafe { put(to, value) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTemperature(
    device: sys::nvmlDevice_t,
    sensor: c_uint,
    to: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetTemperature", device, |device| {
        let value = device.gpu.temperature.filter(|_| sensor == 0);
        // SAFETY: as NVML's contract has it.
        unsafe { put(to, value.ok_or(NOT_SUPPORTED)?) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetFieldValues(
    device: sys::nvmlDevice_t,
    count: c_int,
    values: *mut sys::nvmlFieldValue_t,
) -> c_uint {
    on("nvmlDeviceGetFieldValues", device, |device| {
        let count = usize::try_from(count).map_err(|_| BAD_ARGUMENT)?;
        if values.is_null() || count == 0 {
            return Err(BAD_ARGUMENT);
        }
        // SAFETY: not null, and `count` long as NVML's contract has it.
        let values = unsafe { std::slice::from_raw_parts_mut(values, count) };
        let remapped = device.gpu.remapped;
        for value in values {
            let found = match value.fieldId {
                sys::field_id::NVML_FI_DEV_MEMORY_TEMP => device.gpu.memory_temperature,
                sys::field_id::NVML_FI_DEV_REMAPPED_COR => remapped.map(|rows| rows.correctable),
                sys::field_id::NVML_FI_DEV_REMAPPED_UNC => remapped.map(|rows| rows.uncorrectable),
                sys::field_id::NVML_FI_DEV_REMAPPED_FAILURE => remapped.map(|rows| rows.failure),
                _ => None,
            };
            value.nvmlReturn = if found.is_some() { OK } else { NOT_SUPPORTED };
            value.valueType = sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT;
            value.value.uiVal = found.unwrap_or(0);
        }
        Ok(())
    })
}
