//! Who is on a GPU, and what it does there.

use concertina_sources::{Absence, GpuSource, ProcessReading, Reading};

use crate::common::{Machine, START};

/// A sample: of which process, how many seconds after the start, how busy.
type Sampled = (u32, i64, u32);

/// A GPU with processes, and samples of them.
fn scenario(processes: &str, samples: &[Sampled]) -> String {
    let samples = samples.iter().map(|(pid, seconds, sm)| {
        let at = (START + seconds) * 1_000_000;
        format!("      - {{pid: {pid}, at: {at}, sm: {sm}}}\n")
    });
    let samples: String = samples.collect();
    format!(
        "gpus:\n  - uuid: GPU-0\n    processes: {processes}\n    samples:\n{samples}      - {{pid: 99, at: 1, sm: 1}}\n"
    )
}

fn show(processes: &[ProcessReading]) -> String {
    let show = |reading: Reading<f64>| match reading {
        Reading::Value(value) => value.to_string(),
        Reading::Absent(why) => why.to_string(),
    };
    let lines = processes.iter().map(|process| {
        let (sm, memory) = (process.sm_utilization, process.memory_used);
        format!(
            "{}: sm {}, memory {}\n",
            process.pid,
            show(sm),
            show(memory)
        )
    });
    lines.collect()
}

#[tokio::test]
async fn processes_come_and_go() {
    let one = "[{pid: 1, memory: 100}]";
    let machine = Machine::new("come-and-go", &scenario(one, &[]));
    let nvml = machine.start().await.unwrap();
    let mut story = String::new();
    let all = "[{pid: 1, memory: 100}, {pid: 2, memory: 50, graphics: true}, {pid: 3}]";
    let steps: [(i64, &str, &[Sampled]); 4] = [
        (1, one, &[(1, 1, 80)]),
        (2, all, &[(1, 1, 80), (1, 2, 40), (2, 2, 10)]),
        (14, all, &[(2, 14, 50)]),
        (15, "[{pid: 3}]", &[]),
    ];
    for (seconds, processes, samples) in steps {
        machine.clock.set(seconds);
        machine.stub.set(&scenario(processes, samples)).unwrap();
        let node = nvml.read().await.unwrap();
        story += &format!("after {seconds} s:\n{}", show(&node.gpus[0].processes));
    }
    insta::assert_snapshot!(story);
}

#[tokio::test]
async fn a_client_of_mps_without_samples_is_not_idle() {
    let processes = "[{pid: 1, memory: 100, mps: true}, {pid: 2, memory: 30}]";
    let machine = Machine::new("mps", &scenario(processes, &[]));
    let nvml = machine.start().await.unwrap();
    machine.clock.set(11);
    let node = nvml.read().await.unwrap();
    let sm: Vec<_> = node.gpus[0]
        .processes
        .iter()
        .map(|p| p.sm_utilization)
        .collect();
    assert_eq!(
        sm,
        [Reading::Absent(Absence::NoSample), Reading::Value(0.0)]
    );
}

#[tokio::test]
async fn drivers_before_510_list_processes_too() {
    let machine = Machine::new("old", &scenario("[{pid: 1, memory: 100}]", &[]));
    let missing = [
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetGraphicsRunningProcesses_v3",
        "nvmlDeviceGetMPSComputeRunningProcesses_v3",
    ];
    machine.stub.hide(&missing).unwrap();
    let node = machine.start().await.unwrap().read().await.unwrap();
    assert_eq!(node.gpus[0].processes.len(), 1);
    assert_eq!(node.gpus[0].processes[0].memory_used, Reading::Value(100.0));
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_not_an_empty_one() {
    let code_no_permission = 4;
    let failing = format!(
        "{}fail: {{nvmlDeviceGetComputeRunningProcesses_v3: {code_no_permission}}}\n",
        scenario("[{pid: 1}]", &[])
    );
    let machine = Machine::new("unlisted", &failing);
    let node = machine.start().await.unwrap().read().await.unwrap();
    let absent = node.gpus[0].processes_absent;
    assert_eq!(absent, Some(Absence::NoPermission));
}
