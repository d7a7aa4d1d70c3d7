//! The ConfigMap that says whom to trust, followed as it changes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Auth;

const PATH: &str = "/api/v1/namespaces/kube-system/configmaps";
const NAME: &str = "extension-apiserver-authentication";
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(5);
/// How long to wait after a watch that ended, so that one that ends at once costs little.
const BREATH: Duration = Duration::from_secs(1);
/// How long a watch may be silent; the API server ends it before.
const SILENCE: Duration = Duration::from_secs(330);
/// The largest event that is read, in bytes.
const MAX_EVENT: usize = 4 << 20;

/// Why the ConfigMap could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "whom to trust is not known: {0}; grant get and watch on the ConfigMap \
     kube-system/extension-apiserver-authentication (the role \
     extension-apiserver-authentication-reader), or give the CAs as files"
)]
pub struct FollowError(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigMap {
    metadata: Metadata,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    resource_version: String,
}

impl Auth {
    /// Reads whom to trust from the cluster, once.
    ///
    /// # Errors
    ///
    /// [`FollowError`] when it cannot be read; who was trusted before still is.
    pub async fn read_trust(&self) -> Result<(), FollowError> {
        self.read().await.map(|_| ()).map_err(FollowError)
    }

    /// Reads whom to trust and goes on to follow it, for ever: spawn it, or select it against a
    /// shutdown. What cannot be read is logged, and who was trusted before still is.
    pub async fn follow(&self) {
        loop {
            let followed = match self.read().await {
                Ok(revision) => self.watch(&revision).await,
                Err(error) => Err(error),
            };
            let pause = match followed {
                Ok(()) => BREATH,
                Err(reason) => {
                    tracing::warn!(reason, "whom to trust cannot be followed");
                    PAUSE
                }
            };
            self.shared.options.clock.sleep(pause).await;
        }
    }

    /// Reads it; gives its revision.
    async fn read(&self) -> Result<String, String> {
        let read = self
            .shared
            .server
            .get(&format!("{PATH}/{NAME}"), "ConfigMap")
            .await?;
        self.take(read)
    }

    fn take(&self, map: Value) -> Result<String, String> {
        let map: ConfigMap = serde_json::from_value(map).map_err(|error| error.to_string())?;
        self.change_trust(|sources| sources.cluster = Some(map.data))
            .map_err(|error| error.to_string())?;
        Ok(map.metadata.resource_version)
    }

    /// Takes every change until the watch ends, which it does now and then.
    async fn watch(&self, revision: &str) -> Result<(), String> {
        let query = format!(
            "watch=true&fieldSelector=metadata.name%3D{NAME}&resourceVersion={revision}\
             &timeoutSeconds=300"
        );
        let server = &self.shared.server;
        let url = format!("{}{PATH}?{query}", server.url.trim_end_matches('/'));
        let opened = server
            .client
            .open(&url, &[("accept", "application/json")])
            .await;
        let mut answer = opened.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!(
                "the API server answers {} to a watch",
                answer.status
            ));
        }
        let mut buffer = Vec::new();
        while let Some(piece) = answer
            .piece(SILENCE)
            .await
            .map_err(|error| error.to_string())?
        {
            buffer.extend_from_slice(&piece);
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                if !self.event(&line)? {
                    return Ok(());
                }
            }
            if buffer.len() > MAX_EVENT {
                return Err(format!("an event is larger than {MAX_EVENT} bytes"));
            }
        }
        Ok(())
    }

    /// Takes one event; false when it has to be read anew.
    fn event(&self, line: &[u8]) -> Result<bool, String> {
        #[derive(Deserialize)]
        struct Event {
            r#type: String,
            object: Value,
        }
        let event: Event = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match event.r#type.as_str() {
            "ADDED" | "MODIFIED" => self.take(event.object).map(|_| true),
            "BOOKMARK" => Ok(true),
            // Upstream goes on with what it had when the map is deleted; so does the next reading.
            "DELETED" => Ok(true),
            _ => Ok(false),
        }
    }
}
