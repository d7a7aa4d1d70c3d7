//! From samples of pods to a count.

use std::cmp::Ordering;

use super::group::{Group, Source};
use super::requests::Requested;
use super::{
    Calculation, CalculationError, Calculator, Names, Outcome, PodsCalculation, Proposal,
    SecondPass, Unit,
};
use crate::arithmetic::{Numbers, Sum};
use crate::observation::{Join, Pod, PodSamples};

/// Which pods count for a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups<'a> {
    /// How many have a sample that counts.
    pub ready: usize,
    /// Pods that have not started, or whose CPU sample says nothing yet.
    pub unready: Vec<&'a str>,
    /// Running pods without a sample.
    pub missing: Vec<&'a str>,
    /// Pods that failed or are terminating.
    pub ignored: Vec<&'a str>,
}

/// What all pods together give.
#[derive(Debug, Default)]
struct Tally {
    ready: usize,
    ignored: usize,
    missing: Names,
    unready: Names,
    /// Samples that were found for a pod, and those among them that do not count.
    matched: usize,
    dropped: usize,
    matched_usage: i128,
    dropped_usage: i128,
    ready_usage: i128,
    /// Requests by group.
    ready_requests: i128,
    missing_requests: i128,
    unready_requests: i128,
    /// What missing pods are assumed to use when the ratio is below 1.
    assumed: Sum,
    /// The first pod's error.
    failed: Option<CalculationError>,
}

impl<'a> Calculator<'a> {
    /// Which pods count for a metric (`groupPods`); `resource` is the name of the resource, when
    /// the metric is one.
    #[must_use]
    pub fn groups(&self, resource: Option<&str>, samples: &PodSamples) -> Groups<'a> {
        let readiness = self.readiness();
        let mut join = Join::new(samples);
        let mut groups = Groups::default();
        let source = resource.map_or(Source::Pods, Source::of);
        for pod in self.pods {
            let sample = join.find(&pod.name);
            match readiness.group(pod, sample, source) {
                Group::Ready => groups.ready += 1,
                Group::Unready => groups.unready.push(&pod.name),
                Group::Missing => groups.missing.push(&pod.name),
                Group::Ignored => groups.ignored.push(&pod.name),
            }
        }
        groups
    }

    /// What each pod requests of a resource, in thousandths (`calculateRequests`): of one
    /// container, or all together.
    ///
    /// # Errors
    ///
    /// [`CalculationError`] with the first pod that does not say.
    pub fn requests(
        &self,
        resource: &str,
        container: Option<&str>,
    ) -> Result<Vec<(&'a str, i64)>, CalculationError> {
        let requested = self.requested(resource, container);
        let pods = self.pods.iter();
        pods.map(|pod| Ok((pod.name.as_str(), requested.of(pod)?)))
            .collect()
    }

    fn requested<'r>(&self, resource: &'r str, container: Option<&'r str>) -> Requested<'r> {
        Requested {
            resource,
            container,
            pod_level: self.options.pod_level_resources,
        }
    }

    #[inline]
    fn tally<N: Numbers>(
        &self,
        samples: &PodSamples,
        source: Source,
        fallback: i64,
        request: impl Fn(&Pod) -> Result<i64, CalculationError>,
    ) -> Tally {
        let readiness = self.readiness();
        let mut join = Join::new(samples);
        let mut tally = Tally::default();
        for pod in self.pods {
            let requested = match request(pod) {
                Ok(milli) => milli,
                Err(error) => {
                    tally.failed.get_or_insert(error);
                    0
                }
            };
            let requests = i128::from(requested);
            let sample = join.find(&pod.name);
            let usage = sample.map_or(0, |sample| i128::from(sample.milli));
            tally.matched += usize::from(sample.is_some());
            tally.matched_usage += usage;
            let group = readiness.group(pod, sample, source);
            if group == Group::Ready {
                tally.ready += 1;
                tally.ready_usage += usage;
                tally.ready_requests += requests;
                continue;
            }
            tally.dropped += usize::from(sample.is_some());
            tally.dropped_usage += usage;
            match group {
                Group::Missing => {
                    tally.missing.add(&pod.name);
                    tally.missing_requests += requests;
                    let share = N::share(requested, fallback);
                    tally.assumed.milli += share.milli;
                    tally.assumed.percents += share.percents;
                }
                Group::Unready => {
                    tally.unready.add(&pod.name);
                    tally.unready_requests += requests;
                }
                _ => tally.ignored += 1,
            }
        }
        tally
    }

    /// `calcPlainMetricReplicas`.
    pub(super) fn average<N: Numbers>(
        &self,
        samples: &PodSamples,
        target: i64,
        source: Source,
    ) -> Result<Proposal, CalculationError> {
        self.check()?;
        let tally = self.tally::<N>(samples, source, 0, |_| Ok(0));
        // Samples of unknown pods count, too.
        let all = if tally.matched == samples.len() {
            tally.matched_usage
        } else {
            let samples = samples.as_slice().iter();
            samples.map(|sample| i128::from(sample.milli)).sum()
        };
        let counted = samples.len().saturating_sub(tally.dropped);
        if counted == 0 {
            return Err(CalculationError::NoSamples);
        }
        let usage = Sum {
            milli: all - tally.dropped_usage,
            percents: 0,
        };
        let (average, ratio) = N::average(usage, counted, target);
        let missing = tally.missing.count;
        let again = |above: bool, with_unready: usize| {
            let count = counted + missing + with_unready;
            let assumed = if above { 0 } else { target };
            let milli = usage.milli + i128::from(assumed) * missing as i128;
            let (_, ratio) = N::average(Sum { milli, ..usage }, count, target);
            Ok((assumed, ratio))
        };
        let calculation = PodsCalculation {
            unit: Unit::Milli,
            value: average,
            target,
            counted,
            ..self.begun::<N>(&ratio, tally)
        };
        let calculation = self.concluded::<N>(calculation, &ratio, source, again)?;
        Ok(Proposal {
            replicas: calculation.replicas,
            usage: Some(average),
            utilization: None,
            calculation: Calculation::Pods(calculation),
        })
    }

    /// `GetResourceReplicas`.
    pub(super) fn utilization<N: Numbers>(
        &self,
        resource: &str,
        container: Option<&str>,
        samples: &PodSamples,
        target: i32,
    ) -> Result<Proposal, CalculationError> {
        self.check()?;
        let requested = self.requested(resource, container);
        let percent = target.max(100);
        let mut tally = self.tally::<N>(samples, Source::of(resource), percent.into(), |pod| {
            requested.of(pod)
        });
        let counted = samples.len().saturating_sub(tally.dropped);
        if counted == 0 {
            return Err(CalculationError::NoSamples);
        }
        if let Some(error) = tally.failed.take() {
            return Err(error);
        }
        let (usage, requests) = (tally.ready_usage, tally.ready_requests);
        if requests as i64 == 0 {
            return Err(CalculationError::NothingRequested);
        }
        let plain = |milli| Sum { milli, percents: 0 };
        let (percent_used, ratio) = N::utilization(plain(usage), requests, target);
        let known = i64::try_from(tally.ready).unwrap_or(i64::MAX).max(1);
        let average = (usage as i64).wrapping_div(known);
        let (assumed, missing_requests) = (tally.assumed, tally.missing_requests);
        let unready_requests = tally.unready_requests;
        let again = |above: bool, with_unready: usize| {
            let used = if above {
                plain(usage)
            } else {
                Sum {
                    milli: usage + assumed.milli,
                    percents: assumed.percents,
                }
            };
            let unready = if with_unready > 0 {
                unready_requests
            } else {
                0
            };
            let requests = requests + missing_requests + unready;
            if requests as i64 == 0 {
                return Err(CalculationError::NothingRequested);
            }
            let (_, ratio) = N::utilization(used, requests, target);
            Ok((if above { 0 } else { i64::from(percent) }, ratio))
        };
        let calculation = PodsCalculation {
            unit: Unit::Percent,
            value: i64::from(percent_used),
            target: i64::from(target),
            counted,
            ..self.begun::<N>(&ratio, tally)
        };
        let calculation = self.concluded::<N>(calculation, &ratio, Source::of(resource), again)?;
        Ok(Proposal {
            replicas: calculation.replicas,
            usage: Some(average),
            utilization: Some(percent_used),
            calculation: Calculation::Pods(calculation),
        })
    }

    fn check(&self) -> Result<(), CalculationError> {
        if self.pods.is_empty() {
            return Err(CalculationError::NoPods);
        }
        Ok(())
    }

    /// A calculation after the first ratio, without the value.
    fn begun<N: Numbers>(&self, ratio: &N::Ratio, tally: Tally) -> PodsCalculation {
        PodsCalculation {
            unit: Unit::Milli,
            value: 0,
            target: 0,
            ratio: N::shown(ratio),
            tolerance: self.tolerance,
            counted: 0,
            ready: tally.ready,
            missing: tally.missing,
            unready: tally.unready,
            ignored: tally.ignored,
            second: None,
            outcome: Outcome::Within,
            replicas: self.current_replicas,
        }
    }

    /// From the first ratio to the count. `again` gives what a missing pod is assumed to use and
    /// the ratio with the pods that were left out at first, from whether the first ratio is above 1
    /// and how many unready pods count.
    fn concluded<N: Numbers>(
        &self,
        mut calculation: PodsCalculation,
        ratio: &N::Ratio,
        source: Source,
        again: impl Fn(bool, usize) -> Result<(i64, N::Ratio), CalculationError>,
    ) -> Result<PodsCalculation, CalculationError> {
        let current = self.current_replicas;
        let side = N::versus_one(ratio);
        if side.is_none() {
            return Err(CalculationError::ZeroTarget);
        }
        let above = side == Some(Ordering::Greater);
        let unready = if above { calculation.unready.count } else { 0 };
        let missing = calculation.missing.count;
        if unready == 0 && missing == 0 {
            if !N::within(ratio, self.tolerance) {
                let wanted = N::replicas(ratio, calculation.ready);
                let backward = if above {
                    wanted < current
                } else {
                    wanted > current
                };
                if backward && source == Source::Pods && self.left_out.is_some() {
                    calculation.outcome = Outcome::Backward;
                } else {
                    calculation.outcome = Outcome::Scaled;
                    calculation.replicas = wanted;
                }
            }
            return Ok(calculation);
        }
        // At exactly 1 missing pods are not added, and nothing else could be.
        let (assumed, second, counted) = match side {
            Some(Ordering::Less | Ordering::Greater) => {
                let (assumed, second) = again(above, unready)?;
                let counted = calculation.counted + missing + unready;
                ((missing > 0).then_some(assumed), Some(second), counted)
            }
            _ => (None, None, calculation.counted),
        };
        let second = second.as_ref().unwrap_or(ratio);
        let now = N::versus_one(second);
        let wanted = N::replicas(second, counted);
        let outcome = if N::within(second, self.tolerance) {
            Outcome::Within
        } else if (side, now) == (Some(Ordering::Less), Some(Ordering::Greater))
            || (side, now) == (Some(Ordering::Greater), Some(Ordering::Less))
        {
            Outcome::Turned
        } else if (now == Some(Ordering::Less) && wanted > current)
            || (now == Some(Ordering::Greater) && wanted < current)
        {
            Outcome::Backward
        } else {
            Outcome::Scaled
        };
        calculation.second = Some(SecondPass {
            assumed,
            with_unready: unready > 0,
            counted,
            ratio: N::shown(second),
        });
        calculation.outcome = outcome;
        if outcome == Outcome::Scaled {
            calculation.replicas = wanted;
        }
        Ok(calculation)
    }
}
