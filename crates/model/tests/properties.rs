//! What must hold for every input.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_model::{Format, LabelSelector, LabelSelectorObject, Quantity};
use proptest::prelude::*;

fn quantity() -> impl Strategy<Value = Quantity> {
    let suffix = prop::sample::select(vec![
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "e3", "E-6",
    ]);
    (any::<i32>(), 0_u32..100_000, suffix).prop_map(|(whole, fraction, suffix)| {
        format!("{whole}.{fraction}{suffix}").parse().unwrap()
    })
}

proptest! {
    #[test]
    fn a_quantity_prints_itself(q in quantity()) {
        prop_assert_eq!(q.to_string().parse::<Quantity>().unwrap(), q);
        let json = serde_json::to_string(&q).unwrap();
        prop_assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), q);
    }

    #[test]
    fn quantities_agree_with_fractions(a in quantity(), b in quantity()) {
        prop_assert_eq!(a.cmp(&b), a.to_ratio().cmp(&b.to_ratio()));
        prop_assert_eq!(a.checked_add(&b).unwrap().to_ratio(), a.to_ratio() + b.to_ratio());
        prop_assert_eq!(a.checked_sub(&b).unwrap().to_ratio(), a.to_ratio() - b.to_ratio());
    }

    #[test]
    fn a_float_is_within_half_a_nano_unit(value in -1e15_f64..1e15) {
        let exact = num_rational::BigRational::from_float(value).unwrap();
        let distance = exact - Quantity::from_float(value).unwrap().to_ratio();
        let half = num_rational::BigRational::new(1.into(), 2_000_000_000_i64.into());
        prop_assert!(distance <= half && distance >= -half);
    }

    #[test]
    fn any_float_and_any_integer_is_safe(value in any::<f64>(), whole in any::<i64>()) {
        if let Some(q) = Quantity::from_float(value) {
            prop_assert!(value.is_finite());
            let _ = (q.to_string(), q.milli_value(), q.value());
        }
        for format in [Format::DecimalSI, Format::BinarySI, Format::DecimalExponent] {
            prop_assert_eq!(Quantity::from_integer(whole, format).value(), whole);
            prop_assert_eq!(Quantity::from_milli(whole, format).milli_value(), whole);
        }
    }

    #[test]
    fn any_text_is_a_value_or_an_error(text in "\\PC{0,40}", near in "[+-]?[0-9.]{0,30}[eEkKMi]{0,3}[0-9-]{0,4}") {
        for text in [text, near] {
            if let Ok(q) = text.parse::<Quantity>() {
                prop_assert_eq!(q.to_string().parse::<Quantity>().unwrap(), q);
            }
        }
    }

    #[test]
    fn any_selector_prints_itself(text in "[abi/!=<>(), n]{0,24}", pairs in prop::collection::vec(("[a-c]", "[a-c]?"), 0..4)) {
        if let Ok(selector) = text.parse::<LabelSelector>() {
            let again: LabelSelector = selector.to_string().parse().unwrap();
            prop_assert_eq!(&again, &selector);
            let set: std::collections::BTreeMap<_, _> = pairs.into_iter().collect();
            let matches = |s: &LabelSelector| s.matches(|k| set.get(k).map(String::as_str));
            if let Ok(object) = LabelSelectorObject::try_from(&selector) {
                let back = LabelSelector::try_from(&object).unwrap();
                prop_assert_eq!(matches(&back), matches(&selector));
            }
        }
    }
}
