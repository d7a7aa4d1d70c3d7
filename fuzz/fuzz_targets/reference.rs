//! Random expressions over random data, against the slow evaluator of the store's tests. The input
//! is the seed that all of it is made from.
#![no_main]

#[path = "../../crates/tsdb/tests/reference/expression.rs"]
mod expression;
#[path = "../../crates/tsdb/tests/reference/judge.rs"]
mod judge;
#[path = "../../crates/tsdb/tests/reference/slow.rs"]
mod slow;

use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fuzz_target!(|seed: [u8; 32]| {
    // Not the choices themselves: proptest asks for ever where those have run out.
    let choices = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), choices);
    let Ok(tree) = judge::case().new_tree(&mut runner) else {
        return;
    };
    let case = tree.current();
    assert_eq!(case.judge_instant(case.start), Ok(()));
    assert_eq!(case.judge_range(), Ok(()));
});
