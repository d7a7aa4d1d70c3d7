//! The node's parts, in a folder of the test's own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_exporter::{
    Attributor, GpuResources, Kubelet, KubeletOptions, ProcessOptions, RenderOptions, render,
};
use concertina_model::Timestamp;
use concertina_nvml_stub::Stub;
use concertina_sources::nvml::{Nvml, NvmlOptions};
use concertina_sources::{Clock, GpuSource};
use concertina_testkit::kubelet::{Answers, FakeKubelet};
use concertina_testkit::processes;

/// 2026-11-18T06:13:20Z, in seconds: when everything is read.
pub(crate) const NOW: i64 = 1_795_000_400;

/// A clock that stands.
#[derive(Debug)]
struct Stands;

#[async_trait]
impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW * 1000)
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let name = format!("concertina-node-{test}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("kubelet.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is the system's temporary folder's.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn options(folder: &Folder, host_pid: bool) -> KubeletOptions {
    KubeletOptions {
        socket: folder.socket(),
        resources: GpuResources::default(),
        refresh: Duration::ZERO,
        processes: ProcessOptions {
            proc: folder.0.join("proc"),
            logs: folder.0.join("log"),
            host_pid,
        },
    }
}

/// What a node shows: its driver's scenario, what its kubelet answers, and of which pod its
/// processes are.
pub(crate) struct Node<'a> {
    pub(crate) test: &'a str,
    pub(crate) scenario: &'a str,
    pub(crate) answers: Answers,
    pub(crate) processes: &'a [(u32, Option<&'a str>)],
    pub(crate) host_pid: bool,
}

impl Node<'_> {
    /// Its exposition, once it was read twice, the second time with `then` as the scenario.
    pub(crate) async fn exposition(self, then: Option<&str>) -> String {
        let folder = Folder::new(self.test);
        let stub = Stub::place(&folder.0, self.scenario).unwrap();
        FakeKubelet::serve(&folder.socket(), self.answers).unwrap();
        for (pid, pod) in self.processes {
            let container = pod.map(|pod| ["ml", pod, "main"]);
            processes::place(&folder.0, *pid, container).unwrap();
        }
        let nvml = Nvml::start(NvmlOptions {
            library: stub.library().to_owned(),
            node: "n1".to_owned(),
            window: Duration::from_secs(10),
            clock: Arc::new(Stands),
        });
        let nvml = nvml.await.unwrap();
        if let Some(then) = then {
            stub.set(then).unwrap();
        }
        let reading = nvml.read().await.unwrap();
        let kubelet = Kubelet::new(options(&folder, self.host_pid)).unwrap();
        let attribution = kubelet.attribute(&reading).await.unwrap();
        render(&reading, &attribution, RenderOptions::default())
    }
}
