//! How stabilization and limits read.

use std::fmt::{self, Display, Formatter};

use super::{Limit, LimitedBy, Normalized, PolicyLimit, Stabilization, Stabilized};

impl Display for Normalized {
    /// What changed the count, on one line; nothing when nothing did.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let stabilized = self.stabilization.outcome != Stabilized::No;
        if stabilized {
            self.stabilization.fmt(f)?;
        }
        if self.limit.by == LimitedBy::Nothing {
            return Ok(());
        }
        if stabilized {
            f.write_str("; ")?;
        }
        self.limit.told(f, self.current)
    }
}

impl Display for Stabilization {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (wanted, replicas) = (self.wanted, self.replicas);
        match self.by {
            None if self.window_seconds == 0 => write!(f, "no stabilization → {wanted}"),
            None => write!(
                f,
                "no recommendation within {} s holds it → {wanted}",
                self.window_seconds
            ),
            Some(by) => {
                let ago = self.now.saturating_duration_since(by.at).as_secs();
                write!(
                    f,
                    "{} was recommended {ago} s ago, within {} s → {replicas} instead of {wanted}",
                    by.replicas, self.window_seconds
                )
            }
        }
    }
}

impl Limit {
    pub(crate) fn told(&self, f: &mut Formatter<'_>, current: i32) -> fmt::Result {
        let (wanted, replicas) = (self.wanted, self.replicas);
        match (self.by, &self.policy) {
            (LimitedBy::Nothing, _) => return self.allowed(f, current),
            (LimitedBy::Min, _) => write!(f, "minReplicas {replicas}")?,
            (LimitedBy::Max, _) => write!(f, "maxReplicas {replicas}")?,
            (_, Some(policy)) => policy.told(f, self.by == LimitedBy::ScaleUp)?,
            (LimitedBy::ScaleUp, None) if replicas == current => {
                f.write_str("scaling up is disabled")?;
            }
            (LimitedBy::ScaleDown, None) => f.write_str("scaling down is disabled")?,
            (LimitedBy::ScaleUp, None) => {
                write!(f, "from {current} at most to {replicas} at once")?;
            }
        }
        write!(f, " → {replicas} instead of {wanted}")
    }

    /// The limits when none of them makes a difference.
    fn allowed(&self, f: &mut Formatter<'_>, current: i32) -> fmt::Result {
        let (min, max, replicas) = (self.min_replicas, self.max_replicas, self.replicas);
        write!(f, "{min} to {max} are allowed")?;
        match self.rate {
            Some(rate) if self.wanted < current => write!(f, ", at least {rate} at once")?,
            Some(rate) => write!(f, ", at most {rate} at once")?,
            None => {}
        }
        write!(f, " → {replicas}")
    }
}

impl PolicyLimit {
    fn told(&self, f: &mut Formatter<'_>, up: bool) -> fmt::Result {
        let unit = if self.percent { " %" } else { "" };
        write!(
            f,
            "at most {}{unit} {} than the {} of {} s ago",
            self.value,
            if up { "more" } else { "less" },
            self.period_start,
            self.period_seconds
        )
    }
}
