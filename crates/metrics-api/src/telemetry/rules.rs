//! What is known of each rule, read when the numbers are asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use concertina_mapping::RuleHealth;
use concertina_rules::Rule;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;

/// The rules of a list as they are now.
pub(crate) struct ListNow {
    /// The key of the rules in the file.
    pub(crate) list: &'static str,
    /// How many metrics can be asked for.
    pub(crate) metrics: usize,
    /// The rules, each with how it fares.
    pub(crate) rules: Vec<(Arc<Rule>, RuleHealth)>,
}

/// Gives the rules of a list as they are when it is called.
pub(crate) type RulesNow = Box<dyn Fn() -> ListNow + Send + Sync>;

/// The lists that are told of; clones tell of the same.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Vec<RulesNow>>>);

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    list: &'static str,
    rule: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InfoLabels {
    list: &'static str,
    rule: usize,
    series_query: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListLabels {
    list: &'static str,
}

impl Watched {
    pub(super) fn add(&self, now: RulesNow) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.push(now);
    }
}

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let lists: Vec<ListNow> = {
            let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lists.iter().map(|now| now()).collect()
        };
        gauge(
            &mut encoder,
            "metrics",
            "Metrics that can be asked for",
            lists.iter().map(|now| {
                let labels = ListLabels { list: now.list };
                (labels, now.metrics as f64)
            }),
        )?;
        let rules = || {
            lists.iter().flat_map(|now| {
                let rules = now.rules.iter();
                rules.map(|(rule, health)| {
                    let labels = RuleLabels {
                        list: now.list,
                        rule: rule.index() + 1,
                    };
                    (labels, &**rule, health)
                })
            })
        };
        gauge(
            &mut encoder,
            "rule_info",
            "The series query of each rule, by its place in its list",
            rules().map(|(labels, rule, _)| {
                let labels = InfoLabels {
                    list: labels.list,
                    rule: labels.rule,
                    series_query: rule.series_query().to_owned(),
                };
                (labels, 1.0)
            }),
        )?;
        type Count = (&'static str, &'static str, fn(&RuleHealth) -> f64);
        let counts: [Count; 4] = [
            (
                "rule_series",
                "Series that the last good listing of a rule found",
                |health| health.series as f64,
            ),
            (
                "rule_series_accepted",
                "Those of them that passed the rule's filters",
                |health| health.accepted as f64,
            ),
            (
                "rule_series_mapped",
                "Those of them that name a resource of the cluster",
                |health| health.mapped as f64,
            ),
            (
                "rule_listing_failed",
                "Whether the last listing of a rule failed: what was found before stays in use",
                |health| f64::from(u8::from(health.error.is_some())),
            ),
        ];
        for (name, help, of) in counts {
            let all = rules().map(|(labels, _, health)| (labels, of(health)));
            gauge(&mut encoder, name, help, all)?;
        }
        gauge(
            &mut encoder,
            "rule_last_listing_timestamp_seconds",
            "When the series of a rule were last listed",
            rules().filter_map(|(labels, _, health)| {
                let at = health.listed_at?;
                Some((labels, at.as_secs_f64()))
            }),
        )
    }
}

fn gauge<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl Iterator<Item = (L, f64)>,
) -> fmt::Result {
    // A registry ends the texts of what is registered with it with a full stop; a collector does
    // it by itself.
    let help = format!("{help}.");
    let mut family = encoder.encode_descriptor(name, &help, None, MetricType::Gauge)?;
    for (labels, value) in samples {
        family.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}
