//! Prometheus series as metrics of Kubernetes objects.
//!
//! A [`Catalogue`] knows, from compiled rules and the series that exist, which metrics of which
//! resources can be asked for. A request becomes a [`Plan`]: PromQL text, and how to read the
//! answer as one value for each object. What has no value has a reason.
//!
//! [`ExternalCatalogue`] does the same for external metrics, and [`UsageRules`] for the CPU and
//! memory use of pods and nodes.

mod catalogue;
pub mod draft;
pub mod explain;
mod external;
pub mod known;
mod labels;
pub mod lint;
mod listing;
mod matchers;
mod names;
mod plan;
mod resources;
mod usage;
mod values;

pub use catalogue::{Catalogue, CatalogueEntry, RuleHealth};
pub use external::{
    ExternalCatalogue, ExternalEntry, ExternalPlan, ExternalRequest, ExternalValue,
};
pub use labels::{LabelError, LabelMapper};
pub use listing::{ListedSeries, Listing, MappedSeries, map_series};
pub use plan::{MetricRequest, Plan, PlanError};
pub use resources::{ApiResource, ResourceTable, Resources};
pub use usage::{NoUse, NodeUse, PodUse, Usage, UsageError, UsagePlan, UsageRules, Used};
pub use values::{Answer, NoValue, ReadError};
