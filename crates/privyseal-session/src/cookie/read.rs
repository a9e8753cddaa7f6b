//! Finding the session cookie in the request.

use std::borrow::Cow;

use http::HeaderValue;

/// How the session cookie is found among those of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Exactly one cookie of the name, compared byte by byte, or none is trusted.
    ///
    /// A second cookie of the name means that somebody else could set one, from a neighbouring
    /// host or over plain http; which of the two is ours cannot be told.
    #[default]
    ExactlyOne,
    /// The first of the name, with quotes removed, as Werkzeug does it for Flask.
    FirstLikeWerkzeug,
}

/// A request header that carries more than this is not searched for a session (64 KiB would hold
/// sixteen cookies of the largest size; servers refuse such requests long before).
pub(crate) const MAX_HEADER_LEN: usize = 64 * 1024;

impl Reading {
    /// The value of the cookie; `None` when there is none that can be trusted.
    pub(crate) fn find<'h>(
        self,
        headers: impl Iterator<Item = &'h HeaderValue>,
        name: &str,
    ) -> Option<Cow<'h, str>> {
        let mut found = headers
            .filter(|header| header.len() <= MAX_HEADER_LEN)
            .flat_map(|header| header.as_bytes().split(|&byte| byte == b';'))
            .filter_map(|pair| value_of(pair, name));
        let first = found.next()?;
        match self {
            Self::ExactlyOne if found.next().is_some() => {
                tracing::warn!("several session cookies of one name; none is trusted");
                None
            }
            Self::ExactlyOne => std::str::from_utf8(first).ok().map(Cow::Borrowed),
            Self::FirstLikeWerkzeug => unquote(first),
        }
    }
}

/// The value, if the pair is of this name. Only space and tab are trimmed: browsers store other
/// white space as part of a name, and `U+2000 __Host-session` is not `__Host-session`.
fn value_of<'h>(pair: &'h [u8], name: &str) -> Option<&'h [u8]> {
    let at = pair.iter().position(|&byte| byte == b'=')?;
    let (found, value) = (trim(pair.get(..at)?), trim(pair.get(at + 1..)?));
    (found == name.as_bytes()).then_some(value)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The text inside double quotes with `\"`, `\\` and `\ooo` undone, or the text as it is.
fn unquote(value: &[u8]) -> Option<Cow<'_, str>> {
    let Some(inner) = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return std::str::from_utf8(value).ok().map(Cow::Borrowed);
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        rest = match *rest {
            [] => break,
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                ref tail @ ..,
            ] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                tail
            }
            [b'\\', escaped, ref tail @ ..] | [escaped, ref tail @ ..] => {
                out.push(escaped);
                tail
            }
        };
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(reading: Reading, cookies: &[&str]) -> Option<String> {
        let headers: Vec<HeaderValue> = cookies
            .iter()
            .map(|cookie| HeaderValue::from_bytes(cookie.as_bytes()).unwrap())
            .collect();
        let found = reading.find(headers.iter(), "__Host-id");
        found.map(Cow::into_owned)
    }

    #[test]
    fn exactly_one_cookie_of_the_name_is_trusted_a13() {
        let one = |cookies: &[&str]| find(Reading::ExactlyOne, cookies);
        assert_eq!(one(&["a=1; __Host-id=x; b=2"]), Some("x".to_owned()));
        assert_eq!(one(&["a=1", " \t__Host-id = x "]), Some("x".to_owned()));
        assert_eq!(one(&["__Host-id="]), Some(String::new()));
        assert_eq!(one(&["__Host-id=x; __Host-id=x"]), None);
        assert_eq!(one(&["__Host-id=x", "__Host-id=y"]), None);
        assert_eq!(one(&["__Host-id=\"x\""]), Some("\"x\"".to_owned()));
        for other in [
            "",
            "__Host-id",
            "__host-id=x",
            "__Host-id2=x",
            "=__Host-id=x",
            "\u{2000}__Host-id=x",
            "\u{a0}__Host-id=x",
            "a=__Host-id=x",
            "$Version=1,__Host-id=x",
        ] {
            assert_eq!(one(&[other]), None, "{other:?}");
        }
        assert_eq!(
            one(&["$Version=1; __Host-id=x; $Path=/"]),
            Some("x".to_owned())
        );
    }

    #[test]
    fn werkzeug_takes_the_first_and_removes_quotes() {
        let first = |cookies: &[&str]| find(Reading::FirstLikeWerkzeug, cookies);
        assert_eq!(first(&["__Host-id=x; __Host-id=y"]), Some("x".to_owned()));
        assert_eq!(
            first(&["__Host-id=\"a\\\"b\\\\c\\054\""]),
            Some("a\"b\\c,".to_owned())
        );
        assert_eq!(first(&["__Host-id=\"open"]), Some("\"open".to_owned()));
    }

    #[test]
    fn a_header_of_the_longest_length_is_searched_and_a_longer_one_is_not() {
        let header = |len: usize| format!("__Host-id={}", "a".repeat(len - "__Host-id=".len()));
        assert!(find(Reading::ExactlyOne, &[&header(MAX_HEADER_LEN)]).is_some());
        assert!(find(Reading::ExactlyOne, &[&header(MAX_HEADER_LEN + 1)]).is_none());
    }
}
