//! What is there, and what happened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::object::{owners, set_meta};
use super::{Key, meta_text};
use crate::ApiError;

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
pub(super) struct State {
    revision: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    /// What belongs to the object of a uid.
    dependents: BTreeMap<String, BTreeSet<Key>>,
    history: VecDeque<Event>,
    /// What happened at this revision and before is no longer known.
    forgotten: u64,
    numbers: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            revision: 1,
            objects: BTreeMap::new(),
            dependents: BTreeMap::new(),
            history: VecDeque::new(),
            forgotten: 0,
            numbers: 0,
        }
    }
}

impl State {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// A number that no other object got.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(key).cloned()
    }

    pub(super) fn list(&self, kind: usize, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let from = Key {
            kind,
            namespace: namespace.unwrap_or_default().to_owned(),
            name: String::new(),
        };
        let of = |key: &Key| {
            key.kind == kind && namespace.is_none_or(|namespace| namespace == key.namespace)
        };
        let found = self.objects.range(from..).take_while(|(key, _)| of(key));
        found.map(|(_, object)| Arc::clone(object)).collect()
    }

    /// The keys of all that is in a namespace.
    pub(super) fn within(&self, namespace: &str) -> Vec<Key> {
        let keys = self.objects.keys();
        keys.filter(|key| key.namespace == namespace)
            .cloned()
            .collect()
    }

    /// The keys of all that belongs to the object of a uid.
    pub(super) fn dependents(&self, uid: &str) -> Vec<Key> {
        let keys = self.dependents.get(uid).into_iter().flatten();
        keys.cloned().collect()
    }

    pub(super) fn since(
        &self,
        kind: usize,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<(Vec<Event>, u64), ApiError> {
        if revision < self.forgotten {
            return Err(ApiError::Expired {
                asked: revision,
                oldest: self.forgotten,
            });
        }
        let new = self
            .history
            .partition_point(|event| event.revision <= revision);
        let events = self.history.range(new..).filter(|event| {
            event.key.kind == kind && namespace.is_none_or(|n| n == event.key.namespace)
        });
        Ok((events.cloned().collect(), self.revision))
    }

    pub(super) fn forget(&mut self) -> u64 {
        self.history.clear();
        self.revision += 1;
        self.forgotten = self.revision;
        self.revision
    }

    /// Makes a change under a new revision. Gives that and the object, or the one that was.
    pub(super) fn commit(
        &mut self,
        key: &Key,
        object: Option<Value>,
        keeps: usize,
    ) -> (u64, Arc<Value>) {
        self.revision += 1;
        let revision = self.revision;
        let before = self.objects.remove(key);
        if let Some(before) = &before {
            for uid in owners(before) {
                if let Some(keys) = self.dependents.get_mut(uid) {
                    keys.remove(key);
                }
            }
            if object.is_none() {
                let uid = meta_text(before, "uid");
                if self.dependents.get(uid).is_some_and(BTreeSet::is_empty) {
                    self.dependents.remove(uid);
                }
            }
        }
        let after = object.map(|mut object| {
            set_meta(&mut object, "resourceVersion", json!(revision.to_string()));
            Arc::new(object)
        });
        if let Some(after) = &after {
            for uid in owners(after) {
                let keys = self.dependents.entry(uid.to_owned()).or_default();
                keys.insert(key.clone());
            }
            self.objects.insert(key.clone(), Arc::clone(after));
        }
        // A deleted object is told with the revision of its deletion.
        let gone = || {
            let mut gone = before.as_deref().cloned().unwrap_or_default();
            set_meta(&mut gone, "resourceVersion", json!(revision.to_string()));
            Arc::new(gone)
        };
        let told = after.clone().unwrap_or_else(gone);
        self.history.push_back(Event {
            revision,
            key: key.clone(),
            before: match after {
                Some(_) => before,
                None => Some(Arc::clone(&told)),
            },
            after,
        });
        while self.history.len() > keeps {
            if let Some(oldest) = self.history.pop_front() {
                self.forgotten = oldest.revision;
            }
        }
        (revision, told)
    }
}
