//! Where the readings come from: this machine's driver, or an exporter.

use std::sync::Arc;
use std::time::Duration;

use concertina_exporter::{Attributor, RenderOptions, render};
use concertina_http::{Client, ClientOptions, ClientTls, Pem, Trust};
use concertina_sources::exposition::{self, Exposition};
use concertina_sources::{Clock, GpuSource, SystemClock};

use super::{TopArgs, TopError};
use crate::export::{self, ReadingError};
use crate::files;

/// Between the first two readings: performance counters are measured between two.
const MEASURED: Duration = Duration::from_millis(250);
/// How long an exporter may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Something to show.
pub(super) enum Source {
    Here(Arc<dyn GpuSource>, Arc<dyn Attributor>),
    Exporter(Client, String),
}

impl Source {
    pub(super) async fn open(args: &TopArgs) -> Result<Self, TopError> {
        if let Some(url) = &args.url {
            return exporter(url, args);
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (gpus, scripted) = export::open(&args.reading, &clock).await?;
        let pods = match scripted {
            Some(pods) => pods,
            None => args.pods.attributor_if_there()?,
        };
        tokio::time::sleep(MEASURED).await;
        Ok(Self::Here(gpus, pods))
    }

    /// What there is now.
    pub(super) async fn read(&self) -> Result<Exposition, TopError> {
        let (text, url) = match self {
            Self::Here(gpus, pods) => {
                let node = gpus.read().await.map_err(ReadingError::Gpus)?;
                let attribution = pods.attribute(&node).await?;
                let text = render(&node, &attribution, RenderOptions::default());
                (text, "this machine")
            }
            Self::Exporter(client, url) => (asked(client, url).await?, url.as_str()),
        };
        exposition::parse(&text).map_err(|error| TopError::Exporter {
            url: url.to_owned(),
            reason: format!("the answer is no exposition: {error}"),
        })
    }
}

fn exporter(url: &str, args: &TopArgs) -> Result<Source, TopError> {
    let uri = concertina_http::check_url(url).map_err(|error| TopError::Url {
        url: url.to_owned(),
        reason: error.to_string(),
    })?;
    let bare = uri.path() == "/" && uri.query().is_none();
    let at = match bare {
        true => format!("{}/metrics", url.trim_end_matches('/')),
        false => url.to_owned(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientTls::new(provider);
    if let Some(file) = &args.ca_file {
        tls.trust = Trust::Roots(Pem::Text(files::read_text(file)?.into_bytes()));
    }
    let client = Client::new(ClientOptions {
        deadline: DEADLINE,
        tls: Some(tls),
        ..ClientOptions::default()
    });
    Ok(Source::Exporter(client, at))
}

async fn asked(client: &Client, url: &str) -> Result<String, TopError> {
    let wrong = |reason: String| TopError::Exporter {
        url: url.to_owned(),
        reason,
    };
    let plain = [("accept", "text/plain;version=0.0.4")];
    let answer = client.get(url, &plain).await;
    let answer = answer.map_err(|error| wrong(error.to_string()))?;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    match answer.status {
        200 => Ok(body),
        status => {
            let first = body.lines().next().unwrap_or_default();
            Err(wrong(format!("status {status}: {first}")))
        }
    }
}
