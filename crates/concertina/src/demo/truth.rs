//! What the simulated GPUs really did, against what the autoscaler read: a chain that invents a
//! number, or loses one, is found out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use concertina_autoscaler::Report;
use concertina_model::Timestamp;
use concertina_replicas::Reading;
use concertina_sources::simulated::SimulatedNode;

/// What a reading may be old: the driver's window, a scrape, and a scrape that is late.
const REACH: Duration = Duration::from_secs(60);
/// Fewer looks within [`REACH`] say that this process was not run, and prove nothing.
const LOOKS: usize = 10;
/// A pod is busy from this utilization on, in percent.
const BUSY: f64 = 10.0;

/// The utilization of each pod in the last minute, as the hardware knows it.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pods: BTreeMap<String, VecDeque<(Timestamp, f64)>>,
}

impl Truth {
    /// Looks at the hardware.
    pub(super) fn look(&mut self, node: &SimulatedNode) {
        let now = node.now();
        node.with_workload(|workload| {
            for pod in workload.pods() {
                if let Some(percent) = pod.sm_utilization(now) {
                    let seen = self.pods.entry(pod.name().to_owned()).or_default();
                    seen.push_back((now, percent));
                }
            }
        });
        let oldest = now.saturating_sub(REACH);
        for seen in self.pods.values_mut() {
            while seen.front().is_some_and(|(at, _)| *at < oldest) {
                seen.pop_front();
            }
        }
    }

    /// A reading that the hardware never had: idle for a pod that was busy all the time, or busy
    /// for one that was idle.
    pub(super) fn contradiction(&self, report: &Report) -> Option<String> {
        for reading in &report.observation.metrics {
            let Ok(Reading::Pods(samples)) = reading else {
                continue;
            };
            for (pod, seen) in &self.pods {
                let Some(sample) = samples.get(pod).filter(|_| seen.len() >= LOOKS) else {
                    continue;
                };
                let read = sample.milli as f64 / 1000.0;
                let least = seen.iter().map(|(_, p)| *p).fold(f64::INFINITY, f64::min);
                let most = seen.iter().map(|(_, p)| *p).fold(0.0, f64::max);
                if least - BUSY > read || most + BUSY < read {
                    return Some(format!(
                        "{}: {read} % was read of {pod}, whose GPU was used {least} to {most} %",
                        report.at
                    ));
                }
            }
        }
        None
    }
}
