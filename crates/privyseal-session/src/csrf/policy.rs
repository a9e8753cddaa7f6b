//! Where a request came from, as its headers tell.

use http::Method;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};

/// Decides by method and headers whether a request may change something.
///
/// 1. `GET`, `HEAD`, `OPTIONS` and `TRACE` pass.
/// 2. `Sec-Fetch-Site`, which no script can set: `same-origin` and `none` (the user's own doing)
///    pass; everything else is refused, unless its `Origin` is one of the listed.
/// 3. Without it, `Origin`: it passes if it is one of the listed, or, where none are listed, if its
///    host and port are those of the `Host` header. `null` and what is malformed is refused.
/// 4. With neither (old browsers, and clients that are none), a token is needed. So it is where
///    `Origin` has nothing to be compared with, as over HTTP/2 without a `Host`.
///
/// A header that comes twice is refused.
///
/// # Security
/// `Host` does not tell http from https, so in browsers without `Sec-Fetch-Site` (before 2023) a
/// page that a network attacker plants at `http://` our host passes step 3. List the origins, or
/// send `Strict-Transport-Security`. Behind a proxy that rewrites `Host`, list them as well.
///
/// # Examples
/// ```
/// use http::{HeaderMap, Method};
/// use privyseal_session::csrf::{CsrfDecision, CsrfPolicy};
///
/// let policy = CsrfPolicy::default().with_origins(["https://shop.example"])?;
/// let mut headers = HeaderMap::new();
/// headers.insert("origin", "https://evil.example".parse()?);
/// assert_eq!(policy.decide(&Method::POST, &headers), CsrfDecision::Refused);
/// assert_eq!(policy.decide(&Method::GET, &headers), CsrfDecision::Allowed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CsrfPolicy {
    origins: Vec<Origin>,
    token_always: bool,
}

/// What the headers of a request say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsrfDecision {
    /// It may go on.
    Allowed,
    /// It may not, whatever else it holds.
    Refused,
    /// It may if it holds a token of the session.
    TokenNeeded,
}

impl CsrfPolicy {
    /// Lists the origins whose requests pass: our own, and others that may act for our users.
    /// `Host` is not looked at any more.
    ///
    /// # Errors
    /// When one is not `scheme://host` or `scheme://host:port`.
    pub fn with_origins<O: AsRef<str>>(
        mut self,
        origins: impl IntoIterator<Item = O>,
    ) -> Result<Self, OriginError> {
        for origin in origins {
            let origin = Origin::parse(origin.as_ref()).ok_or(OriginError)?;
            self.origins.push(origin);
        }
        Ok(self)
    }

    /// Asks for the token also where the headers show that the request is our own: for those who
    /// trust no browser.
    #[must_use]
    pub fn with_token_always(mut self) -> Self {
        self.token_always = true;
        self
    }

    /// What method and headers say.
    pub fn decide(&self, method: &Method, headers: &HeaderMap) -> CsrfDecision {
        if method.is_safe() {
            return CsrfDecision::Allowed;
        }
        match self.by_headers(headers) {
            Ok(CsrfDecision::Allowed) if self.token_always => CsrfDecision::TokenNeeded,
            Ok(decision) => decision,
            Err(Unclear) => CsrfDecision::Refused,
        }
    }

    fn by_headers(&self, headers: &HeaderMap) -> Result<CsrfDecision, Unclear> {
        let site = only(headers, &SEC_FETCH_SITE)?;
        let origin = only(headers, &ORIGIN)?;
        match (site, origin) {
            (Some("same-origin" | "none"), _) => Ok(CsrfDecision::Allowed),
            (Some(_), None) => Ok(CsrfDecision::Refused),
            (Some(_), Some(origin)) => Ok(allowed_if(
                self.lists(&Origin::parse(origin).ok_or(Unclear)?),
            )),
            (None, None) => Ok(CsrfDecision::TokenNeeded),
            (None, Some(origin)) => self.by_origin(&Origin::parse(origin).ok_or(Unclear)?, headers),
        }
    }

    fn by_origin(&self, origin: &Origin, headers: &HeaderMap) -> Result<CsrfDecision, Unclear> {
        if !self.origins.is_empty() {
            return Ok(allowed_if(self.lists(origin)));
        }
        let Some(host) = only(headers, &HOST)? else {
            return Ok(CsrfDecision::TokenNeeded);
        };
        let (host, port) = host_and_port(host).ok_or(Unclear)?;
        let own = host == origin.host && port.or(default_port(&origin.scheme)) == origin.port;
        Ok(allowed_if(own))
    }

    fn lists(&self, origin: &Origin) -> bool {
        self.origins.contains(origin)
    }
}

/// A text is not an origin: `scheme://host` or `scheme://host:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is `scheme://host` or `scheme://host:port`")]
pub struct OriginError;

/// An origin in one spelling: lower-case, with the port that the scheme implies.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if scheme.is_empty() || !scheme.bytes().all(is_scheme) {
            return None;
        }
        let (host, port) = host_and_port(authority)?;
        Some(Self {
            port: port.or(default_port(&scheme)),
            scheme,
            host,
        })
    }
}

/// `host`, `host:port` or the same with an IPv6 address in brackets; nothing else, no user.
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_host = match address {
        Some(address) => !address.is_empty() && address.bytes().all(is_address),
        None => !host.is_empty() && host.bytes().all(is_name),
    };
    is_host.then(|| (host.to_ascii_lowercase(), port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// The header came more than once, or is no text of its kind.
struct Unclear;

/// The one header of the name.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Unclear> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(Unclear),
    }
}

fn allowed_if(own: bool) -> CsrfDecision {
    if own {
        CsrfDecision::Allowed
    } else {
        CsrfDecision::Refused
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
