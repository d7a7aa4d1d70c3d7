//! GPUs that do what a file says: for dashboards, rules and tests without hardware.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::Timestamp;
use serde::Deserialize;

use super::wave::Level;
use crate::{
    Clock, GpuError, GpuField, GpuReading, GpuSource, GpuValues, NodeReading, ProcessReading,
    Reading,
};

/// More GPUs than this are a mistake.
const MOST_GPUS: u32 = 64;
const MIB_FIELDS: [GpuField; 3] = [
    GpuField::MemoryUsed,
    GpuField::MemoryFree,
    GpuField::MemoryReserved,
];

/// A node whose GPUs follow a script. The same script, seed and time give the same reading.
///
/// ```
/// use std::sync::Arc;
/// use concertina_sources::simulated::ScriptedNode;
/// use concertina_sources::{GpuField, GpuSource, SystemClock};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let script = "
/// seed: 7
/// gpus:
/// - model: NVIDIA A100-SXM4-40GB
///   count: 2
///   values:
///     memoryTotal: 40960
///     memoryUsed: 12000
///     utilization: {from: 20, to: 80, every: 5m, noise: 3}
///   processes:
///   - sm: {from: 20, to: 80, every: 5m}
///     memory: 11000
///     pod: {namespace: ml, name: bert}
/// ";
/// let node = ScriptedNode::parse(script, "node-1", Arc::new(SystemClock)).unwrap();
/// let reading = node.read().await.unwrap();
/// assert_eq!(reading.gpus.len(), 2);
/// let busy = reading.gpus[1].values.get(GpuField::Utilization).value().unwrap();
/// assert!((17.0..=83.0).contains(&busy));
/// assert_eq!(node.processes()[1].pod, "bert-1");
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedNode {
    name: String,
    clock: Arc<dyn Clock>,
    script: Script,
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScriptError(String);

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Script {
    /// Of the noise.
    #[serde(default)]
    seed: u64,
    driver: Option<String>,
    gpus: Vec<Kind>,
}

/// So many GPUs of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kind {
    model: String,
    #[serde(default = "one")]
    count: u32,
    /// By the names of [`GpuField`].
    #[serde(default)]
    values: BTreeMap<String, Level>,
    #[serde(default)]
    processes: Vec<Process>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Process {
    /// The process' id on the first GPU, counted up on the others; made up when not given.
    pid: Option<u32>,
    /// Percent of the multiprocessors.
    sm: Option<Level>,
    /// MiB.
    memory: Option<Level>,
    pod: Option<Pod>,
}

/// Whose a process is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pod {
    namespace: String,
    name: String,
    #[serde(default = "main")]
    container: String,
}

fn main() -> String {
    "main".to_owned()
}

/// A process of a [`ScriptedNode`], and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptedProcess {
    /// The UUID of the GPU that it uses.
    pub gpu: String,
    /// Its id.
    pub pid: u32,
    /// The namespace of its pod.
    pub namespace: String,
    /// The pod: as the script says, with `-0`, `-1` and so on for a kind that stands for several
    /// GPUs.
    pub pod: String,
    /// The container in the pod; `main` unless the script says another.
    pub container: String,
}

fn one() -> u32 {
    1
}

impl Process {
    /// Its id on the GPU `index`, where it is the one at `place`.
    fn pid(&self, index: u32, place: u32) -> u32 {
        let made_up = 100_000 + index * 1000 + place;
        self.pid.map_or(made_up, |pid| pid.saturating_add(index))
    }
}

impl ScriptedNode {
    /// The node `name` with the GPUs of the script `yaml`, in the time of `clock`. A field that is
    /// not in the script is absent; `memoryFree` is what the others leave of `memoryTotal`.
    ///
    /// # Errors
    ///
    /// What is wrong with the script, and where.
    pub fn parse(yaml: &str, name: &str, clock: Arc<dyn Clock>) -> Result<Self, ScriptError> {
        let script: Script =
            concertina_model::yaml::read(yaml).map_err(|error| ScriptError(error.to_string()))?;
        let mut count = 0_u32;
        for (index, kind) in script.gpus.iter().enumerate() {
            count = count.saturating_add(kind.count);
            for field in kind.values.keys() {
                if GpuField::named(field).is_none() {
                    let known = GpuField::ALL.map(GpuField::name).join(", ");
                    let text =
                        format!("gpus[{index}].values: GPUs have no `{field}`; they have {known}");
                    return Err(ScriptError(text));
                }
            }
        }
        if count > MOST_GPUS {
            let text = format!("{count} GPUs, and at most {MOST_GPUS} are simulated");
            return Err(ScriptError(text));
        }
        Ok(Self {
            name: name.to_owned(),
            clock,
            script,
        })
    }

    /// The processes that the script gives to pods.
    #[must_use]
    pub fn processes(&self) -> Vec<ScriptedProcess> {
        let mut found = Vec::new();
        let mut index = 0_u32;
        for kind in &self.script.gpus {
            for replica in 0..kind.count {
                for (process, place) in kind.processes.iter().zip(0_u32..) {
                    if let Some(pod) = &process.pod {
                        found.push(ScriptedProcess {
                            gpu: self.uuid(index),
                            pid: process.pid(index, place),
                            namespace: pod.namespace.clone(),
                            pod: match kind.count {
                                1 => pod.name.clone(),
                                _ => format!("{}-{replica}", pod.name),
                            },
                            container: pod.container.clone(),
                        });
                    }
                }
                index += 1;
            }
        }
        found
    }

    fn uuid(&self, index: u32) -> String {
        let seed = self.script.seed & 0xffff_ffff_ffff;
        format!("GPU-{index:08x}-5c21-4b0e-8d57-{seed:012x}")
    }

    fn gpu(&self, index: u32, kind: &Kind, since: Duration) -> GpuReading {
        let seed = self.script.seed.wrapping_add(u64::from(index) << 32);
        let mut values = GpuValues::default();
        for (name, level) in &kind.values {
            if let Some(field) = GpuField::named(name) {
                let value = level.at(since, seed.wrapping_add(field as u64));
                let value = match field.unit() {
                    "%" => value.clamp(0.0, 100.0).round(),
                    "ratio" => value.clamp(0.0, 1.0),
                    _ => value.max(0.0),
                };
                values.set(field, Reading::Value(value));
            }
        }
        // What the others leave, as of a real frame buffer.
        if let Reading::Value(total) = values.get(GpuField::MemoryTotal)
            && values.get(GpuField::MemoryFree).value().is_none()
        {
            let taken = MIB_FIELDS
                .iter()
                .filter_map(|field| values.get(*field).value());
            let free = (total - taken.sum::<f64>()).max(0.0);
            values.set(GpuField::MemoryFree, Reading::Value(free));
        }
        let processes = kind.processes.iter().zip(0_u32..).map(|(process, place)| {
            let seed = seed.wrapping_add(1000 + u64::from(place));
            let read = |level: &Option<Level>| match level {
                Some(level) => Reading::Value(level.at(since, seed).max(0.0)),
                None => Reading::Absent(crate::Absence::NoSample),
            };
            let percent = |reading| match reading {
                Reading::Value(value) => Reading::Value(f64::min(value, 100.0).round()),
                absent => absent,
            };
            ProcessReading {
                pid: process.pid(index, place),
                sm_utilization: percent(read(&process.sm)),
                memory_used: read(&process.memory),
            }
        });
        let uuid = self.uuid(index);
        let bus = format!("00000000:{:02X}:00.0", 7 + index);
        GpuReading {
            values,
            processes: processes.collect(),
            minor: Some(index),
            ..GpuReading::new(index, &uuid, &bus, &kind.model)
        }
    }
}

#[async_trait]
impl GpuSource for ScriptedNode {
    async fn read(&self) -> Result<NodeReading, GpuError> {
        let at = self.clock.now();
        let since = at.saturating_duration_since(Timestamp::EPOCH);
        let kinds = self.script.gpus.iter();
        let each = kinds.flat_map(|kind| (0..kind.count).map(move |_| kind));
        let gpus = each
            .zip(0..)
            .map(|(kind, index)| self.gpu(index, kind, since));
        Ok(NodeReading {
            node: self.name.clone(),
            at,
            driver: self.script.driver.clone(),
            gpus: gpus.collect(),
            ..NodeReading::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;

    fn refused(yaml: &str) -> String {
        let clock = Arc::new(SystemClock);
        ScriptedNode::parse(yaml, "n1", clock)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_wrong_with_scripts() {
        let texts = [
            "gpus: [{model: A, values: {fan: 1}}]",
            "gpus: [{model: A, count: 65}]",
            "gpus: [{model: A, values: {power: {from: 1, to: 2, every: 0s}}}]",
            "gpus: [{model: A, values: {power: .inf}}]",
            "gpus: [{model: A, wattage: 3}]",
            "gpus: [{model: A, processes: [{sm: 1, pod: {name: bert}}]}]",
        ]
        .map(refused);
        insta::assert_snapshot!(texts.join("\n---\n"));
    }

    #[tokio::test]
    async fn the_same_time_gives_the_same_reading() {
        let yaml = "{seed: 3, gpus: [{model: A, count: 3, values: {memoryTotal: 100, memoryUsed: 40, \
                    memoryReserved: 1, power: {from: 50, to: 50, every: 1m, noise: 5}}, \
                    processes: [{pid: 10, sm: 200}, {memory: 7}]}]}";
        let clock = Arc::new(crate::ScaledClock::starting_now(0.001));
        let node = ScriptedNode::parse(yaml, "n1", clock).unwrap();
        let reading = node.read().await.unwrap();
        let again = node.read().await.unwrap();
        assert_eq!(reading.gpus, again.gpus);
        let of = |field: GpuField| -> Vec<f64> {
            let gpus = reading.gpus.iter();
            gpus.filter_map(|gpu| gpu.values.get(field).value())
                .collect()
        };
        assert_eq!(of(GpuField::MemoryFree), [59.0; 3]);
        let power = of(GpuField::Power);
        assert!(power.iter().all(|watts| (45.0..=55.0).contains(watts)));
        assert!(power[0] != power[1], "each GPU has noise of its own");
        assert!(
            of(GpuField::Temperature).is_empty(),
            "what is not said is absent"
        );
        let last = &reading.gpus[2].processes;
        assert_eq!(
            (last[0].pid, last[0].sm_utilization),
            (12, Reading::Value(100.0))
        );
        assert_eq!(last[1].memory_used, Reading::Value(7.0));
        assert_eq!(last[1].sm_utilization.value(), None);
    }
}
