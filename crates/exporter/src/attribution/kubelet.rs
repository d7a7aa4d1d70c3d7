//! The kubelet, asked over its socket which container holds which device.

mod allocation;
mod messages;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use concertina_sources::NodeReading;
use http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::processes::Owner;
use super::{
    Attribution, AttributionError, Attributor, DeviceKey, PodRef, ProcessOptions, processes,
};
use messages::{AllocatableResponse, Empty, ListResponse};

pub use allocation::GpuResources;

/// Where the kubelet's PodResources API is served.
pub const SOCKET: &str = "/var/lib/kubelet/pod-resources/kubelet.sock";
/// An answer is no longer than this: what the kubelet's own clients allow.
const MOST_BYTES: usize = 16 << 20;
/// How long connecting, and one answer, may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// How the kubelet is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeletOptions {
    /// The socket of its PodResources API.
    pub socket: PathBuf,
    /// Which resources are GPUs.
    pub resources: GpuResources,
    /// How long an answer is good for, and whose process is which.
    pub refresh: Duration,
    /// Where processes are looked up.
    pub processes: ProcessOptions,
}

impl Default for KubeletOptions {
    /// [`SOCKET`], NVIDIA's resources, asked every 2 s, processes as [`ProcessOptions::detect`]
    /// finds them.
    fn default() -> Self {
        Self {
            socket: PathBuf::from(SOCKET),
            resources: GpuResources::default(),
            refresh: Duration::from_secs(2),
            processes: ProcessOptions::detect(),
        }
    }
}

/// An [`Attributor`] by the kubelet's PodResources API (`v1`), and by the processes' cgroups.
#[derive(Debug)]
pub struct Kubelet {
    options: KubeletOptions,
    channel: Channel,
    last: Mutex<Option<(Instant, Attribution)>>,
    owners: Mutex<BTreeMap<u32, (Instant, Owner)>>,
}

impl Kubelet {
    /// Connects when it is first asked, and again whenever the kubelet was restarted. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    ///
    /// When the socket's path is none.
    pub fn new(options: KubeletOptions) -> Result<Self, AttributionError> {
        let uri = format!("unix://{}", options.socket.display());
        let endpoint =
            Endpoint::from_shared(uri).map_err(|error| unavailable(&options.socket, &error))?;
        let channel = endpoint
            .connect_timeout(DEADLINE)
            .timeout(DEADLINE)
            .connect_lazy();
        Ok(Self {
            options,
            channel,
            last: Mutex::new(None),
            owners: Mutex::default(),
        })
    }

    async fn ask<T>(&self, method: &'static str) -> Result<T, tonic::Status>
    where
        T: prost::Message + Default + Send + 'static,
    {
        let channel = self.channel.clone();
        let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(MOST_BYTES);
        client
            .ready()
            .await
            .map_err(|error| tonic::Status::unavailable(root(&error)))?;
        let path = PathAndQuery::from_static(method);
        let codec = ProstCodec::<Empty, T>::default();
        let answer = client.unary(tonic::Request::new(Empty {}), path, codec);
        answer.await.map(tonic::Response::into_inner)
    }

    /// Who holds which device, by an answer that is still good, or a new one.
    async fn allocations(&self) -> Result<Attribution, AttributionError> {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((at, attribution)) = last
            && at.elapsed() < self.options.refresh
        {
            return Ok(attribution);
        }
        let listed = self
            .ask::<ListResponse>("/v1.PodResourcesLister/List")
            .await;
        let listed = listed.map_err(|status| unavailable(&self.options.socket, &status))?;
        let allocatable = self
            .ask::<AllocatableResponse>("/v1.PodResourcesLister/GetAllocatableResources")
            .await;
        let replicas = match allocatable {
            Ok(allocatable) => allocation::replicas(&allocatable, &self.options.resources),
            // Off before 1.23: then nobody knows how many replicas there are.
            Err(status) => {
                tracing::debug!(%status, "the kubelet does not say which devices there are");
                BTreeMap::<DeviceKey, u32>::new()
            }
        };
        let attribution = allocation::attribution(&listed, &replicas, &self.options.resources);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), attribution.clone()));
        Ok(attribution)
    }
}

impl Kubelet {
    /// Whose the processes `pids` are, by what is known for a while already, or by looking it up.
    async fn owners(
        &self,
        pids: BTreeSet<u32>,
        holders: BTreeSet<PodRef>,
    ) -> Result<Vec<(u32, Owner)>, AttributionError> {
        let refresh = self.options.refresh;
        let mut owners: Vec<(u32, Owner)> = {
            let mut known = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|pid, (at, _)| pids.contains(pid) && at.elapsed() < refresh);
            let known = known.iter().map(|(pid, (_, owner))| (*pid, owner.clone()));
            known.collect()
        };
        let known: BTreeSet<u32> = owners.iter().map(|(pid, _)| *pid).collect();
        let new: BTreeSet<u32> = pids.difference(&known).copied().collect();
        if new.is_empty() {
            return Ok(owners);
        }
        let options = self.options.processes.clone();
        // Files of the kernel's are quick; folders of log files may not be.
        let looked_up =
            tokio::task::spawn_blocking(move || processes::owners(&new, &options, &holders));
        let new = looked_up
            .await
            .map_err(|error| AttributionError::Unavailable {
                reason: format!("the processes could not be looked up: {error}"),
            })?;
        let mut known = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // What is not known yet may be, the next time.
        let found = new.iter().filter(|(_, owner)| owner.is_ok());
        known.extend(found.map(|(pid, owner)| (*pid, (now, owner.clone()))));
        owners.extend(new);
        Ok(owners)
    }
}

/// What is wrong at the bottom of it: the errors above only say that something is.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

fn unavailable(socket: &Path, error: &(dyn std::error::Error + 'static)) -> AttributionError {
    AttributionError::Unavailable {
        reason: format!(
            "the kubelet does not answer at {}: {}; is its folder mounted?",
            socket.display(),
            root(error)
        ),
    }
}

#[async_trait]
impl Attributor for Kubelet {
    async fn attribute(&self, node: &NodeReading) -> Result<Attribution, AttributionError> {
        let mut attribution = self.allocations().await?;
        let holders: BTreeSet<_> = attribution.all_holders().into_iter().cloned().collect();
        attribution.sees_processes = self.options.processes.host_pid;
        for (pid, owner) in self.owners(processes::pids(node), holders).await? {
            match owner {
                Ok((pod, basis)) => attribution.process(pid, &pod, basis),
                Err(reason) => attribution.unattributed(pid, reason),
            }
        }
        Ok(attribution)
    }
}
