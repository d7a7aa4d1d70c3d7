//! `concertina export` beside `nvidia-smi`, under a load: how far apart they are over a time, and
//! what a collection costs.
//!
//! `just gpu` runs it on a machine with an NVIDIA GPU, its driver, and a python3 with PyTorch; the
//! record that it prints is for docs/exporter.md. Where there is no Rust, take two files along,
//! this test's executable and `concertina`, and run
//! `CONCERTINA_BINARY=./concertina ./export-… on_a_gpu --ignored --nocapture`. Everywhere else the
//! same check runs over the stand-in for the driver and one for `nvidia-smi`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use concertina_testkit::kubelet::{Answers, FakeKubelet, Holding};
use concertina_testkit::processes;

use crate::common::{Running, driver, folder};
use crate::parts::Ends;

/// Half of the time 40 percent busy and half 80, in pieces of 50 ms.
const LOAD: &str = "
import time, torch
a = torch.randn(4096, 4096, device='cuda', dtype=torch.float16)
begun = time.time()
while True:
    duty = 0.4 if int((time.time() - begun) / 30) % 2 == 0 else 0.8
    end = time.time() + 0.05 * duty
    while time.time() < end:
        a @ a
        torch.cuda.synchronize()
    time.sleep(0.05 * (1 - duty))
";

/// What both are asked: the metric, what `nvidia-smi` calls it, and how far apart the means may be.
/// The last two are the use of the load's own process.
const ASKED: [(&str, &str, f64); 8] = [
    ("DCGM_FI_DEV_GPU_UTIL", "utilization.gpu", 2.0),
    ("DCGM_FI_DEV_MEM_COPY_UTIL", "utilization.memory", 2.0),
    ("DCGM_FI_DEV_FB_USED", "memory.used", 64.0),
    ("DCGM_FI_DEV_GPU_TEMP", "temperature.gpu", 2.0),
    ("DCGM_FI_DEV_POWER_USAGE", "power.draw", 20.0),
    ("DCGM_FI_DEV_SM_CLOCK", "clocks.sm", 50.0),
    ("DCGM_CUSTOM_PROCESS_SM_UTIL", "sm", 2.0),
    ("DCGM_CUSTOM_PROCESS_MEM_USED", "fb", 64.0),
];
const OF_GPU: usize = 6;

/// `nvidia-smi`, or what stands in for it.
struct Smi(PathBuf);

impl Smi {
    fn run(&self, args: &[&str]) -> String {
        let ended = Command::new(&self.0).args(args).output().unwrap();
        String::from_utf8(ended.stdout).unwrap()
    }

    fn query(&self, fields: &str) -> Vec<String> {
        let fields = format!("--query-gpu={fields}");
        let text = self.run(&["-i", "0", &fields, "--format=csv,noheader,nounits"]);
        text.trim().split(", ").map(str::to_owned).collect()
    }

    /// One value for each of [`ASKED`], where there is one.
    fn values(&self, pid: u32) -> Vec<Option<f64>> {
        let fields: Vec<&str> = ASKED[..OF_GPU].iter().map(|(_, field, _)| *field).collect();
        let answers = self.query(&fields.join(","));
        let mut values: Vec<_> = answers.iter().map(|text| text.parse().ok()).collect();
        let text = self.run(&["pmon", "-i", "0", "-c", "1", "-s", "um"]);
        let mut lines = text.lines();
        let heads = lines.next().unwrap_or_default().trim_start_matches('#');
        let heads: Vec<&str> = heads.split_whitespace().collect();
        let of = |line: &str, head: &str| {
            let place = heads.iter().position(|known| *known == head)?;
            line.split_whitespace().nth(place)?.parse::<f64>().ok()
        };
        let own = lines.find(|line| of(line, "pid") == Some(f64::from(pid)));
        let processes = ASKED[OF_GPU..].iter();
        values.extend(processes.map(|(_, head, _)| of(own?, head)));
        values
    }
}

/// The mean, and of how many.
#[derive(Clone, Copy, Default)]
struct Mean(f64, u32);

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.0 += value;
            self.1 += 1;
        }
    }

    fn value(self) -> Option<f64> {
        (self.1 > 0).then(|| self.0 / f64::from(self.1))
    }
}

/// What the process used so far: nanoseconds on a core, and collections.
fn used(exporter: &Running) -> (f64, f64) {
    let tasks = format!("/proc/{}/task", exporter.child.id());
    let nanoseconds = std::fs::read_dir(tasks).unwrap().filter_map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    let collections = exporter.value("concertina_exporter_collections_total");
    (nanoseconds.sum(), collections.unwrap())
}

/// A line of what it cost since `before`, which was so long ago.
fn cost(exporter: &Running, interval: &str, before: (f64, f64), ago: Duration) -> String {
    let now = used(exporter);
    let (nanoseconds, collections) = (now.0 - before.0, now.1 - before.1);
    let took = exporter.value("concertina_exporter_collection_duration_seconds");
    let status = std::fs::read_to_string(format!("/proc/{}/status", exporter.child.id()));
    let resident = status.unwrap().lines().find_map(|line| {
        let kib = line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?;
        kib.trim().parse::<f64>().ok()
    });
    format!(
        "| {interval} | {:.0} µs | {:.0} µs | {:.2} % | {:.1} MiB |\n",
        took.unwrap() * 1e6,
        nanoseconds / collections / 1e3,
        nanoseconds / 1e7 / ago.as_secs_f64(),
        resident.unwrap() / 1024.0
    )
}

/// Compares for `time` while `load` runs; the record, and what is too far apart.
fn check(library: &Path, smi: &Smi, load: &Child, time: Duration) -> (String, Vec<String>) {
    let about = smi.query("uuid,name,driver_version");
    let [uuid, name, version] = about.try_into().unwrap();
    let root = folder("gpu-check");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).unwrap();
    let socket = root.join("kubelet.sock");
    let holding = Holding::new("default", "load-0", "nvidia.com/gpu", &[&uuid]);
    let answers = Answers {
        holding: vec![holding],
        ..Answers::default()
    };
    FakeKubelet::serve(&socket, answers).unwrap();
    processes::place(&root, load.id(), Some(["default", "load-0", "main"])).unwrap();
    let start = |interval: &str| {
        let flags = [
            "-k".to_owned(),
            format!("--pod-resources-kubelet-socket={}", socket.display()),
            format!("--host-proc={}", root.join("proc").display()),
            format!("--host-logs={}", root.join("log").display()),
            format!("--interval={interval}"),
            "--window=5s".to_owned(),
        ];
        Running::over(library, &flags.each_ref().map(String::as_str))
    };

    let mut means = [(Mean::default(), Mean::default()); ASKED.len()];
    let exporter = start("1s");
    std::thread::sleep(Duration::from_secs(5).min(time));
    let (begun, before) = (Instant::now(), used(&exporter));
    while begun.elapsed() < time {
        let text = exporter.metrics();
        for ((metric, _, _), (ours, _)) in ASKED.iter().zip(&mut means) {
            let of_gpu = |line: &&str| {
                line.starts_with(&format!("{metric}{{")) && line.contains(uuid.as_str())
            };
            let line = text.lines().find(of_gpu);
            ours.add(line.and_then(|line| line.rsplit(' ').next()?.parse().ok()));
        }
        let values = smi.values(load.id());
        for (value, (_, theirs)) in values.into_iter().zip(&mut means) {
            theirs.add(value);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let mut costs = cost(&exporter, "1s, scraped", before, begun.elapsed());
    drop(exporter);
    let exporter = start("100ms");
    let (begun, before) = (Instant::now(), used(&exporter));
    std::thread::sleep(time / 3);
    costs += &cost(&exporter, "100ms", before, begun.elapsed());

    let mut record = format!(
        "{name}, driver {version}, {} s under load.\n\n\
         | metric | nvidia-smi | concertina | apart |\n|---|---|---|---|\n",
        time.as_secs()
    );
    let mut beyond = Vec::new();
    for ((metric, _, most), (ours, theirs)) in ASKED.iter().zip(means) {
        let (Some(ours), Some(theirs)) = (ours.value(), theirs.value()) else {
            // What neither has, as power on some machines, is not apart.
            if ours.1 + theirs.1 > 0 {
                beyond.push(format!("{metric}: only one of both has it"));
            }
            continue;
        };
        let apart = (ours - theirs).abs();
        writeln!(
            record,
            "| `{metric}` | {theirs:.1} | {ours:.1} | {apart:.1} |"
        )
        .unwrap();
        if apart > *most {
            beyond.push(format!("{metric}: {ours:.1} and {theirs:.1}"));
        }
    }
    record += "\n| `--interval` | a collection takes | of a core | share of a core | RSS |\n|---|---|---|---|---|\n";
    (record + &costs, beyond)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an NVIDIA GPU and a python3 with PyTorch: `just gpu`"]
async fn on_a_gpu() {
    let mut load = Command::new("python3");
    let load = Ends(load.args(["-c", LOAD]).spawn().unwrap());
    let library = Path::new(concertina_sources::nvml::LIBRARY);
    let smi = Smi(PathBuf::from("nvidia-smi"));
    // Until it computes.
    crate::parts::eventually("the load is on the GPU", || smi.values(load.0.id())[OF_GPU]);
    let (record, beyond) = check(library, &smi, &load.0, Duration::from_secs(60));
    println!("{record}");
    assert_eq!(beyond, [""; 0]);
}

/// The check itself, so that it works when a GPU is at hand.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_a_gpu_finds_what_is_apart() {
    let load = Ends(Command::new("sleep").arg("1000").spawn().unwrap());
    let pid = load.0.id();
    let mut scenario = format!(
        "driver: 535.54.03\ngpus:\n  - uuid: GPU-0\n    name: Stand-in\n    \
         utilization: {{gpu: 40, memory: 10}}\n    memory: {{total: 16160, used: 9000}}\n    \
         temperature: 41\n    clocks: {{sm: 1530}}\n    \
         processes: [{{pid: {pid}, memory: 8000}}]\n    samples:\n"
    );
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for second in now - 10..now + 120 {
        writeln!(
            scenario,
            "      - {{pid: {pid}, at: {second}000000, sm: 33}}"
        )
        .unwrap();
    }
    let stub = driver("gpu", &scenario);
    let smi = folder("gpu").join("nvidia-smi");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         *driver_version*) echo 'GPU-0, Stand-in, 535.54.03';;\n\
         *utilization.gpu*) echo '45, 10, 9000, 41, [N/A], 1530';;\n\
         pmon*) printf '# gpu pid type sm mem fb command\\n# Idx # C/G %% %% MB name\\n\
         0 1 C 90 1 7 other\\n0 {pid} C 33 1 8000 load\\n';;\nesac\n"
    );
    std::fs::write(&smi, text).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&smi, executable).unwrap();
    let time = Duration::from_secs(2);
    let (record, beyond) = check(stub.library(), &Smi(smi), &load.0, time);
    assert_eq!(beyond, ["DCGM_FI_DEV_GPU_UTIL: 40.0 and 45.0"], "{record}");
    assert!(record.starts_with("Stand-in, driver 535.54.03, 2 s under load.\n"));
    let process = "| `DCGM_CUSTOM_PROCESS_SM_UTIL` | 33.0 | 33.0 | 0.0 |\n";
    assert!(record.contains(process), "{record}");
    let fast = record.split_once("\n| 100ms | ").unwrap().1;
    assert!(!fast.starts_with("0 µs"), "{record}");
}
