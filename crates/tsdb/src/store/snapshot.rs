//! What readers see.

use std::collections::BTreeSet;
use std::sync::Arc;

use concertina_model::{Labels, Timestamp};
use concertina_promql::ast::Selector;

use super::PAGE;
use super::index::{Index, Slot};
use super::series::Series;
use crate::EvalError;
use crate::select::Matchers;

/// Series and samples, shared with snapshots: who changes something copies the page it is on.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) index: Arc<Index>,
    pub(super) pages: Vec<Arc<Vec<Series>>>,
}

impl Head {
    pub(super) fn series(&self, slot: Slot) -> Option<&Series> {
        let (page, place) = (slot as usize / PAGE, slot as usize % PAGE);
        self.pages.get(page)?.get(place)
    }
}

/// The content of a store at one instant. Appends that come later do not show. Cheap to make, to
/// clone and to send to other threads; nothing is locked, by whom ever and however long it is read.
#[derive(Clone, Debug)]
pub struct Snapshot(pub(super) Arc<Head>);

impl Snapshot {
    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.index.len()
    }

    /// True when there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn index(&self) -> &Index {
        &self.0.index
    }

    pub(crate) fn samples(&self, slot: Slot) -> Option<&Series> {
        self.0.series(slot)
    }

    /// The series that one of `selectors` matches and that lived between `start` and `end`, both
    /// included: from its first sample to its last, gaps and stale markers included, as
    /// Prometheus 2.42's `/api/v1/series` counts. Sorted, each once.
    ///
    /// # Errors
    ///
    /// [`EvalError::BadPattern`] for a pattern that cannot be compiled.
    pub fn series(
        &self,
        selectors: &[Selector],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Labels>, EvalError> {
        let found = self.living(selectors, start, end)?.into_iter();
        let mut found: Vec<Labels> = found.map(|slot| self.index().labels(slot)).collect();
        found.sort();
        Ok(found)
    }

    /// The names of the labels of all series that lived between `start` and `end`, or of those
    /// that one of `selectors` matches when there are any; sorted. Prometheus 2.42's
    /// `/api/v1/labels` answers the same, but counts the lives of series in hours.
    ///
    /// # Errors
    ///
    /// As [`Self::series`].
    pub fn label_names(
        &self,
        selectors: &[Selector],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<String>, EvalError> {
        let slots = self.living_or_all(selectors, start, end)?.into_iter();
        let pairs = slots.flat_map(|slot| self.index().pairs(slot));
        let names: BTreeSet<_> = pairs.map(|(name, _)| *name).collect();
        Ok(self.sorted(names))
    }

    /// The values of the label `name`, of the same series as [`Self::label_names`]; sorted. As
    /// Prometheus 2.42's `/api/v1/label/NAME/values`.
    ///
    /// # Errors
    ///
    /// As [`Self::series`].
    pub fn label_values(
        &self,
        name: &str,
        selectors: &[Selector],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<String>, EvalError> {
        let Some(name) = self.index().symbols().find(name) else {
            return Ok(Vec::new());
        };
        let slots = self.living_or_all(selectors, start, end)?.into_iter();
        let pairs = slots.flat_map(|slot| self.index().pairs(slot));
        let values = pairs.filter(|(own, _)| *own == name);
        Ok(self.sorted(values.map(|(_, value)| *value).collect()))
    }

    fn sorted(&self, symbols: BTreeSet<u32>) -> Vec<String> {
        let texts = symbols.into_iter().map(|s| self.index().symbols().text(s));
        let mut texts: Vec<String> = texts.map(str::to_owned).collect();
        texts.sort();
        texts
    }

    fn living_or_all(
        &self,
        selectors: &[Selector],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Slot>, EvalError> {
        if selectors.is_empty() {
            let all = self.index().all();
            return Ok(all.filter(|slot| self.lived(*slot, start, end)).collect());
        }
        self.living(selectors, start, end)
    }

    fn living(
        &self,
        selectors: &[Selector],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Slot>, EvalError> {
        let mut found = Vec::new();
        for selector in selectors {
            let all = Matchers::new(selector)?.select(self.index()).into_iter();
            found.extend(all.filter(|slot| self.lived(*slot, start, end)));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn lived(&self, slot: Slot, start: Timestamp, end: Timestamp) -> bool {
        let ends = self.samples(slot).and_then(Series::ends);
        ends.is_some_and(|(first, last)| first <= end.as_millis() && last >= start.as_millis())
    }
}
