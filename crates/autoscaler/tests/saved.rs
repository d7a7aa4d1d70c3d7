//! A history that was saved and restored decides as one that went on.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use concertina_autoscaler::saved::SavedHistory;
use concertina_model::Timestamp;
use concertina_replicas::api::HorizontalPodAutoscalerBehavior;
use concertina_replicas::limits::Limits;
use concertina_replicas::{History, Options, Recommendation, ScaleEvent};
use proptest::prelude::*;

/// The windows and policies of a policy.
fn behaviors() -> impl Strategy<Value = Option<HorizontalPodAutoscalerBehavior>> {
    let direction = || {
        (0..600u32, 1..4u32, 1..120u32, prop::bool::ANY).prop_map(|(window, pods, period, max)| {
            serde_json::json!({
                "stabilizationWindowSeconds": window,
                "selectPolicy": if max { "Max" } else { "Min" },
                "policies": [
                    {"type": "Pods", "value": pods, "periodSeconds": period},
                    {"type": "Percent", "value": 100, "periodSeconds": 15},
                ],
            })
        })
    };
    prop::option::of((direction(), direction()).prop_map(|(up, down)| {
        serde_json::from_value(serde_json::json!({"scaleUp": up, "scaleDown": down})).unwrap()
    }))
}

/// What metrics ask for, each so many seconds after the one before.
fn wishes(most: usize) -> impl Strategy<Value = Vec<(u32, i32)>> {
    prop::collection::vec((1..90u32, 0..12i32), 0..most)
}

struct Run<'a> {
    options: &'a Options,
    behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    now: Timestamp,
    current: i32,
    history: History,
}

impl Run<'_> {
    fn decide(&mut self, (seconds, wanted): (u32, i32)) -> i32 {
        self.now = self.now.saturating_add(Duration::from_secs(seconds.into()));
        let limits = Limits {
            behavior: self.behavior,
            max_replicas: 10,
            ..Limits::new(self.options, self.now)
        };
        let decided = limits.normalize(&mut self.history, self.current, wanted);
        if decided.limit.replicas != self.current {
            limits.scaled(&mut self.history, self.current, decided.limit.replicas);
        }
        self.current = decided.limit.replicas;
        self.current
    }
}

proptest! {
    #[test]
    fn the_next_decisions_are_those_of_an_uninterrupted_run(
        behavior in behaviors(),
        before in wishes(120),
        after in wishes(40),
    ) {
        let options = Options::default();
        let mut whole = Run {
            options: &options,
            behavior: behavior.as_ref(),
            now: Timestamp::from_millis(1_700_000_000_000),
            current: 3,
            history: History::default(),
        };
        for wish in before {
            whole.decide(wish);
        }
        let saved = SavedHistory::of(&whole.history, whole.now);
        let text = serde_json::to_string(&saved).unwrap();
        prop_assert!(text.len() < 3500, "{} bytes", text.len());
        let saved: SavedHistory = serde_json::from_str(&text).unwrap();
        let heartbeat = Duration::from_secs(60);
        let mut restored = Run {
            history: saved.restore(whole.current, heartbeat, whole.now),
            ..whole
        };
        let mut whole = Run { history: whole.history, ..restored };
        restored = Run { history: std::mem::take(&mut restored.history), ..restored };
        for wish in after {
            prop_assert_eq!(restored.decide(wish), whole.decide(wish));
        }
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn what_came_after_the_saving_is_taken_for_the_current_count() {
    let history = History {
        recommendations: Some(vec![Recommendation {
            replicas: 2,
            at: at(0),
        }]),
        ..History::default()
    };
    let saved = SavedHistory::of(&history, at(0));
    let heartbeat = Duration::from_secs(60);
    let restored = |now: i64| {
        let restored = saved.clone().restore(5, heartbeat, at(now));
        restored.recommendations.unwrap_or_default()
    };
    assert_eq!(restored(0).len(), 1);
    assert_eq!(
        restored(45).last(),
        Some(&Recommendation {
            replicas: 5,
            at: at(45)
        })
    );
    // Nobody recommended anything while nobody ran.
    assert_eq!(
        restored(600).last(),
        Some(&Recommendation {
            replicas: 5,
            at: at(60)
        })
    );
}

#[test]
fn the_oldest_of_many_scale_events_become_one_that_counts_as_long_as_any() {
    let event = |i: i32| ScaleEvent {
        change: 1,
        at: at(i.into()),
        outdated: i < 10,
    };
    let history = History {
        scale_up_events: (0..200).rev().map(event).collect(),
        ..History::default()
    };
    let restored = SavedHistory::of(&history, at(200)).restore(1, Duration::ZERO, at(200));
    let events = restored.scale_up_events;
    assert_eq!(events.len(), SavedHistory::MOST_EVENTS);
    assert_eq!(events.iter().map(|event| event.change).sum::<i32>(), 190);
    let first = events.first().unwrap();
    assert_eq!((first.change, first.at), (127, at(136)));
}
