//! A Prometheus that is asked what it holds: for `check`, `explain` and `init`.

use std::collections::BTreeSet;
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_mapping::lint::SeriesByQuery;
use concertina_model::{Labels, QueryAnswer};
use concertina_sources::prometheus::Prometheus;
use concertina_sources::{MetricSource, SourceError};

/// How long ago a series may have had its last sample. As long as the adapter's relist interval.
const LOOKBACK: Duration = Duration::from_secs(600);

/// The server.
#[derive(Debug)]
pub(crate) struct Probe(Prometheus);

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
        Ok(Self(prometheus))
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
