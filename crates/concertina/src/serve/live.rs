//! The rules in use, as one: what they serve, and what keeps it up to date.

use std::sync::{Arc, PoisonError, RwLock};

use concertina_mapping::Resources;
use concertina_metrics_api::adapter::{ObjectLister, UsageObjects};
use concertina_metrics_api::auth::Auth;
use concertina_metrics_api::path::HealthEndpoint;
use concertina_metrics_api::server::HealthCheck;
use concertina_metrics_api::telemetry::AdapterMetrics;
use concertina_metrics_api::{Adapter, ExternalAdapter, MetricsApi, UsageAdapter};
use concertina_sources::{Clock, MetricSource};
use tokio::sync::Semaphore;

use super::args::Times;
use super::cluster::ClusterObjects;
use super::explain;
use super::objects::{NamedObjects, SeriesObjects};
use super::relist::{Relistable, Relister};
use super::report::Report;
use super::rules::Compiled;
use super::telemetry::{CONTENT_TYPE, Telemetry};

/// What every set of rules is served with.
pub(super) struct Ground {
    pub(super) source: Arc<dyn MetricSource>,
    pub(super) clock: Arc<dyn Clock>,
    /// Which kinds there are: the cluster's, or the common ones.
    pub(super) resources: Arc<dyn Resources>,
    /// Which objects there are, where a cluster says so.
    pub(super) cluster: Option<ClusterObjects>,
    pub(super) times: Times,
    pub(super) report: Arc<Report>,
    pub(super) telemetry: Arc<Telemetry>,
    /// Who may ask, where a cluster says so.
    pub(super) auth: Option<Auth>,
}

/// One set of rules, served.
pub(super) struct Served {
    pub(super) api: MetricsApi,
    /// The rule file as it was read.
    text: Arc<str>,
    lists: Vec<Arc<dyn Relistable>>,
}

impl Served {
    /// The API of `rules`, whose series are not listed yet.
    pub(super) fn new(rules: Compiled, ground: &Ground) -> Self {
        let Ground {
            source, resources, ..
        } = ground;
        let lookback = ground.times.max_age;
        let text = rules.text;
        let report = Arc::clone(&ground.report);
        let check = HealthCheck::new("rules", [HealthEndpoint::Readyz], move || {
            Ok(report.detail())
        });
        let mut registry = Telemetry::of_rules();
        let metrics = AdapterMetrics::register(&mut registry);
        let telemetry = Arc::clone(&ground.telemetry);
        let numbers = move || telemetry.text(&registry);
        let mut api = MetricsApi::builder()
            .health_check(check)
            .metrics(CONTENT_TYPE, numbers)
            .also_serves(explain::PATH);
        if let Some(auth) = ground.auth.clone() {
            let known = move || match auth.knows_whom_to_trust() {
                true => Ok(String::new()),
                false => Err("the cluster has not said yet whom to trust".to_owned()),
            };
            let endpoints = [HealthEndpoint::Readyz];
            api = api.health_check(HealthCheck::new("authentication", endpoints, known));
        }
        let mut lists: Vec<Arc<dyn Relistable>> = Vec::new();
        if !rules.custom.is_empty() {
            let adapter = Arc::new_cyclic(|adapter| {
                let objects: Arc<dyn ObjectLister> = match &ground.cluster {
                    Some(cluster) => Arc::clone(&cluster.objects) as _,
                    None => {
                        let (adapter, source) = (adapter.clone(), Arc::clone(source));
                        Arc::new(SeriesObjects::new(adapter, source, lookback))
                    }
                };
                let (source, resources) = (Arc::clone(source), Arc::clone(resources));
                Adapter::new(rules.custom, source, resources, objects, lookback)
                    .with_metrics(&metrics)
            });
            lists.push(Arc::clone(&adapter) as _);
            api = api.custom(adapter);
        }
        if !rules.external.is_empty() {
            let adapter = ExternalAdapter::new(
                rules.external,
                Arc::clone(source),
                Arc::clone(resources),
                lookback,
            );
            let adapter = Arc::new(adapter.with_metrics(&metrics));
            lists.push(Arc::clone(&adapter) as _);
            api = api.external(adapter);
        }
        if let Some(usage) = rules.usage {
            let objects: Arc<dyn UsageObjects> = match &ground.cluster {
                Some(cluster) => Arc::clone(&cluster.objects) as _,
                None => Arc::new(NamedObjects),
            };
            let (source, resources) = (Arc::clone(source), Arc::clone(resources));
            let adapter = UsageAdapter::new(usage, source, resources, objects);
            api = api.resource(adapter.with_metrics(&metrics));
        }
        Self {
            api: api.build(),
            text,
            lists,
        }
    }

    /// Lists the series of all rules. An error when no rule's series could be listed: the source
    /// is away.
    pub(super) async fn list(&self, clock: &dyn Clock) -> Result<(), String> {
        let (mut rules, mut failed) = (0, Vec::new());
        for list in &self.lists {
            rules += list.rules().len();
            failed.extend(list.relist(clock.now()).await.failed);
        }
        match failed.pop() {
            Some((_, reason)) if failed.len() + 1 == rules => Err(reason),
            _ => Ok(()),
        }
    }
}

/// What is served now. It is replaced as a whole: a request sees the old rules or the new ones.
pub(super) struct Live {
    pub(super) ground: Ground,
    current: RwLock<Arc<(Served, Relister)>>,
    /// Places for those who have something explained.
    pub(super) explaining: Semaphore,
}

impl Live {
    pub(super) fn new(served: Served, ground: Ground) -> Self {
        let relisted = relisted(served, &ground);
        Self {
            ground,
            current: RwLock::new(relisted),
            explaining: Semaphore::new(explain::AT_ONCE),
        }
    }

    /// Takes other rules into use.
    pub(super) fn replace(&self, served: Served) {
        let relisted = relisted(served, &self.ground);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = relisted;
    }

    /// The API of the rules in use.
    pub(super) fn api(&self) -> MetricsApi {
        self.current().0.api.clone()
    }

    /// The file of the rules in use, as it was read.
    pub(super) fn text(&self) -> Arc<str> {
        Arc::clone(&self.current().0.text)
    }

    fn current(&self) -> Arc<(Served, Relister)> {
        // Held for a pointer copy only.
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}

fn relisted(served: Served, ground: &Ground) -> Arc<(Served, Relister)> {
    let changes = ground
        .cluster
        .as_ref()
        .map(|cluster| cluster.kinds.changes());
    let relister = Relister::start(&served.lists, &ground.clock, ground.times.relist, &changes);
    Arc::new((served, relister))
}
