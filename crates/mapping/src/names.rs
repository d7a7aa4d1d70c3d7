//! Names of series that a rule takes, from its patterns alone: what is said of a rule without a
//! Prometheus is said of these.

use std::collections::BTreeSet;

use concertina_model::METRIC_NAME;
use concertina_promql::ast::{MatchOp, Matcher, Selector};
use concertina_promql::{Expansion, GoPattern, GoRegex, GroupRef, parse_selector};
use concertina_rules::{DiscoveryRule, Rule};
use regex_syntax::hir::{Class, Hir, HirKind};

/// How many names are tried for one pattern.
const MAX_SAMPLES: usize = 48;

/// What a wildcard stands for in a name that is made up. Two, so that a pattern that takes many
/// names gives more than one.
pub(crate) const FILLERS: [&str; 2] = ["some", "other"];

/// Names that `rule` takes, wildcards filled with each of `fillers`. Empty when none could be made
/// up.
pub(crate) fn example_names(rule: &Rule, written: &DiscoveryRule, fillers: &[&str]) -> Vec<String> {
    let Some(names) = NameMatchers::of(&written.series_query) else {
        return Vec::new();
    };
    let mut candidates = BTreeSet::new();
    if let Some(exact) = names.exact() {
        candidates.insert(exact.to_owned());
    } else {
        for pattern in names.patterns().chain([written.name.matches.as_str()]) {
            candidates.extend(samples(pattern, fillers));
        }
        for filter in &written.series_filters {
            candidates.extend(samples(&filter.is, fillers));
        }
        candidates.extend(fillers.iter().map(|filler| (*filler).to_owned()));
    }
    candidates.retain(|name| names.accept(name) && rule.metric_name(name).is_some());
    candidates.into_iter().collect()
}

/// A name of a series that `rule` would expose as `metric`, if one can be made up.
pub(crate) fn name_exposed_as(
    rule: &Rule,
    written: &DiscoveryRule,
    metric: &str,
) -> Option<String> {
    const MARK: &str = "qzq";
    if metric.is_empty() {
        return None;
    }
    let names = NameMatchers::of(&written.series_query)?;
    let fits = |name: &String| {
        names.accept(name)
            && rule
                .metric_name(name)
                .is_some_and(|exposed| exposed == metric)
    };
    let own = names.exact().unwrap_or(metric).to_owned();
    if fits(&own) {
        return Some(own);
    }
    let marked = samples(&written.name.matches, &[MARK]);
    let inverted = marked.iter().filter_map(|sample| {
        let exposed = rule.metric_name(sample)?;
        let (before, after) = exposed.split_once(MARK)?;
        let text = metric.strip_prefix(before)?.strip_suffix(after)?;
        Some(sample.replace(MARK, text))
    });
    let known = crate::known::METRICS
        .iter()
        .map(|metric| metric.name.to_owned());
    let patterns = names
        .patterns()
        .flat_map(|pattern| samples(pattern, &FILLERS));
    inverted.chain(known).chain(patterns).find(fits)
}

/// A reference in `as_` to a group that `matches` does not have, as it is written.
pub(crate) fn missing_group(matches: &str, as_: &str) -> Option<String> {
    let groups = GoRegex::new(matches).ok()?.group_count();
    let mut missing = None;
    let named = |name: &str| {
        ["P<", "<"]
            .iter()
            .any(|begin| matches.contains(&format!("(?{begin}{name}>")))
    };
    let _ = Expansion::parse(as_).expand(|group| {
        let text = match group {
            GroupRef::Number(number) => (number > groups).then(|| format!("${number}")),
            GroupRef::Name(name) => (!named(name)).then(|| format!("${name}")),
        };
        missing = missing.take().or(text);
        None
    });
    missing
}

/// What a series query says of one label.
#[derive(Debug)]
pub(crate) struct LabelMatcher {
    pub(crate) matcher: Matcher,
    regex: Option<GoRegex>,
}

impl LabelMatcher {
    fn new(matcher: Matcher) -> Self {
        let regex = GoRegex::anchored(&matcher.value).ok();
        Self { matcher, regex }
    }

    /// What `series_query` says of labels other than the name.
    pub(crate) fn of_others(series_query: &str) -> Vec<Self> {
        let Ok(selector) = parse_selector(series_query) else {
            return Vec::new();
        };
        let others = selector
            .all_matchers()
            .filter(|matcher| matcher.label != METRIC_NAME);
        others.map(Self::new).collect()
    }

    /// Whether a series may have this value, which is empty when it lacks the label.
    pub(crate) fn accept(&self, value: &str) -> bool {
        let found = || {
            self.regex
                .as_ref()
                .is_some_and(|regex| regex.is_match(value))
        };
        match self.matcher.op {
            MatchOp::Equal => self.matcher.value == value,
            MatchOp::NotEqual => self.matcher.value != value,
            MatchOp::Regex => found(),
            MatchOp::NotRegex => !found(),
        }
    }
}

/// What a series query says of the name.
#[derive(Debug)]
pub(crate) struct NameMatchers(Vec<LabelMatcher>);

impl NameMatchers {
    /// None when `series_query` is no selector.
    pub(crate) fn of(series_query: &str) -> Option<Self> {
        let selector = parse_selector(series_query).ok()?;
        Some(Self(name_matchers(&selector)))
    }

    /// Whether nothing is said of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one name that is asked for.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.values(MatchOp::Equal).next()
    }

    fn patterns(&self) -> impl Iterator<Item = &str> {
        self.values(MatchOp::Regex)
    }

    fn values(&self, op: MatchOp) -> impl Iterator<Item = &str> {
        let of_op = self.0.iter().filter(move |known| known.matcher.op == op);
        of_op.map(|known| known.matcher.value.as_str())
    }

    pub(crate) fn accept(&self, name: &str) -> bool {
        self.0.iter().all(|known| known.accept(name))
    }
}

fn name_matchers(selector: &Selector) -> Vec<LabelMatcher> {
    selector
        .all_matchers()
        .filter(|matcher| matcher.label == METRIC_NAME)
        .map(LabelMatcher::new)
        .collect()
}

/// Texts that `pattern` matches; wildcards stand for each of `fillers`.
fn samples(pattern: &str, fillers: &[&str]) -> Vec<String> {
    let hir = GoPattern::parse(pattern)
        .ok()
        .and_then(|pattern| regex_syntax::parse(pattern.as_rust()).ok());
    match hir {
        Some(hir) if !pattern.is_empty() => texts(&hir, fillers),
        _ => Vec::new(),
    }
}

/// The recursion is as deep as the pattern is nested, which regex-syntax bounds.
fn texts(hir: &Hir, fillers: &[&str]) -> Vec<String> {
    let mut all = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => vec![one_of(class).to_string()],
        HirKind::Capture(capture) => texts(&capture.sub, fillers),
        HirKind::Alternation(branches) => branches
            .iter()
            .flat_map(|branch| texts(branch, fillers))
            .collect(),
        HirKind::Concat(parts) => parts.iter().fold(vec![String::new()], |begun, part| {
            let next = texts(part, fillers);
            let both = begun
                .iter()
                .flat_map(|begin| next.iter().map(move |end| format!("{begin}{end}")));
            both.take(MAX_SAMPLES).collect()
        }),
        HirKind::Repetition(repetition) => {
            let wild = matches!(repetition.sub.kind(), HirKind::Class(class) if takes_words(class));
            if wild && repetition.max.is_none() {
                let long = |filler: &&&str| filler.len() >= repetition.min as usize;
                fillers
                    .iter()
                    .filter(long)
                    .map(|filler| (*filler).to_owned())
                    .collect()
            } else {
                let once = texts(&repetition.sub, fillers);
                let times = repetition.min.clamp(1, 16) as usize;
                let mut all: Vec<String> = once.iter().map(|text| text.repeat(times)).collect();
                if repetition.min == 0 {
                    all.push(String::new());
                }
                all
            }
        }
    };
    all.truncate(MAX_SAMPLES);
    all
}

/// Whether a class takes every letter that the fillers are made of.
fn takes_words(class: &Class) -> bool {
    ('a'..='z').all(|letter| has(class, letter))
}

fn has(class: &Class, c: char) -> bool {
    match class {
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .any(|range| range.start() <= c && c <= range.end()),
        Class::Bytes(class) => class.ranges().iter().any(|range| {
            u32::from(range.start()) <= c.into() && u32::from(c) <= range.end().into()
        }),
    }
}

/// A character of the class that a metric name may have, if there is one.
fn one_of(class: &Class) -> char {
    let likely = "xaA01_:";
    let first = likely.chars().find(|c| has(class, *c));
    first
        .or_else(|| ('!'..='~').find(|c| has(class, *c)))
        .unwrap_or('x')
}

#[cfg(test)]
mod tests {
    use super::*;
    use concertina_rules::{RuleFile, compile};

    fn rule(yaml: &str) -> (Rule, DiscoveryRule) {
        let mut file = RuleFile::parse(yaml).unwrap();
        let rule = compile(&file.rules).remove(0).unwrap();
        (rule, file.rules.remove(0))
    }

    #[test]
    fn names_are_made_up_from_patterns() {
        let (compiled, written) = rule(
            "[{seriesQuery: '{__name__=~\"^container_.*\",pod!=\"\"}', \
             name: {matches: '^container_(.*)_seconds_total$'}}]",
        );
        let names = example_names(&compiled, &written, &FILLERS);
        let found = name_exposed_as(&compiled, &written, "cpu_usage").unwrap();
        assert_eq!(found, "container_cpu_usage_seconds_total");
        assert_eq!(name_exposed_as(&compiled, &written, ""), None);
        assert!(
            names.contains(&"container_some_seconds_total".to_owned()),
            "{names:?}"
        );
    }

    #[test]
    fn all_alternatives_are_names() {
        let (compiled, written) = rule(
            "[{seriesQuery: '{__name__=~\"vllm:(num_requests_(waiting|running)|x[0-9]{2})\"}'}]",
        );
        let names = example_names(&compiled, &written, &FILLERS);
        assert_eq!(
            names,
            [
                "vllm:num_requests_running",
                "vllm:num_requests_waiting",
                "vllm:x00"
            ]
        );
    }

    #[test]
    fn a_name_that_the_rule_refuses_is_no_example() {
        let (compiled, written) = rule(
            "[{seriesQuery: '{__name__=~\"a|b\",__name__!=\"a\"}', seriesFilters: [{isNot: b}]}]",
        );
        assert!(example_names(&compiled, &written, &FILLERS).is_empty());
    }
}
