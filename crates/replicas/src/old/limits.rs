//! Minimum, maximum, and how fast a workload may grow.

use crate::old::Step;

/// The count within the limits, and what changed it (kube-controller-manager 1.36 without
/// `behavior`: at most `factor` times the current count, or 4 when that is more).
pub(crate) fn limit(
    current: i32,
    wanted: i32,
    min: i32,
    max: i32,
    factor: f64,
) -> (i32, Option<Step>) {
    if wanted < min {
        return (min, Some(Step::Minimum { wanted, min }));
    }
    let growth = (factor * f64::from(current)).max(4.0) as i32;
    let most = growth.min(max);
    if wanted <= most {
        return (wanted, None);
    }
    let step = if max > growth {
        Step::Growth {
            wanted,
            current,
            most,
        }
    } else {
        Step::Maximum { wanted, max }
    };
    (most, Some(step))
}
