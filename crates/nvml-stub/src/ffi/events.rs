//! XID errors. A set holds the devices that were registered with it.

use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings as sys;

use super::{BAD_ARGUMENT, OK, TIMEOUT, handle, on, put, run};

type Set = Vec<usize>;

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlEventSetCreate(set: *mut sys::nvmlEventSet_t) -> c_uint {
    run("nvmlEventSetCreate", |_| {
        let fresh: Box<Set> = Box::default();
        // SAFETY: as NVML's contract has it.
        unsafe { put(set, Box::into_raw(fresh).cast()) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlEventSetFree(set: sys::nvmlEventSet_t) -> c_uint {
    if set.is_null() {
        return BAD_ARGUMENT;
    }
    // SAFETY: made by `nvmlEventSetCreate` and freed once, as NVML's contract has it.
    drop(unsafe { Box::from_raw(set.cast::<Set>()) });
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceRegisterEvents(
    device: sys::nvmlDevice_t,
    events: c_ulonglong,
    set: sys::nvmlEventSet_t,
) -> c_uint {
    on("nvmlDeviceRegisterEvents", device, |device| {
        if set.is_null() || events & c_ulonglong::from(sys::nvmlEventTypeXidCriticalError) == 0 {
            return Err(BAD_ARGUMENT);
        }
        // SAFETY: not null, and made by `nvmlEventSetCreate`.
        unsafe { &mut *set.cast::<Set>() }.push(device.index);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlEventSetWait_v2(
    set: sys::nvmlEventSet_t,
    data: *mut sys::nvmlEventData_t,
    _timeout: c_uint,
) -> c_uint {
    run("nvmlEventSetWait_v2", |state| {
        if set.is_null() {
            return Err(BAD_ARGUMENT);
        }
        // SAFETY: not null, and made by `nvmlEventSetCreate`.
        let set = unsafe { &*set.cast::<Set>() };
        for index in set {
            if state.delivered.len() <= *index {
                state.delivered.resize(index + 1, 0);
            }
            let xids = state.scenario.gpus.get(*index).map(|gpu| &gpu.xids);
            let delivered = state.delivered.get_mut(*index).ok_or(BAD_ARGUMENT)?;
            if let Some(xid) = xids.and_then(|xids| xids.get(*delivered)) {
                *delivered += 1;
                let event = sys::nvmlEventData_t {
                    device: handle(*index as u32, None),
                    eventType: sys::nvmlEventTypeXidCriticalError.into(),
                    eventData: *xid,
                    gpuInstanceId: c_uint::MAX,
                    computeInstanceId: c_uint::MAX,
                };
                // SAFETY: as NVML's contract has it.
                return unsafe { put(data, event) };
            }
        }
        Err(TIMEOUT)
    })
}
