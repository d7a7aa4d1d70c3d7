//! How long everything may take.

use std::time::Duration;

/// The durations of an election. The defaults are those of kube-controller-manager 1.36.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long others leave a lease alone that does not change; whole seconds. 15 s by default.
    pub lease_duration: Duration,
    /// How long a leader leads after it sent its last successful renewal. 10 s by default.
    pub renew_deadline: Duration,
    /// The pause between two looks at the lease, and between two renewals. 2 s by default.
    pub retry_period: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

impl Timing {
    pub(super) fn check(&self) -> Result<(), TimingError> {
        let Self {
            lease_duration,
            renew_deadline,
            retry_period,
        } = *self;
        if lease_duration.is_zero()
            || lease_duration.subsec_nanos() != 0
            || i32::try_from(lease_duration.as_secs()).is_err()
        {
            return Err(TimingError::LeaseDuration(lease_duration));
        }
        if renew_deadline >= lease_duration {
            return Err(TimingError::RenewDeadline {
                renew_deadline,
                lease_duration,
            });
        }
        if retry_period.is_zero() || retry_period.saturating_mul(2) > renew_deadline {
            return Err(TimingError::RetryPeriod {
                retry_period,
                renew_deadline,
            });
        }
        Ok(())
    }
}

/// Durations with which an election would not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimingError {
    /// A Lease holds whole seconds.
    #[error("the lease duration has to be whole seconds, at least 1, and is {0:?}")]
    LeaseDuration(Duration),
    /// A leader would lead when others may lead already.
    #[error(
        "the renew deadline of {renew_deadline:?} has to be shorter than the lease duration of \
         {lease_duration:?}: a leader has to stop before others begin"
    )]
    RenewDeadline {
        /// What was given.
        renew_deadline: Duration,
        /// What was given.
        lease_duration: Duration,
    },
    /// A leader would get no second try.
    #[error(
        "the retry period of {retry_period:?} has to be more than 0 and at most half of the renew \
         deadline of {renew_deadline:?}: a renewal that fails needs a second try"
    )]
    RetryPeriod {
        /// What was given.
        retry_period: Duration,
        /// What was given.
        renew_deadline: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_that_cannot_work() {
        let told = |lease: u64, renew: u64, retry: u64| {
            let timing = Timing {
                lease_duration: Duration::from_millis(lease),
                renew_deadline: Duration::from_millis(renew),
                retry_period: Duration::from_millis(retry),
            };
            match timing.check() {
                Ok(()) => "ok".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        insta::assert_snapshot!(
            [
                told(15_000, 10_000, 2_000),
                told(0, 10_000, 2_000),
                told(1_500, 1_000, 100),
                told(10_000, 10_000, 2_000),
                told(15_000, 10_000, 0),
                told(15_000, 10_000, 6_000),
            ]
            .join("\n"),
            @"
        ok
        the lease duration has to be whole seconds, at least 1, and is 0ns
        the lease duration has to be whole seconds, at least 1, and is 1.5s
        the renew deadline of 10s has to be shorter than the lease duration of 10s: a leader has to stop before others begin
        the retry period of 0ns has to be more than 0 and at most half of the renew deadline of 10s: a renewal that fails needs a second try
        the retry period of 6s has to be more than 0 and at most half of the renew deadline of 10s: a renewal that fails needs a second try
        "
        );
    }
}
