//! From one number to a count: Object and External metrics.

use super::{Calculation, CalculationError, Calculator, Outcome, Proposal, TotalCalculation};
use crate::arithmetic::Numbers;
use crate::observation::PodPhase;
use crate::status::ConditionStatus;

/// The sum of external values, held at the ends of i64.
pub(crate) fn sum(values: &[i64]) -> i64 {
    values
        .iter()
        .fold(0, |sum, value| sum.saturating_add(*value))
}

impl Calculator<'_> {
    /// How many pods run and are ready; those that are terminating count, too.
    fn ready_pods(&self) -> Result<usize, CalculationError> {
        if self.pods.is_empty() {
            let none = Box::new(CalculationError::NoPods);
            return Err(CalculationError::ReadyPods(none));
        }
        let ready = self.pods.iter().filter(|pod| {
            let ready = pod
                .ready
                .is_some_and(|ready| ready.status == ConditionStatus::True);
            pod.phase == PodPhase::Running && ready
        });
        Ok(ready.count())
    }

    /// `getUsageRatioReplicaCount`.
    pub(super) fn value<N: Numbers>(
        &self,
        usage: i64,
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        let ratio = N::value(usage, target);
        if N::versus_one(&ratio).is_none() {
            return Err(CalculationError::ZeroTarget);
        }
        let mut calculation = TotalCalculation {
            value: usage,
            target,
            status_replicas: None,
            ratio: N::shown(&ratio),
            tolerance: Some(self.tolerance),
            ready: None,
            outcome: Outcome::Within,
            replicas: self.current_replicas,
        };
        if self.current_replicas == 0 {
            calculation.tolerance = None;
            calculation.outcome = Outcome::Scaled;
            calculation.replicas = N::replicas(&ratio, 1);
        } else if !N::within(&ratio, self.tolerance) {
            let ready = self.ready_pods()?;
            calculation.ready = Some(ready);
            calculation.outcome = Outcome::Scaled;
            calculation.replicas = N::replicas(&ratio, ready);
        }
        Ok(Proposal {
            replicas: calculation.replicas,
            usage: Some(usage),
            utilization: None,
            calculation: Calculation::Total(calculation),
        })
    }

    /// `GetObjectPerPodMetricReplicas`.
    pub(super) fn per_replica<N: Numbers>(
        &self,
        usage: i64,
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        let replicas = self.status_replicas;
        let alone = N::value(usage, target);
        if N::versus_one(&alone).is_none() {
            return Err(CalculationError::ZeroTarget);
        }
        let ratio = N::per_replica(usage, target, replicas);
        // Of no replicas there is no ratio: what is there is compared with nothing.
        let within = replicas != 0 && N::within(&ratio, self.tolerance);
        let calculation = TotalCalculation {
            value: usage,
            target,
            status_replicas: Some(replicas),
            ratio: N::shown(if replicas == 0 { &alone } else { &ratio }),
            tolerance: (replicas != 0).then_some(self.tolerance),
            ready: None,
            outcome: if within {
                Outcome::Within
            } else {
                Outcome::Scaled
            },
            replicas: if within {
                replicas
            } else {
                N::replicas(&alone, 1)
            },
        };
        Ok(Proposal {
            replicas: calculation.replicas,
            usage: N::average_up(usage, replicas),
            utilization: None,
            calculation: Calculation::Total(calculation),
        })
    }
}
