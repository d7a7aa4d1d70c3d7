//! GPUs as NVIDIA's driver sees them.
//!
//! [`Nvml`] is a [`GpuSource`] over libnvidia-ml, the driver's own library, which is loaded when
//! the process runs: a binary with this feature starts on every machine, and one without a driver
//! gets one clear message. All calls are made by one thread that belongs to the source, because
//! the driver may take its time or hang; whoever waits for a reading may stop waiting.
//!
//! `answer` is what NVML's answers mean, `device` reads a GPU, `processes` lists who is on it,
//! `window` turns the driver's samples of them into use over a window, `gpm` and `xid` are the
//! performance counters and the errors.

mod answer;
mod device;
mod gpm;
mod processes;
mod window;
mod worker;
mod xid;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::{Clock, GpuError, GpuSource, NodeReading, SystemClock};

/// The library's name, as the dynamic linker finds it.
pub const LIBRARY: &str = "libnvidia-ml.so.1";

/// How the driver is read.
#[derive(Clone, Debug)]
pub struct NvmlOptions {
    /// The library: a path, or a name that the dynamic linker looks for.
    pub library: PathBuf,
    /// The node's name in readings.
    pub node: String,
    /// Over how long the use of each process is averaged.
    pub window: Duration,
    /// The time; the driver's samples carry the machine's.
    pub clock: Arc<dyn Clock>,
}

impl Default for NvmlOptions {
    /// [`LIBRARY`], no node name, 15 s, the machine's clock.
    fn default() -> Self {
        Self {
            library: PathBuf::from(LIBRARY),
            node: String::new(),
            window: Duration::from_secs(15),
            clock: Arc::new(SystemClock),
        }
    }
}

/// The GPUs of this machine, read through NVML.
///
/// ```
/// use concertina_sources::nvml::{Nvml, NvmlOptions};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let library = "/nowhere/libnvidia-ml.so.1".into();
/// let error = Nvml::start(NvmlOptions { library, ..NvmlOptions::default() }).await.unwrap_err();
/// assert!(error.to_string().starts_with("no NVIDIA driver to ask: /nowhere/libnvidia-ml.so.1"));
/// # }
/// ```
#[derive(Debug)]
pub struct Nvml {
    requests: SyncSender<Request>,
}

/// Somebody who waits for a reading.
type Request = oneshot::Sender<Result<NodeReading, GpuError>>;

impl Nvml {
    /// Loads the library and reads the GPUs once.
    ///
    /// # Errors
    ///
    /// [`GpuError::NoDriver`] when the library is not there or does not start, [`GpuError::NoGpu`]
    /// when it knows no GPU, and what [`GpuSource::read`] says.
    pub async fn start(options: NvmlOptions) -> Result<Self, GpuError> {
        // One that waits while another is served; more would only be answered later still.
        let (requests, received) = sync_channel::<Request>(1);
        let started = std::thread::Builder::new()
            .name("nvml".to_owned())
            .spawn(move || worker::run(&options, &received));
        started.map_err(|error| GpuError::Unavailable {
            reason: format!("no thread for the driver: {error}"),
        })?;
        let nvml = Self { requests };
        let first = nvml.read().await?;
        match first.gpus.is_empty() && first.unreadable.is_empty() {
            true => Err(GpuError::NoGpu),
            false => Ok(nvml),
        }
    }
}

#[async_trait]
impl GpuSource for Nvml {
    async fn read(&self) -> Result<NodeReading, GpuError> {
        let unavailable = |reason: &str| GpuError::Unavailable {
            reason: reason.to_owned(),
        };
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(reply).map_err(|error| match error {
            TrySendError::Full(_) => {
                unavailable("the driver hangs: it has not answered earlier questions yet")
            }
            TrySendError::Disconnected(_) => unavailable("the thread that asks the driver ended"),
        })?;
        answer
            .await
            .unwrap_or_else(|_| Err(unavailable("the thread that asks the driver ended")))
    }
}
