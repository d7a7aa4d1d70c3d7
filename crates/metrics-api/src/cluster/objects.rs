//! Which objects a cluster has, as a watch cache knows it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::ApiResource;
use concertina_model::{GroupResource, LabelSelector};
use concertina_sources::Clock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use tokio::task::JoinSet;

use super::follow::{Followed, Phase};
use super::index::{Index, Indexed};
use crate::adapter::{ListError, ListedObject, ObjectLister, UsageObjects};
use crate::provider::Objects;

/// The limits of [`WatchedObjects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// How long a request waits for the objects of a resource that nobody asked for before.
    pub first_sync: Duration,
    /// How long objects are answered from what was known when the API server was last heard of.
    pub last_good: Duration,
    /// A resource that nobody asks for during this time is followed no longer.
    pub unused: Duration,
    /// The most resources that are followed at once.
    pub max_resources: usize,
}

impl Default for WatchOptions {
    /// 8 s for the first answer, 15 minutes without the API server, half an hour unused, and 64
    /// resources.
    fn default() -> Self {
        Self {
            first_sync: Duration::from_secs(8),
            last_good: Duration::from_secs(900),
            unused: Duration::from_secs(1800),
            max_resources: 64,
        }
    }
}

/// The objects of a cluster, with nothing but their metadata, kept up to date by one watch for each
/// resource that is asked for, so that a request costs the API server nothing.
///
/// The first request for a resource starts its watch (over all namespaces: `list` and `watch` must
/// be granted) and waits for the list; later ones are answered from memory. While a watch is
/// interrupted the last list counts, as with the informers of Kubernetes, but not for ever:
/// see [`WatchOptions`]. What is not known is an error, never an empty list.
///
/// It has to be called within a tokio runtime. Watches end when it is dropped.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use concertina_metrics_api::cluster::{WatchOptions, WatchedObjects};
/// use concertina_sources::SystemClock;
///
/// # async fn demo() -> Result<(), kube::Error> {
/// let client = kube::Client::try_default().await?;
/// let objects = WatchedObjects::new(client, WatchOptions::default(), Arc::new(SystemClock));
/// // Give it to `Adapter::new` as the lister of objects.
/// let lister: Arc<dyn concertina_metrics_api::adapter::ObjectLister> = Arc::new(objects);
/// # Ok(())
/// # }
/// ```
pub struct WatchedObjects {
    shared: Arc<Shared>,
    /// Ends with it.
    watches: Mutex<JoinSet<()>>,
}

struct Shared {
    client: kube::Client,
    options: WatchOptions,
    clock: Arc<dyn Clock>,
    followed: Mutex<BTreeMap<(GroupResource, String), Arc<Followed>>>,
}

impl fmt::Debug for WatchedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedObjects")
            .field("options", &self.shared.options)
            .field("followed", &self.shared.followed().keys())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn followed(&self) -> MutexGuard<'_, BTreeMap<(GroupResource, String), Arc<Followed>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what nobody asks for. True when it did.
    fn forget_unused(&self, followed: &Arc<Followed>) -> bool {
        let mut all = self.followed();
        let unused = followed.unused_for(self.clock.now()) >= self.options.unused;
        if unused {
            all.retain(|_, known| !Arc::ptr_eq(known, followed));
        }
        unused
    }
}

impl WatchedObjects {
    /// Follows nothing yet.
    #[must_use]
    pub fn new(client: kube::Client, options: WatchOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                options,
                clock,
                followed: Mutex::default(),
            }),
            watches: Mutex::default(),
        }
    }

    /// Tells in `registry` of every resource that is followed: `watched_objects`, how many there
    /// are; `watch_synced`, whether all are known; `watch_failing`, whether the watch fails now.
    pub fn register(&self, registry: &mut Registry) {
        let shared = Arc::clone(&self.shared);
        registry.register_collector(Box::new(Told(shared)));
    }

    /// The resource, followed from now on.
    fn follow(&self, resource: &ApiResource) -> Result<Arc<Followed>, ListError> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let key = (resource.group_resource(), resource.version.clone());
        let mut all = shared.followed();
        if let Some(followed) = all.get(&key) {
            followed.use_now(now);
            return Ok(Arc::clone(followed));
        }
        if all.len() >= shared.options.max_resources {
            return Err(ListError::new(format!(
                "the objects of {} resources are followed, and no more can be",
                all.len()
            )));
        }
        let followed = Arc::new(Followed::new(resource.clone(), now));
        all.insert(key, Arc::clone(&followed));
        drop(all);
        let (shared, task) = (Arc::clone(shared), Arc::clone(&followed));
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        while watches.try_join_next().is_some() {}
        watches.spawn(async move {
            let look = shared.options.unused / 8;
            let is_over = || shared.forget_unused(&task);
            let client = shared.client.clone();
            task.follow(client, &*shared.clock, look, is_over).await;
        });
        Ok(followed)
    }

    /// What `read` makes of the objects of `resource`, once they are known.
    async fn read<T>(
        &self,
        resource: &ApiResource,
        read: impl FnOnce(&Index) -> T,
    ) -> Result<T, ListError> {
        let followed = self.follow(resource)?;
        let options = &self.shared.options;
        let mut phase = followed.phase();
        let something = phase.wait_for(|phase| !matches!(phase, Phase::Waiting(_)));
        // Whether in time or not: what is known now counts.
        drop(tokio::time::timeout(options.first_sync, something).await);
        let known = phase.borrow().clone();
        let what = resource.group_resource();
        match known {
            Phase::Refused(reason) => {
                return Err(ListError::new(format!("{what} cannot be listed: {reason}")));
            }
            Phase::Waiting(reason) => {
                let reason = reason
                    .as_deref()
                    .unwrap_or("the API server has not answered");
                return Err(ListError::new(format!(
                    "which {what} there are is not known yet, after {} s: {reason}",
                    options.first_sync.as_secs_f64()
                )));
            }
            Phase::Synced => {}
        }
        let now = self.shared.clock.now();
        match followed.trouble(now) {
            Some(trouble) if now.saturating_duration_since(trouble.since) > options.last_good => {
                Err(ListError::new(format!(
                    "which {what} there are is not known any more: since {} {}",
                    trouble.since, trouble.reason
                )))
            }
            _ => Ok(followed.read(read)),
        }
    }
}

#[async_trait]
impl ObjectLister for WatchedObjects {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        let names = |index: &Index| {
            let objects = index.objects(namespace);
            let chosen = objects.filter(|object| object.matches(selector));
            chosen.map(|object| object.name.to_owned()).collect()
        };
        self.read(resource, names).await
    }
}

#[async_trait]
impl UsageObjects for WatchedObjects {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<ListedObject>, ListError> {
        let listed = |index: &Index| match objects {
            Objects::Named(name) => {
                let object = index.object(namespace.unwrap_or_default(), name);
                object.iter().map(listed).collect()
            }
            Objects::Matching(selector) => {
                let all = index.objects(namespace);
                let chosen = all.filter(|object| object.matches(selector));
                chosen.map(|object| listed(&object)).collect()
            }
        };
        self.read(resource, listed).await
    }
}

fn listed(object: &Indexed<'_>) -> ListedObject {
    let labels = object.labels.iter();
    ListedObject {
        namespace: object.namespace.to_owned(),
        name: object.name.to_owned(),
        labels: labels
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
    }
}

/// Reads the numbers when they are asked for.
struct Told(Arc<Shared>);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all: Vec<Arc<Followed>> = self.0.followed().values().cloned().collect();
        let now = self.0.clock.now();
        let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Followed) -> usize| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for followed in &all {
                let labels = [("resource", followed.resource.group_resource().to_string())];
                let value = i64::try_from(value(followed)).unwrap_or(i64::MAX);
                family.encode_family(&labels)?.encode_gauge(&value)?;
            }
            Ok(())
        };
        gauge(
            "watched_objects",
            "Objects of the cluster that a watch knows.",
            &|followed| followed.read(Index::len),
        )?;
        gauge(
            "watch_synced",
            "Whether all objects of the resource have been listed.",
            &|followed| usize::from(matches!(*followed.phase().borrow(), Phase::Synced)),
        )?;
        gauge(
            "watch_failing",
            "Whether the watch fails now; the last list stays in use for a while.",
            &|followed| usize::from(followed.trouble(now).is_some()),
        )
    }
}
