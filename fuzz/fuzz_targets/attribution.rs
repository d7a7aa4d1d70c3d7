//! Any text is the cgroup of a container or of none, and a device id or none.
#![no_main]

use concertina_exporter::{CgroupOwner, DeviceId, DeviceKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(owner) = CgroupOwner::parse(text) {
        assert!(owner.pod_uid.is_some() || owner.container_id.is_some());
        let plain = text.replace('_', "-");
        assert!(owner.pod_uid.is_none_or(|uid| plain.contains(&uid)));
        assert!(owner.container_id.is_none_or(|id| id.len() == 64 && text.contains(&id)));
    }
    if let Ok(id) = text.parse::<DeviceId>() {
        // The device alone, without its replica, is a device.
        assert!(id.replica.as_deref() != Some(""));
        if let DeviceKey::Uuid(uuid) = &id.device {
            assert_eq!(uuid.parse::<DeviceKey>().as_ref(), Ok(&id.device));
        }
    }
});
