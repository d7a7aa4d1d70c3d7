//! Prometheus series as metrics of Kubernetes objects.
//!
//! A [`Catalogue`] knows, from compiled rules and the series that exist, which metrics of which
//! resources can be asked for. A request becomes a [`Plan`]: PromQL text, and how to read the
//! answer as one value for each object. What has no value has a reason.

mod catalogue;
mod labels;
mod plan;
mod resources;
mod values;

pub use catalogue::{
    Catalogue, CatalogueEntry, ListedSeries, Listing, MappedSeries, RuleHealth, map_series,
};
pub use labels::{LabelError, LabelMapper};
pub use plan::{MetricRequest, Plan, PlanError};
pub use resources::{ApiResource, ResourceTable, Resources};
pub use values::{Answer, NoValue, ReadError};
