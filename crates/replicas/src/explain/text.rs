//! How decisions read.

use std::fmt::{self, Display, Formatter};

use super::number::Milli;
use super::{Explanation, Step};

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScale { reason } => write!(f, "the scale cannot be read: {reason}"),
            Self::NoSelector { reason } => write!(f, "the pods are unknown: {reason}"),
            Self::Disabled => f.write_str("scaled to 0 → autoscaling is off"),
            Self::OutOfBounds { current, bound } => {
                write!(
                    f,
                    "{current} is out of bounds → {bound}, metrics are not looked at"
                )
            }
            Self::Metric { name, calculation } => write!(f, "{name}: {calculation}"),
            Self::NoMetric { name, reason } => write!(f, "{name}: {reason}"),
            Self::Substituted {
                name,
                replicas,
                seconds_ago,
            } => match seconds_ago {
                Some(ago) => write!(f, "{name} is missing, {ago} s ago it asked for {replicas}"),
                None => write!(f, "{name} is missing → {replicas}, as the policy says"),
            },
            Self::Held { wanted, replicas } => write!(
                f,
                "a metric is missing → stays {replicas} instead of {wanted}"
            ),
            Self::Activation {
                name,
                value,
                threshold,
                cooldown_seconds,
                idle,
                replicas,
            } => {
                let threshold = Milli(*threshold);
                match value {
                    None => write!(f, "{name} is missing → {replicas}"),
                    Some(value) if *idle => write!(
                        f,
                        "{name}: {} < {threshold} for {cooldown_seconds} s → {replicas}",
                        Milli(*value)
                    ),
                    Some(value) => {
                        let sign = if *value < threshold.0 { '<' } else { '≥' };
                        write!(
                            f,
                            "{name}: {} {sign} {threshold} → {replicas}",
                            Milli(*value)
                        )
                    }
                }
            }
            Self::Capped { wanted, replicas } => {
                write!(f, "maxChange → {replicas} instead of {wanted}")
            }
            Self::Highest { name, replicas, of } => {
                write!(f, "the highest of {of} counts: {replicas}, from {name}")
            }
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
            Self::Stabilized(stabilization) => stabilization.fmt(f),
            Self::Limited { current, limit } => limit.told(f, *current),
            Self::FromZero { wanted, min } => {
                write!(
                    f,
                    "from 0 at least to minReplicas {min} → {min} instead of {wanted}"
                )
            }
        }
    }
}

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        if self.current == self.desired {
            write!(f, "stays at {}", self.current)
        } else {
            write!(f, "scales from {} to {}", self.current, self.desired)
        }
    }
}
