//! Whole expositions, for each way that GPUs are given to pods.

use concertina_testkit::kubelet::{Answers, Holding};

use crate::machine::{NOW, Node};

/// A GPU that says a little of everything.
fn gpu(index: u32, more: &str) -> String {
    format!(
        "
  - uuid: GPU-{index}
    name: Tesla V100-SXM2-16GB
    busId: '00000000:0{index}:00.0'
    utilization: {{gpu: 60, memory: 20, encoder: 0, decoder: 0}}
    memory: {{total: 16160, reserved: 224, used: 15000}}
    clocks: {{sm: 1530, memory: 877}}
    temperature: 41
    power: 55120
    energy: 123456789
    pcieReplays: 0
{more}"
    )
}

fn machine(gpus: &str) -> String {
    format!("driver: 535.54.03\ngpus:{gpus}")
}

/// Processes, and samples of each over the whole window: which, how much memory, how busy.
fn processes(processes: &[(u32, u64, u32)], mps: bool) -> String {
    let mut text = "    processes:\n".to_owned();
    for (pid, memory, _) in processes {
        text += &format!("      - {{pid: {pid}, memory: {memory}, mps: {mps}}}\n");
    }
    text += "    samples:\n";
    for second in (NOW - 10)..=NOW {
        for (pid, _, sm) in processes.iter().filter(|(_, _, sm)| *sm > 0) {
            text += &format!("      - {{pid: {pid}, at: {second}000000, sm: {sm}}}\n");
        }
    }
    // A line that keeps the list one when nobody did anything.
    text + "      - {pid: 1, at: 1, sm: 1}\n"
}

/// What containers hold, and the four replicas of each GPU that is shared.
fn answers(holding: &[(&str, &str, &[&str])], shared: &[&str]) -> Answers {
    let holding = holding
        .iter()
        .map(|(pod, resource, ids)| Holding::new("ml", pod, resource, ids));
    let replicas = shared
        .iter()
        .flat_map(|uuid| (0..4).map(move |n| format!("{uuid}::{n}")));
    Answers {
        holding: holding.collect(),
        allocatable: Some(vec![("nvidia.com/gpu".to_owned(), replicas.collect())]),
        fails: None,
    }
}

const GPU: &str = "nvidia.com/gpu";

#[tokio::test]
async fn exclusive() {
    let scenario = machine(&gpu(0, &processes(&[(4711, 15000, 23)], false)));
    let node = Node {
        test: "exclusive",
        scenario: &scenario,
        answers: answers(&[("bert-0", GPU, &["GPU-0"])], &[]),
        processes: &[(4711, Some("bert-0"))],
        host_pid: true,
    };
    insta::assert_snapshot!(node.exposition(None).await);
}

#[tokio::test]
async fn time_sliced_by_four() {
    // The third has two processes, one of them asleep; the fourth has none; one process is no pod's.
    let all = [
        (11, 3000, 30),
        (12, 3000, 20),
        (13, 2000, 10),
        (14, 1000, 0),
        (15, 500, 5),
    ];
    let scenario = machine(&gpu(0, &processes(&all, false)));
    let node = Node {
        test: "time-sliced",
        scenario: &scenario,
        answers: answers(
            &[
                ("a", GPU, &["GPU-0::0"]),
                ("b", GPU, &["GPU-0::1"]),
                ("c", GPU, &["GPU-0::2"]),
                ("idle", GPU, &["GPU-0::3"]),
            ],
            &["GPU-0"],
        ),
        processes: &[
            (11, Some("a")),
            (12, Some("b")),
            (13, Some("c")),
            (14, Some("c")),
            (15, None),
        ],
        host_pid: true,
    };
    insta::assert_snapshot!(node.exposition(None).await);
}

#[tokio::test]
async fn shared_by_mps() {
    let scenario = machine(&gpu(0, &processes(&[(11, 3000, 30), (12, 3000, 0)], true)));
    let node = Node {
        test: "mps",
        scenario: &scenario,
        answers: answers(
            &[
                ("a", "nvidia.com/gpu.shared", &["GPU-0::0", "GPU-0::1"]),
                ("b", "nvidia.com/gpu.shared", &["GPU-0::2"]),
            ],
            &["GPU-0"],
        ),
        processes: &[(11, Some("a")), (12, Some("b"))],
        host_pid: true,
    };
    insta::assert_snapshot!(node.exposition(None).await);
}

const MIG: &str = "
    mig:
      - {uuid: MIG-a, profile: 1g.5gb, gi: 7, memory: {total: 4864, reserved: 10, used: 3000}, gpm: {graphics: 80, tensor: 40, dram: 20}, processes: [{pid: 21, memory: 2900}]}
      - {uuid: MIG-b, profile: 1g.5gb, gi: 8, memory: {total: 4864, reserved: 10, used: 12}}
";

#[tokio::test]
async fn split_by_mig() {
    let scenario = machine(&gpu(0, MIG));
    let node = Node {
        test: "mig",
        scenario: &scenario,
        answers: answers(&[("train", "nvidia.com/mig-1g.5gb", &["MIG-a"])], &[]),
        processes: &[(21, Some("train"))],
        host_pid: true,
    };
    insta::assert_snapshot!(node.exposition(None).await);
}

#[tokio::test]
async fn mixed_with_the_nodes_processes_hidden() {
    // Without hostPID: who holds a whole GPU has what runs there, and a shared one has no owner.
    let gpus = [
        gpu(0, &processes(&[(11, 15000, 23)], false)),
        gpu(1, &processes(&[(12, 3000, 30)], false)),
        gpu(2, MIG),
    ];
    let scenario = machine(&gpus.concat());
    let node = Node {
        test: "mixed",
        scenario: &scenario,
        answers: answers(
            &[
                ("whole", GPU, &["GPU-0"]),
                ("part", GPU, &["GPU-1::1"]),
                ("train", "nvidia.com/mig-1g.5gb", &["MIG-a"]),
            ],
            &["GPU-1"],
        ),
        processes: &[],
        host_pid: false,
    };
    insta::assert_snapshot!(node.exposition(None).await);
}

#[tokio::test]
async fn idle() {
    let scenario = machine(&gpu(0, "").replace("gpu: 60", "gpu: 0"));
    let node = Node {
        test: "idle",
        scenario: &scenario,
        answers: answers(&[], &[]),
        processes: &[],
        host_pid: true,
    };
    insta::assert_snapshot!(node.exposition(None).await);
}

#[tokio::test]
async fn dying() {
    let alive = machine(&gpu(0, ""));
    let dead = machine(&gpu(0, "    lost: true\n    xids: [79]\n"));
    let node = Node {
        test: "dying",
        scenario: &alive,
        answers: answers(&[("bert-0", GPU, &["GPU-0"])], &[]),
        processes: &[],
        host_pid: true,
    };
    insta::assert_snapshot!(node.exposition(Some(&dead)).await);
}
