//! The demo as it is told: the load is played, and what can be seen is printed as it happens.

use std::io::Stdout;
use std::time::Duration;

use concertina_autoscaler::Report;
use concertina_model::{Quantity, Timestamp};
use concertina_replicas::api::MetricSpec;
use concertina_replicas::{Policy, ReconcileError, Step};
use concertina_sources::Clock;

use super::input::Input;
use super::listing;
use super::outcome::Outcome;
use super::parts::{Parts, SCRAPE};
use super::rest::{Course, Due, is_settled, time_to_rest};
use super::screen::{Row, Screen, Style, human_duration};
use super::sim::{NODE, Phase};
use super::truth::Truth;
use super::verdict::Verdict;
use super::{DemoArgs, DemoError};

/// How often the autoscaler looks: `--horizontal-pod-autoscaler-sync-period`.
const SYNC: Duration = Duration::from_secs(15);
pub(super) struct Story {
    parts: Parts,
    input: Input,
    screen: Screen<Stdout>,
    verdict: Verdict,
    truth: Truth,
    due: Due,
    /// When the load or the count changed last.
    since: Timestamp,
    row: Option<Row>,
    reason: String,
    last: Option<Report>,
}

impl Story {
    pub(super) fn new(parts: Parts, input: Input, screen: Screen<Stdout>) -> Self {
        let verdict = Verdict::new(&input.hpa);
        let since = parts.clock.now();
        Self {
            parts,
            input,
            screen,
            verdict,
            truth: Truth::default(),
            due: Due::default(),
            since,
            row: None,
            reason: String::new(),
            last: None,
        }
    }

    /// Plays the load, follows the autoscaler, and judges.
    pub(super) async fn tell(&mut self, args: &DemoArgs) -> Result<(), DemoError> {
        self.introduce(args)?;
        if self.parts.remote {
            listing::wait(&self.parts, &self.input, &mut self.screen).await?;
        }
        listing::print(&self.parts, &self.input, &mut self.screen).await?;
        self.screen
            .line(Style::Heading, "\n$ kubectl get hpa --watch")?;
        let phases = self.input.phases().to_vec();
        for (index, phase) in phases.iter().enumerate() {
            let last = index + 1 == phases.len();
            self.play(phase, last).await?;
        }
        self.parts.load.drained().await;
        self.judge()?;
        if args.hold {
            self.hold().await?;
        }
        Ok(())
    }

    fn introduce(&mut self, args: &DemoArgs) -> Result<(), DemoError> {
        let target = self.input.hpa.scale_target();
        let title = format!(
            "{} on node {NODE} (8 simulated GPUs), time runs at {}x",
            target.name, args.speed
        );
        self.screen.line(Style::Heading, title)?;
        let exporter = &self.parts.exporter;
        let lines = [
            format!("  exporter       http://{exporter}/metrics"),
            format!("  source         {}", self.parts.source.describe()),
            format!(
                "  metrics API    {}/apis/custom.metrics.k8s.io/v1beta1",
                self.parts.api
            ),
            format!(
                "  service        {}/predict?query=Music",
                self.parts.service
            ),
        ];
        for line in lines {
            self.screen.line(Style::Plain, line)?;
        }
        for refused in self.input.rules.refused() {
            let text = format!("warning: {refused}; it is left out, the other rules serve");
            self.screen.line(Style::Bad, text)?;
        }
        if self.parts.remote {
            let interval = self.interval();
            let config = format!(
                "\nPrometheus must scrape the exporter; this in its configuration does it:\n\
                 \n  scrape_configs:\n  - job_name: gpu-exporter\n    scrape_interval: {interval}ms\n    \
                 scrape_timeout: {interval}ms\n    static_configs:\n    - targets: [\"{exporter}\"]"
            );
            self.screen.line(Style::Plain, config)?;
        }
        Ok(())
    }

    /// The distance between scrapes in real milliseconds, for a Prometheus.
    fn interval(&self) -> u128 {
        self.parts.clock.real(SCRAPE).as_millis().max(1)
    }

    /// Plays one phase. The last one ends early when there is nothing left to wait for.
    async fn play(&mut self, phase: &Phase, last: bool) -> Result<(), DemoError> {
        let rate = phase.requests_per_second;
        let what = if rate > 0.0 {
            format!(
                "-- {}: {rate} requests/s for {}",
                phase.name,
                human_duration(phase.duration)
            )
        } else {
            format!("-- {}: no requests", phase.name)
        };
        self.screen.line(Style::Quiet, what)?;
        let clock = self.parts.clock.clone();
        self.since = clock.now();
        let mut played = phase.clone();
        if last && rate == 0.0 && self.input.waits_for_rest() {
            let needed = time_to_rest(&self.input.hpa, self.last.as_ref());
            played.duration = played.duration.max(needed);
        }
        let end = self.since.saturating_add(played.duration);
        let load = self.parts.load.clone();
        let requests = tokio::spawn(async move { load.run(&played).await });
        while clock.now() < end {
            self.reconcile().await?;
            if last && rate == 0.0 && self.rest().is_some() {
                requests.abort();
                return Ok(());
            }
            let next = clock.now().saturating_add(SYNC).min(end);
            while clock.now() < next {
                let step = clock.now().saturating_add(Duration::from_secs(3)).min(next);
                clock.sleep_until(step).await;
                self.truth.look(&self.parts.node);
                self.progress(&phase.name)?;
            }
        }
        // Every request of the phase has been sent by now; a late generator catches up here.
        requests
            .await
            .map_err(|error| DemoError::Failed(format!("the load generator: {error}")))
    }

    fn progress(&mut self, phase: &str) -> Result<(), DemoError> {
        let age = human_duration(self.age());
        let served = self.parts.predict.served();
        let text = format!("{age}  {phase}: {served} predictions served");
        Ok(self.screen.progress(text)?)
    }

    fn age(&self) -> Duration {
        let clock = self.parts.clock.clone();
        clock.now().saturating_duration_since(clock.start())
    }

    async fn reconcile(&mut self) -> Result<(), DemoError> {
        let now = self.parts.clock.now();
        let report = self.parts.controller.reconcile(now).await;
        if let (None, Some(error)) = (report.scale(), &report.decision.error) {
            return Err(DemoError::Failed(error.to_string()));
        }
        self.verdict.check(&report);
        if self.input.reads_the_hardware {
            self.truth.check(&report);
        }
        if let Some(overdue) = self.due.look(&self.input.hpa, &report) {
            self.verdict.note(overdue);
        }
        if report.decision.rescale.is_some() {
            self.since = report.at;
        }
        self.print(&report)?;
        self.last = Some(report);
        Ok(())
    }

    /// The count at which the workload has come to rest, and why it stays.
    fn rest(&self) -> Option<(i32, Course)> {
        let report = self.last.as_ref()?;
        let settled = is_settled(&self.input.hpa, report, self.since);
        let current = report.scale()?.spec_replicas;
        settled.then(|| (current, Course::of(&self.input.hpa, report)))
    }

    fn print(&mut self, report: &Report) -> Result<(), DemoError> {
        let row = row(&self.input.hpa, report);
        let age = report
            .at
            .saturating_duration_since(self.parts.clock.start());
        if self.row.is_none() {
            self.screen.line(Style::Plain, row.header())?;
        }
        if self.row.as_ref() != Some(&row) {
            self.screen.line(Style::Plain, row.text(age))?;
            self.row = Some(row);
        }
        let (style, reason) = reason(report, self.input.hpa.spec.min_replicas());
        // A reason is told once, not at every look.
        if reason != self.reason {
            if !reason.is_empty() {
                let text = format!(
                    "    {reason}\n    {}",
                    report.decision.explanation.summary()
                );
                self.screen.line(style, text)?;
            }
            self.reason = reason;
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<(), DemoError> {
        let load = self.parts.load.stats();
        let (sent, answered, failed) = (load.sent(), load.answered(), load.failed());
        let mut wrong = self.verdict.wrong();
        if failed > 0 {
            wrong.push(format!(
                "the service refused {failed} of {sent} requests: more load than its pods could \
                 take when it came"
            ));
        } else if answered != sent {
            wrong.push(format!("{answered} of {sent} requests were answered"));
        }
        let misread = self.truth.wrong();
        let late = misread.is_some() || self.verdict.missed();
        wrong.extend(misread);
        let min = self.input.hpa.spec.min_replicas();
        let quiet = |last: &Phase| last.requests_per_second == 0.0;
        let ends_quietly = self.input.phases().last().is_some_and(quiet);
        let outcome = Outcome {
            min,
            highest: self.verdict.highest,
            wanted: self.verdict.wanted,
            limiter: self.verdict.limiter.clone(),
            rest: self.rest().filter(|_| ends_quietly),
        };
        let back = outcome.rest.is_some_and(|(last, _)| last == 1);
        if self.input.built_in && !((min, outcome.highest) == (1, 2) && back) {
            wrong.push(format!(
                "with its own files the demo goes from 1 to 2 and back; instead: {outcome}"
            ));
        }
        if self.parts.remote && late {
            wrong.push(format!(
                "does Prometheus scrape {} every {}ms, as the configuration above says?",
                self.parts.exporter,
                self.interval()
            ));
        }
        if !wrong.is_empty() {
            return Err(DemoError::Failed(wrong.join("; ")));
        }
        let text = format!(
            "\nok: {outcome}; {answered} predictions served, {} decisions checked against exact arithmetic",
            self.verdict.checked()
        );
        Ok(self.screen.line(Style::Good, text)?)
    }

    /// Keeps serving, and following, until Ctrl-C.
    async fn hold(&mut self) -> Result<(), DemoError> {
        let (api, service) = (&self.parts.api, &self.parts.service);
        let list = "apis/custom.metrics.k8s.io/v1beta1";
        let namespace = &self.input.hpa.namespace;
        let metrics = &self.input.hpa.spec.metrics;
        let metric = metrics.first().map_or("", MetricSpec::name);
        let text = format!(
            "\nStill serving; Ctrl-C ends it. Try:\n  \
             curl '{service}/predict?query=Music'\n  \
             curl http://{}/metrics\n  \
             kubectl --server {api} get --raw /{list}\n  \
             curl '{api}/{list}/namespaces/{namespace}/pods/*/{metric}'\n  \
             hey -n 10000 -c 200 '{service}/predict?query=music'",
            self.parts.exporter
        );
        self.screen.line(Style::Plain, text)?;
        let clock = self.parts.clock.clone();
        let mut stop = std::pin::pin!(crate::signals::told_to_stop());
        loop {
            tokio::select! {
                stopped = &mut stop => return Ok(stopped?),
                () = clock.sleep(SYNC) => self.reconcile().await?,
            }
        }
    }
}

/// Between the targets of several metrics.
const SEPARATOR: &str = ", ";

fn target_of(metric: &MetricSpec) -> Quantity {
    let target = metric.target().and_then(|target| target.average_value);
    target.unwrap_or_default()
}

/// The row of `kubectl get hpa`.
fn row(hpa: &Policy, report: &Report) -> Row {
    let values = report.decision.status.current_metrics.as_ref();
    let metrics = hpa.spec.metrics.iter().enumerate();
    let targets = metrics.map(|(index, metric)| {
        let value = values.and_then(|values| values.get(index)?.as_ref()?.average_value);
        let value = value.map_or("<unknown>".to_owned(), |value| value.to_string());
        format!("{value}/{}", target_of(metric))
    });
    let targets: Vec<String> = targets.collect();
    // Wide enough for values as long as the word that stands for none.
    let widest = hpa
        .spec
        .metrics
        .iter()
        .map(|metric| format!("<unknown>/{}", target_of(metric)));
    let widest: Vec<String> = widest.collect();
    let target = hpa.scale_target();
    Row {
        name: hpa.name.clone(),
        reference: format!("{}/{}", target.kind, target.name),
        targets: targets.join(SEPARATOR),
        targets_width: widest.join(SEPARATOR).len(),
        min: hpa.spec.min_replicas().to_string(),
        max: hpa.spec.max_replicas.to_string(),
        replicas: report.decision.status.current_replicas.to_string(),
    }
}

/// What happened, in words that stay the same as long as the same thing happens.
fn reason(report: &Report, min: i32) -> (Style, String) {
    let current = report.decision.status.current_replicas;
    if let Some(ReconcileError::Rescale { reason, .. }) = &report.decision.error {
        return (
            Style::Bad,
            format!("the scale could not be written: {reason}"),
        );
    }
    if let Some(rescale) = &report.decision.rescale {
        let because = match rescale.reason.as_str() {
            "" => "recent recommendations expired",
            reason => reason,
        };
        return (
            Style::Good,
            format!("scaled from {current} to {}: {because}", rescale.replicas),
        );
    }
    let steps = &report.decision.explanation.steps;
    // Without the window it would have become fewer, and the minimum would have allowed it.
    let held = steps.iter().any(|step| match step {
        Step::Stabilized(held) => held.by.is_some() && held.wanted.max(min) < current,
        _ => false,
    });
    let unknown = steps
        .iter()
        .any(|step| matches!(step, Step::NoMetric { .. }));
    if unknown {
        (
            Style::Bad,
            format!("stays at {current}: a metric is missing"),
        )
    } else if held {
        (
            Style::Quiet,
            format!("stays at {current}: scale-in waits for the stabilization window"),
        )
    } else {
        (Style::Plain, String::new())
    }
}
