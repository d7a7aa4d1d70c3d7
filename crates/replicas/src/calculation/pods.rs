//! From samples of pods to a count.

use std::cmp::Ordering;

use super::group::{Group, Source};
use super::requests::Requested;
use super::{
    Calculation, CalculationError, Calculator, Names, Outcome, PodsCalculation, Proposal,
    SecondPass, Unit,
};
use crate::arithmetic::{Numbers, Sum};
use crate::observation::{Join, Pod, PodSample, PodSamples};

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
    /// Samples of pods that do not count.
    dropped: usize,
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

impl Tally {
    /// A pod that has no sample that counts.
    fn aside<N: Numbers>(
        &mut self,
        group: Group,
        pod: &Pod,
        sample: Option<&PodSample>,
        requested: i64,
        fallback: i64,
    ) {
        if let Some(sample) = sample {
            self.dropped += 1;
            self.dropped_usage += i128::from(sample.milli);
        }
        match group {
            Group::Missing => {
                self.missing.add(&pod.name);
                self.missing_requests += i128::from(requested);
                let share = N::share(requested, fallback);
                self.assumed.milli += share.milli;
                self.assumed.percents += share.percents;
            }
            Group::Unready => {
                self.unready.add(&pod.name);
                self.unready_requests += i128::from(requested);
            }
            Group::Ready | Group::Ignored => self.ignored += 1,
        }
    }
}

/// What a ratio led to.
struct Conclusion {
    second: Option<SecondPass>,
    outcome: Outcome,
    replicas: i32,
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
        // What nearly every pod adds to is apart from the rest, so that it stays in registers.
        let (mut ready, mut usage, mut requests) = (0, 0, 0);
        for pod in self.pods {
            let requested = match request(pod) {
                Ok(milli) => milli,
                Err(error) => {
                    tally.failed.get_or_insert(error);
                    0
                }
            };
            let sample = join.find(&pod.name);
            match (readiness.group(pod, sample, source), sample) {
                (Group::Ready, Some(sample)) => {
                    ready += 1;
                    usage += i128::from(sample.milli);
                    requests += i128::from(requested);
                }
                (group, sample) => tally.aside::<N>(group, pod, sample, requested, fallback),
            }
        }
        (tally.ready, tally.ready_usage, tally.ready_requests) = (ready, usage, requests);
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
        let milli = if tally.ready + tally.dropped == samples.len() {
            tally.ready_usage
        } else {
            let samples = samples.as_slice().iter();
            let all: i128 = samples.map(|sample| i128::from(sample.milli)).sum();
            all - tally.dropped_usage
        };
        let counted = samples.len().saturating_sub(tally.dropped);
        if counted == 0 {
            return Err(CalculationError::NoSamples);
        }
        let usage = Sum { milli, percents: 0 };
        let (average, ratio) = N::average(usage, counted, target);
        let missing = tally.missing.count;
        let again = |above: bool, with_unready: usize| {
            let count = counted + missing + with_unready;
            let assumed = if above { 0 } else { target };
            let milli = usage.milli + i128::from(assumed) * missing as i128;
            let (_, ratio) = N::average(Sum { milli, ..usage }, count, target);
            Ok((assumed, ratio))
        };
        let conclusion = self.concluded::<N>(&tally, counted, &ratio, source, again)?;
        Ok(Proposal {
            replicas: conclusion.replicas,
            usage: Some(average),
            utilization: None,
            calculation: Calculation::Pods(PodsCalculation {
                unit: Unit::Milli,
                value: average,
                target,
                ratio: N::shown(&ratio),
                tolerance: self.tolerance,
                counted,
                ready: tally.ready,
                missing: tally.missing,
                unready: tally.unready,
                ignored: tally.ignored,
                second: conclusion.second,
                outcome: conclusion.outcome,
                replicas: conclusion.replicas,
            }),
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
        let source = Source::of(resource);
        let conclusion = self.concluded::<N>(&tally, counted, &ratio, source, again)?;
        Ok(Proposal {
            replicas: conclusion.replicas,
            usage: Some(average),
            utilization: Some(percent_used),
            calculation: Calculation::Pods(PodsCalculation {
                unit: Unit::Percent,
                value: i64::from(percent_used),
                target: i64::from(target),
                ratio: N::shown(&ratio),
                tolerance: self.tolerance,
                counted,
                ready: tally.ready,
                missing: tally.missing,
                unready: tally.unready,
                ignored: tally.ignored,
                second: conclusion.second,
                outcome: conclusion.outcome,
                replicas: conclusion.replicas,
            }),
        })
    }

    fn check(&self) -> Result<(), CalculationError> {
        if self.pods.is_empty() {
            return Err(CalculationError::NoPods);
        }
        Ok(())
    }

    /// From the first ratio to the count. `again` gives what a missing pod is assumed to use and
    /// the ratio with the pods that were left out at first, from whether the first ratio is above 1
    /// and how many unready pods count.
    fn concluded<N: Numbers>(
        &self,
        tally: &Tally,
        counted: usize,
        ratio: &N::Ratio,
        source: Source,
        again: impl Fn(bool, usize) -> Result<(i64, N::Ratio), CalculationError>,
    ) -> Result<Conclusion, CalculationError> {
        let current = self.current_replicas;
        let side = N::versus_one(ratio);
        if side.is_none() {
            return Err(CalculationError::ZeroTarget);
        }
        let above = side == Some(Ordering::Greater);
        let unready = if above { tally.unready.count } else { 0 };
        let missing = tally.missing.count;
        let stays = |outcome, second| Conclusion {
            second,
            outcome,
            replicas: current,
        };
        let scaled = |replicas, second| Conclusion {
            second,
            outcome: Outcome::Scaled,
            replicas,
        };
        if unready == 0 && missing == 0 {
            if N::within(ratio, self.tolerance) {
                return Ok(stays(Outcome::Within, None));
            }
            let wanted = N::replicas(ratio, tally.ready);
            let backward = if above {
                wanted < current
            } else {
                wanted > current
            };
            return Ok(
                if backward && source == Source::Pods && self.left_out.is_some() {
                    stays(Outcome::Backward, None)
                } else {
                    scaled(wanted, None)
                },
            );
        }
        // At exactly 1 missing pods are not added, and nothing else could be.
        let (assumed, second, counted) = match side {
            Some(Ordering::Less | Ordering::Greater) => {
                let (assumed, second) = again(above, unready)?;
                let counted = counted + missing + unready;
                ((missing > 0).then_some(assumed), Some(second), counted)
            }
            _ => (None, None, counted),
        };
        let second = second.as_ref().unwrap_or(ratio);
        let now = N::versus_one(second);
        let wanted = N::replicas(second, counted);
        let pass = Some(SecondPass {
            assumed,
            with_unready: unready > 0,
            counted,
            ratio: N::shown(second),
        });
        Ok(if N::within(second, self.tolerance) {
            stays(Outcome::Within, pass)
        } else if (side, now) == (Some(Ordering::Less), Some(Ordering::Greater))
            || (side, now) == (Some(Ordering::Greater), Some(Ordering::Less))
        {
            stays(Outcome::Turned, pass)
        } else if (now == Some(Ordering::Less) && wanted > current)
            || (now == Some(Ordering::Greater) && wanted < current)
        {
            stays(Outcome::Backward, pass)
        } else {
            scaled(wanted, pass)
        })
    }
}
