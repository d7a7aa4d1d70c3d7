//! Which series there are: their labels, and postings from each label's value to its series.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use concertina_model::{Labels, METRIC_NAME};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

use super::series::ARC;
use super::symbols::{Symbol, Symbols};

/// A label: the numbers of its name and its value.
pub(crate) type Pair = (Symbol, Symbol);

/// The place of a series in the store.
pub(crate) type Slot = u32;

type Values = HashMap<Symbol, Vec<Slot>>;

/// Series by their labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    symbols: Symbols,
    labels: Vec<Option<Arc<[Pair]>>>,
    by_labels: HashTable<Slot>,
    hasher: DefaultHashBuilder,
    // Those of a metric's name are in the order of their labels, in which queries want them.
    postings: HashMap<Symbol, Values>,
    len: usize,
}

impl Index {
    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// The labels of a series, sorted by name.
    #[inline]
    pub(crate) fn pairs(&self, slot: Slot) -> &[Pair] {
        let place = self.labels.get(slot as usize);
        place.and_then(Option::as_deref).unwrap_or_default()
    }

    /// The labels of a series, to keep.
    pub(crate) fn shared(&self, slot: Slot) -> Arc<[Pair]> {
        let place = self.labels.get(slot as usize);
        place.and_then(Clone::clone).unwrap_or_default()
    }

    /// The labels of a series, as text.
    pub(crate) fn labels(&self, slot: Slot) -> Labels {
        let shared = |symbol| self.symbols.shared(symbol);
        let pairs = self.pairs(slot).iter();
        pairs
            .map(|(name, value)| (shared(*name), shared(*value)))
            .collect()
    }

    fn texts(&self, slot: Slot) -> impl ExactSizeIterator<Item = (&str, &str)> + '_ {
        let pairs = self.pairs(slot).iter();
        pairs.map(|(name, value)| (self.symbols.text(*name), self.symbols.text(*value)))
    }

    /// The order of label sets: names and values, pair by pair.
    pub(crate) fn order(&self, a: &[Pair], b: &[Pair]) -> Ordering {
        let text = |symbol| self.symbols.text(symbol);
        let differs = a.iter().zip(b).find(|(a, b)| a != b);
        differs.map_or_else(
            || a.len().cmp(&b.len()),
            |((a_name, a_value), (b_name, b_value))| {
                let names = text(*a_name).cmp(text(*b_name));
                names.then_with(|| text(*a_value).cmp(text(*b_value)))
            },
        )
    }

    fn hash<'t>(&self, labels: impl Iterator<Item = (&'t str, &'t str)>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        labels.for_each(|label| label.hash(&mut hasher));
        hasher.finish()
    }

    /// The series with these very labels.
    pub(super) fn find(&self, labels: &Labels) -> Option<Slot> {
        let found = self.by_labels.find(self.hash(labels.iter()), |slot| {
            let own = self.texts(*slot);
            own.len() == labels.len() && own.eq(labels.iter())
        });
        found.copied()
    }

    /// Adds a series, which is not there yet, at a free slot. Returns by how many bytes the index
    /// grew.
    pub(super) fn insert(&mut self, labels: &Labels, slot: Slot) -> usize {
        let mut grown = Self::cost(labels.len());
        let pairs = labels.iter().map(|(name, value)| {
            let (name, a) = self.symbols.add(name);
            let (value, b) = self.symbols.add(value);
            grown += a + b;
            (name, value)
        });
        let pairs: Arc<[Pair]> = pairs.collect();
        let place = slot as usize;
        if self.labels.len() <= place {
            self.labels.resize(place + 1, None);
        }
        if let Some(at) = self.labels.get_mut(place) {
            *at = Some(Arc::clone(&pairs));
        }
        let metric = self.symbols.find(METRIC_NAME);
        for (name, value) in pairs.iter() {
            let at = (Some(*name) == metric).then(|| {
                let list = self.list((*name, *value));
                list.partition_point(|other| self.order(self.pairs(*other), &pairs).is_lt())
            });
            let list = self.postings.entry(*name).or_default();
            let list = list.entry(*value).or_default();
            list.insert(at.unwrap_or(list.len()), slot);
        }
        let hash = self.hash(labels.iter());
        let mut table = std::mem::take(&mut self.by_labels);
        table.insert_unique(hash, slot, |slot| self.hash(self.texts(*slot)));
        self.by_labels = table;
        self.len += 1;
        grown
    }

    /// Removes series. Returns by how many bytes the index shrank.
    pub(super) fn remove(&mut self, slots: &[Slot]) -> usize {
        let mut gone = Vec::new();
        let mut touched: HashSet<Pair> = HashSet::new();
        for slot in slots {
            let hash = self.hash(self.texts(*slot));
            if let Ok(place) = self.by_labels.find_entry(hash, |other| other == slot) {
                place.remove();
            }
            let place = self.labels.get_mut(*slot as usize);
            if let Some(pairs) = place.and_then(Option::take) {
                touched.extend(pairs.iter());
                gone.push(pairs);
                self.len -= 1;
            }
        }
        for (name, value) in touched {
            let Some(values) = self.postings.get_mut(&name) else {
                continue;
            };
            if let Some(list) = values.get_mut(&value) {
                let living = |slot: &Slot| matches!(self.labels.get(*slot as usize), Some(Some(_)));
                list.retain(living);
                if list.is_empty() {
                    values.remove(&value);
                }
            }
            if values.is_empty() {
                self.postings.remove(&name);
            }
        }
        let pairs = gone.iter().flat_map(|pairs| pairs.iter());
        let texts: usize = pairs
            .map(|(name, value)| self.symbols.release(*name) + self.symbols.release(*value))
            .sum();
        texts
            + gone
                .iter()
                .map(|pairs| Self::cost(pairs.len()))
                .sum::<usize>()
    }

    /// The series that have a label, those of a metric's name in the order of their labels.
    pub(crate) fn list(&self, (name, value): Pair) -> &[Slot] {
        let list = self.postings.get(&name).and_then(|v| v.get(&value));
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// The values of a label and the series that have them.
    pub(crate) fn values(&self, name: Symbol) -> impl Iterator<Item = (Symbol, &[Slot])> + '_ {
        let values = self.postings.get(&name).into_iter().flatten();
        values.map(|(value, list)| (*value, list.as_slice()))
    }

    /// Every series, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Slot> + '_ {
        self.by_labels.iter().copied()
    }

    /// What a series with so many labels takes here.
    fn cost(labels: usize) -> usize {
        // In vectors and tables that grow by doubling, three quarters are used.
        let posting = size_of::<Slot>() * 4 / 3;
        labels * (size_of::<Pair>() + posting) + ARC + size_of::<Arc<[Pair]>>() + 2 * posting
    }
}
