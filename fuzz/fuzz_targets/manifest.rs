//! Any text is an autoscaler's manifest or an error with a text.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = concertina_autoscaler::manifest::parse(text) {
        assert!(!error.to_string().is_empty());
    }
});
