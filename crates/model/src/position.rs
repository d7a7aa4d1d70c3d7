//! Places in texts, as errors name them.

/// The line and column of byte `offset` in `text`: both from 1, the column in characters.
///
/// An offset beyond the text, or inside a character, counts as the end.
///
/// ```
/// assert_eq!(concertina_model::line_and_column("sum(\n  é x", 10), (2, 5));
/// ```
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}
