//! Finding the session cookie in the request.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

/// How the session cookie is found among those of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Exactly one cookie of the name, compared byte by byte, or none is trusted.
    ///
    /// A second cookie of the name means that somebody else could set one, from a neighbouring
    /// host or over plain http; which of the two is ours cannot be told.
    #[default]
    ExactlyOne,
    /// The first of the name, split and unquoted as Werkzeug does it for Flask.
    FirstLikeWerkzeug,
}

/// Cookie headers that carry more than this, together, are not searched for a session (64 KiB would
/// hold sixteen cookies of the largest size; servers refuse such requests long before).
pub(crate) const MAX_HEADER_LEN: usize = 64 * 1024;

impl Reading {
    /// The value of the cookie; `None` when there is none that can be trusted.
    pub(crate) fn find<'h>(self, request: &'h HeaderMap, name: &str) -> Option<Cow<'h, str>> {
        let headers = searchable(request)?;
        match self {
            Self::ExactlyOne => {
                let mut found = headers
                    .flat_map(|header| header.split(|&byte| byte == b';'))
                    .filter_map(|pair| value_of(pair, name));
                let first = found.next()?;
                if found.next().is_some() {
                    tracing::warn!("several session cookies of one name; none is trusted");
                    return None;
                }
                std::str::from_utf8(first).ok().map(Cow::Borrowed)
            }
            Self::FirstLikeWerkzeug => headers
                .flat_map(WerkzeugPairs)
                .find(|(key, _)| *key == name.as_bytes())
                .and_then(|(_, value)| unquote(value)),
        }
    }
}

/// The cookie headers, unless they are too long to be searched. Not header by header: the one left
/// out could hold the second cookie of the name.
pub(super) fn searchable(request: &HeaderMap) -> Option<impl Iterator<Item = &[u8]>> {
    let headers = || request.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    (headers().map(<[u8]>::len).sum::<usize>() <= MAX_HEADER_LEN).then(headers)
}

/// The value, if the pair is of this name.
fn value_of<'h>(pair: &'h [u8], name: &str) -> Option<&'h [u8]> {
    let (found, value) = name_and_value(pair)?;
    (found == name.as_bytes()).then_some(value)
}

/// Both sides of the first `=`. Only space and tab are trimmed: browsers store other white space as
/// part of a name, and `U+2000 __Host-session` is not `__Host-session`.
pub(super) fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|&byte| byte == b'=')?;
    Some((trim(pair.get(..at)?), trim(pair.get(at + 1..)?)))
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The pairs of a header by the regular expression in `werkzeug/sansio/http.py`: a quoted value may
/// hold a semicolon, a pair without `=` has an empty value, and what does not match is skipped up
/// to the next semicolon.
struct WerkzeugPairs<'h>(&'h [u8]);

impl<'h> Iterator for WerkzeugPairs<'h> {
    type Item = (&'h [u8], &'h [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            if let Some((key, value, rest)) = werkzeug_pair(self.0) {
                self.0 = rest;
                return Some((key, value));
            }
            let end = self.0.iter().position(|&byte| byte == b';');
            self.0 = end
                .and_then(|end| self.0.get(end + 1..))
                .unwrap_or_default();
        }
        None
    }
}

/// The first pair and what follows its semicolon.
fn werkzeug_pair(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let text = trim_start(text);
    let (key, text) = split_at_any(text, b" \t=\";");
    if key.is_empty() {
        return None;
    }
    let text = trim_start(text);
    let (value, text) = match text.strip_prefix(b"=").map(trim_start) {
        None => (&[][..], text),
        Some(text) => match quoted_len(text) {
            Some(len) => text.split_at_checked(len)?,
            None => split_at_any(text, b" \t\";"),
        },
    };
    match trim_start(text) {
        [] => Some((key, value, &[])),
        [b';', rest @ ..] => Some((key, value, rest)),
        _ => None,
    }
}

/// The length of the quoted text at the start, quotes included.
fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate();
    bytes.next().filter(|(_, byte)| **byte == b'"')?;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn split_at_any<'t>(text: &'t [u8], stops: &[u8]) -> (&'t [u8], &'t [u8]) {
    let end = text.iter().position(|byte| stops.contains(byte));
    text.split_at(end.unwrap_or(text.len()))
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
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
        let headers: HeaderMap = cookies
            .iter()
            .map(|cookie| (COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap()))
            .collect();
        reading.find(&headers, "__Host-id").map(Cow::into_owned)
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
        // Each was put to Werkzeug 3.1.9's `parse_cookie`.
        assert_eq!(
            first(&["__Host-id=\"open; __Host-id=y"]),
            Some("y".to_owned())
        );
        assert_eq!(first(&["__Host-id=a b; __Host-id=y"]), Some("y".to_owned()));
        assert_eq!(first(&["__Host-id; __Host-id=y"]), Some(String::new()));
        assert_eq!(
            first(&["a=\"b; __Host-id=evil\"; __Host-id=y"]),
            Some("y".to_owned())
        );
        assert_eq!(first(&["\t__Host-id\t= x \t"]), Some("x".to_owned()));
        assert_eq!(first(&["\u{2000}__Host-id=x"]), None);
        assert_eq!(
            first(&["a==; =b; ;;__Host-id=x=y="]),
            Some("x=y=".to_owned())
        );
    }

    #[test]
    fn a_header_of_the_longest_length_is_searched_and_a_longer_one_is_not() {
        let header = |len: usize| format!("__Host-id={}", "a".repeat(len - "__Host-id=".len()));
        assert!(find(Reading::ExactlyOne, &[&header(MAX_HEADER_LEN)]).is_some());
        assert!(find(Reading::ExactlyOne, &[&header(MAX_HEADER_LEN + 1)]).is_none());
        let hidden = ["__Host-id=evil", &header(MAX_HEADER_LEN)];
        assert_eq!(find(Reading::ExactlyOne, &hidden), None);
    }
}
