//! Any text is a selector or an error, and its canonical text is that selector.
#![no_main]

use concertina_model::LabelSelector;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(selector) = text.parse::<LabelSelector>() {
        let printed = selector.to_string();
        assert_eq!(
            printed.parse::<LabelSelector>().as_ref(),
            Ok(&selector),
            "{printed}"
        );
    }
});
