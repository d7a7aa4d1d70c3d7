//! prometheus-adapter rule files: query templates.
//!
//! A rule's query is a template that a request fills: see [`Template`].

mod template;

pub use template::{QueryData, RenderError, Template, TemplateError};
