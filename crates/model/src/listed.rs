//! Series as a listing shows them.

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
