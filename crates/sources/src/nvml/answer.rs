//! NVML's answers as readings.

use nvml_wrapper::error::NvmlError;

use crate::{Absence, GpuError, Reading};

/// What NVML puts where it has no value; DCGM's own blanks begin a little below the largest `i64`.
const BLANK_32: f64 = u32::MAX as f64;
const BLANK_64: f64 = 9.223_372_036_854e18;

/// Why there is no value.
pub(super) fn absence(error: NvmlError) -> Absence {
    match error {
        NvmlError::NotSupported => Absence::NotSupported,
        NvmlError::FunctionNotFound | NvmlError::FailedToLoadSymbol(_) => Absence::OldDriver,
        // The latter: blocked by the operating system, as by a cgroup of devices.
        NvmlError::NoPermission | NvmlError::OperatingSystem => Absence::NoPermission,
        NvmlError::GpuLost => Absence::Lost,
        NvmlError::NoData => Absence::NoSample,
        error => Absence::Nvml(error.into()),
    }
}

/// A number, unless it is the driver's way to say that there is none.
pub(super) fn number(answer: Result<f64, Absence>) -> Reading<f64> {
    match answer {
        Ok(value) if value == BLANK_32 || value >= BLANK_64 => Reading::Absent(Absence::Blank),
        answer => answer.into(),
    }
}

/// A percentage: what is above 100 is none.
pub(super) fn percent(answer: Result<u32, Absence>) -> Reading<f64> {
    match answer {
        Ok(value) if value > 100 => Reading::Absent(Absence::Blank),
        answer => answer.map(f64::from).into(),
    }
}

/// Why the library cannot be used, and what to do.
pub(super) fn unusable(library: &str, error: NvmlError) -> GpuError {
    let reason = match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => format!(
            "{library} cannot be loaded; is the driver installed on this node, and its library \
             visible in this container?"
        ),
        NvmlError::DriverNotLoaded => {
            "its library is there and its kernel module is not loaded; see `dmesg` on the node".to_owned()
        }
        NvmlError::LibRmVersionMismatch => {
            "its library and its kernel module have different versions, as after an update; restart the node"
                .to_owned()
        }
        NvmlError::NoPermission | NvmlError::OperatingSystem => {
            "no permission; this container needs the device files /dev/nvidia*".to_owned()
        }
        error => format!("{library} does not start: {error}"),
    };
    GpuError::NoDriver { reason }
}

/// True when the whole library has to be started again.
pub(super) fn needs_restart(error: &NvmlError) -> bool {
    matches!(
        error,
        NvmlError::Uninitialized | NvmlError::DriverNotLoaded | NvmlError::LibRmVersionMismatch
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code that NVML has, and one that it has not.
    #[test]
    fn every_code_has_a_reason() {
        let codes = (1..=29).chain([77, 999]);
        let text = codes.map(|code| format!("{code}: {}\n", absence(NvmlError::from(code))));
        insta::assert_snapshot!(text.collect::<String>());
    }

    #[test]
    fn why_the_library_cannot_be_used() {
        let codes = [4, 9, 12, 17, 18, 999];
        let text = codes.map(|code| {
            format!(
                "{code}: {}\n",
                unusable("libnvidia-ml.so.1", NvmlError::from(code))
            )
        });
        insta::assert_snapshot!(text.concat());
    }

    #[test]
    fn blanks_are_no_numbers() {
        let blank = Reading::Absent(Absence::Blank);
        for value in [
            4_294_967_295.0,
            9_223_372_036_854_775_794.0,
            u64::MAX as f64,
        ] {
            assert_eq!(number(Ok(value)), blank);
        }
        assert_eq!(number(Ok(4_294_967_294.0)), Reading::Value(4_294_967_294.0));
        assert_eq!(percent(Ok(101)), blank);
        assert_eq!(percent(Ok(100)), Reading::Value(100.0));
        assert_eq!(percent(Err(Absence::Lost)), Reading::Absent(Absence::Lost));
    }
}
