//! The flags of `concertina serve`: prometheus-adapter's by their names, and a few more.

use std::path::PathBuf;
use std::time::Duration;

use concertina_sources::cache::CacheOptions;
use concertina_tsdb::StoreOptions;

use super::ServeError;
use super::go_duration;
use super::ignored::IgnoredFlags;
use super::secure::SecureArgs;
use super::source::PrometheusArgs;

const RULES: &str = "Rules";
const SOURCE: &str = "Scraping, instead of a Prometheus";
const SERVING: &str = "Serving";

/// The oldest answer that may be given again.
const LONGEST_TTL: Duration = Duration::from_secs(60);

/// The lookback of PromQL.
const SHORTEST_RETENTION: Duration = Duration::from_secs(300);

/// Serves custom metrics to the HorizontalPodAutoscaler, from prometheus-adapter's rules.
///
/// Takes prometheus-adapter's flags by their names. Those that have nothing to do here are
/// accepted, and a warning says why. Exit status: 0 when told to stop (SIGTERM, Ctrl-C), 1 when
/// something fails, 2 when a flag or a file is wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// The rule file: prometheus-adapter's configuration.
    #[arg(long, value_name = "FILE", help_heading = RULES)]
    pub config: PathBuf,

    /// How often the series that exist are asked for.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = go_duration::parse, help_heading = RULES)]
    pub metrics_relist_interval: Duration,

    /// A series exists when it had a sample this long ago or later [default: the relist interval].
    #[arg(long, value_name = "DURATION", value_parser = go_duration::parse, help_heading = RULES)]
    pub metrics_max_age: Option<Duration>,

    #[command(flatten)]
    pub(super) prometheus: PrometheusArgs,

    /// Need no Prometheus: scrape this target into memory (again, or with commas, for more).
    #[arg(long, value_name = "URL", value_delimiter = ',', conflicts_with = "prometheus_url", help_heading = SOURCE)]
    pub scrape: Vec<String>,

    /// How often the targets of --scrape are scraped.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = go_duration::parse, help_heading = SOURCE)]
    pub scrape_interval: Duration,

    /// Scrape what this file says, `global` and `scrape_configs` of a prometheus.yml. Changes are
    /// followed.
    #[arg(long, value_name = "FILE", conflicts_with = "prometheus_url", help_heading = SOURCE)]
    pub scrape_config: Option<PathBuf>,

    /// Samples that were scraped are kept so long: as far as any rule looks back, and 5m more.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = go_duration::parse, help_heading = SOURCE)]
    pub scrape_retention: Duration,

    /// How many series are kept; at the limit, new ones are refused.
    #[arg(long, value_name = "COUNT", default_value_t = StoreOptions::default().max_series, help_heading = SOURCE)]
    pub scrape_max_series: usize,

    /// How much memory series and samples may take; near it the oldest go before their time.
    #[arg(long, value_name = "MIB", default_value_t = StoreOptions::default().max_bytes >> 20, help_heading = SOURCE)]
    pub scrape_max_memory: usize,

    /// Answer PromQL over what was scraped, as Prometheus does, on this port of 127.0.0.1 or at
    /// this HOST:PORT.
    ///
    /// For promtool, Grafana and curl. Nobody is asked who they are.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "prometheus_url", help_heading = SOURCE)]
    pub query_address: Option<String>,

    /// Serve no cluster, but plain HTTP on this port of 127.0.0.1 to whoever asks, without
    /// authentication; 0: any free port, which the log tells.
    #[arg(long, value_name = "PORT", help_heading = SERVING)]
    pub insecure_loopback_port: Option<u16>,

    #[command(flatten)]
    pub(super) secure: SecureArgs,

    /// Log verbosity as klog counts it: 4 for requests that got no answer, 6 for everything.
    #[arg(short = 'v', long = "v", value_name = "LEVEL", default_value_t = 0, help_heading = SERVING)]
    pub verbosity: u8,

    /// How long an answer of the source may be given again, 0 for never; its timestamp tells its
    /// age [default: 1s; 0 for what is scraped].
    #[arg(long, value_name = "DURATION", value_parser = go_duration::parse, help_heading = SERVING)]
    pub cache_ttl: Option<Duration>,

    #[command(flatten)]
    pub(super) ignored: IgnoredFlags,
}

/// The times of a relist, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) relist: Duration,
    pub(super) max_age: Duration,
}

impl ServeArgs {
    /// The level that `-v` means.
    pub(crate) fn log_level(&self) -> tracing::Level {
        match self.verbosity {
            0..=3 => tracing::Level::INFO,
            4..=5 => tracing::Level::DEBUG,
            _ => tracing::Level::TRACE,
        }
    }

    /// How long an answer may be given again. A scrape shows at once unless a time is asked for.
    pub(super) fn cache_ttl(&self) -> Duration {
        let default = match self.prometheus.prometheus_url {
            Some(_) => CacheOptions::default().ttl,
            None => Duration::ZERO,
        };
        self.cache_ttl.unwrap_or(default)
    }

    pub(super) fn times(&self) -> Result<Times, ServeError> {
        let relist = self.metrics_relist_interval;
        let max_age = self.metrics_max_age.unwrap_or(relist);
        let refused = |option, value: Duration, reason: &str| {
            Err(ServeError::BadOption {
                option,
                value: format!("{}s", value.as_secs_f64()),
                reason: reason.to_owned(),
            })
        };
        if relist < Duration::from_secs(1) {
            return refused("metrics-relist-interval", relist, "give 1s or more");
        }
        if max_age < relist {
            let reason = "it must not be shorter than --metrics-relist-interval, or metrics would \
                          come and go";
            return refused("metrics-max-age", max_age, reason);
        }
        if self.scrape_interval < Duration::from_millis(100) {
            let interval = self.scrape_interval;
            return refused("scrape-interval", interval, "give 100ms or more");
        }
        if self.scrape_retention < SHORTEST_RETENTION {
            let reason = "give 5m or more: that far back a selector looks for a sample";
            return refused("scrape-retention", self.scrape_retention, reason);
        }
        if let Some(ttl) = self.cache_ttl.filter(|ttl| *ttl > LONGEST_TTL) {
            let reason = "give 1m or less: decisions must not stand on old numbers";
            return refused("cache-ttl", ttl, reason);
        }
        Ok(Times { relist, max_age })
    }
}
