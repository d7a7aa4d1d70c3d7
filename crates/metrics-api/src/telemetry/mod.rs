//! What a server counts of itself, in a registry that the host passes in.
//!
//! [`AdapterMetrics`] is what adapters count for each rule and metric, and what they know of each
//! rule; [`RequestMetrics`] counts requests by verb, group and code. Nothing is global: who wants
//! no numbers passes no registry. Names stand here without the prefix of the host's registry.
//!
//! Everything is bounded: rules are as many as the file has, of their metrics the first
//! [`MAX_METRICS`] that are asked for have numbers of their own, and verbs, groups and codes are
//! few.
//!
//! ```
//! use concertina_metrics_api::telemetry::{AdapterMetrics, RequestMetrics};
//! use prometheus_client::registry::Registry;
//!
//! let mut registry = Registry::with_prefix("concertina");
//! let requests = RequestMetrics::register(&mut registry);
//! let adapters = AdapterMetrics::register(&mut registry);
//! // `Adapter::with_metrics(adapters)`, and `requests.wrap(api)` around the service.
//! let mut text = String::new();
//! prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
//! assert!(text.contains("# TYPE concertina_metrics gauge"));
//! ```

mod queries;
mod requests;
mod rules;

use prometheus_client::registry::Registry;

pub use queries::MAX_METRICS;
pub use requests::{Counted, RequestMetrics};

use queries::Queries;
pub(crate) use queries::QueryCounter;
pub(crate) use rules::ListNow;
use rules::{RulesNow, Watched};

/// What adapters count: clones count together.
///
/// One that is made by `default` belongs to no registry.
#[derive(Clone, Debug, Default)]
pub struct AdapterMetrics {
    queries: Queries,
    watched: Watched,
}

impl AdapterMetrics {
    /// Counters and gauges in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        metrics.queries.register(registry);
        registry.register_collector(Box::new(metrics.watched.clone()));
        metrics
    }

    /// The counters of a metric of a rule.
    pub(crate) fn of(&self, list: &'static str, rule: String, metric: &str) -> QueryCounter {
        self.queries.of(list, rule, metric)
    }

    /// Tells of the rules that `now` gives from here on.
    pub(crate) fn watch(&self, now: RulesNow) {
        self.watched.add(now);
    }
}
