//! Targets scraped into the in-memory store, and the store as a
//! [`MetricSource`](crate::MetricSource).

mod scraper;
mod source;

pub use scraper::{ScrapeOptions, ScrapeReport, Scraper, Target};
pub use source::{SharedStore, StoreSource};
