//! Stabilization and limits with `behavior`.

use std::time::Duration;

use super::{
    History, Limit, LimitedBy, Limits, Normalized, PolicyLimit, Recommendation, ScaleEvent,
    Stabilization, Stabilized, is_later, seconds,
};
use crate::api::{
    HorizontalPodAutoscalerBehavior, HpaScalingPolicy, HpaScalingPolicyType, HpaScalingRules,
    ScalingPolicySelect,
};
use crate::arithmetic::Numbers;

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Up,
    Down,
}

impl Limits<'_> {
    pub(super) fn by_behavior<N: Numbers>(
        &self,
        behavior: &HorizontalPodAutoscalerBehavior,
        history: &mut History,
        current: i32,
        wanted: i32,
    ) -> Normalized {
        let stabilization = self.stabilize(behavior, history, current, wanted);
        let limit = self.rate::<N>(behavior, history, current, stabilization.replicas);
        Normalized {
            current,
            stabilization,
            limit,
        }
    }

    /// `stabilizeRecommendationWithBehaviors`: one that is exactly as old as a window does not
    /// count any more, and one older than both windows gives its slot.
    fn stabilize(
        &self,
        behavior: &HorizontalPodAutoscalerBehavior,
        history: &mut History,
        current: i32,
        wanted: i32,
    ) -> Stabilization {
        let window = |rules: &Option<HpaScalingRules>, missing: Duration| {
            let own = rules.as_ref().and_then(|r| r.stabilization_window_seconds);
            own.map_or(missing, seconds)
        };
        let flag = Duration::from_secs(self.options.downscale_stabilization.as_secs());
        let up_window = window(&behavior.scale_up, Duration::ZERO);
        let down_window = window(&behavior.scale_down, flag);
        let up_cutoff = self.now.saturating_sub(up_window);
        let down_cutoff = self.now.saturating_sub(down_window);
        let new = Recommendation {
            replicas: wanted,
            at: self.now,
        };
        let (mut lowest, mut highest) = (new, new);
        let mut free = None;
        let recommendations = history.recommendations.iter().flatten();
        for (slot, old) in recommendations.enumerate() {
            if old.at > up_cutoff && (old.replicas < lowest.replicas || is_later(old, &lowest)) {
                lowest = *old;
            }
            if old.at > down_cutoff && (old.replicas > highest.replicas || is_later(old, &highest))
            {
                highest = *old;
            }
            if old.at < up_cutoff && old.at < down_cutoff {
                free = Some(slot);
            }
        }
        history.recommend(new, free);
        // Up at least to the lowest, then down at most to the highest.
        let raised = current.max(lowest.replicas);
        let replicas = raised.min(highest.replicas);
        let (direction, window, by) = if wanted >= current {
            (Stabilized::Up, up_window, lowest)
        } else {
            (Stabilized::Down, down_window, highest)
        };
        let changed = replicas != wanted;
        let outcome = if changed { direction } else { Stabilized::No };
        Stabilization {
            wanted,
            replicas,
            outcome,
            by: changed.then_some(by),
            window_seconds: window.as_secs(),
            now: self.now,
        }
    }

    /// `convertDesiredReplicasWithBehaviorRate`: only the side that the count moves to is checked.
    fn rate<N: Numbers>(
        &self,
        behavior: &HorizontalPodAutoscalerBehavior,
        history: &History,
        current: i32,
        wanted: i32,
    ) -> Limit {
        let mut checked = Limit {
            wanted,
            replicas: wanted,
            by: LimitedBy::Nothing,
            min_replicas: self.min_replicas,
            max_replicas: self.max_replicas,
            rate: None,
            policy: None,
        };
        if wanted > current {
            let rules = behavior.scale_up.as_ref();
            let (limit, policy) = self.policies::<N>(Direction::Up, rules, history, current);
            // Never below the current count.
            let limit = limit.max(current);
            (checked.rate, checked.policy) = (Some(limit), policy);
            let (most, by) = if self.max_replicas > limit {
                (limit, LimitedBy::ScaleUp)
            } else {
                (self.max_replicas, LimitedBy::Max)
            };
            if wanted > most {
                (checked.replicas, checked.by) = (most, by);
            }
        } else if wanted < current {
            let rules = behavior.scale_down.as_ref();
            let (limit, policy) = self.policies::<N>(Direction::Down, rules, history, current);
            // Never above it.
            let limit = limit.min(current);
            (checked.rate, checked.policy) = (Some(limit), policy);
            let (least, by) = if self.min_replicas < limit {
                (limit, LimitedBy::ScaleDown)
            } else {
                (self.min_replicas, LimitedBy::Min)
            };
            if wanted < least {
                (checked.replicas, checked.by) = (least, by);
            }
        }
        checked
    }

    /// The count that the policies of a direction allow, and the policy that decides it.
    fn policies<N: Numbers>(
        &self,
        direction: Direction,
        rules: Option<&HpaScalingRules>,
        history: &History,
        current: i32,
    ) -> (i32, Option<PolicyLimit>) {
        let select = rules.and_then(|rules| rules.select_policy.as_ref());
        if select == Some(&ScalingPolicySelect::Disabled) {
            return (current, None);
        }
        let smallest = select == Some(&ScalingPolicySelect::Min);
        // The smallest change is the lowest count on the way up, and the highest on the way down.
        let lowest = smallest == (direction == Direction::Up);
        let mut limit = if lowest { i32::MAX } else { i32::MIN };
        let mut decisive = None;
        for policy in rules
            .and_then(|rules| rules.policies.as_ref())
            .into_iter()
            .flatten()
        {
            let start = self.period_start(policy, history, current);
            let proposed = match (&policy.kind, direction) {
                (HpaScalingPolicyType::Pods, Direction::Up) => N::plus(start, policy.value),
                (HpaScalingPolicyType::Pods, Direction::Down) => N::minus(start, policy.value),
                (HpaScalingPolicyType::Percent, Direction::Up) => N::grown(start, policy.value),
                (HpaScalingPolicyType::Percent, Direction::Down) => N::shrunk(start, policy.value),
                // What upstream takes over from the policy before, and the API refuses.
                (HpaScalingPolicyType::Other(_), _) => continue,
            };
            if decisive.is_none() || (lowest && proposed < limit) || (!lowest && proposed > limit) {
                limit = proposed;
                decisive = Some(PolicyLimit {
                    percent: policy.kind == HpaScalingPolicyType::Percent,
                    value: policy.value,
                    period_seconds: policy.period_seconds,
                    period_start: start,
                    replicas: proposed,
                });
            }
        }
        (limit, decisive)
    }

    /// The count at the start of a policy's period: events of both directions are taken back.
    fn period_start(&self, policy: &HpaScalingPolicy, history: &History, current: i32) -> i32 {
        let cutoff = self.now.saturating_sub(seconds(policy.period_seconds));
        let change = |events: &[ScaleEvent]| {
            let recent = events.iter().filter(|event| event.at > cutoff);
            recent.fold(0_i32, |sum, event| sum.wrapping_add(event.change))
        };
        current
            .wrapping_sub(change(&history.scale_up_events))
            .wrapping_add(change(&history.scale_down_events))
    }
}
