//! Label sets: what names a series.

use std::fmt;
use std::sync::Arc;

/// The label that holds a series' metric name.
pub const METRIC_NAME: &str = "__name__";

/// A sorted set of labels, each name at most once, none with an empty value.
///
/// As in Prometheus, a label with an empty value is the same as no label, so it is dropped when
/// the set is made. Cloning is cheap (one shared allocation), and sets can share their texts:
/// names and values may come as `Arc<str>`. Order is that of Prometheus 2.42: names and values
/// compared pairwise.
///
/// ```
/// use concertina_model::Labels;
///
/// let labels = Labels::from_pairs([("gpu", "0"), ("__name__", "DCGM_FI_DEV_GPU_UTIL"), ("x", "")]);
/// assert_eq!(labels.get("gpu"), Some("0"));
/// assert_eq!(labels.get("x"), None);
/// assert_eq!(labels.metric_name(), Some("DCGM_FI_DEV_GPU_UTIL"));
/// assert_eq!(labels.to_string(), r#"DCGM_FI_DEV_GPU_UTIL{gpu="0"}"#);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

impl Labels {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From name and value pairs in any order; of a repeated name the last one counts.
    #[must_use]
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut all: Vec<(Arc<str>, Arc<str>)> = pairs
            .into_iter()
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        // A stable sort keeps repeated names in order; the reversed dedup keeps the last of them.
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.reverse();
        all.dedup_by(|later, kept| later.0 == kept.0);
        all.reverse();
        all.retain(|(_, value)| !value.is_empty());
        Self(all.into())
    }

    /// The value of label `name`, if the set has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// The value of `__name__`.
    #[must_use]
    pub fn metric_name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The number of labels, `__name__` included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels whose name `keep` accepts.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(name, _)| keep(name))
                .cloned()
                .collect(),
        )
    }

    /// This set with `name` set to `value`, or without `name` when `value` is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self::from_pairs(
            self.iter()
                .filter(|(n, _)| *n != name)
                .chain([(name, value)]),
        )
    }
}

impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self::from_pairs(pairs)
    }
}

impl fmt::Display for Labels {
    /// As Prometheus prints a series: `name{a="1", b="2"}`, `{}` when empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric_name();
        f.write_str(name.unwrap_or_default())?;
        let rest = self.len() - usize::from(name.is_some());
        if rest == 0 && name.is_some() {
            return Ok(());
        }
        f.write_str("{")?;
        let others = self.iter().filter(|(name, _)| *name != METRIC_NAME);
        for (i, (name, value)) in others.enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_of_a_repeated_name_counts_even_when_it_is_empty() {
        assert_eq!(
            Labels::from_pairs([("a", "1"), ("a", "2")]).get("a"),
            Some("2")
        );
        assert!(Labels::from_pairs([("a", "1"), ("a", "")]).is_empty());
    }

    #[test]
    fn text_is_as_prometheus_prints_it() {
        assert_eq!(Labels::new().to_string(), "{}");
        assert_eq!(Labels::from_pairs([("__name__", "up")]).to_string(), "up");
        assert_eq!(
            Labels::from_pairs([("b", "2"), ("a", "\"")]).to_string(),
            r#"{a="\"", b="2"}"#
        );
    }

    proptest! {
        #[test]
        fn a_set_finds_what_a_map_finds(pairs in prop::collection::vec(("[a-c]{0,2}", "[x-z]{0,2}"), 0..12)) {
            let map: std::collections::BTreeMap<_, _> = pairs.iter().cloned().collect();
            let labels = Labels::from_pairs(pairs.clone());
            for (name, _) in &pairs {
                let expected = map.get(name).filter(|v| !v.is_empty());
                prop_assert_eq!(labels.get(name), expected.map(String::as_str));
            }
            prop_assert_eq!(labels.len(), map.values().filter(|v| !v.is_empty()).count());
            prop_assert_eq!(labels.with("a", ""), labels.filter(|n| n != "a"));
        }
    }
}
