//! Series as a listing shows them.

use std::collections::HashMap;

use crate::{Labels, METRIC_NAME};

/// Series of one name with the same label names: what a listing needs to know of them, however
/// many they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedSeries {
    /// The metric name; may be empty.
    pub name: String,
    /// The names of the labels, `__name__` left out.
    pub labels: Vec<String>,
    /// How many series this stands for.
    pub count: usize,
}

impl ListedSeries {
    /// One series of that name, with labels of these names.
    ///
    /// ```
    /// use concertina_model::{Labels, ListedSeries};
    ///
    /// let labels = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
    /// assert_eq!(ListedSeries::from(&labels), ListedSeries::new("up", ["job"]));
    /// ```
    pub fn new<L: Into<String>>(
        name: impl Into<String>,
        labels: impl IntoIterator<Item = L>,
    ) -> Self {
        Self {
            name: name.into(),
            labels: labels.into_iter().map(Into::into).collect(),
            count: 1,
        }
    }

    /// Series by name and label names, in the order of the last series of each.
    ///
    /// ```
    /// use concertina_model::{Labels, ListedSeries};
    ///
    /// let up = |job| Labels::from_pairs([("__name__", "up"), ("job", job)]);
    /// let counted = ListedSeries::count(&[up("a"), Labels::new(), up("b")]);
    /// assert_eq!((counted[1].name.as_str(), counted[1].count), ("up", 2));
    /// ```
    #[must_use]
    pub fn count(series: &[Labels]) -> Vec<Self> {
        let mut found: HashMap<(&str, Vec<&str>), (usize, usize)> = HashMap::new();
        for (at, labels) in series.iter().enumerate() {
            let names = labels.iter().map(|(name, _)| name);
            let names = names.filter(|name| *name != METRIC_NAME).collect();
            let key = (labels.metric_name().unwrap_or_default(), names);
            let (count, last) = found.entry(key).or_default();
            *count += 1;
            *last = at;
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(_, (_, last))| *last);
        let listed = found.into_iter().map(|((name, labels), (count, _))| Self {
            count,
            ..Self::new(name, labels)
        });
        listed.collect()
    }
}

impl From<&Labels> for ListedSeries {
    fn from(labels: &Labels) -> Self {
        let names = labels.iter().map(|(name, _)| name);
        Self::new(
            labels.metric_name().unwrap_or_default(),
            names.filter(|name| *name != METRIC_NAME),
        )
    }
}
