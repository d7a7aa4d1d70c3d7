//! `concertina explain`: why a metric is there or not.

mod args;
mod question;

use std::fmt::{self, Display};
use std::path::PathBuf;

pub use args::{ExplainArgs, Format};
use concertina_mapping::explain::{
    Explanation, Overview, Question, QuestionError, UsageExplanation, UsageQuestion, metric,
    overview, series_queries, usage_of,
};
use concertina_mapping::{ResourceTable, lint};
use concertina_model::LabelSelector;
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
    let format = args.format;
    let told = tell(&file, &text, &args.wanted(), probe.as_ref()).await?;
    let text = match format {
        Format::Text => told.to_string(),
        Format::Json => json(&told)?,
    };
    let printed = files::print(&text);
    printed.map_err(|error| ExplainError::Output(error.to_string()))?;
    Ok(told.is_there())
}

/// What is asked about, as a user writes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The metric; None asks what each rule serves.
    pub(crate) metric: Option<String>,
    /// The namespace of the objects.
    pub(crate) namespace: Option<String>,
    /// The object.
    pub(crate) object: Option<String>,
    /// Which series.
    pub(crate) selector: Option<LabelSelector>,
}

/// What is told.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Told {
    /// Of each rule.
    Overview(Overview),
    /// Of a metric.
    Metric(Box<Explanation>),
    /// Of the use of a pod or a node.
    Usage(Box<UsageExplanation>),
}

impl Told {
    /// Whether what was asked for is there.
    fn is_there(&self) -> bool {
        match self {
            Self::Overview(_) => true,
            Self::Metric(explanation) => explanation.is_there(),
            Self::Usage(explanation) => explanation.there,
        }
    }
}

impl Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overview(overview) => overview.fmt(f),
            Self::Metric(explanation) => explanation.fmt(f),
            Self::Usage(explanation) => explanation.fmt(f),
        }
    }
}

/// Explains what is wanted of the rules of `file`, which was read from `text`.
pub(crate) async fn tell(
    file: &RuleFile,
    text: &str,
    wanted: &Wanted,
    probe: Option<&Probe>,
) -> Result<Told, ExplainError> {
    let Some(metric) = &wanted.metric else {
        let series = match probe {
            Some(probe) => Some(probe.series(&lint::series_queries(text)).await?),
            None => None,
        };
        let overview = overview(file, series.as_ref(), &known_to(file));
        return Ok(Told::Overview(overview));
    };
    if let Some(asked) = question::of_use(metric) {
        let explanation = usage(file, asked, probe).await?;
        return Ok(Told::Usage(Box::new(explanation)));
    }
    let question = question::of(metric, wanted)?;
    let explanation = explain(file, &question, probe).await?;
    Ok(Told::Metric(Box::new(explanation)))
}

/// As `--format json` prints it.
pub(crate) fn json(told: &Told) -> Result<String, ExplainError> {
    let text = serde_json::to_string_pretty(told);
    let text = text.map_err(|error| ExplainError::Output(error.to_string()))?;
    Ok(text + "\n")
}

/// What is taken for there without a cluster.
fn known_to(file: &RuleFile) -> ResourceTable {
    ResourceTable::builtin().with_custom_groups(file)
}

async fn explain(
    file: &RuleFile,
    question: &Question,
    probe: Option<&Probe>,
) -> Result<Explanation, ExplainError> {
    let known = known_to(file);
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
    let mut explanation = usage_of(file, &known_to(file), question);
    if let (Some(probe), Some((cpu, memory))) = (probe, explanation.asked()) {
        let (cpu, memory) = (probe.query(cpu).await?, probe.query(memory).await?);
        explanation.answered(&cpu, &memory);
    }
    Ok(explanation)
}
