//! The table of kinds, which grows and shrinks with the definitions of custom ones.

use std::sync::Arc;

use super::Kind;

/// The rows. A row keeps its place as long as the table lives, so that a place names a kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(Vec<Option<Arc<Kind>>>);

impl Table {
    pub(crate) fn new(kinds: Vec<Kind>) -> Self {
        Self(kinds.into_iter().map(|kind| Some(Arc::new(kind))).collect())
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Arc<Kind>> {
        self.0.get(place)?.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.0.iter().flatten()
    }

    /// The place of the kind of which this is true.
    pub(crate) fn position(&self, is: impl Fn(&Kind) -> bool) -> Option<usize> {
        let is = |kind: &Option<Arc<Kind>>| kind.as_ref().is_some_and(|kind| is(kind));
        self.0.iter().position(is)
    }

    /// The place of a kind by the words of an object.
    pub(crate) fn of(&self, api_version: &str, kind: &str) -> Option<usize> {
        self.position(|known| known.kind == kind && known.api_version() == api_version)
    }

    /// The row under whose place the objects of this row are kept.
    pub(crate) fn keeper(&self, place: usize) -> usize {
        let kind = self.get(place);
        let kept = kind.and_then(|kind| self.of(kind.kept_as.as_deref()?, &kind.kind));
        kept.unwrap_or(place)
    }

    /// Puts a kind into the row of its resource, or into a new one.
    pub(crate) fn put(&mut self, kind: Kind) {
        let known = self.position(|known| {
            (&known.group, &known.version, &known.plural)
                == (&kind.group, &kind.version, &kind.plural)
        });
        match known.and_then(|place| self.0.get_mut(place)) {
            Some(row) => *row = Some(Arc::new(kind)),
            None => {
                // A row that is free had objects, which watches may still know: it stays free.
                self.0.push(Some(Arc::new(kind)));
            }
        }
    }

    /// Takes a row away.
    pub(crate) fn remove(&mut self, place: usize) {
        if let Some(row) = self.0.get_mut(place) {
            *row = None;
        }
    }
}
