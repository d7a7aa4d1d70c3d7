//! The C functions.

mod counters;
mod device;
mod events;
mod gpm;
mod library;
mod process;

use std::ffi::{c_char, c_uint};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nvml_wrapper_sys::bindings as sys;

use crate::scenario::{Gpu, Mig, Scenario};

const OK: c_uint = sys::nvmlReturn_enum_NVML_SUCCESS;
const BAD_ARGUMENT: c_uint = sys::nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT;
const NOT_SUPPORTED: c_uint = sys::nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED;
const NOT_FOUND: c_uint = sys::nvmlReturn_enum_NVML_ERROR_NOT_FOUND;
const TOO_SMALL: c_uint = sys::nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE;
const TIMEOUT: c_uint = sys::nvmlReturn_enum_NVML_ERROR_TIMEOUT;
const LOST: c_uint = sys::nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST;
const UNKNOWN: c_uint = sys::nvmlReturn_enum_NVML_ERROR_UNKNOWN;
const MIB: u64 = 1 << 20;

type Answer = Result<(), c_uint>;

#[derive(Default)]
struct State {
    file: Option<PathBuf>,
    text: String,
    scenario: Scenario,
    /// How many XIDs of each GPU were delivered.
    delivered: Vec<usize>,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The code that C sees.
fn code(answer: Answer) -> c_uint {
    answer.err().unwrap_or(OK)
}

/// Runs `function` on the state, unless the scenario makes it fail.
fn run(function: &str, call: impl FnOnce(&mut State) -> Answer) -> c_uint {
    let hang = state()
        .as_ref()
        .and_then(|state| state.scenario.hang.get(function).copied());
    if let Some(millis) = hang {
        std::thread::sleep(Duration::from_millis(millis));
    }
    let mut state = state();
    let Some(state) = state.as_mut() else {
        return sys::nvmlReturn_enum_NVML_ERROR_UNINITIALIZED;
    };
    match state.scenario.fail.get(function) {
        Some(code) => *code,
        None => code(call(state)),
    }
}

/// A handle is a number: the GPU's index and, for a MIG instance, that one's, both from 1.
fn handle(gpu: u32, mig: Option<u32>) -> sys::nvmlDevice_t {
    let mig = mig.map_or(0, |mig| mig as usize + 1);
    ((gpu as usize + 1) << 8 | mig) as sys::nvmlDevice_t
}

/// What a handle stands for.
struct Device<'a> {
    index: usize,
    gpu: &'a Gpu,
    mig: Option<&'a Mig>,
}

fn lookup<'a>(
    scenario: &'a Scenario,
    function: &str,
    device: sys::nvmlDevice_t,
) -> Result<Device<'a>, c_uint> {
    let number = device as usize;
    let index = (number >> 8).checked_sub(1).ok_or(BAD_ARGUMENT)?;
    let gpu = scenario.gpus.get(index).ok_or(BAD_ARGUMENT)?;
    if gpu.lost {
        return Err(LOST);
    }
    if let Some(code) = gpu.fail.get(function) {
        return Err(*code);
    }
    let mig = match (number & 0xff).checked_sub(1) {
        None => None,
        Some(mig) => Some(gpu.mig.iter().flatten().nth(mig).ok_or(BAD_ARGUMENT)?),
    };
    Ok(Device { index, gpu, mig })
}

/// Runs `function` on a device, unless the scenario makes it fail.
fn on(
    function: &str,
    device: sys::nvmlDevice_t,
    call: impl FnOnce(Device<'_>) -> Answer,
) -> c_uint {
    run(function, |state| {
        call(lookup(&state.scenario, function, device)?)
    })
}

/// Writes `value` to where C wants it.
///
/// # Safety
///
/// `to` is null or valid for writes.
unsafe fn put<T>(to: *mut T, value: T) -> Answer {
    if to.is_null() {
        return Err(BAD_ARGUMENT);
    }
    // SAFETY: not null, and valid as the caller promises.
    unsafe { to.write(value) };
    Ok(())
}

/// Writes `text` and a zero to a buffer of `length` bytes.
///
/// # Safety
///
/// `to` is null or valid for writes of `length` bytes.
unsafe fn put_text(to: *mut c_char, length: c_uint, text: &str) -> Answer {
    if to.is_null() {
        return Err(BAD_ARGUMENT);
    }
    if text.len() >= length as usize {
        return Err(TOO_SMALL);
    }
    for (place, byte) in text.bytes().chain([0]).enumerate() {
        // SAFETY: place is below length, which the caller promises to be writable.
        unsafe { to.add(place).write(byte as c_char) };
    }
    Ok(())
}
