//! An in-memory series store and a PromQL evaluator over it.
