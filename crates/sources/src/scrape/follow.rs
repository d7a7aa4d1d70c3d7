//! A configuration's targets, those that come and go among them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::config::{DiscoveringJob, Template};
use super::kubernetes::Discovering;
use super::{ScrapeConfig, ScrapeOptions, ScrapePool, Target};

/// How long changes are gathered: a rollout changes many objects at once.
const SETTLE: Duration = Duration::from_millis(250);
/// How long a discovery may take to find its first targets before those of a former configuration
/// are given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A job at work.
struct Job<'c> {
    template: &'c Template,
    discovering: Vec<Discovering>,
    /// What was told last.
    told: Vec<String>,
}

impl ScrapePool {
    /// Scrapes `named` and what `config` names and discovers, for as long as the future is polled.
    ///
    /// Dropping it keeps the targets as they are, so that another configuration can take over:
    /// targets that both have go on undisturbed.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::sync::Arc;
    ///
    /// use concertina_sources::SystemClock;
    /// use concertina_sources::scrape::{ScrapeConfig, ScrapePool, SharedStore};
    ///
    /// let yaml = "
    /// scrape_configs:
    /// - job_name: dcgm
    ///   kubernetes_sd_configs:
    ///   - role: pod
    ///     api_server: http://127.0.0.1:8001
    ///     selectors: [{role: pod, label: app=dcgm-exporter}]
    /// ";
    /// let config = ScrapeConfig::parse(yaml, ".".as_ref(), &Default::default()).unwrap();
    /// let store = SharedStore::new(Default::default());
    /// let mut pool = ScrapePool::new(store, Arc::new(SystemClock));
    /// pool.follow(&[], &config).await;
    /// # }
    /// ```
    pub async fn follow(
        &mut self,
        named: &[(Target, ScrapeOptions)],
        config: &ScrapeConfig,
    ) -> Infallible {
        let changed = Arc::new(Notify::new());
        let jobs = config.discovering.iter();
        let mut jobs: Vec<Job<'_>> = jobs
            .map(
                |DiscoveringJob {
                     template,
                     discoveries,
                 }| Job {
                    template,
                    discovering: discoveries
                        .iter()
                        .map(|discovery| discovery.start(self.clock(), &changed))
                        .collect(),
                    told: Vec::new(),
                },
            )
            .collect();
        if self.targets().next().is_some() {
            self.wait_for_first(&jobs, &changed).await;
        }
        loop {
            let mut all: Vec<(Target, ScrapeOptions)> =
                named.iter().chain(&config.targets).cloned().collect();
            for job in &mut jobs {
                all.append(&mut job.targets());
            }
            let before = self.targets().count();
            self.set(all).await;
            let now = self.targets().count();
            if before != now {
                tracing::info!(targets = now, "scraping");
            }
            changed.notified().await;
            self.clock().sleep(SETTLE).await;
        }
    }

    async fn wait_for_first(&self, jobs: &[Job<'_>], changed: &Notify) {
        let found = async {
            while jobs
                .iter()
                .flat_map(|job| &job.discovering)
                .any(|one| one.found().is_none())
            {
                changed.notified().await;
            }
        };
        tokio::select! {
            () = found => {}
            () = self.clock().sleep(PATIENCE) => {}
        }
        // What was taken here is looked at anyhow.
        changed.notify_one();
    }
}

impl Job<'_> {
    /// Its targets now. What is wrong with any is told when it is new.
    fn targets(&mut self) -> Vec<(Target, ScrapeOptions)> {
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        let each = self.discovering.iter().filter_map(Discovering::found);
        for found in each.flatten() {
            match self.template.target(&found) {
                Ok(target) => all.extend(target),
                Err(reason) => {
                    let address = found.get("__address__").map_or("", String::as_str);
                    problems.push(format!("target `{address}`: {reason}"));
                }
            }
        }
        if let Err(reason) = self.template.limited(all.len()) {
            all.clear();
            problems.push(reason);
        }
        let job = self.template.job();
        for reason in problems.iter().filter(|reason| !self.told.contains(reason)) {
            tracing::warn!(job, %reason, "a discovered target is not scraped");
        }
        self.told = problems;
        all
    }
}
