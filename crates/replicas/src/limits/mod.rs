//! From what metrics ask for to the count that is written: stabilization, then limits.
//!
//! There are two ways. Without `behavior` the highest recommendation of the window counts, and the
//! workload may grow to twice its size (at least to 4) at once. With `behavior`, even an empty one,
//! each direction has its own window and its own policies, which look at the scale events of their
//! period.
//!
//! ```
//! use concertina_model::Timestamp;
//! use concertina_replicas::limits::{LimitedBy, Limits};
//! use concertina_replicas::{History, Options};
//!
//! let options = Options::default();
//! let limits = Limits {
//!     min_replicas: 1,
//!     max_replicas: 100,
//!     ..Limits::new(&options, Timestamp::EPOCH)
//! };
//! let normalized = limits.normalize(&mut History::default(), 3, 50);
//! assert_eq!(normalized.limit.replicas, 6);
//! assert_eq!(normalized.limit.by, LimitedBy::ScaleUp);
//! assert_eq!(normalized.to_string(), "from 3 at most to 6 at once → 6 instead of 50");
//! ```

mod behavior;
mod plain;
mod step;
mod text;

use std::time::Duration;

use concertina_model::Timestamp;

use crate::api::{HorizontalPodAutoscalerBehavior, HpaScalingRules};
use crate::arithmetic::{Exact, Kubernetes};
use crate::history::{History, Recommendation, ScaleEvent, note_event};
use crate::options::{Arithmetic, Options};

pub use step::{Limit, LimitedBy, Normalized, PolicyLimit, Stabilization, Stabilized};

/// The limits of one decision.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Windows, factor and arithmetic.
    pub options: &'a Options,
    /// The policy's `behavior`, with its defaults filled in.
    pub behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    /// The lowest count.
    pub min_replicas: i32,
    /// The highest count.
    pub max_replicas: i32,
    /// The present.
    pub now: Timestamp,
}

/// Of recommendations of one count the latest holds longest, and is the one to tell of.
fn is_later(one: &Recommendation, other: &Recommendation) -> bool {
    one.replicas == other.replicas && one.at > other.at
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

impl<'a> Limits<'a> {
    /// Limits that allow every count from 0 up, without `behavior`.
    #[must_use]
    pub fn new(options: &'a Options, now: Timestamp) -> Self {
        Self {
            options,
            behavior: None,
            min_replicas: 0,
            max_replicas: i32::MAX,
            now,
        }
    }

    /// Notes what the metrics ask for in the history, stabilizes it and limits it
    /// (`normalizeDesiredReplicas` and `normalizeDesiredReplicasWithBehaviors`).
    pub fn normalize(&self, history: &mut History, current: i32, wanted: i32) -> Normalized {
        let Some(behavior) = self.behavior else {
            return self.plain(history, current, wanted);
        };
        match self.options.arithmetic {
            Arithmetic::Kubernetes => {
                self.by_behavior::<Kubernetes>(behavior, history, current, wanted)
            }
            Arithmetic::Exact => self.by_behavior::<Exact>(behavior, history, current, wanted),
        }
    }

    /// Notes a change of the count that was written; only policies with `behavior` look back at
    /// them (`storeScaleEvent`).
    pub fn scaled(&self, history: &mut History, from: i32, to: i32) {
        let Some(behavior) = self.behavior else {
            return;
        };
        let (events, rules) = if to > from {
            (&mut history.scale_up_events, &behavior.scale_up)
        } else {
            (&mut history.scale_down_events, &behavior.scale_down)
        };
        let new = ScaleEvent {
            change: to.saturating_sub(from).saturating_abs(),
            at: self.now,
            outdated: false,
        };
        let longest = rules.as_ref().map_or(Duration::ZERO, longest_period);
        note_event(events, new, self.now.saturating_sub(longest));
    }
}

fn longest_period(rules: &HpaScalingRules) -> Duration {
    let policies = rules.policies.iter().flatten();
    let longest = policies.map(|policy| policy.period_seconds).max();
    seconds(longest.unwrap_or(0))
}
