//! Names of objects: which are valid, and those that the cluster makes.

/// The letters of names that the cluster makes: none that makes words.
const LETTERS: [char; 27] = [
    'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x',
    'z', '2', '4', '5', '6', '7', '8', '9',
];

/// Five letters that look random and are always the same for a number.
pub(crate) fn suffix(number: u64) -> String {
    word(number, 5)
}

/// Letters that look random and are always the same for a number.
pub(crate) fn word(number: u64, letters: u32) -> String {
    // Neighbouring numbers are far apart, by a step that no power of 27 shares a factor with.
    let all = 27_u64.pow(letters.min(12));
    let mut rest = number.wrapping_mul(6_364_136_223_846_793_005) % all;
    let letter = |_| {
        let place = usize::try_from(rest % 27).unwrap_or_default();
        rest /= 27;
        LETTERS.get(place).copied().unwrap_or('x')
    };
    (0..letters).map(letter).collect()
}

/// What is wrong with a name of an object of an API group, if something is.
pub(crate) fn problem(group: &str, name: &str) -> Option<&'static str> {
    if group == "rbac.authorization.k8s.io" {
        let bad = name.contains(['/', '%']) || matches!(name, "." | "..");
        return bad.then_some("it may be neither `.` nor `..` and has no `/` and `%`");
    }
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let outer = |c: char| inner(c) && c != '-' && c != '.';
    let fits = name.len() <= 253
        && name.chars().all(inner)
        && name.starts_with(outer)
        && name.ends_with(outer);
    (!fits).then_some(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
         or '.', and must start and end with an alphanumeric character",
    )
}
