//! Names and labels of the objects of one resource.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use concertina_model::LabelSelector;
use kube::api::ObjectMeta;

/// Labels by their keys. Objects of one owner mostly have the same, and share them.
type LabelSet = Arc<[(Box<str>, Box<str>)]>;

/// The labels that are looked through at least before those that no object has are forgotten.
const FEW: usize = 256;

/// The objects, by namespace (empty for cluster-scoped ones) and name.
#[derive(Debug, Default)]
pub(super) struct Index {
    namespaces: BTreeMap<Box<str>, BTreeMap<Box<str>, LabelSet>>,
    labels: HashSet<LabelSet>,
    /// How many label sets there may be before they are looked through.
    room: usize,
}

/// One object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) labels: &'a [(Box<str>, Box<str>)],
}

impl Indexed<'_> {
    pub(super) fn matches(&self, selector: &LabelSelector) -> bool {
        selector.matches(|key| {
            let at = self
                .labels
                .binary_search_by(|(known, _)| (**known).cmp(key));
            let (_, value) = self.labels.get(at.ok()?)?;
            Some(value)
        })
    }
}

impl Index {
    /// Takes an object over as it is now.
    pub(super) fn put(&mut self, meta: ObjectMeta) {
        let Some(name) = meta.name else { return };
        // A map's keys are in order, as the search needs them.
        let labels = meta.labels.unwrap_or_default().into_iter();
        let labels = labels.map(|(key, value)| (key.into_boxed_str(), value.into_boxed_str()));
        let labels = self.shared(labels.collect());
        let namespace = meta.namespace.unwrap_or_default().into_boxed_str();
        let here = self.namespaces.entry(namespace).or_default();
        here.insert(name.into_boxed_str(), labels);
    }

    /// Forgets an object.
    pub(super) fn remove(&mut self, meta: &ObjectMeta) {
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        let name = meta.name.as_deref().unwrap_or_default();
        if let Some(here) = self.namespaces.get_mut(namespace) {
            here.remove(name);
            if here.is_empty() {
                self.namespaces.remove(namespace);
            }
        }
    }

    /// How many objects there are.
    pub(super) fn len(&self) -> usize {
        self.namespaces.values().map(BTreeMap::len).sum()
    }

    /// The objects of a namespace, or all, in the order of namespaces and names.
    pub(super) fn objects<'a>(
        &'a self,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = Indexed<'a>> {
        let one = namespace.and_then(|name| self.namespaces.get_key_value(name));
        let all = namespace.is_none().then_some(&self.namespaces);
        let namespaces = one.into_iter().chain(all.into_iter().flatten());
        namespaces.flat_map(|(namespace, objects)| {
            objects.iter().map(move |(name, labels)| Indexed {
                namespace,
                name,
                labels,
            })
        })
    }

    /// The object of this name.
    pub(super) fn object<'a>(&'a self, namespace: &'a str, name: &'a str) -> Option<Indexed<'a>> {
        let labels = self.namespaces.get(namespace)?.get(name)?;
        Some(Indexed {
            namespace,
            name,
            labels,
        })
    }

    fn shared(&mut self, labels: LabelSet) -> LabelSet {
        if let Some(known) = self.labels.get(&labels) {
            return Arc::clone(known);
        }
        if self.labels.len() > self.room {
            self.labels.retain(|labels| Arc::strong_count(labels) > 1);
            self.room = (self.labels.len() * 2).max(FEW);
        }
        self.labels.insert(Arc::clone(&labels));
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(namespace: &str, name: &str, labels: &[(&str, &str)]) -> ObjectMeta {
        let labels = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        ObjectMeta {
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            name: Some(name.to_owned()),
            labels: Some(labels.collect()),
            ..ObjectMeta::default()
        }
    }

    fn names(index: &Index, namespace: Option<&str>, selector: &str) -> Vec<String> {
        let selector: LabelSelector = selector.parse().unwrap();
        let found = index
            .objects(namespace)
            .filter(|one| one.matches(&selector));
        found
            .map(|one| format!("{}/{}", one.namespace, one.name))
            .collect()
    }

    #[test]
    fn objects_are_found_by_namespace_and_labels() {
        let mut index = Index::default();
        index.put(meta("x", "b", &[("app", "one"), ("empty", "")]));
        index.put(meta("x", "a", &[("app", "one"), ("tier", "back")]));
        index.put(meta("y", "a", &[("app", "two")]));
        index.put(meta("", "node", &[]));
        assert_eq!(names(&index, Some("x"), "app=one"), ["x/a", "x/b"]);
        assert_eq!(names(&index, Some("x"), "app=one,!tier"), ["x/b"]);
        assert_eq!(names(&index, Some("x"), "empty="), ["x/b"]);
        assert_eq!(names(&index, Some("x"), "tier!=back"), ["x/b"]);
        assert_eq!(names(&index, Some("z"), ""), [""; 0]);
        assert_eq!(names(&index, None, "app"), ["x/a", "x/b", "y/a"]);
        assert_eq!(index.object("", "node").unwrap().name, "node");
        assert_eq!(index.len(), 4);

        index.put(meta("x", "a", &[("app", "two")]));
        index.remove(&meta("y", "a", &[]));
        assert_eq!(names(&index, None, "app=two"), ["x/a"], "as it is now");
        assert!(index.object("y", "a").is_none());
    }

    #[test]
    fn labels_are_shared_and_forgotten() {
        let mut index = Index::default();
        for turn in 0..5_000 {
            index.put(meta("x", "same", &[("turn", &turn.to_string())]));
        }
        assert!(index.labels.len() <= FEW + 2, "{}", index.labels.len());
        for pod in 0..1_000 {
            index.put(meta("x", &pod.to_string(), &[("app", "one")]));
        }
        assert!(index.labels.len() <= FEW + 2, "{}", index.labels.len());
        assert_eq!(index.len(), 1_001);
    }
}
