//! Targets scraped into the in-memory store, and the store as a
//! [`MetricSource`](crate::MetricSource).
//!
//! - [`ScrapeConfig`] reads what is scraped, and how, from the part of a `prometheus.yml` that says
//!   so.
//! - [`ScrapePool`] scrapes all of it, with what is discovered in a cluster as it comes and goes;
//!   [`Scraper`] scrapes one target.
//! - [`SharedStore`] is what they fill, [`StoreSource`] asks it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use std::sync::Arc;
//!
//! use concertina_sources::scrape::{Scraper, SharedStore, StoreSource, Target};
//! use concertina_sources::{MetricSource, SystemClock};
//!
//! let store = SharedStore::new(Default::default());
//! // Nobody listens there, which is a fact, too.
//! let target = Target::new("http://127.0.0.1:9/metrics", "dcgm", "node-0:9400");
//! let clock = Arc::new(SystemClock);
//! let mut scraper = Scraper::new(store.clone(), clock.clone(), target, Default::default());
//! assert!(scraper.scrape().await.samples.is_err());
//! let source = StoreSource::new(store, clock);
//! let up = source.query("up == 0").await.unwrap();
//! assert!(format!("{:?}", up.value).contains("node-0:9400"));
//! # }
//! ```

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
