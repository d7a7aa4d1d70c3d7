//! Prometheus' HTTP API over the in-memory store, as a service to embed.
//!
//! What `promtool`, Grafana and `curl` need to look inside: `query`, `query_range`, `series`,
//! `labels`, `label/NAME/values` and `status/buildinfo` below `/api/v1/`, and `/-/healthy` and
//! `/-/ready`. Parameters, shapes and types of errors are those of Prometheus 2.42. `/metrics` has what
//! the store holds, and what it refused and gave up.

mod answer;
mod metrics;
mod params;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use concertina_http::{Body, HttpBody, json, read_body, text};
use concertina_model::{QueryAnswer, QueryValue, Timestamp};
use concertina_promql::ast::{Expr, Selector, ValueType};
use concertina_tsdb::{EvalOptions, Evaluation};
use http::{Method, Request, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::clock::Clock;
use crate::scrape::{SharedStore, evaluated};
use answer::{Answer, ApiError, Metric, success};
use params::Params;

const PLAIN: &str = "text/plain; charset=utf-8";
const EXPOSED: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The steps that a range may have, as in Prometheus.
const MAX_STEPS: u128 = 11_000;

/// Limits of a [`QueryApi`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryApiOptions {
    /// How expressions are evaluated.
    pub eval: EvalOptions,
    /// How long an evaluation may take; a request can ask for less.
    pub timeout: Duration,
    /// Evaluations at once; further ones wait, within their timeout.
    pub max_concurrency: usize,
    /// The largest form that is read, in bytes.
    pub max_form_bytes: usize,
}

impl Default for QueryApiOptions {
    /// Prometheus' defaults, 2 minutes and 20 at once; forms of 1 MiB.
    fn default() -> Self {
        Self {
            eval: EvalOptions::default(),
            timeout: Duration::from_secs(120),
            max_concurrency: 20,
            max_form_bytes: 1 << 20,
        }
    }
}

/// Prometheus' HTTP API over a [`SharedStore`]. Cheap to clone.
///
/// Evaluations run on tokio's blocking threads, so that a heavy one holds up nothing else.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::sync::Arc;
///
/// use concertina_sources::SystemClock;
/// use concertina_sources::query_api::{QueryApi, QueryApiOptions};
/// use concertina_sources::scrape::SharedStore;
/// use tower_service::Service;
///
/// let store = SharedStore::new(Default::default());
/// let mut api = QueryApi::new(store, Arc::new(SystemClock), QueryApiOptions::default());
/// let request = http::Request::get("/api/v1/query?query=1%2B1&time=0").body(concertina_http::Body::default());
/// let response = api.call(request.unwrap()).await.unwrap();
/// let body = concertina_http::read_body(response.into_body(), 1024).await.unwrap();
/// assert_eq!(body, r#"{"status":"success","data":{"resultType":"scalar","result":[0,"2"]}}"#);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct QueryApi {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    options: QueryApiOptions,
    free: Arc<Semaphore>,
}

/// Something that reads the store and takes its time.
type Work = Box<dyn FnOnce(Evaluation<'_>) -> Result<Bytes, ApiError> + Send>;

impl QueryApi {
    /// Serves what `store` holds; `clock` tells the present for requests that name no time.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>, options: QueryApiOptions) -> Self {
        let most = options.max_concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            store,
            clock,
            options,
            free: Arc::new(Semaphore::new(most)),
        }
    }

    /// Answers one request.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match request.uri().path() {
            "/-/healthy" | "/-/ready" => text(StatusCode::OK, PLAIN, "ready\n"),
            "/metrics" => {
                let (usage, counters) = self.store.read(|store| (store.usage(), store.counters()));
                text(
                    StatusCode::OK,
                    EXPOSED,
                    metrics::exposition(usage, counters),
                )
            }
            _ => match self.answer(request).await {
                Ok(body) => json(StatusCode::OK, body),
                Err(error) => error.respond(),
            },
        }
    }

    async fn answer<B>(&self, request: Request<B>) -> Result<Bytes, ApiError>
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = request.uri().path().to_owned();
        let question = path.strip_prefix("/api/v1/").unwrap_or_default();
        let name = question
            .strip_prefix("label/")
            .and_then(|rest| rest.strip_suffix("/values"));
        let known = [
            "query",
            "query_range",
            "series",
            "labels",
            "status/buildinfo",
        ];
        if name.is_none() && !known.contains(&question) {
            return Err(ApiError::Path(path));
        }
        // A GET is all that Prometheus takes for the values of a label.
        let post = name.is_none() && question != "status/buildinfo";
        let allowed = if post { "GET or POST" } else { "GET" };
        match *request.method() {
            Method::GET => {}
            Method::POST if post => {}
            ref other => return Err(ApiError::Method(other.to_string(), allowed)),
        }
        let params = self.params(request).await?;
        let work = match (question, name) {
            (_, Some(name)) => label_values(name, &params)?,
            ("query", _) => self.query(&params)?,
            ("query_range", _) => self.query_range(&params)?,
            ("series", _) => series(&params)?,
            ("labels", _) => label_names(&params)?,
            _ => return build_info(),
        };
        self.run(work, self.timeout(&params)?).await
    }

    async fn params<B>(&self, request: Request<B>) -> Result<Params, ApiError>
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let form = request.headers().get(header::CONTENT_TYPE);
        let form = form.is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        });
        if !form || request.method() != Method::POST {
            return Ok(Params::new("", &query));
        }
        let body = read_body(request.into_body(), self.options.max_form_bytes).await;
        let body = body.map_err(|error| ApiError::Form(error.to_string()))?;
        let form = std::str::from_utf8(&body);
        let form = form.map_err(|_| ApiError::Form("it is no UTF-8".to_owned()))?;
        Ok(Params::new(form, &query))
    }

    fn timeout(&self, params: &Params) -> Result<Duration, ApiError> {
        let most = self.options.timeout;
        match params.get("timeout") {
            None => Ok(most),
            Some(_) => Ok(params.duration("timeout")?.min(most)),
        }
    }

    /// Does `work` on another thread when there is room, within `timeout`.
    async fn run(&self, work: Work, timeout: Duration) -> Result<Bytes, ApiError> {
        let (store, free) = (self.store.clone(), Arc::clone(&self.free));
        let options = self.options.eval;
        let worked = tokio::time::timeout(timeout, async move {
            let permit = free.acquire_owned().await.map_err(|_| ApiError::Broken)?;
            // Held until the end of the work, also of one that nobody waits for any more.
            let worked = evaluated(store, options, permit, work).await;
            worked.unwrap_or(Err(ApiError::Broken))
        });
        worked.await.unwrap_or(Err(ApiError::Timeout(timeout)))
    }

    fn query(&self, params: &Params) -> Result<Work, ApiError> {
        let at = params.time("time", Some(self.clock.now()))?;
        let expr = expression(params)?;
        Ok(Box::new(move |evaluation| {
            let value = evaluation.at(&expr, at)?;
            success(&Answer(&QueryAnswer { at, value }))
        }))
    }

    fn query_range(&self, params: &Params) -> Result<Work, ApiError> {
        let start = params.time("start", None)?;
        let end = params.time("end", None)?;
        let step = params.duration("step")?;
        let invalid = |name, reason: &str| ApiError::Parameter {
            name,
            reason: reason.to_owned(),
        };
        if end < start {
            let reason = "end timestamp must not be before start time";
            return Err(invalid("end", reason));
        }
        if step < Duration::from_millis(1) {
            return Err(invalid("step", "it is shorter than a millisecond"));
        }
        let length = end.saturating_duration_since(start);
        if length.as_nanos() / step.as_nanos().max(1) > MAX_STEPS {
            return Err(ApiError::TooManySteps);
        }
        let expr = expression(params)?;
        let found = match expr.value_type() {
            ValueType::String => Some("a string"),
            ValueType::RangeVector => Some("a range vector"),
            ValueType::Scalar | ValueType::InstantVector => None,
        };
        if let Some(found) = found {
            let reason = format!("{found} has no range, only a scalar or an instant vector");
            return Err(invalid("query", &reason));
        }
        Ok(Box::new(move |evaluation| {
            let matrix = evaluation.range(&expr, start, end, step)?;
            success(&Answer(&QueryAnswer {
                at: end,
                value: QueryValue::Matrix(matrix),
            }))
        }))
    }
}

fn expression(params: &Params) -> Result<Expr, ApiError> {
    let text = params.get("query").unwrap_or_default();
    concertina_promql::parse(text).map_err(|error| ApiError::Parameter {
        name: "query",
        reason: error.to_string(),
    })
}

/// The series that a request asks for: by selectors, and by the time in which they lived.
struct Asked {
    selectors: Vec<Selector>,
    start: Timestamp,
    end: Timestamp,
}

impl Asked {
    fn new(params: &Params) -> Result<Self, ApiError> {
        let start = params.time("start", Some(Timestamp::from_millis(i64::MIN)))?;
        let end = params.time("end", Some(Timestamp::from_millis(i64::MAX)))?;
        if end < start {
            return Err(ApiError::Parameter {
                name: "end",
                reason: "end timestamp must not be before start time".to_owned(),
            });
        }
        Ok(Self {
            selectors: params.selectors()?,
            start,
            end,
        })
    }
}

fn series(params: &Params) -> Result<Work, ApiError> {
    let asked = Asked::new(params)?;
    if asked.selectors.is_empty() {
        return Err(ApiError::NoMatch);
    }
    Ok(Box::new(move |evaluation| {
        let snapshot = evaluation.snapshot();
        let series = snapshot.series(&asked.selectors, asked.start, asked.end)?;
        success(&series.iter().map(Metric).collect::<Vec<_>>())
    }))
}

fn label_names(params: &Params) -> Result<Work, ApiError> {
    let asked = Asked::new(params)?;
    Ok(Box::new(move |evaluation| {
        let snapshot = evaluation.snapshot();
        success(&snapshot.label_names(&asked.selectors, asked.start, asked.end)?)
    }))
}

fn label_values(name: &str, params: &Params) -> Result<Work, ApiError> {
    let mut bytes = name.bytes();
    let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    if !bytes.next().is_some_and(letter) || !bytes.all(|b| letter(b) || b.is_ascii_digit()) {
        return Err(ApiError::LabelName(name.to_owned()));
    }
    let asked = Asked::new(params)?;
    let name = name.to_owned();
    Ok(Box::new(move |evaluation| {
        let snapshot = evaluation.snapshot();
        success(&snapshot.label_values(&name, &asked.selectors, asked.start, asked.end)?)
    }))
}

/// Which Prometheus this answers like, for clients that ask before they query.
fn build_info() -> Result<Bytes, ApiError> {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct BuildInfo {
        application: &'static str,
        version: &'static str,
        revision: &'static str,
        branch: &'static str,
        build_user: &'static str,
        build_date: &'static str,
        go_version: &'static str,
    }
    success(&BuildInfo {
        application: concat!("concertina ", env!("CARGO_PKG_VERSION")),
        version: "2.42.0",
        revision: "",
        branch: "",
        build_user: "",
        build_date: "",
        go_version: "",
    })
}

impl<B> Service<Request<B>> for QueryApi
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.respond(request).await) })
    }
}
