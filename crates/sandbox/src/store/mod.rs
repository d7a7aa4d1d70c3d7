//! Objects in memory, with revisions and a history for watches.

mod defaults;
mod deletion;
mod object;
mod state;
mod version;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use concertina_model::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::kind::Table;
use crate::patch::{Applied, observe};
use crate::schema::Schema;
use crate::{ApiError, Kind};
pub(crate) use deletion::Deletion;
pub(crate) use object::{meta_text, set_meta};
pub(crate) use state::Event;
use state::State;

/// Where an object stands: the place of its kind in the table, its namespace (empty for a
/// cluster-scoped one) and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) kind: usize,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// What changes with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but the status, where the kind has it apart.
    Spec,
    /// The status alone.
    Status,
    /// All of it: what the cluster itself does.
    Whole,
}

/// How something is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write<'a> {
    pub(crate) part: Part,
    /// Whether it is only said what would be.
    pub(crate) dry: bool,
    /// Whose fields the changed ones are; none for what the cluster itself does, and for what has
    /// noted that already.
    pub(crate) by: Option<&'a Applied<'a>>,
    /// Whether the change says whose fields are whose.
    pub(crate) applied: bool,
}

impl Write<'_> {
    /// What the cluster itself does.
    pub(crate) const CLUSTER: Self = Self {
        part: Part::Whole,
        dry: false,
        by: None,
        applied: false,
    };
}

/// All objects.
pub(crate) struct Store {
    kinds: RwLock<Arc<Table>>,
    state: Mutex<State>,
    /// The newest revision, for those who wait for changes.
    newest: watch::Sender<u64>,
    /// Whether somebody plays the kubelet, who ends pods.
    kubelet: AtomicBool,
    keeps: usize,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    pub(crate) fn new(
        kinds: Vec<Kind>,
        keeps: usize,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self {
            kinds: RwLock::new(Arc::new(Table::new(kinds))),
            state: Mutex::new(State::default()),
            newest: watch::Sender::new(1),
            kubelet: AtomicBool::new(false),
            keeps,
            now,
        }
    }

    /// The kinds as they are now.
    pub(crate) fn kinds(&self) -> Arc<Table> {
        Arc::clone(&self.kinds.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the table of kinds.
    pub(crate) fn change_kinds(&self, change: impl FnOnce(&mut Table)) {
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut kinds));
    }

    pub(crate) fn kind(&self, key: &Key) -> Result<Arc<Kind>, ApiError> {
        self.kinds()
            .get(key.kind)
            .cloned()
            .ok_or(ApiError::NoSuchPath)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Leaves the end of pods to whoever plays the kubelet.
    pub(crate) fn set_kubelet(&self) {
        self.kubelet.store(true, Ordering::Relaxed);
    }

    fn has_kubelet(&self) -> bool {
        self.kubelet.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is made in one step at the end, so that a poisoned state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest revision, as it changes.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The key under which an object is kept that is asked for by this one.
    fn kept(kinds: &Table, key: &Key) -> Key {
        Key {
            kind: kinds.keeper(key.kind),
            ..key.clone()
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Arc<Value>, ApiError> {
        let kinds = self.kinds();
        let found = self.state().get(&Self::kept(&kinds, key));
        match found {
            Some(found) => Ok(version::shown(&kinds, key.kind, &found)),
            None => Err(self.not_found(key)),
        }
    }

    /// The objects of a kind, of one namespace or all, in order, and the revision.
    pub(crate) fn list(&self, kind: usize, namespace: Option<&str>) -> (Vec<Arc<Value>>, u64) {
        let kinds = self.kinds();
        let state = self.state();
        let found = state.list(kinds.keeper(kind), namespace);
        let revision = state.revision();
        drop(state);
        let shown = found.iter().map(|o| version::shown(&kinds, kind, o));
        (shown.collect(), revision)
    }

    /// What happened to a kind after `revision`, up to the second part.
    pub(crate) fn since(
        &self,
        kind: usize,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<(Vec<Event>, u64), ApiError> {
        let kinds = self.kinds();
        let state = self.state();
        let (mut events, newest) = state.since(kinds.keeper(kind), namespace, revision)?;
        drop(state);
        for event in &mut events {
            for object in [&mut event.before, &mut event.after].into_iter().flatten() {
                *object = version::shown(&kinds, kind, object);
            }
        }
        Ok((events, newest))
    }

    /// Forgets all that happened: who watches from before now is told that it is too late.
    pub(crate) fn forget(&self) {
        let revision = self.state().forget();
        self.newest.send_replace(revision);
    }

    fn not_found(&self, key: &Key) -> ApiError {
        ApiError::NotFound {
            resource: self
                .kind(key)
                .map(|kind| kind.resource())
                .unwrap_or_default(),
            name: key.name.clone(),
        }
    }

    /// Puts a new object into the store and completes its metadata. What the cluster itself puts
    /// there keeps what it says of its creation and identity, as when a cluster's objects are
    /// copied.
    pub(crate) fn create(
        &self,
        key: &Key,
        write: &Write<'_>,
        mut object: Value,
    ) -> Result<Arc<Value>, ApiError> {
        let kinds = self.kinds();
        let kind = self.kind(key)?;
        let kept = Self::kept(&kinds, key);
        let mut state = self.state();
        if state.get(&kept).is_some() {
            return Err(ApiError::AlreadyExists {
                resource: kind.resource(),
                name: key.name.clone(),
            });
        }
        let number = state.number();
        if write.part != Part::Whole {
            object::strip(&mut object, &kind, write.applied);
            defaults::fill(&mut object, &kind, number);
        }
        object::complete(&mut object, &kind, key, number, self.now())?;
        let object = version::kept(&kinds, kept.kind, object);
        if write.dry {
            return Ok(version::shown(&kinds, key.kind, &Arc::new(object)));
        }
        let created = self.commit(state, &kept, Some(object));
        Ok(version::shown(&kinds, key.kind, &created))
    }

    /// Changes an object: `change` gets what is there and gives what shall be.
    pub(crate) fn update(
        &self,
        key: &Key,
        write: &Write<'_>,
        change: impl FnOnce(&Value) -> Result<Value, ApiError>,
    ) -> Result<Arc<Value>, ApiError> {
        let kinds = self.kinds();
        let kind = self.kind(key)?;
        let kept = Self::kept(&kinds, key);
        let state = self.state();
        let Some(there) = state.get(&kept) else {
            drop(state);
            return Err(self.not_found(key));
        };
        let before = version::shown(&kinds, key.kind, &there);
        let wanted = change(&before)?;
        object::preconditions(&before, &wanted, &kind, key)?;
        let mut after = object::next(&before, wanted, &kind, write);
        if write.part == Part::Spec {
            defaults::fill(&mut after, &kind, 0);
        }
        object::count_generation(&before, &mut after, &kind);
        if let (Some(by), false) = (write.by, write.applied) {
            observe(by, &before, &mut after, Schema::of(&kind));
        }
        if after == *before {
            return Ok(before);
        }
        let after = version::kept(&kinds, kept.kind, after);
        if write.dry {
            return Ok(version::shown(&kinds, key.kind, &Arc::new(after)));
        }
        if object::is_over(&before, &after) {
            let gone = self.commit(state, &kept, None);
            self.cascade(&gone, false);
            return Ok(version::shown(&kinds, key.kind, &gone));
        }
        let changed = self.commit(state, &kept, Some(after));
        Ok(version::shown(&kinds, key.kind, &changed))
    }

    /// Makes a change under a new revision and tells of it. Gives the object, or the one that was.
    fn commit(
        &self,
        mut state: MutexGuard<'_, State>,
        key: &Key,
        object: Option<Value>,
    ) -> Arc<Value> {
        let (revision, told) = state.commit(key, object, self.keeps);
        drop(state);
        self.newest.send_replace(revision);
        told
    }
}
