//! From pod samples to a count.

use std::collections::BTreeMap;

use crate::old::decide::Tolerance;
use crate::old::explain::Step;
use crate::old::observation::{MetricReading, Pod, PodPhase};

/// What a metric asks for.
pub(crate) struct Proposal {
    pub(crate) replicas: i32,
    /// The average over the counted samples, in thousandths.
    pub(crate) average_milli: i64,
    pub(crate) steps: Vec<Step>,
}

/// Which pods count, by name.
#[derive(Debug, Default)]
struct Groups<'a> {
    ready: usize,
    unready: Vec<&'a str>,
    missing: Vec<&'a str>,
    ignored: Vec<&'a str>,
}

fn group<'a>(pods: &'a [Pod], samples: &BTreeMap<&str, i64>) -> Groups<'a> {
    let mut groups = Groups::default();
    for pod in pods {
        let name = pod.name.as_str();
        if pod.deleted || pod.phase == PodPhase::Failed {
            groups.ignored.push(name);
        } else if pod.phase == PodPhase::Pending {
            groups.unready.push(name);
        } else if samples.contains_key(name) {
            groups.ready += 1;
        } else {
            groups.missing.push(name);
        }
    }
    groups
}

/// The average of the samples in thousandths, cut toward zero, and its ratio to the target.
fn usage_ratio(samples: &BTreeMap<&str, i64>, target: i64) -> (i64, f64) {
    let sum = samples
        .values()
        .fold(0_i64, |sum, milli| sum.wrapping_add(*milli));
    let count = i64::try_from(samples.len()).unwrap_or(i64::MAX).max(1);
    let average = sum.wrapping_div(count);
    (average, average as f64 / target as f64)
}

/// Go's conversion of a whole float to a 32-bit count, without its surprises out of range.
fn count(replicas: f64) -> i32 {
    replicas.ceil() as i32
}

/// What a `Pods` metric with a target average (in thousandths) asks for: kube-controller-manager
/// 1.36's `calcPlainMetricReplicas`.
pub(crate) fn average_value(
    name: &str,
    reading: &MetricReading,
    target: i64,
    current: i32,
    pods: &[Pod],
    tolerance: Tolerance,
) -> Result<Proposal, String> {
    if pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".to_owned());
    }
    let mut samples: BTreeMap<&str, i64> = BTreeMap::new();
    for sample in &reading.pods {
        samples.insert(&sample.pod, sample.milli);
    }
    let groups = group(pods, &samples);
    samples.retain(|name, _| !groups.ignored.contains(name) && !groups.unready.contains(name));
    if samples.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
    }
    let (average_milli, ratio) = usage_ratio(&samples, target);
    let within = |ratio: f64| tolerance.contains(ratio);
    let step = |ratio, average_milli, counted, replicas| Step::Metric {
        name: name.to_owned(),
        average_milli,
        target_milli: target,
        ratio,
        tolerance,
        within: within(ratio),
        counted,
        replicas,
    };
    let proposal = |replicas, steps| {
        Ok(Proposal {
            replicas,
            average_milli,
            steps,
        })
    };
    let grows_unready = !groups.unready.is_empty() && ratio > 1.0;
    if !grows_unready && groups.missing.is_empty() {
        let replicas = if within(ratio) {
            current
        } else {
            count(ratio * groups.ready as f64)
        };
        return proposal(
            replicas,
            vec![step(ratio, average_milli, groups.ready, Some(replicas))],
        );
    }
    let mut steps = vec![step(ratio, average_milli, samples.len(), None)];
    let assumed = if ratio < 1.0 { target } else { 0 };
    if ratio != 1.0 {
        samples.extend(groups.missing.iter().map(|name| (*name, assumed)));
    }
    if grows_unready {
        samples.extend(groups.unready.iter().map(|name| (*name, 0)));
    }
    let (second_average, second) = usage_ratio(&samples, target);
    let crosses = (ratio < 1.0 && second > 1.0) || (ratio > 1.0 && second < 1.0);
    let wanted = count(second * samples.len() as f64);
    let backward = (second < 1.0 && wanted > current) || (second > 1.0 && wanted < current);
    let replicas = if within(second) || crosses || backward {
        current
    } else {
        wanted
    };
    steps.push(Step::WithoutSample {
        missing: groups
            .missing
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        unready: groups
            .unready
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        assumed_milli: if ratio == 1.0 { None } else { Some(assumed) },
        average_milli: second_average,
        ratio: second,
        counted: samples.len(),
        replicas,
    });
    proposal(replicas, steps)
}
