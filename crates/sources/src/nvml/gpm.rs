//! GPU performance monitoring, which drivers have from Hopper on: what was measured between the
//! sample of the last reading and one of this.

use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::gpm::{GpmSample, gpm_metrics_get};
use nvml_wrapper::{Device, Nvml};

use super::answer::{absence, number};
use crate::{Absence, GpuField, GpuValues, Reading};

/// The fields, what NVML calls them, and what turns its unit into ours: percent into a ratio, MiB
/// into bytes.
const METRICS: [(GpuField, GpmMetricId, f64); 5] = [
    (GpuField::EngineActive, GpmMetricId::GraphicsUtil, 0.01),
    (GpuField::TensorActive, GpmMetricId::AnyTensorUtil, 0.01),
    (GpuField::DramActive, GpmMetricId::DramBwUtil, 0.01),
    (GpuField::PcieSent, GpmMetricId::PcieTxPerSec, MIB),
    (GpuField::PcieReceived, GpmMetricId::PcieRxPerSec, MIB),
];
const MIB: f64 = 1_048_576.0;

/// The last sample of a GPU or of a GPU instance.
#[derive(Debug, Default)]
pub(super) struct Gpm<'n> {
    last: Option<GpmSample<'n>>,
}

impl<'n> Gpm<'n> {
    /// Sets what GPM measures of `device`, or of its GPU instance `instance`.
    pub(super) fn read(
        &mut self,
        nvml: &'n Nvml,
        device: &Device<'n>,
        instance: Option<u32>,
        values: &mut GpuValues,
    ) {
        let answers = self.measure(nvml, device, instance);
        for (place, (field, _, factor)) in METRICS.iter().enumerate() {
            let answer = match &answers {
                Ok(answers) => answers.get(place).copied(),
                Err(absence) => Some(Reading::Absent(*absence)),
            };
            let answer = match answer {
                Some(Reading::Value(value)) => Reading::Value(value * factor),
                Some(absent) => absent,
                None => Reading::Absent(Absence::NoSample),
            };
            values.set(*field, answer);
        }
    }

    /// One reading for each of [`METRICS`]; none at the first time.
    fn measure(
        &mut self,
        nvml: &'n Nvml,
        device: &Device<'n>,
        instance: Option<u32>,
    ) -> Result<Vec<Reading<f64>>, Absence> {
        // An older library lacks the function, an older GPU the counters.
        if !device.gpm_support().map_err(absence)? {
            return Err(Absence::NotSupported);
        }
        let sample = match instance {
            Some(instance) => device.gpm_mig_sample(instance),
            None => device.gpm_sample(),
        };
        let sample = match sample {
            Ok(sample) => sample,
            Err(error) => {
                self.last = None;
                return Err(absence(error));
            }
        };
        let Some(last) = self.last.replace(sample) else {
            return Ok(Vec::new());
        };
        let Some(sample) = &self.last else {
            return Ok(Vec::new());
        };
        let metrics = METRICS.map(|(_, metric, _)| metric);
        let answers = gpm_metrics_get(nvml, &last, sample, &metrics).map_err(absence)?;
        let value = |answer: Result<_, NvmlError>| match answer {
            Ok(nvml_wrapper::struct_wrappers::gpm::GpmMetricResult { value, .. }) => {
                number(Ok(value))
            }
            Err(error) => Reading::Absent(absence(error)),
        };
        Ok(answers.into_iter().map(value).collect())
    }
}
