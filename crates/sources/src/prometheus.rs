//! A Prometheus server as a [`MetricSource`].

mod listing;

use std::time::Duration;

use async_trait::async_trait;
use concertina_http::{Client, ClientError, ClientOptions, form_encode};
use concertina_model::{
    InstantSample, Labels, ListedSeries, QueryAnswer, QueryValue, Sample, Series, Timestamp,
};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::{Clock, SystemClock};
use crate::{MetricSource, SourceError};

pub use listing::{Broken, SeriesBody, SeriesDecoder};

/// A Prometheus server, or anything with its HTTP API, asked at its own present.
#[derive(Clone, Debug)]
pub struct Prometheus {
    base: String,
    client: Client,
    post: bool,
}

/// The envelope of every answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryData {
    result_type: String,
    result: Value,
}

#[derive(Deserialize)]
struct Element {
    metric: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Option<Vec<(f64, String)>>,
}

impl Prometheus {
    /// The server at `base_url`, which may have a path; asked within the limits of `options`.
    ///
    /// # Errors
    ///
    /// [`ClientError::InvalidUrl`] when it is no URL that can be asked.
    pub fn new(base_url: &str, options: ClientOptions) -> Result<Self, ClientError> {
        concertina_http::check_url(base_url)?;
        Ok(Self {
            base: base_url.trim_end_matches('/').to_owned(),
            client: Client::new(options),
            post: false,
        })
    }

    /// Asks by POST, the query as a form, where Prometheus takes both. Without it, POST is for
    /// expressions that name hundreds of objects and would make a longer URL than proxies on the
    /// way let pass; where they do not let POST pass, GET is tried after all.
    #[must_use]
    pub fn by_post(mut self) -> Self {
        self.post = true;
        self
    }

    /// Asks the server a trifle: whether it is there, and answers as Prometheus does.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when it is not, or does not.
    pub async fn check(&self) -> Result<(), SourceError> {
        self.query("vector(1)").await.map(|_| ())
    }

    fn bad_answer(&self, reason: impl Into<String>) -> SourceError {
        SourceError::BadAnswer {
            source_name: self.describe(),
            reason: reason.into(),
        }
    }

    fn failed(&self, error: ClientError) -> SourceError {
        let source_name = self.describe();
        match error {
            ClientError::Timeout { after } => SourceError::Timeout {
                source_name,
                seconds: after.as_secs_f64(),
            },
            ClientError::TooLarge { .. } => self.bad_answer(error.to_string()),
            error => SourceError::Unreachable {
                source_name,
                reason: error.to_string(),
            },
        }
    }

    async fn ask(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Value, SourceError> {
        let url = self.url(path);
        let long = pairs.iter().map(|(_, value)| value.len()).sum::<usize>() > LONG;
        let answer = match self.post || long {
            true => self.client.post_form(&url, &[], pairs).await,
            false => self.client.get(&asking(&url, pairs), &[]).await,
        };
        let mut answer = answer.map_err(|error| self.failed(error))?;
        // What stands in front of Prometheus may let nothing but GET pass, and long URLs.
        if long && !self.post && matches!(answer.status, 403 | 405 | 501) {
            let again = self.client.get(&asking(&url, pairs), &[]).await;
            answer = again.map_err(|error| self.failed(error))?;
        }
        self.open(answer.status, &answer.body)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.base)
    }

    /// What is in the envelope of an answer.
    fn open(&self, status: u16, body: &[u8]) -> Result<Value, SourceError> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| {
            let text = String::from_utf8_lossy(body);
            let words: Vec<&str> = text.split_whitespace().take(12).collect();
            let begin: String = words.join(" ").chars().take(60).collect();
            let what = format!("status {status} and `{begin}`");
            self.bad_answer(format!(
                "{what}, which is not Prometheus' API: check the URL"
            ))
        })?;
        for warning in &envelope.warnings {
            tracing::warn!(source = self.describe(), %warning, "the answer has a warning");
        }
        if envelope.status == "success" {
            return Ok(envelope.data);
        }
        let (source_name, reason) = (self.describe(), envelope.error);
        Err(match envelope.error_type.as_str() {
            "bad_data" => SourceError::BadQuery {
                source_name,
                reason,
            },
            "execution" | "canceled" | "timeout" => SourceError::Execution {
                source_name,
                reason,
            },
            kind => self.bad_answer(format!("{kind}: {reason}")),
        })
    }

    fn number(&self, text: &str) -> Result<f64, SourceError> {
        // Rust reads everything that Go prints: NaN, +Inf, -Inf, 1e+21.
        text.parse()
            .map_err(|_| self.bad_answer(format!("`{text}` is no number")))
    }

    fn sample(&self, (at, text): &(f64, String)) -> Result<Sample, SourceError> {
        let timestamp = Timestamp::from_secs_f64(*at);
        Ok(Sample {
            timestamp: timestamp.ok_or_else(|| self.bad_answer(format!("`{at}` is no time")))?,
            value: self.number(text)?,
        })
    }

    fn decode<T: serde::de::DeserializeOwned>(&self, json: Value) -> Result<T, SourceError> {
        serde_json::from_value(json).map_err(|error| self.bad_answer(error.to_string()))
    }

    fn value(&self, data: QueryData) -> Result<QueryAnswer, SourceError> {
        let mut at = None;
        let value = match data.result_type.as_str() {
            "scalar" => {
                let sample = self.sample(&self.decode(data.result)?)?;
                at = Some(sample.timestamp);
                QueryValue::Scalar(sample.value)
            }
            "string" => {
                let (_, text): (f64, String) = self.decode(data.result)?;
                QueryValue::String(text)
            }
            "vector" => {
                let elements: Vec<Element> = self.decode(data.result)?;
                let mut vector = Vec::with_capacity(elements.len());
                for element in elements {
                    let Some(value) = &element.value else {
                        return Err(self.bad_answer("a native histogram where a number is needed"));
                    };
                    let Sample { timestamp, value } = self.sample(value)?;
                    at = at.or(Some(timestamp));
                    vector.push(InstantSample {
                        labels: Labels::from_pairs(element.metric),
                        timestamp,
                        value,
                    });
                }
                QueryValue::Vector(vector)
            }
            "matrix" => {
                let elements: Vec<Element> = self.decode(data.result)?;
                let series = elements.into_iter().map(|element| {
                    let values = element.values.unwrap_or_default();
                    let samples = values.iter().map(|value| self.sample(value));
                    Ok(Series {
                        labels: Labels::from_pairs(element.metric),
                        samples: samples.collect::<Result<_, SourceError>>()?,
                    })
                });
                QueryValue::Matrix(series.collect::<Result<_, SourceError>>()?)
            }
            kind => return Err(self.bad_answer(format!("a result of type `{kind}`"))),
        };
        // An answer without samples tells no time; it is of now.
        let at = at.unwrap_or_else(|| SystemClock.now());
        Ok(QueryAnswer { at, value })
    }
}

#[async_trait]
impl MetricSource for Prometheus {
    async fn query(&self, promql: &str) -> Result<QueryAnswer, SourceError> {
        let data = self.ask("query", &[("query", promql)]).await?;
        let data = self.decode(data)?;
        self.value(data)
    }

    async fn series(&self, selector: &str, lookback: Duration) -> Result<Vec<Labels>, SourceError> {
        let start = start(lookback);
        let pairs = [("match[]", selector), ("start", start.as_str())];
        let data = self.ask("series", &pairs).await?;
        let series: Vec<std::collections::BTreeMap<String, String>> = self.decode(data)?;
        Ok(series.into_iter().map(Labels::from_pairs).collect())
    }

    async fn list(
        &self,
        selector: &str,
        lookback: Duration,
    ) -> Result<Vec<ListedSeries>, SourceError> {
        let start = start(lookback);
        let pairs = [("match[]", selector), ("start", start.as_str())];
        let mut decoder = SeriesDecoder::new();
        let url = self.url("series");
        let take = |chunk: &[u8]| decoder.push(chunk);
        let status = match self.post {
            true => self.client.post_form_chunks(&url, &pairs, take).await,
            false => {
                self.client
                    .get_chunks(&asking(&url, &pairs), &[], take)
                    .await
            }
        };
        let status = status.map_err(|error| self.failed(error))?;
        let body = decoder.finish();
        match body.series {
            Err(broken) => Err(self.bad_answer(broken.to_string())),
            Ok(series) => self.open(status, &body.around).map(|_| series),
        }
    }

    fn describe(&self) -> String {
        // A user or password in the URL is nobody's business.
        let base = match (self.base.split_once("://"), self.base.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => self.base.clone(),
        };
        format!("Prometheus at {base}")
    }
}

/// The longest expression that is asked by GET, in bytes: encoded it stays below the 8 KiB that
/// most proxies take as a request's head.
const LONG: usize = 2000;

fn asking(url: &str, pairs: &[(&str, &str)]) -> String {
    format!("{url}?{}", form_encode(pairs))
}

/// The time that lies `lookback` in the past, as the API reads times.
fn start(lookback: Duration) -> String {
    let start = SystemClock.now().saturating_sub(lookback);
    format!("{:.3}", start.as_secs_f64())
}
