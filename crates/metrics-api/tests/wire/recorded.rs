//! Recorded requests and answers, as `curl -i` printed them.

use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// One request, and what prometheus-adapter 0.12 answered.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file's stem; the part before the first `-` tells who asks.
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) answer: Answer,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's text, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// All cases of a folder, by name.
pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| case(file)).collect()
}

fn case(file: &Path) -> Case {
    let bytes = std::fs::read(file).unwrap();
    let (request, rest) = split(&bytes, b"\n");
    let request = String::from_utf8(request.to_vec()).unwrap();
    let (method, headers, target) = parse_request(request.strip_prefix("# ").unwrap());
    Case {
        name: file.file_stem().unwrap().to_string_lossy().into_owned(),
        method,
        headers,
        target,
        answer: parse_answer(rest),
    }
}

/// `curl ARGUMENTS 'TARGET'`, whose arguments are not quoted; or the target alone.
fn parse_request(text: &str) -> (Method, HeaderMap, String) {
    let (mut method, mut headers) = (Method::GET, HeaderMap::new());
    let Some(curl) = text.strip_prefix("curl ") else {
        return (method, headers, text.to_owned());
    };
    let (arguments, target) = curl.split_once(" '/").unwrap();
    for argument in format!(" {arguments}").split(" -").skip(1) {
        let (flag, value) = argument.split_at(1);
        let value = value.trim();
        match flag {
            "H" => {
                let (name, value) = value.split_once(": ").unwrap();
                let name: HeaderName = name.parse().unwrap();
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            "X" => method = value.parse().unwrap(),
            "I" => method = Method::HEAD,
            // The body is never read, and every answer is whole at once.
            "d" | "m" => {}
            other => panic!("curl's argument -{other} is not known"),
        }
    }
    let target = target.trim_end_matches('\'');
    (method, headers, format!("/{target}"))
}

fn parse_answer(text: &[u8]) -> Answer {
    let mut rest = text;
    let (mut status, mut headers) = (None, HeaderMap::new());
    loop {
        let (line, after) = split(rest, b"\n");
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        match (status, line.split_once(": ")) {
            (_, Some((name, value))) => {
                let name: HeaderName = name.parse().unwrap();
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            (None, _) => status = line.split(' ').nth(1).map(|code| code.parse().unwrap()),
            (Some(_), None) => break,
        }
    }
    // What follows the announced length is the recorder's line feed.
    let length = headers.get("content-length");
    let length = length.map_or(rest.len(), |n| n.to_str().unwrap().parse().unwrap());
    Answer {
        status: status.unwrap(),
        headers,
        body: rest[..length.min(rest.len())].to_vec(),
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    let found = bytes.windows(at.len()).position(|window| window == at);
    match found {
        Some(place) => (&bytes[..place], &bytes[place + at.len()..]),
        None => (bytes, &[]),
    }
}
