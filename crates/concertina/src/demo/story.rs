//! The demo as it is told: the load is played, and what can be seen is printed as it happens.

use std::io::Stdout;
use std::time::Duration;

use concertina_autoscaler::Report;
use concertina_metrics_api::types::ApiVersion;
use concertina_model::Quantity;
use concertina_replicas::api::MetricSpec;
use concertina_replicas::{Policy, ReconcileError, Step};
use concertina_sources::Clock;

use super::input::Input;
use super::parts::{Parts, SCRAPE};
use super::screen::{Row, Screen, Style, human_duration};
use super::sim::{NODE, Phase};
use super::truth::Truth;
use super::verdict::Verdict;
use super::{DemoArgs, DemoError};

/// How often the autoscaler looks: `--horizontal-pod-autoscaler-sync-period`.
const SYNC: Duration = Duration::from_secs(15);
/// How long the first metric may take to arrive, in real time.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same, while somebody tells a Prometheus to scrape the exporter.
const PATIENCE_WITH_PROMETHEUS: Duration = Duration::from_secs(300);
/// How long a quiet phase must be for the workload to come to rest in it: the stabilization
/// window, the time for the last sample to go, and a few looks.
const TO_REST: Duration = Duration::from_secs(300 + 120);

pub(super) struct Story {
    parts: Parts,
    input: Input,
    screen: Screen<Stdout>,
    verdict: Verdict,
    truth: Truth,
    row: Option<Row>,
    reason: String,
    last: Option<Report>,
}

impl Story {
    pub(super) fn new(parts: Parts, input: Input, screen: Screen<Stdout>) -> Self {
        let verdict = Verdict::new(&input.hpa);
        Self {
            parts,
            input,
            screen,
            verdict,
            truth: Truth::default(),
            row: None,
            reason: String::new(),
            last: None,
        }
    }

    /// Plays the load, follows the autoscaler, and judges.
    pub(super) async fn tell(&mut self, args: &DemoArgs) -> Result<(), DemoError> {
        self.introduce(args)?;
        self.list_metrics(args.prometheus_url.is_some()).await?;
        let phases = self.input.load.phases.clone();
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
            format!("  source         {}", self.parts.source),
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
        for refused in &self.input.refused {
            let text = format!("warning: {refused}; it is left out, the other rules serve");
            self.screen.line(Style::Bad, text)?;
        }
        if args.prometheus_url.is_some() {
            let interval = self.parts.clock.real(SCRAPE).as_millis().max(1);
            let config = format!(
                "\nPrometheus must scrape the exporter; this in its configuration does it:\n\
                 \n  scrape_configs:\n  - job_name: gpu-exporter\n    scrape_interval: {interval}ms\n    \
                 scrape_timeout: {interval}ms\n    static_configs:\n    - targets: [\"{exporter}\"]"
            );
            self.screen.line(Style::Plain, config)?;
        }
        Ok(())
    }

    /// Waits until every metric of the autoscaler is listed, and prints the list.
    async fn list_metrics(&mut self, remote: bool) -> Result<(), DemoError> {
        let patience = match remote {
            true => PATIENCE_WITH_PROMETHEUS,
            false => PATIENCE,
        };
        let begun = tokio::time::Instant::now();
        let wanted: Vec<String> = self.input.hpa.spec.metrics.iter().map(of_pods).collect();
        let mut complete = false;
        let resources = loop {
            let listed = self.parts.metrics.resources(ApiVersion::V1beta1).await;
            let missing = match &listed {
                Ok(listed) => wanted
                    .iter()
                    .find(|name| listed.iter().all(|r| r.name != **name)),
                Err(_) => wanted.first(),
            };
            match (listed, missing) {
                (Ok(listed), None) if complete => break listed,
                // The first scrape may have come while the rules were listed one by one: what is
                // there now is listed whole.
                (Ok(_), None) => {
                    let now = self.parts.clock.now();
                    self.parts.adapter.relist(now).await;
                    complete = true;
                }
                (listed, _) if begun.elapsed() > patience => {
                    let why = match listed {
                        Ok(_) if remote && self.nothing_found() => format!(
                            "it has no series of the rules; does it scrape {}, as the configuration \
                             above says?",
                            self.parts.exporter
                        ),
                        Ok(_) => self.unlisted(),
                        Err(error) => error.to_string(),
                    };
                    let missing = wanted.join(", ");
                    return Err(DemoError::Failed(format!(
                        "{missing} did not appear in the metrics API within {} s: {why}",
                        patience.as_secs()
                    )));
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        let title = "\n$ kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1   (names only)";
        self.screen.line(Style::Heading, title)?;
        for resource in resources {
            let scope = if resource.namespaced {
                "   namespaced"
            } else {
                ""
            };
            let line = format!("  {}{scope}", resource.name);
            self.screen.line(Style::Plain, line)?;
        }
        self.screen
            .line(Style::Heading, "\n$ kubectl get hpa --watch")?;
        Ok(())
    }

    fn nothing_found(&self) -> bool {
        let catalogue = self.parts.adapter.catalogue();
        catalogue.rules().all(|(_, health)| health.series == 0)
    }

    /// Why rules give nothing.
    fn unlisted(&self) -> String {
        let catalogue = self.parts.adapter.catalogue();
        let reasons = catalogue.rules().filter_map(|(rule, health)| {
            let number = rule.index() + 1;
            match &health.error {
                Some(error) => Some(format!("rule {number}: {error}")),
                None if health.mapped == 0 => {
                    let (series, query) = (health.series, rule.series_query());
                    Some(format!(
                        "rule {number}: `{query}` finds {series} series, none that names an object"
                    ))
                }
                None => None,
            }
        });
        let reasons: Vec<String> = reasons.collect();
        if reasons.is_empty() {
            "no rule gives it".to_owned()
        } else {
            reasons.join("; ")
        }
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
        let end = clock.now().saturating_add(phase.duration);
        let load = self.parts.load.clone();
        let played = phase.clone();
        let requests = tokio::spawn(async move { load.run(&played).await });
        while clock.now() < end {
            self.reconcile().await?;
            if last && rate == 0.0 && self.settled() {
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
        if self.input.reads_the_hardware
            && let Some(wrong) = self.truth.contradiction(&report)
        {
            self.verdict.note(wrong);
        }
        self.print(&report)?;
        self.last = Some(report);
        Ok(())
    }

    /// True when the workload has come to rest at its minimum with nothing to do.
    fn settled(&self) -> bool {
        self.last.as_ref().is_some_and(|report| {
            let Some(scale) = report.scale() else {
                return false;
            };
            let metrics = report.decision.status.current_metrics.iter().flatten();
            let values = metrics.map(|metric| metric.as_ref()?.average_value);
            let values: Vec<_> = values.collect();
            let idle = |value: &Option<Quantity>| value.is_some_and(|value| value.is_zero());
            scale.spec_replicas == self.input.hpa.spec.min_replicas()
                && scale.status_replicas == scale.spec_replicas
                && report.decision.rescale.is_none()
                && !values.is_empty()
                && values.iter().all(idle)
        })
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
        let last = self.input.load.phases.last();
        let quiet = last.filter(|last| last.requests_per_second == 0.0);
        let long_enough = quiet.is_some_and(|last| last.duration >= TO_REST);
        let at_rest = self.settled();
        let (highest, wanted) = (self.verdict.highest, self.verdict.wanted);
        let min = self.input.hpa.spec.min_replicas();
        if long_enough && !at_rest {
            wrong.push(format!(
                "the workload is not at rest at {min} after the last phase"
            ));
        }
        if self.input.built_in && (highest, min) != (2, 1) {
            wrong.push(format!(
                "with its own files the demo goes from 1 to 2 and back, and it went from {min} to {highest}"
            ));
        }
        if !wrong.is_empty() {
            return Err(DemoError::Failed(wrong.join("; ")));
        }
        let outcome = match (highest > min, at_rest) {
            (true, true) => format!("scaled out from {min} to {highest} and in again"),
            (true, false) => format!(
                "scaled out from {min} to {highest}; the load ended before the workload could come \
                 to rest"
            ),
            (false, _) if wanted > i128::from(highest) => {
                format!("the load asked for {wanted}, and the maximum of {highest} kept it there")
            }
            (false, _) => format!("the load never asked for more than {min}: no scale-out"),
        };
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

fn of_pods(metric: &MetricSpec) -> String {
    format!("pods/{}", metric.name())
}

/// The row of `kubectl get hpa`.
fn row(hpa: &Policy, report: &Report) -> Row {
    let values = report.decision.status.current_metrics.as_ref();
    let metrics = hpa.spec.metrics.iter().enumerate();
    let targets = metrics.map(|(index, metric)| {
        let value = values.and_then(|values| values.get(index)?.as_ref()?.average_value);
        let value = value.map_or("<unknown>".to_owned(), |value| value.to_string());
        let target = metric.target().and_then(|target| target.average_value);
        format!("{value}/{}", target.unwrap_or_default())
    });
    let targets: Vec<String> = targets.collect();
    let target = hpa.scale_target();
    Row {
        name: hpa.name.clone(),
        reference: format!("{}/{}", target.kind, target.name),
        targets: targets.join(", "),
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
