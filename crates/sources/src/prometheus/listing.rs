//! The answer to `/api/v1/series`, read while it arrives.

use std::collections::HashMap;

use concertina_model::{ListedSeries, METRIC_NAME};

/// How much may stand around the list of series: status, warnings, infos.
const MAX_AROUND: usize = 1 << 20;

/// How much of a chunk is looked at, at first, for the end of a series that began in the one
/// before.
const PIECE: usize = 4 << 10;

/// The largest single series that is read.
const MAX_SERIES: usize = 1 << 20;

/// Reads a body of `/api/v1/series` chunk by chunk, and keeps of it the distinct names with their
/// sets of label names, however many series there are. Label values are passed over.
///
/// ```
/// use concertina_sources::prometheus::SeriesDecoder;
///
/// let mut decoder = SeriesDecoder::new();
/// for chunk in [r#"{"status":"success","data":[{"__name__":"up","jo"#, r#"b":"a"},"#,
///     r#"{"__name__":"up","job":"b"}]}"#]
/// {
///     decoder.push(chunk.as_bytes());
/// }
/// let listed = decoder.finish();
/// assert_eq!(listed.around, br#"{"status":"success","data":[]}"#);
/// let series = listed.series.unwrap();
/// assert_eq!((series[0].name.as_str(), series[0].count), ("up", 2));
/// ```
#[derive(Debug, Default)]
pub struct SeriesDecoder {
    around: Vec<u8>,
    place: Place,
    /// A series that is not complete yet.
    begun: Vec<u8>,
    broken: Option<Broken>,
    /// Bytes of the chunks before this one.
    read: usize,
    shapes: Shapes,
}

/// What a body held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesBody {
    /// The body with an empty list in the place of the series: the envelope of Prometheus' API,
    /// or whatever else came.
    pub around: Vec<u8>,
    /// Names and label names, each combination once with its number of series, in the order of the
    /// last series of each.
    pub series: Result<Vec<ListedSeries>, Broken>,
}

/// Where a body stopped being a list of series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list of series is broken at byte {at}: {reason}")]
#[non_exhaustive]
pub struct Broken {
    /// The place, in bytes from the beginning of the body.
    pub at: usize,
    /// What was expected or found.
    pub reason: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Around the list: how deep, and whether within a string and behind a backslash.
    Around {
        depth: u32,
        quoted: bool,
        escaped: bool,
    },
    /// Between two series.
    List,
}

impl Default for Place {
    fn default() -> Self {
        Self::Around {
            depth: 0,
            quoted: false,
            escaped: false,
        }
    }
}

impl SeriesDecoder {
    /// A decoder that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes of the body.
    pub fn push(&mut self, chunk: &[u8]) {
        let mut at = 0;
        while at < chunk.len() && self.broken.is_none() {
            let rest = chunk.get(at..).unwrap_or_default();
            let step = match self.place {
                _ if !self.begun.is_empty() => self.complete(rest),
                Place::Around { .. } => Ok(self.pass_around(rest)),
                Place::List => self.list(rest),
            };
            match step {
                Ok(step) => at += step,
                Err((offset, reason)) => {
                    let at = self.read + at + offset;
                    self.broken = Some(Broken { at, reason });
                }
            }
        }
        self.read += chunk.len();
    }

    /// What was read, when there is no more.
    #[must_use]
    pub fn finish(self) -> SeriesBody {
        let cut = (!self.begun.is_empty() || matches!(self.place, Place::List)).then_some(Broken {
            at: self.read,
            reason: "it ends within the list",
        });
        SeriesBody {
            around: self.around,
            series: match self.broken.or(cut) {
                Some(broken) => Err(broken),
                None => self.shapes.into_listing().ok_or(Broken {
                    at: 0,
                    reason: "a name is not UTF-8",
                }),
            },
        }
    }

    /// Copies what stands around the list; how many bytes were taken.
    fn pass_around(&mut self, text: &[u8]) -> usize {
        let Place::Around {
            mut depth,
            mut quoted,
            mut escaped,
        } = self.place
        else {
            return 0;
        };
        let mut taken = 0;
        for &byte in text {
            taken += 1;
            if quoted {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => quoted = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => quoted = true,
                    b'[' if depth == 1 && ends_with_data_key(&self.around) => {
                        self.around.extend_from_slice(b"[]");
                        self.place = Place::List;
                        return taken;
                    }
                    b'{' | b'[' => depth = depth.saturating_add(1),
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            if self.around.len() < MAX_AROUND {
                self.around.push(byte);
            }
        }
        self.place = Place::Around {
            depth,
            quoted,
            escaped,
        };
        taken
    }

    /// Reads as many whole series as there are; how many bytes were taken.
    fn list(&mut self, text: &[u8]) -> Step {
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            match byte {
                b'{' => {
                    let rest = text.get(at..).unwrap_or_default();
                    match self.shapes.series(rest).map_err(|(o, r)| (at + o, r))? {
                        Some(length) => at += length,
                        None => {
                            self.begun.extend_from_slice(rest);
                            return Ok(text.len());
                        }
                    }
                }
                b',' | b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b']' => {
                    self.place = Place::Around {
                        depth: 1,
                        quoted: false,
                        escaped: false,
                    };
                    return Ok(at + 1);
                }
                _ => return Err((at, "a series begins with `{`")),
            }
        }
        Ok(at)
    }

    /// Completes the series that has begun; how many bytes of `text` it took.
    fn complete(&mut self, text: &[u8]) -> Step {
        let before = self.begun.len();
        let mut end = 0;
        let mut piece = PIECE;
        while end < text.len() {
            let from = end;
            if self.begun.len() > MAX_SERIES {
                return Err((0, "a series is larger than 1 MiB"));
            }
            end = text.len().min(end.saturating_add(piece));
            piece = piece.saturating_mul(2);
            self.begun
                .extend_from_slice(text.get(from..end).unwrap_or_default());
            let found = self.shapes.series(&self.begun);
            if let Some(length) = found.map_err(|(_, reason)| (0, reason))? {
                self.begun.clear();
                return Ok(length.saturating_sub(before));
            }
        }
        Ok(text.len())
    }
}

/// How many bytes were taken; or where, behind the beginning, something is wrong.
type Step = Result<usize, (usize, &'static str)>;

/// Whether `text` ends with the key `"data":`.
fn ends_with_data_key(text: &[u8]) -> bool {
    let key = text.trim_ascii_end().strip_suffix(b":");
    key.is_some_and(|key| key.trim_ascii_end().ends_with(b"\"data\""))
}

/// Distinct names and sets of label names. Everything is a number here: mostly a series has the
/// labels of the one before it, and comparing them with those is all there is to do.
#[derive(Debug, Default)]
struct Shapes {
    words: Vec<Box<[u8]>>,
    word_numbers: HashMap<Box<[u8]>, u32>,
    sets: Vec<Box<[u32]>>,
    set_numbers: HashMap<Box<[u32]>, u32>,
    /// The set of the series before.
    set: u32,
    /// The labels of this series.
    labels: Vec<u32>,
    /// By name and set of labels.
    found: HashMap<(u32, u32), Found>,
    series: usize,
}

#[derive(Debug, Default)]
struct Found {
    count: usize,
    last: usize,
}

impl Shapes {
    /// Reads the series that `text` begins with; its length, or None when the text ends before it.
    fn series(&mut self, text: &[u8]) -> Result<Option<usize>, (usize, &'static str)> {
        self.labels.clear();
        let mut name: &[u8] = b"";
        let mut unescaped;
        let mut at = 1;
        loop {
            at = blanks(text, at);
            match text.get(at) {
                Some(b'"') => {}
                Some(b'}') => break,
                Some(b',') if at > 1 => {
                    at += 1;
                    continue;
                }
                Some(_) => return Err((at, "a label's name is expected")),
                None => return Ok(None),
            }
            let Some((key, behind)) = string(text, at) else {
                return Ok(None);
            };
            at = blanks(text, behind);
            match text.get(at) {
                Some(b':') => at = blanks(text, at + 1),
                Some(_) => return Err((at, "`:` is expected")),
                None => return Ok(None),
            }
            match text.get(at) {
                Some(b'"') => {}
                Some(_) => return Err((at, "a label's value is a string")),
                None => return Ok(None),
            }
            let Some((value, behind)) = string(text, at) else {
                return Ok(None);
            };
            let unescaped_key;
            let mut key = key;
            if key.contains(&b'\\') {
                unescaped_key = unescape(key).ok_or((at, "a label's name is no string"))?;
                key = &unescaped_key;
            }
            if key == METRIC_NAME.as_bytes() {
                name = value;
                if value.contains(&b'\\') {
                    unescaped = unescape(value).ok_or((at, "the metric's name is no string"))?;
                    name = &unescaped;
                }
            } else if !value.is_empty() {
                self.label(key);
            }
            at = behind;
        }
        let name = self.word(name);
        let set = self.set();
        self.series += 1;
        let found = self.found.entry((name, set)).or_default();
        found.count += 1;
        found.last = self.series;
        Ok(Some(at + 1))
    }

    /// Adds a label to the series. It is looked for where the series before had it.
    fn label(&mut self, key: &[u8]) {
        let before = self.sets.get(number(self.set));
        let guess = before.and_then(|set| set.get(self.labels.len()));
        let word = match guess {
            Some(guess) if self.words.get(number(*guess)).is_some_and(|w| **w == *key) => *guess,
            _ => self.word(key),
        };
        self.labels.push(word);
    }

    fn word(&mut self, word: &[u8]) -> u32 {
        if let Some(number) = self.word_numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.push(word.into());
        self.word_numbers.insert(word.into(), number);
        number
    }

    /// The number of the set of labels that was read.
    fn set(&mut self) -> u32 {
        let before = self.sets.get(number(self.set));
        if before.is_some_and(|before| **before == *self.labels) {
            return self.set;
        }
        let known = self.set_numbers.get(self.labels.as_slice()).copied();
        self.set = known.unwrap_or_else(|| {
            let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
            self.sets.push(self.labels.as_slice().into());
            self.set_numbers
                .insert(self.labels.as_slice().into(), number);
            number
        });
        self.set
    }

    /// None when a name is not UTF-8.
    fn into_listing(self) -> Option<Vec<ListedSeries>> {
        let word = |word: &u32| {
            let bytes = self.words.get(number(*word))?;
            std::str::from_utf8(bytes).ok()
        };
        let mut found: Vec<_> = self.found.iter().collect();
        found.sort_by_key(|(_, found)| found.last);
        let listed = found.into_iter().map(|((name, set), found)| {
            let labels = self.sets.get(number(*set))?.iter().map(word);
            Some(ListedSeries {
                name: word(name)?.to_owned(),
                labels: labels
                    .map(|label| label.map(str::to_owned))
                    .collect::<Option<_>>()?,
                count: found.count,
            })
        });
        listed.collect()
    }
}

fn number(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = text.get(at) {
        at += 1;
    }
    at
}

/// The inside of the string whose quote stands at `at`, and the place behind it.
fn string(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let begin = at + 1;
    let mut end = begin;
    loop {
        end += memchr::memchr2(b'"', b'\\', text.get(end..)?)?;
        match text.get(end)? {
            b'"' => return Some((text.get(begin..end)?, end + 1)),
            // The byte behind a backslash is no end.
            _ => end += 2,
        }
    }
}

/// The text of the inside of a JSON string.
fn unescape(inside: &[u8]) -> Option<Vec<u8>> {
    let quoted = [b"\"", inside, b"\""].concat();
    let text: String = serde_json::from_slice(&quoted).ok()?;
    Some(text.into_bytes())
}
