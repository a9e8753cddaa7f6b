//! The name and the attributes of the session cookie.

use std::fmt;

use crate::cookie::Reading;

/// The name and the attributes of a session cookie, checked when they are put together.
///
/// The default is a cookie named `__Host-session` with `Secure`, `HttpOnly`, `SameSite=Lax` and
/// `Path=/`: a browser keeps it from scripts, from plain http, from other hosts and from most
/// cross-site requests. Browsers accept it on `http://localhost` too, so development needs no
/// other name.
///
/// # Examples
/// ```
/// use privyseal_session::{CookiePolicy, SameSite};
///
/// let policy = CookiePolicy::builder("__Host-id").same_site(SameSite::Strict).build()?;
/// assert_eq!(policy.name(), "__Host-id");
/// assert!(CookiePolicy::builder("__Host-id").path("/shop").build().is_err());
/// # Ok::<(), privyseal_session::CookiePolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookiePolicy {
    name: String,
    reading: Reading,
    /// What stands before and behind `Expires` and `Max-Age`, in the order of Werkzeug.
    pub(crate) attributes_before: String,
    pub(crate) attributes_after: String,
}

impl CookiePolicy {
    /// A policy of this name, with the safe attributes until they are changed.
    pub fn builder(name: impl Into<String>) -> CookiePolicyBuilder {
        CookiePolicyBuilder {
            name: name.into(),
            domain: None,
            path: "/".to_owned(),
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
            partitioned: false,
            reading: Reading::ExactlyOne,
        }
    }

    /// What Flask does without configuration: named `session`, sent over plain http as well, with
    /// no `SameSite`; and the cookie header read as Werkzeug reads it.
    pub fn flask() -> CookiePolicyBuilder {
        CookiePolicyBuilder {
            secure: false,
            same_site: None,
            reading: Reading::FirstLikeWerkzeug,
            ..Self::builder("session")
        }
    }

    pub(crate) fn default_of_flask() -> Self {
        Self::flask().assemble()
    }

    /// The name of the cookie.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the cookie is found in the header.
    pub fn reading(&self) -> Reading {
        self.reading
    }
}

impl Default for CookiePolicy {
    fn default() -> Self {
        Self::builder("__Host-session").assemble()
    }
}

/// Puts a [`CookiePolicy`] together.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CookiePolicyBuilder {
    name: String,
    domain: Option<String>,
    path: String,
    secure: bool,
    http_only: bool,
    same_site: Option<SameSite>,
    partitioned: bool,
    reading: Reading,
}

impl CookiePolicyBuilder {
    /// Another name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Shares the cookie with all hosts below a domain.
    ///
    /// # Security
    /// Every host below it can read and set the cookie. Leave it out unless that is wanted.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The path below which the browser sends the cookie.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the cookie travels over https only (and over http to localhost).
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether scripts on the page are kept from the cookie.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Which requests from other sites carry the cookie; `None` leaves the attribute out.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Whether each top-level site has its own copy (CHIPS). Implies `Secure`, as in Flask.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self.secure |= partitioned;
        self
    }

    /// How the cookie is found in the header.
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// The policy.
    ///
    /// # Errors
    /// When browsers would drop the cookie or ignore an attribute in silence.
    pub fn build(self) -> Result<CookiePolicy, CookiePolicyError> {
        self.check()?;
        Ok(self.assemble())
    }

    /// The policy of attributes that are known to go together.
    fn assemble(self) -> CookiePolicy {
        let mut before = String::new();
        if let Some(domain) = &self.domain {
            before.push_str("; Domain=");
            before.push_str(domain.strip_prefix('.').unwrap_or(domain));
        }
        let mut after = String::new();
        if self.secure {
            after.push_str("; Secure");
        }
        if self.http_only {
            after.push_str("; HttpOnly");
        }
        after.push_str("; Path=");
        after.push_str(&self.path);
        if let Some(same_site) = self.same_site {
            after.push_str("; SameSite=");
            after.push_str(same_site.name());
        }
        if self.partitioned {
            after.push_str("; Partitioned");
        }
        CookiePolicy {
            name: self.name,
            reading: self.reading,
            attributes_before: before,
            attributes_after: after,
        }
    }

    fn check(&self) -> Result<(), CookiePolicyError> {
        use CookiePolicyError as E;
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if self.name.is_empty() || !self.name.bytes().all(is_token) {
            return Err(E::Name);
        }
        let is_path = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b';';
        if !self.path.starts_with('/') || !self.path.bytes().all(is_path) {
            return Err(E::Path);
        }
        if self.path.len() > MAX_PATH_LEN {
            return Err(E::PathTooLong);
        }
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        if let Some(domain) = &self.domain
            && (domain.trim_matches('.').is_empty() || !domain.bytes().all(is_host))
        {
            return Err(E::Domain);
        }
        if self.same_site == Some(SameSite::None) && !self.secure {
            return Err(E::SameSiteNoneWithoutSecure);
        }
        if self.partitioned && !self.secure {
            return Err(E::PartitionedWithoutSecure);
        }
        // Browsers compare the prefixes without regard to case.
        let prefixed = |prefix: &str| {
            self.name
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let host_http = prefixed("__Host-Http-");
        if prefixed("__Host-") && (!self.secure || self.domain.is_some() || self.path != "/") {
            return Err(E::HostPrefix);
        }
        if prefixed("__Secure-") && !self.secure {
            return Err(E::SecurePrefix);
        }
        if (host_http || prefixed("__Http-")) && !(self.secure && self.http_only) {
            return Err(E::HttpPrefix);
        }
        Ok(())
    }
}

/// Which requests from other sites carry the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// None.
    Strict,
    /// Those that a user navigates with.
    Lax,
    /// All; needs `Secure`.
    None,
}

impl SameSite {
    const fn name(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// A cookie that browsers would drop, or an attribute that they would ignore, in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of each says what it is")]
pub enum CookiePolicyError {
    #[error("a cookie name is one or more ASCII letters, digits or any of !#$%&'*+-.^_`|~")]
    Name,
    #[error("a cookie path starts with a slash and holds printable ASCII without a semicolon")]
    Path,
    #[error("a cookie path is at most {MAX_PATH_LEN} bytes long: browsers ignore a longer one")]
    PathTooLong,
    #[error("a cookie domain is a host name of ASCII letters, digits, hyphens and dots")]
    Domain,
    #[error("SameSite=None needs Secure: browsers drop the cookie otherwise")]
    SameSiteNoneWithoutSecure,
    #[error("Partitioned needs Secure: browsers drop the cookie otherwise")]
    PartitionedWithoutSecure,
    #[error("a name that starts with __Host- needs Secure, Path=/ and no Domain")]
    HostPrefix,
    #[error("a name that starts with __Secure- needs Secure")]
    SecurePrefix,
    #[error("a name that starts with __Http- or __Host-Http- needs Secure and HttpOnly")]
    HttpPrefix,
}

impl fmt::Display for SameSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Browsers ignore a longer `Path` attribute (RFC 6265bis).
const MAX_PATH_LEN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: CookiePolicyBuilder) -> CookiePolicyError {
        builder.build().unwrap_err()
    }

    #[test]
    fn the_defaults_break_no_rule() {
        let ours = CookiePolicy::builder("__Host-session").build();
        assert_eq!(ours.as_ref(), Ok(&CookiePolicy::default()));
        assert_eq!(
            CookiePolicy::flask().build(),
            Ok(CookiePolicy::default_of_flask())
        );
    }

    #[test]
    fn the_default_is_the_safest_cookie() {
        let policy = CookiePolicy::default();
        assert_eq!(policy.name(), "__Host-session");
        assert_eq!(policy.attributes_before, "");
        assert_eq!(
            policy.attributes_after,
            "; Secure; HttpOnly; Path=/; SameSite=Lax"
        );
        assert_eq!(policy.reading(), Reading::ExactlyOne);
    }

    #[test]
    fn what_browsers_drop_is_refused() {
        use CookiePolicyError as E;
        let host = || CookiePolicy::builder("__Host-id");
        for prefix in ["__Host-id", "__host-id", "__HOST-id"] {
            assert_eq!(
                refused(host().name(prefix).secure(false).same_site(None)),
                E::HostPrefix
            );
        }
        assert_eq!(refused(host().domain("example.org")), E::HostPrefix);
        assert_eq!(refused(host().path("/shop")), E::HostPrefix);
        assert_eq!(
            refused(host().name("__Secure-id").secure(false)),
            E::SecurePrefix
        );
        assert_eq!(
            refused(host().name("__Http-id").http_only(false)),
            E::HttpPrefix
        );
        assert_eq!(
            refused(host().name("__Host-Http-id").http_only(false)),
            E::HttpPrefix
        );
        let plain = || CookiePolicy::builder("id").secure(false);
        assert_eq!(
            refused(plain().same_site(SameSite::None)),
            E::SameSiteNoneWithoutSecure
        );
        assert_eq!(
            refused(plain().partitioned(true).secure(false)),
            E::PartitionedWithoutSecure
        );
        for name in ["", "a b", "a=b", "a;b", "é", "\u{2000}__Host-id"] {
            assert_eq!(refused(plain().name(name)), E::Name, "{name:?}");
        }
        for path in ["", "shop", "/a;b", "/é", "/a\n"] {
            assert_eq!(refused(plain().path(path)), E::Path, "{path:?}");
        }
        for domain in ["", ".", "exa mple.org", "example.org; Secure"] {
            assert_eq!(refused(plain().domain(domain)), E::Domain, "{domain:?}");
        }
    }

    #[test]
    fn a_path_of_1024_bytes_is_taken_and_a_longer_one_is_not() {
        let path = |len: usize| format!("/{}", "a".repeat(len - 1));
        assert!(CookiePolicy::builder("id").path(path(1024)).build().is_ok());
        assert_eq!(
            refused(CookiePolicy::builder("id").path(path(1025))),
            CookiePolicyError::PathTooLong
        );
    }
}
