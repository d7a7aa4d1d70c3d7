//! What a GPU, and a MIG instance, says of itself.

use std::fmt::Write;

use concertina_sources::{Absence, GpuField, GpuSource, GpuValues, Reading};

use crate::common::Machine;

const V100: &str = "
driver: 535.54.03
gpus:
  - uuid: GPU-0
    name: Tesla V100-SXM2-16GB
    busId: '00000000:00:07.0'
    minor: 3
    utilization: {gpu: 23, memory: 11, encoder: 1, decoder: 2}
    memory: {total: 16160, reserved: 224, used: 15343}
    clocks: {sm: 1530, memory: 877}
    temperature: 41
    memoryTemperature: 38
    power: 55120
    energy: 123456789
    pcieReplays: 4
    remapped: {correctable: 1, uncorrectable: 2, failure: 0}
";

/// All values, a line each, those that are never read left out.
fn show(values: &GpuValues) -> String {
    let mut text = String::new();
    for field in GpuField::ALL {
        match values.get(field) {
            Reading::Value(value) => {
                writeln!(text, "{} {value} {}", field.name(), field.unit()).unwrap();
            }
            Reading::Absent(why) => writeln!(text, "{}: {why}", field.name()).unwrap(),
        }
    }
    text
}

#[tokio::test]
async fn every_number_in_its_unit() {
    let machine = Machine::new("numbers", V100);
    let node = machine.start().await.unwrap().read().await.unwrap();
    assert_eq!(node.node, "n1");
    assert_eq!(node.driver.as_deref(), Some("535.54.03"));
    let gpu = &node.gpus[0];
    assert_eq!(
        (gpu.uuid.as_str(), gpu.pci_bus_id.as_str(), gpu.minor),
        ("GPU-0", "00000000:00:07.0", Some(3))
    );
    assert_eq!(gpu.model, "Tesla V100-SXM2-16GB");
    insta::assert_snapshot!(show(&gpu.values));
}

#[tokio::test]
async fn what_gpm_measures_is_between_two_readings() {
    let scenario = "
gpus:
  - uuid: GPU-0
    gpm: {graphics: 50, tensor: 25, dram: 10.5, pcieSent: 2, pcieReceived: 3}
";
    let machine = Machine::new("gpm", scenario);
    let nvml = machine.start().await.unwrap();
    let values = nvml.read().await.unwrap().gpus[0].values;
    let read = |field| values.get(field).value();
    assert_eq!(read(GpuField::EngineActive), Some(0.5));
    assert_eq!(read(GpuField::TensorActive), Some(0.25));
    assert_eq!(read(GpuField::DramActive), Some(0.105));
    assert_eq!(read(GpuField::PcieSent), Some(2.0 * 1_048_576.0));
    assert_eq!(read(GpuField::PcieReceived), Some(3.0 * 1_048_576.0));
}

#[tokio::test]
async fn mig_instances_are_devices_of_their_own() {
    let scenario = "
gpus:
  - uuid: GPU-0
    name: NVIDIA A100-SXM4-40GB
    memory: {total: 40960, used: 5000}
    utilization: {gpu: 99}
    mig:
      - {uuid: MIG-a, profile: 1g.5gb, gi: 7, memory: {total: 4864, used: 100}, gpm: {graphics: 80}, processes: [{pid: 11, memory: 90}]}
      - {uuid: MIG-b, profile: 3g.20gb, gi: 2, memory: {total: 19968, used: 20}}
";
    let machine = Machine::new("mig", scenario);
    let nvml = machine.start().await.unwrap();
    let gpu = nvml.read().await.unwrap().gpus.remove(0);
    assert!(gpu.processes.is_empty());
    let instances: String = gpu
        .mig
        .unwrap()
        .iter()
        .map(|mig| {
            let read = |field| match mig.values.get(field) {
                Reading::Value(value) => value.to_string(),
                Reading::Absent(why) => why.to_string(),
            };
            format!(
                "{} {:?} {:?} used {} active {} {:?}\n",
                mig.uuid,
                mig.gpu_instance,
                mig.profile,
                read(GpuField::MemoryUsed),
                read(GpuField::EngineActive),
                mig.processes
            )
        })
        .collect();
    insta::assert_snapshot!(instances);
    let used = gpu.values.get(GpuField::Utilization);
    assert_eq!(used.value(), None, "a GPU in MIG mode has no utilization");
}

#[tokio::test]
async fn instances_that_may_not_be_seen_are_not_none() {
    let no_permission = 4;
    let scenario = format!(
        "gpus:\n  - uuid: GPU-0\n    mig: [{{uuid: MIG-a}}]\n    \
         fail: {{nvmlDeviceGetMigDeviceHandleByIndex: {no_permission}}}\n"
    );
    let machine = Machine::new("mig-unseen", &scenario);
    let gpu = machine
        .start()
        .await
        .unwrap()
        .read()
        .await
        .unwrap()
        .gpus
        .remove(0);
    assert_eq!(gpu.mig, Some(Vec::new()));
    assert_eq!(gpu.processes_absent, Some(Absence::NoPermission));
}
