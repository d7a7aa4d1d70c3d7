//! Numbers that change with time.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A number, always the same or going up and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    from: f64,
    to: f64,
    /// Seconds from one low to the next.
    every: f64,
    /// As much is added or taken away at random, another each second.
    noise: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Constant(f64),
    Wave(Wave),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wave {
    from: f64,
    to: f64,
    /// `30s`, `5m`.
    every: String,
    #[serde(default)]
    noise: f64,
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let level = match Written::deserialize(deserializer)? {
            Written::Constant(value) => Self {
                from: value,
                to: value,
                every: 1.0,
                noise: 0.0,
            },
            Written::Wave(wave) => {
                let every = humantime::parse_duration(&wave.every).map_err(|error| {
                    D::Error::custom(format!("every: `{}`: {error}; write it as 5m", wave.every))
                })?;
                Self {
                    from: wave.from,
                    to: wave.to,
                    every: every.as_secs_f64(),
                    noise: wave.noise,
                }
            }
        };
        if level.every <= 0.0 {
            return Err(D::Error::custom("every: it must be longer than nothing"));
        }
        let finite = [level.from, level.to, level.noise]
            .iter()
            .all(|value| value.is_finite());
        match finite && level.noise >= 0.0 {
            true => Ok(level),
            false => Err(D::Error::custom(
                "numbers must be finite, and noise not below 0",
            )),
        }
    }
}

impl Level {
    /// The value at `since` 1970, with the noise of `seed`.
    pub(super) fn at(&self, since: Duration, seed: u64) -> f64 {
        let turn = since.as_secs_f64() / self.every * std::f64::consts::TAU;
        let up = (1.0 - turn.cos()) / 2.0;
        let noise = self.noise * random(seed ^ since.as_secs().rotate_left(24));
        self.from + (self.to - self.from) * up + noise
    }
}

/// A number between -1 and 1 that looks like any other (SplitMix64's mixing).
fn random(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_goes_up_and_down_again() {
        let level = Level {
            from: 20.0,
            to: 80.0,
            every: 60.0,
            noise: 0.0,
        };
        let at = |seconds| level.at(Duration::from_secs(seconds), 0).round();
        assert_eq!([0, 15, 30, 45, 60].map(at), [20.0, 50.0, 80.0, 50.0, 20.0]);
    }

    proptest! {
        #[test]
        fn noise_stays_within(seed: u64, millis in 0_u64..10_000_000) {
            let level = Level { from: 1.0, to: 1.0, every: 60.0, noise: 0.5 };
            let value = level.at(Duration::from_millis(millis), seed);
            prop_assert!((0.5..=1.5).contains(&value), "{value}");
        }
    }
}
