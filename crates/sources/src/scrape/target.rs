//! What is scraped, and how.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_model::{Labels, Timestamp};

use crate::relabel::Relabeling;

/// What is scraped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Where its exposition is: `http://127.0.0.1:9400/metrics`.
    pub url: String,
    /// The labels of all its series, mostly `job` and `instance`.
    pub labels: Labels,
}

impl Target {
    /// The target at `url` with the labels `job` and `instance`, the latter by custom `HOST:PORT`.
    #[must_use]
    pub fn new(url: impl Into<String>, job: &str, instance: &str) -> Self {
        Self {
            url: url.into(),
            labels: Labels::from_pairs([("job", job), ("instance", instance)]),
        }
    }
}

/// How a target is scraped.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeOptions {
    /// The distance between scrapes, in the clock's time.
    pub interval: Duration,
    /// Whether each target has its own moment within the interval, from its URL and labels, so that
    /// not all are scraped at once. Without it a target is scraped at whole intervals after its
    /// first scrape.
    pub spread: bool,
    /// How long a scrape may take, in real time.
    pub timeout: Duration,
    /// The largest exposition that is read, in bytes, packed and unpacked.
    pub max_body_bytes: usize,
    /// The most samples that one scrape may have after relabelling; a scrape with more fails.
    pub max_samples: usize,
    /// Limits of each series; a scrape with a series beyond them fails.
    pub label_limits: LabelLimits,
    /// Whether the labels of samples win over those of the target. If not, a clashing label of a
    /// sample becomes `exported_…`.
    pub honor_labels: bool,
    /// Whether the timestamps of samples count.
    pub honor_timestamps: bool,
    /// What becomes of each sample's labels, those of the target included.
    pub metric_relabeling: Relabeling,
    /// Credentials, headers and TLS. Deadline, largest body and packing are set by the scraper.
    pub client: ClientOptions,
}

/// What a series may have at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelLimits {
    /// Labels, the target's and `__name__` included.
    pub labels: Option<usize>,
    /// Bytes of a label's name.
    pub name_bytes: Option<usize>,
    /// Bytes of a label's value.
    pub value_bytes: Option<usize>,
}

impl Default for ScrapeOptions {
    /// Every 15 s at a moment of its own, within 10 s; 16 MiB and 50,000 samples at most; timestamps
    /// count, the target's labels win.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            spread: true,
            timeout: Duration::from_secs(10),
            max_body_bytes: 16 << 20,
            max_samples: 50_000,
            label_limits: LabelLimits::default(),
            honor_labels: false,
            honor_timestamps: true,
            metric_relabeling: Relabeling::default(),
            client: ClientOptions::default(),
        }
    }
}

impl LabelLimits {
    /// Which limit `labels` are beyond.
    pub(super) fn exceeded(&self, labels: &Labels) -> Option<String> {
        let over = |limit: Option<usize>, got: usize| limit.filter(|limit| got > *limit);
        if let Some(most) = over(self.labels, labels.len()) {
            let got = labels.len();
            return Some(format!(
                "{labels} has {got} labels, and at most {most} are taken"
            ));
        }
        labels.iter().find_map(|(name, value)| {
            let (what, most) = match over(self.name_bytes, name.len()) {
                Some(most) => ("name", most),
                None => ("value", over(self.value_bytes, value.len())?),
            };
            Some(format!(
                "the {what} of label `{name}` of {labels} is longer than {most} bytes"
            ))
        })
    }
}

/// The next moment after `now` at which a target is scraped.
pub(super) fn next_scrape(
    target: &Target,
    options: &ScrapeOptions,
    first: Timestamp,
    now: Timestamp,
) -> Timestamp {
    let interval = i64::try_from(options.interval.as_millis()).unwrap_or(i64::MAX);
    let interval = interval.max(1);
    let phase = match options.spread {
        true => {
            let mut hasher = DefaultHasher::new();
            target.hash(&mut hasher);
            // What is left of 64 bits after a shift is no negative number.
            (hasher.finish() >> 1) as i64
        }
        false => first.as_millis(),
    };
    let since = (now.as_millis() - phase % interval).rem_euclid(interval);
    Timestamp::from_millis(now.as_millis().saturating_add(interval - since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_scraped_at_moments_of_their_own() {
        let options = ScrapeOptions::default();
        let first = Timestamp::from_millis(1_700_000_000_123);
        let mut moments = Vec::new();
        for node in 0..20 {
            let target = Target::new(format!("http://node-{node}:9400/metrics"), "gpu", "x");
            let next = next_scrape(&target, &options, first, first).as_millis();
            assert!((1..=15_000).contains(&(next - first.as_millis())));
            let later = next_scrape(&target, &options, first, Timestamp::from_millis(next));
            assert_eq!(later.as_millis() - next, 15_000);
            let late = next_scrape(
                &target,
                &options,
                first,
                Timestamp::from_millis(next + 16_000),
            );
            assert_eq!(
                late.as_millis() - next,
                30_000,
                "a missed scrape is left out"
            );
            moments.push(next);
        }
        moments.sort_unstable();
        moments.dedup();
        assert!(moments.len() > 15, "{moments:?}");
        let together = ScrapeOptions {
            spread: false,
            ..options
        };
        let target = Target::new("http://node", "gpu", "x");
        let next = next_scrape(
            &target,
            &together,
            first,
            Timestamp::from_millis(1_700_000_000_200),
        );
        assert_eq!(next.as_millis(), 1_700_000_015_123);
    }

    #[test]
    fn series_beyond_a_limit_are_named() {
        let labels = Labels::from_pairs([("__name__", "m"), ("pod", "train-0")]);
        let limits = |labels, name_bytes, value_bytes| LabelLimits {
            labels,
            name_bytes,
            value_bytes,
        };
        let told = [
            limits(Some(2), Some(8), Some(7)),
            limits(Some(1), None, None),
            limits(None, Some(7), None),
            limits(None, None, Some(6)),
        ]
        .map(|limits| limits.exceeded(&labels).unwrap_or("taken".to_owned()));
        insta::assert_snapshot!(told.join("\n"), @r#"
taken
m{pod="train-0"} has 2 labels, and at most 1 are taken
the name of label `__name__` of m{pod="train-0"} is longer than 7 bytes
the value of label `pod` of m{pod="train-0"} is longer than 6 bytes
"#);
    }
}
