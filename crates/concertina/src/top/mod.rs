//! `concertina top`: which GPUs are used, and by whom.
//!
//! `source` gets an exposition, of this machine or from an exporter, `model` makes GPUs and
//! containers of it, `table` prints them.

mod args;
mod error;
mod model;
mod source;
mod table;

use std::io::IsTerminal;

pub use args::TopArgs;
pub use error::TopError;

use crate::files::print_on;
use model::Shown;
use source::Source;

/// Puts the cursor at the top and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Shows once, or until the process is told to stop.
///
/// # Errors
///
/// [`TopError`]; its exit code tells a wrong input (2) from a failure (1). While watching, only the
/// first reading has to work.
pub async fn run(args: TopArgs) -> Result<(), TopError> {
    args.check()?;
    let source = Source::open(&args).await?;
    let mut read = print_on(&page(&source, &args).await?)?;
    let Some(interval) = args.watch else {
        return Ok(());
    };
    let stop = crate::signals::told_to_stop();
    tokio::pin!(stop);
    while read {
        tokio::select! {
            stopped = &mut stop => return Ok(stopped?),
            () = tokio::time::sleep(interval) => {}
        }
        let page = match page(&source, &args).await {
            Ok(page) => page,
            Err(error) => format!("{error}\n"),
        };
        read = print_on(&page)?;
    }
    Ok(())
}

async fn page(source: &Source, args: &TopArgs) -> Result<String, TopError> {
    let shown = Shown::of(&source.read().await?);
    if args.json {
        let json = match args.watch {
            Some(_) => serde_json::to_string(&shown),
            None => serde_json::to_string_pretty(&shown),
        };
        return Ok(format!("{}\n", json.map_err(std::io::Error::from)?));
    }
    let clear = args.watch.is_some() && std::io::stdout().is_terminal();
    Ok(format!(
        "{}{}",
        if clear { CLEAR } else { "" },
        table::table(&shown)
    ))
}
