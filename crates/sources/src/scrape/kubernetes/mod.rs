//! Targets that Kubernetes knows: pods and endpoints, listed and watched.
//!
//! `objects` is what is read of them, `watch` keeps a collection as the API has it, `labels` makes
//! targets of objects.

mod labels;
mod objects;
mod watch;

use std::sync::Arc;

use concertina_http::{Client, ClientOptions, encode_segment};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::config::Found;
use crate::clock::Clock;
use objects::{Endpoints, Pod, Service};
use watch::{Cache, Collection};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Pod,
    Endpoints,
}

impl Role {
    /// The resources whose objects it looks at, as selectors name them.
    pub(super) fn resources(self) -> &'static [&'static str] {
        match self {
            Self::Pod => &["pod"],
            Self::Endpoints => &["endpoints", "service", "pod"],
        }
    }
}

/// Which objects of a cluster are targets.
#[derive(Clone, Debug)]
pub(super) struct Discovery {
    pub(super) role: Role,
    /// The API server.
    pub(super) api: String,
    /// Empty for all.
    pub(super) namespaces: Vec<String>,
    pub(super) selectors: Vec<Selectors>,
    pub(super) client: ClientOptions,
}

/// Which objects of a resource are looked at; empty for all.
#[derive(Clone, Debug)]
pub(super) struct Selectors {
    pub(super) resource: &'static str,
    pub(super) labels: String,
    pub(super) fields: String,
}

/// What is known of the cluster, or of a namespace of it.
struct Scope {
    role: Role,
    pods: Cache<Pod>,
    endpoints: Cache<Endpoints>,
    services: Cache<Service>,
}

impl Scope {
    /// The targets; none while the objects are not listed.
    fn found(&self) -> Option<Vec<Found>> {
        let pods = self.pods.objects();
        match self.role {
            Role::Pod => Some(labels::of_pods(pods.as_ref()?)),
            Role::Endpoints => {
                let (endpoints, services) = (self.endpoints.objects(), self.services.objects());
                let found =
                    labels::of_endpoints(endpoints.as_ref()?, services.as_ref()?, pods.as_ref()?);
                Some(found)
            }
        }
    }
}

/// A discovery at work; it ends with it.
pub(super) struct Discovering {
    scopes: Vec<Arc<Scope>>,
    _tasks: JoinSet<()>,
}

impl Discovering {
    /// All targets there are; none until objects are listed.
    pub(super) fn found(&self) -> Option<Vec<Found>> {
        let each: Vec<_> = self
            .scopes
            .iter()
            .filter_map(|scope| scope.found())
            .collect();
        (!each.is_empty()).then(|| each.concat())
    }
}

impl Discovery {
    /// Follows the cluster from now on; `changed` tells when something did.
    pub(super) fn start(&self, clock: &Arc<dyn Clock>, changed: &Arc<Notify>) -> Discovering {
        let client = Client::new(self.client.clone());
        let api = format!("{}/api/v1", self.api.trim_end_matches('/'));
        let bases = match self.namespaces.as_slice() {
            [] => vec![api],
            names => names
                .iter()
                .map(|name| format!("{api}/namespaces/{}", encode_segment(name)))
                .collect(),
        };
        let mut tasks = JoinSet::new();
        let mut scopes = Vec::new();
        for base in bases {
            let scope = Arc::new(Scope {
                role: self.role,
                pods: Cache::new(changed),
                endpoints: Cache::new(changed),
                services: Cache::new(changed),
            });
            for resource in self.role.resources() {
                let collection = Collection {
                    base: base.clone(),
                    selectors: self.selectors_of(resource),
                    client: client.clone(),
                };
                let (scope, clock) = (Arc::clone(&scope), Arc::clone(clock));
                tasks.spawn(async move {
                    match *resource {
                        "pod" => collection.follow(&scope.pods, &*clock).await,
                        "service" => collection.follow(&scope.services, &*clock).await,
                        _ => collection.follow(&scope.endpoints, &*clock).await,
                    }
                });
            }
            scopes.push(scope);
        }
        Discovering {
            scopes,
            _tasks: tasks,
        }
    }

    fn selectors_of(&self, resource: &str) -> Vec<(String, String)> {
        let own = self.selectors.iter().filter(|one| one.resource == resource);
        own.flat_map(|one| {
            [
                ("labelSelector", &one.labels),
                ("fieldSelector", &one.fields),
            ]
        })
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.clone()))
        .collect()
    }
}
