//! Label names and values, each kept once.

use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// The number of a text. Whoever holds one counts as a user of it.
pub(crate) type Symbol = u32;

/// Texts and their numbers. Numbers of texts that nobody uses any more are given out again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    texts: Vec<Entry>,
    table: HashTable<Symbol>,
    hasher: DefaultHashBuilder,
    free: Vec<Symbol>,
}

#[derive(Clone, Debug)]
struct Entry {
    text: Arc<str>,
    users: u32,
}

impl Symbols {
    /// The number of `text`, if it has one.
    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        let hash = self.hasher.hash_one(text);
        let found = self.table.find(hash, |symbol| self.text(*symbol) == text);
        found.copied()
    }

    /// Above every number that is given out.
    pub(crate) fn capacity(&self) -> usize {
        self.texts.len()
    }

    /// The text of a number.
    #[inline]
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        self.texts
            .get(symbol as usize)
            .map_or("", |entry| &entry.text)
    }

    /// The text of a number, to keep.
    pub(crate) fn shared(&self, symbol: Symbol) -> Arc<str> {
        let entry = self.texts.get(symbol as usize);
        entry.map_or_else(|| Arc::from(""), |entry| Arc::clone(&entry.text))
    }

    /// One user more for `text`. Returns its number and by how many bytes the table grew.
    pub(crate) fn add(&mut self, text: &str) -> (Symbol, usize) {
        if let Some(symbol) = self.find(text) {
            if let Some(entry) = self.texts.get_mut(symbol as usize) {
                entry.users += 1;
            }
            return (symbol, 0);
        }
        let entry = Entry {
            text: text.into(),
            users: 1,
        };
        let free = self.free.pop();
        let symbol =
            match free.and_then(|symbol| Some((symbol, self.texts.get_mut(symbol as usize)?))) {
                Some((symbol, place)) => {
                    *place = entry;
                    symbol
                }
                None => {
                    self.texts.push(entry);
                    (self.texts.len() - 1) as Symbol
                }
            };
        let Self {
            texts,
            table,
            hasher,
            ..
        } = self;
        let hash = |symbol: &Symbol| {
            let text = texts.get(*symbol as usize).map_or("", |entry| &*entry.text);
            hasher.hash_one(text)
        };
        table.insert_unique(hash(&symbol), symbol, hash);
        (symbol, Self::cost(text))
    }

    /// One user less. Returns by how many bytes the table shrank.
    pub(crate) fn release(&mut self, symbol: Symbol) -> usize {
        let Some(entry) = self.texts.get_mut(symbol as usize) else {
            return 0;
        };
        entry.users = entry.users.saturating_sub(1);
        if entry.users > 0 {
            return 0;
        }
        let text = std::mem::replace(&mut entry.text, Arc::from(""));
        let hash = self.hasher.hash_one(&*text);
        if let Ok(place) = self.table.find_entry(hash, |other| *other == symbol) {
            place.remove();
        }
        self.free.push(symbol);
        Self::cost(&text)
    }

    fn cost(text: &str) -> usize {
        text.len() + super::series::ARC + size_of::<Entry>() + 2 * size_of::<Symbol>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_live_as_long_as_they_are_used() {
        let mut symbols = Symbols::default();
        let (a, grown) = symbols.add("node-1");
        assert!(grown > 6);
        assert_eq!(symbols.add("node-1"), (a, 0));
        let (b, _) = symbols.add("node-2");
        assert_ne!(a, b);
        assert_eq!(symbols.release(a), 0);
        assert_eq!(symbols.find("node-1"), Some(a));
        assert_eq!(symbols.release(a), grown);
        assert_eq!(symbols.find("node-1"), None);
        assert_eq!(symbols.add("node-3").0, a);
        assert_eq!((symbols.text(a), symbols.text(b)), ("node-3", "node-2"));
    }
}
