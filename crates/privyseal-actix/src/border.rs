//! The border between the headers of actix-web, which are those of `http` 0.2, and the engine's,
//! which are those of `http` 1.
//!
//! Both kinds of header hold the same bytes, so that nothing is lost on the way; only what the
//! engine looks at goes in, and what it has written comes out.

use actix_web::http::header::{self as theirs, HeaderMap as TheirMap};
use http::header::{self as ours, HeaderMap as OurMap};
use privyseal_session::SessionError;

/// The cookies of the request, header by header, in their order.
pub(crate) fn cookies(request: &TheirMap) -> OurMap {
    let cookies = request.get_all(theirs::COOKIE);
    // Not one by one: a header that was left out could hold the second cookie of the name.
    cookies
        .map(|cookie| Some((ours::COOKIE, to_ours(cookie)?)))
        .collect::<Option<_>>()
        .unwrap_or_default()
}

/// What the response says about caches so far, for the engine to add to.
pub(crate) fn of_caches(response: &TheirMap) -> OurMap {
    let mut headers = OurMap::new();
    for (name, our_name) in [
        (theirs::VARY, ours::VARY),
        (theirs::CACHE_CONTROL, ours::CACHE_CONTROL),
    ] {
        for value in response.get_all(name).filter_map(to_ours) {
            headers.append(&our_name, value);
        }
    }
    headers
}

/// Puts what the engine has made of them in their place. Cookies are added to those that the
/// handler sets itself.
pub(crate) fn write_back(from: &OurMap, response: &mut TheirMap) -> Result<(), SessionError> {
    let converted: Option<Vec<_>> = from.iter().map(to_theirs).collect();
    let converted = converted.ok_or(SessionError::UnsendableCookie)?;
    for name in from.keys().filter(|name| *name != ours::SET_COOKIE) {
        response.remove(name.as_str());
    }
    for (name, value) in converted {
        response.append(name, value);
    }
    Ok(())
}

fn to_ours(value: &theirs::HeaderValue) -> Option<ours::HeaderValue> {
    let mut converted = ours::HeaderValue::from_bytes(value.as_bytes()).ok()?;
    converted.set_sensitive(value.is_sensitive());
    Some(converted)
}

fn to_theirs(
    (name, value): (&ours::HeaderName, &ours::HeaderValue),
) -> Option<(theirs::HeaderName, theirs::HeaderValue)> {
    let name = theirs::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
    let mut converted = theirs::HeaderValue::from_bytes(value.as_bytes()).ok()?;
    converted.set_sensitive(value.is_sensitive());
    Some((name, converted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte that may stand in a header at all.
    fn all_bytes() -> Vec<u8> {
        let bytes = (0..=u8::MAX).filter(|byte| theirs::HeaderValue::from_bytes(&[*byte]).is_ok());
        bytes.collect()
    }

    #[test]
    fn both_kinds_of_header_hold_the_same_bytes() {
        assert!(all_bytes().len() > 200);
        for byte in 0..=u8::MAX {
            let here = ours::HeaderValue::from_bytes(&[byte]).is_ok();
            let there = theirs::HeaderValue::from_bytes(&[byte]).is_ok();
            assert_eq!(here, there, "{byte:#x}");
        }
    }

    #[test]
    fn cookies_come_in_their_order_and_byte_by_byte_and_nothing_else_comes() {
        let mut request = TheirMap::new();
        let values = [&b"a=1; b=2"[..], &all_bytes(), b""];
        for value in values {
            let value = theirs::HeaderValue::from_bytes(value).unwrap();
            request.append(theirs::COOKIE, value);
        }
        request.append(theirs::HOST, theirs::HeaderValue::from_static("localhost"));
        let cookies = cookies(&request);
        assert_eq!(cookies.keys().collect::<Vec<_>>(), [ours::COOKIE]);
        let came: Vec<_> = cookies.get_all(ours::COOKIE).iter().collect();
        assert_eq!(came, values);
    }

    #[test]
    fn what_the_engine_wrote_replaces_what_it_read_and_cookies_are_added() {
        let mut response = TheirMap::new();
        for (name, value) in [
            (theirs::VARY, "Accept"),
            (theirs::VARY, "Origin"),
            (theirs::CACHE_CONTROL, "public"),
            (theirs::SET_COOKIE, "theme=dark"),
            (theirs::ETAG, "\"1\""),
        ] {
            response.append(name, theirs::HeaderValue::from_static(value));
        }
        let mut headers = of_caches(&response);
        assert_eq!(headers.len(), 3);
        headers.append(ours::VARY, ours::HeaderValue::from_static("Cookie"));
        headers.insert(
            ours::CACHE_CONTROL,
            ours::HeaderValue::from_static("no-store"),
        );
        let mut cookie = ours::HeaderValue::from_static("id=hush");
        cookie.set_sensitive(true);
        headers.append(ours::SET_COOKIE, cookie);
        write_back(&headers, &mut response).unwrap();

        let all = |name| response.get_all(name).collect::<Vec<_>>();
        assert_eq!(all(theirs::VARY), ["Accept", "Origin", "Cookie"]);
        assert_eq!(all(theirs::CACHE_CONTROL), ["no-store"]);
        assert_eq!(all(theirs::SET_COOKIE), ["theme=dark", "id=hush"]);
        assert_eq!(all(theirs::ETAG), ["\"1\""]);
        assert!(!format!("{response:?}").contains("hush"));
    }
}
