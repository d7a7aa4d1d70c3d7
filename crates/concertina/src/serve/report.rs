//! What became of the rule file, for readiness and metrics.

use std::sync::{Mutex, MutexGuard, PoisonError};

use concertina_model::Timestamp;

/// Since when which rules are in use.
#[derive(Debug)]
pub(super) struct Report(Mutex<State>);

/// What is known of the rule file.
#[derive(Clone, Debug)]
struct State {
    /// When the rules in use were taken into use.
    loaded_at: Timestamp,
    /// Why the file as it is now is not in use.
    refused: Option<String>,
}

impl Report {
    /// Rules were taken into use `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self(Mutex::new(State {
            loaded_at: now,
            refused: None,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other rules were taken into use.
    pub(super) fn loaded(&self, now: Timestamp) {
        *self.state() = State {
            loaded_at: now,
            refused: None,
        };
    }

    /// The file is as the rules in use again.
    pub(super) fn restored(&self) {
        self.state().refused = None;
    }

    /// The file is not used. False when just this is known already.
    pub(super) fn refused(&self, reason: &str) -> bool {
        let mut state = self.state();
        let new = state.refused.as_deref() != Some(reason);
        state.refused = Some(reason.to_owned());
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
