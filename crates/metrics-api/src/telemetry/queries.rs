//! What is counted of queries, for each rule and metric.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use concertina_mapping::NoValue;
use concertina_model::{QueryAnswer, Timestamp};
use concertina_sources::{MetricSource, Origin, SourceError};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// How many metrics have numbers of their own. Those that are asked for later share one of their
/// rule, whose label `metric` is empty.
pub const MAX_METRICS: usize = 500;

/// Upper ends of the histogram's buckets, in seconds.
const BUCKETS: [f64; 7] = [0.005, 0.02, 0.1, 0.5, 2.0, 5.0, 20.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    list: &'static str,
    rule: String,
    metric: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    list: &'static str,
    rule: String,
    metric: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HitLabels {
    list: &'static str,
    rule: String,
    metric: String,
    how: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LeftOutLabels {
    list: &'static str,
    rule: String,
    metric: String,
    reason: &'static str,
}

type Durations = Family<Labels, Histogram, fn() -> Histogram>;

/// The families; clones count together.
#[derive(Clone, Debug)]
pub(super) struct Queries {
    duration: Durations,
    hits: Family<HitLabels, Counter>,
    errors: Family<ErrorLabels, Counter>,
    left_out: Family<LeftOutLabels, Counter>,
    last_success: Family<Labels, Gauge<f64, AtomicU64>>,
    known: Arc<Mutex<HashSet<Labels>>>,
}

impl Default for Queries {
    fn default() -> Self {
        Self {
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            hits: Family::default(),
            errors: Family::default(),
            left_out: Family::default(),
            last_success: Family::default(),
            known: Arc::default(),
        }
    }
}

impl Queries {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "query_duration_seconds",
            "How long the source took to answer a query, failures included",
            self.duration.clone(),
        );
        registry.register(
            "query_cache_hits",
            "Answers that were not asked for by themselves: kept ones, and those of a like query",
            self.hits.clone(),
        );
        registry.register(
            "query_errors",
            "Queries without an answer that can be read",
            self.errors.clone(),
        );
        registry.register(
            "samples_left_out",
            "Objects that were asked for and have no value, and samples of no object",
            self.left_out.clone(),
        );
        registry.register(
            "query_last_success_timestamp_seconds",
            "When the last answer that could be read was evaluated",
            self.last_success.clone(),
        );
    }

    pub(super) fn of(&self, list: &'static str, rule: String, metric: &str) -> QueryCounter {
        let mut labels = Labels {
            list,
            rule,
            metric: metric.to_owned(),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&labels) {
            if known.len() < MAX_METRICS {
                known.insert(labels.clone());
            } else {
                labels.metric.clear();
            }
        }
        drop(known);
        QueryCounter {
            families: self.clone(),
            labels,
        }
    }
}

/// The counters of one metric of one rule.
#[derive(Debug)]
pub(crate) struct QueryCounter {
    families: Queries,
    labels: Labels,
}

impl QueryCounter {
    /// Asks `source`, which is timed unless the answer was there already; a failure is counted.
    pub(crate) async fn ask(
        &self,
        source: &dyn MetricSource,
        query: &str,
    ) -> Result<Arc<QueryAnswer>, SourceError> {
        let begun = Instant::now();
        let answer = source.query_shared(query).await;
        match answer.as_ref().map(|answer| answer.origin) {
            Ok(Origin::Joined) => self.hit("joined"),
            Ok(Origin::Kept) => self.hit("kept"),
            _ => self.took(begun.elapsed()),
        }
        let answer = answer.inspect_err(|error| self.failed(error))?;
        Ok(answer.answer)
    }

    /// What `read` makes of an answer; whether it can be read is counted.
    pub(crate) fn read<T, E>(
        &self,
        answer: &QueryAnswer,
        read: impl FnOnce(&QueryAnswer) -> Result<T, E>,
    ) -> Result<T, E> {
        let read = read(answer).inspect_err(|_| self.error("wrong_type"))?;
        self.succeeded(answer.at);
        Ok(read)
    }

    /// The source took so long to answer, or to fail.
    fn took(&self, time: Duration) {
        let duration = self.families.duration.get_or_create(&self.labels);
        duration.observe(time.as_secs_f64());
    }

    fn succeeded(&self, at: Timestamp) {
        let last = self.families.last_success.get_or_create(&self.labels);
        last.set(at.as_secs_f64());
    }

    fn failed(&self, error: &SourceError) {
        self.error(match error {
            SourceError::Unreachable { .. } => "unreachable",
            SourceError::Timeout { .. } => "timeout",
            SourceError::BadQuery { .. } => "refused",
            SourceError::Execution { .. } => "execution",
            SourceError::BadAnswer { .. } => "bad_answer",
            _ => "other",
        });
    }

    fn hit(&self, how: &'static str) {
        let Labels { list, rule, metric } = self.labels.clone();
        let labels = HitLabels {
            list,
            rule,
            metric,
            how,
        };
        self.families.hits.get_or_create(&labels).inc();
    }

    fn error(&self, kind: &'static str) {
        let Labels { list, rule, metric } = self.labels.clone();
        let labels = ErrorLabels {
            list,
            rule,
            metric,
            kind,
        };
        self.families.errors.get_or_create(&labels).inc();
    }

    /// An object has no value.
    pub(crate) fn left_out(&self, why: &NoValue) {
        self.left_out_for(match why {
            NoValue::NoSample => "no_sample",
            NoValue::NotANumber => "nan",
            NoValue::Infinite(_) => "infinite",
            NoValue::TooLarge(_) => "too_large",
            NoValue::Negative(_) => "negative",
            NoValue::Ambiguous(..) => "ambiguous",
            _ => "other",
        });
    }

    /// An answer has samples that name no object.
    pub(crate) fn without_object(&self) {
        self.left_out_for("no_object");
    }

    fn left_out_for(&self, reason: &'static str) {
        let Labels { list, rule, metric } = self.labels.clone();
        let labels = LeftOutLabels {
            list,
            rule,
            metric,
            reason,
        };
        self.families.left_out.get_or_create(&labels).inc();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn metrics_beyond_the_limit_share_the_numbers_of_their_rule() {
        let queries = Queries::default();
        for number in 0..MAX_METRICS + 50 {
            let counter = queries.of("rules", "1".to_owned(), &format!("m{number}"));
            counter.took(Duration::from_millis(1));
        }
        queries
            .of("rules", "2".to_owned(), "late")
            .took(Duration::from_millis(1));
        queries
            .of("rules", "1".to_owned(), "m0")
            .took(Duration::from_millis(1));
        let mut registry = Registry::default();
        queries.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let counts: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("query_duration_seconds_count"))
            .collect();
        assert_eq!(counts.len(), MAX_METRICS + 2);
        for line in [
            r#"query_duration_seconds_count{list="rules",rule="1",metric=""} 50"#,
            r#"query_duration_seconds_count{list="rules",rule="2",metric=""} 1"#,
            r#"query_duration_seconds_count{list="rules",rule="1",metric="m0"} 2"#,
        ] {
            assert!(counts.contains(&line), "{line}");
        }
    }
}
