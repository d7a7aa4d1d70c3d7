//! A device with the containers on it.

use std::collections::BTreeMap;

use concertina_sources::{
    Absence, GpuField, GpuReading, GpuValues, MigReading, ProcessReading, Reading,
};

use super::Missing;
use super::labels::Labeller;
use super::metric::{MEM_ALLOCATED, MEM_USED, SM_UTIL};
use super::usage::{Silence, Total, Why, finite};
use crate::attribution::{Attribution, Basis, PodRef, Share, Unattributed, exclusive};

/// A GPU or a MIG instance, ready to be written.
#[derive(Debug)]
pub(super) struct Device<'a> {
    pub(super) values: &'a GpuValues,
    /// True of a GPU whose memory is that of its instances.
    pub(super) split: bool,
    /// Its labels, with those of the container that holds all of it.
    pub(super) labels: String,
    pub(super) containers: Vec<Container>,
}

/// A container on a device.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) labels: String,
    pub(super) usage: Usage,
}

/// What a container does on a device, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) sm: Option<f64>,
    pub(super) memory: Option<f64>,
    pub(super) allocated: Option<f64>,
    pub(super) processes: BTreeMap<Basis, u32>,
}

impl<'a> Device<'a> {
    pub(super) fn gpu(
        gpu: &'a GpuReading,
        attribution: &Attribution,
        labeller: Labeller<'_>,
        missing: &mut Missing,
    ) -> Self {
        let parts = Parts {
            values: &gpu.values,
            processes: &gpu.processes,
            unlisted: gpu.processes_absent,
            holders: attribution.holders(gpu),
            kind: match gpu.mig {
                Some(_) => Kind::Split,
                None => Kind::Gpu,
            },
        };
        parts.device(labeller.device(gpu, None), attribution, labeller, missing)
    }

    pub(super) fn instance(
        gpu: &'a GpuReading,
        mig: &'a MigReading,
        attribution: &Attribution,
        labeller: Labeller<'_>,
        missing: &mut Missing,
    ) -> Self {
        let parts = Parts {
            values: &mig.values,
            processes: &mig.processes,
            unlisted: mig.processes_absent,
            holders: attribution.instance_holders(gpu, mig),
            kind: Kind::Instance,
        };
        let labels = labeller.device(gpu, Some(mig));
        parts.device(labels, attribution, labeller, missing)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gpu,
    /// A GPU in MIG mode: what runs on it runs on its instances.
    Split,
    /// A MIG instance: nobody samples what its processes use of the multiprocessors.
    Instance,
}

struct Parts<'a, 'b> {
    values: &'a GpuValues,
    processes: &'a [ProcessReading],
    /// Why they could not be listed, if so.
    unlisted: Option<Absence>,
    holders: Vec<(&'b PodRef, Share)>,
    kind: Kind,
}

impl<'a, 'b> Parts<'a, 'b> {
    fn device(
        self,
        labels: String,
        attribution: &'b Attribution,
        labeller: Labeller<'_>,
        missing: &mut Missing,
    ) -> Device<'a> {
        let only = exclusive(&self.holders);
        let mut usages: BTreeMap<&PodRef, Usage> = BTreeMap::new();
        let mut totals: BTreeMap<&PodRef, (Total, Total)> = BTreeMap::new();
        // Whether all that runs here is known, with its owner.
        let mut all_known = attribution.sees_processes && self.unlisted.is_none();
        if let Some(absence) = self.unlisted {
            missing.add(&SM_UTIL, Why::Absent(absence));
            missing.add(&MEM_USED, Why::Absent(absence));
        }
        for process in self.processes {
            match owner(process.pid, attribution, only) {
                Ok((pod, basis)) => {
                    let (sm, memory) = totals.entry(pod).or_default();
                    // A process that computes nothing has no samples; its neighbours' stand.
                    let silent = sm.add(process.sm_utilization, Silence::Idle);
                    silent
                        .into_iter()
                        .for_each(|why| missing.add(&SM_UTIL, why));
                    let absent = memory.add(process.memory_used, Silence::Unknown);
                    absent
                        .into_iter()
                        .for_each(|why| missing.add(&MEM_USED, why));
                    let usage = usages.entry(pod).or_default();
                    *usage.processes.entry(basis).or_default() += 1;
                }
                Err(why) => {
                    all_known &= why == Why::Unattributed(Unattributed::NoPod);
                    missing.add(&SM_UTIL, why);
                    missing.add(&MEM_USED, why);
                }
            }
        }
        for (pod, (sm, memory)) in totals {
            let usage = usages.entry(pod).or_default();
            usage.sm = sm.value().map(|sum| sum.min(100.0));
            usage.memory = memory.value();
        }
        for (pod, share) in &self.holders {
            let usage = usages.entry(pod).or_default();
            if all_known && self.kind != Kind::Split && usage.processes.is_empty() {
                usage.memory = Some(0.0);
                usage.sm = (self.kind == Kind::Gpu).then_some(0.0);
            }
            match allocated(*share, self.values.get(GpuField::MemoryTotal)) {
                Ok(mebibytes) => usage.allocated = Some(mebibytes),
                Err(why) => missing.add(&MEM_ALLOCATED, why),
            }
        }
        let containers = usages.into_iter().map(|(pod, usage)| Container {
            labels: labeller.container(&labels, pod),
            usage,
        });
        let containers = containers.collect();
        let labels = match only {
            Some(pod) => labeller.container(&labels, pod),
            None => labels,
        };
        Device {
            values: self.values,
            split: self.kind == Kind::Split,
            labels,
            containers,
        }
    }
}

/// Whose process `pid` is. One of whom nothing more is known is the exclusive holder's, unless
/// the kernel says that it is no pod's.
fn owner<'a>(
    pid: u32,
    attribution: &'a Attribution,
    only: Option<&'a PodRef>,
) -> Result<(&'a PodRef, Basis), Why> {
    let why = match attribution.owner(pid) {
        Some(Ok(owner)) => return Ok(owner),
        Some(Err(reason)) => Why::Unattributed(reason),
        None => Why::NobodyLooked,
    };
    match only {
        Some(pod) if why != Why::Unattributed(Unattributed::NoPod) => Ok((pod, Basis::Allocation)),
        _ => Err(why),
    }
}

/// The memory that a container may use, in MiB: of a device that is shared by replicas, its part.
fn allocated(share: Share, total: Reading<f64>) -> Result<f64, Why> {
    match share {
        Share::Whole => finite(total),
        Share::Replicas { held, of } => match of.filter(|of| *of > 0) {
            Some(of) => finite(total).map(|total| total * f64::from(held) / f64::from(of)),
            None => Err(Why::UnknownReplicas),
        },
        Share::Memory(mebibytes) => finite(Reading::Value(mebibytes)),
    }
}
