//! What the demo prints: kubectl's own table, reasons, and a progress line on terminals.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// A place to print on: colour and a progress line for a terminal, plain lines for a pipe.
#[derive(Debug)]
pub(super) struct Screen<W> {
    out: W,
    colour: bool,
    progress: bool,
    shown: bool,
}

impl Screen<io::Stdout> {
    /// The process' standard output. `NO_COLOR` turns colour off.
    pub(super) fn stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self {
            out: io::stdout(),
            colour,
            progress: terminal,
            shown: false,
        }
    }
}

/// How a line looks on a terminal.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Plain,
    Heading,
    Good,
    Bad,
    Quiet,
}

impl<W: Write> Screen<W> {
    /// Prints plainly to `out`, as to a pipe.
    #[cfg(test)]
    pub(super) fn plain(out: W) -> Self {
        Self {
            out,
            colour: false,
            progress: false,
            shown: false,
        }
    }

    /// Prints one line (or several, when `text` has them).
    pub(super) fn line(&mut self, style: Style, text: impl fmt::Display) -> io::Result<()> {
        self.clear()?;
        let code = match style {
            Style::Plain => "",
            Style::Heading => "\x1b[1;36m",
            Style::Good => "\x1b[32m",
            Style::Bad => "\x1b[1;31m",
            Style::Quiet => "\x1b[2m",
        };
        if self.colour && !code.is_empty() {
            writeln!(self.out, "{code}{text}\x1b[0m")?;
        } else {
            writeln!(self.out, "{text}")?;
        }
        self.out.flush()
    }

    /// Shows `text` as the line that the next one overwrites; nothing on a pipe.
    pub(super) fn progress(&mut self, text: impl fmt::Display) -> io::Result<()> {
        if self.progress {
            write!(self.out, "\r\x1b[2K{text}")?;
            self.shown = true;
            self.out.flush()?;
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.shown) {
            write!(self.out, "\r\x1b[2K")?;
        }
        Ok(())
    }
}

/// One row of `kubectl get hpa`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) reference: String,
    pub(super) targets: String,
    /// How wide the targets can become.
    pub(super) targets_width: usize,
    pub(super) min: String,
    pub(super) max: String,
    pub(super) replicas: String,
}

impl Row {
    /// The header, in the widths of this row's names.
    pub(super) fn header(&self) -> String {
        let header = Self {
            name: "NAME".to_owned(),
            reference: "REFERENCE".to_owned(),
            targets: "TARGETS".to_owned(),
            targets_width: self.targets_width,
            min: "MINPODS".to_owned(),
            max: "MAXPODS".to_owned(),
            replicas: "REPLICAS".to_owned(),
        };
        header.layout("AGE", self.name.len(), self.reference.len())
    }

    /// The row, with the autoscaler's `age`.
    pub(super) fn text(&self, age: Duration) -> String {
        self.layout(&human_duration(age), self.name.len(), self.reference.len())
    }

    fn layout(&self, age: &str, name: usize, reference: usize) -> String {
        let Self {
            name: n,
            reference: r,
            targets,
            targets_width,
            min,
            max,
            replicas,
        } = self;
        let (name, reference) = (name.max(4), reference.max(9));
        let wide = (*targets_width).max(12);
        format!(
            "{n:name$}   {r:reference$}   {targets:<wide$}   {min:<7}   {max:<7}   {replicas:<8}   {age}"
        )
    }
}

/// A duration as kubectl's AGE column shows it (apimachinery 0.30, `HumanDuration`).
pub(super) fn human_duration(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let pair = |first: u64, a: char, second: u64, b: char| match second {
        0 => format!("{first}{a}"),
        _ => format!("{first}{a}{second}{b}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, 'd', hours % 24, 'h'),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        for (seconds, text) in [
            (74, "74s"),
            (120, "2m"),
            (476, "7m56s"),
            (900, "15m"),
            (11_000, "3h3m"),
            (30_000, "8h"),
            (180_000, "2d2h"),
            (900_000, "10d"),
        ] {
            assert_eq!(human_duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_pipe_gets_plain_lines_and_no_progress() {
        let mut out = Vec::new();
        let mut screen = Screen::plain(&mut out);
        screen.progress("working").unwrap();
        screen.line(Style::Bad, "no").unwrap();
        assert_eq!(out, b"no\n");
    }

    #[test]
    fn the_table_lines_up() {
        let mut row = Row {
            name: "gpu-hpa".to_owned(),
            reference: "Deployment/bert-intent-detection".to_owned(),
            targets: "23/20".to_owned(),
            targets_width: 5,
            min: "1".to_owned(),
            max: "10".to_owned(),
            replicas: "2".to_owned(),
        };
        let (header, text) = (row.header(), row.text(Duration::from_secs(476)));
        assert!(text.ends_with("7m56s"));
        assert_eq!(header.find("TARGETS"), text.find("23/20"));
        assert_eq!(header.find("AGE"), text.find("7m56s"));
        row.targets = "<unknown>/20, <unknown>/990m".to_owned();
        row.targets_width = row.targets.len();
        let (header, text) = (row.header(), row.text(Duration::from_secs(476)));
        assert_eq!(header.find("AGE"), text.find("7m56s"));
    }
}
