//! PromQL's syntax: parser with positions, AST, printing, validation.

pub mod ast;
mod functions;
