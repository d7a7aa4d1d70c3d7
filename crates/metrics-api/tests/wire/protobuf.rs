//! Protobuf messages read without their schema, for comparison.

/// A field's content. Bytes that can be a message are taken for one, on both sides alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Content {
    Number(u64),
    /// A time of the recent past or near future, in seconds and nanoseconds.
    Time,
    Message(Vec<(u64, Content)>),
    Text(String),
    Bytes(Vec<u8>),
}

impl Content {
    /// Without the messages, however deep, that have exactly these texts as their fields.
    pub(crate) fn without(self, texts: &[(u64, &str)]) -> Self {
        let Self::Message(fields) = self else {
            return self;
        };
        let is = |content: &Self| match content {
            Self::Message(fields) => fields.iter().map(|(n, c)| (*n, c)).eq(texts
                .iter()
                .map(|(n, text)| (*n, Self::Text((*text).to_owned())))
                .collect::<Vec<_>>()
                .iter()
                .map(|(n, c)| (*n, c))),
            _ => false,
        };
        let kept = fields.into_iter().filter(|(_, content)| !is(content));
        Self::Message(
            kept.map(|(n, content)| (n, content.without(texts)))
                .collect(),
        )
    }
}

/// The parts of a Kubernetes envelope, with the fields of every message in order of their numbers
/// and, where they repeat, of their content.
pub(crate) fn read(bytes: &[u8]) -> Result<Content, String> {
    let envelope = bytes.strip_prefix(b"k8s\0").ok_or("no envelope")?;
    Ok(message(envelope).ok_or("no message")?)
}

fn message(mut bytes: &[u8]) -> Option<Content> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes)?;
        let content = match key & 7 {
            0 => Content::Number(number(&mut bytes)?),
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                content(value)
            }
            _ => return None,
        };
        let field = key >> 3;
        if field == 0 || field > 100 {
            return None;
        }
        fields.push((field, content));
    }
    if let [
        (1, Content::Number(1_600_000_000..3_000_000_000)),
        (2, Content::Number(_)),
    ] = fields[..]
    {
        return Some(Content::Time);
    }
    fields.sort();
    Some(Content::Message(fields))
}

fn content(value: &[u8]) -> Content {
    let printable = |text: &str| text.chars().all(|c| !c.is_control());
    match std::str::from_utf8(value) {
        Ok(text) if printable(text) => Content::Text(text.to_owned()),
        _ => message(value).unwrap_or_else(|| Content::Bytes(value.to_owned())),
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut result = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        result |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(result);
        }
    }
    None
}
