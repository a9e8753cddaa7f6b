//! Writing the session cookie and the headers that keep caches away from it.

use std::fmt::Write as _;

use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, VARY};
use privyseal::Timestamp;
use privyseal::value::DateTime;

use crate::SessionError;
use crate::cookie::CookiePolicy;

/// The longest name and value of a cookie, together, that browsers keep (RFC 6265bis); they drop a
/// longer one in silence.
pub const MAX_COOKIE_LEN: usize = 4096;

/// How long the browser keeps the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until the browser is closed.
    BrowserSession,
    /// Until this time.
    Until(Timestamp),
    /// It is to be removed.
    Removed,
}

impl CookiePolicy {
    /// The `Set-Cookie` header, measured before it is sent.
    pub(crate) fn set_cookie(
        &self,
        value: &str,
        lifetime: Lifetime,
    ) -> Result<HeaderValue, SessionError> {
        self.set_cookie_of(["", value], "", lifetime)
    }

    /// The same for the cookie whose name has this suffix; the value is in two parts.
    pub(super) fn set_cookie_of(
        &self,
        [mark, value]: [&str; 2],
        suffix: &str,
        lifetime: Lifetime,
    ) -> Result<HeaderValue, SessionError> {
        let size = self.name().len() + suffix.len() + mark.len() + value.len();
        if size > MAX_COOKIE_LEN {
            return Err(SessionError::TooLarge {
                size,
                limit: MAX_COOKIE_LEN,
            });
        }
        let mut header = String::with_capacity(size + 128);
        header.push_str(self.name());
        header.push_str(suffix);
        header.push('=');
        header.push_str(mark);
        header.push_str(value);
        header.push_str(&self.attributes_before);
        match lifetime {
            Lifetime::BrowserSession => {}
            Lifetime::Until(time) => {
                let seconds = i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX);
                if let Some(date) = DateTime::from_unix_seconds(seconds) {
                    let _ = write!(header, "; Expires={date}");
                }
            }
            Lifetime::Removed => {
                header.push_str("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
            }
        }
        header.push_str(&self.attributes_after);
        let mut header =
            HeaderValue::try_from(header).map_err(|_| SessionError::UnsendableCookie)?;
        // Whoever holds the cookie is the user: it stays out of logs that show headers, and out of
        // the compression tables of HTTP/2.
        header.set_sensitive(true);
        Ok(header)
    }
}

/// Says that the response depends on the cookie.
pub(crate) fn vary_by_cookie(headers: &mut HeaderMap) {
    let named = headers.get_all(VARY).iter().any(|value| {
        value
            .as_bytes()
            .split(|&byte| byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"cookie"))
    });
    if !named {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// Keeps the response out of every shared cache, unless the handler has said so itself.
pub(crate) fn forbid_caching(headers: &mut HeaderMap) {
    let forbidden = headers.get_all(CACHE_CONTROL).iter().any(|value| {
        value
            .as_bytes()
            .split(|&byte| byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|directive| {
                directive.eq_ignore_ascii_case(b"no-store")
                    || directive.eq_ignore_ascii_case(b"private")
            })
    });
    if !forbidden {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_of_4096_bytes_is_written_and_a_longer_one_is_an_error_a17() {
        let policy = CookiePolicy::default();
        let value = |len: usize| "v".repeat(len - policy.name().len());
        assert!(
            policy
                .set_cookie(&value(4096), Lifetime::BrowserSession)
                .is_ok()
        );
        let refused = policy
            .set_cookie(&value(4097), Lifetime::BrowserSession)
            .unwrap_err();
        assert!(matches!(
            refused,
            SessionError::TooLarge {
                size: 4097,
                limit: 4096
            }
        ));
    }

    #[test]
    fn debug_does_not_show_the_cookie() {
        let policy = CookiePolicy::default();
        let header = policy.set_cookie("hush", Lifetime::BrowserSession).unwrap();
        assert!(header.to_str().unwrap().contains("hush"));
        assert!(!format!("{header:?}").contains("hush"));
    }

    #[test]
    fn a_removal_repeats_path_and_domain() {
        let policy = CookiePolicy::builder("id")
            .domain(".example.org")
            .path("/shop")
            .build()
            .unwrap();
        assert_eq!(
            policy.set_cookie("", Lifetime::Removed).unwrap(),
            "id=; Domain=example.org; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; \
             HttpOnly; Path=/shop; SameSite=Lax"
        );
    }

    #[test]
    fn vary_and_cache_control_are_added_once() {
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static("Accept, COOKIE"));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("max-age=60, Private"),
        );
        vary_by_cookie(&mut headers);
        forbid_caching(&mut headers);
        assert_eq!(headers.get_all(VARY).iter().count(), 1);
        assert_eq!(headers[CACHE_CONTROL], "max-age=60, Private");

        headers.insert(VARY, HeaderValue::from_static("Accept"));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=60"),
        );
        vary_by_cookie(&mut headers);
        forbid_caching(&mut headers);
        assert_eq!(
            headers.get_all(VARY).iter().collect::<Vec<_>>(),
            ["Accept", "Cookie"]
        );
        assert_eq!(headers[CACHE_CONTROL], "no-store");
    }
}
