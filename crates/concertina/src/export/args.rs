//! The flags of `concertina export`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use concertina_exporter::{CollectorOptions, HostLabel, LabelFlavour};

use super::{ExportError, PodArgs};
use crate::serve::go_duration;

const READING: &str = "Reading the GPUs";
const LABELS: &str = "Labels";
const SERVING: &str = "Serving";

/// The shortest interval: the driver itself samples no faster.
const SHORTEST: Duration = Duration::from_millis(100);

/// Publishes the readings of this node's GPUs for Prometheus, under the DCGM exporter's names.
///
/// Reads them through the driver's library, at its own pace: a scrape never waits for a driver.
/// Serves /metrics (text format and OpenMetrics), /healthz and /readyz. Exit status: 0 when told
/// to stop (SIGTERM, Ctrl-C), 1 when there is no driver or no GPU or something fails, 2 when a
/// flag or a file is wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// Where to listen.
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:9400", help_heading = SERVING)]
    pub listen: String,

    /// Serve TLS with this certificate, PEM; those that signed it may follow.
    #[arg(long, value_name = "FILE", requires = "tls_private_key_file", help_heading = SERVING)]
    pub tls_cert_file: Option<PathBuf>,

    /// The certificate's private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert_file", help_heading = SERVING)]
    pub tls_private_key_file: Option<PathBuf>,

    /// Say which pods hold the GPUs and what each of them uses, by asking the kubelet.
    #[arg(short = 'k', long, help_heading = "Pods")]
    pub kubernetes: bool,

    #[command(flatten)]
    pub(crate) pods: PodArgs,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// How often the GPUs are read; 100ms or more.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = go_duration::parse, help_heading = READING)]
    pub interval: Duration,

    /// How long a reading may take before it counts as failed.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = go_duration::parse, help_heading = READING)]
    pub deadline: Duration,

    /// While the GPUs cannot be read, the last reading is shown until it is older than this.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = go_duration::parse, help_heading = READING)]
    pub max_age: Duration,

    /// Whose label names series carry.
    #[arg(long, value_enum, default_value = "both", help_heading = LABELS)]
    pub labels: Flavour,

    /// What the DCGM exporter's label with the node's name is called: hostname since May 2026,
    /// Hostname before.
    #[arg(long, value_enum, default_value = "hostname", help_heading = LABELS)]
    pub host_label: Host,
}

/// What `export` and `top` read of this machine.
#[derive(Clone, Debug, clap::Args)]
pub struct ReadingArgs {
    /// The driver's library: a path, or a name that the dynamic linker knows.
    #[arg(long, value_name = "FILE", default_value = concertina_sources::nvml::LIBRARY, help_heading = READING)]
    pub nvml_library: PathBuf,

    /// Read no GPU and show what this script says instead: to try dashboards and rules without
    /// hardware.
    #[arg(long, value_name = "FILE", conflicts_with = "nvml_library", help_heading = READING)]
    pub simulate: Option<PathBuf>,

    /// Over how long the use of each process is averaged.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = go_duration::parse, help_heading = READING)]
    pub window: Duration,

    /// This node's name [default: $NODE_NAME, otherwise the host's name].
    #[arg(long, value_name = "NAME", help_heading = READING)]
    pub node_name: Option<String>,
}

/// Whose label names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Flavour {
    /// The DCGM exporter's: hostname, namespace, pod, container.
    Dcgm,
    /// Alibaba Cloud's: NodeName, NamespaceName, PodName, ContainerName.
    Ack,
    /// Both on each series.
    Both,
}

/// What the label with the host's name is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Host {
    /// `hostname`
    #[value(name = "hostname")]
    New,
    /// `Hostname`
    #[value(name = "Hostname")]
    Old,
}

impl ExportArgs {
    /// The collector's times, checked.
    pub(super) fn pace(&self) -> Result<CollectorOptions, ExportError> {
        let refused = |option, value: Duration, reason: &str| {
            Err(ExportError::BadOption {
                option,
                value: format!("{}s", value.as_secs_f64()),
                reason: reason.to_owned(),
            })
        };
        if self.interval < SHORTEST {
            return refused("interval", self.interval, "give 100ms or more");
        }
        if self.deadline < SHORTEST {
            return refused("deadline", self.deadline, "give 100ms or more");
        }
        if self.max_age < self.interval {
            let reason = "it must not be shorter than --interval, or series would come and go";
            return refused("max-age", self.max_age, reason);
        }
        if self.reading.window < SHORTEST {
            return refused("window", self.reading.window, "give 100ms or more");
        }
        Ok(CollectorOptions {
            interval: self.interval,
            deadline: self.deadline,
            max_age: self.max_age,
        })
    }

    pub(super) fn flavour(&self) -> LabelFlavour {
        match self.labels {
            Flavour::Dcgm => LabelFlavour::Dcgm,
            Flavour::Ack => LabelFlavour::Ack,
            Flavour::Both => LabelFlavour::Both,
        }
    }

    pub(super) fn host(&self) -> HostLabel {
        match self.host_label {
            Host::New => HostLabel::New,
            Host::Old => HostLabel::Old,
        }
    }
}

impl ReadingArgs {
    /// The node's name: what was given, what the pod was told, or the machine's own.
    pub(crate) fn node(&self) -> String {
        let told = || {
            std::env::var("NODE_NAME")
                .ok()
                .filter(|name| !name.is_empty())
        };
        let own = || {
            let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
            name.map(|name| name.trim().to_owned()).unwrap_or_default()
        };
        self.node_name.clone().or_else(told).unwrap_or_else(own)
    }
}
