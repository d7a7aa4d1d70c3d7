//! The options of `concertina check`.

use std::path::PathBuf;

/// Checks rule files of prometheus-adapter and says what is wrong, where, and what to do.
///
/// Reads a configuration, a ConfigMap that holds one, values of the Helm chart, or a bare list of
/// rules. `-` reads standard input. Every finding has a number; docs/findings.md lists them. Exit
/// status: 0 when there is no error, 1 when there is one (with --deny-warnings, also for a
/// warning), 2 when a file cannot be opened or an option is wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// The rule files.
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    pub files: Vec<PathBuf>,

    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Also look at what this Prometheus holds: rules that match nothing, labels that do not fit.
    #[arg(long, value_name = "URL")]
    pub prometheus_url: Option<String>,

    /// Samples in Prometheus' text format to look at in place of a Prometheus, such as what `curl`
    /// prints of an exporter's /metrics. They count as of now; a rate of single samples is none.
    #[arg(long, value_name = "FILE", conflicts_with = "prometheus_url")]
    pub series: Option<PathBuf>,

    /// A warning counts as an error.
    #[arg(long)]
    pub deny_warnings: bool,

    /// Say what a finding means, such as C021, and end.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["files", "prometheus_url", "series"])]
    pub explain: Option<String>,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, with the line of the file.
    Text,
    /// One JSON document.
    Json,
    /// Annotations of GitHub Actions.
    Github,
}
