//! What a scrape and a collection cost: 8 GPUs with 50 processes each, shared by 40 pods.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make undocumented functions; a benchmark may fail"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use concertina_exporter::{
    Attribution, Basis, DeviceKey, Format, PodRef, RenderOptions, Share, render,
};
use concertina_nvml_stub::Stub;
use concertina_sources::nvml::{Nvml, NvmlOptions};
use concertina_sources::{GpuSource, NodeReading, SystemClock};
use criterion::{Criterion, criterion_group, criterion_main};

const GPUS: u32 = 8;
const PROCESSES: u32 = 50;
const PODS: u32 = 5;

/// The scenario of the driver's stand-in: every process is sampled once in the window.
fn scenario() -> String {
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_micros();
    let mut text = "driver: 535.54.03\ngpus:\n".to_owned();
    for gpu in 0..GPUS {
        text += &format!(
            "  - uuid: GPU-{gpu}\n    name: Tesla V100-SXM2-16GB\n    busId: '00000000:0{gpu}:00.0'\n    \
             utilization: {{gpu: 60}}\n    memory: {{total: 16160, reserved: 224, used: 15000}}\n    \
             clocks: {{sm: 1530, memory: 877}}\n    temperature: 41\n    power: 55120\n    energy: 1\n    \
             pcieReplays: 0\n    processes:\n"
        );
        let pids = (0..PROCESSES).map(|process| 1000 + gpu * PROCESSES + process);
        for pid in pids.clone() {
            text += &format!("      - {{pid: {pid}, memory: 300}}\n");
        }
        text += "    samples:\n";
        for pid in pids {
            text += &format!("      - {{pid: {pid}, at: {now}, sm: 1}}\n");
        }
    }
    text
}

/// Each GPU's processes in turn are those of five pods.
fn attribution(node: &NodeReading) -> Attribution {
    let mut attribution = Attribution::new();
    for gpu in &node.gpus {
        let pods: Vec<PodRef> = (0..PODS)
            .map(|pod| PodRef::new("ml", &format!("bert-{}-{pod}", gpu.index), "main"))
            .collect();
        for pod in &pods {
            let share = Share::Replicas {
                held: 1,
                of: Some(PODS),
            };
            attribution.allocate(DeviceKey::uuid(&gpu.uuid), pod, share);
        }
        for (process, pod) in gpu.processes.iter().zip(pods.iter().cycle()) {
            attribution.process(process.pid, pod, Basis::Container);
        }
    }
    attribution
}

fn exporter(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = std::env::temp_dir().join(format!("concertina-bench-{}", std::process::id()));
    let stub = Stub::place(&folder, &scenario()).unwrap();
    let nvml = Nvml::start(NvmlOptions {
        library: stub.library().to_owned(),
        node: "n1".to_owned(),
        window: Duration::from_secs(15),
        clock: Arc::new(SystemClock),
    });
    let nvml = runtime.block_on(nvml).unwrap();
    let node = runtime.block_on(nvml.read()).unwrap();
    assert_eq!(node.gpus.len(), GPUS as usize);
    let attribution = attribution(&node);
    for (name, format) in [
        ("scrape/text", Format::Prometheus),
        ("scrape/openmetrics", Format::OpenMetrics),
    ] {
        let options = RenderOptions {
            format,
            ..RenderOptions::default()
        };
        c.bench_function(name, |b| {
            b.iter(|| black_box(render(&node, &attribution, options)));
        });
    }
    // The stand-in costs what a driver would not, and a driver what it does not.
    c.bench_function("collect/nvml-stub", |b| {
        b.iter(|| black_box(runtime.block_on(nvml.read()).unwrap()));
    });
    // What is left behind is the system's temporary folder's.
    let _ = std::fs::remove_dir_all(folder);
}

criterion_group!(benches, exporter);
criterion_main!(benches);
