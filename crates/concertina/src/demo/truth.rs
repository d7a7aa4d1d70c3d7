//! What the simulated GPUs really did, against what the autoscaler read: a chain that invents a
//! number, or loses one, is found out.

use std::collections::{BTreeMap, VecDeque};

use concertina_autoscaler::Report;
use concertina_model::Timestamp;
use concertina_replicas::Reading;
use concertina_sources::simulated::SimulatedNode;

use super::rest::REACH;

/// Fewer looks within [`REACH`] say that this process was not run, and prove nothing.
const LOOKS: usize = 10;
/// A pod is busy from this utilization on, in percent.
const BUSY: f64 = 10.0;

/// The utilization of each pod in the last minute, as the hardware knows it.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pods: BTreeMap<String, VecDeque<(Timestamp, f64)>>,
    /// The first reading that the hardware never had.
    first: Option<String>,
    /// How many decisions had one.
    wrong: usize,
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

    /// Compares what a decision read with what the hardware did.
    pub(super) fn check(&mut self, report: &Report) {
        if let Some(wrong) = self.contradiction(report) {
            self.first.get_or_insert(wrong);
            self.wrong += 1;
        }
    }

    /// What was read wrongly, and how often.
    pub(super) fn wrong(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(match self.wrong {
            1 => first.clone(),
            times => format!("{first}, and so {} times more", times - 1),
        })
    }

    /// A reading that the hardware never had: idle for a pod that was busy all the time, or busy
    /// for one that was idle.
    fn contradiction(&self, report: &Report) -> Option<String> {
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
                        "{}: {read} % was read of {pod}, whose GPU was used {least:.0} to {most:.0} % \
                         in the minute before",
                        report.at
                    ));
                }
            }
        }
        None
    }
}
