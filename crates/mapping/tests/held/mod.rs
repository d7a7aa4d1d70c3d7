//! What a Prometheus holds, from lines as `name{label="value"} 1`; without a number it is 1.

use concertina_mapping::lint::{SeriesByQuery, series_queries};
use concertina_model::{Labels, Sample, Timestamp};
use concertina_tsdb::{Store, StoreOptions};

/// When all of it was sampled.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(60_000)
}

/// The store of these lines.
pub(crate) fn store(lines: &str) -> Store {
    let mut store = Store::new(StoreOptions::default());
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let (series, value) = line
            .rsplit_once("} ")
            .map_or((line.to_owned(), 1.0), |(series, value)| {
                (format!("{series}}}"), value.parse().unwrap())
            });
        let selector = concertina_promql::parse_selector(series.trim()).unwrap();
        let labels = selector.all_matchers().map(|m| (m.label, m.value));
        let sample = Sample {
            timestamp: now(),
            value,
        };
        store.append(&Labels::from_pairs(labels), sample).unwrap();
    }
    store
}

/// The series that the rules of `text` ask for.
pub(crate) fn listing(text: &str, store: &Store) -> SeriesByQuery {
    answers(series_queries(text), store)
}

/// What is answered to series queries.
pub(crate) fn answers(queries: impl IntoIterator<Item = String>, store: &Store) -> SeriesByQuery {
    let answer = |query: String| {
        let listed = match concertina_promql::parse_selector(&query) {
            Ok(selector) => Ok(store
                .snapshot()
                .series(&[selector], Timestamp::from_millis(0), now())
                .unwrap()),
            Err(error) => Err(error.to_string()),
        };
        (query, listed)
    };
    queries.into_iter().map(answer).collect()
}
