//! The thread that asks the driver.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use concertina_model::Timestamp;

use super::answer::{absence, needs_restart, unusable};
use super::device::Watched;
use super::{NvmlOptions, Request};
use crate::{GpuError, NodeReading, UnreadableGpu};

/// Answers requests until nobody can ask any more.
pub(super) fn run(options: &NvmlOptions, requests: &Receiver<Request>) {
    while let Ok(request) = requests.recv() {
        // Whoever stopped waiting needs no reading.
        if request.is_closed() {
            continue;
        }
        let library = options.library.as_os_str();
        match nvml_wrapper::Nvml::builder().lib_path(library).init() {
            Ok(nvml) => session(&nvml, options, request, requests),
            Err(error) => {
                let refused = unusable(&options.library.display().to_string(), error);
                // It may have stopped waiting meanwhile.
                let _ = request.send(Err(refused));
            }
        }
    }
}

/// Answers requests until the library has to be started again.
fn session(
    nvml: &nvml_wrapper::Nvml,
    options: &NvmlOptions,
    first: Request,
    requests: &Receiver<Request>,
) {
    let mut session = Session {
        nvml,
        options,
        driver: nvml.sys_driver_version().ok(),
        watched: BTreeMap::new(),
    };
    let mut request = first;
    loop {
        let (answer, goes_on) = session.read();
        // It may have stopped waiting meanwhile.
        let _ = request.send(answer);
        if !goes_on {
            return;
        }
        request = loop {
            match requests.recv() {
                Ok(request) if request.is_closed() => {}
                Ok(request) => break request,
                Err(_) => return,
            }
        };
    }
}

struct Session<'n, 'o> {
    nvml: &'n nvml_wrapper::Nvml,
    options: &'o NvmlOptions,
    driver: Option<String>,
    /// By index.
    watched: BTreeMap<u32, Watched<'n>>,
}

impl Session<'_, '_> {
    /// A reading, and false when the library has to be started again.
    fn read(&mut self) -> (Result<NodeReading, GpuError>, bool) {
        let count = match self.nvml.device_count() {
            Ok(count) => count,
            Err(error) => {
                let goes_on = !needs_restart(&error);
                let reason = format!("the driver does not count them: {error}");
                return (Err(GpuError::Unavailable { reason }), goes_on);
            }
        };
        let at = self.options.clock.now();
        let mut node = NodeReading {
            node: self.options.node.clone(),
            at,
            driver: self.driver.clone(),
            ..NodeReading::default()
        };
        for index in 0..count {
            self.gpu(index, micros(at), &mut node);
        }
        (Ok(node), true)
    }

    fn gpu(&mut self, index: u32, now: u64, node: &mut NodeReading) {
        let device = self.nvml.device_by_index(index).map_err(absence);
        if let Ok(device) = &device {
            if self.watched.get(&index).is_some_and(|gpu| !gpu.is(device)) {
                self.watched.remove(&index);
            }
            if !self.watched.contains_key(&index) {
                let window = u64::try_from(self.options.window.as_micros()).unwrap_or(u64::MAX);
                match Watched::new(self.nvml, device, index, window) {
                    Ok(watched) => {
                        self.watched.insert(index, watched);
                    }
                    Err(absence) => {
                        node.unreadable.push(UnreadableGpu { index, absence });
                        return;
                    }
                }
            }
        }
        match (device, self.watched.get_mut(&index)) {
            (Ok(device), Some(watched)) => node.gpus.push(watched.read(self.nvml, &device, now)),
            (Err(absence), Some(watched)) => node.gpus.push(watched.silent(absence)),
            (Err(absence), None) => node.unreadable.push(UnreadableGpu { index, absence }),
            // Just watched above.
            (Ok(_), None) => {}
        }
    }
}

/// Microseconds since 1970, the driver's time.
fn micros(at: Timestamp) -> u64 {
    let since = at.saturating_duration_since(Timestamp::EPOCH);
    u64::try_from(Duration::as_micros(&since)).unwrap_or(u64::MAX)
}
