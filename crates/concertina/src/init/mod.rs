//! `concertina init`: a rule file for what a Prometheus holds.

use concertina_mapping::draft;
use concertina_mapping::known::METRICS;

use crate::probe::{Probe, ProbeError};

/// Drafts a rule file for the GPU and LLM-serving metrics that a Prometheus holds.
///
/// Knows the metrics of NVIDIA's DCGM exporter, of per-process GPU exporters, HAMi, Huawei Cloud,
/// vLLM, SGLang, Text Generation Inference and Triton, and the labels by which each is scraped.
/// The file goes to standard output. Exit status: 0, or 1 when there is nothing to write rules
/// for, or 2 when the Prometheus cannot be asked.
#[derive(Clone, Debug, clap::Args)]
pub struct InitArgs {
    /// The Prometheus to look at.
    #[arg(long, value_name = "URL")]
    pub prometheus_url: String,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The Prometheus could not be asked.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// It has none of the metrics.
    #[error(
        "{place} has none of the {known} metrics that are known, such as DCGM_FI_DEV_GPU_UTIL or \
         vllm:num_requests_waiting: is the exporter scraped?"
    )]
    NothingKnown {
        /// Which Prometheus.
        place: String,
        /// How many metrics are known.
        known: usize,
    },
    /// It has some, and no rule can be made.
    #[error(
        "{place} has {series} series of metrics that are known, and none to scale pods by: {why}"
    )]
    NothingToScaleBy {
        /// Which Prometheus.
        place: String,
        /// How many series.
        series: usize,
        /// Which metric was left out for what reason.
        why: String,
    },
    /// The file could not be written.
    #[error("cannot write the rules: {0}")]
    Output(#[from] std::io::Error),
}

impl InitError {
    /// 2 for what the caller gave, 1 for what was found.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Probe(_) => 2,
            Self::NothingKnown { .. } | Self::NothingToScaleBy { .. } | Self::Output(_) => 1,
        }
    }
}

/// Looks and prints.
///
/// # Errors
///
/// [`InitError`] when there is nothing to print.
pub async fn run(args: InitArgs) -> Result<(), InitError> {
    let probe = Probe::new(&args.prometheus_url).await?;
    let series = probe.listed(&draft::selector()).await?;
    let place = probe.describe();
    if series.is_empty() {
        let known = METRICS.len();
        return Err(InitError::NothingKnown { place, known });
    }
    let draft = draft::draft(&series, &place);
    if draft.rules == 0 {
        let why = draft.left_out.iter();
        let why: Vec<String> = why.map(|(name, why)| format!("{name}: {why}")).collect();
        return Err(InitError::NothingToScaleBy {
            place,
            series: series.len(),
            why: why.join("; "),
        });
    }
    Ok(crate::files::print(&draft.text)?)
}
