//! Targets scraped into the in-memory store, and the store as a
//! [`MetricSource`](crate::MetricSource).

mod config;
mod evaluate;
mod follow;
mod kubernetes;
mod pool;
mod scraper;
mod series;
mod source;
mod target;

pub use config::{ScrapeConfig, ScrapeConfigError};
pub(crate) use evaluate::evaluated;
pub use pool::ScrapePool;
pub use scraper::{ScrapeReport, Scraper};
pub use source::{SharedStore, StoreSource};
pub use target::{LabelLimits, ScrapeOptions, Target};
