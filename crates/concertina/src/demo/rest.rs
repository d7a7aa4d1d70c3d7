//! When there is nothing left to decide, how long that may take, and whether a scale-in that was
//! due did not come.

use std::cmp::Ordering;
use std::time::Duration;

use concertina_autoscaler::Report;
use concertina_model::Timestamp;
use concertina_replicas::api::{HpaScalingRules, ScalingPolicySelect};
use concertina_replicas::{Policy, Reading, Step};

/// What a reading may be old: the driver's window, a scrape, and a scrape that is late.
pub(super) const REACH: Duration = Duration::from_secs(60);
/// The time for a few looks.
const LOOKS: Duration = Duration::from_secs(60);
/// How long a higher wish holds up a scale-in, unless the policy says.
pub(super) const WINDOW: Duration = Duration::from_secs(300);
/// The time that metrics without a window of their own are taken to be measured over.
const MEASURED: Duration = Duration::from_secs(60);

/// Where the metrics lead, if they stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// A change is under way, or a metric is missing: nothing can be said.
    Open,
    /// The count stays: it is what the metrics ask for, as far as minimum and maximum allow.
    Stays,
    /// The count stays, because the policy switches the way down off.
    DownIsOff,
    /// The count stays, because the policy switches the way up off.
    UpIsOff,
    /// Fewer replicas follow, when windows and policies allow.
    Fewer,
    /// More replicas follow, likewise.
    More,
}

impl Course {
    /// Where a decision leads to.
    pub(super) fn of(policy: &Policy, report: &Report) -> Self {
        let Some(scale) = report.scale() else {
            return Self::Open;
        };
        let current = scale.spec_replicas;
        let steps = &report.decision.explanation.steps;
        let moving = report.decision.rescale.is_some() || scale.status_replicas != current;
        if moving || steps.iter().any(unsettled) {
            return Self::Open;
        }
        let Some(wanted) = wanted(steps) else {
            return Self::Open;
        };
        let spec = &policy.spec;
        let goal = wanted.max(spec.min_replicas()).min(spec.max_replicas);
        let rules = spec.behavior.as_ref();
        let off = |rules: Option<&HpaScalingRules>| {
            let select = rules.and_then(|rules| rules.select_policy.as_ref());
            select == Some(&ScalingPolicySelect::Disabled)
        };
        match goal.cmp(&current) {
            Ordering::Equal => Self::Stays,
            Ordering::Less if off(rules.and_then(|rules| rules.scale_down.as_ref())) => {
                Self::DownIsOff
            }
            Ordering::Less => Self::Fewer,
            Ordering::Greater if off(rules.and_then(|rules| rules.scale_up.as_ref())) => {
                Self::UpIsOff
            }
            Ordering::Greater => Self::More,
        }
    }

    /// Whether nothing follows.
    pub(super) fn is_at_rest(self) -> bool {
        matches!(self, Self::Stays | Self::DownIsOff | Self::UpIsOff)
    }
}

/// Steps after which the next decision may be another though the metrics stay as they are.
fn unsettled(step: &Step) -> bool {
    match step {
        Step::Metric { calculation, .. } => calculation.missing() > 0,
        Step::NoMetric { .. }
        | Step::Substituted { .. }
        | Step::Held { .. }
        | Step::Kept { .. }
        | Step::Activation { .. }
        | Step::Capped { .. } => true,
        _ => false,
    }
}

/// What the metrics ask for, together.
fn wanted(steps: &[Step]) -> Option<i32> {
    steps.iter().find_map(|step| match step {
        Step::Stabilized(looked) => Some(looked.wanted),
        _ => None,
    })
}

/// Whether the workload has come to rest: the load is quiet `since` some time, or the count has been
/// the same since then, and what was measured before does not count any more. Metrics that ask for
/// nothing at all have nothing to forget.
pub(super) fn is_settled(policy: &Policy, report: &Report, since: Timestamp) -> bool {
    let quiet = report.at.saturating_duration_since(since);
    let nothing = wanted(&report.decision.explanation.steps) == Some(0);
    Course::of(policy, report).is_at_rest() && (nothing || quiet >= lag(report))
}

/// How long a change of the load takes to show in full.
fn lag(report: &Report) -> Duration {
    let metrics = report.observation.metrics.iter().flatten();
    let windows = metrics.filter_map(|reading| match reading {
        Reading::Pods(samples) => samples.as_slice().iter().map(|sample| sample.window).max(),
        _ => None,
    });
    let longest = windows.max().unwrap_or_default();
    REACH.saturating_add(longest.saturating_sub(MEASURED))
}

/// How long a quiet phase must be for a workload of so many replicas to come to rest in it: what was
/// measured before goes, the window passes, and each period of a policy takes one replica at least.
pub(super) fn time_to_rest(policy: &Policy, report: Option<&Report>) -> Duration {
    let current = report.and_then(Report::scale);
    let current = current.map_or(policy.spec.max_replicas, |scale| scale.spec_replicas);
    let steps = current.saturating_sub(policy.spec.min_replicas());
    let (window, period) = scale_in(policy);
    let steps = period.saturating_mul(u32::try_from(steps).unwrap_or(0));
    let lag = report.map_or(REACH, lag);
    lag.saturating_add(window.max(steps)).saturating_add(LOOKS)
}

/// The stabilization window of the way down, and the longest period of its policies.
fn scale_in(policy: &Policy) -> (Duration, Duration) {
    let seconds = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let rules = policy.spec.behavior.as_ref();
    let rules = rules.and_then(|rules| rules.scale_down.as_ref());
    let window = rules.and_then(|rules| rules.stabilization_window_seconds);
    let policies = rules.and_then(|rules| rules.policies.as_ref());
    let periods = policies.into_iter().flatten().map(|p| p.period_seconds);
    (
        window.map_or(WINDOW, seconds),
        seconds(periods.max().unwrap_or(0)),
    )
}

/// A scale-in that the metrics have asked for at every look since some time.
#[derive(Clone, Debug, Default)]
pub(super) struct Due {
    since: Option<Timestamp>,
    told: bool,
}

impl Due {
    /// Looks at a decision; tells, once, when nothing but a mistake can hold the scale-in up.
    pub(super) fn look(&mut self, policy: &Policy, report: &Report) -> Option<String> {
        if Course::of(policy, report) != Course::Fewer {
            *self = Self::default();
            return None;
        }
        let since = *self.since.get_or_insert(report.at);
        let (window, period) = scale_in(policy);
        let longest = window.max(period);
        let waited = report.at.saturating_duration_since(since);
        if self.told || waited <= longest {
            return None;
        }
        self.told = true;
        let current = report.scale().map_or(0, |scale| scale.spec_replicas);
        Some(format!(
            "{}: {current} replicas stay, though the metrics have asked for fewer for {} s, and \
             nothing holds a scale-in up for more than {} s",
            report.at,
            waited.as_secs(),
            longest.as_secs()
        ))
    }
}
