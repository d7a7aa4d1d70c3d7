//! Any text is a quantity or an error, and what a quantity prints is that quantity.
#![no_main]

use concertina_model::Quantity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(quantity) = text.parse::<Quantity>() {
        let printed = quantity.to_string();
        assert_eq!(
            printed.parse::<Quantity>().as_ref(),
            Ok(&quantity),
            "{printed}"
        );
    }
});
