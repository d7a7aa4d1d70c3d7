//! Where in the text a key of a rule stands.

/// The text of a file, for finding keys in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl Text<'_> {
    /// The line and column of `key` in the rule that begins on line `from` and ends before line
    /// `to` (both from 1); the rule's own place when the key is not written there by itself.
    pub(super) fn key(self, key: &str, from: u32, to: u32) -> (u32, u32) {
        let lines = (1_u32..).zip(self.0.lines());
        let own = lines.filter(|(number, _)| (from..to).contains(number));
        let mut rule = (from, u32::from(from > 0));
        for (number, line) in own {
            let begin = line.trim_start().trim_start_matches("- ").trim_start();
            let column = || {
                let before = line.len() - begin.len();
                let chars = line.get(..before).unwrap_or_default().chars().count();
                u32::try_from(chars).unwrap_or(0) + 1
            };
            if number == from {
                rule = (from, column());
            }
            let value = begin.strip_prefix(key).map(str::trim_start);
            if value.is_some_and(|value| value.starts_with(':')) {
                return (number, column());
            }
        }
        rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_its_own_rule_only() {
        let text = Text("rules:\n- seriesQuery: a\n  name: {as: b}\n- name:\n    as: c\n");
        assert_eq!(text.key("name", 2, 4), (3, 3));
        assert_eq!(text.key("name", 4, u32::MAX), (4, 3));
        assert_eq!(text.key("seriesQuery", 2, 4), (2, 3));
        assert_eq!(text.key("as", 4, u32::MAX), (5, 5));
        assert_eq!(text.key("resources", 4, u32::MAX), (4, 3));
        assert_eq!(text.key("resources", 0, 0), (0, 0));
    }
}
