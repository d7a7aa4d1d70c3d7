//! Any text is a scrape configuration or an error with a place in it; its targets have URLs that can
//! be asked and no label that only relabelling sees.
#![no_main]

use concertina_sources::scrape::{ScrapeConfig, ScrapeConfigError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ScrapeConfig::parse(text, "/etc/x".as_ref(), &Default::default()) {
        Ok(config) => {
            for (target, options) in &config.targets {
                assert!(target.url.starts_with("http://"));
                assert!(
                    target
                        .labels
                        .iter()
                        .all(|(name, _)| !name.starts_with("__"))
                );
                assert!(target.labels.get("instance").is_some());
                assert!(options.timeout <= options.interval && !options.timeout.is_zero());
            }
        }
        Err(error) => {
            let (ScrapeConfigError::Yaml { line, .. } | ScrapeConfigError::Invalid { line, .. }) =
                &error
            else {
                unreachable!("{error}")
            };
            // A lone carriage return ends a line, too.
            let ends = text.chars().filter(|c| matches!(c, '\n' | '\r')).count();
            assert!(*line <= ends as u64 + 1, "{error}");
        }
    }
});
