//! Drivers that fail, are old, or hang.

use std::time::Duration;

use concertina_sources::nvml::Nvml;
use concertina_sources::{Absence, GpuError, GpuField, GpuSource, GpuValues, Reading};

use crate::common::Machine;

const TWO: &str = "
gpus:
  - {uuid: GPU-0, name: A, power: 50000}
  - {uuid: GPU-1, name: B, power: 60000}
";

async fn values(nvml: &Nvml, gpu: usize) -> GpuValues {
    nvml.read().await.unwrap().gpus.get(gpu).unwrap().values
}

#[tokio::test]
async fn a_gpu_that_falls_off_the_bus_keeps_its_name_and_tells_why() {
    let machine = Machine::new("lost", TWO);
    let nvml = machine.start().await.unwrap();
    let lost = TWO.replace("power: 60000", "power: 60000, lost: true, xids: [79]");
    machine.stub.set(&lost).unwrap();
    let node = nvml.read().await.unwrap();
    assert_eq!(node.gpus[0].values.get(GpuField::Power).value(), Some(50.0));
    let gpu = &node.gpus[1];
    assert_eq!((gpu.uuid.as_str(), gpu.model.as_str()), ("GPU-1", "B"));
    assert_eq!(gpu.values.get(GpuField::LastXid), Reading::Value(79.0));
    for field in GpuField::ALL
        .into_iter()
        .filter(|field| *field != GpuField::LastXid)
    {
        assert_eq!(gpu.values.get(field), Reading::Absent(Absence::Lost));
    }
    assert_eq!(gpu.processes_absent, Some(Absence::Lost));
    // It comes back.
    machine.stub.set(TWO).unwrap();
    let power = values(&nvml, 1).await.get(GpuField::Power);
    assert_eq!(power, Reading::Value(60.0));
}

#[tokio::test]
async fn a_gpu_that_never_said_who_it_is_is_counted() {
    let machine = Machine::new("mute", &TWO.replace("name: B", "lost: true"));
    let node = machine.start().await.unwrap().read().await.unwrap();
    assert_eq!((node.gpus.len(), node.unreadable.len()), (1, 1));
    assert_eq!(node.unreadable[0].index, 1);
    assert_eq!(node.unreadable[0].absence, Absence::Lost);
}

/// The functions that numbers come from, and one of their numbers.
const FUNCTIONS: [(&str, GpuField); 10] = [
    ("nvmlDeviceGetUtilizationRates", GpuField::Utilization),
    ("nvmlDeviceGetEncoderUtilization", GpuField::Encoder),
    ("nvmlDeviceGetDecoderUtilization", GpuField::Decoder),
    ("nvmlDeviceGetMemoryInfo_v2", GpuField::MemoryUsed),
    ("nvmlDeviceGetClockInfo", GpuField::SmClock),
    ("nvmlDeviceGetTemperature", GpuField::Temperature),
    ("nvmlDeviceGetPowerUsage", GpuField::Power),
    ("nvmlDeviceGetTotalEnergyConsumption", GpuField::Energy),
    ("nvmlDeviceGetPcieReplayCounter", GpuField::PcieReplays),
    ("nvmlDeviceGetFieldValues", GpuField::MemoryTemperature),
];

#[tokio::test]
async fn every_function_may_fail_alone_with_every_code() {
    let machine = Machine::new("codes", TWO);
    let nvml = machine.start().await.unwrap();
    for code in (1..=29).chain([77, 999]) {
        let all: String = FUNCTIONS
            .iter()
            .map(|(function, _)| format!("  {function}: {code}\n"))
            .collect();
        machine.stub.set(&format!("{TWO}fail:\n{all}")).unwrap();
        let values = values(&nvml, 0).await;
        let first = values.get(GpuField::Power);
        assert!(matches!(first, Reading::Absent(_)), "{code}");
        for (function, field) in FUNCTIONS {
            assert_eq!(values.get(field), first, "{function} with code {code}");
        }
    }
}

#[tokio::test]
async fn functions_that_an_old_driver_lacks() {
    let machine = Machine::new("lacks", TWO);
    machine
        .stub
        .hide(&FUNCTIONS.map(|(function, _)| function))
        .unwrap();
    let nvml = machine.start().await.unwrap();
    let values = values(&nvml, 0).await;
    for (function, field) in FUNCTIONS {
        let absent = Reading::Absent(Absence::OldDriver);
        assert_eq!(values.get(field), absent, "{function}");
    }
}

#[tokio::test]
async fn why_there_is_nothing_to_read() {
    let start = |test, scenario: &str| {
        let machine = Machine::new(test, scenario);
        async move { machine.start().await.map(|_| ()).unwrap_err() }
    };
    assert_eq!(start("none", "gpus: []").await, GpuError::NoGpu);
    let not_loaded = start("not-loaded", "fail: {nvmlInit_v2: 9}").await;
    let uncounted = start("uncounted", "fail: {nvmlDeviceGetCount_v2: 999}").await;
    let text = format!("{}\n{not_loaded}\n{uncounted}", GpuError::NoGpu);
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_driver_that_was_restarted_is_started_again() {
    let machine = Machine::new("restart", TWO);
    let nvml = machine.start().await.unwrap();
    let uninitialized = 1;
    let down = format!("{TWO}fail: {{nvmlDeviceGetCount_v2: {uninitialized}}}\n");
    machine.stub.set(&down).unwrap();
    assert!(nvml.read().await.is_err());
    machine.stub.set(TWO).unwrap();
    assert_eq!(nvml.read().await.unwrap().gpus.len(), 2);
}

#[tokio::test]
async fn whoever_asks_a_driver_that_hangs_may_go_away() {
    let machine = Machine::new("hangs", TWO);
    let nvml = machine.start().await.unwrap();
    machine
        .stub
        .set(&format!(
            "{TWO}hang: {{nvmlDeviceGetName: 1, nvmlDeviceGetPowerUsage: 1500}}\n"
        ))
        .unwrap();
    let soon = Duration::from_millis(100);
    // The first is with the driver, the second waits, the third is told at once.
    let first = tokio::time::timeout(soon, nvml.read()).await;
    let second = tokio::time::timeout(soon, nvml.read()).await;
    assert!(first.is_err() && second.is_err());
    let third = nvml.read().await.unwrap_err();
    assert_eq!(
        third.to_string(),
        "cannot read the GPUs: the driver hangs: it has not answered earlier questions yet"
    );
    machine.stub.set(TWO).unwrap();
    let answered = async {
        while nvml.read().await.is_err() {
            tokio::time::sleep(soon).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answered)
        .await
        .unwrap();
}
