//! Stabilization and limits without `behavior`.

use super::{
    History, Limit, LimitedBy, Limits, Normalized, Recommendation, Stabilization, Stabilized,
    is_later,
};

/// A workload may always grow to this many at once.
const SCALE_UP_LIMIT_MINIMUM: f64 = 4.0;

impl Limits<'_> {
    pub(super) fn plain(&self, history: &mut History, current: i32, wanted: i32) -> Normalized {
        let stabilization = self.highest(history, wanted);
        let limit = self.within(current, stabilization.replicas);
        Normalized {
            current,
            stabilization,
            limit,
        }
    }

    /// `stabilizeRecommendation`: one that is exactly as old as the window still counts.
    fn highest(&self, history: &mut History, wanted: i32) -> Stabilization {
        let window = self.options.downscale_stabilization;
        let cutoff = self.now.saturating_sub(window);
        let mut by: Option<Recommendation> = None;
        let mut replicas = wanted;
        let mut free = None;
        let recommendations = history.recommendations.iter().flatten();
        for (slot, recommendation) in recommendations.enumerate() {
            if recommendation.at < cutoff {
                free = Some(slot);
            } else if recommendation.replicas > replicas
                || by.is_some_and(|by| is_later(recommendation, &by))
            {
                replicas = recommendation.replicas;
                by = Some(*recommendation);
            }
        }
        let new = Recommendation {
            replicas: wanted,
            at: self.now,
        };
        history.recommend(new, free);
        Stabilization {
            wanted,
            replicas,
            outcome: match by {
                Some(_) => Stabilized::Down,
                None => Stabilized::No,
            },
            by,
            window_seconds: window.as_secs(),
            now: self.now,
        }
    }

    /// `convertDesiredReplicasWithRules`: the minimum counts before the upper limits.
    fn within(&self, current: i32, wanted: i32) -> Limit {
        let factor = self.options.scale_up_limit_factor;
        let growth = (factor * f64::from(current)).max(SCALE_UP_LIMIT_MINIMUM) as i32;
        let (most, above) = if self.max_replicas > growth {
            (growth, LimitedBy::ScaleUp)
        } else {
            (self.max_replicas, LimitedBy::Max)
        };
        let (replicas, by) = if wanted < self.min_replicas {
            (self.min_replicas, LimitedBy::Min)
        } else if wanted > most {
            (most, above)
        } else {
            (wanted, LimitedBy::Nothing)
        };
        Limit {
            wanted,
            replicas,
            by,
            min_replicas: self.min_replicas,
            max_replicas: self.max_replicas,
            rate: (wanted >= current).then_some(growth),
            policy: None,
        }
    }
}
