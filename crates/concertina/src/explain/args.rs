//! The options of `concertina explain`.

use std::path::PathBuf;

use concertina_model::LabelSelector;

use super::Wanted;

/// Explains why a metric is there or not: which series feed it, which label names its objects,
/// which PromQL is asked, and what came back; or the first step at which it falls out.
///
/// Without METRIC it lists what each rule serves. Without a Prometheus it tells what would be if
/// the series were there. Exit status: 0 when the metric is there, 1 when it is not, 2 when the
/// question cannot be asked.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// The metric as the API has it: `pods/NAME`, `deployments.apps/NAME`, `external/NAME`,
    /// `external/NAMESPACE/NAME`, a path that begins with `/apis/`, also one of metrics.k8s.io
    /// to a pod or a node; a bare NAME is one of pods.
    #[arg(value_name = "METRIC")]
    pub metric: Option<String>,

    /// The rule file; `-` is standard input.
    #[arg(long, value_name = "FILE", visible_alias = "config")]
    pub rules: PathBuf,

    /// The Prometheus to ask.
    #[arg(long, value_name = "URL")]
    pub prometheus_url: Option<String>,

    /// Samples in Prometheus' text format to look at in place of a Prometheus, such as what `curl`
    /// prints of an exporter's /metrics. They count as of now; a rate of single samples is none.
    #[arg(long, value_name = "FILE", conflicts_with = "prometheus_url")]
    pub series: Option<PathBuf>,

    /// The namespace of the objects; otherwise one that a series names.
    #[arg(long, short, value_name = "NAMESPACE", requires = "metric")]
    pub namespace: Option<String>,

    /// The object; otherwise those that series name.
    #[arg(long, value_name = "NAME", requires = "metric")]
    pub object: Option<String>,

    /// Only series with such labels, as a metric selector says it: `model=bert,phase!=warm-up`.
    #[arg(long, short = 'l', value_name = "SELECTOR", requires = "metric")]
    pub selector: Option<LabelSelector>,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl ExplainArgs {
    /// What is asked about.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            metric: self.metric.clone(),
            namespace: self.namespace.clone(),
            object: self.object.clone(),
            selector: self.selector.clone(),
        }
    }
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}
