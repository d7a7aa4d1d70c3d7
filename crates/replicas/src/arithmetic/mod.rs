//! The numbers that decisions are calculated in.

mod exact;
mod kubernetes;

use std::cmp::Ordering;

pub(crate) use exact::Exact;
pub(crate) use kubernetes::Kubernetes;

use crate::options::Tolerance;

/// A sum of thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    /// Whole thousandths.
    pub(crate) milli: i128,
    /// Percents of thousandths, on top of them.
    pub(crate) percents: i128,
}

/// How ratios are formed, compared and turned into counts.
pub(crate) trait Numbers {
    /// Value by target.
    type Ratio;

    /// The average of `count` samples in thousandths, and its ratio to the target.
    fn average(sum: Sum, count: usize, target: i64) -> (i64, Self::Ratio);

    /// Usage in percent of what is requested, and its ratio to the target in percent.
    fn utilization(usage: Sum, requests: i128, target: i32) -> (i32, Self::Ratio);

    /// A value by its target.
    fn value(usage: i64, target: i64) -> Self::Ratio;

    /// A value by the target of each replica, and so many replicas.
    fn per_replica(usage: i64, target: i64, replicas: i32) -> Self::Ratio;

    /// The value of each of so many replicas, rounded up; None without replicas.
    fn average_up(usage: i64, replicas: i32) -> Option<i64>;

    /// `percent` of a request, as a summand.
    fn share(request: i64, percent: i64) -> Sum;

    /// Whether a ratio is near enough to 1 that nothing is done.
    fn within(ratio: &Self::Ratio, tolerance: Tolerance) -> bool;

    /// Above or below 1; None when it is no number.
    fn versus_one(ratio: &Self::Ratio) -> Option<Ordering>;

    /// `ceil(ratio × count)`.
    fn replicas(ratio: &Self::Ratio, count: usize) -> i32;

    /// For people to read.
    fn shown(ratio: &Self::Ratio) -> f64;

    /// Pods more.
    fn plus(replicas: i32, pods: i32) -> i32;

    /// Pods fewer.
    fn minus(replicas: i32, pods: i32) -> i32;

    /// `replicas` and `percent` of them, rounded up.
    fn grown(replicas: i32, percent: i32) -> i32;

    /// `replicas` without `percent` of them, cut toward zero.
    fn shrunk(replicas: i32, percent: i32) -> i32;
}
