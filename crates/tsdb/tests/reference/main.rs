//! Random expressions over random data, against an evaluator that is slow and obvious.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod expression;
mod judge;
mod slow;

use proptest::prelude::*;

use judge::{Case, case};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn instant_queries_give_what_the_slow_evaluator_gives(case in case()) {
        let Case { start, .. } = case;
        prop_assert_eq!(case.judge_instant(start), Ok(()));
    }

    #[test]
    fn every_step_of_a_range_is_an_instant_query(case in case()) {
        prop_assert_eq!(case.judge_range(), Ok(()));
    }
}
