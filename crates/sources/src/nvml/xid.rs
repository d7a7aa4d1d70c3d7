//! XID errors: the driver tells of each once, as an event.

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, EventSet, Nvml};

use super::answer::absence;
use crate::{Absence, Reading};

/// So many events are taken at one reading; the rest wait for the next.
const MOST_EVENTS: usize = 64;

/// The events of one GPU, and the last XID among them.
#[derive(Debug)]
pub(super) struct Xids<'n> {
    events: Result<EventSet<'n>, Absence>,
    last: f64,
}

impl<'n> Xids<'n> {
    /// Watches `device` from now on.
    pub(super) fn watch(nvml: &'n Nvml, device: &Device<'n>) -> Self {
        let events = nvml.create_event_set().map_err(absence).and_then(|set| {
            let watched = device.register_events(EventTypes::CRITICAL_XID_ERROR, set);
            watched.map_err(|error| absence(error.error))
        });
        Self { events, last: 0.0 }
    }

    /// The last one since the GPU is watched, 0 for none. Known of a GPU that is lost, too.
    pub(super) fn last(&mut self) -> Reading<f64> {
        let events = match &self.events {
            Ok(events) => events,
            Err(absence) => return Reading::Absent(*absence),
        };
        for _ in 0..MOST_EVENTS {
            match events.wait(0) {
                Ok(event) => {
                    if let Some(XidError::Value(xid)) = event.event_data {
                        self.last = xid as f64;
                    }
                }
                Err(NvmlError::Timeout) => break,
                // A lost GPU has no more events; the last one says why it is lost.
                Err(NvmlError::GpuLost) if self.last != 0.0 => break,
                Err(error) => return Reading::Absent(absence(error)),
            }
        }
        Reading::Value(self.last)
    }
}
