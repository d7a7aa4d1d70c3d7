//! PromQL's syntax: parser with positions, AST, printing, types.
//!
//! The whole grammar of Prometheus 2.42. One tree serves lint, query safety and evaluation:
//!
//! ```
//! use concertina_promql::{ast::ExprKind, parse};
//!
//! let expr = parse("avg(DCGM_FI_DEV_GPU_UTIL{}) by (NodeName)").unwrap();
//! assert!(matches!(expr.kind, ExprKind::Aggregate { .. }));
//! assert_eq!(expr.to_string(), "avg by (NodeName) (DCGM_FI_DEV_GPU_UTIL)");
//!
//! let error = parse("sum(rate(requests[5m])").unwrap_err();
//! assert_eq!(error.to_string(), "line 1, column 23: found the end, expected `,` or `)`");
//! ```

pub mod ast;
mod check;
mod duration;
mod error;
mod expansion;
mod functions;
mod lexer;
mod parser;
mod pattern;
mod printer;

pub use duration::{ParseDurationError, format_duration, parse_duration};
pub use error::ParseError;
pub use expansion::{Expansion, GroupRef};
pub use lexer::unquote;
pub use parser::{MAX_DEPTH, parse, parse_selector};
pub use pattern::{GoPattern, GoRegex, PatternError};
pub use printer::{quote, quote_into, same};
