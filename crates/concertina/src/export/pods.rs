//! Which pods hold the GPUs: the flags, and what asks.

use std::path::PathBuf;
use std::sync::Arc;

use concertina_exporter::{
    Attribution, AttributionError, Attributor, GpuResources, Kubelet, KubeletOptions,
    ProcessOptions, SOCKET,
};
use concertina_sources::NodeReading;

const PODS: &str = "Pods";

/// How the kubelet is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct PodArgs {
    /// The kubelet's socket of the PodResources API.
    #[arg(long, value_name = "FILE", default_value = SOCKET, help_heading = PODS)]
    pub pod_resources_kubelet_socket: PathBuf,

    /// Resources whose devices are GPUs, beside nvidia.com/gpu and nvidia.com/mig-*.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = PODS)]
    pub nvidia_resource_names: Vec<String>,

    /// The node's /proc where it is mounted, such as /host/proc: then processes are told apart
    /// without hostPID [default: /proc, with hostPID].
    #[arg(long, value_name = "DIR", help_heading = PODS)]
    pub host_proc: Option<PathBuf>,

    /// The node's /var/log, or a folder with its `pods` and `containers`: names of log files name
    /// the containers.
    #[arg(long, value_name = "DIR", default_value = "/var/log", help_heading = PODS)]
    pub host_logs: PathBuf,
}

impl PodArgs {
    /// What asks the kubelet.
    pub(crate) fn attributor(&self) -> Result<Arc<dyn Attributor>, AttributionError> {
        let detected = ProcessOptions::detect();
        let options = KubeletOptions {
            socket: self.pod_resources_kubelet_socket.clone(),
            resources: GpuResources::with(self.nvidia_resource_names.iter().cloned()),
            processes: ProcessOptions {
                logs: self.host_logs.clone(),
                host_pid: detected.host_pid || self.host_proc.is_some(),
                proc: self.host_proc.clone().unwrap_or(detected.proc),
            },
            ..KubeletOptions::default()
        };
        if !options.processes.host_pid {
            tracing::warn!(
                "this container has no hostPID: what pods use of a shared GPU cannot be told; of a \
                 GPU that one pod holds alone, all is that pod's"
            );
        }
        Ok(Arc::new(Kubelet::new(options)?))
    }

    /// What asks the kubelet, where there is one; otherwise nobody holds anything.
    pub(crate) fn attributor_if_there(&self) -> Result<Arc<dyn Attributor>, AttributionError> {
        match self.pod_resources_kubelet_socket.exists() {
            true => self.attributor(),
            false => Ok(nobody()),
        }
    }
}

/// Outside Kubernetes there are no pods.
pub(super) fn nobody() -> Arc<dyn Attributor> {
    Arc::new(|_: &NodeReading| Ok::<_, AttributionError>(Attribution::new()))
}
