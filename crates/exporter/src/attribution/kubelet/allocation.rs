//! What the kubelet says, as an attribution.

use std::collections::{BTreeMap, BTreeSet};

use super::messages::{AllocatableResponse, Claimed, Container, Devices, ListResponse};
use crate::attribution::{Attribution, DeviceId, DeviceKey, DraDevice, PodRef, Share};

/// The resources whose devices are GPUs.
///
/// `nvidia.com/gpu` and `nvidia.com/mig-*`, also with `.shared` at their end as the device plugin
/// names them when GPUs are shared, and what else is given.
///
/// ```
/// use concertina_exporter::GpuResources;
///
/// let resources = GpuResources::with(["vendor.example/vgpu".to_owned()]);
/// assert!(resources.contains("nvidia.com/gpu.shared"));
/// assert!(resources.contains("nvidia.com/mig-1g.5gb"));
/// assert!(resources.contains("vendor.example/vgpu"));
/// assert!(!resources.contains("nvidia.com/gpumem"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuResources(BTreeSet<String>);

impl GpuResources {
    /// NVIDIA's, and `more`.
    #[must_use]
    pub fn with(more: impl IntoIterator<Item = String>) -> Self {
        Self(more.into_iter().collect())
    }

    /// True when the devices of `resource` are GPUs.
    #[must_use]
    pub fn contains(&self, resource: &str) -> bool {
        let name = resource.strip_suffix(".shared").unwrap_or(resource);
        name == "nvidia.com/gpu" || name.starts_with("nvidia.com/mig-") || self.0.contains(resource)
    }
}

/// How many replicas each shared device has.
pub(super) fn replicas(
    allocatable: &AllocatableResponse,
    resources: &GpuResources,
) -> BTreeMap<DeviceKey, u32> {
    let mut replicas = BTreeMap::new();
    for id in ids(&allocatable.devices, resources).flatten() {
        if id.replica.is_some() {
            *replicas.entry(id.device).or_default() += 1;
        }
    }
    replicas
}

/// Which containers hold which devices.
pub(super) fn attribution(
    listed: &ListResponse,
    replicas: &BTreeMap<DeviceKey, u32>,
    resources: &GpuResources,
) -> Attribution {
    let mut attribution = Attribution::new();
    for pod in &listed.pods {
        for container in &pod.containers {
            let holder = PodRef::new(&pod.namespace, &pod.name, &container.name);
            for id in ids(&container.devices, resources) {
                let id = match id {
                    Ok(id) => id,
                    Err(unknown) => {
                        attribution.unknown.push(unknown);
                        continue;
                    }
                };
                let share = match id.replica {
                    None => Share::Whole,
                    Some(_) => Share::Replicas {
                        held: 1,
                        of: replicas.get(&id.device).copied(),
                    },
                };
                attribution.allocate(id.device, &holder, share);
            }
            attribution.dra.extend(claimed(container, &holder));
        }
    }
    attribution.dra.sort();
    attribution.dra.dedup();
    attribution
}

/// The ids of GPUs. A device stands once for each NUMA node that it is near to.
fn ids<'a>(
    devices: &'a [Devices],
    resources: &'a GpuResources,
) -> impl Iterator<Item = Result<DeviceId, crate::attribution::UnknownDevice>> + 'a {
    let gpus = devices
        .iter()
        .filter(|devices| resources.contains(&devices.resource));
    let distinct: BTreeSet<&String> = gpus.flat_map(|devices| &devices.ids).collect();
    distinct.into_iter().map(|id| id.parse())
}

/// The devices of a container's claims. Kubelets before 1.34 name them by CDI only.
fn claimed(container: &Container, holder: &PodRef) -> Vec<DraDevice> {
    let claims = container.dynamic.iter().flat_map(|claim| &claim.devices);
    let named = |claimed: &Claimed| match claimed.driver.is_empty() {
        false => vec![DraDevice {
            holder: holder.clone(),
            driver: claimed.driver.clone(),
            pool: claimed.pool.clone(),
            device: claimed.device.clone(),
        }],
        true => claimed
            .cdi
            .iter()
            .map(|cdi| {
                let (kind, device) = cdi.name.split_once('=').unwrap_or(("", &cdi.name));
                DraDevice {
                    holder: holder.clone(),
                    driver: kind.to_owned(),
                    pool: String::new(),
                    device: device.to_owned(),
                }
            })
            .collect(),
    };
    claims.flat_map(named).collect()
}
