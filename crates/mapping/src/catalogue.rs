//! Which metrics of which resources can be asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use concertina_model::{GroupResource, Timestamp};
use concertina_rules::Rule;

use crate::listing::{MappedShape, map_shapes};
use crate::{ApiResource, LabelMapper, Listing, MetricRequest, Plan, PlanError, Resources};

/// How a rule fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleHealth {
    /// When its series were last listed.
    pub listed_at: Option<Timestamp>,
    /// Why the last listing failed; what was listed before still counts then.
    pub error: Option<String>,
    /// How many series the last good listing had.
    pub series: usize,
    /// How many of them passed the filters.
    pub accepted: usize,
    /// How many of these name some resource.
    pub mapped: usize,
}

/// A rule, what its series offer, and how it fares.
#[derive(Clone, Debug)]
pub(crate) struct RuleState<O> {
    pub(crate) rule: Arc<Rule>,
    pub(crate) mapper: Arc<LabelMapper>,
    pub(crate) offers: Arc<O>,
    pub(crate) health: RuleHealth,
}

impl<O: Clone + Default> RuleState<O> {
    pub(crate) fn new(rule: Arc<Rule>) -> Self {
        Self {
            rule,
            mapper: Arc::default(),
            offers: Arc::default(),
            health: RuleHealth::default(),
        }
    }

    /// The state after a listing; `offer` makes what the rule offers of the series that passed its
    /// filters, in the order in which later ones replace earlier ones. A failure keeps everything
    /// but says why.
    pub(crate) fn relisted(
        &self,
        listing: Listing,
        known: &dyn Resources,
        now: Timestamp,
        offer: impl FnOnce(&[MappedShape<'_>]) -> O,
    ) -> Self {
        let mapper = LabelMapper::new(self.rule.labels(), known).map_err(|e| e.to_string());
        let (listed, mapper) = match (listing, mapper) {
            (Ok(listed), Ok(mapper)) => (listed, mapper),
            (Err(error), _) | (_, Err(error)) => {
                let mut state = self.clone();
                state.health.error = Some(error);
                return state;
            }
        };
        let shapes = map_shapes(&self.rule, &mapper, &listed, known);
        let count = |shapes: &mut dyn Iterator<Item = &MappedShape<'_>>| {
            shapes.map(|shape| shape.series_count).sum()
        };
        Self {
            rule: Arc::clone(&self.rule),
            mapper: Arc::new(mapper),
            health: RuleHealth {
                listed_at: Some(now),
                error: None,
                series: listed.iter().map(|series| series.count).sum(),
                accepted: count(&mut shapes.iter()),
                mapped: count(&mut shapes.iter().filter(|shape| !shape.resources.is_empty())),
            },
            offers: Arc::new(offer(&shapes)),
        }
    }
}

type Offers = BTreeMap<(GroupResource, String), Offer>;

#[derive(Clone, Debug)]
struct Offer {
    resource: Arc<ApiResource>,
    series: String,
}

fn offers(shapes: &[MappedShape<'_>]) -> Offers {
    let mut offers = BTreeMap::new();
    for shape in shapes.iter().filter(|shape| !shape.metric.is_empty()) {
        for resource in &*shape.resources {
            let key = (resource.group_resource(), shape.metric.to_string());
            let offer = Offer {
                resource: Arc::clone(resource),
                series: shape.series.to_owned(),
            };
            offers.insert(key, offer);
        }
    }
    offers
}

/// A metric of a resource that can be asked for.
#[derive(Clone, Debug)]
pub struct CatalogueEntry {
    /// The resource whose objects have it.
    pub resource: Arc<ApiResource>,
    /// The name under which it is exposed.
    pub metric: String,
    /// The series that is queried.
    pub series: String,
    rule: Arc<Rule>,
    mapper: Arc<LabelMapper>,
}

impl CatalogueEntry {
    /// The rule that gives it.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    pub(crate) fn shared_rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// How the rule's labels name resources.
    #[must_use]
    pub fn mapper(&self) -> &LabelMapper {
        &self.mapper
    }
}

/// The metrics that can be asked for. A catalogue does not change: a relist makes the next one.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    rules: Vec<RuleState<Offers>>,
    /// By metric, then by resource.
    entries: BTreeMap<String, BTreeMap<GroupResource, CatalogueEntry>>,
}

impl Catalogue {
    /// A catalogue of `rules` whose series are not known yet: it has no entries.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Arc<Rule>>) -> Self {
        Self {
            rules: rules.into_iter().map(RuleState::new).collect(),
            entries: BTreeMap::new(),
        }
    }

    /// The rules, each with how it fares.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&Arc<Rule>, &RuleHealth)> {
        self.rules.iter().map(|state| (&state.rule, &state.health))
    }

    /// All entries, by metric and resource.
    pub fn entries(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.entries.values().flat_map(BTreeMap::values)
    }

    /// The next catalogue: `listing` answers each rule's series query. A rule whose listing failed
    /// keeps what it had and says why; the others are not concerned (upstream keeps all of its old
    /// list). When several rules or series give the same metric of a resource, the last one counts.
    #[must_use]
    pub fn relist(
        &self,
        mut listing: impl FnMut(&Rule) -> Listing,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self {
        self.relist_some(|rule| Some(listing(rule)), known, now)
    }

    /// As [`relist`](Self::relist), except that a rule without a listing stays as it is: so each
    /// rule can be listed at its own times.
    #[must_use]
    pub fn relist_some(
        &self,
        mut listing: impl FnMut(&Rule) -> Option<Listing>,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self {
        let states = self.rules.iter().map(|state| match listing(&state.rule) {
            None => state.clone(),
            Some(listing) => state.relisted(listing, known, now, offers),
        });
        let rules: Vec<_> = states.collect();
        let mut entries: BTreeMap<String, BTreeMap<GroupResource, CatalogueEntry>> =
            BTreeMap::new();
        for state in &rules {
            for ((resource, metric), offer) in &*state.offers {
                let entry = CatalogueEntry {
                    resource: Arc::clone(&offer.resource),
                    metric: metric.clone(),
                    series: offer.series.clone(),
                    rule: Arc::clone(&state.rule),
                    mapper: Arc::clone(&state.mapper),
                };
                let of_metric = entries.entry(metric.clone()).or_default();
                of_metric.insert(resource.clone(), entry);
            }
        }
        Self { rules, entries }
    }

    /// The entry for a metric of a resource (group and plural).
    #[must_use]
    pub fn entry(&self, metric: &str, resource: &GroupResource) -> Option<&CatalogueEntry> {
        self.entries.get(metric)?.get(resource)
    }

    /// The PromQL query for a request, and how to read its answer.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when nothing can be asked.
    pub fn plan(
        &self,
        request: &MetricRequest<'_>,
        known: &dyn Resources,
    ) -> Result<Plan, PlanError> {
        Plan::new(self, request, known)
    }
}
