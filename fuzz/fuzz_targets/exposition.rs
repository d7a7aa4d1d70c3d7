//! Any text is an exposition or an error with a position.
#![no_main]

use concertina_sources::exposition;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = exposition::parse(text);
});
