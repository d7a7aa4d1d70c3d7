//! The load file.

use std::time::Duration;

use concertina_model::yaml;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use super::{File, place};
use crate::demo::DemoError;
use crate::demo::sim::LoadFile;

pub(super) fn read(file: &File) -> Result<LoadFile, DemoError> {
    let load: LoadFile = yaml::read(&file.text).map_err(|error| file.bad(error))?;
    let places: Places = yaml::read(&file.text).unwrap_or_default();
    if load.phases.is_empty() {
        let message = "phases: at least one is needed";
        return Err(file.bad_at(place(places.phases.as_ref()), message));
    }
    let cost = load.gpu_millis_per_request;
    if !(1..=60_000).contains(&cost) {
        let message = format!("gpuMillisPerRequest: must be from 1 to 60000, and is {cost}");
        return Err(file.bad_at(place(places.gpu_millis_per_request.as_ref()), message));
    }
    let all = places.phases.map(|all| all.value).unwrap_or_default();
    for (index, phase) in load.phases.iter().enumerate() {
        let at = all.get(index);
        let rate = phase.requests_per_second;
        if !(0.0..=1000.0).contains(&rate) {
            let message = format!(
                "phase `{}`: requestsPerSecond must be from 0 to 1000, and is {rate}",
                phase.name
            );
            let at = place(at.and_then(|at| at.requests_per_second.as_ref()));
            return Err(file.bad_at(at, message));
        }
        if phase.duration == Duration::ZERO || phase.duration > Duration::from_secs(86_400) {
            let message = format!(
                "phase `{}`: duration must be longer than 0s and at most 1d",
                phase.name
            );
            let at = place(at.and_then(|at| at.duration.as_ref()));
            return Err(file.bad_at(at, message));
        }
    }
    Ok(load)
}

/// Where the values of a load file stand, for one that has been read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Places {
    gpu_millis_per_request: Option<Spanned<IgnoredAny>>,
    phases: Option<Spanned<Vec<PhasePlaces>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhasePlaces {
    duration: Option<Spanned<IgnoredAny>>,
    requests_per_second: Option<Spanned<f64>>,
}
