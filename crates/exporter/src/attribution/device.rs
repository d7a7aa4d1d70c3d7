//! The names by which device plugins call what they give to a container.

use std::str::FromStr;

/// A GPU or a MIG instance, as a device plugin names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviceKey {
    /// NVML's UUID, of a GPU (`GPU-…`) or of a MIG instance (`MIG-…`).
    Uuid(String),
    /// N of a GPU's device file `nvidiaN`, as GKE's device plugin names it.
    Number(u32),
    /// A MIG instance by its GPU's device number and its GPU instance: `nvidia0/gi3`.
    Instance(u32, u32),
}

impl DeviceKey {
    /// The device with that UUID.
    #[must_use]
    pub fn uuid(uuid: &str) -> Self {
        Self::Uuid(uuid.to_owned())
    }
}

impl FromStr for DeviceKey {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        text.parse::<DeviceId>().map(|id| id.device)
    }
}

/// A device id of the kubelet's: a device, or one of the replicas by which it is shared.
///
/// The forms: `GPU-<uuid>`, `MIG-<uuid>`, `MIG-GPU-<uuid>/<gi>/<ci>`, each with `::<replica>` when
/// it is time-sliced or shared by MPS; GKE's `nvidia0`, `nvidia0/gi3`, with `/vgpu<replica>` when
/// shared.
///
/// ```
/// use concertina_exporter::{DeviceId, DeviceKey};
///
/// let id: DeviceId = "GPU-7d::3".parse().unwrap();
/// assert_eq!((id.device, id.replica.as_deref()), (DeviceKey::uuid("GPU-7d"), Some("3")));
/// let id: DeviceId = "nvidia1/gi4/vgpu0".parse().unwrap();
/// assert_eq!((id.device, id.replica.as_deref()), (DeviceKey::Instance(1, 4), Some("0")));
/// assert!("mlx5_0".parse::<DeviceId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId {
    /// The device.
    pub device: DeviceKey,
    /// Which replica of it, when it is shared.
    pub replica: Option<String>,
}

/// A device id of no known form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no known form of a GPU's device id (GPU-…, MIG-…, nvidiaN; ::N or /vgpuN when shared)"
)]
pub struct UnknownDevice(pub String);

impl FromStr for DeviceId {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        let unknown = || UnknownDevice(text.to_owned());
        if let Some(rest) = text.strip_prefix("nvidia") {
            return named(rest).ok_or_else(unknown);
        }
        let (uuid, replica) = match text.split_once("::") {
            Some((uuid, replica)) if !replica.is_empty() => (uuid, Some(replica.to_owned())),
            Some(_) => return Err(unknown()),
            None => (text, None),
        };
        let known = ["GPU-", "MIG-"].iter().any(|prefix| {
            uuid.strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty())
        });
        let device = known.then(|| DeviceKey::uuid(uuid)).ok_or_else(unknown)?;
        Ok(Self { device, replica })
    }
}

/// What follows `nvidia`: `N`, then `/giN` and `/vgpuN` where they apply.
fn named(rest: &str) -> Option<DeviceId> {
    let mut parts = rest.split('/');
    let number = parts.next()?.parse().ok()?;
    let mut next = parts.next();
    let instance = match next.and_then(|part| part.strip_prefix("gi")) {
        Some(gi) => {
            next = parts.next();
            Some(gi.parse().ok()?)
        }
        None => None,
    };
    let replica = match next {
        Some(part) => Some(part.strip_prefix("vgpu")?.to_owned()),
        None => None,
    };
    let device = match instance {
        Some(gi) => DeviceKey::Instance(number, gi),
        None => DeviceKey::Number(number),
    };
    let done = parts.next().is_none() && replica.as_deref() != Some("");
    done.then_some(DeviceId { device, replica })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match text.parse::<DeviceId>() {
            Ok(id) => format!("{:?} {:?}", id.device, id.replica.as_deref()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn all_forms() {
        let forms = [
            "GPU-8f1c",
            "GPU-8f1c::0",
            "MIG-c6d4",
            "MIG-c6d4::11",
            "MIG-GPU-8f1c/7/0",
            "nvidia0",
            "nvidia12/gi3",
            "nvidia0/vgpu2",
            "nvidia0/gi3/vgpu1",
            "nvidia0/gi3/vgpu1/x",
            "nvidiactl",
            "GPU-",
            "GPU-8f1c::",
            "",
        ];
        let shown = forms.map(show).join("\n");
        insta::assert_snapshot!(shown, @r#"
        Uuid("GPU-8f1c") None
        Uuid("GPU-8f1c") Some("0")
        Uuid("MIG-c6d4") None
        Uuid("MIG-c6d4") Some("11")
        Uuid("MIG-GPU-8f1c/7/0") None
        Number(0) None
        Instance(12, 3) None
        Number(0) Some("2")
        Instance(0, 3) Some("1")
        `nvidia0/gi3/vgpu1/x` is no known form of a GPU's device id (GPU-…, MIG-…, nvidiaN; ::N or /vgpuN when shared)
        `nvidiactl` is no known form of a GPU's device id (GPU-…, MIG-…, nvidiaN; ::N or /vgpuN when shared)
        `GPU-` is no known form of a GPU's device id (GPU-…, MIG-…, nvidiaN; ::N or /vgpuN when shared)
        `GPU-8f1c::` is no known form of a GPU's device id (GPU-…, MIG-…, nvidiaN; ::N or /vgpuN when shared)
        `` is no known form of a GPU's device id (GPU-…, MIG-…, nvidiaN; ::N or /vgpuN when shared)
        "#);
    }
}
