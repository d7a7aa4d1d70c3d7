//! Which format: what is asked for, and what came.

/// The `Accept` header of a scrape: OpenMetrics by choice, with UTF-8 names where a target has them,
/// then the text format, then whatever there is.
pub const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=0.0.4;q=0.4,*/*;q=0.1";

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus' text format 0.0.4.
    #[default]
    Text,
    /// OpenMetrics 1.0 and 0.0.1.
    OpenMetrics,
}

impl Format {
    /// The format that a `Content-Type` names. As for Prometheus 2.42, whatever is not OpenMetrics,
    /// or nothing, is taken for the text format.
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Self {
        let media = content_type.unwrap_or_default().split(';').next();
        let media = media.unwrap_or_default().trim();
        match media.eq_ignore_ascii_case("application/openmetrics-text") {
            true => Self::OpenMetrics,
            false => Self::Text,
        }
    }
}
