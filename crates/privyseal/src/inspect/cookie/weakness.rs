//! What is weak about a cookie's name and attributes, why it matters and what to do.
//!
//! The rules are those of RFC 6265bis and of what Chromium does with such cookies.

use std::fmt;

use crate::Timestamp;
use crate::inspect::cookie::{CookieEntry, HeaderKind};
use crate::value::DateTime;

/// A weakness of a cookie's name or attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weakness {
    /// No `Secure`.
    NotSecure,
    /// No `HttpOnly`.
    NotHttpOnly,
    /// No `SameSite`.
    NoSameSite,
    /// `SameSite` is none of `Strict`, `Lax` and `None`.
    UnknownSameSite,
    /// `SameSite=None` without `Secure`.
    SameSiteNoneWithoutSecure,
    /// `Partitioned` without `Secure`.
    PartitionedWithoutSecure,
    /// `__Host-` without `Secure`, without `Path=/`, or with `Domain`.
    HostPrefixBroken,
    /// `__Secure-` without `Secure`.
    SecurePrefixBroken,
    /// `__Http-` or `__Host-Http-` without `Secure` and `HttpOnly`.
    HttpPrefixBroken,
    /// No prefix in the name.
    NoPrefix,
    /// `Domain` is set.
    DomainSet,
    /// It lives longer than 400 days.
    LivesTooLong,
    /// Name and value are longer than 4096 bytes together.
    TooLarge,
    /// `Path` is longer than 1024 bytes.
    PathTooLong,
    /// Another cookie of the header has the same name.
    DuplicateName,
    /// No name, and a value that starts like a prefix.
    NamelessPrefix,
    /// A control character, or white space around the name that is not ASCII.
    OddCharacter,
}

impl Weakness {
    /// The name in `snake_case`, for machines.
    pub const fn code(self) -> &'static str {
        self.texts().0
    }

    /// What to do about it.
    pub const fn fix(self) -> &'static str {
        self.texts().2
    }

    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotSecure => (
                "not_secure",
                "no Secure: the browser sends it over plain http, where anyone on the way reads it",
                "add Secure",
            ),
            Self::NotHttpOnly => (
                "not_http_only",
                "no HttpOnly: a script injected into the page can read and send it away",
                "add HttpOnly",
            ),
            Self::NoSameSite => (
                "no_same_site",
                "no SameSite: browsers differ in whether other sites' requests carry it, which is \
                 what CSRF needs",
                "add SameSite=Lax",
            ),
            Self::UnknownSameSite => (
                "unknown_same_site",
                "SameSite has a value that browsers do not know, so it protects from nothing",
                "write SameSite=Lax, Strict or None",
            ),
            Self::SameSiteNoneWithoutSecure => (
                "same_site_none_without_secure",
                "SameSite=None without Secure: browsers drop the cookie",
                "add Secure, or write SameSite=Lax",
            ),
            Self::PartitionedWithoutSecure => (
                "partitioned_without_secure",
                "Partitioned without Secure: browsers drop the cookie",
                "add Secure",
            ),
            Self::HostPrefixBroken => (
                "host_prefix_broken",
                "a __Host- cookie without Secure and Path=/, or with Domain: browsers drop it",
                "send Secure and Path=/, and no Domain",
            ),
            Self::SecurePrefixBroken => (
                "secure_prefix_broken",
                "a __Secure- cookie without Secure: browsers drop it",
                "add Secure",
            ),
            Self::HttpPrefixBroken => (
                "http_prefix_broken",
                "a __Http- cookie without Secure and HttpOnly: browsers that know the prefix drop it",
                "add Secure and HttpOnly",
            ),
            Self::NoPrefix => (
                "no_prefix",
                "no __Host- in the name: a sibling domain or a plain http page can plant a cookie \
                 of this name (session fixation)",
                "name it __Host-..., with Secure, Path=/ and no Domain",
            ),
            Self::DomainSet => (
                "domain_set",
                "Domain is set: every subdomain receives the cookie, and the weakest can leak it",
                "leave Domain out, so that only this host receives it",
            ),
            Self::LivesTooLong => (
                "lives_too_long",
                "it lives more than 400 days: browsers cut that, and a stolen copy stays useful",
                "give it the lifetime of the session, or none",
            ),
            Self::TooLarge => (
                "too_large",
                "name and value exceed 4096 bytes together: browsers drop the cookie silently",
                "keep less in the session, or keep it on the server",
            ),
            Self::PathTooLong => (
                "path_too_long",
                "Path exceeds 1024 bytes: browsers ignore it and send the cookie everywhere",
                "write a shorter Path",
            ),
            Self::DuplicateName => (
                "duplicate_name",
                "the name occurs more than once: servers differ in which one they believe, which \
                 lets a planted cookie win",
                "remove the others; a server should trust neither",
            ),
            Self::NamelessPrefix => (
                "nameless_prefix",
                "a cookie without a name whose value starts with a prefix: sent back, it reads as \
                 a prefixed cookie",
                "give the cookie a name",
            ),
            Self::OddCharacter => (
                "odd_character",
                "a control character, or white space at the name that is not ASCII: a server that \
                 trims it mistakes the cookie for another",
                "compare names byte for byte; send ASCII only",
            ),
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().1)
    }
}

/// The weaknesses of a cookie of which the header holds so many.
pub(super) fn of(
    cookie: &CookieEntry,
    kind: HeaderKind,
    same_name: usize,
    now: Timestamp,
) -> Vec<Weakness> {
    let mut found = of_name(cookie, same_name);
    if kind == HeaderKind::SetCookie {
        found.extend(of_attributes(cookie, now));
    }
    found
}

fn of_name(cookie: &CookieEntry, same_name: usize) -> Vec<Weakness> {
    let CookieEntry { name, value, .. } = cookie;
    let is_odd = name.contains(char::is_control)
        || value.contains(char::is_control)
        || name.trim().len() != name.len();
    [
        (Weakness::TooLarge, name.len() + value.len() > MAX_PAIR_LEN),
        (Weakness::DuplicateName, same_name > 1),
        (
            Weakness::NamelessPrefix,
            name.is_empty() && PREFIXES.iter().any(|prefix| starts_with(value, prefix)),
        ),
        (Weakness::OddCharacter, is_odd),
    ]
    .into_iter()
    .filter_map(|(weakness, is_there)| is_there.then_some(weakness))
    .collect()
}

fn of_attributes(cookie: &CookieEntry, now: Timestamp) -> Vec<Weakness> {
    let secure = cookie.attribute("secure").is_some();
    let http_only = cookie.attribute("httponly").is_some();
    let domain = cookie
        .attribute("domain")
        .is_some_and(|domain| !domain.is_empty());
    let path = cookie.attribute("path").unwrap_or_default();
    let same_site = cookie.attribute("samesite");
    let is = |value: &str| same_site.is_some_and(|given| given.eq_ignore_ascii_case(value));

    let name = cookie.name.as_str();
    let host = starts_with(name, "__Host-");
    let http = starts_with(name, "__Http-") || starts_with(name, "__Host-Http-");
    [
        (Weakness::NotSecure, !secure),
        (Weakness::NotHttpOnly, !http_only),
        (Weakness::NoSameSite, same_site.is_none()),
        (
            Weakness::UnknownSameSite,
            same_site.is_some() && !is("strict") && !is("lax") && !is("none"),
        ),
        (Weakness::SameSiteNoneWithoutSecure, is("none") && !secure),
        (
            Weakness::PartitionedWithoutSecure,
            cookie.attribute("partitioned").is_some() && !secure,
        ),
        (
            Weakness::HostPrefixBroken,
            host && (!secure || domain || path != "/"),
        ),
        (
            Weakness::SecurePrefixBroken,
            starts_with(name, "__Secure-") && !secure,
        ),
        (Weakness::HttpPrefixBroken, http && !(secure && http_only)),
        (
            Weakness::NoPrefix,
            !PREFIXES.iter().any(|prefix| starts_with(name, prefix)),
        ),
        (Weakness::DomainSet, domain),
        (
            Weakness::LivesTooLong,
            lifetime(cookie, now).is_some_and(|seconds| seconds > MAX_LIFETIME),
        ),
        (Weakness::PathTooLong, path.len() > MAX_PATH_LEN),
    ]
    .into_iter()
    .filter_map(|(weakness, is_there)| is_there.then_some(weakness))
    .collect()
}

/// Seconds to live: `Max-Age`, which goes before `Expires`; `None` for a session cookie and for
/// what browsers ignore.
fn lifetime(cookie: &CookieEntry, now: Timestamp) -> Option<i64> {
    if let Some(text) = cookie.attribute("max-age") {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than an i64 holds are a long life too.
            let seconds = digits.parse().unwrap_or(i64::MAX);
            return Some(if digits == text { seconds } else { -seconds });
        }
    }
    let expires = cookie.attribute("expires")?;
    // `21-Oct-2015` is how cookies were dated before HTTP had one form.
    let expires: DateTime = expires.replace('-', " ").parse().ok()?;
    let now = i64::try_from(now.unix_seconds()).ok()?;
    Some(expires.unix_seconds().saturating_sub(now))
}

/// Browsers compare prefixes without regard to case.
fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

const PREFIXES: [&str; 4] = ["__Host-", "__Secure-", "__Http-", "__Host-Http-"];
const MAX_PAIR_LEN: usize = 4096;
const MAX_PATH_LEN: usize = 1024;
const MAX_LIFETIME: i64 = 400 * 86_400;
