//! Consecutive decisions: a restart between any two of them changes nothing, and what is remembered
//! stays small.

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::api::HorizontalPodAutoscalerBehavior;
use concertina_replicas::limits::Limits;
use concertina_replicas::{History, Options, reconcile};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::any;

/// As a process that ends saves it, and the next one reads it.
fn restored(history: &History) -> History {
    serde_json::from_str(&serde_json::to_string(history).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// With and without restarts, with writes that fail now and then, everything is the same:
    /// decisions, explanations, and what is remembered.
    #[test]
    fn a_restart_changes_nothing(
        policy in any::policy(),
        options in any::options(),
        looks in vec((any::look(), 0..6), 1..30),
    ) {
        let mut going = History::default();
        let mut restarted = History::default();
        let mut current = policy.spec.min_replicas().max(1);
        let mut now = Timestamp::EPOCH;
        for (look, fails) in looks {
            now = now.saturating_add(look.after);
            current = look.set.unwrap_or(current);
            let seen = look.observation(&policy, current);
            let (mut one, mut next) = reconcile(&policy, &options, going, &seen, now);
            let restored = restored(&restarted);
            let (mut other, mut after) = reconcile(&policy, &options, restored, &seen, now);
            if fails == 0 {
                one.scale_refused(&mut next, "conflict");
                other.scale_refused(&mut after, "conflict");
            }
            if fails <= 1 {
                one.status_refused(&mut next, "conflict");
                other.status_refused(&mut after, "conflict");
            }
            prop_assert_eq!(&one, &other);
            // Every ratio is a number.
            let told = serde_json::to_string(&one.explanation).unwrap();
            prop_assert!(!told.contains("\"ratio\":null"), "{told}");
            prop_assert_eq!(&next, &after);
            current = match seen.scale {
                Ok(_) => one.desired_replicas,
                Err(_) => current,
            };
            (going, restarted) = (next, after);
            let metrics = policy.spec.metrics.len();
            prop_assert!(going.last_good.len() <= metrics);
        }
    }
}

/// A look every millisecond with the longest windows there are: whatever is older than them or one
/// too many goes.
#[test]
fn history_is_bounded() {
    let text = r#"{"scaleUp": {"stabilizationWindowSeconds": 3600,
            "policies": [{"type": "Pods", "value": 9, "periodSeconds": 1800}]},
        "scaleDown": {"stabilizationWindowSeconds": 3600,
            "policies": [{"type": "Pods", "value": 9, "periodSeconds": 1800}]}}"#;
    let behavior: HorizontalPodAutoscalerBehavior = serde_json::from_str(text).unwrap();
    let options = Options {
        downscale_stabilization: Duration::from_secs(3600),
        ..Options::default()
    };
    for behavior in [None, Some(&behavior)] {
        let mut history = History::default();
        let looks = i32::try_from(History::MOST).unwrap() * 2;
        for look in 0..looks {
            let now = Timestamp::from_millis(i64::from(look));
            let limits = Limits {
                behavior,
                ..Limits::new(&options, now)
            };
            limits.normalize(&mut history, 5, look);
            limits.scaled(&mut history, 5, 4 + 2 * (look % 2));
        }
        let recommendations = history.recommendations.as_ref().unwrap();
        assert_eq!(recommendations.len(), History::MOST);
        // The newest are there.
        let oldest = recommendations.iter().map(|old| old.replicas).min();
        assert_eq!(oldest, Some(looks / 2));
        let events = [&history.scale_up_events, &history.scale_down_events];
        let most = behavior.map_or(0, |_| History::MOST);
        assert_eq!(events.map(Vec::len), [most; 2]);
    }
}
