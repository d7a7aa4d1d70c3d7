//! The history as it is kept with its object: short, and worth the same.

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::{History, LastGood, Recommendation, ScaleEvent};
use serde::{Deserialize, Serialize};

/// A [`History`] without its status, which is kept in the status of the object, and without what
/// cannot change any later decision.
///
/// Stabilization asks for the highest or the lowest recommendation since some moment. So one that
/// is followed by another at least as high, and by another at least as low, never decides anything
/// again. What remains are two staircases, which grow with the number of different counts and not
/// with time.
///
/// ```
/// use std::time::Duration;
/// use concertina_autoscaler::saved::SavedHistory;
/// use concertina_model::Timestamp;
/// use concertina_replicas::{History, Recommendation};
///
/// let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
/// let four_a_minute = (0..240).map(|i| Recommendation { replicas: 3, at: at(i * 15) });
/// let history = History {
///     recommendations: Some(four_a_minute.collect()),
///     ..History::default()
/// };
/// let saved = SavedHistory::of(&history, at(3600));
/// assert_eq!(
///     serde_json::to_string(&saved).unwrap(),
///     r#"{"savedAt":3600000,"recommendations":[[3,3585000]]}"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedHistory {
    /// When it was saved, in milliseconds since 1970, as are all times in it.
    saved_at: Timestamp,
    /// Count and time, the oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recommendations: Option<Vec<(i32, Timestamp)>>,
    /// Change and time, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scale_up_events: Vec<(i32, Timestamp)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scale_down_events: Vec<(i32, Timestamp)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    last_good: Vec<LastGood>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle_since: Option<Timestamp>,
}

impl SavedHistory {
    /// How many scale events of a direction are kept. The oldest of more become one, as young as
    /// the youngest of them: limits on the rate hold rather longer than shorter.
    pub const MOST_EVENTS: usize = 64;

    /// What of `history` is worth keeping `now`.
    #[must_use]
    pub fn of(history: &History, now: Timestamp) -> Self {
        Self {
            saved_at: now,
            recommendations: history.recommendations.as_deref().map(staircases),
            scale_up_events: fewer(&history.scale_up_events),
            scale_down_events: fewer(&history.scale_down_events),
            last_good: history.last_good.clone(),
            idle_since: history.idle_since,
        }
    }

    /// When it was saved.
    #[must_use]
    pub fn saved_at(&self) -> Timestamp {
        self.saved_at
    }

    /// The history to go on with `now`, its status still empty.
    ///
    /// What was recommended after it was saved is not known. That may be as much as came in one
    /// `heartbeat`, the longest time between two savings, so the `current` count is taken to have
    /// been recommended until then: the next scale-in waits for it as for any other.
    #[must_use]
    pub fn restore(self, current: i32, heartbeat: Duration, now: Timestamp) -> History {
        let mut history = History {
            recommendations: self.recommendations.map(|saved| {
                let saved = saved.into_iter();
                saved
                    .map(|(replicas, at)| Recommendation { replicas, at })
                    .collect()
            }),
            scale_up_events: events(self.scale_up_events),
            scale_down_events: events(self.scale_down_events),
            last_good: self.last_good,
            idle_since: self.idle_since,
            ..History::default()
        };
        let unknown = self.saved_at.saturating_add(heartbeat).min(now);
        if unknown > self.saved_at {
            let recommendations = history.recommendations.get_or_insert_default();
            recommendations.push(Recommendation {
                replicas: current,
                at: unknown,
            });
        }
        history
    }
}

/// The recommendations that can still decide something, in the order of time.
fn staircases(recommendations: &[Recommendation]) -> Vec<(i32, Timestamp)> {
    let mut sorted = recommendations.to_vec();
    // Of those of one moment the order says nothing.
    sorted.sort_by_key(|one| (one.at, one.replicas));
    let (mut highest, mut lowest) = (None, None);
    let mut kept = Vec::new();
    for one in sorted.iter().rev() {
        let higher = highest.is_none_or(|high| one.replicas > high);
        let lower = lowest.is_none_or(|low| one.replicas < low);
        if higher {
            highest = Some(one.replicas);
        }
        if lower {
            lowest = Some(one.replicas);
        }
        if higher || lower {
            kept.push((one.replicas, one.at));
        }
    }
    kept.reverse();
    kept
}

/// The events that count, the oldest first, and no more than [`SavedHistory::MOST_EVENTS`].
fn fewer(events: &[ScaleEvent]) -> Vec<(i32, Timestamp)> {
    let counting = events.iter().filter(|event| !event.outdated);
    let mut sorted: Vec<(i32, Timestamp)> = counting.map(|e| (e.change, e.at)).collect();
    sorted.sort_by_key(|(_, at)| *at);
    let excess = sorted.len().saturating_sub(SavedHistory::MOST_EVENTS);
    if excess > 0 {
        let rest = sorted.split_off(excess.saturating_add(1));
        let together = sorted
            .into_iter()
            .reduce(|(sum, _), (change, at)| (sum.saturating_add(change), at));
        sorted = together.into_iter().chain(rest).collect();
    }
    sorted
}

fn events(saved: Vec<(i32, Timestamp)>) -> Vec<ScaleEvent> {
    let saved = saved.into_iter();
    saved
        .map(|(change, at)| ScaleEvent {
            change,
            at,
            outdated: false,
        })
        .collect()
}
