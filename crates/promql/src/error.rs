//! What is wrong with an expression, and where.

/// Why a text is no PromQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// Where the problem starts, in bytes from 0.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What was found, what was expected, or which rule is broken.
    pub message: String,
}

impl ParseError {
    pub(crate) fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = concertina_model::line_and_column(text, offset);
        Self {
            offset,
            line,
            column,
            message: message.into(),
        }
    }
}
