//! Who a job is towards its targets, and whom it trusts.

use std::path::{Path, PathBuf};

use concertina_http::{Authorization, ClientOptions, Secret};

use super::keys::Access;

/// A client: `base` with the credentials of a job or a discovery.
pub(super) fn client(
    access: &Access<'_>,
    folder: &Path,
    base: &ClientOptions,
) -> Result<ClientOptions, String> {
    Ok(ClientOptions {
        authorization: authorization(access, folder)?.unwrap_or_else(|| base.authorization.clone()),
        #[cfg(feature = "tls")]
        tls: match access.tls_config {
            None => base.tls.clone(),
            Some(keys) => Some(tls(keys, folder, base)?),
        },
        ..without_tls(access, base)?
    })
}

#[cfg(feature = "tls")]
fn without_tls(_: &Access<'_>, base: &ClientOptions) -> Result<ClientOptions, String> {
    Ok(base.clone())
}

#[cfg(not(feature = "tls"))]
fn without_tls(access: &Access<'_>, base: &ClientOptions) -> Result<ClientOptions, String> {
    match access.tls_config {
        None => Ok(base.clone()),
        Some(_) => Err("tls_config: this program was built without TLS".to_owned()),
    }
}

/// Whether the client can speak it.
pub(super) fn check_scheme(scheme: &str, client: &ClientOptions) -> Result<(), String> {
    #[cfg(feature = "tls")]
    if scheme == "https" && client.tls.is_none() {
        return Err(NO_PROVIDER.to_owned());
    }
    #[cfg(not(feature = "tls"))]
    if scheme == "https" {
        return Err("https: this program was built without TLS".to_owned());
    }
    let _ = (scheme, client);
    Ok(())
}

/// The client with these roots, unless it has been told whom to trust.
#[cfg(feature = "tls")]
pub(super) fn trusting(mut client: ClientOptions, roots: PathBuf) -> ClientOptions {
    use concertina_http::{Pem, Trust};

    if let Some(tls) = client.tls.as_mut().filter(|tls| tls.trust == Trust::System) {
        tls.trust = Trust::Roots(Pem::File(roots));
    }
    client
}

#[cfg(not(feature = "tls"))]
pub(super) fn trusting(client: ClientOptions, _: PathBuf) -> ClientOptions {
    client
}

fn authorization(access: &Access<'_>, folder: &Path) -> Result<Option<Authorization>, String> {
    let file = |path: &String| Secret::File(at(folder, path));
    let mut found = Vec::new();
    if let Some(keys) = access.basic_auth {
        let password = one_of(
            "basic_auth",
            (&keys.password, "password"),
            (&keys.password_file, "password_file"),
            folder,
        )?;
        found.push(Authorization::Basic {
            user: keys.username.clone(),
            password: password.unwrap_or(Secret::Text(String::new())),
        });
    }
    if let Some(keys) = access.authorization {
        let scheme = keys.scheme.as_deref().unwrap_or("Bearer").trim();
        if scheme.eq_ignore_ascii_case("basic") {
            return Err("authorization: for Basic there is basic_auth".to_owned());
        }
        let credentials = one_of(
            "authorization",
            (&keys.credentials, "credentials"),
            (&keys.credentials_file, "credentials_file"),
            folder,
        )?;
        found.push(Authorization::Scheme {
            scheme: scheme.to_owned(),
            credentials: credentials.ok_or("authorization: it needs credentials_file")?,
        });
    }
    let token = access.bearer_token.iter().cloned().map(Secret::Text);
    let token = token.chain(access.bearer_token_file.iter().map(file));
    found.extend(token.map(Authorization::bearer));
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(
            "give one of basic_auth, authorization, bearer_token and bearer_token_file".to_owned(),
        ),
    }
}

/// The text or what the file holds.
fn one_of(
    part: &str,
    (text, text_key): (&Option<String>, &str),
    (file, file_key): (&Option<String>, &str),
    folder: &Path,
) -> Result<Option<Secret>, String> {
    match (text, file) {
        (Some(_), Some(_)) => Err(format!("{part}: give one of {text_key} and {file_key}")),
        (Some(text), None) => Ok(Some(Secret::Text(text.clone()))),
        (None, Some(file)) => Ok(Some(Secret::File(at(folder, file)))),
        (None, None) => Ok(None),
    }
}

/// A file that is named relative to the configuration's folder.
pub(super) fn at(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}

#[cfg(feature = "tls")]
const NO_PROVIDER: &str = "TLS needs a crypto provider in the client's options";

#[cfg(feature = "tls")]
fn tls(
    keys: &super::keys::Tls,
    folder: &Path,
    base: &ClientOptions,
) -> Result<concertina_http::ClientTls, String> {
    use concertina_http::{ClientIdentity, Pem, TlsVersion, Trust};

    let mut tls = base.tls.clone().ok_or(NO_PROVIDER)?;
    let file = |path: &String| Pem::File(at(folder, path));
    if let Some(path) = &keys.ca_file {
        tls.trust = Trust::Roots(file(path));
    }
    if keys.insecure_skip_verify {
        tls.trust = Trust::Anyone;
    }
    tls.identity = match (&keys.cert_file, &keys.key_file) {
        (None, None) => tls.identity,
        (Some(certificate), Some(key)) => Some(ClientIdentity {
            certificate: file(certificate),
            key: file(key),
        }),
        _ => return Err("tls_config: cert_file and key_file need each other".to_owned()),
    };
    tls.server_name = keys.server_name.clone().or(tls.server_name);
    tls.min_version = match keys.min_version.as_deref() {
        None => tls.min_version,
        Some("TLS12") => TlsVersion::Tls12,
        Some("TLS13") => TlsVersion::Tls13,
        Some(other) => {
            return Err(format!(
                "tls_config: min_version `{other}`: write TLS12 or TLS13"
            ));
        }
    };
    Ok(tls)
}
