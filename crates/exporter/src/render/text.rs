//! The two text formats of expositions.

use std::fmt::{Display, Write};

use super::metric::{Kind, Metric};

/// How an exposition is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The Prometheus text format, version 0.0.4.
    #[default]
    Prometheus,
    /// OpenMetrics 1.0. Counters keep their names, which are DCGM's, and so have the type
    /// `unknown` there: OpenMetrics wants the names of counters to end in `_total`.
    OpenMetrics,
}

impl Format {
    /// The content type of an answer.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// An exposition that is being written. Writing to a `String` cannot fail.
#[derive(Debug)]
pub(crate) struct Text {
    out: String,
    format: Format,
}

impl Text {
    pub(crate) fn new(format: Format) -> Self {
        let out = String::with_capacity(16 << 10);
        Self { out, format }
    }

    /// The lines before a metric's samples.
    pub(crate) fn family(&mut self, metric: &Metric) {
        let Metric { name, kind, help } = metric;
        let (name, kind) = match (self.format, kind) {
            (_, Kind::Gauge) => (*name, "gauge"),
            (Format::Prometheus, Kind::Counter) => (*name, "counter"),
            (Format::OpenMetrics, Kind::Counter) => match name.strip_suffix("_total") {
                Some(family) => (family, "counter"),
                None => (*name, "unknown"),
            },
        };
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample.
    pub(crate) fn sample(&mut self, metric: &Metric, labels: &str, value: impl Display) {
        let name = metric.name;
        let _ = match labels {
            "" => writeln!(self.out, "{name} {value}"),
            _ => writeln!(self.out, "{name}{{{labels}}} {value}"),
        };
    }

    /// The whole.
    pub(crate) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}
