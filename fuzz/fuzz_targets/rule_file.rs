//! Any text is a rule file or an error, and a rule file compiles rule by rule.
#![no_main]

use concertina_rules::RuleFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(file) = RuleFile::parse(text) {
        let compiled = concertina_rules::compile(&file);
        assert_eq!(compiled.custom.len(), file.rules.len());
    }
});
