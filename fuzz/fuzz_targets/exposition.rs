//! Any bytes are an exposition or an error with a position inside them, in both formats; what the
//! text format reads and OpenMetrics reads too is the same.
#![no_main]

use concertina_sources::exposition::{Format, parse_as};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    let [plain, open] = [Format::Text, Format::OpenMetrics].map(|format| parse_as(text, format));
    for error in [plain.as_ref().err(), open.as_ref().err()]
        .into_iter()
        .flatten()
    {
        assert!((1..=lines).contains(&error.line));
        assert!((1..=text.len() + 1).contains(&error.column));
    }
    if let (Ok(plain), Ok(open)) = (plain, open) {
        let series = |samples: &[concertina_sources::exposition::ExposedSample]| {
            let each = samples
                .iter()
                .map(|sample| (sample.labels.clone(), sample.value.to_bits()));
            each.collect::<Vec<_>>()
        };
        assert_eq!(series(&plain.samples), series(&open.samples));
    }
});
