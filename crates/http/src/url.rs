//! Which URLs can be asked.

use http::Uri;

use crate::ClientError;

/// The parsed form of a URL that the [`Client`](crate::Client) can ask.
///
/// # Errors
///
/// [`ClientError::InvalidUrl`] when it is not an absolute `http://` URL (or, with the feature
/// `tls`, `https://`) with a host. A user and
/// password in it are refused too, rather than silently not sent; the message leaves them out.
///
/// ```
/// assert!(concertina_http::check_url("http://prometheus:9090/base").is_ok());
/// assert_eq!(
///     concertina_http::check_url("prometheus:9090").unwrap_err().to_string(),
///     "`prometheus:9090` is no usable URL: it must start with http:// or https:// and name a host",
/// );
/// ```
pub fn check_url(url: &str) -> Result<Uri, ClientError> {
    let invalid = |reason: &str| {
        Err(ClientError::InvalidUrl {
            url: without_credentials(url),
            reason: reason.to_owned(),
        })
    };
    let uri: Uri = match url.parse() {
        Ok(uri) => uri,
        Err(error) if names_a_host(url) => {
            return invalid(&http::uri::InvalidUri::to_string(&error));
        }
        Err(_) => return invalid("it must start with http:// and name a host"),
    };
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    match uri.scheme_str() {
        Some("https") if !cfg!(feature = "tls") => {
            invalid("this program was built without TLS; use http://")
        }
        Some("http" | "https") if authority.contains('@') => {
            invalid("a user or password in a URL is not supported; send an Authorization header")
        }
        Some("http" | "https") if has_wrong_port(authority) => {
            invalid("the port must be a number from 1 to 65535")
        }
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => invalid("it must start with http:// or https:// and name a host"),
    }
}

/// Whether something stands where a host is expected.
fn names_a_host(url: &str) -> bool {
    let after = url.split_once("://").map(|(_, after)| after);
    after.is_some_and(|after| !after.is_empty() && !after.starts_with(['/', '?', '#']))
}

/// Whether there is a port and it is none: `http` reads only what it can.
fn has_wrong_port(authority: &str) -> bool {
    let host_ends = authority.rfind(']').map_or(0, |at| at + 1);
    let after_host = authority.get(host_ends..).unwrap_or_default();
    let port = after_host.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| !port.is_empty() && !port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// `url` without what stands before the `@` of its authority.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("***@{host}{path}"),
        Some((_, host)) => format!("{scheme}://***@{host}{path}"),
        None => url.to_owned(),
    }
}
