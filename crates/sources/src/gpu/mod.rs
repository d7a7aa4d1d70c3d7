//! What GPUs say of themselves.
//!
//! A [`GpuSource`] reads a node: its GPUs, their MIG instances and the processes on them. Every
//! number is a [`Reading`]: a value in the unit of its [`GpuField`], or the reason why there is
//! none. Nothing that a driver did not say is ever a number.

mod field;
mod reading;

use async_trait::async_trait;

pub use field::{GpuField, GpuValues};
pub use reading::{
    Absence, GpuReading, MigReading, NodeReading, ProcessReading, Reading, UnreadableGpu,
};

/// Something that reads the GPUs of a node.
#[async_trait]
pub trait GpuSource: Send + Sync {
    /// All GPUs of the node, now.
    ///
    /// # Errors
    ///
    /// [`GpuError`] when nothing at all can be read. What a single GPU cannot tell is an
    /// [`Absence`] in its reading, never a number.
    async fn read(&self) -> Result<NodeReading, GpuError>;
}

/// Why a node's GPUs could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// There is no driver to ask, or it cannot be used.
    #[error("no NVIDIA driver to ask: {reason}")]
    NoDriver {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The driver works and knows no GPU.
    #[error(
        "the NVIDIA driver works and sees no GPU: give this container GPUs, or run it on a node that has some"
    )]
    NoGpu,
    /// The driver failed as a whole, or hangs.
    #[error("cannot read the GPUs: {reason}")]
    Unavailable {
        /// What went wrong.
        reason: String,
    },
}
