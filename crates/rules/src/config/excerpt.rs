//! A line of a file as a message shows it.

/// A line that is wider is cut.
const WIDTH: usize = 240;
/// How much of it is shown, and how much of that stands before the place.
const SHOWN: usize = 200;
const BEFORE: usize = 80;

/// What of `line` is shown for a finding in `column` (in characters, from 1), and how many
/// characters stand before that column in it. A wide line is cut around the column.
///
/// ```
/// use concertina_rules::config::excerpt;
///
/// assert_eq!(excerpt("rules: []", 8), ("rules: []".to_owned(), 7));
/// let (shown, before) = excerpt(&"x".repeat(1000), 500);
/// assert!(shown.starts_with('…') && shown.ends_with('…'));
/// assert_eq!((shown.chars().count(), before), (202, 81));
/// ```
#[must_use]
pub fn excerpt(line: &str, column: u32) -> (String, usize) {
    let before = usize::try_from(column)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let width = line.chars().count();
    let before = before.min(width);
    if width <= WIDTH {
        return (line.to_owned(), before);
    }
    let skipped = before.saturating_sub(BEFORE);
    let middle: String = line.chars().skip(skipped).take(SHOWN).collect();
    let head = if skipped > 0 { "…" } else { "" };
    let tail = if skipped + SHOWN < width { "…" } else { "" };
    (
        format!("{head}{middle}{tail}"),
        before - skipped + head.chars().count(),
    )
}
