//! Which objects there are, when there is no cluster to ask: those that have series.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::{ApiResource, ResourceTable};
use concertina_metrics_api::Adapter;
use concertina_metrics_api::adapter::{ListError, ListedObject, ObjectLister, UsageObjects};
use concertina_metrics_api::provider::Objects;
use concertina_model::{GroupResource, LabelSelector};
use concertina_sources::MetricSource;

/// The objects that the series of the rules name. Their labels are not known.
pub(super) struct SeriesObjects {
    adapter: Weak<Adapter>,
    source: Arc<dyn MetricSource>,
    lookback: Duration,
}

impl SeriesObjects {
    pub(super) fn new(
        adapter: Weak<Adapter>,
        source: Arc<dyn MetricSource>,
        lookback: Duration,
    ) -> Self {
        Self {
            adapter,
            source,
            lookback,
        }
    }

    /// The label of `resource`, and that of the namespace where the objects have one, for each
    /// distinct series query whose series name such objects.
    fn questions(
        &self,
        resource: &ApiResource,
        namespaced: bool,
    ) -> BTreeSet<(String, String, Option<String>)> {
        let Some(adapter) = self.adapter.upgrade() else {
            return BTreeSet::new();
        };
        let known = ResourceTable::builtin();
        let (wanted, namespaces) = (resource.group_resource(), GroupResource::core("namespaces"));
        let catalogue = adapter.catalogue();
        let entries = catalogue
            .entries()
            .filter(|entry| *entry.resource == *resource);
        entries
            .filter_map(|entry| {
                let label = |resource| entry.mapper().label(resource, &known).ok();
                let namespace = match namespaced {
                    true => Some(label(&namespaces)?),
                    false => None,
                };
                let query = entry.rule().series_query().to_owned();
                Some((query, label(&wanted)?, namespace))
            })
            .collect()
    }
}

#[async_trait]
impl ObjectLister for SeriesObjects {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        if !selector.is_empty() {
            return Err(ListError::new(format!(
                "there is no cluster to tell which {} match `{selector}`: leave the selector out",
                resource.plural
            )));
        }
        let mut names = BTreeSet::new();
        for (query, label, in_namespace) in self.questions(resource, namespace.is_some()) {
            let series = self.source.series(&query, self.lookback).await;
            let series = series.map_err(|error| ListError::new(error.to_string()))?;
            let here = series.iter().filter(|series| match &in_namespace {
                Some(label) => series.get(label) == namespace,
                None => true,
            });
            names.extend(
                here.filter_map(|series| series.get(&label))
                    .map(str::to_owned),
            );
        }
        Ok(names.into_iter().filter(|name| !name.is_empty()).collect())
    }
}

/// Pods and nodes that are named: with no cluster to ask, nothing else is known of them.
pub(super) struct NamedObjects;

#[async_trait]
impl UsageObjects for NamedObjects {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<ListedObject>, ListError> {
        match objects {
            Objects::Named(name) => Ok(vec![ListedObject {
                namespace: namespace.unwrap_or_default().to_owned(),
                name: name.clone(),
                ..ListedObject::default()
            }]),
            Objects::Matching(_) => Err(ListError::new(format!(
                "there is no cluster to tell which {} there are: ask for one by name",
                resource.plural
            ))),
        }
    }
}
