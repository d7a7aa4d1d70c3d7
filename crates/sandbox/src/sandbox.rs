//! The cluster as its host sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use concertina_http::ServerOptions;
use concertina_model::Timestamp;
use serde_json::{Value, json};

use crate::audit::{Audit, AuditEntry, WriteEntry};
use crate::patch::merge;
use crate::store::{Deletion, Key, Store, Write, meta_text};
use crate::{ApiError, Fault, Kind, Policy};

/// What a [`Sandbox`] is made of.
#[derive(Clone)]
pub struct SandboxOptions {
    /// The kinds it has.
    pub kinds: Vec<Kind>,
    /// How many changes are remembered for watches.
    pub history: usize,
    /// How often a watch that wants bookmarks gets one.
    pub bookmarks: Duration,
    /// Whether the policy is for the API itself, too: else everybody may do everything.
    pub enforce: bool,
    /// The time, for new objects and tokens.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for SandboxOptions {
    /// The [builtin](Kind::builtin) kinds, 10,000 changes, a bookmark each minute, everybody may do
    /// everything, and the machine's time.
    fn default() -> Self {
        Self {
            kinds: Kind::builtin(),
            history: 10_000,
            bookmarks: Duration::from_secs(60),
            enforce: false,
            now: Arc::new(|| std::time::SystemTime::now().into()),
        }
    }
}

impl std::fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("kinds", &self.kinds.len())
            .field("history", &self.history)
            .field("bookmarks", &self.bookmarks)
            .field("enforce", &self.enforce)
            .finish_non_exhaustive()
    }
}

/// A cluster's API, in memory. Cheap to clone; clones share the cluster.
///
/// ```
/// use concertina_sandbox::{Sandbox, SandboxOptions};
/// use serde_json::json;
///
/// let cluster = Sandbox::new(SandboxOptions::default());
/// cluster.put(json!({
///     "apiVersion": "v1", "kind": "Pod",
///     "metadata": {"name": "a", "namespace": "default"},
/// })).unwrap();
/// let pod = cluster.get("v1", "Pod", "default", "a").unwrap();
/// assert_eq!(pod["metadata"]["resourceVersion"], "2");
/// ```
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) bookmarks: Duration,
    pub(crate) enforce: bool,
    policy: Mutex<Policy>,
    faults: Mutex<Vec<Fault>>,
    audit: Mutex<Audit>,
    writes: Mutex<Vec<WriteEntry>>,
}

/// A lock whose content is whole whatever happened.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sandbox {
    /// An empty cluster.
    #[must_use]
    pub fn new(options: SandboxOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                store: Store::new(options.kinds, options.history.max(1), options.now),
                bookmarks: options.bookmarks,
                enforce: options.enforce,
                policy: Mutex::default(),
                faults: Mutex::default(),
                audit: Mutex::default(),
                writes: Mutex::default(),
            }),
        }
    }

    /// Puts an object there, new or in the place of the one of its name; status included.
    ///
    /// # Errors
    ///
    /// [`ApiError`] when its kind is not known or it has no name.
    pub fn put(&self, object: Value) -> Result<Arc<Value>, ApiError> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let namespace = meta_text(&object, "namespace");
        let key = self.key(
            text("apiVersion"),
            text("kind"),
            namespace,
            meta_text(&object, "name"),
        )?;
        match self.shared.store.get(&key) {
            Ok(_) => self.shared.store.update(&key, &Write::CLUSTER, |_| {
                let mut wanted = object;
                crate::store::set_meta(&mut wanted, "resourceVersion", Value::Null);
                Ok(wanted)
            }),
            Err(_) => self.shared.store.create(&key, &Write::CLUSTER, object),
        }
    }

    /// Puts all objects of a `List` there.
    ///
    /// # Errors
    ///
    /// [`ApiError`] at the first object that cannot be put; those before it are there.
    pub fn load(&self, list: &Value) -> Result<usize, ApiError> {
        let items = list.get("items").and_then(Value::as_array);
        let items = items
            .ok_or_else(|| ApiError::BadRequest("it is no List: it has no `items`".to_owned()))?;
        for item in items {
            self.put(item.clone())?;
        }
        Ok(items.len())
    }

    /// An object by its kind and name; `namespace` is empty for a cluster-scoped one.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], or when the kind is not known.
    pub fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, ApiError> {
        let key = self.key(api_version, kind, namespace, name)?;
        self.shared.store.get(&key)
    }

    /// Takes an object away.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::get`].
    pub fn delete(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<(), ApiError> {
        let key = self.key(api_version, kind, namespace, name)?;
        let deletion = Deletion::default();
        self.shared.store.delete(&key, &deletion).map(|_| ())
    }

    fn key(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Key, ApiError> {
        let kinds = self.shared.store.kinds();
        let place = kinds.of(api_version, kind).ok_or_else(|| {
            ApiError::BadRequest(format!("no kind `{kind}` of `{api_version}` is known"))
        })?;
        let namespaced = kinds.get(place).is_some_and(|kind| kind.namespaced);
        if name.is_empty() || namespaced == namespace.is_empty() {
            let what = "an object needs a name, and a namespace exactly when its kind has one";
            return Err(ApiError::BadRequest(what.to_owned()));
        }
        Ok(Key {
            kind: place,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Serves a kind from now on, or serves it differently.
    pub fn add_kind(&self, kind: Kind) {
        self.shared.store.change_kinds(|kinds| kinds.put(kind));
    }

    /// Serves a resource of an API group no more, in no version. Its objects are gone.
    pub fn remove_kind(&self, group: &str, plural: &str) {
        let is = |kind: &Kind| kind.group == group && kind.plural == plural;
        while let Some(place) = self.shared.store.kinds().position(is) {
            for object in self.shared.store.list(place, None).0 {
                let key = Key {
                    kind: place,
                    namespace: meta_text(&object, "namespace").to_owned(),
                    name: meta_text(&object, "name").to_owned(),
                };
                // Somebody else may have been faster.
                let _ = self.shared.store.delete(&key, &Deletion::default());
            }
            self.shared.store.change_kinds(|kinds| kinds.remove(place));
        }
    }

    /// From now on pods that are on a node end with grace: their deletion is only noted, and
    /// whoever plays the kubelet deletes them with a grace of 0 seconds.
    pub fn end_pods_with_grace(&self) {
        self.shared.store.set_kubelet();
    }

    /// Forgets what happened so far: watches that go on from an older revision get a 410.
    pub fn forget_history(&self) {
        self.shared.store.forget();
    }

    /// What reviews are answered from.
    #[must_use]
    pub fn policy(&self) -> Policy {
        locked(&self.shared.policy).clone()
    }

    /// Answers reviews from this policy from now on.
    pub fn set_policy(&self, policy: Policy) {
        *locked(&self.shared.policy) = policy;
    }

    /// Orders a fault. The first one that is for a request happens.
    pub fn fault(&self, fault: Fault) {
        locked(&self.shared.faults).push(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        locked(&self.shared.faults).clear();
    }

    /// The newest requests, at most 10,000, the oldest first.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditEntry> {
        locked(&self.shared.audit).all()
    }

    /// All that clients wrote, the oldest first: what was refused, and dry runs, are not in it.
    #[must_use]
    pub fn writes(&self) -> Vec<WriteEntry> {
        locked(&self.shared.writes).clone()
    }

    /// Forgets the requests and writes so far.
    pub fn clear_audit(&self) {
        locked(&self.shared.audit).clear();
        locked(&self.shared.writes).clear();
    }

    pub(crate) fn wrote(&self, entry: WriteEntry) {
        locked(&self.shared.writes).push(entry);
    }

    pub(crate) fn meet_fault(&self, path: &str) -> Option<crate::Then> {
        let mut faults = locked(&self.shared.faults);
        faults.iter_mut().find_map(|fault| fault.meet(path))
    }

    pub(crate) fn note(&self, entry: AuditEntry) {
        locked(&self.shared.audit).add(entry);
    }

    /// Writes the ConfigMap `kube-system/extension-apiserver-authentication`, from which servers of
    /// aggregated APIs learn whom to trust. Each part is PEM text, or none.
    ///
    /// # Errors
    ///
    /// [`ApiError`] when there is no kind ConfigMap.
    pub fn set_authentication(
        &self,
        client_ca: Option<&str>,
        front_proxy: Option<&FrontProxy>,
    ) -> Result<(), ApiError> {
        let mut data = json!({});
        if let Some(ca) = client_ca {
            merge(&mut data, &json!({"client-ca-file": ca}));
        }
        if let Some(proxy) = front_proxy {
            // Lists are JSON inside of a text.
            let list = |list: &[String]| json!(list).to_string();
            let headers = |name: &str| list(&[name.to_owned()]);
            let proxy = json!({
                "requestheader-client-ca-file": proxy.ca,
                "requestheader-allowed-names": list(&proxy.allowed_names),
                "requestheader-username-headers": headers("X-Remote-User"),
                "requestheader-uid-headers": headers("X-Remote-Uid"),
                "requestheader-group-headers": headers("X-Remote-Group"),
                "requestheader-extra-headers-prefix": headers("X-Remote-Extra-"),
            });
            merge(&mut data, &proxy);
        }
        self.put(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "namespace": "kube-system",
                "name": "extension-apiserver-authentication",
            },
            "data": data,
        }))?;
        Ok(())
    }
}

/// The front proxy of a cluster, the API aggregator: whoever shows a certificate of this CA with
/// one of these names may say who really asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontProxy {
    /// The CA in PEM.
    pub ca: String,
    /// The common names; empty for any.
    pub allowed_names: Vec<String>,
}

/// Limits for serving a [`Sandbox`]: watches and hanging faults take long, and many clients come.
#[must_use]
pub fn server_options() -> ServerOptions {
    ServerOptions {
        max_connections: 4096,
        request_deadline: Duration::from_secs(3600),
        idle_timeout: Duration::from_secs(3600),
        drain: Duration::from_millis(100),
        ..ServerOptions::default()
    }
}
