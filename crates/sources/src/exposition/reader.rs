//! Through an exposition, entry by entry.

use concertina_model::{Labels, METRIC_NAME, Timestamp};

use super::cursor::{Cursor, Problem, unescaped};
use super::{ExpositionError, Format, MetricType};

/// An entry of an exposition that is not a mere comment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Entry<'r> {
    /// A sample.
    Sample(SampleLine<'r>),
    /// A `# TYPE` line.
    Type(MetricType),
}

/// A sample as it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleLine<'r> {
    /// The series as it is written; the same text is the same series.
    pub series: &'r str,
    /// The value; NaN and the infinities are values here.
    pub value: f64,
    /// The line's own timestamp, if it has one.
    pub timestamp: Option<Timestamp>,
    /// Names and values with their escapes; the metric's name under `__name__`.
    parts: &'r [(&'r str, &'r str)],
}

impl SampleLine<'_> {
    /// The series, `__name__` included.
    #[must_use]
    pub fn labels(&self) -> Labels {
        let parts = self.parts.iter();
        Labels::from_pairs(parts.map(|(name, value)| (unescaped(name), unescaped(value))))
    }

    /// Whether the series is written with this label, be it an empty one, which is none of
    /// [`labels`](Self::labels).
    #[must_use]
    pub fn names(&self, label: &str) -> bool {
        self.parts.iter().any(|(name, _)| unescaped(name) == label)
    }
}

/// Reads an exposition entry by entry; nothing is copied but what is asked for.
///
/// ```
/// use concertina_sources::exposition::{Entry, Format, Reader};
///
/// let mut reader = Reader::new(b"# HELP up Whether it is.\nup 1\n", Format::Text);
/// let Some(Entry::Sample(line)) = reader.next_entry().unwrap() else { unreachable!() };
/// assert_eq!((line.series, line.value), ("up", 1.0));
/// assert!(reader.next_entry().unwrap().is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    format: Format,
    parts: Vec<(&'a str, &'a str)>,
    ended: bool,
}

/// What a line turned out to be.
enum Line<'a> {
    Comment,
    End,
    Type(MetricType),
    Sample(&'a str, f64, Option<Timestamp>),
}

impl<'a> Reader<'a> {
    /// From the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a [u8], format: Format) -> Self {
        Self {
            cursor: Cursor { text, at: 0 },
            format,
            parts: Vec::new(),
            ended: false,
        }
    }

    /// The next entry; none at the end.
    ///
    /// # Errors
    ///
    /// [`ExpositionError`] with the place of what cannot be read. There is nothing to go on with
    /// then: every further call says that it is the end.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, ExpositionError> {
        while !self.ended {
            let line = match self.format {
                Format::Text => self.text_line(),
                Format::OpenMetrics => self.open_metrics_line(),
            };
            let line = line.map_err(|problem| {
                self.ended = true;
                self.placed(problem)
            })?;
            match line {
                Line::Comment => {}
                Line::End => self.ended = true,
                Line::Type(kind) => return Ok(Some(Entry::Type(kind))),
                Line::Sample(series, value, timestamp) => {
                    return Ok(Some(Entry::Sample(SampleLine {
                        series,
                        value,
                        timestamp,
                        parts: &self.parts,
                    })));
                }
            }
        }
        Ok(None)
    }

    fn placed(&self, (offset, expected): Problem) -> ExpositionError {
        let before = self.cursor.text.get(..offset).unwrap_or(self.cursor.text);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
        ExpositionError {
            line,
            column: column.chars().count() + 1,
            expected,
        }
    }

    fn text_line(&mut self) -> Result<Line<'a>, Problem> {
        let start = self.cursor.at;
        self.cursor.blanks();
        match self.cursor.peek() {
            None => Ok(Line::End),
            Some(b'\n') => {
                self.cursor.at += 1;
                Ok(Line::Comment)
            }
            Some(b'#') => self.text_comment(),
            // Prometheus takes the blanks for a part of the name, and refuses it.
            Some(_) if self.cursor.at > start => {
                Err((start, "a metric name without blanks before it"))
            }
            Some(_) => {
                let series = self.series()?;
                self.cursor.blanks();
                let value = self.cursor.number(b"{ \t\n")?;
                self.cursor.blanks();
                let timestamp = self.milliseconds()?;
                self.cursor.blanks();
                let place = self.cursor.at;
                match self.cursor.line() {
                    (b"", _) => Ok(Line::Sample(series, value, timestamp)),
                    _ => Err((place, "a timestamp in milliseconds or the end of the line")),
                }
            }
        }
    }

    /// A timestamp, if one stands here; negative ones this format has not.
    fn milliseconds(&mut self) -> Result<Option<Timestamp>, Problem> {
        let start = self.cursor.at;
        let mut ahead = self.cursor;
        if ahead.take_while(|byte| byte.is_ascii_digit()).is_empty() {
            return Ok(None);
        }
        let text = std::str::from_utf8(ahead.since(start)).unwrap_or_default();
        let millis = text
            .parse()
            .map_err(|_| (start, "a timestamp of 64 bits"))?;
        self.cursor = ahead;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    /// What follows `#`: a type, or something that says nothing about samples.
    fn text_comment(&mut self) -> Result<Line<'a>, Problem> {
        self.cursor.at += 1;
        let blank = |byte| matches!(byte, b' ' | b'\t');
        let parted = !self.cursor.take_while(blank).is_empty();
        let mut ahead = self.cursor;
        let meta = parted && (ahead.eat(b"TYPE") || ahead.eat(b"HELP"));
        if !meta || ahead.take_while(blank).is_empty() {
            self.cursor.line();
            return Ok(Line::Comment);
        }
        let is_type = self.cursor.rest().starts_with(b"TYPE");
        self.cursor = ahead;
        let name = self.meta_name()?;
        let start = self.cursor.at;
        let (text, _) = self.cursor.line();
        let kinds = ["counter", "gauge", "histogram", "summary", "untyped"];
        let expected = "one of counter, gauge, histogram, summary, untyped";
        match is_type {
            true => {
                // One blank, whichever, parts it from the name.
                let text = text.get(1..).unwrap_or_default();
                metric_type(name, text, &kinds).ok_or((start + 1, expected))
            }
            false => Ok(Line::Comment),
        }
    }

    fn open_metrics_line(&mut self) -> Result<Line<'a>, Problem> {
        if self.cursor.peek().is_none() {
            return Err((self.cursor.at, "`# EOF` at the end"));
        }
        if self.cursor.eat(b"# ") {
            return self.open_metrics_comment();
        }
        let series = self.series()?;
        if !self.cursor.eat(b" ") {
            return Err((self.cursor.at, "one blank and a number"));
        }
        let value = self.cursor.number(b" \n")?;
        let timestamp = match self.cursor.rest() {
            [b' ', b'#', ..] => None,
            [b' ', ..] => {
                self.cursor.at += 1;
                Some(self.seconds()?)
            }
            _ => None,
        };
        let before = self.cursor.at;
        if self.cursor.eat(b" # ") {
            let mut names = self.parts.iter().filter(|(label, _)| *label == METRIC_NAME);
            if !names.any(|(_, name)| name.ends_with("_total") || name.ends_with("_bucket")) {
                return Err((
                    before,
                    "no exemplar but of names that end in _total or _bucket",
                ));
            }
            self.exemplar()?;
        }
        match self.cursor.eat(b"\n") {
            true => Ok(Line::Sample(series, value, timestamp)),
            false => Err((self.cursor.at, "the end of the line")),
        }
    }

    fn seconds(&mut self) -> Result<Timestamp, Problem> {
        let start = self.cursor.at;
        let expected = (start, "a timestamp in seconds");
        let seconds = self.cursor.number(b" \n").map_err(|_| expected)?;
        match seconds.is_finite() {
            // Cut as Go's conversion cuts it.
            true => Ok(Timestamp::from_millis((seconds * 1000.0) as i64)),
            false => Err(expected),
        }
    }

    /// Labels, a value and perhaps a timestamp: checked and forgotten.
    fn exemplar(&mut self) -> Result<(), Problem> {
        let start = self.cursor.at;
        if !self.cursor.eat(b"{") {
            return Err((start, "the labels of an exemplar"));
        }
        let series = std::mem::take(&mut self.parts);
        let named = self.labels();
        self.parts = series;
        if named? {
            return Err((start, "labels without a metric's name"));
        }
        if !self.cursor.eat(b" ") {
            return Err((self.cursor.at, "one blank and a number"));
        }
        self.cursor.number(b" \n")?;
        if self.cursor.eat(b" ") {
            self.seconds()?;
        }
        Ok(())
    }

    /// What follows `# ` in OpenMetrics, where comments are not free.
    fn open_metrics_comment(&mut self) -> Result<Line<'a>, Problem> {
        if self.cursor.eat(b"EOF") {
            self.cursor.eat(b"\n");
            return match self.cursor.peek() {
                None => Ok(Line::End),
                Some(_) => Err((self.cursor.at, "nothing after `# EOF`")),
            };
        }
        let start = self.cursor.at;
        let Some(word) = [&b"HELP "[..], b"TYPE ", b"UNIT "]
            .into_iter()
            .find(|word| self.cursor.eat(word))
        else {
            return Err((start, "HELP, TYPE, UNIT or EOF"));
        };
        let name = self.meta_name()?;
        if !self.cursor.eat(b" ") {
            return Err((self.cursor.at, "one blank and what is said of the metric"));
        }
        let start = self.cursor.at;
        let (text, ended) = self.cursor.line();
        if !ended {
            return Err((
                self.cursor.at,
                "the end of the line, and `# EOF` at the end",
            ));
        }
        let kinds = [
            "counter",
            "gauge",
            "histogram",
            "gaugehistogram",
            "summary",
            "info",
            "stateset",
            "unknown",
        ];
        let expected = "one of counter, gauge, histogram, gaugehistogram, summary, info, stateset, \
                        unknown";
        match word {
            b"TYPE " => metric_type(name, text, &kinds).ok_or((start, expected)),
            b"HELP " => match std::str::from_utf8(text) {
                Ok(_) => Ok(Line::Comment),
                Err(error) => Err((start + error.valid_up_to(), "UTF-8")),
            },
            _ => {
                let before = name.as_bytes().strip_suffix(text);
                match text.is_empty() || before.is_some_and(|before| before.ends_with(b"_")) {
                    true => Ok(Line::Comment),
                    false => Err((start, "the unit that the metric's name ends with")),
                }
            }
        }
    }

    /// The name that a comment speaks of.
    fn meta_name(&mut self) -> Result<&'a str, Problem> {
        let start = self.cursor.at;
        if self.cursor.peek() == Some(b'"') {
            return self.cursor.quoted(false);
        }
        match self.cursor.name(true) {
            "" => Err((start, "a metric name")),
            name => Ok(name),
        }
    }

    /// A metric name and labels, or labels with a quoted metric name among them.
    fn series(&mut self) -> Result<&'a str, Problem> {
        self.parts.clear();
        let start = self.cursor.at;
        let name = self.cursor.name(true);
        if !name.is_empty() {
            self.parts.push((METRIC_NAME, name));
        }
        let mut end = self.cursor.at;
        if self.format == Format::Text {
            self.cursor.blanks();
        }
        if self.cursor.eat(b"{") {
            self.labels()?;
            end = self.cursor.at;
        }
        if !self.parts.iter().any(|(label, _)| *label == METRIC_NAME) {
            return Err((start, "a metric name"));
        }
        let series = self.cursor.text.get(start..end).unwrap_or_default();
        std::str::from_utf8(series).map_err(|error| (start + error.valid_up_to(), "UTF-8"))
    }

    /// Labels up to the closing brace; whether a metric's name was among them. The text format has
    /// blanks anywhere and needs no commas, OpenMetrics is strict.
    fn labels(&mut self) -> Result<bool, Problem> {
        let loose = self.format == Format::Text;
        let mut named = false;
        let mut first = true;
        loop {
            self.gap();
            if self.cursor.peek() == Some(b'}') && (loose || first) {
                break;
            }
            first = false;
            let start = self.cursor.at;
            let mut bare = false;
            let name = match self.cursor.peek() {
                Some(b'"') => {
                    let name = self.cursor.quoted(loose)?;
                    self.gap();
                    bare = self.cursor.peek() != Some(b'=');
                    name
                }
                _ => self.cursor.name(false),
            };
            if name.is_empty() {
                return Err((start, if loose { "a label or `}`" } else { "a label" }));
            }
            let (name, value) = match bare {
                true => (METRIC_NAME, name),
                false => (name, self.label_value(loose)?),
            };
            named |= bare;
            if self.is_known(name) {
                return Err((start, "each label once"));
            }
            self.parts.push((name, value));
            self.gap();
            match self.cursor.peek() {
                Some(b',') => self.cursor.at += 1,
                Some(b'}') => break,
                _ if loose => {}
                _ => return Err((self.cursor.at, "`,` or `}`")),
            }
        }
        self.cursor.at += 1;
        Ok(named)
    }

    fn gap(&mut self) {
        if self.format == Format::Text {
            self.cursor.blanks();
        }
    }

    fn label_value(&mut self, loose: bool) -> Result<&'a str, Problem> {
        self.gap();
        if !self.cursor.eat(b"=") {
            return Err((self.cursor.at, "`=`"));
        }
        self.gap();
        self.cursor.quoted(loose)
    }

    fn is_known(&self, name: &str) -> bool {
        let name = unescaped(name);
        self.parts.iter().any(|(known, _)| unescaped(known) == name)
    }
}

fn metric_type<'a>(name: &str, text: &[u8], kinds: &[&str]) -> Option<Line<'a>> {
    let kind = kinds.iter().find(|kind| kind.as_bytes() == text)?;
    Some(Line::Type(MetricType {
        name: unescaped(name).into_owned(),
        kind: (*kind).to_owned(),
    }))
}
