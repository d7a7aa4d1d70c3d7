//! A driver, and a clock that stands where it is put.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::Timestamp;
use concertina_nvml_stub::Stub;
use concertina_sources::nvml::{Nvml, NvmlOptions};
use concertina_sources::{Clock, GpuError};

/// 2026-11-18T06:13:20Z, in seconds.
pub(crate) const START: i64 = 1_795_000_400;

#[derive(Debug, Default)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    /// Goes to `seconds` after [`START`].
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store((START + seconds) * 1000, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is the system's temporary folder's.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Machine {
    pub(crate) stub: Stub,
    pub(crate) clock: Arc<ManualClock>,
    _folder: Folder,
}

impl Machine {
    /// A machine with a driver that plays `scenario`; `test` is its name.
    pub(crate) fn new(test: &str, scenario: &str) -> Self {
        let name = format!("concertina-nvml-{test}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let clock = Arc::new(ManualClock::default());
        clock.set(0);
        Self {
            stub: Stub::place(&folder, scenario).unwrap(),
            clock,
            _folder: Folder(folder),
        }
    }

    pub(crate) async fn start(&self) -> Result<Nvml, GpuError> {
        Nvml::start(NvmlOptions {
            library: self.stub.library().to_owned(),
            node: "n1".to_owned(),
            window: Duration::from_secs(10),
            clock: self.clock.clone(),
        })
        .await
    }
}
