//! `concertina explain`: why a metric is there or not.

mod args;
mod question;

use std::fmt::Display;
use std::path::PathBuf;

pub use args::{ExplainArgs, Format};
use concertina_mapping::explain::{
    Explanation, Question, QuestionError, UsageExplanation, UsageQuestion, metric, overview,
    series_queries, usage_of,
};
use concertina_mapping::{ResourceTable, lint};
use concertina_rules::RuleFile;
use serde::Serialize;

use crate::files::{self, FileError};
use crate::probe::{Probe, ProbeError};

/// Why nothing could be explained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It holds no rules.
    #[error("{}: {message}", path.display())]
    Rules {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// METRIC names none.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// METRIC is a path, and not of a metric.
    #[error("{path}: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The Prometheus could not be asked.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The explanation could not be written.
    #[error("cannot write the explanation: {0}")]
    Output(String),
}

/// Explains and prints. True when the metric is there, or none was asked for.
///
/// # Errors
///
/// [`ExplainError`] when the question could not be asked at all.
pub async fn run(args: ExplainArgs) -> Result<bool, ExplainError> {
    let (name, text) = files::read_text_or_stdin(&args.rules)?;
    let file = RuleFile::parse(&text).map_err(|error| ExplainError::Rules {
        path: PathBuf::from(name),
        message: error.to_string(),
    })?;
    let (url, series) = (args.prometheus_url.as_deref(), args.series.as_deref());
    let probe = Probe::of_options(url, series).await?;
    let Some(wanted) = &args.metric else {
        let series = match &probe {
            Some(probe) => Some(probe.series(&lint::series_queries(&text)).await?),
            None => None,
        };
        let overview = overview(&file, series.as_ref(), &ResourceTable::builtin());
        print(args.format, &overview)?;
        return Ok(true);
    };
    if let Some(asked) = question::of_use(wanted) {
        let explanation = usage(&file, asked, probe.as_ref()).await?;
        print(args.format, &explanation)?;
        return Ok(explanation.there);
    }
    let question = question::of(wanted, &args)?;
    let explanation = explain(&file, &question, probe.as_ref()).await?;
    print(args.format, &explanation)?;
    Ok(explanation.is_there())
}

async fn explain(
    file: &RuleFile,
    question: &Question,
    probe: Option<&Probe>,
) -> Result<Explanation, ExplainError> {
    let known = ResourceTable::builtin();
    let Some(probe) = probe else {
        return Ok(metric(file, None, &known, question));
    };
    let series = probe.series(&series_queries(file, question)).await?;
    let mut explanation = metric(file, Some(&series), &known, question);
    if let Some(query) = &explanation.query {
        let answer = probe.query(query).await?;
        explanation.answered(&answer);
    }
    Ok(explanation)
}

async fn usage(
    file: &RuleFile,
    question: UsageQuestion,
    probe: Option<&Probe>,
) -> Result<UsageExplanation, ExplainError> {
    let mut explanation = usage_of(file, &ResourceTable::builtin(), question);
    if let (Some(probe), Some((cpu, memory))) = (probe, explanation.asked()) {
        let (cpu, memory) = (probe.query(cpu).await?, probe.query(memory).await?);
        explanation.answered(&cpu, &memory);
    }
    Ok(explanation)
}

fn print<T: Serialize + Display>(format: Format, told: &T) -> Result<(), ExplainError> {
    let output = |error: &dyn Display| ExplainError::Output(error.to_string());
    let text = match format {
        Format::Text => told.to_string(),
        Format::Json => serde_json::to_string_pretty(told).map_err(|error| output(&error))? + "\n",
    };
    files::print(&text).map_err(|error| output(&error))
}
