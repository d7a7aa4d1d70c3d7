//! Which pods hold the GPUs: the flags, and what asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use concertina_exporter::{
    Attribution, AttributionError, Attributor, Basis, DeviceKey, GpuResources, Kubelet,
    KubeletOptions, PodRef, ProcessOptions, SOCKET, Share,
};
use concertina_sources::NodeReading;
use concertina_sources::simulated::ScriptedNode;

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

/// The pods that a script gives its processes to. A GPU with processes of several pods is shared by
/// them as replicas of it.
pub(super) fn scripted(node: &ScriptedNode) -> Arc<dyn Attributor> {
    let mut attribution = Attribution::new();
    attribution.sees_processes = true;
    let mut on: BTreeMap<String, BTreeSet<PodRef>> = BTreeMap::new();
    for process in node.processes() {
        let pod = PodRef::new(&process.namespace, &process.pod, &process.container);
        attribution.process(process.pid, &pod, Basis::Container);
        on.entry(process.gpu).or_default().insert(pod);
    }
    for (gpu, pods) in on {
        let share = match pods.len() {
            1 => Share::Whole,
            of => Share::Replicas {
                held: 1,
                of: u32::try_from(of).ok(),
            },
        };
        for pod in &pods {
            attribution.allocate(DeviceKey::uuid(&gpu), pod, share);
        }
    }
    Arc::new(move |_: &NodeReading| Ok::<_, AttributionError>(attribution.clone()))
}

/// Outside Kubernetes there are no pods.
pub(super) fn nobody() -> Arc<dyn Attributor> {
    Arc::new(|_: &NodeReading| Ok::<_, AttributionError>(Attribution::new()))
}
