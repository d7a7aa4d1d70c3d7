//! One resource, followed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use concertina_mapping::ApiResource;
use concertina_model::Timestamp;
use concertina_sources::Clock;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use kube::Api;
use kube::api::DynamicObject;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::watch;

use super::failure::Failure;
use super::index::Index;

/// The first pause after a failure; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// Failures that are further apart than this have been got over in between: what works says
/// nothing until an object changes.
const APART: Duration = Duration::from_secs(60);

/// The status that says that the watch's place in the history is gone: only a new list helps.
const GONE: u16 = 410;

/// Failures one after the other.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) since: Timestamp,
    last: Timestamp,
    pub(super) reason: Arc<str>,
}

/// How far it is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Nothing is known yet, and why, when something failed.
    Waiting(Option<Arc<str>>),
    /// Nothing is known, and it is the API server that says no.
    Refused(Arc<str>),
    /// All objects are known.
    Synced,
}

#[derive(Debug, Default)]
struct Seen {
    index: Index,
    trouble: Option<Trouble>,
}

/// A resource, and what is known of its objects.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) resource: ApiResource,
    seen: RwLock<Seen>,
    phase: watch::Sender<Phase>,
    /// When it was last asked for, in milliseconds.
    used: AtomicI64,
}

impl Followed {
    pub(super) fn new(resource: ApiResource, now: Timestamp) -> Self {
        Self {
            resource,
            seen: RwLock::default(),
            phase: watch::Sender::new(Phase::Waiting(None)),
            used: AtomicI64::new(now.as_millis()),
        }
    }

    pub(super) fn use_now(&self, now: Timestamp) {
        self.used.fetch_max(now.as_millis(), Ordering::Relaxed);
    }

    pub(super) fn unused_for(&self, now: Timestamp) -> Duration {
        let used = Timestamp::from_millis(self.used.load(Ordering::Relaxed));
        now.saturating_duration_since(used)
    }

    fn seen(&self) -> RwLockReadGuard<'_, Seen> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What the objects are now, or why the API server has not been heard of since when.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Index) -> T) -> T {
        read(&self.seen().index)
    }

    /// The failures that go on now.
    pub(super) fn trouble(&self, now: Timestamp) -> Option<Trouble> {
        let trouble = self.seen().trouble.clone()?;
        (now.saturating_duration_since(trouble.last) <= APART).then_some(trouble)
    }

    /// How far it is.
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Follows the resource; ends when `is_over` says so, which is asked now and then.
    pub(super) async fn follow(
        &self,
        client: kube::Client,
        clock: &dyn Clock,
        look: Duration,
        is_over: impl Fn() -> bool,
    ) {
        let api: Api<PartialObjectMeta<DynamicObject>> =
            Api::all_with(client, &dynamic(&self.resource));
        let anew = || watcher(api.clone(), watcher::Config::default()).boxed();
        let mut events = anew();
        let mut next = Index::default();
        let mut pause = FIRST_PAUSE;
        let mut tick = clock.sleep(look);
        while !is_over() {
            match select(events.next(), tick).await {
                Either::Left((event, rest)) => {
                    tick = rest;
                    match event {
                        Some(Ok(event)) => {
                            pause = FIRST_PAUSE;
                            self.take(event, &mut next);
                        }
                        Some(Err(error)) => {
                            let failure = Failure::from(&error);
                            self.failed(&failure, clock.now());
                            clock.sleep(pause).await;
                            pause = pause.saturating_mul(2).min(LAST_PAUSE);
                            if failure.status == Some(GONE) {
                                // kube would go on to ask for a watch from there.
                                events = anew();
                            }
                        }
                        // A watcher never ends.
                        None => return,
                    }
                }
                Either::Right(_) => tick = clock.sleep(look),
            }
        }
    }

    fn take(&self, event: Event<PartialObjectMeta<DynamicObject>>, next: &mut Index) {
        match event {
            Event::Init => *next = Index::default(),
            Event::InitApply(object) => next.put(object.metadata),
            Event::InitDone => {
                let index = std::mem::take(next);
                let objects = index.len();
                self.change(|seen| {
                    *seen = Seen {
                        index,
                        trouble: None,
                    };
                });
                self.phase.send_replace(Phase::Synced);
                let resource = self.resource.group_resource();
                tracing::info!(%resource, objects, "the cluster's objects are followed");
            }
            Event::Apply(object) => self.change(|seen| {
                seen.trouble = None;
                seen.index.put(object.metadata);
            }),
            Event::Delete(object) => self.change(|seen| {
                seen.trouble = None;
                seen.index.remove(&object.metadata);
            }),
        }
    }

    fn failed(&self, failure: &Failure, now: Timestamp) {
        let resource = self.resource.group_resource();
        if failure.status == Some(GONE) {
            tracing::debug!(%resource, "the watch begins anew");
            return;
        }
        let reason: Arc<str> = match failure.status {
            Some(401 | 403) => format!(
                "{}; grant list and watch on {resource} of all namespaces to this server",
                failure.reason
            )
            .into(),
            _ => failure.reason.as_str().into(),
        };
        let goes_on = self.trouble(now);
        if goes_on.as_ref().is_none_or(|known| known.reason != reason) {
            tracing::warn!(%resource, %reason, "objects cannot be followed; it is tried again");
        }
        let trouble = Trouble {
            since: goes_on.map_or(now, |known| known.since),
            last: now,
            reason: Arc::clone(&reason),
        };
        self.change(|seen| seen.trouble = Some(trouble));
        // What was known once stays known.
        self.phase.send_if_modified(|phase| {
            let nothing_known = !matches!(phase, Phase::Synced);
            if nothing_known {
                *phase = match failure.status {
                    Some(401 | 403 | 404 | 405) => Phase::Refused(reason),
                    _ => Phase::Waiting(Some(reason)),
                };
            }
            nothing_known
        });
    }
}

fn dynamic(resource: &ApiResource) -> kube::api::ApiResource {
    kube::api::ApiResource {
        group: resource.group.clone(),
        version: resource.version.clone(),
        api_version: resource.api_version(),
        kind: resource.kind.clone(),
        plural: resource.plural.clone(),
    }
}
