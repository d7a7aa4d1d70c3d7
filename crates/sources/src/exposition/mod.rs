//! The exposition formats: Prometheus' text format 0.0.4, and OpenMetrics 1.0.
//!
//! Both are read as Prometheus 2.42 reads them, and with the quoted UTF-8 names of Prometheus 3:
//! `{"gpu.util", "node.name"="a"} 1`. [`Reader`] goes through a text entry by entry without copying
//! it; [`parse`] collects a whole one. Exemplars are checked and skipped.

mod cursor;
mod format;
mod reader;
#[cfg(test)]
mod tests;

use concertina_model::{Labels, Timestamp};

pub use format::{ACCEPT, Format};
pub use reader::{Entry, Reader, SampleLine};

/// One sample line.
#[derive(Clone, Debug, PartialEq)]
pub struct ExposedSample {
    /// The series, `__name__` included.
    pub labels: Labels,
    /// The value; NaN and the infinities are values here.
    pub value: f64,
    /// The line's own timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
}

/// What a `# TYPE` line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricType {
    /// The metric's name.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, `summary` or `untyped`; in OpenMetrics also
    /// `gaugehistogram`, `info`, `stateset`, and `unknown` instead of `untyped`.
    pub kind: String,
}

/// A whole exposition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    /// The samples, in order.
    pub samples: Vec<ExposedSample>,
    /// The types, in order.
    pub types: Vec<MetricType>,
}

/// Why a text is no exposition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct ExpositionError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Reads an exposition in the text format. As Prometheus does, a single bad line makes the whole
/// text an error: half a scrape would look like series that ended.
///
/// # Errors
///
/// [`ExpositionError`] with the place of the first thing that cannot be read.
///
/// ```
/// use concertina_sources::exposition::parse;
///
/// let text = "# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} 23\n";
/// let exposition = parse(text).unwrap();
/// assert_eq!(exposition.samples[0].value, 23.0);
/// assert_eq!(exposition.samples[0].labels.get("gpu"), Some("0"));
/// ```
pub fn parse(text: &str) -> Result<Exposition, ExpositionError> {
    parse_as(text.as_bytes(), Format::Text)
}

/// Reads an exposition in the format that its `Content-Type` gives.
///
/// # Errors
///
/// [`ExpositionError`] with the place of the first thing that cannot be read.
///
/// ```
/// use concertina_sources::exposition::{Format, parse_as};
///
/// let format = Format::of(Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
/// let error = parse_as(b"gpu_util 1\n", format).unwrap_err();
/// assert_eq!(error.to_string(), "line 2, column 1: expected `# EOF` at the end");
/// ```
pub fn parse_as(text: &[u8], format: Format) -> Result<Exposition, ExpositionError> {
    let mut exposition = Exposition::default();
    let mut reader = Reader::new(text, format);
    while let Some(entry) = reader.next_entry()? {
        match entry {
            Entry::Type(kind) => exposition.types.push(kind),
            Entry::Sample(line) => exposition.samples.push(ExposedSample {
                labels: line.labels(),
                value: line.value,
                timestamp: line.timestamp,
            }),
        }
    }
    Ok(exposition)
}
