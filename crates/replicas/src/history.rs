//! What past decisions wanted and did.

use concertina_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::MetricSpec;
use crate::status::Status;

/// A count that metrics asked for at some moment, before stabilization and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// The count.
    pub replicas: i32,
    /// When.
    pub at: Timestamp,
}

/// A change of the count that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleEvent {
    /// By how many replicas; positive in both directions.
    pub change: i32,
    /// When.
    pub at: Timestamp,
    /// True once it was older than the longest period of its direction: its slot may be used again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
}

/// What a metric asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastGood {
    /// The metric, with its target: when that changes, what was asked for before is forgotten.
    pub metric: MetricSpec,
    /// The count.
    pub replicas: i32,
    /// When.
    pub at: Timestamp,
}

/// What past decisions wanted and did. Save it and restore it, and a restart forgets nothing: the
/// next decision is the one that would have come without it.
///
/// ```
/// use concertina_model::Timestamp;
/// use concertina_replicas::limits::Limits;
/// use concertina_replicas::{History, Options};
///
/// let options = Options::default();
/// let limits = |seconds: i64| Limits::new(&options, Timestamp::from_millis(seconds * 1000));
/// let mut history = History::default();
/// limits(0).normalize(&mut history, 2, 2);
///
/// let saved = serde_json::to_string(&history).unwrap();
/// let mut restored: History = serde_json::from_str(&saved).unwrap();
/// // The process that starts anew remembers what holds the count.
/// let next = limits(60).normalize(&mut restored, 2, 1);
/// assert_eq!(next.to_string(), "2 was recommended 60 s ago, within 300 s → 2 instead of 1");
/// ```
///
/// It stays short: the slot of an entry that is too old to count is used again, and beyond
/// [`History::MOST`] entries of a kind the oldest gives way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The recommendations in the order of their slots, which is not always that of time. None
    /// until the autoscaler has been seen once.
    #[serde(default)]
    pub recommendations: Option<Vec<Recommendation>>,
    /// Scale-ups, in the order of their slots. Kept only for policies with `behavior`.
    #[serde(default)]
    pub scale_up_events: Vec<ScaleEvent>,
    /// Scale-downs, likewise.
    #[serde(default)]
    pub scale_down_events: Vec<ScaleEvent>,
    /// What metrics asked for when they were last there; kept for policies that take that in the
    /// place of a missing metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_good: Vec<LastGood>,
    /// Since when the activation metric has been below its threshold at every look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_since: Option<Timestamp>,
    /// The status as it was last reported. An autoscaler whose status is kept elsewhere, as in the
    /// Kubernetes API, puts here what it reads there.
    #[serde(default)]
    pub status: Status,
}

impl History {
    /// How many entries of a kind are kept at most: more than an hour, the longest window, has
    /// seconds.
    pub const MOST: usize = 4096;

    /// Notes the count of an autoscaler that is seen for the first time, so that the first
    /// scale-in waits a whole window.
    pub fn first_seen(&mut self, replicas: i32, at: Timestamp) {
        self.recommendations
            .get_or_insert_with(|| vec![Recommendation { replicas, at }]);
    }

    /// Notes a recommendation, in the slot of one that does not count any more.
    pub(crate) fn recommend(&mut self, new: Recommendation, free: Option<usize>) {
        let slots = self.recommendations.get_or_insert_default();
        store(slots, new, free, |old| old.at);
    }
}

/// Notes a scale event. Those older than `oldest` are outdated from now on.
pub(crate) fn note_event(events: &mut Vec<ScaleEvent>, new: ScaleEvent, oldest: Timestamp) {
    let mut free = None;
    for (slot, event) in events.iter_mut().enumerate() {
        event.outdated |= event.at < oldest;
        if event.outdated {
            free = Some(slot);
        }
    }
    store(events, new, free, |old| old.at);
}

fn store<T>(slots: &mut Vec<T>, new: T, free: Option<usize>, at: impl Fn(&T) -> Timestamp) {
    let oldest = || {
        let aged = slots.iter().enumerate().min_by_key(|(_, old)| at(old));
        aged.map(|(slot, _)| slot)
    };
    let slot = match free {
        None if slots.len() >= History::MOST => oldest(),
        free => free,
    };
    match slot.and_then(|slot| slots.get_mut(slot)) {
        Some(slot) => *slot = new,
        None => slots.push(new),
    }
}
