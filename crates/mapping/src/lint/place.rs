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

impl Text<'_> {
    /// Where the values of the Helm chart ask for its own rules: at `default`, else at `rules`.
    pub(super) fn asks_for_defaults(self) -> (u32, u32) {
        let rules = self.key("rules", 1, u32::MAX);
        match self.key("default", rules.0.saturating_add(1), u32::MAX) {
            (line, column) if self.begins_with("default", line) => (line, column),
            _ => rules,
        }
    }

    fn begins_with(self, key: &str, line: u32) -> bool {
        let at = usize::try_from(line).unwrap_or(0).checked_sub(1);
        let text = at.and_then(|at| self.0.lines().nth(at));
        text.is_some_and(|text| text.trim_start().starts_with(key))
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
        let asks = |text| Text(text).asks_for_defaults();
        assert_eq!(asks("image: x\nrules:\n  default: true\n"), (3, 3));
        assert_eq!(asks("image: x\nrules:\n  custom: []\n"), (2, 1));
    }
}
