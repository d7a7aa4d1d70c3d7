//! One GPU, and what is remembered of it between readings.

use std::collections::BTreeMap;

use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::MemoryInfo;
use nvml_wrapper::structs::device::{FieldId, UtilizationInfo};
use nvml_wrapper::sys_exports::field_id;
use nvml_wrapper::{Device, Nvml};

use super::answer::{absence, number, percent};
use super::gpm::Gpm;
use super::processes::{self, Listed};
use super::window::ProcessWindow;
use super::xid::Xids;
use crate::{Absence, GpuField, GpuReading, GpuValues, MigReading, ProcessReading, Reading};

const MIB: f64 = 1_048_576.0;

/// Fields that NVML has no function of their own for.
const FIELDS: [(GpuField, u32); 4] = [
    (
        GpuField::MemoryTemperature,
        field_id::NVML_FI_DEV_MEMORY_TEMP,
    ),
    (
        GpuField::RemappedCorrectable,
        field_id::NVML_FI_DEV_REMAPPED_COR,
    ),
    (
        GpuField::RemappedUncorrectable,
        field_id::NVML_FI_DEV_REMAPPED_UNC,
    ),
    (
        GpuField::RemapFailure,
        field_id::NVML_FI_DEV_REMAPPED_FAILURE,
    ),
];

/// What is remembered of a GPU.
#[derive(Debug)]
pub(super) struct Watched<'n> {
    /// Who it is, so that it has its name when it no longer says so.
    identity: GpuReading,
    window: ProcessWindow,
    gpm: Gpm<'n>,
    xids: Xids<'n>,
    instances: BTreeMap<String, Instance<'n>>,
}

/// What is remembered of a MIG instance.
#[derive(Debug, Default)]
struct Instance<'n> {
    /// NVML tells it of processes only, so it is known once there was one.
    id: Option<u32>,
    gpm: Gpm<'n>,
}

impl<'n> Watched<'n> {
    /// Watches the GPU `device` from now on.
    pub(super) fn new(
        nvml: &'n Nvml,
        device: &Device<'n>,
        index: u32,
        window: u64,
    ) -> Result<Self, Absence> {
        Ok(Self {
            identity: identity(device, index)?,
            window: ProcessWindow::new(window),
            gpm: Gpm::default(),
            xids: Xids::watch(nvml, device),
            instances: BTreeMap::new(),
        })
    }

    /// True when it is still the GPU that `device` says it is; a GPU that says nothing is.
    pub(super) fn is(&self, device: &Device<'n>) -> bool {
        device
            .uuid()
            .map_or(true, |uuid| uuid == self.identity.uuid)
    }

    /// A reading of the GPU when it cannot even be asked, because of `absence`.
    pub(super) fn silent(&mut self, absence: Absence) -> GpuReading {
        let mut values = GpuValues::absent(absence);
        values.set(GpuField::LastXid, self.xids.last());
        GpuReading {
            values,
            processes_absent: Some(absence),
            ..self.identity.clone()
        }
    }

    /// Reads the GPU at `now`, in microseconds since 1970.
    pub(super) fn read(&mut self, nvml: &'n Nvml, device: &Device<'n>, now: u64) -> GpuReading {
        let mut values = values(device);
        values.set(GpuField::LastXid, self.xids.last());
        self.gpm.read(nvml, device, None, &mut values);
        let mut reading = GpuReading {
            values,
            ..self.identity.clone()
        };
        match device.mig_mode() {
            Ok(mode) if mode.current == 1 => {
                let (instances, absent) = self.split(nvml, device);
                reading.mig = Some(instances);
                reading.processes_absent = absent;
            }
            // A driver that knows no MIG, or a GPU that has none.
            _ => match processes::listed(device) {
                Ok(listed) => reading.processes = self.processes(device, &listed, now),
                Err(absence) => reading.processes_absent = Some(absence),
            },
        }
        reading
    }

    fn processes(&mut self, device: &Device<'n>, listed: &Listed, now: u64) -> Vec<ProcessReading> {
        let samples = processes::samples(device, self.window.since(now));
        self.window.take(now, samples, &listed.pids());
        let processes = listed.memory.iter().map(|(pid, memory)| ProcessReading {
            pid: *pid,
            sm_utilization: self.window.reading(now, *pid, listed.mps.contains(pid)),
            memory_used: *memory,
        });
        processes.collect()
    }

    /// The MIG instances, and why some may be missing. NVML does not say what their processes use
    /// of the multiprocessors.
    fn split(&mut self, nvml: &'n Nvml, device: &Device<'n>) -> (Vec<MigReading>, Option<Absence>) {
        let mut missing = None;
        let most = device.mig_device_count().unwrap_or_else(|error| {
            missing = Some(absence(error));
            0
        });
        let mut readings = Vec::new();
        for index in 0..most {
            let instance = device.mig_device_by_index(index);
            let named = instance.and_then(|instance| Ok((instance.uuid()?, instance)));
            match named {
                Ok((uuid, instance)) => {
                    let known = self.instances.entry(uuid.clone()).or_default();
                    readings.push(known.read(nvml, device, &instance, uuid));
                }
                // There is no instance in this place.
                Err(NvmlError::NotFound) => {}
                Err(error) => missing = Some(absence(error)),
            }
        }
        self.instances
            .retain(|uuid, _| readings.iter().any(|reading| reading.uuid == *uuid));
        (readings, missing)
    }
}

impl<'n> Instance<'n> {
    fn read(
        &mut self,
        nvml: &'n Nvml,
        gpu: &Device<'n>,
        instance: &Device<'n>,
        uuid: String,
    ) -> MigReading {
        let mut values = GpuValues::default();
        memory(instance, &mut values);
        let listed = processes::listed(instance);
        if let Ok(listed) = &listed {
            self.id = self.id.or(listed.instance);
        }
        self.id = self.id.or_else(|| instance_of(&uuid));
        if self.id.is_some() {
            self.gpm.read(nvml, gpu, self.id, &mut values);
        }
        let processes = listed.as_ref().map(|listed| {
            let processes = listed.memory.iter().map(|(pid, memory)| ProcessReading {
                pid: *pid,
                sm_utilization: Reading::Absent(Absence::NotSupported),
                memory_used: *memory,
            });
            processes.collect()
        });
        MigReading {
            uuid,
            gpu_instance: self.id,
            profile: instance.name().ok().as_deref().and_then(profile),
            values,
            processes: processes.unwrap_or_default(),
            processes_absent: listed.err(),
        }
    }
}

/// The profile at the end of an instance's name: `NVIDIA A100-SXM4-40GB MIG 1g.5gb`.
fn profile(name: &str) -> Option<String> {
    name.rsplit_once(" MIG ")
        .map(|(_, profile)| profile.to_owned())
}

/// The GPU instance in a UUID as drivers before 470 have it: `MIG-GPU-<uuid>/<gi>/<ci>`.
fn instance_of(uuid: &str) -> Option<u32> {
    let mut parts = uuid.strip_prefix("MIG-GPU-")?.rsplit('/');
    parts.next()?;
    parts.next()?.parse().ok()
}

/// Who a GPU is.
fn identity(device: &Device<'_>, index: u32) -> Result<GpuReading, Absence> {
    let uuid = device.uuid().map_err(absence)?;
    let bus = device.pci_info().map(|pci| pci.bus_id).unwrap_or_default();
    let model = device.name().unwrap_or_default();
    Ok(GpuReading {
        minor: device.minor_number().ok(),
        ..GpuReading::new(index, &uuid, &bus, &model)
    })
}

/// The numbers of a GPU that one question answers.
fn values(device: &Device<'_>) -> GpuValues {
    let mut values = GpuValues::default();
    let rates = device.utilization_rates().map_err(absence);
    let of_gpu = rates.as_ref().map(|rates| rates.gpu);
    let of_memory = rates.as_ref().map(|rates| rates.memory);
    values.set(GpuField::Utilization, percent(of_gpu.map_err(|why| *why)));
    values.set(GpuField::MemoryCopy, percent(of_memory.map_err(|why| *why)));
    let coding = |answer: Result<UtilizationInfo, NvmlError>| {
        percent(answer.map(|info| info.utilization).map_err(absence))
    };
    values.set(GpuField::Encoder, coding(device.encoder_utilization()));
    values.set(GpuField::Decoder, coding(device.decoder_utilization()));
    memory(device, &mut values);
    let small = |answer: Result<u32, NvmlError>| number(answer.map(f64::from).map_err(absence));
    values.set(GpuField::SmClock, small(device.clock_info(Clock::SM)));
    values.set(
        GpuField::MemoryClock,
        small(device.clock_info(Clock::Memory)),
    );
    let temperature = device.temperature(TemperatureSensor::Gpu);
    values.set(GpuField::Temperature, small(temperature));
    let watts = match small(device.power_usage()) {
        Reading::Value(milliwatts) => Reading::Value(milliwatts / 1000.0),
        absent => absent,
    };
    values.set(GpuField::Power, watts);
    let energy = device
        .total_energy_consumption()
        .map(|energy| energy as f64);
    values.set(GpuField::Energy, number(energy.map_err(absence)));
    values.set(GpuField::PcieReplays, small(device.pcie_replay_counter()));
    fields(device, &mut values);
    values
}

fn memory(device: &Device<'_>, values: &mut GpuValues) {
    let answer = device.memory_info().map_err(absence);
    let mut set = |field, bytes: fn(&MemoryInfo) -> u64| {
        let bytes = answer.as_ref().map(bytes).map_err(|why| *why);
        let reading = match number(bytes.map(|bytes| bytes as f64)) {
            Reading::Value(bytes) => Reading::Value(bytes / MIB),
            absent => absent,
        };
        values.set(field, reading);
    };
    set(GpuField::MemoryTotal, |info| info.total);
    set(GpuField::MemoryUsed, |info| info.used);
    set(GpuField::MemoryFree, |info| info.free);
    set(GpuField::MemoryReserved, |info| info.reserved);
}

/// The numbers that NVML keeps in its table of fields.
fn fields(device: &Device<'_>, values: &mut GpuValues) {
    let answers = device.field_values_for(&FIELDS.map(|(_, id)| FieldId(id)));
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            let absence = absence(error);
            for (field, _) in FIELDS {
                values.set(field, Reading::Absent(absence));
            }
            return;
        }
    };
    for ((field, _), answer) in FIELDS.into_iter().zip(answers) {
        let answer = answer
            .and_then(|sample| sample.value)
            .map(|value| match value {
                SampleValue::F64(value) => value,
                SampleValue::U32(value) => f64::from(value),
                SampleValue::U64(value) => value as f64,
                SampleValue::I64(value) => value as f64,
            });
        values.set(field, number(answer.map_err(absence)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_say_of_instances() {
        assert_eq!(
            profile("NVIDIA A100-SXM4-40GB MIG 1g.5gb").as_deref(),
            Some("1g.5gb")
        );
        assert_eq!(profile("NVIDIA A100-SXM4-40GB"), None);
        assert_eq!(instance_of("MIG-GPU-8f1c/7/0"), Some(7));
        assert_eq!(instance_of("MIG-c6d4e9d9"), None);
    }
}
