//! Objects in memory, with revisions and a history for watches.

mod object;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use concertina_model::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{ApiError, Kind};
pub(crate) use object::{merge, meta_text, set_meta};

/// Where an object stands: the place of its kind in the table, its namespace (empty for a
/// cluster-scoped one) and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) kind: usize,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// A change of an object.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    /// The object before, if there was one.
    pub(crate) before: Option<Arc<Value>>,
    /// The object after, if it is still there.
    pub(crate) after: Option<Arc<Value>>,
}

#[derive(Debug)]
struct State {
    revision: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    history: VecDeque<Event>,
    /// What happened at this revision and before is no longer known.
    forgotten: u64,
    uids: u64,
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

/// All objects.
pub(crate) struct Store {
    kinds: Vec<Kind>,
    state: Mutex<State>,
    /// The newest revision, for those who wait for changes.
    newest: watch::Sender<u64>,
    keeps: usize,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("kinds", &self.kinds.len())
            .finish_non_exhaustive()
    }
}

impl Store {
    pub(crate) fn new(
        kinds: Vec<Kind>,
        keeps: usize,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self {
            kinds,
            state: Mutex::new(State {
                revision: 1,
                objects: BTreeMap::new(),
                history: VecDeque::new(),
                forgotten: 0,
                uids: 0,
            }),
            newest: watch::Sender::new(1),
            keeps,
            now,
        }
    }

    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    pub(crate) fn kind(&self, key: &Key) -> Result<&Kind, ApiError> {
        self.kinds.get(key.kind).ok_or(ApiError::NoSuchPath)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Every change is made in one step at the end, so that a poisoned state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest revision, as it changes.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Arc<Value>, ApiError> {
        let found = self.state().objects.get(key).cloned();
        found.ok_or_else(|| self.not_found(key))
    }

    /// The objects of a kind, of one namespace or all, in order, and the revision.
    pub(crate) fn list(&self, kind: usize, namespace: Option<&str>) -> (Vec<Arc<Value>>, u64) {
        let state = self.state();
        let from = Key {
            kind,
            namespace: namespace.unwrap_or_default().to_owned(),
            name: String::new(),
        };
        let of = |key: &Key| {
            key.kind == kind && namespace.is_none_or(|namespace| namespace == key.namespace)
        };
        let found = state.objects.range(from..).take_while(|(key, _)| of(key));
        (
            found.map(|(_, object)| Arc::clone(object)).collect(),
            state.revision,
        )
    }

    /// What happened to a kind after `revision`, up to the second part.
    pub(crate) fn since(
        &self,
        kind: usize,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<(Vec<Event>, u64), ApiError> {
        let state = self.state();
        if revision < state.forgotten {
            return Err(ApiError::Expired {
                asked: revision,
                oldest: state.forgotten,
            });
        }
        let new = state
            .history
            .partition_point(|event| event.revision <= revision);
        let events = state.history.iter().skip(new).filter(|event| {
            event.key.kind == kind && namespace.is_none_or(|n| n == event.key.namespace)
        });
        Ok((events.cloned().collect(), state.revision))
    }

    /// Forgets all that happened: who watches from before now is told that it is too late.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.history.clear();
        state.revision += 1;
        state.forgotten = state.revision;
        let revision = state.revision;
        drop(state);
        self.newest.send_replace(revision);
    }

    fn not_found(&self, key: &Key) -> ApiError {
        ApiError::NotFound {
            resource: self.kind(key).map(Kind::resource).unwrap_or_default(),
            name: key.name.clone(),
        }
    }

    /// Puts a new object into the store and completes its metadata. What it says of its own
    /// creation and identity stays, as it does when a cluster's objects are copied.
    pub(crate) fn create(&self, key: &Key, mut object: Value) -> Result<Arc<Value>, ApiError> {
        let kind = self.kind(key)?;
        let mut state = self.state();
        if state.objects.contains_key(key) {
            return Err(ApiError::AlreadyExists {
                resource: kind.resource(),
                name: key.name.clone(),
            });
        }
        state.uids += 1;
        object::complete(&mut object, kind, key, state.uids, self.now())?;
        Ok(self.commit(state, key, Some(object)))
    }

    /// Changes an object: `change` gets what is there and gives what shall be.
    pub(crate) fn update(
        &self,
        key: &Key,
        part: Part,
        change: impl FnOnce(&Value) -> Result<Value, ApiError>,
    ) -> Result<Arc<Value>, ApiError> {
        let kind = self.kind(key)?;
        let state = self.state();
        let Some(before) = state.objects.get(key).cloned() else {
            drop(state);
            return Err(self.not_found(key));
        };
        let wanted = change(&before)?;
        let asked = meta_text(&wanted, "resourceVersion");
        if !asked.is_empty() && asked != meta_text(&before, "resourceVersion") {
            return Err(ApiError::Conflict {
                resource: kind.resource(),
                name: key.name.clone(),
            });
        }
        let after = object::next(&before, wanted, kind, part);
        if after == *before {
            return Ok(before);
        }
        Ok(self.commit(state, key, Some(after)))
    }

    pub(crate) fn delete(&self, key: &Key) -> Result<Arc<Value>, ApiError> {
        let state = self.state();
        match state.objects.contains_key(key) {
            true => Ok(self.commit(state, key, None)),
            false => {
                drop(state);
                Err(self.not_found(key))
            }
        }
    }

    /// Makes a change under a new revision and tells of it. Gives the object, or the one that was.
    fn commit(
        &self,
        mut state: std::sync::MutexGuard<'_, State>,
        key: &Key,
        object: Option<Value>,
    ) -> Arc<Value> {
        state.revision += 1;
        let revision = state.revision;
        let before = state.objects.remove(key);
        let after = object.map(|mut object| {
            set_meta(&mut object, "resourceVersion", json!(revision.to_string()));
            Arc::new(object)
        });
        if let Some(after) = &after {
            state.objects.insert(key.clone(), Arc::clone(after));
        }
        // A deleted object is told with the revision of its deletion.
        let gone = || {
            let mut gone = before.as_deref().cloned().unwrap_or_default();
            set_meta(&mut gone, "resourceVersion", json!(revision.to_string()));
            Arc::new(gone)
        };
        let told = after.clone().unwrap_or_else(gone);
        state.history.push_back(Event {
            revision,
            key: key.clone(),
            before: match after {
                Some(_) => before,
                None => Some(Arc::clone(&told)),
            },
            after,
        });
        while state.history.len() > self.keeps {
            if let Some(oldest) = state.history.pop_front() {
                state.forgotten = oldest.revision;
            }
        }
        drop(state);
        self.newest.send_replace(revision);
        told
    }
}
