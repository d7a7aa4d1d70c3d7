//! Starting, stopping, counting.

use std::ffi::{c_char, c_uint};
use std::path::PathBuf;

use nvml_wrapper_sys::bindings as sys;

use super::{LOST, OK, Scenario, State, UNKNOWN, handle, put, put_text, run, state};

/// The file that this library was loaded from: the mapping that holds this very function.
fn own_file() -> Option<PathBuf> {
    let here = own_file as fn() -> Option<PathBuf> as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| {
        let range = line
            .split(' ')
            .next()
            .and_then(|range| range.split_once('-'));
        range.is_some_and(|(from, to)| {
            let number = |text| usize::from_str_radix(text, 16).ok();
            number(from).is_some_and(|from| from <= here) && number(to).is_some_and(|to| here < to)
        })
    })?;
    line.find('/')
        .and_then(|path| line.get(path..))
        .map(PathBuf::from)
}

impl State {
    /// Reads the scenario again, when it changed.
    fn reload(&mut self) -> Result<(), c_uint> {
        let file = self.file.as_ref().ok_or(UNKNOWN)?;
        let text = std::fs::read_to_string(file).map_err(|_| UNKNOWN)?;
        if text != self.text {
            self.scenario = Scenario::parse(&text).map_err(|_| UNKNOWN)?;
            self.text = text;
        }
        Ok(())
    }
}

#[unsafe(no_mangle)]
extern "C" fn nvmlInit_v2() -> c_uint {
    let mut fresh = State {
        file: own_file().map(|library| library.with_extension("yaml")),
        ..State::default()
    };
    if let Err(code) = fresh.reload() {
        return code;
    }
    if let Some(code) = fresh.scenario.fail.get("nvmlInit_v2") {
        return *code;
    }
    *state() = Some(fresh);
    OK
}

#[unsafe(no_mangle)]
extern "C" fn nvmlShutdown() -> c_uint {
    *state() = None;
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetDriverVersion(version: *mut c_char, length: c_uint) -> c_uint {
    run("nvmlSystemGetDriverVersion", |state| {
        // SAFETY: as NVML's contract has it.
        unsafe { put_text(version, length, &state.scenario.driver) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> c_uint {
    run("nvmlDeviceGetCount_v2", |state| {
        state.reload()?;
        if let Some(code) = state.scenario.fail.get("nvmlDeviceGetCount_v2") {
            return Err(*code);
        }
        // SAFETY: as NVML's contract has it.
        unsafe { put(count, state.scenario.gpus.len() as c_uint) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(
    index: c_uint,
    device: *mut sys::nvmlDevice_t,
) -> c_uint {
    let function = "nvmlDeviceGetHandleByIndex_v2";
    run(function, |state| {
        let gpu = state.scenario.gpus.get(index as usize);
        let gpu = gpu.ok_or(super::BAD_ARGUMENT)?;
        match gpu.fail.get(function) {
            _ if gpu.lost => Err(LOST),
            Some(code) => Err(*code),
            // SAFETY: as NVML's contract has it.
            None => unsafe { put(device, handle(index, None)) },
        }
    })
}
