//! Any text is a pattern in Go's dialect or an error with a place, and what it is translated to is
//! a pattern of the `regex` crate with as many groups.
#![no_main]

use concertina_promql::{Expansion, GoPattern, GoRegex};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // A text to search for first, then the pattern.
    let (searched, pattern) = text
        .split_once('\0')
        .unwrap_or(("DCGM_FI_DEV_GPU_UTIL", text));
    match GoPattern::parse(pattern) {
        Ok(read) => {
            if let Ok(regex) = GoRegex::new(pattern) {
                assert_eq!(regex.group_count(), read.groups().len());
                let found = regex.expand(searched, &Expansion::parse("$0"));
                assert_eq!(found.is_some(), regex.is_match(searched));
                assert!(found.is_none_or(|found| searched.contains(&found)));
            }
            if let (Ok(read), Ok(regex)) =
                (GoPattern::anchored(pattern), GoRegex::anchored(pattern))
            {
                assert_eq!(read.matches_empty(), regex.is_match(""));
            }
        }
        Err(error) => assert!(
            error
                .column
                .is_some_and(|column| column <= pattern.chars().count() + 1)
        ),
    }
});
