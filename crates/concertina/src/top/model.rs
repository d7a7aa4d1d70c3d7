//! GPUs and the containers on them, out of an exposition.

use std::collections::BTreeMap;

use concertina_model::Labels;
use concertina_sources::exposition::Exposition;
use serde::Serialize;

/// What there is to show.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Shown {
    pub(super) gpus: Vec<Gpu>,
}

/// A GPU or a MIG instance. What nobody said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gpu {
    pub(super) node: Option<String>,
    pub(super) index: String,
    /// The MIG instance's id and profile, of an instance.
    pub(super) instance: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) uuid: Option<String>,
    pub(super) model: Option<String>,
    /// Percent; of MIG instances, and where nothing else is said, from the engine's activity.
    pub(super) utilization: Option<f64>,
    /// MiB.
    pub(super) memory_used: Option<f64>,
    /// MiB.
    pub(super) memory_total: Option<f64>,
    /// Degrees Celsius.
    pub(super) temperature: Option<f64>,
    /// W.
    pub(super) power: Option<f64>,
    pub(super) last_xid: Option<f64>,
    pub(super) state: State,
    pub(super) containers: Vec<Container>,
    #[serde(skip)]
    parts: Parts,
}

/// Whether a GPU is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It computes.
    Busy,
    /// It does nothing, and a container holds it or has memory on it.
    Held,
    /// Nobody is on it.
    Free,
    /// Nobody can tell.
    #[default]
    Unknown,
}

/// What utilization and memory are put together from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Parts {
    free: Option<f64>,
    reserved: Option<f64>,
    total: Option<f64>,
    engine: Option<f64>,
}

/// A container on a GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    /// Percent of the GPU that its own processes use.
    pub(super) utilization: Option<f64>,
    /// MiB that its own processes use.
    pub(super) memory_used: Option<f64>,
    /// MiB that it may use.
    pub(super) memory_allocated: Option<f64>,
}

/// The label of the first of `names` that there is and that says something.
fn first<'a>(labels: &'a Labels, names: &[&str]) -> Option<&'a str> {
    let found = names.iter().find_map(|name| labels.get(name));
    found.filter(|value| !value.is_empty())
}

const NODE: [&str; 3] = ["hostname", "Hostname", "NodeName"];
const NAMESPACE: [&str; 3] = ["namespace", "NamespaceName", "pod_namespace"];
const POD: [&str; 3] = ["pod", "PodName", "pod_name"];
const CONTAINER: [&str; 3] = ["container", "ContainerName", "container_name"];

impl Shown {
    /// Everything of GPUs in `exposition`, by node, GPU and instance.
    pub(super) fn of(exposition: &Exposition) -> Self {
        let mut gpus: BTreeMap<Place, Gpu> = BTreeMap::new();
        for sample in &exposition.samples {
            let labels = &sample.labels;
            let (Some(metric), Some(index)) = (labels.metric_name(), labels.get("gpu")) else {
                continue;
            };
            if !metric.starts_with("DCGM_") {
                continue;
            }
            let gpu = gpus
                .entry(Place::of(labels, index))
                .or_insert_with(|| Gpu::of(labels, index));
            gpu.take(metric, labels, sample.value);
        }
        let gpus = gpus.into_values().map(Gpu::finished).collect();
        Self { gpus }
    }
}

/// Where a GPU stands in the list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Option<String>, u32, String, Option<u32>, Option<String>);

impl Place {
    fn of(labels: &Labels, index: &str) -> Self {
        // By number where it is one, so that 10 comes after 9.
        let number = |text: &str| text.parse().unwrap_or(u32::MAX);
        let instance = first(labels, &["GPU_I_ID"]);
        Self(
            first(labels, &NODE).map(str::to_owned),
            number(index),
            index.to_owned(),
            instance.map(number),
            first(labels, &["GPU_I_UUID", "GPU_I_ID"]).map(str::to_owned),
        )
    }
}

impl Gpu {
    fn of(labels: &Labels, index: &str) -> Self {
        let own = |names: &[&str]| first(labels, names).map(str::to_owned);
        Self {
            node: own(&NODE),
            index: index.to_owned(),
            instance: own(&["GPU_I_ID", "GPU_I_UUID"]),
            profile: own(&["GPU_I_PROFILE"]),
            uuid: own(&["GPU_I_UUID", "UUID"]),
            model: own(&["modelName"]),
            ..Self::default()
        }
    }

    fn take(&mut self, metric: &str, labels: &Labels, value: f64) {
        let place = match metric {
            "DCGM_FI_DEV_GPU_UTIL" => &mut self.utilization,
            "DCGM_FI_PROF_GR_ENGINE_ACTIVE" => &mut self.parts.engine,
            "DCGM_FI_DEV_FB_USED" => &mut self.memory_used,
            "DCGM_FI_DEV_FB_FREE" => &mut self.parts.free,
            "DCGM_FI_DEV_FB_RESERVED" => &mut self.parts.reserved,
            "DCGM_FI_DEV_FB_TOTAL" => &mut self.parts.total,
            "DCGM_FI_DEV_GPU_TEMP" => &mut self.temperature,
            "DCGM_FI_DEV_POWER_USAGE" => &mut self.power,
            "DCGM_FI_DEV_XID_ERRORS" => &mut self.last_xid,
            _ => {
                if let Some(container) = self.container(labels) {
                    match metric {
                        "DCGM_CUSTOM_PROCESS_SM_UTIL" => container.utilization = Some(value),
                        "DCGM_CUSTOM_PROCESS_MEM_USED" => container.memory_used = Some(value),
                        "DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED" => {
                            container.memory_allocated = Some(value);
                        }
                        _ => {}
                    }
                }
                return;
            }
        };
        // Some exporters repeat a GPU's value for each pod on it.
        *place = Some(value);
        self.container(labels);
    }

    /// The container that `labels` name, which is listed from now on.
    fn container(&mut self, labels: &Labels) -> Option<&mut Container> {
        let pod = first(labels, &POD)?;
        let namespace = first(labels, &NAMESPACE).unwrap_or_default();
        let name = first(labels, &CONTAINER).unwrap_or_default();
        let is = |known: &Container| {
            known.namespace == namespace && known.pod == pod && known.container == name
        };
        let place = match self.containers.iter().position(is) {
            Some(place) => place,
            None => {
                self.containers.push(Container {
                    namespace: namespace.to_owned(),
                    pod: pod.to_owned(),
                    container: name.to_owned(),
                    ..Container::default()
                });
                self.containers.len() - 1
            }
        };
        self.containers.get_mut(place)
    }

    fn finished(mut self) -> Self {
        let Parts {
            free,
            reserved,
            total,
            engine,
        } = self.parts;
        self.utilization = self.utilization.or(engine.map(|ratio| ratio * 100.0));
        // The three are all of it; without the third the total would be too small.
        let sum = || Some(self.memory_used? + free? + reserved?);
        self.memory_total = total.or_else(sum);
        self.containers.sort_by(|a, b| {
            (&a.namespace, &a.pod, &a.container).cmp(&(&b.namespace, &b.pod, &b.container))
        });
        let computes = self.utilization.is_some_and(|percent| percent > 0.0)
            || self
                .containers
                .iter()
                .any(|container| container.utilization > Some(0.0));
        self.state = match (computes, self.containers.is_empty(), self.utilization) {
            (true, _, _) => State::Busy,
            (false, false, _) => State::Held,
            (false, true, Some(_)) => State::Free,
            (false, true, None) => State::Unknown,
        };
        self
    }
}
