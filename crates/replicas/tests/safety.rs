//! What a policy asks for beyond Kubernetes, and which of it wins.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use concertina_model::Timestamp;
use concertina_replicas::api::{
    Activation, ContainerResourceMetricSource, ExternalMetricSource, MaxChange, MetricIdentifier,
    MetricSpec, MetricTarget, OnMissing, Readiness, Safety,
};
use concertina_replicas::observation::{Container, Ready, Requests};
use concertina_replicas::{Decision, History, Observation, Options, Policy, Reading, reconcile};
use proptest::prelude::*;
use support::{observation, policy};

fn external(name: &str, target: &str) -> MetricSpec {
    MetricSpec::external(ExternalMetricSource {
        metric: MetricIdentifier::named(name),
        target: MetricTarget::value(target.parse().unwrap()),
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// A policy, and what was decided so far. The history is one that holds nothing up.
#[derive(Clone)]
struct Followed {
    policy: Policy,
    history: History,
    scale_to_zero: bool,
}

impl Followed {
    fn new(policy: Policy, safety: Safety) -> Self {
        assert_eq!(safety.validate(&policy.spec), []);
        let policy = Policy { safety, ..policy };
        let history = History {
            recommendations: Some(Vec::new()),
            ..History::default()
        };
        Self {
            policy,
            history,
            scale_to_zero: false,
        }
    }

    fn look(&mut self, seconds: i64, seen: &Observation) -> Decision {
        let options = Options {
            downscale_stabilization: std::time::Duration::ZERO,
            scale_to_zero: self.scale_to_zero,
            ..Options::default()
        };
        // Every decision is that of a process that was restarted.
        let saved = serde_json::to_string(&self.history).unwrap();
        let history = serde_json::from_str(&saved).unwrap();
        let (decision, next) = reconcile(&self.policy, &options, history, seen, at(seconds));
        self.history = next;
        decision
    }

    fn count(&mut self, seconds: i64, seen: &Observation) -> i32 {
        self.look(seconds, seen).desired_replicas
    }
}

fn on_missing(on_missing: OnMissing) -> Safety {
    Safety {
        on_missing,
        ..Safety::default()
    }
}

/// Two metrics of which the second has a value.
fn two(current: i32, first: Option<i64>, second: Option<i64>) -> Observation {
    let reading = |value: Option<i64>| match value {
        Some(milli) => Ok(Reading::External(vec![milli])),
        None => Err("timeout".to_owned()),
    };
    let mut seen = observation(current, &[], 0);
    seen.pods = observation(
        current,
        &vec![Some(0); usize::try_from(current).unwrap()],
        0,
    )
    .pods;
    for pod in seen.pods.as_mut().unwrap() {
        pod.ready = Some(Ready::yes(at(0)));
    }
    seen.metrics = vec![reading(first), reading(second)];
    seen
}

fn on_two() -> Policy {
    let mut policy = policy(1, 1, 20);
    policy.spec.metrics = vec![external("a", "10"), external("b", "10")];
    policy
}

#[test]
fn hold_keeps_the_count_when_a_metric_or_a_pods_sample_is_missing() {
    let mut held = Followed::new(on_two(), on_missing(OnMissing::Hold));
    assert_eq!(held.count(0, &two(4, None, Some(1_000))), 4);
    assert_eq!(held.count(15, &two(4, Some(1_000), Some(1_000))), 1);
    // Others may scale out.
    assert_eq!(held.count(30, &two(4, None, Some(15_000))), 6);

    // Kubernetes takes three of four idle pods away although the fourth is not seen.
    let seen = observation(4, &[Some(0), Some(0), Some(0), None], 0);
    let mut plain = Followed::new(policy(20_000, 1, 20), Safety::default());
    assert_eq!(plain.count(0, &seen), 1);
    let mut held = Followed::new(policy(20_000, 1, 20), on_missing(OnMissing::Hold));
    let decision = held.look(0, &seen);
    assert_eq!(decision.desired_replicas, 4);
    let summary = decision.explanation.summary();
    let held = "a metric is missing → stays 4 instead of 1";
    assert!(summary.ends_with(held), "{summary}");
}

#[test]
fn a_fixed_count_takes_the_place_of_a_missing_metric() {
    let mut fixed = Followed::new(on_two(), on_missing(OnMissing::Replicas { replicas: 3 }));
    assert_eq!(fixed.count(0, &two(5, None, Some(1_000))), 3);
    let decision = fixed.look(15, &two(2, None, None));
    assert_eq!(decision.desired_replicas, 3);
    assert_eq!(
        decision.rescale.unwrap().reason,
        "external metric a is missing"
    );
    assert!(decision.error.is_some());
    // What is there and asks for more wins.
    assert_eq!(fixed.count(30, &two(4, None, Some(15_000))), 6);
}

#[test]
fn the_last_good_count_holds_for_its_time() {
    let safety = on_missing(OnMissing::LastGood {
        max_age_seconds: 60,
    });
    let mut last = Followed::new(on_two(), safety);
    assert_eq!(last.count(0, &two(4, Some(7_500), Some(1_000))), 3);
    assert_eq!(last.count(60, &two(4, None, Some(1_000))), 3);
    let text = last
        .look(60, &two(3, None, Some(1_000)))
        .explanation
        .summary();
    assert!(
        text.contains("a is missing, 60 s ago it asked for 3"),
        "{text}"
    );
    // Then as with Hold.
    assert_eq!(last.count(61, &two(4, None, Some(1_000))), 4);
    // A metric that the policy does not have any more is forgotten.
    last.policy.spec.metrics.remove(0);
    let mut seen = two(4, None, Some(1_000));
    seen.metrics.drain(..1);
    last.look(75, &seen);
    assert_eq!(last.history.last_good.len(), 1);
}

/// Two containers' CPU, which reasons call by one name, each with its own last count; and the
/// default metric of a spec without metrics.
#[test]
fn the_last_good_count_is_that_of_the_very_metric() {
    let safety = on_missing(OnMissing::LastGood {
        max_age_seconds: 60,
    });
    let of = |container: &str| {
        MetricSpec::container_resource(ContainerResourceMetricSource {
            name: "cpu".to_owned(),
            target: MetricTarget::average_value("1".parse().unwrap()),
            container: container.to_owned(),
        })
    };
    let mut policy = policy(1, 1, 20);
    policy.spec.metrics = vec![of("a"), of("b")];
    let mut last = Followed::new(policy, safety);
    let pods = |values: &[i64]| {
        let samples: Vec<_> = values.iter().copied().map(Some).collect();
        let mut seen = observation(2, &samples, 0);
        for pod in seen.pods.as_mut().unwrap() {
            pod.started = Some(at(-4_000));
            pod.ready = Some(Ready::yes(at(-4_000)));
            pod.containers = vec![Container {
                requests: Requests::from_iter([("cpu", 1_000)]),
                ..Container::default()
            }];
        }
        seen
    };
    let mut seen = pods(&[1_500, 1_500]);
    seen.metrics.extend(pods(&[2_500, 2_500]).metrics);
    assert_eq!(last.count(0, &seen), 4);
    seen.metrics[1] = Err("timeout".to_owned());
    assert_eq!(last.count(15, &seen), 4);
    assert_eq!(last.history.last_good.len(), 2);
    let asked = last.history.last_good.iter().map(|last| last.replicas);
    assert_eq!(asked.collect::<Vec<_>>(), [3, 5]);
    // With another target it is another metric.
    let source = last.policy.spec.metrics[1].container_resource.as_mut();
    source.unwrap().target = MetricTarget::average_value("2".parse().unwrap());
    assert_eq!(last.count(30, &seen), 3);
    assert_eq!(last.history.last_good.len(), 1);

    last.policy.spec.metrics.clear();
    assert_eq!(last.count(45, &pods(&[1_600, 1_600])), 4);
    seen.metrics = vec![Err("timeout".to_owned())];
    assert_eq!(last.count(60, &seen), 4);
}

#[test]
fn pods_that_load_their_model_do_not_count() {
    let mut seen = observation(3, &[Some(30_000), Some(30_000), Some(0)], 0);
    for (pod, age) in seen.pods.as_mut().unwrap().iter_mut().zip([600, 600, 20]) {
        pod.started = Some(at(-age));
        pod.ready = Some(Ready::yes(at(-age)));
    }
    // The third dilutes the average: 20, on target.
    let mut plain = Followed::new(policy(20_000, 1, 20), Safety::default());
    assert_eq!(plain.count(0, &seen), 3);
    let by_age = Readiness {
        min_age_seconds: Some(60),
        ready_only: false,
    };
    let by_readiness = Readiness {
        min_age_seconds: None,
        ready_only: true,
    };
    let aware = |rules: Readiness| {
        let safety = Safety {
            readiness: Some(rules),
            ..Safety::default()
        };
        Followed::new(policy(20_000, 1, 20), safety)
    };
    // 30 ÷ 20 over two pods asks for 3, which is there.
    let busy = aware(by_age).look(0, &seen);
    assert_eq!(busy.desired_replicas, 3);
    assert!(busy.explanation.summary().contains("ceil(1.5 × 2) = 3"));
    // Two loaded pods of five on 30: more than the target never takes pods away.
    let mut many = observation(5, &[Some(30_000), Some(30_000), None, None, None], 0);
    for pod in many.pods.as_mut().unwrap().iter_mut().take(2) {
        pod.ready = Some(Ready::yes(at(-100)));
    }
    let decision = aware(by_readiness).look(0, &many);
    assert_eq!(decision.desired_replicas, 5);
    assert!(
        decision
            .explanation
            .summary()
            .contains("would move against the ratio, stays 5")
    );
    // No pod left: the metric is missing, and `onMissing` says what that means.
    let loading = observation(2, &[Some(0), Some(0)], 0);
    let none = aware(by_readiness).look(0, &loading);
    assert_eq!(none.desired_replicas, 2);
    assert!(none.error.is_some());
    let mut fixed = aware(by_readiness);
    fixed.policy.safety.on_missing = OnMissing::Replicas { replicas: 4 };
    assert_eq!(fixed.count(0, &loading), 4);
    // A sample of a pod that is left out is not missed.
    let mut one = observation(2, &[Some(1_000), None], 0);
    one.pods.as_mut().unwrap()[0].ready = Some(Ready::yes(at(-100)));
    for (rules, count) in [(None, 2), (Some(by_readiness), 1)] {
        let mut held = Followed::new(policy(20_000, 1, 20), on_missing(OnMissing::Hold));
        held.policy.safety.readiness = rules;
        assert_eq!(held.count(0, &one), count, "{rules:?}");
    }
}

#[test]
fn one_decision_changes_no_more_than_it_may() {
    let max_change = Some(MaxChange {
        scale_up: Some(2),
        scale_down: Some(1),
    });
    let safety = Safety {
        max_change,
        ..Safety::default()
    };
    let mut capped = Followed::new(policy(20_000, 2, 8), safety);
    let decision = capped.look(0, &observation(3, &[Some(90_000); 3], 0));
    assert_eq!(decision.desired_replicas, 5);
    assert_eq!(
        decision.explanation.steps.last().unwrap().to_string(),
        "maxChange → 5 instead of 6"
    );
    assert_eq!(capped.count(15, &observation(5, &[Some(0); 5], 0)), 4);
    // Also back into the bounds.
    assert_eq!(capped.count(30, &observation(20, &[Some(0); 5], 0)), 19);
}

fn activated(on_missing: OnMissing) -> Followed {
    let activation = Some(Activation {
        metric: external("queue", "1"),
        cooldown_seconds: 60,
    });
    let safety = Safety {
        on_missing,
        activation,
        ..Safety::default()
    };
    let mut policy = policy(20_000, 2, 8);
    policy.spec.metrics.push(external("load", "10"));
    Followed::new(policy, safety)
}

/// Pods on their target, a load and the activation metric.
fn waiting(current: i32, load: i64, queue: Option<i64>) -> Observation {
    let pods = vec![Some(20_000); usize::try_from(current).unwrap()];
    let mut seen = observation(current, &pods, 0);
    seen.metrics.push(Ok(Reading::External(vec![load])));
    seen.activation = Some(match queue {
        Some(milli) => Ok(Reading::External(vec![milli])),
        None => Err("timeout".to_owned()),
    });
    seen
}

#[test]
fn to_zero_after_the_cool_down_and_back() {
    let mut followed = activated(OnMissing::Kubernetes);
    assert_eq!(followed.count(0, &waiting(2, 10_000, Some(999))), 2);
    assert_eq!(followed.count(59, &waiting(2, 10_000, Some(0))), 2);
    let decision = followed.look(60, &waiting(2, 10_000, Some(0)));
    assert_eq!(decision.desired_replicas, 0);
    assert_eq!(
        decision.explanation.to_string(),
        "queue: 0 < 1 for 60 s → 0\nscales from 2 to 0"
    );
    // At zero the spec's metrics change nothing.
    assert_eq!(followed.count(75, &waiting(0, 90_000, Some(0))), 0);
    assert_eq!(followed.count(90, &waiting(0, 90_000, None)), 0);
    // Back to minReplicas, or to what a metric without pods asks for.
    let mut again = followed.clone();
    assert_eq!(followed.count(105, &waiting(0, 10_000, Some(1_000))), 2);
    assert_eq!(again.count(105, &waiting(0, 50_000, Some(1_000))), 5);
    // Active again, so the spec's metrics decide.
    assert_eq!(followed.count(120, &waiting(2, 10_000, Some(1_000))), 2);
}

#[test]
fn the_cool_down_begins_anew_when_the_activation_metric_is_missing() {
    let mut followed = activated(OnMissing::Kubernetes);
    assert_eq!(followed.count(0, &waiting(2, 10_000, Some(0))), 2);
    assert_eq!(followed.count(45, &waiting(2, 10_000, None)), 2);
    assert_eq!(followed.count(60, &waiting(2, 10_000, Some(0))), 2);
    assert_eq!(followed.count(119, &waiting(2, 10_000, Some(0))), 2);
    assert_eq!(followed.count(120, &waiting(2, 10_000, Some(0))), 0);
}

#[test]
fn zero_that_somebody_else_chose_stays() {
    let mut followed = activated(OnMissing::Kubernetes);
    assert_eq!(followed.count(0, &waiting(0, 90_000, Some(9_000))), 0);
}

#[test]
fn only_hold_keeps_an_idle_workload_from_zero() {
    let mut missing = waiting(3, 10_000, Some(0));
    missing.metrics[0] = Err("timeout".to_owned());
    for (rule, count) in [
        (OnMissing::Kubernetes, 0),
        (OnMissing::Replicas { replicas: 4 }, 0),
        (OnMissing::Hold, 3),
    ] {
        let mut followed = activated(rule);
        followed.count(0, &waiting(3, 10_000, Some(0)));
        assert_eq!(followed.count(60, &missing), count, "{rule:?}");
    }
    // maxReplicas holds nevertheless.
    let mut followed = activated(OnMissing::Hold);
    followed.count(0, &waiting(3, 10_000, Some(0)));
    missing.scale = Ok(support::scale(12));
    assert_eq!(followed.count(60, &missing), 8);
    // At zero a fixed count stands for a missing activation metric.
    let mut followed = activated(OnMissing::Replicas { replicas: 4 });
    followed.count(0, &waiting(3, 10_000, Some(0)));
    assert_eq!(followed.count(60, &waiting(3, 10_000, Some(0))), 0);
    assert_eq!(followed.count(75, &waiting(0, 10_000, None)), 4);
}

/// A count that is remembered stands for the metric, so that the idle workload goes; once that is too
/// old nothing does.
#[test]
fn the_last_good_count_keeps_an_idle_workload_only_once_it_is_too_old() {
    for (seconds, count) in [(90, 0), (91, 3)] {
        let mut followed = activated(OnMissing::LastGood {
            max_age_seconds: 90,
        });
        followed.count(0, &waiting(3, 10_000, Some(0)));
        let mut missing = waiting(3, 10_000, Some(0));
        missing.metrics[0] = Err("timeout".to_owned());
        assert_eq!(followed.count(seconds, &missing), count, "{seconds} s");
    }
}

#[test]
fn max_change_cuts_the_way_to_zero_and_back() {
    let mut followed = activated(OnMissing::Kubernetes);
    followed.policy.safety.max_change = Some(MaxChange {
        scale_up: Some(1),
        scale_down: Some(2),
    });
    followed.count(0, &waiting(3, 10_000, Some(0)));
    assert_eq!(followed.count(60, &waiting(3, 10_000, Some(0))), 1);
    assert_eq!(followed.count(75, &waiting(1, 10_000, Some(0))), 0);
    assert_eq!(followed.count(90, &waiting(0, 10_000, Some(5_000))), 1);
}

#[test]
fn min_replicas_zero_is_one_while_active() {
    let mut followed = activated(OnMissing::Kubernetes);
    followed.policy.spec.min_replicas = Some(0);
    let mut idle = waiting(2, 0, Some(5_000));
    idle.metrics[0] = observation(2, &[Some(0); 2], 0).metrics.remove(0);
    for pod in idle.pods.as_mut().unwrap() {
        pod.ready = Some(Ready::yes(at(0)));
    }
    assert_eq!(followed.count(0, &idle), 1);
}

/// Gate, minimum and treatment of missing data beside an activation: which of them decides on zero.
#[test]
fn activation_decides_on_zero_with_and_without_the_gate() {
    let missing = [
        OnMissing::Kubernetes,
        OnMissing::Hold,
        OnMissing::Replicas { replicas: 4 },
        OnMissing::LastGood {
            max_age_seconds: 30,
        },
    ];
    for (rule, min, gate) in missing
        .into_iter()
        .flat_map(|rule| [(rule, 0), (rule, 2)])
        .flat_map(|(rule, min)| [(rule, min, false), (rule, min, true)])
    {
        let case = format!("{rule:?}, minReplicas {min}, HPAScaleToZero {gate}");
        let mut followed = activated(rule);
        followed.policy.spec.min_replicas = Some(min);
        followed.scale_to_zero = gate;
        let least = min.max(1);
        // No load at all, but active: not to zero.
        let mut no_load = waiting(3, 0, Some(1_000));
        no_load.metrics[0] = observation(3, &[Some(0); 3], 0).metrics.remove(0);
        for pod in no_load.pods.as_mut().unwrap() {
            pod.ready = Some(Ready::yes(at(0)));
        }
        assert_eq!(followed.count(0, &no_load), least, "{case}");
        // Idle: to zero, whatever minReplicas is and the metrics ask for.
        followed.count(15, &waiting(3, 90_000, Some(0)));
        assert_eq!(
            followed.count(75, &waiting(3, 90_000, Some(0))),
            0,
            "{case}"
        );
        // At zero load alone changes nothing; a missing activation metric does for a fixed count.
        assert_eq!(
            followed.count(90, &waiting(0, 90_000, Some(0))),
            0,
            "{case}"
        );
        let mut again = followed.clone();
        let fixed = i32::from(matches!(rule, OnMissing::Replicas { .. })) * 4;
        assert_eq!(again.count(105, &waiting(0, 90_000, None)), fixed, "{case}");
        // Back to the minimum, at least 1.
        assert_eq!(
            followed.count(105, &waiting(0, 0, Some(1_000))),
            least,
            "{case}"
        );
    }
}

proptest! {
    #[test]
    fn max_change_holds_for_every_decision(
        current in 0_i32..30,
        up in 1_i32..5,
        down in 1_i32..5,
        values in prop::collection::vec(prop::option::of(-100_000_i64..1_000_000), 0..9),
    ) {
        let max_change = Some(MaxChange { scale_up: Some(up), scale_down: Some(down) });
        let safety = Safety { max_change, ..Safety::default() };
        let mut followed = Followed::new(policy(20_000, 2, 20), safety);
        let desired = followed.count(0, &observation(current, &values, 0));
        prop_assert!((current - down..=current + up).contains(&desired), "{current} to {desired}");
    }
}
