//! What the API answers: JSON in Prometheus' shapes.

use std::time::Duration;

use bytes::Bytes;
use concertina_http::{Body, json};
use concertina_model::{InstantSample, Labels, QueryAnswer, QueryValue, Sample, Series, Timestamp};
use concertina_tsdb::{EvalError, format_scalar, format_value};
use http::{Response, StatusCode};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

/// Why a request has no answer, by Prometheus' types of errors.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum ApiError {
    #[error("invalid parameter {name:?}: {reason}")]
    Parameter { name: &'static str, reason: String },
    #[error("no match[] parameter provided")]
    NoMatch,
    #[error("invalid label name: {0:?}")]
    LabelName(String),
    #[error(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query \
         resolution (?step=XX)"
    )]
    TooManySteps,
    #[error("cannot read the form: {0}")]
    Form(String),
    #[error(transparent)]
    Execution(#[from] EvalError),
    #[error("not evaluated within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("{0} is not allowed here; use {1}")]
    Method(String, &'static str),
    #[error("there is no {0} here; try /api/v1/query?query=up")]
    Path(String),
    #[error("the evaluation broke off")]
    Broken,
}

impl ApiError {
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Parameter { .. }
            | Self::NoMatch
            | Self::LabelName(_)
            | Self::TooManySteps
            | Self::Form(_) => (StatusCode::BAD_REQUEST, "bad_data"),
            Self::Execution(_) => (StatusCode::UNPROCESSABLE_ENTITY, "execution"),
            Self::Timeout(_) => (StatusCode::SERVICE_UNAVAILABLE, "timeout"),
            Self::Method(..) => (StatusCode::METHOD_NOT_ALLOWED, "bad_data"),
            Self::Path(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    pub(super) fn respond(&self) -> Response<Body> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Failure {
            status: &'static str,
            error_type: &'static str,
            error: String,
        }
        let (status, error_type) = self.kind();
        let failure = Failure {
            status: "error",
            error_type,
            error: self.to_string(),
        };
        json(status, serde_json::to_vec(&failure).unwrap_or_default())
    }
}

/// The envelope of every successful answer, written.
pub(super) fn success(data: &impl Serialize) -> Result<Bytes, ApiError> {
    #[derive(serde::Serialize)]
    struct Success<'a, T> {
        status: &'static str,
        data: &'a T,
    }
    let answer = Success {
        status: "success",
        data,
    };
    // Only a map with keys that are no texts could fail.
    serde_json::to_vec(&answer)
        .map(Bytes::from)
        .map_err(|_| ApiError::Broken)
}

/// The `data` of `query` and `query_range`.
pub(super) struct Answer<'a>(pub(super) &'a QueryAnswer);

/// A label set as an object.
pub(super) struct Metric<'a>(pub(super) &'a Labels);

struct Seconds(Timestamp);
struct Point(Timestamp, f64);
struct Element<'a>(&'a InstantSample);
struct Row<'a>(&'a Series);

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let QueryAnswer { at, value } = self.0;
        let mut data = serializer.serialize_struct("Data", 2)?;
        data.serialize_field("resultType", value.type_name())?;
        match value {
            QueryValue::Scalar(value) => {
                data.serialize_field("result", &(Seconds(*at), format_scalar(*value)))?
            }
            QueryValue::String(text) => {
                data.serialize_field("result", &(Seconds(*at), text))?;
            }
            QueryValue::Vector(vector) => {
                let elements: Vec<Element<'_>> = vector.iter().map(Element).collect();
                data.serialize_field("result", &elements)?;
            }
            QueryValue::Matrix(matrix) => {
                let rows: Vec<Row<'_>> = matrix.iter().map(Row).collect();
                data.serialize_field("result", &rows)?;
            }
            other => {
                let what = format!("a {} has no form in JSON", other.type_name());
                return Err(serde::ser::Error::custom(what));
            }
        }
        data.end()
    }
}

impl Serialize for Metric<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Seconds {
    /// Seconds with milliseconds, where there are any.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_millis() {
            millis if millis % 1000 == 0 => serializer.serialize_i64(millis / 1000),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl Serialize for Point {
    /// `[seconds, "value"]`: the value as text, since JSON has neither NaN nor infinities.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (Seconds(self.0), format_value(self.1)).serialize(serializer)
    }
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut element = serializer.serialize_struct("Element", 2)?;
        element.serialize_field("metric", &Metric(&self.0.labels))?;
        element.serialize_field("value", &Point(self.0.timestamp, self.0.value))?;
        element.end()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let points = |sample: &Sample| Point(sample.timestamp, sample.value);
        let points: Vec<Point> = self.0.samples.iter().map(points).collect();
        let mut row = serializer.serialize_struct("Row", 2)?;
        row.serialize_field("metric", &Metric(&self.0.labels))?;
        row.serialize_field("values", &points)?;
        row.end()
    }
}
