//! Where PromQL is answered.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::{Labels, ListedSeries, QueryAnswer};

/// Something that answers PromQL: a Prometheus server, or the in-memory store.
///
/// A source evaluates at its own present, because the times of its samples are its own.
#[async_trait]
pub trait MetricSource: Send + Sync {
    /// Evaluates `promql` now.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when there is no answer. A source never answers with a value that it was
    /// not given: no data is an empty vector, a failure is an error.
    async fn query(&self, promql: &str) -> Result<QueryAnswer, SourceError>;

    /// As [`query`](Self::query), by a source that may have the answer already, or may wait for it
    /// together with others.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    async fn query_shared(&self, promql: &str) -> Result<SharedAnswer, SourceError> {
        let answer = self.query(promql).await?;
        Ok(SharedAnswer {
            answer: Arc::new(answer),
            origin: Origin::Asked,
        })
    }

    /// The label sets of the series that match `selector` and had a sample within `lookback`
    /// before now.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when there is no answer.
    async fn series(&self, selector: &str, lookback: Duration) -> Result<Vec<Labels>, SourceError>;

    /// The names and label names of those series, each combination once with its number of series,
    /// in the order of the last series of each: what a relist asks for. It says the same as
    /// [`series`](Self::series) in much less space.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when there is no answer.
    async fn list(
        &self,
        selector: &str,
        lookback: Duration,
    ) -> Result<Vec<ListedSeries>, SourceError> {
        let series = self.series(selector, lookback).await?;
        Ok(ListedSeries::count(&series))
    }

    /// What this is, for messages: `Prometheus at http://…`, `the in-memory store`.
    fn describe(&self) -> String;
}

/// An answer that others may have, too.
#[derive(Clone, Debug)]
pub struct SharedAnswer {
    /// The answer.
    pub answer: Arc<QueryAnswer>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It was asked for.
    Asked,
    /// Somebody else was asking just this.
    Joined,
    /// It was asked for a short time ago, and kept.
    Kept,
}

/// Why a source did not answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The source could not be reached, or broke off.
    #[error("cannot reach {source_name}: {reason}")]
    Unreachable {
        /// Which source.
        source_name: String,
        /// What went wrong.
        reason: String,
    },
    /// It did not answer in time.
    #[error("{source_name} did not answer within {seconds} s")]
    Timeout {
        /// Which source.
        source_name: String,
        /// The deadline.
        seconds: f64,
    },
    /// It refused the expression.
    #[error("{source_name} refused the query: {reason}")]
    BadQuery {
        /// Which source.
        source_name: String,
        /// Its own words.
        reason: String,
    },
    /// It understood the expression and could not evaluate it.
    #[error("{source_name} could not evaluate the query: {reason}")]
    Execution {
        /// Which source.
        source_name: String,
        /// Its own words.
        reason: String,
    },
    /// It answered something that is no answer.
    #[error("{source_name} answered something unexpected: {reason}")]
    BadAnswer {
        /// Which source.
        source_name: String,
        /// What was unexpected.
        reason: String,
    },
}
