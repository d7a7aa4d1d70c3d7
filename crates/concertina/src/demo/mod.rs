//! `concertina demo`: the walkthrough, from GPU reading to scaled workload, on loopback.
//!
//! One process runs the real parts against each other: `sim` is the hardware and the cluster,
//! `parts` starts everything that is real, `story` plays the load and prints, `verdict` checks
//! each decision with exact arithmetic of its own, `rest` knows when nothing is left to decide.

mod args;
mod error;
mod input;
mod listing;
mod outcome;
mod parts;
mod rest;
mod screen;
mod sim;
mod story;
#[cfg(test)]
mod tests;
mod truth;
mod verdict;

pub use args::DemoArgs;
pub use error::DemoError;

use input::Input;
use parts::Parts;
use screen::Screen;

/// Performs the demo.
///
/// # Errors
///
/// [`DemoError`]; its exit code tells a wrong input (2) from a loop that failed (1).
pub async fn run(args: DemoArgs) -> Result<(), DemoError> {
    let input = Input::read(&args)?;
    let parts = Parts::start(&args, &input).await?;
    if !parts.remote {
        listing::check(&parts, &input).await?;
    }
    let mut story = story::Story::new(parts, input, Screen::stdout());
    story.tell(&args).await
}
