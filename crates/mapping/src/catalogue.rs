//! Which metrics of which resources can be asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use concertina_model::{GroupResource, Labels, Timestamp};
use concertina_rules::Rule;

use crate::{ApiResource, LabelMapper, MetricRequest, Plan, PlanError, Resources};

/// A series as far as the catalogue looks at it: its name and the names of its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedSeries {
    /// The metric name; may be empty.
    pub name: String,
    /// The names of its labels, `__name__` left out.
    pub labels: Vec<String>,
}

impl From<&Labels> for ListedSeries {
    fn from(labels: &Labels) -> Self {
        let names = labels.iter().map(|(name, _)| name);
        Self {
            name: labels.metric_name().unwrap_or_default().to_owned(),
            labels: names
                .filter(|name| *name != concertina_model::METRIC_NAME)
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// What a rule's series query found, or why it failed.
pub type Listing = Result<Arc<[ListedSeries]>, String>;

/// A series that passed a rule's filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedSeries {
    /// Its place in the listing.
    pub index: usize,
    /// Its name.
    pub series: String,
    /// The name under which it is exposed.
    pub metric: String,
    /// The resources that its labels name, in the order of the labels.
    pub resources: Vec<Arc<ApiResource>>,
}

/// The series of `listed` that `rule` takes, and the resources that their labels name.
pub fn map_series(
    rule: &Rule,
    mapper: &LabelMapper,
    listed: &[ListedSeries],
    known: &dyn Resources,
) -> Vec<MappedSeries> {
    // Most labels name no resource, and all series of a metric have the same labels.
    let mut memo: HashMap<&str, Option<Arc<ApiResource>>> = HashMap::new();
    let mut names: HashMap<&str, Option<String>> = HashMap::new();
    let mut mapped = Vec::new();
    for (index, series) in listed.iter().enumerate() {
        let metric = names
            .entry(&series.name)
            .or_insert_with(|| rule.metric_name(&series.name));
        let Some(metric) = metric.clone() else {
            continue;
        };
        let mut resources = Vec::new();
        for label in &series.labels {
            let resource = memo
                .entry(label)
                .or_insert_with(|| mapper.resource(label, known));
            resources.extend(resource.clone());
        }
        mapped.push(MappedSeries {
            index,
            series: series.name.clone(),
            metric,
            resources,
        });
    }
    mapped
}

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

#[derive(Clone, Debug)]
struct RuleState {
    rule: Arc<Rule>,
    mapper: Arc<LabelMapper>,
    offers: Arc<BTreeMap<(GroupResource, String), Offer>>,
    health: RuleHealth,
}

#[derive(Clone, Debug)]
struct Offer {
    resource: Arc<ApiResource>,
    series: String,
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

    /// How the rule's labels name resources.
    #[must_use]
    pub fn mapper(&self) -> &LabelMapper {
        &self.mapper
    }
}

/// The metrics that can be asked for. A catalogue does not change: a relist makes the next one.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    rules: Vec<RuleState>,
    entries: BTreeMap<(String, GroupResource), CatalogueEntry>,
}

impl Catalogue {
    /// A catalogue of `rules` whose series are not known yet: it has no entries.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Arc<Rule>>) -> Self {
        let rules = rules.into_iter().map(|rule| RuleState {
            rule,
            mapper: Arc::default(),
            offers: Arc::default(),
            health: RuleHealth::default(),
        });
        Self {
            rules: rules.collect(),
            entries: BTreeMap::new(),
        }
    }

    /// The rules, each with how it fares.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&Arc<Rule>, &RuleHealth)> {
        self.rules.iter().map(|state| (&state.rule, &state.health))
    }

    /// All entries, by metric and resource.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &CatalogueEntry> {
        self.entries.values()
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
        let states = self.rules.iter().map(|old| match listing(&old.rule) {
            None => old.clone(),
            Some(Ok(listed)) => old.relisted(&listed, known, now),
            Some(Err(error)) => {
                let mut state = old.clone();
                state.health.error = Some(error);
                state
            }
        });
        let rules: Vec<RuleState> = states.collect();
        let mut entries = BTreeMap::new();
        for state in &rules {
            for ((resource, metric), offer) in &*state.offers {
                let entry = CatalogueEntry {
                    resource: Arc::clone(&offer.resource),
                    metric: metric.clone(),
                    series: offer.series.clone(),
                    rule: Arc::clone(&state.rule),
                    mapper: Arc::clone(&state.mapper),
                };
                entries.insert((metric.clone(), resource.clone()), entry);
            }
        }
        Self { rules, entries }
    }

    /// The entry for a metric of a resource (group and plural).
    #[must_use]
    pub fn entry(&self, metric: &str, resource: &GroupResource) -> Option<&CatalogueEntry> {
        self.entries.get(&(metric.to_owned(), resource.clone()))
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

impl RuleState {
    fn relisted(&self, listed: &[ListedSeries], known: &dyn Resources, now: Timestamp) -> Self {
        let mapper = match LabelMapper::new(&self.rule, known) {
            Ok(mapper) => mapper,
            Err(error) => {
                let mut state = self.clone();
                state.health.error = Some(error.to_string());
                return state;
            }
        };
        let series = map_series(&self.rule, &mapper, listed, known);
        let mut offers = BTreeMap::new();
        for mapped in series.iter().filter(|mapped| !mapped.metric.is_empty()) {
            for resource in &mapped.resources {
                let key = (resource.group_resource(), mapped.metric.clone());
                let offer = Offer {
                    resource: Arc::clone(resource),
                    series: mapped.series.clone(),
                };
                offers.insert(key, offer);
            }
        }
        Self {
            rule: Arc::clone(&self.rule),
            mapper: Arc::new(mapper),
            offers: Arc::new(offers),
            health: RuleHealth {
                listed_at: Some(now),
                error: None,
                series: listed.len(),
                accepted: series.len(),
                mapped: series.iter().filter(|s| !s.resources.is_empty()).count(),
            },
        }
    }
}
