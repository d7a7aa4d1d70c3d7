//! Any text is a rule file or an error with a text; its rules compile or say why not.
#![no_main]

use concertina_rules::{RuleFile, compile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match RuleFile::parse(text) {
    Ok(file) => {
        for rule in compile(&file.rules) {
            match rule {
                Ok(rule) => drop(rule.metric_name("DCGM_FI_DEV_GPU_UTIL")),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    Err(error) => assert!(!error.to_string().is_empty()),
});
