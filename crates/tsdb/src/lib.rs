//! An in-memory series store and a PromQL 2.42 evaluator over it.
//!
//! A [`Store`] keeps the samples of the last hour or so, within limits. Whoever asks does so on a
//! [`Snapshot`]: [`evaluate`] answers an expression at one moment as Prometheus 2.42's
//! `/api/v1/query` does, [`evaluate_range`] as `/api/v1/query_range` does, [`Snapshot::series`],
//! [`Snapshot::label_names`] and [`Snapshot::label_values`] as the calls of those names do. Pure:
//! the present comes in as an argument.
//!
//! ```
//! use concertina_model::{Labels, QueryValue, Sample, Timestamp};
//! use concertina_tsdb::{EvalOptions, Store, StoreOptions, evaluate};
//!
//! let mut store = Store::new(StoreOptions::default());
//! let labels = Labels::from_pairs([("__name__", "gpu_utilization"), ("pod", "bert")]);
//! let at = Timestamp::from_millis(60_000);
//! store.append(&labels, Sample { timestamp: at, value: 23.0 }).unwrap();
//!
//! let expr = concertina_promql::parse("sum(gpu_utilization) by (pod) / 100").unwrap();
//! let QueryValue::Vector(vector) = evaluate(&store.snapshot(), &expr, at, &EvalOptions::default()).unwrap()
//! else { panic!("no vector") };
//! assert_eq!(vector[0].value, 0.23);
//! ```

mod error;
mod eval;
mod number;
mod select;
mod store;

pub use error::EvalError;
pub use eval::{EvalOptions, Evaluation, evaluate, evaluate_range};
pub use number::{format_scalar, format_value};
pub use store::{
    AppendError, Counters, STALE_MARKER, SeriesRef, Snapshot, Store, StoreOptions, Usage, is_stale,
};
