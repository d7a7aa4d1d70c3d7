//! What became of the rule file, for readiness and metrics.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use concertina_model::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;

/// Since when which rules are in use.
#[derive(Debug)]
pub(super) struct Report(Mutex<State>);

/// What is known of the rule file.
#[derive(Clone, Debug)]
struct State {
    /// When the rules in use were taken into use.
    loaded_at: Timestamp,
    /// How many of its rules cannot be used.
    unusable: usize,
    /// Why the file as it is now is not in use.
    refused: Option<String>,
    /// When a file was last found not to be usable.
    refused_at: Option<Timestamp>,
    /// How often other rules were taken into use.
    loads: u64,
    /// How often a file was refused.
    refusals: u64,
}

impl Report {
    /// Rules were taken into use `now`, except so many.
    pub(super) fn new(now: Timestamp, unusable: usize) -> Self {
        Self(Mutex::new(State {
            loaded_at: now,
            unusable,
            refused: None,
            refused_at: None,
            loads: 1,
            refusals: 0,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other rules were taken into use.
    pub(super) fn loaded(&self, now: Timestamp) {
        let mut state = self.state();
        state.loaded_at = now;
        // A changed file is taken only when all of its rules can be used.
        state.unusable = 0;
        state.refused = None;
        state.loads += 1;
    }

    /// The file is as the rules in use again.
    pub(super) fn restored(&self) {
        self.state().refused = None;
    }

    /// The file is not used, as was found `now`. False when just this is known already.
    pub(super) fn refused(&self, reason: &str, now: Timestamp) -> bool {
        let mut state = self.state();
        let new = state.refused.as_deref() != Some(reason);
        state.refused = Some(reason.to_owned());
        state.refused_at = Some(now);
        state.refusals += u64::from(new);
        new
    }

    /// In one line.
    pub(super) fn detail(&self) -> String {
        let state = self.state().clone();
        let in_use = format!("in use since {}", state.loaded_at);
        match state
            .refused
            .as_deref()
            .and_then(|reason| reason.lines().next())
        {
            None => in_use,
            Some(reason) => format!("{in_use}; the file as it is now is not used: {reason}"),
        }
    }
}

impl Collector for Report {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let state = self.state().clone();
        let seconds = |at: Timestamp| Some(at.as_secs_f64());
        let gauges = [
            (
                "rules_loaded_timestamp_seconds",
                "When the rules in use were taken into use.",
                seconds(state.loaded_at),
            ),
            (
                "rules_refused",
                "Whether the rule file as it is now is not in use: /readyz?verbose says why.",
                Some(f64::from(u8::from(state.refused.is_some()))),
            ),
            (
                "rules_refused_timestamp_seconds",
                "When the rule file was last found not to be usable.",
                state.refused_at.and_then(seconds),
            ),
            (
                "rules_unusable",
                "Rules of the file in use that do not compile and serve nothing.",
                Some(state.unusable as f64),
            ),
        ];
        for (name, help, value) in gauges {
            let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            if let Some(value) = value {
                gauge.encode_gauge(&value)?;
            }
        }
        let counters = [
            (
                "rules_loads",
                "How often rules were taken into use, the first time included.",
                state.loads,
            ),
            (
                "rules_refusals",
                "How often a changed rule file was refused.",
                state.refusals,
            ),
        ];
        for (name, help, value) in counters {
            let mut counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            counter.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }
}
