//! What the kubelet says, and a kubelet that says nothing.

use std::time::Duration;

use concertina_exporter::{
    Attribution, Attributor, Basis, DraDevice, Kubelet, KubeletOptions, PodRef, Share, Unattributed,
};
use concertina_sources::{GpuReading, MigReading, NodeReading, ProcessReading, Reading};
use concertina_testkit::kubelet::{Answers, FakeKubelet, Holding};
use concertina_testkit::processes;

use crate::machine::{Folder, options};

fn holder(pod: &str) -> PodRef {
    PodRef::new("ml", pod, "main")
}

fn holding(pod: &str, resource: &str, ids: &[&str]) -> Holding {
    Holding::new("ml", pod, resource, ids)
}

/// A node with everything: whole GPUs, replicas, MIG instances, GKE's names, other devices, claims.
fn everything() -> Answers {
    let gpu = "nvidia.com/gpu";
    let mut whole = holding("whole", gpu, &["GPU-0"]);
    // The same device again, as for each NUMA node that it is near to.
    whole.devices.extend(whole.devices.clone());
    let mut claims = holding("claims", gpu, &[]);
    let claim = |parts: [&str; 3]| parts.map(str::to_owned);
    claims.claims = vec![
        claim(["gpu.nvidia.com", "n1", "gpu-0"]),
        claim(["", "", "k8s.gpu.nvidia.com/claim=1234-gpu-1"]),
    ];
    let all = |resource: &str, ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        (resource.to_owned(), ids)
    };
    Answers {
        holding: vec![
            whole,
            holding("two", "nvidia.com/gpu.shared", &["GPU-1::0", "GPU-1::3"]),
            holding("one", gpu, &["GPU-1::1"]),
            holding("mig", "nvidia.com/mig-1g.5gb", &["MIG-a"]),
            holding("gke", gpu, &["nvidia2/vgpu0"]),
            holding("net", "vendor.example/nic", &["mlx5_0"]),
            holding("odd", gpu, &["0000:07:00.0"]),
            claims,
        ],
        allocatable: Some(vec![
            all(gpu, &["GPU-1::0", "GPU-1::1", "GPU-1::2", "GPU-1::3"]),
            all("vendor.example/nic", &["mlx5_0"]),
        ]),
        fails: None,
    }
}

fn gpu(index: u32, uuid: &str) -> GpuReading {
    GpuReading::new(index, uuid, "", "")
}

async fn attributed(kubelet: &Kubelet) -> Result<Attribution, String> {
    let attribution = kubelet.attribute(&NodeReading::default()).await;
    attribution.map_err(|error| error.to_string())
}

#[tokio::test]
async fn whoever_holds_a_device_in_whichever_form() {
    let folder = Folder::new("forms");
    FakeKubelet::serve(&folder.socket(), everything()).unwrap();
    let kubelet = Kubelet::new(options(&folder, false)).unwrap();
    let attribution = attributed(&kubelet).await.unwrap();
    let whole = holder("whole");
    assert_eq!(attribution.exclusive_holder(&gpu(0, "GPU-0")), Some(&whole));
    let share = |held| Share::Replicas { held, of: Some(4) };
    assert_eq!(
        attribution.holders(&gpu(1, "GPU-1")),
        [(&holder("one"), share(1)), (&holder("two"), share(2))]
    );
    let unknown = Share::Replicas { held: 1, of: None };
    assert_eq!(
        attribution.holders(&gpu(2, "GPU-2")),
        [(&holder("gke"), unknown)]
    );
    let mig = MigReading {
        uuid: "MIG-a".to_owned(),
        ..MigReading::default()
    };
    let held = attribution.instance_holders(&gpu(3, "GPU-3"), &mig);
    assert_eq!(held, [(&holder("mig"), Share::Whole)]);
    assert_eq!(attribution.unknown.len(), 1);
    let claims = [
        ("gpu.nvidia.com", "n1", "gpu-0"),
        ("k8s.gpu.nvidia.com/claim", "", "1234-gpu-1"),
    ];
    let claims = claims.map(|(driver, pool, device)| DraDevice {
        holder: holder("claims"),
        driver: driver.to_owned(),
        pool: pool.to_owned(),
        device: device.to_owned(),
    });
    assert_eq!(attribution.dra, claims);
}

#[tokio::test]
async fn a_kubelet_that_does_not_know_what_there_is_says_who_holds_what() {
    let folder = Folder::new("old-kubelet");
    let answers = Answers {
        allocatable: None,
        ..everything()
    };
    FakeKubelet::serve(&folder.socket(), answers).unwrap();
    let kubelet = Kubelet::new(options(&folder, false)).unwrap();
    let attribution = attributed(&kubelet).await.unwrap();
    let share = |held| Share::Replicas { held, of: None };
    assert_eq!(
        attribution.holders(&gpu(1, "GPU-1")),
        [(&holder("one"), share(1)), (&holder("two"), share(2))]
    );
}

#[tokio::test]
async fn a_kubelet_that_is_gone_and_one_that_refuses() {
    let folder = Folder::new("gone");
    let kubelet = Kubelet::new(options(&folder, false)).unwrap();
    let gone = attributed(&kubelet).await.unwrap_err();
    let served = FakeKubelet::serve(&folder.socket(), everything()).unwrap();
    assert!(attributed(&kubelet).await.is_ok(), "it came back");
    served.set(Answers {
        fails: Some(7),
        ..Answers::default()
    });
    let refused = attributed(&kubelet).await.unwrap_err();
    let text = format!("{gone}\n{refused}");
    insta::assert_snapshot!(text.replace(&folder.socket().display().to_string(), "SOCKET"));
}

#[tokio::test]
async fn an_answer_is_good_for_a_while() {
    let folder = Folder::new("while");
    let served = FakeKubelet::serve(&folder.socket(), everything()).unwrap();
    let kubelet = Kubelet::new(KubeletOptions {
        refresh: Duration::from_secs(3600),
        ..options(&folder, false)
    });
    let kubelet = kubelet.unwrap();
    for _ in 0..3 {
        attributed(&kubelet).await.unwrap();
    }
    assert_eq!(served.asked("List"), 1);
}

#[tokio::test]
async fn whose_a_process_is_is_known_for_a_while() {
    let folder = Folder::new("owners");
    FakeKubelet::serve(&folder.socket(), everything()).unwrap();
    let mut on = gpu(0, "GPU-0");
    on.processes = [11, 12]
        .map(|pid| ProcessReading {
            pid,
            sm_utilization: Reading::Value(1.0),
            memory_used: Reading::Value(1.0),
        })
        .to_vec();
    let node = NodeReading {
        gpus: vec![on],
        ..NodeReading::default()
    };
    processes::place(&folder.0, 11, Some(["ml", "whole", "main"])).unwrap();
    let kept = Kubelet::new(KubeletOptions {
        refresh: Duration::from_secs(3600),
        ..options(&folder, true)
    });
    let (kept, asking) = (kept.unwrap(), Kubelet::new(options(&folder, true)).unwrap());
    let whole = holder("whole");
    let known = Some(Ok((&whole, Basis::Container)));
    let gone = Some(Err(Unattributed::Gone));
    for kubelet in [&kept, &asking] {
        let first = kubelet.attribute(&node).await.unwrap();
        assert_eq!((first.owner(11), first.owner(12)), (known, gone));
    }
    // The one is not looked up again; the other, of whom nothing was known, is.
    std::fs::remove_dir_all(folder.0.join("proc/11")).unwrap();
    processes::place(&folder.0, 12, Some(["ml", "whole", "main"])).unwrap();
    let second = kept.attribute(&node).await.unwrap();
    assert_eq!((second.owner(11), second.owner(12)), (known, known));
    let second = asking.attribute(&node).await.unwrap();
    assert_eq!((second.owner(11), second.owner(12)), (gone, known));
}
