//! Names of pods, compared without a call: there is a comparison for every pod of every look.

/// The first bytes of a name in whole words.
#[inline]
fn words(name: &[u8]) -> impl Iterator<Item = u64> {
    let (words, _) = name.as_chunks::<8>();
    words.iter().map(|word| u64::from_be_bytes(*word))
}

/// The last word of a name; bytes that are in another word, too, do no harm.
#[inline]
fn last_word(name: &[u8]) -> Option<u64> {
    name.last_chunk::<8>().map(|word| u64::from_be_bytes(*word))
}

/// Whether two names are the same.
#[inline]
pub(super) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    match (last_word(one), last_word(other)) {
        // Names of one workload differ at their ends.
        (Some(a), Some(b)) => a == b && words(one).eq(words(other)),
        _ => one == other,
    }
}

/// Whether a name comes before another.
#[inline]
pub(super) fn precedes(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let (Some(a), Some(b), true) = (last_word(one), last_word(other), one.len() == other.len())
    else {
        return one < other;
    };
    let mut pairs = words(one).zip(words(other));
    let (a, b) = pairs.find(|(a, b)| a != b).unwrap_or((a, b));
    a < b
}

/// A number for a name; equal names have the same.
#[inline]
pub(super) fn hash(name: &str) -> u64 {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = name.as_bytes();
    // Both halves of the product: every bit of a word reaches every part of the hash.
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(SPREAD);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let length = mix(0, bytes.len() as u64);
    match last_word(bytes) {
        Some(last) => mix(words(bytes).fold(length, mix), last),
        None => bytes
            .iter()
            .fold(length, |hash, byte| mix(hash, u64::from(*byte))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_texts_compare(
            start in "[a-c-]{0,20}",
            (one, other) in ("[ab]{0,3}", "[ab]{0,3}"),
            (end, more) in ("[a-c-]{0,12}", "[a-c-]{0,12}"),
            alike: bool,
        ) {
            let more = if alike { &end } else { &more };
            let (one, other) = (format!("{start}{one}{end}"), format!("{start}{other}{more}"));
            prop_assert_eq!(same(&one, &other), one == other);
            prop_assert_eq!(precedes(&one, &other), one < other);
            prop_assert_eq!(hash(&one), hash(&one.clone()));
            prop_assert!(one == other || hash(&one) != hash(&other), "{} {}", one, other);
        }
    }
}
