//! Matchers, compiled, and the series they select.

use concertina_model::METRIC_NAME;
use concertina_promql::GoRegex;
use concertina_promql::ast::{MatchOp, Matcher, Selector};
use hashbrown::HashMap;

use crate::EvalError;
use crate::store::{Index, Pair, Slot, Symbol};

#[derive(Debug)]
pub(crate) struct Matchers(Vec<Compiled>);

#[derive(Debug)]
struct Compiled {
    label: String,
    test: Test,
    negated: bool,
}

#[derive(Debug)]
enum Test {
    /// One of these texts: an equality, or a pattern of nothing but alternatives.
    OneOf(Vec<String>),
    Pattern(GoRegex),
}

impl Compiled {
    fn new(matcher: Matcher) -> Result<Self, EvalError> {
        let Matcher { label, op, value } = matcher;
        let test = match op {
            MatchOp::Equal | MatchOp::NotEqual => Test::OneOf(vec![value]),
            MatchOp::Regex | MatchOp::NotRegex => match alternatives(&value) {
                Some(texts) => Test::OneOf(texts),
                None => Test::Pattern(GoRegex::anchored(&value)?),
            },
        };
        let negated = matches!(op, MatchOp::NotEqual | MatchOp::NotRegex);
        Ok(Self {
            label,
            test,
            negated,
        })
    }

    /// A missing label is an empty one.
    fn matches(&self, value: &str) -> bool {
        let hit = match &self.test {
            Test::OneOf(texts) => texts.iter().any(|text| text == value),
            Test::Pattern(pattern) => pattern.is_match(value),
        };
        hit != self.negated
    }

    /// The postings to look through for this matcher alone, when few steps find them.
    fn lists<'i>(&self, index: &'i Index) -> Option<Vec<&'i [Slot]>> {
        let Test::OneOf(texts) = &self.test else {
            return None;
        };
        if self.matches("") || self.negated {
            return None;
        }
        let symbol = |text: &str| index.symbols().find(text);
        let name = symbol(&self.label);
        let pairs = texts.iter().filter_map(|text| Some((name?, symbol(text)?)));
        let mut lists: Vec<_> = pairs.map(|pair| index.list(pair)).collect();
        // `a|a` is one alternative.
        lists.sort_by_key(|list| list.as_ptr());
        lists.dedup_by_key(|list| list.as_ptr());
        Some(lists)
    }

    /// The same for any matcher that a missing label does not fulfil: every value is looked at.
    fn all_lists<'i>(&self, index: &'i Index) -> Option<Vec<&'i [Slot]>> {
        if self.matches("") {
            return None;
        }
        let values = index
            .symbols()
            .find(&self.label)
            .map(|name| index.values(name));
        let values = values.into_iter().flatten();
        let fitting = values.filter(|(value, _)| self.matches(index.symbols().text(*value)));
        Some(fitting.map(|(_, list)| list).collect())
    }
}

impl Matchers {
    pub(crate) fn new(selector: &Selector) -> Result<Self, EvalError> {
        let matchers = selector.all_matchers().map(Compiled::new);
        Ok(Self(matchers.collect::<Result<_, EvalError>>()?))
    }

    /// The series that fulfil all matchers, in the order of their labels.
    pub(crate) fn select(&self, index: &Index) -> Vec<Slot> {
        let size = |lists: &[&[Slot]]| lists.iter().map(|list| list.len()).sum::<usize>();
        let few = self
            .0
            .iter()
            .filter_map(|matcher| Some((matcher, matcher.lists(index)?)));
        let mut best = few.min_by_key(|(_, lists)| size(lists));
        if best.is_none() {
            let any = self.0.iter();
            best = any
                .filter_map(|matcher| Some((matcher, matcher.all_lists(index)?)))
                .next();
        }
        let named = self.0.iter().filter(|matcher| matcher.label == METRIC_NAME);
        let mut named = named.filter_map(|matcher| Some((matcher, matcher.lists(index)?)));
        let named = named.find(|(_, lists)| lists.len() <= 1);
        // A metric's own postings are in order, which saves sorting.
        let ordered = named.filter(|(_, named)| {
            best.as_ref()
                .is_some_and(|(_, best)| size(named) <= 4 * size(best))
        });
        let sorted = ordered.is_some();
        let (chosen, candidates): (_, Vec<Slot>) = match ordered.or(best) {
            Some((matcher, lists)) => (Some(matcher), lists.concat()),
            None => (None, index.all().collect()),
        };
        let others = self
            .0
            .iter()
            .filter(|other| !chosen.is_some_and(|chosen| std::ptr::eq(chosen, *other)));
        let mut checks: Vec<Check<'_>> = others.map(|other| Check::new(other, index)).collect();
        let mut found = candidates;
        found.retain(|slot| {
            let pairs = index.pairs(*slot);
            checks.iter_mut().all(|check| check.holds(pairs, index))
        });
        if !sorted {
            found.sort_by(|a, b| index.order(index.pairs(*a), index.pairs(*b)));
        }
        found
    }
}

/// A matcher, for many series: each value is compared once.
struct Check<'m> {
    matcher: &'m Compiled,
    name: Option<Symbol>,
    /// For an equality: the value, or none when no series has it.
    value: Option<Option<Symbol>>,
    without: bool,
    known: HashMap<Symbol, bool>,
}

impl<'m> Check<'m> {
    fn new(matcher: &'m Compiled, index: &Index) -> Self {
        let value = match &matcher.test {
            Test::OneOf(texts) => match texts.as_slice() {
                [text] => Some(index.symbols().find(text)),
                _ => None,
            },
            Test::Pattern(_) => None,
        };
        Self {
            matcher,
            name: index.symbols().find(&matcher.label),
            value,
            without: matcher.matches(""),
            known: HashMap::new(),
        }
    }

    fn holds(&mut self, pairs: &[Pair], index: &Index) -> bool {
        let own = pairs.iter().find(|(name, _)| Some(*name) == self.name);
        let Some((_, own)) = own else {
            return self.without;
        };
        if let Some(value) = self.value {
            return (value == Some(*own)) != self.matcher.negated;
        }
        let known = self.known.entry(*own);
        *known.or_insert_with(|| self.matcher.matches(index.symbols().text(*own)))
    }
}

/// The texts of a pattern that is nothing but a list of them.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/:;,= |@".contains(c);
    let texts = pattern.chars().all(plain).then(|| pattern.split('|'));
    texts.map(|texts| texts.map(str::to_owned).collect())
}
