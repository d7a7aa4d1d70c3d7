//! The series of a target: what each text of an exposition stands for.

use std::collections::HashMap;

use concertina_model::{Labels, METRIC_NAME, Sample, Timestamp};
use concertina_tsdb::SeriesRef;

use super::{ScrapeOptions, Target};
use crate::exposition::{Entry, Format, Reader, SampleLine};

/// A series as the store knows it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) labels: Labels,
    /// Its place in the store, once it has a sample there.
    pub(super) series: Option<SeriesRef>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// Where the series is, unless relabelling drops it.
    at: Option<usize>,
    /// The last scrape that had it.
    seen: u64,
}

/// What each text of the last expositions stands for, so that labels are made and rewritten once
/// for a series and not with every scrape.
#[derive(Debug, Default)]
pub(super) struct SeriesCache {
    places: HashMap<Box<str>, Place>,
    pub(super) known: Vec<Known>,
    scrape: u64,
}

/// What a scrape brought.
#[derive(Debug, Default)]
pub(super) struct Scraped {
    /// Samples of series that are kept; the last says whether the time is the sample's own.
    pub(super) samples: Vec<(usize, Sample, bool)>,
    /// How many samples the target exposed.
    pub(super) exposed: usize,
    /// How many were left after relabelling.
    pub(super) kept: usize,
}

impl SeriesCache {
    /// Reads an exposition. What was read before a failure is counted but not kept.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        format: Format,
        at: Timestamp,
        (target, options): (&Target, &ScrapeOptions),
    ) -> (Scraped, Option<String>) {
        self.scrape += 1;
        let mut scraped = Scraped::default();
        let mut reader = Reader::new(text, format);
        let failure = loop {
            let line = match reader.next_entry() {
                Ok(None) => break None,
                Ok(Some(Entry::Sample(line))) => line,
                Ok(Some(_)) => continue,
                Err(error) => break Some(error.to_string()),
            };
            scraped.exposed += 1;
            let place = match self.place(&line, target, options) {
                Ok(place) => place,
                Err(reason) => break Some(reason),
            };
            let Some(place) = place else { continue };
            scraped.kept += 1;
            if scraped.kept > options.max_samples {
                // The rest is counted, so that the limit can be set right.
                continue;
            }
            let own = line.timestamp.filter(|_| options.honor_timestamps);
            let sample = Sample {
                timestamp: own.unwrap_or(at),
                value: line.value,
            };
            scraped.samples.push((place, sample, own.is_some()));
        };
        let most = options.max_samples;
        let failure = failure.or_else(|| {
            let kept = scraped.kept;
            (kept > most).then(|| {
                format!(
                    "{kept} samples, and at most {most} are taken; `sample_limit` of a scrape \
                     configuration sets another limit"
                )
            })
        });
        if failure.is_some() {
            scraped.samples.clear();
        }
        (scraped, failure)
    }

    fn place(
        &mut self,
        line: &SampleLine<'_>,
        target: &Target,
        options: &ScrapeOptions,
    ) -> Result<Option<usize>, String> {
        if let Some(place) = self.places.get_mut(line.series) {
            place.seen = self.scrape;
            return Ok(place.at);
        }
        let at = match labelled(line, target, options)? {
            None => None,
            Some(labels) => {
                self.known.push(Known {
                    labels,
                    series: None,
                });
                Some(self.known.len() - 1)
            }
        };
        let seen = self.scrape;
        self.places.insert(line.series.into(), Place { at, seen });
        Ok(at)
    }

    /// Forgets what the last scrape did not have, once that is worth the while.
    pub(super) fn forget(&mut self) {
        let gone = self
            .places
            .values()
            .filter(|place| place.seen != self.scrape);
        if gone.count() * 4 <= self.places.len() {
            return;
        }
        let mut kept = Vec::new();
        self.places.retain(|_, place| {
            if place.seen != self.scrape {
                return false;
            }
            place.at = place.at.and_then(|at| self.known.get(at)).map(|known| {
                kept.push(known.clone());
                kept.len() - 1
            });
            true
        });
        self.known = kept;
    }
}

/// The labels that a sample is stored with; none when relabelling drops it.
fn labelled(
    line: &SampleLine<'_>,
    target: &Target,
    options: &ScrapeOptions,
) -> Result<Option<Labels>, String> {
    let exposed = line.labels();
    let labels = match options.honor_labels {
        // An empty label keeps that of the target away.
        true => {
            let own = target.labels.iter().filter(|(name, _)| !line.names(name));
            own.chain(exposed.iter()).collect()
        }
        false => renamed(&exposed, &target.labels),
    };
    let Some(labels) = options.metric_relabeling.apply(labels) else {
        return Ok(None);
    };
    if labels.is_empty() {
        return Ok(None);
    }
    if labels.metric_name().is_none() {
        return Err(format!("relabelling left {labels} without `{METRIC_NAME}`"));
    }
    match options.label_limits.exceeded(&labels) {
        Some(reason) => Err(reason),
        None => Ok(Some(labels)),
    }
}

/// The target's labels over those of a sample, which get out of the way as `exported_…`.
pub(super) fn renamed(exposed: &Labels, own: &Labels) -> Labels {
    let mut clashing: Vec<(&str, &str)> = exposed
        .iter()
        .filter(|(name, _)| own.get(name).is_some())
        .collect();
    let free = exposed.iter().filter(|(name, _)| own.get(name).is_none());
    let mut labels: Vec<(String, &str)> = free
        .chain(own.iter())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    // `job` before `exported_job`, as Prometheus does it, when both are in the way.
    clashing.sort_by_key(|(name, _)| name.len());
    for (name, value) in clashing {
        let mut name = format!("exported_{name}");
        while labels.iter().any(|(taken, _)| *taken == name) {
            name.insert_str(0, "exported_");
        }
        labels.push((name, value));
    }
    Labels::from_pairs(labels)
}
