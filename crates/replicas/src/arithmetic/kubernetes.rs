//! kube-controller-manager's numbers: i64 and f64 in upstream's order (amd64).

use std::cmp::Ordering;

use super::{Numbers, Sum};
use crate::options::Tolerance;

/// Whole thousandths and percents, cut toward zero, then f64. Sums wrap as Go's do; a count outside
/// of i32 is held at its end.
pub(crate) struct Kubernetes;

impl Numbers for Kubernetes {
    type Ratio = f64;

    #[inline]
    fn average(sum: Sum, count: usize, target: i64) -> (i64, f64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX).max(1);
        let average = (sum.milli as i64).wrapping_div(count);
        (average, Self::value(average, target))
    }

    #[inline]
    fn utilization(usage: Sum, requests: i128, target: i32) -> (i32, f64) {
        let hundred = (usage.milli as i64).wrapping_mul(100);
        let percent = match requests as i64 {
            0 => 0,
            requests => hundred.wrapping_div(requests) as i32,
        };
        (percent, f64::from(percent) / f64::from(target))
    }

    #[inline]
    fn value(usage: i64, target: i64) -> f64 {
        usage as f64 / target as f64
    }

    #[inline]
    fn per_replica(usage: i64, target: i64, replicas: i32) -> f64 {
        usage as f64 / (target as f64 * f64::from(replicas))
    }

    fn average_up(usage: i64, replicas: i32) -> Option<i64> {
        (replicas != 0).then(|| (usage as f64 / f64::from(replicas)).ceil() as i64)
    }

    #[inline]
    fn share(request: i64, percent: i64) -> Sum {
        Sum {
            milli: i128::from(request.wrapping_mul(percent) / 100),
            percents: 0,
        }
    }

    #[inline]
    fn within(ratio: &f64, tolerance: Tolerance) -> bool {
        (1.0 - tolerance.scale_down) <= *ratio && *ratio <= (1.0 + tolerance.scale_up)
    }

    #[inline]
    fn versus_one(ratio: &f64) -> Option<Ordering> {
        ratio.partial_cmp(&1.0)
    }

    #[inline]
    fn replicas(ratio: &f64, count: usize) -> i32 {
        (ratio * count as f64).ceil() as i32
    }

    #[inline]
    fn shown(ratio: &f64) -> f64 {
        *ratio
    }

    fn plus(replicas: i32, pods: i32) -> i32 {
        replicas.wrapping_add(pods)
    }

    fn minus(replicas: i32, pods: i32) -> i32 {
        replicas.wrapping_sub(pods)
    }

    fn grown(replicas: i32, percent: i32) -> i32 {
        // In exactly this form: 100 pods and 10 % are 111.
        (f64::from(replicas) * (1.0 + f64::from(percent) / 100.0)).ceil() as i32
    }

    fn shrunk(replicas: i32, percent: i32) -> i32 {
        (f64::from(replicas) * (1.0 - f64::from(percent) / 100.0)) as i32
    }
}
