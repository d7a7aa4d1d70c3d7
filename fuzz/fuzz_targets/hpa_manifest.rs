//! Any text is HorizontalPodAutoscalers or errors with a text; what was read is written, and read
//! again as the same.
#![no_main]

use concertina_replicas::api::{ValidationOptions, read, read_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let options = ValidationOptions {
        scale_to_zero: true,
    };
    for manifest in read_all(text, options) {
        match manifest {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(manifest) => {
                // A time that its offset moves out of RFC 3339 cannot be written.
                let Ok(written) = serde_json::to_string(&manifest.object) else {
                    continue;
                };
                let again = read(&written, options).unwrap();
                assert_eq!(serde_json::to_string(&again.object).unwrap(), written);
            }
        }
    }
});
