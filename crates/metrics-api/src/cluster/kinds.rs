//! Which kinds a cluster has, as its API discovery tells.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use concertina_mapping::{ApiResource, ResourceTable, Resources};
use concertina_model::GroupResource;
use concertina_sources::Clock;
use futures_util::future::select;
use kube::client::{APIGroupDiscovery, APIResourceDiscovery};
use tokio::sync::{Notify, watch};

use super::failure::Failure;

/// The first pause after a failure; it doubles.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The times of [`DiscoveredKinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindsOptions {
    /// How often the cluster is asked.
    pub every: Duration,
    /// How long to wait at least before it is asked again because of a kind that is not known, and
    /// at most after a failure.
    pub least: Duration,
    /// How long it may take to answer.
    pub deadline: Duration,
}

impl Default for KindsOptions {
    /// Every ten minutes, as prometheus-adapter; not more often than every 30 s; 10 s to answer.
    fn default() -> Self {
        Self {
            every: Duration::from_secs(600),
            least: Duration::from_secs(30),
            deadline: Duration::from_secs(10),
        }
    }
}

/// Why the cluster's kinds are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kinds of the cluster are not known: {0}")]
pub struct DiscoveryError(String);

/// The kinds of a cluster: asked for by [`refresh`](Self::refresh), and again and again by
/// [`follow`](Self::follow). Until the first answer, and while none comes, what was known before
/// counts.
///
/// A kind that is not known is asked for soon, within the limits of [`KindsOptions`].
pub struct DiscoveredKinds {
    client: kube::Client,
    options: KindsOptions,
    clock: Arc<dyn Clock>,
    table: RwLock<Arc<ResourceTable>>,
    changes: watch::Sender<u64>,
    missing: Notify,
}

impl fmt::Debug for DiscoveredKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveredKinds")
            .field("options", &self.options)
            .field("kinds", &self.table().iter().count())
            .finish_non_exhaustive()
    }
}

impl DiscoveredKinds {
    /// Knows `until_then` until the cluster has answered, such as [`ResourceTable::builtin`].
    #[must_use]
    pub fn new(
        client: kube::Client,
        until_then: ResourceTable,
        options: KindsOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            options,
            clock,
            table: RwLock::new(Arc::new(until_then)),
            changes: watch::Sender::new(0),
            missing: Notify::new(),
        }
    }

    /// The kinds as they are known now.
    #[must_use]
    pub fn table(&self) -> Arc<ResourceTable> {
        // Held for a pointer copy only.
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes whenever the kinds do: what waited for one can be tried again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Asks the cluster once; true when its kinds differ from what was known.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError`]; what was known stays.
    pub async fn refresh(&self) -> Result<bool, DiscoveryError> {
        let deadline = self.options.deadline;
        let asked = tokio::time::timeout(deadline, self.ask()).await;
        let asked = asked.map_err(|_| {
            let seconds = deadline.as_secs_f64();
            DiscoveryError(format!("the API server gave no answer within {seconds} s"))
        })?;
        let found = asked.map_err(|error| DiscoveryError(Failure::from(&error).reason))?;
        if found.is_empty() {
            return Err(DiscoveryError("the API server lists none".to_owned()));
        }
        let known = self.table();
        if known.iter().eq(&found) {
            return Ok(false);
        }
        let kinds = found.len();
        *self.table.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(ResourceTable::new(found));
        self.changes.send_modify(|changes| *changes += 1);
        tracing::info!(kinds, "the cluster's kinds are known");
        Ok(true)
    }

    /// Asks the cluster again and again, for ever: spawn it, or select it against a shutdown.
    pub async fn follow(&self) {
        let KindsOptions { every, least, .. } = self.options;
        let mut told = String::new();
        let mut retry = FIRST_RETRY;
        loop {
            match self.refresh().await {
                Ok(_) => {
                    told.clear();
                    retry = FIRST_RETRY;
                    self.clock.sleep(least.min(every)).await;
                    let rest = self.clock.sleep(every.saturating_sub(least));
                    select(rest, pin!(self.missing.notified())).await;
                }
                Err(error) => {
                    let error = error.to_string();
                    if error != told {
                        tracing::warn!("{error}; it is tried again");
                        told = error;
                    }
                    self.clock.sleep(retry.min(least)).await;
                    retry = retry.saturating_mul(2);
                }
            }
        }
    }

    /// What there is, in the order in which it is listed; the first version of a resource counts.
    async fn ask(&self) -> Result<Vec<ApiResource>, kube::Error> {
        let mut core = self.client.list_core_api_versions_aggregated().await?.items;
        if core.is_empty() {
            return self.ask_each().await;
        }
        core.extend(self.client.list_api_groups_aggregated().await?.items);
        Ok(aggregated(core))
    }

    /// As clusters before 1.26 tell it: by a request for each version of each group.
    async fn ask_each(&self) -> Result<Vec<ApiResource>, kube::Error> {
        let mut found = Vec::new();
        for version in self.client.list_core_api_versions().await?.versions {
            let list = self.client.list_core_api_resources(&version).await?;
            listed(&mut found, "", &version, list.resources);
        }
        for group in self.client.list_api_groups().await?.groups {
            let preferred = group.preferred_version.map(|version| version.version);
            let mut versions: Vec<String> =
                group.versions.into_iter().map(|one| one.version).collect();
            versions.sort_by_key(|version| Some(version) != preferred.as_ref());
            for version in versions {
                let group_version = format!("{}/{version}", group.name);
                match self.client.list_api_group_resources(&group_version).await {
                    Ok(list) => listed(&mut found, &group.name, &version, list.resources),
                    // An aggregated API that is away must not hide the others.
                    Err(error) => {
                        let reason = Failure::from(&error).reason;
                        tracing::debug!(group_version, %reason, "a group's kinds are not told");
                        let known = self.table();
                        let before = known
                            .iter()
                            .filter(|one| one.group == group.name && one.version == version);
                        for resource in before {
                            add(&mut found, resource.clone());
                        }
                    }
                }
            }
        }
        Ok(found)
    }
}

impl Resources for DiscoveredKinds {
    fn resolve(&self, partial: &GroupResource) -> Option<Arc<ApiResource>> {
        let found = self.table().resolve(partial);
        if found.is_none() {
            self.missing.notify_one();
        }
        found
    }
}

/// Adds a resource, unless one of its group and plural is there.
fn add(found: &mut Vec<ApiResource>, resource: ApiResource) {
    let same =
        |known: &ApiResource| known.plural == resource.plural && known.group == resource.group;
    if !resource.plural.is_empty() && !found.iter().any(same) {
        found.push(resource);
    }
}

fn aggregated(groups: Vec<APIGroupDiscovery>) -> Vec<ApiResource> {
    let mut found = Vec::new();
    for group in groups {
        let name = group
            .metadata
            .and_then(|meta| meta.name)
            .unwrap_or_default();
        for version in group.versions {
            let number = version.version.unwrap_or_default();
            for resource in version.resources {
                add(&mut found, of(resource, &name, &number));
            }
        }
    }
    found
}

fn of(resource: APIResourceDiscovery, group: &str, version: &str) -> ApiResource {
    let kind = resource.response_kind.and_then(|kind| kind.kind);
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: resource.resource.unwrap_or_default(),
        singular: resource.singular_resource.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        namespaced: resource.scope.as_deref() == Some("Namespaced"),
    }
}

fn listed(
    found: &mut Vec<ApiResource>,
    group: &str,
    version: &str,
    resources: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResource>,
) {
    for resource in resources {
        // `deployments/scale` is no resource of its own.
        if resource.name.contains('/') {
            continue;
        }
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: resource.name,
            singular: resource.singular_name,
            kind: resource.kind,
            namespaced: resource.namespaced,
        };
        add(found, resource);
    }
}
