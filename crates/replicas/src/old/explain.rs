//! Why a decision came out as it did: every step with its numbers, as data and as text.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::old::decide::Tolerance;

/// One step of a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "step")]
#[non_exhaustive]
pub enum Step {
    /// A metric was compared with its target. Values are in thousandths.
    #[serde(rename_all = "camelCase")]
    Metric {
        /// The metric.
        name: String,
        /// The average over the counted pods.
        average_milli: i64,
        /// The target.
        target_milli: i64,
        /// Average by target.
        ratio: f64,
        /// By how much the ratio may differ from 1.
        tolerance: Tolerance,
        /// Whether it does not differ by more.
        within: bool,
        /// How many pods were counted.
        counted: usize,
        /// What this asks for; None when pods without a sample have to be looked at first.
        replicas: Option<i32>,
    },
    /// Pods without a sample were taken into account, on the side of caution.
    #[serde(rename_all = "camelCase")]
    WithoutSample {
        /// Running pods without a sample.
        missing: Vec<String>,
        /// Pods that have not started.
        unready: Vec<String>,
        /// What was assumed for a missing pod, in thousandths; None when it was left out.
        assumed_milli: Option<i64>,
        /// The average with them.
        average_milli: i64,
        /// The ratio with them.
        ratio: f64,
        /// How many pods were counted with them.
        counted: usize,
        /// What this asks for.
        replicas: i32,
    },
    /// A metric could not be used.
    #[serde(rename_all = "camelCase")]
    NoMetric {
        /// The metric.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Nothing is done, because metrics are missing.
    #[serde(rename_all = "camelCase")]
    Kept {
        /// How many metrics could not be used.
        invalid: usize,
        /// Of how many.
        of: usize,
        /// The count that stays.
        replicas: i32,
    },
    /// The count lies outside minimum and maximum, before any metric is looked at.
    #[serde(rename_all = "camelCase")]
    OutOfBounds {
        /// The current count.
        current: i32,
        /// The bound that it is set to.
        bound: i32,
    },
    /// The workload is scaled to zero, which switches autoscaling off.
    Disabled,
    /// A recent recommendation was higher.
    #[serde(rename_all = "camelCase")]
    Stabilized {
        /// What the metrics ask for now.
        wanted: i32,
        /// What was recommended.
        recommended: i32,
        /// How long ago, in seconds.
        seconds_ago: u64,
        /// The window, in seconds.
        window_seconds: u64,
    },
    /// The minimum.
    #[serde(rename_all = "camelCase")]
    Minimum {
        /// What was wanted.
        wanted: i32,
        /// The minimum.
        min: i32,
    },
    /// The maximum.
    #[serde(rename_all = "camelCase")]
    Maximum {
        /// What was wanted.
        wanted: i32,
        /// The maximum.
        max: i32,
    },
    /// The workload may not grow faster.
    #[serde(rename_all = "camelCase")]
    Growth {
        /// What was wanted.
        wanted: i32,
        /// The current count.
        current: i32,
        /// The most that it may grow to now.
        most: i32,
    },
}

/// All steps of a decision, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Explanation {
    /// The steps.
    pub steps: Vec<Step>,
}

/// Thousandths as a decimal number.
struct Milli(i64);

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, (self.0 % 1000).unsigned_abs());
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        let text = format!("{sign}{whole}.{rest:03}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// At most four decimals: a ratio is read, not calculated with.
struct Ratio(f64);

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text.is_empty() { "0" } else { text })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric {
                name,
                average_milli,
                target_milli,
                ratio,
                tolerance,
                within,
                counted,
                replicas,
            } => {
                let (average, target) = (Milli(*average_milli), Milli(*target_milli));
                let (low, high) = (
                    Ratio(1.0 - tolerance.scale_down),
                    Ratio(1.0 + tolerance.scale_up),
                );
                let r = Ratio(*ratio);
                write!(f, "{name}: {average} ÷ {target} = {r} ")?;
                let bound = if *within {
                    format!("is within {low} to {high}")
                } else if *ratio > 1.0 {
                    format!("> {high}")
                } else {
                    format!("< {low}")
                };
                match replicas {
                    Some(replicas) if *within => write!(f, "{bound} → stays {replicas}"),
                    Some(replicas) => write!(f, "{bound} → ceil({r} × {counted}) = {replicas}"),
                    None => write!(f, "{bound}, of {counted} with a sample"),
                }
            }
            Self::WithoutSample {
                missing,
                unready,
                assumed_milli,
                average_milli,
                ratio,
                counted,
                replicas,
            } => {
                let mut parts = Vec::new();
                if let (false, Some(assumed)) = (missing.is_empty(), assumed_milli) {
                    let names = missing.join(", ");
                    parts.push(format!(
                        "{names} without a sample counted as {}",
                        Milli(*assumed)
                    ));
                }
                if !unready.is_empty() {
                    parts.push(format!("{} not started", unready.join(", ")));
                }
                let (average, r) = (Milli(*average_milli), Ratio(*ratio));
                write!(
                    f,
                    "{}: average {average} over {counted}, ratio {r} → {replicas}",
                    parts.join("; ")
                )
            }
            Self::NoMetric { name, reason } => write!(f, "{name}: {reason}"),
            Self::Kept {
                invalid,
                of,
                replicas,
            } => {
                write!(
                    f,
                    "{invalid} of {of} metrics cannot be used → stays {replicas}"
                )
            }
            Self::OutOfBounds { current, bound } => {
                write!(
                    f,
                    "{current} is out of bounds → {bound}, metrics are not looked at"
                )
            }
            Self::Disabled => f.write_str("scaled to 0 → autoscaling is off"),
            Self::Stabilized {
                wanted,
                recommended,
                seconds_ago,
                window_seconds,
            } => write!(
                f,
                "{recommended} was recommended {seconds_ago} s ago, within {window_seconds} s \
                 → {recommended} instead of {wanted}"
            ),
            Self::Minimum { wanted, min } => {
                write!(f, "minReplicas {min} → {min} instead of {wanted}")
            }
            Self::Maximum { wanted, max } => {
                write!(f, "maxReplicas {max} → {max} instead of {wanted}")
            }
            Self::Growth {
                wanted,
                current,
                most,
            } => write!(
                f,
                "from {current} at most to {most} at once → {most} instead of {wanted}"
            ),
        }
    }
}

impl fmt::Display for Explanation {
    /// One line for each step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl Explanation {
    /// The steps on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(Step::to_string).collect();
        steps.join("; ")
    }
}

pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_secs()
}
