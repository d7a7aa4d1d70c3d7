//! How decisions read.

pub(crate) mod number;
