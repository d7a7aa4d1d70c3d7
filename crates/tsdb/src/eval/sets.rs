//! Label sets as an evaluation sees them: numbers for texts, so that sets are grouped, matched and
//! compared without looking at a letter.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use concertina_model::{Labels, METRIC_NAME};
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::store::{Pair, Symbol, Symbols};

/// A label set, sorted by the names' texts. Cloning shares it.
pub(super) type Set = Arc<[Pair]>;

/// A text: the store's, or one that the evaluation made.
pub(super) enum Text<'s> {
    Stored(&'s str),
    Made(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Stored(text) => text,
            Self::Made(text) => text,
        }
    }
}

/// The texts of one evaluation: those of the store, and behind them those that it made.
pub(super) struct Sets<'s> {
    stored: &'s Symbols,
    made: RefCell<Made>,
    name: Symbol,
    hasher: DefaultHashBuilder,
}

#[derive(Default)]
struct Made {
    texts: Vec<Arc<str>>,
    symbols: HashMap<Arc<str>, Symbol>,
}

/// The value of a label.
pub(super) fn value_of(set: &[Pair], name: Symbol) -> Option<Symbol> {
    let own = set.iter().find(|(own, _)| *own == name);
    own.map(|(_, value)| *value)
}

impl<'s> Sets<'s> {
    pub(super) fn new(stored: &'s Symbols) -> Self {
        let mut sets = Self {
            stored,
            made: RefCell::default(),
            name: 0,
            hasher: DefaultHashBuilder::default(),
        };
        sets.name = sets.symbol(METRIC_NAME);
        sets
    }

    /// The number of `text`; equal texts have equal numbers.
    pub(super) fn symbol(&self, text: &str) -> Symbol {
        if let Some(symbol) = self.stored.find(text) {
            return symbol;
        }
        let mut made = self.made.borrow_mut();
        if let Some(symbol) = made.symbols.get(text) {
            return *symbol;
        }
        let symbol = (self.stored.capacity() + made.texts.len()) as Symbol;
        let text: Arc<str> = text.into();
        made.texts.push(Arc::clone(&text));
        made.symbols.insert(text, symbol);
        symbol
    }

    /// The numbers of several texts.
    pub(super) fn symbols(&self, texts: &[String]) -> Vec<Symbol> {
        texts.iter().map(|text| self.symbol(text)).collect()
    }

    /// The number of `__name__`.
    pub(super) fn name(&self) -> Symbol {
        self.name
    }

    pub(super) fn text(&self, symbol: Symbol) -> Text<'s> {
        let Some(own) = (symbol as usize).checked_sub(self.stored.capacity()) else {
            return Text::Stored(self.stored.text(symbol));
        };
        let made = self.made.borrow();
        made.texts
            .get(own)
            .map_or(Text::Stored(""), |text| Text::Made(Arc::clone(text)))
    }

    /// As text, for answers and errors; the texts are shared with the store.
    pub(super) fn labels(&self, set: &[Pair]) -> Labels {
        let pairs = set.iter();
        pairs
            .map(|(name, value)| (self.shared(*name), self.shared(*value)))
            .collect()
    }

    fn shared(&self, symbol: Symbol) -> Arc<str> {
        match self.text(symbol) {
            Text::Stored(_) => self.stored.shared(symbol),
            Text::Made(text) => text,
        }
    }

    /// From text.
    pub(super) fn set(&self, labels: &Labels) -> Set {
        let pairs = labels.iter();
        pairs
            .map(|(name, value)| (self.symbol(name), self.symbol(value)))
            .collect()
    }

    /// The order of label sets: names and values, pair by pair.
    pub(super) fn order(&self, a: &[Pair], b: &[Pair]) -> Ordering {
        let differs = a.iter().zip(b).find(|(a, b)| a != b);
        differs.map_or_else(
            || a.len().cmp(&b.len()),
            |(a, b)| {
                let names = self.text(a.0).cmp(&self.text(b.0));
                names.then_with(|| self.text(a.1).cmp(&self.text(b.1)))
            },
        )
    }

    /// The set with a label of this value, or without it when the value is empty.
    pub(super) fn with(&self, set: &[Pair], name: Symbol, value: &str) -> Set {
        let others = || set.iter().filter(|(own, _)| *own != name).copied();
        if value.is_empty() {
            return others().collect();
        }
        let text = self.text(name);
        let before = others().take_while(|(own, _)| *self.text(*own) < *text);
        let at = before.count();
        let new = (name, self.symbol(value));
        others()
            .take(at)
            .chain([new])
            .chain(others().skip(at))
            .collect()
    }

    /// The set without the metric's name.
    pub(super) fn without_name(&self, set: &Set) -> Set {
        match set.iter().position(|(own, _)| *own == self.name) {
            None => Arc::clone(set),
            Some(at) => {
                let (before, rest) = set.split_at(at);
                before.iter().chain(rest.iter().skip(1)).copied().collect()
            }
        }
    }
}

/// Which labels of a set count: those of a list, or all but those of a list and the metric's name.
pub(super) struct Projection {
    names: Vec<Symbol>,
    listed: bool,
    name: Symbol,
}

impl Projection {
    /// Only the labels of `names`.
    pub(super) fn onto(sets: &Sets<'_>, names: Vec<Symbol>) -> Self {
        Self {
            names,
            listed: true,
            name: sets.name,
        }
    }

    /// All labels but those of `names` and the metric's.
    pub(super) fn without(sets: &Sets<'_>, names: Vec<Symbol>) -> Self {
        Self {
            names,
            listed: false,
            name: sets.name,
        }
    }

    pub(super) fn lists(&self, name: Symbol) -> bool {
        self.names.contains(&name)
    }

    /// The labels that count, into `out`.
    pub(super) fn of(&self, set: &[Pair], out: &mut Vec<Pair>) {
        out.clear();
        let counts = |(own, _): &&Pair| {
            if self.listed {
                self.lists(*own)
            } else {
                *own != self.name && !self.lists(*own)
            }
        };
        out.extend(set.iter().filter(counts));
    }
}

/// Entries by their label sets, in the order in which they came.
pub(super) struct BySet<T> {
    hasher: DefaultHashBuilder,
    table: HashTable<usize>,
    entries: Vec<(Set, T)>,
}

impl<T> BySet<T> {
    pub(super) fn new(sets: &Sets<'_>) -> Self {
        Self {
            hasher: sets.hasher.clone(),
            table: HashTable::new(),
            entries: Vec::new(),
        }
    }

    fn hash(hasher: &DefaultHashBuilder, set: &[Pair]) -> u64 {
        let mut hasher = hasher.build_hasher();
        for (name, value) in set {
            hasher.write_u64((u64::from(*name) << 32) | u64::from(*value));
        }
        hasher.finish()
    }

    fn find(&self, hash: u64, set: &[Pair]) -> Option<usize> {
        let same = |at: &usize| self.entries.get(*at).is_some_and(|(own, _)| **own == *set);
        self.table.find(hash, same).copied()
    }

    pub(super) fn get(&self, set: &[Pair]) -> Option<&T> {
        let at = self.find(Self::hash(&self.hasher, set), set)?;
        self.entries.get(at).map(|(_, entry)| entry)
    }

    pub(super) fn get_mut(&mut self, set: &[Pair]) -> Option<&mut T> {
        let at = self.find(Self::hash(&self.hasher, set), set)?;
        self.entries.get_mut(at).map(|(_, entry)| entry)
    }

    /// Adds an entry whose set is not there yet; false when it is.
    pub(super) fn insert(&mut self, set: Set, entry: T) -> bool {
        let hash = Self::hash(&self.hasher, &set);
        if self.find(hash, &set).is_some() {
            return false;
        }
        let Self {
            hasher,
            table,
            entries,
        } = self;
        table.insert_unique(hash, entries.len(), |at| {
            let set = entries.get(*at).map(|(set, _)| &**set);
            Self::hash(hasher, set.unwrap_or_default())
        });
        entries.push((set, entry));
        true
    }

    pub(super) fn into_entries(self) -> Vec<(Set, T)> {
        self.entries
    }
}
