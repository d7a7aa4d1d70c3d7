//! Who a device is, and how it is split.

use std::ffi::{c_char, c_uint};

use nvml_wrapper_sys::bindings as sys;

use super::{BAD_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, handle, on, put, put_text};

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetUUID(
    device: sys::nvmlDevice_t,
    uuid: *mut c_char,
    length: c_uint,
) -> c_uint {
    on("nvmlDeviceGetUUID", device, |device| {
        let text = device.mig.map_or(&device.gpu.uuid, |mig| &mig.uuid);
        // SAFETY: as NVML's contract has it.
        unsafe { put_text(uuid, length, text) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetName(
    device: sys::nvmlDevice_t,
    name: *mut c_char,
    length: c_uint,
) -> c_uint {
    on("nvmlDeviceGetName", device, |device| {
        let text = match device.mig {
            Some(mig) => format!("{} MIG {}", device.gpu.name, mig.profile),
            None => device.gpu.name.clone(),
        };
        // SAFETY: as NVML's contract has it.
        unsafe { put_text(name, length, &text) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(
    device: sys::nvmlDevice_t,
    info: *mut sys::nvmlPciInfo_t,
) -> c_uint {
    on("nvmlDeviceGetPciInfo_v3", device, |device| {
        let mut bus_id = [0; 32];
        for (place, byte) in bus_id.iter_mut().zip(device.gpu.bus_id.bytes().take(31)) {
            *place = byte as c_char;
        }
        let filled = sys::nvmlPciInfo_t {
            busIdLegacy: [0; 16],
            domain: 0,
            bus: 0,
            device: 0,
            pciDeviceId: 0,
            pciSubSystemId: 0,
            busId: bus_id,
        };
        // SAFETY: as NVML's contract has it.
        unsafe { put(info, filled) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMinorNumber(
    device: sys::nvmlDevice_t,
    minor: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetMinorNumber", device, |device| {
        let number = device.gpu.minor.unwrap_or(device.index as c_uint);
        // SAFETY: as NVML's contract has it.
        unsafe { put(minor, number) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMigMode(
    device: sys::nvmlDevice_t,
    current: *mut c_uint,
    pending: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetMigMode", device, |device| {
        let mode = c_uint::from(device.gpu.mig.is_some());
        // SAFETY: as NVML's contract has it.
        unsafe {
            put(current, mode)?;
            put(pending, mode)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMaxMigDeviceCount(
    device: sys::nvmlDevice_t,
    count: *mut c_uint,
) -> c_uint {
    on("nvmlDeviceGetMaxMigDeviceCount", device, |device| {
        let most = if device.gpu.mig.is_some() { 7 } else { 0 };
        // SAFETY: as NVML's contract has it.
        unsafe { put(count, most) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMigDeviceHandleByIndex(
    device: sys::nvmlDevice_t,
    index: c_uint,
    instance: *mut sys::nvmlDevice_t,
) -> c_uint {
    on("nvmlDeviceGetMigDeviceHandleByIndex", device, |device| {
        let instances = device.gpu.mig.as_ref().ok_or(NOT_SUPPORTED)?;
        if index >= 7 {
            return Err(BAD_ARGUMENT);
        }
        instances.get(index as usize).ok_or(NOT_FOUND)?;
        // SAFETY: as NVML's contract has it.
        unsafe { put(instance, handle(device.index as u32, Some(index))) }
    })
}
