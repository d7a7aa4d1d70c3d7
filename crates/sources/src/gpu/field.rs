//! The numbers of a GPU or of a MIG instance.

use super::reading::{Absence, Reading};

/// A number that a GPU or a MIG instance can have.
///
/// ```
/// use concertina_sources::GpuField;
///
/// assert_eq!(GpuField::Power.unit(), "W");
/// assert_eq!(GpuField::named("memoryUsed"), Some(GpuField::MemoryUsed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GpuField {
    /// How much of the driver's sampling window at least one kernel ran, 0 to 100.
    Utilization,
    /// How much of it memory was read or written, 0 to 100.
    MemoryCopy,
    /// Use of the video encoder, 0 to 100.
    Encoder,
    /// Use of the video decoder, 0 to 100.
    Decoder,
    /// Frame buffer memory in use, without what the driver reserves.
    MemoryUsed,
    /// Frame buffer memory that is free.
    MemoryFree,
    /// Frame buffer memory that the driver keeps for itself.
    MemoryReserved,
    /// All frame buffer memory.
    MemoryTotal,
    /// The clock of the streaming multiprocessors.
    SmClock,
    /// The clock of the memory.
    MemoryClock,
    /// The temperature of the GPU.
    Temperature,
    /// The temperature of the memory.
    MemoryTemperature,
    /// The power that is drawn.
    Power,
    /// The energy drawn since the driver was loaded.
    Energy,
    /// Packets sent again on PCIe since the driver was loaded.
    PcieReplays,
    /// The last XID error since the source watches for them; 0 as long as there was none.
    LastXid,
    /// Memory rows remapped because of correctable errors.
    RemappedCorrectable,
    /// Memory rows remapped because of uncorrectable errors.
    RemappedUncorrectable,
    /// 1 when remapping a row failed, otherwise 0.
    RemapFailure,
    /// How much of the time a graphics or compute engine was active, 0 to 1.
    EngineActive,
    /// How much of the time the tensor cores were active, 0 to 1.
    TensorActive,
    /// How much of the memory's bandwidth was used, 0 to 1.
    DramActive,
    /// What the GPU sends over PCIe.
    PcieSent,
    /// What the GPU receives over PCIe.
    PcieReceived,
}

/// How many fields there are.
const COUNT: usize = 24;

impl GpuField {
    /// All of them.
    pub const ALL: [Self; COUNT] = [
        Self::Utilization,
        Self::MemoryCopy,
        Self::Encoder,
        Self::Decoder,
        Self::MemoryUsed,
        Self::MemoryFree,
        Self::MemoryReserved,
        Self::MemoryTotal,
        Self::SmClock,
        Self::MemoryClock,
        Self::Temperature,
        Self::MemoryTemperature,
        Self::Power,
        Self::Energy,
        Self::PcieReplays,
        Self::LastXid,
        Self::RemappedCorrectable,
        Self::RemappedUncorrectable,
        Self::RemapFailure,
        Self::EngineActive,
        Self::TensorActive,
        Self::DramActive,
        Self::PcieSent,
        Self::PcieReceived,
    ];

    /// The unit of its values.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Utilization | Self::MemoryCopy | Self::Encoder | Self::Decoder => "%",
            Self::MemoryUsed | Self::MemoryFree | Self::MemoryReserved | Self::MemoryTotal => "MiB",
            Self::SmClock | Self::MemoryClock => "MHz",
            Self::Temperature | Self::MemoryTemperature => "C",
            Self::Power => "W",
            Self::Energy => "mJ",
            Self::EngineActive | Self::TensorActive | Self::DramActive => "ratio",
            Self::PcieSent | Self::PcieReceived => "B/s",
            Self::PcieReplays
            | Self::LastXid
            | Self::RemappedCorrectable
            | Self::RemappedUncorrectable
            | Self::RemapFailure => "1",
        }
    }

    /// True for what memory there is and who uses it: of a GPU that is split into MIG instances
    /// these belong to the instances.
    #[must_use]
    pub fn is_memory(self) -> bool {
        self.unit() == "MiB"
    }

    /// Its name in scripts: `memoryUsed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utilization => "utilization",
            Self::MemoryCopy => "memoryCopy",
            Self::Encoder => "encoder",
            Self::Decoder => "decoder",
            Self::MemoryUsed => "memoryUsed",
            Self::MemoryFree => "memoryFree",
            Self::MemoryReserved => "memoryReserved",
            Self::MemoryTotal => "memoryTotal",
            Self::SmClock => "smClock",
            Self::MemoryClock => "memoryClock",
            Self::Temperature => "temperature",
            Self::MemoryTemperature => "memoryTemperature",
            Self::Power => "power",
            Self::Energy => "energy",
            Self::PcieReplays => "pcieReplays",
            Self::LastXid => "lastXid",
            Self::RemappedCorrectable => "remappedCorrectable",
            Self::RemappedUncorrectable => "remappedUncorrectable",
            Self::RemapFailure => "remapFailure",
            Self::EngineActive => "engineActive",
            Self::TensorActive => "tensorActive",
            Self::DramActive => "dramActive",
            Self::PcieSent => "pcieSent",
            Self::PcieReceived => "pcieReceived",
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// A reading for each [`GpuField`]; what was never set is [`Absence::NotRead`].
///
/// ```
/// use concertina_sources::{Absence, GpuField, GpuValues, Reading};
///
/// let mut values = GpuValues::default();
/// values.set(GpuField::Power, Reading::Value(55.0));
/// assert_eq!(values.get(GpuField::Power).value(), Some(55.0));
/// assert_eq!(values.get(GpuField::Energy), Reading::Absent(Absence::NotRead));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpuValues([Reading<f64>; COUNT]);

impl Default for GpuValues {
    fn default() -> Self {
        Self([Reading::Absent(Absence::NotRead); COUNT])
    }
}

impl GpuValues {
    /// The reading of `field`.
    #[must_use]
    pub fn get(&self, field: GpuField) -> Reading<f64> {
        let found = self.0.get(field as usize).copied();
        found.unwrap_or(Reading::Absent(Absence::NotRead))
    }

    /// Sets the reading of `field`.
    pub fn set(&mut self, field: GpuField, reading: Reading<f64>) {
        if let Some(place) = self.0.get_mut(field as usize) {
            *place = reading;
        }
    }

    /// These readings with `field` set to `value`, in the field's unit.
    #[must_use]
    pub fn with(mut self, field: GpuField, value: f64) -> Self {
        self.set(field, Reading::Value(value));
        self
    }

    /// Readings of a device that gives none, because of `absence`.
    #[must_use]
    pub fn absent(absence: Absence) -> Self {
        Self([Reading::Absent(absence); COUNT])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_place_and_a_name_of_its_own() {
        let mut values = GpuValues::default();
        for (index, field) in GpuField::ALL.into_iter().enumerate() {
            values.set(field, Reading::Value(index as f64));
            assert_eq!(GpuField::named(field.name()), Some(field));
        }
        for (index, field) in GpuField::ALL.into_iter().enumerate() {
            assert_eq!(values.get(field), Reading::Value(index as f64));
        }
        assert_eq!(GpuField::named("fan"), None);
    }
}
