//! A Prometheus that is asked what it holds, or a file of samples in its place: for `check`,
//! `explain` and `init`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_mapping::lint::SeriesByQuery;
use concertina_model::{Labels, QueryAnswer, Sample};
use concertina_sources::clock::{Clock, SystemClock};
use concertina_sources::exposition;
use concertina_sources::prometheus::Prometheus;
use concertina_sources::scrape::{SharedStore, StoreSource};
use concertina_sources::{MetricSource, SourceError};
use concertina_tsdb::StoreOptions;

use crate::files::{self, FileError};

/// How long ago a series may have had its last sample. As long as the adapter's relist interval.
const LOOKBACK: Duration = Duration::from_secs(600);

/// What is asked.
pub(crate) struct Probe(Arc<dyn MetricSource>);

/// Why it cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The URL is none.
    #[error("--prometheus-url {url}: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The file of samples cannot be read.
    #[error("--series {0}")]
    File(#[from] FileError),
    /// It is no exposition, or holds more than is taken.
    #[error("--series {}: {reason}", path.display())]
    Samples {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// It does not answer.
    #[error("{0}; check --prometheus-url")]
    Source(#[from] SourceError),
}

impl Probe {
    /// The server at `url`, which answers.
    pub(crate) async fn new(url: &str) -> Result<Self, ProbeError> {
        let prometheus = Prometheus::new(url, ClientOptions::default());
        let prometheus = prometheus.map_err(|error| ProbeError::Url {
            url: url.to_owned(),
            reason: error.to_string(),
        })?;
        prometheus.check().await?;
        Ok(Self(Arc::new(prometheus)))
    }

    /// A source that is in use.
    pub(crate) fn of_source(source: Arc<dyn MetricSource>) -> Self {
        Self(source)
    }

    /// The samples of a file in Prometheus' text format, taken for those of now, whatever their
    /// time.
    pub(crate) fn of_file(path: &Path) -> Result<Self, ProbeError> {
        let (_, text) = files::read_text_or_stdin(path)?;
        let refused = |reason: String| ProbeError::Samples {
            path: path.to_owned(),
            reason,
        };
        let exposition = exposition::parse(&text).map_err(|error| refused(error.to_string()))?;
        let store = SharedStore::new(StoreOptions::default());
        let timestamp = SystemClock.now();
        store.write(|store| {
            exposition.samples.iter().try_for_each(|exposed| {
                let value = exposed.value;
                let appended = store.append(&exposed.labels, Sample { timestamp, value });
                appended
                    .map(|_| ())
                    .map_err(|error| refused(format!("{}: {error}", exposed.labels)))
            })
        })?;
        Ok(Self(Arc::new(StoreSource::new(
            store,
            Arc::new(SystemClock),
        ))))
    }

    /// What the options name; None when they name neither.
    pub(crate) async fn of_options(
        url: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, ProbeError> {
        match (url, file) {
            (Some(url), _) => Self::new(url).await.map(Some),
            (None, Some(file)) => Self::of_file(file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> String {
        self.0.describe()
    }

    /// What it answers to series queries. What it refuses is an answer, too.
    pub(crate) async fn series(
        &self,
        queries: &BTreeSet<String>,
    ) -> Result<SeriesByQuery, ProbeError> {
        let mut all = SeriesByQuery::new();
        for query in queries {
            let answer = refusal_is_answer(self.0.series(query, LOOKBACK).await)?;
            all.insert(query.clone(), answer);
        }
        Ok(all)
    }

    /// What it answers to a query. What it refuses is an answer, too.
    pub(crate) async fn query(
        &self,
        query: &str,
    ) -> Result<Result<QueryAnswer, String>, ProbeError> {
        refusal_is_answer(self.0.query(query).await)
    }

    /// The series of one selector.
    pub(crate) async fn listed(&self, selector: &str) -> Result<Vec<Labels>, ProbeError> {
        Ok(self.0.series(selector, LOOKBACK).await?)
    }
}

fn refusal_is_answer<T>(answer: Result<T, SourceError>) -> Result<Result<T, String>, ProbeError> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(
            error @ (SourceError::BadQuery { .. }
            | SourceError::Execution { .. }
            | SourceError::BadAnswer { .. }),
        ) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
