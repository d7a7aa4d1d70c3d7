//! The flags of `concertina top`.

use std::path::PathBuf;
use std::time::Duration;

use crate::export::{PodArgs, ReadingArgs};
use crate::serve::go_duration;
use crate::top::TopError;

const FROM: &str = "Somebody else's readings";
/// What means nothing for another machine's readings.
const OF_THIS_MACHINE: [&str; 8] = [
    "nvml_library",
    "simulate",
    "window",
    "node_name",
    "pod_resources_kubelet_socket",
    "nvidia_resource_names",
    "host_proc",
    "host_logs",
];
/// Watching faster shows nothing new: the driver itself samples no faster.
const SHORTEST: Duration = Duration::from_millis(100);

/// Shows GPUs and the pods on them, with utilization and memory now.
///
/// Of this machine, through the driver's library; or of another, by the URL of its exporter, ours
/// or the DCGM exporter. Exit status: 0 when shown, 1 when there is nothing to read, 2 when a flag
/// is wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct TopArgs {
    /// Again and again, until Ctrl-C; every 2s unless told otherwise.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "2s", value_parser = go_duration::parse)]
    pub watch: Option<Duration>,

    /// As JSON: one object, or with --watch one a line.
    #[arg(long)]
    pub json: bool,

    /// Ask the exporter at this URL; without a path, its /metrics.
    #[arg(long, value_name = "URL", conflicts_with_all = OF_THIS_MACHINE, help_heading = FROM)]
    pub url: Option<String>,

    /// Trust the authorities in this PEM file and no others.
    #[arg(long, value_name = "FILE", requires = "url", help_heading = FROM)]
    pub ca_file: Option<PathBuf>,

    #[command(flatten)]
    pub(super) reading: ReadingArgs,

    #[command(flatten)]
    pub(super) pods: PodArgs,
}

impl TopArgs {
    /// Refuses to watch without a pause.
    pub(super) fn check(&self) -> Result<(), TopError> {
        match self.watch {
            Some(interval) if interval < SHORTEST => Err(TopError::TooFast(interval)),
            _ => Ok(()),
        }
    }
}
