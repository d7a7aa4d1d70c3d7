//! The rule file, followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::ServeError;
use super::live::{Live, Served};
use super::rules::Compiled;
use crate::files;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Looks at the file now and then, for ever, and takes its rules into use when its text has
/// changed. Content counts, not times: so the links of a mounted ConfigMap may be swapped.
///
/// A file with any rule that cannot be used is refused, and the rules before stay as they are. New
/// rules wait, too, while the source lists no series at all for them.
pub(super) async fn follow(live: Arc<Live>, path: PathBuf, mut in_use: String) {
    loop {
        live.ground.clock.sleep(EVERY).await;
        let report = &live.ground.report;
        match changed(&live, &path, &in_use).await {
            Ok(None) => report.restored(),
            Ok(Some(text)) => {
                in_use = text;
                report.loaded(live.ground.clock.now());
                tracing::info!(file = %path.display(), "the rule file changed: its rules are in use");
            }
            Err(error) => {
                let reason = error.to_string();
                if report.refused(&reason, live.ground.clock.now()) {
                    tracing::error!(%reason, "the rule file is not used; the rules before stay");
                }
            }
        }
    }
}

/// Takes the file into use when it is not what is in use; gives its text then.
async fn changed(live: &Live, path: &Path, in_use: &str) -> Result<Option<String>, ServeError> {
    let read = path.to_owned();
    let text = tokio::task::spawn_blocking(move || files::read_text(&read)).await;
    let text = text.map_err(|error| ServeError::Failed(error.to_string()))??;
    if text == in_use {
        return Ok(None);
    }
    let bad = |message: String| ServeError::BadFile {
        path: path.to_owned(),
        message,
    };
    let ground = &live.ground;
    let rules = Compiled::new(path, &text, &*ground.resources)?;
    if !rules.refused.is_empty() {
        return Err(bad(rules.refused.join("; ")));
    }
    let served = Served::new(rules, ground);
    let listed = served.list(&*ground.clock).await;
    listed.map_err(|reason| {
        bad(format!(
            "its rules wait, since no series can be listed: {reason}"
        ))
    })?;
    live.replace(served);
    Ok(Some(text))
}
