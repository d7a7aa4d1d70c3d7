//! Any text is PromQL or an error, and what an expression prints is that expression.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(expr) = concertina_promql::parse(text) {
        let printed = expr.to_string();
        let again = concertina_promql::parse(&printed);
        assert!(
            again.is_ok_and(|again| concertina_promql::same(&expr, &again)),
            "{printed}"
        );
    }
});
