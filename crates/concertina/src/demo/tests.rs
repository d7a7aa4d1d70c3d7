//! Decisions of the real algorithm, looked at from outside.

use std::time::Duration;

use concertina_autoscaler::{Report, manifest};
use concertina_model::Timestamp;
use concertina_replicas::observation::Ready;
use concertina_replicas::{
    History, Observation, Options, Pod, PodPhase, PodSample, Policy, Reading, Scale, reconcile,
};

use super::outcome::Outcome;
use super::rest::{Course, Due, is_settled, time_to_rest};
use super::verdict::Verdict;

/// The walkthrough's autoscaler with a `behavior`.
fn policy(behavior: &str) -> Policy {
    let hpa = include_str!("../../../../examples/bert-intent-detection/hpa.yaml");
    manifest::parse(&format!("{hpa}  behavior: {behavior}\n")).unwrap()
}

/// A workload whose pods all have the same value, looked at every 15 s.
struct Played {
    policy: Policy,
    history: History,
    at: Timestamp,
    replicas: i32,
    verdict: Verdict,
}

impl Played {
    fn new(behavior: &str, replicas: i32) -> Self {
        let policy = policy(behavior);
        Self {
            verdict: Verdict::new(&policy),
            policy,
            history: History::default(),
            at: Timestamp::from_millis(0),
            replicas,
        }
    }

    fn look(&mut self, milli: i64) -> Report {
        self.at = self.at.saturating_add(Duration::from_secs(15));
        let names = || (0..self.replicas).map(|number| format!("pod-{number}"));
        let pods = names().map(|name| Pod {
            name,
            phase: PodPhase::Running,
            ready: Some(Ready::yes(Timestamp::EPOCH)),
            ..Pod::default()
        });
        let samples = names().map(|name| PodSample::new(name, milli));
        let observation = Observation {
            scale: Ok(Scale {
                spec_replicas: self.replicas,
                status_replicas: self.replicas,
                selector: "app=web".to_owned(),
            }),
            pods: Ok(pods.collect()),
            metrics: vec![Ok(Reading::Pods(samples.collect()))],
            activation: None,
        };
        let history = std::mem::take(&mut self.history);
        let options = Options::default();
        let (decision, history) = reconcile(&self.policy, &options, history, &observation, self.at);
        self.history = history;
        self.replicas = decision.desired_replicas;
        let report = Report {
            at: self.at,
            observation,
            decision,
        };
        self.verdict.check(&report);
        report
    }

    fn course(&mut self, milli: i64) -> Course {
        let report = self.look(milli);
        Course::of(&self.policy, &report)
    }

    fn outcome(&self, rest: Option<(i32, Course)>) -> String {
        let outcome = Outcome {
            min: 1,
            highest: self.verdict.highest,
            wanted: self.verdict.wanted,
            limiter: self.verdict.limiter.clone(),
            rest,
        };
        assert_eq!(self.verdict.wrong(), Vec::<String>::new());
        outcome.to_string()
    }
}

#[test]
fn a_value_near_its_target_is_rest_once_older_ones_are_gone() {
    let mut played = Played::new("{}", 1);
    let begun = played.at;
    let report = played.look(19_000);
    assert_eq!(Course::of(&played.policy, &report), Course::Stays);
    assert!(!is_settled(&played.policy, &report, begun));
    played.at = begun.saturating_add(Duration::from_secs(45));
    let report = played.look(19_000);
    assert!(is_settled(&played.policy, &report, begun));
    // What asks for nothing at all has nothing to forget.
    let report = played.look(0);
    assert!(is_settled(&played.policy, &report, report.at));
}

#[test]
fn a_direction_that_is_off_is_rest_and_a_window_is_not() {
    let mut off = Played::new("{scaleDown: {selectPolicy: Disabled}}", 3);
    assert_eq!(off.course(0), Course::DownIsOff);
    let mut off = Played::new("{scaleUp: {selectPolicy: Disabled}}", 3);
    assert_eq!(off.course(40_000), Course::UpIsOff);
    let mut waits = Played::new("{scaleDown: {stabilizationWindowSeconds: 600}}", 3);
    assert_eq!(waits.course(20_000), Course::Stays);
    for _ in 0..39 {
        assert_eq!(waits.course(0), Course::Fewer);
    }
    assert_eq!(waits.course(0), Course::Open);
    assert_eq!(waits.course(0), Course::Stays);
}

#[test]
fn the_wait_follows_the_manifest() {
    let wait = |behavior: &str, replicas: i32| {
        let mut played = Played::new(behavior, replicas);
        let report = played.look(20_000);
        time_to_rest(&played.policy, Some(&report)).as_secs()
    };
    assert_eq!(wait("{}", 2), 60 + 300 + 60);
    let window = "{scaleDown: {stabilizationWindowSeconds: 600}}";
    assert_eq!(wait(window, 2), 60 + 600 + 60);
    let slow = "{scaleDown: {policies: [{type: Pods, value: 1, periodSeconds: 120}]}}";
    assert_eq!(wait(slow, 5), 60 + 4 * 120 + 60);
}

/// Decisions by an hour's window, judged as if it were five minutes.
#[test]
fn a_scale_in_that_was_due_and_did_not_come_is_told_once() {
    let mut late = Played::new("{scaleDown: {stabilizationWindowSeconds: 3600}}", 2);
    late.look(20_000);
    let (judged, mut due) = (policy("{}"), Due::default());
    let told: Vec<String> = (0..60)
        .filter_map(|_| due.look(&judged, &late.look(0)))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"1970-01-01T00:05:45Z: 2 replicas stay, though the metrics have asked for fewer for 315 s, and nothing holds a scale-in up for more than 300 s");
    // By its own policy nothing is due.
    let mut due = Due::default();
    assert_eq!(due.look(&late.policy.clone(), &late.look(0)), None);
}

#[test]
fn what_kept_the_count_down_is_named() {
    let told = [
        "{scaleUp: {selectPolicy: Disabled}}",
        "{scaleUp: {stabilizationWindowSeconds: 600}}",
        "{scaleUp: {policies: [{type: Pods, value: 2, periodSeconds: 600}]}}",
        "{scaleUp: {policies: [{type: Percent, value: 100, periodSeconds: 600}]}}",
        "{scaleUp: {policies: [{type: Pods, value: 50, periodSeconds: 60}]}}",
    ]
    .map(|behavior| {
        let mut played = Played::new(behavior, 1);
        played.look(20_000);
        let report = played.look(240_000);
        let rest = Course::of(&played.policy, &report);
        let rest = rest.is_at_rest().then_some((played.replicas, rest));
        played.outcome(rest)
    });
    insta::assert_snapshot!(told.join("\n"), @"
    the load asked for 12, and `scaleUp.selectPolicy`, which is Disabled, kept it at 1
    the load asked for 12, and the window of `scaleUp`, 600 s, kept it at 1
    scaled out from 1 to 3; the load ended before the workload could come to rest; the load asked for 12, and the policy of `scaleUp`, at most 2 pods in 600 s, kept it at 3
    scaled out from 1 to 2; the load ended before the workload could come to rest; the load asked for 12, and the policy of `scaleUp`, at most 100 % in 600 s, kept it at 2
    scaled out from 1 to 10; the load ended before the workload could come to rest; the load asked for 12, and the maximum of 10 kept it there
    ");
}
